//! The way to the host from any thread: what it should be asked for, and macros that are to move
//! there.

use std::sync::OnceLock;
use std::sync::atomic::{
    AtomicBool,
    Ordering::{AcqRel, Release},
};

use crossbeam::queue::ArrayQueue;

/// Moves of macros that can wait for the host's next call.
const MOVES: usize = 4096;

/// What a host can be asked for from any thread but the audio thread.
pub trait HostCalls: Send + Sync {
    /// A call on its main thread.
    fn request_callback(&self);
    /// Calls of process(), if it has put the plugin to sleep.
    fn request_process(&self);
    /// A chance to tell it of moved parameters, if it does not process.
    fn request_flush(&self);
}

/// A macro moved by the plugin; the host learns it as a gesture.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Move {
    /// A hand takes hold of it.
    Begin(u8),
    /// It moves to 0..=1.
    To(u8, f32),
    /// The hand lets go.
    End(u8),
}

/// The link between an instance and its host.
pub struct HostLink {
    calls: OnceLock<Box<dyn HostCalls>>,
    moves: ArrayQueue<Move>,
    dirty: AtomicBool,
    renamed: AtomicBool,
}

impl Default for HostLink {
    fn default() -> Self {
        Self {
            calls: OnceLock::new(),
            moves: ArrayQueue::new(MOVES),
            dirty: AtomicBool::new(false),
            renamed: AtomicBool::new(false),
        }
    }
}

impl HostLink {
    /// The host is there.
    pub fn connect(&self, calls: impl HostCalls + 'static) {
        let _ = self.calls.set(Box::new(calls));
    }

    /// Has the host keep calling process(), so that a commit is swapped in.
    pub fn wake(&self) {
        if let Some(calls) = self.calls.get() {
            calls.request_process();
        }
    }

    /// Has the host told that the project has changed, that macros mean something else, or both.
    pub fn announce(&self, dirty: bool, renamed: bool) {
        if dirty {
            self.dirty.store(true, Release);
        }
        if renamed {
            self.renamed.store(true, Release);
        }
        if let Some(calls) = self.calls.get().filter(|_| dirty || renamed) {
            calls.request_callback();
        }
    }

    /// What to tell the host now: (the project has changed, macros mean something else).
    pub fn take_announced(&self) -> (bool, bool) {
        (self.dirty.swap(false, AcqRel), self.renamed.swap(false, AcqRel))
    }

    /// Moves a macro at the host; dropped when thousands of moves wait already.
    pub fn send(&self, step: Move) {
        self.push(step);
        if let Some(calls) = self.calls.get() {
            calls.request_flush();
        }
    }

    /// Moves a macro at the host, as a gesture of its own.
    pub fn turn(&self, index: u8, value: f32) {
        for step in [Move::Begin(index), Move::To(index, value), Move::End(index)] {
            self.send(step);
        }
    }

    /// The same from the DSP thread, whose next block tells the host. Wait-free.
    pub fn push(&self, step: Move) {
        let _ = self.moves.push(step);
    }

    /// The next move for the host. Wait-free.
    pub fn next_move(&self) -> Option<Move> {
        self.moves.pop()
    }

    /// True when a move waits for the host. Wait-free.
    pub fn has_moves(&self) -> bool {
        !self.moves.is_empty()
    }
}
