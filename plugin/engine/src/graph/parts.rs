//! Sums of several cables into one signal, in parts: the terms, in the order of their cables, are dealt
//! to as many partial sums in turn as a group has lanes, and those are folded in halves. So lanes that
//! stand side by side are added as the vectors that they are, and signals by themselves along their
//! frames, with the same bits.

use pulp::Simd;

use crate::lanes::{LANES, in_turn};
use crate::module::BLOCK;
use crate::plan::{MixFrom, MixSource};
use crate::pool::{Line, Pool, Slot};

/// Partial sums.
const PARTS: usize = LANES;
/// Fewest lanes in a row that are worth being added side by side.
const FEWEST: usize = 4;
/// Most buffers that are read in one pass over the sums: their gains stay in registers.
const PASS: usize = 4;

/// A sum that grows by terms.
#[repr(align(64))]
pub(super) struct Parts {
    /// Terms that it has.
    terms: usize,
    shape: Shape,
    /// By part and frame; those of the first `terms` parts count.
    columns: [[f32; BLOCK]; PARTS],
    /// By frame; part p stands at (p - turned) % PARTS.
    rows: [[f32; PARTS]; BLOCK],
}

/// Terms by themselves. A trait and no closure, which would not be inlined, and so not make vectors of
/// the set that it is called from.
pub(super) trait Singles {
    /// Adds term `n` to `part`, or writes it there where it is `empty`.
    fn add(&mut self, n: usize, part: &mut [f32], empty: bool);
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
pub(super) struct Abreast {
    /// Position of the first among the sources.
    at: u32,
    /// The buffer.
    line: Line,
    /// How many they are.
    count: u8,
    /// Part of lane 0, where lanes and parts stand one above the other.
    turned: u8,
    /// By lane; -0 for the others, which leaves of a 0 what changes no sum.
    gains: [f32; LANES],
    /// By lane, all bits or none: the other lanes may hold anything, so they are taken out as bits.
    kept: [u32; LANES],
}

impl Abreast {
    /// All among `sources` that are enough to be worth it.
    pub fn all<'a>(sources: &'a [MixSource], pool: &'a Pool) -> impl Iterator<Item = Self> + 'a {
        let mut at = 0;
        std::iter::from_fn(move || {
            while at < sources.len() {
                let abreast = Self::of(at, sources, pool);
                at += abreast.as_ref().map_or(1, |abreast| usize::from(abreast.count));
                if abreast.is_some() {
                    return abreast;
                }
            }
            None
        })
    }

    /// Those from source `at` on.
    fn of(at: usize, sources: &[MixSource], pool: &Pool) -> Option<Self> {
        let place = |source: &MixSource| match source.from {
            MixFrom::Lane(poly, lane) if source.old_gain == source.gain => Some((poly, lane)),
            _ => None,
        };
        let sources = &sources[at..];
        let (poly, first) = sources.first().and_then(place)?;
        let lanes = (first..LANES as u8).map(|lane| Some((poly, lane)));
        let count = sources.iter().zip(lanes).take_while(|(source, lane)| place(source) == *lane);
        let (first, count) = (usize::from(first), count.count());
        let (mut gains, mut kept) = ([-0.0; LANES], [0; LANES]);
        for (gain, source) in gains[first..].iter_mut().zip(&sources[..count]) {
            *gain = source.gain;
        }
        kept[first..first + count].fill(u32::MAX);
        let line = pool.line(Slot::Poly(poly));
        let turned = ((at + LANES - first) % PARTS) as u8;
        let abreast = Self { at: at as u32, line, count: count as u8, turned, gains, kept };
        (count >= FEWEST).then_some(abreast)
    }

    /// True when they are all lanes of the buffer.
    #[inline(always)]
    fn is_full(&self) -> bool {
        usize::from(self.count) == LANES
    }

    /// How many of `all`, the first of which has its turn, can be added in one pass: those that follow
    /// each other, each of them full, and no more than `PASS`.
    #[inline(always)]
    fn in_a_pass(all: &[Self]) -> usize {
        let follows = |pair: &&[Self]| {
            let full = pair[0].is_full() && pair[1].is_full();
            full && pair[1].at as usize == pair[0].at as usize + LANES
        };
        1 + all.windows(2).take(PASS - 1).take_while(follows).count()
    }
}

impl Parts {
    /// Room for a sum.
    pub fn new() -> Self {
        let (columns, rows) = ([[0.0; BLOCK]; PARTS], [[0.0; PARTS]; BLOCK]);
        Self { terms: 0, shape: Shape::Columns, columns, rows }
    }

    /// Writes the sum of `count` terms to `out`: those of `abreast`, which are read from `pool`, and any
    /// other of `singles`.
    #[inline(always)]
    pub fn sum_up<S: Simd>(
        &mut self,
        simd: S,
        count: usize,
        (mut abreast, pool): (&[Abreast], &Pool),
        singles: &mut impl Singles,
        out: &mut [f32],
    ) {
        // What is left of the last sum is written before it is read.
        (self.terms, self.shape) = (0, Shape::Columns);
        while self.terms < count {
            if abreast.first().is_some_and(|first| first.at as usize == self.terms) {
                let (now, later) = abreast.split_at(Abreast::in_a_pass(abreast));
                self.add(simd, now, pool, out.len());
                abreast = later;
            } else {
                self.add_one(singles, out.len());
            }
        }
        self.fold_up(simd, out);
    }

    /// Adds one term of `frames` frames, of `singles`.
    #[inline(always)]
    fn add_one(&mut self, singles: &mut impl Singles, frames: usize) {
        let part = self.terms % PARTS;
        match self.shape {
            Shape::Columns => {
                let empty = self.terms < PARTS;
                singles.add(self.terms, &mut self.columns[part][..frames], empty);
            }
            Shape::Rows { turned } => {
                let (mut term, place) = ([0.0; BLOCK], (part + PARTS - turned) % PARTS);
                singles.add(self.terms, &mut term[..frames], true);
                for (row, x) in self.rows.iter_mut().zip(&term[..frames]) {
                    in_turn::<PARTS>();
                    row[place] += x;
                }
            }
        }
        self.terms += 1;
    }

    /// Adds the lanes of all of `abreast`, at most `PASS`, one term each.
    #[inline(always)]
    fn add<S: Simd>(&mut self, simd: S, abreast: &[Abreast], pool: &Pool, frames: usize) {
        match abreast {
            [a] if !a.is_full() => self.pass::<S, 1, false>(simd, [a], pool, frames),
            [a] => self.pass::<S, 1, true>(simd, [a], pool, frames),
            [a, b] => self.pass::<S, 2, true>(simd, [a, b], pool, frames),
            [a, b, c] => self.pass::<S, 3, true>(simd, [a, b, c], pool, frames),
            [a, b, c, d, ..] => self.pass::<S, 4, true>(simd, [a, b, c, d], pool, frames),
            [] => {}
        }
    }

    /// One pass over the sums; `FULL` where all lanes count.
    #[inline(always)]
    fn pass<S: Simd, const N: usize, const FULL: bool>(
        &mut self,
        simd: S,
        abreast: [&Abreast; N],
        pool: &Pool,
        frames: usize,
    ) {
        let mut terms = [Terms::<FULL>::of(abreast[0], pool, frames); N];
        for (terms, abreast) in terms.iter_mut().zip(abreast) {
            *terms = Terms::of(abreast, pool, frames);
        }
        let first = self.terms == 0;
        if first {
            self.shape = Shape::Rows { turned: usize::from(abreast[0].turned) };
        } else {
            self.lay_out(usize::from(abreast[0].turned), frames);
        }
        for abreast in abreast {
            self.terms += usize::from(abreast.count);
        }
        let sums = &mut self.rows[..frames];
        #[cfg(target_arch = "x86_64")]
        if let Some(avx) = x86::avx(&simd) {
            return if first {
                x86::add::<N, FULL, true>(avx, sums, terms)
            } else {
                x86::add::<N, FULL, false>(avx, sums, terms)
            };
        }
        let _ = simd;
        for (k, sum) in sums.iter_mut().enumerate() {
            let mut parts = if first { [-0.0; LANES] } else { *sum };
            for terms in &terms {
                let x = terms.rows[k];
                for l in 0..LANES {
                    parts[l] += terms.gains[l] * f32::from_bits(x[l].to_bits() & terms.kept[l]);
                }
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
                    in_turn::<PARTS>();
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
                        in_turn::<PARTS>();
                        row[place] = *x;
                    }
                }
            }
        }
        self.shape = Shape::Rows { turned };
    }

    /// Writes the sum of all terms.
    #[inline(always)]
    fn fold_up<S: Simd>(&mut self, simd: S, out: &mut [f32]) {
        if let Shape::Rows { .. } = self.shape {
            // Halves onto halves give the same wherever the first part stands.
            for (out, x) in out.iter_mut().zip(&self.rows) {
                in_turn::<PARTS>();
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

/// The lanes of one buffer, to be added.
#[derive(Clone, Copy)]
struct Terms<'a, const FULL: bool> {
    /// By frame.
    rows: &'a [[f32; LANES]],
    gains: [f32; LANES],
    kept: [u32; LANES],
}

impl<'a, const FULL: bool> Terms<'a, FULL> {
    #[inline(always)]
    fn of(abreast: &Abreast, pool: &'a Pool, frames: usize) -> Self {
        let rows = &pool.read(abreast.line, 0, frames)[..frames];
        let kept = if FULL { [u32::MAX; LANES] } else { abreast.kept };
        Self { rows, gains: abreast.gains, kept }
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

    use super::{LANES, Terms, in_turn};

    /// `simd`, where it has AVX.
    #[inline(always)]
    pub fn avx<S: Simd>(simd: &S) -> Option<V3> {
        let simd: &dyn Any = simd;
        let v4 = || simd.downcast_ref::<V4>().map(|v4| **v4);
        simd.downcast_ref::<V3>().copied().or_else(v4)
    }

    /// Adds `terms` to each of `sums`, or writes their sum where they are the first.
    #[inline(always)]
    pub fn add<const N: usize, const FULL: bool, const FIRST: bool>(
        simd: V3,
        sums: &mut [[f32; LANES]],
        mut terms: [Terms<'_, FULL>; N],
    ) {
        let avx = simd.avx;
        let frames = sums.len();
        let terms = &mut terms;
        terms.iter_mut().for_each(|terms| terms.rows = &terms.rows[..frames]);
        for k in 0..frames {
            in_turn::<LANES>();
            let mut parts: [__m256; 2] = pulp::cast(if FIRST { [-0.0; LANES] } else { sums[k] });
            // By number: terms by themselves would each be asked whether they are there.
            for n in 0..N {
                let Terms { rows, gains, kept } = &terms[n];
                let x: [__m256; 2] = pulp::cast(rows[k]);
                let (gains, kept): ([__m256; 2], [__m256; 2]) =
                    (pulp::cast(*gains), pulp::cast(*kept));
                for h in 0..2 {
                    let x = if FULL { x[h] } else { avx._mm256_and_ps(x[h], kept[h]) };
                    parts[h] = avx._mm256_add_ps(parts[h], avx._mm256_mul_ps(gains[h], x));
                }
            }
            sums[k] = pulp::cast(parts);
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

    /// Source `n` of a sum: lane `lane` of buffer `poly`.
    fn source(n: usize, (poly, lane): (u32, usize)) -> MixSource {
        let gain = 0.1 + 0.1 * (n * 7 % 13) as f32;
        MixSource { from: MixFrom::Lane(poly, lane as u8), old_gain: gain, gain }
    }

    fn value(k: usize, (poly, lane): (u32, usize)) -> f32 {
        (k as f32 * 1.7 + lane as f32 * 0.9 + poly as f32 * 2.3).sin()
    }

    struct Sum<'a> {
        pool: &'a Pool,
        frames: usize,
        sources: &'a [MixSource],
        side_by_side: bool,
    }

    struct Columns<'a> {
        pool: &'a Pool,
        sources: &'a [MixSource],
    }

    impl Singles for Columns<'_> {
        fn add(&mut self, n: usize, part: &mut [f32], empty: bool) {
            let MixSource { from: MixFrom::Lane(poly, lane), gain, .. } = self.sources[n] else {
                unreachable!()
            };
            let rows = self.pool.read(self.pool.line(Slot::Poly(poly)), 0, part.len());
            for (sum, row) in part.iter_mut().zip(rows) {
                let row: &[f32; LANES] = row;
                let term = gain * row[usize::from(lane)];
                *sum = if empty { term } else { *sum + term };
            }
        }
    }

    /// Takes a zero away from what there is, and begins with one.
    struct Zeros;

    impl Singles for Zeros {
        fn add(&mut self, _: usize, part: &mut [f32], empty: bool) {
            part[0] = if empty { -0.0 } else { part[0] - 0.0 };
        }
    }

    impl WithSimd for Sum<'_> {
        type Output = Vec<f32>;

        #[inline(always)]
        fn with_simd<S: Simd>(self, simd: S) -> Vec<f32> {
            let Self { pool, frames, sources, side_by_side } = self;
            let (mut parts, mut out) = (Parts::new(), vec![f32::NAN; frames]);
            let all = Abreast::all(sources, pool).filter(|_| side_by_side).collect::<Vec<_>>();
            let singles = &mut Columns { pool, sources };
            parts.sum_up(simd, sources.len(), (&all, pool), singles, &mut out);
            out
        }
    }

    /// Buffers in which frame k of a lane holds what `value` says.
    fn pool(buffers: usize, frames: usize, value: impl Fn(usize, (u32, usize)) -> f32) -> Pool {
        let mut pool = Pool::new(0, buffers, 1, &[]);
        for poly in 0..buffers as u32 {
            let line = pool.line(Slot::Poly(poly));
            for (k, row) in pool.buffer(line).write::<LANES>(0, frames).iter_mut().enumerate() {
                *row = std::array::from_fn(|lane| value(k, (poly, lane)));
            }
        }
        pool
    }

    /// The sum of `order` of lanes in `pool`, term by term or as many as can side by side, which all
    /// instruction sets agree on.
    fn sum(pool: &Pool, frames: usize, order: &[(u32, usize)], side_by_side: bool) -> Vec<f32> {
        let sources = order.iter().enumerate().map(|(n, &place)| source(n, place));
        let sources: Vec<MixSource> = sources.collect();
        let sum = |arch: Arch| arch.dispatch(Sum { pool, frames, sources: &sources, side_by_side });
        let bits = |sum: &[f32]| sum.iter().map(|x| x.to_bits()).collect::<Vec<_>>();
        let (best, baseline) = (sum(Arch::new()), sum(Arch::Scalar));
        assert_eq!(bits(&best), bits(&baseline), "{order:?}");
        best
    }

    #[test]
    fn lanes_side_by_side_are_added_as_one_after_the_other() {
        let frames = 40;
        let pool = pool(PASS + 3, frames, value);
        let all = |poly: u32| (0..LANES).map(move |lane| (poly, lane));
        let some = |lanes: &[usize]| lanes.iter().map(|&lane| (1, lane)).collect::<Vec<_>>();
        let orders: [Vec<(u32, usize)>; 9] = [
            some(&[3]),
            all(2).collect(),
            // More than are added in one pass, and not in the order of the buffers.
            [4, 0, 6, 1, 5, 3, 2].into_iter().flat_map(all).chain(all(0).take(7)).collect(),
            some(&[5]).into_iter().chain((0..3).flat_map(all)).collect(),
            all(1).take(6).collect(),
            all(1).rev().collect(),
            all(1).chain(all(1)).collect(),
            // A lane is left out, and comes last.
            all(0).filter(|place| place.1 != 3).chain(all(1)).chain([(0, 3)]).collect(),
            some(&[9, 0, 1, 2, 3, 4, 5, 7, 8, 9, 10, 2, 11, 12, 13, 14, 15]),
        ];
        for order in orders {
            let [together, single] = [true, false].map(|side| sum(&pool, frames, &order, side));
            for (k, (a, b)) in together.iter().zip(&single).enumerate() {
                let terms = order.iter().enumerate();
                let term = |(n, &place): (usize, &(u32, usize))| {
                    f64::from(source(n, place).gain * value(k, place))
                };
                let exact: f64 = terms.map(term).sum();
                assert!((f64::from(*a) - exact).abs() < 1e-4, "{order:?} {k}: {a}, not {exact}");
                assert_eq!(a.to_bits(), b.to_bits(), "{order:?} {k}");
            }
        }
    }

    #[test]
    fn lanes_that_are_not_meant_may_hold_anything() {
        let wild = |_, (_, lane)| match lane {
            0 => f32::NAN,
            9 => f32::INFINITY,
            _ => 1.0,
        };
        let pool = pool(1, 3, wild);
        let order: Vec<(u32, usize)> = (1..9).map(|lane| (0, lane)).collect();
        let [together, single] = [true, false].map(|side| sum(&pool, 3, &order, side));
        assert_eq!(together, single);
        assert!(together.iter().all(|x| x.is_finite()));
    }

    #[test]
    fn a_zero_keeps_its_sign() {
        let (mut parts, mut out) = (Parts::new(), [f32::NAN]);
        let none = (&[][..], &Pool::new(0, 1, 1, &[]));
        parts.sum_up(pulp::Scalar::new(), 3, none, &mut Zeros, &mut out);
        assert_eq!(out[0].to_bits(), (-0.0f32).to_bits());
    }
}
