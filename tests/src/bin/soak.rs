//! Random edits against the engine, thousands a second, round after round until the time is over or
//! something breaks. A patient round waits for every commit and is rendered twice, the second time
//! cut into other blocks and with neutral commits at its end: both must give the same bits. A rush
//! waits for nothing. In both, every commit gets exactly one answer, no block is missed, and no
//! sample is beyond the ceiling, subnormal or no number. Steps are not looked at: random patches make
//! their own.
// A program for the terminal.
#![allow(clippy::print_stdout, clippy::print_stderr)]

use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::process::ExitCode;
use std::sync::atomic::{
    AtomicBool, AtomicU8, Ordering::Acquire, Ordering::Relaxed, Ordering::Release,
};
use std::sync::mpsc::{RecvTimeoutError, Sender, channel};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use chronus_engine::{
    Answer, Block, Engine, Event, Options, Registry, Rejection, Renderer, Request, Terms,
    TimedEvent, Transport,
};
use chronus_patch::{Edit, Patch, Point};
use chronus_tests::random::Random;
use chronus_tests::storm::{Storm, Whim};

const HELP: &str = "\
usage: soak [--seconds N] [--seed S] | --reproduce SEED
  --seconds N       how long (default 60)
  --seed S          which rounds (default 1)
  --reproduce SEED  one round, the one that failed
";

/// Whims of a rush; a patient round has a third of them.
const WHIMS: usize = 1500;
/// Neutral commits at the end of a patient round.
const NEUTRAL: usize = 40;
/// Quietest sample that counts as heard: -80 dBFS.
const AUDIBLE: f32 = 1e-4;
/// Frames after which no fade is under way at any rate here (a load's takes 30 ms).
const CALM: usize = 4096;
/// How often a rush is tried to see it fail again: the threads' timing is not in its seed.
const TRIES: usize = 20;
/// A round that takes longer hangs.
const PATIENCE: Duration = Duration::from_secs(180);
/// Graphs alive at once: active, leaving, and three in the slots.
const MOST_GRAPHS: u64 = 5;
/// Loudest sample that may leave the engine: +24 dBFS.
const CEILING: f32 = 15.85;

fn main() -> ExitCode {
    let Some(task) = task() else {
        eprint!("{HELP}");
        return ExitCode::from(2);
    };
    let registry = Arc::new(Registry::new(chronus_modules::KINDS));
    let (seeds, until): (Box<dyn Iterator<Item = u64>>, _) = match task {
        Task::Reproduce(seed) => {
            let tries = if is_rush(seed) { TRIES } else { 1 };
            (Box::new(std::iter::repeat_n(seed, tries)), None)
        }
        Task::Soak { seed, seconds } => {
            let mut random = Random::new(seed);
            let end = Instant::now() + Duration::from_secs_f64(seconds);
            (Box::new(std::iter::repeat_with(move || random.bits())), Some(end))
        }
    };
    let started = Instant::now();
    let (mut total, mut rounds) = (Tally::default(), 0u64);
    for seed in seeds.take_while(|_| until.is_none_or(|end| Instant::now() < end)) {
        let watch = Watch::over(seed, rounds);
        let outcome = catch_unwind(AssertUnwindSafe(|| round(seed, &registry)));
        drop(watch);
        match outcome.unwrap_or_else(|_| Err("a panic, see above".into())) {
            Ok(tally) => total.add(&tally),
            Err(text) => {
                broke(seed, rounds, &text);
                return ExitCode::FAILURE;
            }
        }
        rounds += 1;
        println!("{:7.1} s  round {rounds:4}  {total}", started.elapsed().as_secs_f64());
    }
    println!("{rounds} passed, 0 failed");
    ExitCode::SUCCESS
}

/// Says what broke, and how to see it again.
fn broke(seed: u64, rounds: u64, text: &str) {
    let sort = if is_rush(seed) { "rush" } else { "patient round" };
    println!("{sort} {seed} broke: {text}");
    println!("to see it again: cargo xtask soak --reproduce {seed}");
    println!("{rounds} passed, 1 failed");
}

/// Ends the program when a round hangs: what waits for ever cannot tell.
struct Watch {
    _alive: Sender<()>,
}

impl Watch {
    fn over(seed: u64, rounds: u64) -> Self {
        let (alive, ended) = channel::<()>();
        std::thread::spawn(move || {
            if ended.recv_timeout(PATIENCE) == Err(RecvTimeoutError::Timeout) {
                broke(seed, rounds, &format!("it has not ended within {PATIENCE:?}"));
                std::process::exit(1);
            }
        });
        Self { _alive: alive }
    }
}

enum Task {
    Soak { seed: u64, seconds: f64 },
    Reproduce(u64),
}

fn task() -> Option<Task> {
    let (mut seed, mut seconds, mut reproduce) = (1, 60.0, None);
    let mut args = std::env::args().skip(1);
    while let Some(arg) = args.next() {
        let value = args.next()?;
        match arg.as_str() {
            "--seconds" => seconds = value.parse().ok()?,
            "--seed" => seed = value.parse().ok()?,
            "--reproduce" => reproduce = Some(value.parse().ok()?),
            _ => return None,
        }
    }
    Some(reproduce.map_or(Task::Soak { seed, seconds }, Task::Reproduce))
}

/// What rounds have seen.
#[derive(Clone, Debug, Default)]
struct Tally {
    /// Neutral commits and those of the second rendering included.
    commits: u64,
    /// Answers by kind; refusals by what they say first.
    answers: BTreeMap<&'static str, u64>,
    frames: u64,
    /// Frames of blocks in which something sounded.
    heard: u64,
}

impl Tally {
    fn add(&mut self, other: &Self) {
        self.commits += other.commits;
        self.frames += other.frames;
        self.heard += other.heard;
        for (&kind, count) in &other.answers {
            *self.answers.entry(kind).or_default() += count;
        }
    }
}

impl std::fmt::Display for Tally {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let heard = 100 * self.heard / self.frames.max(1);
        let frames = self.frames as f64 * 1e-6;
        write!(f, "{frames:.1} M frames, {heard} % of them sounding; {} commits:", self.commits)?;
        self.answers.iter().try_for_each(|(kind, count)| write!(f, " {count} {kind}"))
    }
}

/// One round. The seed decides everything, even which sort of round it is.
fn round(seed: u64, registry: &Arc<Registry>) -> Result<Tally, String> {
    if is_rush(seed) {
        return rush(seed, registry);
    }
    let first = patient(seed, registry, 1, false)?;
    let second = patient(seed, registry, 2, true)?;
    let same = first.bits.iter().zip(&second.bits).position(|(a, b)| a != b);
    match same {
        Some(frame) if frame < first.calm => {
            let whim = first.whims.partition_point(|(at, _)| *at <= frame);
            let done = &first.whims[whim.saturating_sub(4)..whim];
            Err(format!("the same edits gave other bits, from frame {frame} on, after {done:#?}"))
        }
        Some(frame) => {
            let frame = frame - first.calm;
            Err(format!("neutral commits gave other bits, from frame {frame} after the edits on"))
        }
        None if first.bits.len() != second.bits.len() => Err("one rendering is longer".into()),
        None => {
            let mut tally = first.tally;
            tally.add(&second.tally);
            Ok(tally)
        }
    }
}

fn is_rush(seed: u64) -> bool {
    seed % 2 == 1
}

/// Answers to commits, each of which may come but once.
#[derive(Default)]
struct Ledger {
    /// Answers of each commit, and what it was.
    counts: Vec<(Arc<AtomicU8>, String)>,
    seen: Arc<Mutex<Seen>>,
}

#[derive(Default)]
struct Seen {
    answers: BTreeMap<&'static str, u64>,
    /// Refusals that no patch may cause.
    faults: Vec<String>,
}

impl Ledger {
    /// What a commit of `whim` is to call.
    fn responder(&mut self, whim: &Whim) -> impl FnOnce(Answer) + Send + 'static {
        let count = Arc::new(AtomicU8::new(0));
        self.counts.push((count.clone(), format!("{whim:?}")));
        let seen = self.seen.clone();
        move |answer| {
            count.fetch_add(1, Release);
            let Ok(mut seen) = seen.lock() else { return };
            *seen.answers.entry(kind(&answer)).or_default() += 1;
            if let Answer::Rejected { rejection, .. } = &answer {
                let faulty = matches!(
                    rejection,
                    Rejection::Panicked { .. } | Rejection::Plan(_) | Rejection::Builder(_)
                );
                if faulty {
                    seen.faults.push(rejection.to_string());
                }
            }
        }
    }

    /// The last step was no commit: only knobs or layout went back.
    fn forget(&mut self) {
        self.counts.pop();
    }

    /// The first commit with a number of answers that `odd` finds wrong.
    fn find(&self, odd: impl Fn(u8) -> bool) -> Option<(usize, &str)> {
        let found = self.counts.iter().position(|(count, _)| odd(count.load(Acquire)))?;
        Some((found, &self.counts[found].1))
    }

    fn is_open(&self) -> bool {
        self.find(|answers| answers == 0).is_some()
    }

    fn check(&self) -> Result<Tally, String> {
        let seen = self.seen.lock().map_err(|_| "a responder panicked")?;
        if let Some(fault) = seen.faults.first() {
            return Err(fault.clone());
        }
        if let Some((commit, whim)) = self.find(|answers| answers > 1) {
            return Err(format!("commit {commit} was answered twice: {whim}"));
        }
        if let Some((commit, whim)) = self.find(|answers| answers == 0) {
            return Err(format!("commit {commit} was never answered: {whim}"));
        }
        let answers = seen.answers.clone();
        Ok(Tally { commits: self.counts.len() as u64, answers, ..Tally::default() })
    }
}

fn kind(answer: &Answer) -> &'static str {
    match answer {
        Answer::Swapped { .. } => "swapped",
        Answer::Superseded { .. } => "superseded",
        Answer::TimedOut { .. } => "timed out",
        Answer::Rejected { rejection, .. } => match rejection {
            Rejection::Edit { .. } => "refused (edit)",
            Rejection::NonFinite { .. } => "refused (no numbers)",
            Rejection::Ceiling { .. } => "refused (too loud)",
            Rejection::Runaway { .. } => "refused (runaway)",
            Rejection::OverBudget { .. } => "refused (budget)",
            Rejection::Silent => "refused (silent)",
            Rejection::Panicked { .. } | Rejection::Plan(_) | Rejection::Builder(_) => "FAULTS",
        },
    }
}

fn terms() -> Terms {
    // What a machine under load can do is not what this is about.
    Terms { over_budget: true, deadline: Some(Duration::from_secs(10)), ..Terms::default() }
}

fn act(engine: &Engine, whim: &Whim, ledger: &mut Ledger) {
    match whim {
        Whim::Commit(requests) => {
            engine.commit(requests, terms(), ledger.responder(whim));
        }
        Whim::Undo => {
            if engine.undo(terms(), ledger.responder(whim)).is_none() {
                ledger.forget();
            }
        }
        Whim::Redo => {
            if engine.redo(terms(), ledger.responder(whim)).is_none() {
                ledger.forget();
            }
        }
        // What does not exist cannot be turned: the error is the answer.
        Whim::Turn(id, param, value) => drop(engine.turn(id, param, *value)),
        Whim::Gate(id, on) => drop(engine.gate(id, *on)),
    }
}

/// A host that plays random notes and listens for what must not come out.
struct Ear {
    random: Random,
    held: Vec<u8>,
    left: Vec<f32>,
    right: Vec<f32>,
    frames: u64,
    /// Frames of blocks in which something sounded.
    heard: u64,
}

impl Ear {
    fn new(seed: u64) -> Self {
        let random = Random::new(seed);
        Self { random, held: Vec::new(), left: Vec::new(), right: Vec::new(), frames: 0, heard: 0 }
    }

    /// Notes and controllers of the next `frames` frames.
    fn events(&mut self, frames: usize) -> Vec<TimedEvent> {
        let mut events = Vec::new();
        let mut frame = self.random.below(400);
        while frame < frames {
            let event = match self.random.below(6) {
                0..3 if self.held.len() < 6 => {
                    let key = 30 + self.random.below(60) as u8;
                    self.held.push(key);
                    let velocity = 0.2 + 0.8 * self.random.unit();
                    Event::NoteOn { id: -1, channel: 0, key, velocity }
                }
                3 => Event::Bend { channel: 0, value: self.random.unit() * 2.0 - 1.0 },
                4 => Event::Macro { index: self.random.below(8) as u8, value: self.random.unit() },
                _ if self.held.is_empty() => Event::AllOff,
                _ => {
                    let key = self.held.remove(self.random.below(self.held.len()));
                    Event::NoteOff(chronus_engine::NoteMatch {
                        id: -1,
                        channel: 0,
                        key: i16::from(key),
                    })
                }
            };
            events.push(TimedEvent { frame: frame as u32, event });
            frame += 1 + self.random.below(800);
        }
        events
    }

    /// Renders the next block, cut where `cuts` says; checks every sample.
    fn block(
        &mut self,
        renderer: &mut Renderer,
        frames: usize,
        offline: bool,
        cuts: &mut Random,
    ) -> Result<(), String> {
        let events = self.events(frames);
        self.left.resize(frames, 0.0);
        self.right.resize(frames, 0.0);
        let mut at = 0;
        while at < frames {
            let n = (1 + cuts.below(frames)).min(frames - at);
            let due = events.iter().filter(|e| (at..at + n).contains(&(e.frame as usize)));
            let due: Vec<TimedEvent> =
                due.map(|e| TimedEvent { frame: e.frame - at as u32, ..*e }).collect();
            let (left, right) = (&mut self.left[at..at + n], &mut self.right[at..at + n]);
            // Silence in, as from a track without audio.
            left.fill(0.0);
            right.fill(0.0);
            let transport = Transport::default();
            renderer.process(Block { channels: [left, right], events: &due, transport, offline });
            at += n;
        }
        self.frames += frames as u64;
        let sounds = self.left.iter().chain(&self.right).any(|x| x.abs() > AUDIBLE);
        self.heard += if sounds { frames as u64 } else { 0 };
        let bad = self
            .left
            .iter()
            .chain(&self.right)
            .find(|x| !x.is_finite() || x.abs() > CEILING || (**x != 0.0 && x.is_subnormal()));
        bad.map_or(Ok(()), |x| Err(format!("a sample of {x:e} at frame {}", self.frames)))
    }
}

/// Checks what the engine itself has counted.
fn counters(engine: &Engine) -> Result<(), String> {
    let counters = engine.counters();
    let nonfinite = counters.nonfinite.load(Relaxed);
    let missed = counters.missed_blocks.load(Relaxed);
    let failed = counters.failed_module.load(Relaxed);
    let graphs = counters.graphs.load(Relaxed);
    let module = || {
        let key = u32::try_from(failed.saturating_sub(1)).unwrap_or(u32::MAX);
        engine.module_of_key(key).map_or_else(|| "?".into(), |id| id.to_string())
    };
    if nonfinite > 0 || failed > 0 {
        return Err(format!("{nonfinite} samples were no numbers; module {} failed", module()));
    }
    if missed > 0 {
        return Err(format!("{missed} blocks were not rendered"));
    }
    if graphs > MOST_GRAPHS {
        return Err(format!("{graphs} graphs are alive"));
    }
    Ok(())
}

/// An engine that plays something, its renderer, and its storm.
fn start(seed: u64, registry: &Arc<Registry>) -> Result<(Engine, Renderer, Storm), String> {
    let rates = [44_100.0, 48_000.0, 96_000.0, 22_050.0];
    let rate = rates[(seed >> 8) as usize % rates.len()];
    let (engine, mut renderer) = Engine::new(registry.clone(), Options::default());
    engine.set_sample_rate(rate);
    renderer.activate(rate);
    if renderer.graph().is_none() {
        return Err("no graph within 2 s".into());
    }
    Ok((engine, renderer, Storm::new(seed)))
}

/// What a patient round gave.
struct Patience {
    tally: Tally,
    bits: Vec<[u32; 2]>,
    /// What was done, at which frame.
    whims: Vec<(usize, Whim)>,
    /// Frame after which nothing audible is edited.
    calm: usize,
}

/// Every commit is waited for, as in a bounce. In the end all is quiet but for notes, and for
/// commits that change nothing where `neutral`.
fn patient(
    seed: u64,
    registry: &Arc<Registry>,
    cut: u64,
    neutral: bool,
) -> Result<Patience, String> {
    let (engine, mut renderer, mut storm) = start(seed, registry)?;
    let mut ledger = Ledger::default();
    let (mut ear, mut sizes, mut cuts) =
        (Ear::new(seed ^ 1), Random::new(seed ^ 2), Random::new(seed ^ cut << 32));
    let mut bits = Vec::new();
    let mut hear = |ear: &mut Ear, frames, after: &dyn Fn() -> String| {
        ear.block(&mut renderer, frames, true, &mut cuts)
            .and_then(|()| counters(&engine))
            .map_err(|text| format!("{text}, after {}", after()))?;
        bits.extend(ear.left.iter().zip(&ear.right).map(|(l, r)| [l.to_bits(), r.to_bits()]));
        Ok::<usize, String>(bits.len())
    };
    // The first block tells the engine that it is offline.
    let mut heard = hear(&mut ear, 1, &|| "the start".into())?;
    let mut whims = Vec::new();
    for whim in 0..WHIMS / 3 {
        let next = storm.next(&engine.document(), registry);
        act(&engine, &next, &mut ledger);
        whims.push((heard, next.clone()));
        heard = hear(&mut ear, 1 + sizes.below(400), &|| format!("whim {whim}: {next:?}"))?;
    }
    // A load's crossfade, or a bridge, may still be under way.
    let calm = hear(&mut ear, CALM, &|| "the last whim".into())?;
    // What the editor was refused stays in its document: a commit of it might not be neutral.
    let neutral = neutral && engine.refusal().is_none();
    for n in 0..NEUTRAL {
        if neutral {
            let whim = nothing(n, registry, &mut storm, &engine.document());
            act(&engine, &whim, &mut ledger);
        }
        hear(&mut ear, 1 + sizes.below(400), &|| format!("neutral commit {n}"))?;
    }
    // A graph is swapped in before its answer is heard.
    let deadline = Instant::now() + Duration::from_secs(2);
    while ledger.is_open() && Instant::now() < deadline {
        std::thread::sleep(Duration::from_millis(1));
    }
    ledger.check()?;
    // Once more: the end may answer what was answered.
    drop((engine, renderer));
    let mut tally = ledger.check()?;
    tally.frames = ear.frames;
    tally.heard = ear.heard;
    Ok(Patience { tally, bits, whims, calm })
}

/// Neutral commit `n`.
fn nothing(n: usize, registry: &Registry, storm: &mut Storm, patch: &Patch) -> Whim {
    let spare = || "spare".to_owned();
    let first = patch.modules.keys().next().cloned();
    // Without a sink every output is heard, so that a lone module sounds.
    let is_sink = |kind: &str| registry.spec(kind).is_ok_and(|spec| spec.sink);
    let sinks = patch.modules.values().any(|module| is_sink(&module.kind));
    Whim::Commit(match (n % 4, first) {
        (1, _) if sinks => vec![storm.unheard(registry, &spare())],
        (0 | 1, _) => Vec::new(),
        (2, Some(id)) if n % 8 == 2 => {
            let position = Point { x: n as f32, y: 0.0 };
            vec![Request::Edit(Edit::Move { id, position })]
        }
        (2, Some(id)) => vec![Request::Edit(Edit::Rename { id, name: format!("again {n}") })],
        _ if sinks => vec![Request::Delete { id: spare() }],
        _ => Vec::new(),
    })
}

/// Writes the patch that plays to a file, for whoever looks into it.
fn keep(engine: &Engine, seed: u64) -> String {
    let path = std::env::temp_dir().join(format!("soak-{seed}.json"));
    match std::fs::write(&path, engine.playing().1.to_json()) {
        Ok(()) => format!("the patch is in {}", path.display()),
        Err(error) => format!("{}: {error}", path.display()),
    }
}

/// Ends the audio thread when dropped.
struct Ending<'a>(&'a AtomicBool);

impl Drop for Ending<'_> {
    fn drop(&mut self) {
        self.0.store(true, Release);
    }
}

/// Commits come as fast as they can be made, while another thread plays.
fn rush(seed: u64, registry: &Arc<Registry>) -> Result<Tally, String> {
    let (engine, mut renderer, mut storm) = start(seed, registry)?;
    let mut ledger = Ledger::default();
    let over = AtomicBool::new(false);
    let mut ear = Ear::new(seed ^ 1);
    let played: Result<(u64, u64), String> = std::thread::scope(|scope| {
        // Also when this thread panics: else the scope would wait for the other for ever.
        let ending = Ending(&over);
        let audio = scope.spawn(|| {
            let (mut sizes, mut cuts) = (Random::new(seed ^ 2), Random::new(seed ^ 3));
            while !over.load(Acquire) {
                let frames = 1 + sizes.below(512);
                ear.block(&mut renderer, frames, false, &mut cuts)?;
                // Some pace, or the builder would get no processor on a small machine.
                std::thread::sleep(Duration::from_micros(200));
            }
            Ok((ear.frames, ear.heard))
        });
        let mut pauses = Random::new(seed ^ 4);
        for _ in 0..WHIMS {
            let whim = storm.next(&engine.document(), registry);
            act(&engine, &whim, &mut ledger);
            if pauses.chance(0.2) {
                std::thread::sleep(Duration::from_micros(pauses.below(6000) as u64));
            }
            if counters(&engine).is_err() || audio.is_finished() {
                break;
            }
        }
        let deadline = Instant::now() + Duration::from_secs(12);
        while ledger.is_open() && Instant::now() < deadline && !audio.is_finished() {
            std::thread::sleep(Duration::from_millis(1));
        }
        // Idle, everything but the graph that plays comes home and is dropped.
        let deadline = Instant::now() + Duration::from_secs(6);
        while engine.counters().graphs.load(Relaxed) > 1 && Instant::now() < deadline {
            std::thread::sleep(Duration::from_millis(20));
        }
        drop(ending);
        audio.join().map_err(|_| "the audio thread panicked")?
    });
    let (frames, heard) = played.map_err(|text| format!("{text}; {}", keep(&engine, seed)))?;
    counters(&engine).map_err(|text| format!("{text}; {}", keep(&engine, seed)))?;
    let graphs = engine.counters().graphs.load(Relaxed);
    if graphs > 1 {
        return Err(format!("{graphs} graphs are alive though nothing happens"));
    }
    ledger.check()?;
    drop((engine, renderer));
    let mut tally = ledger.check()?;
    (tally.frames, tally.heard) = (frames, heard);
    Ok(tally)
}
