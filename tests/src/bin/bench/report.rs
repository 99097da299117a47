//! What the bench found: figures by name, as JSON and as a table with the targets beside them.

use std::fmt::Write;
use std::path::Path;

use chronus_tests::plot::{self, Panel};
use serde_json::{Map, Value, json};

/// What a figure should be.
#[derive(Clone, Copy)]
enum Target {
    AtLeast(f64),
    AtMost(f64),
}

/// Targets by the figure's name. That of one voice stands for "no worse than the fastest engine
/// whose modules are nodes", which the table of other engines puts at 0.51 of this limit.
const TARGETS: &[(&str, Target)] = &[
    ("w1_n1_of_scalar_limit", Target::AtLeast(0.51)),
    ("w1_n16_of_soa_limit", Target::AtLeast(0.6)),
    ("w1_n64_of_soa_limit", Target::AtLeast(0.6)),
    ("w1_n16_of_sse4_limit", Target::AtLeast(0.6)),
    ("w2_of_scalar_limit", Target::AtLeast(1.0)),
    ("w2_of_soa_limit", Target::AtLeast(0.5)),
    ("w2b_of_scalar_limit", Target::AtLeast(1.0)),
    ("w2b_of_soa_limit", Target::AtLeast(0.5)),
    ("block64_over_block512", Target::AtLeast(0.8)),
    ("event_a_block_over_none", Target::AtLeast(0.8)),
    ("idle_over_16_voices", Target::AtMost(0.02)),
    ("swap_extra_over_allowed100", Target::AtMost(1.0)),
    ("swap_extra_over_allowed500", Target::AtMost(1.0)),
    ("swap_extra_over_allowed2000", Target::AtMost(1.0)),
    ("swap_extra_awake_over_allowed100", Target::AtMost(1.0)),
    ("swap_extra_awake_over_allowed500", Target::AtMost(1.0)),
    ("swap_extra_awake_over_allowed2000", Target::AtMost(1.0)),
    ("commit_ms_p99_100", Target::AtMost(10.0)),
    ("commit_ms_p99_500", Target::AtMost(50.0)),
    ("gui_200_over_50", Target::AtMost(2.2)),
    ("gui_500_over_50", Target::AtMost(3.0)),
    ("gui_50_over_reference", Target::AtMost(2.0)),
    ("gui_p99_over_median", Target::AtMost(2.5)),
    ("gui_audio_block_growth", Target::AtMost(0.03)),
];

/// All figures.
#[derive(Default)]
pub struct Report {
    /// Name, value, what it is.
    figures: Vec<(String, f64, String)>,
    /// Remarks on the run.
    pub remarks: Vec<String>,
    /// Curves of `growth.png`.
    pub panels: Vec<Panel>,
    /// What `gui.json` holds.
    pub gui: Option<Value>,
}

impl Report {
    /// Adds a figure. `what` says what it is, with its unit.
    pub fn add(&mut self, name: impl Into<String>, value: f64, what: impl Into<String>) {
        let (name, what) = (name.into(), what.into());
        eprintln!("{name:36} {:>10}  {what}", short(value));
        self.figures.push((name, value, what));
    }

    /// As one JSON object: a key for each figure, and the remarks.
    pub fn json(&self) -> String {
        let mut all: Map<String, Value> =
            self.figures.iter().map(|(name, value, _)| (name.clone(), json!(value))).collect();
        all.insert("remarks".into(), json!(self.remarks));
        format!("{:#}\n", Value::Object(all))
    }

    /// As a table.
    pub fn markdown(&self) -> String {
        let mut text = String::from("| figure | value | target | |\n|---|---|---|---|\n");
        for (name, value, what) in &self.figures {
            let target = TARGETS.iter().find(|(known, _)| known == name);
            let target = target.map_or_else(String::new, |(_, target)| judged(*target, *value));
            let _ = writeln!(text, "| `{name}` | {} | {target} | {what} |", short(*value));
        }
        for remark in &self.remarks {
            let _ = write!(text, "\n{remark}\n");
        }
        text
    }

    /// Writes both to `folder`, and the curves if there are any.
    pub fn write(&self, folder: &Path) -> std::io::Result<()> {
        std::fs::create_dir_all(folder)?;
        std::fs::write(folder.join("report.json"), self.json())?;
        std::fs::write(folder.join("report.md"), self.markdown())?;
        if let Some(gui) = &self.gui {
            std::fs::write(folder.join("gui.json"), gui.to_string())?;
        }
        if self.panels.is_empty() {
            Ok(())
        } else {
            plot::save(&self.panels, &folder.join("growth.png"))
        }
    }
}

fn judged(target: Target, value: f64) -> String {
    let (sign, limit, met) = match target {
        Target::AtLeast(limit) => (">=", limit, value >= limit),
        Target::AtMost(limit) => ("<=", limit, value <= limit),
    };
    format!("{sign} {limit}{}", if met { ": met" } else { ": **missed**" })
}

/// Three digits that count.
fn short(value: f64) -> String {
    match value.abs() {
        x if x >= 100.0 => format!("{value:.0}"),
        x if x >= 10.0 => format!("{value:.1}"),
        x if x >= 1.0 => format!("{value:.2}"),
        _ => format!("{value:.4}"),
    }
}
