//! What the pointer is doing: panning, drawing a box, moving what is selected, sizing a frame, or holding
//! a cable's end.

use chronus_engine::Request;
use chronus_patch::{CableId, Edit, ModuleId};
use egui::{CursorIcon, PointerButton, Pos2, Rect, Response, Stroke, StrokeKind, Ui, Vec2};

use super::command::Subject;
use super::curve::Curve;
use super::draw::Brush;
use super::entry::{Entry, What};
use super::layout::HEADER;
use super::notes::{self, Note};
use super::scene::{End, Scene, Seat, ends};
use super::search::{Purpose, Search, Spot};
use super::selection::Selection;
use super::{PINS, draw, edits, space_down};
use crate::app::EditorApp;
use crate::theme;

/// The parts of a cable, from either end, that the pointer takes that end by.
const END_PART: f32 = 0.3;

/// What the pointer is doing.
#[derive(Default)]
pub(crate) enum Gesture {
    /// Nothing.
    #[default]
    None,
    /// It drags the view.
    Pan,
    /// It draws a box: from there, in the patch, adding to what was selected.
    Box { from: Pos2, keep: Selection },
    /// It drags what was selected, and what lies in its frames: from there, by so much, in the patch.
    Move { from: Pos2, by: Vec2, what: Selection },
    /// It drags the corner of the frame of that id.
    Resize { id: String, from: Pos2, by: Vec2 },
    /// It drags a cable whose other end is held by a pin; `taken` is the cable it was before.
    Cable { held: End, taken: Option<CableId> },
}

impl Gesture {
    pub(crate) fn is_some(&self) -> bool {
        !matches!(self, Self::None)
    }

    /// How far a module has been dragged, in the patch's points; none where it is not.
    pub(crate) fn offset(&self, id: &ModuleId) -> Option<Vec2> {
        match self {
            Self::Move { by, what, .. } if what.modules.contains(id) => Some(*by),
            _ => None,
        }
    }

    /// Where a comment or a frame that lies at `rect` has been dragged to, in the patch's points.
    pub(crate) fn applied(&self, note: &Note, rect: Rect) -> Rect {
        match (self, note) {
            (Self::Move { by, what, .. }, _) if what.notes.contains(note) => rect.translate(*by),
            (Self::Resize { id, by, .. }, Note::Frame(frame)) if id == frame => {
                Rect::from_min_size(rect.min, (rect.size() + *by).max(notes::LEAST))
            }
            _ => rect,
        }
    }

    /// The cable whose end is in hand.
    pub(crate) fn taken(&self) -> Option<CableId> {
        if let Self::Cable { taken, .. } = self { *taken } else { None }
    }

    /// Whether the pin `end` is dimmed, being no place for the cable in hand, and whether it is
    /// where that cable is held.
    pub(crate) fn marks(&self, scene: &Scene<'_>, end: &End) -> (bool, bool) {
        let Self::Cable { held, taken } = self else { return (false, false) };
        (held != end && !scene.fits(held, end, *taken), held == end)
    }
}

impl EditorApp {
    /// The pointer on the canvas itself.
    pub(crate) fn ground(&mut self, ui: &Ui, scene: &Scene<'_>, ground: &Response) {
        let (pressed, clicked) =
            ui.input(|input| (input.pointer.any_pressed(), input.pointer.any_click()));
        if clicked && ui.memory(|memory| memory.focused().is_none()) {
            // A click on a module or a button counts as one beside the canvas, which then loses the
            // focus.
            ground.request_focus();
        }
        if pressed && ui.rect_contains_pointer(scene.window) {
            self.canvas.search = None;
            self.canvas.nudging = None;
            let field = self.canvas.field.as_ref().is_some_and(|field| field.under_pointer(ui));
            let entry = self.canvas.entry.as_ref().is_some_and(|entry| entry.under_pointer(ui));
            if !field && !entry {
                ground.request_focus();
            }
            if ui.input(|input| input.pointer.button_pressed(PointerButton::Middle)) {
                self.canvas.gesture = Gesture::Pan;
            }
        }
        let Some(pointer) = ui.input(|input| input.pointer.interact_pos()) else { return };
        let place = scene.view.to_patch(pointer);
        let shift = ui.input(|input| input.modifiers.shift);
        if ground.double_clicked() {
            self.canvas.search = Some(Search::new(Purpose::Add(Spot::At(place), None), pointer));
        } else if ground.secondary_clicked() {
            let subject = match scene.cable_at(pointer) {
                Some((wire, _)) => {
                    self.canvas.select_cable(wire.id);
                    Subject::Selection
                }
                None => Subject::Ground(pointer),
            };
            self.open_menu(ui, subject, pointer);
        } else if ground.clicked() && ui.input(|input| input.pointer.primary_released()) {
            // Only the pointer's click: Space and Enter click whatever has the focus, too.
            let cable = scene.cable_at(pointer).map(|(wire, _)| wire.id);
            if cable.is_some() || !shift {
                self.canvas.selection.clear();
                self.canvas.lead = None;
                self.canvas.selection.cable = cable;
            }
        }
        if ground.drag_started_by(PointerButton::Secondary) {
            self.canvas.gesture = Gesture::Pan;
        } else if ground.drag_started_by(PointerButton::Primary) {
            let from = ui.input(|input| input.pointer.press_origin()).unwrap_or(pointer);
            self.canvas.gesture = if space_down(ui) {
                Gesture::Pan
            } else if let Some(gesture) = take_end(scene, from).filter(|_| scene.view.zoom >= PINS)
            {
                gesture
            } else {
                let keep = Selection { cable: None, ..self.canvas.selection.clone() };
                let keep = if shift { keep } else { Selection::default() };
                Gesture::Box { from: scene.view.to_patch(from), keep }
            };
        }
    }

    /// The pointer on a module.
    pub(crate) fn module_gesture(
        &mut self,
        ui: &Ui,
        scene: &Scene<'_>,
        seat: &Seat<'_>,
        response: &Response,
    ) {
        let shift = ui.input(|input| input.modifiers.shift);
        if response.secondary_clicked()
            && let Some(pointer) = response.interact_pointer_pos()
        {
            if !self.canvas.selection.modules.contains(seat.id) {
                self.canvas.selection.only([seat.id.clone()]);
            }
            self.canvas.selection.cable = None;
            self.open_menu(ui, Subject::Selection, pointer);
        }
        let header = seat.rect.top() + HEADER * scene.view.zoom;
        let on_header = response.interact_pointer_pos().is_some_and(|at| at.y < header);
        if response.double_clicked() && on_header {
            let what = What::Name(seat.id.clone());
            self.canvas.entry = Some(Entry::new(what, scene.patch.label(seat.id)));
        }
        if response.drag_started_by(PointerButton::Secondary) {
            self.canvas.gesture = Gesture::Pan;
        }
        let selection = &mut self.canvas.selection;
        if response.clicked() {
            self.canvas.lead = None;
            if shift {
                selection.toggle(seat.id);
            } else {
                selection.only([seat.id.clone()]);
            }
        }
        if response.drag_started_by(PointerButton::Primary) {
            if space_down(ui) {
                self.canvas.gesture = Gesture::Pan;
                return;
            }
            if !selection.modules.contains(seat.id) {
                if !shift {
                    selection.clear();
                }
                selection.cable = None;
                selection.modules.insert(seat.id.clone());
            }
            self.lift_selected(ui, scene);
        }
    }

    /// The pointer on a pin: an output starts a cable; so does an input that has none, or with
    /// shift. From an input with cables the last one is taken away.
    pub(crate) fn pin_gesture(
        &mut self,
        ui: &Ui,
        scene: &Scene<'_>,
        end: &End,
        response: &Response,
    ) {
        if response.hovered() {
            ui.ctx().set_cursor_icon(CursorIcon::Crosshair);
        }
        if response.secondary_clicked()
            && let Some(pointer) = response.interact_pointer_pos()
        {
            self.open_menu(ui, Subject::Pin(end.clone()), pointer);
        }
        if !response.drag_started_by(PointerButton::Primary) {
            return;
        }
        let shift = ui.input(|input| input.modifiers.shift);
        let last = scene.patch.cables.iter().rev().find(|(_, cable)| cable.to == end.port);
        self.canvas.gesture = match last.filter(|_| !end.output && !shift) {
            Some((&id, cable)) => {
                let held = End { port: cable.from.clone(), output: true };
                Gesture::Cable { held, taken: Some(id) }
            }
            None => Gesture::Cable { held: end.clone(), taken: None },
        };
    }

    /// Goes on with the gesture, and ends it when the pointer is released.
    pub(crate) fn carry_on(&mut self, ui: &Ui, scene: &Scene<'_>) {
        let (pointer, delta, down) = ui.input(|input| {
            let pointer = &input.pointer;
            (pointer.latest_pos(), pointer.delta(), pointer.any_down())
        });
        let Some(pointer) = pointer else { return };
        let place = scene.view.to_patch(pointer);
        self.canvas.onto = match &self.canvas.gesture {
            Gesture::Move { by, what, .. } if *by != Vec2::ZERO => {
                self.cable_below(scene, what, pointer)
            }
            _ => None,
        };
        match &mut self.canvas.gesture {
            Gesture::None => return,
            Gesture::Pan => {
                ui.ctx().set_cursor_icon(CursorIcon::Grabbing);
                if let Some(view) = &mut self.canvas.view {
                    view.pan(delta);
                }
            }
            Gesture::Box { from, keep } => {
                let drawn = scene.view.rect(Rect::from_two_pos(*from, place));
                let fill = theme::of(ui).accent.gamma_multiply(0.12);
                ui.painter().rect_filled(drawn, 2.0, fill);
                let stroke = Stroke::new(1.0, theme::of(ui).accent);
                ui.painter().rect_stroke(drawn, 2.0, stroke, StrokeKind::Inside);
                let hit = scene.seats.iter().filter(|seat| seat.rect.intersects(drawn));
                let mut selection = keep.clone();
                selection.modules.extend(hit.map(|seat| seat.id.clone()));
                let hit = scene.sheets.iter().filter(|sheet| sheet.is_in_box(drawn));
                selection.notes.extend(hit.map(|sheet| sheet.note.clone()));
                self.canvas.selection = selection;
            }
            Gesture::Move { from, by, .. } | Gesture::Resize { from, by, .. } => {
                *by = (place - *from).round();
            }
            Gesture::Cable { held, taken } => {
                let target = scene.pin_for(held, *taken, pointer);
                let at = target.as_ref().and_then(|end| scene.end(&end.port, end.output));
                let free = at.map_or(pointer, |(at, _)| at);
                let Some((fixed, signal)) = scene.end(&held.port, held.output) else {
                    // The module that held the other end is gone.
                    self.canvas.gesture = Gesture::None;
                    return;
                };
                let (start, end) = if held.output { (fixed, free) } else { (free, fixed) };
                let curve = Curve::new(start, end, scene.view.zoom);
                let signal = signal.unwrap_or(chronus_engine::Signal::Audio);
                let strong = target.is_some();
                draw::cable(Brush::new(ui, scene.view), &curve, signal, (1.0, strong));
            }
        }
        if !down {
            match std::mem::take(&mut self.canvas.gesture) {
                Gesture::Move { by, what, .. } if by != Vec2::ZERO => {
                    self.drop_modules(scene, &what, by);
                }
                Gesture::Resize { id, by, .. } => self.resize(scene.patch, id, by),
                Gesture::Cable { held, taken } => self.drop_cable(scene, held, taken, pointer),
                _ => {}
            }
        }
    }

    fn drop_cable(&mut self, scene: &Scene<'_>, held: End, taken: Option<CableId>, pointer: Pos2) {
        let patch = scene.patch;
        let Some(end) = scene.pin_for(&held, taken, pointer) else {
            if scene.module_at(pointer).is_some() {
                return;
            }
            match taken {
                Some(id) => self.edit(patch, Edit::Disconnect { id }),
                None => {
                    let place = scene.view.to_patch(pointer);
                    let purpose = Purpose::Add(Spot::At(place), Some(held));
                    self.canvas.search = Some(Search::new(purpose, pointer));
                }
            }
            return;
        };
        let (from, to) = ends(&held, &end);
        let (from, to) = (from.clone(), to.clone());
        match taken {
            None => self.edit(patch, patch.connect_edit(from, to, 1.0)),
            Some(id) if patch.cable_between(&from, &to) == Some(id) => {}
            Some(id) => {
                let label = format!("move a cable to {}", patch.label(&end.port.module));
                let edit = edits::reconnect(patch, id, from, to);
                self.commit(label, &[Request::Edit(edit)]);
            }
        }
    }
}

/// The end of a cable that a drag from `place` takes.
fn take_end(scene: &Scene<'_>, place: Pos2) -> Option<Gesture> {
    let (wire, along) = scene.cable_at(place)?;
    let held = if along <= END_PART {
        End { port: wire.cable.to.clone(), output: false }
    } else if along >= 1.0 - END_PART {
        End { port: wire.cable.from.clone(), output: true }
    } else {
        return None;
    };
    Some(Gesture::Cable { held, taken: Some(wire.id) })
}
