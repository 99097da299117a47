//! Controllers and expressions as an MPE keyboard sends them: many, of all voices at once, anywhere
//! in a block. They move as they should however the host cuts its blocks, though a chunk is not cut
//! for each of them.

use chronus_engine::{Event, Expression, NoteMatch};
use chronus_tests::random::Random;

use crate::rig::{Rig, first_difference, peak};
use crate::{build, registry};

/// What moves: all of it is heard.
const HEARD: &[&str] = &[
    "create notes note_in",
    "set notes bend_range 12",
    "create osc vco",
    "create filt vcf",
    "create level mixer",
    "create amp vca",
    "create out audio_out",
    "connect notes.pitch osc.pitch",
    "connect osc filt",
    "connect notes.timbre filt.cutoff 2",
    "connect notes.mod filt.resonance 0.5",
    "connect filt amp",
    "connect notes.volume level.in1",
    "connect notes.pressure level.in2",
    "connect notes.pan level.in3 0.3",
    "connect level amp.cv",
    "connect amp out",
];

/// A stream of what moves `voices` notes, each on its channel, and now and then a note besides.
fn stream(seed: u64, frames: u64, voices: u8) -> Vec<(u64, Event)> {
    let mut random = Random::new(seed);
    let mut events = Vec::new();
    for channel in 0..voices {
        let key = 40 + 3 * channel;
        events.push((0, Event::NoteOn { id: i32::from(channel), channel, key, velocity: 0.4 }));
    }
    let mut at = 0;
    while at < frames {
        // Bursts at one frame, and pauses longer than a motion takes.
        at += [0, 0, 1, 3, 17, 40, 700][random.below(7)];
        let channel = random.below(usize::from(voices)) as u8;
        let note = match random.below(3) {
            0 => NoteMatch { id: i32::from(channel), channel: -1, key: -1 },
            1 => NoteMatch { id: -1, channel: i16::from(channel), key: -1 },
            _ => NoteMatch { id: -1, channel: -1, key: -1 },
        };
        let value = random.unit();
        let express = |expression, value| Event::Express { note, expression, value };
        let controls = |controller| Event::Controller { channel, controller, value };
        let event = match random.below(14) {
            0 | 1 => Event::Bend { channel, value: 2.0 * value - 1.0 },
            2 => Event::Pressure { channel, value },
            3 => controls(1),
            4 => controls(11),
            5 => controls(74),
            6 => controls(20),
            7 => express(Expression::Tuning, value - 0.5),
            8 => express(Expression::Volume, value),
            9 => express(Expression::Pan, 2.0 * value - 1.0),
            10 => express(Expression::Pressure, value),
            11 => express(Expression::Timbre, value),
            12 => controls(64),
            _ => {
                let key = 80 + channel;
                events.push((at + 90, Event::NoteOff(NoteMatch::key(channel, key))));
                Event::NoteOn { id: 100, channel, key, velocity: value }
            }
        };
        events.push((at, event));
    }
    events.sort_by_key(|(at, _)| *at);
    events
}

#[test]
fn streams_of_motions_are_the_same_in_blocks_of_any_size() {
    let registry = registry();
    let mut patch = build(&registry, HEARD);
    let frames = 24_000;
    for (seed, count) in [(1, 16), (2, 1), (3, 20)] {
        patch.voice.count = count;
        let events = stream(seed, frames as u64, count.min(9));
        assert!(events.len() > 150, "{}", events.len());
        let play = |cut: usize| {
            Rig::new(&registry, 48000.0, &patch).render(frames, |_| cut, &events, |_| 0.0)
        };
        // In blocks of one frame nothing can be applied ahead of its time.
        let exact = play(1);
        assert!(peak(&exact) > 0.01, "{}", peak(&exact));
        for cut in [7, 32, 64, 1000, 8192] {
            assert_eq!(first_difference(&exact, &play(cut)), None, "seed {seed}, blocks of {cut}");
        }
    }
}
