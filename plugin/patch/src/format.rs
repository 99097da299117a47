//! The JSON format of patches: version 1, errors that name the place, fields of newer versions kept.

pub mod cable_list;
mod migrate;
mod place;
mod read;
mod text;

use serde::Serialize;
use thiserror::Error;

use crate::{Patch, View};

pub use place::Place;
pub use text::{ColourError, PortRefError};

pub(crate) use read::read;

/// The version of the format that this crate writes, and the newest it reads.
pub const FORMAT_VERSION: u32 = 1;

/// First field of a patch file.
pub(crate) const PATCH: &str = "chronus patch";

/// Why a text is no patch.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum FormatError {
    /// JSON of something else.
    #[error("this is no {expected}: its `kind` must say \"{expected}\", and says {found}")]
    Kind {
        /// What was to be read.
        expected: &'static str,
        /// What `kind` says, as JSON, or that it is missing.
        found: String,
    },
    /// A version to come.
    #[error(
        "made by a newer Chronus (format {0}, this one reads up to {FORMAT_VERSION}): update Chronus"
    )]
    Newer(u64),
    /// Not JSON (a truncated file, for one), a duplicate key, or a value that means nothing.
    #[error("{place}: {message}")]
    At {
        /// Where.
        place: Place,
        /// What is wrong there.
        message: String,
    },
    /// An older file that could not be brought up to date.
    #[error("could not bring format {from} up to date: {message}")]
    Migration {
        /// The version of the file.
        from: u32,
        /// What went wrong.
        message: String,
    },
}

/// A patch as it stands in a file. `kind` and `format` come first and the view last.
#[derive(Serialize)]
pub(crate) struct Document<'a> {
    kind: &'static str,
    format: u32,
    #[serde(flatten)]
    patch: &'a Patch,
    #[serde(skip_serializing_if = "Option::is_none")]
    view: Option<&'a View>,
}

impl<'a> Document<'a> {
    pub(crate) fn new(patch: &'a Patch, view: Option<&'a View>) -> Self {
        Self { kind: PATCH, format: FORMAT_VERSION, patch, view }
    }
}

impl Patch {
    /// The patch as JSON: indented by two spaces, in a stable order, ending with a newline. Numbers
    /// are as short as they can be and read back exactly; all of them are finite in a sound patch
    /// ([`validate`](Self::validate)), and JSON could hold no others.
    #[must_use]
    pub fn to_json(&self) -> String {
        pretty(&Document::new(self, None))
    }

    /// As [`to_json`](Self::to_json), with what the editor shows of it.
    #[must_use]
    pub fn to_json_with_view(&self, view: &View) -> String {
        pretty(&Document::new(self, Some(view)))
    }

    /// Reads a patch; a view in the text is left out. Cycles without a delay are given one
    /// ([`mark_cycles`](Self::mark_cycles)), and the patch is sound
    /// ([`validate`](Self::validate)).
    ///
    /// # Errors
    /// With the place, unless the text is of another kind or version altogether.
    pub fn from_json(text: &str) -> Result<Self, FormatError> {
        read(text, PATCH).map(|(patch, _)| patch)
    }

    /// As [`from_json`](Self::from_json), with the view; the default one when the text has none.
    ///
    /// # Errors
    /// As [`from_json`](Self::from_json), and when the view cannot be read.
    pub fn from_json_with_view(text: &str) -> Result<(Self, View), FormatError> {
        read(text, PATCH)
    }
}

/// `value` as indented JSON.
pub(crate) fn pretty(value: &impl Serialize) -> String {
    // PANIC: every map of the document has keys that JSON can hold, and writing to memory works.
    let mut text = serde_json::to_string_pretty(value).expect("a document is JSON");
    text.push('\n');
    text
}
