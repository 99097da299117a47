//! What became of orders to the library, and what the editor does then.

use chronus_library::{Done, LibraryError, Order, Over, PresetId};
use chronus_patch::Edit;

use super::forms::Form;
use crate::app::EditorApp;

impl EditorApp {
    /// Takes in what the library has done.
    pub(super) fn hear(&mut self, done: Done) {
        match done {
            Done::Loaded { id, patch, stamp } => {
                // An older one that was passed over on the way to another is not heard any more.
                if self.presets.wanted.as_ref() == Some(&id) {
                    self.load(*patch);
                    // As the engine spells it out.
                    let document = self.engine.document();
                    self.presets.came_from(id, stamp, (*document).clone());
                    self.presets.word = None;
                }
            }
            Done::Saved { file, patch, stamp } => {
                let document = self.engine.document();
                self.presets.say(format!("Saved as {}", patch.name));
                if document.name != patch.name {
                    self.edit(&document, Edit::SetName(patch.name.clone()));
                }
                let id = PresetId::User(file);
                self.presets.sought = Some(id.clone());
                self.presets.came_from(id, stamp, *patch);
                self.presets.form = None;
                if self.presets.saving.take() == Some(true) {
                    self.save_document();
                }
            }
            Done::Renamed { from, to } => self.renamed(from, to),
            Done::Deleted { file, trashed } => {
                self.presets.say(format!("{file} is in the trash"));
                let id = PresetId::User(file.clone());
                self.presets.origins.retain(|origin| origin.id != id);
                self.presets.deleted = Some(Order::Restore { trashed, file });
            }
            Done::Added(file) => {
                self.presets.say(format!("Added {file}"));
                self.presets.sought = Some(PresetId::User(file));
                self.presets.form = None;
                self.presets.deleted = None;
            }
            Done::Exported(path) => {
                self.presets.say(format!("Written to {}", path.display()));
                self.presets.form = None;
            }
            Done::Failed(order, why) => self.failed(*order, &why),
        }
    }

    fn renamed(&mut self, from: String, to: String) {
        let (from, to) = (PresetId::User(from), PresetId::User(to));
        let name = |id: &PresetId| {
            let shelf = self.presets.shelf();
            shelf.entries.iter().find(|entry| entry.id == *id).map(|entry| entry.name.clone())
        };
        let new = name(&to);
        let document = self.engine.document();
        for origin in &mut self.presets.origins {
            if origin.id != from {
                continue;
            }
            origin.id = to.clone();
            let Some(new) = &new else { continue };
            let old = std::mem::replace(&mut origin.patch.name, new.clone());
            if document.name == old {
                let edit = Edit::SetName(new.clone());
                self.remark = self.engine.arrange(edit).err().map(|error| error.to_string());
            }
        }
        self.presets.sought = Some(to);
        self.presets.form = None;
        self.presets.word = None;
    }

    fn failed(&mut self, order: Order, why: &LibraryError) {
        if matches!(order, Order::MarkModule(..) | Order::MarkPreset(..) | Order::SetLook(_)) {
            self.remark = Some(why.to_string());
            return;
        }
        let presets = &mut self.presets;
        presets.word = Some((why.to_string(), true));
        presets.open();
        if matches!(order, Order::SaveOver { .. }) {
            presets.saving = None;
        }
        let again = match order {
            Order::Save { name, patch } if matches!(why, LibraryError::Taken(_)) => {
                let over = chronus_library::preset_file(&name).ok();
                over.map(|file| (name, Order::SaveOver { file, patch, over: Over::Anything }))
            }
            Order::SaveOver { file, patch, over: Over::Stamp(_) }
                if matches!(why, LibraryError::Changed(_)) =>
            {
                let name = patch.name.clone();
                Some((name, Order::SaveOver { file, patch, over: Over::Anything }))
            }
            Order::Export { path, patch, over: false } if matches!(why, LibraryError::Taken(_)) => {
                Some((path.clone(), Order::Export { path, patch, over: true }))
            }
            _ => None,
        };
        if let Some((text, order)) = again {
            presets.form = Some(Form::replace(text, order));
        }
    }
}
