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
    pub(super) tuning: Motion,
    pub(super) volume: Motion,
    pub(super) pan: Motion,
    pub(super) pressure: Motion,
    pub(super) timbre: Motion,
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
        tuning: Motion::constant(0.0),
        volume: Motion::constant(1.0),
        pan: Motion::constant(0.0),
        pressure: Motion::constant(0.0),
        timbre: Motion::constant(0.0),
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
        self.pitch.at(frame) + self.tuning.at(frame)
    }

    /// How hard the key was struck, 0..=1.
    #[inline(always)]
    #[must_use]
    pub fn velocity(&self) -> f32 {
        self.velocity
    }

    pub(super) fn motion(&self, expression: Expression) -> &Motion {
        match expression {
            Expression::Volume => &self.volume,
            Expression::Pan => &self.pan,
            Expression::Tuning => &self.tuning,
            Expression::Pressure => &self.pressure,
            Expression::Timbre => &self.timbre,
        }
    }

    pub(super) fn motion_mut(&mut self, expression: Expression) -> &mut Motion {
        match expression {
            Expression::Volume => &mut self.volume,
            Expression::Pan => &mut self.pan,
            Expression::Tuning => &mut self.tuning,
            Expression::Pressure => &mut self.pressure,
            Expression::Timbre => &mut self.timbre,
        }
    }

    /// Its pressure or its channel's, whichever is more.
    #[inline(always)]
    pub(super) fn pressure_at(&self, channel: &Channel, frame: u64) -> f32 {
        self.pressure.at(frame).max(channel.pressure.at(frame))
    }

    /// Its timbre or its channel's, whichever is more.
    #[inline(always)]
    pub(super) fn timbre_at(&self, channel: &Channel, frame: u64) -> f32 {
        self.timbre.at(frame).max(channel.timbre.at(frame))
    }

    /// Its volume, its channel's in it.
    #[inline(always)]
    pub(super) fn volume_at(&self, channel: &Channel, frame: u64) -> f32 {
        self.volume.at(frame) * channel.volume.at(frame)
    }

    /// Position expression -1..=1.
    #[inline(always)]
    #[must_use]
    pub fn pan(&self, frame: u64) -> f32 {
        self.pan.at(frame)
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
    pub(super) bend: Motion,
    pub(super) pressure: Motion,
    pub(super) timbre: Motion,
    pub(super) modulation: Motion,
    pub(super) volume: Motion,
    pub(super) pedal: bool,
}

impl Channel {
    pub(super) const INITIAL: Self = Self {
        bend: Motion::constant(0.0),
        pressure: Motion::constant(0.0),
        timbre: Motion::constant(0.0),
        modulation: Motion::constant(0.0),
        volume: Motion::constant(1.0),
        pedal: false,
    };
}
