//! What the engine counts: cumulative atomics that any thread may read at any time.

use std::sync::Arc;
use std::sync::atomic::{AtomicU8, AtomicU32, AtomicU64, Ordering::Relaxed};

/// Buckets of an octave, as a power of two.
const STEP_BITS: u32 = 4;
/// Buckets of a histogram: sixteen an octave, from 1 to 2^40.
const BUCKETS: usize = 40 << STEP_BITS;

/// Cumulative counts of one instance.
#[derive(Debug, Default)]
pub struct Counters {
    /// Commits asked for.
    pub commits: AtomicU64,
    /// Commits that were swapped in.
    pub swapped: AtomicU64,
    /// Commits refused.
    pub rejected: AtomicU64,
    /// Commits that a newer one replaced before they were swapped in.
    pub superseded: AtomicU64,
    /// Commits that were not ready within their deadline.
    pub timed_out: AtomicU64,
    /// Calls of `process`.
    pub blocks: AtomicU64,
    /// Calls of `process` not fully rendered by a graph: a law says 0.
    pub missed_blocks: AtomicU64,
    /// Calls of `process` that took longer than their block lasts.
    pub late_blocks: AtomicU64,
    /// Samples that a graph gave as NaN or infinite, and that were silenced.
    pub nonfinite: AtomicU64,
    /// Graphs alive: built and not yet dropped.
    pub graphs: Arc<AtomicU64>,
    /// Modules of the active graph.
    pub active_modules: AtomicU64,
    /// Modules of the standby graph being built, 0 when there is none.
    pub standby_modules: AtomicU64,
    /// Share of real time, in millionths, that the standby which was verified last was proved to take
    /// with all voices.
    pub standby_load_ppm: AtomicU64,
    stage: AtomicU8,
    /// Voices that sound.
    pub voices: AtomicU64,
    /// `Cells::key` + 1 of the module that failed last while playing; 0 = none did.
    pub failed_module: AtomicU64,
    /// Time in `process` over the block's duration, in millionths, smoothed.
    pub load_ppm: AtomicU64,
    /// ns from `update()` to the exchange done.
    pub swap_ns: Histogram,
    /// us from commit to swap.
    pub commit_us: Histogram,
    /// Load of each block in millionths.
    pub block_load: Histogram,
    last_commit_us: AtomicU64,
    /// The MIDI controller that moved last, packed by [`Heard::pack`]; 0 = none has.
    heard: AtomicU64,
    /// RMS of the last warm-up's blocks, as bits of f32, newest last.
    warm_rms: [AtomicU32; 10],
}

/// Counts itself among those alive, until it is dropped.
#[derive(Debug)]
pub(crate) struct Alive(Arc<AtomicU64>);

impl Alive {
    pub fn among(all: &Arc<AtomicU64>) -> Self {
        all.fetch_add(1, Relaxed);
        Self(Arc::clone(all))
    }
}

impl Drop for Alive {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Relaxed);
    }
}

/// How far the builder has come with the commit in hand.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Stage {
    /// Nothing is in hand.
    #[default]
    Idle,
    /// From the patch to a checked plan.
    Compiling,
    /// Allocating the graph.
    Building,
    /// Playing it by itself, to see whether it is safe and what it costs.
    Probing,
    /// Taking on the notes and values of now, and running in.
    Warming,
}

impl Stage {
    const ALL: [Self; 5] =
        [Self::Idle, Self::Compiling, Self::Building, Self::Probing, Self::Warming];

    /// What it is called.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Idle => "idle",
            Self::Compiling => "compiling",
            Self::Building => "building",
            Self::Probing => "probing",
            Self::Warming => "warming",
        }
    }
}

/// A MIDI controller that moved.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Heard {
    /// How many moves there were with this one.
    pub serial: u64,
    /// MIDI channel 0..16.
    pub channel: u8,
    /// Controller 0..128.
    pub controller: u8,
}

impl Heard {
    fn pack(self) -> u64 {
        self.serial << 16 | u64::from(self.channel) << 8 | u64::from(self.controller)
    }

    fn unpack(packed: u64) -> Option<Self> {
        let [controller, channel, ..] = packed.to_le_bytes();
        let serial = packed >> 16;
        (serial > 0).then_some(Self { serial, channel, controller })
    }
}

impl Counters {
    pub(crate) fn enter(&self, stage: Stage) {
        self.stage.store(stage as u8, Relaxed);
    }

    /// How far the builder has come with the commit in hand.
    #[must_use]
    pub fn stage(&self) -> Stage {
        Stage::ALL.get(usize::from(self.stage.load(Relaxed))).copied().unwrap_or_default()
    }

    /// A controller moved. Wait-free; for the DSP thread alone, which is the only one that counts.
    pub(crate) fn hear(&self, channel: u8, controller: u8) {
        let serial = (self.heard.load(Relaxed) >> 16) + 1;
        self.heard.store(Heard { serial, channel, controller }.pack(), Relaxed);
    }

    /// The MIDI controller that moved last.
    #[must_use]
    pub fn heard(&self) -> Option<Heard> {
        Heard::unpack(self.heard.load(Relaxed))
    }

    pub(crate) fn record_commit(&self, us: u64) {
        self.commit_us.record(us);
        self.last_commit_us.store(us, Relaxed);
    }

    /// us from commit to swap of the last commit swapped in.
    #[must_use]
    pub fn last_commit_us(&self) -> u64 {
        self.last_commit_us.load(Relaxed)
    }

    pub(crate) fn record_warm(&self, rms: &[f32]) {
        let kept: Vec<f32> = self.warm_rms().into_iter().chain(rms.iter().copied()).collect();
        let newest = kept[kept.len() - self.warm_rms.len()..].iter();
        for (cell, value) in self.warm_rms.iter().zip(newest) {
            cell.store(value.to_bits(), Relaxed);
        }
    }

    /// RMS of the last ten warm-up blocks, oldest first.
    #[must_use]
    pub fn warm_rms(&self) -> [f32; 10] {
        std::array::from_fn(|i| f32::from_bits(self.warm_rms[i].load(Relaxed)))
    }
}

/// A lock-free histogram over whole numbers, within a sixteenth of each.
#[derive(Debug)]
pub struct Histogram {
    counts: [AtomicU64; BUCKETS],
    max: AtomicU64,
}

impl Default for Histogram {
    fn default() -> Self {
        Self { counts: [const { AtomicU64::new(0) }; BUCKETS], max: AtomicU64::new(0) }
    }
}

impl Histogram {
    /// Counts `value`. Wait-free.
    pub fn record(&self, value: u64) {
        self.counts[bucket(value)].fetch_add(1, Relaxed);
        // As a rule it is no new maximum, and to look costs less than to exchange.
        if value > self.max.load(Relaxed) {
            self.max.fetch_max(value, Relaxed);
        }
    }

    /// How many values were counted.
    #[must_use]
    pub fn count(&self) -> u64 {
        self.counts.iter().map(|c| c.load(Relaxed)).sum()
    }

    /// The largest value counted.
    #[must_use]
    pub fn max(&self) -> u64 {
        self.max.load(Relaxed)
    }

    /// The value under which the share `q` (0..=1) of all lie: the upper end of its bucket, so it
    /// never flatters.
    #[must_use]
    pub fn quantile(&self, q: f64) -> u64 {
        let total = self.count();
        let wanted = (total as f64 * q).ceil() as u64;
        let mut seen = 0;
        for (b, count) in self.counts.iter().enumerate() {
            seen += count.load(Relaxed);
            if seen >= wanted && seen > 0 {
                return upper(b).min(self.max());
            }
        }
        0
    }

    /// Counts by bucket, as (upper end, count), empty ones left out.
    #[must_use]
    pub fn buckets(&self) -> Vec<(u64, u64)> {
        let all = self.counts.iter().enumerate().map(|(b, c)| (upper(b), c.load(Relaxed)));
        all.filter(|(_, count)| *count > 0).collect()
    }
}

fn bucket(value: u64) -> usize {
    let value = value.max(1);
    let octave = value.ilog2();
    // Below 2^STEP_BITS every number has a bucket of its own, at the octave's low end.
    let step = if octave >= STEP_BITS { value >> (octave - STEP_BITS) } else { value };
    let step = step as usize & ((1 << STEP_BITS.min(octave)) - 1);
    (((octave as usize) << STEP_BITS) + step).min(BUCKETS - 1)
}

fn upper(bucket: usize) -> u64 {
    let (octave, step) = (bucket as u32 >> STEP_BITS, bucket as u64 & ((1 << STEP_BITS) - 1));
    match octave.checked_sub(STEP_BITS) {
        Some(shift) => (((1 << STEP_BITS) + step + 1) << shift) - 1,
        None => (1 << octave) + step,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_value_lies_at_or_under_its_bucket_s_upper_end() {
        for value in (1..5000).chain([1 << 20, (1 << 30) + 12345]) {
            let upper = upper(bucket(value));
            assert!(value <= upper, "{value} {upper}");
            assert!(upper as f64 <= value as f64 * (1.0 + 1.0 / 16.0), "{value} {upper}");
        }
    }

    #[test]
    fn quantiles_never_flatter() {
        let histogram = Histogram::default();
        (1..=1000).for_each(|v| histogram.record(v));
        assert!(histogram.quantile(0.5) >= 500 && histogram.quantile(0.5) <= 532);
        assert!(histogram.quantile(0.99) >= 990);
        assert_eq!(histogram.quantile(1.0), 1000);
    }

    #[test]
    fn the_last_controller_is_heard_and_every_move_counts() {
        let counters = Counters::default();
        assert_eq!(counters.heard(), None);
        for (serial, (channel, controller)) in [(0, 0), (15, 127), (15, 127)].iter().enumerate() {
            counters.hear(*channel, *controller);
            let heard =
                Heard { serial: serial as u64 + 1, channel: *channel, controller: *controller };
            assert_eq!(counters.heard(), Some(heard));
        }
    }

    #[test]
    fn the_last_ten_warm_blocks_are_kept() {
        let counters = Counters::default();
        counters.record_warm(&[1.0; 8]);
        counters.record_warm(&[2.0; 8]);
        assert_eq!(counters.warm_rms(), [1.0, 1.0, 2.0, 2.0, 2.0, 2.0, 2.0, 2.0, 2.0, 2.0]);
    }
}
