//! The document as text: to copy it out, to paste one in, and to edit what has no panel yet.

use chronus_patch::Patch;
use egui::{TextEdit, TextStyle, Ui};

use crate::app::EditorApp;
use crate::theme;

impl EditorApp {
    pub(crate) fn document(&mut self, ui: &mut Ui, patch: &Patch) {
        ui.horizontal_wrapped(|ui| {
            if ui.button("Show the patch").clicked() {
                self.json = self.text_of(patch);
                self.json_fault = None;
            }
            if ui.button("Copy to the clipboard").clicked() {
                ui.ctx().copy_text(self.text_of(patch));
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

    fn text_of(&self, patch: &Patch) -> String {
        self.as_it_stands(patch).to_json()
    }

    /// The document as a file holds it: with the macros where the host has them.
    pub(crate) fn as_it_stands(&self, patch: &Patch) -> Patch {
        let mut patch = patch.clone();
        for (&index, knob) in &mut patch.macros {
            knob.value = self.host.macro_value(index);
        }
        patch
    }
}
