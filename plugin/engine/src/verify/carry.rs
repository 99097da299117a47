//! The independent check of a carry: it makes the moves on keys instead of modules.

use std::collections::{BTreeMap, BTreeSet};

use super::PlanFault;
use crate::lanes::LANES;
use crate::plan::{BankMove, NodeKey, Plan, Role};

/// Checks what `plan.carry` says about the swap from `base`, the plan before: it makes the moves on
/// keys instead of modules and looks who sits where.
///
/// # Errors
/// The first fault found.
pub fn verify_carry(plan: &Plan, base: Option<&Plan>) -> Result<(), PlanFault> {
    let misplaced = |what: &str| Err(PlanFault::Misplaced { what: what.to_owned() });
    let seats = plan.carry.seats as usize;
    let old_seats = base.map_or(0, |base| base.carry.seats as usize);
    if seats < old_seats {
        return misplaced("the table");
    }
    // Whose seat each is, and whether the new graph or the old one brought who sits there.
    let mut own = vec![None; seats];
    for (n, node) in plan.nodes.iter().enumerate() {
        let fresh = matches!(node.role, Role::Added | Role::Rewidened);
        match own.get_mut(node.seat as usize) {
            // The stand-in of a kept module; a leaving one has none.
            Some(seat @ None) => *seat = Some((node.key, fresh, n)),
            _ => return misplaced(node.id.as_str()),
        }
    }
    let mut seated: Vec<_> = own.iter().map(|own| own.map(|(key, ..)| (key, true))).collect();
    let mut before = vec![None; old_seats];
    for node in base.map_or(&[][..], |base| &base.nodes) {
        match before.get_mut(node.seat as usize) {
            Some(seat @ None) => *seat = Some((node.key, false)),
            _ => return misplaced(node.id.as_str()),
        }
    }
    seated.iter_mut().zip(&mut before).for_each(|(a, b)| std::mem::swap(a, b));
    for &seat in &plan.carry.changed {
        if let (Some(a), Some(b)) = (seated.get_mut(seat as usize), before.get_mut(seat as usize)) {
            std::mem::swap(a, b);
        }
    }
    for (own, seated) in own.iter().zip(&seated) {
        match (own, seated) {
            (None, None) => {}
            (Some((key, fresh, _)), Some((there, new))) if key == there && fresh == new => {}
            (Some((.., n)), _) => return misplaced(plan.nodes[*n].id.as_str()),
            (None, Some(_)) => return misplaced("a module that has left"),
        }
    }
    if let Some(what) = misplaced_in_banks(plan, base) {
        return misplaced(&what);
    }
    let rings = same_keys(&plan.rings, base.map_or(&[], |b| &b.rings), &plan.carry.rings);
    let delays = same_keys(&plan.delays, base.map_or(&[], |b| &b.delays), &plan.carry.delays);
    if rings && delays { Ok(()) } else { misplaced("a delay") }
}

/// True when `pairs` names the positions of all keys that are in both tables.
fn same_keys<K: Ord>(new: &[K], old: &[K], pairs: &[[u32; 2]]) -> bool {
    let old_keys: BTreeSet<&K> = old.iter().collect();
    let named: BTreeSet<u32> = pairs.iter().map(|[new, _]| *new).collect();
    let kept = (0..).zip(new).filter(|(_, key)| old_keys.contains(key)).map(|(i, _)| i);
    pairs.iter().all(|&[i, j]| new.get(i as usize) == old.get(j as usize))
        && named == kept.collect()
        && named.len() == pairs.len()
}

/// What the swap would leave in the wrong lane, or the name of a table that is wrong.
fn misplaced_in_banks(plan: &Plan, base: Option<&Plan>) -> Option<String> {
    let table = |plan: &Plan| -> Option<BTreeMap<NodeKey, (u32, u8)>> {
        let mut seats = BTreeSet::new();
        let mut places = BTreeMap::new();
        for (b, bank) in (0..).zip(&plan.banks) {
            let fits = bank.seat < plan.carry.bank_seats && bank.lanes.len() == LANES;
            if !fits || !seats.insert(bank.seat) {
                return None;
            }
            for (lane, n) in (0..).zip(&bank.lanes) {
                let Some(n) = n else { continue };
                let node = plan.nodes.get(*n as usize)?;
                let there = node.place.is_some_and(|p| (p.bank, p.lane) == (b, lane));
                if !there || places.insert(node.key, (bank.seat, lane)).is_some() {
                    return None;
                }
            }
        }
        let placed = plan.nodes.iter().filter(|n| n.place.is_some()).count();
        (placed == places.len()).then_some(places)
    };
    let none = BTreeMap::new();
    let new = table(plan);
    let old = base.map_or(Some(none), table);
    let (Some(new), Some(old)) = (new, old) else { return Some("the table of banks".into()) };
    let seats = |plan: Option<&Plan>| -> BTreeSet<u32> {
        plan.iter().flat_map(|plan| &plan.banks).map(|bank| bank.seat).collect()
    };
    let changed: Vec<u32> = seats(Some(plan)).symmetric_difference(&seats(base)).copied().collect();
    if changed != plan.carry.banks_changed {
        return Some("a bank".into());
    }
    let moved = new.keys().chain(old.keys()).filter(|key| new.get(key) != old.get(key));
    let places = moved.flat_map(|key| [new.get(key), old.get(key)]);
    let touched: BTreeSet<u32> = places.flatten().map(|(seat, _)| *seat).collect();
    let touched: Vec<u32> = touched.intersection(&seats(Some(plan))).copied().collect();
    if touched != plan.carry.banks_unsettled {
        return Some("a bank with other modules".into());
    }
    let (mut leaves, mut joins) = (Vec::new(), Vec::new());
    for node in &plan.nodes {
        let kept = matches!(node.role, Role::Kept | Role::Leaving);
        let (before, now) = (old.get(&node.key).filter(|_| kept), new.get(&node.key));
        let moved = |&(bank, lane): &(u32, u8)| BankMove {
            bank,
            lane,
            seat: node.seat,
            added: node.role == Role::Added,
        };
        if before != now {
            leaves.extend(before.map(|place| BankMove { added: false, ..moved(place) }));
            joins.extend(now.map(moved));
        }
    }
    let same = |expected: Vec<BankMove>, found: &[BankMove]| {
        expected.len() == found.len() && expected.iter().all(|e| found.contains(e))
    };
    if !same(leaves, &plan.carry.leaves) || !same(joins, &plan.carry.joins) {
        return Some("a module in a bank".into());
    }
    None
}
