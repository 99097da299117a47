//! Values as people read and type them.

use crate::spec::{Param, Unit};

/// `value` with its unit, three or four significant digits.
pub(crate) fn value_text(param: &Param, value: f32) -> String {
    let value = param.clamp(value);
    match param.unit {
        Unit::Choice => {
            param.choices.get(value as usize).map_or_else(|| format!("{value}"), |c| (*c).into())
        }
        Unit::Hertz if value.abs() >= 1000.0 => format!("{} kHz", digits(value / 1000.0)),
        Unit::Hertz => format!("{} Hz", digits(value)),
        Unit::Milliseconds if value.abs() >= 1000.0 => format!("{} s", digits(value / 1000.0)),
        Unit::Milliseconds => format!("{} ms", digits(value)),
        Unit::Seconds => format!("{} s", digits(value)),
        Unit::Decibel => format!("{value:.1} dB"),
        Unit::Semitones => format!("{} st", digits(value)),
        Unit::Cents => format!("{} ct", digits(value)),
        Unit::Octaves => format!("{} oct", digits(value)),
        Unit::Percent => format!("{} %", digits(value * 100.0)),
        Unit::None | Unit::Gain => digits(value),
    }
}

/// The value that `text` names, in the param's unit; `None` when it is no number or choice.
pub(crate) fn parse_value(param: &Param, text: &str) -> Option<f32> {
    let text = text.trim();
    if param.unit == Unit::Choice {
        let named = param.choices.iter().position(|c| c.eq_ignore_ascii_case(text));
        if let Some(index) = named {
            return Some(index as f32);
        }
    }
    let lower = text.to_ascii_lowercase();
    let numeric = |c: char| c.is_ascii_digit() || matches!(c, '.' | '-' | '+');
    let end = lower.find(|c: char| !numeric(c)).unwrap_or(lower.len());
    let number: f32 = lower[..end].parse().ok()?;
    let scale = match (param.unit, lower[end..].trim()) {
        (_, "") if param.unit == Unit::Percent => 0.01,
        (_, "") => 1.0,
        (Unit::Hertz, "hz") => 1.0,
        (Unit::Hertz, "k" | "khz") => 1000.0,
        (Unit::Milliseconds, "ms") => 1.0,
        (Unit::Milliseconds, "s") => 1000.0,
        (Unit::Seconds, "s") => 1.0,
        (Unit::Seconds, "ms") => 0.001,
        (Unit::Decibel, "db") => 1.0,
        (Unit::Semitones, "st" | "semitones") => 1.0,
        (Unit::Cents, "ct" | "cents") => 1.0,
        (Unit::Octaves, "oct" | "octaves") => 1.0,
        (Unit::Percent, "%") => 0.01,
        (Unit::Gain | Unit::None, "x") => 1.0,
        (Unit::Gain, "db") => return Some(param.clamp(10f32.powf(number / 20.0))),
        _ => return None,
    };
    Some(param.clamp(number * scale))
}

/// Three or four significant digits without trailing zeros.
fn digits(value: f32) -> String {
    let decimals = match value.abs() {
        v if v >= 100.0 => 0,
        v if v >= 10.0 => 1,
        v if v >= 1.0 => 2,
        _ => 3,
    };
    let text = format!("{value:.decimals$}");
    if decimals == 0 {
        return text;
    }
    let text = text.trim_end_matches('0').trim_end_matches('.');
    if text.is_empty() || text == "-" || text == "-0" { "0".into() } else { text.into() }
}
