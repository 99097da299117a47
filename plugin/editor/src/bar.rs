//! The top line: pages, undo and redo, presets, and the verdict on what was done last.

use chronus_engine::{Rejection, Request, Stage};
use chronus_patch::Patch;
use egui::Ui;

use crate::app::{EditorApp, Page};
use crate::commits::{Commit, Fate};
use crate::icons::{Icon, IconButton};
use crate::theme;

impl EditorApp {
    pub(crate) fn bar(&mut self, ui: &mut Ui, patch: &Patch) {
        ui.horizontal_wrapped(|ui| {
            ui.heading("Chronus");
            ui.separator();
            for page in Page::ALL {
                ui.selectable_value(&mut self.page, page, page.name());
            }
            ui.separator();
            self.undo_buttons(ui);
            ui.separator();
            self.preset_buttons(ui, patch);
            ui.separator();
            self.look(ui);
        });
    }

    fn undo_buttons(&mut self, ui: &mut Ui) {
        let (undo, redo) = self.engine.undo_labels();
        let button = IconButton::new(Icon::Undo, "Undo");
        let button = ui.add_enabled(undo.is_some(), button);
        if button.on_hover_text(tip("Undo", undo)).clicked() {
            self.undo();
        }
        let button = IconButton::new(Icon::Redo, "Redo");
        let button = ui.add_enabled(redo.is_some(), button);
        if button.on_hover_text(tip("Redo", redo)).clicked() {
            self.redo();
        }
    }

    /// Loads a whole document, its macros with it.
    pub(crate) fn load(&mut self, patch: Patch) {
        self.let_go();
        self.canvas.start_over();
        self.sides.start_over();
        let (before, name) = (self.document_now(), patch.name.as_str());
        let label = format!("load {}", if name.is_empty() { "a patch" } else { name });
        self.turn_macros(&before, &patch);
        self.commit(label, &[Request::Replace(Box::new(patch))]);
    }

    /// What became of the last edit, and what to do about a refused one.
    pub(crate) fn verdict(&mut self, ui: &mut Ui) {
        if let Some(notice) = self.host.notice() {
            ui.horizontal_wrapped(|ui| {
                ui.colored_label(theme::of(ui).bad, notice);
                if ui.small_button("Dismiss").clicked() {
                    self.host.dismiss_notice();
                }
            });
        }
        if let Some(remark) = self.remark.clone() {
            ui.horizontal_wrapped(|ui| {
                ui.colored_label(theme::of(ui).bad, remark);
                if ui.small_button("Dismiss").clicked() {
                    self.remark = None;
                }
            });
        }
        ui.horizontal_wrapped(|ui| {
            let Some(last) = self.commits.last() else {
                ui.colored_label(theme::of(ui).dim, "Nothing edited yet");
                return;
            };
            tell(ui, &last, self.engine.counters().stage());
        });
        if let Some((revision, why)) = self.engine.refusal() {
            ui.horizontal_wrapped(|ui| {
                ui.colored_label(theme::of(ui).bad, "• Not playing:");
                ui.label(format!("revision {revision}: {why}"));
                if costly(&why) && ui.small_button("Play it anyway").clicked() {
                    self.commits.commit_anyway(&self.engine);
                }
                let undo = ui.small_button("Undo it").accessible_name("Undo the refused edit");
                if undo.clicked() {
                    self.undo();
                }
            });
        }
    }
}

/// True when a refused edit may be played all the same.
pub(crate) fn costly(why: &Rejection) -> bool {
    matches!(why, Rejection::OverBudget { .. })
}

fn tip(verb: &str, label: Option<String>) -> String {
    format!("{verb}: {}", label.as_deref().unwrap_or("nothing"))
}

pub(crate) fn tell(ui: &mut Ui, commit: &Commit, stage: Stage) {
    let label = &commit.label;
    match &commit.fate {
        Fate::Building(since) => {
            let ms = since.elapsed().as_millis();
            let stage = match stage {
                Stage::Idle => "waiting for the swap",
                stage => stage.name(),
            };
            ui.colored_label(theme::of(ui).warn, format!("• {label}: {stage}, {ms} ms"));
        }
        Fate::Swapped { revision, took, load, silent, remarks } => {
            let ms = took.as_secs_f64() * 1000.0;
            let text = format!("• {label}: plays as revision {revision} after {ms:.1} ms");
            ui.colored_label(theme::of(ui).good, text);
            ui.colored_label(
                theme::of(ui).dim,
                format!("{:.1} % of CPU with all voices", load * 100.0),
            );
            if *silent {
                ui.colored_label(theme::of(ui).warn, "silent with a note held");
            }
            for remark in remarks {
                ui.colored_label(theme::of(ui).warn, remark);
            }
        }
        Fate::Refused { revision, why } => {
            ui.colored_label(
                theme::of(ui).bad,
                format!("• {label}: revision {revision} refused: {why}"),
            );
        }
        Fate::Superseded => {
            ui.colored_label(theme::of(ui).dim, format!("• {label}: a newer edit took its place"));
        }
        Fate::TimedOut => {
            ui.colored_label(
                theme::of(ui).bad,
                format!("• {label}: not ready in time, edit once more"),
            );
        }
    }
}
