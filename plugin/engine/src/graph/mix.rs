//! The steps between modules: sums of cables with their gains and fades, delays, feedback stores.

use pulp::{Simd, WithSimd};

use super::{Graph, Section};
use crate::lanes::LANES;
use crate::module::BLOCK;
use crate::plan::{MixFrom, MixSource};
use crate::pool::{Buffer, Slot};
use crate::ramp::Fade;
use crate::voices::MAX_VOICES;

impl Graph {
    /// Delays the producer's frames by the length of a line: each place is read, then written.
    pub(super) fn delay(&mut self, chunk: &Section, line: usize, from: Slot, to: Slot) {
        let mut out = self.pool.take(to);
        let frames = self.plan.delays[line].frames as usize;
        let at = (chunk.start % frames as u64) as usize;
        let line = &mut self.delays[line];
        match from {
            Slot::Poly(_) => {
                for g in chunk.sounding_groups(self.plan.groups()) {
                    let input = self.pool.read::<LANES>(from, g, chunk.frames);
                    let line = line.lanes_mut::<LANES>(g, frames);
                    turn_line(line, at, input, out.write::<LANES>(g, chunk.frames));
                }
            }
            Slot::Mono(_) | Slot::Constant(_) => {
                let input = self.pool.read::<1>(from, 0, chunk.frames);
                turn_line(line.lanes_mut::<1>(0, frames), at, input, out.write(0, chunk.frames));
            }
        }
        self.pool.put(to, out);
    }

    /// Puts the producer's frames into a ring. The ring is one block long and chunks do not cross
    /// blocks, so frame f stands at f % BLOCK and was read a moment ago.
    pub(super) fn store(&mut self, chunk: &Section, ring: usize, from: Slot) {
        let at = (chunk.start % BLOCK as u64) as usize;
        let ring = &mut self.rings[ring];
        match from {
            Slot::Poly(_) => {
                for g in chunk.sounding_groups(self.plan.groups()) {
                    let frames = self.pool.read::<LANES>(from, g, chunk.frames);
                    let places = ring.write_at::<LANES>(g, at, chunk.frames);
                    for (place, x) in places.iter_mut().zip(frames) {
                        *place = x.map(bounded);
                    }
                }
            }
            Slot::Mono(_) | Slot::Constant(_) => {
                let frames = self.pool.read::<1>(from, 0, chunk.frames);
                let places = ring.write_at::<1>(0, at, chunk.frames);
                for (place, x) in places.iter_mut().zip(frames) {
                    *place = x.map(bounded);
                }
            }
        }
    }

    pub(super) fn mix(&mut self, chunk: &Section, to: Slot, sources: &[MixSource]) {
        let mut buffer = self.pool.take(to);
        let sum = Sum { graph: self, chunk, to, sources, buffer: &mut buffer };
        if let Some(peaks) = self.arch.dispatch(sum) {
            *self.peaks = peaks;
        }
        self.pool.put(to, buffer);
    }

    /// Frames of `from` in lane group `group`, for a chunk that starts at `at` in its block.
    #[inline(always)]
    fn source<const L: usize>(&self, chunk: &Section, from: MixFrom, group: usize) -> &[[f32; L]] {
        match from {
            MixFrom::Slot(slot) => self.pool.read(slot, group, chunk.frames),
            MixFrom::Ring(ring) => {
                let at = (chunk.start % BLOCK as u64) as usize;
                self.rings[ring as usize].read_at(group, at, chunk.frames)
            }
        }
    }

    #[inline(always)]
    fn is_poly(&self, from: MixFrom) -> bool {
        match from {
            MixFrom::Slot(slot) => matches!(slot, Slot::Poly(_)),
            MixFrom::Ring(ring) => self.plan.rings[ring as usize].groups > 0,
        }
    }
}

/// A sum of cables, compiled for each instruction set.
struct Sum<'a> {
    graph: &'a Graph,
    chunk: &'a Section,
    to: Slot,
    sources: &'a [MixSource],
    buffer: &'a mut Buffer,
}

impl WithSimd for Sum<'_> {
    /// The voices' peaks, where they were looked at.
    type Output = Option<[f32; MAX_VOICES]>;

    #[inline(always)]
    fn with_simd<S: Simd>(self, _: S) -> Self::Output {
        let Self { graph, chunk, to, sources, buffer } = self;
        if matches!(to, Slot::Poly(_)) {
            for group in chunk.sounding_groups(graph.plan.groups()) {
                let steady = |s: &MixSource| is_steady(graph, chunk, s, group);
                let steady = sources.iter().all(steady);
                let frames = if steady { 1 } else { chunk.frames };
                let out = buffer.write::<LANES>(group, frames);
                for (n, source) in sources.iter().enumerate() {
                    add_poly(graph, chunk, group, source, out, n == 0);
                }
                if steady {
                    let row = out[0];
                    buffer.fill(group, chunk.frames, row);
                }
            }
            return None;
        }
        let mut peaks = None;
        let steady = sources.iter().all(|source| {
            if graph.is_poly(source.from) {
                let mut groups = chunk.sounding_groups(graph.plan.groups());
                groups.all(|group| is_steady(graph, chunk, source, group))
            } else {
                is_steady(graph, chunk, source, 0)
            }
        });
        let frames = if steady { 1 } else { chunk.frames };
        let out = buffer.write::<1>(0, frames).as_flattened_mut();
        for (n, source) in sources.iter().enumerate() {
            if graph.is_poly(source.from) {
                let peaks = peaks.get_or_insert(*graph.peaks);
                let mut sum = [0f32; BLOCK];
                add_voices(graph, chunk, source, &mut sum[..frames], peaks);
                add(gains(graph, chunk, source, frames), &sum[..frames], out, n == 0);
            } else {
                let x = graph.source::<1>(chunk, source.from, 0).as_flattened();
                add(gains(graph, chunk, source, frames), x, out, n == 0);
            }
        }
        if steady {
            let row = [out[0]];
            buffer.fill(0, chunk.frames, row);
        }
        peaks
    }
}

/// A gain that keeps its value, or one for each frame.
enum Gains {
    Still(f32),
    Moving([f32; BLOCK]),
}

#[inline(always)]
fn gains(graph: &Graph, chunk: &Section, source: &MixSource, frames: usize) -> Gains {
    if source.old_gain == source.gain {
        return Gains::Still(source.gain);
    }
    let fade = Fade::new(source.old_gain, source.gain, graph.ramp_start, graph.ramp_frames);
    let mut gains = [0.0; BLOCK];
    for (k, gain) in gains[..frames].iter_mut().enumerate() {
        *gain = fade.at(chunk.start + k as u64);
    }
    Gains::Moving(gains)
}

/// True when what `source` adds to lane group `group` keeps its values through the chunk.
#[inline(always)]
fn is_steady(graph: &Graph, chunk: &Section, source: &MixSource, group: usize) -> bool {
    match source.from {
        MixFrom::Slot(slot) => {
            let group = if matches!(slot, Slot::Poly(_)) { group } else { 0 };
            let fades = source.old_gain != source.gain && chunk.frames > 1;
            !fades && graph.pool.steady(slot, group)
        }
        MixFrom::Ring(_) => false,
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
    graph: &Graph,
    chunk: &Section,
    group: usize,
    source: &MixSource,
    out: &mut [[f32; LANES]],
    first: bool,
) {
    let frames = out.len();
    let gains = gains(graph, chunk, source, frames);
    let constant = matches!(source.from, MixFrom::Slot(Slot::Constant(_)));
    if constant || graph.is_poly(source.from) {
        let x = &graph.source::<LANES>(chunk, source.from, group)[..frames];
        match gains {
            Gains::Still(_) => add(gains, x.as_flattened(), out.as_flattened_mut(), first),
            Gains::Moving(gains) => {
                for ((out, x), gain) in out.iter_mut().zip(x).zip(gains) {
                    add(Gains::Still(gain), x, out, first);
                }
            }
        }
    } else {
        let mut spread = [0.0; BLOCK];
        let x = graph.source::<1>(chunk, source.from, 0).as_flattened();
        add(gains, x, &mut spread[..frames], true);
        for (out, x) in out.iter_mut().zip(spread) {
            for out in out.iter_mut() {
                *out = if first { x } else { *out + x };
            }
        }
    }
}

/// Adds up the voices that sound, and keeps the highest level of each.
#[inline(always)]
fn add_voices(
    graph: &Graph,
    chunk: &Section,
    source: &MixSource,
    sum: &mut [f32],
    peaks: &mut [f32; MAX_VOICES],
) {
    let mut rows = [[0f32; LANES]; BLOCK];
    let rows = &mut rows[..sum.len()];
    for group in chunk.sounding_groups(graph.plan.groups()) {
        let mask = (chunk.sounding >> (group * LANES)) as u16;
        // Lanes without a note may hold anything; they are not part of the sum.
        let heard: [u32; LANES] = std::array::from_fn(|l| if mask >> l & 1 == 1 { !0 } else { 0 });
        let frames = graph.source::<LANES>(chunk, source.from, group);
        let peaks = &mut peaks[group * LANES..(group + 1) * LANES];
        let mut highest = [0f32; LANES];
        for (row, x) in rows.iter_mut().zip(frames) {
            for l in 0..LANES {
                let x = f32::from_bits(x[l].to_bits() & heard[l]);
                highest[l] = if x.abs() > highest[l] { x.abs() } else { highest[l] };
                row[l] += x;
            }
        }
        for (peak, highest) in peaks.iter_mut().zip(highest) {
            *peak = peak.max(highest);
        }
    }
    for (sum, row) in sum.iter_mut().zip(rows) {
        *sum = add_lanes(row);
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

/// Sum of all lanes, always in the same order: halves onto halves.
#[inline(always)]
fn add_lanes(x: &[f32; LANES]) -> f32 {
    let a: [f32; 8] = std::array::from_fn(|l| x[l] + x[l + 8]);
    let b: [f32; 4] = std::array::from_fn(|l| a[l] + a[l + 4]);
    (b[0] + b[2]) + (b[1] + b[3])
}
