//! What the editor wants to see of the DSP thread: written by the one, read by the other.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use super::{MAX_SCOPES, TAPS};

/// An output: the module's key, and the position of the output.
pub type Tapped = (u32, u8);

/// Sound after which all is let go that nobody keeps.
pub const PATIENCE_SECONDS: f64 = 20.0;
/// In place of the frame: the choice is newer than any look at it.
const JUST_SET: u64 = u64::MAX;

/// Which outputs the editor wants to see. Written by the editor, read by the DSP thread. There is one
/// choice for an engine: who sets it last decides for all who look.
#[derive(Debug)]
pub struct TapRequests {
    changes: AtomicU64,
    wanted: [AtomicU64; TAPS],
    /// The load of each module is to be measured.
    loads: AtomicBool,
    /// Absolute frame at which somebody last said that it still looks.
    kept: AtomicU64,
}

impl Default for TapRequests {
    fn default() -> Self {
        Self {
            changes: AtomicU64::new(0),
            wanted: [const { AtomicU64::new(0) }; TAPS],
            loads: AtomicBool::new(false),
            kept: AtomicU64::new(0),
        }
    }
}

impl TapRequests {
    /// Looks at all of `scopes` and glances at `levels`; those beyond `MAX_SCOPES` and `MAX_LEVELS`
    /// are left out. Two empty lists cost the DSP thread nothing.
    pub fn set(&self, scopes: &[Tapped], levels: &[Tapped]) {
        for (t, wanted) in self.wanted.iter().enumerate() {
            let tapped = match t.checked_sub(MAX_SCOPES) {
                None => scopes.get(t),
                Some(level) => levels.get(level),
            };
            wanted.store(tapped.map_or(0, |&tapped| pack(tapped)), Ordering::Relaxed);
        }
        self.kept.store(JUST_SET, Ordering::Relaxed);
        self.changes.fetch_add(1, Ordering::Release);
    }

    /// Has the load of each module measured ([`Engine::module_loads`](crate::Engine::module_loads)),
    /// or no longer.
    pub fn set_loads(&self, wanted: bool) {
        self.loads.store(wanted, Ordering::Relaxed);
        self.kept.store(JUST_SET, Ordering::Relaxed);
        self.changes.fetch_add(1, Ordering::Release);
    }

    /// True while the load of each module is measured.
    #[must_use]
    pub fn loads(&self) -> bool {
        self.loads.load(Ordering::Relaxed)
    }

    /// What tap `t` is to look at, packed.
    pub(super) fn packed(&self, t: usize) -> u64 {
        self.wanted[t].load(Ordering::Relaxed)
    }

    /// How many outputs are looked at, and how many glanced at.
    #[must_use]
    pub fn wanted(&self) -> (usize, usize) {
        let count = |wanted: &[AtomicU64]| {
            wanted.iter().filter(|wanted| wanted.load(Ordering::Relaxed) != 0).count()
        };
        (count(&self.wanted[..MAX_SCOPES]), count(&self.wanted[MAX_SCOPES..]))
    }

    /// Grows whenever the choice changes: who has set it can tell whether it still holds.
    #[must_use]
    pub fn changes(&self) -> u64 {
        self.changes.load(Ordering::Acquire)
    }

    /// Somebody still looks, at absolute frame `frame`: without that for `PATIENCE_SECONDS` of sound
    /// all taps are let go, lest a window that died costs anything.
    pub fn keep(&self, frame: u64) {
        self.kept.store(frame, Ordering::Relaxed);
    }

    /// Lets all taps go where nobody has looked for long. Realtime.
    pub(crate) fn expire(&self, frame: u64, sample_rate: f64) {
        let kept = self.kept.load(Ordering::Relaxed);
        if kept == JUST_SET {
            self.keep(frame);
        } else if frame.saturating_sub(kept) as f64 > PATIENCE_SECONDS * sample_rate {
            self.set(&[], &[]);
            self.set_loads(false);
        }
    }
}

/// An output as a number, 0 being none.
fn pack((key, output): Tapped) -> u64 {
    u64::from(key) << 16 | u64::from(output) << 1 | 1
}

pub(super) fn unpack(packed: u64) -> Option<Tapped> {
    (packed & 1 == 1).then_some(((packed >> 16) as u32, (packed >> 1) as u8))
}
