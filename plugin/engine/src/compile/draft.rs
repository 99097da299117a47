//! A schedule under way: its steps so far, who holds which buffer, and who still has to read it.

use std::collections::BTreeMap;
use std::ops::Range;

use crate::plan::{MixSource, NodeIndex, Origin, Schedule, Step, Wire};
use crate::pool::Slot;
use crate::spec::{Output, Signal, Source, Spec};

/// Most signals of a width that keep a buffer to themselves: one that keeps its value need not be written
/// anew when nobody else writes where it stands.
const GENEROUS: usize = 8;

/// Buffers in use of one width.
#[derive(Default)]
pub(super) struct Colours {
    /// In the order in which they were freed.
    free: Vec<u32>,
    pub made: u32,
    /// Those that are never freed.
    own: Vec<u32>,
}

impl Colours {
    /// A buffer for a signal. One that may `rest` has its own, if it can be; one that moves goes where
    /// another has just been read, which is still in the nearest cache.
    fn acquire(&mut self, rests: bool) -> u32 {
        let own = rests && self.own.len() < GENEROUS;
        let again = if own { None } else { self.free.pop() };
        let buffer = again.unwrap_or_else(|| {
            self.made += 1;
            self.made - 1
        });
        if own {
            self.own.push(buffer);
        }
        buffer
    }

    fn release(&mut self, buffer: u32) {
        if !self.own.contains(&buffer) {
            self.free.push(buffer);
        }
    }
}

#[derive(Default)]
pub(super) struct Buffers {
    pub mono: Colours,
    pub poly: Colours,
}

impl Buffers {
    /// A buffer of `groups` lane groups, for a signal that may `rest`: what is not audio may.
    pub fn acquire(&mut self, groups: u8, rests: bool) -> Slot {
        if groups == 0 {
            Slot::Mono(self.mono.acquire(rests))
        } else {
            Slot::Poly(self.poly.acquire(rests))
        }
    }

    pub fn release(&mut self, slot: Slot) {
        match slot {
            Slot::Mono(i) => self.mono.release(i),
            Slot::Poly(i) => self.poly.release(i),
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
    /// Where it stands in all lanes, for the banks that read it so.
    spread: Option<Slot>,
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

    /// A buffer of `groups` lane groups with the sum of `sources`, for an input for `signal`.
    pub fn mix(&mut self, sources: &[MixSource], groups: u8, signal: Signal) -> Slot {
        let to = self.buffers.acquire(groups, signal != Signal::Audio);
        let start = self.schedule.sources.len() as u32;
        self.schedule.sources.extend_from_slice(sources);
        let sources = start..self.schedule.sources.len() as u32;
        self.schedule.steps.push(Step::Mix { to, sources });
        to
    }

    /// A buffer of one lane group with `lanes` side by side, for an input for `signal`; one for all of
    /// them is in every lane. `Err` where it is gone after the next step, unless it is released; else it
    /// lives as long as what it has been made of.
    pub fn gather(&mut self, lanes: &[Slot], signal: Signal) -> Result<Slot, Slot> {
        let source = match lanes {
            [all] => self.live.iter().find(|(_, live)| live.slot == *all).map(|(key, _)| *key),
            _ => None,
        };
        if let Some(spread) = source.and_then(|key| self.live[&key].spread) {
            return Ok(spread);
        }
        let to = self.buffers.acquire(1, signal != Signal::Audio);
        let lanes = self.slots(lanes);
        self.schedule.steps.push(Step::Gather { to, lanes });
        let Some(live) = source.and_then(|key| self.live.get_mut(&key)) else { return Err(to) };
        live.spread = Some(to);
        Ok(to)
    }

    /// Buffers for the outputs of `owner`, and which of them are read.
    pub fn outputs(&mut self, owner: Owner, spec: &Spec, groups: u8) -> (Vec<Slot>, u64) {
        let is_read = |o: u8| self.readers.contains_key(&(owner, o));
        let ports = (0..).zip(spec.outputs);
        let read = ports.clone().fold(0, |read, (o, _)| read | u64::from(is_read(o)) << o);
        // What runs free never rests; and nothing is written to what nobody reads.
        let free = matches!(spec.source, Source::Free);
        let moves =
            |o: u8, output: &Output| free || read >> o & 1 == 0 || output.signal == Signal::Audio;
        let slots = ports.map(|(o, output)| self.buffers.acquire(groups, !moves(o, output)));
        (slots.collect(), read)
    }

    /// After a step: its outputs live as long as somebody reads them; what `into` read may go.
    pub fn settle(&mut self, owner: Owner, outputs: Vec<Slot>, into: &[(&Wire, Option<Owner>)]) {
        for (port, slot) in (0..).zip(outputs) {
            match self.readers.get(&(owner, port)) {
                Some(&readers) => {
                    self.live.insert((owner, port), Live { slot, readers, spread: None });
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
                    source.spread.into_iter().for_each(|spread| self.buffers.release(spread));
                    self.live.remove(&(from, port));
                }
            }
        }
    }
}
