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
                && Wiring::of(&self.cables).closes_cycle(from, to))
    }

    /// Marks cables as feedback until every cycle has a delay, in the body and in every scene, and
    /// returns those marked in the body. Loading a file does this.
    ///
    /// Deterministic: cables are taken in order of their id, and one that closes a cycle of earlier
    /// ones is marked. So none is marked in vain, and later cables are marked before earlier ones.
    /// (The least number of marks would be an NP-hard problem, and would move with every cable.)
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

/// The undelayed cables that, taken in order of their id, close a cycle of earlier ones.
pub(crate) fn closing_cables(cables: &Cables) -> Vec<CableId> {
    let mut number = HashMap::new();
    let mut ids = Vec::new();
    let mut edges = Vec::new();
    for (id, cable) in cables.iter().filter(|(_, c)| !c.feedback) {
        let mut of = |module| {
            let next = number.len();
            *number.entry(module).or_insert(next)
        };
        edges.push((of(&cable.from.module), of(&cable.to.module)));
        ids.push(*id);
    }
    let mut order = Order::of(number.len(), &edges);
    let closing = ids.into_iter().zip(edges).filter(|(_, (from, to))| !order.insert(*from, *to));
    closing.map(|(id, _)| id).collect()
}

/// The cables of each module and an order of the modules along them, kept along a batch of edits so
/// that each of them is cheap.
pub(crate) struct Wiring {
    number: HashMap<ModuleId, usize>,
    /// By number.
    ends: Vec<Ends>,
    /// Over the undelayed cables.
    order: Order,
}

#[derive(Default)]
struct Ends {
    incoming: Vec<CableId>,
    outgoing: Vec<CableId>,
}

impl Wiring {
    pub(crate) fn of(cables: &Cables) -> Self {
        let order = Order::of(0, &[]);
        let mut wiring = Self { number: HashMap::new(), ends: Vec::new(), order };
        let mut edges = Vec::new();
        for (id, cable) in cables {
            visit();
            let (from, to) = wiring.plug(*id, cable);
            if !cable.feedback {
                edges.push((from, to));
            }
        }
        wiring.order = Order::of(wiring.ends.len(), &edges);
        for (from, to) in edges {
            wiring.order.insert(from, to);
        }
        wiring
    }

    /// Adds a cable that closes no cycle, or is marked.
    pub(crate) fn add(&mut self, id: CableId, cable: &Cable) {
        let (from, to) = self.plug(id, cable);
        self.order.grow(self.ends.len());
        if !cable.feedback {
            self.order.insert(from, to);
        }
    }

    fn plug(&mut self, id: CableId, cable: &Cable) -> (usize, usize) {
        let (from, to) = (self.number(&cable.from.module), self.number(&cable.to.module));
        self.ends[from].outgoing.push(id);
        self.ends[to].incoming.push(id);
        (from, to)
    }

    fn number(&mut self, module: &ModuleId) -> usize {
        if let Some(number) = self.number.get(module) {
            return *number;
        }
        self.number.insert(module.clone(), self.ends.len());
        self.ends.push(Ends::default());
        self.ends.len() - 1
    }

    pub(crate) fn remove(&mut self, id: CableId, cable: &Cable) {
        let (from, to) = (self.number(&cable.from.module), self.number(&cable.to.module));
        self.ends[from].outgoing.retain(|other| *other != id);
        self.ends[to].incoming.retain(|other| *other != id);
        if !cable.feedback {
            self.order.remove(from, to);
        }
    }

    /// The cables that start or end at `module`, in order of their id, each once.
    pub(crate) fn touching(&self, module: &ModuleId) -> Vec<CableId> {
        let Some(number) = self.number.get(module) else { return Vec::new() };
        let ends = &self.ends[*number];
        let mut ids = [ends.incoming.as_slice(), ends.outgoing.as_slice()].concat();
        ids.sort_unstable();
        ids.dedup();
        ids
    }

    pub(crate) fn between(&self, cables: &Cables, from: &PortRef, to: &PortRef) -> Option<CableId> {
        let outgoing = &self.ends[*self.number.get(&from.module)?].outgoing;
        let incoming = &self.ends[*self.number.get(&to.module)?].incoming;
        let fewer = if outgoing.len() < incoming.len() { outgoing } else { incoming };
        fewer
            .iter()
            .copied()
            .inspect(|_| visit())
            .find(|id| cables.get(id).is_some_and(|c| c.from == *from && c.to == *to))
    }

    /// As [`Patch::would_cycle`].
    pub(crate) fn closes_cycle(&self, from: &ModuleId, to: &ModuleId) -> bool {
        let known = (self.number.get(from), self.number.get(to));
        match known {
            (Some(from), Some(to)) => self.order.closes_cycle(*from, *to),
            _ => from == to,
        }
    }
}

/// A topological order that grows edge by edge: Pearce and Kelly, "A dynamic topological sort
/// algorithm for directed acyclic graphs" (2006). An edge along the order costs nothing.
struct Order {
    /// Place of each node in the order: each its own, with gaps.
    place: Vec<i64>,
    /// The places before and behind all others.
    ends: (i64, i64),
    next: Vec<Vec<usize>>,
    previous: Vec<Vec<usize>>,
}

impl Order {
    /// An order without edges of `nodes` nodes, along as many of the `edges` to come as may be.
    fn of(nodes: usize, edges: &[(usize, usize)]) -> Self {
        let none = vec![Vec::new(); nodes];
        let mut order =
            Self { place: Vec::new(), ends: (-1, 0), next: none.clone(), previous: none };
        order.place = vec![0; nodes];
        for node in depth_first(nodes, edges) {
            order.place[node] = order.behind();
        }
        order
    }

    fn before(&mut self) -> i64 {
        self.ends.0 -= 1;
        self.ends.0 + 1
    }

    fn behind(&mut self) -> i64 {
        self.ends.1 += 1;
        self.ends.1 - 1
    }

    /// Adds nodes at the end until there are `nodes`.
    fn grow(&mut self, nodes: usize) {
        while self.place.len() < nodes {
            let place = self.behind();
            self.place.push(place);
        }
        self.next.resize(nodes, Vec::new());
        self.previous.resize(nodes, Vec::new());
    }

    fn closes_cycle(&self, from: usize, to: usize) -> bool {
        let high = self.place[from];
        from == to
            || (self.place[to] < high
                && !self.previous[from].is_empty()
                && !self.next[to].is_empty()
                && self.reach(&self.next, to, |p| p <= high, Some(from)).is_none())
    }

    /// Adds the edge, unless it would close a cycle: then false.
    fn insert(&mut self, from: usize, to: usize) -> bool {
        if from == to {
            return false;
        }
        let (low, high) = (self.place[to], self.place[from]);
        if low > high {
            // Along the order.
        } else if self.previous[from].is_empty() {
            self.place[from] = self.before();
        } else if self.next[to].is_empty() {
            self.place[to] = self.behind();
        } else {
            // What `to` leads to must move behind what leads to `from`; only places between the
            // two are concerned.
            let Some(mut after) = self.reach(&self.next, to, |p| p <= high, Some(from)) else {
                return false;
            };
            let before = self.reach(&self.previous, from, |p| p >= low, None);
            let mut moved = before.unwrap_or_default();
            moved.sort_unstable_by_key(|node| self.place[*node]);
            after.sort_unstable_by_key(|node| self.place[*node]);
            moved.append(&mut after);
            let mut places: Vec<i64> = moved.iter().map(|node| self.place[*node]).collect();
            places.sort_unstable();
            for (node, place) in moved.into_iter().zip(places) {
                self.place[node] = place;
            }
        }
        self.next[from].push(to);
        self.previous[to].push(from);
        true
    }

    /// Removes one edge, if there is one.
    fn remove(&mut self, from: usize, to: usize) {
        for (list, node) in [(&mut self.next[from], to), (&mut self.previous[to], from)] {
            if let Some(at) = list.iter().position(|other| *other == node) {
                list.swap_remove(at);
            }
        }
    }

    /// The nodes reached from `start` within the allowed places; none when `goal` is among them.
    fn reach(
        &self,
        edges: &[Vec<usize>],
        start: usize,
        allowed: impl Fn(i64) -> bool,
        goal: Option<usize>,
    ) -> Option<Vec<usize>> {
        let mut seen = HashSet::from([start]);
        let mut reached = vec![start];
        let mut at = 0;
        while at < reached.len() {
            for node in &edges[reached[at]] {
                visit();
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

/// The nodes in the reverse order in which a depth-first walk leaves them: topological when there is
/// no cycle.
fn depth_first(nodes: usize, edges: &[(usize, usize)]) -> Vec<usize> {
    let mut next = vec![Vec::new(); nodes];
    for (from, to) in edges {
        visit();
        next[*from].push(*to);
    }
    let mut order = Vec::with_capacity(nodes);
    let mut seen = vec![false; nodes];
    for root in 0..nodes {
        // Each with how many of its edges have been walked.
        let mut walk = vec![(root, 0)];
        if std::mem::replace(&mut seen[root], true) {
            continue;
        }
        while let Some((node, walked)) = walk.last_mut() {
            match next[*node].get(*walked) {
                Some(to) => {
                    *walked += 1;
                    if !std::mem::replace(&mut seen[*to], true) {
                        walk.push((*to, 0));
                    }
                }
                None => {
                    order.push(*node);
                    walk.pop();
                }
            }
        }
    }
    order.reverse();
    order
}

/// Counts a look at a cable, in tests: what is promised of large patches is a number of these.
#[inline]
fn visit() {
    #[cfg(test)]
    tests::VISITS.set(tests::VISITS.get() + 1);
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use super::*;
    use crate::{Edit, Module};

    thread_local! {
        pub(super) static VISITS: Cell<u64> = const { Cell::new(0) };
    }

    const MODULES: usize = 5_000;

    fn visits(work: impl FnOnce()) -> u64 {
        VISITS.set(0);
        work();
        VISITS.get()
    }

    fn id(n: usize) -> ModuleId {
        ModuleId::new(&format!("m{n}")).unwrap()
    }

    /// A chain of 5,000 modules, with every module also connected to the one after the next.
    fn chain() -> Vec<(usize, usize)> {
        let next = (1..MODULES).map(|n| (n - 1, n));
        next.chain((2..MODULES).map(|n| (n - 2, n))).collect()
    }

    fn batch(wires: &[(usize, usize)]) -> Edit {
        let modules = (0..MODULES).map(|n| Edit::Create { id: id(n), module: Module::new("vcf") });
        let cables = (1..).zip(wires).map(|(n, (from, to))| {
            let (from, to) = (PortRef::new(id(*from), "out"), PortRef::new(id(*to), "in"));
            Edit::Connect { id: CableId(n), cable: Cable::new(from, to) }
        });
        Edit::Batch(modules.chain(cables).collect())
    }

    #[test]
    fn a_large_batch_looks_at_few_cables_for_each_edit() {
        let mut patch = Patch::default();
        let forwards = chain();
        let backwards: Vec<_> = forwards[..MODULES - 1].iter().rev().copied().collect();
        for (wires, most) in [(&forwards, 10), (&backwards, 5)] {
            let edit = batch(wires);
            let mut inverse = None;
            let count = visits(|| inverse = Some(patch.apply(&edit).unwrap().inverse));
            assert!(count <= most * wires.len() as u64, "{count}");
            assert_eq!(patch.cables.len(), wires.len());
            // Taking it all back looks once over all cables for its index.
            let count = visits(|| drop(patch.apply(&inverse.unwrap()).unwrap()));
            assert!(count <= 2 * wires.len() as u64, "{count}");
            assert_eq!(patch, Patch::default());
        }
    }

    #[test]
    fn one_edit_of_a_large_patch_looks_once_over_it() {
        let mut patch = Patch::default();
        patch.apply(&batch(&chain())).unwrap();
        let all = patch.cables.len() as u64;
        let (from, to) = (PortRef::new(id(0), "out"), PortRef::new(id(MODULES - 1), "fm"));
        let edit = patch.connect_edit(from, to, 1.0);
        assert!(visits(|| drop(patch.apply(&edit).unwrap())) <= 2 * all);
        let edit = Edit::SetParam { id: id(9), param: "freq".into(), value: 1.0 };
        assert_eq!(visits(|| drop(patch.apply(&edit).unwrap())), 0);
        let edit = Edit::SetGain { id: CableId(9), gain: 0.5 };
        assert_eq!(visits(|| drop(patch.apply(&edit).unwrap())), 0);
    }

    #[test]
    fn marking_a_large_patch_looks_a_few_times_over_it() {
        let mut forwards = chain();
        forwards.push((MODULES / 2, 7));
        forwards.push((MODULES - 1, 0));
        let backwards: Vec<_> = forwards.iter().rev().copied().collect();
        // Backwards, what closed the cycles comes first, and the chain is cut in many places.
        for (wires, closing, most) in [(forwards, 2, 5), (backwards, MODULES / 2, 1_000)] {
            let mut patch = Patch::default();
            patch.apply(&batch(&[])).unwrap();
            for (n, (from, to)) in (1..).zip(&wires) {
                let (from, to) = (PortRef::new(id(*from), "out"), PortRef::new(id(*to), "in"));
                patch.cables.insert(CableId(n), Cable::new(from, to));
            }
            let mut marked = Vec::new();
            let count = visits(|| marked = patch.mark_cycles());
            assert!(count <= most * wires.len() as u64, "{count}");
            assert!(marked.len() <= closing, "{}", marked.len());
            assert_eq!(patch.validate(), Ok(()));
        }
    }
}
