//! What has to be said before an order can be given: a name, a path, a text, or that something may
//! be replaced.

use chronus_library::{Entry, Order, PresetId};
use egui::{Key, Modifiers, TextEdit, Ui};

use crate::app::EditorApp;
use crate::picker::OWN_KEYS;
use crate::theme;

/// A form being filled in.
pub(super) struct Form {
    what: What,
    text: String,
    fresh: bool,
}

/// What it is for.
enum What {
    SaveAs,
    Rename(String),
    Import,
    Export,
    /// To give this order, which replaces something, or to choose another name.
    Replace(Box<Order>),
}

impl Form {
    pub(super) fn save_as(name: &str) -> Self {
        Self { what: What::SaveAs, text: name.to_owned(), fresh: true }
    }

    pub(super) fn rename(file: &str, name: &str) -> Self {
        Self { what: What::Rename(file.to_owned()), text: name.to_owned(), fresh: true }
    }

    pub(super) fn import() -> Self {
        Self { what: What::Import, text: String::new(), fresh: true }
    }

    pub(super) fn export() -> Self {
        Self { what: What::Export, text: String::new(), fresh: true }
    }

    pub(super) fn replace(text: String, order: Order) -> Self {
        Self { what: What::Replace(Box::new(order)), text, fresh: true }
    }

    /// (name of the field, hint, text of the button)
    fn words(&self) -> (&'static str, &'static str, &'static str) {
        match self.what {
            What::SaveAs => ("Preset name", "a name", "Save it"),
            What::Rename(_) => ("New preset name", "a name", "Rename it"),
            What::Import => ("Import from", "a path, or the text of a patch", "Import it"),
            What::Export => ("Export to", "a path, such as ~/pad.chronus.json", "Export it"),
            What::Replace(_) => ("Another name", "", "Save it as that"),
        }
    }
}

impl EditorApp {
    /// The open form, if one is.
    pub(super) fn form(&mut self, ui: &mut Ui) {
        let Some(mut form) = self.presets.form.take() else { return };
        let (name, hint, go) = form.words();
        let id = egui::Id::unique("preset form");
        let focused = ui.memory(|memory| memory.has_focus(id));
        let key = |key| focused && ui.input_mut(|input| input.consume_key(Modifiers::NONE, key));
        let (mut enter, mut escape) = (key(Key::Enter), key(Key::Escape));
        let mut replace = false;
        theme::of(ui).card().show(ui, |ui| {
            // Several lines, since pasted text has them; Enter does not make one.
            let field = TextEdit::multiline(&mut form.text)
                .id(id)
                .event_filter(OWN_KEYS)
                .hint_text(egui::RichText::new(hint).color(theme::of(ui).dim))
                .desired_rows(if matches!(form.what, What::Import) { 4 } else { 1 })
                .desired_width(f32::INFINITY);
            egui::ScrollArea::vertical().id_salt("form").max_height(90.0).show(ui, |ui| {
                let field = ui.add(field).accessible_name(name);
                if std::mem::take(&mut form.fresh) {
                    field.request_focus();
                }
            });
            ui.horizontal_wrapped(|ui| {
                if matches!(form.what, What::Replace(_)) {
                    replace = ui.button("Replace it").clicked();
                }
                enter |= ui.button(go).clicked();
                escape |= ui.button("Cancel").clicked();
            });
        });
        if escape {
            self.presets.word = None;
            self.presets.fresh = true;
            return;
        }
        if replace && let What::Replace(order) = form.what {
            self.presets.order(*order);
            return;
        }
        if enter {
            let order = self.order_of(&form);
            self.presets.word = None;
            self.presets.order(order);
        }
        // It stays until it is heard that all went well: what was typed is not lost to a mistake.
        self.presets.form = Some(form);
    }

    fn order_of(&self, form: &Form) -> Order {
        let text = form.text.clone();
        let patch = || self.document_now();
        match &form.what {
            What::SaveAs => Order::Save { name: text, patch: patch() },
            What::Rename(file) => Order::Rename { file: file.clone(), name: text },
            What::Import => Order::Import(text),
            What::Export => Order::Export { path: text, patch: patch(), over: false },
            What::Replace(order) => match order.as_ref() {
                Order::Export { patch, .. } => {
                    Order::Export { path: text, patch: patch.clone(), over: false }
                }
                _ => Order::Save { name: text, patch: patch() },
            },
        }
    }

    /// The buttons that open forms; those for one preset mean the one in hand.
    pub(super) fn form_buttons(&mut self, ui: &mut Ui, current: Option<&Entry>) {
        let user = current.and_then(|entry| match &entry.id {
            PresetId::User(file) => Some((file, &entry.name)),
            PresetId::Factory(_) => None,
        });
        let named = |ui: &mut Ui, on: bool, text: &str, name: &str, tip: &str| {
            let button = ui.add_enabled(on, egui::Button::new(text)).accessible_name(name);
            button.on_hover_text(tip).clicked()
        };
        ui.horizontal_wrapped(|ui| {
            if named(ui, true, "Save", "Save preset", "Ctrl+S") {
                self.save();
            }
            if named(ui, true, "Save as…", "Save preset as", "Ctrl+Shift+S") {
                self.save_as();
            }
            if named(ui, user.is_some(), "Rename", "Rename preset", "The one in hand") {
                self.presets.form = user.map(|(file, name)| Form::rename(file, name));
            }
            if named(ui, user.is_some(), "Delete", "Delete preset", "The one in hand, to .trash")
                && let Some((file, _)) = user
            {
                self.presets.order(Order::Delete(file.clone()));
            }
            if named(ui, true, "Import", "Import preset", "A file, or a patch as text") {
                self.import_preset();
            }
            if named(ui, true, "Export", "Export patch", "The patch as it stands, to a file") {
                self.export_patch();
            }
            if ui.button("Empty patch").clicked() {
                self.commit("empty patch", &[chronus_engine::Request::Clear]);
            }
        });
    }
}
