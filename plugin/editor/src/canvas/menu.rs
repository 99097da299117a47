//! Context menus: what can be done to what was clicked by the second button, or has the keyboard.

use chronus_engine::Category;
use chronus_patch::{Colour, ModuleWidth, Patch};
use egui::containers::menu::menu_style;
use egui::{
    Align, Button, Color32, Id, Layout, Popup, PopupAnchor, PopupKind, Pos2, Response, RichText, Ui,
};

use super::command::{Command, Subject};
use super::scene::Scene;
use crate::app::EditorApp;
use crate::bind;
use crate::ports::{cable_name, port_name};
use crate::theme;

/// An open menu.
pub(crate) struct Menu {
    subject: Subject,
    corner: Pos2,
    /// What had the keyboard before.
    back: Option<Id>,
    /// Which menu this is: another one opens while the last closes.
    serial: u64,
    /// It has not been shown yet.
    fresh: bool,
}

/// What stands in menus, by what they are about; a rule where there is none.
const OF_MODULES: &[Option<Command>] = &[
    Some(Command::Rename),
    Some(Command::Bypass),
    Some(Command::Replace),
    None,
    Some(Command::Duplicate),
    Some(Command::Copy),
    Some(Command::Cut),
    Some(Command::Delete),
    None,
    Some(Command::Connect),
    Some(Command::DisconnectAll),
    None,
    Some(Command::FrameSelection),
];
/// Of comments and frames alone.
const OF_NOTES: &[Option<Command>] =
    &[Some(Command::EditText), Some(Command::FrameSelection), None, Some(Command::Delete)];
const OF_CABLES: &[Option<Command>] = &[
    Some(Command::Gain),
    Some(Command::Insert),
    Some(Command::Feedback),
    None,
    Some(Command::Delete),
];
const OF_KNOBS: &[Option<Command>] = &[
    Some(Command::TypeValue),
    Some(Command::Reset),
    None,
    Some(Command::Automate),
    Some(Command::Free),
    Some(Command::NameMacro),
    Some(Command::Learn),
];
const OF_PINS: &[Option<Command>] = &[Some(Command::Connect), Some(Command::DisconnectAll)];
const OF_GROUND: &[Option<Command>] = &[
    Some(Command::Add),
    Some(Command::AddComment),
    Some(Command::AddFrame),
    Some(Command::Paste),
    None,
    Some(Command::SelectAll),
    Some(Command::Fit),
    Some(Command::Arrange),
    Some(Command::Loads),
    None,
    Some(Command::Undo),
    Some(Command::Redo),
    Some(Command::Palette),
];

impl EditorApp {
    /// Opens the menu of `subject` at a place of the window.
    pub(crate) fn open_menu(&mut self, ui: &Ui, subject: Subject, corner: Pos2) {
        self.canvas.menus += 1;
        let back = ui.memory(egui::Memory::focused);
        let serial = self.canvas.menus;
        self.canvas.menu = Some(Menu { subject, corner, back, serial, fresh: true });
    }

    pub(crate) fn open_menu_by_key(&mut self, ui: &Ui, scene: &Scene<'_>, subject: &Subject) {
        let selection = &self.canvas.selection;
        let seat = selection.modules.first();
        let seat = seat.and_then(|id| scene.seats.iter().find(|seat| seat.id == id));
        let wire = scene.wires.iter().find(|wire| Some(wire.id) == selection.cable);
        let sheet = scene.sheets.iter().find(|sheet| selection.notes.contains(&sheet.note));
        let middle = scene.window.center();
        let (subject, corner) = match (subject, seat, wire) {
            (Subject::Knob(id, param), ..) => {
                let knob = ui.scope_id().with(("knob", id.as_str(), *param));
                let knob = ui.ctx().read_response(knob);
                (subject.clone(), knob.map_or(middle, |knob| knob.rect.center_bottom()))
            }
            (_, Some(seat), _) => (Subject::Selection, seat.rect.right_top()),
            (_, None, Some(wire)) => (Subject::Selection, wire.curve.at(0.5)),
            (_, None, None) => match sheet {
                Some(sheet) => (Subject::Selection, sheet.rect.left_top()),
                None => (Subject::Ground(middle), middle),
            },
        };
        self.open_menu(ui, subject, corner);
    }

    pub(crate) fn menu_popup(&mut self, ui: &Ui, scene: &Scene<'_>, ground: &Response) {
        let Some(mut menu) = self.canvas.menu.take() else { return };
        let mut open = true;
        let id = ui.scope_id().with(("menu", menu.serial));
        let at = PopupAnchor::Position(menu.corner);
        let popup = Popup::new(id, ui.ctx().clone(), at, ui.layer_id())
            .kind(PopupKind::Menu)
            .layout(Layout::top_down_justified(Align::Min))
            .style(menu_style)
            .gap(0.0)
            .open_bool(&mut open);
        let fresh = std::mem::take(&mut menu.fresh);
        let subject = &menu.subject;
        let chosen = popup.show(|ui| self.entries(ui, scene.patch, subject, fresh));
        let chosen = chosen.and_then(|shown| shown.inner);
        if chosen.is_none() && open {
            self.canvas.menu = Some(menu);
            return;
        }
        let back = menu.back.unwrap_or(ground.id);
        ui.memory_mut(|memory| memory.request_focus(back));
        if let Some(command) = chosen {
            self.run(ui, scene, ground, (command, &menu.subject));
        }
    }

    /// The entries; the one chosen.
    fn entries(
        &self,
        ui: &mut Ui,
        patch: &Patch,
        subject: &Subject,
        fresh: bool,
    ) -> Option<Command> {
        ui.set_min_width(190.0);
        let of_cable = self.canvas.selection.cable.is_some();
        let all = match subject {
            Subject::Selection if of_cable => OF_CABLES,
            Subject::Selection if self.canvas.selection.modules.is_empty() => OF_NOTES,
            Subject::Selection => OF_MODULES,
            Subject::Knob(..) => OF_KNOBS,
            Subject::Pin(_) => OF_PINS,
            Subject::Ground(_) => OF_GROUND,
        };
        let about = self.about(patch, subject);
        let mut chosen = None;
        let mut first = fresh;
        for command in all {
            let Some(command) = *command else {
                ui.separator();
                continue;
            };
            let enabled = self.enabled(patch, command, subject);
            // Of the two ways to have a macro, or none, the one that makes sense here.
            let either = matches!(command, Command::Automate | Command::Free | Command::NameMacro);
            if either && !enabled {
                continue;
            }
            let label = self.label_of(patch, command, subject);
            let keys = RichText::new(command.keys(ui.ctx())).color(theme::of(ui).quiet());
            let button = Button::new(&label).shortcut_text(keys);
            let on = command == Command::Bypass && self.all_bypassed(patch);
            let response = ui.add_enabled(enabled, button.selected(on));
            let response = response.accessible_name(name(&label, &about));
            if enabled && std::mem::take(&mut first) {
                response.request_focus();
            }
            if response.clicked() {
                chosen = Some(command);
            }
        }
        let coloured = self.enabled(patch, Command::Colour(None), subject);
        if *subject == Subject::Selection && !of_cable && coloured {
            ui.separator();
            let row = self.voices_row(ui, patch, &about);
            chosen = chosen.or(row).or(self.colours_row(ui, &about));
        }
        chosen
    }

    /// How many lanes modules have, where that is for people to say.
    fn voices_row(&self, ui: &mut Ui, patch: &Patch, about: &str) -> Option<Command> {
        let mut ids = self.canvas.selection.modules.iter();
        let first = ids.find(|id| self.takes_width(patch, id))?;
        let now = patch.modules.get(first)?.width;
        let mut chosen = None;
        ui.horizontal(|ui| {
            ui.label("Voices");
            for width in [ModuleWidth::Auto, ModuleWidth::Mono, ModuleWidth::PerVoice] {
                let command = Command::Voices(width);
                let text = command.label().trim_start_matches("Voices: ");
                let button = ui.add(Button::selectable(width == now, text));
                if button.accessible_name(name(command.label(), about)).clicked() {
                    chosen = Some(command);
                }
            }
        });
        chosen
    }

    /// The families' colours to choose from, and the module's own family's.
    fn colours_row(&self, ui: &mut Ui, about: &str) -> Option<Command> {
        let mut chosen = None;
        ui.horizontal(|ui| {
            ui.label("Colour");
            ui.spacing_mut().item_spacing.x = 3.0;
            for category in Category::ALL {
                let fill: Color32 = theme::of(ui).family(category);
                let button = Button::new("").fill(fill).min_size(egui::vec2(16.0, 16.0));
                let label = format!("Colour of {}", category.name());
                let button = ui.add(button).accessible_name(name(&label, about));
                if button.on_hover_text(category.name()).clicked() {
                    let colour = Colour([fill.r(), fill.g(), fill.b()]);
                    chosen = Some(Command::Colour(Some(colour)));
                }
            }
            let own = ui.small_button("own");
            let own = own.accessible_name(name(Command::Colour(None).label(), about));
            if own.on_hover_text("The colour that it has of itself").clicked() {
                chosen = Some(Command::Colour(None));
            }
        });
        chosen
    }

    fn all_bypassed(&self, patch: &Patch) -> bool {
        let mut ids = self.canvas.selection.modules.iter();
        ids.all(|id| patch.modules.get(id).is_some_and(|module| module.bypass))
    }

    /// What a command is called here: with the macro's number where there is one.
    fn label_of(&self, patch: &Patch, command: Command, subject: &Subject) -> String {
        let driver = self.knob_of(patch, subject).and_then(|(id, param)| {
            let (index, _) = bind::driver(patch, self.engine.registry(), &id, param)?;
            Some(u32::from(index) + 1)
        });
        match (command, driver) {
            (Command::Free, Some(number)) => format!("Free from macro {number}"),
            (Command::NameMacro, Some(number)) => format!("Name macro {number}…"),
            (Command::Learn, _) if self.learns(patch, subject) => "Give up MIDI learn".into(),
            _ => command.label().into(),
        }
    }

    fn learns(&self, patch: &Patch, subject: &Subject) -> bool {
        let knob = self.knob_of(patch, subject);
        let learning = self.canvas.learning.as_ref();
        knob.is_some_and(|(id, param)| learning.is_some_and(|l| l.is(&id, param)))
    }

    /// What a menu is about, in words; empty for the ground.
    fn about(&self, patch: &Patch, subject: &Subject) -> String {
        let selection = &self.canvas.selection;
        match subject {
            Subject::Ground(_) => String::new(),
            Subject::Pin(end) => port_name(patch, &end.port),
            Subject::Knob(id, _) => match self.knob_of(patch, subject) {
                Some((_, param)) => format!("{} {}", patch.label(id), param.label),
                None => String::new(),
            },
            Subject::Selection => {
                let cable = selection.cable.and_then(|id| patch.cables.get(&id));
                let note = selection.sole_note();
                if let Some(name) = note.and_then(|note| note.name(patch)) {
                    return name;
                }
                match (cable, selection.modules.first()) {
                    (Some(cable), _) => cable_name(patch, cable),
                    (None, Some(only)) if selection.count() == 1 => patch.label(only).into(),
                    _ if selection.notes.is_empty() => format!("{} modules", selection.count()),
                    _ => format!("{} parts", selection.count()),
                }
            }
        }
    }
}

/// What an entry is found by: "Rename: osc".
fn name(label: &str, about: &str) -> String {
    let label = label.trim_end_matches('…');
    if about.is_empty() { label.into() } else { format!("{label}: {about}") }
}
