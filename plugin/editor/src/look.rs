//! How a person likes the window: theme and scale, and the menu to choose them.

use chronus_library::WindowLook;
use egui::{Context, Key, Modifiers, Theme, Ui};

use crate::app::EditorApp;
use crate::icons::{Icon, IconButton};

/// Scales to choose from, on top of the system's own.
const SCALES: [f32; 7] = [0.75, 1.0, 1.25, 1.5, 2.0, 2.5, 3.0];

/// Theme and scale of a window.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Look {
    /// Dark or light.
    pub theme: Theme,
    /// 0.75..=3, 1 = the system's scale.
    pub scale: f32,
}

impl Default for Look {
    fn default() -> Self {
        Self { theme: Theme::Dark, scale: 1.0 }
    }
}

impl Look {
    /// Puts it on a window.
    pub(crate) fn apply(self, context: &Context) {
        context.set_theme(self.theme);
        let scale = if self.scale.is_finite() { self.scale } else { 1.0 };
        context.set_zoom_factor(scale.clamp(SCALES[0], SCALES[SCALES.len() - 1]));
    }

    /// The same, one scale further or back.
    pub(crate) fn stepped(mut self, up: bool) -> Self {
        self.step(up);
        self
    }

    fn step(&mut self, up: bool) {
        let further = |scale: &&f32| **scale > self.scale + 0.01;
        let back = |scale: &&f32| **scale < self.scale - 0.01;
        let next = if up { SCALES.iter().find(further) } else { SCALES.iter().rfind(back) };
        self.scale = next.copied().unwrap_or(self.scale);
    }
}

impl EditorApp {
    /// The buttons for theme and scale, from the right.
    pub(crate) fn look(&mut self, ui: &mut Ui) {
        let before = self.look;
        let mut look = before;
        let (icon, other, name) = match look.theme {
            Theme::Dark => (Icon::Sun, Theme::Light, "Light theme"),
            Theme::Light => (Icon::Moon, Theme::Dark, "Dark theme"),
        };
        if ui.add(IconButton::new(icon, name)).on_hover_text(name).clicked() {
            look.theme = other;
        }
        let percent = |scale: f32| format!("{:.0} %", scale * 100.0);
        let menu = ui.menu_button(percent(look.scale), |ui| {
            for scale in SCALES {
                let chosen = (scale - look.scale).abs() < 0.01;
                let button = ui.selectable_label(chosen, percent(scale));
                let name = format!("Scale {}", percent(scale));
                if button.accessible_name(name).clicked() {
                    look.scale = scale;
                    ui.close();
                }
            }
        });
        menu.response.accessible_name("Scale").on_hover_text("Size of everything in the window");
        if look != before {
            self.choose_look(ui, look);
        }
    }

    /// Looks as the user has once said, as soon as that is known.
    pub(crate) fn look_as_liked(&mut self, ui: &Ui) {
        if self.look_known {
            return;
        }
        if let Some(liked) = self.presets.look() {
            self.look_known = true;
            if let Some(WindowLook { light, scale }) = liked {
                let theme = if light { Theme::Light } else { Theme::Dark };
                self.look = Look { theme, scale };
                self.look.apply(ui.ctx());
            }
        }
    }

    pub(crate) fn choose_look(&mut self, ui: &Ui, look: Look) {
        self.look = look;
        self.look_known = true;
        look.apply(ui.ctx());
        let light = look.theme == Theme::Light;
        self.presets.set_look(WindowLook { light, scale: look.scale });
    }

    /// Ctrl with +, - and 0 scale the window, as in a browser.
    pub(crate) fn look_keys(&mut self, ui: &Ui) {
        if !ui.ctx().egui_wants_keyboard_input() {
            return;
        }
        let key = |key| ui.input_mut(|input| input.consume_key(Modifiers::COMMAND, key));
        let mut look = self.look;
        if key(Key::Plus) || key(Key::Equals) {
            look.step(true);
        }
        if key(Key::Minus) {
            look.step(false);
        }
        if key(Key::Num0) {
            look.scale = 1.0;
        }
        if look != self.look {
            self.choose_look(ui, look);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scales_go_up_and_down_and_end() {
        let mut look = Look::default();
        let mut seen = Vec::new();
        for up in [true; 6].into_iter().chain([false; 8]) {
            look.step(up);
            seen.push(look.scale);
        }
        assert_eq!(seen[..6], [1.25, 1.5, 2.0, 2.5, 3.0, 3.0]);
        assert_eq!(seen[6..], [2.5, 2.0, 1.5, 1.25, 1.0, 0.75, 0.75, 0.75]);
    }
}
