//! Presets: which one the patch came from, whether it has changed since, saving and stepping. What
//! becomes of orders to the library is heard of in `answers`; the panel is in `panel`.

mod answers;
mod forms;
mod panel;
mod row;

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::sync::Arc;

use chronus_library::{Done, Library, Order, Over, Preset, PresetId, Shelf, WindowLook};
use chronus_patch::Patch;
use egui::{Button, Key, Modifiers, TextWrapMode, Ui};

use crate::app::EditorApp;
use crate::icons::{Icon, IconButton};
use forms::Form;

/// How far a macro must have moved to be a change: hosts round.
const MOVED: f32 = 1e-4;
/// Presets that are remembered as loaded, so that undo finds the one before.
const ORIGINS: usize = 32;

/// Most characters of a name in the bar.
const NAME: usize = 40;

/// What the editor knows of presets.
pub(crate) struct Presets {
    folder: Option<PathBuf>,
    factory: &'static [Preset],
    /// Opened with the first frame: an instance without a window has no use for it.
    library: Option<Library>,
    /// Presets that were loaded or saved, newest last.
    origins: Vec<Origin>,
    /// The one that is being loaded, or was last.
    wanted: Option<PresetId>,
    /// The patch differs from the preset that it came from.
    changed: bool,
    /// A preset is being written over; true: and is to be once more, for what came after.
    saving: Option<bool>,
    open: bool,
    /// The panel has not been shown since it was opened.
    fresh: bool,
    filter: Filter,
    /// The entry that Enter loads.
    row: usize,
    /// The list is to be scrolled to it.
    scroll: bool,
    /// The entry to go to when it is there.
    sought: Option<PresetId>,
    form: Option<Form>,
    /// What came of the last order, and whether that is bad.
    word: Option<(String, bool)>,
    /// What was deleted last, as the order that brings it back.
    deleted: Option<Order>,
}

/// A preset as it was loaded or saved.
struct Origin {
    id: PresetId,
    /// Stamp of its file.
    stamp: u64,
    patch: Patch,
}

/// Which presets are listed.
#[derive(Default)]
struct Filter {
    text: String,
    tags: BTreeSet<String>,
    shelf: Part,
    favourites: bool,
}

/// Which of the shelves.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
enum Part {
    #[default]
    All,
    Factory,
    User,
}

impl Presets {
    pub(crate) fn new(folder: Option<PathBuf>, factory: &'static [Preset]) -> Self {
        Self {
            folder,
            factory,
            library: None,
            origins: Vec::new(),
            wanted: None,
            changed: false,
            saving: None,
            open: false,
            fresh: false,
            filter: Filter::default(),
            row: 0,
            scroll: false,
            sought: None,
            form: None,
            word: None,
            deleted: None,
        }
    }

    /// What there is to choose from, and what is marked.
    pub(crate) fn shelf(&self) -> Arc<Shelf> {
        self.library.as_ref().map(Library::shelf).unwrap_or_default()
    }

    /// The patch was given another name by hand: it did not come from a preset that is called that.
    pub(crate) fn renamed(&mut self, name: &str) {
        self.origins.retain(|origin| origin.patch.name != name);
    }

    /// True while the library is at work.
    pub(crate) fn busy(&self) -> bool {
        self.library.as_ref().is_some_and(Library::busy)
    }

    /// Marks modules of `kind` as favourites, or no longer.
    pub(crate) fn mark_module(&self, kind: &'static str, marked: bool) {
        self.order(Order::MarkModule(kind, marked));
    }

    /// How a user likes windows, once that has been read; none where nobody has said.
    pub(crate) fn look(&self) -> Option<Option<WindowLook>> {
        let library = self.library.as_ref()?;
        (!library.busy()).then(|| library.shelf().look)
    }

    /// Keeps how a user likes windows.
    pub(crate) fn set_look(&self, look: WindowLook) {
        self.order(Order::SetLook(look));
    }

    fn order(&self, order: Order) {
        if let Some(library) = &self.library {
            library.order(order);
        }
    }

    /// The preset that a patch called `name` came from. After an undo that is the one before.
    fn origin(&self, name: &str) -> Option<&Origin> {
        self.origins.iter().rev().find(|origin| origin.patch.name == name)
    }

    fn came_from(&mut self, id: PresetId, stamp: u64, patch: Patch) {
        self.wanted = Some(id.clone());
        self.origins.retain(|origin| origin.id != id);
        self.origins.push(Origin { id, stamp, patch });
        if self.origins.len() > ORIGINS {
            self.origins.remove(0);
        }
    }

    fn open(&mut self) {
        if !self.open {
            self.order(Order::Scan);
            self.sought = self.wanted.clone();
        }
        self.open = true;
        self.fresh = true;
    }

    fn say(&mut self, text: impl Into<String>) {
        self.word = Some((text.into(), false));
    }
}

impl EditorApp {
    /// Hears what the library has done, and keys that mean presets wherever the keyboard is.
    pub(crate) fn tend_presets(&mut self, ui: &Ui) {
        let presets = &mut self.presets;
        let open = || Library::open(presets.folder.clone(), presets.factory);
        let library = presets.library.get_or_insert_with(open);
        let all: Vec<Done> = std::iter::from_fn(|| library.done()).collect();
        all.into_iter().for_each(|done| self.hear(done));
        let focused = ui.memory(|memory| memory.focused().is_some());
        let pressed = |modifiers, key| {
            // Without a focus the keys are the host's.
            focused && ui.input_mut(|input| input.consume_key(modifiers, key))
        };
        // With shift first: without, it would take both.
        if pressed(Modifiers::COMMAND | Modifiers::SHIFT, Key::S) {
            self.save_as();
        } else if pressed(Modifiers::COMMAND, Key::S) {
            self.save();
        }
        if pressed(Modifiers::COMMAND, Key::O) {
            self.toggle_presets();
        }
        if pressed(Modifiers::COMMAND, Key::L) {
            self.toggle_browser(ui);
        }
        let document = self.engine.document();
        let origin = self.presets.origin(&document.name);
        self.presets.changed = origin.is_some_and(|origin| {
            let moved =
                origin.patch.macros.iter().any(|(&index, knob)| {
                    (self.host.macro_value(index) - knob.value).abs() > MOVED
                });
            moved || !same(&document, &origin.patch)
        });
    }

    /// Writes the patch, with what is being typed, over the preset that it came from, if that is the
    /// user's; asks for a name otherwise.
    pub(crate) fn save(&mut self) {
        self.keep_typed();
        self.save_document();
    }

    fn save_document(&mut self) {
        if let Some(again) = &mut self.presets.saving {
            *again = true;
            return;
        }
        let patch = self.document_now();
        let known =
            self.presets.origin(&patch.name).map(|origin| (origin.id.clone(), origin.stamp));
        let Some((PresetId::User(file), stamp)) = known else { return self.save_as() };
        self.presets.saving = Some(false);
        self.presets.order(Order::SaveOver { file, patch, over: Over::Stamp(stamp) });
    }

    pub(crate) fn save_as(&mut self) {
        self.keep_typed();
        self.presets.open();
        self.presets.form = Some(Form::save_as(&self.engine.document().name));
    }

    pub(crate) fn toggle_presets(&mut self) {
        if self.presets.open {
            self.close_presets();
        } else {
            self.presets.open();
        }
    }

    fn close_presets(&mut self) {
        self.presets.open = false;
        self.presets.form = None;
        self.presets.word = None;
        self.presets.filter = Filter::default();
        self.canvas.take_focus();
    }

    /// Opens the form that asks for a file to import.
    pub(crate) fn import_preset(&mut self) {
        self.presets.open();
        self.presets.form = Some(Form::import());
    }

    /// Opens the form that asks for a file to export to.
    pub(crate) fn export_patch(&mut self) {
        self.presets.open();
        self.presets.form = Some(Form::export());
    }

    pub(crate) fn load_preset(&mut self, id: &PresetId) {
        self.presets.wanted = Some(id.clone());
        self.presets.order(Order::Load(id.clone()));
    }

    /// Loads the preset before or after the one that was loaded last, among those listed.
    pub(crate) fn step_preset(&mut self, forward: bool) {
        let shelf = self.presets.shelf();
        let found = self.presets.found(&shelf);
        let sound: Vec<_> = found.into_iter().filter(|entry| entry.fault.is_none()).collect();
        let known = self.presets.wanted.as_ref();
        let at = sound.iter().position(|entry| Some(&entry.id) == known);
        let count = sound.len();
        let next = match (at, forward) {
            _ if count == 0 => return,
            (Some(at), true) => (at + 1) % count,
            (Some(at), false) => (at + count - 1) % count,
            (None, true) => 0,
            (None, false) => count - 1,
        };
        let id = sound[next].id.clone();
        self.presets.sought = Some(id.clone());
        self.load_preset(&id);
    }

    /// The bar's part: the browser's switch, the steps, and the name with a dot when it has changed.
    pub(crate) fn preset_buttons(&mut self, ui: &mut Ui, patch: &Patch) {
        let open = self.presets.open;
        let switch = ui.selectable_label(open, "Presets").on_hover_text("Ctrl+O");
        let changed = self.presets.changed;
        let name = if patch.name.is_empty() { "untitled" } else { &patch.name };
        let back = ui.add(IconButton::new(Icon::Left, "Previous preset").small()).clicked();
        let forward = ui.add(IconButton::new(Icon::Right, "Next preset").small()).clicked();
        let dot = if changed { "• " } else { "" };
        let more = if name.chars().count() > NAME { "…" } else { "" };
        let short: String = name.chars().take(NAME).collect();
        let text = egui::RichText::new(format!("{dot}{short}{more}")).strong();
        let called = if changed { ", changed" } else { "" };
        let button = ui.add(Button::new(text).frame(false).wrap_mode(TextWrapMode::Extend));
        let button = button.accessible_name(format!("Patch {name}{called}"));
        if button.on_hover_text(&patch.notes).clicked() || switch.clicked() {
            self.toggle_presets();
        }
        if back || forward {
            self.step_preset(forward);
        }
    }
}

/// True when the documents differ in nothing but where macros stand.
fn same(document: &Patch, saved: &Patch) -> bool {
    if document == saved {
        return true;
    }
    if document.macros == saved.macros {
        return false;
    }
    let mut document = document.clone();
    for (index, knob) in &mut document.macros {
        knob.value = saved.macros.get(index).map_or(knob.value, |saved| saved.value);
    }
    document == *saved
}
