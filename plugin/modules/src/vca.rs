//! VCA: an amplifier whose gain is a signal.

use chronus_dsp::math::{clamp, exp2, mask, masked};
use chronus_engine::{
    Again, Axis, Category, Curve, Display, Input, Io, Module, Normal, Output, Param, Signal, Spec,
    Taper, Unit, kind, lanes,
};

use crate::kit::{inputs, knobs, map, map_rows, same};

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
    /// What it multiplies by.
    pub struct Vca {
        /// CV times gain, where both keep their values and no lane is shut; no number where that does not
        /// hold.
        factor: f32 = f32::NAN,
        /// That CV.
        cv: f32 = 0.0,
    }
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

impl<const L: usize> Vca<L> {
    /// `linear` where the CV and the gain keep their values through the chunk: a fixed factor.
    #[inline(always)]
    fn fixed(&mut self, mut io: Io<'_, L>, gain: [f32; L]) {
        let [x, cv] = inputs(&io);
        let (mut factor, mut open, mut shut) = ([0.0; L], [0; L], 0);
        for l in 0..L {
            factor[l] = cv[0][l] * gain[l];
            open[l] = mask(cv[0][l] != 0.0);
            shut |= !open[l];
        }
        if shut == 0 {
            (self.factor, self.cv) = (factor, cv[0]);
            return amplify(io.outputs.get(0), x, &factor);
        }
        map_rows(io.outputs.get(0), x, |x| {
            let mut y = [0.0; L];
            for l in 0..L {
                y[l] = masked(x[l] * factor[l], open[l]);
            }
            y
        });
    }
}

/// Multiplies by `factor`.
#[inline(always)]
fn amplify<const L: usize>(out: &mut [[f32; L]], x: &[[f32; L]], factor: &[f32; L]) {
    map_rows(out, x, |x| {
        let mut y = [0.0; L];
        for l in 0..L {
            y[l] = x[l] * factor[l];
        }
        y
    });
}

impl<const L: usize> Module<L> for Vca<L> {
    type Storage = ();

    const KEEPS: bool = true;

    #[inline(always)]
    fn process(&mut self, (): &mut (), mut io: Io<'_, L>) {
        self.factor = [f32::NAN; L];
        let [gain, response] = knobs(&io);
        let is_linear = response.choice() == 0;
        match gain.settled() {
            _ if io.inputs.silent(1) => io.outputs.fill(0, [0.0; L]),
            Some(gain) if is_linear && io.inputs.steady(1) && !io.inputs.steady(0) => {
                self.fixed(io, gain);
            }
            _ if is_linear => map(&mut io, [gain], linear),
            _ => map(&mut io, [gain], exponential),
        }
    }

    #[inline(always)]
    fn kept(&self, lane: usize) -> u32 {
        u32::from(!self.factor[lane].is_nan())
    }

    #[inline(always)]
    fn again(&mut self, mut io: Again<'_, L>) -> bool {
        let factor = self.factor;
        if factor[0].is_nan() || io.inputs.steady(0) || !same(&io, 1, &self.cv) {
            return false;
        }
        amplify(io.outputs.get(0), io.inputs.get(0), &factor);
        true
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
