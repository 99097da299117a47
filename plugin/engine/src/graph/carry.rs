//! The carry: what a swap takes over from the old graph.
//!
//! The DSP thread sees a new graph for the first time here, when all of it is still in the caches
//! of the builder's core. So the swap exchanges the tables as a whole, and looks at what the edit
//! changed only.

use std::ops::Range;

use super::Graph;
use crate::lanes::LANES;
use crate::plan::{Carry, NodeIndex, NodeKey, Place, Plan, PlanNode, Role};

/// The plan's nodes, as far as a swap and a chunk have to know them.
pub(super) struct Roster {
    /// By `Plan::nodes`.
    pub members: Box<[Member]>,
    /// Nodes that the old graph knows at no width.
    pub added: Box<[NodeIndex]>,
    /// Nodes that the old graph knows at another width.
    pub rewidened: Box<[NodeIndex]>,
    /// Positions of the bindings of added nodes.
    pub added_bindings: Box<[u32]>,
    /// By the seats of the banks.
    pub crews: Box<[Crew]>,
    /// What the swap does.
    pub carry: Carry,
    /// The plan has a transition.
    pub fades: bool,
}

/// Who a node is, and where it sits.
#[derive(Clone, Copy)]
pub(super) struct Member {
    pub key: NodeKey,
    pub seat: u32,
    /// Where it runs when it shares lanes.
    pub berth: Option<Berth>,
}

/// A lane of a bank.
#[derive(Clone, Copy)]
pub(super) struct Berth {
    /// The bank's.
    pub seat: u32,
    pub lane: u8,
}

/// Who runs in a bank.
#[derive(Clone, Copy, Default)]
pub(super) struct Crew {
    /// Position in `Plan::banks`.
    pub bank: u32,
    /// Bit l: somebody runs in lane l. None where no bank is on the seat.
    pub lanes: u16,
}

impl Roster {
    pub fn new(plan: &Plan) -> Self {
        let added = |n: NodeIndex| plan.nodes[n as usize].role == Role::Added;
        let of = |role: Role| {
            let nodes = plan.nodes.iter().zip(0..).filter(move |(n, _)| n.role == role);
            nodes.map(|(_, i)| i).collect()
        };
        let bindings = plan.bindings.iter().zip(0..).filter(|(b, _)| added(b.node));
        let berth = |Place { bank, lane }| Berth { seat: plan.banks[bank as usize].seat, lane };
        let member = |n: &PlanNode| Member { key: n.key, seat: n.seat, berth: n.place.map(berth) };
        let mut crews = vec![Crew::default(); plan.carry.bank_seats as usize];
        for (bank, planned) in (0..).zip(&plan.banks) {
            let lanes = (0..).zip(&planned.lanes).filter(|(_, n)| n.is_some());
            let lanes = lanes.fold(0, |lanes, (lane, _)| lanes | 1 << lane);
            crews[planned.seat as usize] = Crew { bank, lanes };
        }
        Self {
            crews: crews.into(),
            members: plan.nodes.iter().map(member).collect(),
            added: of(Role::Added),
            rewidened: of(Role::Rewidened),
            added_bindings: bindings.map(|(_, i)| i).collect(),
            carry: plan.carry.clone(),
            fades: plan.transition.is_some(),
        }
    }

    /// The nodes of module `module`: one, or two while its former self at another width fades.
    pub fn nodes_of(&self, module: u32) -> Range<usize> {
        let start = self.members.partition_point(|m| m.key.module < module);
        let twins = self.members[start..].iter().take_while(|m| m.key.module == module).count();
        start..start + twins
    }

    /// Where node `n` sits.
    #[inline(always)]
    pub fn seat(&self, n: usize) -> usize {
        self.members[n].seat as usize
    }
}

impl Graph {
    /// Takes the kept modules out of `old`, the graph of the plan before, which keeps this graph's
    /// stand-ins for them. O(changes), no allocation; O(modules) where the table has grown.
    pub(crate) fn carry_from(&mut self, old: &mut Self, newest_lane: usize) {
        self.leave_lanes(old);
        let carry = &self.roster.carry;
        exchange(&mut self.nodes, &mut old.nodes, &carry.changed);
        for &[new, at] in &carry.rings {
            std::mem::swap(&mut self.rings[new as usize], &mut old.rings[at as usize]);
        }
        for &[new, at] in &carry.delays {
            std::mem::swap(&mut self.delays[new as usize], &mut old.delays[at as usize]);
        }
        self.carry_banks(old);
        debug_assert!(self.seated(), "a module sits where another one should");
        for i in 0..self.roster.rewidened.len() {
            self.take_lanes(self.roster.rewidened[i] as usize, newest_lane);
        }
        self.pool.take_over(&mut old.pool);
        std::mem::swap(&mut self.peaks, &mut old.peaks);
        std::mem::swap(&mut self.parts, &mut old.parts);
        self.taps.continue_from(&mut old.taps);
    }

    /// True when everybody sits in the right place.
    fn seated(&self) -> bool {
        let module = |seat: u32| self.nodes[seat as usize].as_ref().map(|node| node.cells.key);
        self.roster.members.iter().all(|m| module(m.seat) == Some(m.key.module))
            && self.nodes.iter().flatten().count() == self.roster.members.len()
    }

    /// A module that changed its width starts from what its former self remembers: one lane
    /// spreads to all, many come down to the newest voice's. Its former self was carried into this
    /// graph a moment ago, to fade out.
    fn take_lanes(&mut self, new: usize, newest_lane: usize) {
        let key = self.plan.nodes[new].key;
        let same = |k: NodeKey| k.module == key.module && k.groups != key.groups;
        let mut twins = self.roster.nodes_of(key.module);
        let here = twins.find(|&n| same(self.plan.nodes[n].key));
        let Some(at) = here else { return };
        let old_lanes = usize::from(self.plan.nodes[at].key.groups) * LANES;
        let (seat, at) = (self.roster.seat(new), self.roster.seat(at));
        let Some(former) = self.nodes[at].take() else { return };
        if let Some(node) = self.nodes[seat].as_mut() {
            for lane in 0..(usize::from(key.groups) * LANES).max(1) {
                let from = match (old_lanes, key.groups) {
                    (0, _) => 0,
                    (_, 0) => newest_lane.min(old_lanes - 1),
                    _ => lane.min(old_lanes - 1),
                };
                node.instance.load_lane(lane, &former.instance.lane(from));
            }
            node.knobs.copy_from(&former.knobs);
            node.gate = former.gate;
        }
        self.nodes[at] = Some(former);
    }
}

/// Exchanges two tables as a whole, but for the seats that have `changed` hands. The new one may be
/// longer: its seats beyond the old one's end are its own.
pub(super) fn exchange<T>(new: &mut Vec<T>, old: &mut Vec<T>, changed: &[u32]) {
    if old.len() == new.len() {
        std::mem::swap(new, old);
    } else {
        new.iter_mut().zip(&mut *old).for_each(|(a, b)| std::mem::swap(a, b));
    }
    for &seat in changed {
        if let Some(there) = old.get_mut(seat as usize) {
            std::mem::swap(&mut new[seat as usize], there);
        }
    }
}
