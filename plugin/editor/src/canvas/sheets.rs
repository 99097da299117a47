//! Comments and frames on the canvas: how they look, and the pointer on them.

use chronus_patch::{Comment, Frame};
use egui::{
    Align2, Color32, CornerRadius, CursorIcon, FontId, PointerButton, Rect, Response, Role, Sense,
    Stroke, StrokeKind, Ui, Vec2, WidgetInfo, vec2,
};

use super::command::Subject;
use super::draw::{Brush, font};
use super::gesture::Gesture;
use super::notes::{Body, EDGE, LINE, Note, Sheet, TITLE, lines, title};
use super::scene::Scene;
use super::{PINS, space_down};
use crate::app::EditorApp;
use crate::theme::{self, Palette};

/// Least height of a title bar in the window, and size of a title there.
const BAR: f32 = 16.0;
const LETTERS: f32 = 11.0;
/// Size of a frame's handle at 1x, and the least that can be hit.
const HANDLE: (f32, f32) = (16.0, 10.0);
const SENSE: Sense = Sense::CLICK.union(Sense::DRAG);

impl Sheet<'_> {
    /// Its colour: a frame's is its own.
    pub(crate) fn colour(&self, look: &Palette) -> Color32 {
        match self.body {
            Body::Frame(frame) => {
                let own = frame.colour.map(|c| Color32::from_rgb(c.0[0], c.0[1], c.0[2]));
                look.legible(own.unwrap_or(look.dim))
            }
            Body::Comment(_) => look.warn,
        }
    }

    /// True when a box drawn so takes it: a comment that it touches, a frame that lies in it.
    pub(crate) fn is_in_box(&self, drawn: Rect) -> bool {
        match self.body {
            Body::Frame(_) => drawn.contains_rect(self.rect),
            Body::Comment(_) => drawn.intersects(self.rect),
        }
    }

    /// What the pointer takes it by: all of a comment, a frame's title bar.
    fn grip(&self, zoom: f32) -> Rect {
        match self.body {
            Body::Frame(_) => {
                let height = (TITLE * zoom).max(BAR).min(self.rect.height());
                Rect::from_min_size(self.rect.min, vec2(self.rect.width(), height))
            }
            Body::Comment(_) => self.rect,
        }
    }
}

/// Ground of a comment.
fn paper(look: &Palette) -> Color32 {
    look.card.lerp_to_gamma(look.warn, 0.12)
}

impl EditorApp {
    /// All frames that are seen, or all comments.
    pub(super) fn sheets(&mut self, ui: &Ui, scene: &Scene<'_>, comments: bool) {
        for sheet in &scene.sheets {
            let wanted = matches!(sheet.body, Body::Comment(_)) == comments;
            if !wanted || !sheet.rect.expand(4.0).intersects(scene.window) {
                continue;
            }
            let selected = self.canvas.selection.notes.contains(&sheet.note);
            let grip = sheet.grip(scene.view.zoom);
            let response = ui.interact(grip, ui.scope_id().with(("note", &sheet.note)), SENSE);
            response.widget_info(|| {
                let mut info = WidgetInfo::selected(Role::Group, true, selected, &sheet.name);
                if let Body::Comment(comment) = sheet.body {
                    info.current_text_value = Some(comment.text.clone());
                }
                info
            });
            let brush = Brush::new(ui, scene.view);
            let edge = match (selected, response.hovered()) {
                (true, _) => Stroke::new(2.0, brush.look.text),
                (_, true) => Stroke::new(1.0, brush.look.dim),
                _ => Stroke::new(1.0, brush.look.edge),
            };
            match sheet.body {
                Body::Frame(frame) => draw_frame(brush, sheet, frame, edge),
                Body::Comment(comment) => draw_comment(brush, sheet, comment, edge),
            }
            self.sheet_gesture(ui, scene, sheet, &response);
            if let (Note::Frame(id), true) = (&sheet.note, scene.view.zoom >= PINS) {
                self.handle(ui, scene, sheet, id);
            }
        }
    }

    /// The lower right corner of a frame, by which it is sized.
    fn handle(&mut self, ui: &Ui, scene: &Scene<'_>, sheet: &Sheet<'_>, id: &str) {
        let size = Vec2::splat((HANDLE.0 * scene.view.zoom).max(HANDLE.1));
        let rect = Rect::from_min_max(sheet.rect.max - size, sheet.rect.max);
        let response = ui.interact(rect, ui.scope_id().with(("resize", id)), Sense::DRAG);
        let name = sheet.name.replacen("Frame", "Resize", 1);
        response.widget_info(|| WidgetInfo::labeled(Role::Button, true, &name));
        let look = theme::of(ui);
        let colour = if response.hovered() { look.text } else { sheet.colour(look) };
        let stroke = Stroke::new(1.5, colour);
        for part in [0.35, 0.75] {
            let away = size * part;
            let ends = [rect.max - vec2(away.x, 2.0), rect.max - vec2(2.0, away.y)];
            ui.painter().line_segment(ends, stroke);
        }
        if response.hovered() {
            ui.ctx().set_cursor_icon(CursorIcon::ResizeNwSe);
        }
        if response.drag_started_by(PointerButton::Primary)
            && let Some(from) = ui.input(|input| input.pointer.press_origin())
        {
            let (from, by) = (scene.view.to_patch(from), Vec2::ZERO);
            self.canvas.gesture = Gesture::Resize { id: id.into(), from, by };
        }
    }

    /// The pointer on a comment or a frame's title, as on a module.
    fn sheet_gesture(
        &mut self,
        ui: &Ui,
        scene: &Scene<'_>,
        sheet: &Sheet<'_>,
        response: &Response,
    ) {
        let shift = ui.input(|input| input.modifiers.shift);
        let note = &sheet.note;
        let selection = &mut self.canvas.selection;
        if response.clicked() {
            self.canvas.lead = None;
            if shift {
                selection.toggle_note(note);
            } else {
                selection.only_note(note.clone());
            }
        }
        if response.drag_started_by(PointerButton::Secondary)
            || response.drag_started_by(PointerButton::Primary) && space_down(ui)
        {
            self.canvas.gesture = Gesture::Pan;
        } else if response.drag_started_by(PointerButton::Primary) {
            if !selection.notes.contains(note) {
                if !shift {
                    selection.clear();
                }
                selection.cable = None;
                selection.notes.insert(note.clone());
            }
            self.lift_selected(ui, scene);
        }
        if response.secondary_clicked()
            && let Some(pointer) = response.interact_pointer_pos()
        {
            if !self.canvas.selection.notes.contains(note) {
                self.canvas.selection.only_note(note.clone());
            }
            self.canvas.selection.cable = None;
            self.open_menu(ui, Subject::Selection, pointer);
        }
        if response.double_clicked() {
            self.edit_note(scene.patch, note);
        }
    }
}

fn draw_frame(brush: Brush<'_>, sheet: &Sheet<'_>, frame: &Frame, edge: Stroke) {
    let Brush { painter, look, view } = brush;
    let colour = sheet.colour(look);
    let corners = CornerRadius::same((5.0 * view.zoom).clamp(1.0, 12.0) as u8);
    painter.rect_filled(sheet.rect, corners, colour.gamma_multiply(0.1));
    let bar = sheet.grip(view.zoom);
    painter.rect_filled(bar, CornerRadius { sw: 0, se: 0, ..corners }, colour);
    let inside = painter.with_clip_rect(painter.clip_rect().intersect(bar));
    let place = bar.left_center() + vec2((9.0 * view.zoom).max(4.0), 0.0);
    let size = font(13.0, view.zoom).size.max(LETTERS);
    let Note::Frame(id) = &sheet.note else { return };
    let font = FontId::new(size, theme::strong());
    inside.text(place, Align2::LEFT_CENTER, title(id, frame), font, look.ink_on(colour));
    painter.rect_stroke(sheet.rect, corners, edge, StrokeKind::Outside);
}

fn draw_comment(brush: Brush<'_>, sheet: &Sheet<'_>, comment: &Comment, edge: Stroke) {
    let Brush { painter, look, view } = brush;
    let corners = CornerRadius::same((3.0 * view.zoom).clamp(1.0, 8.0) as u8);
    painter.rect_filled(sheet.rect, corners, paper(look));
    if view.zoom >= PINS {
        let inside = painter.with_clip_rect(painter.clip_rect().intersect(sheet.rect));
        let mut place = sheet.rect.min + Vec2::splat(EDGE * view.zoom);
        for line in lines(&comment.text) {
            let font = font(13.0, view.zoom);
            inside.text(place, Align2::LEFT_TOP, line, font, look.text);
            place.y += LINE * view.zoom;
        }
    }
    painter.rect_stroke(sheet.rect, corners, edge, StrokeKind::Outside);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::theme::contrast;
    use crate::theme::{DARK, LIGHT};
    use chronus_engine::Category;

    /// Law: titles and comments can be read in both themes, whatever colour a frame has.
    #[test]
    fn titles_and_comments_can_be_read() {
        for look in [&DARK, &LIGHT] {
            let families = Category::ALL.iter().flat_map(|c| [DARK.family(*c), LIGHT.family(*c)]);
            let greys = (0..=255_u8).map(Color32::from_gray);
            for colour in families.chain(greys).chain([look.dim]) {
                let ground = look.legible(colour);
                let found = contrast(look.ink_on(ground), ground);
                assert!(found >= 4.5, "{colour:?} becomes {ground:?}: {found}");
            }
            assert!(contrast(look.text, paper(look)) >= 4.5);
        }
    }
}
