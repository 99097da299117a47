//! VCO: the classical waveforms without their aliases, by polynomial residuals (`dsp::blep`).

use chronus_dsp::math::{clamp, exp2, max, sin_quarter};
use chronus_dsp::{blep, phase};
use chronus_engine::{
    BLOCK, Category, Input, Io, KindAlias, Module, Output, Param, Signal, Source, Spec, Taper,
    Unit, kind, lanes,
};

use crate::kit::{frames, inputs, knobs, steady, still};

/// What it declares.
pub static SPEC: Spec = Spec {
    kind: "vco",
    name: "VCO",
    category: Category::Source,
    summary: "An oscillator with sine, triangle, saw and pulse, free of audible aliases.",
    aliases: &[KindAlias {
        kind: "simple_sine",
        params: &[("shape", 0.0), ("gain", 0.2)],
    }],
    inputs: &[
        Input::new(
            "pitch",
            Signal::Pitch,
            "Octaves added to the frequency; 0 leaves the knob's.",
        ),
        Input::new(
            "fm",
            Signal::Control,
            "Exponential FM: octaves, scaled by its amount.",
        ),
        Input::new(
            "lin_fm",
            Signal::Audio,
            "Linear FM through zero: times the frequency.",
        ),
        Input::new(
            "pwm",
            Signal::Control,
            "Added to the pulse width, scaled by its amount.",
        ),
        Input::new(
            "sync",
            Signal::Audio,
            "Restarts the wave where it rises through 0.",
        ),
    ],
    outputs: &[Output::new("out", Signal::Audio, "The wave.")],
    params: &[
        Param::new(
            "freq",
            "Frequency",
            (0.01, 20_000.0),
            440.0,
            Unit::Hertz,
            "At pitch 0.",
        )
        .taper(Taper::Exponential)
        .aliases(&["frequency"]),
        Param::new(
            "tune",
            "Tune",
            (-48.0, 48.0),
            0.0,
            Unit::Semitones,
            "Coarse detuning.",
        ),
        Param::new(
            "fine",
            "Fine",
            (-100.0, 100.0),
            0.0,
            Unit::Cents,
            "Fine detuning.",
        ),
        Param::choice(
            "shape",
            "Shape",
            &["sine", "triangle", "saw", "pulse"],
            2,
            "The waveform; the pulse carries no DC at any width.",
        ),
        Param::new(
            "width",
            "Width",
            (0.01, 0.99),
            0.5,
            Unit::Percent,
            "Upper part of the pulse.",
        ),
        Param::new(
            "fm_amount",
            "FM",
            (-10.0, 10.0),
            1.0,
            Unit::Octaves,
            "Reach of fm.",
        ),
        Param::new(
            "lin_amount",
            "Lin FM",
            (-16.0, 16.0),
            1.0,
            Unit::None,
            "Index of lin_fm.",
        ),
        Param::new(
            "pwm_amount",
            "PWM",
            (-1.0, 1.0),
            0.5,
            Unit::Percent,
            "Reach of pwm.",
        ),
        Param::new(
            "gain",
            "Gain",
            (0.0, 1.0),
            1.0,
            Unit::Gain,
            "Level of the wave.",
        ),
    ],
    source: Source::Free,
    ..Spec::EMPTY
};

lanes! {
    /// Where the wave is.
    pub struct Vco {
        /// Phase, a turn being 2^32.
        phase: u32 = 0,
        /// Last value of the sync input.
        sync: f32 = 0.0,
    }
}

kind!(SPEC, Vco);

/// The rising saw, which falls where the phase wraps; `period` is in frames.
#[inline(always)]
fn saw(phase: u32, period: f32) -> f32 {
    let s = phase::signed(phase);
    2.0 * s - (1.0 - 2.0 * blep::step(s.abs() * period)).copysign(s)
}

/// The triangle, in phase with the sine: corners a quarter before and after the wrap.
#[inline(always)]
fn triangle(phase: u32, period: f32) -> f32 {
    let s = phase::signed(phase.wrapping_sub(phase::QUARTER)).abs();
    let crest = blep::corner(s * period);
    let trough = blep::corner((0.5 - s) * period);
    // A corner turns by 8 levels a turn.
    1.0 - 4.0 * s + 8.0 * (trough - crest) / period
}

#[inline(always)]
fn sine(phase: u32) -> f32 {
    sin_quarter(0.25 - phase::signed(phase.wrapping_sub(phase::QUARTER)).abs())
}

impl<const L: usize> Module<L> for Vco<L> {
    type Storage = ();

    #[inline(always)]
    fn process(&mut self, (): &mut (), mut io: Io<'_, L>) {
        let n = io.frames.min(BLOCK);
        let [pitch, fm, lin_fm, pwm, sync] = inputs(&io);
        let [
            freq,
            tune,
            fine,
            shape,
            width,
            fm_amount,
            lin_amount,
            pwm_amount,
            gain,
        ] = knobs(&io);
        let synced = io.inputs.connected(4);
        let held = still(&[freq, tune, fine, fm_amount, lin_amount])
            && steady(pitch)
            && steady(fm)
            && steady(lin_fm);
        let per_frame = 1.0 / io.sample_rate;

        // First the phases, where each frame depends on the one before; then the wave over them.
        let mut phases = [[0u32; L]; BLOCK];
        let mut periods = [[0.0; L]; BLOCK];
        let Self {
            mut phase,
            sync: mut sync_before,
        } = self.clone();
        let (mut turns, mut step) = ([0.0; L], [0u32; L]);
        for k in 0..n {
            if k == 0 || !held {
                let base = freq.at(k) * per_frame;
                let offset = tune.at(k) * (1.0 / 12.0) + fine.at(k) * (1.0 / 1200.0);
                let (fm_amount, lin_amount) = (fm_amount.at(k), lin_amount.at(k));
                let (pitch, fm, lin_fm) = (pitch[k], fm[k], lin_fm[k]);
                let mut period = [0.0; L];
                for l in 0..L {
                    let octaves = pitch[l] + offset + fm[l] * fm_amount;
                    let lin = 1.0 + lin_fm[l] * lin_amount;
                    turns[l] = clamp(base * exp2(octaves) * lin, -0.5, 0.5);
                    step[l] = phase::step(turns[l]);
                    period[l] = 1.0 / max(turns[l].abs(), 1e-9);
                }
                periods[k] = period;
            }
            if synced {
                let sync = sync[k];
                for l in 0..L {
                    let (before, now) = (sync_before[l], sync[l]);
                    let since = now / (now - before);
                    let restart = phase::step(clamp(since * turns[l], -0.5, 0.5));
                    phase[l] = if before <= 0.0 && now > 0.0 {
                        restart
                    } else {
                        phase[l]
                    };
                }
                sync_before = sync;
            }
            phases[k] = phase;
            for l in 0..L {
                phase[l] = phase[l].wrapping_add(step[l]);
            }
        }
        *self = Self {
            phase,
            sync: sync_before,
        };

        let out = &mut io.outputs.get(0)[..n];
        let gain = frames(gain);
        let period = |k: usize| if held { &periods[0] } else { &periods[k] };
        match shape.choice() {
            0 => {
                for k in 0..n {
                    let p = phases[k];
                    let mut y = [0.0; L];
                    for l in 0..L {
                        y[l] = sine(p[l]) * gain[k];
                    }
                    out[k] = y;
                }
            }
            1 => {
                for k in 0..n {
                    let (p, period) = (phases[k], period(k));
                    let mut y = [0.0; L];
                    for l in 0..L {
                        y[l] = triangle(p[l], period[l]) * gain[k];
                    }
                    out[k] = y;
                }
            }
            2 => {
                for k in 0..n {
                    let (p, period) = (phases[k], period(k));
                    let mut y = [0.0; L];
                    for l in 0..L {
                        y[l] = saw(p[l], period[l]) * gain[k];
                    }
                    out[k] = y;
                }
            }
            _ => {
                let (width, amount) = (frames(width), frames(pwm_amount));
                for k in 0..n {
                    let (p, period, pwm) = (phases[k], period(k), pwm[k]);
                    let mut y = [0.0; L];
                    for l in 0..L {
                        let width = clamp(width[k] + pwm[l] * amount[k], 0.01, 0.99);
                        let fall = p[l].wrapping_sub(phase::from_turns(width));
                        y[l] = (saw(fall, period[l]) - saw(p[l], period[l])) * gain[k];
                    }
                    out[k] = y;
                }
            }
        }
    }
}
