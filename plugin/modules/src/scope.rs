//! Scope: shows a signal in the editor and passes it on unchanged.

use chronus_engine::{
    Category, Display, Input, Io, Module, Output, Param, Picture, Signal, Smoothing, Spec, Taper,
    Unit, Width, kind, lanes,
};

/// What it declares. The knobs belong to the editor's picture; none touches the sound.
pub static SPEC: Spec = Spec {
    kind: "scope",
    name: "Scope",
    category: Category::Utility,
    summary: "Shows a signal over time and passes it on unchanged.",
    inputs: &[Input::new("in", Signal::Audio, "The signal to show.")],
    outputs: &[Output::new("out", Signal::Audio, "The same signal.")],
    params: &[
        Param::new(
            "time",
            "Time",
            (1.0, 5000.0),
            20.0,
            Unit::Milliseconds,
            "Width of the picture.",
        )
        .taper(Taper::Exponential)
        .smoothing(Smoothing::None),
        Param::new("gain", "Gain", (0.01, 100.0), 1.0, Unit::Gain, "Height of the picture.")
            .taper(Taper::Exponential)
            .smoothing(Smoothing::None),
        Param::new("trigger", "Trigger", (-1.0, 1.0), 0.0, Unit::None, "Level that starts it.")
            .smoothing(Smoothing::None),
    ],
    through: &[(0, 0)],
    width: Width::Bus,
    display: Display::Scope(chronus_engine::Scope {
        output: 0,
        picture: |settings| Picture {
            seconds: settings.values[0] * 1e-3,
            gain: settings.values[1],
            trigger: Some(settings.values[2]),
        },
    }),
    ..Spec::EMPTY
};

lanes! {
    /// Nothing to remember.
    pub struct Scope {}
}

kind!(SPEC, Scope);

impl<const L: usize> Module<L> for Scope<L> {
    type Storage = ();

    #[inline(always)]
    fn process(&mut self, (): &mut (), mut io: Io<'_, L>) {
        let input = io.inputs.get(0);
        if io.inputs.steady(0) {
            io.outputs.fill(0, input[0]);
            io.rest();
        } else {
            io.outputs.get(0).copy_from_slice(input);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use chronus_engine::Solo;

    #[test]
    fn passes_every_bit() {
        let signal = crate::kit::measure::noise(1000);
        assert_eq!(Solo::mono(&KIND, 48e3).input("in", &signal).run(1000)[0], signal);
    }
}
