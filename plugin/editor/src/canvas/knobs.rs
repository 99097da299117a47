//! Knobs on the canvas: turned by pointer, wheel and keys, reset, and typed.

use chronus_engine::{Param, Spec, Taper, Unit};
use chronus_patch::{ModuleId, Patch};
use egui::{Align2, EventFilter, Key, Popup, Rect, Response, Role, Sense, TextEdit, Ui};
use egui::{WidgetInfo, vec2};

use super::command::Subject;
use super::draw::{self, Brush, font};
use super::learn;
use super::scene::{Scene, Seat};
use crate::app::EditorApp;
use crate::theme;

/// How far the pointer goes for a knob's whole way, in points.
const WAY: f32 = 200.0;
/// How much finer a knob turns with shift.
const FINE: f32 = 0.1;
/// Part of a knob's way for one press of an arrow.
const PRESS: f32 = 0.01;
/// How far the wheel turns for one step of a choice, in points.
const NOTCH: f32 = 40.0;
/// Part of a knob's way for one notch of the wheel.
const NOTCH_TURNS: f32 = 0.03;
/// From this zoom on captions are laid out ahead.
const AHEAD: f32 = 0.46;

/// The knob in hand.
pub(crate) struct Hand {
    id: ModuleId,
    param: &'static str,
    /// Where it stands, 0..=1: finer than the steps that its value may take.
    position: f32,
}

/// True when the caption of the knob `id` is laid out though it is not seen yet: of the captions that are
/// about to come in, a zoom lays out some more in each frame, because all of them would make one frame as
/// long as two.
fn is_ahead(zoom: f32, id: egui::Id) -> bool {
    let come = (zoom - AHEAD) / (super::NAMES - AHEAD);
    (id.value() % 64) as f32 / 64.0 < come
}

/// A value being typed.
pub(crate) struct Field {
    id: ModuleId,
    param: &'static str,
    /// What it held when it was opened: left like that, the knob stays where it is.
    opened: String,
    text: String,
    rect: Rect,
    /// It has not been shown yet.
    fresh: bool,
    /// The last frame in which it was shown.
    frame: u64,
}

impl Field {
    pub(crate) fn under_pointer(&self, ui: &Ui) -> bool {
        let pointer = ui.input(|input| input.pointer.interact_pos());
        pointer.is_some_and(|pointer| self.rect.contains(pointer))
    }

    /// True when it was shown, or opened, in this frame.
    pub(crate) fn was_shown(&self, ui: &Ui) -> bool {
        self.frame == ui.ctx().cumulative_frame_nr()
    }
}

impl EditorApp {
    /// The knob of `param` in `cell`, in the window, and where it stands.
    pub(crate) fn dial(
        &mut self,
        ui: &mut Ui,
        scene: &Scene<'_>,
        seat: &Seat<'_>,
        (spec, param): (&'static Spec, &'static Param),
        cell: Rect,
    ) -> f32 {
        let zoom = scene.view.zoom;
        let shown = self.shown_value(scene.patch, (seat.id, seat.module), spec, param);
        let (value, driven) = shown;
        // Of a thousand knobs few are asked for their names.
        let name = || format!("{} {}", scene.patch.label(seat.id), param.label);
        let centre = cell.center_top() + vec2(0.0, 22.0 * zoom);
        let radius = 15.0 * zoom;
        let round = Rect::from_center_size(centre, vec2(2.4, 2.4) * radius);
        let id = ui.scope_id().with(("knob", seat.id.as_str(), param.name));
        let knob = ui.interact(round, id, Sense::click_and_drag());
        knob.widget_info(|| WidgetInfo::slider(true, f64::from(value), name()));
        self.turn_by_pointer(ui, scene.patch, seat.id, param, (&knob, value));
        let to_focus = self.canvas.to_focus.as_ref();
        if to_focus.is_some_and(|(id, name)| id == seat.id && *name == param.name) {
            self.canvas.to_focus = None;
            knob.request_focus();
        }
        if knob.secondary_clicked()
            && let Some(pointer) = knob.interact_pointer_pos()
        {
            self.open_menu(ui, Subject::Knob(seat.id.clone(), param.name), pointer);
        }
        if knob.has_focus() {
            self.canvas.on_knob = Some((seat.id.clone(), param.name));
            self.turn_by_keys(ui, scene.patch, seat.id, param, (&knob, value));
        }
        let held = self.canvas.hand.as_ref();
        let held = held.is_some_and(|hand| hand.id == *seat.id && hand.param == param.name);
        let hot = held || knob.hovered() || knob.has_focus();
        let start = if param.min < 0.0 && param.max > 0.0 { param.to_knob(0.0) } else { 0.0 };
        let colour = if driven.is_some() { theme::of(ui).warn } else { theme::of(ui).accent };
        draw::dial(
            Brush::new(ui, scene.view),
            (centre, radius),
            (param.to_knob(value), start),
            (colour, hot),
        );
        if knob.has_focus() {
            let ring = egui::Stroke::new(1.0, theme::of(ui).text);
            ui.painter().circle_stroke(centre, radius * 1.2, ring);
        }
        self.tell_knob(ui, (&knob, zoom), param, driven);
        let line = Rect::from_min_max(cell.left_top() + vec2(0.0, 41.0) * zoom, cell.max);
        self.caption(ui, scene.patch, seat.id, param, (&name, value), (line, hot));
        value
    }

    /// The line below a knob: its name, and its value while the pointer or the keyboard is on it.
    /// Either stands in the same place. A click opens a field, or the list of choices.
    fn caption(
        &mut self,
        ui: &mut Ui,
        patch: &Patch,
        id: &ModuleId,
        param: &'static Param,
        (name, value): (&dyn Fn() -> String, f32),
        (line, hot): (Rect, bool),
    ) {
        let ours = |field: &Field| field.id == *id && field.param == param.name;
        if self.canvas.field.as_ref().is_some_and(ours) {
            self.field(ui, patch, id, param, &name());
            return;
        }
        let zoom = self.canvas.view.map_or(1.0, |view| view.zoom);
        let response =
            ui.interact(line, ui.scope_id().with((id.as_str(), param.name)), Sense::CLICK);
        let choice = param.unit == Unit::Choice;
        response.widget_info(|| {
            let role = if choice { Role::ComboBox } else { Role::Button };
            let mut info = WidgetInfo::labeled(role, true, format!("{} value", name()));
            info.current_text_value = Some(param.text(value));
            info
        });
        if response.secondary_clicked()
            && let Some(pointer) = response.interact_pointer_pos()
        {
            self.open_menu(ui, Subject::Knob(id.clone(), param.name), pointer);
        }
        if self.canvas.learning.as_ref().is_some_and(|learning| learning.is(id, param)) {
            learn::waits(ui, line, zoom, &name());
            return;
        }
        let hot = hot || response.hovered();
        let seen = zoom >= super::NAMES || hot;
        if seen || is_ahead(zoom, response.id) {
            let shown = if hot || choice { param.text(value) } else { param.label.to_owned() };
            let ink = if hot { theme::of(ui).text } else { theme::of(ui).dim };
            let size = if shown.chars().count() > 10 { 9.0 } else { 10.5 };
            let place = line.center_top() + vec2(0.0, 7.0 * zoom);
            let font = font(size, zoom.max(super::NAMES));
            // Laid out ahead it waits in egui's cache, as long as that is asked for it.
            let galley = ui.painter().layout_no_wrap(shown, font, ink);
            if seen {
                let rect = Align2::CENTER_CENTER.anchor_size(place, galley.size());
                ui.painter().galley(rect.min, galley, ink);
            }
        }
        let open = || Popup::is_id_open(ui.ctx(), Popup::default_response_id(&response));
        if choice && (response.clicked() || open()) {
            Popup::menu(&response).show(|ui| {
                for (index, text) in param.choices.iter().enumerate() {
                    if ui.selectable_label(index == value as usize, *text).clicked() {
                        self.turn(patch, id, param, index as f32, false);
                        self.let_go();
                    }
                }
            });
        } else if choice && response.hovered() {
            response.on_hover_text(param.doc);
        } else if response.clicked() {
            self.open_field(ui, id, param, value, line);
        }
    }

    fn open_field(
        &mut self,
        ui: &Ui,
        id: &ModuleId,
        param: &'static Param,
        value: f32,
        rect: Rect,
    ) {
        let field = Field {
            id: id.clone(),
            param: param.name,
            opened: param.text(value),
            text: param.text(value),
            rect: rect.expand2(vec2(4.0, 0.0)),
            fresh: true,
            frame: ui.ctx().cumulative_frame_nr(),
        };
        self.canvas.field = Some(field);
    }

    /// The value being typed: taken by Enter or by leaving it, given up by Escape.
    fn field(
        &mut self,
        ui: &mut Ui,
        patch: &Patch,
        id: &ModuleId,
        param: &'static Param,
        name: &str,
    ) {
        let Some(mut field) = self.canvas.field.take() else { return };
        field.frame = ui.ctx().cumulative_frame_nr();
        let size = vec2(field.rect.width().max(64.0), 20.0);
        field.rect = Rect::from_center_size(field.rect.center(), size);
        let edit = TextEdit::singleline(&mut field.text).id(ui.scope_id().with("typed value"));
        let output = ui.place(field.rect, edit.align(Align2::CENTER_CENTER));
        let response = output.accessible_name(format!("{name} value"));
        if std::mem::take(&mut field.fresh) {
            response.request_focus();
            select_all(ui, &response, &field.text);
        } else if response.lost_focus() || !response.has_focus() {
            let given_up = ui.input(|input| input.key_pressed(Key::Escape));
            if !given_up {
                self.turn_to_typed(patch, &field);
            }
            if ui.input(|input| input.key_pressed(Key::Enter) || input.key_pressed(Key::Escape)) {
                let knob = ui.scope_id().with(("knob", id.as_str(), param.name));
                ui.memory_mut(|memory| memory.request_focus(knob));
            }
            return;
        }
        self.canvas.field = Some(field);
    }

    /// Takes the value being typed, and closes its field.
    pub(crate) fn take_value(&mut self) {
        if let Some(field) = self.canvas.field.take() {
            self.turn_to_typed(&self.engine.document(), &field);
        }
    }

    /// Takes the value being typed, and leaves its field open.
    pub(crate) fn keep_value(&mut self) {
        if let Some(field) = self.canvas.field.take() {
            self.turn_to_typed(&self.engine.document(), &field);
            self.canvas.field = Some(field);
        }
    }

    fn turn_to_typed(&mut self, patch: &Patch, field: &Field) {
        let knob = self.knob_of(patch, &Subject::Knob(field.id.clone(), field.param));
        let Some((id, param)) = knob.filter(|_| field.text != field.opened) else { return };
        match param.parse(&field.text) {
            Some(value) => {
                self.turn(patch, &id, param, param.clamp(value), false);
                self.let_go();
            }
            None => {
                let (text, label) = (field.text.trim(), patch.label(&id));
                self.remark = Some(format!("`{text}` is no value for {label} {}", param.label));
            }
        }
    }

    fn turn_by_pointer(
        &mut self,
        ui: &Ui,
        patch: &Patch,
        id: &ModuleId,
        param: &'static Param,
        (knob, value): (&Response, f32),
    ) {
        if knob.is_pointer_button_down_on() && ui.input(|input| input.pointer.any_pressed()) {
            knob.request_focus();
        }
        if !(knob.hovered() || knob.dragged() || knob.drag_stopped()) {
            return;
        }
        let (fine, scroll) = ui.input(|input| (input.modifiers.shift, input.smooth_scroll_delta()));
        let scale = if fine { FINE } else { 1.0 };
        let dragging = knob.dragged_by(egui::PointerButton::Primary);
        if knob.double_clicked() {
            self.canvas.hand = None;
            self.turn(patch, id, param, param.default, false);
            self.let_go();
        } else if dragging {
            let delta = knob.drag_delta();
            self.turn_by(patch, (id, param, value), (delta.x - delta.y) / WAY * scale, true);
        }
        if knob.drag_stopped() {
            self.canvas.hand = None;
            self.let_go();
        }
        if knob.hovered() && !dragging {
            self.canvas.over_knob = true;
            let now = ui.input(|input| input.time);
            // Shift turns the wheel sideways on some systems.
            let scroll = scroll.x + scroll.y;
            if scroll != 0.0 && now - self.canvas.scrolled >= super::SCROLLING {
                let notches = scroll / NOTCH;
                let by = if stepped(param) { notches * step(param) } else { notches * NOTCH_TURNS };
                self.turn_by(patch, (id, param, value), by * scale, false);
            }
        }
    }

    fn turn_by_keys(
        &mut self,
        ui: &Ui,
        patch: &Patch,
        id: &ModuleId,
        param: &'static Param,
        (knob, value): (&Response, f32),
    ) {
        let filter =
            EventFilter { tab: true, horizontal_arrows: true, vertical_arrows: true, escape: true };
        ui.memory_mut(|memory| memory.set_focus_lock_filter(knob.id, filter));
        let (presses, fine, elsewhere) = ui.input(|input| {
            let up = input.num_presses(Key::ArrowUp) + input.num_presses(Key::ArrowRight);
            let down = input.num_presses(Key::ArrowDown) + input.num_presses(Key::ArrowLeft);
            (up as f32 - down as f32, input.modifiers.shift, input.modifiers.command)
        });
        // With Ctrl arrows lead from module to module.
        let presses = if elsewhere { 0.0 } else { presses };
        if presses != 0.0 {
            let fine = if fine { FINE } else { 1.0 };
            let by = if stepped(param) { step(param) } else { PRESS * fine };
            self.canvas.hand = None;
            self.turn_by(patch, (id, param, value), presses * by, false);
            self.canvas.hand = None;
        }
    }

    /// Opens the field of the knob that a command is about.
    pub(crate) fn type_value(&mut self, ui: &Ui, scene: &Scene<'_>, subject: &Subject) {
        let Some((id, param)) = self.knob_of(scene.patch, subject) else { return };
        let (Some(module), Some(spec)) =
            (scene.patch.modules.get(&id), self.spec_of(scene.patch, &id))
        else {
            return;
        };
        let knob = ui.scope_id().with(("knob", id.as_str(), param.name));
        let Some(knob) = ui.ctx().read_response(knob) else { return };
        let (value, _) = self.shown_value(scene.patch, (&id, module), spec, param);
        let middle = knob.rect.center_bottom() + vec2(0.0, 8.0);
        let rect = Rect::from_center_size(middle, vec2(64.0, 20.0));
        self.open_field(ui, &id, param, value, rect);
    }

    /// Turns a knob by part of its way, from where the hand has it.
    fn turn_by(
        &mut self,
        patch: &Patch,
        (id, param, value): (&ModuleId, &'static Param, f32),
        by: f32,
        dragged: bool,
    ) {
        let ours = |hand: &&Hand| {
            let near = (param.to_knob(value) - hand.position).abs() <= step(param);
            hand.id == *id && hand.param == param.name && (dragged || near)
        };
        let before = self.canvas.hand.as_ref().filter(ours).map(|hand| hand.position);
        let position = (before.unwrap_or(param.to_knob(value)) + by).clamp(0.0, 1.0);
        self.canvas.hand = Some(Hand { id: id.clone(), param: param.name, position });
        let turned = param.from_knob(position);
        if turned != value || dragged {
            self.turn(patch, id, param, turned, dragged);
        }
    }
}

fn stepped(param: &Param) -> bool {
    param.taper == Taper::Stepped
}

/// Part of the way from one value of a stepped knob to the next; a little, of others.
fn step(param: &Param) -> f32 {
    if stepped(param) { 1.0 / (param.max - param.min).max(1.0) } else { PRESS }
}

/// Selects what a field holds, so that typing replaces it.
pub(crate) fn select_all(ui: &Ui, response: &Response, text: &str) {
    use egui::text::{CCursor, CCursorRange};
    let mut state = TextEdit::load_state(ui.ctx(), response.id).unwrap_or_default();
    let all = CCursorRange::two(CCursor::new(0), CCursor::new(text.chars().count()));
    state.cursor.set_char_range(Some(all));
    state.store(ui.ctx(), response.id);
}
