//! The editor itself: what it remembers between frames, and how its panels lie.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use chronus_engine::{Engine, Request};
use chronus_library::user_folder;
use chronus_patch::{CableId, Edit, Gesture, ModuleId, Patch, Point};
use egui::{CentralPanel, Frame, Panel, Role, ScrollArea, Sense, Ui, WidgetInfo};

use crate::browser::Browser;
use crate::canvas::Canvas;
use crate::commits::Commits;
use crate::host::Host;
use crate::knob::Turning;
use crate::live::Live;
use crate::loads::Loads;
use crate::look::Look;
use crate::palette::Palette;
use crate::presets::Presets;
use crate::scenes::Sides;
use crate::theme;
use crate::typing::Typing;
use crate::warm::Warm;

/// Time between two looks at the engine's figures.
const LOOK: Duration = Duration::from_millis(100);
/// Time between two looks while a commit is under way.
const WATCH: Duration = Duration::from_millis(16);
/// Time between two frames while levels and scopes move.
const MOTION: Duration = Duration::from_millis(33);

/// What the middle shows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Page {
    /// Modules and cables, where they stand.
    #[default]
    Canvas,
    /// Modules as cards, one below the other.
    List,
    /// Macros and controllers.
    Macros,
    /// What edits, swaps and blocks cost.
    Statistics,
    /// Voices, tuning, name and notes.
    Settings,
    /// The document as text.
    Document,
}

impl Page {
    /// All, in their order.
    pub(crate) const ALL: [Self; 6] =
        [Self::Canvas, Self::List, Self::Macros, Self::Settings, Self::Statistics, Self::Document];

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Canvas => "Canvas",
            Self::List => "List",
            Self::Macros => "Macros",
            Self::Settings => "Settings",
            Self::Statistics => "Statistics",
            Self::Document => "Document",
        }
    }
}

/// An editor of one engine. Show it with [`EditorApp::ui`] in every frame.
pub struct EditorApp {
    pub(crate) engine: Arc<Engine>,
    pub(crate) host: Box<dyn Host>,
    pub(crate) commits: Commits,
    pub(crate) page: Page,
    /// The page that is not the canvas is to have the keyboard.
    pub(crate) wants_page: bool,
    /// `Engine::loads` in the last frame.
    loads_seen: u64,
    /// The page of the last frame.
    shown: Page,
    pub(crate) canvas: Canvas,
    pub(crate) browser: Browser,
    pub(crate) presets: Presets,
    /// The open list of commands.
    pub(crate) palette: Option<Palette>,
    pub(crate) live: Live,
    pub(crate) loads: Loads,
    /// The knob in hand.
    pub(crate) turning: Option<Turning>,
    /// The cable whose gain is in hand, and where it stands.
    pub(crate) gain: Option<(CableId, f32)>,
    /// The text being typed on a page.
    pub(crate) typing: Option<Typing>,
    /// The module that is to be scrolled to.
    pub(crate) wanted: Option<ModuleId>,
    /// The document's text, as edited by hand, and what is wrong with it.
    pub(crate) json: String,
    pub(crate) json_fault: Option<String>,
    /// What a panel has to say until the next edit.
    pub(crate) remark: Option<String>,
    pub(crate) port: u16,
    pub(crate) look: Look,
    /// Where the document's macros stood in the frame before.
    pub(crate) macros_before: Vec<f32>,
    /// It is as the user likes it, as far as that is known.
    pub(crate) look_known: bool,
    pub(crate) sides: Sides,
    warm: Warm,
    dressed: bool,
}

impl EditorApp {
    /// An editor of `engine` in the world of `host`.
    #[must_use]
    pub fn new(engine: Arc<Engine>, host: Box<dyn Host>) -> Self {
        let presets = Presets::new(user_folder(), host.presets());
        Self {
            engine,
            host,
            commits: Commits::default(),
            page: Page::default(),
            loads_seen: 0,
            shown: Page::default(),
            wants_page: false,
            canvas: Canvas::default(),
            browser: Browser::default(),
            presets,
            palette: None,
            live: Live::default(),
            loads: Loads::default(),
            turning: None,
            gain: None,
            typing: None,
            wanted: None,
            json: String::new(),
            json_fault: None,
            remark: None,
            port: 9000,
            look: Look::default(),
            macros_before: Vec::new(),
            look_known: false,
            sides: Sides::default(),
            warm: Warm::default(),
            dressed: false,
        }
    }

    /// The same, with the user's presets in `folder`.
    #[must_use]
    pub fn with_presets(mut self, folder: PathBuf) -> Self {
        self.presets = Presets::new(Some(folder), self.host.presets());
        self
    }

    /// A new window has been opened: its look is put on in the next frame, and what was in hand when
    /// the last one closed is let go.
    pub fn window_opened(&mut self) {
        self.let_go();
        self.canvas.put_down();
        self.palette = None;
        self.dressed = false;
        self.warm = Warm::default();
    }

    /// The window has been closed: what was being typed is taken, and nothing is looked at any more.
    pub fn window_closed(&mut self) {
        self.let_go();
        self.notice_load();
        self.finish_typing();
        self.canvas.stop_learning();
        self.live.release(&self.engine);
        self.loads.release(&self.engine);
    }

    /// Where another document took the place of this one, whoever loaded it: nothing of what was in
    /// hand, or was compared, belongs to it.
    fn notice_load(&mut self) {
        let loads = self.engine.loads();
        if std::mem::replace(&mut self.loads_seen, loads) == loads {
            return;
        }
        self.let_go();
        self.typing = None;
        self.canvas.put_down();
        self.sides.start_over();
    }

    /// What the canvas shows: its zoom, 1 = 100 % and 0 = all of the patch, and the patch's point at
    /// its top left corner.
    #[must_use]
    pub fn view(&self) -> (f32, Point) {
        self.canvas.view()
    }

    /// Shows that from the next frame on; all of the patch where it is no view.
    pub fn set_view(&mut self, zoom: f32, pan: Point) {
        self.canvas.set_view((zoom, pan));
    }

    /// One frame.
    pub fn ui(&mut self, ui: &mut Ui) {
        if !std::mem::replace(&mut self.dressed, true) {
            theme::apply(ui.ctx());
            self.look.apply(ui.ctx());
        }
        self.keys_of_every_page(ui);
        self.notice_load();
        self.follow_macros();
        self.tend_turning(ui);
        self.look_keys(ui);
        self.look_as_liked(ui);
        self.tend_presets(ui);
        let patch = self.engine.document();
        let now = ui.input(|input| input.time);
        self.live.read(&self.engine, now);
        Panel::top("bar").show(ui, |ui| self.bar(ui, &patch));
        Panel::bottom("status").show(ui, |ui| self.status(ui));
        Panel::bottom("verdict").show(ui, |ui| self.verdict(ui));
        self.preset_panel(ui, &patch);
        if matches!(self.page, Page::Canvas | Page::List) {
            self.browser(ui, &patch);
        }
        let turned = std::mem::replace(&mut self.shown, self.page) != self.page;
        if turned {
            self.finish_typing();
            self.canvas.forget_keys();
        }
        // What the panels have added is there already.
        let patch = self.engine.document();
        if self.page == Page::Canvas {
            if turned {
                self.canvas.take_focus();
            }
            Panel::top("scenes").show(ui, |ui| self.scenes(ui, &patch));
            CentralPanel::default().frame(Frame::NONE).show(ui, |ui| self.canvas(ui, &patch));
        } else {
            CentralPanel::default().show(ui, |ui| {
                hold_keyboard(ui, turned || std::mem::take(&mut self.wants_page));
                self.scrolled(ui, &patch);
            });
        }
        self.palette_popup(ui);
        if self.page == Page::Canvas {
            self.live.ask(&self.engine, now);
        } else {
            self.live.release(&self.engine);
        }
        if self.page != Page::Canvas {
            self.canvas.stop_learning();
        }
        let loads = match self.page {
            Page::Canvas => self.loads.shown,
            page => page == Page::Statistics,
        };
        self.loads.follow(&self.engine, loads, now);
        self.warm.go_on(ui);
        let busy = self.commits.building() || self.turning.is_some() || self.presets.busy();
        let moves = self.live.moves(now);
        ui.ctx().request_repaint_after(match (busy || moves && self.canvas.scoping, moves) {
            (true, _) => WATCH,
            (_, true) => MOTION,
            _ => LOOK,
        });
    }

    /// The pages that are read from top to bottom.
    fn scrolled(&mut self, ui: &mut Ui, patch: &Patch) {
        ScrollArea::both().id_salt(self.page as u8).auto_shrink(false).show(ui, |ui| {
            match self.page {
                // It has a panel of its own, and does not scroll.
                Page::Canvas => {}
                Page::List => self.modules(ui, patch),
                Page::Macros => self.macros(ui, patch),
                Page::Statistics => self.statistics(ui, patch),
                Page::Settings => self.settings(ui, patch),
                Page::Document => self.document(ui),
            }
        });
    }

    /// Commits `requests`, called `label`.
    pub(crate) fn commit(&mut self, label: impl Into<String>, requests: &[Request]) {
        self.remark = None;
        self.commits.commit(&self.engine, label, requests);
    }

    /// Does one edit of the document: a commit where it can be heard.
    pub(crate) fn edit(&mut self, patch: &Patch, edit: Edit) {
        if edit.is_silent() {
            self.remark = self.engine.arrange(edit).err().map(|error| error.to_string());
        } else {
            self.commit(edit.describe(patch), &[Request::Edit(edit)]);
        }
    }

    /// Does an edit that cannot be heard as part of the step `step`.
    pub(crate) fn edit_in(&mut self, step: Gesture, edit: Edit) {
        self.remark = self.engine.arrange_in(step, edit).err().map(|error| error.to_string());
    }
}

/// Takes the keyboard for a page that was turned to, and after a click in the window that gives it to
/// nothing else: keys go back to the host unless something has it.
fn hold_keyboard(ui: &mut Ui, turned: bool) {
    let sense = Sense::focusable_noninteractive();
    let page = ui.interact(ui.max_rect(), ui.scope_id().with("page"), sense);
    page.widget_info(|| WidgetInfo::labeled(Role::Pane, true, "Page"));
    let clicked = ui.input(|input| input.pointer.any_click());
    if turned || clicked && ui.memory(|memory| memory.focused().is_none()) {
        page.request_focus();
    }
}
