//! One instance: the handle that the editor, the host's main thread and remotes hold. It owns the
//! session and the builder thread; the `Renderer` made with it goes to the DSP thread.

use std::sync::Arc;
use std::sync::atomic::Ordering::{AcqRel, Acquire, Relaxed, Release};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use chronus_patch::{Edit, EditError, Gesture, ModuleId, Patch};
use parking_lot::Mutex;
use triple_buffer::TripleBuffer;

use crate::builder::{Answer, Builder, Inbox, Job, Setup};
use crate::compile::Diagnostic;
use crate::counters::Counters;
use crate::event::Event;
use crate::handover::{Entry, Landing, Readiness, Revision, Shared};
use crate::registry::Registry;
use crate::renderer::Renderer;
use crate::request::{Request, RequestError, param_of};
use crate::session::{Accepted, Client, Responder, Session};
use crate::standby::{Demands, Rejection};
use crate::tap::TapRequests;
use crate::telemetry::Telemetry;
use crate::voices::{NoteMatch, VoicePlan, Voices};

/// How an instance treats commits.
#[derive(Clone, Copy, Debug)]
pub struct Options {
    /// Blocks of 32 frames that a standby is warmed, 1..=64.
    pub warm_blocks: usize,
    /// From commit to published.
    pub deadline: Duration,
    /// Share of real time that a graph may take.
    pub budget: f32,
}

impl Default for Options {
    fn default() -> Self {
        Self { warm_blocks: 8, deadline: Duration::from_millis(500), budget: 0.7 }
    }
}

/// How one commit is to be treated.
#[derive(Clone, Copy, Debug, Default)]
pub struct Terms {
    /// Who asks.
    pub client: Client,
    /// Refuse a patch that stays silent in the probe.
    pub strict: bool,
    /// Do not refuse for the CPU budget. Nothing else can be overridden.
    pub over_budget: bool,
    /// Absolute frame to swap at; none = as soon as it is ready.
    pub due: Option<u64>,
    /// From commit to published; none = as the instance's options say.
    pub deadline: Option<Duration>,
}

/// The handle of one instance. Dropping it stops and joins the builder; commits without an answer
/// are answered superseded.
pub struct Engine {
    shared: Arc<Shared>,
    session: Arc<Mutex<Session>>,
    inbox: Arc<Inbox>,
    registry: Arc<Registry>,
    options: Options,
    telemetry: Mutex<triple_buffer::Output<Telemetry>>,
    sample_rate: Mutex<f64>,
    builder: Option<JoinHandle<()>>,
}

impl Engine {
    /// A new instance with an empty patch, and its DSP side. It builds nothing before
    /// `set_sample_rate`.
    ///
    /// # Panics
    /// When the system cannot start a thread.
    #[must_use]
    pub fn new(registry: Arc<Registry>, options: Options) -> (Self, Renderer) {
        let shared = Arc::new(Shared::default());
        let session = Arc::new(Mutex::new(Session::new(shared.marks.clone())));
        let inbox = Arc::new(Inbox::default());
        let empty = Patch::default();
        let voices = Voices::new(VoicePlan::new(&empty.voice, &empty.tuning), 48_000.0);
        let (ready_in, ready_out) = TripleBuffer::<Readiness>::default().split();
        let (notes_in, notes_out) = TripleBuffer::new(&voices).split();
        let (telemetry_in, telemetry_out) = TripleBuffer::<Telemetry>::default().split();
        let renderer =
            Renderer::new(shared.clone(), ready_out, notes_in, telemetry_in, voices.clone());
        let answers = (session.clone(), shared.clone(), registry.clone());
        let builder = Builder::new(
            shared.clone(),
            inbox.clone(),
            registry.clone(),
            ready_in,
            notes_out,
            Box::new(move |answer| settle(&answers.0, &answers.1, &answers.2, answer)),
        );
        let thread = std::thread::Builder::new().name("chronus-builder".into());
        // PANIC: documented; there is no instance without a builder.
        let builder = thread.spawn(move || builder.run()).expect("a thread for the builder");
        let engine = Self {
            shared,
            session,
            inbox,
            registry,
            options,
            telemetry: Mutex::new(telemetry_out),
            sample_rate: Mutex::new(0.0),
            builder: Some(builder),
        };
        (engine, renderer)
    }

    /// The kinds it knows.
    #[must_use]
    pub fn registry(&self) -> &Arc<Registry> {
        &self.registry
    }

    /// What it counts.
    #[must_use]
    pub fn counters(&self) -> &Counters {
        &self.shared.counters
    }

    /// Absolute frame up to which the DSP thread has rendered.
    #[must_use]
    pub fn frame(&self) -> u64 {
        self.shared.frame.load(Acquire)
    }

    /// Where in the sound the last commits came in, at most 16, oldest first.
    #[must_use]
    pub fn recent_swaps(&self) -> Vec<Landing> {
        self.shared.recent.lock().iter().copied().collect()
    }

    /// Frames a second; 0 before the first `set_sample_rate`.
    #[must_use]
    pub fn sample_rate(&self) -> f64 {
        *self.sample_rate.lock()
    }

    /// Announces a sample rate: at the first call and whenever it changes, everything is built
    /// anew, and pending commits are answered superseded. `Renderer::activate` then waits for it.
    pub fn set_sample_rate(&self, sample_rate: f64) {
        let mut current = self.sample_rate.lock();
        if *current == sample_rate {
            return;
        }
        *current = sample_rate;
        self.rebuild(sample_rate);
    }

    fn rebuild(&self, sample_rate: f64) {
        let accepted = self.session.lock().again(&self.registry);
        let epoch = self.shared.epoch.fetch_add(1, AcqRel) + 1;
        let demands = Demands { strict: false, budget: None, ..self.demands(&Terms::default()) };
        let job = Job { deadline: None, entry: Entry::Load, ..job(accepted, demands, None, None) };
        self.shared.in_flight.fetch_add(1, AcqRel);
        for dropped in self.inbox.set_up(Setup { sample_rate, epoch }, job, &self.shared) {
            self.supersede(&dropped);
        }
    }

    /// Calls `watcher` whenever the document or what plays has changed, from the thread that
    /// changed it and outside all locks. It must be quick, and never hears of the DSP thread. Only
    /// the first watcher of an instance is kept.
    pub fn watch(&self, watcher: impl Fn() + Send + Sync + 'static) {
        let _ = self.shared.watcher.set(Box::new(watcher));
    }

    /// The document, every knob as it stands.
    #[must_use]
    pub fn document(&self) -> Arc<Patch> {
        self.session.lock().document(&self.registry)
    }

    /// How often a whole document took the place of another: by a load, or by emptying the patch.
    #[must_use]
    pub fn loads(&self) -> u64 {
        self.session.lock().loads()
    }

    /// What is missing or odd in the patch that plays.
    #[must_use]
    pub fn remarks(&self) -> Arc<[Diagnostic]> {
        self.session.lock().playing.remarks.clone()
    }

    /// Takes into the document where the host has its macros, which it knows best. That is no edit:
    /// nothing is heard of it, and there is no undo step.
    pub fn note_macros(&self, value: impl Fn(u8) -> f32) {
        self.session.lock().note_macros(value);
    }

    /// The revision that plays, and its document as committed.
    #[must_use]
    pub fn playing(&self) -> (Revision, Arc<Patch>) {
        let session = self.session.lock();
        (session.playing.revision, session.playing.patch.clone())
    }

    /// Number of the newest commit.
    #[must_use]
    pub fn last_revision(&self) -> Revision {
        self.session.lock().last_revision()
    }

    /// Why the document does not play, if it was refused.
    #[must_use]
    pub fn refusal(&self) -> Option<(Revision, Rejection)> {
        self.session.lock().refusal.clone()
    }

    /// Commits `requests`, all or none, onto the document. `answer` is called exactly once, from
    /// any thread, unless the instance is dropped first.
    pub fn commit(
        &self,
        requests: &[Request],
        terms: Terms,
        answer: impl FnOnce(Answer) + Send + 'static,
    ) -> Revision {
        self.shared.counters.commits.fetch_add(1, Relaxed);
        let accepted = {
            let mut session = self.session.lock();
            let accepted = session.accept(requests, terms.client, &self.registry, Box::new(answer));
            accepted.map(|accepted| self.hand_over(accepted, &terms))
        };
        self.reply(accepted)
    }

    /// Undoes one step of the document: a commit, or, where only knobs and layout change, nothing
    /// but that. `answer` is called when it is a commit, whose revision is the result.
    pub fn undo(
        &self,
        terms: Terms,
        answer: impl FnOnce(Answer) + Send + 'static,
    ) -> Option<Revision> {
        self.step(true, terms, Box::new(answer))
    }

    /// Redoes one step of the document, as `undo` undoes it.
    pub fn redo(
        &self,
        terms: Terms,
        answer: impl FnOnce(Answer) + Send + 'static,
    ) -> Option<Revision> {
        self.step(false, terms, Box::new(answer))
    }

    fn step(&self, back: bool, terms: Terms, answer: Responder) -> Option<Revision> {
        let accepted = {
            let mut session = self.session.lock();
            if session.step_quietly(back, &self.registry) {
                drop(session);
                self.shared.changed();
                return None;
            }
            self.shared.counters.commits.fetch_add(1, Relaxed);
            let accepted = session.step(back, terms.client, &self.registry, answer);
            accepted.map(|accepted| self.hand_over(accepted, &terms))
        };
        Some(self.reply(accepted))
    }

    /// Does an edit that cannot be heard (`Edit::is_silent`: layout, names, comments): an undo step
    /// of the document, but no commit.
    ///
    /// # Errors
    /// When the document refuses it.
    ///
    /// # Panics
    /// In debug builds, when the edit can be heard.
    pub fn arrange(&self, edit: Edit) -> Result<(), EditError> {
        self.rearrange(edit, None)
    }

    /// As `arrange`, as part of a gesture: all that is arranged in it is one undo step.
    ///
    /// # Errors
    /// When the document refuses it.
    ///
    /// # Panics
    /// In debug builds, when the edit can be heard.
    pub fn arrange_in(&self, gesture: Gesture, edit: Edit) -> Result<(), EditError> {
        self.rearrange(edit, Some(gesture))
    }

    fn rearrange(&self, edit: Edit, gesture: Option<Gesture>) -> Result<(), EditError> {
        debug_assert!(edit.is_silent());
        self.session.lock().arrange(edit, gesture, &self.registry)?;
        self.shared.changed();
        Ok(())
    }

    /// Turns a param, live, as part of a gesture: all that is turned in it is one undo step. Values out of range are brought into it.
    ///
    /// # Errors
    /// When the module or param is not there.
    pub fn turn_in(
        &self,
        gesture: Gesture,
        id: &str,
        param: &str,
        value: f32,
    ) -> Result<(), RequestError> {
        let mut session = self.session.lock();
        let (id, spec, p) = param_of(&session.head.patch, &self.registry, id, param)?;
        session.turn_in(gesture, id, p, spec.params[p].clamp(value), &self.registry)?;
        drop(session);
        self.shared.changed();
        Ok(())
    }

    /// Gives the answers that are known at once, outside the session's lock.
    fn reply(
        &self,
        accepted: Result<(Revision, Option<Job>), (Revision, Rejection, Responder)>,
    ) -> Revision {
        match accepted {
            Ok((revision, replaced)) => {
                if let Some(replaced) = replaced {
                    self.supersede(&replaced);
                }
                self.shared.changed();
                revision
            }
            Err((revision, rejection, respond)) => {
                self.shared.counters.rejected.fetch_add(1, Relaxed);
                respond(Answer::Rejected { revision, rejection });
                revision
            }
        }
    }

    /// Gives an accepted commit to the builder. Called under the session's lock, so that commits
    /// reach the builder in the order of their revisions. Also answers with the one it replaces.
    fn hand_over(&self, accepted: Accepted, terms: &Terms) -> (Revision, Option<Job>) {
        let revision = accepted.revision;
        let offline = self.shared.offline.load(Acquire);
        let mut demands = self.demands(terms);
        // A load replaces everything, so its cost is a warning, not a refusal; offline there is time.
        if offline || terms.over_budget || accepted.entry == Entry::Load {
            demands.budget = None;
        }
        let deadline = terms.deadline.unwrap_or(self.options.deadline);
        let deadline = (!offline && terms.due.is_none()).then_some(deadline);
        let job = job(accepted, demands, deadline, terms.due);
        if job.due.is_none() {
            self.shared.in_flight.fetch_add(1, AcqRel);
        }
        let replaced = self.inbox.put(job, &self.shared);
        (revision, replaced)
    }

    fn supersede(&self, job: &Job) {
        self.shared.landed(job.due.is_none());
        let answer = Answer::Superseded { revision: job.revision };
        settle(&self.session, &self.shared, &self.registry, answer);
    }

    fn demands(&self, terms: &Terms) -> Demands {
        Demands {
            strict: terms.strict,
            budget: Some(self.options.budget),
            playing: 0.0,
            warm_blocks: self.options.warm_blocks.clamp(1, 64),
        }
    }

    /// Turns a param, live: no commit, no undo step. Values out of range are brought into it.
    ///
    /// # Errors
    /// When the module or param is not there.
    pub fn turn(&self, id: &str, param: &str, value: f32) -> Result<(), RequestError> {
        let mut session = self.session.lock();
        let (id, spec, p) = param_of(&session.head.patch, &self.registry, id, param)?;
        session.turn(id, p, spec.params[p].clamp(value));
        drop(session);
        self.shared.changed();
        Ok(())
    }

    /// Value of a param as it is now, in its unit.
    ///
    /// # Errors
    /// When the module or param is not there.
    pub fn value(&self, id: &str, param: &str) -> Result<f32, RequestError> {
        let session = self.session.lock();
        let (id, _, p) = param_of(&session.head.patch, &self.registry, id, param)?;
        let cells = session.head.lives.get(&id);
        cells.map(|c| c.get(p)).ok_or_else(|| RequestError::NoModule(id.to_string()))
    }

    /// Opens or closes the gate of a module, live.
    ///
    /// # Errors
    /// When the module is not there.
    pub fn gate(&self, id: &str, on: bool) -> Result<(), RequestError> {
        let no_module = || RequestError::NoModule(id.into());
        let id = ModuleId::new(id).map_err(|_| no_module())?;
        let session = self.session.lock();
        let cells = session.head.lives.get(&id).ok_or_else(no_module)?;
        cells.set_gate(on);
        self.send(Event::Gate { module: cells.key, on });
        Ok(())
    }

    /// Plays a key (velocity 0..=1), or lifts it (velocity 0), live.
    pub fn note(&self, key: u8, velocity: f32) {
        let key = key & 127;
        self.send(if velocity > 0.0 {
            Event::NoteOn { id: -1, channel: 0, key, velocity: velocity.min(1.0) }
        } else {
            Event::NoteOff(NoteMatch::key(0, key))
        });
    }

    /// Sends an event to the start of the next block; dropped when thousands wait already.
    pub fn send(&self, event: Event) {
        let _ = self.shared.live.push(event);
    }

    /// Value 0..=1 of macro `index` as the DSP thread has it.
    #[must_use]
    pub fn macro_value(&self, index: usize) -> f32 {
        self.shared.macros.get(index).map_or(0.0, |m| f32::from_bits(m.load(Relaxed)))
    }

    /// Sets macro `index` to 0..=1 before the first block: graphs are primed with it, and
    /// `Renderer::activate` starts from it. While blocks are rendered, `Event::Macro` moves it.
    pub fn set_macro(&self, index: usize, value: f32) {
        if let Some(cell) = self.shared.macros.get(index).filter(|_| value.is_finite()) {
            cell.store(value.clamp(0.0, 1.0).to_bits(), Relaxed);
        }
    }

    /// Which outputs the editor looks at.
    #[must_use]
    pub fn taps(&self) -> &TapRequests {
        &self.shared.taps
    }

    /// Key of module `id` for taps.
    #[must_use]
    pub fn module_key(&self, id: &ModuleId) -> Option<u32> {
        self.session.lock().head.lives.get(id).map(|c| c.key)
    }

    /// Id of the module whose key is `key`.
    #[must_use]
    pub fn module_of_key(&self, key: u32) -> Option<ModuleId> {
        let session = self.session.lock();
        let mut lives = session.head.lives.iter().chain(session.playing.lives.iter());
        lives.find(|(_, cells)| cells.key == key).map(|(id, _)| id.clone())
    }

    /// What each module of the playing patch takes of the DSP thread: time in it over the duration of what
    /// it renders, so 1 is all there is. Of those that were measured since they came
    /// ([`TapRequests::set_loads`](crate::TapRequests::set_loads)); modules that run side by side share
    /// alike.
    pub fn module_loads(&self, mut each: impl FnMut(&ModuleId, f32)) {
        let session = self.session.lock();
        for (id, cells) in session.playing.lives.iter() {
            if let Some(load) = cells.load() {
                each(id, load);
            }
        }
    }

    /// Looks at the newest telemetry.
    pub fn telemetry<T>(&self, look: impl FnOnce(&Telemetry) -> T) -> T {
        look(self.telemetry.lock().read())
    }

    /// True while a commit waits for the DSP thread, so the host should keep calling process().
    #[must_use]
    pub fn pending(&self) -> bool {
        self.shared.in_flight.load(Acquire) > 0
    }

    /// Tells the engine whether the host renders offline, before the first block.
    pub fn set_offline(&self, offline: bool) {
        self.shared.offline.store(offline, Release);
    }

    /// Names of undo and redo, where there is something to undo or redo.
    #[must_use]
    pub fn undo_labels(&self) -> (Option<String>, Option<String>) {
        let session = self.session.lock();
        let history = &session.head.history;
        (history.undo_label().map(Into::into), history.redo_label().map(Into::into))
    }
}

impl Drop for Engine {
    fn drop(&mut self) {
        self.inbox.stop();
        if let Some(builder) = self.builder.take() {
            // A builder that panicked has nothing left to say.
            let _ = builder.join();
        }
        self.shared.close();
        // What was under way gets its answer too.
        let open = self.session.lock().close();
        for (revision, respond) in open {
            respond(Answer::Superseded { revision });
        }
    }
}

/// Books an answer and gives it to who asked.
fn settle(session: &Mutex<Session>, shared: &Shared, registry: &Registry, answer: Answer) {
    let counters = &shared.counters;
    match &answer {
        Answer::Swapped { .. } => &counters.swapped,
        Answer::Rejected { .. } => &counters.rejected,
        Answer::Superseded { .. } => &counters.superseded,
        Answer::TimedOut { .. } => &counters.timed_out,
    }
    .fetch_add(1, Relaxed);
    let respond = session.lock().resolve(&answer, registry);
    if let Some(respond) = respond {
        respond(answer);
    }
    shared.changed();
}

fn job(accepted: Accepted, demands: Demands, deadline: Option<Duration>, due: Option<u64>) -> Job {
    Job {
        revision: accepted.revision,
        patch: accepted.patch,
        lives: accepted.lives,
        entry: accepted.entry,
        due,
        demands,
        committed: Instant::now(),
        deadline,
        writes: accepted.writes,
    }
}
