//! Last pass: steps and buffers. Buffers are coloured greedily in running order; a step's outputs
//! are acquired before its inputs are released, so no step reads what it writes.

use std::collections::{BTreeMap, VecDeque};

use super::carry;
use super::net::{NetBinding, NetOrigin};
use super::order;
use super::union::{United, UnitedWire};
use crate::plan::{
    DelayKey, MixFrom, MixSource, NodeIndex, NodeKey, Origin, Plan, PlanBinding, PlanNode, RingKey,
    Schedule, Step, Wire,
};
use crate::pool::Slot;
use crate::spec::Tail;

/// The plan of `united`, which must have no cycle, as it follows on `base`.
pub(crate) fn plan(united: United, base: Option<&Plan>) -> Plan {
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
            PlanNode { key, id, spec, role, params, seat: 0 }
        })
        .collect();
    let carry = carry::seat(&mut nodes, &rings, &delays, base);

    let mut layout = Layout {
        nodes: &nodes,
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
    wires: &'a [Wire],
    rings: &'a [RingKey],
    delays: &'a [DelayKey],
    constants: Vec<f32>,
}

/// Buffers of a width that are made before free ones are taken again: a signal that keeps its value
/// need not be written anew when nobody else writes where it stands.
const GENEROUS: u32 = 16;

/// Buffers in use of one width: when there are many, free ones are taken again before new ones are
/// made.
#[derive(Default)]
struct Colours {
    /// Oldest first.
    free: VecDeque<u32>,
    made: u32,
}

impl Colours {
    /// A buffer for a signal; one that is `read` had better have its own.
    fn acquire(&mut self, read: bool) -> u32 {
        let own = read && self.made < GENEROUS;
        let again = if own { None } else { self.free.pop_front() };
        again.unwrap_or_else(|| {
            self.made += 1;
            self.made - 1
        })
    }
}

#[derive(Default)]
struct Buffers {
    mono: Colours,
    poly: Colours,
}

impl Buffers {
    fn acquire(&mut self, groups: u8, read: bool) -> Slot {
        if groups == 0 {
            Slot::Mono(self.mono.acquire(read))
        } else {
            Slot::Poly(self.poly.acquire(read))
        }
    }

    fn release(&mut self, slot: Slot) {
        match slot {
            Slot::Mono(i) => self.mono.free.push_back(i),
            Slot::Poly(i) => self.poly.free.push_back(i),
            Slot::Constant(_) => {}
        }
    }
}

/// An output's buffer while somebody still has to read it.
#[derive(Clone, Copy)]
struct Live {
    slot: Slot,
    readers: u32,
}

impl Layout<'_> {
    /// The steady schedule, or the one for the transition, and its mono and poly buffers.
    fn schedule(&mut self, order: &[usize], transition: bool) -> (Schedule, (usize, usize)) {
        let mut schedule = Schedule::default();
        let mut buffers = Buffers::default();
        let runs = |n: usize| transition || self.nodes[n].role.stays();
        let sounds = |w: &&Wire| transition || w.stays;
        let mut readers: BTreeMap<(NodeIndex, u8), u32> = BTreeMap::new();
        let mut first_wire = vec![self.wires.len(); self.nodes.len() + 1];
        for (w, wire) in self.wires.iter().enumerate().rev() {
            first_wire[wire.to as usize] = w;
            if let (true, Origin::Port { node, port }) = (sounds(&wire), wire.from) {
                *readers.entry((node, port)).or_default() += 1;
            }
        }
        for n in (0..self.nodes.len()).rev() {
            first_wire[n] = first_wire[n].min(first_wire[n + 1]);
        }
        let mut live: BTreeMap<(NodeIndex, u8), Live> = BTreeMap::new();
        for &n in order.iter().filter(|&&n| runs(n)) {
            let into: Vec<&Wire> =
                self.wires[first_wire[n]..first_wire[n + 1]].iter().filter(sounds).collect();
            self.run(n, &into, transition, &readers, &mut live, &mut buffers, &mut schedule);
        }
        for (r, ring) in self.rings.iter().enumerate() {
            let from = self.nodes.binary_search_by_key(&ring.from, |node| node.key);
            let producer = from.ok().and_then(|n| live.get(&(n as NodeIndex, ring.output)));
            // A ring whose producer does not run belongs to a wire that is leaving.
            if let Some(producer) = producer {
                schedule.steps.push(Step::Store { ring: r as u32, from: producer.slot });
            }
        }
        (schedule, (buffers.mono.made as usize, buffers.poly.made as usize))
    }

    #[expect(clippy::too_many_arguments, reason = "the parts of one schedule under way")]
    fn run(
        &mut self,
        n: usize,
        into: &[&Wire],
        transition: bool,
        readers: &BTreeMap<(NodeIndex, u8), u32>,
        live: &mut BTreeMap<(NodeIndex, u8), Live>,
        buffers: &mut Buffers,
        schedule: &mut Schedule,
    ) {
        let nodes = self.nodes;
        let node = &nodes[n];
        let groups = node.key.groups;
        let mut inputs: Vec<Slot> = Vec::with_capacity(node.spec.inputs.len());
        let mut mixed: Vec<(Vec<MixSource>, Slot)> = Vec::new();
        let mut delayed: Vec<Slot> = Vec::new();
        let mut connected = 0u64;
        for input in 0..node.spec.inputs.len() {
            let wires = into.iter().filter(|w| usize::from(w.input) == input);
            let sources: Vec<MixSource> = wires
                .map(|w| {
                    connected |= u64::from(w.cable.is_some()) << input;
                    let mut from = self.source(w, live);
                    if let (Some(line), MixFrom::Slot(slot)) = (w.delay, from) {
                        let to = buffers.acquire(self.delays[line as usize].from.groups, true);
                        schedule.steps.push(Step::Delay { line, from: slot, to });
                        delayed.push(to);
                        from = MixFrom::Slot(to);
                    }
                    MixSource {
                        from,
                        old_gain: if transition { w.old_gain } else { w.gain },
                        gain: w.gain,
                    }
                })
                .collect();
            inputs.push(match direct(&sources, groups) {
                Some(slot) => slot,
                None if sources.is_empty() => self.constant(0.0),
                None => match mixed.iter().find(|(made, _)| *made == sources) {
                    Some((_, slot)) => *slot,
                    None => {
                        let to = buffers.acquire(groups, true);
                        let start = schedule.sources.len() as u32;
                        schedule.sources.extend_from_slice(&sources);
                        let sources_range = start..schedule.sources.len() as u32;
                        schedule.steps.push(Step::Mix { to, sources: sources_range });
                        mixed.push((sources, to));
                        to
                    }
                },
            });
        }
        let node = n as NodeIndex;
        let is_read = |port: usize| readers.contains_key(&(node, port as u8));
        let ports = 0..nodes[n].spec.outputs.len();
        let outputs: Vec<Slot> = ports.map(|o| buffers.acquire(groups, is_read(o))).collect();
        let start = schedule.slots.len() as u32;
        schedule.slots.extend_from_slice(&inputs);
        let middle = schedule.slots.len() as u32;
        schedule.slots.extend_from_slice(&outputs);
        let end = schedule.slots.len() as u32;
        let read = (0..outputs.len()).fold(0, |read, o| read | u64::from(is_read(o)) << o);
        schedule.steps.push(Step::Run {
            node,
            inputs: start..middle,
            outputs: middle..end,
            connected,
            read,
        });
        for slot in mixed.into_iter().map(|(_, slot)| slot).chain(delayed) {
            buffers.release(slot);
        }
        for (port, slot) in outputs.into_iter().enumerate() {
            match readers.get(&(node, port as u8)) {
                Some(&readers) => {
                    live.insert((node, port as u8), Live { slot, readers });
                }
                None => buffers.release(slot),
            }
        }
        for wire in into.iter().filter(|w| w.ring.is_none()) {
            if let Origin::Port { node, port } = wire.from
                && let Some(source) = live.get_mut(&(node, port))
            {
                source.readers -= 1;
                if source.readers == 0 {
                    buffers.release(source.slot);
                    live.remove(&(node, port));
                }
            }
        }
    }

    fn source(&mut self, wire: &Wire, live: &BTreeMap<(NodeIndex, u8), Live>) -> MixFrom {
        match (wire.ring, wire.from) {
            (Some(ring), _) => MixFrom::Ring(ring),
            (None, Origin::Constant(value)) => MixFrom::Slot(self.constant(value)),
            (None, Origin::Port { node, port }) => match live.get(&(node, port)) {
                Some(source) => MixFrom::Slot(source.slot),
                // PANIC-free: the order guarantees a producer; `verify` reports it if not.
                None => MixFrom::Slot(self.constant(0.0)),
            },
        }
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
