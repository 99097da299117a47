//! The demo's phrase: twelve bars of chords, bass and arpeggio at 96 beats a minute, 30 s long.

use crate::host::{HostEvent, Timed};

/// Beats a minute.
pub const TEMPO: f64 = 96.0;
/// Seconds of a sixteenth note.
pub const SIXTEENTH: f64 = 60.0 / TEMPO / 4.0;
/// Sixteenth notes of a bar.
pub const BAR: usize = 16;
/// Bars of the phrase.
pub const BARS: usize = 12;
/// Seconds of the whole phrase.
pub const SECONDS: f64 = SIXTEENTH * (BAR * BARS) as f64;

/// One bar's harmony.
struct Chord {
    bass: u16,
    /// Held through the bar.
    pad: [u16; 4],
    /// What the arpeggio goes up and down.
    arpeggio: [u16; 6],
}

const fn chord(bass: u16, pad: [u16; 4], arpeggio: [u16; 6]) -> Chord {
    Chord { bass, pad, arpeggio }
}

/// A minor 9, F major 9, C major 9, G 6, D minor 9, E 7 sus: a slow descent that comes home.
const HARMONY: [Chord; BARS] = [
    chord(33, [45, 48, 52, 59], [69, 71, 72, 76, 79, 83]),
    chord(33, [45, 48, 55, 59], [69, 71, 76, 79, 81, 83]),
    chord(41, [45, 48, 52, 55], [69, 72, 76, 77, 79, 84]),
    chord(41, [43, 48, 52, 57], [67, 72, 76, 77, 81, 84]),
    chord(36, [43, 47, 50, 52], [67, 71, 74, 76, 79, 83]),
    chord(38, [43, 47, 50, 52], [67, 71, 74, 76, 79, 86]),
    chord(38, [41, 45, 48, 52], [65, 69, 72, 76, 77, 81]),
    chord(38, [41, 45, 48, 55], [65, 69, 72, 74, 79, 81]),
    chord(33, [43, 48, 52, 59], [67, 71, 72, 76, 79, 83]),
    chord(41, [45, 48, 52, 55], [69, 72, 76, 79, 81, 84]),
    chord(40, [44, 47, 50, 57], [68, 71, 74, 76, 80, 83]),
    chord(33, [45, 48, 52, 59], [69, 72, 76, 79, 83, 88]),
];

/// Which of its notes the arpeggio plays where in the bar, and whether it is one that the others
/// stand out against. None rests: an edit comes in with each, and a note that is struck there says
/// how steep the music is by itself.
const PATTERN: [(usize, bool); BAR] = [
    (0, true),
    (4, false),
    (2, true),
    (3, true),
    (5, false),
    (1, true),
    (4, true),
    (2, false),
    (5, true),
    (0, false),
    (3, true),
    (4, true),
    (1, false),
    (2, true),
    (1, true),
    (4, false),
];

/// True where a short note comes half a sixteenth after the beat.
#[must_use]
pub fn is_ornamented(step: usize) -> bool {
    let bar = step / BAR;
    let often = bar + 2 == BARS && matches!(step % 8, 0 | 1 | 5);
    (1..BARS - 1).contains(&bar) && (often || matches!(step % 8, 3 | 6))
}

/// A note of the phrase, in seconds from its start.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Note {
    start: f64,
    end: f64,
    key: u16,
    velocity: f64,
}

fn notes() -> Vec<Note> {
    let mut notes = Vec::new();
    let mut play = |step: f64, steps: f64, key: u16, velocity: f64| {
        let (start, end) = (step * SIXTEENTH, (step + steps) * SIXTEENTH);
        notes.push(Note { start, end: end.min(SECONDS - 0.01), key, velocity });
    };
    for (bar, chord) in HARMONY.iter().enumerate() {
        let first = (bar * BAR) as f64;
        for (i, &key) in chord.pad.iter().enumerate() {
            // Strummed a little, softer upwards.
            play(first + 0.08 * i as f64, 15.4, key, 0.36 - 0.03 * i as f64);
        }
        let last = bar + 1 == BARS;
        let bass: &[(f64, f64, u16)] = if last {
            &[(0.0, 15.5, 0)]
        } else {
            &[(0.0, 5.5, 0), (6.0, 3.5, 0), (10.0, 1.5, 12), (12.0, 3.5, 0)]
        };
        for &(step, steps, up) in bass {
            let key = chord.bass + up;
            // Never a key that the pad holds: one note off would end both.
            let key = if chord.pad.contains(&key) { chord.bass } else { key };
            play(first + step, steps, key, 0.62);
        }
        let high = |place: usize| {
            let key = chord.arpeggio[place];
            if chord.pad.contains(&key) { key + 12 } else { key }
        };
        for (step, &(place, stands_out)) in PATTERN.iter().enumerate() {
            if is_ornamented(bar * BAR + step) {
                let free = (0..6).map(|i| high((step + i) % 6));
                let taken = high(place);
                let key = free.into_iter().find(|key| *key != taken);
                play(first + step as f64 + 0.5, 0.4, key.unwrap_or(chord.bass + 24), 0.25);
            }
            // The last bar thins out.
            if last && step > 10 {
                continue;
            }
            let accent = if step % 8 == 0 { 0.1 } else { 0.0 };
            let velocity = if stands_out { 0.28 + accent } else { 0.23 };
            play(first + step as f64, 0.85, high(place), velocity);
        }
    }
    notes
}

/// Plays the phrase over and over, in frames.
pub struct Sequencer {
    /// (frame, event) in order, over one round.
    events: Vec<(u64, HostEvent)>,
    round: u64,
}

impl Sequencer {
    /// The phrase at a sample rate.
    #[must_use]
    pub fn new(rate: f64) -> Self {
        let frame = |seconds: f64| (seconds * rate).round() as u64;
        let mut events = Vec::new();
        for note in notes() {
            let (key, velocity) = (note.key, note.velocity);
            events.push((frame(note.start), HostEvent::NoteOn { key, velocity }));
            events.push((frame(note.end), HostEvent::NoteOff { key }));
        }
        // A key that ends where it starts anew ends first.
        events.sort_by_key(|(at, event)| (*at, matches!(event, HostEvent::NoteOn { .. })));
        Self { events, round: frame(SECONDS) }
    }

    /// The events of the `frames` frames from `start` on, counted from there.
    #[must_use]
    pub fn events(&self, start: u64, frames: usize) -> Vec<Timed> {
        let end = start + frames as u64;
        let rounds = start / self.round..=end / self.round;
        let mut found = Vec::new();
        for round in rounds {
            let offset = round * self.round;
            let from = start.saturating_sub(offset);
            let first = self.events.partition_point(|(at, _)| *at < from);
            let due = self.events[first..].iter().take_while(|(at, _)| at + offset < end);
            found.extend(due.map(|(at, event)| event.at((at + offset - start) as u32)));
        }
        found
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_key_goes_down_and_up_again() {
        let sequencer = Sequencer::new(48_000.0);
        let mut held = [0i32; 128];
        for (_, event) in &sequencer.events {
            match event {
                HostEvent::NoteOn { key, .. } => held[usize::from(*key)] += 1,
                HostEvent::NoteOff { key } => held[usize::from(*key)] -= 1,
                _ => {}
            }
            assert!(held.iter().all(|&n| (0..=1).contains(&n)), "{event:?}");
        }
        assert!(held.iter().all(|&n| n == 0));
    }

    #[test]
    fn blocks_of_any_size_give_the_same_events() {
        let sequencer = Sequencer::new(48_000.0);
        let total = 4_000_000;
        let collect = |size: usize| -> Vec<(u64, HostEvent)> {
            let starts = (0..total).step_by(size);
            starts
                .flat_map(|start| {
                    let frames = size.min(total - start);
                    let events = sequencer.events(start as u64, frames);
                    events.into_iter().map(move |e| (start as u64 + u64::from(e.frame), e.event))
                })
                .collect()
        };
        let whole = collect(total);
        assert!(whole.len() > 800, "{}", whole.len());
        assert_eq!(collect(64), whole);
        assert_eq!(collect(4801), whole);
    }
}
