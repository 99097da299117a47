//! Signal buffers of a graph: mono ones, poly ones (a lane group after the other, frame-major in
//! each), and constants for inputs without a cable.

use aligned_vec::{ABox, ConstAlign, avec};

use crate::lanes::LANES;
use crate::module::BLOCK;
use crate::voices::MAX_VOICES;

/// Most lane groups of a signal.
pub(crate) const MAX_GROUPS: usize = MAX_VOICES / LANES;
/// Frames of a group in a poly buffer.
const GROUP: usize = BLOCK * LANES;

/// Bytes of a cache line.
pub(crate) const CACHE_LINE: usize = 64;

/// Samples from the beginning of a cache line on: no row of a lane group lies across two.
pub(crate) type CacheLines = ABox<[f32], ConstAlign<CACHE_LINE>>;

/// Where an input reads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Slot {
    /// A mono buffer.
    Mono(u32),
    /// A poly buffer.
    Poly(u32),
    /// A constant; fits both widths.
    Constant(u32),
}

/// A slot as a pool finds it at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Line(u32);

/// One buffer, taken out of the pool while a step writes it, so that nothing aliases: a pointer, which
/// every step moves there and back.
#[derive(Debug)]
pub struct Buffer(Box<Samples>);

/// What a buffer holds.
#[derive(Debug)]
struct Samples {
    samples: CacheLines,
    /// Bit g: every lane of group g keeps its value through the chunk. Whoever reads may then do its
    /// work once instead of once a frame; the result is the same either way.
    steady: u8,
    /// Frames of each steady group that hold its row: what stands there need not be written again.
    held: [u8; MAX_GROUPS],
    /// Samples from one lane group to the next; 0 where all groups read the same.
    stride: u16,
}

impl Buffer {
    /// A silent buffer of `groups` lane groups (0 = mono) and `frames` frames.
    #[must_use]
    pub(crate) fn silent(groups: u8, frames: usize) -> Self {
        let lanes = if groups == 0 { 1 } else { usize::from(groups) * LANES };
        // Delay lines, which may be longer, have an addressing of their own (`lanes_mut`).
        let stride = if groups == 0 { 0 } else { (frames.min(BLOCK) * LANES) as u16 };
        let samples = avec![[CACHE_LINE]| 0.0; lanes * frames].into_boxed_slice();
        Self(Box::new(Samples { samples, steady: 0, held: [0; MAX_GROUPS], stride }))
    }

    /// A silent buffer of one block, known to be steady.
    fn still(groups: u8) -> Self {
        let mut buffer = Self::silent(groups, BLOCK);
        buffer.0.steady = u8::MAX;
        buffer.0.held = [BLOCK as u8; MAX_GROUPS];
        buffer
    }

    /// A block of `value` for signals of any width.
    fn constant(value: f32) -> Self {
        let mut buffer = Self::still(0);
        buffer.0.samples = avec![[CACHE_LINE]| value; GROUP].into_boxed_slice();
        buffer
    }

    /// Buffers that hold what modules write to outputs which nobody reads.
    pub(crate) fn spare(count: usize, groups: u8) -> Box<[Self]> {
        (0..count).map(|_| Self::still(groups)).collect()
    }

    /// Writes `row` to all `frames` frames of lane group `group`, and marks it steady.
    #[inline(always)]
    pub fn fill<const L: usize>(&mut self, group: usize, frames: usize, row: [f32; L]) {
        let holds = self.steady(group) && usize::from(self.0.held[group]) >= frames;
        let there = self.read::<L>(group, 1).as_flattened();
        let same = |there: &[f32]| {
            let differs = |(a, b): (&f32, &f32)| a.to_bits() ^ b.to_bits();
            there.iter().zip(&row).map(differs).fold(0, |any, bits| any | bits) == 0
        };
        if holds && same(there) {
            return;
        }
        self.write::<L>(group, frames).fill(row);
        self.0.steady |= 1 << group;
        self.0.held[group] = frames as u8;
    }

    /// True when lane group `group` keeps its values through the chunk.
    #[inline(always)]
    #[must_use]
    pub fn steady(&self, group: usize) -> bool {
        self.0.steady >> group & 1 == 1
    }

    /// True when it holds lane groups.
    #[inline(always)]
    pub(crate) fn is_poly(&self) -> bool {
        self.0.stride > 0
    }

    /// All `frames` frames of lane group `group`, of a buffer that is that long.
    pub(crate) fn lanes_mut<const L: usize>(
        &mut self,
        group: usize,
        frames: usize,
    ) -> &mut [[f32; L]] {
        let at = group * frames * L;
        self.0.samples[at..at + frames * L].as_chunks_mut::<L>().0
    }

    /// Fills it with silence.
    pub(crate) fn clear(&mut self) {
        self.0.samples.fill(0.0);
    }

    /// `frames` frames of lane group `group` from frame `at` on, to write.
    pub(crate) fn write_at<const L: usize>(
        &mut self,
        group: usize,
        at: usize,
        frames: usize,
    ) -> &mut [[f32; L]] {
        let at = group * usize::from(self.0.stride) + at * L;
        self.0.samples[at..at + frames * L].as_chunks_mut::<L>().0
    }

    /// `frames` frames of lane group `group` from frame `at` on.
    pub(crate) fn read_at<const L: usize>(
        &self,
        group: usize,
        at: usize,
        frames: usize,
    ) -> &[[f32; L]] {
        let at = group * usize::from(self.0.stride) + at * L;
        self.0.samples[at..at + frames * L].as_chunks::<L>().0
    }

    /// `frames` frames of lane group `group`, to write.
    #[inline(always)]
    pub fn write<const L: usize>(&mut self, group: usize, frames: usize) -> &mut [[f32; L]] {
        self.0.steady &= !(1 << group);
        let at = group * usize::from(self.0.stride);
        self.0.samples[at..at + frames * L].as_chunks_mut::<L>().0
    }

    /// `frames` frames of lane group `group`.
    #[inline(always)]
    #[must_use]
    pub fn read<const L: usize>(&self, group: usize, frames: usize) -> &[[f32; L]] {
        let at = group * usize::from(self.0.stride);
        self.0.samples[at..at + frames * L].as_chunks::<L>().0
    }
}

/// All buffers of a graph.
#[derive(Debug)]
pub struct Pool {
    /// Mono ones, poly ones, constants.
    buffers: Vec<Buffer>,
    /// Where the poly ones begin.
    poly: u32,
    /// Where the constants begin.
    constants: u32,
    /// What the constants hold.
    values: Box<[f32]>,
    /// Lane groups of the poly ones.
    groups: usize,
}

impl Pool {
    /// A pool of `mono` mono buffers, `poly` buffers of `groups` lane groups, and `constants`.
    #[must_use]
    pub fn new(mono: usize, poly: usize, groups: usize, constants: &[f32]) -> Self {
        let widths = (0..mono).map(|_| 0).chain((0..poly).map(|_| groups as u8));
        let still = constants.iter().map(|&value| Buffer::constant(value));
        Self {
            buffers: widths.map(Buffer::still).chain(still).collect(),
            poly: mono as u32,
            constants: (mono + poly) as u32,
            values: constants.into(),
            groups,
        }
    }

    /// Goes on with the buffers of `old` as far as it has as many, because they are in the caches of
    /// the DSP thread's core. What they hold is written before it is read, in every chunk; constants
    /// are exchanged for the same.
    pub(crate) fn take_over(&mut self, old: &mut Self) {
        let room = |pool: &Self| (pool.buffers.len(), pool.poly, pool.constants, pool.groups);
        let same = |(new, old): (&f32, &f32)| new.to_bits() == old.to_bits();
        let mut all = self.values.iter().zip(&*old.values);
        if room(self) == room(old) && all.all(same) {
            // Not one by one: the new ones are in the caches of the builder's core.
            return std::mem::swap(&mut self.buffers, &mut old.buffers);
        }
        let same = self.values.iter().zip(&*old.values).map(same);
        let [mono, poly, constants] = parts(&mut self.buffers, self.poly, self.constants);
        let [old_mono, old_poly, old_constants] = parts(&mut old.buffers, old.poly, old.constants);
        let exchange = |(new, old): (&mut Buffer, &mut Buffer)| std::mem::swap(new, old);
        mono.iter_mut().zip(old_mono).for_each(exchange);
        if self.groups == old.groups {
            poly.iter_mut().zip(old_poly).for_each(exchange);
        }
        let constants = constants.iter_mut().zip(old_constants).zip(same);
        constants.filter(|(_, same)| *same).for_each(|(pair, _)| exchange(pair));
    }

    /// Where `slot` is.
    #[inline(always)]
    #[must_use]
    pub fn line(&self, slot: Slot) -> Line {
        let (first, i) = match slot {
            Slot::Mono(i) => (0, i),
            Slot::Poly(i) => (self.poly, i),
            Slot::Constant(i) => (self.constants, i),
        };
        Line(first + i)
    }

    /// `frames` frames of lane group `group` of `line`.
    #[inline(always)]
    #[must_use]
    pub fn read<const L: usize>(&self, line: Line, group: usize, frames: usize) -> &[[f32; L]] {
        self.buffers[line.0 as usize].read(group, frames)
    }

    /// True when lane group `group` of `line` keeps its values through the chunk.
    #[inline(always)]
    #[must_use]
    pub fn steady(&self, line: Line, group: usize) -> bool {
        self.buffers[line.0 as usize].steady(group)
    }

    /// Exchanges the buffer of `line` for `buffer`; to be done twice.
    #[inline(always)]
    pub(crate) fn exchange(&mut self, line: Line, buffer: &mut Buffer) {
        std::mem::swap(self.buffer(line), buffer);
    }

    /// The same for those of several whose bit is set in `which`.
    #[inline(always)]
    pub(crate) fn exchange_all(&mut self, which: u64, lines: &[Line], buffers: &mut [Buffer]) {
        // Most have one output.
        if which == 1 {
            return self.exchange(lines[0], &mut buffers[0]);
        }
        for i in bits(which) {
            self.exchange(lines[i], &mut buffers[i]);
        }
    }

    /// The buffer of `line`.
    #[inline(always)]
    pub(crate) fn buffer(&mut self, line: Line) -> &mut Buffer {
        &mut self.buffers[line.0 as usize]
    }
}

/// Those before `poly`, those from there to `constants`, and those from there on.
fn parts(buffers: &mut [Buffer], poly: u32, constants: u32) -> [&mut [Buffer]; 3] {
    let (signals, constants) = buffers.split_at_mut(constants as usize);
    let (mono, poly) = signals.split_at_mut(poly as usize);
    [mono, poly, constants]
}

/// Positions of the bits that are set, lowest first.
#[inline(always)]
pub(crate) fn bits(mut mask: u64) -> impl Iterator<Item = usize> {
    std::iter::from_fn(move || {
        let lowest = (mask != 0).then(|| mask.trailing_zeros() as usize)?;
        mask &= mask - 1;
        Some(lowest)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The first sample of each of `slots`.
    fn heads<const N: usize>(pool: &Pool, slots: [Slot; N]) -> [f32; N] {
        slots.map(|slot| pool.read::<1>(pool.line(slot), 0, BLOCK)[0][0])
    }

    /// A pool whose buffers say `says`.
    fn spoken(mono: usize, poly: usize, groups: usize, constants: &[f32], says: f32) -> Pool {
        let mut pool = Pool::new(mono, poly, groups, constants);
        for slot in (0..mono as u32).map(Slot::Mono) {
            let line = pool.line(slot);
            pool.buffer(line).fill::<1>(0, BLOCK, [says]);
        }
        for slot in (0..poly as u32).map(Slot::Poly) {
            let line = pool.line(slot);
            pool.buffer(line).fill::<LANES>(0, BLOCK, [says; LANES]);
        }
        pool
    }

    #[test]
    fn buffers_of_the_old_pool_go_on_and_constants_stay_what_they_are() {
        let slots =
            [Slot::Mono(0), Slot::Mono(1), Slot::Poly(0), Slot::Constant(0), Slot::Constant(1)];
        for (old, expected) in [
            // As much room: as a whole.
            (spoken(2, 1, 1, &[0.5, 2.0], 7.0), [7.0, 7.0, 7.0, 0.5, 2.0]),
            // A little more, and much.
            (spoken(3, 1, 1, &[0.5, 2.0], 7.0), [7.0, 7.0, 7.0, 0.5, 2.0]),
            (spoken(9, 5, 1, &[0.5, 2.0], 7.0), [7.0, 7.0, 7.0, 0.5, 2.0]),
            // Other constants, more or fewer of them.
            (spoken(2, 1, 1, &[0.5, 3.0], 7.0), [7.0, 7.0, 7.0, 0.5, 2.0]),
            (spoken(2, 1, 1, &[-0.5], 7.0), [7.0, 7.0, 7.0, 0.5, 2.0]),
            (spoken(2, 1, 1, &[0.5, 2.0, 4.0], 7.0), [7.0, 7.0, 7.0, 0.5, 2.0]),
            // Very much more.
            (spoken(40, 20, 1, &[0.5, 2.0], 7.0), [7.0, 7.0, 7.0, 0.5, 2.0]),
            // Signals of more lane groups are other buffers.
            (spoken(2, 1, 2, &[0.5, 2.0], 7.0), [7.0, 7.0, 1.0, 0.5, 2.0]),
        ] {
            let mut old = old;
            let (mut new, before) = (spoken(2, 1, 1, &[0.5, 2.0], 1.0), old.values.clone());
            new.take_over(&mut old);
            assert_eq!(heads(&new, slots), expected, "{before:?}");
            // What the old one has now is as good.
            let constants = (0..before.len() as u32).map(Slot::Constant);
            let left: Vec<f32> = constants.map(|slot| heads(&old, [slot])[0]).collect();
            assert_eq!(left, *before);
            // They know what they hold: a row that is there need not be written again, another is.
            let line = new.line(Slot::Poly(0));
            for row in [expected[2], 9.0] {
                new.buffer(line).fill::<LANES>(0, BLOCK, [row; LANES]);
                let all = new.read::<LANES>(line, 0, BLOCK).as_flattened();
                assert!(new.steady(line, 0) && all.iter().all(|x| *x == row));
            }
        }
    }
}
