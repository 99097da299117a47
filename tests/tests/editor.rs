//! The editor of the bundled plugin in a real X11 window. `cargo xtask test` starts an X server
//! without a screen and runs what plain `cargo test` ignores.

mod common;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::time::{Duration, Instant};

use chronus_patch::chunk::{self, StateChunk};
use chronus_tests::host::{
    Block, Button, EditorWindow, HostKey, Instance, Player, Setup, is_margin, keysym,
    set_resolution,
};
use chronus_tests::save_png;

use common::{bundle, chord, play, serial};

/// Longest that something may take.
const PATIENCE: Duration = Duration::from_secs(15);
/// Bytes before the parameters and the documents in a saved state; the parameters' length is in it.
const STATE_HEADER: usize = 28;

/// Where the bar's buttons are, from the top.
const BAR: i16 = 18;
/// A place in the bar that is no button.
const HEADING: (i16, i16) = (30, 18);
/// Frames in a block.
const BLOCK: usize = 480;

type Picture = Vec<[u8; 3]>;

/// Waits until `done`, as a host does that is otherwise idle.
#[track_caller]
fn until(instance: &mut Instance, what: &str, mut done: impl FnMut() -> bool) {
    let deadline = Instant::now() + PATIENCE;
    while !done() {
        assert!(Instant::now() < deadline, "waited in vain until {what}");
        instance.idle();
        std::thread::sleep(Duration::from_millis(50));
    }
}

/// Waits until the editor has drawn something: a picture of several colours.
#[track_caller]
fn drawn(window: &EditorWindow, instance: &mut Instance) -> Picture {
    let mut picture = Picture::new();
    until(instance, "it has drawn", || {
        picture = window.picture().unwrap();
        let mut colours = picture.clone();
        colours.sort_unstable();
        colours.dedup();
        colours.len() > 16
    });
    picture
}

/// Waits until two pictures a while apart are the same, of a window without a margin.
#[track_caller]
fn still(window: &EditorWindow, instance: &mut Instance) -> Picture {
    let mut before = drawn(window, instance);
    until(instance, "it stands still", || {
        std::thread::sleep(Duration::from_millis(250));
        let now = window.picture().unwrap();
        let same = now == before && filled(window, &now);
        before = now;
        same
    });
    before
}

/// True when the editor has drawn up to every edge of its window.
fn filled(window: &EditorWindow, picture: &[[u8; 3]]) -> bool {
    let (w, h) = (usize::from(window.size.0), usize::from(window.size.1));
    let edges = [0, h - 1].into_iter().flat_map(|y| (0..w).map(move |x| y * w + x));
    let sides = [0, w - 1].into_iter().flat_map(|x| (0..h).map(move |y| y * w + x));
    edges.chain(sides).all(|pixel| !is_margin(picture[pixel]))
}

/// How much of the middle of a window differs between two pictures of it, 0..=1.
fn change(window: &EditorWindow, one: &[[u8; 3]], other: &[[u8; 3]]) -> f64 {
    let (w, h) = (usize::from(window.size.0), usize::from(window.size.1));
    let middle = (h / 4..h * 3 / 4).flat_map(|y| (w / 4..w * 3 / 4).map(move |x| y * w + x));
    let all = middle.clone().count();
    let differs = |pixel: &usize| {
        let channels = one[*pixel].iter().zip(&other[*pixel]);
        // A line's edge a hundredth of a pixel aside is no other picture.
        channels.map(|(a, b)| a.abs_diff(*b)).max() > Some(6)
    };
    middle.filter(differs).count() as f64 / all as f64
}

fn keep(name: &str, window: &EditorWindow, picture: &[[u8; 3]]) {
    let Some(folder) = std::env::var_os("CHRONUS_PICTURES") else { return };
    let folder = std::path::PathBuf::from(folder);
    std::fs::create_dir_all(&folder).unwrap();
    let size = (u32::from(window.size.0), u32::from(window.size.1));
    save_png(&folder.join(name), size, &picture.concat()).unwrap();
}

/// The documents and the view that the host would save.
fn project(instance: &mut Instance) -> StateChunk {
    let bytes = instance.save().unwrap();
    let params = u64::from_le_bytes(bytes[8..16].try_into().unwrap()) as usize;
    chunk::decode(&bytes[STATE_HEADER + params..]).unwrap()
}

/// Clicks along the bar until another page shows; its picture.
#[track_caller]
fn turn_page(window: &EditorWindow, instance: &mut Instance) -> Picture {
    let canvas = still(window, instance);
    for x in (100..400).step_by(20) {
        window.click(x, BAR, Button::Left).unwrap();
        let page = still(window, instance);
        if change(window, &canvas, &page) > 0.5 {
            return page;
        }
    }
    panic!("no click in the bar opened a page");
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

/// How many threads this process has.
fn threads() -> usize {
    std::fs::read_dir("/proc/self/task").unwrap().count()
}

#[test]
#[ignore = "needs the bundle and a display: cargo xtask test"]
fn it_opens_and_closes_again_and_again() {
    let _serial = serial();
    let bundle = bundle();
    let mut instance = bundle.instance().unwrap();
    // Opens the instance's library too.
    let window = EditorWindow::open(&mut instance, true).unwrap();
    drawn(&window, &mut instance);
    window.close(&mut instance);
    let before = threads();
    for _ in 0..10 {
        let window = EditorWindow::open(&mut instance, true).unwrap();
        drawn(&window, &mut instance);
        assert!(threads() > before, "a window has a thread of its own");
        window.close(&mut instance);
        assert_eq!(threads(), before, "what ran for a window has ended when it is closed");
    }
    // An instance that goes while its editor is open, as when a track is deleted.
    let window = EditorWindow::open(&mut instance, true).unwrap();
    drawn(&window, &mut instance);
    drop(instance);
    assert!(threads() < before, "nothing of an instance runs on without it");
    drop(window);
}

#[test]
#[ignore = "needs the bundle and a display: cargo xtask test"]
fn it_is_resized_200_times_while_it_plays() {
    let _serial = serial();
    let bundle = bundle();
    let mut instance = bundle.instance().unwrap();
    let player = instance.activate(Setup::USUAL).unwrap();
    let stop = Arc::new(AtomicBool::new(false));
    let stopping = stop.clone();
    let thread = std::thread::spawn(move || perform(player, &stopping));
    let mut window = EditorWindow::open(&mut instance, true).unwrap();
    for n in 1..=200u16 {
        let wanted = (500 + n * 37 % 700, 300 + n * 53 % 500);
        window.resize(&mut instance, wanted, n % 2 == 0).unwrap();
        instance.idle();
        std::thread::sleep(Duration::from_millis(10));
        assert!(window.size >= (640, 400), "{:?}", window.size);
        if n % 20 == 0 {
            until(&mut instance, "the picture fills the window", || {
                window.inner_size().unwrap() == window.size
                    && filled(&window, &window.picture().unwrap())
            });
        }
    }
    keep("resized.png", &window, &window.picture().unwrap());
    window.close(&mut instance);
    stop.store(true, Relaxed);
    let (player, output) = thread.join().unwrap();
    let (cpu, seconds) = (player.cpu().as_secs_f64(), player.frame() as f64 / 48_000.0);
    instance.deactivate(player);
    assert!(cpu < 0.5 * seconds, "{cpu} s of CPU for {seconds} s of sound");
    // An instance without a window sounds the same to the last bit: nothing was left out.
    let mut alone = bundle.instance().unwrap();
    let mut player = alone.activate(Setup::USUAL).unwrap();
    let expected = play(&mut player, output[0].len(), &chord(&[48, 55, 64], 0), |_| BLOCK);
    alone.deactivate(player);
    assert!(chronus_tests::measure::rms(&expected[0]) > 1e-3);
    let differs =
        |side: usize| (0..expected[side].len()).find(|&i| expected[side][i] != output[side][i]);
    assert_eq!([differs(0), differs(1)], [None, None], "frames of {}", output[0].len());
}

/// Plays a chord at the pace of an audio device, until `stop`.
fn perform(mut player: Player, stop: &AtomicBool) -> (Player, [Vec<f32>; 2]) {
    player.count_cpu();
    let mut events = chord(&[48, 55, 64], 0);
    let mut output = [Vec::new(), Vec::new()];
    let started = Instant::now();
    while !stop.load(Relaxed) {
        let [mut left, mut right] = [[0.0; BLOCK]; 2];
        let block = Block { input: None, output: [&mut left, &mut right], events: &events };
        player.process(block).unwrap();
        events.clear();
        output[0].extend(left);
        output[1].extend(right);
        let due = Duration::from_secs_f64(output[0].len() as f64 / 48_000.0);
        std::thread::sleep(due.saturating_sub(started.elapsed()));
    }
    (player, output)
}

#[test]
#[ignore = "needs the bundle and a display: cargo xtask test"]
fn two_editors_show_their_own_instance_and_one_outlives_the_other() {
    let _serial = serial();
    let bundle = bundle();
    let (mut a, mut b) = (bundle.instance().unwrap(), bundle.instance().unwrap());
    let mut window_a = EditorWindow::open(&mut a, true).unwrap();
    let mut window_b = EditorWindow::open(&mut b, true).unwrap();
    window_a.resize(&mut a, (780, 700), true).unwrap();
    window_b.resize(&mut b, (780, 700), true).unwrap();
    window_b.place(800, 0).unwrap();
    // Over neither, so that nothing is lit.
    window_a.point(1500, 900).unwrap();
    let before_a = still(&window_a, &mut a);
    let before_b = still(&window_b, &mut b);
    let document_b = project(&mut b).head;
    window_a.focus_host().unwrap();
    window_a.point(390, 350).unwrap();
    press_f6(&window_a, &mut a);
    window_a.control_key(u32::from('a')).unwrap();
    window_a.key(keysym::DELETE).unwrap();
    let deadline = Instant::now() + PATIENCE;
    while !project(&mut a).head.modules.is_empty() {
        assert!(Instant::now() < deadline, "the keys deleted nothing");
        std::thread::sleep(Duration::from_millis(50));
    }
    until(&mut a, "the edit shows", || {
        change(&window_a, &before_a, &window_a.picture().unwrap()) > 0.1
    });
    assert_eq!(project(&mut b).head, document_b);
    // No `assert_eq`, which would print a million pixels.
    assert!(still(&window_b, &mut b) == before_b, "in the other nothing has changed");
    window_a.close(&mut a);
    turn_page(&window_b, &mut b);
    window_b.close(&mut b);
}

#[test]
#[ignore = "needs the bundle and a display: cargo xtask test"]
fn a_click_opens_a_page() {
    let _serial = serial();
    let bundle = bundle();
    let mut instance = bundle.instance().unwrap();
    let window = EditorWindow::open(&mut instance, true).unwrap();
    let page = turn_page(&window, &mut instance);
    keep("page.png", &window, &page);
    window.close(&mut instance);
}

/// F6, and waits until the canvas shows that it has the keyboard, or has given it back.
#[track_caller]
fn press_f6(window: &EditorWindow, instance: &mut Instance) {
    let before = still(window, instance);
    window.key(keysym::F6).unwrap();
    until(instance, "the keyboard changed hands", || window.picture().unwrap() != before);
    still(window, instance);
}

/// Waits until the host has `count` more key events.
#[track_caller]
fn host_keys(window: &EditorWindow, instance: &mut Instance, count: usize) -> Vec<HostKey> {
    let mut keys = Vec::new();
    let deadline = Instant::now() + PATIENCE;
    while keys.len() < count {
        assert!(Instant::now() < deadline, "the host has only {keys:?}");
        instance.idle();
        std::thread::sleep(Duration::from_millis(20));
        keys.extend(window.host_keys().unwrap());
    }
    keys
}

/// What of `keys` went down and up, in order.
fn strokes(keys: &[HostKey]) -> Vec<(u32, bool)> {
    keys.iter().map(|key| (key.keysym, key.pressed)).collect()
}

/// Every one of `keys`, down and up again.
fn each(keys: &[u32]) -> Vec<(u32, bool)> {
    keys.iter().flat_map(|&key| [(key, true), (key, false)]).collect()
}

/// Keys a host has uses for.
const HOSTS: [u32; 5] = [keysym::SPACE, 'a' as u32, keysym::F5, keysym::ENTER, keysym::DELETE];

#[test]
#[ignore = "needs the bundle and a display: cargo xtask test"]
fn keys_are_the_host_s_while_nothing_in_the_editor_has_the_keyboard() {
    let _serial = serial();
    let bundle = bundle();
    let mut instance = bundle.instance().unwrap();
    let window = EditorWindow::open(&mut instance, true).unwrap();
    still(&window, &mut instance);
    // The host's window has the keyboard, and the pointer is over the editor.
    window.focus_host().unwrap();
    window.point(500, 350).unwrap();
    for key in HOSTS {
        window.key(key).unwrap();
    }
    let keys = host_keys(&window, &mut instance, 2 * HOSTS.len());
    assert_eq!(strokes(&keys), each(&HOSTS));
    assert!(keys.iter().all(|key| key.pointer == (500, 350)), "{keys:?}");
    // With the modifiers that are held.
    window.control_key(u32::from('s')).unwrap();
    let keys = host_keys(&window, &mut instance, 4);
    let (control, s) = (keysym::CONTROL, u32::from('s'));
    let all = [(control, true), (s, true), (s, false), (control, false)];
    assert_eq!(strokes(&keys), all);
    assert_eq!(keys.iter().map(|key| key.control).collect::<Vec<_>>(), [false, true, true, true]);
    // A click gives the editor's window the keyboard, and in it the canvas; F6 gives it back.
    window.click(HEADING.0, HEADING.1, Button::Left).unwrap();
    window.focus_editor().unwrap();
    press_f6(&window, &mut instance);
    window.point(1400, 900).unwrap();
    for key in HOSTS {
        window.key(key).unwrap();
    }
    let keys = host_keys(&window, &mut instance, 2 * HOSTS.len());
    assert_eq!(strokes(&keys), each(&HOSTS));
    // Each of them once.
    still(&window, &mut instance);
    assert_eq!(window.host_keys().unwrap(), []);
    window.close(&mut instance);
}

#[test]
#[ignore = "needs the bundle and a display: cargo xtask test"]
fn keys_are_the_editor_s_while_the_canvas_or_a_field_has_the_keyboard() {
    let _serial = serial();
    let bundle = bundle();
    let mut instance = bundle.instance().unwrap();
    let window = EditorWindow::open(&mut instance, true).unwrap();
    window.focus_host().unwrap();
    window.point(500, 350).unwrap();
    press_f6(&window, &mut instance);
    let canvas = still(&window, &mut instance);
    for key in [keysym::SPACE, keysym::F5, u32::from('k')] {
        window.key(key).unwrap();
    }
    still(&window, &mut instance);
    // Into the search, which Escape closes.
    window.key(keysym::TAB).unwrap();
    let search = still(&window, &mut instance);
    assert!(change(&window, &canvas, &search) > 0.01, "the search is open");
    for letter in ['l', 'f', 'o', ' '] {
        window.key(u32::from(letter)).unwrap();
    }
    keep("search.png", &window, &still(&window, &mut instance));
    window.key(keysym::ESCAPE).unwrap();
    still(&window, &mut instance);
    press_f6(&window, &mut instance);
    // Given back: this is the first key that the host has, and all of it.
    window.key(u32::from('z')).unwrap();
    let keys = host_keys(&window, &mut instance, 2);
    assert_eq!(strokes(&keys), each(&[u32::from('z')]));
    window.close(&mut instance);
}

/// Turns the wheel with Ctrl: the canvas zooms, and what is under the pointer stays.
fn zoom(window: &EditorWindow, x: i16, y: i16) {
    window.hold(keysym::CONTROL, true).unwrap();
    window.click(x, y, Button::WheelUp).unwrap();
    window.click(x, y, Button::WheelUp).unwrap();
    window.hold(keysym::CONTROL, false).unwrap();
}

#[test]
#[ignore = "needs the bundle and a display: cargo xtask test"]
fn size_and_view_come_back_with_the_project_and_are_no_edit() {
    let _serial = serial();
    let bundle = bundle();
    let (state, view, picture) = {
        let mut instance = bundle.instance().unwrap();
        let mut window = EditorWindow::open(&mut instance, true).unwrap();
        still(&window, &mut instance);
        let whole = project(&mut instance).view;
        zoom(&window, 420, 330);
        window.resize(&mut instance, (900, 640), true).unwrap();
        window.point(1400, 900).unwrap();
        let picture = still(&window, &mut instance);
        keep("left.png", &window, &picture);
        assert_eq!(instance.requests().dirty.load(Relaxed), 0, "the host would ask to save");
        let state = instance.save().unwrap();
        let view = project(&mut instance).view;
        assert!(view.zoom > 1.1 * whole.zoom && view.pan != whole.pan, "{whole:?} {view:?}");
        assert_eq!((view.window.w, view.window.h), (900.0, 640.0));
        window.close(&mut instance);
        (state, view, picture)
    };
    let mut instance = bundle.instance().unwrap();
    let fresh = instance.save().unwrap();
    instance.load(&state).unwrap();
    let window = EditorWindow::open(&mut instance, true).unwrap();
    assert_eq!(window.size, (900, 640));
    let again = still(&window, &mut instance);
    keep("remembered.png", &window, &again);
    assert!(change(&window, &picture, &again) < 0.01, "the same part of the patch");
    let seen = project(&mut instance).view;
    let off = (seen.pan.x - view.pan.x).abs() + (seen.pan.y - view.pan.y).abs();
    assert!((seen.zoom - view.zoom).abs() < 1e-3 && off < 0.5, "{view:?} {seen:?}");
    // A project that says nothing of the view, loaded into the open window.
    instance.load(&fresh).unwrap();
    until(&mut instance, "something else is seen", || {
        change(&window, &again, &window.picture().unwrap()) > 0.05
    });
    let whole = project(&mut instance).view;
    assert!(whole.zoom < view.zoom, "{whole:?}");
    assert_eq!((whole.window.w, whole.window.h), (900.0, 640.0), "the window kept its size");
    assert_eq!(window.inner_size().unwrap(), (900, 640));
    window.close(&mut instance);
}

#[test]
#[ignore = "needs the bundle and a display: cargo xtask test"]
fn a_fine_display_has_a_large_window_from_the_start() {
    let _serial = serial();
    set_resolution(Some(120)).unwrap();
    let bundle = bundle();
    let mut instance = bundle.instance().unwrap();
    let window = EditorWindow::open(&mut instance, true).unwrap();
    let picture = still(&window, &mut instance);
    set_resolution(None).unwrap();
    keep("fine.png", &window, &picture);
    assert_eq!(window.size, (1300, 875));
    assert_eq!(window.inner_size().unwrap(), (1300, 875));
    window.close(&mut instance);
}
