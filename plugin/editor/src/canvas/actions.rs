//! What commands do to what is selected.

use chronus_engine::Request;
use chronus_patch::{CableId, Colour, Edit, Fragment, ModuleId, ModuleWidth, Patch, Point};
use egui::{Response, Ui};

use super::carry::moved;
use super::command::{Subject, Way};
use super::entry::{Entry, What};
use super::gesture::Gesture;
use super::notes::Note;
use super::scene::Scene;
use super::search::{Purpose, Search, Spot};
use super::{Nudging, edits, rewire};
use crate::app::EditorApp;

/// How far an arrow moves what is selected.
const NUDGE: f32 = 10.0;
/// How far an arrow moves the view.
const PAN: f32 = 60.0;

impl EditorApp {
    pub(super) fn give_up(&mut self, ground: &Response, subject: &Subject) {
        let lead = self.canvas.lead.clone();
        if self.canvas.learning.take().is_some() {
        } else if matches!(subject, Subject::Knob(..)) {
            ground.request_focus();
        } else if self.canvas.gesture.is_some() {
            self.canvas.gesture = Gesture::None;
        } else if let (Some(_), Some(lead)) = (self.canvas.selection.cable, lead) {
            // Back from one of its cables to the module.
            self.canvas.selection.only([lead]);
        } else {
            self.canvas.selection.clear();
        }
    }

    pub(super) fn zoom(&mut self, still: egui::Pos2, factor: f32) {
        if let Some(view) = &mut self.canvas.view {
            view.zoom_at(still, factor);
        }
    }

    /// Moves what is selected, or the view when nothing is. One move after the other is one step.
    pub(super) fn arrow(&mut self, scene: &Scene<'_>, way: Way) {
        if self.canvas.selection.count() > 0 {
            let nudging = self.nudging(scene.patch);
            let edit = moved(scene, &nudging.what, way.vec() * NUDGE);
            self.edit_in(nudging.gesture, edit);
            self.canvas.nudging = Some(nudging);
        } else if let Some(view) = &mut self.canvas.view {
            view.pan(-way.vec() * PAN);
        }
    }

    /// The step that arrows go on with, or a new one.
    pub(super) fn nudging(&mut self, patch: &Patch) -> Nudging {
        let selected = &self.canvas.selection;
        match self.canvas.nudging.take() {
            Some(nudging) if nudging.selected == *selected => nudging,
            _ => Nudging {
                gesture: chronus_patch::Gesture::begin(),
                selected: selected.clone(),
                what: self.moving(patch),
            },
        }
    }

    /// Bypasses what is selected; all of it, unless all of it already is.
    pub(super) fn bypass(&mut self, patch: &Patch) {
        let ids = &self.canvas.selection.modules;
        let on = |id: &ModuleId| patch.modules.get(id).is_some_and(|module| module.bypass);
        let bypass = !ids.iter().all(on);
        let set = |id: &ModuleId| Edit::SetBypass { id: id.clone(), bypass };
        let edit = Edit::Batch(ids.iter().map(set).collect());
        self.edit(patch, edit);
    }

    pub(super) fn set_width(&mut self, patch: &Patch, width: ModuleWidth) {
        let ids = self.canvas.selection.modules.iter();
        let set = |id: &ModuleId| Edit::SetWidth { id: id.clone(), width };
        let edits = ids.filter(|id| self.takes_width(patch, id)).map(set).collect();
        self.edit(patch, Edit::Batch(edits));
    }

    pub(super) fn recolour(&mut self, patch: &Patch, colour: Option<Colour>) {
        let set = |id: &ModuleId| Edit::Recolour { id: id.clone(), colour };
        let modules = self.canvas.selection.modules.iter().map(set);
        let edits = modules.chain(self.recoloured_frames(patch, colour)).collect();
        self.edit(patch, Edit::Batch(edits));
    }

    pub(super) fn disconnect_all(&mut self, patch: &Patch, subject: &Subject) {
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

    pub(super) fn delete_selected(&mut self, scene: &Scene<'_>) {
        if let Some(id) = self.canvas.selection.cable {
            self.edit(scene.patch, Edit::Disconnect { id });
            self.canvas.selection.cable = None;
            self.canvas.selection.modules.extend(self.canvas.lead.clone());
            return;
        }
        let ids = &self.canvas.selection.modules;
        let notes = Edit::Batch(self.canvas.selection.notes.iter().map(Note::removed).collect());
        let label = match (ids.first(), self.canvas.selection.count()) {
            (_, 0) => return,
            (None, _) => return self.edit(scene.patch, notes),
            (Some(only), 1) => format!("delete {}", scene.patch.label(only)),
            (Some(_), count) if count == ids.len() => format!("delete {count} modules"),
            (Some(_), count) => format!("delete {count} parts"),
        };
        let modules = edits::delete(scene.patch, self.engine.registry(), ids);
        self.commit(label, &[Request::Edit(Edit::Batch(vec![modules, notes]))]);
    }

    /// What is selected, with all that lies wholly in its frames.
    pub(super) fn copied_selection(&self, patch: &Patch) -> Fragment {
        let all = self.moving(patch);
        let (mut comments, mut frames) = (Vec::new(), Vec::new());
        for note in &all.notes {
            match note {
                Note::Comment(id) => comments.push(id.as_str()),
                Note::Frame(id) => frames.push(id.as_str()),
            }
        }
        Fragment::copy(patch, &all.modules).with_notes(patch, comments, frames)
    }

    pub(super) fn copy(&mut self, ui: &Ui, scene: &Scene<'_>) {
        let fragment = self.copied_selection(scene.patch);
        if !fragment.is_empty() {
            ui.ctx().copy_text(fragment.to_json());
            self.canvas.copied = Some(fragment);
        }
    }

    /// Pastes what was copied here: a menu cannot ask the clipboard.
    pub(super) fn paste_copied(&mut self, ui: &Ui, scene: &Scene<'_>, subject: &Subject) {
        let Some(fragment) = self.canvas.copied.clone() else { return };
        let place = match subject {
            Subject::Ground(place) => Some(*place),
            _ => ui.input(|input| input.pointer.hover_pos()),
        };
        self.paste_at(scene, &fragment, place);
    }

    /// Pastes a fragment from a text at the pointer; false when it holds none.
    pub(crate) fn paste(&mut self, ui: &Ui, scene: &Scene<'_>, text: &str) -> bool {
        let Ok(fragment) = Fragment::from_json(text) else { return false };
        let place = ui.input(|input| input.pointer.hover_pos());
        self.paste_at(scene, &fragment, place);
        true
    }

    /// Pastes at a place of the window, or beside where the modules were.
    pub(super) fn paste_at(
        &mut self,
        scene: &Scene<'_>,
        fragment: &Fragment,
        place: Option<egui::Pos2>,
    ) {
        let offset = match place.filter(|at| scene.window.contains(*at)) {
            Some(place) => {
                let (place, origin) = (scene.view.to_patch(place), fragment.origin());
                Point { x: (place.x - origin.x).round(), y: (place.y - origin.y).round() }
            }
            None => fragment.beside(),
        };
        self.put(scene, fragment, offset);
    }

    /// Adds what is in `fragment` and selects it.
    pub(super) fn put(&mut self, scene: &Scene<'_>, fragment: &Fragment, offset: Point) {
        if fragment.is_empty() {
            return;
        }
        let (edit, pasted) = fragment.paste_edit(scene.patch, offset);
        self.edit(scene.patch, edit);
        self.canvas.selection.only(pasted.modules);
        let comments = pasted.comments.into_iter().map(Note::Comment);
        self.canvas.selection.notes =
            comments.chain(pasted.frames.into_iter().map(Note::Frame)).collect();
    }

    /// Opens the search: from a menu where that was; beside the module that is selected; at the
    /// pointer; or where there is room in the middle.
    pub(super) fn search_to_add(&mut self, ui: &Ui, scene: &Scene<'_>, subject: &Subject) {
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

    pub(super) fn search_to_replace(&mut self, scene: &Scene<'_>) {
        let Some(id) = self.canvas.selection.modules.first() else { return };
        let seat = scene.seats.iter().find(|seat| seat.id == id);
        let corner = seat.map_or(scene.window.center(), |seat| seat.rect.right_top());
        self.canvas.search = Some(Search::new(Purpose::Replace(id.clone()), corner));
    }

    pub(super) fn search_to_insert(&mut self, scene: &Scene<'_>) {
        let Some(id) = self.canvas.selection.cable else { return };
        let wire = scene.wires.iter().find(|wire| wire.id == id);
        let middle = wire.map_or(scene.window.center(), |wire| wire.curve.at(0.5));
        let purpose = Purpose::Insert(id, scene.view.to_patch(middle));
        self.canvas.search = Some(Search::new(purpose, middle));
    }

    pub(super) fn rename_selected(&mut self, scene: &Scene<'_>) {
        if let Some(id) = self.canvas.selection.modules.first() {
            self.canvas.entry = Some(Entry::new(What::Name(id.clone()), scene.patch.label(id)));
        } else if let Some(note) = self.canvas.selection.sole_note().cloned() {
            self.edit_note(scene.patch, &note);
        }
    }

    pub(super) fn type_gain(&mut self, scene: &Scene<'_>) {
        let id = self.canvas.selection.cable;
        if let Some((id, cable)) = id.and_then(|id| scene.patch.cables.get_key_value(&id)) {
            let text = format!("{}", cable.gain);
            self.canvas.entry = Some(Entry::new(What::Gain(*id), &text));
        }
    }
}
