//! Macro In: a host-automatable knob as a signal.

use chronus_engine::{
    Category, Io, MACROS, Module, Output, Param, Signal, Smoothing, Spec, Taper, Unit, Width, kind,
    lanes,
};

/// What it declares.
pub static SPEC: Spec = Spec {
    kind: "macro_in",
    name: "Macro In",
    category: Category::Io,
    summary: "One of the knobs that the host can automate, as a signal.",
    outputs: &[Output::new("out", Signal::Control, "The macro's position, 0..1.")],
    params: &[Param::new("macro", "Macro", (1.0, 128.0), 1.0, Unit::None, "Which macro.")
        .taper(Taper::Stepped)
        .smoothing(Smoothing::None)],
    width: Width::Mono,
    ..Spec::EMPTY
};

lanes! {
    /// Nothing to remember.
    pub struct MacroIn {}
}

kind!(SPEC, MacroIn);

impl<const L: usize> Module<L> for MacroIn<L> {
    type Storage = ();

    #[inline(always)]
    fn process(&mut self, (): &mut (), mut io: Io<'_, L>) {
        let index = io.params.get(0).choice().clamp(1, MACROS) - 1;
        let ramp = io.world.macros[index];
        if ramp.settled(io.start) {
            io.outputs.fill(0, [ramp.target(); L]);
            io.rest();
            return;
        }
        for (k, frame) in io.outputs.get(0).iter_mut().enumerate() {
            *frame = [ramp.at(io.start + k as u64); L];
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use chronus_engine::{Ramp, Solo};

    #[test]
    fn follows_its_macro() {
        let mut solo = Solo::mono(&KIND, 48e3).set("macro", 128.0);
        solo.macros[127] = Ramp::new(0.0, 1.0, 10, 100);
        let out = &solo.run(200)[0];
        assert_eq!((out[10], out[60], out[150]), (0.0, 0.5, 1.0));
    }
}
