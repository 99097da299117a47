//! An editor over an engine that renders on a thread of its own, and a host that notes everything.
#![allow(dead_code)] // each test file uses its part of the rig

use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering::Relaxed};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use chronus_editor::{EditorApp, Host, Preset};
use chronus_engine::{Block, Engine, Event, Options, Registry, Request, Terms, Transport};
use chronus_patch::{Patch, Point};
use egui::accesskit::Toggled;
use egui::{
    Event as Input, Key, Modifiers, MouseWheelSource, MouseWheelUnit, OutputCommand, PointerButton,
};
use egui::{Pos2, Rect, Shape, TouchPhase, Vec2};
use egui_kittest::Harness;
use egui_kittest::kittest::{NodeT, Queryable};

/// Longest that something may take.
const PATIENCE: Duration = Duration::from_secs(10);

/// What the editor told the host.
#[derive(Clone, Default)]
pub struct Notes {
    moves: Arc<Mutex<Vec<String>>>,
    macros: Arc<Mutex<Vec<f32>>>,
    port: Arc<Mutex<Option<u16>>>,
    notice: Arc<Mutex<Option<String>>>,
}

impl Notes {
    /// Every step of every macro, in order.
    pub fn moves(&self) -> Vec<String> {
        self.moves.lock().unwrap().clone()
    }

    /// Where macro `index` of the host stands.
    pub fn macro_at(&self, index: usize) -> f32 {
        self.macros.lock().unwrap()[index]
    }

    /// Something has gone wrong outside of the editor.
    pub fn warn(&self, notice: &str) {
        *self.notice.lock().unwrap() = Some(notice.into());
    }

    /// What the editor has not dismissed yet.
    pub fn notice(&self) -> Option<String> {
        self.notice.lock().unwrap().clone()
    }

    fn note(&self, step: String) {
        self.moves.lock().unwrap().push(step);
    }
}

/// Two patches, and one that cannot be read.
pub const FACTORY: &[Preset] = &[
    Preset { name: "Sine", json: include_str!("sine.chronus.json") },
    Preset { name: "Filter", json: include_str!("filter.chronus.json") },
    Preset { name: "Broken", json: "{" },
];

struct TestHost {
    notes: Notes,
    engine: Arc<Engine>,
}

impl Host for TestHost {
    fn macro_value(&self, index: u8) -> f32 {
        self.notes.macros.lock().unwrap()[usize::from(index)]
    }

    fn begin_macro(&self, index: u8) {
        self.notes.note(format!("begin {index}"));
    }

    fn turn_macro(&self, index: u8, value: f32) {
        self.notes.macros.lock().unwrap()[usize::from(index)] = value;
        self.engine.send(Event::Macro { index, value });
        self.notes.note(format!("turn {index}"));
    }

    fn end_macro(&self, index: u8) {
        self.notes.note(format!("end {index}"));
    }

    fn presets(&self) -> &'static [Preset] {
        FACTORY
    }

    fn remote_port(&self) -> Option<u16> {
        *self.notes.port.lock().unwrap()
    }

    fn start_remote(&self, port: u16) -> Result<u16, String> {
        *self.notes.port.lock().unwrap() = Some(port);
        Ok(port)
    }

    fn stop_remote(&self) {
        *self.notes.port.lock().unwrap() = None;
    }

    fn notice(&self) -> Option<String> {
        self.notes.notice()
    }

    fn dismiss_notice(&self) {
        *self.notes.notice.lock().unwrap() = None;
    }
}

/// What was heard since somebody began to listen.
#[derive(Clone, Copy, Debug, Default)]
pub struct Heard {
    pub frames: usize,
    /// Longest run of frames in which nothing sounded.
    pub silence: usize,
    /// Largest step from one sample to the next.
    pub jump: f32,
    /// The silence that lasts.
    hush: usize,
    last: Option<[f32; 2]>,
}

impl Heard {
    /// Weaker than that is silence.
    const FAINT: f32 = 1e-5;

    fn hear(&mut self, left: &[f32], right: &[f32]) {
        for (&left, &right) in left.iter().zip(right) {
            self.frames += 1;
            let silent = left.abs() < Self::FAINT && right.abs() < Self::FAINT;
            self.hush = if silent { self.hush + 1 } else { 0 };
            self.silence = self.silence.max(self.hush);
            if let Some([before, beside]) = self.last.replace([left, right]) {
                let jump = (left - before).abs().max((right - beside).abs());
                self.jump = self.jump.max(jump);
            }
        }
    }
}

/// An oscillator through three amplifiers, which an output after them would refuse: over the ceiling.
pub fn too_loud() -> Vec<Request> {
    let kinds = [("osc", "vco"), ("a", "vca"), ("b", "vca"), ("c", "vca"), ("out", "audio_out")];
    let places = [0.0, 300.0, 500.0, 700.0, 900.0];
    let created = kinds.into_iter().zip(places).map(|((id, kind), x)| {
        let position = Point { x, y: 0.0 };
        Request::Create { id: id.into(), kind: kind.into(), position }
    });
    let loud = ["a", "b", "c"].map(|id| {
        let (id, param) = (id.into(), "gain".into());
        Request::Set { id, param, value: 4.0 }
    });
    let connected = [("osc", "a"), ("a", "b"), ("b", "c")].map(|(from, to)| {
        let (from, to) = (from.into(), to.into());
        Request::Connect { from, to, gain: 1.0 }
    });
    created.chain(loud).chain(connected).collect()
}

/// See the module's documentation.
pub struct Rig {
    pub engine: Arc<Engine>,
    pub host: Notes,
    /// The folder of presets, in one of the rig's own.
    pub presets: PathBuf,
    harness: Harness<'static>,
    app: Arc<Mutex<EditorApp>>,
    heard: Arc<Mutex<Heard>>,
    stop: Arc<AtomicBool>,
    renderer: Option<JoinHandle<()>>,
}

impl Rig {
    /// An editor over a patch made by `requests`, which plays.
    pub fn new(requests: &[Request]) -> Self {
        Self::with_settings(requests, None)
    }

    /// The same where a user has settings already: the text of their file.
    pub fn with_settings(requests: &[Request], settings: Option<&str>) -> Self {
        Self::of(requests, settings, Options::default())
    }

    /// The same where edits may take `budget` of the time, 1 = all of it.
    pub fn with_budget(requests: &[Request], budget: f32) -> Self {
        Self::of(requests, None, Options { budget, ..Options::default() })
    }

    fn of(requests: &[Request], settings: Option<&str>, options: Options) -> Self {
        let registry = Arc::new(Registry::new(chronus_modules::KINDS));
        let (engine, mut renderer) = Engine::new(registry, options);
        let engine = Arc::new(engine);
        engine.set_sample_rate(48_000.0);
        renderer.activate(48_000.0);
        let stop = Arc::new(AtomicBool::new(false));
        let stopping = stop.clone();
        let heard = Arc::new(Mutex::new(Heard::default()));
        let ear = heard.clone();
        let thread = std::thread::spawn(move || {
            let mut channels = [[0f32; 64]; 2];
            while !stopping.load(Relaxed) {
                let [left, right] = &mut channels;
                renderer.process(Block {
                    channels: [left, right],
                    events: &[],
                    transport: Transport::default(),
                    offline: false,
                });
                ear.lock().unwrap().hear(left, right);
                std::thread::sleep(Duration::from_millis(1));
            }
        });
        let host = Notes::default();
        host.macros.lock().unwrap().resize(128, 0.0);
        let world = TestHost { notes: host.clone(), engine: engine.clone() };
        let presets = own_folder().join("presets");
        if let Some(settings) = settings {
            std::fs::write(presets.with_file_name("settings.json"), settings).expect("written");
        }
        let app = EditorApp::new(engine.clone(), Box::new(world));
        let app = Arc::new(Mutex::new(app.with_presets(presets.clone())));
        let shown = app.clone();
        let harness = Harness::builder()
            .with_size([1200.0, 2000.0])
            .with_accessibility_check(true)
            .build_ui(move |ui| shown.lock().unwrap().ui(ui));
        let renderer = Some(thread);
        let mut rig = Self { engine, host, presets, harness, app, heard, stop, renderer };
        if !requests.is_empty() {
            let anyway = Terms { over_budget: true, ..Terms::default() };
            let wanted = rig.engine.commit(requests, anyway, |_| ());
            rig.until("the patch plays", |rig| rig.engine.playing().0 >= wanted);
        }
        rig.steps();
        rig
    }

    /// The document that plays.
    pub fn playing(&self) -> Arc<Patch> {
        self.engine.playing().1
    }

    /// The document's own value of a param.
    pub fn param(&self, id: &str, param: &str) -> Option<f32> {
        let patch = self.engine.document();
        let module = patch.modules.iter().find(|(known, _)| known.as_str() == id);
        module.and_then(|(_, module)| module.params.get(param).copied())
    }

    /// Listens anew from here on.
    pub fn listen(&self) {
        let mut heard = self.heard.lock().unwrap();
        *heard = Heard { last: heard.last, ..Heard::default() };
    }

    /// What was heard since then.
    pub fn heard(&self) -> Heard {
        *self.heard.lock().unwrap()
    }

    /// A few frames.
    fn steps(&mut self) {
        let _ = self.harness.run_ok();
    }

    /// Shows frames until `done`.
    #[track_caller]
    pub fn until(&mut self, what: &str, done: impl Fn(&Self) -> bool) {
        let started = Instant::now();
        while !done(self) {
            assert!(started.elapsed() < PATIENCE, "waited in vain until {what}");
            self.harness.step();
            std::thread::sleep(Duration::from_millis(2));
        }
        self.steps();
    }

    /// True when something called `label` can be seen.
    pub fn finds(&self, label: &str) -> bool {
        self.harness.query_all_by_label(label).next().is_some()
    }

    /// How many things are called `label`.
    pub fn count(&self, label: &str) -> usize {
        self.harness.query_all_by_label(label).count()
    }

    /// How many texts hold `part`.
    pub fn count_of(&self, part: &str) -> usize {
        let holds = |text: Option<String>| text.is_some_and(|text| text.contains(part));
        let all = self.harness.root().children_recursive().map(|node| node.accesskit_node());
        all.filter(|node| holds(node.label()) || holds(node.value())).count()
    }

    /// What is said beside the name of what is called `label`; nothing where it is not there.
    pub fn value(&self, label: &str) -> String {
        let node = self.harness.query_all_by_label(label).next();
        node.and_then(|node| node.accesskit_node().value()).unwrap_or_default()
    }

    /// How long the editor can wait for its next frame.
    pub fn rest(&self) -> Duration {
        let views = &self.harness.output().viewport_output;
        views.values().map(|view| view.repaint_delay).min().unwrap_or(Duration::MAX)
    }

    /// One frame.
    pub fn step(&mut self) {
        self.harness.step();
    }

    /// One frame, in which `events` are heard.
    pub fn step_with(&mut self, events: &[Input]) {
        self.harness.input_mut().events.extend_from_slice(events);
        self.harness.step();
    }

    /// How many texts were laid out for the last two frames.
    pub fn texts(&self) -> usize {
        self.harness.ctx.fonts(|fonts| fonts.num_galleys_in_cache())
    }

    /// The window is closed, as the framework tells it.
    pub fn close_window(&self) {
        self.app.lock().unwrap().window_closed();
    }

    /// Zoom and pan, as a project keeps them.
    pub fn view(&self) -> (f32, Point) {
        self.app.lock().unwrap().view()
    }

    /// Shows what a project kept.
    pub fn set_view(&mut self, zoom: f32, pan: Point) {
        self.app.lock().unwrap().set_view(zoom, pan);
        self.steps();
    }

    /// How many frames are drawn close around what is called `label`.
    pub fn rings(&self, label: &str) -> usize {
        let rect = self.rect(label);
        let close = |around: Rect| {
            around.contains_rect(rect) && rect.expand(16.0).contains_rect(around) && around != rect
        };
        let ring = |shape: &Shape| usize::from(matches!(shape, Shape::Rect(r) if close(r.rect)));
        self.shapes().into_iter().map(ring).sum()
    }

    /// The height of the tallest curve that is drawn within what is called `label`, over half of its
    /// width at least.
    pub fn curve_height(&self, label: &str) -> f32 {
        let rect = self.rect(label);
        let bounds = |shape: &Shape| match shape {
            Shape::Path(path) => Some(Rect::from_points(&path.points)),
            Shape::Mesh(mesh) => Some(mesh.calc_bounds()),
            _ => None,
        };
        let curve = |curve: &Rect| {
            rect.expand(1.0).contains_rect(*curve) && curve.width() > 0.5 * rect.width()
        };
        let curves = self.shapes().into_iter().filter_map(bounds).filter(curve);
        curves.map(|curve| curve.height()).fold(0.0, f32::max)
    }

    /// What was drawn last, in one list.
    fn shapes(&self) -> Vec<&Shape> {
        fn flat<'a>(shape: &'a Shape, all: &mut Vec<&'a Shape>) {
            match shape {
                Shape::Vec(shapes) => shapes.iter().for_each(|shape| flat(shape, all)),
                shape => all.push(shape),
            }
        }
        let mut all = Vec::new();
        self.harness.output().shapes.iter().for_each(|clipped| flat(&clipped.shape, &mut all));
        all
    }

    /// True when some text holds `part`.
    pub fn shows(&self, part: &str) -> bool {
        self.count_of(part) > 0
    }

    #[track_caller]
    fn rect(&self, label: &str) -> Rect {
        self.harness.get_by_label(label).rect()
    }

    /// Red, green and blue of the panels' ground.
    pub fn ground(&self) -> (u8, u8, u8) {
        let fill = self.harness.ctx.global_style().visuals.panel_fill;
        (fill.r(), fill.g(), fill.b())
    }

    /// Scale of the window, 1 = the system's.
    pub fn scale(&self) -> f32 {
        self.harness.ctx.zoom_factor()
    }

    /// Clicks what is called `label`.
    #[track_caller]
    pub fn click(&mut self, label: &str) {
        self.harness.get_by_label(label).click();
        self.steps();
    }

    /// Clicks it twice.
    #[track_caller]
    pub fn double_click(&mut self, label: &str) {
        let place = self.rect(label).center();
        self.double_click_at(place);
    }

    /// Opens the list called `list` and takes `entry`.
    #[track_caller]
    pub fn choose(&mut self, list: &str, entry: &str) {
        self.click(list);
        // The list opens over the rest, so its entry is the last of that name; it may have to be
        // scrolled to, so it is not clicked by place.
        let entry = self.harness.query_all_by_label(entry).last().expect("an entry in the list");
        entry.click_accesskit();
        self.steps();
    }

    /// Replaces the text of a field.
    #[track_caller]
    pub fn type_into(&mut self, field: &str, text: &str) {
        self.click(field);
        self.harness.key_press_modifiers(Modifiers::COMMAND, Key::A);
        self.harness.step();
        self.harness.event(Input::Text(text.into()));
        self.steps();
    }

    /// Leaves the field in hand.
    pub fn leave_field(&mut self) {
        self.harness.key_press(Key::Enter);
        self.steps();
    }

    /// Types into the value beside a knob.
    #[track_caller]
    pub fn type_value(&mut self, knob: &str, text: &str) {
        self.type_into(&format!("{knob} value"), text);
        self.leave_field();
    }

    /// Drags the rail of `knob` over `places`, 0..=1 of its width, in one go.
    #[track_caller]
    pub fn drag(&mut self, knob: &str, places: &[f32]) {
        let rect = self.rect(knob);
        let at = |place: &f32| Pos2::new(rect.left() + rect.width() * place, rect.center().y);
        let first = at(&places[0]);
        self.harness.event(Input::PointerMoved(first));
        self.button(first, true);
        for place in places {
            self.harness.event(Input::PointerMoved(at(place)));
            self.harness.step();
        }
        self.button(at(&places[places.len() - 1]), false);
        self.steps();
    }

    fn button(&mut self, pos: Pos2, pressed: bool) {
        let modifiers = Modifiers::NONE;
        let button = PointerButton::Primary;
        self.harness.event(Input::PointerButton { pos, button, pressed, modifiers });
        self.harness.step();
    }
}

/// The pointer and the keyboard, by place.
impl Rig {
    /// The middle of what is called `label`.
    #[track_caller]
    pub fn place(&self, label: &str) -> Pos2 {
        self.rect(label).center()
    }

    /// Width and height of what is called `label`.
    #[track_caller]
    pub fn size(&self, label: &str) -> Vec2 {
        self.rect(label).size()
    }

    /// True when what is called `label` is marked as selected.
    #[track_caller]
    pub fn is_selected(&self, label: &str) -> bool {
        let node = self.harness.get_by_label(label);
        node.accesskit_node().toggled() == Some(Toggled::True)
    }

    /// True when what is called `label` has the keyboard.
    #[track_caller]
    pub fn has_focus(&self, label: &str) -> bool {
        self.harness.get_by_label(label).is_focused()
    }

    /// True when what is called `label` can be used.
    #[track_caller]
    pub fn is_enabled(&self, label: &str) -> bool {
        !self.harness.get_by_label(label).accesskit_node().is_disabled()
    }

    /// Rests the pointer on what is called `label` until its tip would show.
    #[track_caller]
    pub fn rest_on(&mut self, label: &str) {
        let place = self.place(label);
        self.rest_at(place);
    }

    /// The same at a place.
    pub fn rest_at(&mut self, pos: Pos2) {
        self.hover(pos);
        // Frames are a quarter of a second apart, tips take half of one.
        for _ in 0..4 {
            self.harness.step();
        }
    }

    /// Moves the pointer there.
    pub fn hover(&mut self, pos: Pos2) {
        self.harness.event(Input::PointerMoved(pos));
        self.harness.step();
    }

    /// Clicks a place with a button.
    pub fn click_at(&mut self, pos: Pos2, button: PointerButton, modifiers: Modifiers) {
        self.drag_with((pos, pos), button, modifiers);
    }

    /// Clicks a place twice.
    pub fn double_click_at(&mut self, pos: Pos2) {
        self.hover(pos);
        for _ in 0..2 {
            // Each click within one frame, or the two would be too far apart in the harness's time.
            for pressed in [true, false] {
                let (button, modifiers) = (PointerButton::Primary, Modifiers::NONE);
                let click = Input::PointerButton { pos, button, pressed, modifiers };
                self.harness.input_mut().events.push(click);
            }
            self.harness.step();
        }
        self.steps();
    }

    /// Drags from one place to another.
    pub fn drag_between(&mut self, from: Pos2, to: Pos2) {
        self.drag_with((from, to), PointerButton::Primary, Modifiers::NONE);
    }

    /// Drags with a button.
    pub fn drag_with(
        &mut self,
        (from, to): (Pos2, Pos2),
        button: PointerButton,
        modifiers: Modifiers,
    ) {
        self.grab((from, to), button, modifiers);
        self.harness.event(Input::PointerButton { pos: to, button, pressed: false, modifiers });
        self.harness.event(Input::ModifiersChanged(Modifiers::NONE));
        self.steps();
    }

    /// Drags, and does not let go.
    pub fn grab(&mut self, (from, to): (Pos2, Pos2), button: PointerButton, modifiers: Modifiers) {
        self.harness.event(Input::ModifiersChanged(modifiers));
        self.hover(from);
        self.harness.event(Input::PointerButton { pos: from, button, pressed: true, modifiers });
        self.harness.step();
        for part in [0.3, 0.7, 1.0] {
            if from != to {
                self.hover(from.lerp(to, part));
            }
        }
    }

    /// Turns the wheel, in points; on the pointer's place.
    pub fn wheel(&mut self, delta: Vec2, modifiers: Modifiers) {
        let (unit, phase) = (MouseWheelUnit::Point, TouchPhase::Move);
        let source = MouseWheelSource::Unknown;
        self.harness.event(Input::ModifiersChanged(modifiers));
        self.harness.event(Input::MouseWheel { unit, delta, phase, source, modifiers });
        self.harness.step();
        self.harness.event(Input::ModifiersChanged(Modifiers::NONE));
        self.steps();
    }

    /// Presses a key.
    pub fn press(&mut self, modifiers: Modifiers, key: Key) {
        self.harness.key_press_modifiers(modifiers, key);
        self.steps();
    }

    /// Presses a key that writes `text`, as a window tells it: both in one frame.
    pub fn press_letter(&mut self, key: Key, text: &str) {
        let (modifiers, physical_key, repeat) = (Modifiers::NONE, None, false);
        let event = |pressed| Input::Key { key, physical_key, pressed, repeat, modifiers };
        let events = [event(true), Input::Text(text.into()), event(false)];
        self.harness.input_mut().events.extend(events);
        self.steps();
    }

    /// Hands events to the editor in one frame.
    pub fn send_together(&mut self, events: &[Input]) {
        self.harness.input_mut().events.extend_from_slice(events);
        self.steps();
    }

    /// Hands one event to the editor; what it copies to the clipboard, if anything.
    pub fn send(&mut self, event: Input) -> Option<String> {
        self.harness.event(event);
        self.harness.step();
        let commands = self.harness.output().platform_output.commands.clone();
        self.steps();
        commands.into_iter().find_map(|command| match command {
            OutputCommand::CopyText(text) => Some(text),
            _ => None,
        })
    }
}

impl Drop for Rig {
    fn drop(&mut self) {
        self.stop.store(true, Relaxed);
        if let Some(renderer) = self.renderer.take() {
            let _ = renderer.join();
        }
        if let Some(folder) = self.presets.parent() {
            let _ = std::fs::remove_dir_all(folder);
        }
        // Of every rig, whatever was done with it: each block was filled by a graph.
        if !std::thread::panicking() {
            assert_eq!(self.engine.counters().missed_blocks.load(Relaxed), 0, "missed blocks");
        }
    }
}

/// A new folder that is nobody else's.
fn own_folder() -> PathBuf {
    static SERIAL: AtomicU32 = AtomicU32::new(0);
    let name = format!("chronus-rig-{}-{}", std::process::id(), SERIAL.fetch_add(1, Relaxed));
    let folder = std::env::temp_dir().join(name);
    std::fs::create_dir_all(&folder).expect("a folder for the test");
    folder
}
