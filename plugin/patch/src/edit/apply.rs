//! Applying edits: check first, then change, and answer with the exact inverse.

use std::collections::BTreeMap;
use std::mem::replace;

use crate::check::{
    check_buses, check_cable, check_comment, check_frame, check_gain, check_group, check_macro,
    check_midi_learn, check_module, check_offsets, check_position, check_references, check_scene,
    check_tuning, check_voice, finite,
};
use crate::wiring::Wiring;
use crate::{
    Asset, Cable, CableId, Edit, EditError, Edited, Group, Module, ModuleId, Patch, PortRef,
};

/// A batch longer than this is worth an index over the cables.
const INDEX_FROM: usize = 4;

impl Patch {
    /// Does `edit`, whole or not at all.
    ///
    /// The cost is that of what changes, plus one look over the cables where one is added or a
    /// module deleted (one for a whole batch); nothing is cloned but what is replaced.
    ///
    /// # Errors
    /// When the edit is refused; the patch is unchanged then. In a batch the error names the edit
    /// at fault, see [`EditError::Batch`].
    pub fn apply(&mut self, edit: &Edit) -> Result<Edited, EditError> {
        Work { patch: self, wiring: None, indexed: false, undoing: false }.apply(edit)
    }
}

/// One call of `apply`.
struct Work<'a> {
    patch: &'a mut Patch,
    /// Built when first needed, in a batch.
    wiring: Option<Wiring>,
    indexed: bool,
    /// Taking back a refused batch: what was there before needs no checking.
    undoing: bool,
}

type Answer = Result<Edited, EditError>;

/// The answer for a plain setting: the old value makes the inverse.
fn set<T: PartialEq + Clone>(slot: &mut T, new: &T, inverse: impl FnOnce(T) -> Edit) -> Answer {
    let changed = *slot != *new;
    let old = replace(slot, new.clone());
    Ok(Edited { inverse: inverse(old), changed })
}

/// The answer for an entry of a map that is created, replaced or removed.
fn put<K: Ord + Clone, T: PartialEq + Clone>(
    map: &mut BTreeMap<K, T>,
    key: &K,
    new: Option<&T>,
    inverse: impl FnOnce(Option<T>) -> Edit,
) -> Answer {
    let old = match new {
        Some(value) => map.insert(key.clone(), value.clone()),
        None => map.remove(key),
    };
    let changed = old.as_ref() != new;
    Ok(Edited { inverse: inverse(old), changed })
}

fn changed(inverse: Edit) -> Answer {
    Ok(Edited { inverse, changed: true })
}

impl Work<'_> {
    fn apply(&mut self, edit: &Edit) -> Answer {
        match edit {
            Edit::Create { id, module } => self.create(id, module),
            Edit::Delete { id } => self.delete(id),
            Edit::Connect { id, cable } => self.connect(*id, cable),
            Edit::Disconnect { id } => self.disconnect(*id),
            Edit::SetGain { id, gain } => {
                let cable = self.cable(*id)?;
                check_gain(*id, *gain)?;
                set(&mut cable.gain, gain, |gain| Edit::SetGain { id: *id, gain })
            }
            Edit::SetFeedback { id, feedback } => self.set_feedback(*id, *feedback),
            Edit::SetParam { id, param, value } => self.set_param(id, param, *value),
            Edit::ResetParam { id, param } => {
                let old = self.module(id)?.params.remove(param);
                let (id, param) = (id.clone(), param.clone());
                Ok(match old {
                    Some(value) => {
                        Edited { inverse: Edit::SetParam { id, param, value }, changed: true }
                    }
                    None => Edited { inverse: Edit::ResetParam { id, param }, changed: false },
                })
            }
            Edit::SetVoiceOffsets { id, param, offsets } => {
                let module = self.module(id)?;
                check_offsets(id, param, offsets)?;
                let new = Some(offsets).filter(|o| !o.is_empty());
                put(&mut module.voice_offsets, param, new, |old| Edit::SetVoiceOffsets {
                    id: id.clone(),
                    param: param.clone(),
                    offsets: old.unwrap_or_default(),
                })
            }
            Edit::Rename { id, name } => {
                self.module(id)?;
                self.check_name(id, name)?;
                set(&mut self.module(id)?.name, name, |name| Edit::Rename { id: id.clone(), name })
            }
            Edit::Move { id, position } => {
                let module = self.module(id)?;
                check_position(*position, || format!("position of `{id}`"))?;
                set(&mut module.position, position, |position| Edit::Move {
                    id: id.clone(),
                    position,
                })
            }
            Edit::Recolour { id, colour } => set(&mut self.module(id)?.colour, colour, |colour| {
                Edit::Recolour { id: id.clone(), colour }
            }),
            Edit::SetBypass { id, bypass } => set(&mut self.module(id)?.bypass, bypass, |bypass| {
                Edit::SetBypass { id: id.clone(), bypass }
            }),
            Edit::SetWidth { id, width } => set(&mut self.module(id)?.width, width, |width| {
                Edit::SetWidth { id: id.clone(), width }
            }),
            Edit::SetModuleGroup { id, group } => {
                self.module(id)?;
                if let Some(name) = group.as_ref().filter(|g| !self.patch.groups.contains_key(*g)) {
                    return Err(EditError::NoGroup(name.clone()));
                }
                set(&mut self.module(id)?.group, group, |group| Edit::SetModuleGroup {
                    id: id.clone(),
                    group,
                })
            }
            Edit::SetModuleAsset { id, asset } => {
                self.module(id)?;
                if let Some(name) = asset.as_ref().filter(|a| !self.patch.assets.contains_key(*a)) {
                    return Err(EditError::NoAsset(name.clone()));
                }
                set(&mut self.module(id)?.asset, asset, |asset| Edit::SetModuleAsset {
                    id: id.clone(),
                    asset,
                })
            }
            Edit::SetMacro { index, knob } => {
                if let Some(knob) = knob {
                    check_macro(self.patch, *index, knob)?;
                }
                put(&mut self.patch.macros, index, knob.as_ref(), |knob| Edit::SetMacro {
                    index: *index,
                    knob,
                })
            }
            Edit::SetVoice(voice) => {
                check_voice(voice)?;
                set(&mut self.patch.voice, voice, Edit::SetVoice)
            }
            Edit::SetTuning(tuning) => {
                check_tuning(tuning)?;
                set(&mut self.patch.tuning, tuning, Edit::SetTuning)
            }
            Edit::SetName(name) => set(&mut self.patch.name, name, Edit::SetName),
            Edit::SetNotes(notes) => set(&mut self.patch.notes, notes, Edit::SetNotes),
            Edit::SetMidiLearn(bindings) => {
                check_midi_learn(bindings)?;
                set(&mut self.patch.midi_learn, bindings, Edit::SetMidiLearn)
            }
            Edit::SetScene { name, scene } => {
                if let Some(scene) = scene {
                    check_scene(name, scene)?;
                }
                put(&mut self.patch.scenes, name, scene.as_ref(), |scene| Edit::SetScene {
                    name: name.clone(),
                    scene,
                })
            }
            Edit::SetGroup { id, group } => self.set_group(id, group.as_ref()),
            Edit::SetComment { id, comment } => {
                if let Some(comment) = comment {
                    check_comment(id, comment)?;
                }
                put(&mut self.patch.comments, id, comment.as_ref(), |comment| Edit::SetComment {
                    id: id.clone(),
                    comment,
                })
            }
            Edit::SetFrame { id, frame } => {
                if let Some(frame) = frame {
                    check_frame(id, frame)?;
                }
                put(&mut self.patch.frames, id, frame.as_ref(), |frame| Edit::SetFrame {
                    id: id.clone(),
                    frame,
                })
            }
            Edit::SetAsset { name, asset } => self.set_asset(name, asset.as_ref()),
            Edit::SetBuses(buses) => {
                check_buses(buses)?;
                set(&mut self.patch.buses, buses, Edit::SetBuses)
            }
            Edit::Batch(edits) => self.batch(edits),
            Edit::ReplaceAll(new) => self.replace_all(new),
        }
    }

    fn module(&mut self, id: &ModuleId) -> Result<&mut Module, EditError> {
        self.patch.modules.get_mut(id).ok_or_else(|| EditError::NoModule(id.clone()))
    }

    fn cable(&mut self, id: CableId) -> Result<&mut Cable, EditError> {
        self.patch.cables.get_mut(&id).ok_or(EditError::NoCable(id))
    }

    /// The index over the cables, where it pays.
    fn wiring(&mut self) -> Option<&Wiring> {
        if self.indexed && self.wiring.is_none() {
            self.wiring = Some(Wiring::of(&self.patch.cables));
        }
        self.wiring.as_ref()
    }

    fn between(&mut self, from: &PortRef, to: &PortRef) -> Option<CableId> {
        self.wiring();
        match &self.wiring {
            Some(wiring) => wiring.between(&self.patch.cables, from, to),
            None => self.patch.cable_between(from, to),
        }
    }

    fn would_cycle(&mut self, from: &ModuleId, to: &ModuleId) -> bool {
        self.wiring();
        match &self.wiring {
            Some(wiring) => wiring.leads(&self.patch.cables, to, from),
            None => self.patch.would_cycle(from, to),
        }
    }

    fn touching(&mut self, id: &ModuleId) -> Vec<CableId> {
        if let Some(wiring) = self.wiring() {
            return wiring.touching(id);
        }
        self.patch.cables_of(id).map(|(cable, _)| cable).collect()
    }

    fn check_name(&self, id: &ModuleId, name: &str) -> Result<(), EditError> {
        if name.is_empty() {
            return Ok(());
        }
        match self.patch.modules.iter().find(|(other, m)| m.name == name && *other != id) {
            None => Ok(()),
            Some((other, _)) => {
                Err(EditError::NameTaken { name: name.to_owned(), taken_by: other.clone() })
            }
        }
    }

    fn create(&mut self, id: &ModuleId, module: &Module) -> Answer {
        if self.patch.modules.contains_key(id) {
            return Err(EditError::ModuleExists(id.clone()));
        }
        if !self.undoing {
            check_module(id, module)?;
            check_references(self.patch, module)?;
            self.check_name(id, &module.name)?;
        }
        self.patch.modules.insert(id.clone(), module.clone());
        changed(Edit::Delete { id: id.clone() })
    }

    fn delete(&mut self, id: &ModuleId) -> Answer {
        self.module(id)?;
        let mut restore = Vec::new();
        for cable_id in self.touching(id) {
            restore.push(self.disconnect(cable_id)?.inverse);
        }
        let patch = &mut *self.patch;
        for (index, knob) in &mut patch.macros {
            if knob.bindings.iter().any(|b| b.module == *id) {
                restore.push(Edit::SetMacro { index: *index, knob: Some(knob.clone()) });
                knob.bindings.retain(|b| b.module != *id);
            }
        }
        for (name, group) in &mut patch.groups {
            let shows = group.ports.iter().any(|p| p.module == *id)
                || group.knobs.iter().any(|(module, _)| module == id);
            if shows {
                let old = Some(group.clone());
                restore.push(Edit::SetGroup { id: name.clone(), group: old });
                group.ports.retain(|p| p.module != *id);
                group.knobs.retain(|(module, _)| module != id);
            }
        }
        if let Some(module) = patch.modules.remove(id) {
            restore.insert(0, Edit::Create { id: id.clone(), module });
        }
        changed(if restore.len() == 1 { restore.remove(0) } else { Edit::Batch(restore) })
    }

    fn connect(&mut self, id: CableId, cable: &Cable) -> Answer {
        if self.patch.cables.contains_key(&id) {
            return Err(EditError::CableExists(id));
        }
        self.module(&cable.from.module)?;
        self.module(&cable.to.module)?;
        if !self.undoing {
            check_cable(id, cable)?;
            let (from, to) = (&cable.from, &cable.to);
            if let Some(existing) = self.between(from, to) {
                let (from, to) = (from.clone(), to.clone());
                return Err(EditError::DuplicateCable { from, to, existing });
            }
            if !cable.feedback && self.would_cycle(&from.module, &to.module) {
                return Err(EditError::Cycle { id, from: from.clone(), to: to.clone() });
            }
        }
        if let Some(wiring) = &mut self.wiring {
            wiring.add(id, cable);
        }
        self.patch.cables.insert(id, cable.clone());
        changed(Edit::Disconnect { id })
    }

    fn disconnect(&mut self, id: CableId) -> Answer {
        let cable = self.patch.cables.remove(&id).ok_or(EditError::NoCable(id))?;
        if let Some(wiring) = &mut self.wiring {
            wiring.remove(id, &cable);
        }
        changed(Edit::Connect { id, cable })
    }

    fn set_feedback(&mut self, id: CableId, feedback: bool) -> Answer {
        let undoing = self.undoing;
        let cable = self.cable(id)?;
        if cable.feedback && !feedback && !undoing {
            let (from, to) = (cable.from.clone(), cable.to.clone());
            if self.would_cycle(&from.module, &to.module) {
                return Err(EditError::Cycle { id, from, to });
            }
        }
        set(&mut self.cable(id)?.feedback, &feedback, |feedback| Edit::SetFeedback { id, feedback })
    }

    fn set_param(&mut self, id: &ModuleId, param: &str, value: f32) -> Answer {
        let undoing = self.undoing;
        let module = self.module(id)?;
        if !undoing {
            finite(value, || format!("`{id}.{param}`"))?;
        }
        let (id, name) = (id.clone(), param.to_owned());
        Ok(match module.params.get_mut(param) {
            Some(slot) => {
                let old = replace(slot, value);
                let inverse = Edit::SetParam { id, param: name, value: old };
                Edited { inverse, changed: old != value }
            }
            None => {
                module.params.insert(name.clone(), value);
                Edited { inverse: Edit::ResetParam { id, param: name }, changed: true }
            }
        })
    }

    fn set_group(&mut self, id: &String, group: Option<&Group>) -> Answer {
        if !self.undoing {
            match group {
                Some(group) => check_group(self.patch, id, group)?,
                None => self.check_group_empty(id)?,
            }
        }
        put(&mut self.patch.groups, id, group, |group| Edit::SetGroup { id: id.clone(), group })
    }

    fn check_group_empty(&self, id: &str) -> Result<(), EditError> {
        let inside = |group: &Option<String>| group.as_deref() == Some(id);
        let module = self.patch.modules.iter().find(|(_, m)| inside(&m.group));
        let group = self.patch.groups.iter().find(|(_, g)| inside(&g.parent));
        let held = module.map(|(m, _)| m.to_string()).or(group.map(|(g, _)| g.clone()));
        held.map_or(Ok(()), |held| Err(EditError::GroupInUse { id: id.to_owned(), held }))
    }

    fn set_asset(&mut self, name: &String, asset: Option<&Asset>) -> Answer {
        if asset.is_none() && !self.undoing {
            let user = self.patch.modules.iter().find(|(_, m)| m.asset.as_ref() == Some(name));
            if let Some((used_by, _)) = user {
                let used_by = used_by.clone();
                return Err(EditError::AssetInUse { name: name.clone(), used_by });
            }
        }
        put(&mut self.patch.assets, name, asset, |asset| Edit::SetAsset {
            name: name.clone(),
            asset,
        })
    }

    fn batch(&mut self, edits: &[Edit]) -> Answer {
        self.indexed |= edits.len() > INDEX_FROM;
        let mut inverses = Vec::with_capacity(edits.len());
        let mut changed = false;
        for (index, edit) in edits.iter().enumerate() {
            match self.apply(edit) {
                Ok(edited) => {
                    changed |= edited.changed;
                    inverses.push(edited.inverse);
                }
                Err(error) => {
                    let outer = replace(&mut self.undoing, true);
                    for inverse in inverses.iter().rev() {
                        let undone = self.apply(inverse);
                        debug_assert!(undone.is_ok(), "{inverse:?}: {undone:?}");
                    }
                    self.undoing = outer;
                    return Err(EditError::Batch { index, error: Box::new(error) });
                }
            }
        }
        inverses.reverse();
        Ok(Edited { inverse: Edit::Batch(inverses), changed })
    }

    fn replace_all(&mut self, new: &Patch) -> Answer {
        if !self.undoing {
            new.validate().map_err(|invalid| EditError::Invalid(Box::new(invalid)))?;
        }
        self.wiring = None;
        set(self.patch, new, |old| Edit::ReplaceAll(Box::new(old)))
    }
}
