//! Sample & Hold: keeps the value its input has when it is triggered, or follows it while the
//! trigger is high. With nothing connected it draws its values by lot.

use chronus_dsp::math::snap;
use chronus_dsp::random;
use chronus_engine::{
    BLOCK, Category, Display, Input, Io, KindAlias, Module, Output, Param, Picture, Scope, Setup,
    Signal, Source, Spec, Taper, Unit, kind, lanes,
};

use crate::kit::{inputs, knobs, rises, seeds};

/// What it declares.
pub static SPEC: Spec = Spec {
    kind: "sample_hold",
    name: "Sample & Hold",
    category: Category::Modulator,
    summary: "Keeps the value its input has when it is triggered; random values without an input.",
    aliases: &[KindAlias { kind: "track_hold", params: &[("mode", 1.0)] }],
    inputs: &[
        Input::new("in", Signal::Control, "The signal to sample; unconnected, noise of -1..1."),
        Input::new("trigger", Signal::Gate, "Samples when it rises, or tracks while it is high."),
    ],
    outputs: &[Output::new("out", Signal::Control, "The value that is held.")],
    params: &[
        Param::choice(
            "mode",
            "Mode",
            &["sample", "track"],
            0,
            "Sample takes one value a trigger; track follows the input while the trigger is high.",
        ),
        Param::new(
            "slew",
            "Slew",
            (0.0, 10_000.0),
            0.0,
            Unit::Milliseconds,
            "Time constant of the way to a new value: 63 % of it; 0 jumps.",
        )
        .taper(Taper::Power(4.0))
        .aliases(&["glide"]),
    ],
    through: &[(0, 0)],
    source: Source::Free,
    display: Display::Scope(Scope { output: 0, picture: |_| Picture::ROLL }),
    ..Spec::EMPTY
};

lanes! {
    /// What is held, and how far the output has come.
    pub struct SampleHold {
        /// State of the generator.
        random: u32 = 1,
        /// Value sampled last.
        held: f32 = 0.0,
        /// Output. In f64, so that a slew of 10 s arrives.
        value: f64 = 0.0,
        /// Last value of the trigger input.
        trigger: f32 = 0.0,
    }
}

kind!(SPEC, SampleHold);

const TRACK: usize = 1;

/// How near (-180 dB) the output ends its way, lest it decay for ever.
const NEAR: f64 = 1e-9;

/// The part of the way a one-pole low-pass goes in a frame, for a time constant of `frames`.
///
/// 1 - exp(-1 / frames) to second order, without its cancellation where `frames` is large: the time
/// constant is within 1 / (12 frames) of a frame. Under half a frame, the whole way.
#[inline(always)]
fn pull(frames: f64) -> f64 {
    let span = frames + 0.5;
    if span > 1.0 { 1.0 / span } else { 1.0 }
}

impl<const L: usize> Module<L> for SampleHold<L> {
    type Storage = ();

    fn start(&mut self, setup: &Setup) {
        self.random = seeds(setup);
    }

    #[inline(always)]
    fn process(&mut self, (): &mut (), mut io: Io<'_, L>) {
        let n = io.frames.min(BLOCK);
        let [signal, trigger] = inputs(&io);
        let [mode, slew] = knobs(&io);
        let (tracks, lots) = (mode.choice() == TRACK, !io.inputs.connected(0));
        let per_ms = f64::from(io.sample_rate) * 0.001;
        let held = !slew.moves();
        let out = &mut io.outputs.get(0)[..n];

        let mut state = self.clone();
        let pulls = |k: usize| slew.map(k, |ms| pull(f64::from(ms) * per_ms));
        let mut pulled = pulls(0);
        for k in 0..n {
            if k > 0 && !held {
                pulled = pulls(k);
            }
            let (signal, trigger) = (signal[k], trigger[k]);
            let mut y = [0.0; L];
            for l in 0..L {
                let high = trigger[l] >= 0.5;
                let takes = if tracks { high } else { rises(state.trigger[l], trigger[l]) };
                // Drawn only when taken: the sequence does not depend on the triggers' pace.
                let next = random::next(state.random[l]);
                state.random[l] = if takes & lots { next } else { state.random[l] };
                let sample = if lots { random::bipolar(next) } else { signal[l] };
                state.held[l] = if takes { sample } else { state.held[l] };

                let target = f64::from(state.held[l]);
                let way = target - state.value[l];
                let arrives = (pulled[l] >= 1.0) | (way.abs() < NEAR);
                state.value[l] = if arrives { target } else { state.value[l] + way * pulled[l] };
                y[l] = snap(state.value[l] as f32);
            }
            state.trigger = trigger;
            out[k] = y;
        }
        *self = state;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use chronus_engine::{LANES, Ramp, Solo};

    /// 0, 1, 2, … hundredths: every frame tells its number.
    fn count(frames: usize) -> Vec<f32> {
        (0..frames).map(|k| k as f32 / 100.0).collect()
    }

    /// High in the frames of `ranges`.
    fn gates(frames: usize, ranges: &[std::ops::Range<usize>]) -> Vec<f32> {
        let high = |k| ranges.iter().any(|range| range.contains(&k));
        (0..frames).map(|k| f32::from(u8::from(high(k)))).collect()
    }

    /// A trigger every `period` frames, from frame 0 on.
    fn clock(frames: usize, period: usize) -> Vec<f32> {
        (0..frames).map(|k| f32::from(u8::from(k % period < period / 2))).collect()
    }

    #[test]
    fn samples_at_the_frame_of_the_edge_and_holds() {
        // Edges at a chunk's last, first and a middle frame; held high, it samples once.
        let trigger = gates(400, &[31..33, 64..200, 245..246]);
        for cut in [1, 5, 32] {
            let solo = Solo::mono(&KIND, 48e3).input("in", &count(400)).input("trigger", &trigger);
            let out = &{ solo }.run_cut(400, |_| cut)[0];
            for (k, &y) in out.iter().enumerate() {
                let sampled = match k {
                    0..31 => 0,
                    31..64 => 31,
                    64..245 => 64,
                    _ => 245,
                };
                assert_eq!(y, sampled as f32 / 100.0, "frame {k}, chunks of {cut}");
            }
        }
    }

    #[test]
    fn an_edge_passes_one_half() {
        let trigger = [0.0, 0.49, 0.5, 0.4, 0.49, -1.0, 3.0, 0.6];
        let solo = Solo::mono(&KIND, 48e3).input("in", &count(8)).input("trigger", &trigger);
        let expected = [0, 0, 2, 2, 2, 2, 6, 6].map(|k| k as f32 / 100.0);
        assert_eq!({ solo }.run(8)[0], expected);
    }

    #[test]
    fn tracks_while_the_trigger_is_high_and_then_holds() {
        let trigger = gates(200, &[20..40, 100..110]);
        let solo = Solo::mono(&KIND, 48e3).set("mode", 1.0);
        let out = &solo.input("in", &count(200)).input("trigger", &trigger).run(200)[0];
        for (k, &y) in out.iter().enumerate() {
            let followed = match k {
                0..20 => 0,
                40..100 => 39,
                110.. => 109,
                _ => k,
            };
            assert_eq!(y, followed as f32 / 100.0, "frame {k}");
        }
    }

    #[test]
    fn lots_are_even_and_the_same_every_time() {
        let (steps, period) = (20_000, 4);
        let frames = steps * period;
        let run = || {
            let mut solo = Solo::poly(&KIND, 48e3).input("trigger", &clock(frames, period));
            solo.run_lanes(frames, |_| 32).swap_remove(0)
        };
        let out = run();
        assert!(out == run());
        for lane in 0..LANES {
            let values: Vec<f64> =
                out.iter().step_by(period).map(|frame| f64::from(frame[lane])).collect();
            let mean = values.iter().sum::<f64>() / steps as f64;
            assert!(mean.abs() < 0.02, "lane {lane}: mean {mean}");
            let mut tenths = [0usize; 10];
            for value in &values {
                tenths[((value + 1.0) * 5.0) as usize] += 1;
            }
            // Five standard deviations of a tenth's count.
            let even = tenths.iter().all(|count| count.abs_diff(steps / 10) < 212);
            assert!(even, "lane {lane}: {tenths:?}");
            // Neither to the one before nor to the next lane.
            let next: Vec<f64> = out
                .iter()
                .step_by(period)
                .map(|frame| f64::from(frame[(lane + 1) % LANES]))
                .collect();
            for other in [&values[1..], &next[..]] {
                let alike: f64 = values.iter().zip(other).map(|(a, b)| a * b).sum();
                assert!((alike * 3.0 / steps as f64).abs() < 0.04, "lane {lane}");
            }
        }
        // Held between triggers, and the same lots at another pace.
        assert!(out.chunks(period).all(|chunk| chunk.iter().all(|frame| *frame == chunk[0])));
        let mut slow = Solo::mono(&KIND, 48e3).input("trigger", &clock(10_000, 100));
        let slow = slow.run(10_000).swap_remove(0);
        let pairs = slow.iter().step_by(100).zip(out.iter().step_by(period));
        assert!({ pairs }.all(|(slow, fast)| *slow == fast[0]));
    }

    #[test]
    fn slew_takes_its_time_constant_and_arrives() {
        for (rate, ms) in [(48e3, 1.0f32), (44.1e3, 100.0), (48e3, 2000.0), (96e3, 0.05)] {
            let frames = f64::from(ms) * 1e-3 * rate;
            let length = (frames * 22.0) as usize + 2;
            let mut solo = Solo::mono(&KIND, rate).set("slew", ms);
            solo = solo.input("in", &[-0.8]).input("trigger", &[1.0]);
            let out = &solo.run(length)[0];
            for (k, &y) in out.iter().enumerate().step_by(1 + length / 50) {
                let expected = -0.8 * (1.0 - (-(k as f64 + 1.0) / frames).exp());
                // Of second order in a frame's part of the time constant.
                let error = (f64::from(y) - expected).abs();
                assert!(error < 1e-7 + 0.05 / (frames * frames), "{ms} ms, frame {k}: {error}");
            }
            assert_eq!(out[length - 1], -0.8, "{ms} ms");
        }
    }

    #[test]
    fn without_slew_it_jumps_whatever_the_step() {
        let input = [1e6, 1e-6, -1e6, 0.3];
        let trigger = gates(8, &[0..1, 2..3, 4..5, 6..7]);
        let signal: Vec<f32> = input.iter().flat_map(|x| [*x, 9.0]).collect();
        let mut solo = Solo::mono(&KIND, 48e3).input("in", &signal).input("trigger", &trigger);
        let held: Vec<f32> = input.iter().flat_map(|x| [*x, *x]).collect();
        assert_eq!(solo.run(8)[0], held);
    }

    #[test]
    fn slew_may_move_while_it_holds() {
        let mut solo = Solo::mono(&KIND, 48e3).input("in", &[1.0]).input("trigger", &[1.0]);
        solo.set_now("slew", Ramp::new(5000.0, 0.0, 100, 480));
        let out = &solo.run(700)[0];
        assert!(out[99] < 1e-3 && out.is_sorted() && out[580..].iter().all(|y| *y == 1.0));
    }
}
