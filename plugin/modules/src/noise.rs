//! Noise: white, pink and brown, each lane its own.

use chronus_dsp::random;
use chronus_engine::{
    BLOCK, Category, Display, Io, Module, Output, Param, Picture, Scope, Setup, Signal, Source,
    Spec, Taper, Unit, kind, lanes,
};

use crate::kit::{frames, knobs, seeds};

/// What it declares.
pub static SPEC: Spec = Spec {
    kind: "noise",
    name: "Noise",
    category: Category::Source,
    summary: "White, pink or brown noise.",
    outputs: &[Output::new("out", Signal::Audio, "The noise.")],
    params: &[
        Param::choice(
            "colour",
            "Colour",
            &["white", "pink", "brown"],
            0,
            "White is even in Hz, pink falls by 3 dB an octave, brown by 6.",
        )
        .aliases(&["color", "type"]),
        Param::new("gain", "Gain", (0.0, 2.0), 1.0, Unit::Gain, "Level of the noise.")
            .taper(Taper::Power(2.0)),
    ],
    source: Source::Free,
    display: Display::Scope(Scope { output: 0, picture: |_| Picture::SOUND }),
    ..Spec::EMPTY
};

lanes! {
    /// Generator and filter memory.
    pub struct Noise {
        /// State of the generator.
        random: u32 = 1,
        /// One-pole 0 of the pink filter.
        p0: f32 = 0.0,
        /// One-pole 1 of the pink filter.
        p1: f32 = 0.0,
        /// One-pole 2 of the pink filter.
        p2: f32 = 0.0,
        /// One-pole 3 of the pink filter.
        p3: f32 = 0.0,
        /// One-pole 4 of the pink filter.
        p4: f32 = 0.0,
        /// One-pole 5 of the pink filter.
        p5: f32 = 0.0,
        /// One-pole 6 of the pink filter.
        p6: f32 = 0.0,
        /// Leaky integrator of the brown noise.
        brown: f32 = 0.0,
    }
}

kind!(SPEC, Noise);

/// Corner in Hz under which brown noise is level, so that it does not wander off.
const BROWN_CORNER: f32 = 10.0;

impl<const L: usize> Module<L> for Noise<L> {
    type Storage = ();

    fn start(&mut self, setup: &Setup) {
        self.random = seeds(setup);
    }

    #[inline(always)]
    fn process(&mut self, (): &mut (), mut io: Io<'_, L>) {
        let n = io.frames.min(BLOCK);
        let [colour, gain] = knobs(&io);
        let gain = frames(gain, |gain| gain);
        let out = &mut io.outputs.get(0)[..n];
        let mut state = self.random;
        for k in 0..n {
            let (gain, mut y) = (gain.at(k), [0.0; L]);
            for l in 0..L {
                state[l] = random::next(state[l]);
                y[l] = random::bipolar(state[l]) * gain[l];
            }
            out[k] = y;
        }
        self.random = state;
        match colour.choice() {
            0 => {}
            1 => self.pink(out),
            _ => self.brown(out, BROWN_CORNER * std::f32::consts::TAU / io.sample_rate),
        }
    }
}

impl<const L: usize> Noise<L> {
    /// White to pink: Paul Kellet's refined filter ("Filter to make pink from white noise",
    /// musicdsp.org 76), within 0.05 dB from 10 Hz at 44.1 kHz.
    #[inline(always)]
    fn pink(&mut self, frames: &mut [[f32; L]]) {
        let Self { mut p0, mut p1, mut p2, mut p3, mut p4, mut p5, mut p6, .. } = *self;
        for frame in frames {
            let mut y = *frame;
            for l in 0..L {
                let w = y[l];
                p0[l] = 0.998_86 * p0[l] + w * 0.055_517_9;
                p1[l] = 0.993_32 * p1[l] + w * 0.075_075_9;
                p2[l] = 0.969 * p2[l] + w * 0.153_852;
                p3[l] = 0.866_5 * p3[l] + w * 0.310_485_6;
                p4[l] = 0.55 * p4[l] + w * 0.532_952_2;
                p5[l] = -0.761_6 * p5[l] - w * 0.016_898;
                let low = p0[l] + p1[l] + p2[l] + p3[l];
                let high = p4[l] + p5[l] + p6[l] + w * 0.536_2;
                y[l] = (low + high) * 0.16;
                p6[l] = w * 0.115_926;
            }
            *frame = y;
        }
        *self = Self { p0, p1, p2, p3, p4, p5, p6, ..*self };
    }

    /// White to brown: an integrator that leaks, at the level of the others at any rate.
    #[inline(always)]
    fn brown(&mut self, frames: &mut [[f32; L]], leak: f32) {
        let drive = 0.5 * leak.sqrt();
        let mut brown = self.brown;
        for frame in frames {
            let y = *frame;
            for l in 0..L {
                brown[l] += drive * y[l] - leak * brown[l];
            }
            *frame = brown;
        }
        self.brown = brown;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kit::measure::{db, rms, spectrum};
    use chronus_engine::Solo;

    /// Level of each octave band from 40 Hz up, in dB per Hz, over a minute at 48 kHz.
    fn octaves(colour: f32) -> Vec<f64> {
        let frames = 60 * 48_000;
        let signal = &Solo::mono(&KIND, 48e3).set("colour", colour).run(frames)[0];
        let len = 1 << 15;
        let mut power = vec![0.0; len / 2];
        for chunk in signal.chunks_exact(len) {
            for (sum, a) in power.iter_mut().zip(spectrum(chunk)) {
                *sum += a * a;
            }
        }
        let bin = 48e3 / len as f64;
        (0..9)
            .map(|octave| {
                let from = (40.0 * f64::from(1 << octave) / bin) as usize;
                let band = &power[from..(2 * from).min(len / 2)];
                db((band.iter().sum::<f64>() / band.len() as f64).sqrt())
            })
            .collect()
    }

    fn check(colour: f32, slope: f64, tolerance: f64, octaves_checked: usize) {
        let levels = &octaves(colour)[..octaves_checked];
        let mean = levels.iter().sum::<f64>() / levels.len() as f64;
        for (octave, level) in levels.iter().enumerate() {
            let error = level - mean - slope * (octave as f64 - (levels.len() - 1) as f64 / 2.0);
            assert!(error.abs() < tolerance, "colour {colour}, octave {octave}: {error} dB");
        }
    }

    #[test]
    fn white_is_level() {
        check(0.0, 0.0, 0.5, 9);
    }

    #[test]
    fn pink_falls_by_3_db_an_octave() {
        check(1.0, -3.0103, 0.5, 9);
    }

    #[test]
    fn brown_falls_by_6_db_an_octave() {
        // Above, a sum of frames falls less steeply than an integral.
        check(2.0, -6.0206, 0.6, 8);
    }

    #[test]
    fn lanes_differ_and_levels_are_alike() {
        let out = Solo::poly(&KIND, 48e3).run_lanes(1000, |_| 32);
        assert!(out[0].iter().any(|frame| frame[0] != frame[1]));
        for colour in 0..3 {
            let signal = &Solo::mono(&KIND, 48e3).set("colour", colour as f32).run(480_000)[0];
            assert!((0.1..0.7).contains(&rms(signal)), "{colour}: {}", rms(signal));
        }
    }
}
