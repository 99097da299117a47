//! What is selected on the canvas.

use std::collections::BTreeSet;

use chronus_patch::{CableId, ModuleId, Patch};

use super::notes::Note;

/// What is selected: modules, comments and frames, or a cable.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Selection {
    pub modules: BTreeSet<ModuleId>,
    pub notes: BTreeSet<Note>,
    pub cable: Option<CableId>,
}

impl Selection {
    pub(crate) fn clear(&mut self) {
        *self = Self::default();
    }

    pub(crate) fn only(&mut self, ids: impl IntoIterator<Item = ModuleId>) {
        *self = Self { modules: ids.into_iter().collect(), ..Self::default() };
    }

    pub(crate) fn only_note(&mut self, note: Note) {
        *self = Self { notes: [note].into(), ..Self::default() };
    }

    /// Adds a module, or takes it out.
    pub(crate) fn toggle(&mut self, id: &ModuleId) {
        self.cable = None;
        if !self.modules.remove(id) {
            self.modules.insert(id.clone());
        }
    }

    /// Adds a comment or a frame, or takes it out.
    pub(crate) fn toggle_note(&mut self, note: &Note) {
        self.cable = None;
        if !self.notes.remove(note) {
            self.notes.insert(note.clone());
        }
    }

    /// How many modules, comments and frames.
    pub(crate) fn count(&self) -> usize {
        self.modules.len() + self.notes.len()
    }

    /// The comment or frame, when nothing else is selected.
    pub(crate) fn sole_note(&self) -> Option<&Note> {
        self.notes.first().filter(|_| self.count() == 1)
    }

    /// Forgets what the patch no longer has.
    pub(crate) fn prune(&mut self, patch: &Patch) {
        self.modules.retain(|id| patch.modules.contains_key(id));
        self.notes.retain(|note| note.rect(patch).is_some());
        self.cable = self.cable.filter(|id| patch.cables.contains_key(id));
    }
}
