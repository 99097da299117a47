//! Last pass: steps and buffers. Buffers are coloured greedily in running order; a step's outputs
//! are acquired before its inputs are released, so no step reads what it writes.

use std::collections::BTreeMap;

use super::draft::{Draft, Owner};
use super::net::{NetBinding, NetOrigin};
use super::order;
use super::union::{United, UnitedWire};
use super::{bank, carry};
use crate::plan::{
    DelayKey, MixFrom, MixSource, NodeIndex, NodeKey, Origin, Plan, PlanBank, PlanBinding,
    PlanNode, RingKey, Schedule, Step, Wire,
};
use crate::pool::Slot;
use crate::spec::{Signal, Tail};

/// The plan of `united`, which must have no cycle, as it follows on `base`.
pub(crate) fn plan(
    united: United,
    base: Option<&Plan>,
    shares: &dyn Fn(&PlanNode) -> bool,
) -> Plan {
    // PANIC: callers break cycles first, and pass through a bridge where the union has one.
    let order = order::order(&united.nodes, &united.wires).unwrap_or_else(|stuck| stuck);
    let index: BTreeMap<NodeKey, NodeIndex> =
        united.nodes.iter().enumerate().map(|(n, (node, _))| (node.key, n as NodeIndex)).collect();
    let rings = keys(&united, ring_key);
    let delays = keys(&united, delay_key);
    let wires = wires(&united, &index, &rings, &delays);
    let fades = wires.iter().any(|w| w.old_gain != w.gain);
    let bindings = bindings(&united.bindings, &index);
    let mut nodes: Vec<PlanNode> = united
        .nodes
        .into_iter()
        .map(|(n, role)| {
            let (key, id, spec, params) = (n.key, n.id, n.spec, n.params);
            PlanNode { key, id, spec, role, params, seat: 0, place: None }
        })
        .collect();
    let mut carry = carry::seat(&mut nodes, &rings, &delays, base);
    let ranks = bank::ranks(nodes.len(), &order, &wires);
    let banks = bank::form(&mut nodes, &wires, &ranks, shares, base, &mut carry);
    let order = order::in_chains(&nodes, &wires, &order);

    let mut layout = Layout {
        nodes: &nodes,
        banks: &banks,
        wires: &wires,
        rings: &rings,
        delays: &delays,
        constants: Vec::new(),
    };
    let (steady, steady_size) = layout.schedule(&order, false);
    let (transition, transition_size) = if fades {
        let (schedule, size) = layout.schedule(&order, true);
        (Some(schedule), size)
    } else {
        (None, (0, 0))
    };
    let constants = layout.constants;
    let (latency, tail) = reach(&nodes, &wires, &order);
    Plan {
        voices: united.voices,
        mono_buffers: steady_size.0.max(transition_size.0),
        poly_buffers: steady_size.1.max(transition_size.1),
        nodes,
        wires,
        rings,
        delays,
        steady,
        transition,
        constants,
        bindings,
        banks,
        carry,
        latency,
        tail,
    }
}

fn ring_key(wire: &UnitedWire) -> Option<RingKey> {
    match (wire.wire.feedback, wire.wire.from) {
        (true, NetOrigin::Port(from, output)) => Some(RingKey {
            from,
            output,
            to: wire.wire.to,
            input: wire.wire.input,
            groups: from.groups,
            cable: wire.wire.cable.unwrap_or_default(),
        }),
        _ => None,
    }
}

fn delay_key(wire: &UnitedWire) -> Option<DelayKey> {
    match (wire.wire.delay, wire.wire.from) {
        (frames @ 1.., NetOrigin::Port(from, output)) => {
            let (to, input) = (wire.wire.to, wire.wire.input);
            Some(DelayKey { from, output, to, input, frames })
        }
        _ => None,
    }
}

/// The keys that wires have, in order, each once.
fn keys<K: Ord>(united: &United, key: impl Fn(&UnitedWire) -> Option<K>) -> Vec<K> {
    let mut keys: Vec<K> = united.wires.iter().filter_map(key).collect();
    keys.sort_unstable();
    keys.dedup();
    keys
}

fn wires(
    united: &United,
    index: &BTreeMap<NodeKey, NodeIndex>,
    rings: &[RingKey],
    delays: &[DelayKey],
) -> Vec<Wire> {
    let mut wires: Vec<Wire> = united
        .wires
        .iter()
        .map(|united| {
            let wire = &united.wire;
            let ring = ring_key(united).and_then(|key| rings.binary_search(&key).ok());
            let delay = delay_key(united).and_then(|key| delays.binary_search(&key).ok());
            Wire {
                from: match wire.from {
                    NetOrigin::Port(key, port) => Origin::Port { node: index[&key], port },
                    NetOrigin::Constant(bits) => Origin::Constant(f32::from_bits(bits)),
                },
                to: index[&wire.to],
                input: wire.input,
                order: wire.order,
                ring: ring.map(|r| r as u32),
                delay: delay.map(|d| d as u32),
                cable: wire.cable,
                stays: united.stays,
                old_gain: united.old_gain,
                gain: united.gain,
            }
        })
        .collect();
    let origin = |w: &Wire| match w.from {
        Origin::Port { node, port } => (node, port),
        Origin::Constant(_) => (NodeIndex::MAX, 0),
    };
    wires.sort_by_key(|w| (w.to, w.input, w.order, origin(w), !w.stays));
    wires
}

fn bindings(bindings: &[NetBinding], index: &BTreeMap<NodeKey, NodeIndex>) -> Vec<PlanBinding> {
    let mut result: Vec<PlanBinding> = bindings
        .iter()
        .filter_map(|b| {
            Some(PlanBinding {
                macro_index: b.macro_index,
                node: *index.get(&b.node)?,
                param: b.param,
                min: b.min,
                max: b.max,
                taper: b.taper,
            })
        })
        .collect();
    result.sort_by_key(|b| (b.macro_index, b.node, b.param));
    result
}

/// Latency in frames and tail in seconds of the longest path.
fn reach(nodes: &[PlanNode], wires: &[Wire], order: &[usize]) -> (u32, f32) {
    let mut latency = vec![0u32; nodes.len()];
    let mut tail = vec![0f32; nodes.len()];
    let mut out_of: Vec<Vec<usize>> = vec![Vec::new(); nodes.len()];
    let mut feedback = false;
    for wire in wires.iter().filter(|w| w.stays) {
        match wire.from {
            Origin::Port { node, .. } if wire.ring.is_none() => {
                out_of[node as usize].push(wire.to as usize);
            }
            Origin::Port { .. } => feedback = true,
            Origin::Constant(_) => {}
        }
    }
    for &n in order.iter().filter(|&&n| nodes[n].role.stays()) {
        latency[n] += nodes[n].spec.latency;
        if let Tail::Seconds(seconds) = nodes[n].spec.tail {
            tail[n] += seconds(&nodes[n].params);
        }
        for &to in &out_of[n] {
            latency[to] = latency[to].max(latency[n]);
            tail[to] = tail[to].max(tail[n]);
        }
    }
    let latency = latency.into_iter().max().unwrap_or(0);
    let tail = tail.into_iter().fold(0.0, f32::max);
    (latency, if feedback { f32::INFINITY } else { tail })
}

struct Layout<'a> {
    nodes: &'a [PlanNode],
    banks: &'a [PlanBank],
    wires: &'a [Wire],
    rings: &'a [RingKey],
    delays: &'a [DelayKey],
    constants: Vec<f32>,
}

impl Layout<'_> {
    fn owner(&self, node: NodeIndex) -> Owner {
        let place = self.nodes[node as usize].place;
        place.map_or(Owner::Node(node), |place| Owner::Bank(place.bank))
    }

    /// The steady schedule, or the one for the transition, and its mono and poly buffers.
    fn schedule(&mut self, order: &[usize], transition: bool) -> (Schedule, (usize, usize)) {
        let mut draft = Draft::default();
        let runs = |n: usize| transition || self.nodes[n].role.stays();
        let sounds = |w: &&Wire| transition || w.stays;
        let mut first_wire = vec![self.wires.len(); self.nodes.len() + 1];
        for (w, wire) in self.wires.iter().enumerate().rev() {
            first_wire[wire.to as usize] = w;
            if let (true, Origin::Port { node, port }) = (sounds(&wire), wire.from) {
                *draft.readers.entry((self.owner(node), port)).or_default() += 1;
            }
        }
        for n in (0..self.nodes.len()).rev() {
            first_wire[n] = first_wire[n].min(first_wire[n + 1]);
        }
        let wires = self.wires;
        let into = |n: usize| -> Vec<&Wire> {
            wires[first_wire[n]..first_wire[n + 1]].iter().filter(sounds).collect()
        };
        let mut ran = vec![false; self.banks.len()];
        for &n in order.iter().filter(|&&n| runs(n)) {
            match self.nodes[n].place {
                None => self.run(n, &into(n), transition, &mut draft),
                Some(place) => {
                    if !std::mem::replace(&mut ran[place.bank as usize], true) {
                        let lane = |n: &Option<NodeIndex>| {
                            let n = n.map(|n| n as usize).filter(|&n| runs(n));
                            n.map(|n| (n, into(n)))
                        };
                        let lanes = self.banks[place.bank as usize].lanes.iter().map(lane);
                        self.run_bank(
                            place.bank,
                            &lanes.collect::<Vec<_>>(),
                            transition,
                            &mut draft,
                        );
                    }
                }
            }
        }
        for (r, ring) in self.rings.iter().enumerate() {
            // A ring whose producer does not run belongs to a wire that is leaving.
            let from = self.nodes.binary_search_by_key(&ring.from, |node| node.key);
            let Ok(from) = from else { continue };
            let Some(from) = self.live(from as NodeIndex, ring.output, &draft) else { continue };
            let from = match from {
                MixFrom::Slot(slot) => slot,
                from => {
                    draft.mix(&[MixSource { from, old_gain: 1.0, gain: 1.0 }], 0, Signal::Audio)
                }
            };
            draft.schedule.steps.push(Step::Store { ring: r as u32, from });
        }
        let Draft { schedule, buffers, .. } = draft;
        (schedule, (buffers.mono.made as usize, buffers.poly.made as usize))
    }

    fn run(&mut self, n: usize, into: &[&Wire], transition: bool, draft: &mut Draft) {
        let nodes = self.nodes;
        let node = &nodes[n];
        let groups = node.key.groups;
        let mut inputs: Vec<Slot> = Vec::with_capacity(node.spec.inputs.len());
        let mut mixed: Vec<(Vec<MixSource>, Slot)> = Vec::new();
        let mut delayed: Vec<Slot> = Vec::new();
        for input in 0..node.spec.inputs.len() {
            let sources = self.sources(into, input, transition, draft, &mut delayed);
            inputs.push(match direct(&sources, groups) {
                Some(slot) => slot,
                None if sources.is_empty() => self.constant(0.0),
                None => match mixed.iter().find(|(made, _)| *made == sources) {
                    Some((_, slot)) => *slot,
                    None => {
                        let signal = node.spec.inputs[input].signal;
                        let to = draft.mix(&sources, groups, signal);
                        mixed.push((sources, to));
                        to
                    }
                },
            });
        }
        let owner = Owner::Node(n as NodeIndex);
        let (outputs, read) = draft.outputs(owner, node.spec, groups);
        let step = Step::Run {
            node: n as NodeIndex,
            inputs: draft.slots(&inputs),
            outputs: draft.slots(&outputs),
            connected: connected(into),
            read,
        };
        draft.schedule.steps.push(step);
        for slot in mixed.into_iter().map(|(_, slot)| slot).chain(delayed) {
            draft.buffers.release(slot);
        }
        let into = self.owned(into);
        draft.settle(owner, outputs, &into);
    }

    /// Runs the modules of a bank, those that run, with the wires into each.
    fn run_bank(
        &mut self,
        bank: u32,
        lanes: &[Option<(usize, Vec<&Wire>)>],
        transition: bool,
        draft: &mut Draft,
    ) {
        let Some((first, into)) = lanes.iter().flatten().next() else { return };
        let (spec, connected) = (self.nodes[*first].spec, connected(into));
        let mut temporary: Vec<Slot> = Vec::new();
        let mut inputs: Vec<Slot> = Vec::with_capacity(spec.inputs.len());
        for input in 0..spec.inputs.len() {
            let signal = spec.inputs[input].signal;
            let sources: Vec<Option<Vec<MixSource>>> = lanes
                .iter()
                .map(|lane| {
                    let (_, into) = lane.as_ref()?;
                    Some(self.sources(into, input, transition, draft, &mut temporary))
                })
                .collect();
            let slot = match side_by_side(&sources) {
                Some(slot) => slot,
                None => {
                    let silence = self.constant(0.0);
                    let mut lane = |sources: &Vec<MixSource>| match &sources[..] {
                        [] => silence,
                        sources => direct(sources, 0).unwrap_or_else(|| {
                            let mixed = draft.mix(sources, 0, signal);
                            temporary.push(mixed);
                            mixed
                        }),
                    };
                    let slots: Vec<_> = sources.iter().map(|s| s.as_ref().map(&mut lane)).collect();
                    // What a lane reads in which nobody runs is of no matter.
                    let any = slots.iter().flatten().next().copied().unwrap_or(silence);
                    let slots: Vec<Slot> = slots.into_iter().map(|s| s.unwrap_or(any)).collect();
                    match slots[..] {
                        [Slot::Constant(c), ..] if slots.iter().all(|s| *s == slots[0]) => {
                            Slot::Constant(c)
                        }
                        _ => {
                            let alike = slots.iter().all(|slot| *slot == slots[0]);
                            let gathered =
                                draft.gather(if alike { &slots[..1] } else { &slots }, signal);
                            gathered.unwrap_or_else(|alone| {
                                temporary.push(alone);
                                alone
                            })
                        }
                    }
                }
            };
            inputs.push(slot);
        }
        let owner = Owner::Bank(bank);
        let (outputs, read) = draft.outputs(owner, spec, 1);
        let (inputs, outputs_range) = (draft.slots(&inputs), draft.slots(&outputs));
        let step = Step::Bank { bank, inputs, outputs: outputs_range, connected, read };
        draft.schedule.steps.push(step);
        for slot in temporary {
            draft.buffers.release(slot);
        }
        let into: Vec<&Wire> = lanes.iter().flatten().flat_map(|(_, into)| into).copied().collect();
        let into = self.owned(&into);
        draft.settle(owner, outputs, &into);
    }

    fn owned<'w>(&self, into: &[&'w Wire]) -> Vec<(&'w Wire, Option<Owner>)> {
        let owner = |wire: &Wire| match wire.from {
            Origin::Port { node, .. } => Some(self.owner(node)),
            Origin::Constant(_) => None,
        };
        into.iter().map(|wire| (*wire, owner(wire))).collect()
    }

    /// What input `input` reads of `into`; delays that it needs are put into `delayed`.
    fn sources(
        &mut self,
        into: &[&Wire],
        input: usize,
        transition: bool,
        draft: &mut Draft,
        delayed: &mut Vec<Slot>,
    ) -> Vec<MixSource> {
        let wires = into.iter().filter(|w| usize::from(w.input) == input);
        let source = |w: &&Wire| {
            let mut from = self.source(w, draft);
            if let Some(line) = w.delay {
                let one = MixSource { from, old_gain: 1.0, gain: 1.0 };
                from = match from {
                    MixFrom::Lane(..) => {
                        let alone = draft.mix(&[one], 0, Signal::Audio);
                        delayed.push(alone);
                        MixFrom::Slot(alone)
                    }
                    from => from,
                };
                if let MixFrom::Slot(slot) = from {
                    let groups = self.delays[line as usize].from.groups;
                    let to = draft.buffers.acquire(groups, false);
                    draft.schedule.steps.push(Step::Delay { line, from: slot, to });
                    delayed.push(to);
                    from = MixFrom::Slot(to);
                }
            }
            let old_gain = if transition { w.old_gain } else { w.gain };
            MixSource { from, old_gain, gain: w.gain }
        };
        wires.map(source).collect()
    }

    fn source(&mut self, wire: &Wire, draft: &Draft) -> MixFrom {
        match (wire.ring, wire.from) {
            (Some(ring), _) => MixFrom::Ring(ring),
            (None, Origin::Constant(value)) => MixFrom::Slot(self.constant(value)),
            // PANIC-free: the order guarantees a producer; `verify` reports it if not.
            (None, Origin::Port { node, port }) => match self.live(node, port, draft) {
                Some(from) => from,
                None => MixFrom::Slot(self.constant(0.0)),
            },
        }
    }

    /// Where output `port` of `node` stands, while somebody still reads it.
    fn live(&self, node: NodeIndex, port: u8, draft: &Draft) -> Option<MixFrom> {
        let live = draft.live.get(&(self.owner(node), port))?;
        Some(match (self.nodes[node as usize].place, live.slot) {
            (Some(place), Slot::Poly(p)) => MixFrom::Lane(p, place.lane),
            (_, slot) => MixFrom::Slot(slot),
        })
    }

    fn constant(&mut self, value: f32) -> Slot {
        let same = |c: &f32| c.to_bits() == value.to_bits();
        let at = self.constants.iter().position(same).unwrap_or_else(|| {
            self.constants.push(value);
            self.constants.len() - 1
        });
        Slot::Constant(at as u32)
    }
}

/// Bit i: a cable ends at input i.
fn connected(into: &[&Wire]) -> u64 {
    let cables = into.iter().filter(|w| w.cable.is_some());
    cables.fold(0, |connected, w| connected | 1 << w.input)
}

/// The slot that a bank can read as it is: each lane reads the same lane of it, and nothing else.
fn side_by_side(sources: &[Option<Vec<MixSource>>]) -> Option<Slot> {
    let mut found = None;
    for (lane, sources) in sources.iter().enumerate() {
        let Some(sources) = sources else { continue };
        let [MixSource { from: MixFrom::Lane(p, l), old_gain: 1.0, gain: 1.0 }] = sources[..]
        else {
            return None;
        };
        if usize::from(l) != lane || found.is_some_and(|found| found != p) {
            return None;
        }
        found = Some(p);
    }
    found.map(Slot::Poly)
}

/// The slot that an input can read as it is: one source of gain 1 and of the module's width.
fn direct(sources: &[MixSource], groups: u8) -> Option<Slot> {
    let [MixSource { from: MixFrom::Slot(slot), old_gain: 1.0, gain: 1.0 }] = sources else {
        return None;
    };
    let fits = match slot {
        Slot::Constant(_) => true,
        Slot::Mono(_) => groups == 0,
        Slot::Poly(_) => groups > 0,
    };
    fits.then_some(*slot)
}
