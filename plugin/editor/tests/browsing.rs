//! Presets and modules to choose from, by pointer and by keys, over a folder of the test's own.

mod rig;

use std::fs;
use std::path::PathBuf;

use chronus_engine::{Category, Request, Terms};
use chronus_patch::{Patch, Point};
use egui::{Event, Key, Modifiers, PointerButton, Pos2, Rect, vec2};
use rig::Rig;

const NONE: Modifiers = Modifiers::NONE;
const COMMAND: Modifiers = Modifiers::COMMAND;

fn create(id: &str, kind: &str, x: f32, y: f32) -> Request {
    Request::Create { id: id.into(), kind: kind.into(), position: Point { x, y } }
}

/// One oscillator.
fn one() -> Rig {
    Rig::new(&[create("osc", "vco", 0.0, 0.0)])
}

/// The file of a preset, by its name.
fn file(rig: &Rig, name: &str) -> PathBuf {
    rig.presets.join(format!("{name}.chronus.json"))
}

fn text(rig: &Rig, name: &str) -> String {
    fs::read_to_string(file(rig, name)).unwrap_or_default()
}

/// Does something that can be saved.
fn change(rig: &mut Rig, fine: f32) {
    let set = Request::Set { id: "osc".into(), param: "fine".into(), value: fine };
    rig.engine.commit(&[set], Terms::default(), |_| ());
    rig.until("it is changed", |rig| rig.param("osc", "fine") == Some(fine));
}

/// The canvas has the keyboard.
fn on_canvas(rig: &mut Rig) {
    let place = rig.place("Patch canvas") + vec2(0.0, 700.0);
    rig.click_at(place, PointerButton::Primary, NONE);
    assert!(rig.has_focus("Patch canvas"));
}

/// Saves the patch under a name by keys alone.
fn save_as(rig: &mut Rig, name: &str) {
    on_canvas(rig);
    rig.press(COMMAND | Modifiers::SHIFT, Key::S);
    rig.type_into("Preset name", name);
    rig.press(NONE, Key::Enter);
    let label = format!("Patch {name}");
    rig.until("it is saved", |rig| rig.finds(&label) && file(rig, name).exists());
}

#[test]
fn a_preset_is_found_and_loaded_by_keys_and_the_load_is_undone() {
    let mut rig = one();
    let before = rig.engine.document();
    on_canvas(&mut rig);
    rig.press(COMMAND, Key::O);
    assert!(rig.has_focus("Search presets"));
    rig.until("the factory is listed", |rig| rig.finds("Load factory Sine"));
    rig.send(Event::Text("filt".into()));
    assert!(rig.finds("Load factory Filter") && !rig.finds("Load factory Sine"));
    rig.press(NONE, Key::Enter);
    rig.until("it plays", |rig| rig.playing().name == "Filter");
    assert!(rig.finds("Patch Filter") && rig.has_focus("Search presets"));
    rig.press(NONE, Key::Escape);
    assert!(!rig.finds("Search presets") && rig.has_focus("Patch canvas"));
    rig.click("Undo");
    rig.until("it is back", |rig| *rig.playing() == *before);
}

#[test]
fn arrows_walk_and_pages_load_and_the_bar_steps_without_the_panel() {
    let mut rig = one();
    rig.click("Presets");
    let width = rig.size("Search presets").x;
    rig.until("the factory is listed", |rig| rig.finds("Load factory Sine"));
    assert_eq!(rig.size("Search presets").x, width, "the panel keeps its width");
    assert!(rig.is_selected("Load factory Sine"));
    rig.press(NONE, Key::ArrowDown);
    assert!(rig.is_selected("Load factory Filter"));
    assert_eq!(rig.engine.document().name, "", "arrows load nothing");
    rig.press(NONE, Key::PageDown);
    rig.until("the first plays", |rig| rig.playing().name == "Sine");
    rig.press(NONE, Key::PageDown);
    rig.until("the next plays", |rig| rig.playing().name == "Filter");
    assert!(rig.is_selected("Load factory Filter"));
    rig.click("Close presets");
    rig.click("Next preset");
    rig.until("the damaged one is passed over", |rig| rig.playing().name == "Sine");
    rig.click("Previous preset");
    rig.until("round and back", |rig| rig.playing().name == "Filter");
}

#[test]
fn a_dot_tells_that_the_patch_has_changed() {
    let mut rig = one();
    rig.click("Presets");
    rig.until("the factory is listed", |rig| rig.finds("Load factory Sine"));
    rig.click("Load factory Sine");
    rig.until("it plays", |rig| rig.playing().name == "Sine");
    assert!(rig.finds("Patch Sine"));
    change(&mut rig, 10.0);
    assert!(rig.finds("Patch Sine, changed"));
    rig.click("Undo");
    rig.until("it is as it was", |rig| rig.finds("Patch Sine"));
    rig.click("Macros");
    rig.drag("Macro 1", &[0.25, 0.9]);
    assert!(rig.finds("Patch Sine, changed"), "a macro counts");
}

#[test]
fn saving_asks_for_a_name_once_and_then_writes_over_its_own() {
    let mut rig = one();
    on_canvas(&mut rig);
    rig.press(COMMAND, Key::S);
    assert!(rig.has_focus("Preset name"));
    rig.send(Event::Text("My/Pad".into()));
    rig.press(NONE, Key::Enter);
    rig.until("it is saved", |rig| rig.finds("Load My-Pad") && rig.finds("Patch My-Pad"));
    assert!(rig.is_selected("Load My-Pad") && !rig.finds("Preset name"));
    change(&mut rig, 7.0);
    assert!(rig.finds("Patch My-Pad, changed"));
    on_canvas(&mut rig);
    rig.press(COMMAND, Key::S);
    rig.until("it is saved again", |rig| rig.finds("Patch My-Pad"));
    let saved = Patch::from_json(&text(&rig, "My-Pad")).expect("a patch");
    assert_eq!(saved, *rig.engine.document());
    assert_eq!(fs::read_dir(&rig.presets).expect("a folder").count(), 2, "the file and the lock");
}

#[test]
fn another_preset_is_written_over_only_when_that_is_said() {
    let mut rig = one();
    save_as(&mut rig, "Pad");
    let before = text(&rig, "Pad");
    change(&mut rig, 9.0);
    rig.click("Save preset as");
    rig.press(NONE, Key::Enter);
    rig.until("it is told", |rig| rig.shows("there is a `Pad` already"));
    assert_eq!(text(&rig, "Pad"), before);
    rig.type_into("Another name", "Pad too");
    rig.press(NONE, Key::Enter);
    rig.until("it is saved", |rig| rig.finds("Load Pad too"));
    assert_eq!(text(&rig, "Pad"), before);
    rig.click("Save preset as");
    rig.type_into("Preset name", "Pad");
    rig.press(NONE, Key::Enter);
    rig.until("it is asked", |rig| rig.finds("Replace it"));
    rig.click("Replace it");
    rig.until("it is replaced", |rig| text(rig, "Pad").contains("9.0"));
    let kept = fs::read_to_string(rig.presets.join(".trash/Pad.chronus.json"));
    assert_eq!(kept.expect("what was replaced is kept"), before);
}

#[test]
fn what_somebody_else_wrote_meanwhile_is_not_written_over_unasked() {
    let mut rig = one();
    save_as(&mut rig, "Pad");
    let theirs = text(&rig, "Pad").replace("\"modules\"", "\"notes\": \"theirs\", \"modules\"");
    fs::write(file(&rig, "Pad"), &theirs).expect("written");
    change(&mut rig, 5.0);
    on_canvas(&mut rig);
    rig.press(COMMAND, Key::S);
    rig.until("it is told", |rig| rig.shows("was changed by somebody else"));
    assert_eq!(text(&rig, "Pad"), theirs);
    rig.type_into("Another name", "Mine");
    rig.press(NONE, Key::Enter);
    rig.until("it is saved", |rig| rig.finds("Patch Mine"));
    assert_eq!(text(&rig, "Pad"), theirs);
    assert!(text(&rig, "Mine").contains("5.0"));
}

#[test]
fn after_an_undone_load_saving_means_the_preset_before() {
    let mut rig = one();
    save_as(&mut rig, "Mine");
    rig.click("Load factory Sine");
    rig.until("it plays", |rig| rig.playing().name == "Sine");
    rig.click("Undo");
    rig.until("it is undone", |rig| rig.finds("Patch Mine"));
    change(&mut rig, 4.0);
    on_canvas(&mut rig);
    rig.press(COMMAND, Key::S);
    rig.until("it is saved", |rig| text(rig, "Mine").contains("4.0"));
    assert!(!rig.finds("Preset name"));
}

#[test]
fn renaming_deleting_and_bringing_back() {
    let mut rig = one();
    save_as(&mut rig, "Old");
    let before = text(&rig, "Old");
    assert!(rig.is_enabled("Rename preset"));
    rig.click("Rename preset");
    rig.type_into("New preset name", "New");
    rig.press(NONE, Key::Enter);
    rig.until("it is renamed", |rig| rig.finds("Load New") && rig.finds("Patch New"));
    assert_eq!((text(&rig, "New"), file(&rig, "Old").exists()), (before.clone(), false));
    rig.click("Delete preset");
    rig.until("it is gone", |rig| !rig.finds("Load New"));
    assert!(!file(&rig, "New").exists());
    rig.click("Bring it back");
    rig.until("it is back", |rig| rig.finds("Load New"));
    assert_eq!(text(&rig, "New"), before);
    rig.click("Search presets");
    for _ in 0..5 {
        rig.press(NONE, Key::ArrowUp);
    }
    assert!(!rig.is_enabled("Rename preset") && !rig.is_enabled("Delete preset"), "the factory's");
}

#[test]
fn patches_come_in_by_path_or_as_text_and_go_out_by_path() {
    let mut rig = one();
    let folder = rig.presets.parent().expect("a folder of its own").to_owned();
    rig.click("Presets");
    rig.click("Export patch");
    let out = folder.join("out.json").display().to_string();
    rig.type_into("Export to", &out);
    rig.press(NONE, Key::Enter);
    rig.until("it is told", |rig| rig.shows("Written to"));
    let written = fs::read_to_string(&out).expect("written");
    assert_eq!(Patch::from_json(&written).expect("a patch"), *rig.engine.document());
    rig.click("Import preset");
    rig.type_into("Import from", &out);
    rig.press(NONE, Key::Enter);
    rig.until("it is listed", |rig| rig.finds("Load out") && rig.is_selected("Load out"));
    assert_eq!(text(&rig, "out"), written);
    rig.click("Import preset");
    rig.type_into("Import from", "{ \"kind\": ");
    rig.press(NONE, Key::Enter);
    rig.until("the fault is told", |rig| rig.shows("the pasted text: line 1"));
    rig.type_into("Import from", &written);
    rig.press(NONE, Key::Enter);
    rig.until("it is listed", |rig| rig.finds("Load Imported"));
    rig.click("Export patch");
    rig.type_into("Export to", &out);
    change(&mut rig, 8.0);
    rig.click("Export it");
    rig.until("it is asked", |rig| rig.finds("Replace it"));
    assert_eq!(fs::read_to_string(&out).expect("there"), written);
    rig.click("Cancel");
    assert!(!rig.finds("Replace it") && rig.has_focus("Search presets"));
}

#[test]
fn damaged_presets_are_listed_with_their_fault_and_not_loaded() {
    let mut rig = one();
    save_as(&mut rig, "Whole");
    let half = text(&rig, "Whole");
    fs::write(file(&rig, "Half"), &half[..half.len() / 2]).expect("written");
    rig.click("Close presets");
    rig.click("Presets");
    rig.until("it is listed", |rig| rig.finds("Load Half"));
    assert!(!rig.is_enabled("Load Half") && rig.is_enabled("Load Whole"));
    let before = rig.engine.last_revision();
    rig.click("Search presets");
    rig.send(Event::Text("half".into()));
    rig.press(NONE, Key::Enter);
    assert!(rig.shows("Half.chronus.json: line"));
    assert_eq!(rig.engine.last_revision(), before);
    assert_eq!(text(&rig, "Half"), half[..half.len() / 2]);
}

#[test]
fn shelves_tags_and_favourites_narrow_the_list() {
    let mut rig = one();
    save_as(&mut rig, "Mine");
    rig.until("all is listed", |rig| rig.finds("Load Mine") && rig.finds("Load factory Sine"));
    rig.click("User presets");
    assert!(rig.finds("Load Mine") && !rig.finds("Load factory Sine"));
    rig.click("Factory presets");
    assert!(!rig.finds("Load Mine") && rig.finds("Load factory Sine"));
    rig.click("All presets");
    rig.click("Tag plain");
    assert!(!rig.finds("Load Mine") && !rig.finds("Load factory Filter"));
    rig.click("Favourite preset factory Sine");
    rig.until("it is marked", |rig| rig.is_selected("Favourite preset factory Sine"));
    rig.click("Tag plain");
    rig.click("Favourite presets");
    assert!(rig.finds("Load factory Sine") && !rig.finds("Load factory Filter"));
    rig.click("Search presets");
    rig.send(Event::Text("*".into()));
    rig.until("the mark is gone", |rig| !rig.finds("Load factory Sine"));
    let settings = rig.presets.with_file_name("settings.json");
    assert!(fs::read_to_string(settings).expect("written").contains("favourites"));
}

#[test]
fn tags_are_typed_with_the_patch_and_saved_with_it() {
    let mut rig = one();
    rig.click("Settings");
    rig.type_into("Patch tags", " Lead, , Bright ");
    rig.leave_field();
    assert_eq!(rig.engine.document().tags, ["lead", "bright"]);
    rig.click("Canvas");
    save_as(&mut rig, "Mine");
    rig.until("it is offered", |rig| rig.finds("Tag bright"));
    rig.click("Undo");
    rig.click("Undo");
    assert!(rig.engine.document().tags.is_empty());
}

fn rect(rig: &Rig, module: &str) -> Rect {
    Rect::from_center_size(rig.place(module), rig.size(module))
}

#[test]
fn a_click_adds_a_module_where_there_is_room() {
    let mut rig = Rig::new(&[]);
    let canvas = rig.place("Patch canvas");
    for number in 1..=6 {
        rig.click("Add VCF");
        rig.until("it plays", |rig| rig.playing().modules.len() == number);
        let new = rect(&rig, &format!("Module vcf{number}"));
        assert!(number > 1 || (new.center() - canvas).length() < 2.0, "in the middle first");
        for other in 1..number {
            let other = rect(&rig, &format!("Module vcf{other}"));
            assert!(!other.intersects(new), "{other:?} and {new:?}");
        }
        assert!(rig.is_selected(&format!("Module vcf{number}")));
    }
    assert!(rig.has_focus("Patch canvas"));
    rig.press(NONE, Key::Delete);
    rig.until("keys mean the new one", |rig| rig.playing().modules.len() == 5);
}

#[test]
fn an_entry_is_dragged_to_its_place() {
    let mut rig = one();
    let (from, to) = (rig.place("Add VCA"), rig.place("Module osc") + vec2(300.0, 400.0));
    rig.grab((from, to), PointerButton::Primary, NONE);
    assert_eq!(rig.engine.document().modules.len(), 1, "not before it is let go");
    let (button, modifiers) = (PointerButton::Primary, NONE);
    rig.send(Event::PointerButton { pos: to, button, pressed: false, modifiers });
    rig.until("it plays", |rig| rig.playing().modules.len() == 2);
    let new = rect(&rig, "Module vca1");
    assert!(new.contains(to) && (new.center_top() - to).length() < 20.0, "{new:?} {to:?}");
    let nowhere = rig.place("Add Delay");
    rig.drag_between(from, nowhere);
    rig.grab((from, to + vec2(0.0, 200.0)), PointerButton::Primary, NONE);
    rig.press(NONE, Key::Escape);
    let pos: Pos2 = to + vec2(0.0, 200.0);
    rig.send(Event::PointerButton { pos, button, pressed: false, modifiers });
    assert_eq!(rig.engine.document().modules.len(), 2);
}

#[test]
fn the_module_list_is_used_by_keys_alone() {
    let mut rig = Rig::new(&[]);
    on_canvas(&mut rig);
    rig.press(COMMAND, Key::L);
    assert!(rig.has_focus("Search modules"));
    rig.send(Event::Text("vc".into()));
    assert!(rig.is_selected("Add VCO") && !rig.finds("Add Delay"));
    rig.press(NONE, Key::ArrowDown);
    assert!(rig.is_selected("Add VCF"));
    assert!(rig.shows("state-variable") && rig.shows("Cutoff 16 Hz to 20"));
    rig.press(NONE, Key::Enter);
    rig.until("it plays", |rig| rig.playing().modules.len() == 1);
    assert!(rig.has_focus("Search modules"), "for the next one");
    rig.press(NONE, Key::Escape);
    assert!(rig.finds("Add Delay") && rig.has_focus("Search modules"), "first the text goes");
    rig.press(COMMAND, Key::L);
    assert!(!rig.finds("Search modules") && rig.has_focus("Patch canvas"));
    rig.press(COMMAND, Key::L);
    assert!(rig.has_focus("Search modules"));
    rig.press(NONE, Key::Escape);
    assert!(rig.has_focus("Patch canvas"));
    rig.click("Fold modules");
    assert!(!rig.finds("Add VCF"));
    rig.click("Show modules");
    assert!(rig.finds("Add VCF"));
}

#[test]
fn favourites_come_first_in_the_list_and_in_the_search() {
    let mut rig = Rig::new(&[]);
    rig.click("Favourite Noise");
    rig.until("it is marked", |rig| rig.is_selected("Favourite Noise"));
    assert!(rig.shows("Favourites"));
    assert!(rig.place("Add Noise").y < rig.place("Add Audio In").y);
    rig.click("Search modules");
    rig.send(Event::Text("delay".into()));
    rig.send(Event::Text("*".into()));
    rig.until("a key marks, too", |rig| rig.is_selected("Favourite Delay"));
    assert!(rig.finds("Add Delay") && !rig.shows("delay*"));
    on_canvas(&mut rig);
    rig.press(NONE, Key::Tab);
    assert!(rig.has_focus("Find a module"));
    assert!(rig.is_selected("Mark Noise") && rig.is_selected("Mark Delay"));
    let first = ["Place Noise", "Place Delay"].map(|label| rig.place(label).y);
    assert!(first.iter().all(|y| *y < rig.place("Place Audio In").y));
    rig.press(COMMAND, Key::F);
    rig.until("the row in hand is unmarked", |rig| {
        !(rig.is_selected("Mark Noise") && rig.is_selected("Mark Delay"))
    });
    let told = "The audio that the host sends";
    assert!(!rig.shows(told));
    rig.hover(rig.place("Place Audio In"));
    rig.until("the help is of what is pointed at", |rig| rig.shows(told));
}

#[test]
fn a_star_in_the_search_is_clicked_and_places_nothing() {
    let mut rig = Rig::new(&[]);
    let place = rig.place("Patch canvas");
    rig.double_click_at(place);
    assert!(rig.has_focus("Find a module") && !rig.is_selected("Mark Noise"));
    rig.click("Mark Noise");
    rig.until("it is marked", |rig| rig.is_selected("Mark Noise"));
    assert!(rig.has_focus("Find a module"), "the search goes on");
    assert!(rig.is_selected("Favourite Noise"), "in the list, too");
    assert!(rig.place("Place Noise").y < rig.place("Place Audio In").y);
    rig.click("Mark Noise");
    rig.until("it is unmarked", |rig| !rig.is_selected("Mark Noise"));
    assert!(rig.place("Place Noise").y > rig.place("Place Audio In").y);
    assert!(rig.engine.document().modules.is_empty());
    rig.click("Place Noise");
    rig.until("it plays", |rig| rig.playing().modules.len() == 1);
}

#[test]
fn kinds_stand_below_the_name_of_their_family() {
    let mut rig = Rig::new(&[]);
    let kinds = chronus_modules::KINDS.iter().map(|kind| kind.spec);
    for spec in kinds {
        let entry = rig.place(&format!("Add {}", spec.name)).y;
        let above = |family: &&Category| rig.place(family.name()).y < entry;
        let families = Category::ALL.iter().filter(|family| rig.finds(family.name()));
        let nearest = families
            .filter(above)
            .max_by(|a, b| rig.place(a.name()).y.total_cmp(&rig.place(b.name()).y));
        assert_eq!(nearest, Some(&spec.category), "{}", spec.name);
    }
    rig.click("Search modules");
    rig.send(Event::Text("delay".into()));
    assert!(rig.finds("Add Delay"));
    let shown = Category::ALL.iter().filter(|family| rig.finds(family.name())).count();
    assert_eq!(shown, 0, "what is found is in the order of the search");
}

#[test]
fn a_patch_renamed_like_another_preset_does_not_overwrite_it() {
    let mut rig = one();
    save_as(&mut rig, "Bass");
    let bass = text(&rig, "Bass");
    change(&mut rig, 4.0);
    save_as(&mut rig, "Lead");
    rig.click("Settings");
    rig.type_into("Patch name", "Bass");
    rig.leave_field();
    rig.until("it is called that", |rig| rig.finds("Patch Bass"));
    rig.click("Canvas");
    on_canvas(&mut rig);
    rig.press(COMMAND, Key::S);
    rig.until("a name is asked for", |rig| rig.finds("Preset name"));
    assert_eq!(text(&rig, "Bass"), bass);
}
