//! Live values: one atomic cell per (module, param), outside all graphs and shared by them, so a
//! knob turned while a standby is being built is never lost.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering};

use crossbeam::queue::ArrayQueue;

use crate::spec::Spec;

/// Modules that can wait for the DSP thread to look at what was turned.
const TURNED_CAPACITY: usize = 1024;

/// Which modules of an instance were turned since the DSP thread looked, so that it need not look
/// at all of them.
#[derive(Debug)]
pub struct Marks {
    /// Counts turns.
    count: AtomicU64,
    modules: ArrayQueue<u32>,
    /// There was no room in `modules`.
    missed: AtomicBool,
}

impl Default for Marks {
    fn default() -> Self {
        Self {
            count: AtomicU64::new(0),
            modules: ArrayQueue::new(TURNED_CAPACITY),
            missed: AtomicBool::new(false),
        }
    }
}

impl Marks {
    /// How many turns there were: what was turned before is seen after.
    #[must_use]
    pub fn count(&self) -> u64 {
        self.count.load(Ordering::Acquire)
    }

    /// Calls `each` with the key of each module that was turned since the last call, or with `None`
    /// where it can be any. Wait-free, no allocation.
    pub fn take(&self, mut each: impl FnMut(Option<u32>)) {
        if self.missed.swap(false, Ordering::Acquire) {
            each(None);
        }
        for _ in 0..TURNED_CAPACITY {
            let Some(module) = self.modules.pop() else { break };
            each(Some(module));
        }
    }
}

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
    /// Share of the time that the module takes, as the bits of an f32; `UNKNOWN` before it was measured.
    load: AtomicU32,
    marks: Arc<Marks>,
}

/// In place of a load: none was measured. It is a NaN.
const UNKNOWN: u32 = u32::MAX;
/// How much of a load the newest measurement makes up.
const LOAD_STEP: f32 = 0.3;

impl Cells {
    /// Cells of a new module of `spec` with its params at `values`.
    #[must_use]
    pub fn new(key: u32, spec: &Spec, values: &[f32], marks: Arc<Marks>) -> Self {
        debug_assert_eq!(spec.params.len(), values.len());
        let cell = |v: &f32| AtomicU64::new(u64::from(v.to_bits()));
        Self {
            key,
            values: values.iter().map(cell).collect(),
            dirty: AtomicU64::new(0),
            gate: AtomicBool::new(false),
            load: AtomicU32::new(UNKNOWN),
            marks,
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
        self.marks.count.fetch_add(1, Ordering::Release);
    }

    /// Share of the time that the module takes of the DSP thread, smoothed: time in it over the duration
    /// of what it renders. `None` before it was measured.
    #[must_use]
    pub fn load(&self) -> Option<f32> {
        let load = f32::from_bits(self.load.load(Ordering::Relaxed));
        (!load.is_nan()).then_some(load)
    }

    /// It took `load` in a chunk. For the DSP thread alone. Wait-free.
    pub(crate) fn note_load(&self, load: f32) {
        let smooth = self.load().map_or(load, |old| old + LOAD_STEP * (load - old));
        self.load.store(smooth.to_bits(), Ordering::Relaxed);
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
    /// True when it wrote; it leaves no mark, as it is the DSP thread that calls it.
    pub fn commit(&self, index: usize, observed: Observed, value: f32) -> bool {
        let cell = &self.values[index];
        let old = cell.load(Ordering::Relaxed);
        let new = old >> 32 << 32 | u64::from(value.to_bits());
        !observed.is_before(old)
            && old != new
            && cell.compare_exchange(old, new, Ordering::Relaxed, Ordering::Relaxed).is_ok()
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
        let marked = self.dirty.fetch_or(1 << index, Ordering::Release);
        // Marked already: it waits in the queue, or a swap will look at all of it.
        if marked == 0 && self.marks.modules.push(self.key).is_err() {
            self.marks.missed.store(true, Ordering::Release);
        }
        self.marks.count.fetch_add(1, Ordering::Release);
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
        cells.commit(0, a, 0.3);
        cells.commit(1, b, 0.4);
        assert_eq!((cells.get(0), cells.get(1)), (0.9, 0.4));
    }

    #[test]
    fn a_knob_turned_to_the_same_value_wins_too() {
        let cells = Cells::new(1, &SPEC, &[0.1, 0.2], Arc::default());
        let a = cells.observe(0);
        cells.set(0, 0.1);
        cells.commit(0, a, 0.3);
        assert_eq!(cells.get(0), 0.1);
    }

    #[test]
    fn each_of_several_commits_under_way_writes_its_value() {
        let cells = Cells::new(1, &SPEC, &[0.1, 0.2], Arc::default());
        let (first, second) = (cells.observe(0), cells.observe(0));
        assert!(cells.commit(0, first, 0.3));
        assert!(cells.commit(0, second, 0.4));
        assert_eq!(cells.get(0), 0.4);
        assert!(!cells.commit(0, second, 0.4), "nothing new");
    }

    #[test]
    fn marks_are_taken_once() {
        let cells = Cells::new(1, &SPEC, &[0.1, 0.2], Arc::default());
        cells.set(1, 0.7);
        assert_eq!(cells.take_dirty(), 2);
        assert_eq!(cells.take_dirty(), 0);
    }

    #[test]
    fn a_module_turned_often_waits_once_and_none_is_forgotten() {
        let marks = Arc::new(Marks::default());
        let make = |key| Cells::new(key, &SPEC, &[0.1, 0.2], marks.clone());
        let all: Vec<Cells> = (0..2 * TURNED_CAPACITY as u32).map(make).collect();
        let taken = || {
            let mut taken = Vec::new();
            marks.take(|module| taken.push(module));
            taken
        };
        all[7].set(0, 0.3);
        all[7].set(1, 0.4);
        assert_eq!((taken(), marks.count()), (vec![Some(7)], 2));
        all[7].take_dirty();
        all.iter().for_each(|cells| cells.set(0, 0.5));
        let modules = taken();
        assert_eq!((modules[0], modules.len()), (None, 1 + TURNED_CAPACITY));
        assert_eq!(taken(), []);
    }
}
