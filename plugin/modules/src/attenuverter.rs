//! Attenuverter: scales, inverts and shifts a signal.

use chronus_engine::{
    BLOCK, Category, Input, Io, Module, Output, Param, Signal, Spec, Unit, kind, lanes,
};

use crate::kit::{frames, inputs, knobs};

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
        Param::new(
            "scale",
            "Scale",
            (-2.0, 2.0),
            1.0,
            Unit::None,
            "Factor; below 0 it inverts.",
        ),
        Param::new(
            "offset",
            "Offset",
            (-2.0, 2.0),
            0.0,
            Unit::None,
            "Added after scaling.",
        ),
    ],
    through: &[(0, 0)],
    ..Spec::EMPTY
};

lanes! {
    /// Nothing to remember.
    pub struct Attenuverter {}
}

kind!(SPEC, Attenuverter);

impl<const L: usize> Module<L> for Attenuverter<L> {
    type Storage = ();

    #[inline(always)]
    fn process(&mut self, (): &mut (), mut io: Io<'_, L>) {
        let n = io.frames.min(BLOCK);
        let [signal, scale_cv] = inputs(&io);
        let [scale, offset] = knobs(&io);
        let (scale, offset) = (frames(scale), frames(offset));
        let out = &mut io.outputs.get(0)[..n];
        for k in 0..n {
            let (x, cv) = (signal[k], scale_cv[k]);
            let mut y = [0.0; L];
            for l in 0..L {
                y[l] = x[l] * (scale[k] + cv[l]) + offset[k];
            }
            out[k] = y;
        }
    }
}
