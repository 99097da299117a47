//! Random numbers, one generator a lane.

/// The next state of xorshift32 (Marsaglia 2003), period 2^32 - 1; `state` must not be 0.
#[inline(always)]
#[must_use]
pub fn next(state: u32) -> u32 {
    let x = state ^ (state << 13);
    let x = x ^ (x >> 17);
    x ^ (x << 5)
}

/// A state as a number, evenly in -1..1.
#[inline(always)]
#[must_use]
pub fn bipolar(state: u32) -> f32 {
    // The upper bits: the lowest ones of xorshift32 are weak.
    (state as i32 >> 8) as f32 * (1.0 / 8_388_608.0)
}

/// A usable state from any 64-bit seed.
#[must_use]
pub fn seed(seed: u64) -> u32 {
    ((seed >> 32) as u32 ^ seed as u32).max(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn even_and_without_bias() {
        let mut state = seed(1);
        let (mut sum, mut power, n) = (0.0f64, 0.0f64, 1_000_000);
        for _ in 0..n {
            state = next(state);
            let x = f64::from(bipolar(state));
            assert!((-1.0..1.0).contains(&x));
            sum += x;
            power += x * x;
        }
        assert!((sum / f64::from(n)).abs() < 2e-3);
        assert!((power / f64::from(n) - 1.0 / 3.0).abs() < 1e-3);
    }
}
