//! What is selected on the canvas.

use std::collections::BTreeSet;

use chronus_patch::{CableId, ModuleId, Patch};

/// What is selected: modules, or a cable.
#[derive(Default)]
pub(crate) struct Selection {
    pub modules: BTreeSet<ModuleId>,
    pub cable: Option<CableId>,
}

impl Selection {
    pub(crate) fn clear(&mut self) {
        *self = Self::default();
    }

    pub(crate) fn only(&mut self, ids: impl IntoIterator<Item = ModuleId>) {
        *self = Self { modules: ids.into_iter().collect(), cable: None };
    }

    /// Adds a module, or takes it out.
    pub(crate) fn toggle(&mut self, id: &ModuleId) {
        self.cable = None;
        if !self.modules.remove(id) {
            self.modules.insert(id.clone());
        }
    }

    /// Forgets what the patch no longer has.
    pub(crate) fn prune(&mut self, patch: &Patch) {
        self.modules.retain(|id| patch.modules.contains_key(id));
        self.cable = self.cable.filter(|id| patch.cables.contains_key(id));
    }
}
