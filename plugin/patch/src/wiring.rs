//! Who is wired to whom: an index over cables, and the cycles among them.

use std::collections::{BTreeMap, HashMap, HashSet};

use crate::{Cable, CableId, ModuleId, Patch, PortRef};

type Cables = BTreeMap<CableId, Cable>;

impl Patch {
    /// True when a cable between these modules would close a cycle without a delay: when they are
    /// the same, or when `to` already leads to `from` over cables not marked `feedback`.
    #[must_use]
    pub fn would_cycle(&self, from: &ModuleId, to: &ModuleId) -> bool {
        let mut undelayed = self.cables.values().filter(|c| !c.feedback);
        // Most new cables start at a module without inputs or end at one without outputs; that is
        // seen without building an index.
        from == to
            || (undelayed.clone().any(|c| c.to.module == *from)
                && undelayed.any(|c| c.from.module == *to)
                && Wiring::of(&self.cables).leads(&self.cables, to, from))
    }

    /// Marks cables as feedback until every cycle has a delay, in the body and in every scene, and
    /// returns those marked in the body. Loading a file does this.
    ///
    /// Deterministic: cables are taken in order of their id, and one that closes a cycle of earlier
    /// ones is marked. So none is marked in vain, and later cables are marked before earlier ones.
    pub fn mark_cycles(&mut self) -> Vec<CableId> {
        for scene in self.scenes.values_mut() {
            mark(&mut scene.cables);
        }
        mark(&mut self.cables)
    }
}

fn mark(cables: &mut Cables) -> Vec<CableId> {
    let closing = closing_cables(cables);
    for id in &closing {
        if let Some(cable) = cables.get_mut(id) {
            cable.feedback = true;
        }
    }
    closing
}

/// The cables of each module, kept along a batch of edits so that each of them is cheap.
pub(crate) struct Wiring(HashMap<ModuleId, Ends>);

#[derive(Default)]
struct Ends {
    incoming: Vec<CableId>,
    outgoing: Vec<CableId>,
}

impl Wiring {
    pub(crate) fn of(cables: &Cables) -> Self {
        let mut wiring = Self(HashMap::new());
        for (id, cable) in cables {
            wiring.add(*id, cable);
        }
        wiring
    }

    pub(crate) fn add(&mut self, id: CableId, cable: &Cable) {
        self.0.entry(cable.from.module.clone()).or_default().outgoing.push(id);
        self.0.entry(cable.to.module.clone()).or_default().incoming.push(id);
    }

    pub(crate) fn remove(&mut self, id: CableId, cable: &Cable) {
        if let Some(ends) = self.0.get_mut(&cable.from.module) {
            ends.outgoing.retain(|other| *other != id);
        }
        if let Some(ends) = self.0.get_mut(&cable.to.module) {
            ends.incoming.retain(|other| *other != id);
        }
    }

    /// The cables that start or end at `module`, in order of their id, each once.
    pub(crate) fn touching(&self, module: &ModuleId) -> Vec<CableId> {
        let Some(ends) = self.0.get(module) else { return Vec::new() };
        let mut ids = [ends.incoming.as_slice(), ends.outgoing.as_slice()].concat();
        ids.sort_unstable();
        ids.dedup();
        ids
    }

    pub(crate) fn between(&self, cables: &Cables, from: &PortRef, to: &PortRef) -> Option<CableId> {
        let outgoing = &self.0.get(&from.module)?.outgoing;
        let incoming = &self.0.get(&to.module)?.incoming;
        let fewer = if outgoing.len() < incoming.len() { outgoing } else { incoming };
        fewer
            .iter()
            .copied()
            .find(|id| cables.get(id).is_some_and(|c| c.from == *from && c.to == *to))
    }

    /// True when `start` leads to `goal` over undelayed cables.
    pub(crate) fn leads(&self, cables: &Cables, start: &ModuleId, goal: &ModuleId) -> bool {
        let mut seen = HashSet::from([start]);
        let mut open = vec![start];
        while let Some(module) = open.pop() {
            if module == goal {
                return true;
            }
            let outgoing = self.0.get(module).map_or(&[][..], |ends| &ends.outgoing);
            for cable in outgoing.iter().filter_map(|id| cables.get(id)) {
                if !cable.feedback && seen.insert(&cable.to.module) {
                    open.push(&cable.to.module);
                }
            }
        }
        false
    }
}

/// The undelayed cables that, taken in order of their id, close a cycle of earlier ones.
pub(crate) fn closing_cables(cables: &Cables) -> Vec<CableId> {
    let mut number = HashMap::new();
    let mut edges: Vec<(CableId, usize, usize)> = Vec::new();
    for (id, cable) in cables.iter().filter(|(_, c)| !c.feedback) {
        let mut of = |module| {
            let next = number.len();
            *number.entry(module).or_insert(next)
        };
        let (from, to) = (of(&cable.from.module), of(&cable.to.module));
        edges.push((*id, from, to));
    }
    retain_core(number.len(), &mut edges);
    let mut order = Order::new(if edges.is_empty() { 0 } else { number.len() });
    edges.into_iter().filter(|(_, from, to)| !order.insert(*from, *to)).map(|(id, ..)| id).collect()
}

/// Drops the edges behind no cycle: none stays when there is no cycle at all (Kahn 1962).
fn retain_core(nodes: usize, edges: &mut Vec<(CableId, usize, usize)>) {
    let mut incoming = vec![0_usize; nodes];
    let mut next = vec![Vec::new(); nodes];
    for (_, from, to) in &*edges {
        incoming[*to] += 1;
        next[*from].push(*to);
    }
    let mut open: Vec<usize> = (0..nodes).filter(|node| incoming[*node] == 0).collect();
    while let Some(node) = open.pop() {
        for to in &next[node] {
            incoming[*to] -= 1;
            if incoming[*to] == 0 {
                open.push(*to);
            }
        }
    }
    edges.retain(|(_, from, _)| incoming[*from] > 0);
}

/// A topological order that grows edge by edge: Pearce and Kelly, "A dynamic topological sort
/// algorithm for directed acyclic graphs" (2006).
struct Order {
    /// Place of each node in the order.
    place: Vec<usize>,
    next: Vec<Vec<usize>>,
    previous: Vec<Vec<usize>>,
}

impl Order {
    fn new(nodes: usize) -> Self {
        let none = vec![Vec::new(); nodes];
        Self { place: (0..nodes).collect(), next: none.clone(), previous: none }
    }

    /// Adds the edge, unless it would close a cycle: then false.
    fn insert(&mut self, from: usize, to: usize) -> bool {
        if from == to {
            return false;
        }
        let (low, high) = (self.place[to], self.place[from]);
        if low < high {
            // What `to` leads to must move behind what leads to `from`; only places between the
            // two are concerned.
            let Some(mut after) = self.reach(&self.next, to, |p| p <= high, Some(from)) else {
                return false;
            };
            let mut before =
                self.reach(&self.previous, from, |p| p >= low, None).unwrap_or_default();
            before.sort_unstable_by_key(|node| self.place[*node]);
            after.sort_unstable_by_key(|node| self.place[*node]);
            before.append(&mut after);
            let mut places: Vec<usize> = before.iter().map(|node| self.place[*node]).collect();
            places.sort_unstable();
            for (node, place) in before.into_iter().zip(places) {
                self.place[node] = place;
            }
        }
        self.next[from].push(to);
        self.previous[to].push(from);
        true
    }

    /// The nodes reached from `start` within the allowed places; none when `goal` is among them.
    fn reach(
        &self,
        edges: &[Vec<usize>],
        start: usize,
        allowed: impl Fn(usize) -> bool,
        goal: Option<usize>,
    ) -> Option<Vec<usize>> {
        let mut seen = HashSet::from([start]);
        let mut reached = vec![start];
        let mut at = 0;
        while at < reached.len() {
            for node in &edges[reached[at]] {
                if Some(*node) == goal {
                    return None;
                }
                if allowed(self.place[*node]) && seen.insert(*node) {
                    reached.push(*node);
                }
            }
            at += 1;
        }
        Some(reached)
    }
}
