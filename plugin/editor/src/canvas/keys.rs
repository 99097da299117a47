//! The keyboard on the canvas. Keys go back to the host unless a widget has the focus, so the canvas
//! takes it when clicked; F6 leaves it.

use chronus_engine::Request;
use chronus_patch::{Edit, Fragment, Point};
use egui::{Event, EventFilter, Key, Modifiers, Response, Ui, Vec2, vec2};

use super::edits;
use super::gesture::Gesture;
use super::scene::Scene;
use super::search::Search;
use crate::app::EditorApp;
use crate::modules::BESIDE;

/// How far an arrow moves what is selected.
const NUDGE: f32 = 10.0;
/// How far an arrow moves the view.
const PAN: f32 = 60.0;

impl EditorApp {
    pub(crate) fn canvas_keys(&mut self, ui: &Ui, scene: &Scene<'_>, ground: &Response) {
        let on_knob = self.canvas.on_knob;
        if !ground.has_focus() && !on_knob {
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
        for event in ui.input(|input| input.events.clone()) {
            match event {
                Event::Key { key, pressed: true, modifiers, .. } => {
                    let done = self.step(key, modifiers) || on_knob && is_knobs(key, modifiers);
                    if on_knob && key == Key::Escape {
                        ground.request_focus();
                    } else if !done {
                        self.key(ui, scene, ground, (key, modifiers));
                    }
                }
                Event::Copy => self.copy(ui, scene),
                Event::Cut => {
                    self.copy(ui, scene);
                    self.delete_selected(scene);
                }
                Event::Paste(text) => {
                    let pasted = self.paste(ui, scene, &text);
                    if !pasted {
                        self.remark = Some("there are no modules in the clipboard".into());
                    }
                }
                // In a plugin's window on Linux the clipboard arrives as if it were typed.
                Event::Text(text) if text.len() > 1 => {
                    self.paste(ui, scene, &text);
                }
                _ => {}
            }
        }
    }

    /// Undo and redo; true when the key meant one of them.
    fn step(&mut self, key: Key, modifiers: Modifiers) -> bool {
        match (key, modifiers.shift) {
            (Key::Z, false) if modifiers.command => {
                self.let_go();
                self.commits.undo(&self.engine);
            }
            (Key::Z, true) | (Key::Y, _) if modifiers.command => {
                self.let_go();
                self.commits.redo(&self.engine);
            }
            _ => return false,
        }
        true
    }

    fn key(
        &mut self,
        ui: &Ui,
        scene: &Scene<'_>,
        ground: &Response,
        (key, modifiers): (Key, Modifiers),
    ) {
        if modifiers.command {
            match key {
                Key::A => self.canvas.selection.only(scene.patch.modules.keys().cloned()),
                Key::D => {
                    let ids = &self.canvas.selection.modules;
                    let fragment = Fragment::copy(scene.patch, ids);
                    self.put(scene, &fragment, BESIDE);
                }
                _ => {}
            }
            return;
        }
        let middle = scene.window.center();
        let pointer = ui.input(|input| input.pointer.hover_pos());
        let pointer = pointer.filter(|at| scene.window.contains(*at)).unwrap_or(middle);
        match key {
            Key::Escape if self.canvas.gesture.is_some() => self.canvas.gesture = Gesture::None,
            Key::Escape => self.canvas.selection.clear(),
            Key::Delete | Key::Backspace => self.delete_selected(scene),
            Key::F => self.canvas.view = Some(self.view_of_all(scene.patch, scene.window)),
            Key::Plus | Key::Equals => self.zoom(middle, 1.25),
            Key::Minus => self.zoom(middle, 0.8),
            Key::Tab => {
                let place = scene.view.to_patch(pointer);
                self.canvas.search = Some(Search::new(place, pointer, None));
            }
            Key::F6 => ground.surrender_focus(),
            Key::ArrowLeft => self.arrow(scene, vec2(-1.0, 0.0)),
            Key::ArrowRight => self.arrow(scene, vec2(1.0, 0.0)),
            Key::ArrowUp => self.arrow(scene, vec2(0.0, -1.0)),
            Key::ArrowDown => self.arrow(scene, vec2(0.0, 1.0)),
            _ => {}
        }
    }

    fn zoom(&mut self, still: egui::Pos2, factor: f32) {
        if let Some(view) = &mut self.canvas.view {
            view.zoom_at(still, factor);
        }
    }

    /// Moves what is selected, or the view when nothing is.
    fn arrow(&mut self, scene: &Scene<'_>, direction: Vec2) {
        if !self.canvas.selection.modules.is_empty() {
            self.shift(scene, direction * NUDGE);
        } else if let Some(view) = &mut self.canvas.view {
            view.pan(-direction * PAN);
        }
    }

    fn delete_selected(&mut self, scene: &Scene<'_>) {
        if let Some(id) = self.canvas.selection.cable {
            self.edit(scene.patch, Edit::Disconnect { id });
        }
        let ids = &self.canvas.selection.modules;
        let label = match ids.first() {
            None => return,
            Some(only) if ids.len() == 1 => format!("delete {}", scene.patch.label(only)),
            Some(_) => format!("delete {} modules", ids.len()),
        };
        let edit = edits::delete(scene.patch, self.engine.registry(), ids);
        self.commit(label, &[Request::Edit(edit)]);
    }

    fn copy(&self, ui: &Ui, scene: &Scene<'_>) {
        let fragment = Fragment::copy(scene.patch, &self.canvas.selection.modules);
        if !fragment.is_empty() {
            ui.ctx().copy_text(fragment.to_json());
        }
    }

    /// Pastes modules at the pointer, or beside where they were; false when `text` holds none.
    fn paste(&mut self, ui: &Ui, scene: &Scene<'_>, text: &str) -> bool {
        let Ok(fragment) = Fragment::from_json(text) else { return false };
        let pointer = ui.input(|input| input.pointer.hover_pos());
        let offset = match pointer.filter(|at| scene.window.contains(*at)) {
            Some(pointer) => {
                let (place, origin) = (scene.view.to_patch(pointer), fragment.origin());
                Point { x: (place.x - origin.x).round(), y: (place.y - origin.y).round() }
            }
            None => BESIDE,
        };
        self.put(scene, &fragment, offset);
        true
    }

    /// Adds the modules of `fragment` and selects them.
    fn put(&mut self, scene: &Scene<'_>, fragment: &Fragment, offset: Point) {
        if fragment.is_empty() {
            return;
        }
        let (edit, ids) = fragment.paste_edit(scene.patch, offset);
        self.edit(scene.patch, edit);
        self.canvas.selection.only(ids);
    }
}

/// True for keys that a knob with the focus keeps to itself, or that would surprise there.
fn is_knobs(key: Key, modifiers: Modifiers) -> bool {
    let arrow = matches!(key, Key::ArrowLeft | Key::ArrowRight | Key::ArrowUp | Key::ArrowDown);
    !modifiers.command && (arrow || matches!(key, Key::Tab | Key::Delete | Key::Backspace))
}
