//! What the canvas shows, as a project keeps it.

mod rig;

use chronus_engine::Request;
use chronus_patch::Point;
use egui::{Event, Modifiers, vec2};
use rig::Rig;

fn create(id: &str, kind: &str, x: f32) -> Request {
    Request::Create { id: id.into(), kind: kind.into(), position: Point { x, y: 0.0 } }
}

fn row() -> Rig {
    Rig::new(&[create("osc", "vco", 0.0), create("out", "audio_out", 600.0)])
}

/// Moves the view by the wheel, over nothing.
fn scroll(rig: &mut Rig) {
    let gap = rig.place("Module osc").lerp(rig.place("Module out"), 0.55);
    rig.hover(gap);
    rig.wheel(vec2(-70.0, 40.0), Modifiers::NONE);
    rig.wheel(vec2(0.0, 120.0), Modifiers::COMMAND);
}

#[test]
fn a_view_that_was_moved_is_shown_again() {
    let mut rig = row();
    scroll(&mut rig);
    let (zoom, pan) = rig.view();
    let (osc, out) = (rig.place("Module osc"), rig.place("Module out"));
    rig.click("Fit");
    assert!((rig.place("Module osc") - osc).length() > 20.0, "it was moved");
    assert_ne!(rig.view(), (zoom, pan));
    rig.set_view(zoom, pan);
    assert!((rig.place("Module osc") - osc).length() < 0.5);
    assert!((rig.place("Module out") - out).length() < 0.5);
    assert_eq!(rig.engine.undo_labels().0.as_deref(), row().engine.undo_labels().0.as_deref());
}

#[test]
fn an_editor_that_has_just_opened_takes_up_a_view_of_another_window() {
    let mut first = row();
    scroll(&mut first);
    let ((zoom, pan), place) = (first.view(), first.place("Module osc"));
    let mut second = row();
    assert_ne!(second.view(), (zoom, pan));
    // On a page without a canvas it waits until there is one.
    second.click("Settings");
    second.set_view(zoom, pan);
    assert_eq!(second.view(), (zoom, pan));
    second.click("Canvas");
    assert!((second.place("Module osc") - place).length() < 0.5);
}

#[test]
fn a_view_that_is_none_shows_all_of_the_patch() {
    let mut rig = row();
    rig.click("Fit");
    let place = rig.place("Module osc");
    let near = Point { x: 40.0, y: 40.0 };
    let nan = Point { x: f32::NAN, y: 0.0 };
    let far = Point { x: 0.0, y: 3e38 };
    let garbage = [(0.0, near), (-1.0, near), (f32::NAN, near), (1.0, nan), (1.0, far)];
    for (zoom, pan) in garbage {
        scroll(&mut rig);
        assert!((rig.place("Module osc") - place).length() > 20.0, "it was moved");
        rig.set_view(zoom, pan);
        assert!((rig.place("Module osc") - place).length() < 0.5, "{zoom} {pan:?}");
    }
    rig.set_view(f32::INFINITY, near);
    assert!(rig.view().0 <= 3.0, "{:?}", rig.view());
    rig.set_view(1e-9, near);
    assert!(rig.view().0 >= 0.2, "{:?}", rig.view());
}

/// Amplifiers in a field that fits into the window where knobs are too small to be shown, and the pointer
/// in the middle of it.
fn field(count: usize) -> Rig {
    let amplifier = |n: usize| {
        let position = Point { x: (n % 14) as f32 * 200.0, y: (n / 14) as f32 * 200.0 };
        Request::Create { id: format!("m{n}"), kind: "vca".into(), position }
    };
    let mut rig = Rig::new(&(0..count).map(amplifier).collect::<Vec<_>>());
    rig.click("Fit");
    rig.hover(rig.place(&format!("Module m{}", count / 2)));
    rig
}

/// Law: a zoom brings the knobs of many modules in over some frames, and needs no more input for all to
/// be there.
#[test]
fn knobs_come_in_a_few_modules_at_a_time_and_are_all_there_at_rest() {
    let mut rig = field(120);
    let (zoom, knobs) = (rig.view().0, |rig: &Rig| rig.count_of(" Gain value"));
    assert_eq!(knobs(&rig), 0, "{zoom}");
    let mut shown = vec![0];
    rig.step_with(&[Event::Zoom(0.365 / zoom)]);
    while rig.rest().is_zero() {
        shown.push(knobs(&rig));
        assert!(shown.len() < 20, "it comes to rest: {shown:?}");
        rig.step();
    }
    shown.push(knobs(&rig));
    let steps: Vec<_> = shown.windows(2).map(|two| two[1] - two[0]).collect();
    assert!(steps.iter().all(|step| *step <= 40), "{shown:?}");
    assert!(steps.iter().filter(|step| **step > 0).count() > 1, "{shown:?}");
    let modules = rig.count_of("Module m");
    assert_eq!(shown.last(), Some(&modules), "{shown:?}");
    assert!(modules > 80, "{modules}");
}

/// Law: while modules grow, their names in them are not laid out anew for every width.
#[test]
fn names_of_modules_from_afar_are_laid_out_once() {
    let mut rig = field(120);
    let still = rig.texts();
    assert!(still > 120, "{still}");
    let mut most = 0;
    for _ in 0..6 {
        rig.step_with(&[Event::Zoom(0.99)]);
        most = most.max(rig.texts());
    }
    // The zoom itself is written somewhere, in per cent.
    assert!(most <= still + 10, "{most} after {still}");
}
