//! The session: what the document is (`head`), what plays (`playing`), and every commit between
//! the two. Behind a mutex that the DSP thread never touches.

use std::collections::BTreeMap;
use std::sync::Arc;

use chronus_patch::{Edit, EditError, Gesture, History, MacroKnob, ModuleId, Patch};

use crate::builder::{Answer, Lives};
use crate::compile::Diagnostic;
use crate::graph::Write;
use crate::handover::{Entry, Revision};
use crate::registry::Registry;
use crate::request::Request;
use crate::standby::Rejection;
use crate::store::{Cells, Marks};

mod quiet;

use quiet::Quiet;

/// Who asked for a commit: decides what a refusal does to the document.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Client {
    /// The editor: a refused edit stays in the document, marked as not playing.
    #[default]
    Editor,
    /// A program: a refused commit leaves the document as it was.
    Remote,
    /// The host restoring a project: as `Editor`.
    Host,
}

/// What is done when a commit is answered.
pub(crate) type Responder = Box<dyn FnOnce(Answer) + Send>;

/// The document and everything that goes back with it when a commit is refused.
#[derive(Clone)]
pub(crate) struct Snapshot {
    pub patch: Arc<Patch>,
    pub lives: Arc<Lives>,
    pub history: History,
}

/// A commit without an answer yet.
struct Open {
    revision: Revision,
    client: Client,
    before: Snapshot,
    after: Snapshot,
    /// Params its edits set: written when it is swapped in.
    sets: BTreeMap<(ModuleId, usize), Write>,
    /// Another document took the place of the one before.
    loads: bool,
    /// What was done to the document since, without a commit, up to the next commit; of a program's.
    meanwhile: Vec<Quiet>,
    respond: Option<Responder>,
}

/// What plays.
pub(crate) struct Playing {
    pub revision: Revision,
    pub patch: Arc<Patch>,
    pub lives: Arc<Lives>,
    /// What is missing or odd in it.
    pub remarks: Arc<[Diagnostic]>,
}

/// See the module's documentation.
pub(crate) struct Session {
    pub head: Snapshot,
    pub playing: Playing,
    open: Vec<Open>,
    last_revision: Revision,
    loads: u64,
    next_key: u32,
    marks: Arc<Marks>,
    /// Why the newest commit of the editor does not play.
    pub refusal: Option<(Revision, Rejection)>,
    /// Values turned since the document was last brought up to date.
    turned: BTreeMap<(ModuleId, usize), f32>,
}

/// A commit accepted by the session, for the builder.
pub(crate) struct Accepted {
    pub revision: Revision,
    pub patch: Arc<Patch>,
    pub lives: Arc<Lives>,
    pub entry: Entry,
    pub writes: Vec<Write>,
}

impl Session {
    pub fn new(marks: Arc<Marks>) -> Self {
        let patch = Arc::new(Patch::default());
        let lives = Arc::new(Lives::new());
        let history = History::new();
        let playing = Playing {
            revision: 0,
            patch: patch.clone(),
            lives: lives.clone(),
            remarks: Arc::default(),
        };
        Self {
            head: Snapshot { patch, lives, history },
            playing,
            open: Vec::new(),
            last_revision: 0,
            loads: 0,
            next_key: 0,
            marks,
            refusal: None,
            turned: BTreeMap::new(),
        }
    }

    /// The document, up to date with every knob.
    pub fn document(&mut self, registry: &Registry) -> Arc<Patch> {
        if !self.turned.is_empty() {
            let turned = std::mem::take(&mut self.turned);
            let patch = Arc::make_mut(&mut self.head.patch);
            for ((id, p), value) in turned {
                let Some(module) = patch.modules.get_mut(&id) else { continue };
                let Ok(spec) = registry.spec(&module.kind) else { continue };
                module.params.insert(spec.params[p].name.into(), value);
            }
        }
        self.head.patch.clone()
    }

    /// Macros of the document stand at `value` from now on.
    pub fn note_macros(&mut self, value: impl Fn(u8) -> f32) {
        let moved = |(&index, knob): (&u8, &MacroKnob)| knob.value != value(index);
        if self.head.patch.macros.iter().any(moved) {
            for (&index, knob) in &mut Arc::make_mut(&mut self.head.patch).macros {
                knob.value = value(index);
            }
        }
    }

    /// Notes that a knob was turned; the document follows when it is asked for.
    pub fn turn(&mut self, id: ModuleId, param: usize, value: f32) {
        if let Some(cells) = self.head.lives.get(&id) {
            cells.set(param, value);
        }
        self.turned.insert((id, param), value);
    }

    /// Turns a knob as part of a gesture: the whole gesture is one step of the history.
    pub fn turn_in(
        &mut self,
        gesture: Gesture,
        id: ModuleId,
        param: usize,
        value: f32,
        registry: &Registry,
    ) -> Result<(), EditError> {
        self.document(registry);
        let name = self.head.patch.modules.get(&id).map(|m| m.kind.as_str());
        let spec = name.and_then(|kind| registry.spec(kind).ok());
        let spec = spec.ok_or_else(|| EditError::NoModule(id.clone()))?;
        let name = spec.params[param].name.to_owned();
        let edit = Edit::SetParam { id: id.clone(), param: name, value };
        self.edit_quietly(edit, Some(gesture))?;
        if let Some(cells) = self.head.lives.get(&id) {
            cells.set(param, value);
        }
        Ok(())
    }

    /// Does an edit that cannot be heard (layout, names, comments): no commit.
    /// As part of a gesture it is one step of the history with the gesture's others.
    pub fn arrange(
        &mut self,
        edit: Edit,
        gesture: Option<Gesture>,
        registry: &Registry,
    ) -> Result<(), EditError> {
        self.document(registry);
        self.edit_quietly(edit, gesture).map(drop)
    }

    /// Number of the next commit.
    pub fn next_revision(&mut self) -> Revision {
        self.last_revision += 1;
        self.last_revision
    }

    /// How often a whole document took the place of another.
    pub fn loads(&self) -> u64 {
        self.loads
    }

    /// Number of the newest commit.
    pub fn last_revision(&self) -> Revision {
        self.last_revision
    }

    /// Applies `requests` to the document, all or none.
    pub fn accept(
        &mut self,
        requests: &[Request],
        client: Client,
        registry: &Registry,
        respond: Responder,
    ) -> Result<Accepted, (Revision, Rejection, Responder)> {
        let revision = self.next_revision();
        self.document(registry);
        let before = self.head.clone();
        let mut patch = (*self.head.patch).clone();
        let mut done = Vec::with_capacity(requests.len());
        let mut inverses = Vec::with_capacity(requests.len());
        let mut changed = false;
        for (index, request) in requests.iter().enumerate() {
            let edit = request.resolve(&patch, registry).map_err(|e| e.to_string());
            let applied = edit.and_then(|edit| {
                let edited = patch.apply(&edit).map_err(|e| e.to_string())?;
                changed |= edited.changed;
                Ok((edit, edited.inverse))
            });
            match applied {
                Ok((edit, inverse)) => {
                    done.push(edit);
                    inverses.push(inverse);
                }
                Err(text) => return Err((revision, Rejection::Edit { index, text }, respond)),
            }
        }
        let loads = done.iter().any(replaces_all);
        self.loads += u64::from(loads);
        inverses.reverse();
        let edit = Edit::all(done);
        let label = edit.describe(&before.patch);
        if loads && client == Client::Host {
            // A project opened by the host: what was there before is not this document's past.
            self.head.history.clear();
        } else if changed {
            self.head.history.push(edit.clone(), Edit::all(inverses), label);
        }
        self.head.lives = Arc::new(self.lives_after(&patch, &edit, registry));
        self.head.patch = Arc::new(patch);
        Ok(self.open(revision, client, before, &edit, loads, registry, respond))
    }

    /// Undoes or redoes one step that only turned knobs or moved things about, without a commit;
    /// false when the step is of another sort.
    pub fn step_quietly(&mut self, back: bool, registry: &Registry) -> bool {
        self.document(registry);
        let Some(edit) = self.step_document(back) else { return false };
        let mut sets = BTreeMap::new();
        collect_sets(&edit, &self.head.patch, registry, &mut sets);
        for ((id, param), value) in sets {
            if let Some(cells) = self.head.lives.get(&id) {
                cells.set(param, value);
            }
        }
        true
    }

    /// Undoes or redoes one step of the document.
    pub fn step(
        &mut self,
        back: bool,
        client: Client,
        registry: &Registry,
        respond: Responder,
    ) -> Result<Accepted, (Revision, Rejection, Responder)> {
        let revision = self.next_revision();
        self.document(registry);
        let before = self.head.clone();
        let mut patch = (*self.head.patch).clone();
        let history = &mut self.head.history;
        let edit = if back { history.undo() } else { history.redo() };
        let nothing = || if back { "nothing to undo" } else { "nothing to redo" }.to_owned();
        let applied = edit.ok_or_else(nothing).and_then(|edit| {
            patch.apply(&edit).map_err(|e| e.to_string())?;
            keep_macros(&mut patch, &before.patch, &edit, opposite(history, back));
            Ok(edit)
        });
        let edit = match applied {
            Ok(edit) => edit,
            Err(text) => {
                self.head = before;
                return Err((revision, Rejection::Edit { index: 0, text }, respond));
            }
        };
        let loads = replaces_all(&edit);
        self.head.lives = Arc::new(self.lives_after(&patch, &edit, registry));
        self.head.patch = Arc::new(patch);
        Ok(self.open(revision, client, before, &edit, loads, registry, respond))
    }

    /// The document again, for a new setup: nothing changed, everything is built anew.
    pub fn again(&mut self, registry: &Registry) -> Accepted {
        let revision = self.next_revision();
        self.document(registry);
        let before = self.head.clone();
        let respond: Responder = Box::new(|_| ());
        let nothing = Edit::Batch(Vec::new());
        self.open(revision, Client::Host, before, &nothing, true, registry, respond)
    }

    #[expect(clippy::too_many_arguments, reason = "the parts of one commit")]
    fn open(
        &mut self,
        revision: Revision,
        client: Client,
        before: Snapshot,
        edit: &Edit,
        loads: bool,
        registry: &Registry,
        respond: Responder,
    ) -> Accepted {
        let mut values = BTreeMap::new();
        collect_sets(edit, &self.head.patch, registry, &mut values);
        let lives = self.head.lives.clone();
        let sets = values.into_iter().filter_map(|((id, param), value)| {
            let cells = lives.get(&id)?.clone();
            let observed = cells.observe(param);
            Some(((id, param), Write { cells, param, observed, value }))
        });
        let sets: BTreeMap<_, _> = sets.collect();
        // What open commits set and this one does not set again comes along: it contains them. Not
        // observed anew, as a knob turned since then wins; not to another life under the same id.
        let earlier = self.open.iter().flat_map(|o| o.sets.clone());
        let mut all: BTreeMap<_, _> = earlier.collect();
        all.retain(|(id, _), write| lives.get(id).is_some_and(|now| now.key == write.cells.key));
        all.extend(sets.clone());
        let writes = all.into_values().collect();
        let patch = self.head.patch.clone();
        let after = self.head.clone();
        // The first patch into an empty one is an edit: there is nothing to fade out. What plays is
        // heard of later, so the document before it tells.
        let empty = before.patch.modules.is_empty();
        let (meanwhile, respond) = (Vec::new(), Some(respond));
        self.open.push(Open { revision, client, before, after, sets, loads, meanwhile, respond });
        let entry = if loads && !empty { Entry::Load } else { Entry::Edit };
        Accepted { revision, patch, lives, entry, writes }
    }

    /// Cells for the modules of `patch`: those of modules that live on, new ones for the others.
    fn lives_after(&mut self, patch: &Patch, edit: &Edit, registry: &Registry) -> Lives {
        let mut ended = Vec::new();
        collect_ended(edit, &mut ended);
        let replaced = replaces_all(edit);
        let mut lives = Lives::new();
        for (id, module) in &patch.modules {
            let Ok(spec) = registry.spec(&module.kind) else { continue };
            let known = self.head.lives.get(id).filter(|_| !replaced && !ended.contains(&id));
            let cells = known.cloned().unwrap_or_else(|| {
                let values = registry.values(module);
                self.next_key += 1;
                Arc::new(Cells::new(self.next_key, spec, &values, self.marks.clone()))
            });
            lives.insert(id.clone(), cells);
        }
        lives
    }

    /// Books an answer. Returns what there is to call, outside the lock.
    pub fn resolve(&mut self, answer: &Answer, registry: &Registry) -> Option<Responder> {
        let at = self.open.iter().position(|o| o.revision == answer.revision())?;
        match answer {
            Answer::Swapped { revision, diagnostics, .. } => {
                let open = self.open.remove(at);
                self.playing = Playing {
                    revision: *revision,
                    patch: open.after.patch,
                    lives: open.after.lives,
                    remarks: diagnostics.as_slice().into(),
                };
                // Older ones are contained in it. Where the answer to one is still on its way, it
                // stays for that alone.
                for older in &mut self.open[..at] {
                    older.sets.clear();
                }
                let mut position = 0;
                self.open.retain(|o| {
                    position += 1;
                    position > at || o.respond.is_some()
                });
                if self.open.is_empty() {
                    self.refusal = None;
                }
                open.respond
            }
            Answer::Superseded { revision } => {
                let respond = self.open[at].respond.take();
                if *revision < self.playing.revision {
                    self.open.remove(at);
                }
                respond
            }
            Answer::Rejected { revision, rejection } => {
                self.refuse(at, Some((*revision, rejection.clone())), registry)
            }
            Answer::TimedOut { .. } => self.refuse(at, None, registry),
        }
    }

    /// Gives up all commits without an answer: their numbers and what there is to call.
    pub fn close(&mut self) -> Vec<(Revision, Responder)> {
        let open = self.open.drain(..);
        open.filter_map(|open| Some((open.revision, open.respond?))).collect()
    }

    /// A commit failed. A program's is taken back, with the programs' commits before it that it
    /// superseded: they were never verified by themselves. The editor's stays, not playing.
    fn refuse(
        &mut self,
        at: usize,
        why: Option<(Revision, Rejection)>,
        registry: &Registry,
    ) -> Option<Responder> {
        let respond = self.open[at].respond.take();
        let newest = at + 1 == self.open.len();
        if self.open[at].client != Client::Remote {
            if newest {
                self.refusal = why;
            }
            return respond;
        }
        let mut first = at;
        while first > 0
            && self.open[first - 1].client == Client::Remote
            && self.open[first - 1].respond.is_none()
        {
            first -= 1;
        }
        if newest {
            let gone: Vec<_> = self.open.drain(first..).collect();
            self.head = gone[0].before.clone();
            self.replay(gone);
            self.keep_turned(registry);
        } else {
            // A newer commit is under way on top of it and will be judged by itself.
            self.open[at].respond = None;
        }
        respond
    }
}

impl Session {
    /// After the document went back: knobs turned since then keep their values, as they sound.
    fn keep_turned(&mut self, registry: &Registry) {
        self.turned.clear();
        for (id, cells) in self.head.lives.iter() {
            let Some(module) = self.head.patch.modules.get(id) else { continue };
            let Ok(spec) = registry.spec(&module.kind) else { continue };
            debug_assert_eq!(spec.kind, module.kind, "documents are spelled out");
            for (p, stored) in registry.values(module).into_iter().enumerate() {
                if cells.get(p) != stored {
                    self.turned.insert((id.clone(), p), cells.get(p));
                }
            }
        }
    }
}

/// Of the step that `history` has just taken back or done again, the edit that goes the other way.
fn opposite(history: &History, back: bool) -> Option<&Edit> {
    if back { history.undone() } else { history.inverse() }
}

/// After `edit` of a step made `patch` out of `before`: macros that the step itself did not move stand
/// where they stood. What it holds of them otherwise is from the time when it was done.
fn keep_macros(patch: &mut Patch, before: &Patch, edit: &Edit, opposite: Option<&Edit>) {
    let (mut there, mut back) = (BTreeMap::new(), BTreeMap::new());
    collect_macros(edit, &mut there);
    opposite.into_iter().for_each(|edit| collect_macros(edit, &mut back));
    for (index, value) in there {
        let moved = back.get(&index).is_some_and(|other| *other != value);
        if let (Some(knob), Some(old)) = (patch.macros.get_mut(&index), before.macros.get(&index))
            && !moved
        {
            knob.value = old.value;
        }
    }
}

/// Where an edit puts macros.
fn collect_macros(edit: &Edit, values: &mut BTreeMap<u8, f32>) {
    match edit {
        Edit::SetMacro { index, knob: Some(knob) } => drop(values.insert(*index, knob.value)),
        Edit::ReplaceAll(patch) => {
            values.extend(patch.macros.iter().map(|(&index, knob)| (index, knob.value)));
        }
        Edit::Batch(edits) => edits.iter().for_each(|edit| collect_macros(edit, values)),
        _ => {}
    }
}

fn replaces_all(edit: &Edit) -> bool {
    match edit {
        Edit::ReplaceAll(_) => true,
        Edit::Batch(edits) => edits.iter().any(replaces_all),
        _ => false,
    }
}

/// Ids of modules whose life an edit ends, even if it starts another one under the same id.
fn collect_ended<'a>(edit: &'a Edit, ended: &mut Vec<&'a ModuleId>) {
    match edit {
        Edit::Delete { id } | Edit::Create { id, .. } => ended.push(id),
        Edit::Batch(edits) => edits.iter().for_each(|e| collect_ended(e, ended)),
        _ => {}
    }
}

/// Params that an edit sets, with the values they have in the end.
fn collect_sets(
    edit: &Edit,
    after: &Patch,
    registry: &Registry,
    sets: &mut BTreeMap<(ModuleId, usize), f32>,
) {
    match edit {
        Edit::SetParam { id, param, .. } | Edit::ResetParam { id, param } => {
            let Some(module) = after.modules.get(id) else { return };
            let Ok(spec) = registry.spec(&module.kind) else { return };
            let Some(p) = spec.param(param) else { return };
            let value = module.params.get(param).copied().unwrap_or(spec.params[p].default);
            sets.insert((id.clone(), p), spec.params[p].clamp(value));
        }
        Edit::Batch(edits) => {
            edits.iter().for_each(|e| collect_sets(e, after, registry, sets));
        }
        _ => {}
    }
}
