//! Presets on disk: the user's folder beside the factory's patches, favourites, and a thread that
//! does all of the reading and writing. Knows patches, and neither an editor nor a host.
#![forbid(unsafe_code)]

mod error;
mod file;
mod folder;
mod library;
mod name;
mod place;
mod settings;
mod shelf;

pub use error::LibraryError;
pub use folder::{Folder, MOST_BYTES, MOST_FILES, Over, Scan};
pub use library::{Done, Library, Order};
pub use name::{file_name, preset_file};
pub use place::{FOLDER_VARIABLE, user_folder};
pub use settings::{Favourites, Settings, WindowLook};
pub use shelf::{Entry, Preset, PresetId, Shelf};
