//! Where things are: the workspace, its target folder, its packages' sources.

use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

use crate::run::Failure;

/// What `cargo metadata` says.
pub struct Workspace {
    /// Folder of the workspace's manifest.
    pub root: PathBuf,
    /// Where cargo builds.
    pub target: PathBuf,
    packages: Value,
}

impl Workspace {
    /// Asks cargo.
    pub fn find() -> Result<Self, Failure> {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
        let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
        let output = Command::new(cargo)
            .args(["metadata", "--format-version", "1"])
            .current_dir(&root)
            .output()
            .map_err(|e| Failure::Other(format!("cargo metadata: {e}")))?;
        if !output.status.success() {
            let text = String::from_utf8_lossy(&output.stderr).into_owned();
            return Err(Failure::Other(format!("cargo metadata: {text}")));
        }
        let mut metadata: Value = serde_json::from_slice(&output.stdout)
            .map_err(|e| Failure::Other(format!("cargo metadata: {e}")))?;
        let folder = |key: &str| metadata[key].as_str().unwrap_or_default().into();
        let (root, target) = (folder("workspace_root"), folder("target_directory"));
        Ok(Self { root, target, packages: metadata["packages"].take() })
    }

    /// Folder of the sources of package `name`, a dependency of the workspace.
    pub fn source(&self, name: &str) -> Result<PathBuf, Failure> {
        let packages = self.packages.as_array().into_iter().flatten();
        let manifest = packages
            .filter(|package| package["name"] == name)
            .find_map(|package| package["manifest_path"].as_str());
        let folder = manifest.and_then(|path| Path::new(path).parent());
        folder.map(Path::to_path_buf).ok_or_else(|| {
            Failure::Other(format!("the workspace does not depend on the package `{name}`"))
        })
    }

    /// A program built with the release profile.
    pub fn release(&self, name: &str) -> PathBuf {
        self.target.join("release").join(format!("{name}{}", std::env::consts::EXE_SUFFIX))
    }

    /// Where bundles are laid out.
    pub fn bundled(&self) -> PathBuf {
        self.target.join("bundled")
    }

    /// The CLAP bundle.
    pub fn clap(&self) -> PathBuf {
        self.bundled().join("chronus.clap")
    }

    /// The VST3 bundle.
    pub fn vst3(&self) -> PathBuf {
        self.bundled().join("chronus.vst3")
    }
}
