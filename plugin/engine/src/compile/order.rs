//! Third pass: an order in which every module runs after what feeds it, sinks last; and of those the
//! one in which signals are read soon after they are written.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BinaryHeap};

use super::net::{Net, NetNode, NetOrigin};
use super::union::UnitedWire;
use super::{Diagnostic, Place};
use crate::plan::{NodeKey, Origin, PlanNode, Role, Wire};

/// Positions of `nodes` in running order; `Err` with those on or behind a cycle.
pub(crate) fn order(
    nodes: &[(NetNode, Role)],
    wires: &[UnitedWire],
) -> Result<Vec<usize>, Vec<usize>> {
    let nodes: Vec<&NetNode> = nodes.iter().map(|(n, _)| n).collect();
    let wires = wires.iter().filter(|w| !w.wire.feedback).map(|w| (w.wire.from, w.wire.to));
    sort(&nodes, wires)
}

/// Drops the youngest cable of every cycle that has no feedback cable. Documents mark theirs when
/// they are edited or loaded, so this only guards against documents made by other hands.
pub(crate) fn break_cycles(net: &mut Net, diagnostics: &mut Vec<Diagnostic>) {
    loop {
        let nodes: Vec<&NetNode> = net.nodes.iter().collect();
        let direct = net.wires.iter().filter(|w| !w.feedback).map(|w| (w.from, w.to));
        let Err(stuck) = sort(&nodes, direct) else { return };
        let stuck: std::collections::BTreeSet<NodeKey> =
            stuck.into_iter().map(|n| net.nodes[n].key).collect();
        let on_cycle = |origin: &NetOrigin, to: &NodeKey| match origin {
            NetOrigin::Port(from, _) => stuck.contains(from) && stuck.contains(to),
            NetOrigin::Constant(_) => false,
        };
        let youngest = net.wires.iter().enumerate();
        let youngest = youngest.filter(|(_, w)| !w.feedback && on_cycle(&w.from, &w.to));
        let Some((at, _)) = youngest.max_by_key(|(_, w)| w.order) else { return };
        let wire = net.wires.remove(at);
        if let Some(cable) = wire.cable {
            let text = "closes a cycle without being marked as feedback; it is silent".to_owned();
            diagnostics.push(Diagnostic { place: Place::Cable(cable), text });
        }
    }
}

/// Delays the wires into a module that come by faster paths than the slowest, so that all arrive
/// together. Feedback wires keep the delay they have. The net must have no cycle.
pub(crate) fn compensate(net: &mut Net) {
    if net.nodes.iter().all(|n| n.spec.latency == 0) {
        return;
    }
    let nodes: Vec<&NetNode> = net.nodes.iter().collect();
    let direct = net.wires.iter().filter(|w| !w.feedback).map(|w| (w.from, w.to));
    let Ok(order) = sort(&nodes, direct) else { return };
    let index: BTreeMap<NodeKey, usize> =
        net.nodes.iter().enumerate().map(|(n, node)| (node.key, n)).collect();
    let mut into: Vec<Vec<usize>> = vec![Vec::new(); net.nodes.len()];
    for (w, wire) in net.wires.iter().enumerate().filter(|(_, w)| !w.feedback) {
        into[index[&wire.to]].push(w);
    }
    let mut latency = vec![0u32; net.nodes.len()];
    for n in order {
        let arrives = |w: &usize| match net.wires[*w].from {
            NetOrigin::Port(from, _) => Some(latency[index[&from]]),
            NetOrigin::Constant(_) => None,
        };
        let slowest = into[n].iter().filter_map(arrives).max().unwrap_or(0);
        let waits: Vec<(usize, u32)> =
            into[n].iter().filter_map(|w| Some((*w, slowest - arrives(w)?))).collect();
        for (w, delay) in waits {
            net.wires[w].delay = delay;
        }
        latency[n] = slowest + net.nodes[n].spec.latency;
    }
}

/// Kahn's algorithm, smallest key first: the same order on every machine.
fn sort(
    nodes: &[&NetNode],
    wires: impl Iterator<Item = (NetOrigin, NodeKey)>,
) -> Result<Vec<usize>, Vec<usize>> {
    let index: BTreeMap<NodeKey, usize> =
        nodes.iter().enumerate().map(|(n, node)| (node.key, n)).collect();
    let mut waiting = vec![0usize; nodes.len()];
    let mut feeds: Vec<Vec<usize>> = vec![Vec::new(); nodes.len()];
    for (from, to) in wires {
        if let NetOrigin::Port(from, _) = from {
            feeds[index[&from]].push(index[&to]);
            waiting[index[&to]] += 1;
        }
    }
    let rank = |n: usize| Reverse((nodes[n].spec.sink, n));
    let mut ready: BinaryHeap<_> =
        (0..nodes.len()).filter(|&n| waiting[n] == 0).map(rank).collect();
    let mut order = Vec::with_capacity(nodes.len());
    while let Some(Reverse((_, n))) = ready.pop() {
        order.push(n);
        for &to in &feeds[n] {
            waiting[to] -= 1;
            if waiting[to] == 0 {
                ready.push(rank(to));
            }
        }
    }
    if order.len() == nodes.len() {
        Ok(order)
    } else {
        Err((0..nodes.len()).filter(|&n| waiting[n] > 0).collect())
    }
}

/// `order` with every consumer as close behind its producers as can be, so that what it reads is still
/// in the nearest cache. The modules of a bank, which wait for each other, follow one another; all of
/// them have one rank, so that none of them waits for another.
pub(crate) fn in_chains(nodes: &[PlanNode], wires: &[Wire], order: &[usize]) -> Vec<usize> {
    // A bank is known by the first of its modules.
    let mut first_of: BTreeMap<u32, usize> = BTreeMap::new();
    let units: Vec<usize> = (0..nodes.len())
        .map(|n| nodes[n].place.map_or(n, |place| *first_of.entry(place.bank).or_insert(n)))
        .collect();
    let mut members: Vec<Vec<usize>> = vec![Vec::new(); nodes.len()];
    order.iter().for_each(|&n| members[units[n]].push(n));
    let mut waiting = vec![0usize; nodes.len()];
    let mut feeds: Vec<Vec<usize>> = vec![Vec::new(); nodes.len()];
    for wire in wires.iter().filter(|w| w.ring.is_none()) {
        if let Origin::Port { node, .. } = wire.from {
            feeds[units[node as usize]].push(units[wire.to as usize]);
            waiting[units[wire.to as usize]] += 1;
        }
    }
    // Who has become ready last goes first; the sinks wait for all others.
    let rank = |unit: usize, since: usize| (!nodes[unit].spec.sink, since, Reverse(unit));
    let ready = (0..nodes.len()).filter(|&n| waiting[n] == 0 && !members[n].is_empty());
    let mut ready: BinaryHeap<_> = ready.map(|unit| rank(unit, 0)).collect();
    let mut chains = Vec::with_capacity(order.len());
    while let Some((_, _, Reverse(unit))) = ready.pop() {
        chains.extend_from_slice(&members[unit]);
        for &to in &feeds[unit] {
            waiting[to] -= 1;
            if waiting[to] == 0 {
                ready.push(rank(to, chains.len()));
            }
        }
    }
    debug_assert_eq!(chains.len(), order.len());
    chains
}
