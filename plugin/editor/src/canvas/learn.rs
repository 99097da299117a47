//! MIDI learn: a knob waits until a controller moves, and is its from then on, by way of a macro.

use std::time::Duration;

use chronus_engine::{Param, Request};
use chronus_patch::{Edit, MidiLearn, ModuleId, Patch, Unknown};
use egui::{Align2, Rect, Role, Sense, Ui, WidgetInfo, vec2};

use super::draw::font;
use crate::app::EditorApp;
use crate::theme;

/// Time between two looks while a knob waits.
const LOOK: Duration = Duration::from_millis(16);

/// The knob that waits.
pub(crate) struct Learning {
    id: ModuleId,
    param: &'static str,
    /// Moves of controllers before it began to wait.
    since: u64,
}

impl Learning {
    /// True for the knob that waits.
    pub(crate) fn is(&self, id: &ModuleId, param: &Param) -> bool {
        self.id == *id && self.param == param.name
    }
}

impl EditorApp {
    /// A knob begins to wait, or, where it does already, gives up.
    pub(crate) fn learn(&mut self, id: &ModuleId, param: &'static Param) {
        if self.canvas.learning.take().is_some_and(|learning| learning.is(id, param)) {
            return;
        }
        let since = self.engine.counters().heard().map_or(0, |heard| heard.serial);
        self.canvas.learning = Some(Learning { id: id.clone(), param: param.name, since });
    }

    /// Looks whether a controller has moved.
    pub(crate) fn tend_learning(&mut self, ui: &Ui, patch: &Patch) {
        let Some(learning) = &self.canvas.learning else { return };
        let heard = self.engine.counters().heard().filter(|heard| heard.serial > learning.since);
        let Some(heard) = heard else {
            ui.ctx().request_repaint_after(LOOK);
            return;
        };
        let Some(Learning { id, param, .. }) = self.canvas.learning.take() else { return };
        let (Some(module), Some(spec)) = (patch.modules.get(&id), self.spec_of(patch, &id)) else {
            return;
        };
        let Some(param) = spec.param(param).map(|at| &spec.params[at]) else { return };
        let (value, driven) = self.shown_value(patch, (&id, module), spec, param);
        let mut edits = Vec::new();
        let index = match driven {
            Some(index) => index,
            None => {
                let Some((index, knob)) = self.take_macro(patch, &id, param, value) else { return };
                edits.push(Edit::SetMacro { index, knob: Some(knob) });
                index
            }
        };
        let (channel, controller) = (Some(heard.channel), heard.controller);
        let mut all = patch.midi_learn.clone();
        // A controller moves one macro: what it moved before, it leaves.
        all.retain(|learn| (learn.channel, learn.controller) != (channel, controller));
        all.push(MidiLearn { channel, controller, macro_index: index, unknown: Unknown::new() });
        edits.push(Edit::SetMidiLearn(all));
        let label = format!("CC {controller} moves {} {}", patch.label(&id), param.label);
        self.commit(label, &[Request::Edit(Edit::Batch(edits))]);
    }
}

/// In the place of a caption: the knob waits for a controller.
pub(crate) fn waits(ui: &Ui, line: Rect, zoom: f32, name: &str) {
    let font = font(10.5, zoom.max(super::NAMES));
    let place = line.center_top() + vec2(0.0, 7.0 * zoom);
    let painter = ui.painter();
    let galley = painter.layout_no_wrap("move a controller".into(), font, theme::of(ui).warn);
    let rect = Align2::CENTER_CENTER.anchor_size(place, galley.size());
    painter.rect_filled(rect.expand(3.0), 3.0, theme::of(ui).deep);
    painter.galley(rect.min, galley, theme::of(ui).warn);
    let id = ui.scope_id().with(("waits", name));
    let name = format!("{name} waits for a controller");
    ui.interact(rect, id, Sense::hover())
        .widget_info(|| WidgetInfo::labeled(Role::Label, true, &name));
}
