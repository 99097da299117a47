//! VCO: the classical waveforms without their aliases, by polynomial residuals (`dsp::blep`).
//!
//! Hard sync is one more band-limited step. It begins before the restart, so a restart takes effect
//! `REACH` frames (63 us at 48 kHz) after the edge that asked for it.

use chronus_dsp::math::{clamp, exp2, is_zero, mask, max, min};
use chronus_dsp::wave::{self, Restart};
use chronus_dsp::{blep, phase};
use chronus_engine::{
    Again, Axis, BLOCK, Category, Curve, Display, Input, Io, KindAlias, Module, Output, Param,
    Settings, Signal, Source, Spec, Taper, Unit, in_turn, kind, lanes,
};

use crate::kit::{frames, inputs, knobs, same, steady, still};

/// What it declares.
pub static SPEC: Spec = Spec {
    kind: "vco",
    name: "VCO",
    category: Category::Source,
    summary: "An oscillator with sine, triangle, saw and pulse, free of audible aliases.",
    aliases: &[KindAlias { kind: "simple_sine", params: &[("shape", 0.0), ("gain", 0.2)] }],
    inputs: &[
        Input::new("pitch", Signal::Pitch, "Octaves added to the frequency; 0 leaves the knob's."),
        Input::new("fm", Signal::Control, "Exponential FM: octaves, scaled by its amount."),
        Input::new("lin_fm", Signal::Audio, "Linear FM through zero: times the frequency."),
        Input::new("pwm", Signal::Control, "Added to the pulse width, scaled by its amount."),
        Input::new("sync", Signal::Audio, "Restarts the wave where it rises through 0."),
    ],
    outputs: &[Output::new("out", Signal::Audio, "The wave.")],
    params: &[
        Param::new("freq", "Frequency", (0.01, 20_000.0), 440.0, Unit::Hertz, "At pitch 0.")
            .taper(Taper::Exponential)
            .aliases(&["frequency"]),
        Param::new("tune", "Tune", (-48.0, 48.0), 0.0, Unit::Semitones, "Coarse detuning."),
        Param::new("fine", "Fine", (-100.0, 100.0), 0.0, Unit::Cents, "Fine detuning."),
        Param::choice(
            "shape",
            "Shape",
            &["sine", "triangle", "saw", "pulse"],
            2,
            "The waveform; the pulse carries no DC at any width.",
        ),
        Param::new("width", "Width", (0.01, 0.99), 0.5, Unit::Percent, "Upper part of the pulse."),
        Param::new("fm_amount", "FM", (-10.0, 10.0), 1.0, Unit::Octaves, "Reach of fm."),
        Param::new("lin_amount", "Lin FM", (-16.0, 16.0), 1.0, Unit::None, "Index of lin_fm."),
        Param::new("pwm_amount", "PWM", (-1.0, 1.0), 0.5, Unit::Percent, "Reach of pwm."),
        Param::new("gain", "Gain", (0.0, 1.0), 1.0, Unit::Gain, "Level of the wave."),
    ],
    source: Source::Free,
    display: Display::Curve(Curve {
        axis: Axis::Phase,
        // The pulse goes as far to one side as its width leaves for the other.
        range: |settings| if settings.choice(3) > SAW { (-2.1, 2.1) } else { (-1.15, 1.15) },
        at: drawn,
    }),
    ..Spec::EMPTY
};

lanes! {
    /// Where the wave is.
    pub struct Vco {
        /// Phase, a turn being 2^32.
        phase: u32 = 0,
        /// The phase that a sync is leaving.
        old: u32 = 0,
        /// Frames since the wave was restarted, from -REACH up to REACH.
        since: f32 = blep::REACH,
        /// Last value of the sync input.
        sync: f32 = 0.0,
        /// What `Drawn` says of the last chunk, where nothing but the phase moved in it; else 0.
        kept: u32 = 0,
        /// The pitch that what follows was computed at.
        pitch: f32 = 0.0,
        /// Phase a frame.
        step: u32 = 0,
        /// Frames a turn.
        period: f32 = 0.0,
        /// How much of a turn a pulse is up.
        width: f32 = 0.5,
        /// The gain.
        gain: f32 = 1.0,
    }
}

kind!(SPEC, Vco);

/// The shapes, as the knob counts them.
const SINE: usize = 0;
const TRIANGLE: usize = 1;
const SAW: usize = 2;

/// What the face shows: the wave at `turns` of its period, with its steps as round as they sound.
fn drawn(settings: &Settings<'_>, turns: f32) -> f32 {
    let &[freq, tune, fine, shape, width, _, _, _, gain] = settings.values else { return 0.0 };
    let [octaves] = detuning([tune], [fine]);
    let (_, _, period) = pace(freq / settings.sample_rate * exp2(octaves));
    let at = phase::from_turns(turns);
    let y = match shape as usize {
        SINE => wave::sine(at),
        TRIANGLE => wave::triangle::<true>(at, period),
        SAW => wave::saw::<true>(at, period),
        _ => wave::pulse::<true>(at, period, width),
    };
    clamp(y * gain, -2.1, 2.1)
}

/// Turns a frame within what sounds, the same as a step of phase, and frames a turn.
#[inline(always)]
fn pace(turns: f32) -> (f32, u32, f32) {
    let turns = clamp(turns, -0.5, 0.5);
    (turns, phase::step(turns), 1.0 / max(turns.abs(), 1e-9))
}

/// Octaves that `tune` semitones and `fine` cents make.
#[inline(always)]
fn detuning<const L: usize>(tune: [f32; L], fine: [f32; L]) -> [f32; L] {
    let mut octaves = [0.0; L];
    for l in 0..L {
        octaves[l] = tune[l] * (1.0 / 12.0) + fine[l] * (1.0 / 1200.0);
    }
    octaves
}

impl<const L: usize> Module<L> for Vco<L> {
    type Storage = ();

    const KEEPS: bool = true;

    #[inline(always)]
    fn process(&mut self, (): &mut (), io: Io<'_, L>) {
        if io.inputs.connected(4) { self.render::<true>(io) } else { self.render::<false>(io) }
    }

    #[inline(always)]
    fn kept(&self, lane: usize) -> u32 {
        self.kept[lane]
    }

    #[inline(always)]
    fn again(&mut self, mut io: Again<'_, L>) -> bool {
        let mut free = same(&io, 0, &self.pitch);
        for cv in 1..=4 {
            // Their normals are 0, for ever.
            free &= !io.inputs.connected(cv);
        }
        let Some(drawn) = Drawn::of(self.kept[0]).filter(|_| free) else { return false };
        self.draw(io.outputs.get(0), drawn);
        true
    }
}

impl<const L: usize> Vco<L> {
    #[inline(always)]
    fn render<const SYNC: bool>(&mut self, mut io: Io<'_, L>) {
        let n = io.frames.min(BLOCK);
        let [pitch, fm, lin_fm, pwm, sync] = inputs(&io);
        let [freq, tune, fine, shape, width, fm_amount, lin_amount, pwm_amount, gain] = knobs(&io);
        let tuned = still(&[freq, tune, fine, fm_amount, lin_amount]);
        let held = tuned && steady(&io, &[0, 1, 2]);
        if !SYNC && held && still(&[gain, width, pwm_amount]) && io.inputs.steady(3) {
            self.render_still(io);
            return;
        }
        let per_frame = 1.0 / io.sample_rate;
        let bases = |k: usize| freq.map(k, |hz| hz * per_frame);
        let (mut base, mut offset) = (bases(0), detuning(tune.at(0), fine.at(0)));
        let (mut fm_reach, mut lin_reach) = (fm_amount.at(0), lin_amount.at(0));

        // First the phases, where each frame depends on the one before; then the wave over them,
        // where none does, so that even one lane makes vectors.
        let mut phases = [[0u32; L]; BLOCK];
        let mut periods = [[0.0; L]; BLOCK];
        let mut restarts = ([[0u32; L]; BLOCK], [[0.0; L]; BLOCK]);
        let (mut phase, mut old) = (self.phase, self.old);
        let (mut since, mut before) = (self.since, self.sync);
        let (mut turns, mut step, mut period) = ([0.0; L], [0u32; L], [0.0; L]);
        let mut shortest = f32::MAX;
        for k in 0..n {
            if k > 0 && !tuned {
                (base, offset) = (bases(k), detuning(tune.at(k), fine.at(k)));
                (fm_reach, lin_reach) = (fm_amount.at(k), lin_amount.at(k));
            }
            if k == 0 || !held {
                let (pitch, fm, lin_fm) = (pitch[k], fm[k], lin_fm[k]);
                for l in 0..L {
                    let octaves = pitch[l] + offset[l] + fm[l] * fm_reach[l];
                    let lin = 1.0 + lin_fm[l] * lin_reach[l];
                    (turns[l], step[l], period[l]) = pace(base[l] * exp2(octaves) * lin);
                }
                for l in 0..L {
                    shortest = min(shortest, period[l]);
                }
            }
            if SYNC {
                let now = sync[k];
                for l in 0..L {
                    let rises = before[l] <= 0.0 && now[l] > 0.0;
                    // Where between the two frames the edge crossed 0.
                    let ahead = now[l] / (now[l] - before[l]) - blep::REACH;
                    let restart = phase::from_turns(ahead * turns[l]);
                    old[l] = if rises { phase[l] } else { old[l] };
                    phase[l] = if rises { restart } else { phase[l] };
                    since[l] = if rises { ahead } else { since[l] };
                }
                before = now;
                (restarts.0[k], restarts.1[k]) = (old, since);
            }
            (phases[k], periods[k]) = (phase, period);
            for l in 0..L {
                phase[l] = phase[l].wrapping_add(step[l]);
                old[l] = old[l].wrapping_add(step[l]);
                since[l] = min(since[l] + 1.0, blep::REACH);
            }
        }
        (self.phase, self.old, self.since, self.sync) = (phase, old, since, before);
        self.kept = [0; L];

        let out = &mut io.outputs.get(0)[..n];
        let (gain, width) = (frames(gain, |gain| gain), frames(width, |width| width));
        let pwm_amount = frames(pwm_amount, |amount| amount);
        // A macro, because a closure this large might not be inlined, and so not make vectors.
        macro_rules! draw {
            (|$at:ident, $period:ident, $restart:ident, $width:ident| $wave:expr) => {
                for k in 0..n {
                    let (phases, periods, pwm) = (phases[k], periods[k], pwm[k]);
                    let (old, since) = (restarts.0[k], restarts.1[k]);
                    let (gain, width, reach) = (gain.at(k), width.at(k), pwm_amount.at(k));
                    let mut y = [0.0; L];
                    for l in 0..L {
                        let ($at, $period) = (phases[l], periods[l]);
                        let $restart = Restart { old: old[l], since: since[l] };
                        let $width = clamp(width[l] + pwm[l] * reach[l], 0.01, 0.99);
                        y[l] = $wave * gain[l];
                    }
                    out[k] = y;
                }
            };
        }
        // With periods so short that steps reach each other, or a sync, more steps count.
        match (shape.choice(), shortest < wave::NARROW) {
            (SINE, _) if SYNC => draw!(|at, _t, restart, _w| restart.sine(at)),
            (SINE, _) => draw!(|at, _t, _r, _w| wave::sine(at)),
            (TRIANGLE, _) if SYNC => draw!(|at, t, restart, _w| restart.triangle(at, t)),
            (TRIANGLE, true) => draw!(|at, t, _r, _w| wave::triangle::<true>(at, t)),
            (TRIANGLE, false) => draw!(|at, t, _r, _w| wave::triangle::<false>(at, t)),
            (SAW, _) if SYNC => draw!(|at, t, restart, _w| restart.saw(at, t)),
            (SAW, true) => draw!(|at, t, _r, _w| wave::saw::<true>(at, t)),
            (SAW, false) => draw!(|at, t, _r, _w| wave::saw::<false>(at, t)),
            (_, _) if SYNC => draw!(|at, t, restart, width| restart.pulse(at, t, width)),
            (_, true) => draw!(|at, t, _r, width| wave::pulse::<true>(at, t, width)),
            (_, false) => draw!(|at, t, _r, width| wave::pulse::<false>(at, t, width)),
        }
    }

    /// Computes how fast the phase moves. A call, because it is rare and long.
    #[inline(never)]
    fn retune(&mut self, hertz: &[f32; L], per_frame: f32, octaves: &[f32; L], lin: &[f32; L]) {
        for l in 0..L {
            let turns = hertz[l] * per_frame * exp2(octaves[l]) * lin[l];
            (_, self.step[l], self.period[l]) = pace(turns);
        }
    }

    /// The same where nothing moves but the phase.
    #[inline(always)]
    fn render_still(&mut self, mut io: Io<'_, L>) {
        let n = io.frames.min(BLOCK);
        let [pitch, fm, lin_fm, pwm] = inputs(&io);
        let [freq, tune, fine, shape, width, fm_amount, lin_amount, pwm_amount, gain] = knobs(&io);
        let offset = detuning(tune.at(0), fine.at(0));
        let (fm_amount, lin_amount) = (fm_amount.at(0), lin_amount.at(0));
        let (base, width, pwm_amount) = (freq.at(0), width.at(0), pwm_amount.at(0));
        let (mut octaves, mut lin) = ([0.0; L], [0.0; L]);
        for l in 0..L {
            octaves[l] = pitch[0][l] + offset[l] + fm[0][l] * fm_amount[l];
            lin[l] = 1.0 + lin_fm[0][l] * lin_amount[l];
            self.width[l] = clamp(width[l] + pwm[0][l] * pwm_amount[l], 0.01, 0.99);
        }
        self.retune(&base, 1.0 / io.sample_rate, &octaves, &lin);
        (self.pitch, self.gain) = (pitch[0], gain.at(0));
        let shape = shape.choice();
        let narrow = self.period.iter().fold(f32::MAX, |a, b| min(a, *b)) < wave::NARROW;
        let drawn = Drawn { shape, wide: shape != SINE && narrow };
        self.kept = [drawn.kept(); L];
        self.draw(&mut io.outputs.get(0)[..n], drawn);
    }

    /// True when saws fall so rarely in `n` frames that it costs less to draw the falls by themselves.
    #[inline(always)]
    fn is_sparse(&self, n: usize) -> bool {
        // Shorter periods take as long either way.
        const SHORTEST: f32 = 24.0;
        let (mut short, mut slow) = (0, 0);
        for l in 0..L {
            short |= mask(self.period[l] < SHORTEST);
            // Backwards, too.
            slow |= mask((self.step[l] as i32) < wave::SLOWEST as i32);
        }
        short | slow == 0 && n > wave::FALL
    }

    /// Draws a chunk in which only the phase moves.
    #[inline(always)]
    fn draw(&mut self, out: &mut [[f32; L]], Drawn { shape, wide }: Drawn) {
        let n = out.len();
        let (step, period, widths, gain) = (self.step, self.period, self.width, self.gain);
        // The sine is drawn as a cosine, a quarter of a turn behind.
        let behind = if shape == SINE { phase::QUARTER } else { 0 };
        let mut phase = self.phase;
        for phase in &mut phase {
            *phase = phase.wrapping_sub(behind);
        }
        macro_rules! draw {
            (|$at:ident, $period:ident, $width:ident| $wave:expr) => {
                for frame in out.iter_mut() {
                    let mut y = [0.0; L];
                    for l in 0..L {
                        let ($at, $period, $width) = (phase[l], period[l], widths[l]);
                        y[l] = $wave * gain[l];
                        phase[l] = phase[l].wrapping_add(step[l]);
                    }
                    *frame = y;
                }
            };
        }
        match (shape, wide) {
            (SINE, _) => draw!(|at, _t, _w| wave::cosine(at)),
            (TRIANGLE, true) => draw!(|at, t, _w| wave::triangle::<true>(at, t)),
            (TRIANGLE, false) => draw!(|at, t, _w| wave::triangle::<false>(at, t)),
            (SAW, true) => draw!(|at, t, _w| wave::saw::<true>(at, t)),
            (SAW, false) if L > 1 && self.is_sparse(n) => {
                straight(out, &mut phase, &step, |at, l| wave::straight_saw(at) * gain[l]);
                let fall = |at, l: usize| wave::saw::<false>(at, period[l]) * gain[l];
                draw_falls(out, (&self.phase, &step), [0; L], fall);
            }
            (SAW, false) => draw!(|at, t, _w| wave::saw::<false>(at, t)),
            (_, true) => draw!(|at, t, width| wave::pulse::<true>(at, t, width)),
            (_, false) if L > 1 && self.is_sparse(n) => {
                let wave = |at, l: usize| wave::straight_pulse(at, widths[l]) * gain[l];
                straight(out, &mut phase, &step, wave);
                let fall = |at, l: usize| wave::pulse::<false>(at, period[l], widths[l]) * gain[l];
                let mut up = [0; L];
                for l in 0..L {
                    up[l] = phase::from_turns(widths[l]);
                }
                for at in [[0; L], up] {
                    draw_falls(out, (&self.phase, &step), at, fall);
                }
            }
            (_, false) => draw!(|at, t, width| wave::pulse::<false>(at, t, width)),
        }
        let (mut old, mut young) = (self.old, [0.0; L]);
        for l in 0..L {
            phase[l] = phase[l].wrapping_add(behind);
            old[l] = old[l].wrapping_add(step[l].wrapping_mul(n as u32));
            young[l] = blep::REACH - self.since[l];
        }
        (self.phase, self.old) = (phase, old);
        if !is_zero(&young) {
            for l in 0..L {
                for _ in 0..n {
                    self.since[l] = min(self.since[l] + 1.0, blep::REACH);
                }
            }
        }
    }
}

/// Draws a wave that is straight.
#[inline(always)]
fn straight<const L: usize>(
    out: &mut [[f32; L]],
    phase: &mut [u32; L],
    step: &[u32; L],
    wave: impl Fn(u32, usize) -> f32,
) {
    for frame in out {
        in_turn::<L>();
        let mut y = [0.0; L];
        for l in 0..L {
            y[l] = wave(phase[l], l);
            phase[l] = phase[l].wrapping_add(step[l]);
        }
        *frame = y;
    }
}

/// Draws the frames in which saws fall, by `wave` of a phase and a lane: the next fall of every lane side
/// by side, wherever it is. Saws wrap at the phases `wraps`.
#[inline(always)]
fn draw_falls<const L: usize>(
    out: &mut [[f32; L]],
    (phase, step): (&[u32; L], &[u32; L]),
    wraps: [u32; L],
    wave: impl Fn(u32, usize) -> f32,
) {
    let frames = out.len();
    let (mut next, mut turn) = ([0.0; L], [0.0; L]);
    for l in 0..L {
        (next[l], turn[l]) = wave::falls(phase[l].wrapping_sub(wraps[l]), step[l]);
    }
    loop {
        let (mut first, mut lanes) = ([0; L], 0);
        for l in 0..L {
            // Rounded down: the cast by itself rounds towards 0.
            first[l] = (next[l] + wave::FALL as f64) as i32 - wave::FALL as i32;
            next[l] += turn[l];
        }
        for l in 0..L {
            lanes |= u64::from(first[l] < frames as i32) << l;
        }
        if lanes == 0 {
            return;
        }
        let (mut at, mut rows) = ([0; L], [[0.0; L]; wave::FALL]);
        for l in 0..L {
            at[l] = phase[l].wrapping_add(step[l].wrapping_mul(first[l] as u32));
        }
        for row in &mut rows {
            for l in 0..L {
                row[l] = wave(at[l], l);
                at[l] = at[l].wrapping_add(step[l]);
            }
        }
        while lanes != 0 {
            let l = lanes.trailing_zeros() as usize;
            lanes &= lanes - 1;
            for i in 0..wave::FALL {
                if let Some(frame) = out.get_mut(first[l].wrapping_add(i as i32) as usize) {
                    frame[l] = rows[i][l];
                }
            }
        }
    }
}

/// How a chunk is drawn in which only the phase moves.
#[derive(Clone, Copy)]
struct Drawn {
    shape: usize,
    /// With periods so short that more steps count.
    wide: bool,
}

impl Drawn {
    /// As lane state keeps it, never 0.
    #[inline(always)]
    fn kept(self) -> u32 {
        1 + u32::from(self.wide) + 2 * self.shape as u32
    }

    #[inline(always)]
    fn of(kept: u32) -> Option<Self> {
        let bits = kept.checked_sub(1)?;
        Some(Self { shape: (bits >> 1) as usize, wide: bits & 1 == 1 })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kit::measure::{db, peak, rms, spectrum};
    use chronus_engine::{LANES, Solo};

    const RATE: f64 = 48e3;
    const FRAMES: usize = 1 << 16;

    fn vco(shape: f32, freq: f32) -> Solo {
        Solo::mono(&KIND, RATE).set("shape", shape).set("freq", freq)
    }

    /// The highest line that is no multiple of `freq`, from 20 Hz to `limit`, in dB under the
    /// fundamental.
    fn worst_alias(signal: &[f32], freq: f64, limit: f64) -> f64 {
        let bins = spectrum(signal);
        let bin = RATE / signal.len() as f64;
        let harmonic = |f: f64| (f / freq - (f / freq).round()).abs() * freq < 12.0 * bin;
        let fundamental = bins[(freq / bin).round() as usize];
        let worst = bins.iter().enumerate().fold(0.0f64, |worst, (i, &a)| {
            let f = i as f64 * bin;
            if f < 20.0 || f > limit || harmonic(f) { worst } else { worst.max(a) }
        });
        db(worst / fundamental)
    }

    #[test]
    fn aliases_are_far_under_the_fundamental() {
        // Off the round numbers, at which aliases would hide behind harmonics.
        for freq in [1001.3f32, 2503.7, 5007.1] {
            for (shape, limit) in [(1.0, -100.0), (2.0, -78.0), (3.0, -78.0)] {
                let signal = &vco(shape, freq).set("width", 0.3).run(FRAMES)[0];
                let alias = worst_alias(signal, f64::from(freq), 10_000.0);
                eprintln!("shape {shape} at {freq} Hz: aliases {alias:.1} dB");
                assert!(alias < limit, "shape {shape} at {freq} Hz: {alias}");
            }
        }
    }

    #[test]
    fn falls_by_themselves_give_the_bits_of_a_lane() {
        let bits = |signal: &[f32]| signal.iter().map(|x| x.to_bits()).collect::<Vec<_>>();
        for (shape, freq) in [(2.0, 0.4), (2.0, 55.0), (2.0, 1900.0), (2.0, 2100.0), (3.0, 311.0)] {
            // Each lane a little higher than the one before, and all around the border of `is_sparse`.
            let pitches: Vec<Vec<f32>> = (0..LANES).map(|l| vec![0.01 * l as f32; 3000]).collect();
            let set = |solo: Solo| solo.set("shape", shape).set("freq", freq).set("width", 0.2);
            let mut group = set(Solo::poly(&KIND, RATE)).input_lanes("pitch", pitches.clone());
            let cuts = [64, 64, 3, 61, 9, 55, 64];
            let rows = &group.run_lanes(3000, |number| cuts[number % cuts.len()])[0];
            for (l, pitch) in pitches.iter().enumerate() {
                let alone = set(Solo::mono(&KIND, RATE)).input("pitch", pitch).run(3000);
                let lane: Vec<f32> = rows.iter().map(|row| row[l]).collect();
                let (lane, alone) = (bits(&lane), bits(&alone[0]));
                let differs = lane.iter().zip(&alone).position(|(a, b)| a != b);
                assert_eq!(differs, None, "shape {shape} at {freq} Hz in lane {l}");
            }
        }
    }

    #[test]
    fn harmonics_are_those_of_a_saw() {
        let bins = spectrum(&vco(2.0, 750.0).run(FRAMES)[0]);
        for k in 1..=13u32 {
            let expected = 2.0 / std::f64::consts::PI / f64::from(k);
            let error = db(bins[(k * 1024) as usize] / expected);
            assert!(error.abs() < 0.2, "harmonic {k}: {error} dB");
        }
    }

    #[test]
    fn in_tune_for_minutes() {
        // Zero crossings of a sine, counted to a fraction, against an exact frequency.
        for (freq, pitch) in [(440.0f32, 0.0f32), (440.0, 0.75), (27.5, -0.25), (4186.0, 1.0)] {
            let frames = 2 * 60 * 48_000;
            let mut solo = vco(0.0, freq).input("pitch", &vec![pitch; frames]);
            let signal = &solo.run(frames)[0];
            let rising: Vec<f64> = (1..frames)
                .filter(|&k| signal[k - 1] < 0.0 && signal[k] >= 0.0)
                .map(|k| k as f64 - f64::from(signal[k] / (signal[k] - signal[k - 1])))
                .collect();
            let turns = (rising.len() - 1) as f64;
            let measured = turns / (rising[rising.len() - 1] - rising[0]) * RATE;
            let expected = f64::from(freq) * f64::from(pitch).exp2();
            let cents = 1200.0 * (measured / expected).log2();
            eprintln!("{expected} Hz: {cents:.5} cents off");
            assert!(cents.abs() < 0.001, "{expected} Hz: {cents} cents");
        }
    }

    #[test]
    fn the_simple_sine_is_pure() {
        let signal = &vco(0.0, 440.0).set("gain", 0.2).run(FRAMES)[0];
        assert!((rms(&signal[..48_000]) - 0.141_42).abs() < 0.0005);
        let bins = spectrum(signal);
        let bin = 440.0 * FRAMES as f64 / RATE;
        let outside = |i: &usize| (*i as f64 - bin).abs() > 12.0;
        let rest: f64 = (1..bins.len()).filter(outside).map(|i| bins[i] * bins[i]).sum();
        let distortion = db(rest.sqrt() / 0.2);
        eprintln!("sine: distortion and noise {distortion:.1} dB");
        assert!(distortion < -110.0, "{distortion}");
    }

    #[test]
    fn no_shape_carries_dc() {
        for shape in 0..4 {
            for width in [0.05, 0.5, 0.8] {
                let mut solo = vco(shape as f32, 480.0).set("width", width);
                let signal = &solo.run(48_000)[0];
                let mean = signal.iter().map(|&x| f64::from(x)).sum::<f64>() / 48_000.0;
                assert!(db(mean.abs()) < -90.0, "shape {shape} width {width}: {mean}");
            }
        }
    }

    #[test]
    fn linear_fm_goes_through_zero() {
        // With -2 times the frequency the sine runs backwards at its own speed.
        let forwards = &vco(0.0, 440.0).run(4800)[0];
        let backwards = &vco(0.0, 440.0).input("lin_fm", &[-2.0; 4800]).run(4800)[0];
        for (a, b) in forwards.iter().zip(backwards) {
            assert!((a + b).abs() < 1e-5);
        }
    }

    #[test]
    fn hard_sync_takes_the_pitch_of_its_master_without_aliases() {
        let master = 733.1f64;
        let drive: Vec<f32> = vco(0.0, master as f32).run(FRAMES)[0].clone();
        for (shape, limit) in [(0.0, -50.0), (1.0, -50.0), (2.0, -60.0), (3.0, -60.0)] {
            for freq in [1777.0, 3130.0] {
                let signal = &vco(shape, freq).input("sync", &drive).run(FRAMES)[0];
                let alias = worst_alias(signal, master, 10_000.0);
                eprintln!("synced shape {shape} at {freq} Hz: aliases {alias:.1} dB");
                assert!(alias < limit, "{shape} {alias}");
                assert!(peak(signal) < 1.3);
            }
        }
    }
}
