//! Mixer: four signals into one.

use chronus_engine::{
    Category, Display, Input, Io, Module, Output, Param, Picture, Scope, Signal, Spec, Taper, Unit,
    kind, lanes,
};

use crate::kit::{knobs, map};

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
    display: Display::Scope(Scope { output: 0, picture: |_| Picture::SOUND }),
    ..Spec::EMPTY
};

lanes! {
    /// Nothing to remember.
    pub struct Mixer {}
}

kind!(SPEC, Mixer);

#[inline(always)]
fn mixed([a, b, c, d]: [f32; 4], [level_a, level_b, level_c, level_d, gain]: [f32; 5]) -> f32 {
    ((a * level_a + b * level_b) + (c * level_c + d * level_d)) * gain
}

impl<const L: usize> Module<L> for Mixer<L> {
    type Storage = ();

    #[inline(always)]
    fn process(&mut self, (): &mut (), mut io: Io<'_, L>) {
        let knobs = knobs(&io);
        map(&mut io, knobs, mixed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use chronus_engine::Solo;

    #[test]
    fn sums_with_levels() {
        let mut solo = Solo::mono(&KIND, 48e3).set("level2", 0.5).set("gain", 2.0);
        solo = solo.input("in1", &[0.25]).input("in2", &[0.5]).input("in4", &[-1.0]);
        assert_eq!(solo.run(1)[0][0], -1.0);
    }
}
