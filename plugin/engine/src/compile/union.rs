//! Second pass: what plays now and the new patch, side by side, so that the edit can be faded.

use std::collections::{BTreeMap, BTreeSet};

use super::net::{Net, NetBinding, NetNode, NetWire, WireKey};
use crate::plan::{NodeKey, Role};
use crate::spec::{Signal, Spec, Tail};
use crate::voices::VoicePlan;

/// Old and new nodes and wires, each with what becomes of it.
#[derive(Clone, Debug)]
pub(crate) struct United {
    pub voices: VoicePlan,
    /// Ordered by key.
    pub nodes: Vec<(NetNode, Role)>,
    pub wires: Vec<UnitedWire>,
    pub bindings: Vec<NetBinding>,
}

#[derive(Clone, Debug)]
pub(crate) struct UnitedWire {
    pub wire: NetWire,
    pub stays: bool,
    pub old_gain: f32,
    pub gain: f32,
}

/// `net` with nothing before it: everything is new, nothing fades.
pub(crate) fn fresh(net: Net) -> United {
    let nodes = net.nodes.into_iter().map(|n| (n, Role::Added)).collect();
    let wires = net.wires.into_iter().map(|wire| {
        let gain = wire.gain;
        UnitedWire { wire, stays: true, old_gain: gain, gain }
    });
    United { voices: net.voices, nodes, wires: wires.collect(), bindings: net.bindings }
}

/// `new` after `old`.
pub(crate) fn unite(old: &Net, new: Net) -> United {
    let old_keys: BTreeSet<NodeKey> = old.nodes.iter().map(|n| n.key).collect();
    let old_modules: BTreeSet<u32> = old.nodes.iter().map(|n| n.key.module).collect();
    let new_keys: BTreeSet<NodeKey> = new.nodes.iter().map(|n| n.key).collect();

    let role = |key: NodeKey| match (old_keys.contains(&key), old_modules.contains(&key.module)) {
        (true, _) => Role::Kept,
        (false, true) => Role::Rewidened,
        (false, false) => Role::Added,
    };
    let mut nodes: Vec<(NetNode, Role)> = Vec::with_capacity(new.nodes.len());
    nodes.extend(new.nodes.into_iter().map(|n| {
        let role = role(n.key);
        (n, role)
    }));
    let leaving = old.nodes.iter().filter(|n| !new_keys.contains(&n.key));
    nodes.extend(leaving.map(|n| (n.clone(), Role::Leaving)));
    nodes.sort_by_key(|(n, _)| n.key);

    // A wire fades where the difference would be heard: at a kept module's input, at a sink, or where
    // a module that repeats its input would repeat the edge.
    let ends: BTreeMap<NodeKey, (Role, &Spec)> =
        nodes.iter().map(|(n, role)| (n.key, (*role, n.spec))).collect();
    let fades = |wire: &NetWire| {
        let (role, spec) = ends[&wire.to];
        let audio =
            spec.inputs.get(usize::from(wire.input)).is_some_and(|i| i.signal == Signal::Audio);
        role == Role::Kept || spec.sink || (audio && matches!(spec.tail, Tail::Seconds(_)))
    };
    let before: BTreeMap<WireKey, &NetWire> = old.wires.iter().map(|w| (w.key(), w)).collect();
    let after: BTreeSet<WireKey> = new.wires.iter().map(NetWire::key).collect();
    let mut wires = Vec::with_capacity(new.wires.len());
    for wire in new.wires {
        let gain = wire.gain;
        let old_gain = before.get(&wire.key()).map_or(0.0, |w| w.gain);
        let old_gain = if fades(&wire) { old_gain } else { gain };
        wires.push(UnitedWire { wire, stays: true, old_gain, gain });
    }
    for wire in old.wires.iter().filter(|w| !after.contains(&w.key())) {
        let old_gain = wire.gain;
        let gain = if fades(wire) { 0.0 } else { old_gain };
        wires.push(UnitedWire { wire: wire.clone(), stays: false, old_gain, gain });
    }
    United { voices: new.voices, nodes, wires, bindings: new.bindings }
}

/// What `old` and `new` have in common, over the old nodes: the way between them when both
/// together would form a cycle.
pub(crate) fn common(old: &Net, new: &Net) -> Net {
    let after: BTreeSet<WireKey> = new.wires.iter().map(NetWire::key).collect();
    let wires = old.wires.iter().filter(|w| after.contains(&w.key())).cloned().collect();
    Net { voices: old.voices, nodes: old.nodes.clone(), wires, bindings: old.bindings.clone() }
}
