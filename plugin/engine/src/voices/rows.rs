//! What the voices have once nothing moves, side by side: so that a chunk need not ask each of them.

use super::voice::{Channel, Moved, Voice};
use super::{MAX_VOICES, Voices};

/// A value for each lane.
pub type Row = [f32; MAX_VOICES];

/// Later than all that moves.
const END: u64 = u64::MAX;

/// What each lane has, or will have when it has arrived.
#[derive(Clone, Copy, Debug)]
pub(super) struct Rows {
    /// By `Moved`; of pitch without the bend.
    moved: [Row; Moved::COUNT],
    bend: Row,
    gate: Row,
    velocity: Row,
    /// Last frame at which a gate reads 0 once.
    pub retriggered: u64,
}

impl Rows {
    /// Those of idle voices.
    pub fn new() -> Self {
        let idle = [0.0; MAX_VOICES];
        let mut rows = Self {
            moved: [idle; Moved::COUNT],
            bend: idle,
            gate: idle,
            velocity: idle,
            retriggered: 0,
        };
        for lane in 0..MAX_VOICES {
            rows.set(lane, &Voice::IDLE, &Channel::INITIAL);
        }
        rows
    }

    /// Notes all that lane `lane` has.
    pub fn set(&mut self, lane: usize, voice: &Voice, channel: &Channel) {
        for moved in Moved::ALL {
            self.set_one(moved, lane, voice, channel);
        }
        self.gate[lane] = if voice.held() { 1.0 } else { 0.0 };
        self.velocity[lane] = voice.velocity;
    }

    /// Notes where `moved` goes on lane `lane`.
    pub fn set_one(&mut self, moved: Moved, lane: usize, voice: &Voice, channel: &Channel) {
        self.moved[moved as usize][lane] = match moved {
            Moved::Pitch => {
                self.bend[lane] = channel.motions.at(Moved::Pitch, END);
                voice.pitch(END)
            }
            Moved::Pressure => voice.pressure_at(channel, END),
            Moved::Timbre => voice.timbre_at(channel, END),
            Moved::Modulation => channel.motions.at(moved, END),
            Moved::Volume => voice.volume_at(channel, END),
            Moved::Pan => voice.pan(END),
        };
    }

    /// Takes over the first `count` lanes of `other`.
    pub fn copy_from(&mut self, other: &Self, count: usize) {
        let Self { moved, bend, gate, velocity, retriggered } = other;
        let copy = |to: &mut Row, from: &Row| to[..count].copy_from_slice(&from[..count]);
        for (to, from) in self.moved.iter_mut().zip(moved) {
            copy(to, from);
        }
        copy(&mut self.bend, bend);
        copy(&mut self.gate, gate);
        copy(&mut self.velocity, velocity);
        self.retriggered = *retriggered;
    }
}

impl Voices {
    /// What each lane has as soon as `moved` rests; of pitch without the bend.
    #[inline(always)]
    #[must_use]
    pub fn rested(&self, moved: Moved) -> &Row {
        &self.rows.moved[moved as usize]
    }

    /// Pitch bend of each lane as soon as pitch rests, -1..=1.
    #[inline(always)]
    #[must_use]
    pub fn bends(&self) -> &Row {
        &self.rows.bend
    }

    /// 1 a lane while its note is held, else 0. A stolen voice's gate falls for one frame, which
    /// `Voice::gate` tells.
    #[inline(always)]
    #[must_use]
    pub fn gates(&self) -> &Row {
        &self.rows.gate
    }

    /// How hard the key of each lane was struck, 0..=1.
    #[inline(always)]
    #[must_use]
    pub fn velocities(&self) -> &Row {
        &self.rows.velocity
    }

    /// False when no gate falls and rises again at `frame` or later.
    #[inline(always)]
    #[must_use]
    pub fn may_retrigger(&self, frame: u64) -> bool {
        self.rows.retriggered >= frame
    }
}
