//! Audio In: the host's audio.

use chronus_engine::{
    BLOCK, Category, Display, Io, Module, Output, Param, Picture, Scope, Signal, Source, Spec,
    Taper, Unit, Width, in_turn, kind, lanes,
};

use crate::kit::frames;

/// What it declares.
pub static SPEC: Spec = Spec {
    kind: "audio_in",
    name: "Audio In",
    category: Category::Io,
    summary: "The audio that the host sends to the plugin.",
    outputs: &[
        Output::new("left", Signal::Audio, "Left channel.").aliases(&["out"]),
        Output::new("right", Signal::Audio, "Right channel."),
    ],
    params: &[Param::new("gain", "Gain", (0.0, 4.0), 1.0, Unit::Gain, "Gain of both channels.")
        .taper(Taper::Power(2.0))],
    width: Width::Mono,
    source: Source::Audio,
    display: Display::Scope(Scope { output: 0, picture: |_| Picture::SOUND }),
    ..Spec::EMPTY
};

lanes! {
    /// Nothing to remember.
    pub struct AudioIn {}
}

kind!(SPEC, AudioIn);

impl<const L: usize> Module<L> for AudioIn<L> {
    type Storage = ();

    #[inline(always)]
    fn process(&mut self, (): &mut (), mut io: Io<'_, L>) {
        let n = io.frames.min(BLOCK);
        let gain = frames(io.params.get(0), |gain| gain);
        let host = io.world.audio_in;
        let mut silent = true;
        for (o, host) in host.into_iter().enumerate() {
            if host.iter().all(|x| x.to_bits() == 0) {
                io.outputs.fill(o, [0.0; L]);
                continue;
            }
            silent = false;
            let (out, host) = (&mut io.outputs.get(o)[..n], &host[..n]);
            for k in 0..n {
                in_turn::<L>();
                let (gain, mut y) = (gain.at(k), [0.0; L]);
                for l in 0..L {
                    y[l] = host[k] * gain[l];
                }
                out[k] = y;
            }
        }
        if silent {
            io.rest();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use chronus_engine::Solo;

    #[test]
    fn passes_the_host_on() {
        let mut solo = Solo::mono(&KIND, 48e3);
        solo.audio_in = [vec![0.5; 100], vec![-0.25; 100]];
        let out = solo.run(100);
        assert_eq!((out[0][99], out[1][99]), (0.5, -0.25));
    }
}
