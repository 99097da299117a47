//! One voice: its note, its expressions, and the controllers of its channel.

use crate::ramp::{Motion, Ramp};

/// What identifies a note for the host. Fields of -1 match anything.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NoteMatch {
    /// The host's id of the note.
    pub id: i32,
    /// MIDI channel 0..16.
    pub channel: i16,
    /// Key 0..128.
    pub key: i16,
}

impl NoteMatch {
    /// The note of `key` on `channel`.
    #[must_use]
    pub fn key(channel: u8, key: u8) -> Self {
        Self { id: -1, channel: i16::from(channel), key: i16::from(key) }
    }

    pub(super) fn covers(self, voice: &Voice) -> bool {
        (self.id < 0 || voice.id < 0 || self.id == voice.id)
            && (self.channel < 0 || self.channel == i16::from(voice.channel))
            && (self.key < 0 || self.key == i16::from(voice.key))
    }
}

/// What a note expression or controller moves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Expression {
    /// Loudness, 1 = as it is (CLAP volume up to 4, MIDI CC 11 up to 1).
    Volume,
    /// Position -1..=1.
    Pan,
    /// Octaves added to the note's pitch.
    Tuning,
    /// Pressure 0..=1.
    Pressure,
    /// Timbre (MPE's third dimension, CC 74) 0..=1.
    Timbre,
}

/// What of a voice takes its time to a new value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Moved {
    /// Glide, pitch bend and tuning expression.
    Pitch,
    /// Pressure of key and channel.
    Pressure,
    /// Timbre of note and channel.
    Timbre,
    /// Modulation wheel.
    Modulation,
    /// Volume of note and channel.
    Volume,
    /// Position.
    Pan,
}

impl Moved {
    pub(super) const ALL: [Self; 6] =
        [Self::Pitch, Self::Pressure, Self::Timbre, Self::Modulation, Self::Volume, Self::Pan];
    pub(super) const COUNT: usize = Self::ALL.len();

    /// What `expression` moves.
    pub(super) fn by_expression(expression: Expression) -> Self {
        match expression {
            Expression::Volume => Self::Volume,
            Expression::Pan => Self::Pan,
            Expression::Tuning => Self::Pitch,
            Expression::Pressure => Self::Pressure,
            Expression::Timbre => Self::Timbre,
        }
    }
}

/// What a MIDI controller does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Control {
    /// It moves something.
    Moves(Moved),
    /// It is the sustain pedal.
    Pedal,
    /// It lifts every key.
    AllOff,
    /// Nothing here.
    Nothing,
}

impl Control {
    /// What controller `number` does.
    pub fn of(number: u8) -> Self {
        match number {
            1 => Self::Moves(Moved::Modulation),
            11 => Self::Moves(Moved::Volume),
            74 => Self::Moves(Moved::Timbre),
            64 => Self::Pedal,
            120 | 123 => Self::AllOff,
            _ => Self::Nothing,
        }
    }
}

/// Where each of `Moved` is: of a voice by its expressions, of a channel by its controllers.
#[derive(Clone, Copy, Debug)]
pub(super) struct Motions([Motion; Moved::COUNT]);

impl Motions {
    /// Nothing is moved: volumes are 1, all else is 0.
    const INITIAL: Self = {
        let mut motions = [Motion::constant(0.0); Moved::COUNT];
        motions[Moved::Volume as usize] = Motion::constant(1.0);
        Self(motions)
    };

    /// The value of `moved` at the absolute frame `frame`.
    #[inline(always)]
    pub fn at(&self, moved: Moved, frame: u64) -> f32 {
        self.0[moved as usize].at(frame)
    }

    /// True when a motion of `moved` may be begun ahead of its time at `frame`.
    pub fn begun(&self, moved: Moved, frame: u64) -> bool {
        self.0[moved as usize].begun(frame)
    }

    /// Turns `moved` towards `value` at `frame`, arriving `frames` later.
    pub fn turn(&mut self, moved: Moved, value: f32, frame: u64, frames: u64) {
        let motion = &mut self.0[moved as usize];
        *motion = motion.toward(value, frame, frames);
    }
}

/// Where a voice is in its life.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Stage {
    /// Nothing sounds.
    Idle,
    /// Its key is down, or the pedal holds it.
    Held,
    /// Its key is up; it may still sound.
    Released,
}

/// One lane's note.
#[derive(Clone, Copy, Debug)]
pub struct Voice {
    pub(super) stage: Stage,
    pub(super) id: i32,
    pub(super) channel: u8,
    pub(super) key: u8,
    /// Held by the sustain pedal only.
    pub(super) pedal: bool,
    /// Frame at which the gate reads 0 once, so that a stolen voice retriggers.
    pub(super) retrigger: u64,
    pub(super) serial: u64,
    pub(super) quiet: u32,
    pub(super) velocity: f32,
    pub(super) pitch: Ramp,
    /// Its expressions; of pitch the tuning.
    pub(super) motions: Motions,
}

impl Voice {
    pub(super) const IDLE: Self = Self {
        stage: Stage::Idle,
        id: -1,
        channel: 0,
        key: 69,
        pedal: false,
        retrigger: u64::MAX,
        serial: 0,
        quiet: 0,
        velocity: 0.0,
        pitch: Ramp::constant(0.0),
        motions: Motions::INITIAL,
    };

    /// 1 while the note is held, else 0.
    #[inline(always)]
    #[must_use]
    pub fn gate(&self, frame: u64) -> f32 {
        if self.stage == Stage::Held && frame != self.retrigger { 1.0 } else { 0.0 }
    }

    /// Octaves from A4, glide and tuning expression in it, pitch bend not.
    #[inline(always)]
    #[must_use]
    pub fn pitch(&self, frame: u64) -> f32 {
        self.pitch.at(frame) + self.motions.at(Moved::Pitch, frame)
    }

    /// How hard the key was struck, 0..=1.
    #[inline(always)]
    #[must_use]
    pub fn velocity(&self) -> f32 {
        self.velocity
    }

    /// Its pressure or its channel's, whichever is more.
    #[inline(always)]
    pub(super) fn pressure_at(&self, channel: &Channel, frame: u64) -> f32 {
        self.motions.at(Moved::Pressure, frame).max(channel.motions.at(Moved::Pressure, frame))
    }

    /// Its timbre or its channel's, whichever is more.
    #[inline(always)]
    pub(super) fn timbre_at(&self, channel: &Channel, frame: u64) -> f32 {
        self.motions.at(Moved::Timbre, frame).max(channel.motions.at(Moved::Timbre, frame))
    }

    /// Its volume, its channel's in it.
    #[inline(always)]
    pub(super) fn volume_at(&self, channel: &Channel, frame: u64) -> f32 {
        self.motions.at(Moved::Volume, frame) * channel.motions.at(Moved::Volume, frame)
    }

    /// Position expression -1..=1.
    #[inline(always)]
    #[must_use]
    pub fn pan(&self, frame: u64) -> f32 {
        self.motions.at(Moved::Pan, frame)
    }

    /// MIDI channel of the note.
    #[must_use]
    pub fn channel(&self) -> u8 {
        self.channel
    }

    /// True while its key (or the pedal) is down.
    #[must_use]
    pub fn held(&self) -> bool {
        self.stage == Stage::Held
    }
}

/// Controllers of a MIDI channel.
#[derive(Clone, Copy, Debug)]
pub(super) struct Channel {
    /// Its controllers; of pitch the bend.
    pub(super) motions: Motions,
    pub(super) pedal: bool,
}

impl Channel {
    pub(super) const INITIAL: Self = Self { motions: Motions::INITIAL, pedal: false };
}
