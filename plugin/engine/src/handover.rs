//! How a standby graph reaches the DSP thread and the old one comes home: one triple buffer, one
//! claim a commit, and a small queue of answers.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, AtomicU8, AtomicU32, AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::Instant;

use crossbeam::queue::ArrayQueue;
use parking_lot::{Condvar, Mutex};

use crate::counters::Counters;
use crate::event::Event;
use crate::graph::{Graph, Turn};
use crate::store::Marks;
use crate::tap::TapRequests;
use crate::world::MACROS;

/// Counts commits of an instance.
pub type Revision = u64;

/// Swaps that can wait for the builder; one publish is in flight at a time.
const SWAPPED_CAPACITY: usize = 16;
/// Swaps that are remembered.
const RECENT_SWAPS: usize = 16;
/// Live events (gates, notes) that can wait for the next block.
const LIVE_CAPACITY: usize = 4096;

/// Who owns a commit's answer.
#[derive(Debug, Default)]
pub(crate) struct Claim(AtomicU8);

impl Claim {
    const OPEN: u8 = 0;
    const TAKEN: u8 = 1;
    const WITHDRAWN: u8 = 2;

    /// The DSP thread takes the graph: the answer will be "swapped".
    pub fn take(&self) -> bool {
        self.win(Self::TAKEN)
    }

    /// The builder takes the commit back: the answer is the builder's to give.
    pub fn withdraw(&self) -> bool {
        self.win(Self::WITHDRAWN)
    }

    fn win(&self, state: u8) -> bool {
        self.0.compare_exchange(Self::OPEN, state, Ordering::AcqRel, Ordering::Acquire).is_ok()
    }
}

/// How a new graph comes in.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Entry {
    /// Kept modules are carried, changed cables ramp.
    #[default]
    Edit,
    /// Nothing is carried; both graphs sound for the crossfade.
    Load,
}

/// What the triple buffer carries: a verified graph on its way in, and graphs on their way home.
#[derive(Default)]
pub(crate) struct Readiness {
    pub revision: Revision,
    /// The revision whose graph must be active, for an edit.
    pub base: Revision,
    /// The setup it was built for.
    pub epoch: u64,
    /// The absolute frame to swap at; none = the next block.
    pub due: Option<u64>,
    pub entry: Entry,
    /// The graph to swap to.
    pub swap: Option<Box<Graph>>,
    /// The graph to swap to when the transition of `swap` is over (`Compiled::bridge`).
    pub then: Option<Box<Graph>>,
    /// Graphs that the DSP thread is done with.
    pub retired: [Option<Box<Graph>>; 4],
    /// Values the commit sets.
    pub turns: Vec<Turn>,
    /// `Marks::count` when `swap` was primed: whatever was turned before, it knows.
    pub primed: u64,
    /// Notes may be played differently than in the graph before.
    pub revoiced: bool,
    /// Macro bindings changed, so bound params may have to move.
    pub rebound: bool,
    pub claim: Arc<Claim>,
}

/// The DSP thread's answer.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Swapped {
    pub revision: Revision,
    /// Absolute frame at which it began to be heard: before `frame` where it came over a bridge.
    pub began: u64,
    /// Absolute frame of the swap.
    pub frame: u64,
    /// ns that the exchange took.
    pub cost_ns: u64,
    /// When it was done.
    pub at: Instant,
}

/// Where in the sound a commit came in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Landing {
    /// The commit.
    pub revision: Revision,
    /// Absolute frame at which it began to be heard.
    pub began: u64,
    /// Absolute frame from which its graph plays: later than `began` where it came over a bridge.
    pub frame: u64,
}

/// What all threads of an instance share. No lock in it is ever taken by the DSP thread in real
/// time; `offline` is for offline rendering only.
pub(crate) struct Shared {
    pub counters: Counters,
    /// Counts setups: graphs of an older one are not swapped in.
    pub epoch: AtomicU64,
    /// Which modules were turned.
    pub marks: Arc<Marks>,
    /// Gates and notes from OSC and the editor.
    pub live: ArrayQueue<Event>,
    pub swapped: ArrayQueue<Swapped>,
    pub taps: TapRequests,
    /// Macro values as bits, for the builder and the editor.
    pub macros: [AtomicU32; MACROS],
    /// Where the DSP thread is.
    pub frame: AtomicU64,
    /// Commits that wait to be built, verified and answered or published.
    pub in_flight: AtomicU64,
    /// The next frame at which a timed commit is due, or `u64::MAX`.
    pub next_due: AtomicU64,
    /// Counts commits that were published or answered.
    pub landings: AtomicU64,
    /// True while the host renders offline.
    pub offline: AtomicBool,
    /// The engine is gone: nobody builds or answers any more, and nobody must wait for that.
    pub closed: AtomicBool,
    pub waiting: Mutex<Waiting>,
    pub waiting_changed: Condvar,
    /// The last swaps, oldest first.
    pub recent: Mutex<VecDeque<Landing>>,
    /// Called when the document or what plays has changed; never by the DSP thread.
    pub watcher: OnceLock<Watcher>,
}

/// See `Engine::watch`.
pub(crate) type Watcher = Box<dyn Fn() + Send + Sync>;

/// Offline only: how far the DSP thread has come, and what it waits for.
#[derive(Debug, Default)]
pub(crate) struct Waiting {
    /// Timed commits up to this frame may be primed and published.
    pub reached: u64,
}

impl Default for Shared {
    fn default() -> Self {
        Self {
            counters: Counters::default(),
            epoch: AtomicU64::new(0),
            marks: Arc::default(),
            live: ArrayQueue::new(LIVE_CAPACITY),
            swapped: ArrayQueue::new(SWAPPED_CAPACITY),
            taps: TapRequests::default(),
            macros: [const { AtomicU32::new(0) }; MACROS],
            frame: AtomicU64::new(0),
            in_flight: AtomicU64::new(0),
            next_due: AtomicU64::new(u64::MAX),
            landings: AtomicU64::new(0),
            offline: AtomicBool::new(false),
            closed: AtomicBool::new(false),
            waiting: Mutex::default(),
            waiting_changed: Condvar::new(),
            recent: Mutex::default(),
            watcher: OnceLock::new(),
        }
    }
}

impl Shared {
    /// The document or what plays has changed.
    pub fn changed(&self) {
        if let Some(watcher) = self.watcher.get() {
            watcher();
        }
    }

    /// The engine is gone.
    pub fn close(&self) {
        self.closed.store(true, Ordering::Release);
        let _waiting = self.waiting.lock();
        self.waiting_changed.notify_all();
    }

    /// A commit was swapped in.
    pub fn remember(&self, swapped: &Swapped) {
        let Swapped { revision, began, frame, .. } = *swapped;
        let mut recent = self.recent.lock();
        if recent.len() == RECENT_SWAPS {
            recent.pop_front();
        }
        recent.push_back(Landing { revision, began, frame });
    }

    /// A commit is published or answered; `counted` when it is one of `in_flight`.
    pub fn landed(&self, counted: bool) {
        if counted {
            self.in_flight.fetch_sub(1, Ordering::AcqRel);
        }
        self.landings.fetch_add(1, Ordering::AcqRel);
        let _waiting = self.waiting.lock();
        self.waiting_changed.notify_all();
    }
}
