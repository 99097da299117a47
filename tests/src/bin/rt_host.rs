//! Plays the release plugin under RealtimeSanitizer while a remote commits edits as fast as they
//! are answered: every allocation, lock or system call inside process() is counted. So it is with an
//! engine whose outputs are tapped, in ever other choices, as an editor's window taps them.
//!
//! The program runs itself a second time, since the sanitizer takes its options from the
//! environment and tells its count at the end of a process. Before it trusts a zero it lets the
//! sanitizer show that it finds an allocation.
// A program for the terminal.
#![allow(clippy::print_stdout, clippy::print_stderr)]

use std::error::Error;
use std::process::{Command, ExitCode};
use std::sync::Arc;
use std::time::Duration;

use chronus_engine::Registry;
use chronus_tests::host::{Block, Bundle, HostEvent, Sanitizer, Setup, set_remote_port};
use chronus_tests::music::Sequencer;
use chronus_tests::osc::{Client, OscError, Reply, free_ports, listening};
use chronus_tests::script::{Act, START, script};
use chronus_tests::stage::Player;
use chronus_tests::workload::Workload;

const RATE: f64 = 48_000.0;
const BLOCK: usize = 64;
const HELP: &str = "\
usage: rt_host [--blocks N] [--json]
  --blocks N  blocks of 64 frames to play (default 1000000)
  --json      one line of JSON instead of a test result
";

/// What the first run asks of the second.
const PLAY: &str = "--play";
const TAPPED: &str = "--tapped";
const ALLOCATE: &str = "--allocate";

fn main() -> ExitCode {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let outcome = match args.first().map(String::as_str) {
        Some(PLAY) => play(args.get(1).and_then(|n| n.parse().ok()).unwrap_or(1)),
        Some(TAPPED) => tapped(args.get(1).and_then(|n| n.parse().ok()).unwrap_or(1)),
        Some(ALLOCATE) => allocate(),
        _ => return supervise(&args),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("rt_host: {error}");
            ExitCode::FAILURE
        }
    }
}

/// The first run: two second runs, and what they found.
fn supervise(args: &[String]) -> ExitCode {
    let (mut blocks, mut json) = ("1000000".to_owned(), false);
    let mut args = args.iter();
    while let Some(arg) = args.next() {
        match (arg.as_str(), arg == "--blocks") {
            ("--json", _) => json = true,
            (_, true) => blocks = args.next().cloned().unwrap_or_default(),
            _ => {
                eprint!("{HELP}");
                return ExitCode::from(2);
            }
        }
    }
    if Sanitizer::find().is_none() {
        if json {
            println!("{{\"sanitizer\": false}}");
        } else {
            println!("this toolchain has no RealtimeSanitizer for this system");
            println!("0 passed, 1 failed");
        }
        return ExitCode::FAILURE;
    }
    let found = watched(&[ALLOCATE]);
    let seen = watched(&[PLAY, &blocks]);
    let tapped = watched(&[TAPPED, &blocks]);
    match (&found, &seen) {
        (Ok(found), Ok(seen)) if found.reports > 0 && seen.reports == 0 => {}
        (Ok(found), Ok(_)) if found.reports == 0 => {
            eprintln!("rt_host: the sanitizer overlooked an allocation");
        }
        (Ok(_), Ok(seen)) => eprintln!("{}", seen.errors),
        (Err(error), _) | (_, Err(error)) => eprintln!("rt_host: {error}"),
    }
    match &tapped {
        Ok(tapped) if tapped.reports > 0 => eprintln!("{}", tapped.errors),
        Err(error) => eprintln!("rt_host: {error}"),
        Ok(_) => {}
    }
    let quiet = tapped.as_ref().is_ok_and(|tapped| tapped.reports == 0);
    let kept = found.as_ref().is_ok_and(|f| f.reports > 0);
    let clean = seen.as_ref().is_ok_and(|s| s.reports == 0);
    if let Ok(seen) = &seen {
        print!("{}", seen.output);
    }
    if json {
        // A sanitizer that finds nothing where there is something has counted nothing.
        let both = seen.ok().zip(tapped.ok()).filter(|_| kept);
        let reports = both.map(|(seen, tapped)| seen.reports + tapped.reports);
        println!("{}", serde_json::json!({ "sanitizer": true, "reports": reports }));
    } else {
        let verdict = |passed| if passed { "ok" } else { "FAILED" };
        println!("test realtime::the_sanitizer_finds_an_allocation ... {}", verdict(kept));
        println!("test realtime::process_never_allocates_locks_or_calls ... {}", verdict(clean));
        println!("test realtime::process_with_taps_never_allocates ... {}", verdict(quiet));
        let passed = u8::from(kept) + u8::from(clean) + u8::from(quiet);
        println!("{passed} passed, {} failed", 3 - passed);
    }
    if kept && clean && quiet { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// What a second run said.
struct Watched {
    reports: u64,
    /// The first reports.
    errors: String,
    output: String,
}

fn watched(args: &[&str]) -> Result<Watched, Box<dyn Error>> {
    let options = "halt_on_error=0:suppress_equal_stacks=0:print_stats_on_exit=1";
    let output =
        Command::new(std::env::current_exe()?).args(args).env("RTSAN_OPTIONS", options).output()?;
    let errors = String::from_utf8_lossy(&output.stderr).into_owned();
    let count =
        errors.lines().rev().find_map(|line| line.trim().strip_prefix("Total error count:"));
    let Some(reports) = count.and_then(|n| n.trim().parse().ok()) else {
        return Err(format!("{args:?} gave no count ({}): {errors}", output.status).into());
    };
    if !output.status.success() {
        return Err(format!("{args:?} failed: {errors}").into());
    }
    let errors = errors.lines().take(60).collect::<Vec<_>>().join("\n");
    let output = String::from_utf8_lossy(&output.stdout).into_owned();
    Ok(Watched { reports, errors, output })
}

/// Allocates where it must not.
fn allocate() -> Result<(), Box<dyn Error>> {
    let sanitizer = Sanitizer::find().ok_or("no sanitizer")?;
    let section = sanitizer.realtime();
    let block = std::hint::black_box(vec![0u8; 100]);
    drop(section);
    drop(block);
    Ok(())
}

/// Plays `blocks` blocks of 16 voices, each a real-time section, while the choice of taps changes.
fn tapped(blocks: usize) -> Result<(), Box<dyn Error>> {
    let sanitizer = Sanitizer::find().ok_or("no sanitizer")?;
    let (patch, mut events) = Workload::W1.parts(16).swap_remove(0);
    let mut player = Player::new(&Arc::new(Registry::new(chronus_modules::KINDS)), &patch)?;
    let keys = patch.modules.keys().filter_map(|id| player.engine.module_key(id));
    let outputs: Vec<_> = keys.flat_map(|key| (0..8).map(move |output| (key, output))).collect();
    let (mut left, mut right) = (vec![0.0; BLOCK], vec![0.0; BLOCK]);
    player.engine.taps().set_loads(true);
    for block in 0..blocks {
        let first = block / 50 % outputs.len();
        match block % 100 {
            0 => player.engine.taps().set(&outputs[first..], &outputs[..first]),
            50 => player.engine.taps().set(&outputs[..first], &outputs[first..]),
            99 if block % 1_000 == 999 => player.engine.taps().set(&[], &[]),
            _ => {}
        }
        let section = sanitizer.realtime();
        player.render([&mut left, &mut right], &events);
        drop(section);
        events.clear();
        player.engine.telemetry(|telemetry| std::hint::black_box(telemetry.serial));
    }
    println!("{blocks} blocks with taps");
    Ok(())
}

/// Plays `blocks` blocks, each a real-time section, with the script's edits in between.
fn play(blocks: usize) -> Result<(), Box<dyn Error>> {
    let port = free_ports()?;
    set_remote_port(port);
    let sanitizer = Sanitizer::find().ok_or("no sanitizer")?;
    let bundle = Bundle::load(&Bundle::default_path())?;
    let mut instance = bundle.instance()?;
    let params = instance.params()?;
    let mut player = instance.activate(Setup { sample_rate: RATE, max_frames: BLOCK as u32 })?;
    player.watch(sanitizer);
    let client = Client::connect(*listening(port)?.first().ok_or(OscError::Nobody(port))?)?;
    let sequencer = Sequencer::new(RATE);
    let mut hand = Hand::new(&client);
    let (mut left, mut right) = (vec![0.0; BLOCK], vec![0.0; BLOCK]);
    for block in 0..blocks {
        hand.act()?;
        let mut events = sequencer.events((block * BLOCK) as u64, BLOCK);
        // Automation, controllers, bend and pressure in turn, between the notes.
        let param = &params[block % params.len()];
        let (frame, value) = ((block % BLOCK) as u32, (block % 101) as f64 / 100.0);
        let value = param.min + (param.max - param.min) * value;
        events.push(match block % 5 {
            0 if !param.name.to_lowercase().contains("bypass") => {
                HostEvent::Param { id: param.id, value }.at(frame)
            }
            1 => HostEvent::Midi([0xb0, (block % 64) as u8, (block % 128) as u8]).at(frame),
            2 => HostEvent::Midi([0xe0, 0, (block % 128) as u8]).at(frame),
            3 => HostEvent::Midi([0xd0, (block % 128) as u8, 0]).at(frame),
            _ => HostEvent::Midi([0xa0, 60, (block % 128) as u8]).at(frame),
        });
        events.sort_by_key(|event| event.frame);
        player.process(Block { input: None, output: [&mut left, &mut right], events: &events })?;
        if block % 64 == 0 {
            instance.idle();
        }
    }
    instance.deactivate(player);
    println!("{blocks} blocks, {} commits swapped in", hand.swapped);
    Ok(())
}

/// Commits the script's edits over and over, each as soon as the one before is answered.
struct Hand<'a> {
    client: &'a Client,
    /// Every commit of a round: its lines.
    round: Vec<Vec<String>>,
    next: usize,
    pending: usize,
    swapped: u64,
}

impl<'a> Hand<'a> {
    fn new(client: &'a Client) -> Self {
        let staged = |edits: &[String], strict: bool| {
            let commit = if strict { "/patch/commit strict" } else { "/patch/commit" };
            let lines = edits.iter().map(|edit| format!("/patch/{edit}"));
            lines.chain([commit.into()]).collect::<Vec<String>>()
        };
        let start: Vec<String> = ["new"].iter().chain(START).map(|&edit| edit.into()).collect();
        let mut round = vec![staged(&start, false)];
        for step in script() {
            match step.act {
                Act::Commit(edits) => round.push(staged(&edits, false)),
                Act::Refused(edits, strict) => round.push(staged(&edits, strict)),
                Act::Twice(first, second) => {
                    round.push([staged(&first, false), staged(&second, false)].concat());
                }
                Act::Load(mut edits) => {
                    edits.insert(0, "new".into());
                    round.push(staged(&edits, false));
                }
                Act::Dropped(_) => {}
                Act::Live(lines) => round.push(lines),
            }
        }
        Self { client, round, next: 0, pending: 0, swapped: 0 }
    }

    fn act(&mut self) -> Result<(), OscError> {
        while self.pending > 0 {
            match self.client.receive(Duration::from_micros(1))? {
                Some(Reply::Swapped { .. }) => {
                    self.swapped += 1;
                    self.pending -= 1;
                }
                Some(reply) if reply.is_answer() => self.pending -= 1,
                Some(_) => {}
                None => return Ok(()),
            }
        }
        let lines = &self.round[self.next];
        self.next = (self.next + 1) % self.round.len();
        self.pending = lines.iter().filter(|line| line.starts_with("/patch/commit")).count();
        self.client.say_all(lines)
    }
}
