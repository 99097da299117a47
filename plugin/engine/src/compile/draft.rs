//! A schedule under way: its steps so far, who holds which buffer, and who still has to read it.

use std::collections::{BTreeMap, VecDeque};
use std::ops::Range;

use crate::plan::{MixSource, NodeIndex, Origin, Schedule, Step, Wire};
use crate::pool::Slot;

/// Buffers of a width that are made before free ones are taken again: a signal that keeps its value
/// need not be written anew when nobody else writes where it stands.
const GENEROUS: u32 = 16;

/// Buffers in use of one width: when there are many, free ones are taken again before new ones are
/// made.
#[derive(Default)]
pub(super) struct Colours {
    /// Oldest first.
    free: VecDeque<u32>,
    pub made: u32,
}

impl Colours {
    /// A buffer for a signal; one that is `read` had better have its own.
    fn acquire(&mut self, read: bool) -> u32 {
        let own = read && self.made < GENEROUS;
        let again = if own { None } else { self.free.pop_front() };
        again.unwrap_or_else(|| {
            self.made += 1;
            self.made - 1
        })
    }
}

#[derive(Default)]
pub(super) struct Buffers {
    pub mono: Colours,
    pub poly: Colours,
}

impl Buffers {
    pub fn acquire(&mut self, groups: u8, read: bool) -> Slot {
        if groups == 0 {
            Slot::Mono(self.mono.acquire(read))
        } else {
            Slot::Poly(self.poly.acquire(read))
        }
    }

    pub fn release(&mut self, slot: Slot) {
        match slot {
            Slot::Mono(i) => self.mono.free.push_back(i),
            Slot::Poly(i) => self.poly.free.push_back(i),
            Slot::Constant(_) => {}
        }
    }
}

/// Who gives a signal: a module by itself, or a bank.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Owner {
    Node(NodeIndex),
    Bank(u32),
}

/// An output's buffer while somebody still has to read it.
#[derive(Clone, Copy)]
pub(super) struct Live {
    pub slot: Slot,
    readers: u32,
}

/// A schedule under way.
#[derive(Default)]
pub(super) struct Draft {
    pub schedule: Schedule,
    pub buffers: Buffers,
    /// How often each output is read.
    pub readers: BTreeMap<(Owner, u8), u32>,
    pub live: BTreeMap<(Owner, u8), Live>,
}

impl Draft {
    pub fn slots(&mut self, slots: &[Slot]) -> Range<u32> {
        let start = self.schedule.slots.len() as u32;
        self.schedule.slots.extend_from_slice(slots);
        start..self.schedule.slots.len() as u32
    }

    /// A buffer of `groups` lane groups with the sum of `sources`.
    pub fn mix(&mut self, sources: &[MixSource], groups: u8) -> Slot {
        let to = self.buffers.acquire(groups, true);
        let start = self.schedule.sources.len() as u32;
        self.schedule.sources.extend_from_slice(sources);
        let sources = start..self.schedule.sources.len() as u32;
        self.schedule.steps.push(Step::Mix { to, sources });
        to
    }

    /// Buffers for the outputs of `owner`, and which of them are read.
    pub fn outputs(&mut self, owner: Owner, count: usize, groups: u8) -> (Vec<Slot>, u64) {
        let ports = 0..count as u8;
        let is_read = |o: &u8| self.readers.contains_key(&(owner, *o));
        let read = ports.clone().filter(is_read).fold(0, |read, o| read | 1u64 << o);
        let outputs = ports.map(|o| self.buffers.acquire(groups, read >> o & 1 == 1)).collect();
        (outputs, read)
    }

    /// After a step: its outputs live as long as somebody reads them; what `into` read may go.
    pub fn settle(&mut self, owner: Owner, outputs: Vec<Slot>, into: &[(&Wire, Option<Owner>)]) {
        for (port, slot) in (0..).zip(outputs) {
            match self.readers.get(&(owner, port)) {
                Some(&readers) => {
                    self.live.insert((owner, port), Live { slot, readers });
                }
                None => self.buffers.release(slot),
            }
        }
        for (wire, from) in into.iter().filter(|(w, _)| w.ring.is_none()) {
            if let (Origin::Port { port, .. }, Some(from)) = (wire.from, *from)
                && let Some(source) = self.live.get_mut(&(from, port))
            {
                source.readers -= 1;
                if source.readers == 0 {
                    self.buffers.release(source.slot);
                    self.live.remove(&(from, port));
                }
            }
        }
    }
}
