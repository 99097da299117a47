//! Where commands are done: one place for keys, menus and the palette.

use chronus_engine::{Param, Request, Unit, Width};
use chronus_patch::{CableId, Colour, Edit, Fragment, ModuleId, ModuleWidth, Patch, Point};
use egui::{Response, Ui, Vec2, vec2};

use super::command::{Command, Subject, Way};
use super::entry::{Entry, What};
use super::scene::Scene;
use super::search::{Purpose, Search, Spot};
use super::{edits, rewire};
use crate::app::EditorApp;
use crate::bind;
use crate::modules::BESIDE;

/// How far an arrow moves what is selected.
const NUDGE: f32 = 10.0;
/// How far an arrow moves the view.
const PAN: f32 = 60.0;

impl Way {
    pub(crate) fn vec(self) -> Vec2 {
        match self {
            Self::Left => vec2(-1.0, 0.0),
            Self::Right => vec2(1.0, 0.0),
            Self::Up => vec2(0.0, -1.0),
            Self::Down => vec2(0.0, 1.0),
        }
    }
}

impl EditorApp {
    /// True when `command` can be done to `subject` now.
    pub(crate) fn enabled(&self, patch: &Patch, command: Command, subject: &Subject) -> bool {
        let modules = &self.canvas.selection.modules;
        let cable = self.canvas.selection.cable;
        let knob = || self.knob_of(patch, subject);
        let driven = || {
            let driver = |(id, param): (ModuleId, &'static Param)| {
                bind::driver(patch, self.engine.registry(), &id, param).is_some()
            };
            knob().map(driver)
        };
        match command {
            Command::Undo => self.engine.undo_labels().0.is_some(),
            Command::Redo => self.engine.undo_labels().1.is_some(),
            Command::Paste => self.canvas.copied.is_some(),
            Command::SelectAll | Command::Fit => !patch.modules.is_empty(),
            Command::Bypass
            | Command::Duplicate
            | Command::Copy
            | Command::Cut
            | Command::Colour(_) => !modules.is_empty(),
            Command::Delete => !modules.is_empty() || cable.is_some(),
            Command::DisconnectAll => match subject {
                Subject::Pin(end) => !rewire::cables_at(patch, end).is_empty(),
                _ => modules.iter().any(|id| patch.cables_of(id).next().is_some()),
            },
            Command::Connect => matches!(subject, Subject::Pin(_)) || modules.len() == 1,
            Command::Rename | Command::Replace => modules.len() == 1,
            Command::FirstKnob => {
                let knobs = |id: &ModuleId| self.spec_of(patch, id).map(|spec| spec.params.len());
                cable.is_some()
                    || modules.len() == 1 && modules.first().and_then(knobs).unwrap_or(0) > 0
            }
            Command::Voices(_) => modules.iter().any(|id| self.takes_width(patch, id)),
            Command::NextCable => self.next_cable(patch).is_some(),
            Command::NextKnob | Command::PreviousKnob | Command::Reset => knob().is_some(),
            Command::TypeValue => knob().is_some_and(|(_, param)| param.unit != Unit::Choice),
            Command::Automate => driven() == Some(false),
            Command::Free | Command::NameMacro => driven() == Some(true),
            Command::Learn => knob().is_some(),
            Command::Gain | Command::Insert => cable.is_some(),
            Command::Feedback => cable.is_some_and(|id| rewire::feedback_here(patch, id).is_some()),
            Command::Palette
            | Command::Go(_)
            | Command::Add
            | Command::ZoomIn
            | Command::ZoomOut
            | Command::GiveUp
            | Command::Leave
            | Command::Menu
            | Command::Arrow(_)
            | Command::Walk(..) => true,
        }
    }

    /// Does `command`, if it is enabled.
    pub(crate) fn run(
        &mut self,
        ui: &Ui,
        scene: &Scene<'_>,
        ground: &Response,
        (command, subject): (Command, &Subject),
    ) {
        let patch = scene.patch;
        if !self.enabled(patch, command, subject) {
            return;
        }
        if !matches!(command, Command::Arrow(_)) {
            self.canvas.nudging = None;
        }
        let middle = scene.window.center();
        match command {
            Command::Undo | Command::Redo | Command::Palette | Command::Go(_) => {
                self.run_anywhere(ui, command);
            }
            Command::Add => self.search_to_add(ui, scene, subject),
            Command::Paste => self.paste_copied(ui, scene, subject),
            Command::SelectAll => self.canvas.selection.only(patch.modules.keys().cloned()),
            Command::Fit => self.canvas.view = Some(self.view_of_all(patch, scene.window)),
            Command::ZoomIn => self.zoom(middle, 1.25),
            Command::ZoomOut => self.zoom(middle, 0.8),
            Command::GiveUp => self.give_up(ground, subject),
            Command::Leave => ground.surrender_focus(),
            Command::Menu => self.open_menu_by_key(ui, scene, subject),
            Command::Arrow(way) => self.arrow(scene, way),
            Command::Walk(way, too) => self.walk(scene, ground, way, too),
            Command::Rename => self.rename_selected(scene),
            Command::Bypass => self.bypass(patch),
            Command::Duplicate => {
                let fragment = Fragment::copy(patch, &self.canvas.selection.modules);
                self.put(scene, &fragment, BESIDE);
            }
            Command::Copy => self.copy(ui, scene),
            Command::Cut => {
                self.copy(ui, scene);
                self.delete_selected(scene);
            }
            Command::Delete => self.delete_selected(scene),
            Command::Replace => self.search_to_replace(scene),
            Command::Voices(width) => self.set_width(patch, width),
            Command::Colour(colour) => self.recolour(patch, colour),
            Command::DisconnectAll => self.disconnect_all(patch, subject),
            Command::Connect => self.open_connect(ui, scene, subject),
            Command::NextCable => self.select_next_cable(patch),
            Command::FirstKnob if self.canvas.selection.cable.is_some() => self.type_gain(scene),
            Command::FirstKnob => self.go_to_knobs(scene),
            Command::NextKnob => self.go_on(patch, subject, true),
            Command::PreviousKnob => self.go_on(patch, subject, false),
            Command::TypeValue => self.type_value(ui, scene, subject),
            Command::Gain => self.type_gain(scene),
            Command::Insert => self.search_to_insert(scene),
            Command::Feedback => {
                let here = self.canvas.selection.cable;
                if let Some(edit) = here.and_then(|id| rewire::feedback_here(patch, id)) {
                    self.commit("feedback here", &[Request::Edit(edit)]);
                }
            }
            Command::Reset
            | Command::Automate
            | Command::Free
            | Command::Learn
            | Command::NameMacro => self.run_on_knob(scene, command, subject),
        }
    }

    /// Does what needs no canvas.
    pub(crate) fn run_anywhere(&mut self, ui: &Ui, command: Command) {
        match command {
            Command::Undo => {
                self.let_go();
                self.commits.undo(&self.engine);
            }
            Command::Redo => {
                self.let_go();
                self.commits.redo(&self.engine);
            }
            Command::Palette => self.open_palette(ui),
            Command::Go(page) => self.page = page,
            _ => {}
        }
    }

    fn run_on_knob(&mut self, scene: &Scene<'_>, command: Command, subject: &Subject) {
        let patch = scene.patch;
        let Some((id, param)) = self.knob_of(patch, subject) else { return };
        let (Some(module), Some(spec)) = (patch.modules.get(&id), self.spec_of(patch, &id)) else {
            return;
        };
        let (value, driven) = self.shown_value(patch, (&id, module), spec, param);
        match (command, driven) {
            (Command::Reset, _) => {
                self.turn(patch, &id, param, param.default, false);
                self.let_go();
            }
            (Command::Automate, None) => self.bind(patch, &id, param, value),
            (Command::Free, Some(index)) => self.unbind(patch, index, &id, param, value),
            (Command::Learn, _) => self.learn(&id, param),
            (Command::NameMacro, Some(index)) => {
                let name = patch.macros.get(&index).map_or("", |knob| &knob.name);
                let what = What::Macro { index, id, param: param.name };
                self.canvas.entry = Some(Entry::new(what, name));
            }
            _ => {}
        }
    }

    /// The knob that a subject names.
    pub(crate) fn knob_of(
        &self,
        patch: &Patch,
        subject: &Subject,
    ) -> Option<(ModuleId, &'static Param)> {
        let Subject::Knob(id, name) = subject else { return None };
        let spec = self.spec_of(patch, id)?;
        Some((id.clone(), &spec.params[spec.param(name)?]))
    }

    pub(crate) fn spec_of(
        &self,
        patch: &Patch,
        id: &ModuleId,
    ) -> Option<&'static chronus_engine::Spec> {
        self.engine.registry().spec(&patch.modules.get(id)?.kind).ok()
    }

    pub(crate) fn takes_width(&self, patch: &Patch, id: &ModuleId) -> bool {
        let spec = self.spec_of(patch, id);
        spec.is_some_and(|spec| matches!(spec.width, Width::Widest | Width::Bus))
    }

    fn give_up(&mut self, ground: &Response, subject: &Subject) {
        let lead = self.canvas.lead.clone();
        if self.canvas.learning.take().is_some() {
        } else if matches!(subject, Subject::Knob(..)) {
            ground.request_focus();
        } else if self.canvas.gesture.is_some() {
            self.canvas.gesture = super::Gesture::None;
        } else if let (Some(_), Some(lead)) = (self.canvas.selection.cable, lead) {
            // Back from one of its cables to the module.
            self.canvas.selection.only([lead]);
        } else {
            self.canvas.selection.clear();
        }
    }

    fn zoom(&mut self, still: egui::Pos2, factor: f32) {
        if let Some(view) = &mut self.canvas.view {
            view.zoom_at(still, factor);
        }
    }

    /// Moves what is selected, or the view when nothing is. One move after the other is one step.
    fn arrow(&mut self, scene: &Scene<'_>, way: Way) {
        if !self.canvas.selection.modules.is_empty() {
            let nudging = self.canvas.nudging.take();
            let nudging = nudging.unwrap_or_else(|| self.engine.begin_gesture());
            let edit = self.moved(scene, way.vec() * NUDGE);
            let moved = self.engine.arrange_in(nudging, edit);
            self.remark = moved.err().map(|error| error.to_string());
            self.canvas.nudging = Some(nudging);
        } else if let Some(view) = &mut self.canvas.view {
            view.pan(-way.vec() * PAN);
        }
    }

    /// Bypasses what is selected; all of it, unless all of it already is.
    fn bypass(&mut self, patch: &Patch) {
        let ids = &self.canvas.selection.modules;
        let on = |id: &ModuleId| patch.modules.get(id).is_some_and(|module| module.bypass);
        let bypass = !ids.iter().all(on);
        let set = |id: &ModuleId| Edit::SetBypass { id: id.clone(), bypass };
        let edit = Edit::Batch(ids.iter().map(set).collect());
        self.edit(patch, edit);
    }

    fn set_width(&mut self, patch: &Patch, width: ModuleWidth) {
        let ids = self.canvas.selection.modules.iter();
        let set = |id: &ModuleId| Edit::SetWidth { id: id.clone(), width };
        let edits = ids.filter(|id| self.takes_width(patch, id)).map(set).collect();
        self.edit(patch, Edit::Batch(edits));
    }

    fn recolour(&mut self, patch: &Patch, colour: Option<Colour>) {
        let set = |id: &ModuleId| Edit::Recolour { id: id.clone(), colour };
        let edits = self.canvas.selection.modules.iter().map(set).collect();
        self.edit(patch, Edit::Batch(edits));
    }

    fn disconnect_all(&mut self, patch: &Patch, subject: &Subject) {
        let cut: Vec<CableId> = match subject {
            Subject::Pin(end) => rewire::cables_at(patch, end),
            _ => {
                let ids = &self.canvas.selection.modules;
                let all = patch.cables.iter().filter(|(_, cable)| {
                    ids.contains(&cable.from.module) || ids.contains(&cable.to.module)
                });
                all.map(|(id, _)| *id).collect()
            }
        };
        let edits = cut.into_iter().map(|id| Edit::Disconnect { id }).collect();
        self.edit(patch, Edit::Batch(edits));
    }

    fn delete_selected(&mut self, scene: &Scene<'_>) {
        if let Some(id) = self.canvas.selection.cable {
            self.edit(scene.patch, Edit::Disconnect { id });
            self.canvas.selection.cable = None;
            self.canvas.selection.modules.extend(self.canvas.lead.clone());
            return;
        }
        let ids = &self.canvas.selection.modules;
        let label = match ids.first() {
            None => return,
            Some(only) if ids.len() == 1 => format!("delete {}", scene.patch.label(only)),
            Some(_) => format!("delete {} modules", ids.len()),
        };
        let edit = edits::delete(scene.patch, self.engine.registry(), ids);
        self.commit(label, &[Request::Edit(edit)]);
    }

    fn copy(&mut self, ui: &Ui, scene: &Scene<'_>) {
        let fragment = Fragment::copy(scene.patch, &self.canvas.selection.modules);
        if !fragment.is_empty() {
            ui.ctx().copy_text(fragment.to_json());
            self.canvas.copied = Some(fragment);
        }
    }

    /// Pastes what was copied here: a menu cannot ask the clipboard.
    fn paste_copied(&mut self, ui: &Ui, scene: &Scene<'_>, subject: &Subject) {
        let Some(fragment) = self.canvas.copied.clone() else { return };
        let place = match subject {
            Subject::Ground(place) => Some(*place),
            _ => ui.input(|input| input.pointer.hover_pos()),
        };
        self.paste_at(scene, &fragment, place);
    }

    /// Pastes modules from a text at the pointer; false when it holds none.
    pub(crate) fn paste(&mut self, ui: &Ui, scene: &Scene<'_>, text: &str) -> bool {
        let Ok(fragment) = Fragment::from_json(text) else { return false };
        let place = ui.input(|input| input.pointer.hover_pos());
        self.paste_at(scene, &fragment, place);
        true
    }

    /// Pastes at a place of the window, or beside where the modules were.
    fn paste_at(&mut self, scene: &Scene<'_>, fragment: &Fragment, place: Option<egui::Pos2>) {
        let offset = match place.filter(|at| scene.window.contains(*at)) {
            Some(place) => {
                let (place, origin) = (scene.view.to_patch(place), fragment.origin());
                Point { x: (place.x - origin.x).round(), y: (place.y - origin.y).round() }
            }
            None => BESIDE,
        };
        self.put(scene, fragment, offset);
    }

    /// Adds the modules of `fragment` and selects them.
    fn put(&mut self, scene: &Scene<'_>, fragment: &Fragment, offset: Point) {
        if fragment.is_empty() {
            return;
        }
        let (edit, ids) = fragment.paste_edit(scene.patch, offset);
        self.edit(scene.patch, edit);
        self.canvas.selection.only(ids);
    }

    /// Opens the search: from a menu where that was; beside the module that is selected; at the
    /// pointer; or where there is room in the middle.
    fn search_to_add(&mut self, ui: &Ui, scene: &Scene<'_>, subject: &Subject) {
        let pointer = ui.input(|input| input.pointer.hover_pos());
        let pointer = pointer.filter(|at| scene.window.contains(*at));
        let one = self.canvas.selection.modules.iter().next();
        let one = one.filter(|_| self.canvas.selection.modules.len() == 1);
        let seat = one.and_then(|id| scene.seats.iter().find(|seat| seat.id == id));
        let (spot, corner) = match (subject, seat, pointer) {
            (Subject::Ground(at), ..) => (Spot::At(scene.view.to_patch(*at)), *at),
            (_, Some(seat), _) => (Spot::Beside(seat.id.clone()), seat.rect.right_top()),
            (_, None, Some(at)) => (Spot::At(scene.view.to_patch(at)), at),
            (_, None, None) => {
                let middle = scene.window.center();
                (Spot::Near(scene.view.to_patch(middle)), middle)
            }
        };
        self.canvas.search = Some(Search::new(Purpose::Add(spot, None), corner));
    }

    fn search_to_replace(&mut self, scene: &Scene<'_>) {
        let Some(id) = self.canvas.selection.modules.first() else { return };
        let seat = scene.seats.iter().find(|seat| seat.id == id);
        let corner = seat.map_or(scene.window.center(), |seat| seat.rect.right_top());
        self.canvas.search = Some(Search::new(Purpose::Replace(id.clone()), corner));
    }

    fn search_to_insert(&mut self, scene: &Scene<'_>) {
        let Some(id) = self.canvas.selection.cable else { return };
        let wire = scene.wires.iter().find(|wire| wire.id == id);
        let middle = wire.map_or(scene.window.center(), |wire| wire.curve.at(0.5));
        let purpose = Purpose::Insert(id, scene.view.to_patch(middle));
        self.canvas.search = Some(Search::new(purpose, middle));
    }

    fn rename_selected(&mut self, scene: &Scene<'_>) {
        if let Some(id) = self.canvas.selection.modules.first() {
            self.canvas.entry = Some(Entry::new(What::Name(id.clone()), scene.patch.label(id)));
        }
    }

    fn type_gain(&mut self, scene: &Scene<'_>) {
        let id = self.canvas.selection.cable;
        if let Some((id, cable)) = id.and_then(|id| scene.patch.cables.get_key_value(&id)) {
            let text = format!("{}", cable.gain);
            self.canvas.entry = Some(Entry::new(What::Gain(*id), &text));
        }
    }
}
