//! Seats: each module keeps its place in the table of modules from plan to plan, so that a swap
//! exchanges the table as a whole and then only what the edit changed.

use std::cmp::Ordering;

use crate::plan::{Carry, DelayKey, Plan, PlanNode, RingKey};

/// Fewest seats: a patch that grows need not grow the table at every edit.
const FEWEST: usize = 16;

/// Gives each of `nodes`, which are in order of their keys, its seat: the one it has in `base`, or
/// the lowest that nobody has there.
pub(crate) fn seat(
    nodes: &mut [PlanNode],
    rings: &[RingKey],
    delays: &[DelayKey],
    base: Option<&Plan>,
) -> Carry {
    let (old_nodes, old_rings, old_delays, old_seats): (&[_], &[_], &[_], _) = match base {
        Some(base) => (&base.nodes, &base.rings, &base.delays, base.carry.seats as usize),
        None => (&[], &[], &[], 0),
    };
    let new_keys: Vec<_> = nodes.iter().map(|n| n.key).collect();
    let old_keys: Vec<_> = old_nodes.iter().map(|n| n.key).collect();
    let mut kept = vec![false; nodes.len()];
    let mut gone = vec![true; old_nodes.len()];
    for [new, old] in both(&new_keys, &old_keys) {
        let (new, old) = (new as usize, old as usize);
        // A former self that faded out, and comes again, is a new one.
        if old_nodes[old].role.stays() {
            nodes[new].seat = old_nodes[old].seat;
            (kept[new], gone[old]) = (true, false);
        }
    }
    let mut taken = vec![false; old_seats];
    old_nodes.iter().for_each(|n| taken[n.seat as usize] = true);
    let mut free = (0..).filter(|&seat: &usize| !taken.get(seat).is_some_and(|&taken| taken));
    let left = old_nodes.iter().zip(&gone).filter(|(_, gone)| **gone);
    let mut changed: Vec<u32> = left.map(|(n, _)| n.seat).collect();
    for (node, _) in nodes.iter_mut().zip(&kept).filter(|(_, kept)| !**kept) {
        // PANIC-free: an endless iterator has a next.
        node.seat = free.next().unwrap_or_default() as u32;
        changed.push(node.seat);
    }
    changed.sort_unstable();
    let needed = nodes.iter().map(|n| n.seat as usize + 1).max().unwrap_or(0);
    let grown = if needed > old_seats { needed.next_power_of_two().max(FEWEST) } else { old_seats };
    Carry {
        seats: grown as u32,
        changed,
        rings: both(rings, old_rings),
        delays: both(delays, old_delays),
        ..Carry::default()
    }
}

/// Positions of what stands in both of two ordered tables.
fn both<K: Ord>(new: &[K], old: &[K]) -> Vec<[u32; 2]> {
    let (mut i, mut j) = (0, 0);
    let mut found = Vec::with_capacity(new.len().min(old.len()));
    while i < new.len() && j < old.len() {
        match new[i].cmp(&old[j]) {
            Ordering::Less => i += 1,
            Ordering::Greater => j += 1,
            Ordering::Equal => {
                found.push([i as u32, j as u32]);
                (i, j) = (i + 1, j + 1);
            }
        }
    }
    found
}
