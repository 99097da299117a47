//! What is being typed is not lost: not to a closed window, another page or a save; and keys that come
//! faster than frames are heard one after the other.

mod rig;

use chronus_engine::Request;
use chronus_patch::Point;
use egui::{Event, Key, Modifiers, PointerButton, vec2};
use rig::Rig;

const NONE: Modifiers = Modifiers::NONE;
const SHIFT: Modifiers = Modifiers::SHIFT;
const COMMAND: Modifiers = Modifiers::COMMAND;

fn create(id: &str, kind: &str, x: f32, y: f32) -> Request {
    Request::Create { id: id.into(), kind: kind.into(), position: Point { x, y } }
}

/// Two modules side by side.
fn two() -> Rig {
    Rig::new(&[create("osc", "vco", 0.0, 0.0), create("amp", "vca", 400.0, 0.0)])
}

/// Selects a module by a click on its header.
fn select(rig: &mut Rig, id: &str) {
    let label = format!("Module {id}");
    let at = rig.place(&label) - vec2(0.0, rig.size(&label).y / 2.0 - 8.0);
    rig.click_at(at, PointerButton::Primary, NONE);
}

fn key(key: Key, modifiers: Modifiers) -> Event {
    Event::Key { key, physical_key: None, pressed: true, repeat: false, modifiers }
}

#[test]
fn a_closed_window_keeps_what_was_typed() {
    let mut rig = two();
    select(&mut rig, "osc");
    rig.press(NONE, Key::F2);
    rig.press(COMMAND, Key::A);
    rig.send(Event::Text("Bass".into()));
    rig.close_window();
    assert_eq!(rig.engine.document().modules.values().last().unwrap().name, "Bass");
    rig.click("Settings");
    rig.type_into("Patch notes", "for the second verse");
    rig.close_window();
    assert_eq!(rig.engine.document().notes, "for the second verse");
}

#[test]
fn turning_the_page_takes_what_was_typed() {
    let mut rig = two();
    let texts = |rig: &Rig| {
        let patch = rig.engine.document();
        let amp = patch.modules.values().next().expect("amp").name.clone();
        [patch.name.clone(), patch.notes.clone(), amp]
    };
    let fields = [("Settings", "Patch name"), ("Settings", "Patch notes"), ("List", "Name of amp")];
    for (at, (page, field)) in fields.into_iter().enumerate() {
        rig.click(page);
        rig.type_into(field, "Typed");
        rig.click("Statistics");
        assert_eq!(texts(&rig)[at], "Typed", "{field}");
    }
    rig.click("Canvas");
    select(&mut rig, "osc");
    rig.press(NONE, Key::F2);
    rig.press(COMMAND, Key::A);
    rig.send(Event::Text("First".into()));
    rig.click("Settings");
    assert_eq!(rig.engine.document().modules.values().last().expect("osc").name, "First");
    rig.click("Canvas");
    assert!(!rig.finds("Name of osc"), "the field is closed");
}

#[test]
fn escape_gives_a_line_up_and_leaving_takes_it() {
    let mut rig = two();
    rig.click("Settings");
    rig.type_into("Patch name", "Never");
    rig.press(NONE, Key::Escape);
    assert_eq!(rig.engine.document().name, "");
    rig.type_into("Patch name", "Now");
    rig.leave_field();
    assert_eq!(rig.engine.document().name, "Now");
}

#[test]
fn a_save_holds_what_is_being_typed() {
    let mut rig = two();
    select(&mut rig, "osc");
    rig.press(COMMAND | SHIFT, Key::S);
    rig.type_into("Preset name", "Pad");
    rig.press(NONE, Key::Enter);
    rig.until("it is saved", |rig| rig.finds("Patch Pad"));
    let text = |rig: &Rig| {
        std::fs::read_to_string(rig.presets.join("Pad.chronus.json")).unwrap_or_default()
    };
    rig.click("Settings");
    rig.type_into("Patch notes", "softly");
    rig.press(COMMAND, Key::S);
    rig.until("the notes are in it", |rig| text(rig).contains("softly"));
    assert!(rig.has_focus("Patch notes"), "typing goes on");
    rig.send(Event::Text(", then loud".into()));
    rig.press(COMMAND, Key::S);
    rig.until("all of them", |rig| text(rig).contains("then loud"));
}

#[test]
fn two_modules_of_the_list_are_not_called_the_same() {
    let mut rig = two();
    rig.click("List");
    rig.type_into("Name of amp", "osc");
    rig.leave_field();
    assert!(rig.shows("`osc`"), "it says why");
    assert!(rig.engine.document().modules.values().all(|module| module.name.is_empty()));
}

#[test]
fn keys_of_one_frame_are_done_one_after_the_other() {
    let mut rig = two();
    select(&mut rig, "osc");
    rig.send_together(&[key(Key::D, COMMAND), key(Key::D, COMMAND)]);
    rig.until("there are three", |rig| {
        rig.playing().modules.keys().filter(|id| id.as_str().starts_with("osc")).count() == 3
    });
    assert!(!rig.shows("Not playing"));
    let x = |rig: &Rig| rig.engine.document().modules[&"amp".parse().unwrap()].position.x;
    select(&mut rig, "amp");
    let before = x(&rig);
    rig.press(NONE, Key::ArrowRight);
    let step = x(&rig) - before;
    assert!(step > 0.0);
    rig.send_together(&[key(Key::ArrowRight, NONE), key(Key::ArrowRight, NONE)]);
    assert_eq!(x(&rig) - before, 3.0 * step);
}
