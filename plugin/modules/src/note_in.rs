//! Note In: what the player does, one lane a voice.

use chronus_engine::{
    Category, Io, MAX_VOICES, Module, Output, Param, Signal, Source, Spec, Unit, Voices, Width,
    kind, lanes,
};

/// What it declares.
pub static SPEC: Spec = Spec {
    kind: "note_in",
    name: "Note In",
    category: Category::Io,
    summary: "The notes that are played: pitch, gate, velocity and expression of each voice.",
    outputs: &[
        Output::new("pitch", Signal::Pitch, "Pitch with bend, octaves from A4."),
        Output::new("gate", Signal::Gate, "1 while the note is held."),
        Output::new("velocity", Signal::Control, "How hard the key was struck, 0..1."),
        Output::new("pressure", Signal::Control, "Key or channel pressure, 0..1."),
        Output::new("timbre", Signal::Control, "MPE slide or CC 74, 0..1."),
        Output::new("mod", Signal::Control, "Modulation wheel, 0..1.").aliases(&["modulation"]),
        Output::new("volume", Signal::Control, "Volume expression, 0..1."),
        Output::new("pan", Signal::Control, "Position expression, -1..1."),
    ],
    params: &[Param::new(
        "bend_range",
        "Bend range",
        (0.0, 96.0),
        2.0,
        Unit::Semitones,
        "Pitch at the end of the bend wheel's way; MPE controllers want 48.",
    )],
    width: Width::Voices,
    source: Source::Notes,
    ..Spec::EMPTY
};

/// Outputs by position.
const PITCH: usize = 0;
const GATE: usize = 1;
const VELOCITY: usize = 2;

lanes! {
    /// Nothing to remember: the notes live in the engine, so that they outlive every graph.
    pub struct NoteIn {}
}

kind!(SPEC, NoteIn);

/// Writes `value(lane, frame)` to all frames of an output, if anybody reads it: once where it rests,
/// per frame where it ramps.
#[inline(always)]
fn fill<const L: usize>(
    io: &mut Io<'_, L>,
    output: usize,
    rests: bool,
    value: impl Fn(usize, u64) -> f32,
) {
    if !io.outputs.connected(output) {
        return;
    }
    let start = io.start;
    let at = |frame: u64| row(|l| value(l, frame));
    if rests {
        // All has arrived, so that the last frame of all has this one's values, and no ramp is asked.
        io.outputs.fill(output, at(u64::MAX));
    } else {
        for (k, frame) in io.outputs.get(output).iter_mut().enumerate() {
            *frame = at(start + k as u64);
        }
    }
}

#[inline(always)]
fn row<const L: usize>(value: impl Fn(usize) -> f32) -> [f32; L] {
    let mut row = [0.0; L];
    for l in 0..L {
        row[l] = value(l);
    }
    row
}

impl<const L: usize> Module<L> for NoteIn<L> {
    type Storage = ();

    #[inline(always)]
    fn process(&mut self, (): &mut (), mut io: Io<'_, L>) {
        let voices: &Voices = io.world.voices;
        let first = io.first_lane.min(MAX_VOICES - L);
        let lane = move |l: usize| first + l;
        let start = io.start;
        let range = io.params.get(0);

        let rests = voices.rest(start);
        let pitch = move |l: usize, f: u64, range: f32| {
            let bend = voices.bend(lane(l), f) * range * (1.0 / 12.0);
            voices.voice(lane(l)).pitch(f) + bend
        };
        match range.settled() {
            Some(range) if rests => fill(&mut io, PITCH, true, |l, f| pitch(l, f, range[l])),
            _ => fill(&mut io, PITCH, false, |l, f| pitch(l, f, range.at((f - start) as usize)[l])),
        }
        if io.outputs.connected(GATE) {
            // A stolen voice's gate falls for one frame, that of its event; events begin chunks.
            let held = row(|l| if voices.voice(lane(l)).held() { 1.0 } else { 0.0 });
            let now = row(|l| voices.voice(lane(l)).gate(start));
            io.outputs.fill(GATE, held);
            let differs =
                held.iter().zip(&now).fold(0, |any, (a, b)| any | a.to_bits() ^ b.to_bits());
            if differs != 0 {
                io.outputs.get(GATE)[0] = now;
            }
        }
        if io.outputs.connected(VELOCITY) {
            io.outputs.fill(VELOCITY, row(|l| voices.voice(lane(l)).velocity()));
        }
        fill(&mut io, 3, rests, |l, f| voices.pressure(lane(l), f));
        fill(&mut io, 4, rests, |l, f| voices.timbre(lane(l), f));
        fill(&mut io, 5, rests, |l, f| voices.modulation(lane(l), f));
        fill(&mut io, 6, rests, |l, f| voices.volume(lane(l), f));
        fill(&mut io, 7, rests, |l, f| voices.voice(lane(l)).pan(f));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use chronus_engine::{Expression, NoteMatch, Solo};

    #[test]
    fn plays_what_is_held() {
        let mut solo = Solo::poly(&KIND, 48e3);
        solo.voices.note_on(0, 1, 0, 69, 0.5);
        solo.voices.note_on(0, 2, 0, 81, 1.0);
        solo.voices.set_bend(0, 0, 1.0);
        let out = solo.run_lanes(1000, |_| 32);
        let last = |output: usize| (out[output][999][0], out[output][999][1], out[output][999][2]);
        assert!((last(0).0 - 2.0 / 12.0).abs() < 1e-6);
        assert!((last(0).1 - 14.0 / 12.0).abs() < 1e-6);
        assert_eq!(last(1), (1.0, 1.0, 0.0));
        assert_eq!(last(2), (0.5, 1.0, 0.0));
    }

    #[test]
    fn ramps_are_the_same_however_chunks_are_cut() {
        let run = |cut: fn(usize) -> usize| {
            let mut solo = Solo::poly(&KIND, 8e3);
            solo.voices.note_on(0, 1, 0, 69, 0.5);
            solo.voices.set_bend(3, 0, 1.0);
            solo.voices.set_pressure(3, 0, 1.0);
            let note = NoteMatch { id: 1, channel: 0, key: 69 };
            solo.voices.express(3, note, Expression::Tuning, 1.0);
            solo.voices.express(3, note, Expression::Pressure, 0.0);
            solo.voices.express(3, note, Expression::Volume, 0.1);
            solo.run_lanes(500, cut)
        };
        assert_eq!(run(|_| 32), run(|n| 1 + n * 7 % 13));
    }
}
