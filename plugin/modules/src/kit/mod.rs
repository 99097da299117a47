//! What modules share: how a chunk is looked at, tempo divisions, and measuring in tests.
//!
//! Loops read a frame's lanes into an array, compute a new one and store it whole: the compiler need
//! not prove that input and output are different memory to make vectors of the lanes.

pub mod division;
#[cfg(test)]
pub mod measure;

use chronus_engine::{BLOCK, ChunkRamp, Io};

/// The first `N` inputs, each of exactly `io.frames` frames.
#[inline(always)]
pub fn inputs<'a, const L: usize, const N: usize>(io: &Io<'a, L>) -> [&'a [[f32; L]]; N] {
    // A loop, not `from_fn`: that is not always inlined.
    let mut slices: [&[[f32; L]]; N] = [&[]; N];
    for (i, slice) in slices.iter_mut().enumerate() {
        *slice = &io.inputs.get(i)[..io.frames];
    }
    slices
}

/// The first `N` knobs.
#[inline(always)]
pub fn knobs<const L: usize, const N: usize>(io: &Io<'_, L>) -> [ChunkRamp; N] {
    let mut knobs = [io.params.get(0); N];
    for (i, knob) in knobs.iter_mut().enumerate() {
        *knob = io.params.get(i);
    }
    knobs
}

/// A knob's value at each frame of a chunk: loops over it have no branch in them.
#[inline(always)]
pub fn frames(knob: ChunkRamp) -> [f32; BLOCK] {
    match knob.settled() {
        Some(value) => [value; BLOCK],
        None => {
            let mut values = [0.0; BLOCK];
            for (k, value) in values.iter_mut().enumerate() {
                *value = knob.at(k);
            }
            values
        }
    }
}

/// Writes a function of the first inputs and of knobs, without memory, to every lane and frame of
/// the first output: once where nothing moves.
#[inline(always)]
pub fn map<const L: usize, const I: usize, const K: usize>(
    io: &mut Io<'_, L>,
    knobs: [ChunkRamp; K],
    f: impl Fn([f32; I], [f32; K]) -> f32,
) {
    let inputs = inputs::<L, I>(io);
    let mut steady = still(&knobs);
    for i in 0..I {
        steady &= io.inputs.steady(i);
    }
    if steady {
        let mut slices: [&[f32]; I] = [&[]; I];
        for (slice, input) in slices.iter_mut().zip(inputs) {
            *slice = &input[0];
        }
        let mut row = [0.0; L];
        write(&mut row, slices, at(&knobs, 0), &f);
        io.outputs.fill(0, row);
        return;
    }
    let out = io.outputs.get(0);
    if still(&knobs) {
        let mut slices: [&[f32]; I] = [&[]; I];
        for (slice, input) in slices.iter_mut().zip(inputs) {
            *slice = input.as_flattened();
        }
        write(out.as_flattened_mut(), slices, at(&knobs, 0), &f);
    } else {
        for (k, frame) in out.iter_mut().enumerate() {
            let mut slices: [&[f32]; I] = [&[]; I];
            for (slice, input) in slices.iter_mut().zip(inputs) {
                *slice = &input[k];
            }
            write(frame, slices, at(&knobs, k), &f);
        }
    }
}

/// The knobs' values at frame `k`.
#[inline(always)]
fn at<const K: usize>(knobs: &[ChunkRamp; K], k: usize) -> [f32; K] {
    let mut values = [0.0; K];
    for (value, knob) in values.iter_mut().zip(knobs) {
        *value = knob.at(k);
    }
    values
}

/// Writes a function of flat inputs and fixed knob values.
#[inline(always)]
fn write<const I: usize, const K: usize>(
    out: &mut [f32],
    inputs: [&[f32]; I],
    values: [f32; K],
    f: impl Fn([f32; I], [f32; K]) -> f32,
) {
    let n = out.len();
    let mut slices: [&[f32]; I] = [&[]; I];
    for (slice, input) in slices.iter_mut().zip(inputs) {
        *slice = &input[..n];
    }
    for (i, y) in out.iter_mut().enumerate() {
        let mut x = [0.0; I];
        for (x, slice) in x.iter_mut().zip(slices) {
            *x = slice[i];
        }
        *y = f(x, values);
    }
}

/// True when none of `knobs` moves in this chunk.
#[inline(always)]
pub fn still(knobs: &[ChunkRamp]) -> bool {
    let mut still = true;
    for knob in knobs {
        still &= knob.settled().is_some();
    }
    still
}

/// True when every lane of these inputs is known to keep its value through the chunk, so that what
/// depends on them may be computed once. The result is the same either way: hoisting never changes
/// bits.
#[inline(always)]
pub fn steady<const L: usize>(io: &Io<'_, L>, inputs: &[usize]) -> bool {
    let mut steady = true;
    for &i in inputs {
        steady &= io.inputs.steady(i);
    }
    steady
}

/// True where a gate or trigger rises through one half.
#[inline(always)]
pub fn rises(before: f32, now: f32) -> bool {
    before < 0.5 && now >= 0.5
}

/// True when the chunk of `frames` from `start` ends at an absolute multiple of the longest chunk:
/// the moment for housekeeping that must not depend on how frames are cut.
#[inline(always)]
pub fn ends_block(start: u64, frames: usize) -> bool {
    (start + frames as u64).is_multiple_of(BLOCK as u64)
}

/// Clears what has decayed under any hearing (-300 dB), so that no recursion idles in subnormals.
#[inline(always)]
pub fn settle<const L: usize>(state: &mut [f32; L]) {
    for value in state {
        *value = if value.abs() < 1e-15 { 0.0 } else { *value };
    }
}
