//! The buttons for the view, which lie over the patch.

use chronus_patch::Patch;
use egui::{Align2, FontId, Rect, Ui, pos2, vec2};

use super::arrange::arrange;
use super::notes::refitted;
use crate::app::EditorApp;
use crate::icons::{Icon, IconButton};
use crate::theme;

impl EditorApp {
    /// Fit and zoom, for the pointer alone.
    pub(crate) fn corner_buttons(&mut self, ui: &mut Ui, patch: &Patch, window: Rect) {
        let Some(mut view) = self.canvas.view else { return };
        let mut at = window.left_bottom() + vec2(10.0, -34.0);
        let ground = Rect::from_min_size(at, vec2(170.0, 24.0)).expand(4.0);
        ui.painter().rect_filled(ground, 5.0, theme::of(ui).deep);
        let mut button = |ui: &mut Ui, icon: Icon, name: &str| {
            let rect = Rect::from_min_size(at, vec2(26.0, 24.0));
            at.x += 30.0;
            ui.put(rect, IconButton::new(icon, name)).on_hover_text(name).clicked()
        };
        if button(ui, Icon::Minus, "Zoom out") {
            view.zoom_at(window.center(), 0.8);
        }
        if button(ui, Icon::Plus, "Zoom in") {
            view.zoom_at(window.center(), 1.25);
        }
        if button(ui, Icon::Fit, "Fit") {
            view = self.view_of_all(patch, window);
        }
        let arranges = button(ui, Icon::Arrange, "Arrange");
        self.canvas.view = Some(view);
        if arranges {
            self.arrange(patch);
        }
        let percent = format!("{:.0} %", view.zoom * 100.0);
        let place = pos2(at.x + 6.0, at.y + 12.0);
        let font = FontId::proportional(12.0);
        ui.painter().text(place, Align2::LEFT_CENTER, percent, font, theme::of(ui).dim);
    }

    /// Puts all modules in columns, from left to right as the sound goes.
    pub(crate) fn arrange(&mut self, patch: &Patch) {
        let registry = self.engine.registry();
        let edit = refitted(patch, registry, arrange(patch, registry));
        self.edit(patch, edit);
        // Where everything went is to be seen in the next frame.
        self.canvas.view = None;
    }
}
