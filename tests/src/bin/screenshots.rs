//! Pictures of the editor's main views: at 1x and 2x, dark and light, to be looked at; or, one size,
//! pixel by pixel against those in `tests/golden`.
// A program for the terminal.
#![allow(clippy::print_stdout, clippy::print_stderr)]

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use chronus_tests::studio::{SHOTS, Shot, Studio};
use egui::{Vec2, vec2};
use egui_kittest::{SnapshotOptions, try_image_snapshot_options};

const HELP: &str = "\
usage: screenshots [--out FOLDER | --golden FOLDER] [NAMES]
  NAMES            views, all if none is named
  --out FOLDER     writes pictures there (default target/screenshots)
  --golden FOLDER  compares with the pictures there; with UPDATE_SNAPSHOTS=1 writes
                   them anew
";
/// Size of the window that is to be looked at, and of the golden one, in points.
const SIZES: [Vec2; 2] = [vec2(1180.0, 760.0), vec2(1000.0, 640.0)];
/// The view that is compared at 3x, too.
const FINE: &str = "canvas-near";
/// Pixels that may differ: corners of curves fall differently from one renderer's version to another.
const TOLERATED: usize = 8;

fn main() -> ExitCode {
    let mut args = std::env::args().skip(1);
    let (mut out, mut golden) = (PathBuf::from("target/screenshots"), None);
    let mut named: Vec<String> = Vec::new();
    while let Some(arg) = args.next() {
        match (arg.as_str(), args.len()) {
            ("--out", 1..) => out = args.next().map(PathBuf::from).unwrap_or(out),
            ("--golden", 1..) => golden = args.next().map(PathBuf::from),
            (name, _) if SHOTS.iter().any(|shot| shot.name == name) => named.push(arg),
            _ => {
                let names: Vec<&str> = SHOTS.iter().map(|shot| shot.name).collect();
                eprint!("{HELP}");
                eprintln!("  {}", names.join(" "));
                return ExitCode::from(2);
            }
        }
    }
    let all = named.is_empty();
    let shots = SHOTS.iter().filter(|shot| all || named.iter().any(|name| name == shot.name));
    let shots: Vec<&Shot> = shots.collect();
    let outcome = match golden {
        Some(folder) => compare(&folder, &shots),
        None => shoot(&out, &shots),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("screenshots: {error}");
            ExitCode::FAILURE
        }
    }
}

fn shoot(out: &Path, shots: &[&Shot]) -> Result<(), String> {
    std::fs::create_dir_all(out).map_err(|error| format!("{}: {error}", out.display()))?;
    for shot in shots {
        for (scale, light, end) in
            [(1.0, false, ""), (1.0, true, "-light"), (2.0, false, "@2x"), (2.0, true, "-light@2x")]
        {
            let mut studio = Studio::new(shot.patch, SIZES[0], scale, light)?;
            (shot.open)(&mut studio);
            let path = out.join(format!("{}{end}.png", shot.name));
            let picture = studio.picture()?;
            picture.save(&path).map_err(|error| format!("{}: {error}", path.display()))?;
            println!("{}", path.display());
        }
    }
    Ok(())
}

fn compare(folder: &Path, shots: &[&Shot]) -> Result<(), String> {
    let options = SnapshotOptions::new().output_path(folder).max_failed_pixels(TOLERATED);
    let (mut faults, mut passed) = (Vec::new(), 0);
    for shot in shots.iter().filter(|shot| !shot.measured) {
        // At 3x one view tells whether everything is drawn anew and not blown up.
        let fine = (shot.name == FINE).then_some((3.0, false, "@3x"));
        let plain = [(1.0, false, ""), (1.0, true, "-light")];
        for (scale, light, end) in plain.into_iter().chain(fine) {
            let mut studio = Studio::new(shot.patch, SIZES[1], scale, light)?;
            (shot.open)(&mut studio);
            let picture = studio.steady_picture()?;
            let name = format!("{}{end}", shot.name);
            match try_image_snapshot_options(&picture, &name, &options) {
                Ok(()) => {
                    passed += 1;
                    println!("{name} is as it was approved");
                }
                Err(fault) => {
                    println!("{name} looks different");
                    faults.push(fault.to_string());
                }
            }
        }
    }
    println!("{passed} passed, {} failed", faults.len());
    if faults.is_empty() { Ok(()) } else { Err(faults.join("\n")) }
}
