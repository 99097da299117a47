//! Kinds that misbehave, for the probe to catch.

use std::sync::Arc;

use chronus_engine::{Io, Module, Output, Registry, Signal, Source, Spec, kind, lanes};

/// The module library and the kinds of this file.
pub fn registry() -> Arc<Registry> {
    let bad = [panicky::KIND, nan::KIND];
    Arc::new(Registry::new(&[chronus_modules::KINDS, &bad[..]].concat()))
}

const OUT: &[Output] = &[Output::new("out", Signal::Audio, "What it makes.")];

pub mod panicky {
    use super::*;

    /// What it declares.
    pub static SPEC: Spec = Spec {
        kind: "panicky",
        name: "Panicky",
        outputs: OUT,
        source: Source::Free,
        ..Spec::EMPTY
    };

    lanes! {
        /// Nothing.
        pub struct Panicky {}
    }

    kind!(SPEC, Panicky);

    impl<const L: usize> Module<L> for Panicky<L> {
        type Storage = ();

        fn process(&mut self, (): &mut (), _: Io<'_, L>) {
            panic!("this is what it does");
        }
    }
}

pub mod nan {
    use super::*;

    /// What it declares.
    pub static SPEC: Spec =
        Spec { kind: "no_number", name: "NaN", outputs: OUT, source: Source::Free, ..Spec::EMPTY };

    lanes! {
        /// How far it is.
        pub struct Nan {
            /// Frames.
            frames: u32 = 0,
        }
    }

    kind!(SPEC, Nan);

    impl<const L: usize> Module<L> for Nan<L> {
        type Storage = ();

        fn process(&mut self, (): &mut (), mut io: Io<'_, L>) {
            // Only after a while, so that a look at the first block does not find it.
            for frames in &mut self.frames {
                *frames += io.frames as u32;
            }
            let bad = self.frames[0] > 3_000;
            io.outputs.get(0).fill([if bad { f32::NAN } else { 0.0 }; L]);
        }
    }
}
