//! Stub.
use crate::{Edit, FormatError, ModuleId, Patch, Point};
/// Stub.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Fragment {
    body: Patch,
}
impl Fragment {
    /// Stub.
    #[must_use]
    pub fn copy<'a>(patch: &Patch, ids: impl IntoIterator<Item = &'a ModuleId>) -> Self {
        let _ = (patch, ids.into_iter().count());
        Self::default()
    }
    /// Stub.
    #[must_use]
    pub fn to_json(&self) -> String {
        self.body.to_json()
    }
    /// Stub.
    ///
    /// # Errors
    /// Stub.
    pub fn from_json(text: &str) -> Result<Self, FormatError> {
        Ok(Self { body: Patch::from_json(text)? })
    }
    /// Stub.
    #[must_use]
    pub fn paste_edit(&self, patch: &Patch, offset: Point) -> (Edit, Vec<ModuleId>) {
        let _ = (patch, offset, &self.body);
        (Edit::Batch(Vec::new()), Vec::new())
    }
}
