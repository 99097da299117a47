//! `cargo xtask test`: the stages, what each needs, how long each takes.

use std::path::Path;
use std::time::{Duration, Instant};

use crate::bundle;
use crate::needs::{self, Need};
use crate::run::{Count, Failure, cargo, program};
use crate::steinberg;
use crate::workspace::Workspace;

/// What the tests in Python need.
const PYTHON_PACKAGES: &[&str] = &["pedalboard>=0.9.14,<0.10", "numpy"];
/// Frames per block and number of blocks of the sanitized run.
const SANITIZED_BLOCKS: &str = "1000000";

/// A part of the tests that can be asked for by name.
struct Part {
    name: &'static str,
    needs: &'static [&'static [Need]],
    stages: &'static [Stage],
    /// It plays the bundled plugin.
    plugin: bool,
}

struct Stage {
    name: &'static str,
    run: fn(&Workspace) -> Count,
}

const fn stage(name: &'static str, run: fn(&Workspace) -> Count) -> Stage {
    Stage { name, run }
}

/// In the order they run.
const PARTS: &[Part] = &[
    Part {
        name: "rust",
        needs: &[],
        stages: &[
            stage("fmt", |_| check(cargo(["fmt", "--all", "--check"]))),
            stage("clippy", clippy),
            stage("doc", doc),
            stage("cargo test", cargo_test),
        ],
        plugin: false,
    },
    Part {
        name: "clap",
        needs: &[needs::BUILD],
        stages: &[stage("CLAP in clack-host", clap_hosts)],
        plugin: true,
    },
    Part {
        name: "vst3",
        needs: &[needs::BUILD, needs::PYTHON],
        stages: &[
            stage("VST3 in Steinberg's tests", steinberg_tests),
            stage("VST3 in pedalboard", pedalboard),
        ],
        plugin: true,
    },
    Part {
        name: "realtime",
        needs: &[needs::BUILD],
        stages: &[stage("RealtimeSanitizer", sanitizer)],
        plugin: true,
    },
    Part {
        name: "editor",
        needs: &[needs::BUILD, needs::DISPLAY, needs::PICTURES],
        stages: &[
            stage("editor in an X11 window", editor),
            stage("editor against its golden pictures", golden),
        ],
        plugin: true,
    },
    Part {
        name: "demo",
        needs: &[needs::BUILD],
        stages: &[stage("demo, 8 s", short_demo)],
        plugin: true,
    },
];

/// Runs all parts, or those that `--only` names.
pub fn test(args: &[String]) -> Result<(), Failure> {
    let parts = chosen(args)?;
    let all_needs = parts.iter().flat_map(|part| part.needs.iter().copied().flatten());
    needs::provide(all_needs)?;
    let workspace = Workspace::find()?;
    let mut times: Vec<(&str, Duration, Count)> = Vec::new();
    let mut total = Count::default();
    let mut timed = |name, run: &mut dyn FnMut() -> Count| {
        println!("\n== {name}");
        let started = Instant::now();
        let count = run();
        let took = started.elapsed();
        println!(
            "== {name}: {:.1} s, {} passed, {} failed",
            took.as_secs_f64(),
            count.passed,
            count.failed
        );
        times.push((name, took, count));
        total += count;
        count.failed == 0
    };
    let (mut built, mut bundled) = (false, false);
    for part in &parts {
        if part.plugin && !built {
            built = true;
            bundled = timed("release build of the plugin", &mut || {
                done(bundle::bundle(&workspace).and_then(|()| build_hosts()))
            });
        }
        for stage in part.stages {
            // Without a bundle its hosts cannot run, which is not the same as passing.
            let runs = !part.plugin || bundled;
            timed(stage.name, &mut || {
                if runs { (stage.run)(&workspace) } else { Count::one(false) }
            });
        }
    }
    println!();
    for (name, took, count) in &times {
        let verdict = if count.failed == 0 { "ok" } else { "FAILED" };
        println!("{:>8.1} s  {:>5} passed  {name:<28} {verdict}", took.as_secs_f64(), count.passed);
    }
    let sum: Duration = times.iter().map(|(_, took, _)| *took).sum();
    println!("{:>8.1} s  in all", sum.as_secs_f64());
    println!("{} passed, {} failed", total.passed, total.failed);
    if total.failed == 0 { Ok(()) } else { Err(Failure::Other("tests failed".into())) }
}

fn chosen(args: &[String]) -> Result<Vec<&'static Part>, Failure> {
    let names: Vec<&str> = match args {
        [] => PARTS.iter().map(|part| part.name).collect(),
        [only, list] if only == "--only" => list.split(',').collect(),
        _ => return Err(Failure::Usage("usage: cargo xtask test [--only LIST]".into())),
    };
    let known = || PARTS.iter().map(|part| part.name).collect::<Vec<_>>().join(", ");
    let unknown = names.iter().find(|name| !PARTS.iter().any(|part| part.name == **name));
    if let Some(name) = unknown {
        return Err(Failure::Usage(format!("there is no part `{name}`; parts are {}", known())));
    }
    Ok(PARTS.iter().filter(|part| names.contains(&part.name)).collect())
}

fn done(outcome: Result<(), Failure>) -> Count {
    if let Err(failure) = &outcome {
        eprintln!("xtask: {failure}");
    }
    Count::one(outcome.is_ok())
}

fn check(run: crate::run::Run) -> Count {
    done(run.run())
}

/// `--workspace`, less the plugin where no C++ compiler can build its VST3 side.
fn packages() -> Vec<&'static str> {
    if cfg!(not(target_os = "linux")) || needs::on_path("g++").is_some() {
        return TESTED.to_vec();
    }
    println!("no g++: the crate `chronus-plugin` itself is left out of this stage");
    [&TESTED[..], &["--exclude", "chronus-plugin"]].concat()
}

fn clippy(_: &Workspace) -> Count {
    let run = cargo(["clippy", "--all-targets"]).args(packages());
    check(run.args(["--", "-D", "warnings"]))
}

fn doc(_: &Workspace) -> Count {
    let run = cargo(["doc", "--no-deps", "--document-private-items"]).args(packages());
    check(run.env("RUSTDOCFLAGS", "-D warnings"))
}

fn cargo_test(_: &Workspace) -> Count {
    cargo(["test", "--no-fail-fast"]).args(packages()).count()
}

/// What every build of the tests is given, so that they share one build of what they depend on.
const TESTED: [&str; 3] = ["--workspace", "--features", "chronus-tests/pictures"];

/// The demo and the host without a plugin, which need no editor.
pub fn build_hosts() -> Result<(), Failure> {
    cargo(["build", "--release", "-p", "chronus-tests", "--no-default-features"])
        .args(["--bin", "demo", "--bin", "rt_host"])
        .run()
}

/// The program that photographs the editor, as the tests build it.
pub fn build_screenshots() -> Result<(), Failure> {
    cargo(["build", "--profile", "test", "--bin", "screenshots"]).args(TESTED).run()
}

/// The tests of `tests/tests/NAME.rs`, which cargo ignores when nothing is bundled.
fn host_tests(workspace: &Workspace, name: &str) -> crate::run::Run {
    cargo(["test", "--test", name, "--no-fail-fast"])
        .args(TESTED)
        .args(["--", "--ignored", "--test-threads=1"])
        .env("CHRONUS_CLAP", workspace.clap())
        .env("CHRONUS_OSC", free_port())
}

/// A port that is free now, and, as the system counts upwards, most likely the next ones too.
fn free_port() -> String {
    let socket = std::net::UdpSocket::bind((std::net::Ipv4Addr::LOCALHOST, 0));
    let port = socket.and_then(|socket| socket.local_addr()).map_or(47_000, |a| a.port());
    port.min(65_000).to_string()
}

fn clap_hosts(workspace: &Workspace) -> Count {
    host_tests(workspace, "hosts").count()
}

fn steinberg_tests(workspace: &Workspace) -> Count {
    match steinberg::build(workspace) {
        Ok(driver) => program(driver).arg(workspace.vst3()).count(),
        Err(failure) => done(Err(failure)),
    }
}

fn pedalboard(workspace: &Workspace) -> Count {
    let python = match environment(workspace) {
        Ok(python) => python,
        Err(failure) => return done(Err(failure)),
    };
    let script = workspace.root.join("tests/vst3/pedalboard_host.py");
    program(python).arg(script).arg(workspace.vst3()).count()
}

/// The Python of an environment under `target/` that has what the tests import.
fn environment(workspace: &Workspace) -> Result<std::path::PathBuf, Failure> {
    let folder = workspace.target.join("python");
    let python = folder.join("bin/python");
    let imports = || program(&python).args(["-c", "import numpy, pedalboard"]).output();
    if python.exists() && imports().is_ok() {
        return Ok(python);
    }
    program("python3").args(["-m", "venv", "--clear"]).arg(&folder).run()?;
    let pip = ["-m", "pip", "install", "--quiet", "--disable-pip-version-check"];
    program(&python).args(pip).args(PYTHON_PACKAGES).run()?;
    Ok(python)
}

fn sanitizer(workspace: &Workspace) -> Count {
    program(workspace.release("rt_host"))
        .args(["--blocks", SANITIZED_BLOCKS])
        .env("CHRONUS_CLAP", workspace.clap())
        .count()
}

fn editor(workspace: &Workspace) -> Count {
    let Ok(display) = Display::start() else {
        return done(Err(Failure::Other("Xvfb would not start".into())));
    };
    let pictures = workspace.target.join("editor");
    host_tests(workspace, "editor")
        .env("DISPLAY", display.name.as_str())
        .env("CHRONUS_PICTURES", pictures)
        .env("LIBGL_ALWAYS_SOFTWARE", "1")
        .count()
}

fn golden(workspace: &Workspace) -> Count {
    if let Err(failure) = build_screenshots() {
        return done(Err(failure));
    }
    let golden = workspace.root.join("tests/golden");
    let screenshots = workspace.target.join("debug/screenshots");
    program(screenshots).arg("--golden").arg(golden).count()
}

fn short_demo(workspace: &Workspace) -> Count {
    let run = program(workspace.release("demo"))
        .args(["--seconds", "8", "--out"])
        .arg(workspace.target.join("demo-short"))
        .env("CHRONUS_CLAP", workspace.clap())
        .env("CHRONUS_RT_HOST", workspace.release("rt_host"));
    check(run)
}

/// An X server without a screen, until dropped.
struct Display {
    server: std::process::Child,
    name: String,
}

impl Display {
    fn start() -> std::io::Result<Self> {
        let number = (90..).find(|n| !Path::new(&format!("/tmp/.X11-unix/X{n}")).exists());
        let name = format!(":{}", number.unwrap_or(90));
        let mut command = std::process::Command::new("Xvfb");
        command.args([name.as_str(), "-screen", "0", "1600x1000x24", "-nolisten", "tcp"]);
        // Else it starts anew whenever its last client has gone, and refuses who comes meanwhile.
        command.arg("-noreset");
        let server = command.stderr(std::process::Stdio::null()).spawn()?;
        let socket = format!("/tmp/.X11-unix/X{}", &name[1..]);
        let started = Instant::now();
        while !Path::new(&socket).exists() && started.elapsed() < Duration::from_secs(10) {
            std::thread::sleep(Duration::from_millis(20));
        }
        Ok(Self { server, name })
    }
}

impl Drop for Display {
    fn drop(&mut self) {
        let _ = self.server.kill();
        let _ = self.server.wait();
    }
}
