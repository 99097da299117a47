//! Whether an edit may be applied: everything that is refused is refused here, before anything
//! changes.

use super::apply::Work;
use crate::check::{
    check_buses, check_cable, check_comment, check_frame, check_gain, check_group, check_macro,
    check_midi_learn, check_module, check_offsets, check_position, check_references, check_scene,
    check_tuning, check_voice, finite,
};
use crate::{Cable, CableId, Edit, EditError, ModuleId};

type Admitted = Result<(), EditError>;

impl Work<'_> {
    /// Refuses what would make the patch unsound. A batch's edits are each asked in their turn.
    pub(super) fn admit(&mut self, edit: &Edit) -> Admitted {
        match edit {
            Edit::Create { id, module } => {
                if self.patch.modules.contains_key(id) {
                    return Err(EditError::ModuleExists(id.clone()));
                }
                check_module(id, module)?;
                check_references(self.patch, module)?;
                self.admit_name(id, &module.name)
            }
            Edit::Connect { id, cable } => self.admit_cable(*id, cable),
            Edit::SetGain { id, gain } => {
                self.cable(*id)?;
                check_gain(*id, *gain)
            }
            Edit::SetFeedback { id, feedback } => {
                let cable = self.cable(*id)?;
                if *feedback || !cable.feedback {
                    return Ok(());
                }
                let cable = cable.clone();
                self.admit_undelayed(*id, &cable)
            }
            Edit::SetParam { id, param, value } => {
                self.module(id)?;
                finite(*value, || format!("`{id}.{param}`"))
            }
            Edit::SetVoiceOffsets { id, param, offsets } => {
                self.module(id)?;
                Ok(check_offsets(id, param, offsets)?)
            }
            Edit::Rename { id, name } => {
                self.module(id)?;
                self.admit_name(id, name)
            }
            Edit::Move { id, position } => {
                self.module(id)?;
                Ok(check_position(*position, || format!("position of `{id}`"))?)
            }
            Edit::SetModuleGroup { id, group } => {
                self.module(id)?;
                match group {
                    Some(group) if !self.patch.groups.contains_key(group) => {
                        Err(EditError::NoGroup(group.clone()))
                    }
                    _ => Ok(()),
                }
            }
            Edit::SetModuleAsset { id, asset } => {
                self.module(id)?;
                match asset {
                    Some(asset) if !self.patch.assets.contains_key(asset) => {
                        Err(EditError::NoAsset(asset.clone()))
                    }
                    _ => Ok(()),
                }
            }
            Edit::SetMacro { index, knob: Some(knob) } => {
                Ok(check_macro(self.patch, *index, knob)?)
            }
            Edit::SetVoice(voice) => Ok(check_voice(voice)?),
            Edit::SetTuning(tuning) => Ok(check_tuning(tuning)?),
            Edit::SetMidiLearn(bindings) => Ok(check_midi_learn(bindings)?),
            Edit::SetScene { name, scene: Some(scene) } => Ok(check_scene(name, scene)?),
            Edit::SetGroup { id, group: Some(group) } => Ok(check_group(self.patch, id, group)?),
            Edit::SetGroup { id, group: None } => self.admit_group_gone(id),
            Edit::SetComment { id, comment: Some(comment) } => Ok(check_comment(id, comment)?),
            Edit::SetFrame { id, frame: Some(frame) } => Ok(check_frame(id, frame)?),
            Edit::SetAsset { name, asset: None } => self.admit_asset_gone(name),
            Edit::SetBuses(buses) => Ok(check_buses(buses)?),
            Edit::ReplaceAll(new) => {
                new.validate().map_err(|invalid| EditError::Invalid(Box::new(invalid)))
            }
            Edit::Delete { id }
            | Edit::ResetParam { id, .. }
            | Edit::Recolour { id, .. }
            | Edit::SetBypass { id, .. }
            | Edit::SetWidth { id, .. } => self.module(id).map(|_| ()),
            Edit::Disconnect { id } => self.cable(*id).map(|_| ()),
            Edit::SetMacro { knob: None, .. }
            | Edit::SetScene { scene: None, .. }
            | Edit::SetComment { comment: None, .. }
            | Edit::SetFrame { frame: None, .. }
            | Edit::SetAsset { asset: Some(_), .. }
            | Edit::SetName(_)
            | Edit::SetNotes(_)
            | Edit::SetTags(_)
            | Edit::Batch(_) => Ok(()),
        }
    }

    fn admit_name(&self, id: &ModuleId, name: &str) -> Admitted {
        let same = |m: &str| !name.is_empty() && m == name;
        match self.patch.modules.iter().find(|(other, m)| same(&m.name) && *other != id) {
            None => Ok(()),
            Some((other, _)) => {
                Err(EditError::NameTaken { name: name.to_owned(), taken_by: other.clone() })
            }
        }
    }

    fn admit_cable(&mut self, id: CableId, cable: &Cable) -> Admitted {
        if self.patch.cables.contains_key(&id) {
            return Err(EditError::CableExists(id));
        }
        check_cable(id, cable)?;
        self.module(&cable.from.module)?;
        self.module(&cable.to.module)?;
        if let Some(existing) = self.between(&cable.from, &cable.to) {
            let (from, to) = (cable.from.clone(), cable.to.clone());
            return Err(EditError::DuplicateCable { from, to, existing });
        }
        if cable.feedback { Ok(()) } else { self.admit_undelayed(id, cable) }
    }

    fn admit_undelayed(&mut self, id: CableId, cable: &Cable) -> Admitted {
        if self.would_cycle(&cable.from.module, &cable.to.module) {
            let (from, to) = (cable.from.clone(), cable.to.clone());
            return Err(EditError::Cycle { id, from, to });
        }
        Ok(())
    }

    fn admit_group_gone(&self, id: &str) -> Admitted {
        let inside = |group: &Option<String>| group.as_deref() == Some(id);
        let module = self.patch.modules.iter().find(|(_, m)| inside(&m.group));
        let group = self.patch.groups.iter().find(|(_, g)| inside(&g.parent));
        let held = module.map(|(m, _)| m.to_string()).or(group.map(|(g, _)| g.clone()));
        held.map_or(Ok(()), |held| Err(EditError::GroupInUse { id: id.to_owned(), held }))
    }

    fn admit_asset_gone(&self, name: &str) -> Admitted {
        let user = self.patch.modules.iter().find(|(_, m)| m.asset.as_deref() == Some(name));
        user.map_or(Ok(()), |(used_by, _)| {
            Err(EditError::AssetInUse { name: name.to_owned(), used_by: used_by.clone() })
        })
    }
}
