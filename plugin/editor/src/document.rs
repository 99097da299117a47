//! The document as text: to copy it out, to paste one in, and to edit what has no panel yet.

use chronus_patch::Patch;
use egui::{TextEdit, TextStyle, Ui};

use crate::app::EditorApp;
use crate::theme;

impl EditorApp {
    pub(crate) fn document(&mut self, ui: &mut Ui) {
        ui.horizontal_wrapped(|ui| {
            if ui.button("Show the patch").clicked() {
                self.json = self.document_now().to_json();
                self.json_fault = None;
            }
            if ui.button("Copy to the clipboard").clicked() {
                ui.ctx().copy_text(self.document_now().to_json());
            }
            if ui.button("Load this text").clicked() {
                match Patch::from_json(&self.json) {
                    Ok(patch) => {
                        self.json_fault = None;
                        self.load(patch);
                    }
                    Err(error) => self.json_fault = Some(error.to_string()),
                }
            }
            ui.colored_label(
                theme::of(ui).dim,
                "A patch file: paste one here, or save this as .json",
            );
        });
        if let Some(fault) = &self.json_fault {
            ui.colored_label(theme::of(ui).bad, fault);
        }
        let field = TextEdit::multiline(&mut self.json)
            .font(TextStyle::Monospace)
            .desired_rows(30)
            .desired_width(f32::INFINITY)
            .hint_text("Paste a patch here");
        ui.add(field).accessible_name("Patch text");
    }
}
