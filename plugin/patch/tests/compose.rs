//! The edits that the editor and remotes put together, cycles, and fragments.

mod common;

use chronus_patch::{
    Asset, AssetKind, Binding, BindingCurve, Bus, BusDirection, Cable, CableId, Comment, Edit,
    EditError, FormatError, Fragment, Frame, Group, MacroKnob, MidiLearn, Module, ModuleId, Patch,
    Point, PortRef, Scene, SceneModule, Size, Tuning, Unknown, VoiceSettings,
};
use common::{config, id, patch, port};
use proptest::prelude::*;

/// A patch of modules named by the cables' ends, such as "a.out > b.in".
fn wired(cables: &[&str]) -> Patch {
    let mut patch = Patch::default();
    for (n, cable) in (1..).zip(cables) {
        let (from, to) = cable.split_once(" > ").unwrap();
        let cable = Cable::new(port(from), port(to));
        for end in [&cable.from, &cable.to] {
            patch.modules.entry(end.module.clone()).or_insert_with(|| Module::new("vcf"));
        }
        patch.cables.insert(CableId(n), cable);
    }
    patch
}

/// The cables as text, with a gain other than 1 and the feedback mark.
fn cables(patch: &Patch) -> Vec<String> {
    let text = |c: &Cable| {
        let gain = if c.gain == 1.0 { String::new() } else { format!(" x{}", c.gain) };
        format!("{} > {}{gain}{}", c.from, c.to, if c.feedback { " feedback" } else { "" })
    };
    patch.cables.values().map(text).collect()
}

fn apply(patch: &mut Patch, edit: &Edit) {
    let before = patch.clone();
    let inverse = patch.apply(edit).unwrap().inverse;
    assert_eq!(patch.validate(), Ok(()));
    let after = patch.clone();
    let again = patch.apply(&inverse).unwrap().inverse;
    assert_eq!(*patch, before);
    patch.apply(&again).unwrap();
    assert_eq!(*patch, after);
}

fn ids(cables: &[CableId]) -> Vec<u32> {
    cables.iter().map(|id| id.0).collect()
}

#[test]
fn new_ids_are_free() {
    let mut patch = wired(&["osc1.out > osc2.in"]);
    assert_eq!(patch.next_cable_id(), CableId(2));
    assert_eq!(Patch::default().next_cable_id(), CableId(1));
    patch.modules.get_mut(&id("osc1")).unwrap().name = "osc3".into();
    for (stem, expected) in [
        ("osc", "osc4"),
        ("osc1", "osc4"),
        ("vcf", "vcf1"),
        ("", "module1"),
        ("808", "module1"),
        ("My filter \u{e4}", "My_filter__1"),
        ("/g1//osc", "g1/osc1"),
    ] {
        assert_eq!(patch.free_module_id(stem).as_str(), expected, "{stem}");
    }
    assert_eq!(patch.free_module_id(&"x".repeat(80)).as_str().len(), 55);
    // Nothing above the highest id: the gaps.
    let cable = Cable::new(port("osc1.out"), port("osc2.b"));
    patch.cables.insert(CableId(u32::MAX), cable);
    assert_eq!(patch.next_cable_id(), CableId(2));
}

#[test]
fn labels_fall_back_to_ids() {
    let mut patch = wired(&["osc1.out > env1.in"]);
    let (osc, env) = (id("osc1"), id("env1"));
    apply(&mut patch, &Edit::Rename { id: osc.clone(), name: "Bass".into() });
    assert_eq!((patch.label(&osc), patch.label(&env)), ("Bass", "env1"));
    assert_eq!(patch.label(&id("nobody")), "nobody");
    let edit = Edit::Disconnect { id: CableId(1) };
    assert_eq!(edit.describe(&patch), "disconnect Bass \u{2192} env1");
    let edit = patch.connect_edit(port("env1.out"), port("osc1.fm"), 1.0);
    assert_eq!(edit.describe(&patch), "connect env1 \u{2192} Bass");
    let both = Edit::Batch(vec![edit, Edit::Delete { id: osc }]);
    assert_eq!(both.describe(&patch), "connect env1 \u{2192} Bass and 1 more");
}

#[test]
fn connecting_marks_the_cable_that_closes_a_cycle() {
    let mut patch = wired(&["a.out > b.in", "b.out > c.in"]);
    for (from, to, cycle) in
        [("a", "c", false), ("c", "a", true), ("c", "b", true), ("a", "a", true), ("b", "x", false)]
    {
        assert_eq!(patch.would_cycle(&id(from), &id(to)), cycle, "{from} {to}");
    }
    let edit = patch.connect_edit(port("c.out"), port("a.in"), 0.5);
    apply(&mut patch, &edit);
    assert_eq!(cables(&patch)[2], "c.out > a.in x0.5 feedback");
    // The delayed cable closes nothing.
    assert!(!patch.would_cycle(&id("a"), &id("c")));

    let cable = Cable::new(port("c.out"), port("b.in"));
    let refused = patch.apply(&Edit::Connect { id: CableId(8), cable });
    assert!(matches!(refused, Err(EditError::Cycle { id: CableId(8), .. })), "{refused:?}");
    let refused = patch.apply(&Edit::SetFeedback { id: CableId(3), feedback: false });
    assert!(matches!(refused, Err(EditError::Cycle { id: CableId(3), .. })), "{refused:?}");
    // The delay may move along its cycle.
    apply(&mut patch, &Edit::SetFeedback { id: CableId(1), feedback: true });
    apply(&mut patch, &Edit::SetFeedback { id: CableId(3), feedback: false });
}

#[test]
fn connecting_twice_is_refused_by_the_cable_there() {
    let mut patch = wired(&["a.out > b.in"]);
    let edit = patch.connect_edit(port("a.out"), port("b.in"), 1.0);
    let error = patch.apply(&edit).unwrap_err().to_string();
    assert_eq!(error, "cable 1 already goes from `a.out` to `b.in`: set its gain instead");
    let nobody = patch.connect_edit(port("a.out"), port("c.in"), 1.0);
    let batch = Edit::Batch(vec![Edit::SetName("x".into()), nobody]);
    let error = patch.apply(&batch).unwrap_err().to_string();
    let expected = "edit 1 of the batch: there is no module `c`: create it first, or check the id";
    assert_eq!(error, expected);
    assert_eq!(patch.name, "");
}

/// Each picture: cables, and those that are marked.
#[test]
fn marking_takes_the_latest_cable_of_each_cycle() {
    let cases: [(&[&str], &[u32]); 6] = [
        (&["a.o > b.i", "b.o > c.i", "a.o > c.i"], &[]),
        (&["a.o > a.i"], &[1]),
        (&["b.o > a.i", "a.o > b.i", "a.p > b.j"], &[2, 3]),
        // Two cycles that share cable 1, but cables 3 and 4 come later.
        (&["a.o > b.i", "b.o > c.i", "c.o > a.i", "b.p > a.i"], &[3, 4]),
        // A figure of eight through b.
        (&["a.o > b.i", "c.o > b.i", "b.o > a.i", "b.o > c.i"], &[3, 4]),
        // Cables before a cycle and behind it.
        (&["x.o > a.i", "a.o > b.i", "b.o > a.i", "b.o > y.i"], &[3]),
    ];
    for (picture, expected) in cases {
        let mut patch = wired(picture);
        assert_eq!(patch.validate().is_ok(), expected.is_empty(), "{picture:?}");
        assert_eq!(ids(&patch.mark_cycles()), expected, "{picture:?}");
        assert_eq!(patch.validate(), Ok(()));
        assert_eq!(ids(&patch.mark_cycles()), [0_u32; 0]);
    }
}

proptest! {
    #![proptest_config(config(300))]

    /// As said in its documentation: in order of the ids, a cable that closes a cycle of earlier
    /// ones is marked, and no other.
    #[test]
    fn marking_is_connecting_in_order(
        wires in prop::collection::vec((0..8_u8, 0..8_u8, any::<bool>()), 0..40),
    ) {
        let mut patch = Patch::default();
        for n in 0..8 {
            patch.modules.insert(id(&format!("m{n}")), Module::new("vcf"));
        }
        let mut one_by_one = patch.clone();
        let mut closing = Vec::new();
        for (n, (from, to, feedback)) in (1..).zip(wires) {
            let end = |module: u8, port| PortRef::new(id(&format!("m{module}")), port);
            let cable = Cable {
                feedback: feedback && n % 4 == 0,
                ..Cable::new(end(from, format!("o{n}")), end(to, "i".into()))
            };
            patch.cables.insert(CableId(n), cable.clone());
            let closes = one_by_one.would_cycle(&cable.from.module, &cable.to.module);
            if closes && !cable.feedback {
                closing.push(CableId(n));
            }
            let feedback = cable.feedback || closes;
            one_by_one.cables.insert(CableId(n), Cable { feedback, ..cable });
        }
        prop_assert_eq!(patch.mark_cycles(), closing);
        prop_assert_eq!(patch.validate(), Ok(()));
    }
}

#[test]
fn deleting_takes_everything_of_the_module_along() {
    let mut patch = wired(&["a.out > b.in", "b.out > c.in", "b.out > b.fm", "a.out > c.in"]);
    patch.mark_cycles();
    let binding = |module: &str| Binding {
        module: id(module),
        param: "freq".into(),
        min: 0.0,
        max: 1.0,
        curve: BindingCurve::Taper,
        unknown: Unknown::new(),
    };
    let bindings = vec![binding("b"), binding("a"), binding("b")];
    patch.macros.insert(5, MacroKnob { bindings, ..MacroKnob::default() });
    let ports = vec![port("b.out"), port("a.out")];
    let knobs = vec![(id("c"), "freq".into()), (id("b"), "freq".into())];
    patch.groups.insert("g1".into(), Group { ports, knobs, ..Group::default() });
    assert_eq!(patch.validate(), Ok(()));
    apply(&mut patch, &Edit::Delete { id: id("b") });
    assert_eq!(cables(&patch), ["a.out > c.in"]);
    assert_eq!(patch.macros[&5].bindings, [binding("a")]);
    let group = &patch.groups["g1"];
    assert_eq!((group.ports.len(), group.knobs.len()), (1, 1));
}

#[test]
fn deleting_heals_along_the_through_pairs() {
    let mut patch = wired(&[
        "a.out > m.in",
        "b.out > m.in",
        "m.out > y.in",
        "m.out > z.in",
        "m.env > z.fm",
        "b.out > z.in",
        "c.out > m.side",
    ]);
    for (cable, gain) in [(1, 0.5), (2, 8.0), (3, 4.0)] {
        patch.cables.get_mut(&CableId(cable)).unwrap().gain = gain;
    }
    let edit = patch.delete_healing_edit(&id("m"), &[("in", "out")]);
    apply(&mut patch, &edit);
    // b is connected to z already; 8 x 4 is kept in range; `side` and `env` are no pair.
    let healed = ["b.out > z.in", "a.out > y.in x2", "a.out > z.in x0.5", "b.out > y.in x16"];
    assert_eq!(cables(&patch), healed);
}

#[test]
fn healing_keeps_the_delay_of_a_cycle() {
    let mut patch = wired(&["a.out > m.in", "m.out > a.in", "m.out > m.fm"]);
    patch.mark_cycles();
    // Two pairs lead to the same joint.
    let edit = patch.delete_healing_edit(&id("m"), &[("in", "out"), ("fm", "out"), ("in", "out")]);
    apply(&mut patch, &edit);
    assert_eq!(cables(&patch), ["a.out > a.in feedback"]);
    // Without pairs nothing is healed.
    let mut patch = wired(&["a.out > m.in", "m.out > b.in"]);
    let edit = patch.delete_healing_edit(&id("m"), &[]);
    apply(&mut patch, &edit);
    assert!(patch.cables.is_empty());
}

#[test]
fn inserting_keeps_the_gain_on_the_first_half() {
    let mut patch = wired(&["a.out > b.in", "b.out > a.in"]);
    patch.cables.get_mut(&CableId(2)).unwrap().gain = 0.3;
    patch.mark_cycles();
    let through = || ("in".to_owned(), "out".to_owned());
    let edit = patch.insert_on_cable_edit(CableId(2), id("f"), Module::new("vcf"), through());
    apply(&mut patch, &edit);
    assert_eq!(cables(&patch), ["a.out > b.in", "b.out > f.in x0.3 feedback", "f.out > a.in"]);
    let edit = patch.insert_on_cable_edit(CableId(9), id("g"), Module::new("vcf"), through());
    let error = patch.apply(&edit).unwrap_err().to_string();
    assert!(error.contains("there is no cable 9"), "{error}");
}

#[test]
fn values_and_silent_edits_are_told_apart() {
    let set = Edit::SetParam { id: id("a"), param: "freq".into(), value: 1.0 };
    let reset = Edit::ResetParam { id: id("a"), param: "freq".into() };
    let moved = Edit::Move { id: id("a"), position: Point::default() };
    let bypass = Edit::SetBypass { id: id("a"), bypass: true };
    let batch = |edits: &[&Edit]| Edit::Batch(edits.iter().map(|e| (*e).clone()).collect());
    assert!(set.is_value() && reset.is_value() && batch(&[&set, &reset]).is_value());
    assert!(!batch(&[&set, &moved]).is_value() && !moved.is_value());
    assert!(moved.is_silent() && batch(&[&moved]).is_silent());
    assert!(!set.is_silent() && !bypass.is_silent() && !batch(&[&moved, &bypass]).is_silent());
}

#[test]
fn a_group_or_asset_in_use_stays() {
    let mut patch = wired(&["a.out > b.in"]);
    let group = |parent: &str| Group { parent: Some(parent.into()), ..Group::default() };
    let set = |name: &str, group: Option<Group>| Edit::SetGroup { id: name.into(), group };
    apply(&mut patch, &set("g1", Some(Group::default())));
    apply(&mut patch, &set("g2", Some(group("g1"))));
    apply(&mut patch, &Edit::SetModuleGroup { id: id("a"), group: Some("g2".into()) });
    let mut refused = |edit: &Edit| patch.apply(edit).unwrap_err().to_string();
    assert!(refused(&set("g2", None)).starts_with("group `g2` still holds `a`"));
    assert!(refused(&set("g1", None)).starts_with("group `g1` still holds `g2`"));
    assert!(refused(&set("g1", Some(group("g2")))).starts_with("group `g1` would stand inside"));
    assert!(refused(&set("g3", Some(group("g3")))).starts_with("group `g3` would stand inside"));
    assert!(refused(&set("g3", Some(group("x")))).starts_with("there is no group `x`"));
    let (kind, hash) = (AssetKind::Sample, "0".repeat(64));
    let asset = Some(Asset { kind, path: "k.wav".into(), hash, unknown: Unknown::new() });
    apply(&mut patch, &Edit::SetAsset { name: "kick".into(), asset });
    apply(&mut patch, &Edit::SetModuleAsset { id: id("a"), asset: Some("kick".into()) });
    let gone = Edit::SetAsset { name: "kick".into(), asset: None };
    let error = patch.apply(&gone).unwrap_err().to_string();
    assert!(error.starts_with("asset `kick` is used by module `a`"), "{error}");
}

/// What is refused, and the beginning of what is said about it.
#[test]
fn what_would_make_a_patch_unsound_is_refused() {
    let mut patch = two_voices();
    let vcf = || Module::new("vcf");
    let create = |id: &str, module: Module| Edit::Create { id: common::id(id), module };
    let connect = |n: u32, cable: Cable| Edit::Connect { id: CableId(n), cable };
    let params = |value: f32| [("freq".to_owned(), value)].into();
    let (group, asset) = (Some("x".to_owned()), Some("x".to_owned()));
    let voice =
        |count, glide| Edit::SetVoice(VoiceSettings { count, glide, ..VoiceSettings::default() });
    let tuning = |a4: f32, classes: usize| {
        Edit::SetTuning(Tuning { a4, cents: vec![0.0; classes], ..Tuning::default() })
    };
    let knob = |value| Some(MacroKnob { value, ..MacroKnob::default() });
    let far = Point { x: 0.0, y: f32::NAN };
    let learn = |channel, controller, macro_index| {
        let (channel, unknown) = (Some(channel), Unknown::new());
        Edit::SetMidiLearn(vec![MidiLearn { channel, controller, macro_index, unknown }])
    };
    let bus = |channels| {
        let (direction, unknown) = (BusDirection::Output, Unknown::new());
        Edit::SetBuses(vec![Bus { name: "Side".into(), direction, channels, unknown }])
    };
    let scene = |cables: &[&str]| {
        let Patch { mut modules, cables, .. } = wired(cables);
        modules.remove(&id("gone"));
        let body = |m: Module| SceneModule { kind: m.kind, ..SceneModule::default() };
        let modules = modules.into_iter().map(|(id, m)| (id, body(m))).collect();
        let scene = Some(Scene { modules, cables, ..Scene::default() });
        Edit::SetScene { name: "Verse".into(), scene }
    };
    let wide = Size { w: 1.0, h: f32::INFINITY };
    let in_out = || Cable::new(port("osc1.out"), port("out.right"));
    let portless = Cable::new(PortRef::new(id("osc1"), ""), port("out.right"));
    let cases = [
        (create("vcf", vcf()), "there already is a module `vcf`"),
        (create("a", Module::new("")), "module `a` has no kind"),
        (create("a", Module { name: "Bass 7".into(), ..vcf() }), "the name `Bass 7` belongs"),
        (create("a", Module { group, ..vcf() }), "there is no group `x`"),
        (create("a", Module { asset, ..vcf() }), "there is no asset `x`"),
        (create("a", Module { params: params(f32::NAN), ..vcf() }), "`a.freq` is NaN"),
        (create("a", Module { position: far, ..vcf() }), "position of `a` is NaN"),
        (Edit::Delete { id: id("a") }, "there is no module `a`"),
        (Edit::Rename { id: id("vcf"), name: "Bass 7".into() }, "the name `Bass 7` belongs"),
        (Edit::Move { id: id("vcf"), position: far }, "position of `vcf` is NaN"),
        (connect(1, in_out()), "there already is a cable 1"),
        (connect(9, Cable { gain: 16.5, ..in_out() }), "gain 16.5 of cable 9 is out of range"),
        (connect(9, Cable { gain: f32::NAN, ..in_out() }), "gain NaN of cable 9"),
        (connect(9, portless), "cable 9 names no port"),
        (Edit::SetGain { id: CableId(1), gain: -17.0 }, "gain -17 of cable 1"),
        (Edit::Disconnect { id: CableId(9) }, "there is no cable 9"),
        (Edit::SetMacro { index: 128, knob: knob(0.0) }, "macro index is 128"),
        (Edit::SetMacro { index: 1, knob: knob(1.1) }, "value of macro 1 is 1.1"),
        (Edit::SetMacro { index: 1, knob: knob(f32::NAN) }, "value of macro 1 is NaN"),
        (voice(0, 0.0), "voice count is 0"),
        (voice(65, 0.0), "voice count is 65"),
        (voice(8, -1.0), "glide is -1"),
        (voice(8, f32::INFINITY), "glide is inf"),
        (tuning(0.0, 0), "tuning of A4 is 0"),
        (tuning(440.0, 11), "number of pitch classes is 11"),
        (learn(16, 0, 0), "channel of MIDI binding 0 is 16"),
        (learn(0, 128, 0), "controller of MIDI binding 0 is 128"),
        (learn(0, 0, 128), "macro of MIDI binding 0 is 128"),
        (bus(3), "channels of bus `Side` is 3"),
        (scene(&["a.out > gone.in"]), "there is no module `gone`"),
        (scene(&["a.out > b.in", "a.out > b.in"]), "cable 1 already goes from"),
        (scene(&["a.out > b.in", "b.out > a.in"]), "cable 2 from `b.out` to `a.in` closes a cycle"),
        (
            Edit::SetVoiceOffsets { id: id("vcf"), param: "freq".into(), offsets: vec![0.0; 65] },
            "number of offsets of `vcf.freq` is 65",
        ),
        (
            Edit::SetFrame {
                id: "f".into(),
                frame: Some(Frame { size: wide, ..Frame::default() }),
            },
            "height of frame `f` is inf",
        ),
        (
            Edit::SetComment {
                id: "c".into(),
                comment: Some(Comment { position: far, ..Comment::default() }),
            },
            "position of comment `c` is NaN",
        ),
        (
            Edit::ReplaceAll(Box::new(wired(&["a.out > a.in"]))),
            "the patch is not sound: at cables[0].feedback: cable 1 from `a.out`",
        ),
    ];
    let before = patch.clone();
    for (edit, expected) in cases {
        let error = patch.apply(&edit).unwrap_err().to_string();
        assert!(error.starts_with(expected), "expected: {expected}\nfound:    {error}");
        assert_eq!(patch, before);
    }
}

fn two_voices() -> Patch {
    let mut patch = wired(&["osc1.out > vcf.in", "vcf.out > out.left", "vcf.out > vcf.fm"]);
    patch.mark_cycles();
    patch.groups.insert("g1".into(), Group { name: "Voice".into(), ..Group::default() });
    let (kind, hash) = (AssetKind::Sample, "0".repeat(64));
    let asset = Asset { kind, path: "k.wav".into(), hash, unknown: Unknown::new() };
    patch.assets.insert("kick".into(), asset);
    let osc = patch.modules.get_mut(&id("osc1")).unwrap();
    osc.name = "Bass 7".into();
    osc.group = Some("g1".into());
    osc.asset = Some("kick".into());
    osc.position = Point { x: 10.0, y: 20.0 };
    patch
}

#[test]
fn a_fragment_pastes_with_new_ids_and_names() {
    let mut patch = two_voices();
    let fragment = Fragment::copy(&patch, &[id("vcf"), id("osc1"), id("nobody")]);
    let text = fragment.to_json();
    assert!(text.starts_with("{\n  \"kind\": \"chronus fragment\",\n  \"format\": 1,"), "{text}");
    assert_eq!(Fragment::from_json(&text).as_ref(), Ok(&fragment));
    assert_eq!(fragment.origin(), Point { x: 0.0, y: 0.0 });
    let (edit, pasted) = fragment.paste_edit(&patch, Point { x: 5.0, y: -5.0 });
    assert_eq!(pasted.modules, [id("osc2"), id("vcf1")]);
    apply(&mut patch, &edit);
    let pasted = ["osc2.out > vcf1.in", "vcf1.out > vcf1.fm feedback"];
    assert_eq!(cables(&patch)[3..], pasted);
    let osc = &patch.modules[&id("osc2")];
    assert_eq!(osc.name, "Bass 2");
    assert_eq!(osc.position, Point { x: 15.0, y: 15.0 });
    assert_eq!((osc.group.as_deref(), osc.asset.as_deref()), (Some("g1"), Some("kick")));
    assert_eq!(patch.assets.len(), 1);
}

#[test]
fn a_new_number_takes_no_id_that_stays() {
    let from = wired(&["osc1.out > osc2.in", "osc2.out > osc3.in"]);
    let fragment = Fragment::copy(&from, from.modules.keys());
    let mut patch = wired(&["osc1.out > osc3.in"]);
    let (edit, pasted) = fragment.paste_edit(&patch, Point::default());
    assert_eq!(pasted.modules, [id("osc4"), id("osc2"), id("osc5")]);
    apply(&mut patch, &edit);
    assert_eq!(cables(&patch)[1..], ["osc4.out > osc2.in", "osc2.out > osc5.in"]);
}

#[test]
fn a_fragment_pastes_elsewhere_with_its_assets() {
    let from = two_voices();
    let fragment = Fragment::copy(&from, &[id("osc1"), id("vcf")]);
    let mut patch = Patch::default();
    let (edit, pasted) = fragment.paste_edit(&patch, Point::default());
    apply(&mut patch, &edit);
    // Free ids and names stay; there is no group of that id.
    assert_eq!(pasted.modules, [id("osc1"), id("vcf")]);
    let osc = &patch.modules[&id("osc1")];
    assert_eq!((osc.name.as_str(), osc.group.as_deref()), ("Bass 7", None));
    assert_eq!(patch.assets, from.assets);
    // Another file under the same name gets another name.
    patch.assets.get_mut("kick").unwrap().path = "other.wav".into();
    let (edit, pasted) = fragment.paste_edit(&patch, Point::default());
    apply(&mut patch, &edit);
    assert_eq!(patch.modules[&pasted.modules[0]].asset.as_deref(), Some("kick 2"));
    assert_eq!(patch.assets["kick 2"], from.assets["kick"]);
}

#[test]
fn comments_and_frames_are_pasted_beside_their_originals() {
    let mut patch = two_voices();
    let at = |x, y| Point { x, y };
    let comment =
        |text: &str, position| Comment { text: text.into(), position, ..Comment::default() };
    patch.comments.insert("comment1".into(), comment("one", at(-10.0, 0.0)));
    patch.comments.insert("comment2".into(), comment("two", at(0.0, 7.0)));
    let frame = Frame { title: "All".into(), position: at(-20.0, -30.0), ..Frame::default() };
    patch.frames.insert("frame1".into(), frame);
    let notes = (["comment1", "comment2", "nothing"], ["frame1"]);
    let fragment = Fragment::copy(&patch, []).with_notes(&patch, notes.0, notes.1);
    assert!(!fragment.is_empty());
    assert_eq!(fragment.origin(), at(-20.0, -30.0));
    assert_eq!(Fragment::from_json(&fragment.to_json()).as_ref(), Ok(&fragment));
    let (edit, pasted) = fragment.paste_edit(&patch, at(5.0, 6.0));
    assert!(edit.is_silent());
    let before = patch.clone();
    let inverse = patch.apply(&edit).unwrap().inverse;
    assert_eq!(
        (pasted.comments, pasted.frames),
        (vec!["comment3".to_owned(), "comment4".to_owned()], vec!["frame2".to_owned()],)
    );
    assert_eq!(patch.comments["comment4"], comment("two", at(5.0, 13.0)));
    assert_eq!(patch.frames["frame2"].position, at(-15.0, -24.0));
    assert_eq!(patch.frames["frame2"].title, "All");
    apply(&mut patch, &inverse);
    assert_eq!(patch, before);
    // Where they are free, ids stay.
    let (_, pasted) = fragment.paste_edit(&Patch::default(), Point::default());
    assert_eq!(pasted.comments, ["comment1", "comment2"]);
}

#[test]
fn a_fragment_is_read_as_strictly_as_a_patch() {
    let text = Fragment::copy(&two_voices(), &[id("vcf")]).to_json();
    let error = Fragment::from_json(&text.replace("vcf.fm", "x.fm")).unwrap_err().to_string();
    assert!(error.contains("at cables[0].to: there is no module `x`"), "{error}");
    let patch = two_voices().to_json();
    assert!(matches!(Fragment::from_json(&patch), Err(FormatError::Kind { .. })));
    assert!(matches!(Patch::from_json(&text), Err(FormatError::Kind { .. })));
    assert!(Fragment::copy(&two_voices(), []).is_empty());
}

proptest! {
    #![proptest_config(config(200))]

    /// Whatever is copied can be written, read and pasted, into the same patch and any other.
    #[test]
    fn fragments_paste_anywhere(from in patch(), into in patch(), skip in 0..3_usize) {
        let chosen: Vec<&ModuleId> = from.modules.keys().skip(skip).collect();
        let fragment = Fragment::copy(&from, chosen.iter().copied());
        prop_assert_eq!(&Fragment::from_json(&fragment.to_json()).unwrap(), &fragment);
        for target in [&from, &into] {
            let (edit, pasted) = fragment.paste_edit(target, Point::default());
            let mut patch = target.clone();
            let inverse = patch.apply(&edit).unwrap().inverse;
            prop_assert_eq!(patch.validate(), Ok(()));
            let pasted = pasted.modules;
            prop_assert_eq!(pasted.len(), chosen.len());
            prop_assert!(pasted.iter().all(|id| !target.modules.contains_key(id)));
            prop_assert_eq!(patch.modules.len(), target.modules.len() + chosen.len());
            for (old, new) in chosen.iter().zip(&pasted) {
                prop_assert_eq!(&from.modules[*old].params, &patch.modules[new].params);
            }
            patch.apply(&inverse).unwrap();
            prop_assert_eq!(&patch, target);
        }
    }
}
