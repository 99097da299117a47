//! What is done to the document without a commit (layout, texts, knobs, and undo of those), and done
//! again when a program's commit before it is taken back.

use std::sync::Arc;

use chronus_patch::{Edit, EditError, Gesture, Patch};

use super::{Client, Open, Session, keep_macros, opposite};

/// Something done to the document without a commit.
pub(super) enum Quiet {
    Edit(Box<Edit>, Option<Gesture>),
    /// An undo or a redo.
    Step {
        back: bool,
    },
}

/// A step that was in the history before documents went back.
#[derive(Clone, Copy)]
struct Past {
    /// Whose it was, and whose it is.
    gesture: Option<(Gesture, Gesture)>,
    /// It is in the history again.
    here: bool,
}

impl Past {
    /// One that went with the documents.
    const GONE: Self = Self { gesture: None, here: false };
}

impl Session {
    /// Does an edit of the document alone; true when that changed anything.
    pub(super) fn edit_quietly(
        &mut self,
        edit: Edit,
        gesture: Option<Gesture>,
    ) -> Result<bool, EditError> {
        let label = edit.describe(&self.head.patch);
        let edited = Arc::make_mut(&mut self.head.patch).apply(&edit)?;
        if !edited.changed {
            return Ok(false);
        }
        self.note_quiet(|| Quiet::Edit(edit.clone().into(), gesture));
        let history = &mut self.head.history;
        match gesture {
            Some(gesture) => history.push_in(gesture, edit, edited.inverse, label),
            None => history.push(edit, edited.inverse, label),
        }
        Ok(true)
    }

    /// Undoes or redoes one quiet step in the document alone. The edit that was done; none when the
    /// step is of another sort.
    pub(super) fn step_document(&mut self, back: bool) -> Option<Edit> {
        let mut history = self.head.history.clone();
        let edit = if back { history.undo() } else { history.redo() };
        let edit = edit.filter(|edit| edit.is_value() || edit.is_silent())?;
        let mut patch = (*self.head.patch).clone();
        patch.apply(&edit).ok()?;
        keep_macros(&mut patch, &self.head.patch, &edit, opposite(&history, back));
        self.head.history = history;
        self.head.patch = Arc::new(patch);
        self.note_quiet(|| Quiet::Step { back });
        Some(edit)
    }

    /// Only a program's commit is ever taken back.
    fn note_quiet(&mut self, quiet: impl FnOnce() -> Quiet) {
        if let Some(open) = self.open.last_mut().filter(|open| open.client == Client::Remote) {
            open.meanwhile.push(quiet());
        }
    }

    /// After the document went back to where it was before commits: does again what was done to it
    /// since then, where that still means something. What was about a module that went with the
    /// commits does not, nor does the undo of it; nor anything done to another document.
    pub(super) fn replay(&mut self, gone: Vec<Open>) {
        let (mut done, mut undone): (Vec<Past>, Vec<Past>) = (Vec::new(), Vec::new());
        let mut loaded = false;
        for open in gone {
            loaded |= open.loads;
            if open.after.history != open.before.history {
                done.push(Past::GONE);
                undone.clear();
            }
            for quiet in open.meanwhile {
                match quiet {
                    Quiet::Edit(edit, gesture) => {
                        undone.clear();
                        self.edit_again(&mut done, *edit, gesture, loaded);
                    }
                    Quiet::Step { back: true } => self.step_again(true, &mut done, &mut undone),
                    Quiet::Step { back: false } => self.step_again(false, &mut undone, &mut done),
                }
            }
        }
    }

    fn edit_again(
        &mut self,
        done: &mut Vec<Past>,
        edit: Edit,
        gesture: Option<Gesture>,
        loaded: bool,
    ) {
        let goes_on = |past: &&Past| gesture.is_some() && past.gesture.map(|g| g.0) == gesture;
        let known = done.last().filter(goes_on).copied();
        let past = known.unwrap_or_else(|| {
            // Of a gesture that a commit had split, this part stays a step of its own.
            let split = |g| if self.head.history.goes_on(g) { Gesture::begin() } else { g };
            Past { gesture: gesture.map(|g| (g, split(g))), here: false }
        });
        let possible = if loaded { None } else { possible(&self.head.patch, edit) };
        let gesture = past.gesture.map(|g| g.1);
        let changed = possible.is_some_and(|edit| self.edit_quietly(edit, gesture) == Ok(true));
        if known.is_some() {
            done.pop();
        }
        done.push(Past { here: past.here || changed, ..past });
    }

    fn step_again(&mut self, back: bool, from: &mut Vec<Past>, to: &mut Vec<Past>) {
        // What lies before the commits is there as it was.
        let past = from.pop().unwrap_or(Past { gesture: None, here: true });
        let here = past.here && self.step_document(back).is_some();
        to.push(Past { here, ..past });
    }
}

/// As much of `edit` as can be done to `patch`: a batch may hold what was about modules that are gone.
fn possible(patch: &Patch, edit: Edit) -> Option<Edit> {
    let mut patch = patch.clone();
    let mut all = edit.into_list();
    all.retain(|edit| patch.apply(edit).is_ok());
    (!all.is_empty()).then(|| Edit::all(all))
}
