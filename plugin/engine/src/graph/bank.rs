//! Banks: modules of their own that run side by side, each in a lane of one group. What a module is
//! set to stands in its node as well, and in its node it finds its state when it leaves its lane.

use super::carry::{Berth, Crew, exchange};
use super::program::Run;
use super::{Graph, MAX_OUTPUTS, Node, Observer};
use crate::instance::{Chunk, Instance};
use crate::knob::Knobs;
use crate::lanes::{LANES, LaneWords};
use crate::module::Setup;
use crate::plan::{BankMove, NodeIndex, Plan, PlanBank};
use crate::pool::{Buffer, Line, Pool, Slot, bits};
use crate::ramp::Ramp;
use crate::registry::Registry;
use crate::spec::Taper;
use crate::world::Section;

/// A lane group and the knobs of those who run in it.
pub(super) struct Bank {
    instance: Box<dyn Instance>,
    /// Each lane's.
    knobs: Knobs,
    gates: [f32; LANES],
    /// Bit p: code branches on param p.
    stepped: u64,
    /// A knob on which code branches was turned in one module and not in the others: each runs by
    /// itself, from the state in its node, until they agree again or a commit forms banks anew.
    torn: bool,
}

/// What a new module brings to the bank that it joins, where it was built and warmed in a stand-in of that
/// bank: in one piece, because all of it is still in the caches of the builder's core.
struct Arrival {
    /// Seat of the bank.
    bank: u32,
    /// The module's.
    seat: u32,
    lane: u8,
    /// How many knobs it has.
    knobs: u8,
    gate: f32,
    /// `Instance::kept`.
    kept: Option<u64>,
    words: LaneWords,
}

/// The new modules that join banks, and what all their knobs are set to, one after the other.
#[derive(Default)]
pub(super) struct Arrivals {
    all: Box<[Arrival]>,
    knobs: Box<[f32]>,
}

/// Banks whose modules may not agree any more, or agree again.
pub(super) struct Unsettled {
    /// Bit by seat.
    seats: Box<[u64]>,
    any: bool,
}

impl Unsettled {
    /// All of `seats` seats.
    pub fn all(seats: usize) -> Self {
        Self { seats: vec![u64::MAX; seats.div_ceil(64)].into(), any: true }
    }

    #[inline(always)]
    pub fn any(&self) -> bool {
        self.any
    }

    fn mark(&mut self, seat: usize) {
        self.seats[seat / 64] |= 1 << (seat % 64);
        self.any = true;
    }

    /// Marks those of `old`, the graph of the plan before, which has no more seats.
    fn mark_all(&mut self, old: &Self) {
        self.seats.iter_mut().zip(&old.seats).for_each(|(new, old)| *new |= old);
        self.any |= old.any;
    }
}

/// Where modules of a torn bank run.
pub(super) struct Apart {
    inputs: Pool,
    lines: Box<[Line]>,
    outputs: Box<[Buffer]>,
}

impl Apart {
    /// Room for every bank of `plan`; none where there is no bank.
    pub fn new(plan: &Plan) -> Option<Box<Self>> {
        let specs = plan.nodes.iter().filter(|n| n.place.is_some()).map(|n| n.spec);
        let most = specs.map(|spec| spec.inputs.len()).max()?;
        let inputs = Pool::new(most, 0, 1, &[]);
        let lines = (0..most as u32).map(|i| inputs.line(Slot::Mono(i))).collect();
        let outputs = Buffer::spare(MAX_OUTPUTS, 0);
        Some(Box::new(Self { inputs, lines, outputs }))
    }
}

impl Bank {
    /// The bank `planned` of `plan`; nobody has taken a lane yet (`Graph::fill_banks`).
    fn new(planned: &PlanBank, plan: &Plan, registry: &Registry, sample_rate: f64) -> Option<Self> {
        let node = |n: Option<u32>| n.map(|n| &plan.nodes[n as usize]);
        let first = planned.lanes.iter().find_map(|&n| node(n))?;
        let setup = Setup { sample_rate, seed: 0, first_lane: 0 };
        let spec = first.spec;
        let value = |p: usize, n: Option<u32>| {
            Ramp::constant(spec.params[p].clamp(node(n).unwrap_or(first).params[p]))
        };
        let lanes = |p: usize| planned.lanes.iter().map(move |&n| value(p, n));
        let knobs = Knobs::new((0..spec.params.len()).flat_map(lanes), true);
        let stepped = (0..).zip(spec.params).filter(|(_, param)| param.taper == Taper::Stepped);
        Some(Self {
            stepped: stepped.fold(0, |stepped, (p, _)| stepped | 1 << p),
            instance: registry.get(spec.kind)?.build(&setup, 1),
            knobs,
            gates: [0.0; LANES],
            torn: false,
        })
    }

    /// Takes a module into lane `lane`.
    fn take(&mut self, lane: usize, node: &Node) {
        let kept = if self.torn { None } else { self.load(lane, node) };
        self.set(lane, (0..self.knobs.params()).map(|p| node.knobs.get(p, 0)), node.gate, kept);
    }

    /// Takes a new module into its lane; where modules run by themselves, into its `node`.
    fn welcome(&mut self, new: &Arrival, knobs: &[f32], node: &mut Node) {
        let lane = usize::from(new.lane);
        let mut kept = None;
        if self.torn {
            node.instance.load_lane(0, &new.words);
        } else {
            kept = self.put(lane, &new.words, new.kept);
        }
        self.set(lane, knobs.iter().map(|&value| Ramp::constant(value)), new.gate, kept);
    }

    /// Sets knobs and gate of lane `lane`, in which a state has come that has `kept` what the others have.
    fn set(
        &mut self,
        lane: usize,
        knobs: impl Iterator<Item = Ramp>,
        gate: f32,
        kept: Option<u64>,
    ) {
        knobs.enumerate().for_each(|(p, ramp)| self.knobs.set(p, lane, ramp));
        self.gates[lane] = gate;
        self.keep(lane, kept);
    }

    /// Says that lane `lane`, with the knobs that it has now, has `kept` what the others have.
    fn keep(&mut self, lane: usize, kept: Option<u64>) {
        if let Some(connected) = kept {
            self.instance.keep(lane, &self.knobs, connected);
        }
    }

    /// True when all of `lanes` have the same in what code branches on.
    fn agree(&self, lanes: u16) -> bool {
        bits(self.stepped).all(|p| {
            let targets = self.knobs.targets(p);
            let mut values = bits(u64::from(lanes)).map(|lane| targets[lane].to_bits());
            let first = values.next();
            values.all(|value| Some(value) == first)
        })
    }

    /// Sets what code branches on in the lanes in which nobody runs as it is in the first of `lanes`:
    /// code branches on one lane for all.
    fn fill_gaps(&mut self, lanes: u16) {
        let Some(first) = bits(u64::from(lanes)).next() else { return };
        for p in bits(self.stepped) {
            let ramp = self.knobs.get(p, first);
            bits(u64::from(!lanes)).for_each(|lane| self.knobs.set(p, lane, ramp));
        }
    }

    /// Makes lane `lane`, which nobody has any more, a copy of lane `first`: code looks at all lanes, and what
    /// was there must not set its pace.
    fn vacate(&mut self, lane: usize, first: usize) {
        let mut kept = None;
        if !self.torn {
            let its = self.instance.kept(first, &self.knobs);
            kept = self.put(lane, &self.instance.lane(first), its);
        }
        self.knobs.copy_lane(lane, first);
        self.gates[lane] = self.gates[first];
        self.keep(lane, kept);
    }

    /// Puts the state in `node` into lane `lane`, as `put` does.
    fn load(&mut self, lane: usize, node: &Node) -> Option<u64> {
        self.put(lane, &node.instance.lane(0), node.instance.kept(0, &node.knobs))
    }

    /// Puts a state with what it has `kept` into lane `lane`. Where both keep what holds for the knobs that
    /// they have, where cables ended then.
    fn put(&mut self, lane: usize, words: &LaneWords, its: Option<u64>) -> Option<u64> {
        let kept = self.instance.kept(lane, &self.knobs).filter(|&kept| its == Some(kept));
        self.instance.load_lane(lane, words);
        kept
    }

    /// Leaves the state of lane `lane` in `node`.
    fn give(&self, lane: usize, node: &mut Node) {
        if self.torn {
            return;
        }
        node.instance.load_lane(0, &self.instance.lane(lane));
        if let Some(connected) = self.instance.kept(lane, &self.knobs) {
            node.instance.keep(0, &node.knobs, connected);
        }
    }
}

/// The lanes in use, with their nodes.
fn members(planned: &PlanBank) -> impl Iterator<Item = (usize, usize)> + '_ {
    let lanes = planned.lanes.iter().enumerate();
    lanes.filter_map(|(lane, n)| n.map(|n| (lane, n as usize)))
}

/// The lanes of the bank in which node `n` runs, with their nodes.
pub(super) fn beside(plan: &Plan, n: NodeIndex) -> impl Iterator<Item = (usize, usize)> + '_ {
    let place = plan.nodes[n as usize].place;
    place.into_iter().flat_map(|place| members(&plan.banks[place.bank as usize]))
}

/// The banks of `plan`, by their seats.
pub(super) fn build(plan: &Plan, registry: &Registry, sample_rate: f64) -> Vec<Option<Box<Bank>>> {
    let mut banks: Vec<_> = (0..plan.carry.bank_seats).map(|_| None).collect();
    for planned in &plan.banks {
        banks[planned.seat as usize] =
            Bank::new(planned, plan, registry, sample_rate).map(Box::new);
    }
    banks
}

impl Graph {
    /// The bank that node `n` shares, its seat, and the node's lane.
    fn bank_of(&mut self, n: usize) -> Option<(&mut Bank, usize, usize)> {
        let Berth { seat, lane } = self.roster.members[n].berth?;
        let bank = self.banks[seat as usize].as_deref_mut()?;
        Some((bank, seat as usize, usize::from(lane)))
    }

    /// Sets param `p` of node `n`, wherever it runs.
    pub(super) fn set_param(&mut self, n: usize, p: usize, ramp: Ramp) {
        self.sleep.asleep = false;
        let Some(node) = self.node_mut(n) else { return };
        node.knobs.set(p, 0, ramp);
        let Some((bank, seat, lane)) = self.bank_of(n) else { return };
        bank.knobs.set(p, lane, ramp);
        if bank.stepped >> p & 1 == 1 {
            self.unsettled.mark(seat);
        }
    }

    /// Sets the remote gate of node `n`, wherever it runs.
    pub(super) fn set_node_gate(&mut self, n: usize, gate: f32) {
        self.sleep.asleep = false;
        let Some(node) = self.node_mut(n) else { return };
        node.gate = gate;
        if let Some((bank, _, lane)) = self.bank_of(n) {
            bank.gates[lane] = gate;
        }
    }

    /// Lets the modules of an unsettled bank run by themselves where they do not agree in what code
    /// branches on, and side by side again where they do.
    pub(super) fn settle_banks(&mut self) {
        self.unsettled.any = false;
        for word in 0..self.unsettled.seats.len() {
            let marked = std::mem::take(&mut self.unsettled.seats[word]);
            bits(marked).for_each(|bit| self.settle_bank(word * 64 + bit));
        }
    }

    fn settle_bank(&mut self, seat: usize) {
        let Some(Some(bank)) = self.banks.get_mut(seat) else { return };
        let Crew { bank: at, lanes } = self.roster.crews[seat];
        let agree = bank.agree(lanes);
        bank.fill_gaps(lanes);
        if lanes == 0 || agree != bank.torn {
            return;
        }
        for (lane, n) in members(&self.plan.banks[at as usize]) {
            let Some(node) = &mut self.nodes[self.roster.seat(n)] else { continue };
            if bank.torn {
                // Nothing of it holds: the others come from nodes too.
                let _ = bank.load(lane, node);
            } else {
                bank.give(lane, node);
            }
        }
        bank.torn = !agree;
    }

    /// Each module takes its lane, in the state and with the knobs that its node has: in a new graph,
    /// and after the nodes were reset.
    pub(super) fn fill_banks(&mut self) {
        for planned in &self.plan.banks {
            let Some(bank) = &mut self.banks[planned.seat as usize] else { continue };
            for (lane, n) in members(planned) {
                if let Some(node) = &mut self.nodes[self.roster.seat(n)] {
                    bank.take(lane, node);
                }
            }
        }
    }

    /// Lays together what new modules bring to the banks that they join. A new bank comes as it is.
    pub(crate) fn pack_arrivals(&mut self) {
        let carry = &self.roster.carry;
        let is_new = |bank: u32| carry.banks_changed.binary_search(&bank).is_ok();
        let (mut all, mut knobs) = (Vec::new(), Vec::new());
        for &BankMove { bank: at, lane, seat, .. } in
            carry.joins.iter().filter(|join| join.added && !is_new(join.bank))
        {
            let (bank, node) = (&self.banks[at as usize], &self.nodes[seat as usize]);
            let (Some(bank), Some(node)) = (bank, node) else { continue };
            let at_lane = usize::from(lane);
            let (words, kept) = if bank.torn {
                (node.instance.lane(0), None)
            } else {
                (bank.instance.lane(at_lane), bank.instance.kept(at_lane, &bank.knobs))
            };
            // A standby is set at once. What is turned from here on is in the node, and follows at the
            // swap (`snap_added`).
            let ramps = (0..node.knobs.params()).map(|p| node.knobs.get(p, 0));
            debug_assert!(ramps.clone().all(|ramp| ramp.settled(0)), "a knob of a standby moves");
            knobs.extend(ramps.map(|ramp| ramp.target()));
            let (gate, count) = (node.gate, node.knobs.params() as u8);
            all.push(Arrival { bank: at, seat, lane, knobs: count, gate, kept, words });
        }
        self.arrivals = Arrivals { all: all.into(), knobs: knobs.into() };
    }

    /// Before the tables are exchanged: those who leave a lane of `old` find their state in their
    /// node.
    pub(super) fn leave_lanes(&self, old: &mut Self) {
        for &BankMove { bank, lane, seat, .. } in &self.roster.carry.leaves {
            let node = old.nodes[seat as usize].as_deref_mut();
            if let (Some(bank), Some(node)) = (&old.banks[bank as usize], node) {
                bank.give(usize::from(lane), node);
            }
        }
    }

    /// After the nodes have come over: takes the banks over too, and modules into their lanes.
    pub(super) fn carry_banks(&mut self, old: &mut Self) {
        let carry = &self.roster.carry;
        exchange(&mut self.banks, &mut old.banks, &carry.banks_changed);
        for &BankMove { bank: at, lane, .. } in &carry.leaves {
            let Some(Some(bank)) = self.banks.get_mut(at as usize) else { continue };
            let Crew { lanes, .. } = self.roster.crews[at as usize];
            let first = bits(u64::from(lanes)).next();
            if let (Some(first), 0) = (first, lanes >> lane & 1) {
                bank.vacate(usize::from(lane), first);
            }
        }
        for &BankMove { bank, lane, seat, added } in &carry.joins {
            let (bank, node) = (&mut self.banks[bank as usize], &self.nodes[seat as usize]);
            if let (Some(bank), Some(node), false) = (bank, node, added) {
                bank.take(usize::from(lane), node);
            }
        }
        let mut knobs = &*self.arrivals.knobs;
        for new in &self.arrivals.all {
            let (its, others) = knobs.split_at(usize::from(new.knobs));
            knobs = others;
            let (bank, node) =
                (&mut self.banks[new.bank as usize], &mut self.nodes[new.seat as usize]);
            if let (Some(bank), Some(node)) = (bank, node) {
                bank.welcome(new, its, node);
            }
        }
        carry.banks_unsettled.iter().for_each(|&seat| self.unsettled.mark(seat as usize));
        // A knob may have been turned since the old graph's last chunk.
        self.unsettled.mark_all(&old.unsettled);
    }

    /// Runs the modules of a bank. True when all of them rest.
    pub(super) fn run_bank<O: Observer>(
        &mut self,
        section: &mut Section<'_>,
        run: &Run,
        (inputs, outputs): (&[Line], &[Line]),
        observer: &mut O,
    ) -> bool {
        let Some(bank) = self.banks[run.seat as usize].as_mut() else { return true };
        self.running = run.node;
        let frames = section.frames;
        let read = u64::from(run.read);
        let mut looked_at = read;
        // Who runs in it has to be known where one is looked at by itself only.
        let tapped = self.taps.looks_at_bank(run.bank);
        if tapped {
            for (_, n) in beside(&self.plan, run.node) {
                if self.taps.looks_at(n as u32) {
                    looked_at |= self.taps.of(n as u32);
                }
            }
        }
        let mut rests = false;
        let buffers = self.hands.of(true, outputs.len());
        self.pool.exchange_all(read, outputs, buffers);
        if bank.torn {
            let ports = (inputs, outputs.len());
            self.run_apart(section, run.node, ports, (run.connected, looked_at));
        } else {
            bank.instance.process(&mut Chunk {
                section,
                groups: 1,
                pool: &self.pool,
                inputs,
                connected: run.connected,
                read: looked_at,
                outputs: buffers,
                knobs: &bank.knobs,
                gates: &bank.gates,
                rests: &mut rests,
            });
        }
        let buffers = self.hands.of(true, outputs.len());
        if O::LOOKS || tapped {
            for (lane, n) in beside(&self.plan, run.node) {
                observer.ran_lane(n as u32, lane, frames, looked_at, buffers);
                self.taps.ran_lane(n as u32, lane, frames, buffers);
            }
        }
        self.pool.exchange_all(read, outputs, buffers);
        rests
    }

    /// Runs the modules of the torn bank in which node `first` runs, one after the other, into the
    /// buffers that stand ready.
    fn run_apart(
        &mut self,
        section: &mut Section<'_>,
        first: NodeIndex,
        (inputs, outputs): (&[Line], usize),
        (connected, read): (u64, u64),
    ) {
        let Some(apart) = &mut self.apart else { return };
        let frames = section.frames;
        for (lane, n) in beside(&self.plan, first) {
            let Some(node) = &mut self.nodes[self.roster.seat(n)] else { continue };
            self.running = n as u32;
            for (&to, &from) in apart.lines.iter().zip(inputs) {
                let rows = self.pool.read::<LANES>(from, 0, frames);
                let column = apart.inputs.buffer(to);
                if self.pool.steady(from, 0) {
                    column.fill(0, frames, [rows[0][lane]]);
                    continue;
                }
                for (x, row) in column.write::<1>(0, frames).iter_mut().zip(rows) {
                    *x = [row[lane]];
                }
            }
            node.instance.process(&mut Chunk {
                section,
                groups: 0,
                pool: &apart.inputs,
                inputs: &apart.lines[..inputs.len()],
                connected,
                read,
                outputs: &mut apart.outputs[..outputs],
                knobs: &node.knobs,
                gates: std::slice::from_ref(&node.gate),
                rests: &mut false,
            });
            for (to, from) in self.hands.of(true, outputs).iter_mut().zip(&*apart.outputs) {
                let rows = to.write::<LANES>(0, frames).iter_mut();
                for (row, x) in rows.zip(from.read::<1>(0, frames)) {
                    row[lane] = x[0];
                }
            }
        }
    }

    /// Lays mono signals side by side in `to`.
    pub(super) fn gather(&mut self, chunk: &Section<'_>, to: Line, lanes: &[Line]) {
        let buffer = &mut self.hands.one;
        self.pool.exchange(to, buffer);
        let read = |line: Line| self.pool.read::<1>(line, 0, chunk.frames);
        let steady = lanes.iter().all(|&line| self.pool.steady(line, 0));
        match (lanes, steady) {
            (&[all], true) => buffer.fill(0, chunk.frames, [read(all)[0][0]; LANES]),
            (&[all], false) => {
                let rows = buffer.write::<LANES>(0, chunk.frames).iter_mut();
                rows.zip(read(all)).for_each(|(row, x)| *row = [x[0]; LANES]);
            }
            (_, true) => {
                let mut row = [0.0; LANES];
                row.iter_mut().zip(lanes).for_each(|(x, &line)| *x = read(line)[0][0]);
                buffer.fill(0, chunk.frames, row);
            }
            (_, false) => {
                let rows = buffer.write::<LANES>(0, chunk.frames);
                for (lane, &line) in lanes.iter().enumerate() {
                    rows.iter_mut().zip(read(line)).for_each(|(row, x)| row[lane] = x[0]);
                }
            }
        }
        self.pool.exchange(to, buffer);
    }
}
