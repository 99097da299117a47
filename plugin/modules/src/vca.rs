//! VCA: an amplifier whose gain is a signal.

use chronus_dsp::math::{clamp, exp2, mask, masked};
use chronus_engine::{
    Axis, Category, Curve, Display, Input, Io, Module, Normal, Output, Param, Signal, Spec, Taper,
    Unit, kind, lanes,
};

use crate::kit::{inputs, knobs, map};

/// What it declares.
pub static SPEC: Spec = Spec {
    kind: "vca",
    name: "VCA",
    category: Category::Mix,
    summary: "An amplifier whose gain is a signal; with a linear response also a ring modulator.",
    inputs: &[
        Input::new("in", Signal::Audio, "The signal to amplify."),
        Input::new("cv", Signal::Control, "Gain, 0..1.").normal(Normal::Value(1.0)),
    ],
    outputs: &[Output::new("out", Signal::Audio, "in x gain.")],
    params: &[
        Param::new("gain", "Gain", (0.0, 4.0), 1.0, Unit::Gain, "Gain at a CV of 1.")
            .taper(Taper::Power(2.0)),
        Param::choice(
            "response",
            "Response",
            &["linear", "exponential"],
            0,
            "Linear multiplies by the CV; exponential spreads 60 dB over CVs of 0..1.",
        ),
    ],
    through: &[(0, 0)],
    display: Display::Curve(Curve {
        axis: Axis::Transfer(0.0, 1.0),
        range: |settings| (0.0, if settings.values[0] <= 1.0 { 1.0 } else { 4.0 }),
        // The gain over the CV.
        at: |settings, cv| match settings.choice(1) {
            0 => linear([1.0, cv], [settings.values[0]]),
            _ => exponential([1.0, cv], [settings.values[0]]),
        },
    }),
    ..Spec::EMPTY
};

/// Octaves of gain between CVs 0 and 1: 60 dB.
const RANGE: f32 = 9.965_784;

lanes! {
    /// Nothing to remember.
    pub struct Vca {}
}

kind!(SPEC, Vca);

#[inline(always)]
fn linear([x, cv]: [f32; 2], [gain]: [f32; 1]) -> f32 {
    // Shut is silent, not a zero with the signal's sign: those who come after may rest.
    if cv == 0.0 { 0.0 } else { x * (cv * gain) }
}

/// The gain goes 60 dB evenly over a CV of 0..1, shifted so that 0 is silence and 1 is `gain`.
#[inline(always)]
fn exponential([x, cv]: [f32; 2], [gain]: [f32; 1]) -> f32 {
    // exp2(0) is exact, so 1 gives exactly 1; at 0 only a select is silent.
    let fall = exp2(RANGE * (clamp(cv, 0.0, 1.0) - 1.0));
    let shifted = fall - (1.0 - fall) * (0.001 / 0.999);
    if cv > 0.0 { x * (shifted * gain) } else { 0.0 }
}

/// `linear` where the CV keeps its value through the chunk: a fixed gain.
#[inline(always)]
fn fixed<const L: usize>(mut io: Io<'_, L>, cv: [f32; L], gain: [f32; L]) {
    let [x] = inputs(&io);
    let (mut factor, mut open, mut all_open) = ([0.0; L], [0; L], u32::MAX);
    for l in 0..L {
        (factor[l], open[l]) = (cv[l] * gain[l], mask(cv[l] != 0.0));
        all_open &= open[l];
    }
    if all_open == u32::MAX {
        for (out, x) in io.outputs.get(0).iter_mut().zip(x) {
            let mut y = [0.0; L];
            for l in 0..L {
                y[l] = x[l] * factor[l];
            }
            *out = y;
        }
        return;
    }
    for (out, x) in io.outputs.get(0).iter_mut().zip(x) {
        let mut y = [0.0; L];
        for l in 0..L {
            y[l] = masked(x[l] * factor[l], open[l]);
        }
        *out = y;
    }
}

impl<const L: usize> Module<L> for Vca<L> {
    type Storage = ();

    #[inline(always)]
    fn process(&mut self, (): &mut (), mut io: Io<'_, L>) {
        let [gain, response] = knobs(&io);
        let is_linear = response.choice() == 0;
        match gain.settled() {
            _ if io.inputs.silent(1) => io.outputs.fill(0, [0.0; L]),
            Some(gain) if is_linear && io.inputs.steady(1) && !io.inputs.steady(0) => {
                let cv = io.inputs.get(1)[0];
                fixed(io, cv, gain);
            }
            _ if is_linear => map(&mut io, [gain], linear),
            _ => map(&mut io, [gain], exponential),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use chronus_engine::Solo;

    fn gain_at(response: f32, cv: f32) -> f32 {
        let mut solo = Solo::mono(&KIND, 48e3).set("response", response);
        solo = solo.input("in", &[1.0]).input("cv", &[cv]);
        solo.run(1)[0][0]
    }

    #[test]
    fn linear_is_a_product() {
        assert_eq!(gain_at(0.0, 0.25), 0.25);
        assert_eq!(gain_at(0.0, -1.0), -1.0);
    }

    #[test]
    fn exponential_is_even_in_decibels() {
        assert_eq!(gain_at(1.0, 0.0), 0.0);
        assert_eq!(gain_at(1.0, -1.0), 0.0);
        assert_eq!(gain_at(1.0, 1.0), 1.0);
        assert!((20.0 * gain_at(1.0, 0.75).log10() + 15.0).abs() < 0.1);
        assert!((20.0 * gain_at(1.0, 0.5).log10() + 30.0).abs() < 0.3);
    }
}
