//! Links the `rt_host` program with the toolchain's RealtimeSanitizer, where the toolchain has one.

use std::path::{Path, PathBuf};
use std::process::Command;

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rustc-check-cfg=cfg(chronus_rtsan)");
    let target = std::env::var("TARGET").unwrap_or_default();
    let Some(archive) = archive(&target) else { return };
    // The whole archive, since nothing calls its interceptors by name; in the dynamic symbol table,
    // so that the plugin's malloc, free and system calls are intercepted as well.
    for argument in [
        "-Wl,--whole-archive".into(),
        archive.display().to_string(),
        "-Wl,--no-whole-archive".into(),
        "-Wl,--export-dynamic".into(),
    ] {
        println!("cargo::rustc-link-arg-bin=rt_host={argument}");
    }
    println!("cargo::rustc-cfg=chronus_rtsan");
}

/// The sanitizer's archive for `target`, if this toolchain ships it.
fn archive(target: &str) -> Option<PathBuf> {
    let rustc = std::env::var_os("RUSTC")?;
    let output = Command::new(rustc).args(["--print", "sysroot"]).output().ok()?;
    let sysroot = String::from_utf8(output.stdout).ok()?;
    let folder = Path::new(sysroot.trim()).join("lib/rustlib").join(target).join("lib");
    let mut entries = std::fs::read_dir(folder).ok()?.filter_map(Result::ok).map(|e| e.path());
    entries.find(|path| {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        name.starts_with("librustc") && name.ends_with("_rt.rtsan.a")
    })
}
