//! The top line: pages, undo and redo, presets, and the verdict on what was done last.

use chronus_engine::{Rejection, Request};
use chronus_patch::Patch;
use egui::{RichText, Ui};

use crate::app::{EditorApp, Page};
use crate::commits::{Commit, Fate};
use crate::theme;

impl EditorApp {
    pub(crate) fn bar(&mut self, ui: &mut Ui, patch: &Patch) {
        ui.horizontal(|ui| {
            ui.heading("Chronus");
            ui.separator();
            for page in Page::ALL {
                ui.selectable_value(&mut self.page, page, page.name());
            }
            ui.separator();
            self.undo_buttons(ui);
            ui.separator();
            self.presets(ui);
            let name = if patch.name.is_empty() { "untitled" } else { &patch.name };
            ui.label(RichText::new(name).strong()).on_hover_text(&patch.notes);
        });
    }

    fn undo_buttons(&mut self, ui: &mut Ui) {
        let (undo, redo) = self.engine.undo_labels();
        let button = egui::Button::new("⟲ Undo");
        let button = ui.add_enabled(undo.is_some(), button).accessible_name("Undo");
        if button.on_hover_text(tip("Undo", undo)).clicked() {
            self.let_go();
            self.commits.undo(&self.engine);
        }
        let button = egui::Button::new("⟳ Redo");
        let button = ui.add_enabled(redo.is_some(), button).accessible_name("Redo");
        if button.on_hover_text(tip("Redo", redo)).clicked() {
            self.let_go();
            self.commits.redo(&self.engine);
        }
    }

    fn presets(&mut self, ui: &mut Ui) {
        ui.menu_button("Presets", |ui| {
            for preset in self.host.presets() {
                if ui.button(preset.name).clicked() {
                    match Patch::from_json(preset.json) {
                        Ok(patch) => self.load(patch),
                        Err(error) => self.remark = Some(error.to_string()),
                    }
                    ui.close();
                }
            }
            ui.separator();
            if ui.button("Empty patch").clicked() {
                self.commit("empty patch", &[Request::Clear]);
                ui.close();
            }
        });
    }

    /// Loads a whole document, its macros with it.
    pub(crate) fn load(&mut self, patch: Patch) {
        self.let_go();
        self.canvas.start_over();
        for (&index, knob) in &patch.macros {
            self.host.begin_macro(index);
            self.host.turn_macro(index, knob.value);
            self.host.end_macro(index);
        }
        let name = if patch.name.is_empty() { "a patch" } else { &patch.name };
        self.commit(format!("load {name}"), &[Request::Replace(Box::new(patch))]);
    }

    /// What became of the last edit, and what to do about a refused one.
    pub(crate) fn verdict(&mut self, ui: &mut Ui) {
        if let Some(notice) = self.host.notice() {
            ui.horizontal_wrapped(|ui| {
                ui.colored_label(theme::BAD, notice);
                if ui.small_button("Dismiss").clicked() {
                    self.host.dismiss_notice();
                }
            });
        }
        if let Some(remark) = self.remark.clone() {
            ui.horizontal_wrapped(|ui| {
                ui.colored_label(theme::BAD, remark);
                if ui.small_button("Dismiss").clicked() {
                    self.remark = None;
                }
            });
        }
        ui.horizontal_wrapped(|ui| {
            let Some(last) = self.commits.last() else {
                ui.colored_label(theme::DIM, "Nothing edited yet");
                return;
            };
            tell(ui, &last);
        });
        if let Some((revision, why)) = self.engine.refusal() {
            ui.horizontal_wrapped(|ui| {
                ui.colored_label(theme::BAD, "• Not playing:");
                ui.label(format!("revision {revision}: {why}"));
                let costly = matches!(why, Rejection::OverBudget { .. });
                if costly && ui.small_button("Play it anyway").clicked() {
                    self.commits.commit_anyway(&self.engine);
                }
                let undo = ui.small_button("Undo it").accessible_name("Undo the refused edit");
                if undo.clicked() {
                    self.commits.undo(&self.engine);
                }
            });
        }
    }
}

fn tip(verb: &str, label: Option<String>) -> String {
    theme::drawable(&format!("{verb}: {}", label.as_deref().unwrap_or("nothing")))
}

fn tell(ui: &mut Ui, commit: &Commit) {
    let label = theme::drawable(&commit.label);
    match &commit.fate {
        Fate::Building(since) => {
            let ms = since.elapsed().as_millis();
            ui.colored_label(theme::WARN, format!("• {label}: building for {ms} ms"));
        }
        Fate::Swapped { revision, took, load, silent, remarks } => {
            let ms = took.as_secs_f64() * 1000.0;
            let text = format!("• {label}: plays as revision {revision} after {ms:.1} ms");
            ui.colored_label(theme::GOOD, text);
            ui.colored_label(theme::DIM, format!("{:.1} % of CPU with all voices", load * 100.0));
            if *silent {
                ui.colored_label(theme::WARN, "silent with a note held");
            }
            for remark in remarks {
                ui.colored_label(theme::WARN, remark);
            }
        }
        Fate::Refused { revision, why } => {
            ui.colored_label(theme::BAD, format!("• {label}: revision {revision} refused: {why}"));
        }
        Fate::Superseded => {
            ui.colored_label(theme::DIM, format!("• {label}: a newer edit took its place"));
        }
        Fate::TimedOut => {
            ui.colored_label(theme::BAD, format!("• {label}: not ready in time, edit once more"));
        }
    }
}
