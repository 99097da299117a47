//! Sums of several cables into one signal, in parts: the terms, in the order of their cables, are dealt
//! to as many partial sums in turn as a group has lanes, and those are folded in halves. So lanes that
//! stand side by side are added as the vectors that they are, and signals by themselves along their
//! frames, with the same bits.

use pulp::Simd;

use crate::lanes::LANES;
use crate::module::BLOCK;
use crate::plan::{MixFrom, MixSource};
use crate::pool::{Line, Pool, Slot};

/// Partial sums.
const PARTS: usize = LANES;
/// Fewest lanes in a row that are worth being added side by side.
const FEWEST: usize = 4;

/// A sum that grows by terms.
pub(super) struct Parts {
    /// Terms that it has.
    terms: usize,
    shape: Shape,
    /// By part and frame; those of the first `terms` parts count.
    columns: [[f32; BLOCK]; PARTS],
    /// By frame; part p stands at (p - turned) % PARTS.
    rows: [[f32; PARTS]; BLOCK],
}

/// How the partial sums are laid out: along the frames until the first row of lanes comes.
#[derive(Clone, Copy, PartialEq)]
enum Shape {
    Columns,
    Rows {
        /// Part of the first place.
        turned: usize,
    },
}

/// Sources of a sum that are lanes of one buffer, one beside the other, at gains that keep their values.
pub(super) struct Row {
    /// Position of the first among the sources.
    pub at: u32,
    /// The buffer.
    pub line: Line,
    /// Lane of the first.
    first: u8,
    /// How many they are.
    pub count: u8,
    /// By lane; -0 for the others, which leaves of a 0 what changes no sum.
    gains: [f32; LANES],
}

impl Row {
    /// All rows among `sources` that are long enough to be worth it.
    pub fn all<'a>(sources: &'a [MixSource], pool: &'a Pool) -> impl Iterator<Item = Self> + 'a {
        let mut at = 0;
        std::iter::from_fn(move || {
            while at < sources.len() {
                let row = Self::of(at, sources, pool);
                at += row.as_ref().map_or(1, |row| usize::from(row.count));
                if row.is_some() {
                    return row;
                }
            }
            None
        })
    }

    /// The row that begins at source `at`.
    fn of(at: usize, sources: &[MixSource], pool: &Pool) -> Option<Self> {
        let place = |source: &MixSource| match source.from {
            MixFrom::Lane(poly, lane) if source.old_gain == source.gain => Some((poly, lane)),
            _ => None,
        };
        let sources = &sources[at..];
        let (poly, first) = sources.first().and_then(place)?;
        let lanes = (first..LANES as u8).map(|lane| Some((poly, lane)));
        let count = sources.iter().zip(lanes).take_while(|(source, lane)| place(source) == *lane);
        let count = count.count();
        let mut gains = [-0.0; LANES];
        for (gain, source) in gains[usize::from(first)..].iter_mut().zip(&sources[..count]) {
            *gain = source.gain;
        }
        let line = pool.line(Slot::Poly(poly));
        let row = Self { at: at as u32, line, first, count: count as u8, gains };
        (count >= FEWEST).then_some(row)
    }
}

impl Parts {
    /// Room for a sum.
    pub fn new() -> Self {
        let (columns, rows) = ([[0.0; BLOCK]; PARTS], [[0.0; PARTS]; BLOCK]);
        Self { terms: 0, shape: Shape::Columns, columns, rows }
    }

    /// Begins a sum. What is left of the last one is written before it is read.
    #[inline(always)]
    pub fn begin(&mut self) {
        (self.terms, self.shape) = (0, Shape::Columns);
    }

    /// Adds one term of `frames` frames: `add` adds it to what it is given, or writes it where it is told
    /// that nothing stands there yet.
    #[inline(always)]
    pub fn add_one(&mut self, frames: usize, add: impl FnOnce(&mut [f32], bool)) {
        let part = self.terms % PARTS;
        match self.shape {
            Shape::Columns => add(&mut self.columns[part][..frames], self.terms < PARTS),
            Shape::Rows { turned } => {
                let (mut term, place) = ([0.0; BLOCK], (part + PARTS - turned) % PARTS);
                add(&mut term[..frames], true);
                for (row, x) in self.rows.iter_mut().zip(&term[..frames]) {
                    row[place] += x;
                }
            }
        }
        self.terms += 1;
    }

    /// Adds the lanes of `row`, one term each, from the frames of its buffer.
    #[inline(always)]
    pub fn add<S: Simd>(&mut self, simd: S, row: &Row, rows: &[[f32; LANES]]) {
        let (first, count) = (usize::from(row.first), usize::from(row.count));
        // Part of lane 0, where lanes and parts stand one above the other.
        self.lay_out((self.terms + LANES - first) % PARTS, rows.len());
        self.terms += count;
        // The other lanes may hold anything, so they are taken out as bits.
        let mut kept = [0; LANES];
        kept[first..first + count].fill(u32::MAX);
        let sums = &mut self.rows[..rows.len()];
        #[cfg(target_arch = "x86_64")]
        if let Some(avx) = x86::avx(&simd) {
            return x86::add(avx, sums, rows, row.gains, kept);
        }
        let _ = simd;
        for (sum, x) in sums.iter_mut().zip(rows) {
            let (mut parts, x) = (*sum, *x);
            for l in 0..LANES {
                parts[l] += row.gains[l] * f32::from_bits(x[l].to_bits() & kept[l]);
            }
            *sum = parts;
        }
    }

    /// Lays the parts out by frame, turned by `turned`.
    #[inline(always)]
    fn lay_out(&mut self, turned: usize, frames: usize) {
        match self.shape {
            Shape::Rows { turned: before } if before == turned => {}
            Shape::Rows { turned: before } => {
                let by = turned + PARTS - before;
                for row in &mut self.rows[..frames] {
                    let parts = *row;
                    for (place, x) in row.iter_mut().enumerate() {
                        *x = parts[(place + by) % PARTS];
                    }
                }
            }
            Shape::Columns => {
                // -0 is what changes no number when it is added, not even 0.
                self.rows[..frames].fill([-0.0; PARTS]);
                for (part, column) in self.columns[..self.terms.min(PARTS)].iter().enumerate() {
                    let place = (part + PARTS - turned) % PARTS;
                    for (row, x) in self.rows.iter_mut().zip(&column[..frames]) {
                        row[place] = *x;
                    }
                }
            }
        }
        self.shape = Shape::Rows { turned };
    }

    /// Writes the sum of all terms.
    #[inline(always)]
    pub fn sum<S: Simd>(&mut self, simd: S, out: &mut [f32]) {
        if let Shape::Rows { .. } = self.shape {
            // Halves onto halves give the same wherever the first part stands.
            for (out, x) in out.iter_mut().zip(&self.rows) {
                *out = fold(simd, x);
            }
            return;
        }
        let frames = out.len();
        let used = self.terms.min(PARTS);
        for half in [PARTS / 2, PARTS / 4, PARTS / 8, PARTS / 16] {
            for part in 0..half.min(used.saturating_sub(half)) {
                let (low, high) = self.columns.split_at_mut(half);
                let sums = low[part][..frames].iter_mut().zip(&high[part][..frames]);
                sums.for_each(|(sum, x)| *sum += x);
            }
        }
        out.copy_from_slice(&self.columns[0][..frames]);
    }
}

/// The sum of all lanes or parts: halves onto halves.
#[inline(always)]
pub(super) fn fold<S: Simd>(simd: S, x: &[f32; LANES]) -> f32 {
    #[cfg(target_arch = "x86_64")]
    if let Some(avx) = x86::avx(&simd) {
        return x86::fold(avx, x);
    }
    let _ = simd;
    // Loops, not `from_fn`: that is not always inlined.
    let (mut a, mut b) = ([0.0; 8], [0.0; 4]);
    for l in 0..8 {
        a[l] = x[l] + x[l + 8];
    }
    for l in 0..4 {
        b[l] = a[l] + a[l + 4];
    }
    (b[0] + b[2]) + (b[1] + b[3])
}

/// In vectors along the lanes; the compiler would take frames, one by one, from as many rows.
#[cfg(target_arch = "x86_64")]
mod x86 {
    use std::any::Any;
    use std::arch::x86_64::__m256;

    use pulp::Simd;
    use pulp::x86::{V3, V4};

    use super::LANES;

    /// `simd`, where it has AVX.
    #[inline(always)]
    pub fn avx<S: Simd>(simd: &S) -> Option<V3> {
        let simd: &dyn Any = simd;
        let v4 = || simd.downcast_ref::<V4>().map(|v4| **v4);
        simd.downcast_ref::<V3>().copied().or_else(v4)
    }

    /// Adds to each of `sums` as much of a row as is `kept`, by `gains`.
    #[inline(always)]
    pub fn add(
        simd: V3,
        sums: &mut [[f32; LANES]],
        rows: &[[f32; LANES]],
        gains: [f32; LANES],
        kept: [u32; LANES],
    ) {
        let avx = simd.avx;
        let (gains, masks): ([__m256; 2], [__m256; 2]) = (pulp::cast(gains), pulp::cast(kept));
        let all = kept == [u32::MAX; LANES];
        for (sum, x) in sums.iter_mut().zip(rows) {
            let mut parts: [__m256; 2] = pulp::cast(*sum);
            let x: [__m256; 2] = pulp::cast(*x);
            for h in 0..2 {
                let x = if all { x[h] } else { avx._mm256_and_ps(x[h], masks[h]) };
                parts[h] = avx._mm256_add_ps(parts[h], avx._mm256_mul_ps(gains[h], x));
            }
            *sum = pulp::cast(parts);
        }
    }

    #[inline(always)]
    pub fn fold(simd: V3, x: &[f32; LANES]) -> f32 {
        let [low, high]: [__m256; 2] = pulp::cast(*x);
        let eight = simd.avx._mm256_add_ps(low, high);
        let (low, high) =
            (simd.avx._mm256_castps256_ps128(eight), simd.avx._mm256_extractf128_ps::<1>(eight));
        let four = simd.sse._mm_add_ps(low, high);
        let two = simd.sse._mm_add_ps(four, simd.sse._mm_movehl_ps(four, four));
        let second = simd.sse3._mm_movehdup_ps(two);
        simd.sse._mm_cvtss_f32(simd.sse._mm_add_ss(two, second))
    }
}

#[cfg(test)]
mod tests {
    use pulp::{Arch, WithSimd};

    use super::*;

    fn source(lane: usize) -> MixSource {
        let gain = 0.1 + 0.1 * lane as f32;
        MixSource { from: MixFrom::Lane(0, lane as u8), old_gain: gain, gain }
    }

    fn value(k: usize, lane: usize) -> f32 {
        (k as f32 * 1.7 + lane as f32 * 0.9).sin()
    }

    struct Sum<'a> {
        rows: &'a [[f32; LANES]],
        sources: &'a [MixSource],
        side_by_side: bool,
    }

    impl WithSimd for Sum<'_> {
        type Output = Vec<f32>;

        #[inline(always)]
        fn with_simd<S: Simd>(self, simd: S) -> Vec<f32> {
            let Self { rows, sources, side_by_side } = self;
            let (mut parts, mut out) = (Parts::new(), vec![f32::NAN; rows.len()]);
            let pool = Pool::new(0, 1, 1, &[]);
            let all = Row::all(sources, &pool).filter(|_| side_by_side).collect::<Vec<_>>();
            let (mut all, mut n) = (all.iter().peekable(), 0);
            while n < sources.len() {
                if let Some(row) = all.next_if(|row| row.at as usize == n) {
                    parts.add(simd, row, rows);
                    n += usize::from(row.count);
                    continue;
                }
                let MixFrom::Lane(_, lane) = sources[n].from else { unreachable!() };
                parts.add_one(rows.len(), |part, empty| {
                    for (sum, row) in part.iter_mut().zip(rows) {
                        let term = sources[n].gain * row[usize::from(lane)];
                        *sum = if empty { term } else { *sum + term };
                    }
                });
                n += 1;
            }
            parts.sum(simd, &mut out);
            out
        }
    }

    /// The sum of `order` of the lanes of `rows`, term by term or as many as can side by side, which
    /// all instruction sets agree on.
    fn sum(rows: &[[f32; LANES]], order: &[usize], side_by_side: bool) -> Vec<f32> {
        let sources: Vec<MixSource> = order.iter().map(|&lane| source(lane)).collect();
        let sum = |arch: Arch| arch.dispatch(Sum { rows, sources: &sources, side_by_side });
        let bits = |sum: &[f32]| sum.iter().map(|x| x.to_bits()).collect::<Vec<_>>();
        let (best, baseline) = (sum(Arch::new()), sum(Arch::Scalar));
        assert_eq!(bits(&best), bits(&baseline), "{order:?}");
        best
    }

    #[test]
    fn lanes_side_by_side_are_added_as_one_after_the_other() {
        let rows: Vec<[f32; LANES]> =
            (0..40).map(|k| std::array::from_fn(|l| value(k, l))).collect();
        let orders: [Vec<usize>; 7] = [
            vec![3],
            (0..LANES).collect(),
            (0..6).collect(),
            (0..LANES).rev().collect(),
            (0..LANES).chain(0..LANES).collect(),
            // A lane is left out, and comes last.
            (0..3).chain(4..LANES).chain(0..LANES).chain([3]).collect(),
            vec![9, 0, 1, 2, 3, 4, 5, 7, 8, 9, 10, 2, 11, 12, 13, 14, 15],
        ];
        for order in orders {
            let (together, single) = (sum(&rows, &order, true), sum(&rows, &order, false));
            for (k, (a, b)) in together.iter().zip(&single).enumerate() {
                let exact: f64 =
                    order.iter().map(|&l| f64::from(source(l).gain * value(k, l))).sum();
                assert!((f64::from(*a) - exact).abs() < 1e-5, "{order:?} {k}: {a}, not {exact}");
                assert_eq!(a.to_bits(), b.to_bits(), "{order:?} {k}");
            }
        }
    }

    #[test]
    fn lanes_that_are_not_meant_may_hold_anything() {
        let mut rows = [[1.0; LANES]; 3];
        rows.iter_mut().for_each(|row| (row[0], row[9]) = (f32::NAN, f32::INFINITY));
        let order: Vec<usize> = (1..9).collect();
        assert_eq!(sum(&rows, &order, true), sum(&rows, &order, false));
        assert!(sum(&rows, &order, true).iter().all(|x| x.is_finite()));
    }

    #[test]
    fn a_zero_keeps_its_sign() {
        let (mut parts, mut out) = (Parts::new(), [f32::NAN]);
        for _ in 0..3 {
            parts.add_one(1, |part, empty| part[0] = if empty { -0.0 } else { part[0] - 0.0 });
        }
        parts.sum(pulp::Scalar::new(), &mut out);
        assert_eq!(out[0].to_bits(), (-0.0f32).to_bits());
    }
}
