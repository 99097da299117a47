//! Phase as a whole number: a turn is 2^32, so that it wraps by itself, never loses precision, and
//! comes out the same however frames are cut into chunks. Slow waves take 2^64 for a turn.

use crate::math::ROUND;

/// Turns in one unit of phase.
const UNIT: f32 = 1.0 / 4_294_967_296.0;

/// `turns`, -1/2..=1/2, as a phase or as a step of phase a frame; negative runs backwards.
/// Resolution: 2^-32 turns, 11 uHz at 48 kHz.
///
/// Rust's saturating cast does not make vectors, so the two halves are rounded by adding a large
/// number.
#[inline(always)]
#[must_use]
pub fn step(turns: f32) -> u32 {
    let scaled = turns * 65_536.0;
    let high = scaled + ROUND;
    let rest = (scaled - (high - ROUND)) * 65_536.0;
    let low = (rest + ROUND).to_bits().wrapping_sub(ROUND.to_bits());
    (high.to_bits() << 16).wrapping_add(low)
}

/// `turns` turns as a phase; the whole part is dropped. |turns| < 2^22.
#[inline(always)]
#[must_use]
pub fn from_turns(turns: f32) -> u32 {
    step(turns - crate::math::round(turns))
}

/// Turns from the nearest wrap: -1/2..1/2, negative ahead of it.
#[inline(always)]
#[must_use]
pub fn signed(phase: u32) -> f32 {
    phase as i32 as f32 * UNIT
}

/// The same in half turns: -1..1.
#[inline(always)]
#[must_use]
pub fn bipolar(phase: u32) -> f32 {
    phase as i32 as f32 * (2.0 * UNIT)
}

/// Adding this rounds an f64 under 2^51 to the nearest whole number, left in the low bits.
const ROUND_LONG: f64 = 6_755_399_441_055_744.0;
/// Units of the upper half of a long phase in a turn.
const HALVES: f64 = 4_294_967_296.0;

/// `turns`, -1/2..=1/2, as a step of long phase a frame: 2^64 a turn, 0.003 aHz at 48 kHz.
#[inline(always)]
#[must_use]
pub fn long_step(turns: f64) -> u64 {
    let scaled = turns * HALVES;
    let high = scaled + ROUND_LONG;
    let rest = (scaled - (high - ROUND_LONG)) * HALVES;
    let low = (rest + ROUND_LONG).to_bits().wrapping_sub(ROUND_LONG.to_bits());
    (high.to_bits() << 32).wrapping_add(low)
}

/// Half a turn.
pub const HALF: u32 = 1 << 31;
/// A quarter of a turn.
pub const QUARTER: u32 = 1 << 30;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_minute_of_phase_is_exact() {
        let inc = step(440.0 / 48_000.0);
        let frames = 48_000u64 * 60;
        let exact = 440.0 / 48_000.0 * frames as f64;
        let run = f64::from(inc) * frames as f64 / 4_294_967_296.0;
        // 0.05 cent of 26,400 turns would be 0.76 turns.
        assert!((run - exact).abs() < 0.005, "{run} {exact}");
    }

    #[test]
    fn an_hour_of_long_phase_is_exact() {
        for hertz in [0.001, 0.1, 7.3, 100.0] {
            let exact = hertz / 48_000.0;
            let step = long_step(exact) as f64 / HALVES / HALVES;
            assert!((step - exact).abs() * 48_000.0 * 3600.0 < 1e-6, "{hertz}");
        }
        assert_eq!(long_step(0.5), 1 << 63);
    }

    #[test]
    fn signed_phase_is_the_distance_to_the_wrap() {
        assert_eq!(signed(step(0.25)), 0.25);
        assert_eq!(signed(step(-0.25)), -0.25);
        assert_eq!(signed(from_turns(0.75)), -0.25);
        assert_eq!(signed(HALF), -0.5);
        assert_eq!([HALF, 0, QUARTER].map(bipolar), [-1.0, 0.0, 0.5]);
    }
}
