//! Loading a `.clap` bundle.

use std::path::{Path, PathBuf};

use clack_host::prelude::{HostInfo, PluginEntry};
use thiserror::Error;

use super::Instance;

/// Why hosting failed.
#[derive(Debug, Error)]
pub enum HostError {
    /// The bundle is not there.
    #[error("there is no bundle at {0}: run `cargo xtask bundle` first")]
    Missing(PathBuf),
    /// The library would not load.
    #[error("{path} would not load: {text}")]
    Load {
        /// The bundle.
        path: PathBuf,
        /// What the loader says.
        text: String,
    },
    /// The library holds no plugin.
    #[error("{0} holds no plugin")]
    Empty(PathBuf),
    /// The plugin refused a step of its life.
    #[error("the plugin refused to {step}: {text}")]
    Refused {
        /// What it was asked to do.
        step: &'static str,
        /// What it says.
        text: String,
    },
    /// The plugin lacks an extension that the host needs.
    #[error("the plugin has no `{0}` extension")]
    Lacks(&'static str),
}

/// A loaded `.clap`; unloaded when it and all its instances are dropped.
pub struct Bundle {
    entry: PluginEntry,
    path: PathBuf,
    id: std::ffi::CString,
    name: String,
}

impl Bundle {
    /// Loads the bundle at `path`.
    ///
    /// # Errors
    /// When it is not there, does not load, or holds no plugin.
    pub fn load(path: &Path) -> Result<Self, HostError> {
        if !path.exists() {
            return Err(HostError::Missing(path.into()));
        }
        // SAFETY: the bundle is the one built from this workspace; its initialisers may run here.
        let entry = unsafe { PluginEntry::load(path) };
        let entry =
            entry.map_err(|e| HostError::Load { path: path.into(), text: e.to_string() })?;
        let found = entry.get_plugin_factory().and_then(|factory| {
            let descriptor = factory.plugin_descriptors().next()?;
            let name = descriptor.name().unwrap_or_default().to_string_lossy().into_owned();
            Some((descriptor.id()?.to_owned(), name))
        });
        let (id, name) = found.ok_or_else(|| HostError::Empty(path.into()))?;
        Ok(Self { entry, path: path.into(), id, name })
    }

    /// The bundle that tests are to use: `$CHRONUS_CLAP`, as `cargo xtask` sets it, else the place
    /// where `cargo xtask bundle` puts it.
    #[must_use]
    pub fn default_path() -> PathBuf {
        let placed = concat!(env!("CARGO_MANIFEST_DIR"), "/../target/bundled/chronus.clap");
        std::env::var_os("CHRONUS_CLAP").map_or_else(|| placed.into(), PathBuf::from)
    }

    /// Where it was loaded from.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The plugin's name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// A new instance of its plugin.
    ///
    /// # Errors
    /// When the plugin refuses.
    pub fn instance(&self) -> Result<Instance, HostError> {
        let refused = |text: String| HostError::Refused { step: "be created", text };
        let info = HostInfo::new("Chronus tests", "Chronus", env!("CARGO_PKG_REPOSITORY"), "1")
            .map_err(|e| refused(e.to_string()))?;
        Instance::new(&self.entry, &self.id, &info)
    }
}
