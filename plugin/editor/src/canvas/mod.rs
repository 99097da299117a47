//! The canvas: the patch as modules and cables, drawn by egui's painter in the window's points.
//!
//! Everything on it can be found by name, for screen readers and tests: modules are "Module osc",
//! pins "osc pitch in" and "osc out out" (label, port, direction), cables "Cable osc out → amp in",
//! knobs "osc Frequency", the field of a knob's value "osc Frequency value", what a face shows
//! "osc display", the scope at the pointer "Scope of osc out", comments "Comment TEXT", and frames "Frame TITLE"
//! with their corner "Resize TITLE". The List page has the same names for knobs; the two are never seen together.

mod actions;
mod annotate;
mod arrange;
mod carry;
pub(crate) mod chooser;
pub(crate) mod command;
mod connect;
mod curve;
mod display;
mod draw;
mod edits;
mod entry;
mod far;
mod gesture;
mod keys;
mod knobs;
mod layout;
mod learn;
mod menu;
mod minimap;
pub(crate) mod notes;
mod open;
mod over;
mod parts;
mod place;
mod rewire;
mod run;
mod scene;
mod search;
mod selection;
mod sheets;
mod tips;
pub(crate) mod verdict;
mod view;
mod walk;
mod watch;

use std::collections::VecDeque;

use chronus_patch::{CableId, Fragment, ModuleId, Patch, Point};
use egui::{Align2, Event, Key, Rect, Response, Role, Sense, Ui, Vec2, WidgetInfo};
use egui::{Stroke, StrokeKind};

use crate::app::EditorApp;
use crate::theme;
use command::{Command, Subject};
use connect::Connect;
use draw::Brush;
use entry::Entry;
use gesture::Gesture;
use knobs::{Field, Hand};
use learn::Learning;
use menu::Menu;
use notes::Note;
use open::Open;
use place::Lifted;
use scene::Scene;
use search::Search;
use selection::Selection;
use verdict::Verdicts;
use view::View;
use watch::Hovered;

pub(crate) use edits::delete;

/// Below this zoom knobs are left out.
const PLAIN: f32 = 0.36;
/// Below this zoom pins are too near to each other to be hit, and cables have no names of their own.
const PINS: f32 = 0.3;
/// Below this zoom captions could not be read: what the pointer is on still has its.
const NAMES: f32 = 0.6;
/// Below these zooms names of pins and the words in displays are left out. They come one after the other:
/// what comes all at once makes one frame of a zoom as long as two.
const PIN_NAMES: f32 = 0.65;
const WORDS: f32 = 0.7;
/// How much of a cable is seen through modules that lie over it.
const THROUGH: f32 = 0.4;
/// How much of one is seen where everything is small, over modules and beside them alike.
const FAR: f32 = 0.75;
/// After the wheel has moved the view, how long it goes on to do so over knobs, in seconds.
const SCROLLING: f64 = 0.35;

/// Arrows that move or size something: one step of the history while it is the same that is selected.
struct Nudging {
    gesture: chronus_patch::Gesture,
    selected: Selection,
    /// What moves: all of that, and what lies in its frames.
    what: Selection,
}

/// What the canvas remembers between frames.
#[derive(Default)]
pub(crate) struct Canvas {
    /// None until the first frame, which shows the whole patch.
    view: Option<View>,
    /// The view to be shown as soon as its place in the window is known.
    to_show: Option<(f32, Point)>,
    selection: Selection,
    /// Modules whose knobs are seen.
    open: Open,
    gesture: Gesture,
    search: Option<Search>,
    /// The knob in hand, and where it stands.
    hand: Option<Hand>,
    /// The value being typed.
    field: Option<Field>,
    /// The pointer is over a knob: the wheel is the knob's.
    over_knob: bool,
    /// When the wheel last moved the view, in egui's time.
    scrolled: f64,
    /// Where it stood in the window when it was last shown.
    window: Option<Rect>,
    /// It is to have the keyboard.
    wants_focus: bool,
    /// The kind that is dragged here from the list.
    lifted: Option<Lifted>,
    /// The knob that has the keyboard's focus.
    on_knob: Option<(ModuleId, &'static str)>,
    /// The knob that is to have it.
    to_focus: Option<(ModuleId, &'static str)>,
    /// The knob that waits for a controller.
    learning: Option<Learning>,
    /// The name or gain being typed.
    entry: Option<Entry>,
    menu: Option<Menu>,
    /// How many menus have been opened.
    menus: u64,
    connect: Option<Connect>,
    /// What was last selected by keys, or had the cable that is.
    lead: Option<ModuleId>,
    /// The module that is to be brought into view.
    reveal: Option<ModuleId>,
    /// The comment or frame that is.
    reveal_note: Option<Note>,
    /// The cable that the module being dragged would go into.
    onto: Option<CableId>,
    /// Arrows that move what is selected, one after the other.
    nudging: Option<Nudging>,
    /// What was copied here.
    copied: Option<Fragment>,
    /// Keys of earlier frames that have not been heard yet.
    keys: VecDeque<Event>,
    /// It, or a knob on it, had the keyboard in the last frame.
    listens: bool,
    /// What the palette wants done.
    wish: Option<(Command, Subject)>,
    /// The output pin that the pointer is on.
    hovered: Option<Hovered>,
    /// A scope is shown at the pointer.
    pub scoping: bool,
    /// What is selected or has the focus says what it is.
    help: bool,
}

impl Canvas {
    /// Another patch takes the place of this one: it is shown whole, and nothing is in hand.
    pub(crate) fn start_over(&mut self) {
        let (copied, menus) = (self.copied.take(), self.menus);
        let (window, wants_focus) = (self.window, self.wants_focus);
        *self = Self { copied, menus, window, wants_focus, ..Self::default() };
    }

    /// Zoom, 1 = 100 %, and the patch's point at the top left corner; zoom 0 = all of the patch.
    pub(crate) fn view(&self) -> (f32, Point) {
        let shown = || Some(self.view?.to_save(self.window?));
        self.to_show.or_else(shown).unwrap_or_default()
    }

    /// Shows what [`view`](Self::view) said; all of the patch where that is no view.
    pub(crate) fn set_view(&mut self, view: (f32, Point)) {
        self.to_show = Some(view);
    }

    /// The knob that has the keyboard.
    pub(crate) fn knob_in_hand(&self) -> Option<(ModuleId, &'static str)> {
        self.on_knob.clone()
    }

    /// Selects a module, and brings it into view.
    pub(crate) fn select(&mut self, id: ModuleId) {
        self.selection.only([id.clone()]);
        self.lead = None;
        self.reveal = Some(id);
    }

    /// Selects a comment or a frame, and brings it into view.
    pub(crate) fn select_note(&mut self, note: Note) {
        self.selection.only_note(note.clone());
        self.lead = None;
        self.reveal_note = Some(note);
    }

    fn select_cable(&mut self, id: CableId) {
        self.selection = Selection { cable: Some(id), ..Selection::default() };
        self.lead = None;
    }

    /// What is to be done in the next frame.
    pub(crate) fn wish(&mut self, command: Command, subject: Subject) {
        self.wish = Some((command, subject));
    }

    /// Keys that have not been heard yet mean nothing any more.
    pub(crate) fn forget_keys(&mut self) {
        self.keys.clear();
    }

    /// True when the canvas, or a knob on it, had the keyboard in the last frame.
    pub(crate) fn listens(&self) -> bool {
        self.listens
    }

    /// No knob waits for a controller any more.
    pub(crate) fn stop_learning(&mut self) {
        self.learning = None;
    }

    /// Puts down what is in hand.
    pub(crate) fn put_down(&mut self) {
        self.gesture = Gesture::None;
        self.hand = None;
        self.search = None;
        self.field = None;
        self.lifted = None;
        self.learning = None;
        self.entry = None;
        self.menu = None;
        self.connect = None;
        self.onto = None;
        self.nudging = None;
        self.keys.clear();
    }
}

impl EditorApp {
    /// The page, in all of `ui`.
    pub(crate) fn canvas(&mut self, ui: &mut Ui, patch: &Patch) {
        let window = ui.max_rect();
        ui.set_clip_rect(window.intersect(ui.clip_rect()));
        let ground = ui.interact(window, ui.scope_id().with("ground"), Sense::click_and_drag());
        ground.widget_info(|| WidgetInfo::labeled(Role::Canvas, true, "Patch canvas"));
        if std::mem::take(&mut self.canvas.wants_focus) {
            ground.request_focus();
        }
        let settled = self.canvas.window.replace(window) == Some(window);
        let registry = self.engine.registry().clone();
        if let Some(saved) = self.canvas.to_show {
            self.canvas.view = View::saved(window, saved);
            // The panels around a new canvas find their sizes in the first frames.
            self.canvas.to_show = self.canvas.to_show.filter(|_| !settled);
        }
        if self.canvas.view.is_none() {
            self.canvas.view = Some(self.view_of_all(patch, window));
        }
        self.canvas.selection.prune(patch);
        self.bring_into_view(patch, window);
        self.tend_learning(ui, patch);
        self.move_view(ui, &ground);
        let view = self.canvas.view.unwrap_or(View { origin: window.min, zoom: 1.0 });
        let mut scene = {
            let Canvas { selection, gesture, .. } = &self.canvas;
            Scene::new(patch, &registry, (window, view), (selection, gesture))
        };
        let pointer = ui.input(|input| input.pointer.hover_pos());
        if self.canvas.open.tend(&mut scene, pointer.unwrap_or(window.center())) {
            ui.ctx().request_repaint();
        }
        self.ground(ui, &scene, &ground);
        self.wish_levels(&scene);
        self.canvas.scoping = false;
        draw::grid(Brush::new(ui, view), window);
        self.sheets(ui, &scene, false);
        let near = view.zoom >= PINS;
        if near {
            self.cables(ui, &scene, 1.0);
            self.name_cables(ui, &scene);
        }
        self.sheets(ui, &scene, true);
        let verdicts = Verdicts::of(&self.engine, patch);
        let knob_before = self.canvas.on_knob.take();
        for seat in scene.seats.iter().filter(|seat| scene.sees(seat)) {
            self.seat(ui, &scene, seat, &verdicts);
        }
        // A field whose knob is no longer to be seen goes with it.
        self.canvas.field = self.canvas.field.take().filter(|field| field.was_shown(ui));
        // Once more, faintly: a cable that runs behind a module is lost to the eye otherwise.
        self.cables(ui, &scene, if near { THROUGH } else { FAR });
        self.carry_on(ui, &scene);
        self.minimap(ui, &scene);
        self.tell_verdicts(ui, &scene, &verdicts);
        self.hover_scope(ui, &scene);
        self.corner_buttons(ui, patch, window);
        if scene.seats.is_empty() && scene.sheets.is_empty() && self.canvas.search.is_none() {
            let text = "Double-click or press Tab to add a module, or choose a preset";
            let font = egui::FontId::proportional(15.0);
            let (centre, dim) = (window.center(), theme::of(ui).dim);
            let rect = ui.painter().text(centre, Align2::CENTER_CENTER, text, font, dim);
            ui.interact(rect, ui.scope_id().with("hint"), Sense::empty())
                .widget_info(|| WidgetInfo::labeled(Role::Label, true, text));
        }
        if ground.has_focus() {
            let stroke = Stroke::new(1.0, theme::of(ui).accent.gamma_multiply(0.6));
            ui.painter().rect_stroke(window, 0.0, stroke, StrokeKind::Inside);
        }
        if let Some((id, param)) = knob_before {
            let knob = ui.scope_id().with(("knob", id.as_str(), param));
            if self.canvas.on_knob.is_none() && ui.memory(|memory| memory.has_focus(knob)) {
                // It is gone, or no longer seen: the next key would be the host's.
                ground.request_focus();
            }
        }
        self.canvas_keys(ui, &scene, &ground);
        if let Some((command, subject)) = self.canvas.wish.take() {
            if self.canvas.on_knob.is_none() {
                ground.request_focus();
            }
            self.run(ui, &scene, &ground, (command, &subject));
        }
        self.search_popup(ui, &scene, &ground);
        self.connect_popup(ui, &scene, &ground);
        self.menu_popup(ui, &scene, &ground);
        self.entry(ui, &scene, &ground);
        self.drop_lifted(ui, &scene);
    }

    /// The view that shows the whole patch.
    fn view_of_all(&self, patch: &Patch, window: Rect) -> View {
        let all = scene::bounds(patch, self.engine.registry());
        all.map_or(View { origin: window.min, zoom: 1.0 }, |all| View::fit(window, all))
    }

    /// Wheel, pinch and two fingers.
    fn move_view(&mut self, ui: &Ui, ground: &Response) {
        let over_knob = std::mem::take(&mut self.canvas.over_knob);
        let Some(view) = &mut self.canvas.view else { return };
        let (zoom, scroll, pointer, now) = ui.input(|input| {
            (input.zoom_delta(), input.smooth_scroll_delta(), input.pointer.hover_pos(), input.time)
        });
        let Some(pointer) = pointer.filter(|_| ui.rect_contains_pointer(ground.rect)) else {
            return;
        };
        if zoom != 1.0 {
            view.zoom_at(pointer, zoom);
        }
        let going_on = now - self.canvas.scrolled < SCROLLING;
        if scroll != Vec2::ZERO && (going_on || !over_knob) {
            view.pan(scroll);
            self.canvas.scrolled = now;
        }
    }
}

/// True while the key that turns a drag into a pan is down.
fn space_down(ui: &Ui) -> bool {
    ui.input(|input| input.key_down(Key::Space))
}
