//! Live values: one atomic cell per (module, param), outside all graphs and shared by them, so a
//! knob turned while a standby is being built is never lost.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use crate::spec::Spec;

/// What a cell held when a commit looked: value and count of turns.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Observed(u64);

impl Observed {
    fn is_before(self, cell: u64) -> bool {
        cell >> 32 != self.0 >> 32
    }
}

/// The values of one module's life: from its creation to its deletion.
#[derive(Debug)]
pub struct Cells {
    /// Unique among all modules that ever lived in this instance.
    pub key: u32,
    /// Low half: the value's bits. High half: how often it was `set`.
    values: Box<[AtomicU64]>,
    /// Bit p: param p was written and the DSP thread has not seen it yet.
    dirty: AtomicU64,
    /// What `/gate/ID` said last: a gate opened before its module plays is not lost.
    gate: AtomicBool,
    /// Counts all writes of the instance; the DSP thread looks at modules only when it moved.
    writes: Arc<AtomicU64>,
}

impl Cells {
    /// Cells of a new module of `spec` with its params at `values`.
    #[must_use]
    pub fn new(key: u32, spec: &Spec, values: &[f32], writes: Arc<AtomicU64>) -> Self {
        debug_assert_eq!(spec.params.len(), values.len());
        let cell = |v: &f32| AtomicU64::new(u64::from(v.to_bits()));
        Self {
            key,
            values: values.iter().map(cell).collect(),
            dirty: AtomicU64::new(0),
            gate: AtomicBool::new(false),
            writes,
        }
    }

    /// Value of param `index`.
    #[inline]
    #[must_use]
    pub fn get(&self, index: usize) -> f32 {
        f32::from_bits(self.values[index].load(Ordering::Relaxed) as u32)
    }

    /// Writes param `index`, from any thread. Wait-free but for other writers of the same cell.
    pub fn set(&self, index: usize, value: f32) {
        let next = |old: u64| Some((old >> 32).wrapping_add(1) << 32 | u64::from(value.to_bits()));
        // The closure always gives a value, so this cannot fail.
        let _ = self.values[index].fetch_update(Ordering::Relaxed, Ordering::Relaxed, next);
        self.mark(index);
    }

    /// What `/gate/ID` said last.
    #[must_use]
    pub fn gate(&self) -> bool {
        self.gate.load(Ordering::Relaxed)
    }

    /// Remembers what `/gate/ID` says, for a module that does not play yet.
    pub fn set_gate(&self, on: bool) {
        self.gate.store(on, Ordering::Relaxed);
    }

    /// What param `index` holds now.
    #[must_use]
    pub fn observe(&self, index: usize) -> Observed {
        Observed(self.values[index].load(Ordering::Relaxed))
    }

    /// True when param `index` was `set` since `observed`.
    #[must_use]
    pub fn was_set(&self, index: usize, observed: Observed) -> bool {
        observed.is_before(self.values[index].load(Ordering::Relaxed))
    }

    /// Writes param `index` for a commit, unless it was `set` since `observed`: a knob turned after
    /// a commit wins over the commit. Other commits' writes do not count, so that of several under
    /// way each writes its own. Writing the value that is there changes nothing. Wait-free.
    /// True when it wrote.
    pub fn set_if(&self, index: usize, observed: Observed, value: f32) -> bool {
        let cell = &self.values[index];
        let old = cell.load(Ordering::Relaxed);
        let new = old >> 32 << 32 | u64::from(value.to_bits());
        let wrote = !observed.is_before(old)
            && old != new
            && cell.compare_exchange(old, new, Ordering::Relaxed, Ordering::Relaxed).is_ok();
        if wrote {
            self.mark(index);
        }
        wrote
    }

    /// Takes the marks of params written since the last call.
    #[inline]
    pub fn take_dirty(&self) -> u64 {
        if self.dirty.load(Ordering::Relaxed) == 0 {
            return 0;
        }
        self.dirty.swap(0, Ordering::Acquire)
    }

    fn mark(&self, index: usize) {
        self.dirty.fetch_or(1 << index, Ordering::Release);
        self.writes.fetch_add(1, Ordering::Release);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SPEC: Spec = Spec {
        params: &[
            crate::Param::new("a", "A", (0.0, 1.0), 0.5, crate::Unit::None, ""),
            crate::Param::new("b", "B", (0.0, 1.0), 0.5, crate::Unit::None, ""),
        ],
        ..Spec::EMPTY
    };

    #[test]
    fn a_knob_turned_after_the_commit_wins() {
        let cells = Cells::new(1, &SPEC, &[0.1, 0.2], Arc::default());
        let (a, b) = (cells.observe(0), cells.observe(1));
        cells.set(0, 0.9);
        cells.set_if(0, a, 0.3);
        cells.set_if(1, b, 0.4);
        assert_eq!((cells.get(0), cells.get(1)), (0.9, 0.4));
    }

    #[test]
    fn a_knob_turned_to_the_same_value_wins_too() {
        let cells = Cells::new(1, &SPEC, &[0.1, 0.2], Arc::default());
        let a = cells.observe(0);
        cells.set(0, 0.1);
        cells.set_if(0, a, 0.3);
        assert_eq!(cells.get(0), 0.1);
    }

    #[test]
    fn each_of_several_commits_under_way_writes_its_value() {
        let cells = Cells::new(1, &SPEC, &[0.1, 0.2], Arc::default());
        let (first, second) = (cells.observe(0), cells.observe(0));
        cells.set_if(0, first, 0.3);
        cells.set_if(0, second, 0.4);
        assert_eq!((cells.get(0), cells.take_dirty()), (0.4, 1));
        cells.set_if(0, second, 0.4);
        assert_eq!(cells.take_dirty(), 0, "nothing new");
    }

    #[test]
    fn marks_are_taken_once() {
        let cells = Cells::new(1, &SPEC, &[0.1, 0.2], Arc::default());
        cells.set(1, 0.7);
        assert_eq!(cells.take_dirty(), 2);
        assert_eq!(cells.take_dirty(), 0);
    }
}
