//! Taps: the editor's scopes and meters on outputs. The executor looks at a tapped output right
//! after its step, because the buffer is used again; it sees the newest voice.
//!
//! A scope sees every frame, as the lowest and highest of each `TAP_FRAMES`. A level only glances: at
//! a few frames of every `GLANCE_BLOCKS` blocks, each tap in its own block. So a window full of
//! levels costs next to nothing, while the few scopes in it miss nothing.

mod request;
mod view;

use self::request::unpack;
pub use self::request::{PATIENCE_SECONDS, TapRequests, Tapped};
pub use self::view::{LevelView, ScopeView};
use crate::lanes::LANES;
use crate::module::BLOCK;
use crate::plan::{NodeIndex, Plan};
use crate::pool::Buffer;

/// Most outputs seen whole at once.
pub const MAX_SCOPES: usize = 16;
/// Most outputs glanced at.
pub const MAX_LEVELS: usize = 64;
/// Frames that one min/max pair of a scope stands for.
pub const TAP_FRAMES: usize = 16;
/// Most frames that a glance takes in.
const GLANCE_FRAMES: usize = 8;
/// Pairs of a scope in one telemetry: the newest, whether an earlier telemetry had them or not.
pub const TAP_PAIRS: usize = 256;
/// Blocks from one glance at an output to the next.
pub const GLANCE_BLOCKS: usize = 60;

/// Lowest and highest value of some frames.
pub type Extremes = [f32; 2];

const TAPS: usize = MAX_SCOPES + MAX_LEVELS;
const NOWHERE: NodeIndex = NodeIndex::MAX;
const EMPTY: Extremes = [f32::INFINITY, f32::NEG_INFINITY];
/// Marks a node that a scope is on, beside the blocks in which it is glanced at.
const SCOPED: u64 = 1 << GLANCE_BLOCKS;

/// Where one tap looks.
#[derive(Clone, Copy, Debug)]
struct Place {
    node: NodeIndex,
    output: u8,
    /// What was asked for, packed.
    wanted: u64,
}

/// What a scope has seen.
#[derive(Clone, Copy, Debug)]
struct Scope {
    /// Of which output, packed.
    of: u64,
    /// The newest pairs: pair n at n modulo `TAP_PAIRS`.
    pairs: [Extremes; TAP_PAIRS],
    /// How many there have been.
    total: u64,
    open: Extremes,
    open_frames: usize,
}

impl Scope {
    const IDLE: Self =
        Self { of: 0, pairs: [[0.0; 2]; TAP_PAIRS], total: 0, open: EMPTY, open_frames: 0 };

    #[inline(always)]
    fn see<const L: usize>(&mut self, rows: &[[f32; L]], lane: usize) {
        let mut rest = rows;
        while !rest.is_empty() {
            let (now, later) = rest.split_at(rest.len().min(TAP_FRAMES - self.open_frames));
            self.open = widened_by::<L, TAP_FRAMES>(self.open, now, lane);
            self.open_frames += now.len();
            rest = later;
            if self.open_frames == TAP_FRAMES {
                self.pairs[self.total as usize % TAP_PAIRS] = self.open;
                self.total += 1;
                (self.open, self.open_frames) = (EMPTY, 0);
            }
        }
    }
}

/// What glances at an output have seen since they were shown last.
#[derive(Clone, Copy, Debug)]
struct Level {
    of: u64,
    seen: Extremes,
    /// How many glances there have been.
    total: u64,
}

/// `seen` and what lane `lane` of `rows` holds.
#[inline(always)]
fn widened<const L: usize>(seen: Extremes, rows: &[[f32; L]], lane: usize) -> Extremes {
    let ([mut low, mut high], lane) = (seen, lane % L);
    for row in rows {
        let x = row[lane];
        // In this order each is one instruction, with the value out of memory.
        low = if low < x { low } else { x };
        high = if high > x { high } else { x };
    }
    [low, high]
}

/// The same; of `N` rows, as there mostly are, without a loop.
#[inline(always)]
fn widened_by<const L: usize, const N: usize>(
    seen: Extremes,
    rows: &[[f32; L]],
    lane: usize,
) -> Extremes {
    match rows.first_chunk::<N>() {
        Some(rows_of_n) if rows.len() == N => widened(seen, rows_of_n, lane),
        _ => widened(seen, rows, lane),
    }
}

/// What of a buffer is looked at.
#[derive(Clone, Copy)]
enum Signal {
    Mono,
    /// One lane, of whichever group it is in.
    Lane(usize),
    /// Nothing has been written there.
    Silent,
}

/// What all taps have seen: goes on from graph to graph.
struct Seen {
    scopes: [Scope; MAX_SCOPES],
    levels: [Level; MAX_LEVELS],
}

impl Seen {
    fn of(&mut self, t: usize) -> &mut u64 {
        match t.checked_sub(MAX_SCOPES) {
            None => &mut self.scopes[t].of,
            Some(level) => &mut self.levels[level].of,
        }
    }

    /// Begins anew with what tap `t` has to look at, unless it goes on with the same.
    fn settle(&mut self, t: usize, wanted: u64) {
        if *self.of(t) == wanted {
            return;
        }
        *self.of(t) = wanted;
        match t.checked_sub(MAX_SCOPES) {
            None => {
                let scope = &mut self.scopes[t];
                (scope.total, scope.open, scope.open_frames) = (0, EMPTY, 0);
            }
            Some(level) => {
                let level = &mut self.levels[level];
                (level.total, level.seen) = (0, EMPTY);
            }
        }
    }
}

/// The taps of a graph.
pub(crate) struct Taps {
    seen: Box<Seen>,
    /// Where the taps are in this graph.
    places: [Place; TAPS],
    /// By node: bit b, it is glanced at in blocks b, b + `GLANCE_BLOCKS`, …; or `SCOPED`.
    marks: Box<[u64]>,
    /// The same by bank, of all who run in it.
    bank_marks: Box<[u64]>,
    /// Some output is looked at.
    scoping: bool,
    /// Some output is looked or glanced at.
    active: bool,
    /// The load of each module is measured.
    loads: bool,
    /// The marks that count in the chunk that is rendered.
    due: u64,
    /// Position of its block among `GLANCE_BLOCKS`.
    block: usize,
    /// `TapRequests::changes` when the places were looked for.
    pub resolved: u64,
    pub newest_lane: usize,
}

impl Taps {
    pub fn new(plan: &Plan) -> Self {
        let level = Level { of: 0, seen: EMPTY, total: 0 };
        Self {
            seen: Box::new(Seen { scopes: [Scope::IDLE; MAX_SCOPES], levels: [level; MAX_LEVELS] }),
            places: [Place { node: NOWHERE, output: 0, wanted: 0 }; TAPS],
            marks: vec![0; plan.nodes.len()].into(),
            bank_marks: vec![0; plan.banks.len()].into(),
            scoping: false,
            active: false,
            loads: false,
            due: 0,
            block: 0,
            resolved: 0,
            newest_lane: 0,
        }
    }

    /// Looks for the requested outputs in `plan`. No allocation.
    pub fn resolve(&mut self, plan: &Plan, requests: &TapRequests) {
        // Asked before looking: what changes in between is looked for again.
        self.resolved = requests.changes();
        if self.active {
            self.marks.fill(0);
            self.bank_marks.fill(0);
        }
        (self.active, self.scoping, self.due) = (false, false, 0);
        self.loads = requests.loads();
        for t in 0..TAPS {
            let wanted = requests.packed(t);
            self.places[t] = Place { node: NOWHERE, output: 0, wanted };
            self.seen.settle(t, wanted);
            let Some((module, output)) = unpack(wanted) else { continue };
            let at = plan.nodes.partition_point(|n| n.key.module < module);
            let here = plan.nodes[at..].iter().take_while(|n| n.key.module == module);
            let Some(offset) = here
                .take(2)
                .position(|n| n.role.stays() && usize::from(output) < n.spec.outputs.len())
            else {
                continue;
            };
            let node = at + offset;
            (self.places[t].node, self.places[t].output) = (node as NodeIndex, output);
            let mark = match t.checked_sub(MAX_SCOPES) {
                None => SCOPED,
                Some(level) => 1 << (level % GLANCE_BLOCKS),
            };
            self.marks[node] |= mark;
            if let Some(place) = plan.nodes[node].place {
                self.bank_marks[place.bank as usize] |= mark;
            }
            self.active = true;
            self.scoping |= mark == SCOPED;
        }
    }

    /// Goes on where the taps of the graph before stopped.
    pub fn continue_from(&mut self, old: &mut Self) {
        if old.active {
            std::mem::swap(&mut self.seen, &mut old.seen);
            for (t, place) in self.places.iter().enumerate() {
                self.seen.settle(t, place.wanted);
            }
        }
    }

    /// True while any output is looked or glanced at.
    pub fn active(&self) -> bool {
        self.active
    }

    /// True while the load of each module is measured.
    #[inline(always)]
    pub fn loads(&self) -> bool {
        self.loads
    }

    /// True while any output is looked at: every frame of it has to be there.
    pub fn scoping(&self) -> bool {
        self.scoping
    }

    /// A chunk begins at absolute frame `start`.
    #[inline(always)]
    pub fn begin(&mut self, start: u64) {
        if self.active {
            self.block = (start / BLOCK as u64) as usize % GLANCE_BLOCKS;
            self.due = SCOPED | 1 << self.block;
        }
    }

    /// True when somebody of `bank` is looked at in this chunk.
    #[inline(always)]
    pub fn looks_at_bank(&self, bank: u32) -> bool {
        self.due != 0 && self.bank_marks[bank as usize] & self.due != 0
    }

    /// True when an output of `node` is looked at in this chunk.
    #[inline(always)]
    pub fn looks_at(&self, node: NodeIndex) -> bool {
        self.due != 0 && self.marks[node as usize] & self.due != 0
    }

    /// Bit o: output o of `node` is looked at in this chunk.
    pub fn of(&self, node: NodeIndex) -> u64 {
        let mut outputs = 0;
        let mut see = |place: &Place| {
            outputs |= if place.node == node { 1 << place.output } else { 0 };
        };
        if self.marks[node as usize] & SCOPED != 0 {
            self.places[..MAX_SCOPES].iter().for_each(&mut see);
        }
        let mut at = MAX_SCOPES + self.block;
        while let Some(place) = self.places.get(at) {
            see(place);
            at += GLANCE_BLOCKS;
        }
        outputs
    }

    /// Looks at the outputs of a node of `groups` lane groups that has just run, as far as they
    /// sound: bit g of `sounding` for group g.
    #[inline(always)]
    pub fn ran(
        &mut self,
        node: NodeIndex,
        groups: u8,
        sounding: u8,
        frames: usize,
        outputs: &[Buffer],
    ) {
        if self.looks_at(node) {
            let lane = self.newest_lane.min(usize::from(groups.max(1)) * LANES - 1);
            let signal = match groups {
                0 => Signal::Mono,
                _ if sounding >> (lane / LANES) & 1 == 1 => Signal::Lane(lane),
                _ => Signal::Silent,
            };
            self.look(node, signal, frames, outputs);
        }
    }

    /// The same of a node that runs in lane `lane` of a bank.
    #[inline(always)]
    pub fn ran_lane(&mut self, node: NodeIndex, lane: usize, frames: usize, outputs: &[Buffer]) {
        if self.looks_at(node) {
            self.look(node, Signal::Lane(lane), frames, outputs);
        }
    }

    fn look(&mut self, node: NodeIndex, signal: Signal, frames: usize, outputs: &[Buffer]) {
        let seen = &mut *self.seen;
        if self.marks[node as usize] & SCOPED != 0 {
            for (place, scope) in self.places.iter().zip(&mut seen.scopes) {
                if place.node == node {
                    let output = usize::from(place.output);
                    match signal {
                        Signal::Mono => scope.see(outputs[output].read::<1>(0, frames), 0),
                        Signal::Lane(lane) => {
                            scope.see(outputs[output].read::<LANES>(lane / LANES, frames), lane);
                        }
                        Signal::Silent => scope.see(&[[0.0]; BLOCK][..frames.min(BLOCK)], 0),
                    }
                }
            }
        }
        let frames = frames.min(GLANCE_FRAMES);
        let mut t = self.block;
        while let Some(level) = seen.levels.get_mut(t) {
            let place = self.places[MAX_SCOPES + t];
            if place.node == node {
                let output = usize::from(place.output);
                level.seen = match signal {
                    Signal::Mono => {
                        let rows = outputs[output].read::<1>(0, frames);
                        widened_by::<1, GLANCE_FRAMES>(level.seen, rows, 0)
                    }
                    Signal::Lane(lane) => {
                        let rows = outputs[output].read::<LANES>(lane / LANES, frames);
                        widened_by::<LANES, GLANCE_FRAMES>(level.seen, rows, lane)
                    }
                    Signal::Silent => widened(level.seen, &[[0.0]], 0),
                };
                level.total += 1;
            }
            t += GLANCE_BLOCKS;
        }
    }

    /// Shows what was seen. No allocation.
    pub fn show(&mut self, scopes: &mut [ScopeView], levels: &mut [LevelView]) {
        for (view, scope) in scopes.iter_mut().zip(&self.seen.scopes) {
            (view.of, view.total) = (scope.of, scope.total);
            if scope.of != 0 {
                view.pairs = scope.pairs;
            }
        }
        for (view, level) in levels.iter_mut().zip(&mut self.seen.levels) {
            (view.of, view.total, view.seen) = (level.of, level.total, level.seen);
            level.seen = EMPTY;
        }
    }
}
