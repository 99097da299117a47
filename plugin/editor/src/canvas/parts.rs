//! The parts of a patch in their places: cables, modules, pins, each under a name of its own.

use chronus_patch::PortRef;
use egui::{Rect, Role, Sense, Ui, Vec2, WidgetInfo};

use super::draw::{self, Brush};
use super::scene::{End, Pin, Scene, Seat};
use super::verdict::Verdicts;
use super::watch::{self, Hovered};
use super::{PINS, far};
use crate::app::EditorApp;
use crate::live::Trace;
use crate::ports::cable_name;

/// What a click or a drag can begin on. Not part of the Tab order: the canvas has the keyboard, and
/// moves what is selected.
const SENSE: Sense = Sense::CLICK.union(Sense::DRAG);

impl EditorApp {
    /// All cables that are seen.
    pub(crate) fn cables(&self, ui: &Ui, scene: &Scene<'_>, opacity: f32) {
        let (taken, brush) = (self.canvas.gesture.taken(), Brush::new(ui, scene.view));
        let lit = [self.canvas.selection.cable, self.canvas.onto];
        for wire in scene.wires.iter().filter(|wire| Some(wire.id) != taken) {
            let strong = lit.contains(&Some(wire.id));
            let carried = self.carried(scene, &wire.cable.from);
            let bright = if strong { 1.0 } else { watch::brightness(carried) };
            draw::cable(brush, &wire.curve, wire.signal, (opacity * bright, strong));
        }
    }

    /// A name for each cable to find it by; the pointer goes by the whole curve.
    pub(crate) fn name_cables(&self, ui: &Ui, scene: &Scene<'_>) {
        let lit = [self.canvas.selection.cable, self.canvas.onto];
        for wire in &scene.wires {
            let rect = Rect::from_center_size(wire.curve.at(0.5), Vec2::splat(2.0));
            let id = ui.scope_id().with(("cable", wire.id.0));
            ui.interact(rect, id, Sense::empty()).widget_info(|| {
                let name = format!("Cable {}", cable_name(scene.patch, wire.cable));
                let strong = lit.contains(&Some(wire.id));
                let mut info = WidgetInfo::selected(Role::Image, true, strong, name);
                let carried = self.carried(scene, &wire.cable.from);
                info.current_text_value = carried.map(Trace::short);
                info
            });
        }
    }

    /// One module with its pins, knobs and display.
    pub(crate) fn seat(
        &mut self,
        ui: &mut Ui,
        scene: &Scene<'_>,
        seat: &Seat<'_>,
        verdicts: &Verdicts,
    ) {
        let view = scene.view;
        let selected = self.canvas.selection.modules.contains(seat.id);
        let id = ui.scope_id().with(("module", seat.id.as_str()));
        let response = ui.interact(seat.rect, id, SENSE);
        let load = self.loads.told(seat.id);
        response.widget_info(|| {
            let name = format!("Module {}", scene.patch.label(seat.id));
            let mut info = WidgetInfo::selected(Role::Group, true, selected, name);
            info.current_text_value = load.clone();
            info
        });
        let (refused, warned) = (verdicts.refuses(seat.id), verdicts.warns(seat.id));
        let hovered = response.hovered();
        let marks = draw::Marks { selected, hovered, refused, warned, load: load.as_deref() };
        let brush = Brush::new(ui, view);
        if view.zoom < PINS {
            let bright = |end: &End| watch::brightness(self.carried(scene, &end.port));
            let end = |pin: Pin| {
                let port = PortRef::new(seat.id.clone(), pin.name);
                let end = End { port, output: pin.output };
                scene.is_plugged(&end).then(|| (pin, bright(&end)))
            };
            far::module(brush, scene, seat, marks, seat.pins(view).filter_map(end));
            self.module_gesture(ui, scene, seat, &response);
            return;
        }
        draw::body(brush, scene, seat, marks);
        self.module_gesture(ui, scene, seat, &response);
        self.tell_kind(ui, scene, seat, &response);
        for pin in seat.pins(view) {
            self.pin(ui, scene, seat, &pin);
        }
        if let Some(spec) = seat.spec.filter(|_| seat.open) {
            let mut values = Vec::with_capacity(spec.params.len());
            for (param, cell) in spec.params.iter().zip(&seat.face.knobs) {
                let corner = seat.rect.min + cell.min.to_vec2() * view.zoom;
                let cell = Rect::from_min_size(corner, cell.size() * view.zoom);
                values.push(self.dial(ui, scene, seat, (spec, param), cell));
            }
            self.display(ui, scene, seat, &values);
        }
    }

    fn pin(&mut self, ui: &Ui, scene: &Scene<'_>, seat: &Seat<'_>, pin: &Pin) {
        let (view, brush) = (scene.view, Brush::new(ui, scene.view));
        let end = End { port: PortRef::new(seat.id.clone(), pin.name), output: pin.output };
        let plugged = scene.is_plugged(&end);
        let bright = || watch::brightness(self.carried(scene, &end.port));
        let bright = (plugged && pin.output).then(bright);
        let (dim, target) = self.canvas.gesture.marks(scene, &end);
        let side = if pin.output { "out" } else { "in" };
        let id = ui.scope_id().with((seat.id.as_str(), pin.name, side));
        let rect = Rect::from_center_size(pin.at, Vec2::splat((16.0 * view.zoom).max(8.0)));
        let response = ui.interact(rect, id, SENSE);
        response.widget_info(|| {
            let name = format!("{} {} {side}", scene.patch.label(seat.id), pin.name);
            WidgetInfo::labeled(Role::Button, !dim, name)
        });
        let lit = target || response.hovered() && !dim;
        if pin.output && response.hovered() {
            let output = seat.spec.and_then(|spec| spec.output(pin.name));
            self.canvas.hovered = output.map(|output| Hovered { id: seat.id.clone(), output });
        }
        if let Some(spec) = seat.spec.filter(|_| response.hovered()) {
            self.tell_pin(spec, pin, &response);
        }
        draw::pin(brush, pin, draw::Light { plugged, dim, lit, bright });
        self.pin_gesture(ui, scene, &end, &response);
    }
}
