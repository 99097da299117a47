//! Stable identities: they never change while a module or cable lives. One that was deleted may come
//! back for another: what lived on between two documents is told by the edits between them (for a
//! module) or by the same ends (for a cable).

use std::sync::Arc;

use serde::{Deserialize, Serialize};
use thiserror::Error;

/// Identity of a module: its id in file and OSC. 1..=64 characters of `a-z A-Z 0-9 _ -`, in parts
/// joined by `/` for groups (`g1/osc1`). Cheap to clone.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct ModuleId(Arc<str>);

/// Why a text is no id.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error(
    "`{0}` is no module id: use 1 to 64 of the characters a-z A-Z 0-9 _ - (and / between groups)"
)]
pub struct IdError(pub String);

impl ModuleId {
    /// The id `text`.
    ///
    /// # Errors
    /// When `text` is empty, longer than 64 characters or has other characters than an id may.
    pub fn new(text: &str) -> Result<Self, IdError> {
        let part_ok = |part: &str| {
            !part.is_empty()
                && part.chars().all(|c| c.is_ascii_alphanumeric() || c == '_' || c == '-')
        };
        if text.len() <= 64 && text.split('/').all(part_ok) {
            Ok(Self(text.into()))
        } else {
            Err(IdError(text.chars().take(80).collect()))
        }
    }

    /// The id as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl std::fmt::Display for ModuleId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

impl TryFrom<String> for ModuleId {
    type Error = IdError;

    fn try_from(text: String) -> Result<Self, IdError> {
        Self::new(&text)
    }
}

impl std::str::FromStr for ModuleId {
    type Err = IdError;

    fn from_str(text: &str) -> Result<Self, IdError> {
        Self::new(text)
    }
}

impl From<ModuleId> for String {
    fn from(id: ModuleId) -> Self {
        id.0.to_string()
    }
}

/// Identity of a cable. Inputs sum their cables in this order.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(transparent)]
pub struct CableId(pub u32);

impl std::fmt::Display for CableId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}", self.0)
    }
}
