//! Banks: separate mono modules of one kind that depend on nobody among them run side by side, each
//! in a lane of one group. Who shares a bank is sticky from plan to plan, so that an edit moves few.

use std::collections::BTreeMap;

use crate::lanes::LANES;
use crate::plan::{
    BankMove, Carry, NodeIndex, NodeKey, Origin, Place, Plan, PlanBank, PlanNode, Role, Wire,
};
use crate::spec::{Tail, Taper};

/// Fewest modules that a new bank is made for: a lane group costs about as much as two modules.
const FEWEST: usize = 4;
/// Fewest modules that an old bank goes on for.
const FEWEST_KEPT: usize = 2;

/// What modules of a bank have in common: kind, rank, inputs with a cable (in each schedule), and
/// the values of stepped params, on which code branches.
type Common = (&'static str, u32, [u64; 2], Vec<u32>);

/// Forms the banks of `nodes`, says so in them, and adds to `carry` what a swap from `base` does.
pub(crate) fn form(
    nodes: &mut [PlanNode],
    wires: &[Wire],
    ranks: &[u32],
    shares: &dyn Fn(&PlanNode) -> bool,
    base: Option<&Plan>,
    carry: &mut Carry,
) -> Vec<PlanBank> {
    let common = commons(nodes, wires, ranks, shares);
    let index: BTreeMap<NodeKey, NodeIndex> =
        (0..).zip(&*nodes).map(|(n, node)| (node.key, n)).collect();
    let kept = |key: &NodeKey| {
        let n = *index.get(key)?;
        let here = matches!(nodes[n as usize].role, Role::Kept | Role::Leaving);
        (here && common[n as usize].is_some()).then_some(n)
    };
    let mut banks: Vec<PlanBank> = Vec::new();
    let mut placed = vec![false; nodes.len()];
    for bank in base.map_or(&[][..], |base| &base.banks) {
        // PANIC-free: a base's banks name its own nodes.
        let key = |n: &NodeIndex| base.map(|base| base.nodes[*n as usize].key);
        let mut lanes: Vec<Option<NodeIndex>> =
            bank.lanes.iter().map(|n| n.as_ref().and_then(key).as_ref().and_then(kept)).collect();
        // The most that still have all in common stay together.
        let mut by_common: BTreeMap<&Common, usize> = BTreeMap::new();
        for common in lanes.iter().flatten().filter_map(|&n| common[n as usize].as_ref()) {
            *by_common.entry(common).or_default() += 1;
        }
        let most = by_common.iter().max_by_key(|(_, count)| **count).map(|(common, _)| *common);
        let Some(most) = most else { continue };
        for lane in &mut lanes {
            *lane = lane.filter(|&n| common[n as usize].as_ref() == Some(most));
        }
        lanes.iter().flatten().for_each(|&n| placed[n as usize] = true);
        banks.push(PlanBank { seat: bank.seat, lanes });
    }
    let mut open: BTreeMap<&Common, Vec<NodeIndex>> = BTreeMap::new();
    for n in by_cables(nodes.len(), wires) {
        if let (Some(common), false) = (&common[n], placed[n]) {
            open.entry(common).or_default().push(n as NodeIndex);
        }
    }
    for bank in &mut banks {
        let first = bank.lanes.iter().flatten().next().map(|&n| n as usize);
        let newcomers = first.and_then(|n| common[n].as_ref()).and_then(|c| open.get_mut(c));
        let Some(newcomers) = newcomers else { continue };
        for lane in bank.lanes.iter_mut().filter(|lane| lane.is_none()) {
            *lane = if newcomers.is_empty() { None } else { Some(newcomers.remove(0)) };
        }
    }
    banks.retain(|bank| bank.lanes.iter().flatten().count() >= FEWEST_KEPT);
    let old_seats = base.map_or(0, |base| base.carry.bank_seats as usize);
    let taken = |seat: u32| base.is_some_and(|base| base.banks.iter().any(|b| b.seat == seat));
    let mut free = (0..).filter(|&seat| !taken(seat));
    for group in open.values().flat_map(|nodes| nodes.chunks(LANES)) {
        if group.len() >= FEWEST {
            let mut lanes: Vec<_> = group.iter().copied().map(Some).collect();
            lanes.resize(LANES, None);
            // PANIC-free: an endless iterator has a next.
            banks.push(PlanBank { seat: free.next().unwrap_or_default(), lanes });
        }
    }
    let needed = banks.iter().map(|b| b.seat as usize + 1).max().unwrap_or(0);
    carry.bank_seats =
        if needed > old_seats { needed.next_power_of_two() } else { old_seats } as u32;
    for (b, bank) in banks.iter().enumerate() {
        for (lane, &n) in bank.lanes.iter().enumerate() {
            if let Some(n) = n {
                nodes[n as usize].place = Some(Place { bank: b as u32, lane: lane as u8 });
            }
        }
    }
    moves(nodes, &banks, base, carry);
    banks
}

/// Positions of nodes by the cables that they feed: lanes that are summed then mostly stand in the
/// order in which they are added, and those of chains side by side in the same lane.
fn by_cables(nodes: usize, wires: &[Wire]) -> Vec<usize> {
    let mut first = vec![u64::MAX; nodes];
    for wire in wires {
        if let Origin::Port { node, .. } = wire.from {
            let first = &mut first[node as usize];
            *first = wire.order.min(*first);
        }
    }
    let mut order: Vec<usize> = (0..nodes).collect();
    order.sort_by_key(|&n| (first[n], n));
    order
}

/// What each node has in common with others that it may share a bank with; none where it runs by
/// itself.
fn commons(
    nodes: &[PlanNode],
    wires: &[Wire],
    ranks: &[u32],
    shares: &dyn Fn(&PlanNode) -> bool,
) -> Vec<Option<Common>> {
    let mut connected = vec![[0u64; 2]; nodes.len()];
    for wire in wires.iter().filter(|w| w.cable.is_some()) {
        let connected = &mut connected[wire.to as usize];
        connected[1] |= 1 << wire.input;
        connected[0] |= u64::from(wire.stays) << wire.input;
    }
    let alone = |n: usize| {
        // A module that changes its width hands its state over by itself.
        let twin = |m: Option<&PlanNode>| m.is_some_and(|m| m.key.module == nodes[n].key.module);
        n > 0 && twin(nodes.get(n - 1)) || twin(nodes.get(n + 1))
    };
    let common = |n: usize| {
        let node = &nodes[n];
        let fits = node.key.groups == 0 && !alone(n) && shares(node);
        let stepped = node.spec.params.iter().zip(&node.params);
        let stepped = stepped.filter(|(param, _)| param.taper == Taper::Stepped);
        let repeats = matches!(node.spec.tail, Tail::Seconds(_));
        (fits && !repeats && node.role != Role::Rewidened).then(|| {
            let stepped = stepped.map(|(param, value)| param.clamp(*value).to_bits()).collect();
            (node.spec.kind, ranks[n], connected[n], stepped)
        })
    };
    (0..nodes.len()).map(common).collect()
}

/// What a swap does: which seats change hands, who leaves its lane and who takes one.
fn moves(nodes: &[PlanNode], banks: &[PlanBank], base: Option<&Plan>, carry: &mut Carry) {
    let old_banks = base.map_or(&[][..], |base| &base.banks);
    let seats = |banks: &[PlanBank]| -> std::collections::BTreeSet<u32> {
        banks.iter().map(|b| b.seat).collect()
    };
    carry.banks_changed = seats(banks).symmetric_difference(&seats(old_banks)).copied().collect();
    let here: BTreeMap<NodeKey, &PlanNode> = nodes.iter().map(|n| (n.key, n)).collect();
    let mut stay = std::collections::BTreeSet::new();
    for bank in old_banks {
        for (lane, n) in bank.lanes.iter().enumerate() {
            let key = n.and_then(|n| base.map(|base| base.nodes[n as usize].key));
            let node = key.and_then(|key| here.get(&key));
            let Some(node) = node.filter(|n| matches!(n.role, Role::Kept | Role::Leaving)) else {
                continue;
            };
            let now = node.place.map(|p| (banks[p.bank as usize].seat, usize::from(p.lane)));
            if now == Some((bank.seat, lane)) {
                stay.insert(node.key);
            } else {
                let (bank, lane) = (bank.seat, lane as u8);
                carry.leaves.push(BankMove { bank, lane, seat: node.seat, added: false });
            }
        }
    }
    let who = |banks: &[PlanBank], nodes: &[PlanNode]| -> BTreeMap<u32, Vec<Option<NodeKey>>> {
        let key = |n: &Option<NodeIndex>| n.map(|n| nodes[n as usize].key);
        banks.iter().map(|b| (b.seat, b.lanes.iter().map(key).collect())).collect()
    };
    let before = who(old_banks, base.map_or(&[], |b| &b.nodes));
    let others = who(banks, nodes).into_iter().filter(|(seat, who)| before.get(seat) != Some(who));
    carry.banks_unsettled = others.map(|(seat, _)| seat).collect();
    for bank in banks {
        for (lane, n) in bank.lanes.iter().enumerate() {
            let Some(node) = n.map(|n| &nodes[n as usize]) else { continue };
            if !stay.contains(&node.key) {
                let (lane, added) = (lane as u8, node.role == Role::Added);
                carry.joins.push(BankMove { bank: bank.seat, lane, seat: node.seat, added });
            }
        }
    }
}

/// How many modules each has to wait for, one after the other.
pub(crate) fn ranks(nodes: usize, order: &[usize], wires: &[Wire]) -> Vec<u32> {
    let mut out_of = vec![Vec::new(); nodes];
    for wire in wires.iter().filter(|w| w.ring.is_none()) {
        if let Origin::Port { node, .. } = wire.from {
            out_of[node as usize].push(wire.to as usize);
        }
    }
    let mut ranks = vec![0; nodes];
    for &n in order {
        for &to in &out_of[n] {
            ranks[to] = ranks[to].max(ranks[n] + 1);
        }
    }
    ranks
}
