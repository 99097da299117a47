//! Mixer: four signals into one.

use chronus_engine::{
    BLOCK, Category, Input, Io, Module, Output, Param, Signal, Spec, Taper, Unit, kind, lanes,
};

use crate::kit::{frames, inputs, knobs};

const fn level(name: &'static str, label: &'static str, doc: &'static str) -> Param {
    Param::new(name, label, (0.0, 2.0), 1.0, Unit::Gain, doc).taper(Taper::Power(2.0))
}

/// What it declares.
pub static SPEC: Spec = Spec {
    kind: "mixer",
    name: "Mixer",
    category: Category::Mix,
    summary: "Mixes four signals, each with its level.",
    inputs: &[
        Input::new("in1", Signal::Audio, "First signal.").aliases(&["in"]),
        Input::new("in2", Signal::Audio, "Second signal."),
        Input::new("in3", Signal::Audio, "Third signal."),
        Input::new("in4", Signal::Audio, "Fourth signal."),
    ],
    outputs: &[Output::new("out", Signal::Audio, "The mix.")],
    params: &[
        level("level1", "Level 1", "Gain of the first signal."),
        level("level2", "Level 2", "Gain of the second signal."),
        level("level3", "Level 3", "Gain of the third signal."),
        level("level4", "Level 4", "Gain of the fourth signal."),
        level("gain", "Gain", "Gain of the mix."),
    ],
    through: &[(0, 0)],
    ..Spec::EMPTY
};

lanes! {
    /// Nothing to remember.
    pub struct Mixer {}
}

kind!(SPEC, Mixer);

impl<const L: usize> Module<L> for Mixer<L> {
    type Storage = ();

    #[inline(always)]
    fn process(&mut self, (): &mut (), mut io: Io<'_, L>) {
        let n = io.frames.min(BLOCK);
        let [a, b, c, d] = inputs(&io);
        let [level_a, level_b, level_c, level_d, gain] = knobs(&io);
        let (level_a, level_b) = (frames(level_a), frames(level_b));
        let (level_c, level_d, gain) = (frames(level_c), frames(level_d), frames(gain));
        let out = &mut io.outputs.get(0)[..n];
        for k in 0..n {
            let (a, b, c, d) = (a[k], b[k], c[k], d[k]);
            let mut y = [0.0; L];
            for l in 0..L {
                let ab = a[l] * level_a[k] + b[l] * level_b[k];
                let cd = c[l] * level_c[k] + d[l] * level_d[k];
                y[l] = (ab + cd) * gain[k];
            }
            out[k] = y;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use chronus_engine::Solo;

    #[test]
    fn sums_with_levels() {
        let mut solo = Solo::mono(&KIND, 48e3).set("level2", 0.5).set("gain", 2.0);
        solo = solo
            .input("in1", &[0.25])
            .input("in2", &[0.5])
            .input("in4", &[-1.0]);
        assert_eq!(solo.run(1)[0][0], -1.0);
    }
}
