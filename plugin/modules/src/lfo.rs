//! LFO: slow waves, free running or locked to the host's song position.

use chronus_dsp::math::{clamp, exp2};
use chronus_dsp::phase::{self, long_step};
use chronus_dsp::random;
use chronus_dsp::wave::cosine;
use chronus_engine::{
    Again, Axis, BLOCK, Category, Curve, Display, Input, Io, Module, Output, Outputs, Param,
    Settings, Setup, Signal, Source, Spec, Taper, Unit, kind, lanes,
};

use crate::kit::{differing, division, frames, inputs, knobs, rises, same, seeds, steady, still};

/// What it declares.
pub static SPEC: Spec = Spec {
    kind: "lfo",
    name: "LFO",
    category: Category::Modulator,
    summary: "A slow oscillator for modulation, free running or in time with the song.",
    inputs: &[
        Input::new("rate", Signal::Control, "Octaves, scaled by its amount; not when synced."),
        Input::new("reset", Signal::Gate, "Starts the wave anew when it rises; not when locked."),
    ],
    outputs: &[
        Output::new("out", Signal::Control, "The wave, -1..1."),
        Output::new("uni", Signal::Control, "The wave, 0..1."),
    ],
    params: &[
        Param::choice(
            "shape",
            "Shape",
            &["sine", "triangle", "saw", "ramp", "square", "random", "smooth"],
            0,
            "The waveform; random steps once a cycle, smooth glides from one step to the next.",
        ),
        Param::new("rate", "Rate", (0.001, 100.0), 1.0, Unit::Hertz, "Cycles a second when free.")
            .taper(Taper::Exponential)
            .aliases(&["freq", "frequency"]),
        Param::choice(
            "sync",
            "Sync",
            division::CHOICES,
            0,
            "A cycle's length; locked to the song while it plays, at its tempo while it stands.",
        ),
        Param::new(
            "phase",
            "Phase",
            (0.0, 1.0),
            0.0,
            Unit::Percent,
            "Where in the wave it starts.",
        ),
        Param::new("rate_amount", "Rate CV", (-10.0, 10.0), 1.0, Unit::Octaves, "Reach of rate."),
    ],
    source: Source::Free,
    display: Display::Curve(Curve { axis: Axis::Phase, range: |_| (-1.1, 1.1), at: drawn }),
    ..Spec::EMPTY
};

lanes! {
    /// Where the wave is.
    pub struct Lfo {
        /// Where in the wave, 2^64 a turn: so that a cycle of 1,000 s keeps its time.
        phase: u64 = 0,
        /// State of the generator.
        random: u32 = 1,
        /// Random value of this cycle.
        value: f32 = 0.0,
        /// Random value of the cycle before.
        before: f32 = 0.0,
        /// Last value of the reset input.
        reset: f32 = 0.0,
        /// The rate that `step` is for; no number where there is none yet.
        hertz: f32 = f32::NAN,
        /// By how much higher.
        octaves: f32 = 0.0,
        /// The rate input of the chunk that `kept` is of.
        cv: f32 = 0.0,
        /// Phase a frame, at a rate that keeps its value.
        step: u64 = 0,
        /// One more than the shape, where it is drawn at this rate from `ahead` on; else 0.
        kept: u32 = 0,
        /// How far its middle is behind.
        ahead: u32 = 0,
    }
}

kind!(SPEC, Lfo);

/// Shapes that are drawn by lot.
const RANDOM: usize = 5;
const SMOOTH: usize = 6;

/// Where in its cycle the wave `shape` is 0, or jumps: it is drawn about that phase.
#[inline(always)]
fn middle(shape: usize) -> u32 {
    match shape {
        // The crests: of the sine a cosine is drawn, and the triangle is in phase with it.
        0 | 1 => phase::QUARTER,
        2 | 3 => phase::HALF,
        _ => 0,
    }
}

/// The wave `shape` at phase `at` from its middle.
#[inline(always)]
fn wave(shape: usize, at: u32) -> f32 {
    match shape {
        // The polynomial may pass 1 by a unit in the last place.
        0 => clamp(cosine(at), -1.0, 1.0),
        1 => 1.0 - 2.0 * phase::bipolar(at).abs(),
        2 => -phase::bipolar(at),
        3 => phase::bipolar(at),
        _ => {
            if at < phase::HALF {
                1.0
            } else {
                -1.0
            }
        }
    }
}

/// A long phase as a short one.
#[inline(always)]
fn short(phase: u64) -> u32 {
    (phase >> 32) as u32
}

/// Cycles of a shape drawn by lot that the face shows in the place of one period: one says nothing.
const LOTS: u32 = 8;

/// What the face shows: the wave at `turns` of its period, or what lots may look like.
fn drawn(settings: &Settings<'_>, turns: f32) -> f32 {
    let (shape, offset) = (settings.choice(0), settings.values[3]);
    if shape < RANDOM {
        return wave(shape, phase::from_turns(turns + offset).wrapping_sub(middle(shape)));
    }
    let cycle = turns * LOTS as f32;
    let lots = |cycles: u32| (0..cycles).fold(2, |state, _| random::next(state));
    let value = |cycles: u32| random::bipolar(lots(cycles + 1));
    let (before, now) = (value(cycle as u32), value(cycle as u32 + 1));
    before + (now - before) * if shape == SMOOTH { eased(cycle.fract()) } else { 1.0 }
}

/// The way from one lot to the next, 0..=1, level at both ends.
#[inline(always)]
fn eased(t: f32) -> f32 {
    t * t * (3.0 - 2.0 * t)
}

/// -1..1 as 0..1.
#[inline(always)]
fn unipolar(y: f32) -> f32 {
    0.5 + 0.5 * y
}

/// The state of one lane.
#[derive(Clone, Copy)]
struct Lane {
    phase: u64,
    random: u32,
    value: f32,
    before: f32,
}

impl Lane {
    /// With a new random value, where `wanted`.
    #[inline(always)]
    fn draw(self, wanted: bool) -> Self {
        let next = random::next(self.random);
        Self {
            random: if wanted { next } else { self.random },
            before: if wanted { self.value } else { self.before },
            value: if wanted { random::bipolar(next) } else { self.value },
            ..self
        }
    }

    /// At the phase of the song, or at 0 for a restart. Where cycles begin, `lots` are drawn.
    #[inline(always)]
    fn placed(self, song: Option<u64>, restart: bool, lots: bool) -> Self {
        match song {
            Some(song) => Self { phase: song, ..self.draw(lots && song < self.phase) },
            None => {
                let phase = if restart { 0 } else { self.phase };
                Self { phase, ..self.draw(lots && restart) }
            }
        }
    }

    /// A frame later by `step`.
    #[inline(always)]
    fn moved(self, step: u64, lots: bool) -> Self {
        let phase = self.phase.wrapping_add(step);
        Self { phase, ..self.draw(lots && phase < self.phase) }
    }

    /// The random value, gliding from the one before where `smooth`.
    #[inline(always)]
    fn lot(self, smooth: bool) -> f32 {
        let t = 0.5 + phase::signed(short(self.phase).wrapping_sub(phase::HALF));
        let glide = if smooth { eased(t) } else { 1.0 };
        self.before + (self.value - self.before) * glide
    }
}

/// How much higher a CV makes the rate.
#[inline(always)]
fn octaves<const L: usize>(cv: [f32; L], reach: [f32; L]) -> [f32; L] {
    let mut octaves = [0.0; L];
    for l in 0..L {
        octaves[l] = cv[l] * reach[l];
    }
    octaves
}

/// Phase a frame.
#[inline(always)]
fn steps<const L: usize>(hertz: &[f32; L], octaves: &[f32; L], per_frame: f64) -> [u64; L] {
    let mut step = [0; L];
    for l in 0..L {
        let turns = f64::from(hertz[l] * exp2(octaves[l])) * per_frame;
        // However fast, no cycle is shorter than two frames.
        step[l] = long_step(if turns < 0.5 { turns } else { 0.5 });
    }
    step
}

impl<const L: usize> Lfo<L> {
    /// Starts anew where `reset` rises.
    #[inline(always)]
    fn restart(&mut self, reset: [f32; L], lots: bool) {
        let mut any = false;
        for l in 0..L {
            any |= rises(self.reset[l], reset[l]);
        }
        if any {
            for l in 0..L {
                self.set_lane(l, self.lane(l).placed(None, rises(self.reset[l], reset[l]), lots));
            }
        }
        self.reset = reset;
    }

    /// Sets `step` to a rate. A call, because it is rare and long.
    #[inline(never)]
    fn retune(&mut self, hertz: &[f32; L], octaves: &[f32; L], per_frame: f64) {
        (self.hertz, self.octaves) = (*hertz, *octaves);
        self.step = steps(hertz, octaves, per_frame);
    }

    /// Goes on for `frames` frames that nobody reads.
    #[inline(always)]
    fn skip(&mut self, frames: usize, lots: bool) {
        let step = self.step;
        if lots {
            for _ in 0..frames {
                for l in 0..L {
                    self.set_lane(l, self.lane(l).moved(step[l], true));
                }
            }
        } else {
            for l in 0..L {
                self.phase[l] = self.phase[l].wrapping_add(step[l].wrapping_mul(frames as u64));
            }
        }
    }

    /// Renders a chunk of a shape without lots at a steady rate: only the phase moves.
    #[inline(always)]
    fn run_free(&mut self, mut outputs: Outputs<'_, L>, shape: usize) {
        let (mut phase, step) = (self.phase, self.step);
        for l in 0..L {
            phase[l] = phase[l].wrapping_add(u64::from(self.ahead[l]) << 32);
        }
        // A macro, because a closure this large might not be inlined, and so not make vectors.
        macro_rules! draw {
            ($shape:expr) => {
                for frame in outputs.get(0).iter_mut() {
                    let mut y = [0.0; L];
                    for l in 0..L {
                        y[l] = wave($shape, short(phase[l]));
                        phase[l] = phase[l].wrapping_add(step[l]);
                    }
                    *frame = y;
                }
            };
        }
        match shape {
            0 => draw!(0),
            1 => draw!(1),
            2 => draw!(2),
            3 => draw!(3),
            _ => draw!(4),
        }
        for l in 0..L {
            self.phase[l] = phase[l].wrapping_sub(u64::from(self.ahead[l]) << 32);
        }
        if outputs.connected(1) {
            let [out, uni] = outputs.split();
            for (uni, y) in uni.as_flattened_mut().iter_mut().zip(out.as_flattened()) {
                *uni = unipolar(*y);
            }
        }
    }

    #[inline(always)]
    fn lane(&self, l: usize) -> Lane {
        let Self { phase, random, value, before, .. } = self;
        Lane { phase: phase[l], random: random[l], value: value[l], before: before[l] }
    }

    #[inline(always)]
    fn set_lane(&mut self, l: usize, lane: Lane) {
        self.phase[l] = lane.phase;
        self.random[l] = lane.random;
        self.value[l] = lane.value;
        self.before[l] = lane.before;
    }
}

impl<const L: usize> Module<L> for Lfo<L> {
    type Storage = ();

    const KEEPS: bool = true;

    fn start(&mut self, setup: &Setup) {
        self.random = seeds(setup);
        for l in 0..L {
            self.set_lane(l, self.lane(l).draw(true).draw(true));
        }
    }

    #[inline(always)]
    fn process(&mut self, (): &mut (), mut io: Io<'_, L>) {
        self.kept = [0; L];
        let n = io.frames.min(BLOCK);
        let [rate_cv, reset] = inputs(&io);
        let [shape, rate, sync, offset, amount] = knobs(&io);
        let shape = shape.choice();
        let lots = shape == RANDOM || shape == SMOOTH;
        let tuned = still(&[rate, amount]);
        let held = tuned && steady(&io, &[0]);
        let (sample_rate, per_frame) = (f64::from(io.sample_rate), 1.0 / f64::from(io.sample_rate));
        let transport = io.world.transport;
        let beats = division::beats(sync.choice());
        let read = io.outputs.connected(0) | io.outputs.connected(1);
        if held && beats.is_none() && steady(&io, &[1]) && (!read || !lots && still(&[offset])) {
            let hertz = rate.at(0);
            let octaves = octaves(rate_cv[0], amount.at(0));
            if differing(&self.hertz, &hertz) | differing(&self.octaves, &octaves) != 0 {
                self.retune(&hertz, &octaves, per_frame);
            }
            self.restart(reset[0], lots);
            if read {
                let offset = offset.at(0);
                for l in 0..L {
                    self.ahead[l] = phase::from_turns(offset[l]).wrapping_sub(middle(shape));
                }
                (self.cv, self.kept) = (rate_cv[0], [shape as u32 + 1; L]);
                self.run_free(io.outputs, shape);
            } else {
                self.skip(n, lots);
            }
            return;
        }
        let offset = frames(offset, |turns| turns);
        let mut phases = [[0; L]; BLOCK];
        let [out, uni] = io.outputs.split().map(|out| &mut out[..n]);

        let mut state = self.clone();
        let mut step = [0; L];
        let (mut hertz, mut reach) = (rate.at(0), amount.at(0));
        for k in 0..n {
            if k > 0 && !tuned {
                (hertz, reach) = (rate.at(k), amount.at(k));
            }
            if k == 0 || !held {
                step = steps(&hertz, &octaves(rate_cv[k], reach), per_frame);
            }
            let song = beats.filter(|_| transport.playing).map(|beats| {
                let cycles = transport.beat_at(io.start + k as u64, sample_rate) / beats;
                // Rounded to the nearest: a turn's end is the next one's beginning.
                long_step(cycles - (cycles + 0.5).floor())
            });
            if let Some(beats) = beats {
                // Locked it goes where the song is; stopped it keeps the song's tempo.
                let tempo = (transport.tempo / 60.0 / beats / sample_rate).clamp(0.0, 0.5);
                step = [if song.is_some() { 0 } else { long_step(tempo) }; L];
            }
            let (offset, reset) = (offset.at(k), reset[k]);
            let mut draws = [0.0; L];
            for l in 0..L {
                let lane = state.lane(l).placed(song, rises(state.reset[l], reset[l]), lots);
                phases[k][l] = short(lane.phase).wrapping_add(phase::from_turns(offset[l]));
                draws[l] = lane.lot(shape == SMOOTH);
                state.set_lane(l, lane.moved(step[l], lots));
            }
            state.reset = reset;
            out[k] = draws;
        }
        *self = state;

        if !lots {
            let middle = middle(shape);
            for (y, at) in out.as_flattened_mut().iter_mut().zip(phases.as_flattened()) {
                *y = wave(shape, at.wrapping_sub(middle));
            }
        }
        for (uni, y) in uni.as_flattened_mut().iter_mut().zip(out.as_flattened()) {
            *uni = unipolar(*y);
        }
    }

    #[inline(always)]
    fn kept(&self, lane: usize) -> u32 {
        self.kept[lane]
    }

    #[inline(always)]
    fn again(&mut self, io: Again<'_, L>) -> bool {
        let kept = self.kept[0];
        if kept == 0 || !same(&io, 0, &self.cv) || !same(&io, 1, &self.reset) {
            return false;
        }
        self.run_free(io.outputs, kept as usize - 1);
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kit::division::CHOICES;
    use crate::kit::measure::{largest_step, peak};
    use chronus_engine::Solo;

    fn lfo(shape: f32, rate: f32) -> Solo {
        Solo::mono(&KIND, 48e3).set("shape", shape).set("rate", rate)
    }

    #[test]
    fn shapes_at_their_quarters() {
        // A quarter of a second into a cycle of one second.
        let at = |shape: f32| lfo(shape, 1.0).run(12_001)[0][12_000];
        for (shape, expected) in [(0.0, 1.0), (1.0, 1.0), (2.0, 0.5), (3.0, -0.5), (4.0, 1.0)] {
            assert!((at(shape) - expected).abs() < 1e-4, "{shape}: {}", at(shape));
        }
        let out = lfo(0.0, 3.0).run(48_000);
        assert!((peak(&out[0]) - 1.0).abs() < 1e-4);
        assert!(out[1].iter().all(|x| (0.0..=1.0).contains(x)));
    }

    #[test]
    fn a_slow_cycle_keeps_its_time() {
        // 0.01 Hz for 50 s: half a cycle.
        let ramp = &lfo(3.0, 0.01).run(50 * 48_000 + 1)[0];
        assert!(ramp[50 * 48_000].abs() < 1e-5, "{}", ramp[50 * 48_000]);
    }

    #[test]
    fn locked_to_the_song() {
        let half = CHOICES.iter().position(|c| *c == "1/2").unwrap();
        let mut solo = lfo(3.0, 1.0).set("sync", half as f32);
        solo.transport.playing = true;
        solo.transport.beat = 4.5;
        // Beat 4.5 in cycles of two beats: a quarter of the way; 12,000 frames later half.
        let out = &solo.run(12_001)[0];
        assert!((out[0] + 0.5).abs() < 1e-6 && out[12_000].abs() < 1e-4);
        // Stopped, it goes on from there at the song's tempo.
        solo.transport.playing = false;
        let on = &solo.run(12_000)[0];
        assert!((on[11_999] - 0.5).abs() < 1e-3, "{}", on[11_999]);
    }

    #[test]
    fn reset_starts_anew() {
        let mut reset = vec![0.0; 1000];
        reset.extend([1.0; 10]);
        let out = &lfo(3.0, 7.0).input("reset", &reset).run(1010)[0];
        assert_eq!(out[1000], -1.0);
    }

    #[test]
    fn random_steps_once_a_cycle_and_smooth_glides() {
        let steps = &lfo(5.0, 10.0).run(48_000)[0];
        let changes = steps.windows(2).filter(|w| w[0] != w[1]).count();
        assert!((9..=10).contains(&changes), "{changes}");
        assert!(largest_step(&lfo(6.0, 10.0).run(48_000)[0]) < 0.001);
    }
}
