//! What a host sends at a frame of a block.

use clack_extensions::params::ParamInfoFlags;
use clack_host::events::event_types::{
    MidiEvent, NoteChokeEvent, NoteExpressionEvent, NoteExpressionType, NoteOffEvent, NoteOnEvent,
    ParamValueEvent,
};
use clack_host::events::io::EventBuffer;
use clack_host::events::{Match, Pckn};
use clack_host::utils::ClapId;

/// An event at a frame of the block.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Timed {
    /// Frame in the block.
    pub frame: u32,
    /// What happens.
    pub event: HostEvent,
}

/// What can happen.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum HostEvent {
    /// A key goes down on channel 0.
    NoteOn {
        /// Key 0..128.
        key: u16,
        /// 0..=1.
        velocity: f64,
    },
    /// A key goes up on channel 0.
    NoteOff {
        /// Key 0..128.
        key: u16,
    },
    /// A key falls silent at once.
    Choke {
        /// Key 0..128.
        key: u16,
    },
    /// An expression of one key moves.
    Express {
        /// Key 0..128.
        key: u16,
        /// What moves.
        expression: NoteExpressionType,
        /// Where to, as CLAP defines it.
        value: f64,
    },
    /// Three bytes of MIDI.
    Midi([u8; 3]),
    /// A parameter gets a value.
    Param {
        /// Its CLAP id.
        id: u32,
        /// In the parameter's own range.
        value: f64,
    },
}

impl HostEvent {
    /// The same, at a frame.
    #[must_use]
    pub fn at(self, frame: u32) -> Timed {
        Timed { frame, event: self }
    }
}

impl Timed {
    pub(super) fn push(self, events: &mut EventBuffer) {
        let time = self.frame;
        let note = |key: u16| Pckn::new(0u16, 0u16, key, Match::All);
        match self.event {
            HostEvent::NoteOn { key, velocity } => {
                events.push(&NoteOnEvent::new(time, note(key), velocity));
            }
            HostEvent::NoteOff { key } => events.push(&NoteOffEvent::new(time, note(key), 0.0)),
            HostEvent::Choke { key } => events.push(&NoteChokeEvent::new(time, note(key))),
            HostEvent::Express { key, expression, value } => {
                events.push(&NoteExpressionEvent::new(time, note(key), expression, value));
            }
            HostEvent::Midi(data) => events.push(&MidiEvent::new(time, 0, data)),
            HostEvent::Param { id, value } => {
                let Some(id) = ClapId::from_raw(id) else { return };
                let all = Pckn::match_all();
                events.push(&ParamValueEvent::new(time, id, all, value));
            }
        }
    }
}

/// True for parameters that hosts may automate.
pub(super) fn automatable(flags: ParamInfoFlags) -> bool {
    flags.contains(ParamInfoFlags::IS_AUTOMATABLE)
}
