//! A score: what is played, by absolute frame.

use chronus_engine::{Event, Expression, NoteMatch};

use crate::smf::{Division, Message, MessageKind, Song};

/// Events and tempo by frame.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Score {
    /// In order of their frames.
    pub events: Vec<(u64, Event)>,
    /// Tempo changes in order, in beats a minute; 120 before the first.
    pub tempo: Vec<(u64, f64)>,
    /// Seconds to its end.
    pub seconds: f64,
}

/// The frame nearest to `seconds`.
#[must_use]
pub fn frame_at(seconds: f64, sample_rate: f64) -> u64 {
    (seconds * sample_rate).round() as u64
}

impl Score {
    /// The score of `events` by seconds, in order.
    #[must_use]
    pub fn new(events: &[(f64, Event)], sample_rate: f64) -> Self {
        let seconds = events.last().map_or(0.0, |(at, _)| *at);
        let events = events.iter().map(|(at, event)| (frame_at(*at, sample_rate), *event));
        Self { events: events.collect(), tempo: Vec::new(), seconds }
    }

    /// The score of a MIDI file.
    #[must_use]
    pub fn of_song(song: &Song, sample_rate: f64) -> Self {
        let times = song.seconds(song.messages.iter().map(|(tick, _)| *tick));
        let events = times
            .iter()
            .zip(&song.messages)
            .filter_map(|(at, (_, message))| Some((frame_at(*at, sample_rate), event(*message)?)));
        let changes = song.seconds(song.tempo.iter().map(|(tick, _)| *tick));
        let tempo = changes
            .iter()
            .zip(&song.tempo)
            .map(|(at, (_, micros))| (frame_at(*at, sample_rate), 60e6 / f64::from(*micros)));
        let tempo = match song.division {
            Division::Quarter(_) => tempo.collect(),
            Division::KiloSecond(_) => Vec::new(),
        };
        let seconds = song.seconds([song.end]).first().copied().unwrap_or(0.0);
        Self { events: events.collect(), tempo, seconds }
    }
}

/// What a message does; none for what an engine does not know.
fn event(Message { channel, kind }: Message) -> Option<Event> {
    let unit = |value: u8| f32::from(value) / 127.0;
    Some(match kind {
        MessageKind::NoteOff { key } => Event::NoteOff(NoteMatch::key(channel, key)),
        MessageKind::NoteOn { key, velocity } => {
            Event::NoteOn { id: -1, channel, key, velocity: unit(velocity) }
        }
        MessageKind::KeyPressure { key, pressure } => Event::Express {
            note: NoteMatch::key(channel, key),
            expression: Expression::Pressure,
            value: unit(pressure),
        },
        MessageKind::Controller { controller, value } => {
            Event::Controller { channel, controller, value: unit(value) }
        }
        MessageKind::Program { .. } => return None,
        MessageKind::ChannelPressure { pressure } => {
            Event::Pressure { channel, value: unit(pressure) }
        }
        // The centre is 8192, so the way up is one step shorter.
        MessageKind::Bend { value } if value > 8192 => {
            Event::Bend { channel, value: f32::from(value - 8192) / 8191.0 }
        }
        MessageKind::Bend { value } => {
            Event::Bend { channel, value: f32::from(value) / 8192.0 - 1.0 }
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bends_reach_both_ends_and_rest_in_the_middle() {
        for (value, expected) in [(0, -1.0), (8192, 0.0), (16383, 1.0)] {
            let bend = event(Message { channel: 3, kind: MessageKind::Bend { value } });
            assert_eq!(bend, Some(Event::Bend { channel: 3, value: expected }));
        }
    }

    #[test]
    fn messages_stand_at_their_exact_frames() {
        let song = Song {
            division: Division::Quarter(480),
            messages: vec![
                (1, Message { channel: 0, kind: MessageKind::NoteOn { key: 60, velocity: 127 } }),
                (481, Message { channel: 0, kind: MessageKind::NoteOff { key: 60 } }),
                (481, Message { channel: 0, kind: MessageKind::Program { program: 3 } }),
            ],
            tempo: vec![(480, 250_000)],
            end: 960,
        };
        let score = Score::of_song(&song, 48_000.0);
        let frames: Vec<u64> = score.events.iter().map(|e| e.0).collect();
        assert_eq!(frames, [50, 24_025]);
        assert_eq!(score.tempo, [(24_000, 240.0)]);
        assert_eq!(score.seconds, 0.75);
    }
}
