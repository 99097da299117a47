//! What there is to choose from, as a list to be shown.

use chronus_patch::Patch;

use crate::{Favourites, WindowLook};

/// A patch that comes with the product.
#[derive(Clone, Copy, Debug)]
pub struct Preset {
    /// Shown in the list.
    pub name: &'static str,
    /// The document.
    pub json: &'static str,
}

/// Which preset.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum PresetId {
    /// One that comes with the product, by its name.
    Factory(&'static str),
    /// One in the user's folder, by the name of its file.
    User(String),
}

impl PresetId {
    /// As settings hold it: "factory/Warm Poly", "user/Pad.chronus.json".
    pub(crate) fn key(&self) -> String {
        match self {
            Self::Factory(name) => format!("factory/{name}"),
            Self::User(file) => format!("user/{file}"),
        }
    }
}

/// One preset of the list.
#[derive(Clone, Debug, PartialEq)]
pub struct Entry {
    /// Which.
    pub id: PresetId,
    /// What it is called: as its file is.
    pub name: String,
    /// Its notes.
    pub notes: String,
    /// Words to find it by.
    pub tags: Vec<String>,
    /// Why it cannot be loaded.
    pub fault: Option<String>,
}

impl Entry {
    pub(crate) fn new(id: PresetId, name: &str, read: Result<Patch, String>) -> Self {
        let (patch, fault) = match read {
            Ok(patch) => (patch, None),
            Err(fault) => (Patch::default(), Some(fault)),
        };
        Self { id, name: name.to_owned(), notes: patch.notes, tags: patch.tags, fault }
    }
}

/// All presets: the factory's in its order, then the user's by name.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Shelf {
    /// The presets.
    pub entries: Vec<Entry>,
    /// What is marked.
    pub favourites: Favourites,
    /// How windows are to look, if a user has said so.
    pub look: Option<WindowLook>,
    /// What is wrong with the folder or the settings as a whole.
    pub remark: Option<String>,
}
