//! Questions to a patch, and the edits that the editor and remotes put together from them.

use std::collections::{HashMap, HashSet};

use crate::{Cable, CableId, Edit, Module, ModuleId, Patch, PortRef};

impl Patch {
    /// An id for a new cable: one above the highest in use, so that the new cable comes last in
    /// its input's sum.
    #[must_use]
    pub fn next_cable_id(&self) -> CableId {
        self.free_cable_ids().next().unwrap_or_default()
    }

    /// Ids for new cables in the order to use them: above the highest in use, and when those are
    /// used up, the gaps from the bottom.
    pub(crate) fn free_cable_ids(&self) -> impl Iterator<Item = CableId> + '_ {
        let highest = self.cables.keys().next_back().map_or(0, |id| id.0);
        let above = highest.checked_add(1).into_iter().flat_map(|first| first..=u32::MAX);
        let gaps = (1..highest).filter(|id| !self.cables.contains_key(&CableId(*id)));
        above.chain(gaps).map(CableId)
    }

    /// An id for a new module: `stem` and the lowest number that makes an id no module has, nor
    /// any module's name ("osc1", "osc2", …). A number at the end of `stem` is left out, and
    /// characters no id may have become `_`.
    #[must_use]
    pub fn free_module_id(&self, stem: &str) -> ModuleId {
        let names: HashSet<&str> = self.modules.values().map(|m| m.name.as_str()).collect();
        numbered(stem, &mut 0, |id| self.modules.contains_key(id) || names.contains(id.as_str()))
    }

    /// The cables that start or end at a module, in order of their id.
    pub fn cables_of<'a>(
        &'a self,
        module: &'a ModuleId,
    ) -> impl Iterator<Item = (CableId, &'a Cable)> + 'a {
        self.cables
            .iter()
            .filter(move |(_, c)| c.from.module == *module || c.to.module == *module)
            .map(|(id, c)| (*id, c))
    }

    /// The cable from this output to this input.
    #[must_use]
    pub fn cable_between(&self, from: &PortRef, to: &PortRef) -> Option<CableId> {
        self.cables.iter().find(|(_, c)| c.from == *from && c.to == *to).map(|(id, _)| *id)
    }

    /// What a module is called: its name, or its id when it has none (or is not there).
    #[must_use]
    pub fn label<'a>(&'a self, id: &'a ModuleId) -> &'a str {
        match self.modules.get(id) {
            Some(module) if !module.name.is_empty() => &module.name,
            _ => id.as_str(),
        }
    }

    /// The edit that connects an output to an input with the next free id and a linear gain
    /// (-16..=16), marked as feedback exactly when it would close a cycle.
    #[must_use]
    pub fn connect_edit(&self, from: PortRef, to: PortRef, gain: f32) -> Edit {
        let feedback = self.would_cycle(&from.module, &to.module);
        let cable = Cable { gain, feedback, ..Cable::new(from, to) };
        Edit::Connect { id: self.next_cable_id(), cable }
    }

    /// The edit that deletes a module and joins what it stood between: for each pair of
    /// (input, output) in `through`, every output that led into that input is connected to every
    /// input that the output led to, where they are not connected already. Gains are multiplied
    /// and kept within -16..=16; a joint of a feedback cable stays feedback.
    #[must_use]
    pub fn delete_healing_edit(&self, id: &ModuleId, through: &[(&str, &str)]) -> Edit {
        let cables: Vec<&Cable> = self.cables_of(id).map(|(_, cable)| cable).collect();
        let mut joined: HashSet<(&PortRef, &PortRef)> = HashSet::new();
        let mut ids = self.free_cable_ids();
        let mut edits = vec![Edit::Delete { id: id.clone() }];
        for (input, output) in through {
            let ends_here =
                |c: &&&Cable| c.to.module == *id && c.to.port == *input && c.from.module != *id;
            let starts_here =
                |c: &&&Cable| c.from.module == *id && c.from.port == *output && c.to.module != *id;
            for into in cables.iter().filter(ends_here) {
                for out_of in cables.iter().filter(starts_here) {
                    let (from, to) = (&into.from, &out_of.to);
                    if self.cable_between(from, to).is_some() || !joined.insert((from, to)) {
                        continue;
                    }
                    let Some(id) = ids.next() else { continue };
                    let cable = Cable {
                        gain: (into.gain * out_of.gain).clamp(-16.0, 16.0),
                        feedback: into.feedback || out_of.feedback || from.module == to.module,
                        ..Cable::new(from.clone(), to.clone())
                    };
                    edits.push(Edit::Connect { id, cable });
                }
            }
        }
        Edit::Batch(edits)
    }

    /// The edit that puts a new module into a cable, through its (input, output) pair. The first
    /// half keeps the cable's gain, its feedback mark and its unknown fields; the second has
    /// unity gain. Both get new ids. When there is no such cable, applying the edit says so.
    #[must_use]
    pub fn insert_on_cable_edit(
        &self,
        cable: CableId,
        id: ModuleId,
        module: Module,
        through: (String, String),
    ) -> Edit {
        let mut edits = vec![Edit::Disconnect { id: cable }];
        let input = PortRef::new(id.clone(), through.0);
        let output = PortRef::new(id.clone(), through.1);
        edits.push(Edit::Create { id, module });
        if let Some(old) = self.cables.get(&cable) {
            let first = Cable { to: input, ..old.clone() };
            let second = Cable::new(output, old.to.clone());
            let halves = self.free_cable_ids().zip([first, second]);
            edits.extend(halves.map(|(id, cable)| Edit::Connect { id, cable }));
        }
        Edit::Batch(edits)
    }
}

/// A module id of `stem` and the first number above `last` that is not taken; `last` becomes that
/// number, so that asking again for the same stem does not start over.
pub(crate) fn numbered(stem: &str, last: &mut u32, taken: impl Fn(&ModuleId) -> bool) -> ModuleId {
    let stem = stem_of(stem);
    loop {
        *last += 1;
        // PANIC: `stem_of` gives at most 54 allowed characters, and a number has at most 10.
        let id = ModuleId::new(&format!("{stem}{last}")).expect("a stem and a number are an id");
        if !taken(&id) {
            return id;
        }
    }
}

/// `text` as the beginning of a module id: allowed characters only, no number at the end, at most
/// 54 characters.
pub(crate) fn stem_of(text: &str) -> String {
    let allowed = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '/');
    let stem: String = text.chars().take(54).map(|c| if allowed(c) { c } else { '_' }).collect();
    let stem = stem.trim_end_matches(|c: char| c.is_ascii_digit());
    let parts: Vec<&str> = stem.split('/').filter(|part| !part.is_empty()).collect();
    if parts.is_empty() { "module".to_owned() } else { parts.join("/") }
}

/// The next number to try for each stem.
pub(crate) type Numbers = HashMap<String, u32>;
