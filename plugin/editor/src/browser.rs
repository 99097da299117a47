//! The left side: kinds to add, by name and family.

use chronus_engine::{Category, Request, Spec};
use chronus_patch::{Patch, Point};
use egui::{RichText, ScrollArea, TextEdit, Ui};

use crate::app::EditorApp;
use crate::canvas::rank;
use crate::theme;

impl EditorApp {
    pub(crate) fn browser(&mut self, ui: &mut Ui, patch: &Patch) {
        ui.add_space(4.0);
        let search = TextEdit::singleline(&mut self.search).hint_text("Search modules");
        ui.add(search).accessible_name("Search modules");
        let registry = self.engine.registry().clone();
        ScrollArea::vertical().auto_shrink(false).show(ui, |ui| {
            for category in Category::ALL {
                let all = registry.kinds().iter().map(|kind| kind.spec);
                let found: Vec<_> = all
                    .filter(|spec| spec.category == category && rank(spec, &self.search).is_some())
                    .collect();
                if found.is_empty() {
                    continue;
                }
                ui.label(
                    RichText::new(category.name()).small().color(theme::of(ui).family(category)),
                );
                for spec in found {
                    let button = egui::Button::new(spec.name).wrap();
                    let width = ui.available_width();
                    let button = ui.add_sized([width, 20.0], button);
                    let button = button.accessible_name(format!("Add {}", spec.name));
                    if button.on_hover_text(spec.summary).clicked() {
                        self.add_module(patch, spec);
                    }
                }
                ui.add_space(4.0);
            }
        });
    }

    fn add_module(&mut self, patch: &Patch, spec: &Spec) {
        let id = patch.free_module_id(spec.kind);
        let right = patch.modules.values().map(|m| m.position.x).fold(0.0, f32::max);
        let position = Point { x: right + 300.0, y: 120.0 };
        self.wanted = Some(id.clone());
        let (id, kind) = (id.to_string(), spec.kind.to_owned());
        self.commit(format!("add {id}"), &[Request::Create { id, kind, position }]);
    }
}
