//! What modules share: how a chunk is looked at, tempo divisions, and measuring in tests.
//!
//! Loops read a frame's lanes into an array, compute a new one and store it whole: the compiler need
//! not prove that input and output are different memory to make vectors of the lanes.

pub mod division;
#[cfg(test)]
pub mod measure;
pub mod svf;

use chronus_dsp::random;
use chronus_engine::{Again, BLOCK, Io, Knob, Setup, in_turn};

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
pub fn knobs<'a, const L: usize, const N: usize>(io: &Io<'a, L>) -> [Knob<'a, L>; N] {
    io.params.first()
}

/// A row for each frame of a chunk.
pub enum Frames<const L: usize> {
    /// The same in all.
    Still([f32; L]),
    /// By frame.
    Each([[f32; L]; BLOCK]),
}

impl<const L: usize> Frames<L> {
    /// The row of frame `k`.
    #[inline(always)]
    pub fn at(&self, k: usize) -> [f32; L] {
        match self {
            Self::Still(row) => *row,
            Self::Each(rows) => rows[k],
        }
    }
}

/// A function of a knob at each frame of a chunk. One lane is always laid out by frame, so that
/// loops over them have no branch and become vectors.
#[inline(always)]
pub fn frames<const L: usize>(knob: Knob<'_, L>, f: impl Fn(f32) -> f32) -> Frames<L> {
    let first = knob.map(0, &f);
    match (knob.moves(), L) {
        (false, 1) => Frames::Each([first; BLOCK]),
        (false, _) => Frames::Still(first),
        (true, _) => {
            let mut rows = [first; BLOCK];
            for (k, row) in rows.iter_mut().enumerate() {
                in_turn::<L>();
                *row = knob.map(k, &f);
            }
            Frames::Each(rows)
        }
    }
}

/// Writes a function of the first inputs and of knobs, without memory, to every lane and frame of
/// the first output: once where nothing moves.
#[inline(always)]
pub fn map<const L: usize, const I: usize, const K: usize>(
    io: &mut Io<'_, L>,
    knobs: [Knob<'_, L>; K],
    f: impl Fn([f32; I], [f32; K]) -> f32,
) {
    let inputs = inputs::<L, I>(io);
    let still = still(&knobs);
    let mut steady = still;
    for i in 0..I {
        steady &= io.inputs.steady(i);
    }
    let mut values = at(&knobs, 0);
    if steady {
        let row = apply(inputs, 0, &values, &f);
        io.outputs.fill(0, row);
        io.rest();
        return;
    }
    let n = io.frames;
    let out = &mut io.outputs.get(0)[..n];
    if L == 1 && still {
        along(out.as_flattened_mut(), inputs, &values, &f);
        return;
    }
    for k in 0..n {
        in_turn::<L>();
        if k > 0 && !still {
            values = at(&knobs, k);
        }
        out[k] = apply(inputs, k, &values, &f);
    }
}

/// Writes a function of a row to each row: of groups four frames a turn, because the compiler does not
/// unroll the loop by itself; one lane by itself makes vectors along the frames.
#[inline(always)]
pub fn map_rows<const L: usize>(
    out: &mut [[f32; L]],
    input: &[[f32; L]],
    f: impl Fn([f32; L]) -> [f32; L],
) {
    let n = out.len();
    let input = &input[..n];
    let mut k = 0;
    while L > 1 && k + 4 <= n {
        in_turn::<L>();
        let (out, x) = (&mut out[k..k + 4], &input[k..k + 4]);
        for i in 0..4 {
            out[i] = f(x[i]);
        }
        k += 4;
    }
    while k < n {
        in_turn::<L>();
        out[k] = f(input[k]);
        k += 1;
    }
}

/// The knobs' values at frame `k`.
#[inline(always)]
fn at<const L: usize, const K: usize>(knobs: &[Knob<'_, L>; K], k: usize) -> [[f32; L]; K] {
    let mut values = [[0.0; L]; K];
    for (value, knob) in values.iter_mut().zip(knobs) {
        *value = knob.at(k);
    }
    values
}

/// A function of frame `k` of the inputs and of knob values.
#[inline(always)]
fn apply<const L: usize, const I: usize, const K: usize>(
    inputs: [&[[f32; L]]; I],
    k: usize,
    values: &[[f32; L]; K],
    f: impl Fn([f32; I], [f32; K]) -> f32,
) -> [f32; L] {
    let mut rows = [[0.0; L]; I];
    for (row, input) in rows.iter_mut().zip(inputs) {
        *row = input[k];
    }
    let mut y = [0.0; L];
    for l in 0..L {
        y[l] = f(lane(&rows, l), lane(values, l));
    }
    y
}

/// Writes a function of all frames of one lane and of fixed knob values.
#[inline(always)]
fn along<const L: usize, const I: usize, const K: usize>(
    out: &mut [f32],
    inputs: [&[[f32; L]]; I],
    values: &[[f32; L]; K],
    f: impl Fn([f32; I], [f32; K]) -> f32,
) {
    let n = out.len();
    let mut slices: [&[f32]; I] = [&[]; I];
    for (slice, input) in slices.iter_mut().zip(inputs) {
        *slice = &input.as_flattened()[..n];
    }
    for (i, y) in out.iter_mut().enumerate() {
        let mut x = [0.0; I];
        for (x, slice) in x.iter_mut().zip(slices) {
            *x = slice[i];
        }
        *y = f(x, lane(values, 0));
    }
}

/// Lane `l` of each of the rows.
#[inline(always)]
fn lane<const L: usize, const N: usize>(rows: &[[f32; L]; N], l: usize) -> [f32; N] {
    let mut values = [0.0; N];
    for (value, row) in values.iter_mut().zip(rows) {
        *value = row[l];
    }
    values
}

/// True when none of `knobs` moves in this chunk.
#[inline(always)]
pub fn still<const L: usize>(knobs: &[Knob<'_, L>]) -> bool {
    let mut still = true;
    for knob in knobs {
        still &= !knob.moves();
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

/// True when what input `input` reads keeps the values of `row` through the chunk. Without a cable too it
/// may move: a normal fades as a cable does.
#[inline(always)]
pub fn same<const L: usize>(io: &Again<'_, L>, input: usize, row: &[f32; L]) -> bool {
    io.inputs.steady(input) && differing(&io.inputs.get(input)[0], row) == 0
}

/// True where a gate or trigger rises through one half.
#[inline(always)]
pub fn rises(before: f32, now: f32) -> bool {
    before < 0.5 && now >= 0.5
}

/// The bits in which any lane of `a` and `b` differs.
#[inline(always)]
pub fn differing<const L: usize>(a: &[f32; L], b: &[f32; L]) -> u32 {
    let mut bits = 0;
    for l in 0..L {
        bits |= a[l].to_bits() ^ b[l].to_bits();
    }
    bits
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

/// A generator's state for each lane.
#[inline(always)]
pub fn seeds<const L: usize>(setup: &Setup) -> [u32; L] {
    std::array::from_fn(|l| random::seed(setup.lane_seed(l)))
}
