//! Band-limited steps and corners: what a naive waveform lacks around its discontinuities.
//!
//! The polynomial residuals of Välimäki, Pekonen and Nam ("Perceptually informed synthesis of
//! bandlimited classical waveforms using integrated polynomial interpolation", JASA 131, 2012),
//! over six points instead of four. The kernel is h(u) = (1 - u^2)^4 q(u^2), u = distance / 3, with
//! q chosen by linear programming: it passes 0..10 kHz within 0.2 dB and 16 kHz at -2 dB (of a
//! rate of 48 kHz), and stops by 63 dB what would fold under 10 kHz (and less what lies higher and is weaker). The four-point B-spline of
//! the paper reaches -6.6 and 49 dB.

use crate::math::min;

/// Frames on either side of a discontinuity that a residual reaches.
pub const REACH: f32 = 3.0;

/// Horner's scheme, highest power first.
macro_rules! polynomial {
    ($x:expr, $first:literal $(, $rest:literal)*) => {{
        let x = $x;
        let sum = $first;
        $(let sum = sum * x + $rest;)*
        sum
    }};
}

/// How steeply a smoothed step from -1 to 1 rises at `v` = (distance / REACH)^2 < 1: its height over
/// distance / REACH.
#[inline(always)]
fn slope(v: f32) -> f32 {
    // About the middle of v, where the powers do not cancel.
    polynomial!(
        v - 0.5,
        5.628_971_6,
        -14.749_668,
        18.223_318,
        -15.635_794,
        10.928_524,
        -6.224_160_7,
        2.995_631_2,
        -1.561_025,
        1.423_714_9
    )
}

/// A step from -1 to 1, smoothed, at `u` times `REACH` frames from its middle; +-1 from 1 on. Error
/// under 6e-7.
#[inline(always)]
#[must_use]
pub fn swing(u: f32) -> f32 {
    const SIGN: u32 = 1 << 31;
    let v = u * u;
    let end = f32::from_bits(u.to_bits() & SIGN | 1f32.to_bits());
    // Both are computed, so that it makes vectors wherever it stands.
    let within = u * slope(v);
    if v < 1.0 { within } else { end }
}

/// What a rising unit step, smoothed, has left to go at `distance` >= 0 frames from it: 1/2 at the
/// step, 0 from `REACH` on. Error under 3e-7.
#[inline(always)]
#[must_use]
pub fn step(distance: f32) -> f32 {
    let u = distance * (1.0 / REACH);
    if u < 1.0 { 0.5 - 0.5 * (u * slope(u * u)) } else { 0.0 }
}

/// What a corner that turns upwards by a unit slope, smoothed, lies above it at `distance` >= 0
/// frames: the integral of `step`. Error under 5e-7.
#[inline(always)]
#[must_use]
pub fn corner(distance: f32) -> f32 {
    let u = min(distance * (1.0 / REACH), 1.0);
    let v = u * u;
    let p = polynomial!(
        v - 0.5,
        0.469_081,
        -1.617_321_8,
        2.761_159_2,
        -3.335_054,
        3.306_805_4,
        -2.820_433,
        2.159_124,
        -1.664_946_4,
        1.900_259_4
    );
    if u < 1.0 { 0.110_191_86 - 1.5 * u + v * p } else { 0.0 }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn residuals_start_and_end_where_they_should() {
        assert_eq!(step(0.0), 0.5);
        assert!(step(REACH * 0.999_999).abs() < 1e-6 && step(REACH) == 0.0);
        assert!(corner(REACH * 0.999_999).abs() < 1e-6 && corner(REACH) == 0.0);
        assert_eq!([-7.0, -1.0, 0.0, 1.0, 7.0].map(swing), [-1.0, -1.0, 0.0, 1.0, 1.0]);
        for u in [0.1, 0.5, 0.999_999] {
            assert!((1.0 - swing(u) - 2.0 * step(u * REACH)).abs() < 1e-6, "{u}");
            assert_eq!(swing(-u), -swing(u));
        }
    }

    #[test]
    fn the_corner_is_the_steps_integral() {
        let h = 0.01;
        for i in 0..350 {
            let a = i as f32 * h;
            let slope = (corner(a + h) - corner(a)) / h;
            assert!((slope + step(a + h / 2.0)).abs() < 1e-4, "{a}");
        }
    }

    /// The kernel is the step's derivative; this is its spectrum at `f` cycles a frame, in dB.
    fn kernel_db(f: f64) -> f64 {
        let n = 20_000;
        let dx = f64::from(REACH) / f64::from(n);
        // Integrated by parts: 1 - 2 w * integral of step(x) sin(w x).
        let w = std::f64::consts::TAU * f;
        let sum: f64 = (0..n)
            .map(|i| {
                let x = (f64::from(i) + 0.5) * dx;
                f64::from(step(x as f32)) * (w * x).sin()
            })
            .sum();
        20.0 * (1.0 - 2.0 * w * sum * dx).abs().log10()
    }

    #[test]
    fn the_kernel_passes_and_stops_as_it_says() {
        for khz in 0..=10 {
            assert!(kernel_db(f64::from(khz) / 48.0).abs() < 0.2, "{khz} kHz");
        }
        assert!((kernel_db(16.0 / 48.0) + 2.0).abs() < 0.1);
        for khz in 38..=200 {
            // Ever less is needed of the ever weaker harmonics of a saw.
            let limit = -63.0 + 20.0 * (f64::from(khz) / 38.0).log10();
            assert!(kernel_db(f64::from(khz) / 48.0) < limit, "{khz} kHz");
        }
    }
}
