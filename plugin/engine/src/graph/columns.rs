//! Sums of lanes of one buffer: mono modules that run side by side, heard together.

use pulp::Simd;

use crate::lanes::LANES;
use crate::plan::{MixFrom, MixSource};

/// Frames that are added up side by side.
const WIDE: usize = 16;
/// Frames, then, of each lane.
type Columns = [[f32; WIDE]; LANES];

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
pub(super) fn add_lanes<S: Simd>(
    simd: S,
    rows: &[[f32; LANES]],
    lanes: &[MixSource],
    out: &mut [f32],
    first: bool,
) {
    let mut terms = [(0, 0.0); LANES];
    let used = lanes.len().min(LANES);
    for (term, source) in terms.iter_mut().zip(lanes) {
        if let MixFrom::Lane(_, lane) = source.from {
            *term = (usize::from(lane) % LANES, source.gain);
        }
    }
    let terms = &terms[..used];
    let (whole, rest) = rows.as_chunks::<WIDE>();
    let (wide, narrow) = out.as_chunks_mut::<WIDE>();
    for (rows, out) in whole.iter().zip(wide) {
        let columns = transposed(simd, rows);
        // Adding to -0 changes no number, not even 0.
        let mut sum = if first { [-0.0; WIDE] } else { *out };
        for &(lane, gain) in terms {
            let x = &columns[lane];
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

/// The lanes of `rows`.
#[inline(always)]
fn transposed<S: Simd>(simd: S, rows: &[[f32; LANES]; WIDE]) -> Columns {
    let mut columns = [[0.0; WIDE]; LANES];
    #[cfg(target_arch = "x86_64")]
    if let Some(avx) = x86::avx(&simd) {
        x86::transpose(avx, rows, &mut columns);
        return columns;
    }
    #[cfg(not(target_arch = "x86_64"))]
    let _ = simd;
    for (lane, column) in columns.iter_mut().enumerate() {
        for (x, row) in column.iter_mut().zip(rows) {
            *x = row[lane];
        }
    }
    columns
}

/// In vectors of eight, which the compiler does not find by itself.
#[cfg(target_arch = "x86_64")]
mod x86 {
    use std::any::Any;
    use std::arch::x86_64::__m256;

    use pulp::Simd;
    use pulp::x86::{V3, V4};

    use super::{Columns, LANES, WIDE};

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

    #[inline(always)]
    pub fn transpose(simd: V3, rows: &[[f32; LANES]; WIDE], columns: &mut Columns) {
        for (half, rows) in rows.as_chunks::<FRAMES>().0.iter().enumerate() {
            for lane in (0..LANES).step_by(QUAD) {
                for (i, column) in quad(simd, rows, lane).into_iter().enumerate() {
                    columns[lane + i].as_chunks_mut::<FRAMES>().0[half] = pulp::cast(column);
                }
            }
        }
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

    struct Turn<'a>(&'a [[f32; LANES]; WIDE]);

    impl WithSimd for Turn<'_> {
        type Output = Columns;

        #[inline(always)]
        fn with_simd<S: Simd>(self, simd: S) -> Columns {
            transposed(simd, self.0)
        }
    }

    #[test]
    fn rows_become_columns_in_every_set() {
        let rows = std::array::from_fn(|k| std::array::from_fn(|l| (k * LANES + l) as f32));
        for arch in [pulp::Arch::Scalar, pulp::Arch::new()] {
            let columns = arch.dispatch(Turn(&rows));
            for (k, row) in rows.iter().enumerate() {
                for (l, x) in row.iter().enumerate() {
                    assert_eq!(columns[l][k], *x);
                }
            }
        }
    }
}
