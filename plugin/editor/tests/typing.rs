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

/// Keys that are pressed and let go one after the other, all in one frame.
fn keys(rig: &mut Rig, keys: &[(Modifiers, Key)]) {
    let event = |&(modifiers, key), pressed| Event::Key {
        key,
        physical_key: None,
        pressed,
        repeat: false,
        modifiers,
    };
    let events: Vec<_> =
        keys.iter().flat_map(|key| [event(key, true), event(key, false)]).collect();
    rig.send_together(&events);
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
    // What is kept is not tidied up under the cursor.
    rig.type_into("Patch tags", "bass, ");
    rig.press(COMMAND, Key::S);
    rig.until("the tag", |rig| text(rig).contains("bass"));
    rig.send(Event::Text("warm".into()));
    rig.leave_field();
    assert_eq!(rig.engine.document().tags, ["bass", "warm"]);
    rig.click("Canvas");
    select(&mut rig, "osc");
    rig.press(NONE, Key::F2);
    rig.press(COMMAND, Key::A);
    rig.send(Event::Text("Lead ".into()));
    rig.press(COMMAND, Key::S);
    rig.until("the name", |rig| text(rig).contains("Lead"));
    assert!(rig.has_focus("Name of osc"), "typing goes on");
    rig.send(Event::Text("2".into()));
    rig.press(NONE, Key::Enter);
    assert!(rig.finds("Module Lead 2"));
    rig.press(NONE, Key::F2);
    rig.press(COMMAND, Key::A);
    rig.send(Event::Text("amp".into()));
    rig.press(COMMAND, Key::S);
    assert!(rig.has_focus("Name of osc"), "a name that is taken");
    rig.press(NONE, Key::Escape);
    assert!(rig.finds("Module Lead 2"));
}

#[test]
fn a_value_typed_at_a_knob_is_taken_too() {
    let mut rig = two();
    let typed = |rig: &mut Rig, text: &str| {
        rig.click("Canvas");
        rig.click("amp Gain");
        rig.press(NONE, Key::Enter);
        rig.press(COMMAND, Key::A);
        rig.send(Event::Text(text.into()));
    };
    typed(&mut rig, "0.25");
    rig.click("Settings");
    assert_eq!(rig.param("amp", "gain"), Some(0.25));
    typed(&mut rig, "0.5");
    rig.close_window();
    assert_eq!(rig.engine.value("amp", "gain"), Ok(0.5));
    typed(&mut rig, "loud");
    rig.click("Settings");
    assert!(rig.shows("`loud` is no value for amp Gain"));
    assert_eq!(rig.engine.value("amp", "gain"), Ok(0.5));
}

#[test]
fn what_was_typed_for_another_document_is_not_taken() {
    let mut rig = two();
    rig.click("Settings");
    rig.type_into("Patch notes", "of the one before");
    let other = vec![Request::Clear, create("osc", "vco", 0.0, 0.0)];
    let terms =
        chronus_engine::Terms { client: chronus_engine::Client::Host, ..Default::default() };
    let load = Request::Replace(Box::default());
    rig.engine.commit(&[vec![load], other].concat(), terms, |_| ());
    rig.close_window();
    assert_eq!(rig.engine.document().notes, "");
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
    keys(&mut rig, &[(COMMAND, Key::D), (COMMAND, Key::D)]);
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
    keys(&mut rig, &[(NONE, Key::ArrowRight), (NONE, Key::ArrowRight)]);
    assert_eq!(x(&rig) - before, 3.0 * step);
    // Undo waits for its turn.
    let before = rig.engine.document();
    keys(&mut rig, &[(COMMAND, Key::D), (COMMAND, Key::Z)]);
    rig.until("it is undone", |rig| *rig.playing() == *before);
}

#[test]
fn a_held_key_ends_when_it_is_let_go() {
    let mut rig = two();
    select(&mut rig, "amp");
    let x = |rig: &Rig| rig.engine.document().modules[&"amp".parse().unwrap()].position.x;
    let before = x(&rig);
    rig.press(NONE, Key::ArrowRight);
    let step = x(&rig) - before;
    // One frame as slow as thirty repeats.
    let held = Event::Key {
        key: Key::ArrowRight,
        physical_key: None,
        pressed: true,
        repeat: true,
        modifiers: NONE,
    };
    rig.send_together(&vec![held; 30]);
    assert_eq!(x(&rig) - before, 2.0 * step);
}
