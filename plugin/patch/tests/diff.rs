//! From one patch to another as one edit, and scenes.

mod common;

use chronus_patch::{Edit, Module, Patch, PortRef};
use common::{config, id, patch, port, seed};
use proptest::collection::vec;
use proptest::prelude::*;

/// What `edit_to` promises of a patch; what it does not is taken from `from`.
fn body(from: &Patch, patch: &Patch) -> Patch {
    let mut body = Patch {
        modules: patch.modules.clone(),
        cables: patch.cables.clone(),
        macros: patch.macros.clone(),
        voice: patch.voice.clone(),
        tuning: patch.tuning.clone(),
        midi_learn: patch.midi_learn.clone(),
        ..Patch::default()
    };
    for module in body.modules.values_mut() {
        module.group = module.group.take().filter(|group| from.groups.contains_key(group));
        module.asset = module.asset.take().filter(|asset| from.assets.contains_key(asset));
    }
    body
}

fn arrives(from: &Patch, target: &Patch) -> Result<(), TestCaseError> {
    let edit = from.edit_to(target);
    let mut became = from.clone();
    let edited = became.apply(&edit);
    prop_assert!(edited.is_ok(), "{:?} of {edit:?}", edited.err());
    prop_assert_eq!(body(from, &became), body(from, target));
    prop_assert_eq!(became.validate(), Ok(()));
    prop_assert_eq!(became.edit_to(target), Edit::Batch(Vec::new()));
    Ok(())
}

proptest! {
    #![proptest_config(config(300))]

    #[test]
    fn any_patch_becomes_any_other(from in patch(), target in patch()) {
        arrives(&from, &target)?;
    }

    #[test]
    fn edits_are_found_again(from in patch(), seeds in vec(seed(), 1..12)) {
        let mut target = from.clone();
        for seed in seeds {
            let edit = seed.edit(&target);
            let _ = target.apply(&edit);
        }
        arrives(&from, &target)?;
        arrives(&target, &from)?;
        let scene = from.to_scene();
        let nothing = target.edit_to(&target.with_scene(&scene)) == Edit::Batch(Vec::new());
        prop_assert_eq!(target.is_at_scene(&scene), nothing);
    }

    #[test]
    fn a_scene_brings_its_body_back(from in patch(), other in patch()) {
        let scene = from.to_scene();
        prop_assert_eq!(from.edit_to(&from.with_scene(&scene)), Edit::Batch(Vec::new()));
        prop_assert!(from.is_at_scene(&scene));
        let recalled = other.with_scene(&scene);
        prop_assert!(recalled.is_at_scene(&scene));
        prop_assert_eq!(other.is_at_scene(&scene), other.edit_to(&recalled) == Edit::Batch(Vec::new()));
        prop_assert_eq!(recalled.validate(), Ok(()));
        let mut became = other.clone();
        prop_assert!(became.apply(&other.edit_to(&recalled)).is_ok());
        prop_assert_eq!(became.to_scene().modules, scene.modules);
        prop_assert_eq!(became.to_scene().cables, scene.cables);
    }
}

#[test]
fn what_both_have_is_edited_and_not_replaced() {
    let mut from = Patch::default();
    for (name, kind) in [("osc", "vco"), ("amp", "vca"), ("old", "lfo")] {
        from.modules.insert(id(name), Module::new(kind));
    }
    let connect = from.connect_edit(port("osc.out"), port("amp.in"), 1.0);
    from.apply(&connect).unwrap();
    let mut target = from.clone();
    target.modules.remove(&id("old"));
    let amp = target.modules.get_mut(&id("amp")).unwrap();
    amp.params.insert("gain".into(), 0.5);
    let osc = PortRef::new(id("osc"), "out");
    target
        .cables
        .values_mut()
        .for_each(|cable| cable.gain = if cable.from == osc { 0.25 } else { 1.0 });
    let expected = Edit::Batch(vec![
        Edit::SetGain { id: *from.cables.keys().next().unwrap(), gain: 0.25 },
        Edit::Delete { id: id("old") },
        Edit::SetParam { id: id("amp"), param: "gain".into(), value: 0.5 },
    ]);
    assert_eq!(from.edit_to(&target), expected);
}
