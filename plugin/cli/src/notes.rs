//! Notes as `--notes` takes them: `C3 E3 G3`, or with times and velocities, `C3:0-1.5@90`.

use chronus_engine::{Event, NoteMatch};
use thiserror::Error;

/// Velocity of a note that names none.
const VELOCITY: u8 = 100;
/// Share of the whole that notes without times are held.
const HELD: f64 = 0.75;

/// Why a text names no note.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum NoteError {
    /// Not `NAME[:START-END][@VELOCITY]`.
    #[error("`{0}` is no note: write NAME[:START-END][@VELOCITY], such as C3, F#4:0.5-2 or 60@127")]
    Form(String),
    /// A key beyond MIDI's.
    #[error("`{0}` is no key: C-1 to G9 are, which is 0 to 127")]
    Key(String),
    /// A time that does not fit.
    #[error("`{0}` ends before it begins: write START-END in seconds")]
    Times(String),
}

/// The events of `text`, notes separated by spaces or commas, by seconds. Notes without times
/// begin at 0 and are held for three quarters of `seconds`.
///
/// C4 is key 60, so A4 is 440 Hz; sharps are `#`, flats `b`. Velocities are 1..=127.
///
/// # Errors
/// The first that is no note.
pub fn parse(text: &str, seconds: f64) -> Result<Vec<(f64, Event)>, NoteError> {
    let mut events = Vec::new();
    for word in text.split([' ', ',', '\t', '\n']).filter(|word| !word.is_empty()) {
        let form = || NoteError::Form(word.into());
        let (rest, velocity) = match word.split_once('@') {
            Some((rest, velocity)) => {
                let velocity: u8 = velocity.parse().map_err(|_| form())?;
                (rest, Some(velocity).filter(|v| (1..=127).contains(v)).ok_or_else(form)?)
            }
            None => (word, VELOCITY),
        };
        let (name, start, end) = match rest.split_once(':') {
            Some((name, times)) => {
                let (start, end) = times.split_once('-').ok_or_else(form)?;
                let time = |t: &str| t.parse().ok().filter(|t: &f64| t.is_finite() && *t >= 0.0);
                (name, time(start).ok_or_else(form)?, time(end).ok_or_else(form)?)
            }
            None => (rest, 0.0, seconds * HELD),
        };
        let key = key(name).ok_or_else(form)?;
        let key = u8::try_from(key).ok().filter(|k| *k < 128);
        let key = key.ok_or_else(|| NoteError::Key(name.into()))?;
        if end < start {
            return Err(NoteError::Times(word.into()));
        }
        let velocity = f32::from(velocity) / 127.0;
        events.push((start, Event::NoteOn { id: -1, channel: 0, key, velocity }));
        events.push((end, Event::NoteOff(NoteMatch::key(0, key))));
    }
    // A note that ends where the next begins is lifted first.
    events.sort_by(|(a, x), (b, y)| {
        let on = |event: &Event| matches!(event, Event::NoteOn { .. });
        a.total_cmp(b).then_with(|| on(x).cmp(&on(y)))
    });
    Ok(events)
}

/// "C#4" or "61" as a number, which may lie outside of MIDI's keys.
fn key(name: &str) -> Option<i32> {
    if name.bytes().all(|b| b.is_ascii_digit()) {
        return name.parse().ok();
    }
    let mut rest = name.chars();
    let class = match rest.next()?.to_ascii_uppercase() {
        'C' => 0,
        'D' => 2,
        'E' => 4,
        'F' => 5,
        'G' => 7,
        'A' => 9,
        'B' => 11,
        _ => return None,
    };
    let octave = rest.as_str().trim_start_matches(['#', 'b']);
    let shifts = rest.as_str().strip_suffix(octave)?;
    let shift: i32 = shifts.chars().map(|c| if c == '#' { 1 } else { -1 }).sum();
    let octave: i32 = octave.parse().ok().filter(|o| (-20..=20).contains(o))?;
    Some((octave + 1) * 12 + class + shift)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_keys() {
        for (name, number) in
            [("C4", 60), ("A4", 69), ("c-1", 0), ("G9", 127), ("F#3", 54), ("Bb2", 46), ("61", 61)]
        {
            assert_eq!(key(name), Some(number), "{name}");
        }
        assert_eq!(key("H3"), None);
        assert_eq!(key("C"), None);
    }

    #[test]
    fn chords_are_held_for_three_quarters() {
        let events = parse("C3, E3", 4.0).unwrap();
        let times: Vec<f64> = events.iter().map(|e| e.0).collect();
        assert_eq!(times, [0.0, 0.0, 3.0, 3.0]);
    }

    #[test]
    fn a_note_is_lifted_before_it_is_struck_again() {
        let events = parse("C3:1-2@127 C3:0.5-1", 4.0).unwrap();
        assert_eq!(events[1], (1.0, Event::NoteOff(NoteMatch::key(0, 48))));
        let struck = Event::NoteOn { id: -1, channel: 0, key: 48, velocity: 1.0 };
        assert_eq!(events[2], (1.0, struck));
    }

    #[test]
    fn nonsense_is_named() {
        for bad in ["X3", "C", "C3:1", "C3:x-2", "C3@0", "C3@200", "C99999999999"] {
            assert_eq!(parse(bad, 1.0), Err(NoteError::Form(bad.into())), "{bad}");
        }
        assert_eq!(parse("A9", 1.0), Err(NoteError::Key("A9".into())));
        assert_eq!(parse("C3:2-1", 1.0), Err(NoteError::Times("C3:2-1".into())));
    }
}
