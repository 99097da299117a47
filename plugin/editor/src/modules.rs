//! The modules of the patch as cards: label, knobs, ports.

use chronus_engine::{Spec, Width};
use chronus_patch::{Edit, Fragment, Module, ModuleId, ModuleWidth, Patch};
use egui::{Align, CollapsingHeader, ComboBox, Grid, Layout, RichText, Ui};

use crate::app::EditorApp;
use crate::canvas;
use crate::canvas::verdict::Verdicts;
use crate::icons::{self, Icon, IconButton};
use crate::theme;
use crate::typing::Text;

/// Patches with more modules than this start with their cards closed.
const OPEN_UP_TO: usize = 24;

impl EditorApp {
    pub(crate) fn modules(&mut self, ui: &mut Ui, patch: &Patch) {
        if patch.modules.is_empty() {
            ui.label("An empty patch: add a module on the left, or choose a preset.");
        }
        let registry = self.engine.registry().clone();
        let verdicts = Verdicts::of(&self.engine, patch);
        for (id, module) in &patch.modules {
            let spec = registry.spec(&module.kind).ok();
            let card = theme::of(ui).card().show(ui, |ui| {
                self.module(ui, patch, id, module, spec);
                if let Some(odd) = verdicts.odd(id) {
                    ui.colored_label(theme::of(ui).warn, odd);
                }
                if verdicts.refuses(id) {
                    ui.colored_label(theme::of(ui).bad, "refused, see below");
                }
            });
            if self.wanted.as_ref() == Some(id) {
                card.response.scroll_to_me(Some(Align::Center));
                self.wanted = None;
            }
        }
    }

    fn module(
        &mut self,
        ui: &mut Ui,
        patch: &Patch,
        id: &ModuleId,
        module: &Module,
        spec: Option<&'static Spec>,
    ) {
        let label = patch.label(id).to_owned();
        ui.horizontal(|ui| {
            ui.set_min_width(ui.available_width());
            self.heading(ui, patch, id, module, spec);
            ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
                self.actions(ui, patch, (id, module), &label, spec);
            });
        });
        let Some(spec) = spec else {
            ui.colored_label(
                theme::of(ui).bad,
                format!("There is no kind `{}` here.", module.kind),
            );
            return;
        };
        let open = patch.modules.len() <= OPEN_UP_TO;
        let body = CollapsingHeader::new(RichText::new("knobs and cables").small())
            .id_salt(("body", id.as_str()))
            .default_open(open);
        let body = body.show(ui, |ui| {
            ui.horizontal_top(|ui| {
                Grid::new(("knobs", id.as_str())).num_columns(3).show(ui, |ui| {
                    for param in spec.params {
                        self.knob(ui, patch, (id, module), spec, param);
                    }
                });
                ui.add_space(16.0);
                ui.vertical(|ui| self.ports(ui, patch, id, spec));
            });
        });
        body.header_response.accessible_name(format!("Fold {label}"));
    }

    fn heading(
        &mut self,
        ui: &mut Ui,
        patch: &Patch,
        id: &ModuleId,
        module: &Module,
        spec: Option<&'static Spec>,
    ) {
        if let Some(spec) = spec {
            let colour = theme::of(ui).family(spec.category);
            icons::mark(ui, Icon::Square, colour).on_hover_text(spec.category.name());
        }
        self.typed(ui, patch, &Text::Module(id.clone()), (id.as_str(), 150.0));
        let kind = spec.map_or(module.kind.as_str(), |spec| spec.name);
        let text = RichText::new(format!("{kind} · {id}")).color(theme::of(ui).dim);
        let kind = ui.label(text);
        if let Some(spec) = spec {
            kind.on_hover_text(spec.summary);
        }
    }

    /// Buttons of a module, from the right.
    fn actions(
        &mut self,
        ui: &mut Ui,
        patch: &Patch,
        (id, module): (&ModuleId, &Module),
        label: &str,
        spec: Option<&'static Spec>,
    ) {
        if ui.add(IconButton::new(Icon::Delete, &format!("Delete {label}"))).clicked() {
            let edit = canvas::delete(patch, self.engine.registry(), [id]);
            self.commit(format!("delete {label}"), &[chronus_engine::Request::Edit(edit)]);
        }
        if ui.button("Duplicate").accessible_name(format!("Duplicate {label}")).clicked() {
            let fragment = Fragment::copy(patch, [id]);
            let (edit, pasted) = fragment.paste_edit(patch, fragment.beside());
            self.wanted = pasted.modules.into_iter().next();
            self.edit(patch, edit);
        }
        let mut bypass = module.bypass;
        let toggle = ui.toggle_value(&mut bypass, "Bypass");
        if toggle.accessible_name(format!("Bypass {label}")).changed() {
            self.edit(patch, Edit::SetBypass { id: id.clone(), bypass });
        }
        if spec.is_some_and(|spec| matches!(spec.width, Width::Widest | Width::Bus)) {
            self.width(ui, patch, id, module, label);
        }
    }

    fn width(&mut self, ui: &mut Ui, patch: &Patch, id: &ModuleId, module: &Module, label: &str) {
        let mut width = module.width;
        let combo = ComboBox::from_id_salt(("width", id.as_str()));
        let combo = combo.selected_text(width_name(width)).show_ui(ui, |ui| {
            for choice in [ModuleWidth::Auto, ModuleWidth::Mono, ModuleWidth::PerVoice] {
                ui.selectable_value(&mut width, choice, width_name(choice));
            }
        });
        combo.response.accessible_name(format!("Voices of {label}"));
        if width != module.width {
            self.edit(patch, Edit::SetWidth { id: id.clone(), width });
        }
    }
}

fn width_name(width: ModuleWidth) -> &'static str {
    match width {
        ModuleWidth::Auto => "auto",
        ModuleWidth::Mono => "mono",
        ModuleWidth::PerVoice => "per voice",
    }
}
