//! The builder: one thread per instance. It takes commits, makes and proves standby graphs,
//! publishes them, hears what the DSP thread did, and drops retired graphs.

use std::collections::{BTreeMap, VecDeque};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering::{Acquire, Relaxed, Release};
use std::time::{Duration, Instant};

use chronus_patch::{MacroKnob, ModuleId, Patch};
use parking_lot::{Condvar, Mutex};

use crate::compile::{Compiled, Diagnostic, compile};
use crate::counters::Stage;
use crate::graph::{Graph, Write};
use crate::handover::{Claim, Entry, Readiness, Revision, Shared, Swapped};
use crate::plan::Plan;
use crate::ramp::Ramp;
use crate::registry::Registry;
use crate::standby::{Built, Demands, Rejection, Stop, Values, Verdict, Verified, panic_text};
use crate::store::Cells;
use crate::verify::{verify, verify_carry};
use crate::voices::Voices;

/// How often the builder looks for the DSP thread's answer while a commit is published.
const POLL: Duration = Duration::from_micros(200);
/// Publishes that bring everything home: one for the DSP thread to give its slot up, one for the
/// builder to get it.
const FETCH_ROUNDS: u8 = 2;
/// Idle time after which retired graphs are fetched home.
const FETCH_AFTER: Duration = Duration::from_secs(1);

/// Cells of the modules of one patch, by id.
pub(crate) type Lives = BTreeMap<ModuleId, Arc<Cells>>;

/// What becomes of a commit; each gets exactly one.
#[derive(Clone, Debug)]
pub enum Answer {
    /// It plays.
    Swapped {
        /// The commit.
        revision: Revision,
        /// Absolute frame from which it plays.
        frame: u64,
        /// From the commit to the swap.
        took: Duration,
        /// What verification found.
        verdict: Verdict,
        /// What is missing or odd in the patch.
        diagnostics: Vec<Diagnostic>,
    },
    /// It was refused; what played before plays on.
    Rejected {
        /// The commit.
        revision: Revision,
        /// Why.
        rejection: Rejection,
    },
    /// A newer commit, which contains its edits, took its place.
    Superseded {
        /// The commit.
        revision: Revision,
    },
    /// It was not ready within its deadline; what played before plays on.
    TimedOut {
        /// The commit.
        revision: Revision,
    },
}

impl Answer {
    /// The commit it answers.
    #[must_use]
    pub fn revision(&self) -> Revision {
        match self {
            Self::Swapped { revision, .. }
            | Self::Rejected { revision, .. }
            | Self::Superseded { revision }
            | Self::TimedOut { revision } => *revision,
        }
    }
}

/// A commit on its way.
pub(crate) struct Job {
    pub revision: Revision,
    pub patch: Arc<Patch>,
    pub lives: Arc<Lives>,
    pub entry: Entry,
    pub due: Option<u64>,
    pub demands: Demands,
    pub committed: Instant,
    pub deadline: Option<Duration>,
    pub writes: Vec<Write>,
}

/// What the sessions leave for the builder.
#[derive(Default)]
pub(crate) struct Inbox {
    state: Mutex<InboxState>,
    changed: Condvar,
    /// Revision of the newest commit without a frame of its own: older ones need not be finished.
    newest: AtomicU64,
    stopping: std::sync::atomic::AtomicBool,
}

/// What graphs are built for.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Setup {
    pub sample_rate: f64,
    /// `Shared::epoch` since this setup.
    pub epoch: u64,
}

#[derive(Default)]
struct InboxState {
    latest: Option<Job>,
    timed: VecDeque<Job>,
    /// A new setup and the patch to build for it.
    setup: Option<(Setup, Job)>,
}

impl Inbox {
    /// Leaves a commit; answers with the one it replaces.
    pub fn put(&self, job: Job, shared: &Shared) -> Option<Job> {
        let mut state = self.state.lock();
        let replaced = if let Some(due) = job.due {
            // Under the lock, as in `Builder::landed`: neither may undo the other.
            shared.next_due.fetch_min(due, Release);
            state.timed.push_back(job);
            None
        } else {
            self.newest.store(job.revision, Release);
            state.latest.replace(job)
        };
        self.changed.notify_one();
        replaced
    }

    /// Leaves a new setup; pending commits are answered superseded.
    pub fn set_up(&self, setup: Setup, job: Job, shared: &Shared) -> Vec<Job> {
        let mut state = self.state.lock();
        self.newest.store(job.revision, Release);
        let older = state.setup.replace((setup, job)).map(|(_, job)| job);
        let latest = state.latest.take();
        let dropped = older.into_iter().chain(latest).chain(state.timed.drain(..)).collect();
        shared.next_due.store(u64::MAX, Release);
        self.changed.notify_one();
        dropped
    }

    /// Tells the builder to stop.
    pub fn stop(&self) {
        self.stopping.store(true, Release);
        let _state = self.state.lock();
        self.changed.notify_one();
    }

    fn stopping(&self) -> bool {
        self.stopping.load(Acquire)
    }
}

/// A published commit that the DSP thread has not answered.
struct Published {
    revision: Revision,
    claim: Arc<Claim>,
    committed: Instant,
    plan: Arc<Plan>,
    verdict: Verdict,
    diagnostics: Vec<Diagnostic>,
    macros: Arc<Patch>,
}

/// What plays, as far as the builder knows.
struct Base {
    revision: Revision,
    plan: Arc<Plan>,
    patch: Arc<Patch>,
    /// Share of real time that it was proved to take.
    load: f32,
}

/// The builder thread's state.
pub(crate) struct Builder {
    pub shared: Arc<Shared>,
    pub inbox: Arc<Inbox>,
    pub registry: Arc<Registry>,
    pub ready: triple_buffer::Input<Readiness>,
    pub notes: triple_buffer::Output<Voices>,
    /// Where answers go.
    pub answer: Box<dyn Fn(Answer) + Send>,
    base: Option<Base>,
    published: Option<Published>,
    setup: Setup,
    /// Rounds to go until all retired graphs are home.
    fetch: u8,
}

impl Builder {
    pub fn new(
        shared: Arc<Shared>,
        inbox: Arc<Inbox>,
        registry: Arc<Registry>,
        ready: triple_buffer::Input<Readiness>,
        notes: triple_buffer::Output<Voices>,
        answer: Box<dyn Fn(Answer) + Send>,
    ) -> Self {
        Self {
            shared,
            inbox,
            registry,
            ready,
            notes,
            answer,
            base: None,
            published: None,
            setup: Setup { sample_rate: 0.0, epoch: 0 },
            fetch: 0,
        }
    }

    /// Works until stopped. A panic in here becomes a rejection of the commit at hand.
    pub fn run(mut self) {
        while let Some(work) = self.next_work() {
            let (revision, due) = (work.job().revision, work.job().due);
            let done = catch_unwind(AssertUnwindSafe(|| self.work(work)));
            if let Err(panic) = done {
                let rejection = Rejection::Builder(panic_text(&*panic));
                self.respond(Answer::Rejected { revision, rejection }, due);
            }
        }
    }

    /// Waits for something to do; `None` when told to stop.
    fn next_work(&mut self) -> Option<Work> {
        let mut idle_since = Instant::now();
        loop {
            self.hear();
            if self.inbox.stopping() {
                return None;
            }
            if self.published.is_none() && self.fetch > 0 && idle_since.elapsed() > FETCH_AFTER {
                self.fetch_retired();
                idle_since = Instant::now();
            }
            let inbox = Arc::clone(&self.inbox);
            let mut state = inbox.state.lock();
            if let Some((setup, job)) = state.setup.take() {
                return Some(Work::Setup(setup, job));
            }
            if self.setup.sample_rate > 0.0 {
                if let Some(job) = state.latest.take() {
                    return Some(Work::Commit(job));
                }
                // Timed commits go in order, each on top of the one before.
                if self.published.is_none()
                    && let Some(job) = state.timed.pop_front()
                {
                    return Some(Work::Commit(job));
                }
            }
            if self.published.is_some() {
                self.inbox.changed.wait_for(&mut state, POLL);
            } else if self.fetch > 0 {
                self.inbox.changed.wait_for(&mut state, FETCH_AFTER);
            } else if !self.inbox.stopping() {
                self.inbox.changed.wait(&mut state);
            }
        }
    }

    fn work(&mut self, work: Work) {
        match work {
            Work::Setup(setup, job) => {
                // Nothing of the old setup may be swapped in or be built upon.
                self.take_back();
                self.setup = setup;
                self.base = None;
                self.commit(job);
            }
            Work::Commit(job) => {
                self.take_back();
                self.commit(job);
            }
        }
    }

    /// Takes back what is published, or, where the DSP thread has it already, hears its answer.
    fn take_back(&mut self) {
        let Some(published) = self.published.take() else { return };
        if published.claim.withdraw() {
            // It landed when it was published.
            (self.answer)(Answer::Superseded { revision: published.revision });
        } else {
            self.published = Some(published);
            self.await_answer();
        }
    }

    /// The DSP thread has taken a graph: its answer comes within a fade.
    fn await_answer(&mut self) {
        while self.published.is_some() && !self.inbox.stopping() {
            self.hear();
            if self.published.is_some() {
                std::thread::sleep(POLL);
            }
        }
    }

    /// Hears what the DSP thread did.
    fn hear(&mut self) {
        while let Some(swapped) = self.shared.swapped.pop() {
            let Some(published) = self.published.take() else { continue };
            if published.revision != swapped.revision {
                self.published = Some(published);
                continue;
            }
            self.settle(published, swapped);
        }
    }

    fn settle(&mut self, published: Published, swapped: Swapped) {
        let took = swapped.at.saturating_duration_since(published.committed);
        self.shared.remember(&swapped);
        self.fetch = FETCH_ROUNDS;
        self.base = Some(Base {
            revision: published.revision,
            plan: published.plan,
            patch: published.macros,
            load: published.verdict.load,
        });
        if published.revision > 0 {
            self.shared.counters.record_commit(took.as_micros() as u64);
        }
        self.respond(
            Answer::Swapped {
                revision: published.revision,
                frame: swapped.frame,
                took,
                verdict: published.verdict,
                diagnostics: published.diagnostics,
            },
            None,
        );
    }

    /// Sees a commit through to its answer or its publication.
    fn commit(&mut self, job: Job) {
        let (revision, due) = (job.revision, job.due);
        let timed_out = |job: &Job| job.deadline.is_some_and(|d| job.committed.elapsed() > d);
        match self.stand_by(&job) {
            Ok(ready) if !timed_out(&job) => self.publish(job, ready),
            Ok(_) => self.respond(Answer::TimedOut { revision }, due),
            Err(Stop::Rejected(rejection)) => {
                self.respond(Answer::Rejected { revision, rejection }, due);
            }
            Err(Stop::Canceled) if timed_out(&job) && !self.outrun(&job) => {
                self.respond(Answer::TimedOut { revision }, due);
            }
            Err(Stop::Canceled) => self.respond(Answer::Superseded { revision }, due),
        }
        self.shared.counters.standby_modules.store(0, Relaxed);
        self.shared.counters.enter(Stage::Idle);
    }

    /// True when a newer commit has come.
    fn outrun(&self, job: &Job) -> bool {
        job.due.is_none() && self.inbox.newest.load(Acquire) > job.revision
    }

    /// Sees a commit through to a verified standby.
    fn stand_by(&mut self, job: &Job) -> Result<Ready, Stop> {
        let registry = Arc::clone(&self.registry);
        match self.prove(job, &registry) {
            // Of modules that run side by side nobody knows which one it was.
            Err(Stop::Rejected(Rejection::Panicked { .. })) if registry.batches() => {
                self.prove(job, &Registry::clone(&registry).batching(false))
            }
            proved => proved,
        }
    }

    /// Compile, check, build, probe, prime, warm, verify.
    fn prove(&mut self, job: &Job, registry: &Registry) -> Result<Ready, Stop> {
        let offline = self.shared.offline.load(Acquire);
        if let (true, Some(due)) = (offline, job.due) {
            self.await_frame(due);
        }
        let (inbox, deadline) = (Arc::clone(&self.inbox), job.deadline);
        let canceled = || {
            let late = deadline.is_some_and(|d| job.committed.elapsed() > d);
            let outrun = job.due.is_none() && inbox.newest.load(Acquire) > job.revision;
            inbox.stopping() || outrun || late
        };
        let base = match (job.entry, &self.base) {
            (Entry::Edit, Some(base)) => Some(&*base.plan),
            _ => None,
        };
        let key = |id: &ModuleId| job.lives.get(id).map_or(u32::MAX - 1, |c| c.key);
        self.shared.counters.enter(Stage::Compiling);
        let Compiled { plan, bridge, diagnostics } = compile(&job.patch, registry, &key, base);
        // Through the bridge, where there is one.
        let way = || bridge.iter().chain([&plan]);
        for (plan, before) in way().zip(std::iter::once(base).chain(way().map(Some))) {
            verify(plan).and_then(|()| verify_carry(plan, before)).map_err(Rejection::from)?;
        }
        let counters = &self.shared.counters;
        counters.standby_modules.store(plan.nodes.len() as u64, Relaxed);
        counters.enter(Stage::Building);
        if canceled() {
            return Err(Stop::Canceled);
        }
        let plan = Arc::new(plan);
        let built = self.build(&plan, job, false, &canceled)?;
        let macro_value =
            |i: usize| Ramp::constant(f32::from_bits(self.shared.macros[i].load(Relaxed)));
        let macros = Box::new(std::array::from_fn(macro_value));
        let values = Values { macros, writes: &job.writes };
        counters.enter(Stage::Probing);
        let probed = Built::new(built, self.setup.sample_rate).probe(&values, &canceled)?;
        let frame = self.shared.frame.load(Acquire).max(job.due.unwrap_or(0));
        // Asked before looking: what is turned in between is looked at again.
        let count = self.shared.marks.count();
        let primed = probed.prime(self.notes.read(), &values, frame);
        counters.enter(Stage::Warming);
        let warm = primed.warm(job.demands.warm_blocks, offline, &canceled)?;
        let playing = self.base.as_ref().map_or(0.0, |base| base.load);
        let verified = warm.verify(&Demands { playing, ..job.demands })?;
        counters.record_warm(&verified.verdict.warm_rms);
        counters.standby_load_ppm.store((verified.verdict.load * 1e6) as u64, Relaxed);
        let bridge = match bridge {
            Some(bridge) => Some(Box::new(self.build(&Arc::new(bridge), job, true, &canceled)?)),
            None => None,
        };
        Ok(Ready { verified, bridge, diagnostics, primed: count })
    }

    fn build(
        &self,
        plan: &Arc<Plan>,
        job: &Job,
        bare: bool,
        canceled: &dyn Fn() -> bool,
    ) -> Result<Graph, Stop> {
        let shared = &self.shared;
        let cells = |n: usize| {
            let node = &plan.nodes[n];
            let known = job.lives.get(&node.id).filter(|c| c.key == node.key.module);
            known.cloned().unwrap_or_else(|| {
                let marks = Arc::clone(&shared.marks);
                Arc::new(Cells::new(node.key.module, node.spec, &node.params, marks))
            })
        };
        let graph = Graph::build(
            Arc::clone(plan),
            &self.registry,
            &cells,
            self.setup.sample_rate,
            bare,
            canceled,
        );
        graph.map(|graph| graph.counted(&shared.counters.graphs)).ok_or(Stop::Canceled)
    }

    /// Offline: a timed commit is primed with the notes of its own frame, so it waits for it.
    fn await_frame(&self, due: u64) {
        let mut waiting = self.shared.waiting.lock();
        while waiting.reached < due && !self.inbox.stopping() {
            self.shared.waiting_changed.wait_for(&mut waiting, Duration::from_millis(5));
        }
    }

    fn publish(&mut self, job: Job, ready: Ready) {
        let Ready { verified: Verified { mut graph, verdict }, mut bridge, diagnostics, primed } =
            ready;
        // Here, so that the DSP thread need not.
        for graph in bridge.iter_mut().chain([&mut graph]) {
            let plan = Arc::clone(graph.plan());
            graph.taps.resolve(&plan, &self.shared.taps);
        }
        let base_macros = self.base.as_ref().map(|b| &b.patch.macros);
        let claim = Arc::new(Claim::default());
        let plan = Arc::clone(graph.plan());
        let (swap, then) = match bridge {
            Some(bridge) => (bridge, Some(graph)),
            None => (graph, None),
        };
        let readiness = Readiness {
            revision: job.revision,
            base: self.base.as_ref().map_or(0, |b| b.revision),
            epoch: self.setup.epoch,
            due: job.due,
            entry: if self.base.is_some() { job.entry } else { Entry::Load },
            turns: swap.turns(&job.writes),
            swap: Some(swap),
            then,
            retired: Default::default(),
            primed,
            revoiced: self
                .base
                .as_ref()
                .is_none_or(|base| job.entry == Entry::Load || base.plan.voices != plan.voices),
            rebound: base_macros.is_none_or(|macros| !bind_alike(macros, &job.patch.macros)),
            claim: Arc::clone(&claim),
        };
        // The buffer that comes free holds what the DSP thread left in it: it is dropped here.
        *self.ready.input_buffer_mut() = readiness;
        self.ready.publish();
        self.published = Some(Published {
            revision: job.revision,
            claim,
            committed: job.committed,
            plan,
            verdict,
            diagnostics,
            macros: job.patch,
        });
        self.landed(job.due);
    }

    /// Publishes nothing, to get the slot with the retired graphs back, and drops them.
    fn fetch_retired(&mut self) {
        if self.ready.consumed() {
            *self.ready.input_buffer_mut() = Readiness::default();
            self.ready.publish();
            self.fetch -= 1;
        }
        *self.ready.input_buffer_mut() = Readiness::default();
    }

    fn respond(&self, answer: Answer, due: Option<u64>) {
        // The answer first: it may take edits back, and offline rendering must not go on to the next
        // commit before that is done.
        let landed = !matches!(answer, Answer::Swapped { .. });
        (self.answer)(answer);
        if landed {
            self.landed(due);
        }
    }

    /// A commit is published or answered: offline rendering may go on.
    fn landed(&self, due: Option<u64>) {
        if due.is_some() {
            let state = self.inbox.state.lock();
            let next = state.timed.front().and_then(|job| job.due).unwrap_or(u64::MAX);
            self.shared.next_due.store(next, Release);
        }
        self.shared.landed(due.is_none());
    }
}

struct Ready {
    verified: Verified,
    bridge: Option<Box<Graph>>,
    diagnostics: Vec<Diagnostic>,
    /// `Readiness::primed`.
    primed: u64,
}

enum Work {
    Setup(Setup, Job),
    Commit(Job),
}

impl Work {
    fn job(&self) -> &Job {
        match self {
            Self::Setup(_, job) | Self::Commit(job) => job,
        }
    }
}

/// True when macros drive the same params in both, wherever they stand.
fn bind_alike(a: &BTreeMap<u8, MacroKnob>, b: &BTreeMap<u8, MacroKnob>) -> bool {
    let bound = |(_, knob): &(&u8, &MacroKnob)| !knob.bindings.is_empty();
    let bindings = |(&index, knob): (_, &MacroKnob)| (index, knob.bindings.clone());
    a.iter().filter(bound).map(bindings).eq(b.iter().filter(bound).map(bindings))
}
