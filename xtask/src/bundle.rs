//! Laying out the plugin's library as CLAP and VST3 bundles, and installing them.

use std::path::{Path, PathBuf};

use crate::run::{Failure, cargo};
use crate::workspace::Workspace;

/// The package that is bundled.
const PACKAGE: &str = "chronus-plugin";

/// Builds the release plugin and lays it out in `target/bundled`.
pub fn bundle(workspace: &Workspace) -> Result<(), Failure> {
    cargo(["build", "--release", "-p", PACKAGE]).run()?;
    let prefix = std::env::consts::DLL_PREFIX;
    let library = format!("{prefix}chronus{}", std::env::consts::DLL_SUFFIX);
    let library = workspace.target.join("release").join(library);
    let name = shown_name(workspace)?;
    lay_out(&library, &workspace.clap(), &name, Format::Clap)?;
    lay_out(&library, &workspace.vst3(), &name, Format::Vst3)?;
    println!("bundled {} and {}", workspace.clap().display(), workspace.vst3().display());
    Ok(())
}

/// Bundles, and copies both bundles to the user's plugin folders.
pub fn install(workspace: &Workspace) -> Result<(), Failure> {
    bundle(workspace)?;
    for (bundle, folder) in [(workspace.clap(), "CLAP"), (workspace.vst3(), "VST3")] {
        let place = user_folder(folder)?.join(bundle.file_name().unwrap_or_default());
        replace(&bundle, &place)?;
        println!("installed {}", place.display());
    }
    Ok(())
}

/// `name` of the package in `bundler.toml`, which people see where a bundle carries a name.
fn shown_name(workspace: &Workspace) -> Result<String, Failure> {
    let path = workspace.root.join("bundler.toml");
    let text = std::fs::read_to_string(&path).map_err(|e| Failure::file(&path, &e))?;
    let table: toml::Table =
        text.parse().map_err(|e| Failure::Other(format!("{}: {e}", path.display())))?;
    let name = table.get(PACKAGE).and_then(|p| p.get("name")).and_then(toml::Value::as_str);
    name.map(str::to_owned)
        .ok_or_else(|| Failure::Other(format!("{}: `{PACKAGE}.name` is missing", path.display())))
}

#[derive(Clone, Copy, PartialEq)]
enum Format {
    Clap,
    Vst3,
}

/// Puts `library` into a bundle at `place`, as the format wants it on this system.
fn lay_out(library: &Path, place: &Path, name: &str, format: Format) -> Result<(), Failure> {
    let machine = std::env::consts::ARCH;
    let inside = match (std::env::consts::OS, format) {
        ("macos", _) => Some("Contents/MacOS/chronus".into()),
        (_, Format::Clap) => None,
        ("windows", Format::Vst3) => {
            let machine = if machine == "aarch64" { "arm64" } else { machine };
            Some(format!("Contents/{machine}-win/chronus.vst3"))
        }
        (system, Format::Vst3) => Some(format!("Contents/{machine}-{system}/chronus.so")),
    };
    remove(place)?;
    let file = inside.map_or_else(|| place.to_path_buf(), |inside: String| place.join(inside));
    copy(library, &file)?;
    if cfg!(target_os = "macos") {
        write(&place.join("Contents/PkgInfo"), "BNDL????")?;
        write(&place.join("Contents/Info.plist"), &property_list(name))?;
    }
    Ok(())
}

fn property_list(name: &str) -> String {
    let version = env!("CARGO_PKG_VERSION");
    let pairs = [
        ("CFBundleExecutable", "chronus"),
        ("CFBundleName", name),
        ("CFBundleDisplayName", name),
        ("CFBundleIdentifier", "audio.chronus.chronus"),
        ("CFBundlePackageType", "BNDL"),
        ("CFBundleSignature", "????"),
        ("CFBundleShortVersionString", version),
        ("CFBundleVersion", version),
    ];
    let body: String =
        pairs.iter().map(|(k, v)| format!("<key>{k}</key><string>{v}</string>\n")).collect();
    format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<!DOCTYPE plist PUBLIC \
         \"-//Apple//DTD PLIST 1.0//EN\" \"http://www.apple.com/DTDs/PropertyList-1.0.dtd\">\n\
         <plist version=\"1.0\"><dict>\n{body}</dict></plist>\n"
    )
}

/// Where this system keeps the user's own plugins.
fn user_folder(format: &str) -> Result<PathBuf, Failure> {
    let home = |name: &str| {
        let value = std::env::var_os(name);
        value.map(PathBuf::from).ok_or_else(|| Failure::Other(format!("${name} is not set")))
    };
    Ok(match std::env::consts::OS {
        "macos" => home("HOME")?.join("Library/Audio/Plug-Ins").join(format),
        "windows" => home("LOCALAPPDATA")?.join("Programs/Common").join(format),
        _ => home("HOME")?.join(format!(".{}", format.to_lowercase())),
    })
}

/// Puts the file or folder `from` at `to`. What was there is moved away first and not written
/// over, so that a host that has it loaded plays on.
fn replace(from: &Path, to: &Path) -> Result<(), Failure> {
    let fresh = to.with_extension("new");
    remove(&fresh)?;
    copy_all(from, &fresh)?;
    remove(to)?;
    std::fs::rename(&fresh, to).map_err(|e| Failure::file(to, &e))
}

fn copy_all(from: &Path, to: &Path) -> Result<(), Failure> {
    if !from.is_dir() {
        return copy(from, to);
    }
    let entries = std::fs::read_dir(from).map_err(|e| Failure::file(from, &e))?;
    for entry in entries.filter_map(Result::ok) {
        copy_all(&entry.path(), &to.join(entry.file_name()))?;
    }
    Ok(())
}

fn copy(from: &Path, to: &Path) -> Result<(), Failure> {
    make_parent(to)?;
    std::fs::copy(from, to).map(|_| ()).map_err(|e| Failure::file(from, &e))
}

fn write(to: &Path, text: &str) -> Result<(), Failure> {
    make_parent(to)?;
    std::fs::write(to, text).map_err(|e| Failure::file(to, &e))
}

fn make_parent(of: &Path) -> Result<(), Failure> {
    let Some(parent) = of.parent() else { return Ok(()) };
    std::fs::create_dir_all(parent).map_err(|e| Failure::file(parent, &e))
}

fn remove(path: &Path) -> Result<(), Failure> {
    let removed = if path.is_dir() {
        std::fs::remove_dir_all(path)
    } else if path.exists() {
        std::fs::remove_file(path)
    } else {
        Ok(())
    };
    removed.map_err(|e| Failure::file(path, &e))
}
