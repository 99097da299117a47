//! The engine without a host: offline rendering, checking and the module reference behind the
//! `chronus` program, and the OSC remote that the plugin links.
#![forbid(unsafe_code)]

pub mod check;
pub mod notes;
pub mod performance;
pub mod phrase;
pub mod place;
pub mod reference;
pub mod remote;
pub mod render;
pub mod score;
pub mod smf;
pub mod wav;

use std::sync::Arc;

use chronus_engine::Registry;

/// All kinds of the module library.
#[must_use]
pub fn registry() -> Arc<Registry> {
    Arc::new(Registry::new(chronus_modules::KINDS))
}
