//! Playing: voices, pedal, mono modes, macros, gates, taps.

use chronus_engine::{Event, NoteMatch, Request};
use chronus_patch::{Binding, BindingCurve, Edit, MacroKnob, Patch, VoiceMode};

use crate::rig::{Rig, Sound, peak};
use crate::{build, registry};

const RATE: f64 = 48_000.0;

fn organ() -> Patch {
    build(
        &registry(),
        &[
            "create n note_in",
            "create o simple_sine",
            "create e adsr",
            "create out audio_out",
            "set e attack 1",
            "set e decay 1",
            "set e sustain 1",
            "set e release 5",
            "connect n.pitch o.pitch",
            "connect n.gate e.gate",
            "connect o e",
            "connect e out",
        ],
    )
}

fn on(frame: u64, key: u8) -> (u64, Event) {
    (frame, Event::NoteOn { id: -1, channel: 0, key, velocity: 1.0 })
}

fn off(frame: u64, key: u8) -> (u64, Event) {
    (frame, Event::NoteOff(NoteMatch::key(0, key)))
}

fn play(patch: &Patch, frames: usize, events: &[(u64, Event)]) -> (Sound, Rig) {
    let mut rig = Rig::new(&registry(), RATE, patch);
    let sound = rig.render(frames, |_| 64, events, |_| 0.0);
    (sound, rig)
}

/// Level of `hz` in `sound`, by the Goertzel sum over whole frames.
fn level(sound: &[[f32; 2]], hz: f64) -> f64 {
    let (mut re, mut im) = (0.0, 0.0);
    for (n, frame) in sound.iter().enumerate() {
        let phase = 2.0 * std::f64::consts::PI * hz * n as f64 / RATE;
        re += f64::from(frame[0]) * phase.cos();
        im += f64::from(frame[0]) * phase.sin();
    }
    2.0 * (re * re + im * im).sqrt() / sound.len() as f64
}

fn hz(key: u8) -> f64 {
    440.0 * ((f64::from(key) - 69.0) / 12.0).exp2()
}

#[test]
fn chords_sound_and_end() {
    let events =
        [on(0, 60), on(100, 64), on(200, 67), off(24_000, 60), off(24_000, 64), off(24_000, 67)];
    let (sound, rig) = play(&organ(), 48_000, &events);
    for key in [60, 64, 67] {
        let level = level(&sound[4_000..20_000], hz(key));
        assert!((level - 0.2).abs() < 0.02, "key {key}: {level}");
    }
    assert_eq!(peak(&sound[30_000..]), 0.0, "voices that have ended are not heard");
    assert_eq!(rig.engine.counters().voices.load(std::sync::atomic::Ordering::Relaxed), 0);
}

#[test]
fn the_oldest_voice_is_stolen() {
    let mut patch = organ();
    patch.voice.count = 2;
    let (sound, _) = play(&patch, 48_000, &[on(0, 60), on(1_000, 64), on(2_000, 67)]);
    let end = &sound[24_000..];
    assert!(level(end, hz(60)) < 0.01 && level(end, hz(64)) > 0.18 && level(end, hz(67)) > 0.18);
}

#[test]
fn the_pedal_holds_notes() {
    let pedal = |frame, value| (frame, Event::Controller { channel: 0, controller: 64, value });
    let events = [pedal(0, 1.0), on(10, 60), off(4_000, 60), pedal(24_000, 0.0)];
    let (sound, _) = play(&organ(), 48_000, &events);
    assert!(level(&sound[12_000..20_000], hz(60)) > 0.18);
    assert_eq!(peak(&sound[34_000..]), 0.0);
}

#[test]
fn mono_goes_back_to_the_key_still_held() {
    for mode in [VoiceMode::Mono, VoiceMode::Legato] {
        let mut patch = organ();
        patch.voice.mode = mode;
        let events = [on(0, 60), on(12_000, 67), off(24_000, 67), off(36_000, 60)];
        let (sound, _) = play(&patch, 48_000, &events);
        assert!(level(&sound[4_000..12_000], hz(60)) > 0.18);
        assert!(level(&sound[14_000..24_000], hz(67)) > 0.18);
        assert!(level(&sound[26_000..36_000], hz(60)) > 0.18, "{mode:?}");
        assert!(peak(&sound[40_000..]) < 1e-3);
    }
}

#[test]
fn legato_does_not_retrigger_and_mono_does() {
    let mut patch = organ();
    for (param, value) in [("decay", 20.0), ("sustain", 0.1)] {
        patch
            .apply(&Edit::SetParam { id: "e".parse().unwrap(), param: param.into(), value })
            .unwrap();
    }
    let mut after_second = [0f32; 2];
    for (n, mode) in [VoiceMode::Legato, VoiceMode::Mono].into_iter().enumerate() {
        patch.voice.mode = mode;
        let (sound, _) = play(&patch, 30_000, &[on(0, 60), on(20_000, 67)]);
        after_second[n] = peak(&sound[20_010..21_000]);
    }
    assert!(after_second[0] < 0.03 && after_second[1] > 0.1, "{after_second:?}");
}

#[test]
fn a_macro_drives_what_it_is_bound_to() {
    let mut patch =
        build(&registry(), &["create o simple_sine", "create out audio_out", "connect o out"]);
    let binding = Binding {
        module: "o".parse().unwrap(),
        param: "freq".into(),
        min: 100.0,
        max: 1600.0,
        curve: BindingCurve::Taper,
        unknown: Default::default(),
    };
    let knob = MacroKnob { bindings: vec![binding], ..Default::default() };
    patch.apply(&Edit::SetMacro { index: 3, knob: Some(knob) }).unwrap();
    let mut rig = Rig::new(&registry(), RATE, &patch);
    let half = (0, Event::Macro { index: 3, value: 0.5 });
    let sound = rig.render(48_000, |_| 64, &[half], |_| 0.0);
    assert!(level(&sound[24_000..], 400.0) > 0.19, "the middle of 100 and 1600 Hz is 400 Hz");
    // The knob itself is the macro's now.
    rig.engine.turn("o", "freq", 800.0).unwrap();
    let sound = rig.render(48_000, |_| 64, &[], |_| 0.0);
    assert!(level(&sound[24_000..], 400.0) > 0.19);
    // Unbound, it goes by the knob again.
    rig.commit_at(0, &[Request::Edit(Edit::SetMacro { index: 3, knob: None })]);
    let sound = rig.render(48_000, |_| 64, &[], |_| 0.0);
    assert!(level(&sound[24_000..], 400.0) + level(&sound[24_000..], 800.0) > 0.19);
}

#[test]
fn gates_open_before_their_module_plays() {
    let patch = build(&registry(), &["create o simple_sine", "create out audio_out"]);
    let mut rig = Rig::new(&registry(), RATE, &patch);
    let request =
        |text: [&str; 2]| Request::Connect { from: text[0].into(), to: text[1].into(), gain: 1.0 };
    rig.commit_at(
        100,
        &[
            Request::Create { id: "e".into(), kind: "adsr".into(), position: Default::default() },
            request(["o", "e"]),
            request(["e", "out"]),
        ],
    );
    rig.engine.gate("e", true).expect("the module is in the document");
    let sound = rig.render(24_000, |_| 64, &[], |_| 0.0);
    assert!(peak(&sound[12_000..]) > 0.05, "the gate was not lost");
}

#[test]
fn knobs_turned_before_and_after_their_module_comes_in_are_heard() {
    let patch = build(&registry(), &["create out audio_out"]);
    let mut rig = Rig::new(&registry(), RATE, &patch);
    rig.commit_at(
        4_800,
        &[
            Request::Create {
                id: "o".into(),
                kind: "simple_sine".into(),
                position: Default::default(),
            },
            Request::Connect { from: "o".into(), to: "out".into(), gain: 1.0 },
        ],
    );
    // The audio thread sees the first turn of a module that it does not know yet.
    rig.engine.turn("o", "freq", 1_000.0).expect("the module is in the document");
    let sound = rig.render(9_600, |_| 64, &[], |_| 0.0);
    let crossings = |sound: &[[f32; 2]]| {
        sound.windows(2).filter(|w| (w[0][0] < 0.0) != (w[1][0] < 0.0)).count()
    };
    assert!(crossings(&sound[..4_800]) == 0, "it comes at its frame");
    assert!(crossings(&sound[4_800..]).abs_diff(200) <= 2, "1 kHz for 0.1 s");
    for freq in [500.0, 2_000.0] {
        rig.engine.turn("o", "freq", freq).expect("the module plays");
        let sound = rig.render(9_600, |_| 64, &[], |_| 0.0);
        let expected = (freq * 0.2 * 2.0) as usize;
        let found = crossings(&sound);
        assert!(found.abs_diff(expected) <= 10, "{freq} Hz: {found} of {expected}");
    }
}

#[test]
fn taps_show_what_an_output_gives_and_cost_nothing_when_closed() {
    let patch = organ();
    let mut rig = Rig::new(&registry(), RATE, &patch);
    let key = rig.engine.module_key(&"e".parse().unwrap()).expect("the module is there");
    rig.engine.taps().set(&[(key, 0)], &[(key, 0)]);
    assert_eq!(rig.engine.taps().wanted(), (1, 1));
    // Two who look, at their own pace: neither takes anything from the other.
    let mut seen = [Vec::new(), Vec::new()];
    let mut glances = Vec::new();
    let (mut known, mut serial) = ([0; 2], 0);
    for n in 0..400 {
        let events = if n == 0 { vec![on(0, 69)] } else { vec![] };
        rig.render(64, |_| 64, &events, |_| 0.0);
        rig.engine.telemetry(|t| {
            let view = &t.scopes[0];
            assert!(!t.watched || view.of() == Some((key, 0)));
            for (reader, every) in [1, 37].into_iter().enumerate() {
                if n % every == 0 && t.watched {
                    seen[reader].extend(view.since(known[reader]));
                    known[reader] = view.total();
                }
            }
            if t.watched && t.serial != serial {
                serial = t.serial;
                glances.extend(t.levels[0].seen());
            }
        });
    }
    let [all, other] = &seen;
    assert!(all.len() > 1500, "16 frames a pair: {}", all.len());
    assert!(other.len() > 1300 && all.starts_with(other), "{} of {}", other.len(), all.len());
    let widest =
        |pairs: &[[f32; 2]]| pairs.iter().fold((0f32, 0f32), |m, p| (m.0.min(p[0]), m.1.max(p[1])));
    let (low, high) = widest(&all[200..]);
    assert!((high - 0.2).abs() < 0.01 && (low + 0.2).abs() < 0.01, "{low} {high}");
    assert!((5..8).contains(&glances.len()), "one in 3840 frames: {}", glances.len());
    let (low, high) = widest(&glances);
    assert!((high - 0.2).abs() < 0.05 && (low + 0.2).abs() < 0.05, "{low} {high}");
    rig.engine.taps().set(&[], &[]);
    assert_eq!(rig.engine.taps().wanted(), (0, 0));
    rig.render(2_048, |_| 64, &[], |_| 0.0);
    rig.engine.telemetry(|t| assert!(!t.watched));
}

#[test]
fn taps_that_nobody_keeps_are_let_go() {
    let patch = organ();
    let mut rig = Rig::new(&registry(), 8_000.0, &patch);
    let key = rig.engine.module_key(&"e".parse().unwrap()).expect("the module is there");
    let second = |rig: &mut Rig| drop(rig.render(8_000, |_| 64, &[], |_| 0.0));
    rig.engine.taps().set(&[], &[(key, 0)]);
    rig.engine.taps().set_loads(true);
    for _ in 0..3 {
        for _ in 1..chronus_engine::PATIENCE_SECONDS as usize {
            second(&mut rig);
        }
        assert_eq!((rig.engine.taps().wanted(), rig.engine.taps().loads()), ((0, 1), true));
        rig.engine.taps().keep(rig.engine.frame());
    }
    for _ in 0..chronus_engine::PATIENCE_SECONDS as usize + 1 {
        second(&mut rig);
    }
    assert_eq!((rig.engine.taps().wanted(), rig.engine.taps().loads()), ((0, 0), false));
}

/// Glances see each module of a bank by itself, and change no bit of the sound.
#[test]
fn taps_find_their_lane_in_a_bank_and_are_not_heard() {
    let lines = [
        "create a vco",
        "set a shape 0",
        "set a gain 0.25",
        "create b vco",
        "set b shape 0",
        "set b gain 0.5",
        "create c vco",
        "set c shape 0",
        "create m mixer",
        "set m gain 0.1",
        "create out audio_out",
        "connect a m.in1",
        "connect b m.in2",
        "connect c m.in3",
        "connect m out",
    ];
    let patch = build(&registry(), &lines);
    let play = |taps: bool| {
        let mut rig = Rig::new(&registry(), RATE, &patch);
        let key = |id: &str| rig.engine.module_key(&id.parse().unwrap()).expect("it is there");
        let all = ["c", "a", "b"].map(|id| (key(id), 0));
        if taps {
            rig.engine.taps().set(&all, &all);
        }
        let sound = rig.render(9_600, |n| 1 + n % 64, &[], |_| 0.0);
        let levels = rig.engine.telemetry(|t| {
            let scope = |n: usize| t.scopes[n].since(0).fold(0f32, |high, pair| high.max(pair[1]));
            [0, 1, 2].map(scope)
        });
        (sound, levels)
    };
    let (with, levels) = play(true);
    assert_eq!(with, play(false).0);
    for (level, expected) in levels.into_iter().zip([1.0, 0.25, 0.5]) {
        assert!((level - expected).abs() < 0.01, "{levels:?}");
    }
}

/// Each module's own share of the time is told, which changes no bit of the sound.
#[test]
fn the_load_of_each_module_is_measured_on_request() {
    let registry = std::sync::Arc::new(chronus_engine::Registry::new(&crate::faulty::kinds()));
    let lines = [
        "create a simple_sine",
        "create b simple_sine",
        "create slow faulty",
        &format!("set slow fault {}", crate::faulty::SLOW),
        "create out audio_out",
        "connect a slow",
        "connect slow out",
        "connect b out",
    ];
    let patch = build(&registry, &lines);
    let play = |loads: bool| {
        let mut rig = Rig::new(&registry, RATE, &patch);
        rig.engine.taps().set_loads(loads);
        let sound = rig.render(100 * 64, |_| 64, &[], |_| 0.0);
        let mut all = std::collections::BTreeMap::new();
        rig.engine.module_loads(|id, load| {
            all.insert(id.to_string(), load);
        });
        (sound, all)
    };
    let (sound, loads) = play(true);
    let (plain, none) = play(false);
    assert_eq!(sound, plain);
    assert!(none.is_empty(), "{none:?}");
    assert_eq!(loads.keys().collect::<Vec<_>>(), ["a", "b", "out", "slow"]);
    // It takes a millisecond for each 64 frames; what interrupts it only adds to that.
    let expected = 1e-3 * RATE as f32 / 64.0;
    assert!(loads["slow"] >= 0.99 * expected, "{loads:?}");
    for id in ["a", "b", "out"] {
        assert!(loads[id] > 0.0 && loads[id] < loads["slow"], "{loads:?}");
    }
}

#[test]
fn paths_of_different_latency_arrive_together() {
    let registry = std::sync::Arc::new(chronus_engine::Registry::new(&crate::faulty::kinds()));
    for poly in [false, true] {
        let mut lines = vec![
            "create o vco",
            "create s lagging",
            "create t lagging",
            "create m mixer",
            "create out audio_out",
            "connect o s",
            "connect s t",
            "connect t m.in1",
            "connect o m.in2 -1",
            "connect m out",
        ];
        if poly {
            lines.extend(["create n note_in", "connect n.pitch o.pitch"]);
        }
        let patch = build(&registry, &lines);
        let mut rig = Rig::new(&registry, RATE, &patch);
        assert_eq!(rig.renderer.graph().map(|g| g.plan().latency), Some(8));
        let sound = rig.render(4_800, |n| 1 + n % 70, &[on(100, 60)], |_| 0.0);
        assert_eq!(peak(&sound), 0.0, "poly: {poly}");
        // A direct path is compensated anew when a slow one beside it comes or goes: a fade.
        rig.commit_at(100, &[Request::Disconnect { from: "t".into(), to: "m.in1".into() }]);
        let sound = rig.render(4_800, |n| 1 + n % 70, &[], |_| 0.0);
        assert!(peak(&sound) > 0.1, "poly: {poly}");
    }
}
