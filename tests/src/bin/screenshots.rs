//! Pictures of the editor's main views, at 1x and 2x, dark and light.
// A program for the terminal.
#![allow(clippy::print_stdout, clippy::print_stderr)]

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use chronus_tests::studio::{SHOTS, Studio};
use egui::vec2;

fn main() -> ExitCode {
    let mut args = std::env::args().skip(1);
    let (mut out, mut only) = (PathBuf::from("target/screenshots"), Vec::new());
    while let Some(arg) = args.next() {
        match (arg.as_str(), args.len()) {
            ("--out", 1..) => out = args.next().map(PathBuf::from).unwrap_or(out),
            (name, _) if SHOTS.iter().any(|shot| shot.name == name) => only.push(arg),
            _ => {
                let names: Vec<&str> = SHOTS.iter().map(|shot| shot.name).collect();
                eprintln!(
                    "usage: screenshots [--out FOLDER] [NAMES]\n  NAMES: {}",
                    names.join(" ")
                );
                return ExitCode::from(2);
            }
        }
    }
    match shoot(&out, &only) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("screenshots: {error}");
            ExitCode::FAILURE
        }
    }
}

fn shoot(out: &Path, only: &[String]) -> Result<(), String> {
    std::fs::create_dir_all(out).map_err(|error| format!("{}: {error}", out.display()))?;
    for shot in SHOTS.iter().filter(|shot| only.is_empty() || only.iter().any(|n| n == shot.name)) {
        for (scale, light, end) in
            [(1.0, false, ""), (1.0, true, "-light"), (2.0, false, "@2x"), (2.0, true, "-light@2x")]
        {
            let mut studio = Studio::new(shot.patch, vec2(1180.0, 760.0), scale, light)?;
            (shot.open)(&mut studio);
            let path = out.join(format!("{}{end}.png", shot.name));
            let picture = studio.picture()?;
            picture.save(&path).map_err(|error| format!("{}: {error}", path.display()))?;
            println!("{}", path.display());
        }
    }
    Ok(())
}
