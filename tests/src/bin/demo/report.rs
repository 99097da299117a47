//! What the demo found: `report.json`, and the same as a table beside its targets.

use chronus_tests::measure::quantile;
use chronus_tests::script::{REFUSALS, SUPERSEDED};
use serde::Serialize;

use crate::listen::Heard;
use crate::null::Null;
use crate::paced::Performance;

/// How values spread.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Spread {
    /// Half of all are under this.
    pub p50: f64,
    /// 99 of 100 are under this.
    pub p99: f64,
    /// The largest.
    pub max: f64,
}

impl Spread {
    /// Of all `values`.
    pub fn of(values: &[f64]) -> Self {
        let at = |q| quantile(values, q);
        Self { p50: at(0.5), p99: at(0.99), max: at(1.0) }
    }
}

/// `report.json`. Definitions of the figures: DECISIONS.md.
#[derive(Clone, Debug, Serialize)]
pub struct Report {
    pub edits: u64,
    pub swapped: u64,
    pub rejected: u64,
    pub superseded: u64,
    pub timed_out: u64,
    pub missed_blocks: u64,
    pub nonfinite: u64,
    pub commit_to_swap_ms: Spread,
    pub swap_us: Spread,
    pub null_test_max_diff: f32,
    pub max_step_over_limit: f32,
    /// None where the toolchain has no RealtimeSanitizer.
    pub allocations_in_process: Option<u64>,
    pub late_blocks: u64,
    pub realtime_factor: f64,
}

/// A line of the table.
struct Line {
    name: &'static str,
    found: String,
    target: String,
    /// None: reported, not judged.
    kept: Option<bool>,
}

/// A law: exit code 1 when it is broken.
fn law(name: &'static str, found: String, target: impl Into<String>, kept: bool) -> Line {
    Line { name, found, target: target.into(), kept: Some(kept) }
}

/// A figure that depends on the machine: shown beside its target.
fn figure(name: &'static str, found: String, target: &str) -> Line {
    Line { name, found, target: target.into(), kept: None }
}

impl Report {
    /// Prints the table. True when every law held.
    pub fn print(&self, performance: &Performance, heard: &Heard, null: &Null) -> bool {
        let surprises = performance.commits.iter().filter(|c| c.surprises()).count();
        let lines = self.lines(surprises, heard, null);
        println!("\n{:<26} {:<44} target", "", "found");
        for line in &lines {
            let verdict = match line.kept {
                Some(true) => "ok",
                Some(false) => "BROKEN",
                None => "",
            };
            println!("{:<26} {:<44} {:<22} {verdict}", line.name, line.found, line.target);
        }
        let (at, edits) = &heard.worst_at;
        if heard.worst() > 1.0 {
            println!("the worst step is at {at:.3} s: {edits}");
            println!("the same measure half way between swaps: {:.3}", heard.control);
        }
        lines.iter().all(|line| line.kept != Some(false))
    }

    fn lines(&self, surprises: usize, heard: &Heard, null: &Null) -> Vec<Line> {
        let Spread { p50, p99, max } = self.commit_to_swap_ms;
        let swap = self.swap_us;
        let rejected = REFUSALS as u64 - 2;
        // In a shortened performance the first of two may be in before the second comes.
        let superseded = if heard.apart { 20 } else { 1 };
        let (allocations, silent) = match self.allocations_in_process {
            Some(n) => (n.to_string(), Some(n == 0)),
            None => ("not measured: no sanitizer in this toolchain".into(), None),
        };
        vec![
            law("edits", self.edits.to_string(), ">= 200", self.edits >= 200),
            law("swapped", self.swapped.to_string(), ">= 200", self.swapped >= 200),
            law(
                "rejected",
                format!("{} of {REFUSALS} made for it", self.rejected),
                format!(">= {rejected}"),
                self.rejected >= rejected,
            ),
            law(
                "superseded",
                format!("{} of {SUPERSEDED} made for it", self.superseded),
                format!(">= {superseded}"),
                self.superseded >= superseded,
            ),
            law("answers not as meant", surprises.to_string(), "0", surprises == 0),
            law("timed_out", self.timed_out.to_string(), "0", self.timed_out == 0),
            law("missed_blocks", self.missed_blocks.to_string(), "0", self.missed_blocks == 0),
            law("nonfinite", self.nonfinite.to_string(), "0", self.nonfinite == 0),
            law(
                "null_test_max_diff",
                format!(
                    "{} over {} commits in {:.0} s",
                    self.null_test_max_diff, null.swapped, null.seconds
                ),
                "0",
                self.null_test_max_diff == 0.0,
            ),
            Line {
                name: "max_step_over_limit",
                found: format!(
                    "{:.3} (steps {:.3} of {}, bends {:.3} of {})",
                    self.max_step_over_limit, heard.step, heard.swaps, heard.bend, heard.pure
                ),
                target: "<= 1".into(),
                kept: heard.apart.then_some(self.max_step_over_limit <= 1.0),
            },
            Line {
                name: "allocations_in_process",
                found: allocations,
                target: "0".into(),
                kept: silent,
            },
            figure(
                "commit_to_swap_ms",
                format!("p50 {p50:.2}, p99 {p99:.2}, max {max:.2}"),
                "p99 < 10",
            ),
            figure(
                "swap_us",
                format!(
                    "p50 {:.2}, p99 {:.2}, max {:.2} of {} swaps",
                    swap.p50, swap.p99, swap.max, null.swaps
                ),
                "p99 < 5",
            ),
            figure("late_blocks", self.late_blocks.to_string(), "0 on a free machine"),
            figure(
                "realtime_factor",
                format!("{:.0}", self.realtime_factor),
                "the more the better",
            ),
        ]
    }
}
