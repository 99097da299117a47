//! Edits that change what is wired to what around one module or cable: insert, replace, and where a
//! cycle has its delay. Each is one undo step.

use std::collections::{BTreeMap, BTreeSet};

use chronus_engine::{Param, Registry, Signal, Spec, new_module};
use chronus_patch::{Cable, CableId, Edit, MacroKnob, Module, ModuleId, Patch, Point, PortRef};

use super::layout::face;
use super::scene::End;

/// The cables at a pin.
pub(crate) fn cables_at(patch: &Patch, end: &End) -> Vec<CableId> {
    let here =
        |cable: &Cable| if end.output { cable.from == end.port } else { cable.to == end.port };
    patch.cables.iter().filter(|(_, cable)| here(cable)).map(|(id, _)| *id).collect()
}

/// The (input, output) of `spec` that a cable runs through when it is put into one, by position.
fn through(spec: &Spec) -> Option<(&'static str, &'static str)> {
    let (input, output) = *spec.through.first()?;
    Some((spec.inputs[input].name, spec.outputs[output].name))
}

/// True when modules of `spec`'s kind can be put into a cable.
pub(crate) fn can_insert(spec: &Spec) -> bool {
    !spec.through.is_empty()
}

/// True when `id` can be put into `cable` as it is: nothing goes through it yet.
pub(crate) fn is_free(patch: &Patch, registry: &Registry, id: &ModuleId, cable: &Cable) -> bool {
    let spec = patch.modules.get(id).and_then(|module| registry.spec(&module.kind).ok());
    let Some(spec) = spec.filter(|spec| can_insert(spec)) else { return false };
    let is = |port: &PortRef, name: &str| port.module == *id && port.port == name;
    let goes_through = |cable: &Cable| {
        spec.through.iter().any(|&(input, output)| {
            is(&cable.to, spec.inputs[input].name) || is(&cable.from, spec.outputs[output].name)
        })
    };
    cable.from.module != *id
        && cable.to.module != *id
        && !patch.cables_of(id).any(|(_, cable)| goes_through(cable))
}

/// Puts a module that is there into `cable`, and moves it to `position`.
pub(crate) fn insert(
    patch: &Patch,
    registry: &Registry,
    (cable, id): (CableId, &ModuleId),
    position: Point,
) -> Option<Edit> {
    let old = patch.cables.get(&cable)?;
    let spec = registry.spec(&patch.modules.get(id)?.kind).ok()?;
    let (input, output) = through(spec)?;
    let mut edits = vec![Edit::Move { id: id.clone(), position }, Edit::Disconnect { id: cable }];
    // Whether a half closes a cycle is to be asked without the old cable.
    let mut work = patch.clone();
    work.apply(&edits[1]).ok()?;
    let first = (old.from.clone(), PortRef::new(id.clone(), input), old.gain);
    let second = (PortRef::new(id.clone(), output), old.to.clone(), 1.0);
    for (at, (from, to, gain)) in [first, second].into_iter().enumerate() {
        let mut edit = work.connect_edit(from, to, gain);
        if let Edit::Connect { cable, .. } = &mut edit {
            cable.feedback |= at == 0 && old.feedback;
        }
        work.apply(&edit).ok()?;
        edits.push(edit);
    }
    Some(Edit::Batch(edits))
}

/// Puts a new module of `spec`'s kind into `cable`, around `place` of the patch. The edit and the
/// module's id.
pub(crate) fn insert_new(
    patch: &Patch,
    registry: &Registry,
    (cable, spec): (CableId, &Spec),
    place: Point,
) -> Option<(Edit, ModuleId)> {
    let (input, output) = through(spec)?;
    let mut module = new_module(registry, spec.kind).ok()?;
    let size = face(Some(spec)).size;
    let (x, y) = (place.x - size.x / 2.0, place.y - size.y / 2.0);
    module.position = Point { x: x.round(), y: y.round() };
    let id = patch.free_module_id(spec.kind);
    let ports = (input.to_owned(), output.to_owned());
    Some((patch.insert_on_cable_edit(cable, id.clone(), module, ports), id))
}

/// Puts a module of `spec`'s kind in the place of `id`, with all that fits of what it had: values of
/// params of the same name, cables, macros, name, colour and place.
pub(crate) fn replace(
    patch: &Patch,
    registry: &Registry,
    id: &ModuleId,
    spec: &'static Spec,
) -> Option<Edit> {
    let old = patch.modules.get(id)?;
    let was = registry.spec(&old.kind).ok();
    let mut module = Module { ..new_module(registry, spec.kind).ok()? };
    let same = |name: &str| same_param(was, spec, name);
    for (name, value) in &old.params {
        if let Some((from, to)) = same(name) {
            module.params.extend(translated(from, to, *value).map(|v| (to.name.to_owned(), v)));
        }
    }
    for (name, offsets) in &old.voice_offsets {
        if let Some((_, to)) = same(name) {
            module.voice_offsets.insert(to.name.into(), offsets.clone());
        }
    }
    let module = Module {
        name: old.name.clone(),
        bypass: old.bypass,
        width: old.width,
        position: old.position,
        colour: old.colour,
        group: old.group.clone(),
        ..module
    };
    let mut edits = vec![Edit::Delete { id: id.clone() }, Edit::Create { id: id.clone(), module }];
    edits.extend(kept_cables(patch, id, was, spec));
    for (index, knob) in &patch.macros {
        if !knob.bindings.iter().any(|binding| binding.module == *id) {
            continue;
        }
        let mut knob: MacroKnob = knob.clone();
        knob.bindings.retain_mut(|binding| {
            if binding.module != *id {
                return true;
            }
            let Some((from, to)) = same(&binding.param) else { return false };
            binding.param = to.name.into();
            let ends = (translated(from, to, binding.min), translated(from, to, binding.max));
            let (Some(min), Some(max)) = ends else { return false };
            (binding.min, binding.max) = (min, max);
            true
        });
        edits.push(Edit::SetMacro { index: *index, knob: Some(knob) });
    }
    Some(Edit::Batch(edits))
}

/// The param called `name` of the old kind and its like in the new one: of the same name, by any of
/// the names that either has, and counting the same.
fn same_param(
    was: Option<&'static Spec>,
    spec: &'static Spec,
    name: &str,
) -> Option<(&'static Param, &'static Param)> {
    let was = was?;
    let from = &was.params[was.param(name)?];
    let mut names = std::iter::once(&from.name).chain(from.aliases);
    let to = &spec.params[names.find_map(|name| spec.param(name))?];
    (from.unit == to.unit).then_some((from, to))
}

/// `value` of `from` as `to` has it: in its range, and a choice by its name.
fn translated(from: &Param, to: &Param, value: f32) -> Option<f32> {
    if from.choices.is_empty() {
        return Some(to.clamp(value));
    }
    let chosen = from.choices.get(from.clamp(value) as usize)?;
    let there = to.choices.iter().position(|choice| choice == chosen)?;
    Some(there as f32)
}

/// The cables of `id` that a module of `spec`'s kind can have, too, under their old ids.
fn kept_cables(
    patch: &Patch,
    id: &ModuleId,
    was: Option<&'static Spec>,
    spec: &'static Spec,
) -> Vec<Edit> {
    let mut joined: BTreeSet<(PortRef, PortRef)> = BTreeSet::new();
    let mut kept = Vec::new();
    for (cable_id, cable) in patch.cables_of(id) {
        let mut cable = cable.clone();
        if cable.from.module == *id {
            let Some(port) = output_like(was, spec, &cable.from.port) else { continue };
            cable.from.port = port.into();
        }
        if cable.to.module == *id {
            let Some(port) = input_like(was, spec, &cable.to.port) else { continue };
            cable.to.port = port.into();
        }
        if joined.insert((cable.from.clone(), cable.to.clone())) {
            kept.push(Edit::Connect { id: cable_id, cable });
        }
    }
    kept
}

/// The input of `spec` that takes the place of `name`: of that name, or the first that takes the
/// same signal.
fn input_like(was: Option<&'static Spec>, spec: &'static Spec, name: &str) -> Option<&'static str> {
    let old = was.and_then(|was| Some(&was.inputs[was.input(name)?]));
    let signal: Option<Signal> = old.map(|old| old.signal);
    let names = old.iter().flat_map(|old| std::iter::once(&old.name).chain(old.aliases));
    let named = names.copied().chain([name]).find_map(|name| spec.input(name));
    let alike = || spec.inputs.iter().position(|input| Some(input.signal) == signal);
    named.or_else(alike).map(|index| spec.inputs[index].name)
}

/// As [`input_like`], for outputs.
fn output_like(
    was: Option<&'static Spec>,
    spec: &'static Spec,
    name: &str,
) -> Option<&'static str> {
    let old = was.and_then(|was| Some(&was.outputs[was.output(name)?]));
    let signal: Option<Signal> = old.map(|old| old.signal);
    let names = old.iter().flat_map(|old| std::iter::once(&old.name).chain(old.aliases));
    let named = names.copied().chain([name]).find_map(|name| spec.output(name));
    let alike = || spec.outputs.iter().position(|output| Some(output.signal) == signal);
    named.or_else(alike).map(|index| spec.outputs[index].name)
}

/// Puts the delay of `cable`'s cycle onto it, and takes it off the others there; none where it is in
/// no cycle or already has the delay.
pub(crate) fn feedback_here(patch: &Patch, cable: CableId) -> Option<Edit> {
    let here = patch.cables.get(&cable).filter(|cable| !cable.feedback)?;
    let after = reached(patch, &here.to.module, false);
    if !after.contains(&here.from.module) {
        return None;
    }
    let before = reached(patch, &here.from.module, true);
    let mut work = patch.clone();
    let mut edits = vec![Edit::SetFeedback { id: cable, feedback: true }];
    work.apply(&edits[0]).ok()?;
    let of_cycle = |other: &Cable| {
        other.feedback && after.contains(&other.from.module) && before.contains(&other.to.module)
    };
    for (&id, _) in patch.cables.iter().filter(|(_, other)| of_cycle(other)) {
        // Refused where another cycle still needs it.
        let edit = Edit::SetFeedback { id, feedback: false };
        if work.apply(&edit).is_ok() {
            edits.push(edit);
        }
    }
    Some(Edit::Batch(edits))
}

/// The modules that `from` leads to, itself with them; `back`: that lead to it.
fn reached(patch: &Patch, from: &ModuleId, back: bool) -> BTreeSet<ModuleId> {
    let mut next: BTreeMap<&ModuleId, Vec<&ModuleId>> = BTreeMap::new();
    for cable in patch.cables.values() {
        let (near, far) = (&cable.from.module, &cable.to.module);
        let (near, far) = if back { (far, near) } else { (near, far) };
        next.entry(near).or_default().push(far);
    }
    let mut seen = BTreeSet::from([from.clone()]);
    let mut open = vec![from];
    while let Some(id) = open.pop() {
        for &far in next.get(id).into_iter().flatten() {
            if seen.insert(far.clone()) {
                open.push(far);
            }
        }
    }
    seen
}
