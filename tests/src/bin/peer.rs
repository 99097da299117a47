//! Chronus in the table of other engines: plays a workload, and prints one line about what it took.
// A program for the terminal.
#![allow(clippy::print_stdout, clippy::print_stderr)]

use std::error::Error;
use std::io::Write;
use std::process::{Command, ExitCode};
use std::time::Instant;

use chronus_tests::host::thread_cpu;
use chronus_tests::stage::{MOST_FRAMES, Stage};
use chronus_tests::workload::{RATE, Workload};

const HELP: &str = "\
usage: peer VARIANT WORKLOAD N BLOCK SECS [out.f32]
  VARIANT   the instruction set: best, avx512, avx2 or scalar
  WORKLOAD  W1 (N voices), W2 or W2b (N chains), W3 (N voices in modules of their own)
  BLOCK     frames, at most 4096
  out.f32   where to write what was played
";

/// The variable that asks the engine for an instruction set.
const SIMD: &str = "CHRONUS_SIMD";

struct Task {
    variant: String,
    workload: Workload,
    n: usize,
    block: usize,
    secs: f64,
    out: Option<String>,
}

fn main() -> ExitCode {
    let Some(task) = task() else {
        eprint!("{HELP}");
        return ExitCode::from(2);
    };
    match prepare(&task.variant).and_then(|again| again.map_or_else(|| play(&task), Ok)) {
        Ok(code) => code,
        Err(error) => {
            eprintln!("peer: {error}");
            ExitCode::FAILURE
        }
    }
}

fn task() -> Option<Task> {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let [variant, workload, n, block, secs, out @ ..] = &args[..] else { return None };
    let variants = ["best", "avx512", "avx2", "scalar"];
    Some(Task {
        variant: variants.contains(&variant.as_str()).then(|| variant.clone())?,
        workload: Workload::named(workload)?,
        n: n.parse().ok().filter(|&n| n > 0)?,
        block: block.parse().ok().filter(|frames| (1..=MOST_FRAMES).contains(frames))?,
        secs: secs.parse().ok()?,
        out: out.first().cloned(),
    })
}

/// The engine chooses its instruction set once a process, by the environment. Where that says
/// something else than asked for, another process does the work; its exit code.
fn prepare(variant: &str) -> Result<Option<ExitCode>, Box<dyn Error>> {
    let current = std::env::var(SIMD).unwrap_or_else(|_| "best".into());
    if current == variant {
        return Ok(None);
    }
    let mut command = Command::new(std::env::current_exe()?);
    let status = command.args(std::env::args().skip(1)).env(SIMD, variant).status()?;
    Ok(Some(if status.success() { ExitCode::SUCCESS } else { ExitCode::FAILURE }))
}

fn play(task: &Task) -> Result<ExitCode, Box<dyn Error>> {
    let started = Instant::now();
    let mut stage = Stage::new(&task.workload.parts(task.n))?;
    let setup = started.elapsed().as_secs_f64();
    let file = task.out.as_ref().map(std::fs::File::create).transpose()?;
    let mut file = file.map(std::io::BufWriter::new);
    let loudness = task.workload.loudness();
    let blocks = (task.secs * RATE / task.block as f64).round() as usize;
    let mut sum = 0.0;
    let start = thread_cpu();
    for _ in 0..blocks {
        stage.render(task.block);
        let left = &stage.left()[..task.block];
        sum += f64::from(left[0] * loudness);
        if let Some(file) = &mut file {
            for x in left {
                file.write_all(&(x * loudness).to_le_bytes())?;
            }
        }
    }
    let took = (thread_cpu() - start).as_secs_f64();
    let line = serde_json::json!({
        "peer": format!("chronus-{}", task.variant), "w": format!("{:?}", task.workload),
        "n": task.n, "block": task.block, "secs": task.secs, "setup_s": setup, "user_s": took,
        "acc": sum,
    });
    println!("{line}");
    Ok(ExitCode::SUCCESS)
}
