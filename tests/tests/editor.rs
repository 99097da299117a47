//! The editor of the bundled plugin in a real X11 window. `cargo xtask test` starts an X server
//! without a screen and runs what plain `cargo test` ignores.

mod common;

use std::time::{Duration, Instant};

use chronus_tests::host::{EditorWindow, Instance, Setup};
use chronus_tests::save_png;

use common::{bundle, chord, play, serial};

/// Waits until the editor has drawn something: a picture of several colours.
fn drawn(window: &EditorWindow, instance: &mut Instance) -> Vec<[u8; 3]> {
    let deadline = Instant::now() + Duration::from_secs(15);
    loop {
        instance.idle();
        std::thread::sleep(Duration::from_millis(50));
        let picture = window.picture().unwrap();
        let mut colours = picture.clone();
        colours.sort_unstable();
        colours.dedup();
        if colours.len() > 16 {
            return picture;
        }
        assert!(Instant::now() < deadline, "blank after 15 s: {} colours", colours.len());
    }
}

fn keep(name: &str, window: &EditorWindow, picture: &[[u8; 3]]) {
    let Some(folder) = std::env::var_os("CHRONUS_PICTURES") else { return };
    let folder = std::path::PathBuf::from(folder);
    std::fs::create_dir_all(&folder).unwrap();
    let size = (u32::from(window.size.0), u32::from(window.size.1));
    save_png(&folder.join(name), size, &picture.concat()).unwrap();
}

fn shows(mapped_first: bool, name: &str) {
    let _serial = serial();
    let bundle = bundle();
    let mut instance = bundle.instance().unwrap();
    let mut player = instance.activate(Setup::USUAL).unwrap();
    play(&mut player, 4800, &chord(&[60], 0), |_| 480);
    let window = EditorWindow::open(&mut instance, mapped_first).unwrap();
    let picture = drawn(&window, &mut instance);
    keep(name, &window, &picture);
    window.close(&mut instance);
    // The sound goes on without it.
    let after = play(&mut player, 4800, &[], |_| 480);
    assert!(chronus_tests::measure::rms(&after[0]) > 1e-4);
    instance.deactivate(player);
}

#[test]
#[ignore = "needs the bundle and a display: cargo xtask test"]
fn it_shows_in_a_window_that_is_already_on_the_screen() {
    shows(true, "mapped-before.png");
}

#[test]
#[ignore = "needs the bundle and a display: cargo xtask test"]
fn it_shows_in_a_window_that_appears_later() {
    shows(false, "mapped-after.png");
}

#[test]
#[ignore = "needs the bundle and a display: cargo xtask test"]
fn it_opens_and_closes_again_and_again() {
    let _serial = serial();
    let bundle = bundle();
    let mut instance = bundle.instance().unwrap();
    for _ in 0..3 {
        let window = EditorWindow::open(&mut instance, true).unwrap();
        drawn(&window, &mut instance);
        window.close(&mut instance);
    }
    // An instance that goes while its editor is open, as when a track is deleted.
    let window = EditorWindow::open(&mut instance, true).unwrap();
    drawn(&window, &mut instance);
    drop(instance);
    drop(window);
}
