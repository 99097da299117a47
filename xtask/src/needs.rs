//! What a task needs beside Rust, found out before anything is built: installed where that may be
//! done without asking, else named in one line that does it.

use std::path::{Path, PathBuf};

use crate::run::{Failure, program};

/// Something that has to be installed.
pub struct Need {
    /// The Debian package that brings it.
    package: &'static str,
    /// How to tell that it is there.
    sign: Sign,
}

enum Sign {
    /// A program on the path.
    Program(&'static str),
    /// A shared library that the loader finds.
    Library(&'static str),
    /// A Python module.
    Python(&'static str),
    /// A file under one of the library folders.
    File(&'static str),
}

const fn need(package: &'static str, sign: Sign) -> Need {
    Need { package, sign }
}

/// To build the plugin.
pub const BUILD: &[Need] = &[
    need("gcc", Sign::Program("gcc")),
    need("g++", Sign::Program("g++")),
    need("pkg-config", Sign::Program("pkg-config")),
];

/// To run the VST3 in a Python host.
pub const PYTHON: &[Need] =
    &[need("python3", Sign::Program("python3")), need("python3-venv", Sign::Python("ensurepip"))];

/// To open the editor without a screen.
pub const DISPLAY: &[Need] = &[
    need("xvfb", Sign::Program("Xvfb")),
    need("libgl1", Sign::Library("libGL.so.1")),
    need("libgl1-mesa-dri", Sign::File("dri/swrast_dri.so")),
    need("libx11-6", Sign::Library("libX11.so.6")),
    need("libx11-xcb1", Sign::Library("libX11-xcb.so.1")),
    need("libxcursor1", Sign::Library("libXcursor.so.1")),
    need("libxkbcommon-x11-0", Sign::Library("libxkbcommon-x11.so.0")),
];

/// To draw the editor without a graphics card.
pub const PICTURES: &[Need] = &[
    need("libvulkan1", Sign::Library("libvulkan.so.1")),
    need("mesa-vulkan-drivers", Sign::File("libvulkan_lvp.so")),
];

impl Need {
    fn is_there(&self) -> bool {
        match self.sign {
            Sign::Program(name) => on_path(name).is_some(),
            Sign::Library(name) => {
                let known = program(ldconfig()).arg("-p").output();
                known.is_ok_and(|text| text.contains(name))
            }
            Sign::Python(module) => {
                on_path("python3").is_some()
                    && program("python3").args(["-c", &format!("import {module}")]).output().is_ok()
            }
            Sign::File(path) => library_folders().iter().any(|folder| folder.join(path).exists()),
        }
    }
}

/// Sees to it that all `needs` are met.
///
/// On Linux, as root with apt, what is missing is installed. Elsewhere the error says what to type.
pub fn provide<'a>(needs: impl IntoIterator<Item = &'a Need>) -> Result<(), Failure> {
    if !cfg!(target_os = "linux") {
        return Ok(());
    }
    let missing = needs.into_iter().filter(|need| !need.is_there());
    let mut missing: Vec<&Need> = missing.collect();
    missing.dedup_by_key(|need| need.package);
    if missing.is_empty() {
        return Ok(());
    }
    let packages: Vec<&str> = missing.iter().map(|need| need.package).collect();
    let line = format!("apt-get install -y --no-install-recommends {}", packages.join(" "));
    if !is_root() || on_path("apt-get").is_none() {
        return Err(Failure::Missing(format!("install first what is missing:\n  sudo {line}")));
    }
    println!("missing, so installed now: {}", packages.join(" "));
    // The list of packages may be empty or stale; a failure shows at the installation.
    let _ = program("apt-get").args(["update", "-qq"]).output();
    let install = program("apt-get").env("DEBIAN_FRONTEND", "noninteractive");
    let args = ["install", "-y", "-qq", "--no-install-recommends"];
    install.args(args).args(&packages).output()?;
    match missing.iter().find(|need| !need.is_there()) {
        None => Ok(()),
        Some(need) => Err(Failure::Missing(format!(
            "`{}` was installed, but what it should bring is still not found",
            need.package
        ))),
    }
}

/// A program on the path.
pub fn on_path(name: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH")?;
    std::env::split_paths(&path).map(|folder| folder.join(name)).find(|file| file.is_file())
}

/// Not always on the path of who is not root.
fn ldconfig() -> PathBuf {
    on_path("ldconfig").unwrap_or_else(|| "/sbin/ldconfig".into())
}

fn library_folders() -> Vec<PathBuf> {
    let machine = format!("/usr/lib/{}-linux-gnu", std::env::consts::ARCH);
    [machine.as_str(), "/usr/lib64", "/usr/lib"].map(|f| Path::new(f).into()).into()
}

fn is_root() -> bool {
    program("id").arg("-u").output().is_ok_and(|text| text.trim() == "0")
}
