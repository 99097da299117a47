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
            visit();
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
            .inspect(|_| visit())
            .find(|id| cables.get(id).is_some_and(|c| c.from == *from && c.to == *to))
    }

    /// True when `start` leads to `goal` over undelayed cables.
    ///
    /// Searches forwards and backwards by turns, and is done when either side is: a new cable
    /// mostly starts or ends near an end of the patch.
    pub(crate) fn leads<'a>(
        &self,
        cables: &'a Cables,
        start: &'a ModuleId,
        goal: &'a ModuleId,
    ) -> bool {
        if start == goal {
            return true;
        }
        let mut ahead = Search::from(start);
        let mut behind = Search::from(goal);
        loop {
            let Some(module) = ahead.open.pop() else { return false };
            let outgoing = self.0.get(module).map_or(&[][..], |ends| &ends.outgoing);
            if ahead.go(cables, outgoing, |cable| &cable.to.module, goal) {
                return true;
            }
            let Some(module) = behind.open.pop() else { return false };
            let incoming = self.0.get(module).map_or(&[][..], |ends| &ends.incoming);
            if behind.go(cables, incoming, |cable| &cable.from.module, start) {
                return true;
            }
        }
    }
}

/// One direction of a search over undelayed cables.
struct Search<'a> {
    seen: HashSet<&'a ModuleId>,
    open: Vec<&'a ModuleId>,
}

impl<'a> Search<'a> {
    fn from(module: &'a ModuleId) -> Self {
        Self { seen: HashSet::from([module]), open: vec![module] }
    }

    /// Follows `ids` to the modules at their `end`; true when one is `goal`.
    fn go(
        &mut self,
        cables: &'a Cables,
        ids: &[CableId],
        end: impl Fn(&'a Cable) -> &'a ModuleId,
        goal: &ModuleId,
    ) -> bool {
        for cable in ids.iter().filter_map(|id| cables.get(id)).filter(|c| !c.feedback) {
            visit();
            let module = end(cable);
            if module == goal {
                return true;
            }
            if self.seen.insert(module) {
                self.open.push(module);
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
        let mut wires = chain();
        wires.push((MODULES - 1, 0));
        wires.push((MODULES / 2, 7));
        let mut patch = Patch::default();
        for n in 0..MODULES {
            patch.modules.insert(id(n), Module::new("vcf"));
        }
        // From the end to the beginning, as a file may have them.
        for (n, (from, to)) in (1..).zip(wires.iter().rev()) {
            let (from, to) = (PortRef::new(id(*from), "out"), PortRef::new(id(*to), "in"));
            patch.cables.insert(CableId(n), Cable::new(from, to));
        }
        let mut marked = Vec::new();
        let count = visits(|| marked = patch.mark_cycles());
        assert!(count <= 20 * patch.cables.len() as u64, "{count}");
        // Of the long cycle the last, and of the short one within.
        assert!(!marked.is_empty() && marked.len() < 10, "{marked:?}");
        assert_eq!(patch.validate(), Ok(()));
    }
}
