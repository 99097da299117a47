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
        // The Tab that led here has had its effect.
        let arrived = |command: &Command| *command == Command::Add && ground.gained_focus();
        let on_knob = knob.is_some();
        let subject = knob.map_or(Subject::Selection, |(id, param)| Subject::Knob(id, param));
        for event in ui.input(|input| input.events.clone()) {
            let command = match event {
                Event::Key { key, pressed: true, modifiers, .. } => {
                    Command::of_key(on_knob, (modifiers, key))
                }
                Event::Copy => Some(Command::Copy),
                Event::Cut => Some(Command::Cut),
                Event::Paste(text) => {
                    let pasted = self.paste(ui, scene, &text);
                    if !pasted {
                        self.remark = Some("there are no modules in the clipboard".into());
                    }
                    None
                }
                // In a plugin's window on Linux the clipboard arrives as if it were typed.
                Event::Text(text) if text.len() > 1 => {
                    self.paste(ui, scene, &text);
                    None
                }
                _ => None,
            };
            if let Some(command) = command.filter(|command| !arrived(command)) {
                self.run(ui, scene, ground, (command, &subject));
            }
        }
    }
}
