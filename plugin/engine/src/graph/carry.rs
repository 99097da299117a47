//! The carry: what a swap takes over from the old graph.
//!
//! The DSP thread sees a new graph for the first time here, when all of it is still in the caches
//! of the builder's core. So the swap walks small tables made for it, not the plan.

use std::ops::Range;

use super::Graph;
use crate::lanes::{LANE_WORDS, LANES};
use crate::plan::{NodeIndex, NodeKey, Plan, PlanNode, Role};

/// The plan's nodes, as far as a swap has to know them.
pub(super) struct Roster {
    /// By `Plan::nodes`.
    pub seats: Box<[Seat]>,
    /// Nodes that the old graph knows at no width.
    pub added: Box<[NodeIndex]>,
    /// Nodes that the old graph knows at another width.
    pub rewidened: Box<[NodeIndex]>,
    /// Positions of the bindings of added nodes.
    pub added_bindings: Box<[u32]>,
    /// The plan has a transition.
    pub fades: bool,
}

/// Who a node is.
#[derive(Clone, Copy)]
pub(super) struct Seat {
    pub key: NodeKey,
    /// It is in `Roster::added`: the state it was warmed to stays, whoever else had its key.
    added: bool,
}

impl Roster {
    pub fn new(plan: &Plan) -> Self {
        let added = |n: NodeIndex| plan.nodes[n as usize].role == Role::Added;
        let of = |role: Role| {
            let nodes = plan.nodes.iter().zip(0..).filter(move |(n, _)| n.role == role);
            nodes.map(|(_, i)| i).collect()
        };
        let seat = |n: &PlanNode| Seat { key: n.key, added: n.role == Role::Added };
        let bindings = plan.bindings.iter().zip(0..).filter(|(b, _)| added(b.node));
        Self {
            seats: plan.nodes.iter().map(seat).collect(),
            added: of(Role::Added),
            rewidened: of(Role::Rewidened),
            added_bindings: bindings.map(|(_, i)| i).collect(),
            fades: plan.transition.is_some(),
        }
    }

    /// The nodes of module `module`: one, or two while its former self at another width fades.
    pub fn nodes_of(&self, module: u32) -> Range<usize> {
        let start = self.seats.partition_point(|s| s.key.module < module);
        let twins = self.seats[start..].iter().take_while(|s| s.key.module == module).count();
        start..start + twins
    }
}

impl Graph {
    /// Takes the kept modules out of `old`, which keeps this graph's stand-ins for them. Both
    /// tables are ordered by key, so this walks them once: O(modules), no allocation.
    pub(crate) fn carry_from(&mut self, old: &mut Self, newest_lane: usize) {
        let (seats, old_seats) = (&self.roster.seats, &old.roster.seats);
        merge(
            seats,
            old_seats,
            |s| s.key,
            |new, old_at| {
                if old.nodes[old_at].is_some() && !seats[new].added {
                    std::mem::swap(&mut self.nodes[new], &mut old.nodes[old_at]);
                }
            },
        );
        if !self.rings.is_empty() {
            let swap = |new: usize, at: usize| {
                std::mem::swap(&mut self.rings[new], &mut old.rings[at]);
            };
            merge(&self.plan.rings, &old.plan.rings, |r| *r, swap);
        }
        if !self.delays.is_empty() {
            let swap = |new: usize, at: usize| {
                std::mem::swap(&mut self.delays[new], &mut old.delays[at]);
            };
            merge(&self.plan.delays, &old.plan.delays, |d| *d, swap);
        }
        for i in 0..self.roster.rewidened.len() {
            self.take_lanes(self.roster.rewidened[i] as usize, newest_lane);
        }
        std::mem::swap(&mut self.peaks, &mut old.peaks);
        self.taps.continue_from(&mut old.taps);
    }

    /// A module that changed its width starts from what its former self remembers: one lane
    /// spreads to all, many come down to the newest voice's. Its former self was carried into this
    /// graph a moment ago, to fade out.
    fn take_lanes(&mut self, new: usize, newest_lane: usize) {
        let key = self.plan.nodes[new].key;
        let same = |k: NodeKey| k.module == key.module && k.groups != key.groups;
        let mut twins = self.roster.nodes_of(key.module);
        let here = twins.find(|&n| same(self.plan.nodes[n].key));
        let mut words = [0; LANE_WORDS];
        let former = here.and_then(|at| self.nodes[at].take().map(|node| (at, node)));
        let Some((at, former)) = former else { return };
        let old_lanes = usize::from(self.plan.nodes[at].key.groups) * LANES;
        if let Some(node) = self.nodes[new].as_mut() {
            for lane in 0..(usize::from(key.groups) * LANES).max(1) {
                let from = match (old_lanes, key.groups) {
                    (0, _) => 0,
                    (_, 0) => newest_lane.min(old_lanes - 1),
                    _ => lane.min(old_lanes - 1),
                };
                former.instance.save_lane(from, &mut words);
                node.instance.load_lane(lane, &words);
            }
            node.params.clone_from(&former.params);
            node.gate = former.gate;
        }
        self.nodes[at] = Some(former);
    }
}

/// Walks two tables ordered by key and calls `both` with the positions of equal keys.
fn merge<T, K: Ord>(a: &[T], b: &[T], key: impl Fn(&T) -> K, mut both: impl FnMut(usize, usize)) {
    let (mut i, mut j) = (0, 0);
    while i < a.len() && j < b.len() {
        match key(&a[i]).cmp(&key(&b[j])) {
            std::cmp::Ordering::Less => i += 1,
            std::cmp::Ordering::Greater => j += 1,
            std::cmp::Ordering::Equal => {
                both(i, j);
                i += 1;
                j += 1;
            }
        }
    }
}
