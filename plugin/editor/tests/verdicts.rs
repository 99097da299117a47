//! Verdicts where they belong, help for the keyboard, and what the palette does to the whole window.

mod rig;

use chronus_engine::{Request, Terms};
use chronus_patch::{Edit, Module, ModuleId, Patch, Point};
use egui::{Key, Modifiers, PointerButton, vec2};
use rig::Rig;

const NONE: Modifiers = Modifiers::NONE;
const COMMAND: Modifiers = Modifiers::COMMAND;
const SHIFT: Modifiers = Modifiers::SHIFT;

fn create(id: &str, kind: &str, x: f32) -> Request {
    Request::Create { id: id.into(), kind: kind.into(), position: Point { x, y: 0.0 } }
}

fn connect(from: &str, to: &str) -> Request {
    Request::Connect { from: from.into(), to: to.into(), gain: 1.0 }
}

fn row() -> Rig {
    let mut rig = Rig::new(&[
        create("osc", "vco", 0.0),
        create("amp", "vca", 400.0),
        create("out", "audio_out", 700.0),
        connect("osc.out", "amp.in"),
        connect("amp.out", "out.left"),
    ]);
    rig.click("Fit");
    rig
}

/// Finds `text` in the palette and does it.
fn run(rig: &mut Rig, text: &str) {
    rig.click("Patch canvas");
    rig.press(COMMAND, Key::K);
    rig.send(egui::Event::Text(text.into()));
    rig.press(NONE, Key::Enter);
}

#[test]
fn a_refusal_is_undone_where_it_is_told() {
    let mut rig = Rig::new(&rig::too_loud());
    rig.drag_between(rig.place("c out out"), rig.place("out left in"));
    rig.until("the module says so", |rig| rig.finds("Refused c"));
    rig.click("Undo refused c");
    rig.until("it plays again", |rig| rig.engine.refusal().is_none());
    assert!(!rig.finds("Refused c"));
    assert!(rig.engine.document().cables.values().all(|cable| cable.to.module.as_str() != "out"));
}

#[test]
fn what_costs_too_much_is_named_with_its_share_and_played_anyway() {
    // A budget that anything exceeds.
    let mut rig = Rig::with_budget(&[create("osc", "vco", 0.0)], 1e-7);
    let added = create("dear", "vco", 400.0);
    rig.engine.commit(&[added, connect("osc", "dear.fm")], Terms::default(), |_| ());
    rig.until("the new module is blamed", |rig| rig.finds("Refused dear"));
    let why = rig.value("Refused dear");
    assert!(why.starts_with("over budget: ") && why.ends_with(" % of 0 %"), "{why}");
    assert!(!rig.finds("Refused osc"), "it was there before");
    run(&mut rig, "play it any");
    rig.until("it plays", |rig| rig.playing().modules.len() == 2);
    assert!(!rig.finds("Refused dear"));
    let added = create("dearer", "vco", 800.0);
    rig.engine.commit(&[added], Terms::default(), |_| ());
    rig.until("the next is blamed", |rig| rig.finds("Refused dearer"));
    rig.click("Play dearer anyway");
    rig.until("it plays", |rig| rig.playing().modules.len() == 3);
}

#[test]
fn what_is_odd_is_told_at_its_module() {
    let mut rig = row();
    assert!(!rig.finds("Remark amp"));
    let mut patch: Patch = (*rig.engine.document()).clone();
    let amp: ModuleId = "amp".parse().unwrap();
    patch.modules.get_mut(&amp).unwrap().params.insert("gain".into(), 1e9);
    let strange: ModuleId = "strange".parse().unwrap();
    patch.modules.insert(strange, Module::new("from_the_future"));
    rig.engine.commit(&[Request::Replace(Box::new(patch))], Terms::default(), |_| ());
    rig.until("it is told", |rig| rig.finds("Remark amp") && rig.finds("Remark strange"));
    let why = rig.value("Remark amp");
    assert!(why.contains("gain = 1000000000 is out of its range"), "{why}");
    assert!(rig.value("Remark strange").contains("from_the_future"));
    rig.click("List");
    assert!(rig.shows("is out of its range"));
}

#[test]
fn help_tells_what_has_the_keyboard() {
    let mut rig = row();
    rig.click("Module amp");
    assert!(!rig.shows("VCA: "));
    rig.press(NONE, Key::F1);
    assert!(rig.shows("VCA: "), "what it is");
    rig.press(NONE, Key::Enter);
    assert!(rig.has_focus("amp Gain"));
    assert!(rig.shows("Double-click: "), "what its knob does");
    rig.press(NONE, Key::Escape);
    rig.press(NONE, Key::N);
    rig.until("the cable's sound is shown", |rig| {
        rig.finds("Scope of osc out") || rig.finds("Scope of amp out")
    });
    rig.press(NONE, Key::F1);
    assert!(!rig.finds("Scope of osc out") && !rig.finds("Scope of amp out"));
}

#[test]
fn pins_and_knobs_tell_what_they_take() {
    let mut rig = row();
    rig.hover(rig.place("amp cv in"));
    rig.until("the input tells", |rig| rig.shows("Takes modulation"));
    rig.hover(rig.place("amp Gain"));
    rig.until("the knob tells its range", |rig| rig.shows(" to ") && rig.shows("Double-click: "));
}

#[test]
fn a_kind_dropped_on_a_cable_goes_into_it() {
    let mut rig = row();
    let between =
        rig.place("osc out out") + (rig.place("amp in in") - rig.place("osc out out")) / 2.0;
    let from = rig.place("Add VCF");
    rig.drag_between(from, between);
    rig.until("it is in the cable", |rig| rig.playing().modules.len() == 4);
    let patch = rig.playing();
    let joined = |from: &str, to: &str| {
        patch.cables.values().any(|c| c.from.module.as_str() == from && c.to.module.as_str() == to)
    };
    assert!(joined("osc", "vcf1") && joined("vcf1", "amp") && !joined("osc", "amp"));
}

#[test]
fn the_palette_switches_sides_and_keeps_scenes() {
    let mut rig = row();
    run(&mut rig, "switch between");
    assert!(rig.is_selected("Side B"));
    run(&mut rig, "store a scene");
    assert!(rig.finds("Scene Scene 1"));
    rig.type_value("amp Gain", "0.25");
    run(&mut rig, "recall scene");
    rig.until("the scene is back", |rig| rig.param("amp", "gain").is_none());
    run(&mut rig, "rename scene");
    assert!(rig.has_focus("Name of scene Scene 1"));
    rig.press(COMMAND, Key::A);
    rig.send(egui::Event::Text("Verse".into()));
    rig.press(NONE, Key::Enter);
    rig.until("it is called that", |rig| rig.finds("Scene Verse"));
    run(&mut rig, "delete scene");
    rig.until("it is gone", |rig| !rig.finds("Scene Verse"));
}

#[test]
fn the_palette_arranges_and_changes_the_look() {
    let mut rig = row();
    let before = rig.engine.document();
    run(&mut rig, "arrange");
    let moved = |rig: &Rig| {
        let after = rig.engine.document();
        before.modules.iter().any(|(id, module)| after.modules[id].position != module.position)
    };
    rig.until("all have moved", moved);
    let dark = rig.ground();
    run(&mut rig, "dark or light");
    assert!(rig.ground().0 > dark.0 + 100);
    run(&mut rig, "everything larger");
    assert_eq!(rig.scale(), 1.25);
    run(&mut rig, "presets");
    assert!(rig.finds("Search presets"));
}

#[test]
fn a_frame_is_sized_by_keys() {
    let mut rig = row();
    rig.click("Module amp");
    rig.press(SHIFT, Key::F);
    rig.press(NONE, Key::Escape);
    let size = |rig: &Rig| {
        let patch = rig.engine.document();
        let frame = patch.frames.values().next().expect("a frame");
        (frame.size.w, frame.size.h)
    };
    let before = size(&rig);
    run(&mut rig, "select frame");
    rig.press(SHIFT, Key::ArrowRight);
    rig.press(SHIFT, Key::ArrowDown);
    rig.press(SHIFT, Key::ArrowDown);
    assert_eq!(size(&rig), (before.0 + 20.0, before.1 + 40.0));
}

#[test]
fn walking_back_lets_go_of_what_was_selected() {
    let mut rig = row();
    let header = rig.place("Module amp") - vec2(0.0, rig.size("Module amp").y / 2.0 - 6.0);
    rig.click_at(header, PointerButton::Primary, NONE);
    rig.press(COMMAND | SHIFT, Key::ArrowRight);
    assert!(rig.is_selected("Module amp") && rig.is_selected("Module out"));
    rig.press(COMMAND | SHIFT, Key::ArrowLeft);
    assert!(rig.is_selected("Module amp") && !rig.is_selected("Module out"));
}

#[test]
fn the_keyboard_is_taken_on_every_page() {
    let mut rig = row();
    rig.click("List");
    rig.press(NONE, Key::F6);
    assert!(!rig.has_focus("Page"), "it was given back");
    rig.press(NONE, Key::F6);
    assert!(rig.has_focus("Page"));
    let ground = rig.place("Page");
    rig.click_at(ground + vec2(0.0, 400.0), PointerButton::Primary, NONE);
    assert!(rig.has_focus("Page"));
}

#[test]
fn arrows_move_what_is_selected_now() {
    let mut rig = row();
    let at = |rig: &Rig, id: &str| {
        rig.engine.document().modules[&id.parse::<ModuleId>().unwrap()].position
    };
    let header = rig.place("Module amp") - vec2(0.0, rig.size("Module amp").y / 2.0 - 6.0);
    rig.click_at(header, PointerButton::Primary, NONE);
    rig.press(NONE, Key::ArrowDown);
    let amp = at(&rig, "amp");
    assert!(amp.y > 0.0);
    run(&mut rig, "select out");
    rig.press(NONE, Key::ArrowDown);
    assert_eq!(at(&rig, "amp"), amp, "it is not selected any more");
    assert!(at(&rig, "out").y > 0.0);
    rig.click("Undo");
    assert_eq!((at(&rig, "amp"), at(&rig, "out").y), (amp, 0.0), "each is a step of its own");
}

#[test]
fn looking_at_a_value_does_not_change_it() {
    let mut rig = row();
    let value = 0.123_456_78;
    let set = Request::Set { id: "amp".into(), param: "gain".into(), value };
    rig.engine.commit(&[set], Terms::default(), |_| ());
    rig.until("it is set", |rig| rig.param("amp", "gain") == Some(value));
    let undo = rig.engine.undo_labels().0;
    rig.click("amp Gain value");
    rig.press(NONE, Key::Enter);
    assert_eq!(rig.param("amp", "gain"), Some(value));
    rig.click("List");
    rig.click("amp Gain value");
    rig.press(NONE, Key::Enter);
    rig.leave_field();
    assert_eq!(rig.param("amp", "gain"), Some(value));
    assert_eq!(rig.engine.undo_labels().0, undo, "no step was made");
}

#[test]
fn what_changes_nothing_is_no_step() {
    let mut rig = row();
    run(&mut rig, "arrange");
    rig.until("it is a step", |rig| rig.engine.undo_labels().0.is_some());
    rig.click("Undo");
    let (undo, redo) = rig.engine.undo_labels();
    assert!(redo.is_some());
    let patch = rig.engine.document();
    let (id, module) = patch.modules.iter().next().expect("one");
    let still = Edit::Move { id: id.clone(), position: module.position };
    rig.engine.arrange(still).expect("a module");
    assert_eq!(rig.engine.undo_labels(), (undo, redo), "redo is still there");
}

#[test]
fn f6_gives_the_keyboard_back_from_a_knob() {
    let mut rig = row();
    let header = rig.place("Module amp") - vec2(0.0, rig.size("Module amp").y / 2.0 - 6.0);
    rig.click_at(header, PointerButton::Primary, NONE);
    rig.press(NONE, Key::Enter);
    assert!(rig.has_focus("amp Gain"));
    rig.press(NONE, Key::F6);
    assert!(!rig.has_focus("amp Gain") && !rig.has_focus("Patch canvas"));
}

#[test]
fn a_module_far_out_does_not_stop_the_search() {
    let far = Request::Create {
        id: "far".into(),
        kind: "vca".into(),
        position: Point { x: 1e10, y: 1e10 },
    };
    let mut rig = Rig::new(&[far]);
    run(&mut rig, "select far");
    rig.press(NONE, Key::Tab);
    rig.send(egui::Event::Text("vcf".into()));
    rig.press(NONE, Key::Enter);
    rig.until("it is added", |rig| rig.engine.document().modules.len() == 2);
}
