//! From one patch to another as one edit, so that what both have goes on sounding: A/B, and scenes.

use std::collections::{BTreeMap, BTreeSet};

use crate::{Cable, Edit, MacroKnob, Module, ModuleId, Patch, Point, Scene, SceneModule, Unknown};

/// How far from the others modules are placed that a scene brings, in points.
const APART: f32 = 300.0;

impl Patch {
    /// The edit after which this patch's body is that of `target`: modules, cables, macros, voices,
    /// tuning and controllers. Groups, assets, scenes, texts, comments and frames stay, and with
    /// them what modules say of groups and assets that are not here. A module that both have under
    /// the same id and kind is edited, not replaced, so its state lives on.
    #[must_use]
    pub fn edit_to(&self, target: &Self) -> Edit {
        let wanted = |(id, module): (&ModuleId, &Module)| {
            let mut module = module.clone();
            module.group = module.group.filter(|group| self.groups.contains_key(group));
            module.asset = module.asset.filter(|asset| self.assets.contains_key(asset));
            (id.clone(), module)
        };
        let modules: BTreeMap<ModuleId, Module> = target.modules.iter().map(wanted).collect();
        let stays = |id: &ModuleId| match (self.modules.get(id), modules.get(id)) {
            (Some(old), Some(new)) => is_same_one(old, new),
            _ => false,
        };
        let kept: BTreeSet<&ModuleId> = self.modules.keys().filter(|id| stays(id)).collect();
        let (mut edits, mut cut) = (Vec::new(), BTreeSet::new());
        // Cables first: without them no order of what follows can close a cycle or use an id twice.
        let cable_stays =
            |cable: &Cable| kept.contains(&cable.from.module) && kept.contains(&cable.to.module);
        for (&id, cable) in &self.cables {
            let other = target.cables.get(&id);
            let same =
                other.is_some_and(|other| Cable { gain: cable.gain, ..other.clone() } == *cable);
            match other.filter(|_| same && cable_stays(cable)) {
                Some(other) if other.gain != cable.gain => {
                    edits.push(Edit::SetGain { id, gain: other.gain });
                }
                Some(_) => {}
                None => {
                    edits.push(Edit::Disconnect { id });
                    cut.insert(id);
                }
            }
        }
        let gone = self.modules.keys().filter(|id| !kept.contains(id));
        edits.extend(gone.map(|id| Edit::Delete { id: id.clone() }));
        // Names are unique: all that change are put down before the first is taken.
        for &id in &kept {
            let (old, new) = (&self.modules[id], &modules[id]);
            if old.name != new.name && !old.name.is_empty() {
                edits.push(Edit::Rename { id: id.clone(), name: String::new() });
            }
            edit_module(id, old, new, &mut edits);
        }
        for (id, module) in modules.iter().filter(|(id, _)| !kept.contains(id)) {
            let module = Module { name: String::new(), ..module.clone() };
            edits.push(Edit::Create { id: id.clone(), module });
        }
        for (id, module) in &modules {
            let old = self.modules.get(id).filter(|_| kept.contains(id));
            if old.map_or("", |old| &old.name) != module.name {
                edits.push(Edit::Rename { id: id.clone(), name: module.name.clone() });
            }
        }
        let new = |id| !self.cables.contains_key(id) || cut.contains(id);
        let new = target.cables.iter().filter(|(id, _)| new(id));
        edits.extend(new.map(|(&id, cable)| Edit::Connect { id, cable: cable.clone() }));
        edit_macros(self, target, &kept, &mut edits);
        if self.voice != target.voice {
            edits.push(Edit::SetVoice(target.voice.clone()));
        }
        if self.tuning != target.tuning {
            edits.push(Edit::SetTuning(target.tuning.clone()));
        }
        if self.midi_learn != target.midi_learn {
            edits.push(Edit::SetMidiLearn(target.midi_learn.clone()));
        }
        Edit::Batch(edits)
    }

    /// The body as a scene.
    #[must_use]
    pub fn to_scene(&self) -> Scene {
        let module = |module: &Module| SceneModule {
            kind: module.kind.clone(),
            params: module.params.clone(),
            bypass: module.bypass,
            unknown: Unknown::new(),
        };
        Scene {
            modules: self.modules.iter().map(|(id, m)| (id.clone(), module(m))).collect(),
            cables: self.cables.clone(),
            macros: self.macros.iter().map(|(&index, knob)| (index, knob.value)).collect(),
            unknown: Unknown::new(),
        }
    }

    /// This patch with the body of `scene`. What a scene does not hold (layout, names, widths,
    /// bindings) stays as it is for the modules that are here; others come to stand on the right.
    #[must_use]
    pub fn with_scene(&self, scene: &Scene) -> Self {
        let mut patch = self.clone();
        let right = self.modules.values().map(|m| m.position.x).fold(0.0, f32::max) + APART;
        let mut below = 0.0;
        let module = |(id, held): (&ModuleId, &SceneModule)| {
            let here = self.modules.get(id).filter(|module| module.kind == held.kind);
            let mut module = here.cloned().unwrap_or_else(|| {
                below += APART;
                let position = Point { x: right, y: below - APART };
                Module { position, ..Module::new(held.kind.clone()) }
            });
            module.params.clone_from(&held.params);
            module.bypass = held.bypass;
            (id.clone(), module)
        };
        patch.modules = scene.modules.iter().map(module).collect();
        patch.cables.clone_from(&scene.cables);
        for (&index, &value) in &scene.macros {
            patch.macros.entry(index).or_default().value = value;
        }
        let stays = |id: &ModuleId| scene.modules.contains_key(id);
        for knob in patch.macros.values_mut() {
            knob.bindings.retain(|binding| stays(&binding.module));
        }
        for group in patch.groups.values_mut() {
            group.ports.retain(|port| stays(&port.module));
            group.knobs.retain(|(module, _)| stays(module));
        }
        patch
    }

    /// True when recalling `scene` would change nothing: [`with_scene`](Self::with_scene) is this patch.
    #[must_use]
    pub fn is_at_scene(&self, scene: &Scene) -> bool {
        let same = |((id, module), (held_id, held)): ((_, &Module), (_, &SceneModule))| {
            id == held_id
                && (&module.kind, module.bypass) == (&held.kind, held.bypass)
                && module.params == held.params
        };
        let stands =
            |(index, value): (&u8, &f32)| self.macros.get(index).is_some_and(|k| k.value == *value);
        self.modules.len() == scene.modules.len()
            && self.modules.iter().zip(&scene.modules).all(same)
            && self.cables == scene.cables
            && scene.macros.iter().all(stands)
    }
}

/// True when `new` is what became of `old`, by edits of its parts.
fn is_same_one(old: &Module, new: &Module) -> bool {
    (&old.kind, old.kind_version, &old.unknown) == (&new.kind, new.kind_version, &new.unknown)
}

/// Edits of the parts of a module that both patches have; its name is left as it is.
fn edit_module(id: &ModuleId, old: &Module, new: &Module, edits: &mut Vec<Edit>) {
    let id = || id.clone();
    for param in old.params.keys().filter(|param| !new.params.contains_key(*param)) {
        edits.push(Edit::ResetParam { id: id(), param: param.clone() });
    }
    for (param, &value) in &new.params {
        if old.params.get(param) != Some(&value) {
            edits.push(Edit::SetParam { id: id(), param: param.clone(), value });
        }
    }
    let params = old.voice_offsets.keys().chain(new.voice_offsets.keys());
    for param in params.collect::<BTreeSet<_>>() {
        let offsets = new.voice_offsets.get(param);
        if old.voice_offsets.get(param) != offsets {
            let offsets = offsets.cloned().unwrap_or_default();
            edits.push(Edit::SetVoiceOffsets { id: id(), param: param.clone(), offsets });
        }
    }
    if old.bypass != new.bypass {
        edits.push(Edit::SetBypass { id: id(), bypass: new.bypass });
    }
    if old.width != new.width {
        edits.push(Edit::SetWidth { id: id(), width: new.width });
    }
    if old.asset != new.asset {
        edits.push(Edit::SetModuleAsset { id: id(), asset: new.asset.clone() });
    }
    if old.group != new.group {
        edits.push(Edit::SetModuleGroup { id: id(), group: new.group.clone() });
    }
    if old.position != new.position {
        edits.push(Edit::Move { id: id(), position: new.position });
    }
    if old.colour != new.colour {
        edits.push(Edit::Recolour { id: id(), colour: new.colour });
    }
}

/// Macros that differ, or that lost a binding with a module that is made anew.
fn edit_macros(old: &Patch, new: &Patch, kept: &BTreeSet<&ModuleId>, edits: &mut Vec<Edit>) {
    let indices: BTreeSet<u8> = old.macros.keys().chain(new.macros.keys()).copied().collect();
    for index in indices {
        let (before, after) = (old.macros.get(&index), new.macros.get(&index));
        let whole = |knob: &MacroKnob| knob.bindings.iter().all(|b| kept.contains(&b.module));
        if before != after || before.is_some_and(|knob| !whole(knob)) {
            edits.push(Edit::SetMacro { index, knob: after.cloned() });
        }
    }
}
