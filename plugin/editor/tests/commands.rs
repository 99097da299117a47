//! What is done to modules, knobs and cables on the canvas: by keys, by menus and by the palette.

mod rig;

use chronus_engine::{Event as Sound, Request};
use chronus_patch::{Edit, ModuleId, ModuleWidth, Patch, Point};
use egui::{Event, Key, Modifiers, PointerButton, Pos2, vec2};
use rig::Rig;

const NONE: Modifiers = Modifiers::NONE;
const SHIFT: Modifiers = Modifiers::SHIFT;
const COMMAND: Modifiers = Modifiers::COMMAND;

fn create(id: &str, kind: &str, x: f32, y: f32) -> Request {
    Request::Create { id: id.into(), kind: kind.into(), position: Point { x, y } }
}

fn connect(from: &str, to: &str, gain: f32) -> Request {
    Request::Connect { from: from.into(), to: to.into(), gain }
}

/// osc → amp → out in a row, and below a filter and a delay that nothing is connected to.
fn row() -> Rig {
    let mut rig = Rig::new(&[
        create("osc", "vco", 0.0, 0.0),
        create("amp", "vca", 400.0, 0.0),
        create("out", "audio_out", 700.0, 0.0),
        create("filter", "vcf", 400.0, 300.0),
        create("echo", "delay", 0.0, 500.0),
        connect("osc.out", "amp.in", 0.5),
        connect("amp.out", "out.left", 1.0),
    ]);
    rig.click("Fit");
    rig
}

fn id(text: &str) -> ModuleId {
    ModuleId::new(text).expect("an id")
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

/// The second button on what is called so.
fn menu(rig: &mut Rig, label: &str) {
    let place = rig.place(label);
    rig.click_at(place, PointerButton::Secondary, NONE);
}

fn module_menu(rig: &mut Rig, id: &str) {
    let place = header(rig, id);
    rig.click_at(place, PointerButton::Secondary, NONE);
}

/// A place with nothing on it, below all modules of [`row`].
fn nowhere(rig: &Rig) -> Pos2 {
    rig.place("Module filter") + vec2(100.0, 400.0)
}

fn write(rig: &mut Rig, text: &str) {
    rig.send(Event::Text(text.into()));
}

fn undo(rig: &mut Rig) {
    rig.press(COMMAND, Key::Z);
}

/// "osc.out → amp.in × 0.5" of every cable, in order of its id.
fn cables(patch: &Patch) -> Vec<String> {
    let text = |c: &chronus_patch::Cable| format!("{} → {} × {}", c.from, c.to, c.gain);
    patch.cables.values().map(text).collect()
}

#[test]
fn a_module_is_renamed_by_key_header_and_menu() {
    let mut rig = row();
    select(&mut rig, "osc");
    rig.press(NONE, Key::F2);
    assert!(rig.has_focus("Name of osc"));
    write(&mut rig, "Lead");
    rig.press(NONE, Key::Enter);
    assert!(rig.finds("Module Lead") && rig.has_focus("Patch canvas"));
    let place = header(&rig, "Lead");
    rig.double_click_at(place);
    write(&mut rig, "Bass");
    rig.press(NONE, Key::Escape);
    assert!(rig.finds("Module Lead") && !rig.finds("Name of osc"), "Escape gives up");
    module_menu(&mut rig, "Lead");
    rig.click("Rename: Lead");
    write(&mut rig, "osc");
    rig.press(NONE, Key::Enter);
    assert_eq!(rig.engine.document().modules[&id("osc")].name, "", "its id is no name");
}

#[test]
fn a_name_in_use_is_refused_in_words_and_the_field_stays() {
    let mut rig = row();
    select(&mut rig, "osc");
    rig.press(NONE, Key::F2);
    write(&mut rig, "amp");
    rig.press(NONE, Key::Enter);
    assert!(rig.shows("the name `amp` belongs to module `amp`"));
    assert!(rig.has_focus("Name of osc"));
    write(&mut rig, "lifier");
    rig.press(NONE, Key::Enter);
    assert!(rig.finds("Module amplifier"));
}

#[test]
fn menus_list_what_can_be_done_and_do_it() {
    let mut rig = row();
    module_menu(&mut rig, "amp");
    assert!(rig.is_selected("Module amp"));
    assert!(rig.is_enabled("Disconnect all: amp"));
    rig.click("Bypass: amp");
    rig.until("it is bypassed", |rig| rig.playing().modules[&id("amp")].bypass);
    assert!(!rig.finds("Bypass: amp"), "the menu has closed");
    assert!(rig.has_focus("Patch canvas"));
    select(&mut rig, "amp");
    rig.press(NONE, Key::B);
    rig.until("it is not", |rig| !rig.playing().modules[&id("amp")].bypass);
    module_menu(&mut rig, "amp");
    rig.click("Voices: mono: amp");
    rig.until("mono", |rig| rig.playing().modules[&id("amp")].width == ModuleWidth::Mono);
    module_menu(&mut rig, "amp");
    rig.click("Colour of Effects: amp");
    assert!(rig.engine.document().modules[&id("amp")].colour.is_some());
    module_menu(&mut rig, "amp");
    rig.click("Colour: its family's: amp");
    assert_eq!(rig.engine.document().modules[&id("amp")].colour, None);
    module_menu(&mut rig, "amp");
    rig.click("Duplicate: amp");
    rig.until("two of them", |rig| rig.playing().modules.len() == 6);
    module_menu(&mut rig, "amp");
    rig.click("Disconnect all: amp");
    rig.until("no cables", |rig| rig.playing().cables.is_empty());
    module_menu(&mut rig, "amp");
    assert!(!rig.is_enabled("Disconnect all: amp"));
    rig.click("Delete: amp");
    rig.until("one less", |rig| rig.playing().modules.len() == 5);
}

#[test]
fn a_menu_of_many_modules_means_all_of_them() {
    let mut rig = row();
    select(&mut rig, "amp");
    let other = header(&rig, "filter");
    rig.click_at(other, PointerButton::Primary, SHIFT);
    module_menu(&mut rig, "amp");
    assert!(!rig.is_enabled("Rename: 2 modules"));
    rig.click("Bypass: 2 modules");
    rig.until("both are bypassed", |rig| {
        ["amp", "filter"].iter().all(|name| rig.playing().modules[&id(name)].bypass)
    });
    undo(&mut rig);
    rig.until("one step", |rig| rig.playing().modules.values().all(|module| !module.bypass));
    module_menu(&mut rig, "amp");
    rig.click("Copy: 2 modules");
    let place = nowhere(&rig);
    rig.click_at(place, PointerButton::Secondary, NONE);
    rig.click("Paste");
    rig.until("they are pasted", |rig| rig.playing().modules.len() == 7);
    let corner = rig.place("Module amp1") - rig.size("Module amp1") / 2.0;
    assert!((corner - place).length() < 2.0, "where the menu was: {corner:?} {place:?}");
}

#[test]
fn menus_open_by_key_and_give_the_keyboard_back() {
    let mut rig = row();
    select(&mut rig, "amp");
    rig.press(SHIFT, Key::F10);
    assert!(rig.has_focus("Rename: amp"));
    rig.press(NONE, Key::ArrowDown);
    assert!(rig.has_focus("Bypass: amp"));
    rig.press(NONE, Key::Enter);
    rig.until("it is bypassed", |rig| rig.playing().modules[&id("amp")].bypass);
    assert!(rig.has_focus("Patch canvas"));
    rig.press(NONE, Key::Menu);
    assert!(rig.finds("Rename: amp"));
    rig.press(NONE, Key::Escape);
    assert!(!rig.finds("Rename: amp") && rig.has_focus("Patch canvas"));
    assert!(rig.is_selected("Module amp"), "Escape closed the menu and no more");
    rig.press(NONE, Key::Escape);
    rig.press(NONE, Key::Menu);
    assert!(rig.has_focus("Add module"), "the ground's, with nothing selected");
}

#[test]
fn a_menu_gives_way_to_the_next_and_to_a_click() {
    let mut rig = row();
    module_menu(&mut rig, "amp");
    module_menu(&mut rig, "osc");
    assert!(rig.finds("Rename: osc") && !rig.finds("Rename: amp"));
    let place = nowhere(&rig);
    rig.click_at(place, PointerButton::Primary, NONE);
    assert!(!rig.finds("Rename: osc"));
}

#[test]
fn a_knob_s_menu_types_resets_automates_and_names() {
    let mut rig = row();
    menu(&mut rig, "filter Cutoff");
    rig.click("Type a value: filter Cutoff");
    write(&mut rig, "2 kHz");
    rig.press(NONE, Key::Enter);
    assert_eq!(rig.param("filter", "cutoff"), Some(2000.0));
    menu(&mut rig, "filter Cutoff");
    rig.click("Reset: filter Cutoff");
    assert!(rig.has_focus("filter Cutoff"), "the keyboard is where the menu was");
    assert_eq!(rig.param("filter", "cutoff"), Some(1000.0));
    menu(&mut rig, "filter Cutoff");
    assert!(!rig.finds("Free from its macro: filter Cutoff"));
    rig.click("Automate: filter Cutoff");
    rig.until("it is bound", |rig| rig.playing().macros.contains_key(&0));
    assert_eq!(rig.host.moves(), ["begin 0", "turn 0", "end 0"]);
    menu(&mut rig, "filter Cutoff");
    assert!(!rig.finds("Automate: filter Cutoff"));
    rig.click("Name macro 1: filter Cutoff");
    assert!(rig.has_focus("Name of macro 1"));
    write(&mut rig, "Brightness");
    rig.press(NONE, Key::Enter);
    rig.until("it has a name", |rig| rig.playing().macros[&0].name == "Brightness");
    menu(&mut rig, "filter Cutoff value");
    rig.click("Free from macro 1: filter Cutoff");
    rig.until("it is free", |rig| rig.playing().macros[&0].bindings.is_empty());
}

/// How much is heard of a twentieth of a second: frames in a row without sound, and frames.
fn silence(rig: &mut Rig) -> (usize, usize) {
    rig.listen();
    rig.until("a while is heard", |rig| rig.heard().frames >= 2400);
    (rig.heard().silence, rig.heard().frames)
}

#[test]
fn what_is_bypassed_lets_the_signal_pass() {
    let mut rig = row();
    rig.engine.turn("amp", "gain", 0.0).expect("the param is there");
    rig.until("nothing is heard", |rig| {
        let heard = rig.heard();
        heard.silence > 2000 && heard.silence <= heard.frames
    });
    let (silent, frames) = silence(&mut rig);
    assert!(silent + 64 > frames, "shut: {silent} of {frames}");
    module_menu(&mut rig, "amp");
    rig.click("Bypass: amp");
    rig.until("it is bypassed", |rig| rig.playing().modules[&id("amp")].bypass);
    // Its fade is over after some milliseconds.
    let _ = silence(&mut rig);
    let (silent, frames) = silence(&mut rig);
    assert!(silent < frames / 10, "the signal goes around it: {silent} of {frames}");
    select(&mut rig, "amp");
    rig.press(NONE, Key::B);
    rig.until("it is not", |rig| !rig.playing().modules[&id("amp")].bypass);
    let _ = silence(&mut rig);
    let (silent, frames) = silence(&mut rig);
    assert!(silent + 64 > frames, "shut again: {silent} of {frames}");
}

/// Does `deed`, one step of the history, takes it back and does it again: each time the whole document is
/// what it was.
fn there_and_back(rig: &mut Rig, what: &str, deed: impl FnOnce(&mut Rig)) {
    let before = rig.engine.document();
    deed(rig);
    rig.until(what, |rig| *rig.engine.document() != *before);
    let after = rig.engine.document();
    undo(rig);
    assert_eq!(*rig.engine.document(), *before, "{what}: taken back");
    rig.press(COMMAND | SHIFT, Key::Z);
    assert_eq!(*rig.engine.document(), *after, "{what}: done again");
}

#[test]
fn whatever_keys_and_menus_do_is_taken_back_and_done_again() {
    let mut rig = row();
    there_and_back(&mut rig, "a name", |rig| {
        select(rig, "osc");
        rig.press(NONE, Key::F2);
        write(rig, "Lead");
        rig.press(NONE, Key::Enter);
    });
    there_and_back(&mut rig, "a knob automated", |rig| {
        menu(rig, "filter Cutoff");
        rig.click("Automate: filter Cutoff");
    });
    there_and_back(&mut rig, "another automated", |rig| {
        menu(rig, "filter Resonance");
        rig.click("Automate: filter Resonance");
    });
    let macros = rig.engine.document().macros.clone();
    let bound = |index: u8| macros[&index].bindings.iter().map(|b| &*b.param).collect::<Vec<_>>();
    assert_eq!((bound(0), bound(1)), (vec!["cutoff"], vec!["resonance"]), "each has its own");
    there_and_back(&mut rig, "a knob freed", |rig| {
        menu(rig, "filter Cutoff");
        rig.click("Free from macro 1: filter Cutoff");
    });
    there_and_back(&mut rig, "a knob freed of two", |rig| {
        menu(rig, "filter Resonance");
        rig.click("Free from macro 2: filter Resonance");
    });
    there_and_back(&mut rig, "a colour", |rig| {
        module_menu(rig, "amp");
        rig.click("Colour of Effects: amp");
    });
    there_and_back(&mut rig, "a width", |rig| {
        module_menu(rig, "amp");
        rig.click("Voices: mono: amp");
    });
    there_and_back(&mut rig, "a controller learnt", |rig| {
        menu(rig, "filter Cutoff");
        rig.click("MIDI learn: filter Cutoff");
        rig.engine.send(Sound::Controller { channel: 2, controller: 21, value: 0.5 });
    });
    there_and_back(&mut rig, "a scene stored", |rig| {
        rig.click("Store a scene");
        rig.click("Patch canvas");
    });
    there_and_back(&mut rig, "a module's cables", |rig| {
        module_menu(rig, "amp");
        rig.click("Disconnect all: amp");
    });
    there_and_back(&mut rig, "a module cut", |rig| {
        select(rig, "filter");
        rig.send(Event::Cut).expect("something in the clipboard");
    });
}

#[test]
fn a_knob_learns_the_controller_that_moves() {
    let mut rig = row();
    let move_one = |rig: &Rig, channel, controller| {
        rig.engine.send(Sound::Controller { channel, controller, value: 0.5 });
    };
    let heard = |rig: &Rig| rig.engine.counters().heard().map(|heard| heard.controller);
    move_one(&rig, 0, 7);
    rig.until("it is heard", |rig| heard(rig) == Some(7));
    menu(&mut rig, "filter Cutoff");
    rig.click("MIDI learn: filter Cutoff");
    assert!(rig.finds("filter Cutoff waits for a controller"));
    assert!(rig.engine.document().midi_learn.is_empty(), "what moved before does not count");
    move_one(&rig, 2, 21);
    rig.until("it plays", |rig| !rig.playing().midi_learn.is_empty());
    let patch = rig.playing();
    let learn = &patch.midi_learn[0];
    assert_eq!((learn.channel, learn.controller, learn.macro_index), (Some(2), 21, 0));
    assert_eq!(patch.macros[&0].bindings[0].param, "cutoff");
    assert!(!rig.finds("filter Cutoff waits for a controller"));
    menu(&mut rig, "filter Resonance");
    rig.click("MIDI learn: filter Resonance");
    move_one(&rig, 2, 21);
    rig.until("it moves another", |rig| rig.playing().midi_learn[0].macro_index == 1);
    assert_eq!(rig.playing().midi_learn.len(), 1, "and no longer the first");
    let undone = rig.engine.document();
    rig.click("osc Fine");
    rig.press(NONE, Key::L);
    assert!(rig.finds("osc Fine waits for a controller"));
    rig.press(NONE, Key::Escape);
    assert!(!rig.finds("osc Fine waits for a controller"));
    move_one(&rig, 0, 30);
    rig.until("it is heard", |rig| heard(rig) == Some(30));
    assert_eq!(*rig.engine.document(), *undone, "Escape gave up");
}

#[test]
fn a_cable_s_menu_sets_its_gain_inserts_and_cuts() {
    let mut rig = row();
    menu(&mut rig, "Cable osc out → amp in");
    assert!(rig.is_selected("Cable osc out → amp in"));
    assert!(!rig.is_enabled("Feedback here: osc out → amp in"), "there is no cycle");
    rig.click("Gain: osc out → amp in");
    write(&mut rig, "×0.25");
    rig.press(NONE, Key::Enter);
    rig.until("it plays", |rig| cables(&rig.playing())[0] == "osc.out → amp.in × 0.25");
    rig.press(NONE, Key::G);
    write(&mut rig, "much");
    rig.press(NONE, Key::Enter);
    assert!(rig.shows("`much` is no gain"));
    rig.press(NONE, Key::Escape);
    menu(&mut rig, "Cable osc out → amp in");
    rig.click("Insert module: osc out → amp in");
    assert!(!rig.finds("Place Note In"), "only what a signal goes through");
    write(&mut rig, "vcf");
    rig.press(NONE, Key::Enter);
    let through = ["amp.out → out.left × 1", "osc.out → vcf1.in × 0.25", "vcf1.out → amp.in × 1"];
    rig.until("it is inserted", |rig| cables(&rig.playing()) == through);
    undo(&mut rig);
    rig.until("in one step", |rig| rig.playing().modules.len() == 5);
    menu(&mut rig, "Cable osc out → amp in");
    rig.click("Delete: osc out → amp in");
    rig.until("it is gone", |rig| cables(&rig.playing()) == ["amp.out → out.left × 1"]);
}

#[test]
fn the_delay_of_a_cycle_is_put_where_it_is_wanted() {
    let mut rig = Rig::new(&[
        create("a", "vcf", 0.0, 0.0),
        create("b", "vca", 500.0, 0.0),
        connect("a.out", "b.in", 0.5),
        connect("b.out", "a.in", 0.5),
    ]);
    let delayed = |patch: &Patch| -> Vec<String> {
        let all = patch.cables.values().filter(|cable| cable.feedback);
        all.map(|cable| cable.from.to_string()).collect()
    };
    assert_eq!(delayed(&rig.playing()), ["b.out"]);
    menu(&mut rig, "Cable a out → b in");
    rig.click("Feedback here: a out → b in");
    rig.until("it has moved", |rig| delayed(&rig.playing()) == ["a.out"]);
    undo(&mut rig);
    rig.until("and back in one step", |rig| delayed(&rig.playing()) == ["b.out"]);
}

#[test]
fn a_pin_s_menu_connects_and_disconnects_it() {
    let mut rig = row();
    menu(&mut rig, "amp out out");
    rig.click("Disconnect all: amp out");
    rig.until("it is free", |rig| cables(&rig.playing()) == ["osc.out → amp.in × 0.5"]);
    menu(&mut rig, "filter in in");
    rig.click("Connect: filter in");
    assert!(!rig.finds("Connect filter out → echo left"), "of this pin alone");
    rig.click("Connect osc out → filter in");
    rig.until("it is connected", |rig| {
        cables(&rig.playing()).contains(&"osc.out → filter.in × 1".into())
    });
}

#[test]
fn a_module_dropped_on_a_cable_goes_into_it() {
    let mut rig = row();
    let before = rig.engine.document();
    let cable = "Cable osc out → amp in";
    let (grip, onto) = (header(&rig, "filter"), rig.place(cable));
    rig.grab((grip, onto), PointerButton::Primary, NONE);
    rig.hover(onto);
    assert!(rig.is_selected(cable), "it lights up");
    let (button, modifiers) = (PointerButton::Primary, NONE);
    rig.send(Event::PointerButton { pos: onto, button, pressed: false, modifiers });
    let through =
        ["amp.out → out.left × 1", "osc.out → filter.in × 0.5", "filter.out → amp.in × 1"];
    rig.until("it is inserted", |rig| cables(&rig.playing()) == through);
    assert!(rig.playing().modules[&id("filter")].position != Point { x: 400.0, y: 300.0 });
    undo(&mut rig);
    rig.until("the move with it", |rig| *rig.playing() == *before);
}

#[test]
fn a_module_that_has_cables_is_only_moved_over_another() {
    let mut rig = row();
    let wired = Request::Edit(Edit::Batch(vec![rig.engine.document().connect_edit(
        chronus_patch::PortRef::new(id("echo"), "left"),
        chronus_patch::PortRef::new(id("filter"), "in"),
        1.0,
    )]));
    rig.engine.commit(&[wired], chronus_engine::Terms::default(), |_| ());
    rig.until("it plays", |rig| rig.playing().cables.len() == 3);
    let before = cables(&rig.playing());
    let (grip, onto) = (header(&rig, "filter"), rig.place("Cable osc out → amp in"));
    rig.drag_between(grip, onto);
    assert!(rig.engine.document().modules[&id("filter")].position.y < 200.0, "it was moved");
    assert_eq!(cables(&rig.engine.document()), before);
}

#[test]
fn a_module_is_replaced_and_keeps_what_fits() {
    let set = |id: &str, param: &str, value| {
        let (id, param) = (id.into(), param.into());
        Request::Set { id, param, value }
    };
    let mut rig = Rig::new(&[
        create("osc", "vco", 0.0, 0.0),
        create("lfo", "lfo", 0.0, 500.0),
        create("filter", "vcf", 400.0, 0.0),
        create("out", "audio_out", 900.0, 0.0),
        set("filter", "cutoff", 16.5),
        set("filter", "resonance", 0.25),
        set("filter", "mode", 2.0),
        connect("osc.out", "filter.in", 0.5),
        connect("lfo.out", "filter.cutoff", 1.0),
        connect("filter.low", "out.left", 1.0),
    ]);
    select(&mut rig, "filter");
    rig.press(NONE, Key::F2);
    write(&mut rig, "Tone");
    rig.press(NONE, Key::Enter);
    rig.press(NONE, Key::B);
    menu(&mut rig, "Tone Cutoff");
    rig.click("Automate: Tone Cutoff");
    rig.until("it is bound", |rig| rig.playing().macros.contains_key(&0));
    let before = rig.engine.document();
    module_menu(&mut rig, "Tone");
    rig.click("Replace with: Tone");
    assert!(!rig.finds("Place VCF"), "it is one already");
    write(&mut rig, "biquad");
    rig.press(NONE, Key::Enter);
    rig.until("it plays", |rig| rig.playing().modules[&id("filter")].kind == "biquad");
    let patch = rig.playing();
    let module = &patch.modules[&id("filter")];
    assert_eq!(module.params.get("cutoff"), Some(&16.5));
    assert_eq!(module.params.get("mode"), Some(&1.0), "high-pass by its name");
    assert_eq!(patch.macros, before.macros, "its macro goes on to drive it");
    assert_eq!(module.params.get("q"), None, "percent are no Q");
    assert_eq!((module.name.as_str(), module.bypass), ("Tone", true));
    assert_eq!(module.position, before.modules[&id("filter")].position);
    assert_eq!(cables(&patch)[0], "osc.out → filter.in × 0.5");
    assert_eq!(cables(&patch)[2], "filter.out → out.left × 1", "by what it carries");
    undo(&mut rig);
    rig.until("one step", |rig| *rig.playing() == *before);
}

/// What kind a module is of.
fn kind(patch: &Patch, module: &str) -> String {
    patch.modules[&id(module)].kind.clone()
}

#[test]
fn r_replaces_what_is_selected_and_i_inserts_into_a_cable() {
    let mut rig = row();
    let before = rig.engine.document();
    rig.press(NONE, Key::R);
    assert!(!rig.finds("Find a module"), "nothing is selected");
    select(&mut rig, "filter");
    rig.press_letter(Key::R, "r");
    assert!(rig.has_focus("Find a module"));
    assert_eq!(rig.value("Find a module"), "", "the key is not typed into it");
    assert!(!rig.finds("Place VCF"), "it is one already");
    write(&mut rig, "biquad");
    rig.press(NONE, Key::Enter);
    rig.until("it is replaced", |rig| kind(&rig.playing(), "filter") == "biquad");
    undo(&mut rig);
    rig.until("one step", |rig| *rig.playing() == *before);

    let cable = "Cable osc out → amp in";
    rig.press(NONE, Key::Escape);
    rig.press(NONE, Key::I);
    assert!(!rig.finds("Find a module"), "no cable is selected");
    rig.click_at(rig.place(cable), PointerButton::Primary, NONE);
    rig.press_letter(Key::I, "i");
    assert!(rig.has_focus("Find a module"));
    assert_eq!(rig.value("Find a module"), "", "the key is not typed into it");
    assert!(!rig.finds("Place Note In"), "only what a signal goes through");
    write(&mut rig, "vcf");
    rig.press(NONE, Key::Enter);
    let through = ["amp.out → out.left × 1", "osc.out → vcf1.in × 0.5", "vcf1.out → amp.in × 1"];
    rig.until("it is inserted", |rig| cables(&rig.playing()) == through);
    assert!(rig.is_selected("Module vcf1") && rig.has_focus("Patch canvas"));
    undo(&mut rig);
    rig.until("one step", |rig| *rig.playing() == *before);
}

#[test]
fn shift_and_delete_take_the_cables_and_leave_the_modules() {
    let mut rig = row();
    let before = rig.engine.document();
    select(&mut rig, "osc");
    rig.press(SHIFT, Key::Delete);
    rig.until("its own alone", |rig| cables(&rig.playing()) == ["amp.out → out.left × 1"]);
    undo(&mut rig);
    rig.until("they are back", |rig| *rig.playing() == *before);
    select(&mut rig, "amp");
    rig.press(SHIFT, Key::Delete);
    rig.until("both of them", |rig| rig.playing().cables.is_empty());
    assert_eq!(rig.playing().modules.len(), 5);
    assert!(rig.is_selected("Module amp"));
    undo(&mut rig);
    rig.until("one step", |rig| *rig.playing() == *before);
    rig.click("osc Fine");
    rig.press(SHIFT, Key::Delete);
    assert_eq!(*rig.engine.document(), *before, "a knob has no cables");
}

#[test]
fn menus_of_knobs_and_cables_are_used_by_keys_alone() {
    let mut rig = row();
    select(&mut rig, "filter");
    rig.press(NONE, Key::Enter);
    rig.press(NONE, Key::ArrowUp);
    assert!(rig.param("filter", "cutoff").is_some_and(|cutoff| cutoff > 1000.0));
    rig.press(SHIFT, Key::F10);
    assert!(rig.has_focus("Type a value: filter Cutoff"));
    rig.press(NONE, Key::ArrowDown);
    assert!(rig.has_focus("Reset: filter Cutoff"));
    rig.press(NONE, Key::Enter);
    assert_eq!(rig.param("filter", "cutoff"), Some(1000.0));
    assert!(rig.has_focus("filter Cutoff") && !rig.finds("Reset: filter Cutoff"));
    rig.press(SHIFT, Key::F10);
    rig.press(NONE, Key::Enter);
    assert!(rig.has_focus("filter Cutoff value"), "the first entry");
    write(&mut rig, "300");
    rig.press(NONE, Key::Enter);
    assert_eq!(rig.param("filter", "cutoff"), Some(300.0));
    rig.press(NONE, Key::Menu);
    for _ in 0..2 {
        rig.press(NONE, Key::ArrowDown);
    }
    assert!(rig.has_focus("Automate: filter Cutoff"));
    rig.press(NONE, Key::Enter);
    rig.until("it is bound", |rig| rig.playing().macros.contains_key(&0));
    assert!(rig.has_focus("filter Cutoff"));

    rig.press(NONE, Key::Escape);
    select(&mut rig, "amp");
    rig.press(NONE, Key::N);
    assert!(rig.is_selected("Cable osc out → amp in"));
    rig.press(SHIFT, Key::F10);
    assert!(rig.has_focus("Gain: osc out → amp in"));
    rig.press(NONE, Key::Enter);
    assert!(rig.has_focus("Gain of osc out → amp in"));
    write(&mut rig, "0.25");
    rig.press(NONE, Key::Enter);
    rig.until("it plays", |rig| cables(&rig.playing())[0] == "osc.out → amp.in × 0.25");
    rig.press(SHIFT, Key::F10);
    for _ in 0..2 {
        rig.press(NONE, Key::ArrowDown);
    }
    assert!(rig.has_focus("Delete: osc out → amp in"), "what cannot be done is passed over");
    rig.press(NONE, Key::Enter);
    rig.until("it is gone", |rig| cables(&rig.playing()) == ["amp.out → out.left × 1"]);
    assert!(rig.has_focus("Patch canvas") && rig.is_selected("Module amp"));
}

#[test]
fn the_palette_opens_from_the_ground_s_menu_and_is_used_by_mouse() {
    let mut rig = row();
    let place = nowhere(&rig);
    rig.click_at(place, PointerButton::Secondary, NONE);
    rig.click("All commands");
    assert!(rig.has_focus("Find a command") && !rig.finds("All commands"));
    let zoom = rig.view().0;
    rig.click("Run Zoom in");
    assert!(rig.view().0 > zoom * 1.2 && !rig.finds("Find a command"));
    rig.click_at(place, PointerButton::Secondary, NONE);
    rig.click("All commands");
    write(&mut rig, "select filter");
    rig.click("Select filter");
    assert!(rig.is_selected("Module filter"));
    rig.click_at(place, PointerButton::Secondary, NONE);
    rig.click("All commands");
    rig.click_at(place, PointerButton::Primary, NONE);
    assert!(!rig.finds("Find a command"), "a click beside it closes it");
}

#[test]
fn undo_works_on_every_page_but_not_in_a_text() {
    let mut rig = row();
    for page in ["List", "Macros", "Settings", "Document", "Canvas"] {
        rig.click("Canvas");
        select(&mut rig, "amp");
        rig.press(NONE, Key::B);
        rig.until("it is bypassed", |rig| rig.playing().modules[&id("amp")].bypass);
        rig.click(page);
        rig.press(COMMAND, Key::Z);
        rig.until(page, |rig| !rig.playing().modules[&id("amp")].bypass);
        rig.press(COMMAND | SHIFT, Key::Z);
        rig.until(page, |rig| rig.playing().modules[&id("amp")].bypass);
        rig.press(COMMAND, Key::Z);
        rig.until(page, |rig| !rig.playing().modules[&id("amp")].bypass);
    }
    rig.click("Settings");
    let before = rig.engine.undo_labels();
    rig.type_into("Patch name", "Mine");
    rig.press(COMMAND, Key::Z);
    assert_eq!(rig.engine.undo_labels(), before, "a text has its own");
    rig.press(NONE, Key::Escape);
    rig.click("List");
    rig.press(NONE, Key::F6);
    rig.press(COMMAND, Key::Z);
    assert_eq!(rig.engine.undo_labels(), before, "keys are the host's after F6");
}

#[test]
fn keys_stay_with_the_canvas_when_the_knob_that_had_them_goes() {
    let mut rig = row();
    select(&mut rig, "filter");
    rig.press(COMMAND, Key::D);
    rig.until("it is there twice", |rig| rig.playing().modules.len() == 6);
    rig.press(NONE, Key::Enter);
    assert!(rig.has_focus("filter1 Cutoff"));
    rig.press(COMMAND, Key::Z);
    rig.until("it is gone", |rig| rig.playing().modules.len() == 5);
    assert!(rig.has_focus("Patch canvas"));
    rig.press(COMMAND, Key::Y);
    rig.until("keys are still heard", |rig| rig.playing().modules.len() == 6);
}

#[test]
fn nudges_in_a_row_are_one_step() {
    let mut rig = row();
    let at = |rig: &Rig| rig.engine.document().modules[&id("amp")].position;
    select(&mut rig, "amp");
    for key in [Key::ArrowRight, Key::ArrowRight, Key::ArrowDown] {
        rig.press(NONE, key);
    }
    assert_eq!(at(&rig), Point { x: 420.0, y: 10.0 });
    undo(&mut rig);
    assert_eq!(at(&rig), Point { x: 400.0, y: 0.0 });
    rig.press(COMMAND, Key::Y);
    assert_eq!(at(&rig), Point { x: 420.0, y: 10.0 });
    select(&mut rig, "amp");
    rig.press(NONE, Key::ArrowLeft);
    undo(&mut rig);
    assert_eq!(at(&rig), Point { x: 420.0, y: 10.0 }, "a click between them parts them");
}

#[test]
fn keys_lead_from_module_to_module_and_among_knobs() {
    let mut rig = row();
    select(&mut rig, "osc");
    rig.press(COMMAND, Key::ArrowRight);
    assert!(rig.is_selected("Module amp") && !rig.is_selected("Module osc"));
    rig.press(COMMAND | SHIFT, Key::ArrowDown);
    assert!(rig.is_selected("Module amp") && rig.is_selected("Module filter"));
    rig.press(COMMAND, Key::ArrowUp);
    assert!(rig.is_selected("Module amp") && !rig.is_selected("Module filter"));
    rig.press(NONE, Key::Enter);
    assert!(rig.has_focus("amp Gain"));
    rig.press(NONE, Key::Tab);
    assert!(rig.has_focus("amp Response"));
    rig.press(NONE, Key::Tab);
    assert!(rig.has_focus("amp Gain"), "round and round");
    rig.press(SHIFT, Key::Tab);
    assert!(rig.has_focus("amp Response"));
    rig.press(NONE, Key::ArrowUp);
    assert_eq!(rig.param("amp", "response"), Some(1.0));
    rig.press(NONE, Key::Delete);
    assert_eq!(rig.param("amp", "response"), Some(0.0), "reset, not deleted");
    rig.press(NONE, Key::A);
    rig.until("it is automated", |rig| rig.playing().macros.contains_key(&0));
    rig.press(NONE, Key::Escape);
    assert!(rig.has_focus("Patch canvas") && rig.is_selected("Module amp"));
}

#[test]
fn a_module_outside_the_window_comes_into_view() {
    let mut rig = row();
    select(&mut rig, "osc");
    rig.wheel(vec2(-3000.0, 0.0), NONE);
    assert!(!rig.finds("Module amp"));
    rig.press(COMMAND, Key::ArrowRight);
    assert!(rig.is_selected("Module amp"));
    for _ in 0..8 {
        rig.click("Zoom out");
    }
    assert!(!rig.finds("amp Gain"));
    rig.press(NONE, Key::Enter);
    rig.until("its knobs show", |rig| rig.finds("amp Gain"));
    assert!(rig.has_focus("amp Gain"), "close enough to be read");
}

#[test]
fn cables_are_made_and_cut_by_keys() {
    let mut rig = row();
    select(&mut rig, "filter");
    rig.press(NONE, Key::C);
    assert!(rig.has_focus("Connect"));
    assert!(rig.finds("Connect filter out → amp in") && rig.finds("Connect amp out → filter in"));
    write(&mut rig, "filter out amp in");
    rig.press(NONE, Key::Enter);
    rig.until("it is connected", |rig| {
        cables(&rig.playing()).contains(&"filter.out → amp.in × 1".into())
    });
    assert!(rig.has_focus("Patch canvas") && rig.is_selected("Module filter"));
    rig.press(NONE, Key::C);
    write(&mut rig, "disc filter");
    rig.press(NONE, Key::Enter);
    rig.until("it is cut", |rig| rig.playing().cables.len() == 2);
    select(&mut rig, "amp");
    rig.press(NONE, Key::N);
    assert!(rig.is_selected("Cable osc out → amp in"));
    rig.press(NONE, Key::N);
    assert!(rig.is_selected("Cable amp out → out left"));
    rig.press(NONE, Key::Enter);
    write(&mut rig, "-6 dB");
    rig.press(NONE, Key::Enter);
    rig.until("its gain is set", |rig| cables(&rig.playing())[1].contains("0.501"));
    rig.press(NONE, Key::Escape);
    assert!(rig.is_selected("Module amp"), "back to the module");
    rig.press(NONE, Key::N);
    rig.press(NONE, Key::Delete);
    rig.until("it is cut", |rig| rig.playing().cables.len() == 1);
    assert_eq!(rig.playing().modules.len(), 5);
}

#[test]
fn a_module_added_by_keys_stands_right_of_the_selected_one_and_covers_none() {
    let mut rig = row();
    select(&mut rig, "osc");
    rig.press(NONE, Key::Tab);
    write(&mut rig, "mixer");
    rig.press(NONE, Key::Enter);
    rig.until("it plays", |rig| rig.playing().modules.len() == 6);
    assert!(rig.is_selected("Module mixer1"));
    let rect = |name: &str| egui::Rect::from_center_size(rig.place(name), rig.size(name));
    let new = rect("Module mixer1");
    assert!(new.left() > rect("Module osc").right());
    for other in ["osc", "amp", "out", "filter", "echo"] {
        assert!(!new.intersects(rect(&format!("Module {other}"))), "{other}");
    }
}

#[test]
fn the_palette_does_everything_and_leads_everywhere() {
    let mut rig = row();
    select(&mut rig, "amp");
    rig.press(COMMAND, Key::K);
    assert!(rig.has_focus("Find a command"));
    assert!(rig.finds("Run Bypass") && !rig.finds("Run Type a value"));
    write(&mut rig, "byp");
    rig.press(NONE, Key::Enter);
    rig.until("it is bypassed", |rig| rig.playing().modules[&id("amp")].bypass);
    assert!(rig.has_focus("Patch canvas") && rig.is_selected("Module amp"));
    rig.press(SHIFT, Key::Colon);
    write(&mut rig, "go mac");
    rig.press(NONE, Key::Enter);
    assert!(rig.finds("Add macro 1"));
    rig.press(COMMAND, Key::K);
    assert!(rig.has_focus("Find a command"), "on every page");
    write(&mut rig, "select filter");
    rig.click("Select filter");
    assert!(rig.is_selected("Module filter"));
    rig.press(COMMAND, Key::K);
    rig.press(NONE, Key::Escape);
    assert!(!rig.finds("Find a command") && rig.is_selected("Module filter"));
    rig.click("filter Cutoff value");
    rig.press(NONE, Key::Escape);
    rig.press(COMMAND, Key::K);
    write(&mut rig, "type a value");
    rig.press(NONE, Key::Enter);
    write(&mut rig, "300");
    rig.press(NONE, Key::Enter);
    assert_eq!(rig.param("filter", "cutoff"), Some(300.0), "of the knob that had the keyboard");
}
