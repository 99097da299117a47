//! The keyboard on the canvas. Keys go back to the host unless a widget has the focus, so the canvas
//! takes it when clicked, or by F6, which also gives it back.

use egui::{Event, EventFilter, Key, Modifiers, Response, Ui};

use super::command::{Command, Subject};
use super::run::leave;
use super::scene::Scene;
use crate::app::{EditorApp, Page};

impl EditorApp {
    /// Undo, redo and the palette, on every page: while anything but a text field has the keyboard,
    /// which is the host's when nothing here has it.
    pub(crate) fn keys_of_every_page(&mut self, ui: &Ui) {
        if !ui.ctx().egui_wants_keyboard_input() {
            // All keys are the host's, but for one that takes the keyboard, as it gives it back.
            if ui.input_mut(|input| input.consume_key(Modifiers::NONE, Key::F6)) {
                match self.page {
                    Page::Canvas => self.canvas.take_focus(),
                    _ => self.wants_page = true,
                }
            }
            return;
        }
        let elsewhere = self.page != Page::Canvas;
        if elsewhere && ui.input_mut(|input| input.consume_key(Modifiers::NONE, Key::F6)) {
            leave(ui);
            return;
        }
        if ui.ctx().text_edit_focused() {
            return;
        }
        if !elsewhere && self.canvas.listens() {
            // There they are done in their turn.
            return;
        }
        let mut meant = Vec::new();
        ui.input_mut(|input| {
            input.events.retain(|event| {
                let Event::Key { key, pressed: true, modifiers, .. } = event else { return true };
                let command = Command::of_key(false, (*modifiers, *key));
                let ours =
                    matches!(command, Some(Command::Undo | Command::Redo | Command::Palette));
                meant.extend(command.filter(|_| ours));
                !ours
            });
        });
        for command in meant {
            self.run_anywhere(ui, command);
        }
    }

    pub(crate) fn canvas_keys(&mut self, ui: &Ui, scene: &Scene<'_>, ground: &Response) {
        let knob = self.canvas.on_knob.clone();
        let mut keys = std::mem::take(&mut self.canvas.keys);
        self.canvas.listens = ground.has_focus() || knob.is_some();
        if !ground.has_focus() && knob.is_none() {
            return;
        }
        if ground.has_focus() {
            let filter = EventFilter {
                tab: true,
                horizontal_arrows: true,
                vertical_arrows: true,
                escape: true,
            };
            ui.memory_mut(|memory| memory.set_focus_lock_filter(ground.id, filter));
        }
        ui.input(|input| {
            if input.pointer.any_pressed() {
                // They were about what was in hand before.
                keys.clear();
            }
            for event in input.events.iter().filter(|event| is_key(event)) {
                // A key that is held down is not heard for longer than it is held.
                if keys.is_empty() || !matches!(event, Event::Key { repeat: true, .. }) {
                    keys.push_back(event.clone());
                }
            }
        });
        let subject = knob.map_or(Subject::Selection, |(id, param)| Subject::Knob(id, param));
        // One in a frame: the next is about what this one makes of the patch.
        while let Some(key) = keys.pop_front() {
            if self.canvas_key(ui, scene, ground, (&key, &subject)) {
                break;
            }
        }
        if !keys.is_empty() {
            ui.ctx().request_repaint();
        }
        self.canvas.keys = keys;
    }

    /// Does what a key means; false when it means nothing here.
    fn canvas_key(
        &mut self,
        ui: &Ui,
        scene: &Scene<'_>,
        ground: &Response,
        (key, subject): (&Event, &Subject),
    ) -> bool {
        let on_knob = matches!(subject, Subject::Knob(..));
        let command = match key {
            Event::Key { key, modifiers, .. } => Command::of_key(on_knob, (*modifiers, *key)),
            Event::Copy => Some(Command::Copy),
            Event::Cut => Some(Command::Cut),
            // In a plugin's window on Linux the clipboard arrives as if it were typed.
            Event::Paste(text) | Event::Text(text) => {
                let pasted = self.paste(ui, scene, text);
                // Letters that come together, as of a dead key, are none.
                let meant = matches!(key, Event::Paste(_)) || text.trim_start().starts_with('{');
                if !pasted && meant {
                    self.remark = Some("there is nothing to paste in the clipboard".into());
                }
                return pasted;
            }
            _ => None,
        };
        // The Tab that led here has had its effect.
        let arrived = |command: &Command| *command == Command::Add && ground.gained_focus();
        let Some(command) = command.filter(|command| !arrived(command)) else { return false };
        self.run(ui, scene, ground, (command, subject));
        true
    }
}

/// True for what the canvas hears; letters are heard as keys.
fn is_key(event: &Event) -> bool {
    match event {
        Event::Key { pressed, .. } => *pressed,
        Event::Text(text) => text.chars().count() > 1,
        Event::Copy | Event::Cut | Event::Paste(_) => true,
        _ => false,
    }
}
