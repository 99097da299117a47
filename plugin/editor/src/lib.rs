//! The editor: everything the document can, over any engine and any host. Knows egui, but no plugin
//! framework.
#![forbid(unsafe_code)]

mod app;
mod bar;
mod bind;
mod browser;
mod canvas;
mod commits;
mod document;
mod host;
mod knob;
mod live;
mod macros;
mod modules;
mod ports;
mod settings;
mod status;
mod theme;
mod words;

pub use app::EditorApp;
pub use host::{Host, Preset};
