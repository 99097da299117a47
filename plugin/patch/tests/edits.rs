//! Laws of edits and of the history, over random patches and edits.

mod common;

use chronus_patch::{Cable, CableId, Edit, EditError, Gesture, History, Module, Patch, PortRef};
use common::{config, id, patch, seed};
use proptest::collection::vec;
use proptest::prelude::*;

/// Equality of every bit: `==` takes -0 for 0.
fn same(a: &Patch, b: &Patch) -> bool {
    a == b && a.to_json() == b.to_json()
}

proptest! {
    #![proptest_config(config(400))]

    #[test]
    fn random_patches_are_sound(patch in patch()) {
        prop_assert_eq!(patch.validate(), Ok(()));
    }

    /// The inverse restores, the inverse of the inverse does again, a refusal changes nothing, and
    /// a sound patch stays sound.
    #[test]
    fn an_inverse_restores(patch in patch(), seeds in vec(seed(), 1..12)) {
        let mut patch = patch;
        for seed in seeds {
            let before = patch.clone();
            let edit = seed.edit(&patch);
            let described = edit.describe(&patch);
            prop_assert!(!described.is_empty());
            match patch.apply(&edit) {
                Ok(edited) => {
                    prop_assert_eq!(patch.validate(), Ok(()));
                    let cancelled = matches!(edit, Edit::Batch(_)) && edited.changed;
                    prop_assert!(cancelled || edited.changed == (patch != before));
                    let after = patch.clone();
                    let again = patch.apply(&edited.inverse).unwrap();
                    prop_assert!(same(&patch, &before), "{:?}", edit);
                    patch.apply(&again.inverse).unwrap();
                    prop_assert!(same(&patch, &after), "{:?}", edit);
                    if edit.is_silent() {
                        prop_assert!(sounds_alike(&before, &after), "{:?}", edit);
                    }
                }
                Err(error) => {
                    prop_assert!(same(&patch, &before), "{:?}", edit);
                    prop_assert!(!error.to_string().is_empty());
                }
            }
        }
    }

    /// A batch is its edits one after another; one refused edit takes all of them back.
    #[test]
    fn a_batch_is_all_or_nothing(patch in patch(), seeds in vec(seed(), 1..16)) {
        let mut one_by_one = patch.clone();
        let mut edits = Vec::new();
        let mut refused = None;
        for (index, seed) in seeds.iter().enumerate() {
            let edit = seed.edit(&one_by_one);
            let applied = one_by_one.apply(&edit);
            edits.push(edit);
            if let Err(error) = applied {
                refused = Some((index, error));
                break;
            }
        }
        let mut at_once = patch.clone();
        match (at_once.apply(&Edit::Batch(edits)), refused) {
            (Ok(edited), None) => {
                prop_assert!(same(&at_once, &one_by_one));
                at_once.apply(&edited.inverse).unwrap();
            }
            (Err(EditError::Batch { index, error }), Some((at, why))) => {
                prop_assert_eq!(index, at);
                // As text: a refused NaN equals nothing.
                prop_assert_eq!(error.to_string(), why.to_string());
            }
            other => prop_assert!(false, "{:?}", other),
        }
        prop_assert!(same(&at_once, &patch));
    }

    /// A long batch keeps an index over the cables: it must decide as single edits do, which look at
    /// the patch itself.
    #[test]
    fn an_indexed_batch_decides_as_single_edits_do(
        moves in vec((0..8_u8, 0..5_u8, 0..5_u8, 1..12_u32, any::<bool>()), 1..60),
    ) {
        let module = |n: u8| id(&format!("m{n}"));
        let mut patch = Patch::default();
        let mut edits = Vec::new();
        for n in 0..5 {
            edits.push(Edit::Create { id: module(n), module: Module::new("vcf") });
        }
        for edit in &edits {
            patch.apply(edit).unwrap();
        }
        for (choice, from, to, cable, flag) in moves {
            let at = CableId(cable);
            let edit = match choice {
                0..4 => {
                    let end = |module, port: &str| PortRef::new(module, port);
                    let cable = Cable::new(end(module(from), "out"), end(module(to), "in"));
                    Edit::Connect { id: at, cable: Cable { feedback: flag && to < 2, ..cable } }
                }
                4 => Edit::Disconnect { id: at },
                5 | 6 => Edit::SetFeedback { id: at, feedback: flag },
                _ if flag => Edit::Delete { id: module(from) },
                _ => Edit::Create { id: module(from), module: Module::new("vcf") },
            };
            let single = patch.apply(&edit);
            edits.push(edit);
            let mut batch = Patch::default();
            let whole = batch.apply(&Edit::Batch(edits.clone()));
            match single {
                Ok(_) => prop_assert!(whole.is_ok() && batch == patch, "{:?}", whole),
                Err(why) => {
                    let index = edits.len() - 1;
                    let error = Box::new(why);
                    prop_assert_eq!(whole, Err(EditError::Batch { index, error }));
                    prop_assert_eq!(batch, Patch::default());
                    edits.pop();
                }
            }
        }
    }

    /// Undo and redo walk along the documents there were, whatever is merged.
    #[test]
    fn undo_and_redo_walk_along_the_documents(
        patch in patch(),
        moves in vec((0..8_u8, 0..3_usize, seed()), 1..40),
    ) {
        let mut patch = patch;
        let mut history = History::new();
        let gestures = [Gesture::begin(), Gesture::begin()];
        // The documents before and after each step, and whose gesture led there.
        let mut documents = vec![(patch.clone(), None)];
        let mut now = 0;
        for (choice, whose, seed) in moves {
            match choice {
                0 => {
                    let edit = history.undo();
                    prop_assert_eq!(edit.is_some(), now > 0);
                    if let Some(edit) = edit {
                        patch.apply(&edit).unwrap();
                        now -= 1;
                    }
                }
                1 => {
                    let edit = history.redo();
                    prop_assert_eq!(edit.is_some(), now + 1 < documents.len());
                    if let Some(edit) = edit {
                        patch.apply(&edit).unwrap();
                        now += 1;
                    }
                }
                _ => {
                    let edit = seed.edit(&patch);
                    let Ok(edited) = patch.apply(&edit) else { continue };
                    let gesture = gestures.get(whose).copied();
                    documents.truncate(now + 1);
                    if gesture.is_some() && documents[now].1 == gesture {
                        documents[now].0 = patch.clone();
                    } else {
                        documents.push((patch.clone(), gesture));
                        now += 1;
                    }
                    match gesture {
                        Some(gesture) => history.push_in(gesture, edit, edited.inverse, "step"),
                        None => history.push(edit, edited.inverse, "step"),
                    }
                }
            }
            prop_assert!(same(&patch, &documents[now].0));
            prop_assert_eq!(history.can_undo(), now > 0);
            prop_assert_eq!(history.can_redo(), now + 1 < documents.len());
        }
    }
}

/// True when the patches differ in nothing that sounds.
fn sounds_alike(a: &Patch, b: &Patch) -> bool {
    let sound = |patch: &Patch| {
        let mut patch = patch.clone();
        patch.name.clear();
        patch.notes.clear();
        patch.tags.clear();
        patch.scenes.clear();
        patch.groups.clear();
        patch.comments.clear();
        patch.frames.clear();
        for module in patch.modules.values_mut() {
            module.name.clear();
            module.position = chronus_patch::Point::default();
            module.colour = None;
            module.group = None;
        }
        patch
    };
    same(&sound(a), &sound(b))
}
