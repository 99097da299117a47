//! The steps between modules: sums of cables with their gains and fades, delays, feedback stores.

use super::{Graph, Section};
use crate::lanes::LANES;
use crate::module::BLOCK;
use crate::plan::{MixFrom, MixSource};
use crate::pool::Slot;
use crate::ramp::Fade;

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
        if matches!(to, Slot::Poly(_)) {
            for g in chunk.sounding_groups(self.plan.groups()) {
                let out = buffer.write::<LANES>(g, chunk.frames);
                for (n, source) in sources.iter().enumerate() {
                    self.add_poly(chunk, g, source, out, n == 0);
                }
            }
        } else {
            for (n, source) in sources.iter().enumerate() {
                self.add_mono(chunk, source, buffer.write::<1>(0, chunk.frames), n == 0);
            }
        }
        self.pool.put(to, buffer);
    }

    /// Frames of `from` in lane group `group`, for a chunk that starts at `at` in its block.
    fn source<const L: usize>(&self, chunk: &Section, from: MixFrom, group: usize) -> &[[f32; L]] {
        match from {
            MixFrom::Slot(slot) => self.pool.read(slot, group, chunk.frames),
            MixFrom::Ring(ring) => {
                let at = (chunk.start % BLOCK as u64) as usize;
                self.rings[ring as usize].read_at(group, at, chunk.frames)
            }
        }
    }

    fn is_poly(&self, from: MixFrom) -> bool {
        match from {
            MixFrom::Slot(slot) => matches!(slot, Slot::Poly(_)),
            MixFrom::Ring(ring) => self.plan.rings[ring as usize].groups > 0,
        }
    }

    fn gain(&self, source: &MixSource) -> Fade {
        Fade::new(source.old_gain, source.gain, self.ramp_start, self.ramp_frames)
    }

    fn add_poly(
        &self,
        chunk: &Section,
        group: usize,
        source: &MixSource,
        out: &mut [[f32; LANES]],
        first: bool,
    ) {
        let gain = self.gain(source);
        let constant = matches!(source.from, MixFrom::Slot(Slot::Constant(_)));
        if constant || self.is_poly(source.from) {
            let frames = self.source::<LANES>(chunk, source.from, group);
            for (k, (out, x)) in out.iter_mut().zip(frames).enumerate() {
                let g = gain.at(chunk.start + k as u64);
                for (out, x) in out.iter_mut().zip(x) {
                    *out = if first { g * x } else { *out + g * x };
                }
            }
        } else {
            let frames = self.source::<1>(chunk, source.from, 0);
            for (k, (out, &[x])) in out.iter_mut().zip(frames).enumerate() {
                let x = gain.at(chunk.start + k as u64) * x;
                for out in out.iter_mut() {
                    *out = if first { x } else { *out + x };
                }
            }
        }
    }

    fn add_mono(&mut self, chunk: &Section, source: &MixSource, out: &mut [[f32; 1]], first: bool) {
        let gain = self.gain(source);
        if !self.is_poly(source.from) {
            let frames = self.source::<1>(chunk, source.from, 0);
            for (k, ([out], &[x])) in out.iter_mut().zip(frames).enumerate() {
                let x = gain.at(chunk.start + k as u64) * x;
                *out = if first { x } else { *out + x };
            }
            return;
        }
        let mut sum = [0f32; BLOCK];
        let mut peaks = self.peaks;
        for g in chunk.sounding_groups(self.plan.groups()) {
            let mask = (chunk.sounding >> (g * LANES)) as u16;
            let frames = self.source::<LANES>(chunk, source.from, g);
            let peaks = &mut peaks[g * LANES..(g + 1) * LANES];
            for (sum, x) in sum.iter_mut().zip(frames) {
                // Lanes without a note may hold anything; they are not part of the sum.
                let heard: [f32; LANES] =
                    std::array::from_fn(|l| if mask >> l & 1 == 1 { x[l] } else { 0.0 });
                for (peak, x) in peaks.iter_mut().zip(&heard) {
                    *peak = peak.max(x.abs());
                }
                *sum += add_lanes(heard);
            }
        }
        self.peaks = peaks;
        for (k, ([out], x)) in out.iter_mut().zip(sum).enumerate() {
            let x = gain.at(chunk.start + k as u64) * x;
            *out = if first { x } else { *out + x };
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

/// Sum of all lanes, always in the same order: halves onto halves.
#[inline(always)]
fn add_lanes(x: [f32; LANES]) -> f32 {
    let a: [f32; 8] = std::array::from_fn(|l| x[l] + x[l + 8]);
    let b: [f32; 4] = std::array::from_fn(|l| a[l] + a[l + 4]);
    (b[0] + b[2]) + (b[1] + b[3])
}
