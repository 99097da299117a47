//! The pages of Macros and Settings: what is bound to what and how far, controllers, voices and tuning.

mod rig;

use chronus_engine::Request;
use chronus_patch::{BindingCurve, MacroKnob, Patch, Point};
use rig::Rig;

fn create(id: &str, kind: &str) -> Request {
    Request::Create { id: id.into(), kind: kind.into(), position: Point::default() }
}

/// A filter and nothing else, on a page.
fn page(name: &str) -> Rig {
    let mut rig = Rig::new(&[create("filter", "vcf")]);
    rig.click(name);
    rig
}

/// The first macro drives the filter's cutoff, and stands in the middle.
fn bound() -> Rig {
    let mut rig = page("Macros");
    rig.click("Add macro 1");
    rig.choose("Bind macro 1 to", "filter Cutoff");
    rig.type_value("Macro 1", "50");
    rig.until("it is bound", |rig| first(&rig.playing()).is_some_and(|m| m.bindings.len() == 1));
    rig
}

fn first(patch: &Patch) -> Option<MacroKnob> {
    patch.macros.get(&0).cloned()
}

/// What is typed into a field, and taken by Enter.
#[track_caller]
fn write(rig: &mut Rig, field: &str, text: &str) {
    rig.type_into(field, text);
    rig.leave_field();
}

/// The knob's value as it is read on the canvas.
fn cutoff(rig: &mut Rig) -> String {
    rig.click("Canvas");
    let value = rig.value("filter Cutoff value");
    rig.click("Macros");
    value
}

#[test]
fn a_macro_is_added_turned_and_named() {
    let mut rig = page("Macros");
    rig.click("Add macro 1");
    rig.until("it is there", |rig| first(&rig.playing()).is_some());
    assert!(rig.finds("Add macro 2") && !rig.finds("Add macro 1"));
    rig.type_value("Macro 1", "25 %");
    assert_eq!(rig.host.moves(), ["begin 0", "turn 0", "end 0"]);
    assert_eq!(rig.value("Macro 1 value"), "25.0 %");
    let moved = rig.host.moves().len();
    rig.drag("Macro 1", &[0.25, 0.5, 0.9]);
    let moves = rig.host.moves();
    let (begun, ended) = (&moves[moved], &moves[moves.len() - 1]);
    assert_eq!((begun.as_str(), ended.as_str()), ("begin 0", "end 0"), "one gesture: {moves:?}");
    assert!(moves[moved + 1..moves.len() - 1].iter().all(|step| step == "turn 0"), "{moves:?}");
    write(&mut rig, "Name of macro 1", "Brightness");
    assert_eq!(first(&rig.engine.document()).expect("a macro").name, "Brightness");
    rig.click("Remove macro 1");
    rig.click("Add macro 1");
    let again = first(&rig.engine.document()).expect("a macro");
    assert!((again.value - 0.9).abs() < 0.05, "it begins where the host has it: {again:?}");
    rig.click("Undo");
    rig.click("Undo");
    rig.click("Add macro 2");
    rig.until("two", |rig| rig.playing().macros.len() == 2);
    rig.click("Undo");
    rig.click("Undo");
    assert_eq!(first(&rig.engine.document()).expect("a macro").name, "Macro 1");
}

#[test]
fn a_param_is_bound_from_the_list_and_follows() {
    let mut rig = page("Macros");
    rig.click("Add macro 1");
    rig.click("Bind macro 1 to");
    for offered in ["filter Cutoff", "filter Resonance", "filter Mode"] {
        assert!(rig.finds(offered), "{offered}");
    }
    rig.click("filter Cutoff");
    rig.until("it is bound", |rig| first(&rig.playing()).is_some_and(|m| m.bindings.len() == 1));
    let knob = first(&rig.playing()).expect("a macro");
    let (binding, curve) = (&knob.bindings[0], BindingCurve::Taper);
    assert_eq!((binding.module.as_str(), binding.param.as_str()), ("filter", "cutoff"));
    assert_eq!((binding.min, binding.max, binding.curve), (16.0, 20_000.0, curve));
    rig.click("Bind macro 1 to");
    assert_eq!(rig.count("filter Cutoff"), 1, "its row: a param has one macro");
    rig.click("filter Resonance");
    rig.until("both", |rig| first(&rig.playing()).is_some_and(|m| m.bindings.len() == 2));
    for (percent, heard) in [("0", "16 Hz"), ("100", "20 kHz")] {
        rig.type_value("Macro 1", percent);
        assert_eq!(cutoff(&mut rig), heard);
    }
}

#[test]
fn ends_and_curve_say_how_far_it_goes_each_in_one_step() {
    let mut rig = bound();
    write(&mut rig, "macro 1 row 1 from", "200");
    write(&mut rig, "macro 1 row 1 to", "2 kHz");
    let binding = |rig: &Rig| first(&rig.engine.document()).expect("a macro").bindings[0].clone();
    assert_eq!((binding(&rig).min, binding(&rig).max), (200.0, 2000.0));
    assert_eq!(rig.value("macro 1 row 1 to"), "2 kHz");
    assert_eq!(cutoff(&mut rig), "632 Hz", "in the middle of a frequency's way");
    rig.click("macro 1 row 1 linear");
    assert_eq!(binding(&rig).curve, BindingCurve::Linear);
    assert_eq!(cutoff(&mut rig), "1.1 kHz");
    rig.click("macro 1 row 1 linear");
    assert_eq!(binding(&rig).curve, BindingCurve::Taper);
    rig.click("Undo");
    rig.click("Undo");
    assert_eq!((binding(&rig).max, binding(&rig).curve), (2000.0, BindingCurve::Taper));
    rig.click("Undo");
    assert_eq!((binding(&rig).min, binding(&rig).max), (200.0, 20_000.0));
    // From high to low, it goes the other way.
    write(&mut rig, "macro 1 row 1 from", "4 kHz");
    write(&mut rig, "macro 1 row 1 to", "1 kHz");
    rig.type_value("Macro 1", "100");
    assert_eq!(cutoff(&mut rig), "1 kHz");
    write(&mut rig, "macro 1 row 1 from", "99 kHz");
    assert_eq!(binding(&rig).min, 20_000.0, "no further than the knob goes");
}

#[test]
fn what_is_freed_stays_where_its_macro_had_it() {
    let mut rig = bound();
    write(&mut rig, "macro 1 row 1 from", "200");
    write(&mut rig, "macro 1 row 1 to", "2000");
    rig.click("Remove macro 1");
    rig.until("it is gone", |rig| rig.playing().macros.is_empty());
    let stands = rig.param("filter", "cutoff").expect("it is set");
    assert!((stands - 632.46).abs() < 0.1, "{stands}");
    assert!(rig.finds("Add macro 1"));
    rig.click("Undo");
    rig.until("in one step", |rig| first(&rig.playing()).is_some_and(|m| m.bindings.len() == 1));
    assert_eq!(rig.param("filter", "cutoff"), None);
    rig.click("Remove macro 1 row 1");
    rig.until("one binding less", |rig| {
        first(&rig.playing()).is_some_and(|knob| knob.bindings.is_empty())
    });
    assert!(rig.finds("Name of macro 1"), "the macro itself stays");
}

#[test]
fn controllers_are_added_set_and_removed() {
    let mut rig = page("Macros");
    rig.click("Add controller");
    rig.click("Add controller");
    write(&mut rig, "controller row 2 number", "21");
    write(&mut rig, "controller row 2 channel", "3");
    write(&mut rig, "controller row 2 macro", "8");
    let all = |rig: &Rig| -> Vec<_> {
        let document = rig.engine.document();
        let parts =
            |learn: &chronus_patch::MidiLearn| (learn.channel, learn.controller, learn.macro_index);
        document.midi_learn.iter().map(parts).collect()
    };
    assert_eq!(all(&rig), [(None, 1, 0), (Some(2), 21, 7)]);
    assert_eq!(rig.value("controller row 1 channel"), "any channel");
    assert_eq!(rig.value("controller row 2 channel"), "channel 3");
    write(&mut rig, "controller row 2 channel", "any");
    assert_eq!(all(&rig)[1], (None, 21, 7));
    rig.click("Remove controller row 1");
    assert_eq!(all(&rig), [(None, 21, 7)]);
    assert!(!rig.finds("controller row 2 number"));
    rig.click("Undo");
    assert_eq!(all(&rig).len(), 2);
}

#[test]
fn voices_are_counted_and_glide_one_step_each() {
    let mut rig = page("Settings");
    let voice = |rig: &Rig| rig.engine.document().voice.clone();
    let before = voice(&rig);
    write(&mut rig, "Voice count", "5");
    rig.until("it plays", |rig| rig.playing().voice.count == 5);
    write(&mut rig, "Glide in ms", "120");
    rig.until("it glides", |rig| rig.playing().voice.glide == 120.0);
    assert_eq!(rig.value("Glide in ms"), "120 ms");
    rig.drag("Glide in ms", &[0.2, 0.4, 0.6, 0.8]);
    assert!(voice(&rig).glide > 120.0, "{}", voice(&rig).glide);
    rig.click("Undo");
    assert_eq!(voice(&rig).glide, 120.0, "a drag is one step");
    rig.click("Undo");
    assert_eq!((voice(&rig).glide, voice(&rig).count), (before.glide, 5));
    rig.click("Undo");
    assert_eq!(voice(&rig), before);
    for (typed, taken) in [("0", 1), ("200", chronus_engine::MAX_VOICES as u8)] {
        write(&mut rig, "Voice count", typed);
        assert_eq!(voice(&rig).count, taken, "no further than it goes");
    }
}

#[test]
fn tuning_is_set_by_its_a_and_by_single_keys() {
    let mut rig = page("Settings");
    let tuning = |rig: &Rig| rig.engine.document().tuning.clone();
    assert_eq!((tuning(&rig).a4, tuning(&rig).cents.len()), (440.0, 0));
    write(&mut rig, "A4 in Hz", "432");
    rig.until("it plays", |rig| rig.playing().tuning.a4 == 432.0);
    write(&mut rig, "Cents of F#", "-12.5");
    rig.until("it plays", |rig| rig.playing().tuning.cents.get(6) == Some(&-12.5));
    assert_eq!(tuning(&rig).cents.iter().filter(|cents| **cents != 0.0).count(), 1);
    assert_eq!(rig.value("Cents of F#"), "-12.5 ct");
    write(&mut rig, "Cents of F#", "0");
    assert!(tuning(&rig).cents.is_empty(), "all equal is no list");
    rig.click("Undo");
    rig.click("Undo");
    assert_eq!(tuning(&rig).a4, 432.0);
    rig.click("Undo");
    assert_eq!(tuning(&rig).a4, 440.0);
}
