//! An independent check of a plan: it runs each schedule on symbols instead of sound and compares
//! what every input would read with what the wires say. Shares no code with compilation.

mod carry;

use std::collections::{BTreeMap, BTreeSet};

use thiserror::Error;

use crate::lanes::LANES;
use crate::plan::{MixFrom, NodeIndex, Origin, Plan, Role, Schedule, Step};
use crate::pool::Slot;

pub use carry::verify_carry;

/// What is wrong with a plan. Always a defect of the compiler, never of a patch.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum PlanFault {
    /// Nodes or rings are not in strict order of their keys, so the carry would miss some.
    #[error("the plan's tables are not in order")]
    Unordered,
    /// The swap would leave a module or a delay in the wrong place.
    #[error("the swap would seat {what} wrongly")]
    Misplaced {
        /// The module, or the table of delays.
        what: String,
    },
    /// An index points outside its table, or a slot has the wrong width.
    #[error("step {step} of the {schedule} schedule names a slot or node that does not fit")]
    BadSlot {
        /// Which schedule.
        schedule: &'static str,
        /// Position of the step.
        step: usize,
    },
    /// A step writes what it reads.
    #[error("step {step} of the {schedule} schedule writes a buffer that it reads")]
    Alias {
        /// Which schedule.
        schedule: &'static str,
        /// Position of the step.
        step: usize,
    },
    /// An input would read something else than its wires say.
    #[error("input {input} of {module} would read the wrong signals in the {schedule} schedule")]
    WrongSignal {
        /// Which schedule.
        schedule: &'static str,
        /// The module.
        module: String,
        /// Name of the input.
        input: &'static str,
    },
    /// A module does not run, or runs twice.
    #[error("{module} runs {times} times in the {schedule} schedule")]
    RunCount {
        /// Which schedule.
        schedule: &'static str,
        /// The module.
        module: String,
        /// How often.
        times: usize,
    },
    /// A feedback delay is not fed exactly once, by its producer, after all who read it.
    #[error("feedback delay {ring} is not fed as it should be in the {schedule} schedule")]
    BadRing {
        /// Which schedule.
        schedule: &'static str,
        /// Position of the ring.
        ring: usize,
    },
}

/// One summand, symbolically: where from, whether through a ring, both gains as bits.
type Term = (Symbol, Option<u32>, u32, u32);

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Symbol {
    /// An output, so many frames late.
    Output(NodeIndex, u8, u32),
    Constant(u32),
}

/// Checks `plan`.
///
/// # Errors
/// The first fault found.
pub fn verify(plan: &Plan) -> Result<(), PlanFault> {
    let nodes_ordered = plan.nodes.windows(2).all(|w| w[0].key < w[1].key);
    let rings_ordered =
        plan.rings.windows(2).all(|w| w[0] < w[1]) && plan.delays.windows(2).all(|w| w[0] < w[1]);
    let bound = plan.bindings.iter().all(|b| {
        let node = plan.nodes.get(b.node as usize);
        node.is_some_and(|n| usize::from(b.param) < n.spec.params.len())
    });
    if !nodes_ordered || !rings_ordered || !bound {
        return Err(PlanFault::Unordered);
    }
    Check::new(plan, "steady", false).run(&plan.steady)?;
    if let Some(transition) = &plan.transition {
        Check::new(plan, "transition", true).run(transition)?;
    }
    Ok(())
}

/// True for what an input reads to which nothing comes.
fn silent(terms: &[Term]) -> bool {
    matches!(terms, [] | [(Symbol::Constant(0), None, _, _)])
}

struct Check<'a> {
    plan: &'a Plan,
    name: &'static str,
    transition: bool,
    /// What each buffer holds.
    holds: BTreeMap<(bool, u32), Vec<Term>>,
    /// What the lanes of each poly buffer hold that a bank has to do with.
    lanes: BTreeMap<u32, Vec<Vec<Term>>>,
    /// Bit o: output o of a node is read.
    read: Vec<u64>,
    runs: Vec<usize>,
    stored: BTreeSet<u32>,
    delayed: BTreeSet<u32>,
    /// What each input should read.
    wanted: BTreeMap<(NodeIndex, u8), Vec<Term>>,
    /// Inputs at which a cable ends.
    cabled: BTreeSet<(NodeIndex, u8)>,
}

impl<'a> Check<'a> {
    fn new(plan: &'a Plan, name: &'static str, transition: bool) -> Self {
        let mut wanted: BTreeMap<_, Vec<Term>> = BTreeMap::new();
        let mut cabled = BTreeSet::new();
        let mut read = vec![0u64; plan.nodes.len()];
        for wire in plan.wires.iter().filter(|w| transition || w.stays) {
            let symbol = match wire.from {
                Origin::Port { node, port } => {
                    let line = wire.delay.and_then(|line| plan.delays.get(line as usize));
                    Symbol::Output(node, port, line.map_or(0, |line| line.frames))
                }
                Origin::Constant(value) => Symbol::Constant(value.to_bits()),
            };
            let old_gain = if transition { wire.old_gain } else { wire.gain };
            let term = (symbol, wire.ring, old_gain.to_bits(), wire.gain.to_bits());
            wanted.entry((wire.to, wire.input)).or_default().push(term);
            if let Origin::Port { node, port } = wire.from
                && let Some(read) = read.get_mut(node as usize)
            {
                *read |= 1 << port;
            }
            if wire.cable.is_some() {
                cabled.insert((wire.to, wire.input));
            }
        }
        let runs = vec![0; plan.nodes.len()];
        let (holds, stored, delayed) = (BTreeMap::new(), BTreeSet::new(), BTreeSet::new());
        let lanes = BTreeMap::new();
        Self { plan, name, transition, holds, lanes, read, runs, stored, delayed, wanted, cabled }
    }

    fn run(mut self, schedule: &Schedule) -> Result<(), PlanFault> {
        for (at, step) in schedule.steps.iter().enumerate() {
            let fits = self.step(schedule, at, step)?;
            if !fits {
                return Err(PlanFault::BadSlot { schedule: self.name, step: at });
            }
        }
        for (n, node) in self.plan.nodes.iter().enumerate() {
            let wanted = usize::from(self.transition || node.role != Role::Leaving);
            if self.runs[n] != wanted {
                let (module, times) = (node.id.to_string(), self.runs[n]);
                return Err(PlanFault::RunCount { schedule: self.name, module, times });
            }
        }
        let read = self.wanted.values().flatten().filter_map(|term| term.1);
        for ring in read {
            if !self.stored.contains(&ring) {
                return Err(PlanFault::BadRing { schedule: self.name, ring: ring as usize });
            }
        }
        Ok(())
    }

    /// Runs one step on symbols; `Ok(false)` when it names something that does not fit.
    fn step(&mut self, schedule: &Schedule, at: usize, step: &Step) -> Result<bool, PlanFault> {
        let alias = PlanFault::Alias { schedule: self.name, step: at };
        match step {
            Step::Mix { to, sources } => {
                let range = sources.start as usize..sources.end as usize;
                let Some(sources) = schedule.sources.get(range) else { return Ok(false) };
                let mut sum = Vec::with_capacity(sources.len());
                for source in sources {
                    let gains = (source.old_gain.to_bits(), source.gain.to_bits());
                    match source.from {
                        MixFrom::Lane(poly, lane) => {
                            let held = self.lanes.get(&poly).and_then(|l| l.get(usize::from(lane)));
                            let Some([(symbol, None, _, _)]) = held.map(Vec::as_slice) else {
                                return Ok(false);
                            };
                            sum.push((*symbol, None, gains.0, gains.1));
                        }
                        MixFrom::Ring(ring) => {
                            let Some(key) = self.plan.rings.get(ring as usize) else {
                                return Ok(false);
                            };
                            if self.stored.contains(&ring) {
                                let ring = ring as usize;
                                return Err(PlanFault::BadRing { schedule: self.name, ring });
                            }
                            let found = self.plan.nodes.binary_search_by_key(&key.from, |n| n.key);
                            let Ok(node) = found else { return Ok(false) };
                            let symbol = Symbol::Output(node as NodeIndex, key.output, 0);
                            sum.push((symbol, Some(ring), gains.0, gains.1));
                        }
                        MixFrom::Slot(slot) => {
                            if slot == *to {
                                return Err(alias);
                            }
                            let Some([term]) = self
                                .read(slot)
                                .as_deref()
                                .map(<[Term]>::to_vec)
                                .and_then(|v| <[Term; 1]>::try_from(v).ok())
                            else {
                                return Ok(false);
                            };
                            sum.push((term.0, None, gains.0, gains.1));
                        }
                    }
                }
                Ok(self.write(*to, sum))
            }
            Step::Run { node, inputs, outputs, connected, read } => {
                let slots = |range: &std::ops::Range<u32>| {
                    schedule.slots.get(range.start as usize..range.end as usize)
                };
                let (Some(inputs), Some(outputs)) = (slots(inputs), slots(outputs)) else {
                    return Ok(false);
                };
                if self.read.get(*node as usize) != Some(read) {
                    return Ok(false);
                }
                if self.plan.nodes[*node as usize].place.is_some() {
                    // It runs in its bank.
                    return Ok(false);
                }
                self.check_run(*node, inputs, outputs, *connected, alias)
            }
            Step::Bank { bank, inputs, outputs, connected, read } => {
                let slots = |range: &std::ops::Range<u32>| {
                    schedule.slots.get(range.start as usize..range.end as usize)
                };
                let (Some(inputs), Some(outputs)) = (slots(inputs), slots(outputs)) else {
                    return Ok(false);
                };
                self.check_bank(*bank as usize, (inputs, outputs), (*connected, *read), alias)
            }
            Step::Gather { to, lanes } => {
                let lanes = schedule.slots.get(lanes.start as usize..lanes.end as usize);
                let lanes: Vec<Slot> = match lanes {
                    Some([all]) => vec![*all; LANES],
                    Some(lanes) if lanes.len() == LANES => lanes.to_vec(),
                    _ => return Ok(false),
                };
                let mono = |slot: &Slot| match slot {
                    Slot::Poly(_) => None,
                    slot => self.read(*slot),
                };
                match lanes.iter().map(mono).collect() {
                    Some(held) => Ok(self.write_lanes(*to, held)),
                    None => Ok(false),
                }
            }
            Step::Delay { line, from, to } => {
                if from == to {
                    return Err(alias);
                }
                let Some(key) = self.plan.delays.get(*line as usize) else { return Ok(false) };
                let producer = self.plan.nodes.binary_search_by_key(&key.from, |n| n.key);
                let (Ok(node), true) = (producer, self.delayed.insert(*line)) else {
                    return Ok(false);
                };
                let wanted = Symbol::Output(node as NodeIndex, key.output, 0);
                let holds = self.read(*from);
                let fits = matches!(to, Slot::Poly(_)) == (key.from.groups > 0);
                match holds.as_deref() {
                    Some([term]) if term.0 == wanted && fits => {
                        let late = Symbol::Output(node as NodeIndex, key.output, key.frames);
                        Ok(self.write(*to, vec![(late, term.1, term.2, term.3)]))
                    }
                    _ => Ok(false),
                }
            }
            Step::Store { ring, from } => {
                let bad = PlanFault::BadRing { schedule: self.name, ring: *ring as usize };
                let Some(key) = self.plan.rings.get(*ring as usize) else { return Err(bad) };
                let node = self.plan.nodes.binary_search_by_key(&key.from, |n| n.key);
                let wanted = node.map(|n| Symbol::Output(n as NodeIndex, key.output, 0));
                let holds = self.read(*from);
                let same = match (holds.as_deref(), wanted) {
                    (Some([term]), Ok(wanted)) => term.0 == wanted,
                    _ => false,
                };
                let fits = matches!(from, Slot::Poly(_)) == (key.groups > 0);
                if !same || !fits || !self.stored.insert(*ring) {
                    return Err(bad);
                }
                Ok(true)
            }
        }
    }

    /// Every module of a bank that plays reads what its wires say, each in its lane.
    fn check_bank(
        &mut self,
        bank: usize,
        (inputs, outputs): (&[Slot], &[Slot]),
        (connected, read): (u64, u64),
        alias: PlanFault,
    ) -> Result<bool, PlanFault> {
        let plan = self.plan;
        let Some(bank) = plan.banks.get(bank) else { return Ok(false) };
        let mut given = vec![vec![Vec::new(); LANES]; outputs.len()];
        let mut reads = 0;
        for (lane, &n) in bank.lanes.iter().enumerate() {
            let Some(n) = n.filter(|&n| self.transition || plan.nodes[n as usize].role.stays())
            else {
                continue;
            };
            let node = &plan.nodes[n as usize];
            let spec = node.spec;
            if inputs.len() != spec.inputs.len() || outputs.len() != spec.outputs.len() {
                return Ok(false);
            }
            self.runs[n as usize] += 1;
            reads |= self.read[n as usize];
            for (i, &slot) in inputs.iter().enumerate() {
                let wanted = self.wanted.get(&(n, i as u8)).cloned().unwrap_or_default();
                let held = match slot {
                    Slot::Poly(p) => self.lanes.get(&p).and_then(|l| l.get(lane)).cloned(),
                    Slot::Constant(_) => self.read(slot),
                    Slot::Mono(_) => return Ok(false),
                };
                let held = held.unwrap_or_default();
                let cable = self.cabled.contains(&(n, i as u8));
                let same = held == wanted || silent(&held) && silent(&wanted);
                if !same || (connected >> i & 1 == 1) != cable {
                    let (module, input) = (node.id.to_string(), spec.inputs[i].name);
                    return Err(PlanFault::WrongSignal { schedule: self.name, module, input });
                }
            }
            let one = 1f32.to_bits();
            for (o, lanes) in given.iter_mut().enumerate() {
                lanes[lane].push((Symbol::Output(n, o as u8, 0), None, one, one));
            }
        }
        for (o, (&slot, lanes)) in outputs.iter().zip(given).enumerate() {
            if inputs.contains(&slot) || outputs[..o].contains(&slot) {
                return Err(alias);
            }
            if !self.write_lanes(slot, lanes) {
                return Ok(false);
            }
        }
        Ok(reads == read)
    }

    /// Notes what the lanes of `slot` hold; false when it is no poly buffer of the plan.
    fn write_lanes(&mut self, slot: Slot, held: Vec<Vec<Term>>) -> bool {
        let Slot::Poly(p) = slot else { return false };
        self.holds.remove(&(true, p));
        self.lanes.insert(p, held);
        (p as usize) < self.plan.poly_buffers
    }

    fn check_run(
        &mut self,
        node: NodeIndex,
        inputs: &[Slot],
        outputs: &[Slot],
        connected: u64,
        alias: PlanFault,
    ) -> Result<bool, PlanFault> {
        let plan = self.plan;
        let Some(known) = plan.nodes.get(node as usize) else { return Ok(false) };
        let spec = known.spec;
        if inputs.len() != spec.inputs.len() || outputs.len() != spec.outputs.len() {
            return Ok(false);
        }
        self.runs[node as usize] += 1;
        let poly = known.key.groups > 0;
        for (i, &slot) in inputs.iter().enumerate() {
            let wanted = self.wanted.get(&(node, i as u8)).cloned().unwrap_or_default();
            let reads = self.read(slot).unwrap_or_default();
            let fits = match slot {
                Slot::Constant(_) => true,
                Slot::Mono(_) => !poly,
                Slot::Poly(_) => poly,
            };
            let cable = self.cabled.contains(&(node, i as u8));
            let same = reads == wanted || silent(&reads) && silent(&wanted);
            if !same || !fits || (connected >> i & 1 == 1) != cable {
                let (module, input) = (known.id.to_string(), spec.inputs[i].name);
                return Err(PlanFault::WrongSignal { schedule: self.name, module, input });
            }
        }
        for (o, &slot) in outputs.iter().enumerate() {
            if inputs.contains(&slot) || outputs[..o].contains(&slot) {
                return Err(alias);
            }
            let one = 1f32.to_bits();
            let fits = matches!(slot, Slot::Poly(_)) == poly;
            if !fits || !self.write(slot, vec![(Symbol::Output(node, o as u8, 0), None, one, one)])
            {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// What `slot` holds; `None` when nothing was written to it yet.
    fn read(&self, slot: Slot) -> Option<Vec<Term>> {
        let one = 1f32.to_bits();
        match slot {
            Slot::Mono(i) => self.holds.get(&(false, i)).cloned(),
            Slot::Poly(i) => self.holds.get(&(true, i)).cloned(),
            Slot::Constant(i) => {
                let value = self.plan.constants.get(i as usize)?;
                Some(vec![(Symbol::Constant(value.to_bits()), None, one, one)])
            }
        }
    }

    /// Notes that `slot` holds `terms`; false when it is no buffer of the plan.
    fn write(&mut self, slot: Slot, terms: Vec<Term>) -> bool {
        let (key, made) = match slot {
            Slot::Mono(i) => ((false, i), self.plan.mono_buffers),
            Slot::Poly(i) => ((true, i), self.plan.poly_buffers),
            Slot::Constant(_) => return false,
        };
        self.holds.insert(key, terms);
        if key.0 {
            self.lanes.remove(&key.1);
        }
        (key.1 as usize) < made
    }
}
