//! Macros: their values at the host, what they drive, and the controllers that move them.

use chronus_engine::{MACROS, Param};
use chronus_patch::{Binding, BindingCurve, Edit, MacroKnob, MidiLearn, ModuleId, Patch, Unknown};
use egui::{ComboBox, DragValue, Grid, RichText, Slider, Ui};

use crate::app::EditorApp;
use crate::bind;
use crate::icons::{Icon, IconButton};
use crate::knob::left_by;
use crate::theme;
use crate::typing::Text;

impl EditorApp {
    pub(crate) fn macros(&mut self, ui: &mut Ui, patch: &Patch) {
        ui.label(
            "Macros are the knobs that the host automates. \
             A bound param follows its macro; the host's value is the truth.",
        );
        for (&index, knob) in &patch.macros {
            theme::of(ui).card().show(ui, |ui| self.macro_card(ui, patch, index, knob));
        }
        if let Some(index) = bind::free_macro(patch) {
            let text = format!("Add macro {}", u32::from(index) + 1);
            if ui.button(text).clicked() {
                let knob = MacroKnob {
                    name: format!("Macro {}", u32::from(index) + 1),
                    value: self.host.macro_value(index),
                    ..MacroKnob::default()
                };
                self.edit(patch, Edit::SetMacro { index, knob: Some(knob) });
            }
        }
        ui.add_space(8.0);
        self.midi_learn(ui, patch);
    }

    fn macro_card(&mut self, ui: &mut Ui, patch: &Patch, index: u8, knob: &MacroKnob) {
        let number = u32::from(index) + 1;
        let set = |knob: MacroKnob| Edit::SetMacro { index, knob: Some(knob) };
        ui.horizontal(|ui| {
            ui.set_min_width(ui.available_width());
            ui.label(RichText::new(format!("M{number}")).color(theme::of(ui).accent).strong());
            let hint = bind::macro_name(patch, self.engine.registry(), index);
            self.typed(ui, patch, &Text::Macro(index), (&hint, 160.0));
            self.macro_slider(ui, index);
            if ui.add(IconButton::new(Icon::Delete, &format!("Remove macro {number}"))).clicked() {
                self.remove_macro(patch, index, knob);
            }
        });
        Grid::new(("bindings", index)).num_columns(6).show(ui, |ui| {
            for (at, binding) in knob.bindings.iter().enumerate() {
                if let Some(changed) = self.binding(ui, patch, (number, at), binding) {
                    let mut knob = knob.clone();
                    match changed {
                        Some(binding) => knob.bindings[at] = binding,
                        None => drop(knob.bindings.remove(at)),
                    }
                    self.edit(patch, set(knob));
                }
                ui.end_row();
            }
        });
        if let Some(binding) = self.param_to_bind(ui, patch, number) {
            let mut knob = knob.clone();
            knob.bindings.push(binding);
            self.edit(patch, set(knob));
        }
    }

    fn macro_slider(&mut self, ui: &mut Ui, index: u8) {
        let before = self.host.macro_value(index);
        let mut value = before;
        let name = format!("Macro {}", u32::from(index) + 1);
        let rail = Slider::new(&mut value, 0.0..=1.0).show_value(false).smart_aim(false);
        let response = ui.add(rail).accessible_name(&name);
        let mut typed = value;
        let field = DragValue::new(&mut typed)
            .range(0.0..=1.0)
            .speed(0.001)
            .custom_formatter(|value, _| percent(value))
            .custom_parser(|text| {
                Some(text.trim().trim_end_matches('%').trim().parse::<f64>().ok()? / 100.0)
            })
            .update_while_editing(false);
        let field = ui.add(field).accessible_name(format!("{name} value"));
        value = left_by(&field, [value, typed], |value| percent(f64::from(value)));
        let response = response | field;
        if response.drag_started() {
            self.host.begin_macro(index);
        }
        if value != before {
            let alone = !response.dragged() && !response.drag_stopped();
            if alone {
                self.host.begin_macro(index);
            }
            self.host.turn_macro(index, value);
            if alone {
                self.host.end_macro(index);
            }
        }
        if response.drag_stopped() {
            self.host.end_macro(index);
        }
    }

    /// Removes a macro; what it drove stays where it stands.
    fn remove_macro(&mut self, patch: &Patch, index: u8, knob: &MacroKnob) {
        let value = self.host.macro_value(index);
        let mut edits = vec![Edit::SetMacro { index, knob: None }];
        for binding in &knob.bindings {
            if let Some(param) = self.bound_param(patch, &binding.module, &binding.param) {
                let value = bind::plan(binding).value(param, value);
                let (id, param) = (binding.module.clone(), param.name.into());
                edits.push(Edit::SetParam { id, param, value });
            }
        }
        self.edit(patch, Edit::Batch(edits));
    }

    /// One binding as a row: `Some(Some(..))` when it was changed, `Some(None)` when removed.
    fn binding(
        &mut self,
        ui: &mut Ui,
        patch: &Patch,
        (number, at): (u32, usize),
        binding: &Binding,
    ) -> Option<Option<Binding>> {
        let row = format!("macro {number} row {}", at + 1);
        let Some(param) = self.bound_param(patch, &binding.module, &binding.param) else {
            ui.colored_label(theme::of(ui).bad, format!("{} {}", binding.module, binding.param));
            ui.label("is not there");
            return ui
                .add(IconButton::new(Icon::Close, &format!("Remove {row}")))
                .clicked()
                .then_some(None);
        };
        ui.label(format!("{} {}", patch.label(&binding.module), param.label));
        let mut new = binding.clone();
        for (end, value) in [("from", &mut new.min), ("to", &mut new.max)] {
            ui.label(RichText::new(end).color(theme::of(ui).dim));
            let field = DragValue::from_get_set(|set| {
                if let Some(set) = set {
                    *value = param.clamp(set as f32);
                }
                f64::from(*value)
            });
            let field = field
                .range(param.min..=param.max)
                .clamp_existing_to_range(false)
                .speed(0.0)
                .custom_formatter(|value, _| param.text(value as f32))
                .custom_parser(|text| param.parse(text).map(f64::from))
                .update_while_editing(false);
            ui.add(field).accessible_name(format!("{row} {end}"));
        }
        let mut linear = new.curve == BindingCurve::Linear;
        ui.checkbox(&mut linear, "linear").accessible_name(format!("{row} linear"));
        new.curve = if linear { BindingCurve::Linear } else { BindingCurve::Taper };
        if ui.add(IconButton::new(Icon::Close, &format!("Remove {row}"))).clicked() {
            return Some(None);
        }
        (new != *binding).then_some(Some(new))
    }

    /// A closed list of every param that no macro drives; a binding of the one chosen.
    fn param_to_bind(&mut self, ui: &mut Ui, patch: &Patch, number: u32) -> Option<Binding> {
        let registry = self.engine.registry().clone();
        let mut chosen = None;
        let name = format!("Bind macro {number} to");
        let combo = ComboBox::from_id_salt(&name).selected_text("bind to …");
        let combo = combo.show_ui(ui, |ui| {
            ui.set_min_width(200.0);
            for (id, module) in &patch.modules {
                let Ok(spec) = registry.spec(&module.kind) else { continue };
                for param in spec.params {
                    if bind::driver(patch, &registry, id, param).is_some() {
                        continue;
                    }
                    let text = format!("{} {}", patch.label(id), param.label);
                    if ui.selectable_label(false, text).clicked() {
                        chosen = Some((id.clone(), param));
                    }
                }
            }
        });
        combo.response.accessible_name(name);
        chosen.map(|(module, param)| Binding {
            module,
            param: param.name.into(),
            min: param.min,
            max: param.max,
            curve: BindingCurve::Taper,
            unknown: Unknown::new(),
        })
    }

    fn bound_param(&self, patch: &Patch, id: &ModuleId, name: &str) -> Option<&'static Param> {
        let spec = self.engine.registry().spec(&patch.modules.get(id)?.kind).ok()?;
        Some(&spec.params[spec.param(name)?])
    }

    /// Controllers that move macros.
    fn midi_learn(&mut self, ui: &mut Ui, patch: &Patch) {
        ui.label(RichText::new("MIDI controllers").strong());
        let mut all = patch.midi_learn.clone();
        let mut removed = None;
        Grid::new("midi").num_columns(4).show(ui, |ui| {
            for (at, learn) in all.iter_mut().enumerate() {
                let row = format!("controller row {}", at + 1);
                let field =
                    DragValue::new(&mut learn.controller).range(0..=127).speed(0.0).prefix("CC ");
                ui.add(field.update_while_editing(false)).accessible_name(format!("{row} number"));
                let mut channel = learn.channel.map_or(0, |channel| channel + 1);
                let field = DragValue::new(&mut channel)
                    .range(0..=16)
                    .speed(0.0)
                    .custom_formatter(|channel, _| match channel as u8 {
                        0 => "any channel".into(),
                        channel => format!("channel {channel}"),
                    })
                    .custom_parser(|text| {
                        let number: String = text.chars().filter(char::is_ascii_digit).collect();
                        Some(number.parse().unwrap_or(0.0))
                    });
                ui.add(field.update_while_editing(false)).accessible_name(format!("{row} channel"));
                learn.channel = channel.checked_sub(1);
                let mut number = u32::from(learn.macro_index) + 1;
                let field = DragValue::new(&mut number).range(1..=MACROS as u32).speed(0.0);
                let field = field.prefix("macro ");
                ui.add(field.update_while_editing(false)).accessible_name(format!("{row} macro"));
                learn.macro_index = (number - 1) as u8;
                if ui.add(IconButton::new(Icon::Close, &format!("Remove {row}"))).clicked() {
                    removed = Some(at);
                }
                ui.end_row();
            }
        });
        if let Some(at) = removed {
            all.remove(at);
        }
        if ui.button("Add controller").clicked() {
            all.push(MidiLearn {
                channel: None,
                controller: 1,
                macro_index: 0,
                unknown: Unknown::new(),
            });
        }
        if all != patch.midi_learn {
            self.edit(patch, Edit::SetMidiLearn(all));
        }
    }
}

/// A macro's value as its field shows it.
fn percent(value: f64) -> String {
    format!("{:.1} %", value * 100.0)
}
