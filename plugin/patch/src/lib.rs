//! The document of Chronus: modules, cables, values, layout, macros and scenes as plain data, the
//! edits that change it, their history, and its JSON format. No audio, no module specs.
#![forbid(unsafe_code)]

mod check;
pub mod chunk;
mod diff;
mod document;
mod edit;
mod format;
mod fragment;
mod history;
mod id;
mod wiring;

pub use check::InvalidPatch;
pub use document::{
    Asset, AssetKind, Binding, BindingCurve, Bus, BusDirection, Cable, Colour, Comment, Frame,
    Group, MacroKnob, MidiLearn, Module, ModuleWidth, Patch, Point, PortRef, Scene, SceneModule,
    Size, Tuning, Unknown, View, VoiceMode, VoiceSettings,
};
pub use edit::{Edit, EditError, Edited};
pub use format::{ColourError, FORMAT_VERSION, FormatError, Place, PortRefError};
pub use fragment::{Fragment, Pasted};
pub use history::{Gesture, History};
pub use id::{CableId, IdError, ModuleId};
