//! The left side of the pages that show modules: kinds to add, by a click, a key, or dragged onto
//! the canvas.

use chronus_patch::Patch;
use egui::{Frame, Panel, Ui};

use crate::app::{EditorApp, Page};
use crate::icons::{Icon, IconButton};
use crate::picker::{Names, Offer, Picker};

/// By what the panel's list is found.
pub(crate) const NAMES: Names = Names { search: "Search modules", take: "Add", mark: "Favourite" };

/// The panel.
#[derive(Default)]
pub(crate) struct Browser {
    picker: Picker,
    folded: bool,
}

impl EditorApp {
    /// The panel at the left, or what is left of it when it is folded.
    pub(crate) fn browser(&mut self, ui: &mut Ui, patch: &Patch) {
        if self.browser.folded {
            let frame = Frame::side_top_panel(ui.style()).inner_margin(2.0);
            let strip = Panel::left("folded browser").exact_size(26.0).resizable(false);
            let strip = strip.frame(frame);
            strip.show(ui, |ui| {
                let button = ui.add(IconButton::new(Icon::Right, "Show modules").small());
                if button.on_hover_text("Modules (Ctrl+L)").clicked() {
                    self.browser.folded = false;
                }
            });
            return;
        }
        let panel = Panel::left("browser").default_size(190.0).size_range(150.0..=360.0);
        panel.show(ui, |ui| self.kinds(ui, patch));
    }

    /// Opens the panel and gives its search the keyboard, or folds the panel when it has it.
    pub(crate) fn toggle_browser(&mut self, ui: &Ui) {
        if !matches!(self.page, Page::Canvas | Page::List) {
            self.page = Page::Canvas;
        }
        if !self.browser.folded && Picker::has_focus(ui, NAMES) {
            self.browser.folded = true;
            self.canvas.take_focus();
        } else {
            self.browser.folded = false;
            self.browser.picker.take_focus();
        }
    }

    fn kinds(&mut self, ui: &mut Ui, patch: &Patch) {
        ui.add_space(4.0);
        ui.horizontal(|ui| {
            ui.label("Modules");
            let right = egui::Layout::right_to_left(egui::Align::Center);
            ui.with_layout(right, |ui| {
                let button = ui.add(IconButton::new(Icon::Left, "Fold modules").small());
                if button.on_hover_text("Ctrl+L").clicked() {
                    self.browser.folded = true;
                }
            });
        });
        let registry = self.engine.registry().clone();
        let shelf = self.presets.shelf();
        let offer = Offer {
            registry: &registry,
            favourites: &shelf.favourites,
            fits: &|_| true,
            popup: None,
            names: NAMES,
        };
        let wish = self.browser.picker.show(ui, &offer);
        if let Some((spec, marked)) = wish.mark {
            self.presets.mark_module(spec.kind, marked);
        }
        if let Some((spec, by_key)) = wish.take {
            self.add_in_view(patch, spec);
            if !by_key {
                self.canvas.take_focus();
            }
        }
        if let Some(spec) = wish.drag {
            self.canvas.lift(spec);
        }
        if wish.dropped {
            self.canvas.let_fall(ui);
        }
        if wish.escape && !std::mem::take(&mut self.browser.picker.text).is_empty() {
            return;
        }
        if wish.escape {
            self.canvas.take_focus();
        }
    }
}
