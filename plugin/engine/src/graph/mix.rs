//! The steps between modules: sums of cables with their gains and fades, delays, feedback stores.

use pulp::{Simd, WithSimd};

use super::Graph;
use super::parts::{self, Abreast, Parts, fold};
use super::program::{Delay, Mix, Store};
use crate::lanes::{LANES, in_turn};
use crate::module::{BLOCK, FEEDBACK_FRAMES};
use crate::plan::{MixFrom, MixSource};
use crate::pool::{Buffer, Pool, Slot};
use crate::ramp::Fade;
use crate::simd::dispatch;
use crate::voices::MAX_VOICES;
use crate::world::Section;

impl Graph {
    /// Delays the producer's frames by the length of a line: each place is read, then written.
    pub(super) fn delay(&mut self, chunk: &Section<'_>, delay: &Delay) {
        let out = &mut self.hands.one;
        self.pool.exchange(delay.to, out);
        let length = delay.frames as usize;
        let at = (chunk.start % length as u64) as usize;
        let line = &mut self.delays[delay.line as usize];
        if line.is_poly() {
            for g in chunk.sounding_groups(self.groups) {
                let input = self.pool.read::<LANES>(delay.from, g, chunk.frames);
                let line = line.lanes_mut::<LANES>(g, length);
                turn_line(line, at, input, out.write::<LANES>(g, chunk.frames));
            }
        } else {
            let input = self.pool.read::<1>(delay.from, 0, chunk.frames);
            turn_line(line.lanes_mut::<1>(0, length), at, input, out.write(0, chunk.frames));
        }
        self.pool.exchange(delay.to, out);
    }

    /// Puts the producer's frames into a ring. No chunk crosses a multiple of its length, so what was
    /// there has been read a moment ago.
    pub(super) fn store(&mut self, chunk: &Section<'_>, store: &Store) {
        let at = (chunk.start % FEEDBACK_FRAMES as u64) as usize;
        let ring = &mut self.rings[store.ring as usize];
        if ring.is_poly() {
            for g in chunk.sounding_groups(self.groups) {
                let frames = self.pool.read::<LANES>(store.from, g, chunk.frames);
                let places = ring.write_at::<LANES>(g, at, chunk.frames);
                for (place, x) in places.iter_mut().zip(frames) {
                    *place = x.map(bounded);
                }
            }
        } else {
            let frames = self.pool.read::<1>(store.from, 0, chunk.frames);
            let places = ring.write_at::<1>(0, at, chunk.frames);
            for (place, x) in places.iter_mut().zip(frames) {
                *place = x.map(bounded);
            }
        }
    }

    pub(super) fn mix(
        &mut self,
        chunk: &Section<'_>,
        mix: &Mix,
        (sources, abreast): (&[MixSource], &[Abreast]),
    ) {
        let Mix { to, poly, .. } = *mix;
        if chunk.groups == 0 && poly {
            return;
        }
        let buffer = &mut self.hands.one;
        self.pool.exchange(to, buffer);
        let desk = Desk {
            pool: &self.pool,
            rings: &self.rings,
            groups: self.groups,
            chunk,
            ramp_start: self.ramp_start,
            ramp_frames: self.ramp_frames,
        };
        let (parts, peaks) = (&mut self.parts, &mut self.peaks);
        dispatch(self.arch, Sum { desk, poly, sources, abreast, buffer, parts, peaks });
        self.pool.exchange(to, buffer);
    }
}

/// What sources are read from.
#[derive(Clone, Copy)]
struct Desk<'a> {
    pool: &'a Pool,
    rings: &'a [Buffer],
    /// Lane groups of poly signals.
    groups: usize,
    chunk: &'a Section<'a>,
    ramp_start: u64,
    ramp_frames: u64,
}

/// A gain that keeps its value, or one for each frame.
#[expect(clippy::large_enum_variant, reason = "on the stack: a mix allocates nothing")]
enum Gains {
    Still(f32),
    Moving([f32; BLOCK]),
}

impl<'a> Desk<'a> {
    /// Lane groups that sound.
    #[inline(always)]
    fn groups(self) -> impl Iterator<Item = usize> {
        self.chunk.sounding_groups(self.groups)
    }

    /// Frames of `from` in lane group `group`; of the whole group where it is one lane.
    #[inline(always)]
    fn source<const L: usize>(self, from: MixFrom, group: usize) -> &'a [[f32; L]] {
        match from {
            MixFrom::Lane(poly, _) => self.slot(Slot::Poly(poly), 0),
            MixFrom::Slot(slot) => self.slot(slot, group),
            MixFrom::Ring(ring) => {
                let at = (self.chunk.start % FEEDBACK_FRAMES as u64) as usize;
                self.rings[ring as usize].read_at(group, at, self.chunk.frames)
            }
        }
    }

    #[inline(always)]
    fn slot<const L: usize>(self, slot: Slot, group: usize) -> &'a [[f32; L]] {
        self.pool.read(self.pool.line(slot), group, self.chunk.frames)
    }

    /// Frames of a mono source; `column` is where those of one lane are put together.
    #[inline(always)]
    fn mono<'b>(self, from: MixFrom, column: &'b mut [f32; BLOCK]) -> &'b [f32]
    where
        'a: 'b,
    {
        let MixFrom::Lane(_, lane) = from else {
            return self.source::<1>(from, 0).as_flattened();
        };
        for (x, row) in column.iter_mut().zip(self.source::<LANES>(from, 0)) {
            in_turn::<LANES>();
            *x = row[usize::from(lane) % LANES];
        }
        &column[..self.chunk.frames]
    }

    #[inline(always)]
    fn is_poly(self, from: MixFrom) -> bool {
        match from {
            MixFrom::Lane(..) => false,
            MixFrom::Slot(slot) => matches!(slot, Slot::Poly(_)),
            MixFrom::Ring(ring) => self.rings[ring as usize].is_poly(),
        }
    }

    /// True when what `source` adds to lane group `group` keeps its values through the chunk.
    #[inline(always)]
    fn is_steady(self, source: &MixSource, group: usize) -> bool {
        let fades = source.old_gain != source.gain && self.chunk.frames > 1;
        let (slot, group) = match source.from {
            MixFrom::Lane(poly, _) => (Slot::Poly(poly), 0),
            MixFrom::Slot(slot @ Slot::Poly(_)) => (slot, group),
            MixFrom::Slot(slot) => (slot, 0),
            MixFrom::Ring(_) => return false,
        };
        !fades && self.pool.steady(self.pool.line(slot), group)
    }

    #[inline(always)]
    fn gains(self, source: &MixSource, frames: usize) -> Gains {
        if source.old_gain == source.gain {
            return Gains::Still(source.gain);
        }
        let fade = Fade::new(source.old_gain, source.gain, self.ramp_start, self.ramp_frames);
        let mut gains = [0.0; BLOCK];
        for (k, gain) in gains[..frames].iter_mut().enumerate() {
            *gain = fade.at(self.chunk.start + k as u64);
        }
        Gains::Moving(gains)
    }
}

/// A sum of cables, compiled for each instruction set.
struct Sum<'a> {
    desk: Desk<'a>,
    poly: bool,
    sources: &'a [MixSource],
    /// Those that stand side by side.
    abreast: &'a [Abreast],
    buffer: &'a mut Buffer,
    parts: &'a mut Parts,
    /// The highest level of each voice that comes down.
    peaks: &'a mut [f32; MAX_VOICES],
}

impl WithSimd for Sum<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let Self { desk, poly, sources, abreast, buffer, parts, peaks } = self;
        if poly {
            for group in desk.groups() {
                let steady = sources.iter().all(|s| desk.is_steady(s, group));
                let mut row = [[0.0; LANES]];
                let out = if steady { &mut row } else { buffer.write(group, desk.chunk.frames) };
                for (n, source) in sources.iter().enumerate() {
                    add_poly(desk, group, source, out, n == 0);
                }
                if steady {
                    buffer.fill(group, desk.chunk.frames, row[0]);
                }
            }
            return;
        }
        let steady = sources.iter().all(|source| {
            if desk.is_poly(source.from) {
                desk.groups().all(|group| desk.is_steady(source, group))
            } else {
                desk.is_steady(source, 0)
            }
        });
        let mut row = [[0.0; 1]];
        let out = if steady { &mut row } else { buffer.write(0, desk.chunk.frames) };
        let out = out.as_flattened_mut();
        if sources.len() <= FEW {
            for (n, source) in sources.iter().enumerate() {
                add_term(simd, desk, source, out, n == 0, peaks);
            }
        } else {
            add_parts(simd, desk, (sources, abreast), parts, out, peaks);
        }
        if steady {
            buffer.fill(0, desk.chunk.frames, row[0]);
        }
    }
}

/// Sums of no more have one term a part, so they are added up where they stand.
const FEW: usize = 2;

/// Adds what comes down to one signal, in parts: whatever is added side by side, and whatever by itself,
/// gives the same bits.
#[inline(always)]
fn add_parts<S: Simd>(
    simd: S,
    desk: Desk<'_>,
    (sources, abreast): (&[MixSource], &[Abreast]),
    parts: &mut Parts,
    out: &mut [f32],
    peaks: &mut [f32; MAX_VOICES],
) {
    let singles = &mut OneByOne { simd, desk, sources, peaks };
    parts.sum_up(simd, sources.len(), (abreast, desk.pool), singles, out);
}

/// Those that are added by themselves.
struct OneByOne<'a, S> {
    simd: S,
    desk: Desk<'a>,
    sources: &'a [MixSource],
    peaks: &'a mut [f32; MAX_VOICES],
}

impl<S: Simd> parts::Singles for OneByOne<'_, S> {
    #[inline(always)]
    fn add(&mut self, n: usize, part: &mut [f32], empty: bool) {
        add_term(self.simd, self.desk, &self.sources[n], part, empty, self.peaks);
    }
}

/// Adds one source to `out`, or writes it where it is the first.
#[inline(always)]
fn add_term<S: Simd>(
    simd: S,
    desk: Desk<'_>,
    source: &MixSource,
    out: &mut [f32],
    first: bool,
    peaks: &mut [f32; MAX_VOICES],
) {
    let gains = desk.gains(source, out.len());
    if desk.is_poly(source.from) {
        let mut sum = [0f32; BLOCK];
        let sum = &mut sum[..out.len()];
        add_voices(simd, desk, source, sum, peaks);
        add(gains, sum, out, first);
    } else {
        add(gains, desk.mono(source.from, &mut [0.0; BLOCK]), out, first);
    }
}

/// Adds `x` times `gains` to `out`, or writes it where it is the first.
#[inline(always)]
fn add(gains: Gains, x: &[f32], out: &mut [f32], first: bool) {
    let x = &x[..out.len()];
    match (gains, first) {
        (Gains::Still(gain), true) => out.iter_mut().zip(x).for_each(|(out, x)| *out = gain * x),
        (Gains::Still(gain), false) => out.iter_mut().zip(x).for_each(|(out, x)| *out += gain * x),
        (Gains::Moving(gains), _) => {
            for ((out, x), gain) in out.iter_mut().zip(x).zip(gains) {
                *out = if first { gain * x } else { *out + gain * x };
            }
        }
    }
}

#[inline(always)]
fn add_poly(
    desk: Desk<'_>,
    group: usize,
    source: &MixSource,
    out: &mut [[f32; LANES]],
    first: bool,
) {
    let frames = out.len();
    let gains = desk.gains(source, frames);
    let constant = matches!(source.from, MixFrom::Slot(Slot::Constant(_)));
    if constant || desk.is_poly(source.from) {
        let x = &desk.source::<LANES>(source.from, group)[..frames];
        match gains {
            Gains::Still(_) => add(gains, x.as_flattened(), out.as_flattened_mut(), first),
            Gains::Moving(gains) => {
                for ((out, x), gain) in out.iter_mut().zip(x).zip(gains) {
                    in_turn::<LANES>();
                    add(Gains::Still(gain), x, out, first);
                }
            }
        }
    } else {
        let mut spread = [0.0; BLOCK];
        let mut column = [0.0; BLOCK];
        let x = desk.mono(source.from, &mut column);
        add(gains, x, &mut spread[..frames], true);
        for (out, x) in out.iter_mut().zip(spread) {
            in_turn::<LANES>();
            for out in out.iter_mut() {
                *out = if first { x } else { *out + x };
            }
        }
    }
}

/// Adds up the voices that sound, a lane group after the other, and keeps the highest level of each.
#[inline(always)]
fn add_voices<S: Simd>(
    simd: S,
    desk: Desk<'_>,
    source: &MixSource,
    sum: &mut [f32],
    peaks: &mut [f32; MAX_VOICES],
) {
    for group in desk.groups() {
        // Lanes without a note may hold anything; they are not part of the sum.
        let heard = desk.chunk.heard(group);
        let mut highest = [0f32; LANES];
        for (sum, x) in sum.iter_mut().zip(desk.source::<LANES>(source.from, group)) {
            let mut row = [0.0; LANES];
            for l in 0..LANES {
                let x = f32::from_bits(x[l].to_bits() & heard[l]);
                highest[l] = if x.abs() > highest[l] { x.abs() } else { highest[l] };
                row[l] = x;
            }
            *sum += fold(simd, &row);
        }
        let peaks = &mut peaks[group * LANES..(group + 1) * LANES];
        for (peak, highest) in peaks.iter_mut().zip(highest) {
            *peak = peak.max(highest);
        }
    }
}

/// What a loop may carry: +36 dBFS. The probe refuses loops that grow; one that comes to grow only
/// as it is played (with many voices, or a knob turned) stays finite, and the outputs limit it.
const LOOP_CEILING: f32 = 64.0;

#[inline(always)]
fn bounded(x: f32) -> f32 {
    // Written so that NaN becomes silence.
    if x.abs() <= LOOP_CEILING {
        x
    } else if x > LOOP_CEILING {
        LOOP_CEILING
    } else if x < -LOOP_CEILING {
        -LOOP_CEILING
    } else {
        0.0
    }
}

/// Exchanges `input` with what the line holds from place `at` on.
fn turn_line<const L: usize>(
    line: &mut [[f32; L]],
    mut at: usize,
    input: &[[f32; L]],
    out: &mut [[f32; L]],
) {
    for (x, y) in input.iter().zip(out) {
        *y = std::mem::replace(&mut line[at], *x);
        at = if at + 1 == line.len() { 0 } else { at + 1 };
    }
}
