//! What is done to the document without a commit (layout, texts, knobs, and undo of those), and done
//! again when a commit before it is taken back.

use std::sync::Arc;

use chronus_patch::{Edit, EditError, Gesture};

use super::{Open, Session, keep_macros, opposite};

/// Something done to the document without a commit.
pub(super) enum Quiet {
    Edit(Box<Edit>, Option<Gesture>),
    /// An undo or a redo.
    Step {
        back: bool,
    },
}

/// A step of the history as it was before documents went back.
struct Past {
    gesture: Option<Gesture>,
    /// It is in the history now.
    here: bool,
}

impl Session {
    /// Does an edit of the document alone.
    pub(super) fn edit_quietly(
        &mut self,
        edit: Edit,
        gesture: Option<Gesture>,
    ) -> Result<(), EditError> {
        let label = edit.describe(&self.head.patch);
        let edited = Arc::make_mut(&mut self.head.patch).apply(&edit)?;
        if !edited.changed {
            return Ok(());
        }
        if let Some(open) = self.open.last_mut() {
            open.meanwhile.push(Quiet::Edit(edit.clone().into(), gesture));
        }
        let history = &mut self.head.history;
        match gesture {
            Some(gesture) => history.push_in(gesture, edit, edited.inverse, label),
            None => history.push(edit, edited.inverse, label),
        }
        Ok(())
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
        if let Some(open) = self.open.last_mut() {
            open.meanwhile.push(Quiet::Step { back });
        }
        Some(edit)
    }

    /// After the document went back to where it was before commits: does again what was done to it
    /// since then, where that still means something. What was about a module that went with the
    /// commits does not, nor does the undo of it.
    pub(super) fn replay(&mut self, gone: Vec<Open>) {
        let (mut done, mut undone): (Vec<Past>, Vec<Past>) = (Vec::new(), Vec::new());
        for open in gone {
            if open.after.history != open.before.history {
                done.push(Past { gesture: None, here: false });
            }
            for quiet in open.meanwhile {
                match quiet {
                    Quiet::Edit(edit, gesture) => {
                        undone.clear();
                        let here = self.edit_quietly(*edit, gesture).is_ok();
                        match done.last_mut() {
                            Some(last) if gesture.is_some() && last.gesture == gesture => {
                                last.here |= here;
                            }
                            _ => done.push(Past { gesture, here }),
                        }
                    }
                    Quiet::Step { back } => {
                        let (from, to) =
                            if back { (&mut done, &mut undone) } else { (&mut undone, &mut done) };
                        let past = from.pop().unwrap_or(Past { gesture: None, here: true });
                        if past.here {
                            self.step_document(back);
                        }
                        // A step taken back or done again is no part of a gesture that goes on.
                        to.push(Past { gesture: None, ..past });
                    }
                }
            }
        }
    }
}
