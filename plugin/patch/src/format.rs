//! Stub.
pub mod cable_list;
mod text;

pub use text::{ColourError, PortRefError};

use crate::{Patch, View};

/// Stub.
pub const FORMAT_VERSION: u32 = 1;

/// Stub.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum FormatError {
    /// Stub.
    #[error("stub: {0}")]
    Stub(String),
}

impl Patch {
    /// Stub.
    #[must_use]
    pub fn to_json(&self) -> String {
        serde_json::to_string_pretty(self).unwrap_or_default() + "\n"
    }
    /// Stub.
    #[must_use]
    pub fn to_json_with_view(&self, view: &View) -> String {
        let _ = view;
        self.to_json()
    }
    /// Stub.
    ///
    /// # Errors
    /// Stub.
    pub fn from_json(text: &str) -> Result<Self, FormatError> {
        serde_json::from_str(text).map_err(|e| FormatError::Stub(e.to_string()))
    }
    /// Stub.
    ///
    /// # Errors
    /// Stub.
    pub fn from_json_with_view(text: &str) -> Result<(Self, View), FormatError> {
        Ok((Self::from_json(text)?, View::default()))
    }
}
