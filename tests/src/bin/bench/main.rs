//! How fast the engine is: each scenario against the limits written by hand, in the same run.
// A program for the terminal.
#![allow(clippy::print_stdout, clippy::print_stderr)]

mod child;
mod edits;
mod factory;
mod growth;
mod gui;
mod kinds;
mod race;
mod report;
mod scenarios;
mod taps;

use std::path::PathBuf;
use std::process::ExitCode;

use race::{Runner, has_valgrind};
use report::Report;
use scenarios::SCENARIOS;

const HELP: &str = "\
usage: bench [NAMES] [--rounds N] [--out FOLDER] [--other PROGRAM]
  NAMES            scenarios, all if none is named:
                   w1 w2 w2b w3 blocks idle modules factory instances growth gui
                   taps
  --rounds N       interleaved runs of what is compared (default 9)
  --out FOLDER     where report.json, report.md, growth.png and gui.json go
                   (default target/bench)
  --other PROGRAM  the bench of another revision, to be raced against
";

struct Task {
    names: Vec<String>,
    rounds: usize,
    out: PathBuf,
    other: Option<PathBuf>,
}

fn main() -> ExitCode {
    let args: Vec<String> = std::env::args().skip(1).collect();
    if let [first, rest @ ..] = &args[..]
        && first == "child"
    {
        return answer(&rest.iter().map(String::as_str).collect::<Vec<_>>());
    }
    let Some(task) = task(args) else {
        eprint!("{HELP}");
        return ExitCode::from(2);
    };
    match run(&task) {
        Ok(table) => {
            println!("{table}");
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("bench: {error}");
            ExitCode::FAILURE
        }
    }
}

fn answer(args: &[&str]) -> ExitCode {
    match child::run(args) {
        Ok(line) => {
            println!("{line}");
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

fn task(args: Vec<String>) -> Option<Task> {
    let mut task = Task { names: Vec::new(), rounds: 9, out: "target/bench".into(), other: None };
    let mut args = args.into_iter();
    while let Some(arg) = args.next() {
        match arg.as_str() {
            "--rounds" => task.rounds = args.next()?.parse().ok().filter(|&n| n > 0)?,
            "--out" => task.out = args.next()?.into(),
            "--other" => task.other = Some(args.next()?.into()),
            name if SCENARIOS.iter().any(|(known, _)| *known == name) => task.names.push(arg),
            _ => return None,
        }
    }
    Some(task)
}

fn run(task: &Task) -> Result<String, String> {
    let runner = Runner::new(task.other.clone(), task.rounds)?;
    let mut report = Report::default();
    report.remarks.push(machine(task.rounds));
    for (name, scenario) in SCENARIOS {
        if task.names.is_empty() || task.names.iter().any(|wanted| wanted == name) {
            scenario(&runner, &mut report).map_err(|error| format!("{name}: {error}"))?;
        }
    }
    report.write(&task.out).map_err(|error| format!("{}: {error}", task.out.display()))?;
    Ok(report.markdown())
}

/// What the figures depend on.
fn machine(rounds: usize) -> String {
    let sets = chronus_tests::limit::Set::names().join(", ");
    let counts = if has_valgrind() {
        "instructions by callgrind"
    } else {
        "no instruction counts, since valgrind is not installed"
    };
    format!(
        "Instruction sets of this machine: {sets}. CPU time of the rendering thread, medians of \
         {rounds} interleaved runs; {counts}. Ratios count, absolute times are this machine's."
    )
}
