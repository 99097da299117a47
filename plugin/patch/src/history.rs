//! Undo and redo: what was done, step by step, with the edit that takes each step back.

use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use crate::{CableId, Edit, ModuleId, Patch};

/// Steps that a new history keeps.
const DEPTH: usize = 1_000;
/// Bytes that a history keeps, roughly: a step that loads a document holds that and the one before.
const ROOM: usize = 32 << 20;

/// The steps that led to a document, and those that were taken back.
///
/// The history holds edits, never the document: whoever holds both applies an edit with
/// [`Patch::apply`](crate::Patch::apply) and then pushes it with the inverse it answered, and
/// applies what [`undo`](Self::undo) and [`redo`](Self::redo) return. The law: with every change of
/// the document pushed, undo restores it to equality, and redo does so again.
///
/// Cloning shares the steps, so (document, history) can be kept together and put back when a commit
/// or an undo is refused.
///
/// ```
/// # use chronus_patch::{Edit, History, Module, ModuleId, Patch};
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let (mut patch, mut history) = (Patch::default(), History::new());
/// let edit = Edit::Create { id: ModuleId::new("osc1")?, module: Module::new("vco") };
/// let label = edit.describe(&patch);
/// let edited = patch.apply(&edit)?;
/// history.push(edit, edited.inverse, label);
///
/// assert_eq!(history.undo_label(), Some("add osc1"));
/// if let Some(edit) = history.undo() {
///     patch.apply(&edit)?;
/// }
/// assert_eq!(patch, Patch::default());
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct History {
    done: VecDeque<Arc<Step>>,
    undone: Vec<Arc<Step>>,
    depth: usize,
    /// Bytes that `done` keeps, roughly.
    size: usize,
}

#[derive(Clone, Debug, PartialEq)]
struct Step {
    edit: Edit,
    inverse: Edit,
    label: String,
    gesture: Option<Gesture>,
    /// Bytes of it, roughly.
    size: usize,
}

/// One gesture, from press to release: what is pushed with it, step after step, becomes one step.
/// Dropping the token ends the gesture; a step pushed by anyone else, an undo or a redo splits it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Gesture(u64);

impl Gesture {
    /// Starts a gesture, unlike any other in this process. Nothing is recorded until something is
    /// pushed with it.
    #[must_use]
    pub fn begin() -> Self {
        static LAST: AtomicU64 = AtomicU64::new(0);
        Self(LAST.fetch_add(1, Relaxed) + 1)
    }
}

impl Default for History {
    fn default() -> Self {
        Self::new()
    }
}

impl History {
    /// An empty history that keeps the last 1,000 steps, fewer where they hold whole documents: about
    /// 32 MiB at most.
    #[must_use]
    pub fn new() -> Self {
        Self::with_depth(DEPTH)
    }

    /// An empty history that keeps the last `depth` steps, at least one.
    #[must_use]
    pub fn with_depth(depth: usize) -> Self {
        Self { done: VecDeque::new(), undone: Vec::new(), depth: depth.max(1), size: 0 }
    }

    /// Adds a step that was just applied: the edit, the inverse that applying it answered, and what
    /// the menu calls it ([`Edit::describe`], asked before applying). What was undone is forgotten.
    pub fn push(&mut self, edit: Edit, inverse: Edit, label: impl Into<String>) {
        self.add(Step::new(edit, inverse, label.into(), None));
    }

    /// As [`push`](Self::push), but merges into the last step when that belongs to the same
    /// gesture: the step keeps its label and the first inverse, and of the values that a knob or a
    /// dragged module went through only the last.
    pub fn push_in(
        &mut self,
        gesture: Gesture,
        edit: Edit,
        inverse: Edit,
        label: impl Into<String>,
    ) {
        match self.done.back_mut() {
            Some(last) if last.gesture == Some(gesture) => {
                self.undone.clear();
                let last = Arc::make_mut(last);
                self.size -= last.size;
                last.merge(edit, inverse);
                self.size += last.size;
            }
            _ => self.add(Step::new(edit, inverse, label.into(), Some(gesture))),
        }
    }

    /// True when a step pushed with `gesture` would become part of the last one.
    #[must_use]
    pub fn goes_on(&self, gesture: Gesture) -> bool {
        self.done.back().is_some_and(|last| last.gesture == Some(gesture))
    }

    /// Takes the last step back: apply the returned edit to the document. `None` when there is
    /// nothing to undo. Should applying it be refused (the document was changed past the history),
    /// put back a clone of the history taken before.
    pub fn undo(&mut self) -> Option<Edit> {
        let step = self.done.pop_back()?;
        self.size -= step.size;
        let edit = step.inverse.clone();
        self.undone.push(step);
        Some(edit)
    }

    /// Does the step last undone again: apply the returned edit to the document. `None` when there
    /// is nothing to redo.
    pub fn redo(&mut self) -> Option<Edit> {
        let step = self.undone.pop()?;
        self.size += step.size;
        let edit = step.edit.clone();
        self.done.push_back(step);
        Some(edit)
    }

    /// Of the step that was undone last, what was done.
    #[must_use]
    pub fn undone(&self) -> Option<&Edit> {
        self.undone.last().map(|step| &step.edit)
    }

    /// Of the step that was done or redone last, what takes it back.
    #[must_use]
    pub fn inverse(&self) -> Option<&Edit> {
        self.done.back().map(|step| &step.inverse)
    }

    /// True when there is a step to undo.
    #[must_use]
    pub fn can_undo(&self) -> bool {
        !self.done.is_empty()
    }

    /// True when there is a step to redo.
    #[must_use]
    pub fn can_redo(&self) -> bool {
        !self.undone.is_empty()
    }

    /// What undo would take back ("connect osc1 → env1"); the menu writes "Undo: " before it.
    #[must_use]
    pub fn undo_label(&self) -> Option<&str> {
        self.done.back().map(|step| step.label.as_str())
    }

    /// What redo would do again; the menu writes "Redo: " before it.
    #[must_use]
    pub fn redo_label(&self) -> Option<&str> {
        self.undone.last().map(|step| step.label.as_str())
    }

    /// Forgets all steps, done and undone: for a document that did not come from here.
    pub fn clear(&mut self) {
        self.done.clear();
        self.undone.clear();
        self.size = 0;
    }

    fn add(&mut self, step: Step) {
        self.undone.clear();
        self.size += step.size;
        self.done.push_back(Arc::new(step));
        while self.done.len() > self.depth || self.size > ROOM && self.done.len() > 1 {
            let Some(oldest) = self.done.pop_front() else { break };
            self.size -= oldest.size;
        }
    }
}

impl Step {
    fn new(edit: Edit, inverse: Edit, label: String, gesture: Option<Gesture>) -> Self {
        let size = size_of_edit(&edit) + size_of_edit(&inverse);
        Self { edit, inverse, label, gesture, size }
    }

    fn merge(&mut self, edit: Edit, inverse: Edit) {
        let nothing = || Edit::Batch(Vec::new());
        let mut edits = std::mem::replace(&mut self.edit, nothing()).into_list();
        let mut inverses = std::mem::replace(&mut self.inverse, nothing()).into_list();
        let (new_edits, mut new_inverses) = (edit.into_list(), inverse.into_list());
        let settings = |edits: &[Edit]| edits.iter().all(|edit| target(edit).is_some());
        if settings(&edits) && settings(&new_edits) && settings(&new_inverses) {
            // Settings of different targets commute, so only the last value of each counts.
            for (at, edit) in new_edits.into_iter().enumerate() {
                let same = |old: &Edit| target(old) == target(&edit);
                // A dragged selection comes in the same order each time: look there first.
                let known = match edits.get(at) {
                    Some(old) if same(old) => Some(at),
                    _ => edits.iter().position(same),
                };
                match known {
                    Some(at) => edits[at] = edit,
                    None => {
                        // Inverses are in the order of undoing: the last is the oldest value.
                        inverses.extend(new_inverses.iter().rev().find(|i| same(i)).cloned());
                        edits.push(edit);
                    }
                }
            }
        } else {
            edits.extend(new_edits);
            new_inverses.append(&mut inverses);
            inverses = new_inverses;
        }
        self.edit = Edit::all(edits);
        self.inverse = Edit::all(inverses);
        self.size = size_of_edit(&self.edit) + size_of_edit(&self.inverse);
    }
}

/// Bytes that an edit keeps, roughly: most of them are documents' and long texts'.
fn size_of_edit(edit: &Edit) -> usize {
    size_of::<Edit>()
        + match edit {
            Edit::Batch(edits) => edits.iter().map(size_of_edit).sum(),
            Edit::ReplaceAll(patch) => size_of_patch(patch),
            Edit::Create { module, .. } => module.params.len() * VALUE,
            Edit::SetScene { scene: Some(scene), .. } => scene.modules.len() * MODULE,
            Edit::SetNotes(text) => text.len(),
            _ => VALUE,
        }
}

/// Bytes of a value in a map, with its name; of a module; of a cable.
const VALUE: usize = 64;
const MODULE: usize = 512;
const CABLE: usize = 192;

fn size_of_patch(patch: &Patch) -> usize {
    let modules = patch.modules.values().map(|module| MODULE + module.params.len() * VALUE);
    let scenes = patch.scenes.values().map(|scene| scene.modules.len() * MODULE);
    let parts = patch.comments.len() + patch.frames.len() + patch.macros.len();
    modules.chain(scenes).sum::<usize>()
        + patch.cables.len() * CABLE
        + parts * CABLE
        + patch.notes.len()
}

/// What a plain setting sets.
#[derive(PartialEq)]
enum Target<'a> {
    Param(&'a ModuleId, &'a str),
    VoiceOffsets(&'a ModuleId, &'a str),
    Position(&'a ModuleId),
    Colour(&'a ModuleId),
    Gain(CableId),
    Macro(u8),
    Voice,
    Tuning,
    Notes,
    Tags,
    Comment(&'a str),
    Frame(&'a str),
}

/// What the edit sets, when it is a setting that depends on no other and its inverse is one of the
/// same target.
fn target(edit: &Edit) -> Option<Target<'_>> {
    Some(match edit {
        Edit::SetParam { id, param, .. } | Edit::ResetParam { id, param } => {
            Target::Param(id, param)
        }
        Edit::SetVoiceOffsets { id, param, .. } => Target::VoiceOffsets(id, param),
        Edit::Move { id, .. } => Target::Position(id),
        Edit::Recolour { id, .. } => Target::Colour(id),
        Edit::SetGain { id, .. } => Target::Gain(*id),
        Edit::SetMacro { index, .. } => Target::Macro(*index),
        Edit::SetVoice(_) => Target::Voice,
        Edit::SetTuning(_) => Target::Tuning,
        Edit::SetNotes(_) => Target::Notes,
        Edit::SetTags(_) => Target::Tags,
        Edit::SetComment { id, .. } => Target::Comment(id),
        Edit::SetFrame { id, .. } => Target::Frame(id),
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Module, Patch, Point};

    fn id(text: &str) -> ModuleId {
        ModuleId::new(text).unwrap()
    }

    fn two_modules() -> Patch {
        let mut patch = Patch::default();
        patch.modules.insert(id("osc1"), Module::new("vco"));
        patch.modules.insert(id("env1"), Module::new("adsr"));
        patch
    }

    fn set(module: &str, param: &str, value: f32) -> Edit {
        Edit::SetParam { id: id(module), param: param.into(), value }
    }

    fn push(patch: &mut Patch, history: &mut History, gesture: Option<Gesture>, edit: Edit) {
        let label = edit.describe(patch);
        let inverse = patch.apply(&edit).unwrap().inverse;
        match gesture {
            Some(gesture) => history.push_in(gesture, edit, inverse, label),
            None => history.push(edit, inverse, label),
        }
    }

    fn undo(patch: &mut Patch, history: &mut History) {
        patch.apply(&history.undo().unwrap()).unwrap();
    }

    fn redo(patch: &mut Patch, history: &mut History) {
        patch.apply(&history.redo().unwrap()).unwrap();
    }

    #[test]
    fn a_gesture_is_one_step_of_last_values_and_first_inverses() {
        let (mut patch, mut history) = (two_modules(), History::new());
        let before = patch.clone();
        let gesture = Some(Gesture::begin());
        for n in 0_u8..100 {
            push(&mut patch, &mut history, gesture, set("osc1", "freq", f32::from(n)));
            push(&mut patch, &mut history, gesture, set("env1", "attack", f32::from(n) * 2.0));
        }
        let after = patch.clone();
        assert_eq!(history.done.len(), 1);
        let step = &history.done[0];
        assert_eq!(
            step.edit,
            Edit::Batch(vec![set("osc1", "freq", 99.0), set("env1", "attack", 198.0)])
        );
        assert_eq!(history.undo_label(), Some("osc1 freq"));
        undo(&mut patch, &mut history);
        assert_eq!(patch, before);
        assert!(!history.can_undo());
        redo(&mut patch, &mut history);
        assert_eq!(patch, after);
    }

    #[test]
    fn a_batch_that_sets_a_target_twice_still_undoes_to_the_first_value() {
        let (mut patch, mut history) = (two_modules(), History::new());
        let before = patch.clone();
        let gesture = Some(Gesture::begin());
        push(&mut patch, &mut history, gesture, set("env1", "attack", 1.0));
        let twice = Edit::Batch(vec![set("osc1", "freq", 1.0), set("osc1", "freq", 2.0)]);
        push(&mut patch, &mut history, gesture, twice);
        undo(&mut patch, &mut history);
        assert_eq!(patch, before);
    }

    #[test]
    fn a_gesture_may_mix_settings_and_structure() {
        let (mut patch, mut history) = (two_modules(), History::new());
        let before = patch.clone();
        let gesture = Some(Gesture::begin());
        push(&mut patch, &mut history, gesture, set("osc1", "freq", 1.0));
        push(&mut patch, &mut history, gesture, Edit::Delete { id: id("osc1") });
        let created = Edit::Create { id: id("osc1"), module: Module::new("lfo") };
        push(&mut patch, &mut history, gesture, created);
        push(&mut patch, &mut history, gesture, set("osc1", "freq", 2.0));
        let after = patch.clone();
        assert_eq!(history.done.len(), 1);
        undo(&mut patch, &mut history);
        assert_eq!(patch, before);
        redo(&mut patch, &mut history);
        assert_eq!(patch, after);
    }

    #[test]
    fn another_step_an_undo_or_another_gesture_splits_a_gesture() {
        let (mut patch, mut history) = (two_modules(), History::new());
        let first = Some(Gesture::begin());
        let second = Some(Gesture::begin());
        push(&mut patch, &mut history, first, set("osc1", "freq", 1.0));
        push(&mut patch, &mut history, second, set("osc1", "freq", 2.0));
        push(&mut patch, &mut history, first, set("osc1", "freq", 3.0));
        push(&mut patch, &mut history, None, Edit::SetName("name".into()));
        push(&mut patch, &mut history, first, set("osc1", "freq", 4.0));
        assert_eq!(history.done.len(), 5);
        undo(&mut patch, &mut history);
        push(&mut patch, &mut history, first, set("osc1", "freq", 5.0));
        assert_eq!(history.done.len(), 5);
        assert!(!history.can_redo());
    }

    #[test]
    fn a_clone_is_not_changed_by_a_gesture_that_goes_on() {
        let (mut patch, mut history) = (two_modules(), History::new());
        let gesture = Some(Gesture::begin());
        push(&mut patch, &mut history, gesture, set("osc1", "freq", 1.0));
        let (kept_patch, kept) = (patch.clone(), history.clone());
        push(&mut patch, &mut history, gesture, set("osc1", "freq", 2.0));
        let (mut patch, mut history) = (kept_patch, kept);
        undo(&mut patch, &mut history);
        assert_eq!(patch, two_modules());
        redo(&mut patch, &mut history);
        assert_eq!(patch.modules[&id("osc1")].params["freq"], 1.0);
    }

    #[test]
    fn the_oldest_steps_are_forgotten() {
        let (mut patch, mut history) = (two_modules(), History::with_depth(3));
        for n in 0_u8..10 {
            push(&mut patch, &mut history, None, set("osc1", "freq", f32::from(n)));
        }
        while history.can_undo() {
            undo(&mut patch, &mut history);
        }
        assert_eq!(patch.modules[&id("osc1")].params["freq"], 6.0);
        assert_eq!(history.undone.len(), 3);
        history.clear();
        assert!(!history.can_redo() && history.undo().is_none() && history.redo().is_none());
    }

    #[test]
    fn loaded_documents_take_bounded_room() {
        let mut big = Patch::default();
        for n in 0..2_000 {
            let mut module = Module::new("vco");
            module.params = (0..10).map(|p| (format!("param{p}"), 0.0)).collect();
            big.modules.insert(id(&format!("m{n}")), module);
        }
        let (mut patch, mut history) = (Patch::default(), History::new());
        for n in 0_u8..100 {
            let next = Patch { name: n.to_string(), ..big.clone() };
            push(&mut patch, &mut history, None, Edit::ReplaceAll(Box::new(next)));
        }
        let kept = history.done.len();
        assert!((2..50).contains(&kept) && history.size <= ROOM, "{kept}");
        while history.can_undo() {
            undo(&mut patch, &mut history);
        }
        assert_eq!((patch.name, history.size), (format!("{}", 99 - kept), 0));
    }

    #[test]
    fn dragging_a_big_selection_merges_place_by_place() {
        let mut patch = Patch::default();
        let ids: Vec<ModuleId> = (0..500).map(|n| id(&format!("m{n}"))).collect();
        for id in &ids {
            patch.modules.insert(id.clone(), Module::new("vco"));
        }
        let before = patch.clone();
        let mut history = History::new();
        let gesture = Some(Gesture::begin());
        for x in [1.0, 2.0, 3.0] {
            let all = ids.iter();
            let all = all.map(|id| Edit::Move { id: id.clone(), position: Point { x, y: 0.0 } });
            let edit = Edit::Batch(all.collect());
            push(&mut patch, &mut history, gesture, edit);
        }
        assert!(matches!(&history.done[0].edit, Edit::Batch(edits) if edits.len() == 500));
        undo(&mut patch, &mut history);
        assert_eq!(patch, before);
    }
}
