//! Taps: the editor's scopes and meters on outputs. The executor looks at a tapped output right
//! after its step, because the buffer is used again; it keeps min/max pairs of the newest voice.

use std::sync::atomic::{AtomicU64, Ordering};

use crate::lanes::LANES;
use crate::plan::{NodeIndex, Plan};
use crate::pool::Buffer;

/// Most outputs looked at at once.
pub const MAX_TAPS: usize = 64;
/// Frames that one min/max pair stands for.
pub const TAP_FRAMES: usize = 16;
/// Most pairs of a tap in one telemetry.
pub const TAP_PAIRS: usize = 64;

/// Lowest and highest value of `TAP_FRAMES` frames.
pub type Extremes = [f32; 2];

const NO_TAP: u8 = u8::MAX;
const EMPTY: Extremes = [f32::INFINITY, f32::NEG_INFINITY];

/// Which outputs the editor wants to see. Written by the editor, read by the DSP thread.
#[derive(Debug)]
pub struct TapRequests {
    changes: AtomicU64,
    wanted: [AtomicU64; MAX_TAPS],
}

impl Default for TapRequests {
    fn default() -> Self {
        Self { changes: AtomicU64::new(0), wanted: [const { AtomicU64::new(0) }; MAX_TAPS] }
    }
}

impl TapRequests {
    /// Looks at `outputs`, (module key, output position) each; those beyond `MAX_TAPS` are left
    /// out. An empty list costs the DSP thread nothing.
    pub fn set(&self, outputs: &[(u32, u8)]) {
        for (t, wanted) in self.wanted.iter().enumerate() {
            let packed = outputs
                .get(t)
                .map_or(0, |&(key, port)| u64::from(key) << 16 | u64::from(port) << 1 | 1);
            wanted.store(packed, Ordering::Relaxed);
        }
        self.changes.fetch_add(1, Ordering::Release);
    }

    pub(crate) fn changes(&self) -> u64 {
        self.changes.load(Ordering::Acquire)
    }

    fn get(&self, tap: usize) -> Option<(u32, u8)> {
        let packed = self.wanted[tap].load(Ordering::Relaxed);
        (packed & 1 == 1).then_some(((packed >> 16) as u32, (packed >> 1) as u8))
    }
}

/// Where one tap looks.
#[derive(Clone, Copy, Debug)]
struct Place {
    output: u8,
    /// Next tap on the same node.
    next: u8,
}

/// What one tap has seen since the last telemetry.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Tap {
    pub pairs: [Extremes; TAP_PAIRS],
    pub count: u8,
    open: Extremes,
    open_frames: u8,
}

impl Tap {
    const IDLE: Self = Self { pairs: [[0.0; 2]; TAP_PAIRS], count: 0, open: EMPTY, open_frames: 0 };

    fn see(&mut self, x: f32) {
        self.open = [self.open[0].min(x), self.open[1].max(x)];
        self.open_frames += 1;
        if usize::from(self.open_frames) == TAP_FRAMES {
            if usize::from(self.count) < TAP_PAIRS {
                self.pairs[usize::from(self.count)] = self.open;
                self.count += 1;
            }
            self.open = EMPTY;
            self.open_frames = 0;
        }
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

/// The taps of a graph.
pub(crate) struct Taps {
    /// What was seen: goes on from graph to graph.
    taps: Box<[Tap; MAX_TAPS]>,
    /// Where the taps are in this graph.
    places: [Place; MAX_TAPS],
    /// First tap of each node.
    first: Box<[u8]>,
    active: bool,
    /// `TapRequests::changes` when the places were looked for.
    pub resolved: u64,
    pub newest_lane: usize,
}

impl Taps {
    pub fn new(nodes: usize) -> Self {
        Self {
            taps: Box::new([Tap::IDLE; MAX_TAPS]),
            places: [Place { output: 0, next: NO_TAP }; MAX_TAPS],
            first: vec![NO_TAP; nodes].into(),
            active: false,
            resolved: 0,
            newest_lane: 0,
        }
    }

    /// Looks for the requested outputs in `plan`. No allocation.
    pub fn resolve(&mut self, plan: &Plan, requests: &TapRequests) {
        // Asked before looking: what changes in between is looked for again.
        self.resolved = requests.changes();
        if self.active {
            self.first.fill(NO_TAP);
        }
        self.active = false;
        for t in 0..MAX_TAPS {
            let Some((module, output)) = requests.get(t) else { continue };
            let at = plan.nodes.partition_point(|n| n.key.module < module);
            let here = plan.nodes[at..].iter().take_while(|n| n.key.module == module);
            let Some(offset) = here
                .take(2)
                .position(|n| n.role.stays() && usize::from(output) < n.spec.outputs.len())
            else {
                continue;
            };
            self.places[t] = Place { output, next: self.first[at + offset] };
            self.first[at + offset] = t as u8;
            self.active = true;
        }
    }

    /// Goes on where the taps of the graph before stopped.
    pub fn continue_from(&mut self, old: &mut Self) {
        if old.active {
            std::mem::swap(&mut self.taps, &mut old.taps);
        }
    }

    /// True while any output is looked at.
    pub fn active(&self) -> bool {
        self.active
    }

    /// Bit o: output o of `node` is looked at.
    #[inline(always)]
    pub fn of(&self, node: NodeIndex) -> u64 {
        let mut read = 0;
        if self.active {
            let mut t = self.first[node as usize];
            while let Some(place) = self.places.get(usize::from(t)) {
                read |= 1 << place.output;
                t = place.next;
            }
        }
        read
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
        if self.active && self.first[node as usize] != NO_TAP {
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
    pub fn ran_lane(&mut self, node: NodeIndex, lane: usize, frames: usize, outputs: &[Buffer]) {
        self.look(node, Signal::Lane(lane), frames, outputs);
    }

    fn look(&mut self, node: NodeIndex, signal: Signal, frames: usize, outputs: &[Buffer]) {
        let mut t = self.first[node as usize];
        while let Some(tap) = self.taps.get_mut(usize::from(t)) {
            let place = self.places[usize::from(t)];
            let output = usize::from(place.output);
            match signal {
                Signal::Mono => {
                    outputs[output].read::<1>(0, frames).iter().for_each(|x| tap.see(x[0]));
                }
                Signal::Lane(lane) => {
                    let group = outputs[output].read::<LANES>(lane / LANES, frames);
                    group.iter().for_each(|x| tap.see(x[lane % LANES]));
                }
                Signal::Silent => (0..frames).for_each(|_| tap.see(0.0)),
            }
            t = place.next;
        }
    }

    /// Tap `t`, to be emptied after reading.
    pub fn tap(&mut self, t: usize) -> &mut Tap {
        &mut self.taps[t]
    }
}
