//! Applying edits: admit first, then change, and answer with the exact inverse.

use std::collections::BTreeMap;
use std::mem::replace;

use crate::wiring::Wiring;
use crate::{Cable, CableId, Edit, EditError, Edited, Module, ModuleId, Patch, PortRef};

/// A batch longer than this is worth an index over the cables.
const INDEX_FROM: usize = 4;

impl Patch {
    /// Does `edit`, whole or not at all.
    ///
    /// The cost is that of what changes, plus one look over the cables where one is added or a
    /// module deleted (one for a whole batch), and over the names where one is given. Nothing is
    /// cloned but what is replaced.
    ///
    /// # Errors
    /// When the edit is refused; the patch is unchanged then. In a batch the error names the edit
    /// at fault, see [`EditError::Batch`].
    pub fn apply(&mut self, edit: &Edit) -> Result<Edited, EditError> {
        Work { patch: self, wiring: None, indexed: false, restoring: false }.apply(edit)
    }
}

/// One call of `apply`.
pub(super) struct Work<'a> {
    pub(super) patch: &'a mut Patch,
    /// Built when first needed, in a batch.
    wiring: Option<Wiring>,
    indexed: bool,
    /// Taking back the beginning of a refused batch: what was there before is not refused.
    restoring: bool,
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
        if !self.restoring {
            self.admit(edit)?;
        }
        match edit {
            Edit::Create { id, module } => {
                self.patch.modules.insert(id.clone(), module.clone());
                changed(Edit::Delete { id: id.clone() })
            }
            Edit::Delete { id } => self.delete(id),
            Edit::Connect { id, cable } => {
                if let Some(wiring) = &mut self.wiring {
                    wiring.add(*id, cable);
                }
                self.patch.cables.insert(*id, cable.clone());
                changed(Edit::Disconnect { id: *id })
            }
            Edit::Disconnect { id } => self.disconnect(*id),
            Edit::SetGain { id, gain } => {
                set(&mut self.cable(*id)?.gain, gain, |gain| Edit::SetGain { id: *id, gain })
            }
            Edit::SetFeedback { id, feedback } => {
                // Its order is that of the undelayed cables.
                self.wiring = None;
                set(&mut self.cable(*id)?.feedback, feedback, |feedback| Edit::SetFeedback {
                    id: *id,
                    feedback,
                })
            }
            Edit::SetParam { id, param, value } => self.set_param(id, param, *value),
            Edit::ResetParam { id, param } => {
                let old = self.module(id)?.params.remove(param);
                let (id, param) = (id.clone(), param.clone());
                match old {
                    Some(value) => changed(Edit::SetParam { id, param, value }),
                    None => Ok(Edited { inverse: Edit::ResetParam { id, param }, changed: false }),
                }
            }
            Edit::SetVoiceOffsets { id, param, offsets } => {
                let new = Some(offsets).filter(|o| !o.is_empty());
                put(&mut self.module(id)?.voice_offsets, param, new, |old| {
                    let (id, param) = (id.clone(), param.clone());
                    Edit::SetVoiceOffsets { id, param, offsets: old.unwrap_or_default() }
                })
            }
            Edit::Rename { id, name } => {
                set(&mut self.module(id)?.name, name, |name| Edit::Rename { id: id.clone(), name })
            }
            Edit::Move { id, position } => set(&mut self.module(id)?.position, position, |at| {
                Edit::Move { id: id.clone(), position: at }
            }),
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
                set(&mut self.module(id)?.group, group, |group| Edit::SetModuleGroup {
                    id: id.clone(),
                    group,
                })
            }
            Edit::SetModuleAsset { id, asset } => {
                set(&mut self.module(id)?.asset, asset, |asset| Edit::SetModuleAsset {
                    id: id.clone(),
                    asset,
                })
            }
            Edit::SetMacro { index, knob } => {
                put(&mut self.patch.macros, index, knob.as_ref(), |knob| Edit::SetMacro {
                    index: *index,
                    knob,
                })
            }
            Edit::SetVoice(voice) => set(&mut self.patch.voice, voice, Edit::SetVoice),
            Edit::SetTuning(tuning) => set(&mut self.patch.tuning, tuning, Edit::SetTuning),
            Edit::SetName(name) => set(&mut self.patch.name, name, Edit::SetName),
            Edit::SetNotes(notes) => set(&mut self.patch.notes, notes, Edit::SetNotes),
            Edit::SetTags(tags) => set(&mut self.patch.tags, tags, Edit::SetTags),
            Edit::SetMidiLearn(bindings) => {
                set(&mut self.patch.midi_learn, bindings, Edit::SetMidiLearn)
            }
            Edit::SetScene { name, scene } => {
                put(&mut self.patch.scenes, name, scene.as_ref(), |scene| Edit::SetScene {
                    name: name.clone(),
                    scene,
                })
            }
            Edit::SetGroup { id, group } => {
                put(&mut self.patch.groups, id, group.as_ref(), |group| Edit::SetGroup {
                    id: id.clone(),
                    group,
                })
            }
            Edit::SetComment { id, comment } => {
                put(&mut self.patch.comments, id, comment.as_ref(), |comment| Edit::SetComment {
                    id: id.clone(),
                    comment,
                })
            }
            Edit::SetFrame { id, frame } => {
                put(&mut self.patch.frames, id, frame.as_ref(), |frame| Edit::SetFrame {
                    id: id.clone(),
                    frame,
                })
            }
            Edit::SetAsset { name, asset } => {
                put(&mut self.patch.assets, name, asset.as_ref(), |asset| Edit::SetAsset {
                    name: name.clone(),
                    asset,
                })
            }
            Edit::SetBuses(buses) => set(&mut self.patch.buses, buses, Edit::SetBuses),
            Edit::Batch(edits) => self.batch(edits),
            Edit::ReplaceAll(new) => {
                self.wiring = None;
                set(self.patch, new, |old| Edit::ReplaceAll(Box::new(old)))
            }
        }
    }

    pub(super) fn module(&mut self, id: &ModuleId) -> Result<&mut Module, EditError> {
        self.patch.modules.get_mut(id).ok_or_else(|| EditError::NoModule(id.clone()))
    }

    pub(super) fn cable(&mut self, id: CableId) -> Result<&mut Cable, EditError> {
        self.patch.cables.get_mut(&id).ok_or(EditError::NoCable(id))
    }

    /// As [`Patch::cable_between`].
    pub(super) fn between(&mut self, from: &PortRef, to: &PortRef) -> Option<CableId> {
        self.index();
        match &self.wiring {
            Some(wiring) => wiring.between(&self.patch.cables, from, to),
            None => self.patch.cable_between(from, to),
        }
    }

    /// As [`Patch::would_cycle`].
    pub(super) fn would_cycle(&mut self, from: &ModuleId, to: &ModuleId) -> bool {
        self.index();
        match &self.wiring {
            Some(wiring) => wiring.closes_cycle(from, to),
            None => self.patch.would_cycle(from, to),
        }
    }

    fn index(&mut self) {
        if self.indexed && self.wiring.is_none() {
            self.wiring = Some(Wiring::of(&self.patch.cables));
        }
    }

    fn delete(&mut self, id: &ModuleId) -> Answer {
        self.index();
        let cables = match &self.wiring {
            Some(wiring) => wiring.touching(id),
            None => self.patch.cables_of(id).map(|(cable, _)| cable).collect(),
        };
        let module =
            self.patch.modules.remove(id).ok_or_else(|| EditError::NoModule(id.clone()))?;
        let mut restore = vec![Edit::Create { id: id.clone(), module }];
        for cable in cables {
            restore.push(self.disconnect(cable)?.inverse);
        }
        for (index, knob) in &mut self.patch.macros {
            if knob.bindings.iter().any(|b| b.module == *id) {
                restore.push(Edit::SetMacro { index: *index, knob: Some(knob.clone()) });
                knob.bindings.retain(|b| b.module != *id);
            }
        }
        for (name, group) in &mut self.patch.groups {
            let shows = group.ports.iter().any(|p| p.module == *id)
                || group.knobs.iter().any(|(module, _)| module == id);
            if shows {
                restore.push(Edit::SetGroup { id: name.clone(), group: Some(group.clone()) });
                group.ports.retain(|p| p.module != *id);
                group.knobs.retain(|(module, _)| module != id);
            }
        }
        changed(if restore.len() == 1 { restore.remove(0) } else { Edit::Batch(restore) })
    }

    fn disconnect(&mut self, id: CableId) -> Answer {
        let cable = self.patch.cables.remove(&id).ok_or(EditError::NoCable(id))?;
        if let Some(wiring) = &mut self.wiring {
            wiring.remove(id, &cable);
        }
        changed(Edit::Connect { id, cable })
    }

    fn set_param(&mut self, id: &ModuleId, param: &str, value: f32) -> Answer {
        let params = &mut self.module(id)?.params;
        let (id, name) = (id.clone(), param.to_owned());
        match params.get_mut(param) {
            Some(slot) => set(slot, &value, |value| Edit::SetParam { id, param: name, value }),
            None => {
                params.insert(name.clone(), value);
                changed(Edit::ResetParam { id, param: name })
            }
        }
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
                    let outer = replace(&mut self.restoring, true);
                    for inverse in inverses.iter().rev() {
                        let restored = self.apply(inverse);
                        debug_assert!(restored.is_ok(), "{inverse:?}: {restored:?}");
                    }
                    self.restoring = outer;
                    return Err(EditError::Batch { index, error: Box::new(error) });
                }
            }
        }
        inverses.reverse();
        Ok(Edited { inverse: Edit::Batch(inverses), changed })
    }
}
