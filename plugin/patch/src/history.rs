//! Stub.
use crate::Edit;
/// Stub.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Gesture(u64);
/// Stub.
#[derive(Clone, Debug, Default)]
pub struct History {
    next: u64,
}
impl History {
    /// Stub.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }
    /// Stub.
    pub fn push(&mut self, edit: Edit, inverse: Edit, label: impl Into<String>) {
        let _ = (edit, inverse, label.into());
    }
    /// Stub.
    pub fn begin_gesture(&mut self) -> Gesture {
        self.next += 1;
        Gesture(self.next)
    }
    /// Stub.
    pub fn push_in(&mut self, gesture: Gesture, edit: Edit, inverse: Edit, label: impl Into<String>) {
        let _ = (gesture, edit, inverse, label.into());
    }
    /// Stub.
    pub fn undo(&mut self) -> Option<Edit> {
        None
    }
    /// Stub.
    pub fn redo(&mut self) -> Option<Edit> {
        None
    }
    /// Stub.
    #[must_use]
    pub fn can_undo(&self) -> bool {
        false
    }
    /// Stub.
    #[must_use]
    pub fn can_redo(&self) -> bool {
        false
    }
    /// Stub.
    #[must_use]
    pub fn undo_label(&self) -> Option<&str> {
        None
    }
    /// Stub.
    #[must_use]
    pub fn redo_label(&self) -> Option<&str> {
        None
    }
}
