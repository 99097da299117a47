//! What taps have seen, as a telemetry shows it.

use super::request::{Tapped, unpack};
use super::{EMPTY, Extremes, TAP_PAIRS};

/// What one scope has seen.
#[derive(Clone, Copy, Debug)]
pub struct ScopeView {
    pub(super) of: u64,
    pub(super) pairs: [Extremes; TAP_PAIRS],
    pub(super) total: u64,
}

impl ScopeView {
    pub(crate) const NONE: Self = Self { of: 0, pairs: [[0.0; 2]; TAP_PAIRS], total: 0 };

    /// The output, if there is one.
    #[must_use]
    pub fn of(&self) -> Option<Tapped> {
        unpack(self.of)
    }

    /// How many pairs there have been since it was asked for.
    #[must_use]
    pub fn total(&self) -> u64 {
        self.total
    }

    /// The pairs after the first `known`, oldest first, as far as they are still there. Any number of
    /// readers may each take what they do not know yet.
    pub fn since(&self, known: u64) -> impl Iterator<Item = Extremes> + '_ {
        let first = known.max(self.total.saturating_sub(TAP_PAIRS as u64));
        (first..self.total).map(|n| self.pairs[n as usize % TAP_PAIRS])
    }
}

/// What glances at one output have seen.
#[derive(Clone, Copy, Debug)]
pub struct LevelView {
    pub(super) of: u64,
    pub(super) seen: Extremes,
    pub(super) total: u64,
}

impl LevelView {
    pub(crate) const NONE: Self = Self { of: 0, seen: EMPTY, total: 0 };

    /// The output, if there is one.
    #[must_use]
    pub fn of(&self) -> Option<Tapped> {
        unpack(self.of)
    }

    /// Lowest and highest value since the telemetry before, if there was a glance.
    #[must_use]
    pub fn seen(&self) -> Option<Extremes> {
        (self.seen[0] <= self.seen[1]).then_some(self.seen)
    }

    /// How many glances there have been since it was asked for.
    #[must_use]
    pub fn total(&self) -> u64 {
        self.total
    }
}
