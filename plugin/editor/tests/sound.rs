//! Sound never stops while somebody edits: a held tone, heard sample by sample through a long list of
//! edits that are none of its own.

mod rig;

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use chronus_engine::Request;
use chronus_patch::{ModuleId, Patch, Point};
use egui::{Event, Key, Modifiers, PointerButton, Pos2, vec2};
use rig::{Heard, Rig};

const NONE: Modifiers = Modifiers::NONE;
const COMMAND: Modifiers = Modifiers::COMMAND;

/// Two milliseconds, in frames.
const SHORT: usize = 96;

fn create(id: &str, kind: &str, x: f32, y: f32) -> Request {
    Request::Create { id: id.into(), kind: kind.into(), position: Point { x, y } }
}

fn connect(from: &str, to: &str) -> Request {
    Request::Connect { from: from.into(), to: to.into(), gain: 1.0 }
}

fn set(id: &str, param: &str, value: f32) -> Request {
    Request::Set { id: id.into(), param: param.into(), value }
}

/// A quiet sine that nobody touches, and beside it what is edited.
fn tone() -> Rig {
    let mut rig = Rig::new(&[
        create("tone", "vco", 0.0, 0.0),
        create("out", "audio_out", 400.0, 0.0),
        set("tone", "shape", 0.0),
        set("tone", "gain", 0.1),
        connect("tone.out", "out.left"),
        connect("tone.out", "out.right"),
        create("osc", "vco", 0.0, 500.0),
        create("amp", "vca", 400.0, 500.0),
        create("filter", "vcf", 700.0, 500.0),
        connect("osc.out", "amp.in"),
    ]);
    rig.click("Fit");
    rig
}

fn id(text: &str) -> ModuleId {
    ModuleId::new(text).expect("an id")
}

fn has(patch: &Patch, text: &str) -> bool {
    patch.modules.contains_key(&id(text))
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

/// Waits until so much more has been heard.
fn hear(rig: &mut Rig, frames: usize) -> Heard {
    let wanted = rig.heard().frames + frames;
    rig.until("it is heard", |rig| rig.heard().frames >= wanted);
    rig.heard()
}

/// The tone by itself; listens anew from here on.
fn own(rig: &mut Rig) -> Heard {
    rig.listen();
    let own = hear(rig, 9600);
    assert!(own.jump > 1e-3 && own.silence < SHORT, "it sounds: {own:?}");
    rig.listen();
    own
}

/// Nothing but the tone has been heard so far.
#[track_caller]
fn undisturbed(rig: &mut Rig, own: Heard, after: &str) {
    // Fades are over by then.
    let heard = hear(rig, 600);
    assert!(heard.silence < SHORT, "{after}: {heard:?}");
    assert!(heard.jump < own.jump * 1.02, "{after}: {heard:?}, by itself {own:?}");
}

#[test]
fn the_ear_hears_gaps_and_clicks() {
    let mut rig = tone();
    rig.listen();
    let own = hear(&mut rig, 4800);
    rig.engine.turn("tone", "gain", 0.0).expect("the param is there");
    hear(&mut rig, 4800);
    rig.engine.turn("tone", "gain", 0.1).expect("the param is there");
    let gap = hear(&mut rig, 4800);
    assert!(own.silence < SHORT && gap.silence > SHORT, "{own:?} {gap:?}");
    rig.listen();
    rig.engine.turn("tone", "shape", 2.0).expect("the param is there");
    let click = hear(&mut rig, 4800);
    assert!(click.jump > own.jump * 3.0, "{own:?} {click:?}");
}

#[test]
fn a_held_tone_goes_on_through_all_edits_beside_it() {
    let mut rig = tone();
    let own = own(&mut rig);

    let place = rig.place("Module osc") + vec2(0.0, 300.0);
    rig.hover(place);
    rig.double_click_at(place);
    rig.send(Event::Text("delay".into()));
    rig.press(NONE, Key::Enter);
    rig.until("it is added", |rig| has(&rig.playing(), "delay1"));
    undisturbed(&mut rig, own, "add");

    rig.click("Fit");
    rig.drag_between(rig.place("amp out out"), rig.place("filter in in"));
    rig.until("it is connected", |rig| rig.playing().cables.len() == 4);
    undisturbed(&mut rig, own, "connect");
    rig.drag_between(rig.place("delay1 left out"), rig.place("out left in"));
    rig.until("beside the tone, too", |rig| rig.playing().cables.len() == 5);
    undisturbed(&mut rig, own, "connect to the same input");

    select(&mut rig, "filter");
    rig.press(NONE, Key::F2);
    rig.send(Event::Text("Dark".into()));
    rig.press(NONE, Key::Enter);
    assert!(rig.finds("Module Dark"));
    undisturbed(&mut rig, own, "rename");

    for bypass in [true, false] {
        select(&mut rig, "amp");
        rig.press(NONE, Key::B);
        rig.until("it is done", |rig| rig.playing().modules[&id("amp")].bypass == bypass);
        undisturbed(&mut rig, own, "bypass of another module");
    }

    let knob = rig.place("osc Fine");
    rig.drag_between(knob, knob - vec2(0.0, 60.0));
    assert!(rig.param("osc", "fine").is_some_and(|fine| fine > 0.0));
    undisturbed(&mut rig, own, "knob");

    rig.click("Side B");
    rig.type_value("amp Gain", "0.25");
    select(&mut rig, "delay1");
    rig.press(NONE, Key::Delete);
    rig.until("B is without", |rig| !has(&rig.playing(), "delay1"));
    undisturbed(&mut rig, own, "delete");
    for (side, there) in [("Side A", true), ("Side B", false), ("Side A", true)] {
        rig.click(side);
        rig.until(side, |rig| has(&rig.playing(), "delay1") == there);
        undisturbed(&mut rig, own, side);
    }

    rig.click("Store a scene");
    undisturbed(&mut rig, own, "store");
    rig.type_value("amp Gain", "3");
    select(&mut rig, "osc");
    rig.press(NONE, Key::Delete);
    rig.until("it is gone", |rig| !has(&rig.playing(), "osc"));
    rig.click("Scene Scene 1");
    rig.until("it is recalled", |rig| has(&rig.playing(), "osc"));
    undisturbed(&mut rig, own, "recall");

    let shown = rig.engine.document();
    for _ in 0..6 {
        rig.click("Undo");
        undisturbed(&mut rig, own, "undo");
    }
    assert!(*rig.engine.document() != *shown);
    for _ in 0..6 {
        rig.click("Redo");
        undisturbed(&mut rig, own, "redo");
    }
    rig.until("it is back", |rig| *rig.playing() == *shown);

    // What a scene brings back comes to stand on the right.
    rig.click("Fit");
    select(&mut rig, "osc");
    rig.press(COMMAND, Key::D);
    rig.until("there are two", |rig| has(&rig.playing(), "osc1"));
    let knob = rig.place("amp Gain");
    rig.click_at(knob, PointerButton::Secondary, NONE);
    rig.click("Automate: amp Gain");
    rig.until("it is bound", |rig| rig.playing().macros.contains_key(&0));
    undisturbed(&mut rig, own, "duplicate and automate");

    rig.click("Arrange");
    undisturbed(&mut rig, own, "arrange");
    for page in ["List", "Macros", "Settings", "Statistics", "Document", "Canvas"] {
        rig.click(page);
        undisturbed(&mut rig, own, page);
    }
    for name in ["Zoom in", "Zoom out", "Fit", "Light theme", "Dark theme", "Fold modules"] {
        rig.click(name);
        undisturbed(&mut rig, own, name);
    }
    rig.click("Presets");
    rig.until("the factory is listed", |rig| rig.finds("Load factory Sine"));
    undisturbed(&mut rig, own, "the presets");
    rig.press(COMMAND, Key::K);
    rig.press(NONE, Key::Escape);
    undisturbed(&mut rig, own, "the palette");

    let counters = rig.engine.counters();
    let count = |counter: &AtomicU64| counter.load(Relaxed);
    assert_eq!((count(&counters.rejected), count(&counters.timed_out)), (0, 0));
    assert!(count(&counters.swapped) > 15, "{}", count(&counters.swapped));
}
