//! Keeping levels within bounds.

use crate::math::{clamp, min};

/// -1 dBFS: where the output limiter starts to act.
pub const SOFT_KNEE: f32 = 0.891_250_9;

/// `x` unchanged up to `knee`, bit for bit; beyond, bent smoothly (two derivatives) towards
/// `ceiling`, never above it. 0 < knee < ceiling.
#[inline(always)]
#[must_use]
pub fn soft_limit(x: f32, knee: f32, ceiling: f32) -> f32 {
    let room = ceiling - knee;
    let magnitude = x.abs();
    // t / sqrt(1 + t^2) leaves 0 with slope 1 and without curvature. Bounded, lest t^2 overflow.
    let over = clamp((magnitude - knee) / room, 0.0, 1e6);
    let bent = min(knee + room * (over / (1.0 + over * over).sqrt()), ceiling);
    if magnitude > knee { bent.copysign(x) } else { x }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn transparent_below_and_bounded_above() {
        for i in 0..=89_125 {
            let x = i as f32 * 1e-5;
            assert_eq!(soft_limit(x, SOFT_KNEE, 1.0), x);
            assert_eq!(soft_limit(-x, SOFT_KNEE, 1.0), -x);
        }
        let mut before = SOFT_KNEE;
        for i in 0..100_000 {
            let y = soft_limit(SOFT_KNEE + i as f32 * 1e-4, SOFT_KNEE, 1.0);
            assert!(y >= before - 1e-7 && y <= 1.0 && y - before < 1.01e-4, "{i} {y}");
            before = y;
        }
        assert!(soft_limit(1e30, SOFT_KNEE, 1.0) <= 1.0);
        assert!(soft_limit(f32::NEG_INFINITY, SOFT_KNEE, 1.0) >= -1.0);
    }
}
