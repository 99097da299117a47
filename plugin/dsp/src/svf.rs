//! The trapezoidal state-variable filter, of which every second-order response is a mix.
//!
//! A. Simper, "Linear Trapezoidal Integrated State Variable Filter" (Cytomic, 2013); V. Zavalishin,
//! "The Art of VA Filter Design", chapter 4. Each step is the exact discretisation of a
//! dissipative circuit, so no modulation of the cutoff, at any rate, can add energy.

use crate::math::{clamp, sin_quarter};

/// Highest cutoff in cycles a frame.
const HIGHEST: f32 = 0.49;

/// Coefficients of one lane and frame, in the form that takes one state to the next by a matrix:
/// its recursion is the shortest, a product and two sums deep.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Coefficients {
    /// 2 a1 - 1: what the first state keeps.
    pub keep: f32,
    /// 2 a2: what crosses over between the states and comes from the input.
    pub cross: f32,
    /// 2 a3: how the second state follows the input.
    pub follow: f32,
}

/// Coefficients at `cutoff` cycles a frame (held within 0..=0.49) and damping `k` = 1/Q, the
/// cutoff's tangent scaled by `scale` (1, or the root of a shelf's gain).
///
/// Sine and cosine instead of Simper's tangent: g = s / c makes
/// a1 = c^2 / d, a2 = scale s c / d, a3 = scale^2 s^2 / d with one division for all three.
#[inline(always)]
#[must_use]
pub fn coefficients(cutoff: f32, k: f32, scale: f32) -> Coefficients {
    let turns = clamp(cutoff, 0.0, HIGHEST) * 0.5;
    let s = sin_quarter(turns) * scale;
    let c = sin_quarter(0.25 - turns);
    let (cc, sc, ss) = (c * c, s * c, s * s);
    let double = 2.0 / (cc + k * sc + ss);
    // 2 a1 - 1 as what is left of 1, which keeps low cutoffs precise.
    Coefficients { keep: 1.0 - double * (k * sc + ss), cross: double * sc, follow: double * ss }
}

/// The two integrators of one lane.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct State {
    /// First integrator: the band.
    pub ic1eq: f32,
    /// Second integrator: the low.
    pub ic2eq: f32,
}

/// The band and low signals of one frame; high = x - k band - low.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Taps {
    /// Band-pass, peak gain Q.
    pub band: f32,
    /// Low-pass.
    pub low: f32,
}

/// Filters one frame of one lane.
#[inline(always)]
#[must_use]
pub fn tick(x: f32, c: Coefficients, state: State) -> (Taps, State) {
    let State { ic1eq, ic2eq } = state;
    let next = State {
        ic1eq: (c.cross * x - c.cross * ic2eq) + c.keep * ic1eq,
        ic2eq: (c.follow * x + c.cross * ic1eq) + (1.0 - c.follow) * ic2eq,
    };
    // A trapezoidal integrator's output lies halfway between its states.
    let taps = Taps { band: 0.5 * (ic1eq + next.ic1eq), low: 0.5 * (ic2eq + next.ic2eq) };
    (taps, next)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// |H| of the low-pass at `f` of the analogue prototype through the bilinear transform.
    fn closed_form(f: f64, cutoff: f64, k: f64) -> f64 {
        let w = (std::f64::consts::PI * f).tan() / (std::f64::consts::PI * cutoff).tan();
        1.0 / ((1.0 - w * w).powi(2) + (k * w).powi(2)).sqrt()
    }

    #[test]
    fn the_low_pass_is_the_closed_form() {
        for cutoff in [20.0 / 48e3, 0.01, 0.2, 0.45f64] {
            for k in [0.05f32, 0.5, 1.414] {
                let c = coefficients(cutoff as f32, k, 1.0);
                let mut state = State::default();
                let impulse: Vec<f64> = (0..400_000)
                    .map(|n| {
                        let (taps, next) = tick(if n == 0 { 1.0 } else { 0.0 }, c, state);
                        state = next;
                        f64::from(taps.low)
                    })
                    .collect();
                for f in [cutoff / 4.0, cutoff, (cutoff * 2.0).min(0.4)] {
                    let (mut re, mut im) = (0.0, 0.0);
                    for (n, y) in impulse.iter().enumerate() {
                        let angle = std::f64::consts::TAU * f * n as f64;
                        re += y * angle.cos();
                        im -= y * angle.sin();
                    }
                    let db = 20.0 * (re.hypot(im) / closed_form(f, cutoff, f64::from(k))).log10();
                    assert!(db.abs() < 0.02, "cutoff {cutoff} k {k} f {f}: {db} dB");
                }
            }
        }
    }

    #[test]
    fn no_modulation_adds_energy() {
        let mut state = State { ic1eq: 1.0, ic2eq: 0.5 };
        let mut seed = 1;
        let energy = |s: State| s.ic1eq * s.ic1eq + s.ic2eq * s.ic2eq;
        let start = energy(state);
        for _ in 0..1_000_000 {
            seed = crate::random::next(seed);
            let cutoff = 0.5 * crate::random::bipolar(seed).abs();
            state = tick(0.0, coefficients(cutoff, 1e-6, 1.0), state).1;
        }
        assert!(energy(state) <= start * 1.001, "{}", energy(state));
    }
}
