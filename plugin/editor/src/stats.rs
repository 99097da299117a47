//! The statistics: how long edits took to be heard, what swaps and blocks cost, and what became of
//! the last edits.

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use chronus_engine::Histogram;
use chronus_patch::Patch;
use egui::{Align2, FontId, Grid, Rect, RichText, Role, Sense, Stroke, Ui, WidgetInfo};
use egui::{pos2, vec2};

use crate::app::EditorApp;
use crate::bar::tell;
use crate::theme;

/// Size of a histogram, in points.
const SIZE: egui::Vec2 = vec2(340.0, 110.0);
/// Bars of an octave.
const BARS: f32 = 4.0;

/// A histogram as it is drawn.
struct Drawn {
    name: &'static str,
    /// Counted numbers to one of `unit`.
    per_unit: f64,
    unit: &'static str,
    /// What is promised, in `unit`.
    limit: Option<f64>,
}

impl EditorApp {
    pub(crate) fn statistics(&mut self, ui: &mut Ui, patch: &Patch) {
        let counters = self.engine.counters();
        ui.horizontal_wrapped(|ui| {
            for (drawn, histogram) in [
                (
                    Drawn { name: "Commit to swap", per_unit: 1e3, unit: "ms", limit: Some(10.0) },
                    &counters.commit_us,
                ),
                (
                    Drawn { name: "Cost of a swap", per_unit: 1e3, unit: "us", limit: None },
                    &counters.swap_ns,
                ),
                (
                    Drawn { name: "Load of a block", per_unit: 1e4, unit: "%", limit: Some(100.0) },
                    &counters.block_load,
                ),
            ] {
                theme::of(ui).card().show(ui, |ui| {
                    ui.vertical(|ui| draw(ui, &drawn, histogram));
                });
            }
        });
        let read = |counter: &AtomicU64| counter.load(Relaxed).to_string();
        let rows = [
            ("Commits", read(&counters.commits), "edits that were asked for"),
            ("Swapped", read(&counters.swapped), "edits that came to be heard"),
            ("Refused", read(&counters.rejected), "edits that never sounded, for a reason given"),
            ("Superseded", read(&counters.superseded), "edits that a newer one contained"),
            ("Timed out", read(&counters.timed_out), "edits that were not ready in time"),
            ("Blocks", read(&counters.blocks), "calls of the host"),
            (
                "Missed blocks",
                read(&counters.missed_blocks),
                "blocks that no graph filled: always 0",
            ),
            ("Late blocks", read(&counters.late_blocks), "blocks that took longer than they last"),
            ("Bad samples", read(&counters.nonfinite), "samples that were no numbers, silenced"),
            ("Modules", read(&counters.active_modules), "modules that play"),
            (
                "Graphs",
                read(&counters.graphs),
                "graphs in memory: 1 plays, others stand by or wait",
            ),
        ];
        Grid::new("counters").num_columns(3).spacing(vec2(18.0, 4.0)).show(ui, |ui| {
            for (name, value, what) in rows {
                ui.label(name);
                ui.label(RichText::new(value).strong());
                ui.colored_label(theme::of(ui).dim, what);
                ui.end_row();
            }
        });
        let warm = counters.warm_rms().map(decibels);
        ui.label(format!("Warm-up of the last edit, dB RMS a buffer: {}", warm.join("  ")));
        ui.add_space(8.0);
        self.loads.table(ui, patch);
        ui.add_space(8.0);
        ui.label(RichText::new("The last edits").strong());
        for commit in self.commits.all() {
            ui.horizontal_wrapped(|ui| tell(ui, &commit, counters.stage()));
        }
    }
}

fn decibels(rms: f32) -> String {
    if rms > 0.0 { format!("{:.0}", 20.0 * rms.log10()) } else { "silent".into() }
}

/// Bars over a logarithmic axis, with what half and 99 of 100 lie under.
fn draw(ui: &mut Ui, drawn: &Drawn, histogram: &Histogram) {
    let look = theme::of(ui);
    let value = |counted: u64| counted as f64 / drawn.per_unit;
    let text = |counted: u64| short(value(counted));
    let summary = if histogram.count() == 0 {
        "nothing yet".to_owned()
    } else {
        format!(
            "{} counted, half within {} {unit}, 99 of 100 within {} {unit}, most {} {unit}",
            histogram.count(),
            text(histogram.quantile(0.5)),
            text(histogram.quantile(0.99)),
            text(histogram.max()),
            unit = drawn.unit
        )
    };
    ui.set_max_width(SIZE.x);
    ui.label(RichText::new(drawn.name).strong());
    ui.colored_label(look.dim, &summary);
    let (rect, response) = ui.allocate_exact_size(SIZE, Sense::hover());
    response.widget_info(|| {
        let mut info =
            WidgetInfo::labeled(Role::Image, true, format!("Histogram of {}", drawn.name));
        info.current_text_value = Some(summary.clone());
        info
    });
    let painter = ui.painter().with_clip_rect(rect);
    painter.rect_filled(rect, 3.0, look.deep);
    let all = histogram.buckets();
    let (Some((least, _)), Some((most, _))) = (all.first(), all.last()) else { return };
    // From an octave below to an octave above, in whole octaves.
    let octave = |counted: u64| (counted.max(1) as f32).log2();
    let (from, to) = (octave(*least).floor() - 1.0, octave(*most).ceil() + 1.0);
    let plot = Rect::from_min_max(rect.min + vec2(6.0, 8.0), rect.max - vec2(6.0, 18.0));
    let x = |octave: f32| plot.left() + (octave - from) / (to - from) * plot.width();
    let mut bars = vec![0_u64; ((to - from) * BARS) as usize + 1];
    for (upper, count) in &all {
        bars[((octave(*upper) - from) * BARS) as usize] += count;
    }
    let tallest = bars.iter().copied().max().unwrap_or(1).max(1) as f32;
    for (n, count) in bars.iter().enumerate().filter(|(_, count)| **count > 0) {
        let left = x(from + n as f32 / BARS);
        let right = x(from + (n + 1) as f32 / BARS) - 1.0;
        // Seldom and late is what one looks for: a single one must be seen beside thousands.
        let height = ((1.0 + *count as f32).ln() / (1.0 + tallest).ln() * plot.height()).max(2.0);
        let bar =
            Rect::from_min_max(pos2(left, plot.bottom() - height), pos2(right, plot.bottom()));
        painter.rect_filled(bar, 1.0, look.accent);
    }
    let font = FontId::proportional(10.5);
    let mark = |counted: f64, colour, words: &str, align: Align2| {
        let at = x((counted.max(1.0) as f32).log2());
        painter.vline(at, plot.y_range(), Stroke::new(1.0, colour));
        painter.text(pos2(at, rect.bottom() - 3.0), align, words, font.clone(), colour);
    };
    let half = histogram.quantile(0.5);
    mark(half as f64, look.good, &format!("half {}", text(half)), Align2::CENTER_BOTTOM);
    if let Some(limit) = drawn.limit {
        let words = format!("{} {}", short(limit), drawn.unit);
        mark(limit * drawn.per_unit, look.warn, &words, Align2::CENTER_BOTTOM);
    }
}

/// Two or three digits that count.
fn short(value: f64) -> String {
    if value >= 100.0 {
        format!("{value:.0}")
    } else if value >= 10.0 {
        format!("{value:.1}")
    } else {
        format!("{value:.2}")
    }
}
