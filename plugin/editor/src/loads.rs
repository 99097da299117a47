//! The load of single modules: measured while it is to be seen, in the headers of modules and on the
//! statistics page.

use std::collections::BTreeMap;

use chronus_engine::Engine;
use chronus_patch::{ModuleId, Patch};
use egui::{Grid, ProgressBar, RichText, Ui};

use crate::theme;

/// Seconds between two looks.
const READ: f64 = 0.25;
/// Modules on the statistics page.
const LISTED: usize = 12;
/// A load that is nothing to look at, however the others are.
const LITTLE: f32 = 1e-4;
/// Width of a bar there, in points.
const BAR: f32 = 220.0;

/// See the module's documentation.
#[derive(Default)]
pub(crate) struct Loads {
    /// The canvas shows them.
    pub shown: bool,
    /// They are measured for this editor.
    asked: bool,
    /// Share of a core, by module.
    of: BTreeMap<ModuleId, f32>,
    /// When that was looked up, in egui's time.
    read: Option<f64>,
}

impl Loads {
    /// Has loads measured while they are `wanted`, and looks at them now and then.
    pub(crate) fn follow(&mut self, engine: &Engine, wanted: bool, now: f64) {
        if !wanted {
            self.release(engine);
            return;
        }
        // Another window of the same engine may have let go.
        if !self.asked || !engine.taps().loads() {
            engine.taps().set_loads(true);
            self.asked = true;
        }
        engine.taps().keep(engine.frame());
        if self.read.is_none_or(|read| now - read >= READ) {
            self.read = Some(now);
            self.of.clear();
            engine.module_loads(|id, load| {
                self.of.insert(id.clone(), load);
            });
        }
    }

    /// They are not to be seen any more.
    pub(crate) fn release(&mut self, engine: &Engine) {
        if std::mem::take(&mut self.asked) {
            engine.taps().set_loads(false);
            self.of.clear();
            self.read = None;
        }
    }

    /// Load of a module in words, while the canvas shows it.
    pub(crate) fn told(&self, id: &ModuleId) -> Option<String> {
        let load = self.shown.then(|| self.of.get(id))??;
        Some(percent(*load))
    }

    /// The dearest modules, the dearest first.
    pub(crate) fn table(&self, ui: &mut Ui, patch: &Patch) {
        ui.label(RichText::new("Load of modules").strong());
        let mut all: Vec<(&ModuleId, f32)> = self.of.iter().map(|(id, load)| (id, *load)).collect();
        all.sort_by(|a, b| b.1.total_cmp(&a.1));
        let sum: f32 = all.iter().map(|(_, load)| load).sum();
        if all.is_empty() {
            ui.colored_label(theme::of(ui).dim, "nothing is rendered");
            return;
        }
        Grid::new("loads").num_columns(3).spacing(egui::vec2(18.0, 4.0)).show(ui, |ui| {
            for (id, load) in all.iter().take(LISTED) {
                ui.label(patch.label(id));
                ui.label(RichText::new(percent(*load)).strong());
                // Against the dearest: what there is to save, not how much room is left.
                ui.add(ProgressBar::new(load / all[0].1.max(LITTLE)).desired_width(BAR));
                ui.end_row();
            }
            let rest = all.len().saturating_sub(LISTED);
            ui.label(if rest > 0 { format!("and {rest} more; all") } else { "all".into() });
            ui.label(RichText::new(percent(sum)).strong());
            ui.colored_label(theme::of(ui).dim, "of one core, measured in turns");
            ui.end_row();
        });
    }
}

fn percent(load: f32) -> String {
    let percent = load * 100.0;
    match percent {
        ..0.005 => "0 %".into(),
        ..0.995 => format!("{percent:.2} %"),
        _ => format!("{percent:.1} %"),
    }
}
