//! The palette: everything that can be done now, every page, module and preset, found by typing.

use chronus_library::PresetId;
use chronus_patch::ModuleId;
use egui::{Id, Ui, vec2};

use crate::app::{EditorApp, Page};
use crate::canvas::chooser::{Chooser, Line, Picked};
use crate::canvas::command::{Command, OFFERED, Subject};
use crate::canvas::notes::{Note, names};
use crate::deeds::Deed;

/// The open palette.
pub(crate) struct Palette {
    chooser: Chooser,
    /// By line.
    acts: Vec<Act>,
    /// What commands are about.
    subject: Subject,
    /// What had the keyboard before.
    back: Option<Id>,
}

/// What a line does.
enum Act {
    Run(Command),
    Select(ModuleId),
    SelectNote(Note),
    Load(PresetId),
    Do(Deed),
}

impl EditorApp {
    pub(crate) fn open_palette(&mut self, ui: &Ui) {
        let patch = self.engine.document();
        let knob = self.canvas.knob_in_hand().filter(|_| self.page == Page::Canvas);
        let subject = knob.map_or(Subject::Selection, |(id, param)| Subject::Knob(id, param));
        let mut lines = Vec::new();
        let mut acts = Vec::new();
        let mut add = |text: String, hint: String, name: String, act: Act| {
            lines.push(Line { text, hint, name });
            acts.push(act);
        };
        for &command in OFFERED {
            if self.enabled(&patch, command, &subject) {
                let (text, keys) = (command.label().to_owned(), command.keys(ui.ctx()));
                let name = format!("Run {}", text.trim_end_matches('…'));
                add(text, keys, name, Act::Run(command));
            }
        }
        for deed in Deed::all(&patch) {
            let (text, keys) = (deed.label(), deed.keys().to_owned());
            let name = format!("Run {}", text.trim_end_matches('…'));
            add(text, keys, name, Act::Do(deed));
        }
        for page in Page::ALL {
            let text = format!("Go to {}", page.name());
            add(text.clone(), String::new(), text, Act::Run(Command::Go(page)));
        }
        for (id, module) in &patch.modules {
            let text = format!("Select {}", patch.label(id));
            add(text.clone(), module.kind.clone(), text, Act::Select(id.clone()));
        }
        for (note, name) in names(&patch) {
            let (kind, rest) = name.split_once(' ').unwrap_or((&name, ""));
            let text = format!("Select {} {rest}", kind.to_lowercase());
            add(text.clone(), String::new(), text, Act::SelectNote(note));
        }
        let shelf = self.presets.shelf();
        for preset in shelf.entries.iter().filter(|entry| entry.fault.is_none()) {
            let text = format!("Load {}", preset.name);
            add(text.clone(), "preset".into(), text, Act::Load(preset.id.clone()));
        }
        let chooser = Chooser::new("Find a command", lines);
        let back = ui.memory(egui::Memory::focused);
        self.palette = Some(Palette { chooser, acts, subject, back });
    }

    pub(crate) fn palette_popup(&mut self, ui: &Ui) {
        let Some(mut palette) = self.palette.take() else { return };
        let window = ui.ctx().content_rect();
        let corner = window.center_top() + vec2(-150.0, 60.0);
        let picked = palette.chooser.show(ui, corner, window);
        let act = match picked {
            Picked::Nothing => {
                self.palette = Some(palette);
                return;
            }
            Picked::Close => None,
            Picked::Line(at) => Some(palette.acts.swap_remove(at)),
        };
        if let Some(back) = palette.back {
            ui.memory_mut(|memory| memory.request_focus(back));
        }
        match act {
            None => {}
            Some(Act::Run(command @ (Command::Undo | Command::Redo | Command::Go(_)))) => {
                self.run_anywhere(ui, command);
            }
            Some(Act::Run(command)) => {
                self.page = Page::Canvas;
                self.canvas.wish(command, palette.subject);
            }
            Some(Act::Select(id)) => {
                self.page = Page::Canvas;
                self.canvas.select(id);
            }
            Some(Act::SelectNote(note)) => {
                self.page = Page::Canvas;
                self.canvas.select_note(note);
            }
            Some(Act::Load(id)) => self.load_preset(&id),
            Some(Act::Do(deed)) => self.carry_out(ui, deed),
        }
    }
}
