//! Delay: a stereo echo, free or in time with the song.
//!
//! Between frames it reads by a cubic. The reading point moves at no more than half a frame a
//! frame, like a tape's head: a new time glides there in pitch and never clicks.

use chronus_dsp::delay::DelayLine;
use chronus_dsp::level::soft_limit;
use chronus_dsp::math::{exp2, is_zero, snap};
use chronus_engine::{
    BLOCK, Bar, Bars, Category, Display, Input, Io, Module, Normal, Output, Param, Settings, Setup,
    Signal, Spec, Storage, Tail, Taper, Unit, Width, kind, lanes,
};

use crate::kit::{Frames, division, frames, inputs, knobs, steady, still};

/// What it declares.
pub static SPEC: Spec = Spec {
    kind: "delay",
    name: "Delay",
    category: Category::Effect,
    summary: "A stereo echo with feedback and damping, free or in time with the song.",
    inputs: &[
        Input::new("left", Signal::Audio, "Left channel.").aliases(&["in"]),
        Input::new(
            "right",
            Signal::Audio,
            "Right channel; follows left when nothing is connected.",
        )
        .normal(Normal::Input(0)),
        Input::new("time", Signal::Control, "Octaves of time, scaled by its amount."),
    ],
    outputs: &[
        Output::new("left", Signal::Audio, "Left channel.").aliases(&["out"]),
        Output::new("right", Signal::Audio, "Right channel."),
    ],
    params: &[
        Param::new("time", "Time", (0.1, 5000.0), 350.0, Unit::Milliseconds, "Time when free.")
            .taper(Taper::Exponential),
        Param::choice("sync", "Sync", division::CHOICES, 0, "Time in the song's tempo, up to 5 s."),
        Param::new("feedback", "Feedback", (0.0, 1.0), 0.4, Unit::Percent, "What is heard again."),
        Param::new("tone", "Tone", (200.0, 20_000.0), 8000.0, Unit::Hertz, "Damping of repeats.")
            .taper(Taper::Exponential),
        Param::choice("mode", "Mode", &["stereo", "ping-pong"], 0, "Where the repeats go."),
        Param::new("mix", "Mix", (0.0, 1.0), 0.35, Unit::Percent, "Dry to wet."),
        Param::new("time_amount", "Time CV", (-2.0, 2.0), 1.0, Unit::Octaves, "Reach of time."),
    ],
    through: &[(0, 0), (1, 1)],
    width: Width::Bus,
    tail: Tail::Seconds(tail),
    display: Display::Bars(Bars { at: bar, span }),
    ..Spec::EMPTY
};

/// Longest time in seconds.
const LONGEST: f64 = 5.0;
/// Most frames that the reading point moves a frame.
const SLEW: f64 = 0.5;
/// Seconds in which the reading point covers most of a short way.
const GLIDE: f64 = 0.02;

/// Seconds until the repeats are 60 dB down; the longest time where the tempo decides.
fn tail(params: &[f32]) -> f32 {
    let (time, synced, feedback) = (params[0] * 1e-3, params[1] > 0.0, params[2]);
    let time = if synced { LONGEST as f32 } else { time };
    let repeats = if feedback < 1e-3 { 0.0 } else { (1e-3f32).ln() / feedback.min(0.999).ln() };
    (time * (1.0 + repeats)).min(120.0)
}

/// Beats a minute that a drawing takes for the song's tempo.
const DRAWN_TEMPO: f64 = 120.0;

/// Seconds to the first repeat, as it is drawn.
fn drawn_time(settings: &Settings<'_>) -> f32 {
    let synced = division::beats(settings.choice(1)).map(|beats| beats * 60.0 / DRAWN_TEMPO);
    synced.map_or(settings.values[0] * 1e-3, |seconds| seconds.min(LONGEST) as f32)
}

/// Seconds that the face shows: the shortest of these that holds a few repeats.
fn span(settings: &Settings<'_>) -> f32 {
    let wanted = 4.0 * drawn_time(settings);
    let spans = [0.01, 0.03, 0.1, 0.3, 1.0, 3.0, 10.0];
    spans.into_iter().find(|span| *span >= wanted).unwrap_or(30.0)
}

/// What the face shows: the signal, and each repeat at its time with its level; of a ping-pong those
/// on the left upwards and those on the right downwards. The tone only rounds them.
fn bar(settings: &Settings<'_>, n: usize) -> Option<Bar> {
    let &[_, _, feedback, _, mode, mix, _] = settings.values else { return None };
    if n == 0 {
        return Some(Bar { place: 0.0, height: 1.0 - mix });
    }
    let place = n as f32 * drawn_time(settings) / span(settings);
    let crossed = mode >= 1.0;
    // What has crossed over to the right has not yet been fed back.
    let rounds = if crossed { (n - 1) / 2 } else { n - 1 };
    let height = mix * feedback.powi(rounds as i32);
    let height = if crossed && n.is_multiple_of(2) { -height } else { height };
    (place <= 1.0 && height.abs() > 1e-3).then_some(Bar { place, height })
}

/// The two lines.
pub struct Lines<const L: usize> {
    left: DelayLine<L>,
    right: DelayLine<L>,
}

impl<const L: usize> Storage for Lines<L> {
    fn new(setup: &Setup) -> Self {
        let frames = (LONGEST * setup.sample_rate) as usize + 4;
        Self { left: DelayLine::new(frames), right: DelayLine::new(frames) }
    }

    fn reset(&mut self) {
        self.left.reset();
        self.right.reset();
    }
}

lanes! {
    /// The reading point and the damping.
    pub struct Delay {
        /// Frames between writing and reading; 0 before the first frame.
        distance: f64 = 0.0,
        /// Low-passed repeats of the left line.
        damped_left: f32 = 0.0,
        /// The right line's.
        damped_right: f32 = 0.0,
    }
}

kind!(SPEC, Delay);

/// The reading point one frame later, on its way to `target`; there at once in the first frame.
#[inline(always)]
fn glided(distance: f64, target: f64, glide: f64) -> f64 {
    let way = ((target - distance) * glide).clamp(-SLEW, SLEW);
    if distance == 0.0 { target } else { distance + way }
}

/// What is repeated, one pole lower.
#[inline(always)]
fn damp(damped: f32, wet: f32, follow: f32) -> f32 {
    snap(damped + follow * (wet - damped))
}

/// What goes into the lines: what comes in, and what is heard again.
#[inline(always)]
fn fed([left, right]: [f32; 2], damped: [f32; 2], feedback: f32, crossed: bool) -> [f32; 2] {
    let fed = if crossed {
        [0.5 * (left + right) + damped[1] * feedback, damped[0]]
    } else {
        [left + damped[0] * feedback, right + damped[1] * feedback]
    };
    // Unity up to 0 dBFS; above, bent so that feedback at 1 stays bounded.
    fed.map(|x| snap(soft_limit(x, 1.0, 2.0)))
}

/// Dry to wet.
#[inline(always)]
fn blend(dry: f32, wet: f32, mix: f32) -> f32 {
    snap(dry + mix * (wet - dry))
}

impl<const L: usize> Delay<L> {
    /// Renders a chunk in which one lane's reading point stands further back than the chunk is long: all of it
    /// can be read first, and everything but the damping is vectors along the frames.
    #[inline(always)]
    fn repeat(
        &mut self,
        lines: &mut Lines<L>,
        dry: [&[[f32; L]]; 2],
        out: [&mut [[f32; L]]; 2],
        (follow, feedback, mix): ([f32; L], &Frames<L>, &Frames<L>),
        crossed: bool,
    ) {
        let n = dry[0].len();
        let [mut wet, mut damped, mut pushed] = [[[0.0; BLOCK]; 2]; 3];
        lines.left.read_ahead(self.distance[0], 0, &mut wet[0][..n]);
        lines.right.read_ahead(self.distance[0], 0, &mut wet[1][..n]);
        let mut last = [self.damped_left[0], self.damped_right[0]];
        for k in 0..n {
            for c in 0..2 {
                last[c] = damp(last[c], wet[c][k], follow[0]);
                damped[c][k] = last[c];
            }
        }
        [self.damped_left[0], self.damped_right[0]] = last;
        let [left, right] = out;
        for k in 0..n {
            let (x, damped) = (dry.map(|dry| dry[k][0]), [damped[0][k], damped[1][k]]);
            [pushed[0][k], pushed[1][k]] = fed(x, damped, feedback.at(k)[0], crossed);
            let mix = mix.at(k)[0];
            left[k][0] = blend(x[0], wet[0][k], mix);
            right[k][0] = blend(x[1], wet[1][k], mix);
        }
        for k in 0..n {
            lines.left.push([pushed[0][k]; L]);
            lines.right.push([pushed[1][k]; L]);
        }
    }

    /// True when all that is left to repeat is 0.
    #[inline(always)]
    fn is_silent(&self, lines: &Lines<L>) -> bool {
        let lines = lines.left.is_silent() && lines.right.is_silent();
        lines && is_zero(&self.damped_left) && is_zero(&self.damped_right)
    }
}

impl<const L: usize> Module<L> for Delay<L> {
    type Storage = Lines<L>;

    #[inline(always)]
    fn process(&mut self, lines: &mut Lines<L>, mut io: Io<'_, L>) {
        let n = io.frames.min(BLOCK);
        let [left_in, right_in, time_cv] = inputs(&io);
        let [time, sync, feedback, tone, mode, mix, amount] = knobs(&io);
        let tuned = still(&[time, tone, amount]);
        let held = tuned && steady(&io, &[2]);
        let sample_rate = f64::from(io.sample_rate);
        let longest = LONGEST * sample_rate;
        let glide = 1.0 / (GLIDE * sample_rate);
        let per_beat = 60.0 / io.world.transport.tempo.max(1.0);
        let synced = division::beats(sync.choice()).map(|beats| beats * per_beat);
        let crossed = mode.choice() == 1;
        let (feedback, mix) = (frames(feedback, |part| part), frames(mix, |part| part));
        let seconds = |k: usize| time.map(k, |ms| synced.unwrap_or(f64::from(ms) * 1e-3));
        let target = |k: usize, seconds: &[f64; L], reach: &[f32; L]| {
            let (cv, mut target) = (time_cv[k], [0.0; L]);
            for l in 0..L {
                let scale = f64::from(exp2(cv[l] * reach[l]));
                target[l] = (seconds[l] * scale * sample_rate).clamp(2.0, longest);
            }
            target
        };
        // One pole at `tone`: 1 - exp(-2 pi f / rate).
        let damping = |k: usize| tone.map(k, |hz| 1.0 - exp2(-9.064_72 * hz / io.sample_rate));
        let (mut time, mut reach) = (seconds(0), amount.at(0));

        if held && io.inputs.silent(0) && io.inputs.silent(1) && self.is_silent(lines) {
            // Nothing to repeat: only the reading point may still be on its way.
            let target = target(0, &time, &reach);
            let before = self.distance;
            for _ in 0..n {
                for l in 0..L {
                    self.distance[l] = glided(self.distance[l], target[l], glide);
                }
            }
            lines.reset();
            (0..2).for_each(|o| io.outputs.fill(o, [0.0; L]));
            // The song's tempo may change.
            if self.distance == before && synced.is_none() {
                io.rest();
            }
            return;
        }

        let [left, right] = io.outputs.split().map(|out| &mut out[..n]);
        let mut follow = damping(0);
        if L == 1 && held {
            let (aim, distance) = (target(0, &time, &reach)[0], self.distance[0]);
            if distance >= (n + 1) as f64 && glided(distance, aim, glide) == distance {
                let knobs = (follow, &feedback, &mix);
                self.repeat(lines, [left_in, right_in], [left, right], knobs, crossed);
                return;
            }
        }
        let mut state = self.clone();
        let mut aim = [0.0; L];
        for k in 0..n {
            if k > 0 && !tuned {
                (time, reach, follow) = (seconds(k), amount.at(k), damping(k));
            }
            if k == 0 || !held {
                aim = target(k, &time, &reach);
            }
            let (feedback, mix) = (feedback.at(k), mix.at(k));
            let (dry_left, dry_right) = (left_in[k], right_in[k]);
            let (mut wet_left, mut wet_right) = ([0.0; L], [0.0; L]);
            for l in 0..L {
                let distance = glided(state.distance[l], aim[l], glide);
                state.distance[l] = distance;
                wet_left[l] = lines.left.read(distance, l);
                wet_right[l] = lines.right.read(distance, l);
            }
            let (mut push_left, mut push_right) = ([0.0; L], [0.0; L]);
            let (mut y_left, mut y_right) = ([0.0; L], [0.0; L]);
            for l in 0..L {
                let x = [dry_left[l], dry_right[l]];
                state.damped_left[l] = damp(state.damped_left[l], wet_left[l], follow[l]);
                state.damped_right[l] = damp(state.damped_right[l], wet_right[l], follow[l]);
                let damped = [state.damped_left[l], state.damped_right[l]];
                [push_left[l], push_right[l]] = fed(x, damped, feedback[l], crossed);
                y_left[l] = blend(x[0], wet_left[l], mix[l]);
                y_right[l] = blend(x[1], wet_right[l], mix[l]);
            }
            lines.left.push(push_left);
            lines.right.push(push_right);
            (left[k], right[k]) = (y_left, y_right);
        }
        *self = state;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kit::division::CHOICES;
    use crate::kit::measure::{largest_step, noise, peak};
    use chronus_engine::{Ramp, Solo};

    fn wet(ms: f32) -> Solo {
        let solo = Solo::mono(&KIND, 48e3).set("time", ms).set("mix", 1.0);
        solo.set("feedback", 0.0)
    }

    #[test]
    fn delays_by_its_time() {
        let signal = noise(10_000);
        let out = wet(100.0).input("left", &signal).run(10_000);
        assert_eq!(out[0][4800..], signal[..5200]);
        assert_eq!(out[1], out[0]);
        assert!(out[0][..4800].iter().all(|&x| x == 0.0));
    }

    #[test]
    fn however_far_back_it_reads_cuts_change_no_bit() {
        let signal = noise(4000);
        for ms in [0.1, 0.5, 1.0, 1.3, 1.3125, 1.33, 1.354_166_7, 1.4, 2.7, 30.0] {
            for (mode, tone) in [(0.0, 20_000.0), (1.0, 3000.0)] {
                let run = |frames: usize| {
                    let solo = Solo::mono(&KIND, 48e3).set("time", ms).set("feedback", 0.9);
                    let solo = solo.set("mode", mode).set("tone", tone);
                    solo.input("left", &signal).run_cut(4000, |_| frames)
                };
                let whole = run(BLOCK);
                assert!(peak(&whole[0]) > 0.1);
                assert!(whole == run(1) && whole == run(37), "{ms} ms");
            }
        }
    }

    #[test]
    fn reads_between_frames() {
        // 100.5 frames of a slow sine.
        let sine = |k: f64| (std::f64::consts::TAU * 440.0 / 48e3 * k).sin() as f32;
        let signal: Vec<f32> = (0..4000).map(|k| sine(f64::from(k))).collect();
        let out = &wet(100.5 / 48.0).input("left", &signal).run(4000)[0];
        for k in 200..4000 {
            assert!((out[k] - sine(k as f64 - 100.5)).abs() < 1e-4);
        }
    }

    #[test]
    fn a_moving_time_glides() {
        let sine = |k: usize| (std::f64::consts::TAU * 440.0 / 48e3 * k as f64).sin() as f32;
        let signal: Vec<f32> = (0..48_000).map(sine).collect();
        let mut solo = wet(20.0).input("left", &signal);
        let still = largest_step(&solo.run(9600)[0][2400..]);
        solo.set_now("time", Ramp::new(20.0, 300.0, 9600, 240));
        let out = &solo.run(38_400)[0];
        // Half speed at most either way, so at most one and a half times as steep.
        assert!(largest_step(out) < still * 1.52, "{} {still}", largest_step(out));
    }

    #[test]
    fn full_feedback_stays_bounded() {
        let loud: Vec<f32> = noise(480_000).iter().map(|x| x * 10.0).collect();
        for mode in [0.0, 1.0] {
            let solo = wet(10.0).set("feedback", 1.0).set("tone", 20_000.0).set("mode", mode);
            assert!(peak(&solo.input("left", &loud).run(480_000)[0]) <= 2.6);
        }
    }

    #[test]
    fn repeats_fall_by_the_feedback() {
        let solo = wet(10.0).set("feedback", 0.5).set("tone", 20_000.0);
        let out = &solo.input("left", &[0.5; 480]).run(4800)[0];
        let level = |n: usize| out[480 * n + 400];
        assert!((level(1) - 0.5).abs() < 1e-4);
        assert!((level(2) - 0.25).abs() < 1e-3);
        assert!((level(3) - 0.125).abs() < 1e-3);
    }

    #[test]
    fn rests_without_changing_a_bit() {
        let mut signal = vec![0.0; 400_000];
        signal[..100].fill(0.5);
        signal[350_000..].fill(0.25);
        let run = |hints: bool| {
            let mut solo = wet(10.0).set("feedback", 0.3).input("left", &signal);
            solo.hints = hints;
            let out = solo.run(399_000);
            solo.set_now("time", Ramp::new(10.0, 12.0, 399_000, 10));
            (out, solo.run(1000))
        };
        assert!(run(true) == run(false));
    }

    #[test]
    fn ping_pong_alternates() {
        let solo = wet(10.0).set("feedback", 1.0).set("tone", 20_000.0).set("mode", 1.0);
        let out = solo.input("left", &[0.5; 100]).run(2000);
        assert!(out[0][500] > 0.4 && out[1][500] == 0.0);
        assert!(out[1][980] > 0.4 && out[0][980].abs() < 1e-3);
    }

    #[test]
    fn follows_the_tempo() {
        let quarter = CHOICES.iter().position(|c| *c == "1/4").unwrap();
        let mut impulse = vec![0.0; 30_000];
        impulse[0] = 1.0;
        let mut solo = wet(1.0).set("sync", quarter as f32).input("left", &impulse);
        solo.transport.tempo = 120.0;
        assert_eq!(solo.run(30_000)[0][24_000], 1.0);
    }
}
