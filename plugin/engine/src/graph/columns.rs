//! Sums of lanes of one buffer: mono modules that run side by side, heard together.

use pulp::Simd;

use crate::lanes::LANES;
use crate::plan::{MixFrom, MixSource};

/// Frames that are added up side by side.
const WIDE: usize = 16;

/// How many of `sources`, from the first on, are lanes of one buffer at gains that keep their values;
/// at most `LANES`.
pub(super) fn lanes_of_one(sources: &[MixSource]) -> usize {
    let buffer = |source: &MixSource| match source.from {
        MixFrom::Lane(poly, _) if source.old_gain == source.gain => Some(poly),
        _ => None,
    };
    let Some(first) = sources.first().and_then(buffer) else { return 0 };
    let same = sources.iter().take(LANES).take_while(|source| buffer(source) == Some(first));
    same.count()
}

/// Adds lanes of `rows` to `out` one after the other, in the order of `lanes`, or writes their sum where
/// they are the `first`: several frames at once.
#[inline(always)]
pub(super) fn add<S: Simd>(
    simd: S,
    rows: &[[f32; LANES]],
    lanes: &[MixSource],
    out: &mut [f32],
    first: bool,
) {
    let mut terms = [(0, 0.0); LANES];
    let used = lanes.len().min(LANES);
    let mut in_order = 0;
    for (n, (term, source)) in terms.iter_mut().zip(lanes).enumerate() {
        if let MixFrom::Lane(_, lane) = source.from {
            *term = (usize::from(lane) % LANES, source.gain);
        }
        in_order += usize::from(in_order == n && term.0 == n);
    }
    let terms = &terms[..used];
    let (whole, rest) = rows.as_chunks::<WIDE>();
    let (wide, narrow) = out.as_chunks_mut::<WIDE>();
    for (rows, out) in whole.iter().zip(wide) {
        // Adding to -0 changes no number, not even 0.
        let mut sum = if first { [-0.0; WIDE] } else { *out };
        let added = add_in_order(simd, rows, &terms[..in_order], &mut sum);
        for &(lane, gain) in &terms[added..] {
            let mut x = [0.0; WIDE];
            for k in 0..WIDE {
                x[k] = rows[k][lane];
            }
            for k in 0..WIDE {
                sum[k] += gain * x[k];
            }
        }
        *out = sum;
    }
    for (row, out) in rest.iter().zip(narrow) {
        let sum = if first { -0.0 } else { *out };
        *out = terms.iter().fold(sum, |sum, &(lane, gain)| sum + gain * row[lane]);
    }
}

/// Adds as many of `terms`, which are the first lanes in their order, as it is quick at.
#[inline(always)]
fn add_in_order<S: Simd>(
    simd: S,
    rows: &[[f32; LANES]; WIDE],
    terms: &[(usize, f32)],
    sum: &mut [f32; WIDE],
) -> usize {
    #[cfg(target_arch = "x86_64")]
    if let Some(avx) = x86::avx(&simd) {
        return x86::add_quads(avx, rows, terms, sum);
    }
    let _ = (simd, rows, terms, sum);
    0
}

/// In vectors of eight, which the compiler does not find by itself.
#[cfg(target_arch = "x86_64")]
mod x86 {
    use std::any::Any;
    use std::arch::x86_64::__m256;

    use pulp::Simd;
    use pulp::x86::{V3, V4};

    use super::{LANES, WIDE};

    /// Frames in a vector.
    const FRAMES: usize = 8;
    /// Lanes that are turned at a time.
    const QUAD: usize = 4;

    /// `simd`, where it has AVX.
    #[inline(always)]
    pub fn avx<S: Simd>(simd: &S) -> Option<V3> {
        let simd: &dyn Any = simd;
        let v4 = || simd.downcast_ref::<V4>().map(|v4| **v4);
        simd.downcast_ref::<V3>().copied().or_else(v4)
    }

    /// Adds the first lanes, as many fours as there are.
    #[inline(always)]
    pub fn add_quads(
        simd: V3,
        rows: &[[f32; LANES]; WIDE],
        terms: &[(usize, f32)],
        sum: &mut [f32; WIDE],
    ) -> usize {
        let avx = simd.avx;
        let rows = rows.as_chunks::<FRAMES>().0;
        let [mut low, mut high]: [__m256; 2] = pulp::cast(*sum);
        let quads = terms.as_chunks::<QUAD>().0;
        for (q, terms) in quads.iter().enumerate() {
            let (early, late) = (quad(simd, &rows[0], q * QUAD), quad(simd, &rows[1], q * QUAD));
            for i in 0..QUAD {
                let gain = avx._mm256_set1_ps(terms[i].1);
                low = avx._mm256_add_ps(low, avx._mm256_mul_ps(gain, early[i]));
                high = avx._mm256_add_ps(high, avx._mm256_mul_ps(gain, late[i]));
            }
        }
        *sum = pulp::cast([low, high]);
        quads.len() * QUAD
    }

    /// Four lanes of eight frames: each half of a vector is turned by itself, the first four frames in
    /// one, the others in the other.
    #[inline(always)]
    fn quad(simd: V3, rows: &[[f32; LANES]; FRAMES], lane: usize) -> [__m256; QUAD] {
        let at = |frame: usize| rows[frame].as_chunks::<QUAD>().0[lane / QUAD];
        let pair = |frame: usize| -> __m256 { pulp::cast([at(frame), at(frame + 4)]) };
        let [a, b, c, d] = [pair(0), pair(1), pair(2), pair(3)];
        let avx = simd.avx;
        let (low, low2) = (avx._mm256_unpacklo_ps(a, b), avx._mm256_unpacklo_ps(c, d));
        let (high, high2) = (avx._mm256_unpackhi_ps(a, b), avx._mm256_unpackhi_ps(c, d));
        [
            avx._mm256_shuffle_ps::<0x44>(low, low2),
            avx._mm256_shuffle_ps::<0xEE>(low, low2),
            avx._mm256_shuffle_ps::<0x44>(high, high2),
            avx._mm256_shuffle_ps::<0xEE>(high, high2),
        ]
    }
}

#[cfg(test)]
mod tests {
    use pulp::WithSimd;

    use super::*;

    struct Sum<'a>(&'a [[f32; LANES]], &'a [MixSource]);

    impl WithSimd for Sum<'_> {
        type Output = Vec<f32>;

        #[inline(always)]
        fn with_simd<S: Simd>(self, simd: S) -> Vec<f32> {
            let mut out = vec![f32::NAN; self.0.len()];
            add(simd, self.0, self.1, &mut out, true);
            add(simd, self.0, self.1, &mut out, false);
            out
        }
    }

    #[test]
    fn lanes_are_added_in_their_order_in_every_set() {
        let value = |k: usize, l: usize| (k as f32 * 1.7 + l as f32 * 0.9).sin();
        let rows: Vec<[f32; LANES]> =
            (0..40).map(|k| std::array::from_fn(|l| value(k, l))).collect();
        let source = |lane: usize| MixSource {
            from: MixFrom::Lane(0, lane as u8),
            old_gain: 0.1 * lane as f32,
            gain: 0.1 * lane as f32,
        };
        let orders: [Vec<usize>; 4] = [
            (0..LANES).collect(),
            (0..6).collect(),
            (0..LANES).rev().collect(),
            vec![0, 1, 2, 3, 9, 4, 5],
        ];
        for order in orders {
            let sources: Vec<MixSource> = order.iter().map(|&lane| source(lane)).collect();
            for arch in [pulp::Arch::Scalar, pulp::Arch::new()] {
                let sums = arch.dispatch(Sum(&rows, &sources));
                for (row, sum) in rows.iter().zip(sums) {
                    let terms = || order.iter().map(|&l| 0.1 * l as f32 * row[l]);
                    let expected = terms().chain(terms()).fold(-0.0f32, |sum, x| sum + x);
                    assert_eq!(sum.to_bits(), expected.to_bits(), "{order:?}");
                }
            }
        }
    }
}
