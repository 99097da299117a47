//! Texts that are typed in the fields of pages: what each is for, and what becomes of it when its
//! field is left, however that comes about. Fields that open on the canvas for a moment are in
//! [`entry`](crate::canvas).

use chronus_patch::{Edit, EditError, MacroKnob, ModuleId, Patch};
use egui::{Key, TextEdit, Ui};

use crate::app::EditorApp;

/// What a text is for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Text {
    PatchName,
    Tags,
    Notes,
    /// The label of a module.
    Module(ModuleId),
    /// The name of a macro, by its index.
    Macro(u8),
    /// The name of a scene.
    Scene(String),
}

/// A text that is being typed.
#[derive(Clone)]
pub(crate) struct Typing {
    what: Text,
    text: String,
}

impl Text {
    /// What its field is found by.
    fn field(&self) -> String {
        match self {
            Self::PatchName => "Patch name".into(),
            Self::Tags => "Patch tags".into(),
            Self::Notes => "Patch notes".into(),
            Self::Module(id) => format!("Name of {id}"),
            Self::Macro(index) => format!("Name of macro {}", u32::from(*index) + 1),
            Self::Scene(name) => format!("Name of scene {name}"),
        }
    }

    /// The id of its field in `ui`.
    pub(crate) fn id(&self, ui: &Ui) -> egui::Id {
        ui.scope_id().with(("typed", self.field()))
    }

    /// As it stands in the document.
    fn current(&self, patch: &Patch) -> String {
        match self {
            Self::PatchName => patch.name.clone(),
            Self::Tags => patch.tags.join(", "),
            Self::Notes => patch.notes.clone(),
            Self::Module(id) => patch.modules.get(id).map_or("", |module| &module.name).into(),
            Self::Macro(index) => patch.macros.get(index).map_or("", |knob| &knob.name).into(),
            Self::Scene(name) => name.clone(),
        }
    }
}

impl EditorApp {
    /// The field of a text, `width` points wide: shows what the document has unless it is being
    /// typed. What was typed is taken when the field is left; Escape gives it up.
    pub(crate) fn typed(&mut self, ui: &mut Ui, patch: &Patch, what: &Text, look: (&str, f32)) {
        let (hint, width) = look;
        let ours = |typing: &Typing| typing.what == *what;
        let mut text = match &self.typing {
            Some(typing) if ours(typing) => typing.text.clone(),
            _ => what.current(patch),
        };
        let field = match what {
            Text::Notes => TextEdit::multiline(&mut text).desired_rows(3),
            _ => TextEdit::singleline(&mut text),
        };
        let field = field.hint_text(hint).desired_width(width).id(what.id(ui));
        let response = ui.add(field).accessible_name(what.field());
        if response.changed() {
            if !self.typing.as_ref().is_some_and(ours) {
                // Of a field that was left a moment ago.
                self.take_typed();
            }
            self.typing = Some(Typing { what: what.clone(), text });
        }
        if response.lost_focus() && self.typing.as_ref().is_some_and(ours) {
            // A text of several lines is not lost by one key.
            if ui.input(|input| input.key_pressed(Key::Escape)) && *what != Text::Notes {
                self.typing = None;
            }
            self.take_typed();
        }
    }

    /// Takes what is being typed, wherever that is, and leaves its field.
    pub(crate) fn finish_typing(&mut self) {
        self.take_typed();
        self.take_entry();
        self.take_value();
    }

    /// Has the document hold what is being typed, wherever that is; typing goes on.
    pub(crate) fn keep_typed(&mut self) {
        match self.typing.clone() {
            // Its field goes with the old name.
            Some(Typing { what: Text::Scene(_), .. }) => {
                self.take_typed();
                self.sides.end_naming();
                self.canvas.take_focus();
            }
            Some(typing) => self.write(typing),
            None => {}
        }
        self.keep_entry();
        self.keep_value();
    }

    fn take_typed(&mut self) {
        if let Some(typing) = self.typing.take() {
            self.write(typing);
        }
    }

    fn write(&mut self, Typing { what, text }: Typing) {
        let patch = self.engine.document();
        if text == what.current(&patch) {
            return;
        }
        match what {
            Text::PatchName => {
                self.presets.renamed(&text);
                self.edit(&patch, Edit::SetName(text));
            }
            Text::Tags => {
                let tags = text.split(',').map(|tag| tag.trim().to_lowercase());
                let tags = tags.filter(|tag| !tag.is_empty()).collect();
                self.edit(&patch, Edit::SetTags(tags));
            }
            Text::Notes => self.edit(&patch, Edit::SetNotes(text)),
            Text::Module(id) => self.remark = self.rename_module(&patch, &id, text.trim()).err(),
            Text::Macro(index) => {
                if let Some(knob) = patch.macros.get(&index) {
                    let knob = Some(MacroKnob { name: text, ..knob.clone() });
                    self.edit(&patch, Edit::SetMacro { index, knob });
                }
            }
            Text::Scene(name) => self.rename_scene(&patch, &name, text.trim()),
        }
    }

    /// Gives a module another label; none when that is its id.
    ///
    /// # Errors
    /// When another module is called that.
    pub(crate) fn rename_module(
        &self,
        patch: &Patch,
        id: &ModuleId,
        name: &str,
    ) -> Result<(), String> {
        let name = if name == id.as_str() { "" } else { name };
        if patch.modules.get(id).is_none_or(|module| module.name == name) {
            return Ok(());
        }
        // The document refuses other modules' names; where a module has none, people read its id.
        let mut others = patch.modules.keys().filter(|other| *other != id);
        if let Some(other) = others.find(|other| patch.label(other) == name) {
            let taken = EditError::NameTaken { name: name.into(), taken_by: other.clone() };
            return Err(taken.to_string());
        }
        let rename = Edit::Rename { id: id.clone(), name: name.into() };
        self.engine.arrange(rename).map_err(|error| error.to_string())
    }
}
