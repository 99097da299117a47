//! Note values for everything that follows the host's tempo.

/// What a `sync` choice offers; 0 is free running. A bar counts four beats.
pub const CHOICES: &[&str] = &[
    "free", "4 bars", "2 bars", "1 bar", "1/2.", "1/2", "1/2T", "1/4.", "1/4", "1/4T", "1/8.",
    "1/8", "1/8T", "1/16.", "1/16", "1/16T", "1/32.", "1/32", "1/32T", "1/64.", "1/64", "1/64T",
];

/// Beats (quarter notes) of choice `index`, `None` for free running.
#[inline(always)]
pub fn beats(index: usize) -> Option<f64> {
    match index {
        0 => None,
        1 => Some(16.0),
        2 => Some(8.0),
        3 => Some(4.0),
        _ => {
            let note = (index - 4) / 3;
            let plain = 2.0 / f64::from(1u32 << note.min(5));
            Some(match (index - 4) % 3 {
                0 => plain * 1.5,
                1 => plain,
                _ => plain * 2.0 / 3.0,
            })
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_beats_agree() {
        let named = |name: &str| beats(CHOICES.iter().position(|c| *c == name).unwrap());
        assert_eq!(named("free"), None);
        assert_eq!(named("1 bar"), Some(4.0));
        assert_eq!(named("1/4"), Some(1.0));
        assert_eq!(named("1/4."), Some(1.5));
        assert_eq!(named("1/8T"), Some(1.0 / 3.0));
        assert_eq!(named("1/64"), Some(0.0625));
        assert_eq!(CHOICES.len(), 22);
    }
}
