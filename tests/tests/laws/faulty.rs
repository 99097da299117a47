//! Kinds that misbehave, for the tests of verification and containment.

use chronus_engine::{
    Category, Input, Io, Kind, Module, Output, Param, Signal, Spec, Unit, kind, lanes,
};

/// All of them, beside the real ones.
pub fn kinds() -> Vec<Kind> {
    let mut kinds = chronus_modules::KINDS.to_vec();
    kinds.push(KIND);
    kinds.push(lagging::KIND);
    kinds
}

/// Passes its input through until told to misbehave.
const FAULTY: Spec = Spec {
    kind: "faulty",
    name: "Faulty",
    category: Category::Utility,
    summary: "Misbehaves on demand.",
    inputs: &[Input::new("in", Signal::Audio, "")],
    outputs: &[Output::new("out", Signal::Audio, "")],
    params: &[Param::new("fault", "Fault", (0.0, 5.0), 0.0, Unit::None, "")
        .smoothing(chronus_engine::Smoothing::None)],
    through: &[(0, 0)],
    ..Spec::EMPTY
};

pub const NAN: f32 = 1.0;
pub const PANIC: f32 = 2.0;
pub const LOUD: f32 = 3.0;
pub const GROWS: f32 = 4.0;
pub const SLOW: f32 = 5.0;

lanes! {
    /// Grows.
    pub struct Faulty {
        /// Last output of a runaway.
        level: f32 = 1e-3,
    }
}

impl<const L: usize> Module<L> for Faulty<L> {
    type Storage = ();

    fn process(&mut self, (): &mut (), mut io: Io<'_, L>) {
        let fault = io.params.get(0).value();
        let input = io.inputs.get(0);
        let (out, frames) = (io.outputs.get(0), io.frames);
        for k in 0..frames {
            for l in 0..L {
                self.level[l] = if fault[l] == GROWS { self.level[l] * 1.002 } else { 1e-3 };
                out[k][l] = match fault[l] {
                    NAN => f32::NAN,
                    LOUD => 100.0,
                    GROWS => self.level[l].min(15.0),
                    _ => input[k][l],
                };
            }
        }
        assert!(!fault.contains(&PANIC), "asked to panic");
        if fault.contains(&SLOW) {
            let until = std::time::Instant::now() + std::time::Duration::from_millis(1);
            while std::time::Instant::now() < until {
                std::hint::spin_loop();
            }
        }
    }
}

kind!(FAULTY, Faulty);

/// Lags by four frames and says so.
mod lagging {
    use super::{Category, Input, Io, Module, Output, Signal, Spec, kind, lanes};

    const LAGGING: Spec = Spec {
        kind: "lagging",
        name: "Lagging",
        category: Category::Utility,
        summary: "Lags by four frames.",
        inputs: &[Input::new("in", Signal::Audio, "")],
        outputs: &[Output::new("out", Signal::Audio, "")],
        latency: 4,
        ..Spec::EMPTY
    };

    lanes! {
        /// The last four frames.
        pub struct Lagging {
            /// Four frames ago.
            d: f32 = 0.0,
            /// Three.
            c: f32 = 0.0,
            /// Two.
            b: f32 = 0.0,
            /// One.
            a: f32 = 0.0,
        }
    }

    impl<const L: usize> Module<L> for Lagging<L> {
        type Storage = ();

        fn process(&mut self, (): &mut (), mut io: Io<'_, L>) {
            let input = io.inputs.get(0);
            for (out, x) in io.outputs.get(0).iter_mut().zip(input) {
                *out = self.d;
                (self.d, self.c, self.b, self.a) = (self.c, self.b, self.a, *x);
            }
        }
    }

    kind!(LAGGING, Lagging);
}
