//! Offline rendering: the same engine and renderer that play live, with time standing still while
//! commits are built. So a take has the same bits every time, at any block size.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

use chronus_engine::{
    Answer, Block, Client, Engine, Event, Options, Registry, Rejection, Renderer, Request, Terms,
    TimedEvent, Transport,
};
use chronus_patch::Patch;
use thiserror::Error;

use crate::check::compiled;
use crate::performance::Timed;
use crate::remote::{join, refusal, warnings};
use crate::score::{Score, frame_at};

/// Longest that the first graph may take to be built.
const FIRST_GRAPH: Duration = Duration::from_secs(120);
/// Longest that the last answers may take after the last frame.
const LAST_ANSWERS: Duration = Duration::from_millis(500);
const NOT_REACHED: &str = "not reached: the take ended before it";

/// What is rendered.
#[derive(Clone, Debug)]
pub struct Take<'a> {
    /// What plays.
    pub patch: &'a Patch,
    /// What is played.
    pub score: &'a Score,
    /// What is changed meanwhile, in order of time.
    pub performance: &'a [Timed],
    /// Frames a second, above 0.
    pub sample_rate: f64,
    /// Frames of a block, at least 1.
    pub block: usize,
    /// Frames to render.
    pub frames: u64,
}

/// What came of it.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Report {
    /// Commits that were swapped in.
    pub swapped: usize,
    /// What is odd about the patch, what became of each of the other commits, and what is newly odd
    /// about those swapped in, in order.
    pub remarks: Vec<Remark>,
    /// Highest absolute sample.
    pub peak: f32,
    /// Root of the mean square of both channels.
    pub rms: f64,
    /// Samples that were no numbers, and were silenced.
    pub nonfinite: u64,
}

/// Something to say about a commit, or, at 0, about the patch.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Remark {
    /// Milliseconds from the start at which it was due.
    pub at_ms: u64,
    /// The commit was not swapped in.
    pub refused: bool,
    /// Why, or what is odd.
    pub text: String,
}

/// Why a take was not rendered to its end.
#[derive(Debug, Error)]
pub enum RenderError<E> {
    /// The patch itself was refused.
    #[error("the patch is refused: {0}")]
    Refused(Rejection),
    /// No graph came.
    #[error("the patch could not be built within {} s", FIRST_GRAPH.as_secs())]
    Late,
    /// What was rendered could not be written.
    #[error(transparent)]
    Sink(E),
}

/// An engine that renders offline and plays `patch` from frame 0.
pub(crate) struct Bench {
    pub engine: Engine,
    pub renderer: Renderer,
}

impl Bench {
    /// A bench with nothing on it. `patch` gives the macros their values.
    pub fn new(registry: &Arc<Registry>, patch: &Patch) -> Self {
        let (engine, mut renderer) = Engine::new(registry.clone(), Options::default());
        engine.set_offline(true);
        for (index, knob) in &patch.macros {
            engine.send(Event::Macro { index: *index, value: knob.value });
        }
        // An empty block takes the events; without a graph, macros move at once.
        renderer.process(block([&mut [], &mut []], &[], 120.0));
        Self { engine, renderer }
    }

    fn play(&mut self, patch: &Patch, sample_rate: f64) -> Result<(), Option<Rejection>> {
        let whole = [Request::Replace(Box::new(patch.clone()))];
        let (sender, answers) = channel();
        let terms = Terms { client: Client::Host, ..Terms::default() };
        self.engine.commit(&whole, terms, move |answer| drop(sender.send(answer)));
        // A document that does not apply is refused at once; else the new setup builds it.
        if let Ok(Answer::Rejected { rejection, .. }) = answers.try_recv() {
            return Err(Some(rejection));
        }
        self.engine.set_sample_rate(sample_rate);
        let started = Instant::now();
        while self.renderer.graph().is_none() {
            self.renderer.activate(sample_rate);
            if let Some((_, rejection)) = self.engine.refusal() {
                return Err(Some(rejection));
            }
            if started.elapsed() > FIRST_GRAPH {
                return Err(None);
            }
        }
        Ok(())
    }
}

/// One offline call of a host. The transport stands still, but has its tempo: what follows beats
/// then counts them itself, from the start, by the same sums at any block size.
pub(crate) fn block<'a>(
    channels: [&'a mut [f32]; 2],
    events: &'a [TimedEvent],
    tempo: f64,
) -> Block<'a> {
    Block {
        channels,
        events,
        transport: Transport { tempo, ..Transport::default() },
        offline: true,
    }
}

/// Where a take goes, block by block.
pub trait Sink {
    /// Why it cannot go there.
    type Error;

    /// Appends frames, left and right.
    ///
    /// # Errors
    /// When they cannot be kept.
    fn write(&mut self, left: &[f32], right: &[f32]) -> Result<(), Self::Error>;

    /// Forgets everything written.
    ///
    /// # Errors
    /// When it cannot begin anew.
    fn restart(&mut self) -> Result<(), Self::Error>;
}

impl Sink for Vec<[f32; 2]> {
    type Error = std::convert::Infallible;

    fn write(&mut self, left: &[f32], right: &[f32]) -> Result<(), Self::Error> {
        self.extend(left.iter().zip(right).map(|(l, r)| [*l, *r]));
        Ok(())
    }

    fn restart(&mut self) -> Result<(), Self::Error> {
        self.clear();
        Ok(())
    }
}

/// Renders `take` into `sink`. `progress` hears how many frames are done.
///
/// All commits are handed over before the first frame, each on top of the one before. Where the
/// engine refuses one for how it sounds, those after it were built on it: the take is rendered
/// again without it, so that it is as if it had never been asked for.
///
/// # Errors
/// When the patch is refused or `sink` fails. Refused commits are no error: see `Report`.
pub fn render<S: Sink>(
    registry: &Arc<Registry>,
    take: &Take<'_>,
    sink: &mut S,
    progress: &mut dyn FnMut(u64),
) -> Result<Report, RenderError<S::Error>> {
    let mut refused = BTreeMap::new();
    loop {
        match pass(registry, take, &refused, sink, progress)? {
            Pass::Whole(report) => return Ok(report),
            Pass::Refused(n, rejection) => {
                refused.insert(n, rejection);
                sink.restart().map_err(RenderError::Sink)?;
            }
        }
    }
}

/// Commits of the performance that are left out, and why.
type Refused = BTreeMap<usize, Rejection>;

enum Pass {
    /// The take, with nothing to be taken back.
    Whole(Report),
    /// This commit must be left out.
    Refused(usize, Rejection),
}

fn pass<S: Sink>(
    registry: &Arc<Registry>,
    take: &Take<'_>,
    refused: &Refused,
    sink: &mut S,
    progress: &mut dyn FnMut(u64),
) -> Result<Pass, RenderError<S::Error>> {
    let mut bench = Bench::new(registry, take.patch);
    let played = bench.play(take.patch, take.sample_rate);
    played.map_err(|refused| refused.map_or(RenderError::Late, RenderError::Refused))?;
    let mut answers = submit(&bench.engine, take, refused);
    let mut report = Report::default();
    let mut squares = 0f64;
    let [mut left, mut right] = [vec![0f32; take.block], vec![0f32; take.block]];
    let mut events = take.score.events.iter().peekable();
    let mut changes = take.score.tempo.iter().peekable();
    let (mut at, mut tempo) = (0, 120.0);
    while at < take.frames {
        while let Some((_, next)) = changes.next_if(|(frame, _)| *frame <= at) {
            tempo = *next;
        }
        let change = changes.peek().map_or(take.frames, |(frame, _)| *frame);
        let end = (at + take.block as u64).min(take.frames).min(change);
        let mut now = Vec::new();
        while let Some((frame, event)) = events.next_if(|(frame, _)| *frame < end) {
            now.push(TimedEvent { frame: (frame - at) as u32, event: *event });
        }
        let n = (end - at) as usize;
        let (left, right) = (&mut left[..n], &mut right[..n]);
        left.fill(0.0);
        right.fill(0.0);
        bench.renderer.process(block([left, right], &now, tempo));
        // Frame by frame, so that the sums are the same at any block size.
        for x in left.iter().zip(right.iter()).flat_map(|(l, r)| [*l, *r]) {
            report.peak = report.peak.max(x.abs());
            squares += f64::from(x) * f64::from(x);
        }
        sink.write(left, right).map_err(RenderError::Sink)?;
        at = end;
        progress(at);
        if let Some((n, rejection)) = answers.hear() {
            return Ok(Pass::Refused(n, rejection));
        }
    }
    if let Some((n, rejection)) = answers.hear_all() {
        return Ok(Pass::Refused(n, rejection));
    }
    report.rms = (squares / (2 * take.frames.max(1)) as f64).sqrt();
    report.nonfinite = bench.engine.counters().nonfinite.load(Relaxed);
    let odd = join(&compiled(take.patch, registry).diagnostics);
    answers.book(take, refused, odd, &mut report);
    Ok(Pass::Whole(report))
}

/// Submits all commits up front, each with its frame.
fn submit(engine: &Engine, take: &Take<'_>, refused: &Refused) -> Answers {
    let (sender, answers) = channel();
    let mut waiting = 0;
    for (n, timed) in take.performance.iter().enumerate() {
        if refused.contains_key(&n) {
            continue;
        }
        let terms = Terms {
            client: Client::Remote,
            strict: timed.strict,
            due: Some(frame_at(timed.at, take.sample_rate)),
            ..Terms::default()
        };
        let sender = sender.clone();
        engine.commit(&timed.requests, terms, move |answer| drop(sender.send((n, answer))));
        waiting += 1;
    }
    Answers { answers, waiting, heard: vec![None; take.performance.len()] }
}

/// What became of the commits of one pass.
struct Answers {
    answers: Receiver<(usize, Answer)>,
    /// Commits without an answer.
    waiting: usize,
    heard: Vec<Option<Answer>>,
}

impl Answers {
    /// Hears what has been answered. Gives the first commit that was refused for how it sounds.
    fn hear(&mut self) -> Option<(usize, Rejection)> {
        while let Ok((n, answer)) = self.answers.try_recv() {
            self.keep(n, answer);
        }
        self.unsound()
    }

    /// The same, after the last frame: waits for answers that are still on their way.
    fn hear_all(&mut self) -> Option<(usize, Rejection)> {
        while self.waiting > 0 {
            let Ok((n, answer)) = self.answers.recv_timeout(LAST_ANSWERS) else { break };
            self.keep(n, answer);
        }
        self.unsound()
    }

    fn keep(&mut self, n: usize, answer: Answer) {
        self.waiting -= usize::from(self.heard[n].replace(answer).is_none());
    }

    /// An edit that does not apply touches nothing, so only the other refusals count.
    fn unsound(&self) -> Option<(usize, Rejection)> {
        self.heard.iter().enumerate().find_map(|(n, answer)| match answer {
            Some(Answer::Rejected { rejection, .. })
                if !matches!(rejection, Rejection::Edit { .. }) =>
            {
                Some((n, rejection.clone()))
            }
            _ => None,
        })
    }

    /// Writes down what is to be said. What is odd is said once, not at every commit after it.
    fn book(self, take: &Take<'_>, left_out: &Refused, odd: String, report: &mut Report) {
        let mut said = odd;
        if !said.is_empty() {
            report.remarks.push(Remark { at_ms: 0, refused: false, text: said.clone() });
        }
        for (n, (timed, answer)) in take.performance.iter().zip(self.heard).enumerate() {
            let no = |rejection| format!("refused: {}", refusal(rejection, &timed.requests));
            let (refused, text) = match answer {
                Some(Answer::Swapped { verdict, diagnostics, .. }) => {
                    report.swapped += 1;
                    let odd = warnings(&verdict, &diagnostics);
                    let new = if odd == said { String::new() } else { odd.clone() };
                    said = odd;
                    (false, new)
                }
                Some(Answer::Rejected { rejection, .. }) => (true, no(&rejection)),
                Some(Answer::Superseded { .. }) => (true, "superseded by a later commit".into()),
                Some(Answer::TimedOut { .. }) => (true, "not ready in time".into()),
                None => (true, left_out.get(&n).map_or_else(|| NOT_REACHED.into(), no)),
            };
            if !text.is_empty() {
                let at_ms = (timed.at * 1e3).round() as u64;
                report.remarks.push(Remark { at_ms, refused, text });
            }
        }
    }
}
