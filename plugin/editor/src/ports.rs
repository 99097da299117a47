//! The ports of a module: what comes in, where it goes, and lists to connect by.

use chronus_engine::{Input, Output, Request, Spec};
use chronus_patch::{Cable, CableId, Edit, ModuleId, Patch, PortRef};
use egui::{ComboBox, DragValue, RichText, Sense, Ui, vec2};

use crate::app::EditorApp;
use crate::icons::{self, Icon, IconButton};
use crate::theme;

impl EditorApp {
    /// Inputs with their cables, then outputs with theirs.
    pub(crate) fn ports(&mut self, ui: &mut Ui, patch: &Patch, id: &ModuleId, spec: &'static Spec) {
        for input in spec.inputs {
            self.input(ui, patch, id, input);
        }
        for output in spec.outputs {
            self.output(ui, patch, id, output);
        }
    }

    fn input(&mut self, ui: &mut Ui, patch: &Patch, id: &ModuleId, input: &'static Input) {
        let port = PortRef::new(id.clone(), input.name);
        let name = port_name(patch, &port);
        ui.horizontal_wrapped(|ui| {
            icons::mark(ui, Icon::Right, theme::of(ui).signal(input.signal));
            ui.label(RichText::new(input.name).strong()).on_hover_text(input.doc);
            for (&cable, to_us) in patch.cables.iter().filter(|(_, c)| c.to == port) {
                ui.label(port_name(patch, &to_us.from));
                self.cable_gain(ui, patch, cable, to_us);
                let cut = format!("Disconnect {}", cable_name(patch, to_us));
                let cut = ui.add(IconButton::new(Icon::Close, &cut));
                if cut.on_hover_text("Disconnect").clicked() {
                    self.edit(patch, Edit::Disconnect { id: cable });
                }
                if to_us.feedback {
                    let (rect, mark) = ui.allocate_exact_size(vec2(12.0, 12.0), Sense::hover());
                    Icon::Feedback.draw(ui.painter(), rect, theme::of(ui).warn);
                    mark.on_hover_text("Feedback: 32 frames late");
                }
            }
            let from = self.outputs_to_choose(ui, patch, &port, &name);
            if let Some(from) = from {
                self.connect(patch, from, port.clone());
            }
        });
    }

    fn output(&mut self, ui: &mut Ui, patch: &Patch, id: &ModuleId, output: &'static Output) {
        let port = PortRef::new(id.clone(), output.name);
        let name = port_name(patch, &port);
        ui.horizontal_wrapped(|ui| {
            ui.label(RichText::new(output.name).strong()).on_hover_text(output.doc);
            icons::mark(ui, Icon::Right, theme::of(ui).signal(output.signal));
            for cable in patch.cables.values().filter(|c| c.from == port) {
                ui.colored_label(theme::of(ui).dim, port_name(patch, &cable.to));
            }
            let to = self.inputs_to_choose(ui, patch, &port, &name);
            if let Some(to) = to {
                self.connect(patch, port.clone(), to);
            }
        });
    }

    fn connect(&mut self, patch: &Patch, from: PortRef, to: PortRef) {
        let label = format!("connect {} → {}", port_name(patch, &from), port_name(patch, &to));
        let edit = patch.connect_edit(from, to, 1.0);
        self.commit(label, &[Request::Edit(edit)]);
    }

    /// The gain of a cable: a commit when it is let go.
    fn cable_gain(&mut self, ui: &mut Ui, patch: &Patch, id: CableId, cable: &Cable) {
        let mut gain = match self.gain {
            Some((held, gain)) if held == id => gain,
            _ => cable.gain,
        };
        let field = DragValue::new(&mut gain)
            .range(-16.0..=16.0)
            .speed(0.005)
            .max_decimals(3)
            .prefix("×")
            .update_while_editing(false);
        let response = ui.add(field);
        let response = response.accessible_name(format!("Gain of {}", cable_name(patch, cable)));
        if response.changed() {
            self.gain = Some((id, gain));
        }
        let ours = self.gain.is_some_and(|(held, _)| held == id);
        if ours && !response.dragged() && !response.has_focus() {
            self.gain = None;
            if gain != cable.gain {
                self.edit(patch, Edit::SetGain { id, gain });
            }
        }
    }

    /// A list of every output that is not connected to `to` yet.
    fn outputs_to_choose(
        &self,
        ui: &mut Ui,
        patch: &Patch,
        to: &PortRef,
        name: &str,
    ) -> Option<PortRef> {
        let ports = self.all_ports(patch, |spec| spec.outputs.iter().map(|o| o.name).collect());
        let free = ports.into_iter().filter(|from| patch.cable_between(from, to).is_none());
        choose(ui, patch, &format!("Connect into {name}"), free)
    }

    /// A list of every input that `from` is not connected to yet.
    fn inputs_to_choose(
        &self,
        ui: &mut Ui,
        patch: &Patch,
        from: &PortRef,
        name: &str,
    ) -> Option<PortRef> {
        let ports = self.all_ports(patch, |spec| spec.inputs.iter().map(|i| i.name).collect());
        let free = ports.into_iter().filter(|to| patch.cable_between(from, to).is_none());
        choose(ui, patch, &format!("Connect {name} to"), free)
    }

    fn all_ports(
        &self,
        patch: &Patch,
        names: impl Fn(&'static Spec) -> Vec<&'static str>,
    ) -> Vec<PortRef> {
        let registry = self.engine.registry();
        let of = |(id, kind): (&ModuleId, &str)| {
            let names = registry.spec(kind).map(&names).unwrap_or_default();
            names.into_iter().map(|port| PortRef::new(id.clone(), port)).collect::<Vec<_>>()
        };
        patch.modules.iter().flat_map(|(id, module)| of((id, &module.kind))).collect()
    }
}

/// A closed list called `name`; the port chosen from it, once.
fn choose(
    ui: &mut Ui,
    patch: &Patch,
    name: &str,
    ports: impl Iterator<Item = PortRef>,
) -> Option<PortRef> {
    let mut chosen = None;
    let combo = ComboBox::from_id_salt(name).selected_text("+").width(28.0);
    let combo = combo.show_ui(ui, |ui| {
        ui.set_min_width(160.0);
        for port in ports {
            if ui.selectable_label(false, port_name(patch, &port)).clicked() {
                chosen = Some(port);
            }
        }
    });
    combo.response.accessible_name(name).on_hover_text("Connect");
    chosen
}

/// "Filter cutoff": a port as people read it.
pub(crate) fn port_name(patch: &Patch, port: &PortRef) -> String {
    format!("{} {}", patch.label(&port.module), port.port)
}

/// "Osc out → Filter in": a cable as people read it.
pub(crate) fn cable_name(patch: &Patch, cable: &Cable) -> String {
    format!("{} → {}", port_name(patch, &cable.from), port_name(patch, &cable.to))
}
