//! Theme and scale, A/B and scenes, statistics, minimap and auto-layout, found by name.

mod rig;

use chronus_engine::{Request, Terms};
use chronus_patch::{Binding, BindingCurve, Edit, MacroKnob, ModuleId, Point, Unknown};
use egui::{Key, Modifiers, PointerButton, vec2};
use rig::Rig;

const NONE: Modifiers = Modifiers::NONE;
const COMMAND: Modifiers = Modifiers::COMMAND;

fn create(id: &str, kind: &str, x: f32, y: f32) -> Request {
    Request::Create { id: id.into(), kind: kind.into(), position: Point { x, y } }
}

fn connect(from: &str, to: &str) -> Request {
    Request::Connect { from: from.into(), to: to.into(), gain: 1.0 }
}

fn row() -> Rig {
    let mut rig = Rig::new(&[
        create("osc", "vco", 0.0, 0.0),
        create("amp", "vca", 400.0, 0.0),
        create("out", "audio_out", 700.0, 0.0),
        connect("osc.out", "amp.in"),
        connect("amp.out", "out.left"),
    ]);
    rig.click("Fit");
    rig
}

#[test]
fn the_theme_is_changed_and_changed_back() {
    let mut rig = row();
    let dark = rig.ground();
    rig.click("Light theme");
    let light = rig.ground();
    assert!(light.0 > dark.0 + 100, "{dark:?} {light:?}");
    rig.click("Dark theme");
    assert_eq!(rig.ground(), dark);
}

#[test]
fn the_look_is_as_it_was_left() {
    let mut rig = row();
    rig.click("Light theme");
    let file = rig.presets.with_file_name("settings.json");
    let kept = |text: &str| std::fs::read_to_string(&file).is_ok_and(|all| all.contains(text));
    rig.until("the choice is kept", |_| kept("\"light\""));
    rig.click("Scale");
    rig.click("Scale 125 %");
    rig.until("the scale is kept", |_| kept("1.25"));
    let settings = std::fs::read_to_string(&file).expect("there");
    let mut again = Rig::with_settings(&[], Some(&settings));
    again.until("the window is light", |rig| rig.ground().0 > 200);
    assert_eq!(again.scale(), 1.25);
}

#[test]
fn the_scale_is_chosen_from_the_menu_and_by_keys() {
    let mut rig = row();
    assert_eq!(rig.scale(), 1.0);
    rig.click("Scale");
    rig.click("Scale 150 %");
    assert_eq!(rig.scale(), 1.5);
    rig.click("Patch canvas");
    rig.press(COMMAND, Key::Minus);
    assert_eq!(rig.scale(), 1.25);
    rig.press(COMMAND, Key::Num0);
    assert_eq!(rig.scale(), 1.0);
    rig.press(COMMAND, Key::Plus);
    assert_eq!(rig.scale(), 1.25);
}

#[test]
fn a_and_b_are_two_variants_and_one_undo_step_apart() {
    let mut rig = row();
    rig.click("Side B");
    assert!(rig.is_selected("Side B"));
    rig.type_value("amp Gain", "0.25");
    rig.until("the value is in the document", |rig| rig.param("amp", "gain") == Some(0.25));
    rig.click("Side A");
    rig.until("A is back", |rig| rig.param("amp", "gain").is_none());
    rig.click("Side B");
    rig.until("B is back", |rig| rig.param("amp", "gain") == Some(0.25));
    // With the change copied over, both are the same.
    rig.click("Copy B to A");
    rig.click("Side A");
    assert_eq!(rig.param("amp", "gain"), Some(0.25));
    rig.click("Undo");
    rig.until("the switch to B is undone", |rig| rig.param("amp", "gain").is_none());
}

#[test]
fn what_both_sides_have_is_not_made_anew() {
    let mut rig = row();
    let key = |rig: &Rig, id: &str| rig.engine.module_key(&ModuleId::new(id).expect("an id"));
    let before = ["amp", "out", "osc"].map(|id| key(&rig, id).expect("a module"));
    let kept = |rig: &Rig| ["amp", "out"].map(|id| key(rig, id).expect("a module"));
    rig.click("Side B");
    rig.click("List");
    rig.click("Delete osc");
    rig.until("it is gone", |rig| rig.playing().modules.len() == 2);
    assert_eq!(kept(&rig), before[..2]);
    rig.click("Canvas");
    for (side, modules) in [("Side A", 3), ("Side B", 2), ("Side A", 3)] {
        rig.click(side);
        rig.until(side, |rig| rig.playing().modules.len() == modules);
        assert_eq!(kept(&rig), before[..2], "{side}");
        assert_eq!(rig.playing().cables.len(), modules - 1);
    }
    assert_ne!(key(&rig, "osc"), Some(before[2]), "what comes back is new");
}

#[test]
fn scenes_are_stored_recalled_renamed_and_deleted() {
    let mut rig = row();
    rig.type_value("amp Gain", "0.5");
    rig.click("Store a scene");
    assert!(rig.is_selected("Scene Scene 1"));
    rig.type_value("amp Gain", "0.125");
    rig.until("the value is in the document", |rig| rig.param("amp", "gain") == Some(0.125));
    assert!(!rig.is_selected("Scene Scene 1"));
    rig.click("Scene Scene 1");
    rig.until("the scene is back", |rig| rig.param("amp", "gain") == Some(0.5));
    rig.click("Undo");
    rig.until("it was one step", |rig| rig.param("amp", "gain") == Some(0.125));

    let chip = rig.place("Scene Scene 1");
    rig.click_at(chip, PointerButton::Secondary, NONE);
    rig.click("Store again scene Scene 1");
    assert!(rig.is_selected("Scene Scene 1"));

    rig.click_at(chip, PointerButton::Secondary, NONE);
    rig.click("Rename scene Scene 1");
    rig.type_into("Name of scene Scene 1", "Chorus");
    rig.leave_field();
    assert!(rig.finds("Scene Chorus") && !rig.finds("Scene Scene 1"));

    let chip = rig.place("Scene Chorus");
    rig.click_at(chip, PointerButton::Secondary, NONE);
    rig.click("Delete scene Chorus");
    assert!(rig.engine.document().scenes.is_empty());
}

#[test]
fn the_statistics_count_what_was_done() {
    let mut rig = row();
    rig.type_value("amp Gain", "0.5");
    rig.click("List");
    rig.click("Bypass amp");
    rig.until("it plays", |rig| rig.playing().modules.values().any(|module| module.bypass));
    rig.click("Statistics");
    for name in ["Commit to swap", "Cost of a swap", "Load of a block"] {
        let value = rig.value(&format!("Histogram of {name}"));
        assert!(value.contains("counted, half within"), "{name}: {value}");
    }
    assert!(rig.shows("plays as revision"));
    assert!(rig.finds("Missed blocks"));
}

#[test]
fn the_minimap_is_there_when_it_is_needed_and_goes_where_it_is_clicked() {
    let mut rig = row();
    assert!(!rig.finds("Minimap"), "all is in view");
    let place = rig.place("Module osc");
    rig.hover(place);
    for _ in 0..4 {
        rig.wheel(vec2(0.0, 60.0), COMMAND);
    }
    rig.wheel(vec2(600.0, 0.0), NONE);
    assert!(rig.finds("Minimap"));
    let map = rig.place("Minimap");
    let half = rig.size("Minimap") / 2.0;
    rig.click_at(map + vec2(half.x * 0.8, 0.0), PointerButton::Primary, NONE);
    assert!(rig.finds("Module out"), "the right end of the patch is in view");
    rig.click_at(map - vec2(half.x * 0.8, 0.0), PointerButton::Primary, NONE);
    assert!(rig.finds("Module osc"), "the left end of the patch is in view");
}

#[test]
fn arranging_is_one_step_and_reads_from_left_to_right() {
    let mut rig = Rig::new(&[
        create("out", "audio_out", 0.0, 0.0),
        create("amp", "vca", 0.0, 0.0),
        create("osc", "vco", 0.0, 0.0),
        connect("osc.out", "amp.in"),
        connect("amp.out", "out.left"),
    ]);
    let before = rig.engine.document();
    rig.click("Arrange");
    let x = |id: &str| rig.place(&format!("Module {id}")).x;
    assert!(x("osc") < x("amp") && x("amp") < x("out"));
    rig.click("Undo");
    assert_eq!(rig.engine.document().modules, before.modules);
}

#[test]
fn each_module_shows_what_it_takes_of_the_processor() {
    let mut rig = row();
    assert!(!rig.engine.taps().loads());
    assert_eq!(rig.value("Module osc"), "");
    rig.click("Patch canvas");
    rig.press(NONE, Key::F3);
    rig.until("loads are shown", |rig| rig.value("Module osc").ends_with(" %"));
    rig.press(NONE, Key::F3);
    rig.until("nothing is measured any more", |rig| !rig.engine.taps().loads());
    assert_eq!(rig.value("Module osc"), "");
    let ground = rig.place("Patch canvas") + vec2(0.0, 300.0);
    rig.click_at(ground, PointerButton::Secondary, NONE);
    rig.click("Load of modules");
    rig.until("they are shown again", |rig| rig.value("Module osc").ends_with(" %"));
    rig.close_window();
    assert!(!rig.engine.taps().loads(), "nobody looks");
}

#[test]
fn the_statistics_name_the_dearest_modules() {
    let mut rig = row();
    rig.click("Statistics");
    rig.until("loads are measured", |rig| rig.shows("measured in turns") && rig.shows("osc"));
    rig.click("List");
    rig.until("nothing is measured any more", |rig| !rig.engine.taps().loads());
}

/// A row whose gain the first macro drives.
fn driven() -> Rig {
    let mut rig = row();
    let binding = Binding {
        module: "amp".parse().unwrap(),
        param: "gain".into(),
        min: 0.0,
        max: 1.0,
        curve: BindingCurve::default(),
        unknown: Unknown::new(),
    };
    let knob = MacroKnob { value: 0.0, bindings: vec![binding], ..MacroKnob::default() };
    rig.engine.commit(
        &[Request::Edit(Edit::SetMacro { index: 0, knob: Some(knob) })],
        Terms::default(),
        |_| (),
    );
    rig.until("the macro drives it", |rig| !rig.playing().macros.is_empty());
    rig
}

#[test]
fn sides_scenes_and_undo_take_the_macros_along() {
    let mut rig = driven();
    let at = |rig: &Rig| rig.host.macro_at(0);
    rig.type_value("amp Gain", "0.25");
    let low = at(&rig);
    rig.click("Store a scene");
    rig.click("Side B");
    rig.type_value("amp Gain", "0.75");
    let high = at(&rig);
    assert!(low > 0.0 && high > low, "{low} {high}");
    rig.click("Side A");
    assert_eq!(at(&rig), low);
    rig.click("Side B");
    assert_eq!(at(&rig), high);
    rig.click("Scene Scene 1");
    assert_eq!(at(&rig), low);
    rig.click("Undo");
    assert_eq!(at(&rig), high, "the recall is undone");
    rig.click("Redo");
    assert_eq!(at(&rig), low, "and done again");
    assert_eq!(rig.engine.document().macros[&0].value, low, "a project would keep it");
}

#[test]
fn undo_takes_the_side_back_with_the_patch() {
    let mut rig = row();
    rig.click("Side B");
    rig.type_value("amp Gain", "0.25");
    rig.until("the value is in the document", |rig| rig.param("amp", "gain") == Some(0.25));
    rig.click("Side A");
    rig.until("A is back", |rig| rig.param("amp", "gain").is_none());
    rig.click("Undo");
    rig.until("B plays again", |rig| rig.param("amp", "gain") == Some(0.25));
    assert!(rig.is_selected("Side B"));
    rig.click("Side A");
    rig.until("A was not lost", |rig| rig.param("amp", "gain").is_none());
}

#[test]
fn a_patch_loaded_by_the_host_has_no_other_side() {
    let mut rig = row();
    rig.click("Side B");
    let mut patch = (*rig.engine.document()).clone();
    patch.modules.retain(|id, _| id.as_str() == "osc");
    patch.cables.clear();
    rig.engine.commit(&[Request::Replace(Box::new(patch))], Terms::default(), |_| ());
    rig.until("it plays", |rig| rig.playing().modules.len() == 1);
    assert!(rig.is_selected("Side A"));
    rig.click("Side B");
    assert_eq!(rig.engine.document().modules.len(), 1, "nothing of the patch before");
}

#[test]
fn undoing_a_macro_s_name_leaves_it_where_it_stands() {
    let mut rig = driven();
    rig.type_value("amp Gain", "0.25");
    let named = {
        let patch = rig.engine.document();
        MacroKnob { name: "Loud".into(), ..patch.macros[&0].clone() }
    };
    let rename = Edit::SetMacro { index: 0, knob: Some(named) };
    rig.engine.commit(&[Request::Edit(rename)], Terms::default(), |_| ());
    rig.until("it is named", |rig| rig.playing().macros[&0].name == "Loud");
    rig.type_value("amp Gain", "0.75");
    let high = rig.host.macro_at(0);
    rig.click("Undo");
    rig.until("the name is gone", |rig| rig.engine.document().macros[&0].name.is_empty());
    assert_eq!(rig.host.macro_at(0), high);
}

#[test]
fn the_status_line_counts_along() {
    let mut rig = row();
    let (revision, _) = rig.engine.playing();
    assert!(rig.shows(&format!("revision {revision}")));
    let swaps =
        |rig: &Rig| rig.engine.counters().swapped.load(std::sync::atomic::Ordering::Relaxed);
    let before = swaps(&rig);
    assert!(rig.finds(&format!("swaps {before}")));
    rig.click("List");
    rig.click("Bypass amp");
    rig.until("it plays", |rig| rig.engine.playing().0 > revision);
    rig.until("it is counted", |rig| {
        let ms = rig.engine.counters().last_commit_us() as f64 / 1000.0;
        rig.finds(&format!("revision {}", rig.engine.playing().0))
            && rig.finds(&format!("swap {ms:.1} ms"))
            && rig.finds(&format!("swaps {}", swaps(rig)))
    });
    assert!(swaps(&rig) > before);
    for quiet in ["missed blocks 0", "rejected 0", "timeouts 0", "bad samples 0", "voices 0"] {
        assert!(rig.finds(quiet), "{quiet}");
    }
    let proved = rig.engine.counters().standby_load_ppm.load(std::sync::atomic::Ordering::Relaxed);
    assert!(proved > 0, "it was proved to take something");
    rig.until("the standby's load is told", |rig| {
        rig.finds(&format!("standby {:.1} %", proved as f64 / 1e4))
    });
    assert!(rig.shows("CPU "));
}
