//! The canvas, driven by pointer and keys over a real engine: what is drawn is found by its name.

mod rig;

use std::time::{Duration, Instant};

use chronus_engine::Request;
use chronus_patch::{ModuleId, Patch, Point};
use egui::{Event, Key, Modifiers, PointerButton, Pos2, Vec2, pos2, vec2};
use rig::Rig;

const NONE: Modifiers = Modifiers::NONE;
const SHIFT: Modifiers = Modifiers::SHIFT;
const COMMAND: Modifiers = Modifiers::COMMAND;

fn create(id: &str, kind: &str, x: f32, y: f32) -> Request {
    Request::Create { id: id.into(), kind: kind.into(), position: Point { x, y } }
}

fn connect(from: &str, to: &str) -> Request {
    Request::Connect { from: from.into(), to: to.into(), gain: 1.0 }
}

/// osc → amp → out in a row, and a filter below that nothing is connected to.
fn row() -> Rig {
    let mut rig = Rig::new(&[
        create("osc", "vco", 0.0, 0.0),
        create("amp", "vca", 400.0, 0.0),
        create("out", "audio_out", 700.0, 0.0),
        create("filter", "vcf", 400.0, 300.0),
        connect("osc.out", "amp.in"),
        connect("amp.out", "out.left"),
    ]);
    rig.click("Fit");
    rig
}

/// On the name of a module: there a click means the module, and no knob.
fn header(rig: &Rig, id: &str) -> Pos2 {
    let name = format!("Module {id}");
    rig.place(&name) - vec2(0.0, rig.size(&name).y / 2.0 - 8.0)
}

fn select(rig: &mut Rig, id: &str) {
    let place = header(rig, id);
    rig.click_at(place, PointerButton::Primary, NONE);
}

/// A place with nothing on it, below all modules of [`row`].
fn nowhere(rig: &Rig) -> Pos2 {
    rig.place("Module filter") + vec2(-300.0, 300.0)
}

fn position(patch: &Patch, id: &str) -> Point {
    patch.modules[&ModuleId::new(id).expect("an id")].position
}

/// "osc.out → amp.in" of every cable, sorted.
fn cables(patch: &Patch) -> Vec<String> {
    let mut all: Vec<_> = patch.cables.values().map(|c| format!("{} → {}", c.from, c.to)).collect();
    all.sort();
    all
}

fn near(a: Pos2, b: Pos2) -> bool {
    (a - b).length() < 1.5
}

#[test]
fn modules_stand_where_the_patch_has_them_with_pins_and_knobs_by_name() {
    let rig = row();
    let step = rig.place("amp in in") - rig.place("osc fm in");
    assert!((step.x - 400.0).abs() < 1.0, "{step:?}");
    assert!(rig.place("osc out out").x - rig.place("osc pitch in").x > 200.0);
    assert!(rig.place("osc pitch in").y < rig.place("osc sync in").y);
    for name in ["osc Frequency", "osc Frequency value", "amp Gain", "Cable osc out → amp in"] {
        assert!(rig.finds(name), "{name}");
    }
    assert!(rig.place("osc Frequency value").y > rig.place("osc Frequency").y);
}

#[test]
fn small_modules_show_no_knobs_and_what_is_outside_is_not_drawn() {
    let mut rig = row();
    rig.hover(nowhere(&rig));
    for _ in 0..5 {
        rig.click("Zoom out");
    }
    assert!(rig.finds("Module osc") && rig.finds("osc out out"));
    assert!(!rig.finds("osc Frequency"));
    for _ in 0..2 {
        rig.click("Zoom out");
    }
    assert!(rig.finds("Module osc") && !rig.finds("osc out out"), "too small to be hit");
    rig.click("Fit");
    assert!(rig.finds("osc Frequency"));
    rig.hover(nowhere(&rig));
    rig.wheel(vec2(5000.0, 0.0), NONE);
    assert!(!rig.finds("Module osc"));
    rig.click("Fit");
    assert!(rig.finds("Module osc"));
}

#[test]
fn the_view_is_dragged_and_scrolled() {
    let mut rig = row();
    let way = vec2(60.0, -40.0);
    let start = nowhere(&rig);
    for button in [PointerButton::Middle, PointerButton::Secondary] {
        let before = rig.place("Module osc");
        rig.drag_with((start, start + way), button, NONE);
        assert!(near(rig.place("Module osc"), before + way), "{button:?}");
    }
    let over = header(&rig, "amp");
    let before = rig.place("Module osc");
    rig.drag_with((over, over + way), PointerButton::Middle, NONE);
    assert!(near(rig.place("Module osc"), before + way), "over a module");
    assert_eq!(position(&rig.engine.document(), "amp"), Point { x: 400.0, y: 0.0 });
    let before = rig.place("Module osc");
    rig.hover(start);
    rig.wheel(vec2(0.0, -30.0), NONE);
    assert!(near(rig.place("Module osc"), before + vec2(0.0, -30.0)));
}

#[test]
fn space_and_a_drag_move_the_view_and_keep_the_selection() {
    let mut rig = row();
    select(&mut rig, "amp");
    let (before, start) = (rig.place("Module osc"), nowhere(&rig));
    rig.send(key(Key::Space, true));
    rig.drag_between(start, start + vec2(50.0, 20.0));
    rig.send(key(Key::Space, false));
    assert!(near(rig.place("Module osc"), before + vec2(50.0, 20.0)));
    assert!(rig.is_selected("Module amp"));
}

fn key(key: Key, pressed: bool) -> Event {
    Event::Key { key, physical_key: None, pressed, repeat: false, modifiers: NONE }
}

#[test]
fn zooming_keeps_what_is_under_the_pointer_and_ends_at_its_limits() {
    let mut rig = row();
    let still = rig.place("osc out out");
    let size = rig.size("Module osc").x;
    rig.hover(still);
    rig.send(Event::Zoom(1.5));
    assert!(near(rig.place("osc out out"), still));
    assert!((rig.size("Module osc").x / size - 1.5).abs() < 0.01);
    rig.wheel(vec2(0.0, -60.0), COMMAND);
    assert!(near(rig.place("osc out out"), still));
    assert!(rig.size("Module osc").x / size < 1.45);
    for (factor, limit) in [(10.0, 3.0), (0.01, 0.2)] {
        rig.send(Event::Zoom(factor));
        assert!((rig.size("Module osc").x > 400.0) == (limit > 1.0), "{limit}");
    }
    rig.click("Fit");
    assert!((rig.size("Module osc").x - size).abs() < 0.5);
}

#[test]
fn keys_zoom_pan_and_fit_once_the_canvas_has_them() {
    let mut rig = row();
    let (size, place) = (rig.size("Module osc").x, rig.place("Module osc"));
    rig.press(NONE, Key::F6);
    rig.press(NONE, Key::Plus);
    assert_eq!(rig.size("Module osc").x, size, "keys are the host's until a click");
    let ground = nowhere(&rig);
    rig.click_at(ground, PointerButton::Primary, NONE);
    assert!(rig.has_focus("Patch canvas"));
    rig.press(NONE, Key::Plus);
    assert!(rig.size("Module osc").x > size * 1.2);
    rig.press(NONE, Key::Minus);
    let back = rig.size("Module osc").x / size;
    assert!((back - 1.0).abs() < 0.01, "{back}");
    rig.press(NONE, Key::Minus);
    let out = rig.size("Module osc").x / size;
    assert!((out - 0.8).abs() < 0.01, "{out}");
    rig.press(NONE, Key::Plus);
    rig.press(NONE, Key::ArrowRight);
    assert!(rig.has_focus("Patch canvas"), "arrows do not leave it");
    assert!(rig.place("Module osc").x < place.x - 30.0);
    rig.press(NONE, Key::F);
    assert!(near(rig.place("Module osc"), place));
    rig.press(NONE, Key::Escape);
    assert!(rig.has_focus("Patch canvas"), "nor does Escape");
    rig.press(NONE, Key::F6);
    assert!(!rig.has_focus("Patch canvas"));
}

#[test]
fn clicks_and_boxes_select() {
    let mut rig = row();
    let selected = |rig: &Rig| {
        ["osc", "amp", "out", "filter"].map(|id| rig.is_selected(&format!("Module {id}")))
    };
    rig.click_at(header(&rig, "osc"), PointerButton::Primary, NONE);
    assert_eq!(selected(&rig), [true, false, false, false]);
    rig.click_at(header(&rig, "out"), PointerButton::Primary, SHIFT);
    assert_eq!(selected(&rig), [true, false, true, false]);
    rig.click_at(header(&rig, "osc"), PointerButton::Primary, SHIFT);
    assert_eq!(selected(&rig), [false, false, true, false]);
    let corner = header(&rig, "amp") - vec2(90.0, 40.0);
    rig.drag_between(corner, corner + vec2(120.0, 500.0));
    assert_eq!(selected(&rig), [false, true, false, true]);
    rig.press(NONE, Key::Escape);
    assert_eq!(selected(&rig), [false; 4]);
    rig.press(COMMAND, Key::A);
    assert_eq!(selected(&rig), [true; 4]);
    rig.click_at(nowhere(&rig), PointerButton::Primary, NONE);
    assert_eq!(selected(&rig), [false; 4]);
}

#[test]
fn many_modules_are_dragged_in_one_undo_step_and_without_a_commit() {
    let mut rig = row();
    let (before, revision) = (rig.engine.document(), rig.engine.last_revision());
    let grip = header(&rig, "amp");
    rig.click_at(grip, PointerButton::Primary, NONE);
    let other = header(&rig, "osc");
    rig.click_at(other, PointerButton::Primary, SHIFT);
    rig.drag_between(grip, grip + vec2(30.0, 50.0));
    let patch = rig.engine.document();
    assert_eq!(position(&patch, "amp"), Point { x: 430.0, y: 50.0 });
    assert_eq!(position(&patch, "osc"), Point { x: 30.0, y: 50.0 });
    assert_eq!(position(&patch, "out"), position(&before, "out"));
    assert_eq!(rig.engine.last_revision(), revision);
    rig.press(COMMAND, Key::Z);
    assert_eq!(*rig.engine.document(), *before);
    rig.press(COMMAND, Key::Y);
    assert_eq!(*rig.engine.document(), *patch);
    rig.press(COMMAND, Key::Z);
    rig.press(COMMAND | SHIFT, Key::Z);
    assert_eq!(*rig.engine.document(), *patch);
}

#[test]
fn escape_gives_up_a_drag() {
    let mut rig = row();
    let before = rig.engine.document();
    let (grip, pin) = (header(&rig, "amp"), rig.place("filter out out"));
    let (away, right) = (grip + vec2(30.0, 60.0), rig.place("out right in"));
    for (from, to) in [(grip, away), (pin, right)] {
        rig.grab((from, to), PointerButton::Primary, NONE);
        rig.press(NONE, Key::Escape);
        let (button, modifiers) = (PointerButton::Primary, NONE);
        rig.send(Event::PointerButton { pos: to, button, pressed: false, modifiers });
        assert_eq!(*rig.engine.document(), *before);
    }
}

#[test]
fn a_loaded_patch_is_shown_whole() {
    let mut rig = row();
    let (place, text) = (rig.place("Module osc"), rig.engine.document().to_json());
    rig.hover(nowhere(&rig));
    rig.wheel(vec2(5000.0, 0.0), NONE);
    assert!(!rig.finds("Module osc"));
    rig.click("Document");
    rig.type_into("Patch text", &text);
    rig.click("Load this text");
    rig.click("Canvas");
    assert!((rig.place("Module osc") - place).length() < 40.0);
}

#[test]
fn deleting_heals_the_path_and_undo_restores() {
    let mut rig = row();
    let before = rig.engine.document();
    select(&mut rig, "amp");
    rig.press(NONE, Key::Delete);
    rig.until("the path is healed", |rig| cables(&rig.playing()) == ["osc.out → out.left"]);
    rig.press(COMMAND, Key::Z);
    rig.until("all is back", |rig| *rig.playing() == *before);
    rig.press(COMMAND, Key::A);
    rig.press(NONE, Key::Backspace);
    rig.until("all is gone", |rig| rig.playing().modules.is_empty());
    rig.press(COMMAND, Key::Z);
    rig.until("one step brings it back", |rig| *rig.playing() == *before);
}

#[test]
fn copies_keep_their_cables_and_come_as_a_paste_or_as_typed_text() {
    let mut rig = row();
    select(&mut rig, "osc");
    rig.press(COMMAND, Key::A);
    let text = rig.send(Event::Copy).expect("something in the clipboard");
    let place = nowhere(&rig);
    rig.hover(place);
    rig.send(Event::Paste(text.clone()));
    rig.until("it plays", |rig| rig.playing().cables.len() == 4);
    assert_eq!(rig.playing().modules.len(), 8);
    assert!(rig.is_selected("Module osc1") && !rig.is_selected("Module osc"));
    let shift = rig.place("Module osc1") - rig.size("Module osc1") / 2.0;
    assert!(near(shift, place), "{shift:?} for {place:?}");
    rig.send(Event::Text(text));
    rig.until("it plays too", |rig| rig.playing().modules.len() == 12);
    rig.send(Event::Paste("no modules".into()));
    assert!(rig.shows("there is nothing to paste in the clipboard"));
}

#[test]
fn cutting_and_duplicating() {
    let mut rig = row();
    select(&mut rig, "filter");
    rig.press(COMMAND, Key::D);
    rig.until("there are two", |rig| rig.playing().modules.len() == 5);
    assert!(rig.is_selected("Module filter1") && !rig.is_selected("Module filter"));
    let text = rig.send(Event::Cut).expect("something in the clipboard");
    assert!(text.contains("filter1"));
    rig.until("it is gone", |rig| !rig.playing().modules.keys().any(|id| id.as_str() == "filter1"));
}

/// The patch of [`row`] once more with amp and filter connected, and copies of them both.
fn copied(copy: impl Fn(&mut Rig)) -> Rig {
    let mut rig = row();
    rig.drag_between(rig.place("amp out out"), rig.place("filter in in"));
    rig.until("they are connected", |rig| rig.playing().cables.len() == 3);
    rig.type_value("amp Gain", "0.5");
    select(&mut rig, "amp");
    let other = header(&rig, "filter");
    rig.click_at(other, PointerButton::Primary, SHIFT);
    copy(&mut rig);
    rig.until("the copies play", |rig| rig.playing().modules.len() == 6);
    rig
}

/// The cable between them came along, and no other.
fn has_the_inner_cable_alone(rig: &mut Rig) {
    let all = ["amp.out → filter.in", "amp.out → out.left", "amp1.out → filter1.in"];
    assert_eq!(cables(&rig.playing()), [&all[..], &["osc.out → amp.in"]].concat());
    assert_eq!(rig.param("amp1", "gain"), Some(0.5), "and what they were set to");
    let selected = ["amp", "filter", "amp1", "filter1"];
    let selected = selected.map(|id| rig.is_selected(&format!("Module {id}")));
    assert_eq!(selected, [false, false, true, true]);
    let patch = rig.engine.document();
    let way = |a: &str, b: &str| {
        let (a, b) = (position(&patch, a), position(&patch, b));
        (b.x - a.x, b.y - a.y)
    };
    assert_eq!(way("amp1", "filter1"), way("amp", "filter"), "they stand as they stood");
    rig.press(COMMAND, Key::Z);
    rig.until("one step", |rig| rig.playing().modules.len() == 4);
    assert_eq!(rig.playing().cables.len(), 3);
}

#[test]
fn a_duplicate_of_two_has_the_cable_between_them_alone() {
    let mut rig = copied(|rig| rig.press(COMMAND, Key::D));
    has_the_inner_cable_alone(&mut rig);
}

#[test]
fn a_copy_of_two_has_the_cable_between_them_alone() {
    let mut rig = copied(|rig| {
        let text = rig.send(Event::Copy).expect("something in the clipboard");
        let place = nowhere(rig);
        rig.hover(place);
        rig.send(Event::Paste(text));
    });
    has_the_inner_cable_alone(&mut rig);
}

#[test]
fn a_cable_is_dragged_either_way() {
    let mut rig = row();
    let (from, to) = (rig.place("filter out out"), rig.place("out right in"));
    rig.drag_between(from, to + vec2(5.0, -4.0));
    rig.until("it plays", |rig| cables(&rig.playing()).contains(&"filter.out → out.right".into()));
    let (from, to) = (rig.place("filter in in"), rig.place("osc out out"));
    rig.drag_between(from, to);
    rig.until("it plays", |rig| cables(&rig.playing()).contains(&"osc.out → filter.in".into()));
    assert_eq!(rig.playing().cables.len(), 4);
    let (from, to) = (rig.place("amp in in"), rig.place("filter band out"));
    rig.drag_with((from, to), PointerButton::Primary, SHIFT);
    rig.until("shift adds one", |rig| {
        cables(&rig.playing()).contains(&"filter.band → amp.in".into())
    });
    assert_eq!(rig.playing().cables.len(), 5);
}

#[test]
fn pins_that_do_not_fit_are_dimmed_and_take_no_cable() {
    let mut rig = row();
    let before = rig.engine.document();
    let (from, to) = (rig.place("osc out out"), rig.place("filter low out"));
    rig.grab((from, to), PointerButton::Primary, NONE);
    assert!(!rig.is_enabled("filter low out"), "an output");
    assert!(!rig.is_enabled("amp in in"), "connected already");
    assert!(rig.is_enabled("filter in in"));
    let (button, modifiers) = (PointerButton::Primary, NONE);
    rig.send(Event::PointerButton { pos: to, button, pressed: false, modifiers });
    assert!(rig.is_enabled("filter low out"), "the cable has been dropped");
    assert_eq!(*rig.engine.document(), *before);
}

#[test]
fn the_end_of_a_cable_is_taken_to_another_pin_or_away() {
    let mut rig = row();
    let (from, to) = (rig.place("amp in in"), rig.place("filter in in"));
    rig.drag_between(from, to);
    rig.until("it has moved", |rig| {
        cables(&rig.playing()) == ["amp.out → out.left", "osc.out → filter.in"]
    });
    let away = nowhere(&rig);
    rig.drag_between(rig.place("filter in in"), away);
    rig.until("it is gone", |rig| cables(&rig.playing()) == ["amp.out → out.left"]);
    rig.press(COMMAND, Key::Z);
    rig.until("it is back", |rig| rig.playing().cables.len() == 2);
}

#[test]
fn a_cable_is_taken_by_its_end_near_an_output() {
    let mut rig = row();
    let (out, middle) = (rig.place("osc out out"), rig.place("Cable osc out → amp in"));
    let grip = out.lerp(middle, 0.4);
    rig.drag_between(grip, rig.place("filter low out"));
    rig.until("it has moved", |rig| {
        cables(&rig.playing()) == ["amp.out → out.left", "filter.low → amp.in"]
    });
}

#[test]
fn a_cable_is_selected_by_a_click_and_deleted() {
    let mut rig = row();
    let cable = "Cable osc out → amp in";
    rig.click_at(rig.place(cable), PointerButton::Primary, NONE);
    assert!(rig.is_selected(cable));
    rig.press(NONE, Key::Delete);
    rig.until("it is gone", |rig| cables(&rig.playing()) == ["amp.out → out.left"]);
    assert_eq!(rig.playing().modules.len(), 4);
}

#[test]
fn a_cable_dropped_on_nothing_finds_itself_a_module() {
    let mut rig = row();
    let place = nowhere(&rig);
    rig.drag_between(rig.place("osc out out"), place);
    assert!(rig.finds("Place VCF") && !rig.finds("Place Note In"), "only what has an input");
    rig.send(Event::Text("delay".into()));
    rig.press(NONE, Key::Enter);
    rig.until("it plays, connected", |rig| {
        cables(&rig.playing()).contains(&"osc.out → delay1.left".into())
    });
    assert!(near(rig.place("delay1 left in"), place), "its pin lies where the cable was dropped");
    let undone = rig.engine.undo_labels().0;
    rig.press(COMMAND, Key::Z);
    rig.until("one step takes both back", |rig| rig.playing().modules.len() == 4);
    assert!(undone.is_some());
    rig.drag_between(rig.place("filter cutoff in"), place);
    rig.send(Event::Text("lfo".into()));
    rig.press(NONE, Key::Enter);
    rig.until("the other way, by what it carries", |rig| {
        cables(&rig.playing()).contains(&"lfo1.out → filter.cutoff".into())
    });
}

#[test]
fn a_module_is_found_by_typing_and_placed_at_the_pointer() {
    let mut rig = row();
    let place = nowhere(&rig);
    rig.double_click_at(place);
    assert!(rig.has_focus("Find a module"));
    rig.send(Event::Text("vc".into()));
    assert!(rig.finds("Place VCO") && !rig.finds("Place Delay"));
    rig.press(NONE, Key::ArrowDown);
    rig.press(NONE, Key::ArrowDown);
    rig.press(NONE, Key::ArrowUp);
    rig.press(NONE, Key::Enter);
    rig.until("the second entry plays", |rig| rig.playing().modules.len() == 5);
    assert!(rig.finds("Module vcf1"));
    assert!(near(rig.place("Module vcf1") - rig.size("Module vcf1") / 2.0, place));
    assert!(rig.is_selected("Module vcf1") && rig.has_focus("Patch canvas"));
}

#[test]
fn the_search_opens_by_tab_or_the_ground_s_menu_and_closes_by_escape() {
    let mut rig = row();
    let place = nowhere(&rig);
    rig.click_at(place, PointerButton::Primary, NONE);
    rig.press(NONE, Key::Tab);
    assert!(rig.has_focus("Find a module"));
    rig.press(NONE, Key::Escape);
    assert!(!rig.finds("Find a module") && rig.has_focus("Patch canvas"));
    rig.click_at(place, PointerButton::Secondary, NONE);
    rig.click("Add module");
    assert!(rig.finds("Find a module"));
    rig.click("Place Noise");
    rig.until("it plays", |rig| rig.playing().modules.len() == 5);
    assert!(!rig.finds("Find a module"));
}

#[test]
fn a_knob_is_dragged_finely_with_shift_in_one_step_and_no_commit() {
    let mut rig = row();
    let (revision, knob) = (rig.engine.last_revision(), rig.place("osc Fine"));
    rig.drag_between(knob, knob - vec2(0.0, 50.0));
    let coarse = rig.param("osc", "fine").expect("it was turned");
    assert!(coarse > 30.0, "{coarse}");
    rig.press(COMMAND, Key::Z);
    assert_eq!(rig.param("osc", "fine"), None);
    rig.drag_with((knob, knob - vec2(0.0, 50.0)), PointerButton::Primary, SHIFT);
    let fine = rig.param("osc", "fine").expect("it was turned");
    assert!(fine > 0.0 && fine < coarse / 5.0, "{fine} of {coarse}");
    assert_eq!(rig.engine.last_revision(), revision);
    assert_eq!(position(&rig.engine.document(), "osc"), Point::default(), "the module stays");
}

#[test]
fn a_knob_is_turned_by_wheel_and_arrows_and_reset_by_a_double_click() {
    let mut rig = row();
    rig.hover(rig.place("osc Fine"));
    let place = rig.place("Module osc");
    rig.wheel(vec2(0.0, 40.0), NONE);
    let wheel = rig.param("osc", "fine").expect("it was turned");
    assert!(wheel > 0.0, "{wheel}");
    assert!(near(rig.place("Module osc"), place), "the view stays");
    rig.click("osc Fine");
    assert!(rig.has_focus("osc Fine"));
    rig.press(NONE, Key::ArrowUp);
    let up = rig.param("osc", "fine").expect("it was turned");
    assert!((up - wheel - 2.0).abs() < 0.01, "{up} after {wheel}");
    rig.press(SHIFT, Key::ArrowDown);
    let down = rig.param("osc", "fine").expect("it was turned");
    assert!((up - down - 0.2).abs() < 0.01, "{down} after {up}");
    assert!(rig.has_focus("osc Fine"));
    rig.double_click("osc Fine");
    assert_eq!(rig.param("osc", "fine"), Some(0.0));
}

#[test]
fn values_are_typed_at_the_knob() {
    let mut rig = row();
    rig.type_value("osc Frequency", "1.2 kHz");
    let freq = rig.param("osc", "freq").expect("it was set");
    assert!((freq - 1200.0).abs() < 1.0, "{freq}");
    assert!(rig.has_focus("osc Frequency"));
    rig.press(NONE, Key::Enter);
    rig.send(Event::Text("220".into()));
    rig.leave_field();
    let freq = rig.param("osc", "freq").expect("it was set");
    assert!((freq - 220.0).abs() < 0.1, "typing replaces what was there: {freq}");
    rig.type_value("osc Frequency", "fast");
    assert!(rig.shows("`fast` is no value for osc Frequency"));
    assert_eq!(rig.param("osc", "freq"), Some(freq));
    rig.press(NONE, Key::Enter);
    rig.send(Event::Text("330".into()));
    rig.press(NONE, Key::Escape);
    assert_eq!(rig.param("osc", "freq"), Some(freq), "Escape gives up");
}

#[test]
fn each_way_to_turn_a_knob_is_taken_back() {
    type Turn = fn(&mut Rig);
    let ways: [(&str, Turn); 7] = [
        ("wheel", |rig| {
            let place = rig.place("osc Fine");
            rig.hover(place);
            rig.wheel(vec2(0.0, 40.0), NONE);
        }),
        ("arrow", |rig| {
            rig.click("osc Fine");
            rig.press(NONE, Key::ArrowUp);
        }),
        ("typing", |rig| rig.type_value("osc Fine", "-20")),
        ("double click", |rig| rig.double_click("filter Cutoff")),
        ("Delete", |rig| {
            rig.click("filter Cutoff");
            rig.press(NONE, Key::Delete);
        }),
        ("list", |rig| rig.choose("filter Mode value", "highpass")),
        ("wheel on a choice", |rig| {
            let place = rig.place("filter Mode");
            rig.hover(place);
            rig.wheel(vec2(0.0, 40.0), NONE);
        }),
    ];
    for (way, turn) in ways {
        let mut rig = quickly(
            |rig| {
                rig.type_value("filter Cutoff", "200");
                let ground = nowhere(rig);
                rig.click_at(ground, PointerButton::Primary, NONE);
            },
            turn,
        );
        let turned = rig.engine.document();
        assert_ne!(rig.engine.undo_labels().0.as_deref(), None);
        rig.press(COMMAND, Key::Z);
        let patch = rig.engine.document();
        assert!(patch != turned, "{way}");
        let (cutoff, none) = (rig.param("filter", "cutoff"), rig.param("osc", "fine"));
        assert_eq!((cutoff, none), (Some(200.0), None), "{way}: in one step, and no more");
        assert_eq!(rig.param("filter", "mode"), None, "{way}");
        rig.press(COMMAND, Key::Y);
        assert_eq!(*rig.engine.document(), *turned, "{way}");
    }
}

/// What a hand does within the time in which turns of a knob are one step. The editor's clock is the
/// real one: where the machine was too slow, all is done once more.
fn quickly(before: impl Fn(&mut Rig), turn: impl Fn(&mut Rig)) -> Rig {
    loop {
        let mut rig = row();
        before(&mut rig);
        let started = Instant::now();
        turn(&mut rig);
        if started.elapsed() < GESTURE {
            return rig;
        }
    }
}

/// Turns as close together as that are one step.
const GESTURE: Duration = Duration::from_millis(400);

#[test]
fn turns_close_together_are_one_step_and_turns_apart_are_two() {
    type Turn = fn(&mut Rig);
    let wheel: Turn = |rig| rig.wheel(vec2(0.0, 20.0), NONE);
    let arrow: Turn = |rig| rig.press(NONE, Key::ArrowUp);
    let in_hand = |rig: &mut Rig| {
        rig.click("osc Fine");
        let place = rig.place("osc Fine");
        rig.hover(place);
    };
    for turn in [wheel, arrow] {
        let mut rig = quickly(in_hand, |rig| {
            turn(rig);
            turn(rig);
            turn(rig);
        });
        assert!(rig.param("osc", "fine").is_some_and(|fine| fine > 0.0));
        rig.press(COMMAND, Key::Z);
        assert_eq!(rig.param("osc", "fine"), None, "one step");

        let mut rig = quickly(in_hand, turn);
        let once = rig.param("osc", "fine");
        std::thread::sleep(GESTURE + Duration::from_millis(20));
        turn(&mut rig);
        assert!(rig.param("osc", "fine") > once);
        rig.press(COMMAND, Key::Z);
        assert_eq!(rig.param("osc", "fine"), once, "the second step");
        rig.press(COMMAND, Key::Z);
        assert_eq!(rig.param("osc", "fine"), None, "the first");
    }
    // Another knob is another step, however quick the hand.
    let mut rig = quickly(in_hand, |rig| {
        rig.press(NONE, Key::ArrowUp);
        rig.click("osc Tune");
        rig.press(NONE, Key::ArrowUp);
    });
    rig.press(COMMAND, Key::Z);
    assert_eq!(rig.param("osc", "tune"), None);
    assert!(rig.param("osc", "fine").is_some());
}

#[test]
fn a_knob_that_a_macro_drives_moves_the_macro() {
    let mut rig = row();
    rig.click("List");
    rig.click("Automate filter Cutoff");
    rig.until("it is bound", |rig| rig.playing().macros.contains_key(&0));
    rig.click("Canvas");
    let bound = rig.host.moves().len();
    let knob = rig.place("filter Cutoff");
    rig.drag_between(knob, knob + vec2(0.0, 40.0));
    let moves = &rig.host.moves()[bound..];
    assert_eq!(moves.first().map(String::as_str), Some("begin 0"));
    assert_eq!(moves.last().map(String::as_str), Some("end 0"));
    assert!(moves[1..moves.len() - 1].iter().all(|step| step == "turn 0"), "{moves:?}");
    assert!(moves.len() > 2 && rig.param("filter", "cutoff").is_none());
}

#[test]
fn a_choice_is_made_from_its_list() {
    let mut rig = row();
    rig.choose("filter Mode value", "highpass");
    rig.until("it is set", |rig| rig.param("filter", "mode").is_some_and(|mode| mode > 0.0));
    assert!(rig.finds("Module filter"));
}

#[test]
fn a_refused_module_says_why() {
    let mut rig = Rig::new(&rig::too_loud());
    assert!(!rig.finds("Refused c") && rig.rings("Module c") == 0);
    rig.drag_between(rig.place("c out out"), rig.place("out left in"));
    rig.until("it is refused", |rig| rig.engine.refusal().is_some());
    rig.until("the module says so", |rig| rig.finds("Refused c"));
    assert!(rig.rings("Module c") >= 5, "it glows: {}", rig.rings("Module c"));
    assert_eq!(rig.rings("Module out"), 0, "the others do not");
    let why = rig.value("Refused c");
    assert!(why.contains("dBFS, over the ceiling of +24") && why.contains("`c`"), "{why}");
    assert!(!rig.finds("Play c anyway"), "what would hurt is not to be had");
    let edge = |rig: &Rig, name: &str| rig.place(name).x + rig.size(name).x / 2.0;
    let way = edge(&rig, "Patch canvas") - rig.place("Module c").x;
    rig.hover(rig.place("Patch canvas") + vec2(0.0, 400.0));
    rig.wheel(vec2(way, 0.0), NONE);
    assert!(edge(&rig, "Module c") > edge(&rig, "Patch canvas"));
    assert!(edge(&rig, "Refused c") < edge(&rig, "Patch canvas"), "its reason is read whole");
    rig.press(COMMAND, Key::Z);
    rig.until("it plays again", |rig| rig.engine.refusal().is_none());
    assert!(!rig.finds("Refused c"));
    rig.step();
    assert_eq!(rig.rings("Module c"), 0, "it glows no longer");
}

#[test]
fn the_empty_canvas_says_what_to_do() {
    let mut rig = Rig::new(&[]);
    let hint = "Double-click or press Tab to add a module, or choose a preset";
    let middle = rig.place("Patch canvas");
    assert!((rig.place(hint) - middle).length() < 2.0, "in the middle");
    rig.click_at(pos2(middle.x, middle.y + 100.0), PointerButton::Secondary, NONE);
    rig.click("Add module");
    assert!(!rig.finds(hint), "it gives way to the search");
    rig.click("Place VCO");
    rig.until("it plays", |rig| rig.playing().modules.len() == 1);
    assert!(rig.size("Module vco1") != Vec2::ZERO && !rig.finds(hint));
    rig.press(NONE, Key::Delete);
    rig.until("it is empty again", |rig| rig.finds(hint));
    // What the hint says is true: both ways lead to the search.
    rig.double_click_at(middle);
    assert!(rig.has_focus("Find a module"));
    rig.press(NONE, Key::Escape);
    rig.press(NONE, Key::Tab);
    assert!(rig.has_focus("Find a module"));
}
