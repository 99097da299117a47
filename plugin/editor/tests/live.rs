//! The live view over a real engine: levels, scopes and displays by name, and what they ask of the
//! engine.

mod rig;

use std::time::Duration;

use chronus_engine::Request;
use chronus_patch::Point;
use egui::{Modifiers, Pos2, vec2};
use rig::Rig;

fn create(id: &str, kind: &str, x: f32, y: f32) -> Request {
    Request::Create { id: id.into(), kind: kind.into(), position: Point { x, y } }
}

fn connect(from: &str, to: &str) -> Request {
    Request::Connect { from: from.into(), to: to.into(), gain: 1.0 }
}

fn set(id: &str, param: &str, value: f32) -> Request {
    Request::Set { id: id.into(), param: param.into(), value }
}

/// osc → amp → mix → out, the amplifier shut, and notes beside them.
fn patch() -> Rig {
    let mut rig = Rig::new(&[
        create("osc", "vco", 0.0, 0.0),
        create("amp", "vca", 400.0, 0.0),
        create("mix", "mixer", 700.0, 0.0),
        create("out", "audio_out", 1000.0, 0.0),
        create("notes", "note_in", 0.0, 500.0),
        create("low", "vcf", 400.0, 500.0),
        create("env", "adsr", 800.0, 500.0),
        set("osc", "shape", 0.0),
        set("osc", "gain", 0.25),
        set("amp", "gain", 0.0),
        connect("osc.out", "amp.in"),
        connect("osc.out", "out.right"),
        connect("amp.out", "mix.in1"),
        connect("mix.out", "out.left"),
        connect("notes.pitch", "low.cutoff"),
        connect("notes.gate", "env.gate"),
        connect("notes.velocity", "env.in"),
    ]);
    rig.click("Fit");
    rig
}

fn nowhere(rig: &Rig) -> Pos2 {
    rig.place("Module low") + vec2(0.0, 400.0)
}

/// How many outputs are looked and glanced at.
fn wanted(rig: &Rig) -> (usize, usize) {
    rig.engine.taps().wanted()
}

#[test]
fn cables_tell_their_level_and_silence() {
    let mut rig = patch();
    rig.until("sound is seen", |rig| rig.value("Cable osc out → amp in") == "-12 dB");
    rig.until("silence too", |rig| rig.value("Cable amp out → mix in1") == "silent");
    rig.engine.turn("amp", "gain", 0.5).expect("the param is there");
    rig.until("what is opened sounds", |rig| rig.value("Cable amp out → mix in1") == "-18 dB");
    rig.engine.turn("amp", "gain", 0.0).expect("the param is there");
    rig.until("and falls silent", |rig| rig.value("Cable amp out → mix in1") == "silent");
}

#[test]
fn notes_gates_and_values_are_told_in_their_own_words() {
    let mut rig = patch();
    rig.until("no key is down", |rig| rig.value("Cable notes gate → env gate") == "gate off");
    rig.engine.note(60, 0.5);
    rig.until("the key is down", |rig| rig.value("Cable notes gate → env gate") == "gate on");
    rig.until("its pitch", |rig| rig.value("Cable notes pitch → low cutoff") == "pitch C4");
    rig.until("its velocity", |rig| rig.value("Cable notes velocity → env in") == "0.50");
    rig.engine.note(60, 0.0);
    rig.until("it is lifted", |rig| rig.value("Cable notes gate → env gate") == "gate off");
}

#[test]
fn the_pointer_on_a_cable_or_an_output_shows_a_scope() {
    let mut rig = patch();
    assert!(!rig.finds("Scope of osc out"));
    let scopes = wanted(&rig).0;
    rig.hover(rig.place("Cable osc out → amp in"));
    rig.until("its level is told", |rig| rig.value("Scope of osc out").ends_with("dBFS peak"));
    rig.until("as it is", |rig| {
        let told = rig.value("Scope of osc out");
        let level: Option<f32> = told.split(' ').next().and_then(|level| level.parse().ok());
        level.is_some_and(|level| (level + 12.0).abs() < 0.3)
    });
    assert_eq!(wanted(&rig).0, scopes + 1, "it is looked at whole");
    rig.hover(nowhere(&rig));
    rig.until("it goes with the pointer", |rig| !rig.finds("Scope of osc out"));
    rig.until("and is let go", |rig| wanted(rig).0 == scopes);
    // An output without a cable, which nobody has looked at before.
    rig.hover(rig.place("low high out"));
    rig.until("it is silent", |rig| rig.value("Scope of low high") == "silent");
    rig.hover(rig.place("notes gate out"));
    rig.until("a gate", |rig| rig.value("Scope of notes gate") == "gate off");
    rig.hover(rig.place("notes pitch out"));
    rig.until("a pitch", |rig| rig.value("Scope of notes pitch").starts_with("pitch "));
    // An input is no output, and a knob no cable.
    for other in ["amp in in", "osc Frequency"] {
        rig.hover(rig.place(other));
        rig.step();
        assert!(!rig.shows("Scope of"), "{other}");
    }
}

#[test]
fn faces_show_what_their_kind_says() {
    let mut rig = patch();
    for id in ["osc", "amp", "mix", "out", "low", "env"] {
        let display = format!("{id} display");
        assert!(rig.finds(&display), "{display}");
        let (size, module) = (rig.size(&display), rig.size(&format!("Module {id}")));
        assert!(size.y > 20.0 && size.x < module.x && size.x > module.x * 0.7, "{size:?}");
    }
    assert!(!rig.finds("notes display"), "it has nothing to show");
    rig.until("what goes to the host", |rig| rig.value("out display").starts_with("-12."));
    rig.until("a scope in a module", |rig| rig.value("mix display") == "silent");
    let silent = rig.curve_height("mix display");
    assert!(silent < 0.5, "a level line at most: {silent}");
    rig.engine.turn("amp", "gain", 0.5).expect("the param is there");
    rig.until("which sounds now", |rig| rig.value("mix display").starts_with("-18."));
    rig.until("its wave", |rig| rig.curve_height("mix display") > 2.0);
    rig.hover(nowhere(&rig));
    for _ in 0..8 {
        rig.click("Zoom out");
    }
    assert!(rig.finds("Module osc") && !rig.finds("osc display"), "too small to be seen");
}

#[test]
fn taps_are_asked_for_while_they_are_seen_and_no_longer() {
    let mut rig = patch();
    // The mixer's scope, and the other outputs with a cable; the one with two cables once.
    rig.until("what is seen is asked for", |rig| wanted(rig) == (1, 5));
    for page in ["List", "Settings"] {
        rig.click(page);
        rig.until("another page asks for nothing", |rig| wanted(rig) == (0, 0));
        rig.click("Canvas");
        rig.until("they come back", |rig| wanted(rig) == (1, 5));
    }
    rig.hover(nowhere(&rig));
    rig.wheel(vec2(9000.0, 0.0), Modifiers::NONE);
    rig.until("what is out of sight is let go", |rig| wanted(rig) == (0, 0));
    rig.click("Fit");
    rig.until("and comes back", |rig| wanted(rig) == (1, 5));
    rig.close_window();
    assert_eq!(wanted(&rig), (0, 0), "a closed window");
    rig.step();
    rig.until("one that opens again", |rig| wanted(rig) == (1, 5));
}

#[test]
fn requests_change_only_with_the_choice() {
    let mut rig = patch();
    rig.until("they have been asked for", |rig| wanted(rig) == (1, 5));
    rig.until("sound is seen", |rig| rig.value("Cable osc out → amp in") == "-12 dB");
    let changes = rig.engine.taps().changes();
    for n in 0..40 {
        rig.hover(nowhere(&rig) + vec2(n as f32, 0.0));
    }
    rig.wheel(vec2(5.0, 5.0), Modifiers::NONE);
    assert_eq!(rig.engine.taps().changes(), changes);
    // Somebody else has taken them over.
    rig.engine.taps().set(&[], &[]);
    rig.until("they are asked for once more", |rig| wanted(rig) == (1, 5));
}

#[test]
fn frames_come_fast_while_something_moves_and_rarely_otherwise() {
    let mut rig = patch();
    rig.hover(nowhere(&rig));
    rig.until("it moves", |rig| rig.rest() <= Duration::from_millis(33));
    rig.hover(rig.place("Cable osc out → amp in"));
    rig.until("a scope is smooth", |rig| rig.rest() <= Duration::from_millis(16));
    rig.hover(nowhere(&rig));
    rig.engine.turn("osc", "gain", 0.0).expect("the param is there");
    rig.until("silence rests", |rig| rig.rest() >= Duration::from_millis(90));
    rig.engine.turn("osc", "gain", 0.5).expect("the param is there");
    rig.until("it moves again", |rig| rig.rest() <= Duration::from_millis(33));
    rig.click("Settings");
    rig.until("another page rests", |rig| rig.rest() >= Duration::from_millis(90));
}
