//! The editor, driven by the labels that people read, over a real engine with a rendering thread.

mod rig;

use chronus_engine::Request;
use chronus_patch::{Patch, Point};
use rig::Rig;

fn create(id: &str, kind: &str) -> Request {
    Request::Create { id: id.into(), kind: kind.into(), position: Point::default() }
}

fn connect(from: &str, to: &str) -> Request {
    Request::Connect { from: from.into(), to: to.into(), gain: 1.0 }
}

/// An editor that shows its List.
fn listed(requests: &[Request]) -> Rig {
    let mut rig = Rig::new(requests);
    rig.click("List");
    rig
}

#[test]
fn adding_a_module_by_search_makes_it_play() {
    let mut rig = listed(&[]);
    rig.type_into("Search modules", "osc");
    assert!(rig.finds("Add VCO") && !rig.finds("Add Delay"));
    rig.click("Add VCO");
    rig.until("the oscillator plays", |rig| rig.playing().modules.len() == 1);
    rig.until("its knobs show", |rig| rig.finds("vco1 Frequency"));
}

#[test]
fn connecting_and_disconnecting_by_lists() {
    let mut rig = listed(&[create("osc", "vco"), create("out", "audio_out")]);
    rig.choose("Connect into out left", "osc out");
    rig.until("the cable plays", |rig| rig.playing().cables.len() == 1);
    let cable = rig.playing().cables.values().next().cloned().expect("a cable");
    assert_eq!(
        (cable.from.to_string(), cable.to.to_string()),
        ("osc.out".into(), "out.left".into())
    );
    rig.click("Disconnect osc out → out left");
    rig.until("it is gone", |rig| rig.playing().cables.is_empty());
}

#[test]
fn the_gain_of_a_cable_is_typed_and_dragged() {
    let mut rig =
        listed(&[create("osc", "vco"), create("out", "audio_out"), connect("osc.out", "out.left")]);
    let gain = |rig: &Rig| rig.playing().cables.values().next().map(|cable| cable.gain);
    let field = "Gain of osc out → out left";
    assert_eq!(rig.value(field), "×1.000");
    rig.type_into(field, "0.25");
    assert_eq!(gain(&rig), Some(1.0), "not before it is left");
    rig.leave_field();
    rig.until("it plays", |rig| gain(rig) == Some(0.25));
    let revision = rig.engine.last_revision();
    rig.drag(field, &[0.1, 0.4, 0.7, 0.9]);
    rig.until("it is more", |rig| gain(rig) > Some(0.25));
    assert_eq!(rig.engine.last_revision(), revision + 1, "one commit for all of the drag");
    rig.click("Undo");
    rig.until("one step", |rig| gain(rig) == Some(0.25));
    rig.type_into(field, "99");
    rig.leave_field();
    let wanted = rig.engine.document().cables.values().next().map(|cable| cable.gain);
    assert_eq!(wanted, Some(16.0), "no further than it goes, even if that is refused");
}

#[test]
fn a_gesture_on_a_knob_is_one_undo_step_and_no_commit() {
    let mut rig = listed(&[create("osc", "vco")]);
    let revision = rig.engine.last_revision();
    rig.drag("osc Fine", &[0.2, 0.4, 0.6, 0.7]);
    let fine = rig.param("osc", "fine").expect("it was turned");
    assert!(fine != 0.0, "{fine}");
    assert_eq!(rig.engine.last_revision(), revision);
    rig.click("Undo");
    rig.until("the knob is back", |rig| rig.param("osc", "fine").is_none());
    assert_eq!(rig.engine.last_revision(), revision);
    rig.click("Redo");
    rig.until("and turned again", |rig| rig.param("osc", "fine") == Some(fine));
}

#[test]
fn values_are_typed_with_their_units() {
    let mut rig = listed(&[create("osc", "vco")]);
    rig.type_value("osc Frequency", "1.2 kHz");
    rig.until("it is set", |rig| {
        rig.param("osc", "freq").is_some_and(|freq| (freq - 1200.0).abs() < 1.0)
    });
}

#[test]
fn a_double_click_resets_a_knob() {
    let set = Request::Set { id: "osc".into(), param: "fine".into(), value: 40.0 };
    let mut rig = listed(&[create("osc", "vco"), set]);
    assert_eq!(rig.param("osc", "fine"), Some(40.0));
    rig.double_click("osc Fine");
    rig.until("it is back", |rig| rig.param("osc", "fine") == Some(0.0));
}

#[test]
fn deleting_heals_and_undo_restores() {
    let mut rig = listed(&[
        create("osc", "vco"),
        create("amp", "vca"),
        create("out", "audio_out"),
        connect("osc", "amp"),
        connect("amp", "out"),
    ]);
    let before = rig.engine.document();
    rig.click("Delete amp");
    rig.until("the cable is healed", |rig| {
        let patch = rig.playing();
        patch.modules.len() == 2 && patch.cables.values().any(|c| c.from.to_string() == "osc.out")
    });
    rig.click("Undo");
    rig.until("all is back", |rig| *rig.playing() == *before);
}

#[test]
fn a_refused_edit_shows_why_and_can_be_undone() {
    let mut rig = listed(&rig::too_loud());
    let playing = rig.playing();
    rig.choose("Connect c out to", "out left");
    rig.until("it is refused", |rig| rig.engine.refusal().is_some());
    rig.until("the reason shows", |rig| rig.shows("over the ceiling"));
    assert!(rig.finds("Undo the refused edit") && !rig.finds("Play it anyway"));
    assert_eq!(*rig.playing(), *playing);
    rig.click("Undo the refused edit");
    rig.until("it plays again", |rig| rig.engine.refusal().is_none());
    assert_eq!(*rig.engine.document(), *playing);
}

#[test]
fn automating_a_knob_hands_it_to_the_host() {
    let mut rig = listed(&[create("filter", "vcf")]);
    rig.click("Automate filter Cutoff");
    rig.until("it is bound", |rig| rig.playing().macros.contains_key(&0));
    rig.click("List");
    rig.drag("filter Cutoff", &[0.3, 0.1]);
    let moves = rig.host.moves();
    assert_eq!(moves.first().map(String::as_str), Some("begin 0"));
    assert_eq!(moves.last().map(String::as_str), Some("end 0"));
    assert!(moves.iter().any(|step| step.starts_with("turn 0")));
    let begun = moves.iter().filter(|step| *step == "begin 0").count();
    assert_eq!(begun, moves.iter().filter(|step| *step == "end 0").count());
}

#[test]
fn renaming_duplicating_and_bypassing() {
    let mut rig = listed(&[create("osc", "vco")]);
    rig.type_into("Name of osc", "Lead");
    rig.leave_field();
    rig.until("it is renamed", |rig| rig.finds("Delete Lead"));
    rig.click("Duplicate Lead");
    rig.until("there are two", |rig| rig.playing().modules.len() == 2);
    rig.click("Bypass Lead");
    rig.until("it is bypassed", |rig| {
        rig.playing().modules.iter().any(|(id, module)| id.as_str() == "osc" && module.bypass)
    });
}

#[test]
fn a_patch_goes_out_and_in_as_text() {
    let mut rig = listed(&[create("osc", "vco")]);
    let text = rig.engine.document().to_json();
    rig.click("Presets");
    rig.click("Empty patch");
    rig.until("it is empty", |rig| rig.playing().modules.is_empty());
    rig.click("Document");
    rig.type_into("Patch text", "nonsense");
    rig.click("Load this text");
    rig.until("the fault shows", |rig| rig.shows("line 1"));
    rig.type_into("Patch text", &text);
    rig.click("Load this text");
    rig.until("it is back", |rig| {
        *rig.playing() == Patch::from_json(&text).expect("what was written reads")
    });
}

#[test]
fn voice_settings_and_the_remote_s_switch() {
    let mut rig = listed(&[create("osc", "vco")]);
    rig.click("Settings");
    rig.choose("Voice mode", "legato");
    rig.until("it is legato", |rig| rig.playing().voice.mode == chronus_patch::VoiceMode::Legato);
    rig.click("OSC remote");
    rig.until("it listens", |rig| rig.shows("port 9000"));
}
