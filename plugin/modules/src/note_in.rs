//! Note In: what the player does, one lane a voice.

use chronus_engine::{
    Category, Io, MAX_VOICES, Module, Moved, Output, Param, Row, Signal, Source, Spec, Unit,
    Voices, Width, kind, lanes,
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

/// Writes `value(lane, frame)` to all frames of an output, if anybody reads it: where it rests, once,
/// what the voices have then.
#[inline(always)]
fn fill<const L: usize>(
    io: &mut Io<'_, L>,
    output: usize,
    moved: Moved,
    value: impl Fn(usize, u64) -> f32,
) {
    if !io.outputs.connected(output) {
        return;
    }
    let (voices, start) = (io.voices(), io.start);
    if voices.rest(moved, start) {
        let rested = lanes_of(io, voices.rested(moved));
        io.outputs.fill(output, rested);
    } else {
        for (k, frame) in io.outputs.get(output).iter_mut().enumerate() {
            *frame = row(|l| value(l, start + k as u64));
        }
    }
}

/// The group's part of what all voices have.
#[inline(always)]
fn lanes_of<const L: usize>(io: &Io<'_, L>, all: &Row) -> [f32; L] {
    let first = io.first_lane.min(MAX_VOICES - L);
    let mut lanes = [0.0; L];
    lanes.copy_from_slice(&all[first..first + L]);
    lanes
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

        if io.outputs.connected(PITCH) {
            let range = io.params.get(0);
            let bent = |pitch: f32, bend: f32, range: f32| pitch + bend * range * (1.0 / 12.0);
            match range.settled() {
                Some(range) if voices.rest(Moved::Pitch, start) => {
                    let pitch = lanes_of(&io, voices.rested(Moved::Pitch));
                    let bend = lanes_of(&io, voices.bends());
                    io.outputs.fill(PITCH, row(|l| bent(pitch[l], bend[l], range[l])));
                }
                _ => {
                    for (k, frame) in io.outputs.get(PITCH).iter_mut().enumerate() {
                        let (f, range) = (start + k as u64, range.at(k));
                        let pitch = |l: usize| voices.voice(lane(l)).pitch(f);
                        *frame = row(|l| bent(pitch(l), voices.bend(lane(l), f), range[l]));
                    }
                }
            }
        }
        if io.outputs.connected(GATE) {
            let held = lanes_of(&io, voices.gates());
            io.outputs.fill(GATE, held);
            if voices.may_retrigger(start) {
                // A stolen voice's gate falls for one frame, that of its event; events begin chunks.
                let now = row(|l| voices.voice(lane(l)).gate(start));
                if now != held {
                    io.outputs.get(GATE)[0] = now;
                }
            }
        }
        if io.outputs.connected(VELOCITY) {
            let struck = lanes_of(&io, voices.velocities());
            io.outputs.fill(VELOCITY, struck);
        }
        fill(&mut io, 3, Moved::Pressure, |l, f| voices.pressure(lane(l), f));
        fill(&mut io, 4, Moved::Timbre, |l, f| voices.timbre(lane(l), f));
        fill(&mut io, 5, Moved::Modulation, |l, f| voices.modulation(lane(l), f));
        fill(&mut io, 6, Moved::Volume, |l, f| voices.volume(lane(l), f));
        fill(&mut io, 7, Moved::Pan, |l, f| voices.voice(lane(l)).pan(f));
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
