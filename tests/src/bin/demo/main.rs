//! `cargo xtask demo`: the release plugin in an embedded CLAP host, playing a phrase in real time
//! while a remote rewires its patch; then what cannot be heard, measured.
// A program for the terminal.
#![allow(clippy::print_stdout, clippy::print_stderr)]

mod listen;
mod null;
mod paced;
mod remote;
mod report;

use std::path::PathBuf;
use std::process::{Command, ExitCode, Stdio};
use std::time::Duration;

use chronus_tests::host::{Bundle, HostError, Setup, set_remote_port};
use chronus_tests::music;
use chronus_tests::osc::{Client, OscError, free_ports, listening};
use thiserror::Error;

use paced::Performance;
use report::{Report, Spread};

/// Frames a second, and frames a block.
const RATE: f64 = 48_000.0;
const BLOCK: usize = 64;
/// Blocks of the sanitized pass: enough for some thousand swaps on a slow machine.
const SANITIZED_BLOCKS: &str = "400000";

const HELP: &str = "\
usage: demo [--seconds N] [--out FOLDER]
  --seconds N    length of the performance, 5 to 30; shorter ones play the same edits faster
  --out FOLDER   where demo.wav, demo.png and report.json go (default target/demo)
";

/// Why the demo could not be played.
#[derive(Debug, Error)]
enum DemoError {
    #[error(transparent)]
    Host(#[from] HostError),
    #[error(transparent)]
    Osc(#[from] OscError),
    #[error("{0}: {1}")]
    File(PathBuf, std::io::Error),
    #[error("the WAV file: {0}")]
    Wav(#[from] hound::Error),
    #[error("the sanitized pass: {0}")]
    Sanitizer(String),
    #[error("the patch for the performance was not accepted: {0}")]
    Start(String),
}

struct Options {
    seconds: f64,
    out: PathBuf,
}

fn options() -> Option<Options> {
    let mut options = Options { seconds: music::SECONDS, out: "target/demo".into() };
    let mut args = std::env::args().skip(1);
    while let Some(arg) = args.next() {
        let value = args.next()?;
        match arg.as_str() {
            "--seconds" => options.seconds = value.parse().ok()?,
            "--out" => options.out = value.into(),
            _ => return None,
        }
    }
    (5.0..=music::SECONDS).contains(&options.seconds).then_some(options)
}

fn main() -> ExitCode {
    let Some(options) = options() else {
        eprint!("{HELP}");
        return ExitCode::from(2);
    };
    let outcome = free_ports().map_err(DemoError::from).and_then(|port| {
        set_remote_port(port);
        play(&options, port)
    });
    match outcome {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("demo: {error}");
            ExitCode::FAILURE
        }
    }
}

/// Plays, measures and writes everything. True when every law held.
fn play(options: &Options, port: u16) -> Result<bool, DemoError> {
    let make = |error| DemoError::File(options.out.clone(), error);
    std::fs::create_dir_all(&options.out).map_err(make)?;
    let bundle = Bundle::load(&Bundle::default_path())?;
    println!("{} from {}", bundle.name(), bundle.path().display());
    let mut instance = bundle.instance()?;
    let player = instance.activate(Setup { sample_rate: RATE, max_frames: BLOCK as u32 })?;
    let client = connect(port)?;
    println!(
        "playing {:.0} s in blocks of {BLOCK} frames at {RATE} Hz; edits come by OSC on port {}",
        options.seconds,
        client.port()
    );
    let (performance, player) = paced::perform(&mut instance, player, &client, options.seconds)?;
    instance.deactivate(player);
    let late_blocks = count(&client, "late_blocks")?;
    let heard = listen::listen(&performance);
    save(options, &performance)?;
    for commit in performance.commits.iter().filter(|c| c.surprises()) {
        println!("not as meant: {commit}");
    }

    println!("null test: {} neutral commits against none", null::COMMITS);
    let null = null::compare(&bundle, instance, &client, port)?;
    println!("sanitized pass: {SANITIZED_BLOCKS} blocks with commits");
    let allocations = sanitized()?;

    let report = Report {
        edits: performance.commits.len() as u64,
        swapped: performance.swapped(),
        rejected: performance.rejected(),
        superseded: performance.superseded(),
        timed_out: performance.timed_out(),
        missed_blocks: null.missed_blocks,
        nonfinite: null.nonfinite + performance.nonfinite(),
        commit_to_swap_ms: Spread::of(&performance.latencies()),
        swap_us: null.swap_us,
        null_test_max_diff: null.max_difference,
        max_step_over_limit: heard.worst(),
        allocations_in_process: allocations,
        late_blocks,
        realtime_factor: null.realtime_factor,
    };
    let path = options.out.join("report.json");
    let json = serde_json::to_string_pretty(&report).unwrap_or_default() + "\n";
    std::fs::write(&path, json).map_err(|e| DemoError::File(path.clone(), e))?;
    let kept = report.print(&performance, &heard, &null);
    println!("\nwrote demo.wav, demo.png and report.json to {}", options.out.display());
    Ok(kept)
}

/// The remote of the one instance that listens.
fn connect(port: u16) -> Result<Client, DemoError> {
    let deadline = std::time::Instant::now() + Duration::from_secs(5);
    loop {
        if let Some(found) = listening(port)?.first() {
            return Ok(Client::connect(*found)?);
        }
        if std::time::Instant::now() > deadline {
            return Err(OscError::Nobody(port).into());
        }
        std::thread::sleep(Duration::from_millis(10));
    }
}

/// One of the counters of `/engine/status`.
fn count(client: &Client, key: &str) -> Result<u64, DemoError> {
    let status = client.status()?;
    let odd = || OscError::Packet(format!("`/engine/status` has no `{key}`: {status}"));
    status[key].as_u64().ok_or_else(odd).map_err(DemoError::from)
}

fn save(options: &Options, performance: &Performance) -> Result<(), DemoError> {
    let spec = hound::WavSpec {
        channels: 2,
        sample_rate: RATE as u32,
        bits_per_sample: 32,
        sample_format: hound::SampleFormat::Float,
    };
    let mut wav = hound::WavWriter::create(options.out.join("demo.wav"), spec)?;
    let [left, right] = &performance.channels;
    for (left, right) in left.iter().zip(right) {
        wav.write_sample(*left)?;
        wav.write_sample(*right)?;
    }
    wav.finalize()?;
    let path = options.out.join("demo.png");
    performance.picture().save(&path).map_err(|e| DemoError::File(path, e))
}

/// Runs `rt_host`, which plays the same patch with commits under RealtimeSanitizer; how many calls
/// that are not real-time safe it saw. None where the toolchain has no sanitizer.
fn sanitized() -> Result<Option<u64>, DemoError> {
    let beside = std::env::current_exe().ok().map(|exe| exe.with_file_name("rt_host"));
    let program = std::env::var_os("CHRONUS_RT_HOST").map(PathBuf::from).or(beside);
    let failed = |text: String| DemoError::Sanitizer(text);
    let program = program.ok_or_else(|| failed("where is rt_host?".into()))?;
    let output = Command::new(&program)
        .args(["--json", "--blocks", SANITIZED_BLOCKS])
        .stderr(Stdio::inherit())
        .output()
        .map_err(|e| failed(format!("{}: {e}", program.display())))?;
    let text = String::from_utf8_lossy(&output.stdout);
    let last = text.lines().last().unwrap_or_default();
    let found: serde_json::Value =
        serde_json::from_str(last).map_err(|e| failed(format!("`{last}`: {e}")))?;
    if found["sanitizer"] == false {
        return Ok(None);
    }
    let reports = found["reports"].as_u64();
    reports.map(Some).ok_or_else(|| failed(format!("no count in `{last}`")))
}
