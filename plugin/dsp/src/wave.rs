//! The classical waveforms as functions of phase, their discontinuities band-limited (`blep`).
//!
//! `period` is in frames a turn. With `WIDE` a wave is right down to two frames a turn; without,
//! down to `NARROW`, for a third of the cost and with the same bits.
//!
//! A hard sync is one more step (`Restart`). The step begins before the restart, so whoever syncs must
//! know of it `REACH` frames ahead.

use crate::blep::{self, REACH};
use crate::phase;

/// Shortest period for which a wave needs no `WIDE`: neighbouring discontinuities do not reach it.
pub const NARROW: f32 = 2.0 * REACH;

/// The sine. Error under 3e-7.
#[inline(always)]
#[must_use]
pub fn sine(at: u32) -> f32 {
    cosine(at.wrapping_sub(phase::QUARTER))
}

/// The cosine. Error under 3e-7.
#[inline(always)]
#[must_use]
pub fn cosine(at: u32) -> f32 {
    crate::math::sin_quarter(0.25 - phase::signed(at).abs())
}

/// Frames that a fall of the saw takes at most, with those at its edges.
pub const FALL: usize = 8;

/// Where the falls of a saw lie that goes on by `step` a frame from phase `at` on: the first frame of the
/// next one, not rounded, and the frames from one to the next. A fall lies in the `FALL` frames from there
/// on, rounded down; the first may have begun ahead of frame 0. In all other frames the saw is straight
/// (`straight_saw`). The step must lead ahead, by `SLOWEST` at least, and make a period of `NARROW` at least.
#[inline(always)]
#[must_use]
pub fn falls(at: u32, step: u32) -> (f64, f64) {
    // As signed numbers, which make vectors; a step is no more than half a turn.
    let rate = 1.0 / f64::from(step as i32);
    let turn = 4_294_967_296.0 * rate;
    let wrap = 0.5 * turn - f64::from(at.wrapping_sub(phase::HALF) as i32) * rate;
    // The last one may not be over.
    let last = wrap - turn;
    ((if last + AROUND > 0.0 { last } else { wrap }) - AROUND, turn)
}

/// The slowest step of which `falls` knows where they are: of slower ones, rounding makes the period
/// another than that of the phase.
pub const SLOWEST: u32 = 1 << 16;
/// Frames from the beginning of a fall to the wrap, and what rounding may add.
const AROUND: f64 = REACH as f64 + 0.01;

/// The saw where it does not fall, in the same bits.
#[inline(always)]
#[must_use]
pub fn straight_saw(at: u32) -> f32 {
    let s = phase::signed(at);
    2.0 * s - 1f32.copysign(s)
}

/// The rising saw, which falls where the phase wraps.
#[inline(always)]
#[must_use]
pub fn saw<const WIDE: bool>(at: u32, period: f32) -> f32 {
    let s = phase::signed(at);
    let mut fallen = blep::swing(s * (period * (1.0 / REACH)));
    if WIDE {
        // The next fall and the one before the last.
        let distance = s.abs();
        let rest = blep::step((1.0 + distance) * period) - blep::step((1.0 - distance) * period);
        fallen -= (2.0 * rest).copysign(s);
    }
    2.0 * s - fallen
}

/// The pulse where neither of its two saws falls, in the same bits.
#[inline(always)]
#[must_use]
pub fn straight_pulse(at: u32, width: f32) -> f32 {
    straight_saw(at.wrapping_sub(phase::from_turns(width))) - straight_saw(at)
}

/// The pulse that is up for `width` of a turn, 0..1, as the difference of two saws: without DC.
#[inline(always)]
#[must_use]
pub fn pulse<const WIDE: bool>(at: u32, period: f32, width: f32) -> f32 {
    let fall = at.wrapping_sub(phase::from_turns(width));
    saw::<WIDE>(fall, period) - saw::<WIDE>(at, period)
}

/// The triangle, in phase with the sine: its corners stand a quarter before and after the wrap.
#[inline(always)]
#[must_use]
pub fn triangle<const WIDE: bool>(at: u32, period: f32) -> f32 {
    let s = phase::signed(at.wrapping_sub(phase::QUARTER)).abs();
    let crest = |distance: f32| blep::corner(distance * period);
    let mut corners = crest(0.5 - s) - crest(s);
    if WIDE {
        corners += (crest(0.5 + s) - crest(1.0 - s)) + (crest(1.5 - s) - crest(1.0 + s));
    }
    // A corner turns by 8 levels a turn.
    (1.0 - 4.0 * s) + 8.0 * corners / period
}

/// A hard sync under way: the wave goes from the phase `old` to one that was 0 when `since` was.
#[derive(Clone, Copy, Debug)]
pub struct Restart {
    /// The phase that is left.
    pub old: u32,
    /// Frames since the restart, -REACH..=REACH; nothing of the old wave is left at REACH.
    pub since: f32,
}

impl Restart {
    /// How far the band-limited step has come, 0..=1 and a little beyond.
    #[inline(always)]
    fn arrived(self) -> f32 {
        let rest = blep::step(self.since.abs());
        if self.since < 0.0 { rest } else { 1.0 - rest }
    }

    /// From the old wave to the new one, both continuous.
    #[inline(always)]
    fn between(self, old: f32, new: f32) -> f32 {
        old + (new - old) * self.arrived()
    }

    /// The sine, restarted.
    #[inline(always)]
    #[must_use]
    pub fn sine(self, at: u32) -> f32 {
        self.between(sine(self.old), sine(at))
    }

    /// The triangle, restarted.
    #[inline(always)]
    #[must_use]
    pub fn triangle(self, at: u32, period: f32) -> f32 {
        self.between(triangle::<true>(self.old, period), triangle::<true>(at, period))
    }

    /// The saw, restarted: one step of the height by which its two straight lines differ. Of the
    /// old wave's falls only those before the restart count, of the new one's those after it.
    #[inline(always)]
    #[must_use]
    pub fn saw(self, at: u32, period: f32) -> f32 {
        let (left, right) = (phase::signed(self.old), phase::signed(at));
        let falls_after = left * period < self.since;
        // The restart itself stands at phase 0; what rounding makes of it still counts as before.
        let fell_before = right * period > self.since - 0.01;
        let left_line = 2.0 * left + if falls_after { 1.0 } else { -1.0 };
        let right_line = 2.0 * right + if fell_before { -1.0 } else { 1.0 };
        let (left_saw, right_saw) = (saw::<true>(self.old, period), saw::<true>(at, period));
        let left_rest = if falls_after { 0.0 } else { left_saw - left_line };
        let right_rest = if fell_before { 0.0 } else { right_saw - right_line };
        self.between(left_line, right_line) + (left_rest + right_rest)
    }

    /// The pulse, restarted.
    #[inline(always)]
    #[must_use]
    pub fn pulse(self, at: u32, period: f32, width: f32) -> f32 {
        let width = phase::from_turns(width);
        let falling = Self { old: self.old.wrapping_sub(width), ..self };
        let fall = falling.saw(at.wrapping_sub(width), period);
        fall - self.saw(at, period)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wide_and_narrow_give_the_same_bits_where_narrow_holds() {
        let mut at = 0u32;
        for i in 0..200_000 {
            at = at.wrapping_add(0x1234_5677);
            let period = NARROW + i as f32 * 0.01;
            assert_eq!(saw::<true>(at, period).to_bits(), saw::<false>(at, period).to_bits());
            let (wide, narrow) = (triangle::<true>(at, period), triangle::<false>(at, period));
            assert_eq!(wide.to_bits(), narrow.to_bits());
        }
    }

    #[test]
    fn a_saw_is_straight_but_for_its_falls() {
        let (mut at, mut falling, mut named) = (7u32, 0, 0);
        for i in 0..4000 {
            at = at.wrapping_mul(0x9E37_79B9).wrapping_add(0x1234_5677);
            // From the shortest period that is allowed to one of ten seconds, at 48 kHz.
            let period = NARROW * 2f32.powf(i as f32 * 0.004);
            let step = phase::step(1.0 / period);
            if step < SLOWEST {
                continue;
            }
            let (first, turn) = falls(at, step);
            let begins = (0..).map(|n| (first + f64::from(n) * turn).floor());
            let begins: Vec<f64> = begins.take_while(|&begin| begin < 64.0).collect();
            for k in 0..64u32 {
                let at = at.wrapping_add(step.wrapping_mul(k));
                let (saw, straight) = (saw::<false>(at, period), straight_saw(at));
                let within = |begin: &f64| (0.0..FALL as f64).contains(&(f64::from(k) - begin));
                let is_named = begins.iter().any(within);
                if saw.to_bits() != straight.to_bits() {
                    assert!(is_named, "frame {k} from {at} on, {period} frames a turn");
                    falling += 1;
                }
                named += u32::from(is_named);
            }
        }
        // Not just all of them: a fall has six frames, of the eight that it is given.
        assert!(
            falling > 20_000 && f64::from(named) < 1.4 * f64::from(falling),
            "{falling} {named}"
        );
    }

    #[test]
    fn the_highest_saw_is_a_sine() {
        // At 2.2 frames a turn only the fundamental lies under the Nyquist frequency.
        let step = phase::step(1.0 / 2.2);
        let (mut at, mut sine_part, mut cosine_part, mut power) = (0u32, 0.0, 0.0, 0.0);
        for _ in 0..11_000 {
            let y = f64::from(saw::<true>(at, 2.2));
            let angle = std::f64::consts::TAU * f64::from(at) / 4_294_967_296.0;
            sine_part += y * angle.sin();
            cosine_part += y * angle.cos();
            power += y * y;
            at = at.wrapping_add(step);
        }
        let tone = 2.0 * (sine_part * sine_part + cosine_part * cosine_part) / 11_000.0;
        assert!(tone / power > 0.98, "{}", tone / power);
    }
}
