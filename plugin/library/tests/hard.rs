//! Hard times: writers that are killed, and disks that are full. What is on the disk is whole, and what
//! was there before is there still.
#![cfg(unix)]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use chronus_library::{Folder, Over, Settings};
use chronus_patch::{Module, ModuleId, Patch};

/// Tells a child of these tests which folder to write in.
const FOLDER: &str = "CHRONUS_TEST_FOLDER";

/// A patch of about 100 KB, called by its notes.
fn patch(notes: &str) -> Patch {
    let mut patch = Patch { notes: notes.into(), ..Patch::default() };
    for n in 0..500 {
        let mut module = Module::new("vco");
        module.params = (0..8).map(|p| (format!("param{p}"), 0.5)).collect();
        patch.modules.insert(ModuleId::new(&format!("osc{n}")).expect("an id"), module);
    }
    patch
}

fn own_folder(name: &str) -> PathBuf {
    let folder = std::env::temp_dir().join(format!("chronus-{name}-{}", std::process::id()));
    let _ = fs::remove_dir_all(&folder);
    fs::create_dir_all(&folder).expect("a folder");
    folder
}

/// This program once more, as the test `name`, by way of `shell` where that is given.
fn child(name: &str, folder: &Path, shell: Option<&str>) -> Child {
    let program = std::env::current_exe().expect("this program");
    let mut command = match shell {
        Some(first) => {
            let mut command = Command::new("sh");
            command.arg("-c").arg(format!("{first}; exec \"$0\" \"$@\"")).arg(program);
            command
        }
        None => Command::new(program),
    };
    command.args([name, "--exact", "--ignored", "--nocapture"]).env(FOLDER, folder);
    command.stdout(Stdio::null()).stderr(Stdio::null());
    command.spawn().expect("a child")
}

/// Not a test: saves over one preset, and marks modules, until it is killed.
#[test]
#[ignore = "run by another test"]
fn writes_until_killed() {
    let Some(path) = std::env::var_os(FOLDER).map(PathBuf::from) else { return };
    let (folder, settings) =
        (Folder::new(path.join("presets")), Settings::beside(&path.join("presets")));
    let own = std::process::id();
    for n in 0.. {
        folder
            .save_over("Pad.chronus.json", &patch(&format!("{own} {n}")), Over::Anything)
            .expect("saved");
        settings.mark_module(&format!("kind{}", n % 9), n % 2 == 0).expect("marked");
    }
}

/// Law: however a writer ends, what it wrote last is there whole, and the next one can write.
#[test]
fn a_killed_writer_leaves_whole_files_and_no_lock() {
    let path = own_folder("killed");
    let (folder, settings) =
        (Folder::new(path.join("presets")), Settings::beside(&path.join("presets")));
    folder.save("Pad", &patch("first")).expect("saved");
    for round in 0..25 {
        let mut child = child("writes_until_killed", &path, None);
        // Until it is at work; who reads meanwhile finds whole files too.
        let (own, started) = (format!("{} ", child.id()), Instant::now());
        while !folder.read("Pad.chronus.json").expect("a whole file").0.notes.starts_with(&own) {
            assert!(started.elapsed() < Duration::from_secs(20), "it writes");
        }
        std::thread::sleep(Duration::from_micros(1_700 * round));
        child.kill().expect("killed");
        child.wait().expect("gone");
        let (read, _) = folder.read("Pad.chronus.json").expect("a whole file");
        assert_eq!(read.modules.len(), 500);
        assert!(read.notes.starts_with(&own));
        settings.favourites().expect("whole settings");
        let started = Instant::now();
        settings.mark_module("mine", round % 2 == 0).expect("marked");
        assert!(started.elapsed() < Duration::from_secs(1), "nobody holds the lock");
    }
    // What was left amid writing is cleared away by the next writer.
    folder.save_over("Pad.chronus.json", &patch("last"), Over::Anything).expect("saved");
    let drafts = fs::read_dir(path.join("presets")).expect("the folder").flatten();
    let drafts = drafts.filter(|file| file.file_name().to_string_lossy().ends_with(".tmp"));
    assert_eq!(drafts.count(), 0);
    fs::remove_dir_all(&path).expect("removed");
}

/// Not a test: tries to write where files can hold 8 KB, and says by its end whether it was told.
#[test]
#[ignore = "run by another test"]
fn writes_where_there_is_no_room() {
    let Some(path) = std::env::var_os(FOLDER).map(PathBuf::from) else { return };
    let folder = Folder::new(path.join("presets"));
    let error = folder.save_over("Pad.chronus.json", &patch("second"), Over::Anything).unwrap_err();
    assert!(error.to_string().contains("cannot write"), "{error}");
    assert!(error.to_string().contains("Pad.chronus.json"), "{error}");
    folder.save("Other", &patch("other")).unwrap_err();
}

/// Law: where there is no room the writer is told, what was there stays, and nothing lies about.
#[test]
fn a_full_disk_loses_nothing() {
    let path = own_folder("full");
    let folder = Folder::new(path.join("presets"));
    folder.save("Pad", &patch("first")).expect("saved");
    // A limit on the size of files, and no signal when it is met: writes fail half-way, as they do on a
    // disk that is full.
    let mut child =
        child("writes_where_there_is_no_room", &path, Some("trap '' XFSZ; ulimit -f 16"));
    assert!(child.wait().expect("gone").success(), "it was told, each time");
    let (read, _) = folder.read("Pad.chronus.json").expect("a whole file");
    assert_eq!(read.notes, "first");
    let mut files: Vec<_> =
        fs::read_dir(path.join("presets")).expect("the folder").flatten().collect();
    files.retain(|file| !file.file_name().to_string_lossy().starts_with('.'));
    assert_eq!(files.len(), 1, "{files:?}");
    let trash = fs::read_dir(path.join("presets/.trash")).map_or(0, |all| all.count());
    assert!(trash <= 1, "at most the copy of what was to be replaced");
    fs::remove_dir_all(&path).expect("removed");
}
