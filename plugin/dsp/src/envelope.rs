//! Envelope segments as functions of a position: no error adds up, and the end is met exactly.

use crate::math::exp2;

/// The position at which a segment has ended.
pub const END: u32 = u32::MAX;

/// ln(1000) / ln(2): an exponential segment falls by 60 dB before it is scaled to end at 0.
const FALL: f32 = 9.965_784;

/// Position steps a frame of a segment of `frames` frames; a segment under one frame ends at once.
#[inline(always)]
#[must_use]
pub fn step(frames: f32) -> u32 {
    (4_294_967_296.0 / crate::math::max(frames, 1.0)) as u32
}

/// `position` moved on by `step`, held at `END`. The last half step counts as the end, so that the
/// rounding of `step` does not cost a frame.
#[inline(always)]
#[must_use]
pub fn advance(position: u32, step: u32) -> u32 {
    let reached = END - position <= step.saturating_add(step >> 1);
    if reached { END } else { position.wrapping_add(step) }
}

/// `position` as 0..=1; exactly 1 at `END`.
#[inline(always)]
#[must_use]
pub fn progress(position: u32) -> f32 {
    (position >> 1) as i32 as f32 * (1.0 / 2_147_483_648.0)
}

/// The position at which `progress` is `x`, 0..=1 (short of `END` by a unit of f32 at 1).
#[inline(always)]
#[must_use]
pub fn position(x: f32) -> u32 {
    crate::phase::step(crate::math::min(x, 0.999_999_94) * 0.5) << 1
}

/// A falling exponential from exactly 1 at `progress` 0 to exactly 0 at 1.
#[inline(always)]
#[must_use]
pub fn fall(progress: f32) -> f32 {
    // exp2(-FALL) is 1/1000 only to f32 precision, so the end is made exact by a select.
    let e = (exp2(-FALL * progress) - 0.001) * (1.0 / 0.999);
    if progress < 1.0 { crate::math::max(e, 0.0) } else { 0.0 }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn segments_take_their_time() {
        for frames in [1.0f32, 2.0, 48.0, 480.0, 9_600.0, 480_000.0, 7_680_000.0] {
            let step = step(frames);
            let (mut at, mut n) = (0, 0u32);
            while at != END {
                at = advance(at, step);
                n += 1;
            }
            let error = (f64::from(n) - f64::from(frames)).abs();
            assert!(error <= (f64::from(frames) * 1e-3).max(1.0), "{frames}: {n}");
        }
    }

    #[test]
    fn the_ends_are_exact() {
        assert_eq!(progress(END), 1.0);
        assert_eq!(progress(0), 0.0);
        assert!((fall(0.0) - 1.0).abs() < 1e-6 && fall(0.0) <= 1.0);
        assert_eq!(fall(1.0), 0.0);
        assert!(fall(0.999_999_9) < 1e-5);
        assert!((progress(position(0.7)) - 0.7).abs() < 1e-6);
    }
}
