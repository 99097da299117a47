//! The editor: everything the document can, over any engine and any host. Knows egui, but no plugin
//! framework.
#![forbid(unsafe_code)]

mod app;
mod bar;
mod bind;
mod browser;
mod canvas;
mod commits;
mod deeds;
mod document;
mod host;
mod icons;
mod knob;
mod live;
mod loads;
mod look;
mod macros;
mod modules;
mod palette;
mod picker;
mod ports;
mod presets;
mod scenes;
mod settings;
mod stats;
mod status;
mod steps;
mod theme;
mod typing;
mod warm;
mod words;

pub use app::EditorApp;
pub use chronus_library::Preset;
pub use host::Host;
