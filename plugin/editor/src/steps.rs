//! Undo and redo, with the host's macros: the host knows where they stand, so the document takes that
//! over before an edit, and an edit that moves them elsewhere turns them there.

use std::sync::Arc;

use chronus_patch::Patch;

use crate::app::EditorApp;

impl EditorApp {
    /// The document, with the macros where the host has them.
    pub(crate) fn document_now(&self) -> Arc<Patch> {
        self.engine.note_macros(|index| self.host.macro_value(index));
        self.engine.document()
    }

    /// Lets the document take over macros that stand still: while one moves it waits, because it would
    /// be copied in each frame.
    pub(crate) fn follow_macros(&mut self) {
        let patch = self.engine.document();
        let value = |index: &u8| self.host.macro_value(*index);
        let now: Vec<f32> = patch.macros.keys().map(value).collect();
        if std::mem::replace(&mut self.macros_before, now.clone()) == now {
            self.document_now();
        }
    }

    /// Takes the last step of the document back.
    pub(crate) fn undo(&mut self) {
        self.step(true);
    }

    /// Does it again.
    pub(crate) fn redo(&mut self) {
        self.step(false);
    }

    fn step(&mut self, back: bool) {
        self.let_go();
        let before = self.document_now();
        if back {
            self.commits.undo(&self.engine);
        } else {
            self.commits.redo(&self.engine);
        }
        let after = self.engine.document();
        self.turn_macros(&before, &after);
        self.sides.follow(&before, &after, back);
    }

    /// Turns those macros of the host that stand elsewhere in `after`.
    pub(crate) fn turn_macros(&self, before: &Patch, after: &Patch) {
        for (&index, knob) in &after.macros {
            let old = before.macros.get(&index).map(|knob| knob.value);
            if old != Some(knob.value) {
                self.host.begin_macro(index);
                self.host.turn_macro(index, knob.value);
                self.host.end_macro(index);
            }
        }
    }
}
