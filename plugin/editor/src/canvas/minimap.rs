//! The minimap: where the window is in a patch that is larger. A click goes there.

use egui::{Pos2, Rect, Role, Sense, Stroke, StrokeKind, Ui, WidgetInfo, vec2};

use super::View;
use super::scene::Scene;
use crate::app::EditorApp;
use crate::theme;

/// Largest size, in points.
const MOST: egui::Vec2 = vec2(190.0, 120.0);
/// Room to the window's edge, and within.
const ROOM: f32 = 8.0;

impl EditorApp {
    /// Shown while part of the patch is outside the window.
    pub(crate) fn minimap(&mut self, ui: &Ui, scene: &Scene<'_>) {
        let window = scene.window;
        let to_patch = |rect: Rect| {
            Rect::from_min_max(scene.view.to_patch(rect.min), scene.view.to_patch(rect.max))
        };
        let sheets = scene.sheets.iter().map(|sheet| sheet.rect);
        let all = scene.seats.iter().map(|seat| seat.rect).chain(sheets);
        let Some(all) = all.reduce(|a, b| a.union(b)).map(to_patch) else { return };
        let seen =
            Rect::from_min_max(scene.view.to_patch(window.min), scene.view.to_patch(window.max));
        if seen.contains_rect(all) {
            return;
        }
        let whole = all.union(seen);
        let scale = ((MOST - vec2(ROOM, ROOM)) / whole.size()).min_elem();
        let size = whole.size() * scale + vec2(ROOM, ROOM);
        let map = Rect::from_min_size(window.max - size - vec2(ROOM, ROOM), size);
        let to_map = |place: Pos2| map.min + vec2(ROOM, ROOM) / 2.0 + (place - whole.min) * scale;
        let rect = |rect: Rect| Rect::from_min_max(to_map(rect.min), to_map(rect.max));
        let response = ui.interact(map, ui.scope_id().with("minimap"), Sense::CLICK | Sense::DRAG);
        response.widget_info(|| WidgetInfo::labeled(Role::Image, true, "Minimap"));
        let look = theme::of(ui);
        let painter = ui.painter().with_clip_rect(map.expand(1.0));
        // What lies below is to be seen until the map is wanted.
        let solid = if response.hovered() || response.dragged() { 0.97 } else { 0.75 };
        painter.rect_filled(map, 4.0, look.deep.gamma_multiply(solid));
        painter.rect_stroke(map, 4.0, Stroke::new(1.0, look.edge), StrokeKind::Inside);
        for sheet in &scene.sheets {
            let colour = sheet.colour(look).gamma_multiply(0.35);
            painter.rect_filled(rect(to_patch(sheet.rect)), 1.0, colour);
        }
        for seat in &scene.seats {
            let family = seat.spec.map_or(look.bad, |spec| look.family(spec.category));
            painter.rect_filled(rect(to_patch(seat.rect)), 1.0, family);
        }
        let frame = Stroke::new(1.5, look.text);
        painter.rect_stroke(rect(seen), 1.0, frame, StrokeKind::Inside);
        if (response.clicked() || response.dragged())
            && let Some(pointer) = response.interact_pointer_pos()
        {
            let wanted = whole.min + (pointer - map.min - vec2(ROOM, ROOM) / 2.0) / scale;
            let View { origin, zoom } = scene.view;
            let by = window.center() - scene.view.to_window(wanted);
            self.canvas.view = Some(View { origin: origin + by, zoom });
        }
    }
}
