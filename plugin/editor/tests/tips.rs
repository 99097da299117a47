//! What the editor tells beside its labels: tips where the pointer rests, values with their units at
//! knobs, and what the host has to say.

mod rig;

use chronus_engine::Request;
use chronus_patch::Point;
use egui::{Modifiers, Pos2, pos2, vec2};
use rig::Rig;

const NONE: Modifiers = Modifiers::NONE;
const SHIFT: Modifiers = Modifiers::SHIFT;

fn create(id: &str, kind: &str, x: f32, y: f32) -> Request {
    Request::Create { id: id.into(), kind: kind.into(), position: Point { x, y } }
}

fn connect(from: &str, to: &str) -> Request {
    Request::Connect { from: from.into(), to: to.into(), gain: 1.0 }
}

fn desk() -> Rig {
    let mut rig = Rig::new(&[
        create("osc", "vco", 0.0, 0.0),
        create("amp", "vca", 400.0, 0.0),
        create("out", "audio_out", 700.0, 0.0),
        create("filter", "vcf", 400.0, 400.0),
        create("env", "adsr", 0.0, 500.0),
        connect("osc.out", "amp.in"),
        connect("amp.out", "out.left"),
    ]);
    rig.click("Fit");
    rig
}

/// On the name of a module.
fn header(rig: &Rig, id: &str) -> Pos2 {
    let name = format!("Module {id}");
    rig.place(&name) - vec2(0.0, rig.size(&name).y / 2.0 - 8.0)
}

/// Away from everything that has a tip.
fn leave(rig: &mut Rig) {
    let place = rig.place("Patch canvas");
    let half = rig.size("Patch canvas") / 2.0;
    rig.rest_at(pos2(place.x, place.y + half.y - 8.0));
}

/// Resting on `label` tells `tip`, and leaving it takes that away.
#[track_caller]
fn tells(rig: &mut Rig, label: &str, tip: &str) {
    assert!(!rig.shows(tip), "{tip} before the pointer is on {label}");
    rig.rest_on(label);
    assert!(rig.shows(tip), "{tip} on {label}");
    leave(rig);
    assert!(!rig.shows(tip), "{tip} after the pointer was on {label}");
}

#[test]
fn a_knob_s_tip_tells_what_it_does_where_it_starts_and_what_drives_it() {
    let mut rig = desk();
    tells(&mut rig, "filter Cutoff", "Corner frequency. 16 Hz to 20 kHz. Double-click: 1 kHz");
    tells(&mut rig, "env Sustain", "Double-click: 70 %");
    tells(&mut rig, "out Level", "Double-click: 0.0 dB");
    tells(&mut rig, "amp Response value", "exponential spreads 60 dB");
    rig.click("List");
    rig.click("Automate filter Cutoff");
    rig.until("it is bound", |rig| rig.playing().macros.contains_key(&0));
    rig.click("Canvas");
    tells(&mut rig, "filter Cutoff", "20 kHz. Driven by macro 1.");
}

#[test]
fn a_knob_s_tip_leaves_its_value_to_be_read() {
    let mut rig = desk();
    let tip = "Corner frequency. 16 Hz to 20 kHz. Double-click: 1 kHz";
    rig.rest_on("filter Cutoff");
    let (top, half) = (rig.place(tip).y, rig.size(tip).y / 2.0);
    let (value, line) = (rig.place("filter Cutoff value").y, rig.size("filter Cutoff value").y);
    assert!(top - half > value, "{top} - {half} below {value}, {line}");
}

#[test]
fn the_name_of_a_module_tells_what_its_kind_is() {
    let mut rig = desk();
    let tip = "VCA: An amplifier whose gain is a signal";
    rig.rest_at(header(&rig, "amp"));
    assert!(rig.shows(tip));
    leave(&mut rig);
    assert!(!rig.shows(tip));
    // Its body has other things to tell.
    let (place, half) = (rig.place("Module amp"), rig.size("Module amp") / 2.0);
    rig.rest_at(place + vec2(0.0, half.y - 3.0));
    assert!(!rig.shows(tip));
}

#[test]
fn buttons_tell_what_they_do_or_would_take_back() {
    let mut rig = desk();
    rig.type_value("amp Gain", "0.5");
    let step = rig.engine.undo_labels().0.expect("a step");
    assert!(step.contains("gain"), "{step}");
    tells(&mut rig, "Undo", &format!("Undo: {step}"));
    rig.click("Undo");
    tells(&mut rig, "Redo", &format!("Redo: {step}"));
    tells(&mut rig, "Presets", "Ctrl+O");
    tells(&mut rig, "Scale", "Size of everything in the window");
    tells(&mut rig, "Side B", "Two variants to compare");
    tells(&mut rig, "Copy A to B", "Make B the same as A");
    tells(&mut rig, "Store a scene", "Store what plays as a scene");
    tells(&mut rig, "Fold modules", "Ctrl+L");
    tells(&mut rig, "Favourite VCO", "Favourite (* or Ctrl+F)");
    for name in ["Zoom out", "Zoom in", "Fit", "Arrange", "Light theme"] {
        assert_eq!(rig.count(name), 1, "{name}");
        rig.rest_on(name);
        assert_eq!(rig.count(name), 2, "the button, and its tip: {name}");
        leave(&mut rig);
    }
    rig.click("Store a scene");
    tells(&mut rig, "Scene Scene 1", "Click: recall. Right click");
    rig.click("List");
    tells_on_list(&mut rig, "Automate amp Gain", "Drive it by the next free macro");
    tells_on_list(&mut rig, "amp Gain", "Gain at a CV of 1. Double-click: 1");
    tells_on_list(&mut rig, "Connect amp out to", "Connect");
}

/// The same on a page that has no canvas to leave to.
#[track_caller]
fn tells_on_list(rig: &mut Rig, label: &str, tip: &str) {
    let before = rig.count_of(tip);
    rig.rest_on(label);
    assert_eq!(rig.count_of(tip), before + 1, "{tip} on {label}");
    rig.rest_on("Search modules");
    assert_eq!(rig.count_of(tip), before, "{tip} after {label}");
}

#[test]
fn knobs_on_the_canvas_have_their_value_with_its_unit() {
    let mut rig = desk();
    let told = [
        ("osc Frequency", "440 Hz"),
        ("filter Cutoff", "1 kHz"),
        ("osc Tune", "0 st"),
        ("osc Fine", "0 ct"),
        ("osc FM", "1 oct"),
        ("env Sustain", "70 %"),
        ("out Level", "0.0 dB"),
        ("amp Gain", "1"),
        ("filter Mode", "lowpass"),
    ];
    for (knob, value) in told {
        assert_eq!(rig.value(&format!("{knob} value")), value, "{knob}");
    }
    rig.type_value("env Attack", "20 ms");
    assert_eq!(rig.value("env Attack value"), "20 ms");
    rig.type_value("env Attack", "1500");
    assert_eq!(rig.value("env Attack value"), "1.5 s");
    rig.type_value("out Level", "-6");
    assert_eq!(rig.value("out Level value"), "-6.0 dB");
    rig.type_value("amp Gain", "-6 dB");
    assert_eq!(rig.value("amp Gain value"), "0.501");
}

#[test]
fn the_value_at_a_knob_follows_the_wheel() {
    let mut rig = desk();
    rig.type_value("env Attack", "20 ms");
    let number = |rig: &Rig, knob: &str| -> f32 {
        let text = rig.value(&format!("{knob} value"));
        let number = text.split(' ').next().and_then(|text| text.parse().ok());
        number.unwrap_or_else(|| panic!("{text}"))
    };
    for (knob, id, param, unit, shown) in [
        ("osc Frequency", "osc", "freq", "Hz", 1.0),
        ("env Attack", "env", "attack", "ms", 1.0),
        ("env Sustain", "env", "sustain", "%", 100.0),
        ("out Level", "out", "level", "dB", 1.0),
    ] {
        let value = format!("{knob} value");
        let before = number(&rig, knob);
        let place = rig.place(knob);
        rig.hover(place);
        rig.wheel(vec2(0.0, 40.0), NONE);
        let up = number(&rig, knob);
        assert!(up > before, "{knob}: {up} after {before}");
        assert!(rig.value(&value).ends_with(unit), "{}", rig.value(&value));
        let held = rig.param(id, param).expect("it was turned") * shown;
        assert!((held - up).abs() <= 0.006 * up.abs().max(10.0), "{knob}: {up} is {held}");
        rig.wheel(vec2(0.0, -20.0), SHIFT);
        let down = number(&rig, knob);
        assert!(down < up && down > before, "{knob}: shift turns finely: {down}");
    }
    let place = rig.place("filter Mode");
    rig.hover(place);
    for mode in ["bandpass", "highpass"] {
        rig.wheel(vec2(0.0, 40.0), NONE);
        assert_eq!(rig.value("filter Mode value"), mode);
    }
    rig.wheel(vec2(0.0, -80.0), NONE);
    assert_eq!(rig.value("filter Mode value"), "lowpass");
}

#[test]
fn what_the_host_says_is_shown_until_it_is_dismissed() {
    let mut rig = desk();
    let notice = "The project was damaged";
    assert!(!rig.shows(notice) && !rig.finds("Dismiss"));
    rig.host.warn(notice);
    rig.until("it is told", |rig| rig.shows(notice));
    rig.type_value("amp Gain", "0.5");
    rig.click("Settings");
    assert!(rig.shows(notice), "on every page, and after edits");
    rig.click("Dismiss");
    assert_eq!(rig.host.notice(), None);
    assert!(!rig.shows(notice) && !rig.finds("Dismiss"));
    rig.host.warn("The clock is wrong");
    rig.until("the next one is told", |rig| rig.shows("The clock is wrong"));
}
