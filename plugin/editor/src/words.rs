//! Signals in words: levels, notes, gates and values as people read them.

use chronus_engine::{Extremes, Signal};

const KEYS: [&str; 12] = ["C", "C#", "D", "D#", "E", "F", "F#", "G", "G#", "A", "A#", "B"];

/// Decibels of an amplitude.
pub(crate) fn decibels(amplitude: f32) -> f32 {
    20.0 * amplitude.max(1e-6).log10()
}

/// The note at `octaves` from A4: "C4 +3 ct".
pub(crate) fn note(octaves: f32) -> String {
    let cents = (f64::from(octaves).clamp(-20.0, 20.0) * 1200.0).round() as i32 + 6900;
    let key = (cents + 50).div_euclid(100);
    let (name, octave) = (KEYS[key.rem_euclid(12) as usize], key.div_euclid(12) - 1);
    match cents - key * 100 {
        0 => format!("{name}{octave}"),
        off => format!("{name}{octave} {off:+} ct"),
    }
}

/// What an output of this kind gives, between a lowest and a highest value.
pub(crate) fn value(signal: Signal, [low, high]: Extremes) -> String {
    match signal {
        Signal::Pitch => format!("pitch {}", note(high)),
        Signal::Gate if high >= 0.5 => "gate on".into(),
        Signal::Gate => "gate off".into(),
        _ if high - low < 0.005 => format!("{:.2}", 0.5 * (low + high) + 0.0),
        _ => format!("{low:.2} to {high:.2}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn notes_are_named_with_their_cents() {
        for (octaves, name) in [
            (0.0, "A4"),
            (-0.75, "C4"),
            (-0.75 + 0.03 / 12.0, "C4 +3 ct"),
            (-0.03 / 12.0, "A4 -3 ct"),
            (0.25, "C5"),
            (-5.75, "C-1"),
            (-6.0, "A-2"),
        ] {
            assert_eq!(note(octaves), name, "{octaves}");
        }
    }

    #[test]
    fn values_say_what_they_are() {
        assert_eq!(value(Signal::Gate, [0.0, 1.0]), "gate on");
        assert_eq!(value(Signal::Gate, [0.0, 0.0]), "gate off");
        assert_eq!(value(Signal::Pitch, [0.0, 0.0]), "pitch A4");
        assert_eq!(value(Signal::Control, [0.25, 0.25]), "0.25");
        assert_eq!(value(Signal::Control, [-0.5, 0.25]), "-0.50 to 0.25");
        assert_eq!(decibels(0.1).round(), -20.0);
    }
}
