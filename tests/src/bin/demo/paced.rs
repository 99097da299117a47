//! The performance in real time: the audio thread, the remote's thread, and the host's idle loop.

use std::io::{IsTerminal, Write};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use chronus_tests::host::{Block, HostError, Instance, Player};
use chronus_tests::measure::{self, Swap};
use chronus_tests::music::Sequencer;
use chronus_tests::osc::{Client, Reply};
use chronus_tests::paint::{Mark, Picture, Sort};
use chronus_tests::script::START;

use crate::remote::{self, Aim, Commit, Progress};
use crate::{BLOCK, DemoError, RATE};

/// Frames that cables ramp, and that a load crossfades.
const EDIT_RAMP: usize = (chronus_engine::CABLE_RAMP_SECONDS * RATE) as usize;
const LOAD_RAMP: usize = (chronus_engine::LOAD_FADE_SECONDS * RATE) as usize;
/// Before a block is due, the audio thread stops sleeping and spins.
const SPIN: Duration = Duration::from_micros(150);

/// Sorts of marks in the picture, by the answer.
const SORTS: &[Sort] = &[
    Sort { name: "swapped", colour: [92, 214, 140] },
    Sort { name: "load", colour: [120, 160, 255] },
    Sort { name: "rejected", colour: [255, 100, 100] },
    Sort { name: "superseded", colour: [200, 160, 90] },
];

/// A recorded performance.
pub struct Performance {
    /// Left and right.
    pub channels: [Vec<f32>; 2],
    /// Every commit, in order.
    pub commits: Vec<Commit>,
    /// When each block's process() was called.
    starts: Vec<Instant>,
    /// Absolute frame of the recording's first.
    first_frame: u64,
    marks: Vec<Mark>,
}

/// Plays `seconds` of the phrase in real time, while the remote follows its script.
pub fn perform(
    instance: &mut Instance,
    mut player: Player,
    client: &Client,
    seconds: f64,
) -> Result<(Performance, Player), DemoError> {
    set_up(&mut player, client, START)?;
    let first_frame = client.status()?["frame"].as_u64().unwrap_or_else(|| player.frame());
    let blocks = (seconds * RATE / BLOCK as f64).ceil() as usize;
    let (progress, over) = (Progress::default(), AtomicBool::new(false));
    let played = AtomicU64::new(0);
    let start = Instant::now() + Duration::from_millis(50);
    let (recorded, commits) = std::thread::scope(|scope| {
        let audio = scope.spawn(|| {
            let recorded = record(&mut player, start, blocks, &played, &over);
            over.store(true, Ordering::Release);
            recorded
        });
        let hand = scope.spawn(|| {
            let commits = remote::play(client, start, seconds, &progress);
            over.store(true, Ordering::Release);
            commits
        });
        watch(instance, &progress, &played, seconds, &|| hand.is_finished() && audio.is_finished());
        let dead = |_| HostError::Refused { step: "play", text: "a thread panicked".into() };
        let recorded = audio.join().map_err(dead)??;
        let commits = hand.join().map_err(dead)??;
        Ok::<_, DemoError>((recorded, commits))
    })?;
    let (channels, starts) = recorded;
    let mut performance = Performance { channels, commits, starts, first_frame, marks: Vec::new() };
    performance.mark();
    Ok((performance, player))
}

/// Plays silence until the patch that `edits` make is swapped in.
pub fn set_up(player: &mut Player, client: &Client, edits: &[&str]) -> Result<(), DemoError> {
    client.say("/patch/new")?;
    edits.iter().try_for_each(|edit| client.say(&format!("/patch/{edit}")))?;
    client.say("/patch/commit")?;
    let (mut left, mut right) = (vec![0.0; BLOCK], vec![0.0; BLOCK]);
    let deadline = Instant::now() + Duration::from_secs(5);
    while Instant::now() < deadline {
        player.process(Block { input: None, output: [&mut left, &mut right], events: &[] })?;
        match client.receive(Duration::from_micros(500))? {
            Some(Reply::Swapped { .. }) => return Ok(()),
            Some(Reply::Error(verb, text)) => {
                return Err(DemoError::Start(format!("{verb}: {text}")));
            }
            Some(other) if other.is_answer() => {
                return Err(DemoError::Start(format!("{other:?}")));
            }
            _ => {}
        }
    }
    Err(DemoError::Start("no answer within 5 s".into()))
}

type Recorded = ([Vec<f32>; 2], Vec<Instant>);

/// The audio thread: `blocks` blocks, each when it is due, and on until the remote is through.
fn record(
    player: &mut Player,
    start: Instant,
    blocks: usize,
    played: &AtomicU64,
    over: &AtomicBool,
) -> Result<Recorded, HostError> {
    let sequencer = Sequencer::new(RATE);
    let mut channels = [vec![0.0; blocks * BLOCK], vec![0.0; blocks * BLOCK]];
    let mut starts = Vec::with_capacity(blocks);
    let (mut spare_left, mut spare_right) = (vec![0.0; BLOCK], vec![0.0; BLOCK]);
    let mut block = 0;
    while block < blocks || !over.load(Ordering::Acquire) {
        let at = (block * BLOCK) as u64;
        wait_until(start + Duration::from_secs_f64(at as f64 / RATE));
        let events = if block < blocks { sequencer.events(at, BLOCK) } else { Vec::new() };
        let [left, right] = &mut channels;
        let output = if block < blocks {
            starts.push(Instant::now());
            let range = block * BLOCK..(block + 1) * BLOCK;
            [&mut left[range.clone()], &mut right[range]]
        } else {
            [&mut spare_left[..], &mut spare_right[..]]
        };
        player.process(Block { input: None, output, events: &events })?;
        played.store(at, Ordering::Relaxed);
        block += 1;
    }
    Ok((channels, starts))
}

fn wait_until(due: Instant) {
    if let Some(left) = due.checked_duration_since(Instant::now()) {
        if left > SPIN {
            std::thread::sleep(left - SPIN);
        }
        while Instant::now() < due {
            std::hint::spin_loop();
        }
    }
}

/// The host's idle loop, which also shows how far it is.
fn watch(
    instance: &mut Instance,
    progress: &Progress,
    played: &AtomicU64,
    seconds: f64,
    is_over: &dyn Fn() -> bool,
) {
    let live = std::io::stdout().is_terminal();
    let mut shown = -1.0;
    while !is_over() {
        instance.idle();
        std::thread::sleep(Duration::from_millis(20));
        let at = played.load(Ordering::Relaxed) as f64 / RATE;
        let every = if live { 0.2 } else { 5.0 };
        if at - shown < every {
            continue;
        }
        shown = at;
        let [swapped, rejected, superseded, timed_out] =
            [0, 1, 2, 3].map(|i| progress.answers[i].load(Ordering::Relaxed));
        let sent = progress.sent.load(Ordering::Relaxed);
        print!(
            "{}{at:5.1} of {seconds:.0} s   {sent:3} commits: {swapped} swapped, {rejected} \
             rejected, {superseded} superseded, {timed_out} timed out{}",
            if live { "\r" } else { "" },
            if live { "   " } else { "\n" },
        );
        let _ = std::io::stdout().flush();
    }
    if live {
        println!();
    }
}

impl Performance {
    fn answers(&self, wanted: impl Fn(&Reply) -> bool) -> u64 {
        let answers = self.commits.iter().filter_map(|c| c.answer.as_ref());
        answers.filter(|(_, reply)| wanted(reply)).count() as u64
    }

    /// Commits that were swapped in.
    pub fn swapped(&self) -> u64 {
        self.answers(|r| matches!(r, Reply::Swapped { .. }))
    }

    /// Commits that were refused.
    pub fn rejected(&self) -> u64 {
        self.answers(|r| matches!(r, Reply::Rejected(..)))
    }

    /// Commits that were superseded.
    pub fn superseded(&self) -> u64 {
        self.answers(|r| matches!(r, Reply::Superseded(_)))
    }

    /// Commits that timed out.
    pub fn timed_out(&self) -> u64 {
        self.answers(|r| matches!(r, Reply::TimedOut(_)))
    }

    /// ms from commit to swap of every commit swapped in.
    pub fn latencies(&self) -> Vec<f64> {
        let answers = self.commits.iter().filter_map(|c| c.answer.as_ref());
        answers
            .filter_map(|(_, reply)| match reply {
                Reply::Swapped { ms, .. } => Some(*ms),
                _ => None,
            })
            .collect()
    }

    /// Samples that are no numbers.
    pub fn nonfinite(&self) -> u64 {
        self.channels.iter().map(|c| measure::nonfinite(c)).sum()
    }

    /// The swaps, with the commits they belong to.
    pub fn swaps(&self) -> impl Iterator<Item = (&Commit, Swap)> {
        self.commits.iter().filter_map(|commit| Some((commit, self.swap(commit)?)))
    }

    /// Where in the recording a commit was swapped in; none after its end.
    fn swap(&self, commit: &Commit) -> Option<Swap> {
        let (began, frame) = commit.landed?;
        let at = |frame: u64| usize::try_from(frame.checked_sub(self.first_frame)?).ok();
        let (from, to) = (at(began)?, at(frame)?);
        let ramp = if commit.aim == Aim::Load { LOAD_RAMP } else { EDIT_RAMP };
        (to < self.channels[0].len()).then_some(Swap { from, to, ramp })
    }

    fn mark(&mut self) {
        let start = self.starts.first().copied();
        let mut marks = Vec::new();
        for commit in &self.commits {
            let Some((answered, reply)) = &commit.answer else { continue };
            let sort = match reply {
                Reply::Swapped { .. } if commit.aim == Aim::Load => 1,
                Reply::Swapped { .. } => 0,
                Reply::Rejected(..) => 2,
                _ => 3,
            };
            let at = self.swap(commit).map_or_else(
                || start.map_or(0.0, |s| answered.saturating_duration_since(s).as_secs_f64()),
                |swap| swap.from as f64 / RATE,
            );
            marks.push(Mark { at, sort });
        }
        self.marks = marks;
    }

    /// The picture of it.
    pub fn picture(&self) -> Picture<'_> {
        Picture {
            title: "Chronus: a patch rewired while it plays",
            subtitle: "the release plugin in a CLAP host, 48 kHz, blocks of 64 frames",
            channels: [&self.channels[0], &self.channels[1]],
            rate: RATE,
            marks: &self.marks,
            sorts: SORTS,
        }
    }
}
