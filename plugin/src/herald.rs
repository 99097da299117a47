//! The thread that follows the document for the host: names of macros, the project's "modified"
//! mark, and what is to be done when a loaded document is refused.

use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use chronus_engine::{Answer, Client, Engine, Request, Revision, Terms};
use chronus_patch::Patch;
use parking_lot::{Condvar, Mutex};

use crate::link::HostLink;
use crate::meaning::Meanings;

/// Shortest time between two announcements: a host may rebuild its lists at each.
const PACE: Duration = Duration::from_millis(100);

/// What the herald is to look at or to do.
#[derive(Default)]
pub struct Errands {
    state: Mutex<State>,
    woken: Condvar,
}

#[derive(Default)]
struct State {
    changed: bool,
    stopping: bool,
    tasks: Vec<Task>,
    /// The document as the host has it.
    known: Arc<Patch>,
}

/// A commit that could not be made where it became due: on the builder's thread.
enum Task {
    /// The loaded `head` was refused at `revision`: play `playing` and keep the head.
    FallBack { revision: Revision, head: Box<Patch>, playing: Box<Patch> },
    /// The old patch plays again: put the refused document back in view.
    Show(Box<Patch>),
}

impl Errands {
    /// The document or what plays has changed.
    pub fn changed(&self) {
        let mut state = self.state.lock();
        if !std::mem::replace(&mut state.changed, true) {
            self.woken.notify_one();
        }
    }

    /// The host has just saved or loaded this document.
    pub fn host_knows(&self, document: Arc<Patch>) {
        self.state.lock().known = document;
    }

    fn add(&self, task: Task) {
        self.state.lock().tasks.push(task);
        self.woken.notify_one();
    }
}

/// The thread. Dropping it stops and joins it.
pub struct Herald {
    errands: Arc<Errands>,
    thread: Option<JoinHandle<()>>,
}

impl Herald {
    /// Starts the thread; without one, names and marks stay as they are.
    pub fn start(
        errands: Arc<Errands>,
        engine: Arc<Engine>,
        meanings: Arc<Meanings>,
        link: Arc<HostLink>,
    ) -> Self {
        let rounds = errands.clone();
        let thread = std::thread::Builder::new().name("chronus-herald".into());
        let thread = thread.spawn(move || run(&rounds, &engine, &meanings, &link)).ok();
        Self { errands, thread }
    }
}

impl Drop for Herald {
    fn drop(&mut self) {
        self.errands.state.lock().stopping = true;
        self.errands.woken.notify_one();
        if let Some(thread) = self.thread.take() {
            // A thread that panicked has nothing left to say.
            let _ = thread.join();
        }
    }
}

fn run(errands: &Arc<Errands>, engine: &Engine, meanings: &Meanings, link: &HostLink) {
    loop {
        let (changed, tasks) = {
            let mut state = errands.state.lock();
            while !state.changed && state.tasks.is_empty() && !state.stopping {
                errands.woken.wait(&mut state);
            }
            if state.stopping {
                return;
            }
            (std::mem::take(&mut state.changed), std::mem::take(&mut state.tasks))
        };
        for task in tasks {
            perform(task, errands, engine);
        }
        if changed {
            let document = engine.document();
            let renamed = meanings.follow(&document, engine.registry());
            let dirty = {
                let mut state = errands.state.lock();
                let dirty = *state.known != *document;
                state.known = document;
                dirty
            };
            link.announce(dirty, renamed);
        }
        // Changes wait for their turn; a task or the end does not.
        let until = Instant::now() + PACE;
        let mut state = errands.state.lock();
        while !state.stopping && state.tasks.is_empty() {
            if errands.woken.wait_until(&mut state, until).timed_out() {
                break;
            }
        }
    }
}

/// Loads `head` as the host's project; should it be refused, plays `playing` and keeps the head in
/// view, marked as not playing.
pub fn open_project(errands: &Arc<Errands>, engine: &Engine, head: Patch, playing: Option<Patch>) {
    errands.host_knows(Arc::new(head.clone()));
    let replace = Request::Replace(Box::new(head.clone()));
    let Some(playing) = playing else {
        engine.commit(&[replace], terms(), |_| ());
        return;
    };
    let (head, playing) = (Box::new(head), Box::new(playing));
    let errands = errands.clone();
    engine.commit(&[replace], terms(), move |answer| {
        if let Answer::Rejected { revision, .. } = answer {
            errands.add(Task::FallBack { revision, head, playing });
        }
    });
}

fn perform(task: Task, errands: &Arc<Errands>, engine: &Engine) {
    match task {
        Task::FallBack { revision, head, playing } => {
            // Not when the document has moved on since.
            if engine.last_revision() != revision {
                return;
            }
            let errands = errands.clone();
            engine.commit(&[Request::Replace(playing)], terms(), move |answer| {
                if matches!(answer, Answer::Swapped { .. }) {
                    errands.add(Task::Show(head));
                }
            });
        }
        Task::Show(head) => {
            engine.commit(&[Request::Replace(head)], terms(), |_| ());
        }
    }
}

fn terms() -> Terms {
    Terms { client: Client::Host, ..Terms::default() }
}
