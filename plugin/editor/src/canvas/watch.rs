//! Levels on cables and pins, and the scope that shows what the pointer is on.

use chronus_engine::{Picture, Signal};
use chronus_patch::ModuleId;
use egui::{Align2, Id, LayerId, Order, Pos2, Rect, Role, Sense, Stroke, StrokeKind, Ui};
use egui::{Vec2, WidgetInfo, pos2, vec2};

use super::display;
use super::draw::{self, Brush, font};
use super::scene::Scene;
use crate::app::EditorApp;
use crate::live::Trace;
use crate::theme;

/// Size of the scope beside the pointer.
const SIZE: Vec2 = vec2(196.0, 104.0);
/// How much of its colour a silent cable keeps.
const FAINT: f32 = 0.45;

/// An output that the pointer is on.
pub(crate) struct Hovered {
    pub id: ModuleId,
    pub output: usize,
}

/// Part of its colour that something with this level is drawn in.
pub(crate) fn brightness(trace: Option<&Trace>) -> f32 {
    // What nobody looks at is drawn as it always was.
    trace.filter(|trace| trace.last.is_some()).map_or(1.0, |trace| match trace.glow() {
        0.0 => FAINT,
        glow => FAINT + 0.15 + (0.85 - FAINT) * glow,
    })
}

impl EditorApp {
    /// Wishes for the levels of all cables that are seen.
    pub(crate) fn wish_levels(&mut self, scene: &Scene<'_>) {
        for wire in &scene.wires {
            if let Some((output, signal)) = scene.output(&wire.cable.from) {
                let far = scene.far(wire.curve.at(0.5));
                self.live.wish((&wire.cable.from.module, output, signal), far, None);
            }
        }
    }

    /// What the cable from `port` carries, where it is known.
    pub(crate) fn carried(
        &self,
        scene: &Scene<'_>,
        port: &chronus_patch::PortRef,
    ) -> Option<&Trace> {
        self.live.trace(&port.module, scene.output(port)?.0)
    }

    /// The scope of the output or cable that the pointer is on.
    pub(crate) fn hover_scope(&mut self, ui: &Ui, scene: &Scene<'_>) {
        let pin = self.canvas.hovered.take();
        let pointer = ui.input(|input| input.pointer.hover_pos());
        let pointer = pointer.filter(|_| ui.rect_contains_pointer(scene.window));
        // Without the pointer, the cable that is selected is looked at while help is on.
        let selected = self.canvas.selection.cable.filter(|_| self.canvas.help);
        let selected = selected.and_then(|id| scene.wires.iter().find(|wire| wire.id == id));
        let place = selected.map(|wire| wire.curve.at(0.5));
        let Some(pointer) = place.or(pointer) else { return };
        if self.canvas.gesture.is_some() || self.canvas.search.is_some() {
            return;
        }
        let cable = || {
            if let Some(wire) = selected {
                let (output, _) = scene.output(&wire.cable.from)?;
                return Some(Hovered { id: wire.cable.from.module.clone(), output });
            }
            if scene.module_at(pointer).is_some() {
                return None;
            }
            let (wire, _) = scene.cable_at(pointer)?;
            let (output, _) = scene.output(&wire.cable.from)?;
            Some(Hovered { id: wire.cable.from.module.clone(), output })
        };
        let Some(Hovered { id, output }) = pin.or_else(cable) else { return };
        let port = scene.patch.modules.get(&id);
        let spec = port.and_then(|module| self.engine.registry().spec(&module.kind).ok());
        let Some(port) = spec.and_then(|spec| spec.outputs.get(output)) else { return };
        let picture = match port.signal {
            Signal::Audio => Picture::SOUND,
            Signal::Pitch => Picture { gain: 0.2, ..Picture::ROLL },
            Signal::Control | Signal::Gate => Picture::ROLL,
        };
        // Before all others.
        self.live.wish((&id, output, port.signal), -1.0, Some(picture.seconds));
        self.canvas.scoping = true;
        let trace = self.live.trace(&id, output);
        let told = trace.map_or_else(|| "no signal yet".into(), Trace::told);
        let title = format!("{} {}", scene.patch.label(&id), port.name);
        let look = theme::of(ui);
        let ink = look.signal(port.signal);
        let about = self.output_words(scene.patch, &id, output);
        let about = ui.painter().layout(about, font(10.5, 1.0), look.dim, SIZE.x - 14.0);
        let rect = beside(pointer, scene.window, SIZE + vec2(0.0, about.size().y + 4.0));
        let (whole, rect) = (rect, Rect::from_min_size(rect.min, SIZE));
        let layer = LayerId::new(Order::Tooltip, Id::unique("scope at the pointer"));
        let painter = ui.ctx().layer_painter(layer);
        painter.rect_filled(whole, 5.0, look.deep);
        painter.rect_stroke(whole, 5.0, Stroke::new(1.0, look.edge), StrokeKind::Inside);
        let inset = Rect::from_min_max(rect.min + vec2(6.0, 22.0), rect.max - vec2(6.0, 22.0));
        let inside = painter.with_clip_rect(inset);
        let brush = Brush { painter: &inside, look, view: scene.view };
        display::scope(brush, inset, trace, (&picture, self.live.sample_rate), ink);
        let line = |at: Pos2, align, text: &str, ink| {
            painter.text(at, align, text, font(11.5, 1.0), ink);
        };
        line(rect.left_top() + vec2(7.0, 5.0), Align2::LEFT_TOP, &title, look.text);
        let foot = rect.left_bottom() + vec2(7.0, -5.0);
        line(foot, Align2::LEFT_BOTTOM, &told, draw::readable(look, ink));
        painter.galley(rect.left_bottom() + vec2(7.0, 0.0), about, look.dim);
        let span = match picture.trigger {
            Some(_) => "20 ms",
            None => "2 s",
        };
        let corner = rect.right_top() + vec2(-7.0, 5.0);
        line(corner, Align2::RIGHT_TOP, span, look.dim);
        let name = format!("Scope of {title}");
        let id = ui.scope_id().with("scope at the pointer");
        ui.interact(rect, id, Sense::empty()).widget_info(|| {
            let mut info = WidgetInfo::labeled(Role::Image, true, &name);
            info.current_text_value = Some(told.clone());
            info
        });
    }
}

/// A place beside the pointer, within the window.
fn beside(pointer: Pos2, window: Rect, size: Vec2) -> Rect {
    let right = pointer.x + 18.0;
    let x = if right + size.x > window.right() { pointer.x - 18.0 - size.x } else { right };
    let below = pointer.y + 14.0;
    let y = if below + size.y > window.bottom() { pointer.y - 14.0 - size.y } else { below };
    Rect::from_min_size(pos2(x, y), size)
}
