//! Listens to a performance for clicks.

use chronus_tests::measure::{Swap, max_bend, max_step, over_limit};

use crate::RATE;
use crate::paced::Performance;

/// The largest step, over its limit, that any swap made.
pub struct Heard {
    /// Over all audible swaps.
    pub step: f32,
    /// Of second differences, over swaps between patches of sines alone.
    pub bend: f32,
    /// The same measure half way between swaps, where nothing is swapped: how far the music goes
    /// over the limit by itself. A step is only told from it while this is at most 1.
    pub control: f32,
    /// Swaps looked at, and how many of them for bends too.
    pub swaps: usize,
    /// See `swaps`.
    pub pure: usize,
    /// The swaps stand as far apart as the measure looks. In a shortened performance they do not:
    /// what it compares a swap with is other swaps, so the figure is shown but not judged.
    pub apart: bool,
    /// Second of the recording and edits of the worst swap.
    pub worst_at: (f64, String),
}

impl Heard {
    /// The one figure of the report: at most 1 when nothing clicked.
    pub fn worst(&self) -> f32 {
        self.step.max(self.bend)
    }
}

/// Measures every swap of a performance.
pub fn listen(performance: &Performance) -> Heard {
    let seconds = performance.channels[0].len() as f64 / RATE;
    let apart = seconds > chronus_tests::music::SECONDS - 1.0;
    let mut heard = Heard {
        step: 0.0,
        bend: 0.0,
        control: 0.0,
        swaps: 0,
        pure: 0,
        apart,
        worst_at: (0.0, String::new()),
    };
    let swaps: Vec<_> = performance.swaps().collect();
    for pair in swaps.windows(2) {
        let (one, next) = (pair[0].1, pair[1].1);
        let between = (one.to + one.ramp).midpoint(next.from);
        let clear = next.from.saturating_sub(one.to) > 5 * one.ramp;
        let nothing = Swap { from: between - one.ramp / 2, to: between - one.ramp / 2, ..one };
        for channel in performance.channels.iter().filter(|_| clear) {
            heard.control = heard.control.max(over_limit(channel, nothing, RATE, max_step));
        }
    }
    for (commit, swap) in swaps {
        heard.swaps += 1;
        heard.pure += usize::from(commit.pure);
        for channel in &performance.channels {
            let step = over_limit(channel, swap, RATE, max_step);
            let bend = if commit.pure { over_limit(channel, swap, RATE, max_bend) } else { 0.0 };
            if step.max(bend) > heard.worst() {
                heard.worst_at = (swap.from as f64 / RATE, commit.edits.clone());
            }
            heard.step = heard.step.max(step);
            heard.bend = heard.bend.max(bend);
        }
    }
    heard
}
