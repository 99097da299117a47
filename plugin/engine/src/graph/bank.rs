//! Banks: modules of their own that run side by side, each in a lane of one group. What a module is
//! set to stands in its node as well, and in its node it finds its state when it leaves its lane.

use super::{Graph, MAX_OUTPUTS, Node, Observer, Section, seed};
use crate::instance::{Chunk, Instance};
use crate::knob::{Settled, settled};
use crate::lanes::{LANE_WORDS, LANES};
use crate::module::Setup;
use crate::plan::{BankMove, Place, Plan, PlanBank, PlanNode, Schedule};
use crate::pool::{Buffer, Pool, Slot};
use crate::ramp::Ramp;
use crate::registry::Registry;
use crate::spec::Taper;
use crate::world::World;

/// A lane group and the knobs of those who run in it.
pub(super) struct Bank {
    instance: Box<dyn Instance>,
    /// Param p of lane l at p * LANES + l.
    params: Box<[Ramp]>,
    /// Their targets.
    targets: Box<[f32]>,
    /// By param, the frame from which on all lanes are there.
    ends: Box<[u64]>,
    gates: [f32; LANES],
    /// A knob on which code branches was turned in one module and not in the others: each runs by
    /// itself, from the state in its node, until a commit forms banks anew.
    torn: bool,
}

/// Where modules of a torn bank run.
pub(super) struct Apart {
    inputs: Pool,
    slots: Box<[Slot]>,
    outputs: Box<[Buffer; MAX_OUTPUTS]>,
}

impl Apart {
    /// Room for every bank of `plan`; none where there is no bank.
    pub fn new(plan: &Plan) -> Option<Box<Self>> {
        let specs = plan.nodes.iter().filter(|n| n.place.is_some()).map(|n| n.spec);
        let most = specs.map(|spec| spec.inputs.len()).max()?;
        let inputs = Pool::new(most, 0, 1, &[]);
        let slots = (0..most as u32).map(Slot::Mono).collect();
        let outputs = Box::new(std::array::from_fn(|_| Buffer::silent(0, crate::BLOCK)));
        Some(Box::new(Self { inputs, slots, outputs }))
    }
}

impl Bank {
    /// The bank `planned` of `plan`, its lanes in the state of new modules.
    fn new(planned: &PlanBank, plan: &Plan, registry: &Registry, sample_rate: f64) -> Option<Self> {
        let node = |n: Option<u32>| n.map(|n| &plan.nodes[n as usize]);
        let first = planned.lanes.iter().find_map(|&n| node(n))?;
        let setup = |n: &Option<u32>| {
            let seed = node(*n).map_or(0, |n: &PlanNode| seed(n.id.as_str()));
            Setup { sample_rate, seed, first_lane: 0 }
        };
        let setups: Vec<Setup> = planned.lanes.iter().map(setup).collect();
        let spec = first.spec;
        let value = |p: usize, n: Option<u32>| {
            Ramp::constant(spec.params[p].clamp(node(n).unwrap_or(first).params[p]))
        };
        let lanes = |p: usize| planned.lanes.iter().map(move |&n| value(p, n));
        let params: Box<[Ramp]> = (0..spec.params.len()).flat_map(lanes).collect();
        let (targets, ends) = settled(&params, LANES);
        Some(Self {
            instance: registry.get(spec.kind)?.bank(&setups),
            params,
            targets,
            ends,
            gates: [0.0; LANES],
            torn: false,
        })
    }

    /// Takes a module into lane `lane`.
    fn take(&mut self, lane: usize, node: &Node) {
        if !self.torn {
            self.load(lane, node);
        }
        for (p, ramp) in node.params.iter().enumerate() {
            self.set(p, lane, *ramp);
        }
        self.gates[lane] = node.gate;
    }

    /// Sets param `p` of lane `lane`.
    fn set(&mut self, p: usize, lane: usize, ramp: Ramp) {
        self.params[p * LANES + lane] = ramp;
        self.targets[p * LANES + lane] = ramp.target();
        // Not less than another lane's, which may be under way; too late does no harm.
        self.ends[p] = self.ends[p].max(ramp.end());
    }

    /// Sets the lanes in which nobody runs to what lane `first` is set to: code branches on the
    /// stepped knobs of one lane for all.
    fn fill_gaps(&mut self, planned: &PlanBank, first: usize) {
        for lane in (0..LANES).filter(|&lane| planned.lanes[lane].is_none()) {
            for p in 0..self.ends.len() {
                self.params[p * LANES + lane] = self.params[p * LANES + first];
                self.targets[p * LANES + lane] = self.targets[p * LANES + first];
            }
        }
    }

    /// Puts the state in `node` into lane `lane`.
    fn load(&mut self, lane: usize, node: &Node) {
        let mut words = [0; LANE_WORDS];
        node.instance.save_lane(0, &mut words);
        self.instance.load_lane(lane, &words);
    }

    /// Leaves the state of lane `lane` in `node`.
    fn give(&self, lane: usize, node: &mut Node) {
        if !self.torn {
            let mut words = [0; LANE_WORDS];
            self.instance.save_lane(lane, &mut words);
            node.instance.load_lane(0, &words);
        }
    }
}

/// The lanes in use, with their nodes.
fn members(planned: &PlanBank) -> impl Iterator<Item = (usize, usize)> + '_ {
    let lanes = planned.lanes.iter().enumerate();
    lanes.filter_map(|(lane, n)| n.map(|n| (lane, n as usize)))
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
    /// Sets param `p` of node `n`, wherever it runs.
    pub(super) fn set_param(&mut self, n: usize, p: usize, ramp: Ramp) {
        let Some(node) = self.node_mut(n) else { return };
        node.params[p] = ramp;
        let Some(Place { bank, lane }) = self.roster.members[n].place else { return };
        let seat = self.plan.banks[bank as usize].seat as usize;
        let Some(there) = &mut self.banks[seat] else { return };
        there.set(p, usize::from(lane), ramp);
        if self.plan.nodes[n].spec.params[p].taper == Taper::Stepped {
            self.unsettled = true;
        }
    }

    /// Sets the remote gate of node `n`, wherever it runs.
    pub(super) fn set_node_gate(&mut self, n: usize, gate: f32) {
        let Some(node) = self.node_mut(n) else { return };
        node.gate = gate;
        let Some(Place { bank, lane }) = self.roster.members[n].place else { return };
        let seat = self.plan.banks[bank as usize].seat as usize;
        if let Some(bank) = &mut self.banks[seat] {
            bank.gates[usize::from(lane)] = gate;
        }
    }

    /// Lets the modules of a bank run by themselves where they do not agree in what code branches on,
    /// and side by side again where they do.
    pub(super) fn settle_banks(&mut self) {
        self.unsettled = false;
        for planned in &self.plan.banks {
            let Some(bank) = &mut self.banks[planned.seat as usize] else { continue };
            let Some((first, node)) = members(planned).next() else { continue };
            let params = self.plan.nodes[node].spec.params.iter();
            let params = params.zip(bank.params.chunks_exact(LANES));
            let mut stepped = params.filter(|(param, _)| param.taper == Taper::Stepped);
            let agree = stepped.all(|(_, lanes)| {
                let value = lanes[first].target().to_bits();
                members(planned).all(|(lane, _)| lanes[lane].target().to_bits() == value)
            });
            bank.fill_gaps(planned, first);
            if agree != bank.torn {
                continue;
            }
            for (lane, n) in members(planned) {
                let Some(node) = &mut self.nodes[self.roster.seat(n)] else { continue };
                if bank.torn {
                    bank.load(lane, node);
                } else {
                    bank.give(lane, node);
                }
            }
            bank.torn = !agree;
        }
    }

    /// After the nodes were reset.
    pub(super) fn reset_banks(&mut self) {
        for planned in &self.plan.banks {
            let Some(bank) = &mut self.banks[planned.seat as usize] else { continue };
            for (lane, n) in members(planned) {
                if let Some(node) = &mut self.nodes[self.roster.seat(n)] {
                    bank.take(lane, node);
                }
            }
        }
    }

    /// Before the tables are exchanged: those who leave a lane of `old` find their state in their
    /// node.
    pub(super) fn leave_lanes(&self, old: &mut Self) {
        for &BankMove { bank, lane, seat, .. } in &self.roster.leaves {
            let node = old.nodes[seat as usize].as_deref_mut();
            if let (Some(bank), Some(node)) = (&old.banks[bank as usize], node) {
                bank.give(usize::from(lane), node);
            }
        }
    }

    /// After the nodes have come over: takes the banks over too, and modules into their lanes.
    pub(super) fn carry_banks(&mut self, old: &mut Self) {
        if old.banks.len() == self.banks.len() {
            std::mem::swap(&mut self.banks, &mut old.banks);
        } else {
            self.banks.iter_mut().zip(&mut old.banks).for_each(|(a, b)| std::mem::swap(a, b));
        }
        for &seat in &self.roster.banks_changed {
            if let Some(there) = old.banks.get_mut(seat as usize) {
                std::mem::swap(&mut self.banks[seat as usize], there);
            }
        }
        for &BankMove { bank, lane, seat, added } in &self.roster.joins {
            let (at, lane) = (bank as usize, usize::from(lane));
            let (bank, node) = (&mut self.banks[at], self.nodes[seat as usize].as_deref_mut());
            let (Some(bank), Some(node)) = (bank, node) else { continue };
            let new = self.roster.banks_changed.binary_search(&(at as u32)).is_ok();
            if added && new {
                continue;
            }
            if added && let Some(Some(stand_in)) = old.banks.get(at) {
                stand_in.give(lane, node);
            }
            bank.take(lane, node);
        }
        self.unsettled |= self.roster.unsettles;
    }

    /// Runs the modules of a bank. True when all of them rest.
    #[expect(clippy::too_many_arguments, reason = "the parts of one step")]
    pub(super) fn run_bank<O: Observer>(
        &mut self,
        chunk: &Section,
        schedule: &Schedule,
        bank: usize,
        (inputs, outputs): (std::ops::Range<u32>, std::ops::Range<u32>),
        (connected, mut read): (u64, u64),
        world: World<'_>,
        observer: &mut O,
    ) -> bool {
        let slots =
            |range: std::ops::Range<u32>| &schedule.slots[range.start as usize..range.end as usize];
        let (inputs, output_slots) = (slots(inputs), slots(outputs));
        let planned = &self.plan.banks[bank];
        let Some(bank) = self.banks[planned.seat as usize].as_mut() else { return true };
        if self.taps.active() {
            members(planned).for_each(|(_, n)| read |= self.taps.of(n as u32));
        }
        let buffers = &mut self.outputs[..output_slots.len()];
        for (buffer, &slot) in buffers.iter_mut().zip(output_slots) {
            self.pool.exchange(slot, buffer);
        }
        let mut rests = false;
        if !bank.torn {
            self.running = planned.lanes.iter().flatten().next().copied().unwrap_or_default();
            bank.instance.process(Chunk {
                frames: chunk.frames,
                start: chunk.start,
                sample_rate: self.sample_rate as f32,
                groups: 1,
                pool: &self.pool,
                inputs,
                connected,
                read,
                outputs: buffers,
                params: &bank.params,
                gates: &bank.gates,
                settled: Some(Settled { targets: &bank.targets, ends: &bank.ends }),
                world,
                rests: &mut rests,
            });
        } else if let Some(apart) = &mut self.apart {
            let mut world = world;
            for (lane, n) in members(planned) {
                let Some(node) = &mut self.nodes[self.roster.seat(n)] else { continue };
                self.running = n as u32;
                for (&to, &from) in apart.slots.iter().zip(inputs) {
                    let rows = self.pool.read::<LANES>(from, 0, chunk.frames);
                    let column = apart.inputs.buffer(to);
                    if self.pool.steady(from, 0) {
                        column.fill(0, chunk.frames, [rows[0][lane]]);
                        continue;
                    }
                    for (x, row) in column.write::<1>(0, chunk.frames).iter_mut().zip(rows) {
                        *x = [row[lane]];
                    }
                }
                node.instance.process(Chunk {
                    frames: chunk.frames,
                    start: chunk.start,
                    sample_rate: self.sample_rate as f32,
                    groups: chunk.groups,
                    pool: &apart.inputs,
                    inputs: &apart.slots[..inputs.len()],
                    connected,
                    read,
                    outputs: &mut apart.outputs[..output_slots.len()],
                    params: &node.params,
                    gates: std::slice::from_ref(&node.gate),
                    settled: None,
                    world: world.reborrow(),
                    rests: &mut false,
                });
                for (to, from) in buffers.iter_mut().zip(apart.outputs.iter()) {
                    let rows = to.write::<LANES>(0, chunk.frames).iter_mut();
                    for (row, x) in rows.zip(from.read::<1>(0, chunk.frames)) {
                        row[lane] = x[0];
                    }
                }
            }
        }
        if O::LOOKS {
            for (lane, n) in members(planned) {
                observer.ran_lane(n as u32, lane, chunk.frames, read, buffers);
            }
        }
        if self.taps.active() {
            for (lane, n) in members(planned) {
                self.taps.ran_lane(n as u32, lane, chunk.frames, buffers);
            }
        }
        for (buffer, &slot) in buffers.iter_mut().zip(output_slots) {
            self.pool.exchange(slot, buffer);
        }
        rests
    }

    /// Lays mono signals side by side in `to`.
    pub(super) fn gather(&mut self, chunk: &Section, to: Slot, lanes: &[Slot]) {
        let [buffer, ..] = &mut *self.outputs;
        self.pool.exchange(to, buffer);
        if let [all] = lanes {
            let x = self.pool.read::<1>(*all, 0, chunk.frames);
            if self.pool.steady(*all, 0) {
                buffer.fill(0, chunk.frames, [x[0][0]; LANES]);
            } else {
                let rows = buffer.write::<LANES>(0, chunk.frames);
                rows.iter_mut().zip(x).for_each(|(row, x)| *row = [x[0]; LANES]);
            }
            self.pool.exchange(to, buffer);
            return;
        }
        let mut row = [0.0; LANES];
        for (x, &slot) in row.iter_mut().zip(lanes) {
            *x = self.pool.read::<1>(slot, 0, 1)[0][0];
        }
        if lanes.iter().all(|&slot| self.pool.steady(slot, 0)) {
            buffer.fill(0, chunk.frames, row);
        } else {
            let rows = buffer.write::<LANES>(0, chunk.frames);
            for (lane, &slot) in lanes.iter().enumerate() {
                for (row, x) in rows.iter_mut().zip(self.pool.read::<1>(slot, 0, chunk.frames)) {
                    row[lane] = x[0];
                }
            }
        }
        self.pool.exchange(to, buffer);
    }
}
