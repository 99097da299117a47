//! Voices side by side: every module of a lane group in one loop over the frames, its state in
//! registers as far as they reach. So a group has sixteen of W1's voices, but eight of W2's chains,
//! which remember more; measured, those are the fastest.

use std::ops::{Index, IndexMut};

use super::kernel::{folded, higher, lower, multiply_add, saw, sine, wrapped};
use super::set::Kernel;
use super::{filter, voice};
use crate::workload::{Saw, chain, envelope};

/// Voices of a group.
const VOICES: usize = 16;
/// Chains of a group.
const CHAINS: usize = 8;

/// One value a lane, where no vector of them lies across two cache lines.
#[derive(Clone, Copy)]
#[repr(align(32))]
struct Row<const L: usize>([f32; L]);

impl<const L: usize> Row<L> {
    const ZERO: Self = Self([0.0; L]);
}

impl<const L: usize> Index<usize> for Row<L> {
    type Output = f32;

    #[inline(always)]
    fn index(&self, lane: usize) -> &f32 {
        &self.0[lane]
    }
}

impl<const L: usize> IndexMut<usize> for Row<L> {
    #[inline(always)]
    fn index_mut(&mut self, lane: usize) -> &mut f32 {
        &mut self.0[lane]
    }
}

/// Coefficients and state of a filter, in transposed direct form II.
#[derive(Clone, Copy)]
struct Filter<const L: usize> {
    b: [Row<L>; 3],
    /// Negated, so that one instruction takes them in.
    a: [Row<L>; 2],
    s: [Row<L>; 2],
}

impl<const L: usize> Filter<L> {
    const SILENT: Self = Self { b: [Row::ZERO; 3], a: [Row::ZERO; 2], s: [Row::ZERO; 2] };

    fn set(&mut self, lane: usize, cutoff: f32, q: f32) {
        let [b0, b1, b2, a1, a2] = filter(cutoff, q);
        for (row, value) in self.b.iter_mut().zip([b0, b1, b2]) {
            row[lane] = value;
        }
        for (row, value) in self.a.iter_mut().zip([-a1, -a2]) {
            row[lane] = value;
        }
    }

    #[inline(always)]
    fn tick<const FMA: bool>(&mut self, l: usize, x: f32) -> f32 {
        let y = multiply_add::<FMA>(self.b[0][l], x, self.s[0][l]);
        let s = multiply_add::<FMA>(self.b[1][l], x, self.s[1][l]);
        self.s[0][l] = multiply_add::<FMA>(self.a[0][l], y, s);
        self.s[1][l] = multiply_add::<FMA>(self.a[1][l], y, self.b[2][l] * x);
        y
    }
}

/// W1: sine, envelope, low-pass.
#[derive(Clone)]
struct VoiceGroup {
    phase: Row<VOICES>,
    step: Row<VOICES>,
    level: Row<VOICES>,
    /// 1 while the attack lasts, else 0.
    attacks: Row<VOICES>,
    rise: Row<VOICES>,
    fall: f32,
    sustain: f32,
    low_pass: Filter<VOICES>,
}

impl VoiceGroup {
    fn new(first: usize, n: usize) -> Self {
        let (fall, sustain) = envelope();
        let mut group = Self {
            phase: Row([0.25; VOICES]),
            step: Row::ZERO,
            level: Row::ZERO,
            attacks: Row([1.0; VOICES]),
            rise: Row::ZERO,
            fall,
            sustain,
            low_pass: Filter::SILENT,
        };
        for lane in 0..VOICES.min(n - first) {
            let voice = voice(first + lane);
            (group.step[lane], group.rise[lane]) = (voice.step, voice.rise);
            group.low_pass.set(lane, voice.cutoff, 1.0);
        }
        group
    }

    #[inline(always)]
    fn render<const FMA: bool>(&mut self, mix: &mut [Row<VOICES>]) {
        let Self { mut phase, step, mut level, mut attacks, rise, fall, sustain, mut low_pass } =
            *self;
        for mix in mix {
            for l in 0..VOICES {
                let tone = sine::<FMA>(folded(phase[l]));
                phase[l] = wrapped(phase[l] + step[l]);
                let (up, down) = (level[l] + rise[l], level[l] - fall);
                let (up, down) = (lower(up, 1.0), higher(down, sustain));
                level[l] = if attacks[l] > 0.0 { up } else { down };
                // Only an attack reaches the peak, and it ends there.
                attacks[l] = if level[l] < 1.0 { attacks[l] } else { 0.0 };
                mix[l] += low_pass.tick::<FMA>(l, tone * level[l]);
            }
        }
        (self.phase, self.level, self.attacks) = (phase, level, attacks);
        self.low_pass.s = low_pass.s;
    }
}

/// W2: saw, low-pass, half the level, low-pass, a hundredth of the level.
#[derive(Clone)]
struct ChainGroup {
    phase: Row<CHAINS>,
    /// Turns a frame, and frames a turn.
    step: Row<CHAINS>,
    frames: Row<CHAINS>,
    first: Filter<CHAINS>,
    second: Filter<CHAINS>,
}

impl ChainGroup {
    fn new(first: usize, n: usize) -> Self {
        let silent = Filter::SILENT;
        let mut group = Self {
            phase: Row::ZERO,
            step: Row::ZERO,
            frames: Row::ZERO,
            first: silent,
            second: silent,
        };
        for lane in 0..CHAINS.min(n - first) {
            let chain = chain(first + lane);
            (group.step[lane], group.frames[lane]) = (chain.step, 1.0 / chain.step);
            group.first.set(lane, chain.first.0, chain.first.1);
            group.second.set(lane, chain.second.0, chain.second.1);
        }
        group
    }

    #[inline(always)]
    fn render<const FMA: bool, const SOFT: bool>(&mut self, mix: &mut [Row<CHAINS>]) {
        let Self { mut phase, step, frames, mut first, mut second } = *self;
        for mix in mix {
            for l in 0..CHAINS {
                let x = saw::<SOFT>(phase[l], step[l], frames[l]);
                phase[l] = wrapped(phase[l] + step[l]);
                let x = first.tick::<FMA>(l, x) * 0.5;
                mix[l] += second.tick::<FMA>(l, x) * 0.01;
            }
        }
        self.phase = phase;
        (self.first.s, self.second.s) = (first.s, second.s);
    }
}

/// All voices of W1.
pub struct Voices {
    groups: Vec<VoiceGroup>,
    mix: Vec<Row<VOICES>>,
}

impl Voices {
    /// `n` voices in blocks of at most `block` frames.
    pub fn new(n: usize, block: usize) -> Self {
        let groups = (0..n).step_by(VOICES).map(|first| VoiceGroup::new(first, n)).collect();
        Self { groups, mix: vec![Row::ZERO; block] }
    }
}

/// A block of W1.
pub struct RenderVoices<'a>(pub &'a mut Voices, pub &'a mut [f32]);

impl Kernel for RenderVoices<'_> {
    #[inline(always)]
    fn run<const FMA: bool>(self) {
        let Self(Voices { groups, mix }, out) = self;
        let mix = &mut mix[..out.len()];
        mix.fill(Row::ZERO);
        for group in groups {
            group.render::<FMA>(mix);
        }
        mix_down(mix, out);
    }
}

/// All chains of W2 or W2b.
pub struct Chains {
    groups: Vec<ChainGroup>,
    mix: Vec<Row<CHAINS>>,
    saw: Saw,
}

impl Chains {
    /// `n` chains in blocks of at most `block` frames.
    pub fn new(n: usize, saw: Saw, block: usize) -> Self {
        let groups = (0..n).step_by(CHAINS).map(|first| ChainGroup::new(first, n)).collect();
        Self { groups, mix: vec![Row::ZERO; block], saw }
    }
}

/// A block of W2 or W2b.
pub struct RenderChains<'a>(pub &'a mut Chains, pub &'a mut [f32]);

impl Kernel for RenderChains<'_> {
    #[inline(always)]
    fn run<const FMA: bool>(self) {
        let Self(Chains { groups, mix, saw }, out) = self;
        let mix = &mut mix[..out.len()];
        mix.fill(Row::ZERO);
        for group in groups {
            match saw {
                Saw::Naive => group.render::<FMA, false>(mix),
                Saw::BandLimited => group.render::<FMA, true>(mix),
            }
        }
        mix_down(mix, out);
    }
}

#[inline(always)]
fn mix_down<const L: usize>(mix: &[Row<L>], out: &mut [f32]) {
    for (out, row) in out.iter_mut().zip(mix) {
        *out = row.0.iter().sum();
    }
}
