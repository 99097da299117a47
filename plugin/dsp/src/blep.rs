//! Band-limited steps and corners: what a naive waveform lacks around its discontinuities.
//!
//! The four-point, third-order B-spline polyBLEP of Välimäki, Pekonen and Nam ("Perceptually
//! informed synthesis of bandlimited classical waveforms using integrated polynomial
//! interpolation", JASA 131, 2012), written with truncated powers so that it needs no branch.

use crate::math::max;

/// Frames on either side of a discontinuity that a residual reaches.
pub const REACH: f32 = 2.0;

/// What a rising unit step, smoothed, has left to go at `distance` >= 0 frames from it: 1/2 at the
/// step, 0 from `REACH` on. Subtract it after a rising step, add it before.
#[inline(always)]
#[must_use]
pub fn step(distance: f32) -> f32 {
    let outer = max(2.0 - distance, 0.0);
    let inner = max(1.0 - distance, 0.0);
    let (outer, inner) = (outer * outer, inner * inner);
    (outer * outer - 4.0 * (inner * inner)) * (1.0 / 24.0)
}

/// What a corner that turns upwards by a unit slope, smoothed, lies above it at `distance` >= 0
/// frames: the integral of `step`.
#[inline(always)]
#[must_use]
pub fn corner(distance: f32) -> f32 {
    let outer = max(2.0 - distance, 0.0);
    let inner = max(1.0 - distance, 0.0);
    let (outer2, inner2) = (outer * outer, inner * inner);
    (outer * (outer2 * outer2) - 4.0 * (inner * (inner2 * inner2))) * (1.0 / 120.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn residuals_start_and_end_where_they_should() {
        assert_eq!(step(0.0), 0.5);
        assert_eq!(step(REACH), 0.0);
        assert_eq!(corner(REACH), 0.0);
        assert!((corner(0.0) - 7.0 / 30.0).abs() < 1e-7);
    }

    #[test]
    fn the_corner_is_the_steps_integral() {
        let h = 1e-3;
        for i in 0..2500 {
            let a = i as f32 * h;
            let slope = (corner(a + h) - corner(a)) / h;
            assert!((slope + step(a + h / 2.0)).abs() < 1e-3, "{a}");
        }
    }
}
