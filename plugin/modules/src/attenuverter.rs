//! Attenuverter: scales, inverts and shifts a signal.

use chronus_engine::{
    Axis, Category, Curve, Display, Input, Io, Module, Output, Param, Signal, Spec, Unit, kind,
    lanes,
};

use crate::kit::{knobs, map};

/// What it declares.
pub static SPEC: Spec = Spec {
    kind: "attenuverter",
    name: "Attenuverter",
    category: Category::Utility,
    summary: "Scales, inverts and shifts a signal.",
    inputs: &[
        Input::new("in", Signal::Control, "The signal to scale."),
        Input::new("scale", Signal::Control, "Added to the scale knob."),
    ],
    outputs: &[Output::new("out", Signal::Control, "in x scale + offset.")],
    params: &[
        Param::new("scale", "Scale", (-2.0, 2.0), 1.0, Unit::None, "Factor; below 0 it inverts."),
        Param::new("offset", "Offset", (-2.0, 2.0), 0.0, Unit::None, "Added after scaling."),
    ],
    through: &[(0, 0)],
    display: Display::Curve(Curve {
        axis: Axis::Transfer(-1.0, 1.0),
        range: |_| (-2.0, 2.0),
        at: |settings, x| {
            scaled([x, 0.0], [settings.values[0], settings.values[1]]).clamp(-2.0, 2.0)
        },
    }),
    ..Spec::EMPTY
};

lanes! {
    /// Nothing to remember.
    pub struct Attenuverter {}
}

kind!(SPEC, Attenuverter);

#[inline(always)]
fn scaled([x, cv]: [f32; 2], [scale, offset]: [f32; 2]) -> f32 {
    x * (scale + cv) + offset
}

impl<const L: usize> Module<L> for Attenuverter<L> {
    type Storage = ();

    #[inline(always)]
    fn process(&mut self, (): &mut (), mut io: Io<'_, L>) {
        let knobs = knobs(&io);
        map(&mut io, knobs, scaled);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use chronus_engine::Solo;

    #[test]
    fn scales_inverts_and_shifts() {
        let mut solo = Solo::mono(&KIND, 48e3).set("scale", -1.0).set("offset", 0.25);
        solo = solo.input("in", &[0.5, 0.5]).input("scale", &[0.0, 2.0]);
        assert_eq!(solo.run(2)[0], [-0.25, 0.75]);
    }
}
