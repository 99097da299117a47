//! Edits of several parts at once, as the canvas makes them: each is one undo step.

use chronus_engine::{Registry, Spec, new_module};
use chronus_patch::{Cable, CableId, Edit, ModuleId, Patch, Point, PortRef};

use super::layout::face;
use super::scene::{End, ends};

/// Deletes modules and joins what they stood between.
pub(crate) fn delete<'a>(
    patch: &Patch,
    registry: &Registry,
    ids: impl IntoIterator<Item = &'a ModuleId>,
) -> Edit {
    // One after the other on a copy: what the first leaves joined, the next may join further.
    let mut patch = patch.clone();
    let mut edits = Vec::new();
    for id in ids {
        let spec = patch.modules.get(id).and_then(|module| registry.spec(&module.kind).ok());
        let through: Vec<(&str, &str)> = spec.map_or_else(Vec::new, |spec| {
            let pair = |&(i, o): &(usize, usize)| (spec.inputs[i].name, spec.outputs[o].name);
            spec.through.iter().map(pair).collect()
        });
        let edit = patch.delete_healing_edit(id, &through);
        if patch.apply(&edit).is_ok() {
            edits.push(edit);
        }
    }
    Edit::Batch(edits)
}

/// Takes the cable `id` to other ends; it keeps its gain.
pub(crate) fn reconnect(patch: &Patch, id: CableId, from: PortRef, to: PortRef) -> Edit {
    let gain = patch.cables.get(&id).map_or(1.0, |cable: &Cable| cable.gain);
    let cut = Edit::Disconnect { id };
    // Whether the new cable closes a cycle is to be asked without the old one.
    let mut without = patch.clone();
    let connect = match without.apply(&cut) {
        Ok(_) => without.connect_edit(from, to, gain),
        Err(_) => patch.connect_edit(from, to, gain),
    };
    Edit::Batch(vec![cut, connect])
}

/// The port of `spec` that a cable from `held` had best go to, by position: one that carries the
/// same, or the first.
pub(crate) fn port_for(
    patch: &Patch,
    registry: &Registry,
    held: &End,
    spec: &Spec,
) -> Option<usize> {
    let kind = &patch.modules.get(&held.port.module)?.kind;
    let other = registry.spec(kind).ok()?;
    let port = held.port.port.as_str();
    if held.output {
        let signal = other.outputs[other.output(port)?].signal;
        let same = spec.inputs.iter().position(|input| input.signal == signal);
        same.or((!spec.inputs.is_empty()).then_some(0))
    } else {
        let signal = other.inputs[other.input(port)?].signal;
        let same = spec.outputs.iter().position(|output| output.signal == signal);
        same.or((!spec.outputs.is_empty()).then_some(0))
    }
}

/// Adds a module of `spec`'s kind at `place`; with a cable from `held`, so that its pin comes to
/// lie there. The edit and the module's id.
pub(crate) fn place(
    patch: &Patch,
    registry: &Registry,
    spec: &Spec,
    place: Point,
    held: Option<&End>,
) -> Option<(Edit, ModuleId)> {
    let id = patch.free_module_id(spec.kind);
    let mut module = new_module(registry, spec.kind).ok()?;
    module.position = place;
    let port = held.and_then(|held| Some((held, port_for(patch, registry, held, spec)?)));
    let Some((held, port)) = port else {
        return Some((Edit::Create { id: id.clone(), module }, id));
    };
    let face = face(Some(spec));
    let pin = if held.output { face.inputs[port] } else { face.outputs[port] };
    module.position = Point { x: (place.x - pin.x).round(), y: (place.y - pin.y).round() };
    let name = if held.output { spec.inputs[port].name } else { spec.outputs[port].name };
    let end = End { port: PortRef::new(id.clone(), name), output: !held.output };
    let create = Edit::Create { id: id.clone(), module };
    // A module that is new closes no cycle, so the patch need not hold it to be asked.
    let (from, to) = ends(held, &end);
    let connect = patch.connect_edit(from.clone(), to.clone(), 1.0);
    Some((Edit::Batch(vec![create, connect]), id))
}
