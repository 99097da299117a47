//! `cargo xtask …`: the tasks of this workspace. Builds, checks what a task needs before it starts,
//! and runs the programs of `tests/`.
#![forbid(unsafe_code)]
// A program for the terminal.
#![allow(clippy::print_stdout, clippy::print_stderr)]

mod bench;
mod bundle;
mod needs;
mod run;
mod stages;
mod steinberg;
mod workspace;

/// Written by the module library; shared with its test that finds the registry out of date.
#[path = "../../plugin/modules/codegen.rs"]
mod codegen;

use std::process::ExitCode;

use run::{Failure, cargo};
use workspace::Workspace;

const HELP: &str = "\
cargo xtask TASK

  bundle             builds the release plugin and lays out chronus.clap and chronus.vst3
  install            bundles, and copies both to your CLAP and VST3 folders
  demo [ARGS]        plays 30 s in an embedded host while a remote rewires the patch; about 2 min
                     after the build. Writes demo.wav, demo.png and report.json to target/demo
  test [--only LIST] everything that is tested. LIST is comma-separated, of:
                     rust (needs nothing installed), clap, vst3, realtime, editor, demo
  bench [NAMES] [--rounds N] [--against REV]
                     measures the engine: all scenarios, or those named (w1 w2 w2b w3 blocks idle
                     modules factory instances growth gui), each against limits written by hand, and against
                     another revision. Writes report.json, report.md and growth.png to target/bench
  screenshots [NAMES]
                     draws the editor's main views, dark and light, at 1x and 2x, to
                     target/screenshots
  soak --seconds N --seed S | --reproduce SEED
                     random edits, until something breaks or the time is over
  codegen            writes plugin/modules/src/registry.rs from the files of that folder
";

fn main() -> ExitCode {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let rest = args.get(1..).unwrap_or_default();
    let outcome = match args.first().map(String::as_str) {
        Some("bundle") => Workspace::find().and_then(|w| bundle::bundle(&w)),
        Some("install") => Workspace::find().and_then(|w| bundle::install(&w)),
        Some("demo") => demo(rest),
        Some("test") => stages::test(rest),
        Some("bench") => bench::bench(rest),
        Some("screenshots") => screenshots(rest),
        Some("soak") => program("soak", rest),
        Some("codegen") => Workspace::find().and_then(|w| generate_registry(&w)),
        Some("--help" | "-h" | "help") => {
            print!("{HELP}");
            return ExitCode::SUCCESS;
        }
        _ => {
            eprint!("{HELP}");
            return ExitCode::from(2);
        }
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            eprintln!("xtask: {failure}");
            ExitCode::from(failure.code())
        }
    }
}

/// The demo: checks what the build needs, bundles, builds the host, plays.
fn demo(args: &[String]) -> Result<(), Failure> {
    needs::provide(needs::BUILD)?;
    let workspace = Workspace::find()?;
    bundle::bundle(&workspace)?;
    stages::build_hosts()?;
    run::program(workspace.release("demo"))
        .args(args.iter().cloned())
        .env("CHRONUS_CLAP", workspace.clap())
        .env("CHRONUS_RT_HOST", workspace.release("rt_host"))
        .arg("--out")
        .arg(workspace.target.join("demo"))
        .run()
}

/// A program of `tests/` that needs no plugin.
fn program(name: &'static str, args: &[String]) -> Result<(), Failure> {
    cargo(["build", "--release", "-p", "chronus-tests", "--bin", name]).run()?;
    let workspace = Workspace::find()?;
    run::program(workspace.release(name)).args(args.iter().cloned()).run()
}

/// Pictures of the editor.
fn screenshots(args: &[String]) -> Result<(), Failure> {
    needs::provide(needs::BUILD.iter().chain(needs::PICTURES))?;
    let workspace = Workspace::find()?;
    stages::build_screenshots()?;
    run::program(workspace.target.join("debug/screenshots"))
        .arg("--out")
        .arg(workspace.target.join("screenshots"))
        .args(args.iter().cloned())
        .run()
}

fn generate_registry(workspace: &Workspace) -> Result<(), Failure> {
    let folder = workspace.root.join("plugin/modules/src");
    let entries = std::fs::read_dir(&folder).map_err(|e| Failure::file(&folder, &e))?;
    let names: Vec<String> = entries
        .filter_map(|entry| Some(entry.ok()?.file_name().to_string_lossy().into_owned()))
        .collect();
    let path = folder.join("registry.rs");
    let text = codegen::generate(&names);
    if std::fs::read_to_string(&path).is_ok_and(|old| old == text) {
        println!("{} is up to date", path.display());
        return Ok(());
    }
    std::fs::write(&path, text).map_err(|e| Failure::file(&path, &e))?;
    println!("wrote {}", path.display());
    Ok(())
}
