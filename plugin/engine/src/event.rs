//! What can happen at a frame: notes, controllers, expressions, macros, gates.

use crate::voices::{Expression, NoteMatch};

/// Something that happens at a frame of a block.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct TimedEvent {
    /// Frame in the host's block.
    pub frame: u32,
    /// What happens.
    pub event: Event,
}

/// What can happen.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Event {
    /// A key goes down.
    NoteOn {
        /// The host's id, or -1.
        id: i32,
        /// MIDI channel 0..16.
        channel: u8,
        /// Key 0..128.
        key: u8,
        /// How hard, 0..=1.
        velocity: f32,
    },
    /// Keys go up.
    NoteOff(NoteMatch),
    /// Notes stop at once.
    Choke(NoteMatch),
    /// An expression of notes moves.
    Express {
        /// Which notes.
        note: NoteMatch,
        /// What moves.
        expression: Expression,
        /// Where to, in the expression's unit.
        value: f32,
    },
    /// The pitch wheel of a channel moves to -1..=1.
    Bend {
        /// MIDI channel 0..16.
        channel: u8,
        /// -1..=1.
        value: f32,
    },
    /// The pressure on a channel changes to 0..=1.
    Pressure {
        /// MIDI channel 0..16.
        channel: u8,
        /// 0..=1.
        value: f32,
    },
    /// A MIDI controller moves to 0..=1.
    Controller {
        /// MIDI channel 0..16.
        channel: u8,
        /// Controller 0..128.
        controller: u8,
        /// 0..=1.
        value: f32,
    },
    /// A macro moves to 0..=1.
    Macro {
        /// Under `MACROS`.
        index: u8,
        /// 0..=1.
        value: f32,
    },
    /// `/gate/ID`.
    Gate {
        /// `Cells::key` of the module.
        module: u32,
        /// Open or closed.
        on: bool,
    },
    /// Every key and pedal goes up.
    AllOff,
}
