//! Fields that open on the canvas for a moment: a module's name, a cable's gain, a macro's name, a
//! comment's text, a frame's title. Enter takes what was typed, and so does leaving the field; Escape gives
//! it up. Shift+Enter begins a line, where there may be several.

use chronus_engine::Request;
use chronus_patch::{CableId, Edit, Gesture, MacroKnob, ModuleId, Patch, Point};
use egui::{
    Align2, Event, FontId, Key, KeyboardShortcut, Modifiers, Rect, Response, TextEdit, Ui, Vec2,
    pos2, vec2,
};

use super::knobs::select_all;
use super::layout::HEADER;
use super::notes::Note;
use super::scene::Scene;
use crate::app::EditorApp;
use crate::ports::cable_name;
use crate::theme;

/// Greatest gain of a cable, either way.
const GAIN: f32 = 16.0;

/// What is being typed.
#[derive(Clone)]
pub(crate) enum What {
    Name(ModuleId),
    Gain(CableId),
    /// The name of the macro that drives this knob.
    Macro {
        index: u8,
        id: ModuleId,
        param: &'static str,
    },
    /// The text of the comment of that id; where it comes to lie, if it is new.
    Comment(String, Point),
    /// The title of the frame of that id, and the step that added it, if it is new.
    Title(String, Option<Gesture>),
}

/// An open field.
pub(crate) struct Entry {
    what: What,
    text: String,
    /// Why the text cannot be taken.
    fault: Option<String>,
    rect: Rect,
    /// It has not been shown yet.
    fresh: bool,
}

impl Entry {
    pub(crate) fn new(what: What, text: &str) -> Self {
        Self { what, text: text.into(), fault: None, rect: Rect::NOTHING, fresh: true }
    }

    pub(crate) fn under_pointer(&self, ui: &Ui) -> bool {
        let pointer = ui.input(|input| input.pointer.interact_pos());
        pointer.is_some_and(|pointer| self.rect.contains(pointer))
    }
}

impl EditorApp {
    pub(crate) fn entry(&mut self, ui: &mut Ui, scene: &Scene<'_>, ground: &Response) {
        let Some(mut entry) = self.canvas.entry.take() else { return };
        // What it was for may be gone.
        let Some((rect, name, hint)) = place(ui, scene, &entry.what) else {
            // Or not be in this frame's patch yet.
            self.canvas.entry = Some(entry).filter(|entry| entry.fresh);
            return;
        };
        let several = matches!(entry.what, What::Comment(..));
        let done = several && !entry.fresh && enter(ui);
        let edit = if several {
            let line = KeyboardShortcut::new(Modifiers::SHIFT, Key::Enter);
            TextEdit::multiline(&mut entry.text).desired_rows(2).return_key(line)
        } else {
            TextEdit::singleline(&mut entry.text)
        };
        let edit = edit.id(ui.scope_id().with("entry")).desired_width(rect.width());
        let output = ui.place(rect, edit.hint_text(hint));
        let response = output.accessible_name(name);
        entry.rect = response.rect;
        if done {
            response.surrender_focus();
        }
        if let Some(fault) = &entry.fault {
            let at = rect.left_bottom() + vec2(0.0, 4.0);
            let font = FontId::proportional(12.0);
            let galley = ui.painter().layout(fault.clone(), font, theme::of(ui).bad, 260.0);
            let ground = Align2::LEFT_TOP.anchor_size(at, galley.size() + vec2(8.0, 8.0));
            ui.painter().rect_filled(ground, 4.0, theme::of(ui).deep);
            ui.painter().galley(at + vec2(4.0, 4.0), galley, theme::of(ui).bad);
        }
        if std::mem::take(&mut entry.fresh) {
            response.request_focus();
            select_all(ui, &response, &entry.text);
        } else if !response.has_focus() {
            let (escape, enter) =
                ui.input(|input| (input.key_pressed(Key::Escape), input.key_pressed(Key::Enter)));
            let enter = enter || done;
            if let Err(fault) = if escape { Ok(()) } else { self.take(scene.patch, &entry) } {
                self.remark = Some(fault.clone());
                if enter {
                    entry.fault = Some(fault);
                    response.request_focus();
                    self.canvas.entry = Some(entry);
                    return;
                }
            }
            if escape || enter {
                match entry.what {
                    What::Macro { id, param, .. } => self.canvas.to_focus = Some((id, param)),
                    _ => ground.request_focus(),
                }
            }
            return;
        }
        self.canvas.entry = Some(entry);
    }

    /// Takes what is being typed, and closes its field.
    pub(crate) fn take_entry(&mut self) {
        if let Some(entry) = self.canvas.entry.take() {
            let taken = self.take(&self.engine.document(), &entry);
            self.remark = taken.err().or(self.remark.take());
        }
    }

    /// Takes what is being typed, and leaves its field open.
    pub(crate) fn keep_entry(&mut self) {
        if let Some(mut entry) = self.canvas.entry.take() {
            entry.fault = self.take(&self.engine.document(), &entry).err();
            self.canvas.entry = Some(entry);
        }
    }

    /// Does what was typed; what is wrong with it, where it cannot be done.
    fn take(&mut self, patch: &Patch, entry: &Entry) -> Result<(), String> {
        let text = entry.text.trim();
        match &entry.what {
            What::Name(id) => {
                self.rename_module(patch, id, text)?;
                self.remark = None;
            }
            What::Gain(id) => {
                let gain = parse_gain(text).ok_or_else(|| {
                    format!("`{text}` is no gain: type a factor from -16 to 16, or dB")
                })?;
                if patch.cables.get(id).is_some_and(|cable| cable.gain != gain) {
                    self.edit(patch, Edit::SetGain { id: *id, gain });
                }
            }
            What::Comment(id, at) => self.take_comment(patch, id, *at, text),
            What::Title(id, step) => self.take_title(patch, id, text, *step),
            What::Macro { index, .. } => {
                let knob = patch.macros.get(index).cloned().unwrap_or_default();
                if knob.name != text {
                    let knob = Some(MacroKnob { name: text.into(), ..knob });
                    let label = format!("name macro {}", u32::from(*index) + 1);
                    let set = Edit::SetMacro { index: *index, knob };
                    self.commit(label, &[Request::Edit(set)]);
                }
            }
        }
        Ok(())
    }
}

/// Where a field stands, what it is called, and what it says while it is empty; none where what it
/// is for is not there.
fn place(ui: &Ui, scene: &Scene<'_>, what: &What) -> Option<(Rect, String, String)> {
    let patch = scene.patch;
    let seat = |id: &ModuleId| scene.seats.iter().find(|seat| seat.id == id);
    match what {
        What::Name(id) => {
            let seat = seat(id)?;
            let size = vec2(seat.rect.width(), HEADER * scene.view.zoom).max(vec2(120.0, 22.0));
            let rect = Rect::from_min_size(seat.rect.min, size);
            Some((rect, format!("Name of {id}"), id.to_string()))
        }
        What::Gain(id) => {
            let cable = patch.cables.get(id)?;
            let wire = scene.wires.iter().find(|wire| wire.id == *id);
            let middle = wire.map_or(scene.window.center(), |wire| wire.curve.at(0.5));
            let rect = Rect::from_center_size(middle, vec2(72.0, 22.0));
            let name = format!("Gain of {}", cable_name(patch, cable));
            Some((rect, name, "×".into()))
        }
        What::Comment(id, at) => {
            let there = Note::Comment(id.clone()).rect(patch);
            let rect = there.unwrap_or(Rect::from_min_size(pos2(at.x, at.y), Vec2::ZERO));
            let rect = scene.view.rect(rect);
            let rect = Rect::from_min_size(rect.min, rect.size().max(vec2(220.0, 44.0)));
            let hint = "Enter takes it, Shift+Enter begins a line";
            Some((rect, "Text of comment".into(), hint.into()))
        }
        What::Title(id, _) => {
            let rect = scene.view.rect(Note::Frame(id.clone()).rect(patch)?);
            let width = rect.width().clamp(120.0, 320.0);
            let rect = Rect::from_min_size(rect.min, vec2(width, 24.0));
            Some((rect, format!("Title of {id}"), id.clone()))
        }
        What::Macro { index, id, param } => {
            let knob = ui.scope_id().with(("knob", id.as_str(), *param));
            let knob = ui.ctx().read_response(knob).map(|knob| knob.rect);
            let middle = knob.map_or(seat(id)?.rect.center(), |rect| rect.center_bottom());
            let rect = Rect::from_center_size(middle + vec2(0.0, 10.0), vec2(140.0, 22.0));
            let number = u32::from(*index) + 1;
            Some((rect, format!("Name of macro {number}"), format!("Macro {number}")))
        }
    }
    .map(|(rect, name, hint)| {
        // Within the window as far as it goes.
        let room = scene.window.shrink(2.0);
        let x = rect.left().min(room.right() - rect.width()).max(room.left());
        let y = rect.top().min(room.bottom() - rect.height()).max(room.top());
        let size: Vec2 = rect.size();
        (Rect::from_min_size(pos2(x, y), size), name, hint)
    })
}

/// Takes Enter away from a field in which Shift+Enter begins a line.
fn enter(ui: &Ui) -> bool {
    ui.input_mut(|input| {
        let before = input.events.len();
        input.events.retain(|event| match event {
            Event::Key { key: Key::Enter, pressed: true, modifiers, .. } => modifiers.shift,
            _ => true,
        });
        input.events.len() < before
    })
}

/// A gain as people type it: "0.5", "×2", "-6 dB".
fn parse_gain(text: &str) -> Option<f32> {
    let text = text.trim().to_lowercase();
    let number = |text: &str| text.trim().replace(',', ".").parse::<f32>().ok();
    let gain = match text.strip_suffix("db") {
        Some(decibel) => 10.0_f32.powf(number(decibel)? / 20.0),
        None => number(text.trim_start_matches(['×', 'x', '*']))?,
    };
    (gain.abs() <= GAIN).then_some(gain)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn gains_are_factors_or_decibels_in_range() {
        for (text, gain) in [("0.5", 0.5), ("×2", 2.0), (" x -1,5 ", -1.5), ("20 dB", 10.0)] {
            assert_eq!(parse_gain(text), Some(gain), "{text}");
        }
        for text in ["", "loud", "17", "-17", "NaN", "inf", "30 dB"] {
            assert_eq!(parse_gain(text), None, "{text}");
        }
    }
}
