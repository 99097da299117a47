//! What modules, knobs and pins say of themselves: while the pointer rests on them, and, for the
//! keyboard, of what is selected or has the focus while help is on.

use chronus_engine::{Param, Signal, Spec, Unit};
use chronus_patch::Patch;
use egui::{Rect, Response, Tooltip, Ui, vec2};

use super::layout;
use super::scene::{Pin, Scene, Seat};
use crate::app::EditorApp;

/// What a signal is, with its range.
pub(crate) fn signal_words(signal: Signal) -> &'static str {
    match signal {
        Signal::Audio => "audio, -1 to 1",
        Signal::Control => "modulation, -1 to 1",
        Signal::Pitch => "pitch in octaves, 0 = A4",
        Signal::Gate => "gate, 0 or 1",
    }
}

/// What a knob does, with its range and how to get back.
fn knob_words(param: &Param, driven: Option<u8>) -> String {
    let range = match param.unit {
        Unit::Choice => String::new(),
        _ => format!(" {} to {}.", param.text(param.min), param.text(param.max)),
    };
    match driven {
        Some(index) => format!("{}{range} Driven by macro {}.", param.doc, u32::from(index) + 1),
        None => format!("{}{range} Double-click: {}", param.doc, param.text(param.default)),
    }
}

fn show(tip: Tooltip<'_>, text: String) {
    tip.show(|ui| {
        ui.label(text);
    });
}

impl EditorApp {
    /// What a knob does.
    pub(crate) fn tell_knob(
        &self,
        ui: &Ui,
        (knob, zoom): (&Response, f32),
        param: &'static Param,
        driven: Option<u8>,
    ) {
        let helps = self.canvas.help && knob.has_focus();
        if !helps && !knob.hovered() {
            // Even to ask costs something, of a thousand knobs.
            return;
        }
        let tip = if helps {
            Tooltip::always_open(ui.ctx().clone(), ui.layer_id(), knob.id, knob.rect)
        } else {
            Tooltip::for_enabled(knob)
        };
        // Below the caption: the value there is to be read at the same time.
        show(tip.gap(20.0 * zoom), knob_words(param, driven));
    }

    /// What a module is, while the pointer rests on its name.
    pub(crate) fn tell_kind(
        &self,
        ui: &Ui,
        scene: &Scene<'_>,
        seat: &Seat<'_>,
        response: &Response,
    ) {
        let Some(spec) = seat.spec else { return };
        let size = vec2(seat.rect.width(), layout::HEADER * scene.view.zoom);
        let header = Rect::from_min_size(seat.rect.min, size);
        let selection = &self.canvas.selection;
        let sole = selection.count() == 1 && selection.modules.contains(seat.id);
        let text = format!("{}: {}", spec.name, spec.summary);
        if self.canvas.help && sole && self.canvas.on_knob.is_none() {
            let id = response.id.with("help");
            show(Tooltip::always_open(ui.ctx().clone(), ui.layer_id(), id, header), text);
        } else if response.hovered()
            && ui.rect_contains_pointer(header)
            && !self.canvas.gesture.is_some()
        {
            show(Tooltip::for_enabled(response), text);
        }
    }

    /// What an input takes, while the pointer rests on it. Outputs say it beside their scope.
    pub(crate) fn tell_pin(&self, spec: &Spec, pin: &Pin, response: &Response) {
        let input = spec.input(pin.name).map(|input| &spec.inputs[input]);
        if let Some(input) = input.filter(|_| !pin.output && !self.canvas.gesture.is_some()) {
            let words = signal_words(input.signal);
            let dot = if input.doc.is_empty() { "" } else { " " };
            show(
                Tooltip::for_enabled(response),
                format!("{}: {}{dot}Takes {words}.", input.name, input.doc),
            );
        }
    }

    /// What the output that a scope shows gives, in a sentence.
    pub(crate) fn output_words(
        &self,
        patch: &Patch,
        id: &chronus_patch::ModuleId,
        output: usize,
    ) -> String {
        let spec = self.spec_of(patch, id).and_then(|spec| spec.outputs.get(output));
        spec.map_or_else(String::new, |output| {
            let dot = if output.doc.is_empty() { "" } else { " " };
            format!("{}{dot}Gives {}.", output.doc, signal_words(output.signal))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use chronus_engine::Registry;

    #[test]
    fn every_knob_tells_its_range_and_unit() {
        let registry = Registry::new(chronus_modules::KINDS);
        let spec = registry.spec("vcf").expect("a kind");
        let cutoff = &spec.params[spec.param("cutoff").expect("a knob")];
        let words = knob_words(cutoff, None);
        assert!(words.contains(" Hz to ") && words.contains("kHz"), "{words}");
        assert!(words.contains("Double-click: "), "{words}");
        assert!(knob_words(cutoff, Some(1)).contains(" Hz to "));
        assert!(knob_words(cutoff, Some(1)).ends_with("Driven by macro 2."));
    }
}
