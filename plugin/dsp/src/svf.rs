//! The trapezoidal state-variable filter, of which every second-order response is a mix.
//!
//! A. Simper, "Linear Trapezoidal Integrated State Variable Filter" (Cytomic, 2013); V. Zavalishin,
//! "The Art of VA Filter Design", chapter 4. Each step is the exact discretisation of a
//! dissipative circuit, so no modulation of the cutoff, at any rate, can add energy.
//!
//! A frame must wait for the one before it, which takes longer than its arithmetic. So frames go in
//! pairs: the state after two of them is computed from that before them, with the product of both
//! their matrices (block state update: K. K. Parhi, "VLSI Digital Signal Processing Systems", 1999,
//! chapter 10).

use crate::math::{clamp, sin_quarter};

/// Highest cutoff in cycles a frame.
const HIGHEST: f32 = 0.49;

/// Coefficients of one lane and frame, in the form that takes one state to the next by a matrix.
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

/// Gain of a mix of (input, band, low) at `frequency` cycles a frame, 0..1/2, with the coefficients
/// held: the analogue circuit's |H|, its frequencies bent as the trapezoidal rule bends them
/// (Zavalishin, chapter 3.8). For drawings.
#[must_use]
pub fn gain(c: Coefficients, frequency: f32, [dry, band, low]: [f32; 3]) -> f32 {
    // The circuit's own g and k, out of what the coefficients are made of.
    let g = c.follow / c.cross.max(f32::MIN_POSITIVE);
    let k = (1.0 - c.keep - c.follow) / c.cross.max(f32::MIN_POSITIVE);
    // Close to 1/2 the tangent has no end: there the gain has long settled.
    let turns = 0.5 * clamp(frequency, 0.0, 0.499_99);
    let w = sin_quarter(turns) / sin_quarter(0.25 - turns) / g;
    let rest = 1.0 - w * w;
    let (real, imaginary) = (dry * rest + low, (dry * k + band) * w);
    let power = real * real + imaginary * imaginary;
    (power / (rest * rest + k * k * w * w).max(f32::MIN_POSITIVE)).sqrt()
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

impl Taps {
    /// The signals of a frame from the state before it: a trapezoidal integrator's output lies halfway
    /// between its states.
    #[inline(always)]
    #[must_use]
    pub fn of(x: f32, c: Coefficients, before: State) -> Self {
        let State { ic1eq, ic2eq } = before;
        let (stay, cross, follow) = (0.5 + 0.5 * c.keep, 0.5 * c.cross, 0.5 * c.follow);
        // What is added to the second state vanishes with the cutoff, so that low ones stay exact.
        let error = x - ic2eq;
        Self { band: cross * error + stay * ic1eq, low: ic2eq + (follow * error + cross * ic1eq) }
    }

    /// Those of the second frame of a pair, after `self` of the first: on by half the way that the
    /// states went in both.
    #[inline(always)]
    #[must_use]
    pub fn next(self, before: State, after: State) -> Self {
        let on = |tap: f32, before: f32, after: f32| tap + 0.5 * (after - before);
        Self {
            band: on(self.band, before.ic1eq, after.ic1eq),
            low: on(self.low, before.ic2eq, after.ic2eq),
        }
    }
}

/// Coefficients of one lane and two frames: the state after both from that before them. What comes in
/// is brought together first, which waits for nobody; then a state is a product and two sums from the
/// next.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Pair {
    /// What the first state keeps.
    pub keep: f32,
    /// What crosses from the first state to the second.
    pub cross: f32,
    /// What comes to the first state from both inputs.
    pub to_first: [f32; 2],
    /// The same to the second state.
    pub to_second: [f32; 2],
}

impl Pair {
    /// A frame with the coefficients `a`, then one with `b`.
    #[inline(always)]
    #[must_use]
    pub fn new(a: Coefficients, b: Coefficients) -> Self {
        let to_first = [b.keep * a.cross - b.cross * a.follow, b.cross];
        let to_second = [(a.follow - b.follow * a.follow) + b.cross * a.cross, b.follow];
        Self {
            keep: b.keep * a.keep - b.cross * a.cross,
            cross: (a.cross - b.follow * a.cross) + b.cross * a.keep,
            to_first,
            to_second,
        }
    }

    /// What the first state loses to the second, and the second of itself: as much as comes in, so that a
    /// constant passes as it is.
    #[inline(always)]
    fn loss(&self) -> [f32; 2] {
        [self.to_first[0] + self.to_first[1], self.to_second[0] + self.to_second[1]]
    }

    /// What both inputs bring to the first state, and to the second.
    #[inline(always)]
    #[must_use]
    pub fn drive(&self, x: [f32; 2]) -> [f32; 2] {
        let ([a, b], [c, d]) = (self.to_first, self.to_second);
        [a * x[0] + b * x[1], c * x[0] + d * x[1]]
    }

    /// The state after both frames.
    #[inline(always)]
    #[must_use]
    pub fn after(&self, drive: [f32; 2], before: State) -> State {
        let (State { ic1eq, ic2eq }, loss) = (before, self.loss());
        State {
            ic1eq: self.keep * ic1eq + (drive[0] - loss[0] * ic2eq),
            ic2eq: (ic2eq + self.cross * ic1eq) + (drive[1] - loss[1] * ic2eq),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// |H| of the low-pass at `f` of the analogue prototype through the bilinear transform.
    fn closed_form(f: f64, cutoff: f64, k: f64) -> f64 {
        let w = (std::f64::consts::PI * f).tan() / (std::f64::consts::PI * cutoff).tan();
        1.0 / ((1.0 - w * w).powi(2) + (k * w).powi(2)).sqrt()
    }

    /// Filters one frame.
    fn tick(x: f32, c: Coefficients, State { ic1eq, ic2eq }: State) -> (Taps, State) {
        let error = x - ic2eq;
        let next = State {
            ic1eq: c.cross * error + c.keep * ic1eq,
            ic2eq: ic2eq + (c.follow * error + c.cross * ic1eq),
        };
        let halfway = |a: f32, b: f32| 0.5 * (a + b);
        let taps = Taps { band: halfway(ic1eq, next.ic1eq), low: halfway(ic2eq, next.ic2eq) };
        (taps, next)
    }

    /// Filters frames in pairs.
    fn pairs(
        frames: usize,
        mut state: State,
        input: impl Fn(usize) -> f32,
        mut coefficients: impl FnMut(usize) -> Coefficients,
    ) -> (Vec<Taps>, State) {
        let mut taps = Vec::with_capacity(frames);
        for n in (0..frames).step_by(2) {
            let [a, b] = [coefficients(n), coefficients(n + 1)];
            let x = [input(n), input(n + 1)];
            let first = Taps::of(x[0], a, state);
            let pair = Pair::new(a, b);
            let after = pair.after(pair.drive(x), state);
            taps.extend([first, first.next(state, after)]);
            state = after;
        }
        (taps, state)
    }

    #[test]
    fn the_low_pass_is_the_closed_form() {
        for cutoff in [16.0 / 192e3, 20.0 / 48e3, 0.01, 0.2, 0.45f64] {
            for k in [0.05f32, 0.5, 1.414] {
                let c = coefficients(cutoff as f32, k, 1.0);
                let impulse = |n: usize| if n == 0 { 1.0 } else { 0.0 };
                let (taps, _) = pairs(1 << 20, State::default(), impulse, |_| c);
                for f in [0.0, cutoff / 4.0, cutoff, (cutoff * 2.0).min(0.4)] {
                    let (mut re, mut im) = (0.0, 0.0);
                    for (n, taps) in taps.iter().enumerate() {
                        let angle = std::f64::consts::TAU * f * n as f64;
                        re += f64::from(taps.low) * angle.cos();
                        im -= f64::from(taps.low) * angle.sin();
                    }
                    let db = 20.0 * (re.hypot(im) / closed_form(f, cutoff, f64::from(k))).log10();
                    assert!(db.abs() < 0.02, "cutoff {cutoff} k {k} f {f}: {db} dB");
                }
            }
        }
    }

    #[test]
    fn a_pair_is_two_frames() {
        let noise = |n: usize| crate::random::bipolar(crate::random::next(n as u32 + 1));
        let moving = |n: usize| coefficients(0.2 + 0.19 * noise(3 * n), 0.3 + 0.2 * noise(n), 1.0);
        let (paired, _) = pairs(4000, State::default(), noise, moving);
        let mut state = State::default();
        for (n, paired) in paired.into_iter().enumerate() {
            let (taps, next) = tick(noise(n), moving(n), state);
            state = next;
            for (a, b) in [(paired.low, taps.low), (paired.band, taps.band)] {
                assert!((a - b).abs() < 1e-5, "frame {n}: {a}, not {b}");
            }
        }
    }

    #[test]
    fn no_modulation_adds_energy() {
        let mut seed = 1;
        let energy = |s: State| s.ic1eq * s.ic1eq + s.ic2eq * s.ic2eq;
        let start = State { ic1eq: 1.0, ic2eq: 0.5 };
        let wild = |_| {
            seed = crate::random::next(seed);
            coefficients(0.5 * crate::random::bipolar(seed).abs(), 1e-6, 1.0)
        };
        let (_, end) = pairs(1_000_000, start, |_| 0.0, wild);
        assert!(energy(end) <= energy(start) * 1.001, "{}", energy(end));
    }
}
