//! Presets on disk: nothing is lost, nothing is written over unasked, and every fault is named.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use chronus_library::{Done, Folder, Library, LibraryError, MOST_FILES, Order, Over};
use chronus_library::{Preset, PresetId, Settings, WindowLook};
use chronus_patch::{Module, ModuleId, Patch};

/// A folder of its own, gone when the test ends.
struct Temp(PathBuf);

impl Temp {
    fn new() -> Self {
        static SERIAL: AtomicU32 = AtomicU32::new(0);
        let serial = SERIAL.fetch_add(1, Ordering::Relaxed);
        let path = std::env::temp_dir();
        let path = path.join(format!("chronus-library-{}-{serial}", std::process::id()));
        fs::create_dir_all(&path).expect("a folder");
        Self(path)
    }

    fn presets(&self) -> PathBuf {
        self.0.join("presets")
    }

    fn folder(&self) -> Folder {
        Folder::new(self.presets())
    }

    fn text(&self, file: &str) -> String {
        fs::read_to_string(self.presets().join(file)).expect(file)
    }

    /// The files that can be seen in the folder, sorted.
    fn files(&self) -> Vec<String> {
        names(&self.presets()).into_iter().filter(|name| !name.starts_with('.')).collect()
    }
}

impl Drop for Temp {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

fn names(folder: &Path) -> Vec<String> {
    let Ok(all) = fs::read_dir(folder) else { return Vec::new() };
    let name = |file: fs::DirEntry| file.file_name().into_string().expect("a plain name");
    let mut names: Vec<_> = all.map(|file| name(file.expect("a file"))).collect();
    names.sort();
    names
}

fn patch(notes: &str) -> Patch {
    let mut patch = Patch { notes: notes.into(), tags: vec!["warm".into()], ..Patch::default() };
    patch.modules.insert(ModuleId::new("osc").expect("an id"), Module::new("vco"));
    patch
}

#[test]
fn a_preset_is_saved_listed_and_read_back_under_its_file_s_name() {
    let temp = Temp::new();
    let folder = temp.folder();
    assert!(folder.scan().expect("no folder is no fault").entries.is_empty());
    let (file, written) = folder.save("Warm / Pad", &patch("soft")).expect("saved");
    assert_eq!(file, "Warm - Pad.chronus.json");
    let entry = folder.scan().expect("a folder").entries.remove(0);
    assert_eq!((entry.name.as_str(), entry.notes.as_str()), ("Warm - Pad", "soft"));
    assert_eq!((entry.tags, entry.fault), (vec!["warm".to_owned()], None));
    let (read, stamp) = folder.read(&file).expect("read");
    assert_eq!(read, Patch { name: "Warm - Pad".into(), ..patch("soft") });
    assert_eq!(stamp, written);
}

#[test]
fn names_that_lead_elsewhere_stay_in_the_folder() {
    let temp = Temp::new();
    let (file, _) = temp.folder().save("../../etc", &patch("")).expect("saved");
    assert_eq!(temp.files(), [file.as_str()]);
    assert_eq!(names(&temp.0), ["presets"]);
    for file in ["../x.json", "/etc/passwd", "a/b.json", "..", ""] {
        assert!(matches!(temp.folder().read(file), Err(LibraryError::NoFile(_))), "{file}");
        assert!(matches!(temp.folder().delete(file), Err(LibraryError::NoFile(_))), "{file}");
    }
}

#[test]
fn nothing_is_written_over_unasked() {
    let temp = Temp::new();
    let folder = temp.folder();
    let (file, first) = folder.save("Pad", &patch("one")).expect("saved");
    let before = temp.text(&file);
    let error = folder.save("Pad", &patch("two")).expect_err("taken");
    assert_eq!(error.to_string(), "there is a `Pad` already");
    assert_eq!(temp.text(&file), before);
    let second = folder.save_over(&file, &patch("two"), Over::Stamp(first)).expect("its own");
    let error = folder.save_over(&file, &patch("three"), Over::Stamp(first)).expect_err("changed");
    assert_eq!(error.to_string(), "`Pad` was changed by somebody else meanwhile");
    assert_eq!(folder.read(&file).expect("read").1, second);
    folder.save_over(&file, &patch("three"), Over::Anything).expect("asked for");
    assert_eq!(folder.read(&file).expect("read").0.notes, "three");
    assert!(temp.text(".trash/Pad.chronus.json").contains("two"), "what was there is kept");
    fs::remove_file(temp.presets().join(&file)).expect("removed");
    folder.save_over(&file, &patch("four"), Over::Stamp(first)).expect("it is gone, so made anew");
}

#[test]
fn of_editors_that_save_one_name_at_once_one_has_it() {
    let temp = Temp::new();
    let race = |save: &(dyn Fn(&Folder, usize) -> Result<(), LibraryError> + Sync)| {
        std::thread::scope(|scope| {
            let editors: Vec<_> = (0..8)
                .map(|editor| {
                    let folder = temp.folder();
                    scope.spawn(move || save(&folder, editor))
                })
                .collect();
            let outcomes = editors.into_iter().map(|editor| editor.join().expect("no panic"));
            outcomes.filter(Result::is_ok).count()
        })
    };
    let note = |editor: usize| patch(&format!("{editor}").repeat(20_000));
    assert_eq!(race(&|folder, editor| folder.save("Pad", &note(editor)).map(drop)), 1);
    let file = "Pad.chronus.json";
    let (_, stamp) = temp.folder().read(file).expect("it is whole");
    let over = Over::Stamp(stamp);
    assert_eq!(race(&|folder, e| folder.save_over(file, &note(e + 10), over).map(drop)), 1);
    temp.folder().read(file).expect("it is whole");
    assert_eq!(race(&|folder, e| folder.save_over(file, &note(e), Over::Anything).map(drop)), 8);
    temp.folder().read(file).expect("it is whole");
    assert_eq!(names(&temp.presets().join(".trash")).len(), 8, "each is kept that was replaced");
    assert_eq!(temp.files(), [file]);
}

#[test]
fn damaged_files_are_listed_with_their_fault_and_stay() {
    let temp = Temp::new();
    let folder = temp.folder();
    let (file, _) = folder.save("Whole", &patch("")).expect("saved");
    let text = temp.text(&file);
    let put = |name: &str, bytes: &[u8]| {
        fs::write(temp.presets().join(name), bytes).expect("written");
    };
    put("Cut.json", &text.as_bytes()[..text.len() / 2]);
    put("Empty.chronus.json", b"");
    put("No text.json", &[0xff, 0xfe, 0]);
    put("Other.json", b"{\"kind\": \"song\"}");
    put("readme.txt", b"no preset");
    fs::create_dir(temp.presets().join("Folder.json")).expect("made");
    let found = folder.scan().expect("a folder").entries;
    let fault = |name: &str| {
        let entry = found.iter().find(|entry| entry.name == name).expect(name);
        entry.fault.clone().unwrap_or_default()
    };
    assert!(fault("Whole").is_empty());
    assert!(fault("Cut").contains("Cut.json: line "), "{}", fault("Cut"));
    assert!(fault("Empty").contains("Empty.chronus.json"), "{}", fault("Empty"));
    assert!(fault("No text").contains("UTF-8"), "{}", fault("No text"));
    assert!(fault("Other").contains("chronus patch"), "{}", fault("Other"));
    assert!(fault("Folder").contains("no file"), "{}", fault("Folder"));
    assert_eq!(found.len(), 6);
    let renamed = folder.rename("Cut.json", "Half").expect("damage can be renamed");
    assert_eq!(temp.text(&renamed), text[..text.len() / 2]);
}

#[test]
#[cfg(unix)]
fn links_in_a_circle_and_pipes_do_no_harm() {
    use std::os::unix::fs::symlink;
    let temp = Temp::new();
    temp.folder().save("Real", &patch("")).expect("saved");
    let at = |name: &str| temp.presets().join(name);
    symlink(at("b.json"), at("a.json")).expect("a link");
    symlink(at("a.json"), at("b.json")).expect("a link");
    symlink(temp.presets(), at("self.json")).expect("a link");
    symlink(at("Real.chronus.json"), at("Link.json")).expect("a link");
    let pipe = std::process::Command::new("mkfifo").arg(at("pipe.json")).status();
    let found = temp.folder().scan().expect("a folder").entries;
    let sound: Vec<_> = found.iter().filter(|e| e.fault.is_none()).map(|e| &*e.name).collect();
    assert_eq!(sound, ["Link", "Real"]);
    assert_eq!(found.len(), 5 + usize::from(pipe.is_ok_and(|status| status.success())));
    temp.folder().save_over("Link.json", &patch("new"), Over::Anything).expect("through the link");
    assert_eq!(temp.folder().read("Real.chronus.json").expect("read").0.notes, "new");
}

#[test]
fn what_a_writer_left_that_ended_amid_writing_is_ignored_and_cleared_away() {
    let temp = Temp::new();
    let folder = temp.folder();
    folder.save("Pad", &patch("")).expect("saved");
    let draft = temp.presets().join(".chronus-4711-0.tmp");
    fs::write(&draft, "{\"kind\": \"chronus pa").expect("written");
    assert_eq!(folder.scan().expect("a folder").entries.len(), 1);
    assert!(draft.exists(), "whoever only looks clears nothing: it may be written just now");
    folder.save("Bass", &patch("")).expect("saved");
    assert!(!draft.exists());
    assert_eq!(temp.files(), ["Bass.chronus.json", "Pad.chronus.json"]);
}

#[test]
fn deleting_is_undone_even_when_the_name_is_taken_by_then() {
    let temp = Temp::new();
    let folder = temp.folder();
    let (file, _) = folder.save("Pad", &patch("one")).expect("saved");
    let trashed = folder.delete(&file).expect("deleted");
    assert!(temp.files().is_empty());
    folder.save("Pad", &patch("two")).expect("saved");
    assert_eq!(folder.delete(&file).expect("deleted"), "Pad 2.chronus.json");
    folder.save("Pad", &patch("three")).expect("saved");
    assert_eq!(folder.restore(&trashed, &file).expect("back"), "Pad 2.chronus.json");
    assert_eq!(folder.read("Pad 2.chronus.json").expect("read").0.notes, "one");
    assert_eq!(folder.read(&file).expect("read").0.notes, "three");
}

#[test]
fn renaming_replaces_nothing_and_may_change_case() {
    let temp = Temp::new();
    let folder = temp.folder();
    let (file, _) = folder.save("pad", &patch("one")).expect("saved");
    folder.save("Bass", &patch("two")).expect("saved");
    assert!(matches!(folder.rename(&file, "Bass"), Err(LibraryError::Taken(_))));
    assert_eq!(folder.read("Bass.chronus.json").expect("read").0.notes, "two");
    let file = folder.rename(&file, "Pad").expect("renamed");
    assert_eq!(folder.rename(&file, "Pad").expect("as it was"), file);
    assert_eq!(temp.files(), ["Bass.chronus.json", "Pad.chronus.json"]);
}

#[test]
fn imports_take_paths_and_text_and_are_kept_to_the_letter() {
    let temp = Temp::new();
    let folder = temp.folder();
    let text = patch("from afar").to_json().replace("\"modules\"", "\"later\": [1],\n \"modules\"");
    let outside = temp.0.join("My Lead.chronus.json");
    fs::write(&outside, &text).expect("written");
    let file = folder.import(&format!(" \"{}\"\n", outside.display())).expect("taken in");
    assert_eq!((file.as_str(), temp.text(&file)), ("My Lead.chronus.json", text.clone()));
    assert_eq!(
        folder.import(&outside.display().to_string()).expect("again"),
        "My Lead 2.chronus.json"
    );
    let file = folder.import(&text).expect("as text");
    assert_eq!((file.as_str(), temp.text(&file)), ("Imported.chronus.json", text));
    let error = folder.import("{\"kind\": 3}").expect_err("no patch").to_string();
    assert!(error.starts_with("the pasted text: "), "{error}");
    let missing = temp.0.join("nowhere.json").display().to_string();
    let error = folder.import(&missing).expect_err("no file").to_string();
    assert!(error.contains(&missing), "{error}");
}

#[test]
fn a_folder_that_cannot_be_written_is_named() {
    let temp = Temp::new();
    fs::write(temp.presets(), "a file in its place").expect("written");
    let error = temp.folder().save("Pad", &patch("")).expect_err("refused").to_string();
    assert!(error.contains(&temp.presets().display().to_string()), "{error}");
    assert!(temp.folder().scan().is_err());
    fs::remove_file(temp.presets()).expect("removed");
    let (file, _) = temp.folder().save("Pad", &patch("")).expect("saved");
    let mut rights = fs::metadata(temp.presets()).expect("there").permissions();
    rights.set_readonly(true);
    fs::set_permissions(temp.presets(), rights.clone()).expect("set");
    // Those whom no right stops, as root, write all the same.
    if fs::write(temp.presets().join("probe"), "").is_err() {
        let error = temp.folder().save_over(&file, &patch("new"), Over::Anything);
        let error = error.expect_err("refused").to_string();
        assert!(error.contains("presets"), "{error}");
        assert_eq!(temp.folder().read(&file).expect("as it was").0.notes, "");
    }
    #[allow(clippy::permissions_set_readonly_false)] // the folder is the test's own
    rights.set_readonly(false);
    fs::set_permissions(temp.presets(), rights).expect("set");
}

#[test]
fn there_is_an_end_to_what_is_listed_and_read() {
    let temp = Temp::new();
    let folder = temp.folder();
    fs::create_dir_all(temp.presets()).expect("made");
    for number in 0..MOST_FILES + 3 {
        fs::write(temp.presets().join(format!("{number}.json")), "{}").expect("written");
    }
    let scan = folder.scan().expect("a folder");
    assert_eq!((scan.entries.len(), scan.left_out), (MOST_FILES, 3));
    let huge = fs::File::create(temp.presets().join("0.json")).expect("made");
    huge.set_len(chronus_library::MOST_BYTES + 1).expect("sparse");
    assert!(matches!(folder.read("0.json"), Err(LibraryError::TooLarge(_))));
}

#[test]
fn favourites_survive_damage_and_two_editors_and_keep_what_they_do_not_know() {
    let temp = Temp::new();
    let settings = Settings::beside(&temp.presets());
    let file = temp.0.join("settings.json");
    let pad = PresetId::User("Pad.chronus.json".into());
    assert!(!settings.favourites().expect("none yet").has_module("vco"));
    fs::write(&file, "{\"kind\": \"chronus settings\", \"later\": [1], \"favourites\": {\"modules\": [7, \"lfo\"], \"else\": 2}}")
        .expect("written");
    std::thread::scope(|scope| {
        for kind in ["vco", "vca", "vcf", "adsr"] {
            let settings = settings.clone();
            scope.spawn(move || settings.mark_module(kind, true).expect("marked"));
        }
    });
    let all = settings.mark_preset(&pad, true).expect("marked");
    assert!(["vco", "vca", "vcf", "adsr", "lfo"].iter().all(|kind| all.has_module(kind)));
    assert!(all.has_preset(&pad) && !all.has_preset(&PresetId::Factory("Pad.chronus.json")));
    let text = fs::read_to_string(&file).expect("there");
    assert!(text.contains("\"later\"") && text.contains("\"else\""), "{text}");
    let lead = PresetId::User("Lead.chronus.json".into());
    settings.renamed(&pad, &lead).expect("followed");
    let all = settings.mark_module("vco", false).expect("unmarked");
    assert!(all.has_preset(&lead) && !all.has_preset(&pad) && !all.has_module("vco"));
    // A file of somebody else's is left alone.
    let ours = fs::read_to_string(&file).expect("there");
    fs::write(&file, "{ \"theme\": \"theirs\" }").expect("written");
    assert!(matches!(settings.favourites(), Err(LibraryError::NotOurs(_))));
    assert!(matches!(settings.mark_module("vco", true), Err(LibraryError::NotOurs(_))));
    settings.renamed(&pad, &lead).expect("a preset can be renamed all the same");
    assert_eq!(fs::read_to_string(&file).expect("there"), "{ \"theme\": \"theirs\" }");
    fs::write(&file, ours).expect("written");
    fs::write(&file, "{ damaged").expect("written");
    assert!(settings.favourites().is_err());
    assert!(settings.mark_module("vco", true).expect("marked all the same").has_module("vco"));
    let kept = fs::read_to_string(temp.0.join("settings.damaged-1.json")).expect("kept");
    assert_eq!(kept, "{ damaged");
}

#[test]
fn the_look_of_windows_is_kept_beside_the_favourites() {
    let temp = Temp::new();
    let settings = Settings::beside(&temp.presets());
    assert_eq!(settings.look().expect("none yet"), None);
    settings.mark_module("vco", true).expect("marked");
    let look = WindowLook { light: true, scale: 1.5 };
    settings.set_look(look).expect("kept");
    assert_eq!(settings.look().expect("there"), Some(look));
    assert!(settings.favourites().expect("there").has_module("vco"));
    let file = temp.0.join("settings.json");
    for (text, expected) in [
        ("\"window\": 3", None),
        ("\"window\": {\"theme\": \"dark\", \"scale\": -1}", Some((false, 1.0))),
        ("\"window\": {\"theme\": \"light\", \"scale\": \"x\"}", Some((true, 1.0))),
    ] {
        let text = format!("{{\"kind\": \"chronus settings\", {text}}}");
        fs::write(&file, &text).expect("written");
        let look = settings.look().expect("sound JSON");
        assert_eq!(look.map(|look| (look.light, look.scale)), expected, "{text}");
    }
}

const FACTORY: &[Preset] = &[
    Preset {
        name: "Sine",
        json: "{\"kind\": \"chronus patch\", \"format\": 1, \"tags\": [\"a\"]}",
    },
    Preset { name: "Broken", json: "{" },
];

#[track_caller]
fn next(library: &Library) -> Done {
    let started = Instant::now();
    loop {
        if let Some(done) = library.done() {
            return done;
        }
        assert!(started.elapsed() < Duration::from_secs(10), "no answer");
        std::thread::sleep(Duration::from_millis(1));
    }
}

#[test]
fn orders_are_carried_out_in_turn_and_the_shelf_follows() {
    let temp = Temp::new();
    let library = Library::open(Some(temp.presets()), FACTORY);
    let patch = Arc::new(patch("new"));
    library.order(Order::Save { name: "Pad".into(), patch: patch.clone() });
    library.order(Order::Save { name: "Pad".into(), patch: patch.clone() });
    library.order(Order::Load(PresetId::Factory("Sine")));
    library.order(Order::Load(PresetId::Factory("Broken")));
    let path = temp.0.join("out").display().to_string();
    library.order(Order::Export { path: path.clone(), patch: patch.clone(), over: false });
    library.order(Order::Export { path: path.clone(), patch: patch.clone(), over: false });
    library.order(Order::Export { path, patch, over: true });
    assert!(matches!(next(&library), Done::Saved { patch, .. } if patch.name == "Pad"));
    let failed = next(&library);
    assert!(matches!(&failed, Done::Failed(_, LibraryError::Taken(name)) if name == "Pad"));
    let sine = next(&library);
    assert!(matches!(&sine, Done::Loaded { patch, .. } if patch.tags == ["a"]), "{sine:?}");
    assert!(matches!(next(&library), Done::Failed(_, LibraryError::Text(_))));
    let Done::Exported(out) = next(&library) else { panic!("not written") };
    assert!(out.ends_with("out.chronus.json") && out.exists());
    assert!(matches!(next(&library), Done::Failed(_, LibraryError::Taken(_))));
    assert!(matches!(next(&library), Done::Exported(_)));
    let shelf = library.shelf();
    let names: Vec<_> = shelf.entries.iter().map(|entry| entry.name.as_str()).collect();
    assert_eq!(names, ["Sine", "Broken", "Pad"]);
    assert!(shelf.entries[1].fault.is_some() && shelf.remark.is_none());
}

#[test]
fn what_was_ordered_is_done_before_the_library_closes() {
    let temp = Temp::new();
    let library = Library::open(Some(temp.presets()), &[]);
    library.order(Order::Save { name: "Last".into(), patch: Arc::new(patch("")) });
    drop(library);
    assert_eq!(temp.files(), ["Last.chronus.json"]);
}

#[test]
fn without_a_home_the_factory_is_still_there() {
    let library = Library::open(None, FACTORY);
    library.order(Order::Import("{}".into()));
    assert!(matches!(next(&library), Done::Failed(_, LibraryError::NoFolder)));
    let shelf = library.shelf();
    assert_eq!(shelf.entries.len(), 2);
    assert!(shelf.remark.as_ref().is_some_and(|text| text.contains("CHRONUS_PRESETS")));
}
