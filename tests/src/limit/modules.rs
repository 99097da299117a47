//! One module of one voice at a time over a block: what an engine does that runs a list of nodes,
//! without the list.

use super::kernel::{folded, multiply_add, saw, sine};
use super::set::Kernel;
use super::{filter, voice};
use crate::workload::{Saw, chain, envelope};

/// An oscillator.
struct Phase {
    /// Turns, 0..1.
    at: f32,
    /// Turns a frame.
    step: f32,
}

impl Phase {
    /// Draws `wave` of the phase, each frame's by itself, so that frames make vectors.
    #[inline(always)]
    fn draw(&mut self, out: &mut [f32], wave: impl Fn(f32) -> f32) {
        let at = |k: usize| {
            let phase = self.at + self.step * k as f32;
            phase - phase.floor()
        };
        for (k, out) in out.iter_mut().enumerate() {
            *out = wave(at(k));
        }
        self.at = at(out.len());
    }
}

/// A straight attack and decay.
struct Envelope {
    level: f32,
    attacks: bool,
    rise: f32,
    fall: f32,
    sustain: f32,
}

impl Envelope {
    #[inline(always)]
    fn render(&mut self, out: &mut [f32]) {
        if !self.attacks && self.level == self.sustain {
            out.fill(self.level);
            return;
        }
        for out in out {
            if self.attacks {
                self.level += self.rise;
                if self.level >= 1.0 {
                    (self.level, self.attacks) = (1.0, false);
                }
            } else {
                self.level = (self.level - self.fall).max(self.sustain);
            }
            *out = self.level;
        }
    }
}

/// A filter in transposed direct form II.
struct Filter {
    coefficients: [f32; 5],
    state: [f32; 2],
}

impl Filter {
    fn new(cutoff: f32, q: f32) -> Self {
        Self { coefficients: filter(cutoff, q), state: [0.0; 2] }
    }

    #[inline(always)]
    fn render<const FMA: bool>(&mut self, signal: &mut [f32]) {
        let [b0, b1, b2, a1, a2] = self.coefficients;
        let [mut s1, mut s2] = self.state;
        for x in signal {
            let y = multiply_add::<FMA>(b0, *x, s1);
            s1 = multiply_add::<FMA>(-a1, y, multiply_add::<FMA>(b1, *x, s2));
            s2 = multiply_add::<FMA>(-a2, y, b2 * *x);
            *x = y;
        }
        self.state = [s1, s2];
    }
}

#[inline(always)]
fn multiply(signal: &mut [f32], by: &[f32]) {
    for (x, y) in signal.iter_mut().zip(by) {
        *x *= *y;
    }
}

#[inline(always)]
fn gain(signal: &mut [f32], gain: f32) {
    for x in signal {
        *x *= gain;
    }
}

#[inline(always)]
fn add(mix: &mut [f32], signal: &[f32]) {
    for (mix, x) in mix.iter_mut().zip(signal) {
        *mix += *x;
    }
}

/// All voices of W1.
pub struct Voices {
    voices: Vec<(Phase, Envelope, Filter)>,
    /// A signal, and the envelope.
    buffers: [Vec<f32>; 2],
}

impl Voices {
    /// `n` voices in blocks of at most `block` frames.
    pub fn new(n: usize, block: usize) -> Self {
        let (fall, sustain) = envelope();
        let voices = (0..n).map(voice).map(|voice| {
            let phase = Phase { at: 0.25, step: voice.step };
            let envelope = Envelope { level: 0.0, attacks: true, rise: voice.rise, fall, sustain };
            (phase, envelope, Filter::new(voice.cutoff, 1.0))
        });
        Self { voices: voices.collect(), buffers: [vec![0.0; block], vec![0.0; block]] }
    }
}

/// A block of W1.
pub struct RenderVoices<'a>(pub &'a mut Voices, pub &'a mut [f32]);

impl Kernel for RenderVoices<'_> {
    #[inline(always)]
    fn run<const FMA: bool>(self) {
        let Self(Voices { voices, buffers }, out) = self;
        let [signal, level] = buffers.each_mut().map(|buffer| &mut buffer[..out.len()]);
        out.fill(0.0);
        for (phase, envelope, filter) in voices {
            phase.draw(signal, |at| sine::<FMA>(folded(at)));
            envelope.render(level);
            multiply(signal, level);
            filter.render::<FMA>(signal);
            add(out, signal);
        }
    }
}

/// All chains of W2 or W2b.
pub struct Chains {
    chains: Vec<(Phase, [Filter; 2])>,
    signal: Vec<f32>,
    saw: Saw,
}

impl Chains {
    /// `n` chains in blocks of at most `block` frames.
    pub fn new(n: usize, saw: Saw, block: usize) -> Self {
        let chains = (0..n).map(chain).map(|chain| {
            let filters = [chain.first, chain.second].map(|(cutoff, q)| Filter::new(cutoff, q));
            (Phase { at: 0.0, step: chain.step }, filters)
        });
        Self { chains: chains.collect(), signal: vec![0.0; block], saw }
    }
}

/// A block of W2 or W2b.
pub struct RenderChains<'a>(pub &'a mut Chains, pub &'a mut [f32]);

impl Kernel for RenderChains<'_> {
    #[inline(always)]
    fn run<const FMA: bool>(self) {
        let Self(Chains { chains, signal, saw: shape }, out) = self;
        let signal = &mut signal[..out.len()];
        out.fill(0.0);
        for (phase, [first, second]) in chains {
            let (step, frames) = (phase.step, 1.0 / phase.step);
            match shape {
                Saw::Naive => phase.draw(signal, |at| saw::<false>(at, step, frames)),
                Saw::BandLimited => phase.draw(signal, |at| saw::<true>(at, step, frames)),
            }
            first.render::<FMA>(signal);
            gain(signal, 0.5);
            second.render::<FMA>(signal);
            gain(signal, 0.01);
            add(out, signal);
        }
    }
}
