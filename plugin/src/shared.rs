//! What the threads of one instance share: the engine, its parameters, the way to the host, the
//! remote. It outlives none of them: `close` joins every thread before the library may go.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32};

use chronus_cli::remote::{MacroSink, Remote, RemoteError};
use chronus_engine::{Client, Engine, Options, Registry, Renderer, Request, Terms};
use chronus_patch::Patch;
use chronus_patch::chunk::StateChunk;
use parking_lot::Mutex;

use crate::factory;
use crate::herald::{Errands, Herald, open_project};
use crate::link::HostLink;
use crate::meaning::Meanings;
use crate::params::{Moved, PluginParams};
use crate::view::SharedView;

/// Environment variable that switches the remote on, at the port it names.
const OSC_VARIABLE: &str = "CHRONUS_OSC";

/// One instance, but for its DSP side.
pub struct Shared {
    /// The engine.
    pub engine: Arc<Engine>,
    /// What the host sees.
    pub params: Arc<PluginParams>,
    /// What its macros drive.
    pub meanings: Arc<Meanings>,
    /// Macros that the engine has not been told of.
    pub moved: Arc<Moved>,
    /// The way to the host.
    pub link: Arc<HostLink>,
    /// Frames the patch sounds on after its input; `u32::MAX` = no end is known.
    pub tail: AtomicU32,
    /// A block brought more events than there is room for: notes may hang without their end.
    pub flooded: AtomicBool,
    /// What the editor shows of the patch.
    pub view: SharedView,
    /// What went wrong outside of commits, for the editor.
    pub notice: Mutex<Option<String>>,
    /// A loaded project's playing document, should its head be refused in activate().
    fallback: Mutex<Option<Fallback>>,
    errands: Arc<Errands>,
    herald: Mutex<Option<Herald>>,
    remote: Mutex<RemoteState>,
}

/// The two documents of a project whose head did not play when it was saved.
struct Fallback {
    head: Box<Patch>,
    playing: Box<Patch>,
}

#[derive(Default)]
struct RemoteState {
    /// The environment has been looked at.
    asked: bool,
    running: Option<Remote>,
}

impl Shared {
    /// A new instance with the first factory patch, and its DSP side. Builds nothing yet.
    pub fn new() -> (Arc<Self>, Renderer) {
        let registry = Arc::new(Registry::new(chronus_modules::KINDS));
        let (engine, renderer) = Engine::new(registry.clone(), Options::default());
        let engine = Arc::new(engine);
        let (meanings, moved) = (Arc::new(Meanings::default()), Arc::new(Moved::default()));
        let (link, errands) = (Arc::new(HostLink::default()), Arc::new(Errands::default()));
        let patch = factory::initial();
        meanings.follow(&patch, &registry);
        let defaults = factory::macro_values(&patch);
        let params = Arc::new(PluginParams::new(&defaults, &meanings, &moved));
        open_project(&errands, &engine, patch, None);
        let (waker, follower) = (link.clone(), errands.clone());
        engine.watch(move || {
            waker.wake();
            follower.changed();
        });
        let herald = Herald::start(errands.clone(), engine.clone(), meanings.clone(), link.clone());
        let shared = Self {
            engine,
            params,
            meanings,
            moved,
            link,
            tail: AtomicU32::new(0),
            flooded: AtomicBool::new(false),
            view: SharedView::default(),
            notice: Mutex::default(),
            fallback: Mutex::default(),
            errands,
            herald: Mutex::new(Some(herald)),
            remote: Mutex::default(),
        };
        (Arc::new(shared), renderer)
    }

    /// What a project keeps.
    pub fn save(&self) -> StateChunk {
        let head = self.engine.document();
        self.errands.host_knows(head.clone());
        // Where the document was refused, what plays instead is kept beside it.
        let refused = self.engine.refusal().is_some();
        let (revision, playing) = self.engine.playing();
        let playing = (refused && revision > 0).then(|| (*playing).clone());
        StateChunk { head: (*head).clone(), playing, view: self.view.save() }
    }

    /// Takes up a project whose parameters are already set.
    pub fn load(&self, project: StateChunk) {
        let StateChunk { head, playing, view } = project;
        *self.notice.lock() = None;
        for (index, param) in self.params.macros.all().iter().enumerate() {
            self.engine.set_macro(index, param.value());
        }
        self.meanings.follow(&head, self.engine.registry());
        *self.fallback.lock() = playing.as_ref().map(|playing| Fallback {
            head: Box::new(head.clone()),
            playing: Box::new(playing.clone()),
        });
        open_project(&self.errands, &self.engine, head, playing);
        // After the document: where all of it is to be shown, it is not the old one's.
        self.view.load(view);
    }

    /// In activate(): where the document was refused, plays what played when the project was
    /// saved, calls `wait` for it, and puts the refused document back in view.
    pub fn fall_back(&self, wait: impl FnOnce()) {
        let Some(Fallback { head, playing }) = self.fallback.lock().take() else { return };
        if self.engine.refusal().is_none() {
            return;
        }
        let terms = Terms { client: Client::Host, ..Terms::default() };
        self.engine.commit(&[Request::Replace(playing)], terms, |_| ());
        wait();
        self.engine.commit(&[Request::Replace(head)], terms, |_| ());
    }

    /// Starts the remote if the environment says so; only the first call looks.
    pub fn ask_environment(&self) {
        if std::mem::replace(&mut self.remote.lock().asked, true) {
            return;
        }
        let Ok(text) = std::env::var(OSC_VARIABLE) else { return };
        let started = match text.trim().parse() {
            Ok(port) => self.start_remote(port).err().map(|error| error.to_string()),
            Err(_) => Some(format!("{OSC_VARIABLE}={text} is no port: use a number up to 65535")),
        };
        if let Some(error) = started {
            *self.notice.lock() = Some(error);
        }
    }

    /// Starts the remote at `port` or one of the next 15; a running one is stopped first.
    pub fn start_remote(&self, port: u16) -> Result<u16, RemoteError> {
        let mut remote = self.remote.lock();
        remote.running = None;
        let sink = Arc::new(HostGestures(self.link.clone()));
        let started = Remote::with_macros(self.engine.clone(), port, sink)?;
        Ok(remote.running.insert(started).port())
    }

    /// Stops the remote.
    pub fn stop_remote(&self) {
        self.remote.lock().running = None;
    }

    /// Where the remote listens, if it does.
    pub fn remote_port(&self) -> Option<u16> {
        self.remote.lock().running.as_ref().map(Remote::port)
    }

    /// Stops and joins the threads that hold the engine, so that it ends with its last owner.
    pub fn close(&self) {
        self.stop_remote();
        *self.herald.lock() = None;
    }
}

impl Drop for Shared {
    fn drop(&mut self) {
        self.close();
    }
}

/// Macros moved by the remote move at the host.
struct HostGestures(Arc<HostLink>);

impl MacroSink for HostGestures {
    fn turn_macro(&self, _engine: &Engine, index: u8, value: f32) {
        self.0.turn(index, value);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::{Duration, Instant};

    use chronus_engine::{Block, Transport};
    use chronus_patch::{Edit, Module, ModuleId, PortRef, View};

    const RATE: f64 = 48_000.0;
    const PATIENCE: Duration = Duration::from_secs(10);

    /// A patch of which an oscillator goes into the output through `gain`, three times over.
    fn chain(name: &str, gain: f32) -> Patch {
        let mut patch = Patch { name: name.into(), ..Patch::default() };
        let stages =
            [("osc", "vco"), ("a", "vca"), ("b", "vca"), ("c", "vca"), ("out", "audio_out")];
        let mut before: Option<(ModuleId, &str)> = None;
        for (id, kind) in stages {
            let id = ModuleId::new(id).expect("an id");
            let mut module = Module::new(kind);
            if kind == "vca" {
                module.params.insert("gain".into(), gain);
            }
            let input = if kind == "audio_out" { "left" } else { "in" };
            patch.apply(&Edit::Create { id: id.clone(), module }).expect("a new module");
            if let Some((from, output)) = before.take() {
                let (from, to) = (PortRef::new(from, output), PortRef::new(id.clone(), input));
                let edit = patch.connect_edit(from, to, 1.0);
                patch.apply(&edit).expect("a new cable");
            }
            before = Some((id, "out"));
        }
        patch
    }

    fn project() -> StateChunk {
        let playing = Some(chain("sound", 0.5));
        StateChunk { head: chain("far too loud", 4.0), playing, view: View::default() }
    }

    fn activate(shared: &Shared, renderer: &mut Renderer) {
        shared.engine.set_sample_rate(RATE);
        renderer.activate(RATE);
        if renderer.graph().is_none() {
            shared.fall_back(|| renderer.activate(RATE));
        }
    }

    fn block(renderer: &mut Renderer) -> f32 {
        let (mut left, mut right) = ([0f32; 512], [0f32; 512]);
        renderer.process(Block {
            channels: [&mut left, &mut right],
            events: &[],
            transport: Transport::default(),
            offline: false,
        });
        left.iter().fold(0.0, |peak, x| x.abs().max(peak))
    }

    #[track_caller]
    fn until(shared: &Shared, renderer: &mut Renderer, done: impl Fn(&Shared) -> bool) {
        let started = Instant::now();
        while !done(shared) {
            assert!(started.elapsed() < PATIENCE, "{:?}", shared.engine.refusal());
            block(renderer);
            std::thread::sleep(Duration::from_millis(1));
        }
    }

    fn shows_refused_head_over_sound(shared: &Shared) -> bool {
        let playing = shared.engine.playing().1;
        playing.name == "sound"
            && shared.engine.document().name == "far too loud"
            && shared.engine.refusal().is_some()
    }

    #[test]
    fn a_refused_head_loaded_before_activate_leaves_what_played_in_the_first_block() {
        let (shared, mut renderer) = Shared::new();
        shared.load(project());
        let started = Instant::now();
        activate(&shared, &mut renderer);
        assert!(started.elapsed() < Duration::from_secs(1), "it waited for what cannot come");
        assert!(block(&mut renderer) > 0.01);
        until(&shared, &mut renderer, shows_refused_head_over_sound);
        assert_eq!(shared.save(), project());
    }

    #[test]
    fn a_refused_head_loaded_while_active_gives_way_to_what_played() {
        let (shared, mut renderer) = Shared::new();
        activate(&shared, &mut renderer);
        block(&mut renderer);
        shared.load(project());
        until(&shared, &mut renderer, shows_refused_head_over_sound);
        assert_eq!(shared.save(), project());
    }

    #[test]
    fn a_project_s_past_is_not_undone() {
        let (shared, mut renderer) = Shared::new();
        activate(&shared, &mut renderer);
        shared.load(StateChunk { head: chain("sound", 0.5), ..StateChunk::default() });
        until(&shared, &mut renderer, |shared| shared.engine.playing().1.name == "sound");
        assert_eq!(shared.engine.undo_labels(), (None, None));
        assert_eq!(shared.save().playing, None);
    }

    #[test]
    fn instances_end_with_commits_pending() {
        for _ in 0..100 {
            let (shared, mut renderer) = Shared::new();
            activate(&shared, &mut renderer);
            shared.load(StateChunk { head: chain("sound", 0.5), ..StateChunk::default() });
            let engine = Arc::downgrade(&shared.engine);
            drop(shared);
            assert!(engine.upgrade().is_none(), "someone still holds the engine");
            drop(renderer);
        }
    }
}
