//! Elementary functions as polynomials and rationals, branch-free.
//!
//! Errors are stated against f64 and tested. The polynomials are Chebyshev fits, rounded to f32.

/// The smaller of two, as the vector instruction has it: `b` where either is NaN. `f32::min` leaves
/// the sign of a zero open, so its bits may differ from one instruction set to another.
#[inline(always)]
#[must_use]
pub fn min(a: f32, b: f32) -> f32 {
    if a < b { a } else { b }
}

/// The larger of two; `b` where either is NaN.
#[inline(always)]
#[must_use]
pub fn max(a: f32, b: f32) -> f32 {
    if a > b { a } else { b }
}

/// `x` brought into `low..=high`; NaN becomes `low`.
#[inline(always)]
#[must_use]
pub fn clamp(x: f32, low: f32, high: f32) -> f32 {
    min(max(x, low), high)
}

/// True when all of `values` are +0, bit for bit. No early exit, so that it becomes vectors.
#[inline(always)]
#[must_use]
pub fn is_zero(values: &[f32]) -> bool {
    let mut bits = 0;
    for x in values {
        bits |= x.to_bits();
    }
    bits == 0
}

/// All ones where `keep`, else 0: for `masked`. The compiler turns a select between numbers into
/// branches, but not this.
#[inline(always)]
#[must_use]
pub fn mask(keep: bool) -> u32 {
    u32::from(!keep).wrapping_sub(1)
}

/// `x` where `mask` is all ones, +0 where it is 0.
#[inline(always)]
#[must_use]
pub fn masked(x: f32, mask: u32) -> f32 {
    f32::from_bits(x.to_bits() & mask)
}

/// Adding this rounds an f32 under 2^22 to the nearest whole number, left in the low bits.
pub(crate) const ROUND: f32 = 12_582_912.0;

/// The whole number nearest to `x`, |x| < 2^22.
#[inline(always)]
#[must_use]
pub fn round(x: f32) -> f32 {
    (x + ROUND) - ROUND
}

/// The largest whole number not above `x`, |x| < 2^22.
#[inline(always)]
#[must_use]
pub fn floor(x: f32) -> f32 {
    let near = round(x);
    near - if near > x { 1.0 } else { 0.0 }
}

/// sin(2 pi t) for |t| <= 1/4 turn. Error under 3e-7.
#[inline(always)]
#[must_use]
pub fn sin_quarter(t: f32) -> f32 {
    let u = t * t;
    let p = -76.581_17 + u * 39.759_827;
    let p = 81.602_48 + u * p;
    let p = -41.341_68 + u * p;
    t * (6.283_185_5 + u * p)
}

/// Sine of `turns` turns, |turns| < 2^22. Error under 3e-7 for |turns| <= 1.
#[inline(always)]
#[must_use]
pub fn sin(turns: f32) -> f32 {
    let r = turns - round(turns);
    // Folded about the crest without rounding, so that small angles keep their precision.
    let t = min(r.abs(), 0.5 - r.abs());
    sin_quarter(t).copysign(r)
}

/// Cosine of `turns` turns, |turns| < 2^22. Error under 3e-7 for |turns| <= 1.
#[inline(always)]
#[must_use]
pub fn cos(turns: f32) -> f32 {
    sin_quarter(0.25 - (turns - round(turns)).abs())
}

/// Tangent of `turns` turns, 0 <= turns < 1/4. Relative error under 1e-6.
#[inline(always)]
#[must_use]
pub fn tan(turns: f32) -> f32 {
    // Cosine from its own argument's complement, so that the pole is met with full precision.
    sin_quarter(turns) / sin_quarter(0.25 - turns)
}

/// 2^x, within 2^-126..=2^127. Relative error under 3e-7; exact for whole x.
#[inline(always)]
#[must_use]
pub fn exp2(x: f32) -> f32 {
    let x = clamp(x, -126.0, 127.0);
    let shifted = x + ROUND;
    let f = x - (shifted - ROUND);
    let p = 0.009_666_368 + f * 0.001_338_130_2;
    let p = 0.055_503_81 + f * p;
    let p = 0.240_223_5 + f * p;
    let p = std::f32::consts::LN_2 + f * p;
    let p = 1.0 + f * p;
    // `shifted` holds the whole part in its low bits; shifted to the exponent, it scales.
    let scale = f32::from_bits(shifted.to_bits().wrapping_add(127) << 23);
    p * scale
}

/// Logarithm to base 2 of a normal, positive `x`. Error under 3e-7 plus half a unit in the last
/// place.
#[inline(always)]
#[must_use]
pub fn log2(x: f32) -> f32 {
    // x = 2^e * m with m in sqrt(1/2)..sqrt(2); log2 m as a series in (m - 1) / (m + 1).
    const HALF_ROOT: u32 = 0x3f35_04f3;
    let offset = x.to_bits().wrapping_sub(HALF_ROOT);
    let e = (offset as i32 >> 23) as f32;
    let m = f32::from_bits((offset & 0x007f_ffff).wrapping_add(HALF_ROOT));
    let s = (m - 1.0) / (m + 1.0);
    let u = s * s;
    let p = 0.576_715_2 + u * 0.431_717_7;
    let p = 0.961_798_85 + u * p;
    e + s * (2.885_39 + u * p)
}

/// Hyperbolic tangent. Error under 3e-7; never beyond 1.
///
/// The rational of degree 13/6 that Eigen uses (`ptanh_float`).
#[inline(always)]
#[must_use]
pub fn tanh(x: f32) -> f32 {
    let x = clamp(x, -7.905_311, 7.905_311);
    let u = x * x;
    let p = 2.000_188e-13 + u * -2.760_768_5e-16;
    let p = -8.604_672e-11 + u * p;
    let p = 5.122_297e-8 + u * p;
    let p = 1.485_722_4e-5 + u * p;
    let p = 6.372_619_3e-4 + u * p;
    let p = 4.893_524_6e-3 + u * p;
    let q = 1.185_347_1e-4 + u * 1.198_258_4e-6;
    let q = 2.268_434_6e-3 + u * q;
    let q = 4.893_525e-3 + u * q;
    clamp(x * p / q, -1.0, 1.0)
}

/// Linear gain of `db` decibels; exactly 1 at 0.
#[inline(always)]
#[must_use]
pub fn db_to_gain(db: f32) -> f32 {
    exp2(db * 0.166_096_4)
}

/// Decibels of a linear gain; gains under 1e-30 read as 1e-30 (-600 dB).
#[inline(always)]
#[must_use]
pub fn gain_to_db(gain: f32) -> f32 {
    log2(max(gain, 1e-30)) * 6.020_6
}

/// `x`, or 0 where |x| is too small to matter (under 1e-20): keeps recursions out of subnormals
/// without the host's flush-to-zero.
#[inline(always)]
#[must_use]
pub fn snap(x: f32) -> f32 {
    // A select would become a store under a mask, which is slow.
    masked(x, !mask(x.abs() < 1e-20))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn worst(range: (f64, f64), f: impl Fn(f32) -> f32, reference: impl Fn(f64) -> f64) -> f64 {
        let n = 200_000;
        let at = |i: i32| (range.0 + (range.1 - range.0) * f64::from(i) / f64::from(n)) as f32;
        let error = |x: f32| (f64::from(f(x)) - reference(f64::from(x))).abs();
        (0..=n).map(|i| error(at(i))).fold(0.0, f64::max)
    }

    fn worst_relative(
        range: (f64, f64),
        f: impl Fn(f32) -> f32,
        reference: impl Fn(f64) -> f64,
    ) -> f64 {
        let n = 200_000;
        let at = |i: i32| (range.0 + (range.1 - range.0) * f64::from(i) / f64::from(n)) as f32;
        let error = |x: f32| (f64::from(f(x)) / reference(f64::from(x)) - 1.0).abs();
        (0..=n).map(|i| error(at(i))).fold(0.0, f64::max)
    }

    #[test]
    fn sines() {
        let turn = std::f64::consts::TAU;
        assert!(worst((-0.25, 0.25), sin_quarter, |t| (t * turn).sin()) < 3e-7);
        assert!(worst((-1.0, 1.0), sin, |t| (t * turn).sin()) < 3e-7);
        assert!(worst((-1.0, 1.0), cos, |t| (t * turn).cos()) < 3e-7);
        assert!(worst_relative((1e-4, 0.2499), tan, |t| (t * turn).tan()) < 1e-6);
    }

    #[test]
    fn exponentials() {
        assert!(worst_relative((-125.0, 126.0), exp2, f64::exp2) < 3e-7);
        for whole in -126..=127 {
            assert_eq!(exp2(whole as f32), (f64::from(whole)).exp2() as f32);
        }
        assert!(exp2(f32::NEG_INFINITY) > 0.0 && exp2(f32::INFINITY).is_finite());
        assert!(worst((1e-3, 4.0), log2, f64::log2) < 8e-7);
        assert!(worst((0.5, 2.0), log2, f64::log2) < 3e-7);
        assert!(worst_relative((-90.0, 30.0), db_to_gain, |db| 10f64.powf(db / 20.0)) < 1.5e-6);
        assert!(worst((1e-4, 8.0), gain_to_db, |g| 20.0 * g.log10()) < 1e-5);
        assert_eq!(db_to_gain(0.0), 1.0);
    }

    #[test]
    fn saturation() {
        let error = worst((-12.0, 12.0), tanh, f64::tanh);
        assert!(error < 4e-7, "{error}");
        assert!(worst_relative((1e-6, 1e-2), tanh, f64::tanh) < 5e-7);
        assert_eq!(tanh(1e30), 1.0);
    }

    #[test]
    fn rounding() {
        for (x, down) in [(0.0, 0.0), (0.9, 0.0), (-0.1, -1.0), (-3.0, -3.0), (1e6, 1e6)] {
            assert_eq!(floor(x), down);
        }
    }

    #[test]
    fn small_values_snap_and_nan_is_bounded() {
        assert_eq!(snap(1e-21), 0.0);
        assert_eq!(snap(-1e-19), -1e-19);
        assert_eq!(clamp(f32::NAN, -1.0, 1.0), -1.0);
    }
}
