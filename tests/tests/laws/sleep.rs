//! Sleep: a patch that nobody plays is hardly rendered, and nobody can hear that.

use chronus_engine::{Event, NoteMatch};

use crate::rig::{Rig, Sound, first_difference, peak};
use crate::{build, registry};

const RATE: f64 = 48_000.0;
/// Frames after which the echo has gone: all of its line, 5.5 s long, is silent.
const LONG: usize = 9 * 48_000;

/// A voice whose filter is moved by a random LFO, with an echo behind it.
const PATCH: &[&str] = &[
    "create notes note_in",
    "create osc vco",
    "create wander lfo",
    "set wander shape 5",
    "set wander rate 7",
    "create filt vcf",
    "create env adsr",
    "create echo delay",
    "set echo time 30",
    "set echo feedback 0.1",
    "create warm biquad",
    "create level macro_in",
    "create bus vca",
    "create out audio_out",
    "connect notes.pitch osc.pitch",
    "connect osc filt",
    "connect wander filt.cutoff",
    "connect filt env",
    "connect notes.gate env.gate",
    "connect env echo.left",
    "connect echo.left warm",
    "connect warm bus",
    "connect level bus.cv",
    "connect bus out.left",
];

/// What a performance with long pauses sounds like, and at the ends of how many pauses it slept.
/// A tap keeps a patch awake.
fn perform(patch: &[&str], awake: bool, cut: usize) -> (Sound, usize) {
    let mut rig = Rig::new(&registry(), RATE, &build(&registry(), patch));
    if awake {
        let key = rig.engine.module_key(&"env".parse().expect("an id"));
        rig.engine.taps().set(&[(key.expect("the module is there"), 0)], &[]);
    }
    let turn = |rig: &Rig, id: &str, param: &str, value: f32| {
        rig.engine.turn(id, param, value).expect("the param is there");
    };
    let mut sound = Vec::new();
    let mut slept = 0;
    for phrase in 0..6 {
        let on = Event::NoteOn { id: -1, channel: 0, key: 57 + 3 * phrase, velocity: 0.8 };
        let off = Event::NoteOff(NoteMatch::key(0, 57 + 3 * phrase));
        let open = Event::Macro { index: 0, value: 1.0 - 0.1 * f32::from(phrase) };
        let events = [(5, open), (10, on), (4_000 + 777 * u64::from(phrase), off)];
        rig.engine.taps().keep(rig.engine.frame());
        sound.extend(rig.render(LONG, |_| cut, &events, |_| 0.0));
        slept += usize::from(rig.renderer.graph().is_some_and(|graph| graph.asleep()));
        // What happens while it sleeps.
        match phrase {
            0 => turn(&rig, "echo", "time", 45.0),
            1 => turn(&rig, "wander", "rate", 11.0),
            2 => rig.commit_at(1_000, &[]),
            3 => turn(&rig, "warm", "cutoff", 700.0),
            _ => {}
        }
        sound.extend(rig.render(30_000, |_| cut, &[], |_| 0.0));
    }
    (sound, slept)
}

#[test]
fn sleep_changes_no_bit() {
    let (awake, slept) = perform(PATCH, true, 512);
    assert_eq!(slept, 0, "somebody looks");
    assert!(peak(&awake[..48_000]) > 0.05);
    for cut in [512, 47] {
        let (asleep, slept) = perform(PATCH, false, cut);
        assert_eq!(slept, 6, "it never slept");
        assert_eq!(first_difference(&awake, &asleep), None, "in blocks of {cut}");
    }
}

#[test]
fn what_hears_the_host_wakes_with_it() {
    let patch = ["create in audio_in", "create out audio_out", "connect in.left out.left"];
    let mut rig = Rig::new(&registry(), RATE, &build(&registry(), &patch));
    rig.render(4_800, |_| 64, &[], |_| 0.0);
    assert!(rig.renderer.graph().is_some_and(|graph| graph.asleep()));
    let sound = rig.render(64, |_| 64, &[], |k| if k == 40 { 0.25 } else { 0.0 });
    assert_eq!((sound[39][0], sound[40][0], sound[41][0]), (0.0, 0.25, 0.0));
}

#[test]
fn what_moves_and_is_heard_does_not_sleep() {
    for patch in [
        &["create o simple_sine", "create out audio_out", "connect o out.left"][..],
        &["create l lfo", "create v vca", "create out audio_out", "connect l v", "connect v out"],
        &["create n noise", "create out audio_out", "connect n out.right"],
    ] {
        let mut rig = Rig::new(&registry(), RATE, &build(&registry(), patch));
        let sound = rig.render(9_600, |_| 64, &[], |_| 0.0);
        assert!(peak(&sound[4_800..]) > 0.01, "{patch:?}");
    }
}
