//! Where commands are done: one place for keys, menus and the palette.

use chronus_engine::{Param, Request, Unit, Width};
use chronus_patch::{ModuleId, Patch};
use egui::{Response, Ui, Vec2, vec2};

use super::command::{Command, Subject, Way};
use super::entry::{Entry, What};
use super::notes::Note;
use super::rewire;
use super::scene::Scene;
use crate::app::EditorApp;
use crate::bar::costly;
use crate::bind;

impl Way {
    pub(crate) fn vec(self) -> Vec2 {
        match self {
            Self::Left => vec2(-1.0, 0.0),
            Self::Right => vec2(1.0, 0.0),
            Self::Up => vec2(0.0, -1.0),
            Self::Down => vec2(0.0, 1.0),
        }
    }
}

/// Gives the keyboard back to the host, whatever has it here.
pub(crate) fn leave(ui: &Ui) {
    ui.memory_mut(|memory| {
        if let Some(focused) = memory.focused() {
            memory.surrender_focus(focused);
        }
    });
}

impl EditorApp {
    /// True when `command` can be done to `subject` now.
    pub(crate) fn enabled(&self, patch: &Patch, command: Command, subject: &Subject) -> bool {
        let modules = &self.canvas.selection.modules;
        let count = self.canvas.selection.count();
        let sole_note = self.canvas.selection.sole_note();
        let cable = self.canvas.selection.cable;
        let knob = || self.knob_of(patch, subject);
        let driven = || {
            let driver = |(id, param): (ModuleId, &'static Param)| {
                bind::driver(patch, self.engine.registry(), &id, param).is_some()
            };
            knob().map(driver)
        };
        match command {
            Command::Undo => self.engine.undo_labels().0.is_some(),
            Command::Redo => self.engine.undo_labels().1.is_some(),
            Command::PlayAnyway => self.engine.refusal().is_some_and(|(_, why)| costly(&why)),
            Command::Arrange => !patch.modules.is_empty(),
            Command::Paste => self.canvas.copied.is_some(),
            Command::SelectAll | Command::Fit => {
                !(patch.modules.is_empty() && patch.comments.is_empty() && patch.frames.is_empty())
            }
            Command::Bypass => !modules.is_empty(),
            Command::Duplicate | Command::Copy | Command::Cut => count > 0,
            Command::Colour(_) => !modules.is_empty() || self.selects_frame(),
            Command::Delete => count > 0 || cable.is_some(),
            Command::FrameSelection => count > 0,
            Command::EditText => sole_note.is_some(),
            Command::Size(_) => matches!(sole_note, Some(Note::Frame(_))),
            Command::DisconnectAll => match subject {
                Subject::Pin(end) => !rewire::cables_at(patch, end).is_empty(),
                _ => modules.iter().any(|id| patch.cables_of(id).next().is_some()),
            },
            Command::Connect => matches!(subject, Subject::Pin(_)) || modules.len() == 1,
            Command::Rename => modules.len() == 1 || sole_note.is_some(),
            Command::Replace => modules.len() == 1,
            Command::FirstKnob => {
                let knobs = |id: &ModuleId| self.spec_of(patch, id).map(|spec| spec.params.len());
                cable.is_some()
                    || sole_note.is_some()
                    || modules.len() == 1 && modules.first().and_then(knobs).unwrap_or(0) > 0
            }
            Command::Voices(_) => modules.iter().any(|id| self.takes_width(patch, id)),
            Command::NextCable => self.next_cable(patch).is_some(),
            Command::NextKnob | Command::PreviousKnob | Command::Reset => knob().is_some(),
            Command::TypeValue => knob().is_some_and(|(_, param)| param.unit != Unit::Choice),
            Command::Automate => driven() == Some(false),
            Command::Free | Command::NameMacro => driven() == Some(true),
            Command::Learn => knob().is_some(),
            Command::Gain | Command::Insert => cable.is_some(),
            Command::Feedback => cable.is_some_and(|id| rewire::feedback_here(patch, id).is_some()),
            Command::Palette
            | Command::Go(_)
            | Command::Add
            | Command::AddComment
            | Command::AddFrame
            | Command::ZoomIn
            | Command::ZoomOut
            | Command::Loads
            | Command::Help
            | Command::GiveUp
            | Command::Leave
            | Command::Menu
            | Command::Arrow(_)
            | Command::Walk(..) => true,
        }
    }

    /// Does `command`, if it is enabled.
    pub(crate) fn run(
        &mut self,
        ui: &Ui,
        scene: &Scene<'_>,
        ground: &Response,
        (command, subject): (Command, &Subject),
    ) {
        let patch = scene.patch;
        if !self.enabled(patch, command, subject) {
            return;
        }
        if !matches!(command, Command::Arrow(_) | Command::Size(_)) {
            self.canvas.nudging = None;
        }
        let middle = scene.window.center();
        match command {
            Command::Undo | Command::Redo | Command::Palette | Command::Go(_) => {
                self.run_anywhere(ui, command);
            }
            Command::Add => self.search_to_add(ui, scene, subject),
            Command::Paste => self.paste_copied(ui, scene, subject),
            Command::SelectAll => self.select_all(patch),
            Command::AddComment => self.add_comment(scene, subject),
            Command::AddFrame => self.add_frame(scene, subject),
            Command::FrameSelection => self.frame_selection(scene),
            Command::EditText => self.rename_selected(scene),
            Command::Fit => self.canvas.view = Some(self.view_of_all(patch, scene.window)),
            Command::ZoomIn => self.zoom(middle, 1.25),
            Command::ZoomOut => self.zoom(middle, 0.8),
            Command::Help => self.canvas.help = !self.canvas.help,
            Command::PlayAnyway => self.commits.commit_anyway(&self.engine),
            Command::Arrange => self.arrange(patch),
            Command::Loads => self.loads.shown = !self.loads.shown,
            Command::GiveUp => self.give_up(ground, subject),
            Command::Leave => leave(ui),
            Command::Menu => self.open_menu_by_key(ui, scene, subject),
            Command::Arrow(way) => self.arrow(scene, way),
            Command::Size(way) => self.size_frame(patch, way),
            Command::Walk(way, too) => self.walk(scene, ground, way, too),
            Command::Rename => self.rename_selected(scene),
            Command::Bypass => self.bypass(patch),
            Command::Duplicate => {
                let fragment = self.copied_selection(patch);
                self.put(scene, &fragment, fragment.beside());
            }
            Command::Copy => self.copy(ui, scene),
            Command::Cut => {
                self.copy(ui, scene);
                // A frame takes along what lies in it, as it does when it is copied.
                self.canvas.selection = self.moving(patch);
                self.delete_selected(scene);
            }
            Command::Delete => self.delete_selected(scene),
            Command::Replace => self.search_to_replace(scene),
            Command::Voices(width) => self.set_width(patch, width),
            Command::Colour(colour) => self.recolour(patch, colour),
            Command::DisconnectAll => self.disconnect_all(patch, subject),
            Command::Connect => self.open_connect(ui, scene, subject),
            Command::NextCable => self.select_next_cable(patch),
            Command::FirstKnob if self.canvas.selection.cable.is_some() => self.type_gain(scene),
            Command::FirstKnob if self.canvas.selection.sole_note().is_some() => {
                self.rename_selected(scene);
            }
            Command::FirstKnob => self.go_to_knobs(scene),
            Command::NextKnob => self.go_on(patch, subject, true),
            Command::PreviousKnob => self.go_on(patch, subject, false),
            Command::TypeValue => self.type_value(ui, scene, subject),
            Command::Gain => self.type_gain(scene),
            Command::Insert => self.search_to_insert(scene),
            Command::Feedback => {
                let here = self.canvas.selection.cable;
                if let Some(edit) = here.and_then(|id| rewire::feedback_here(patch, id)) {
                    self.commit("feedback here", &[Request::Edit(edit)]);
                }
            }
            Command::Reset
            | Command::Automate
            | Command::Free
            | Command::Learn
            | Command::NameMacro => self.run_on_knob(scene, command, subject),
        }
    }

    /// Does what needs no canvas.
    pub(crate) fn run_anywhere(&mut self, ui: &Ui, command: Command) {
        match command {
            Command::Undo => self.undo(),
            Command::Redo => self.redo(),
            Command::Palette => self.open_palette(ui),
            Command::Go(page) => self.page = page,
            _ => {}
        }
    }

    fn run_on_knob(&mut self, scene: &Scene<'_>, command: Command, subject: &Subject) {
        let patch = scene.patch;
        let Some((id, param)) = self.knob_of(patch, subject) else { return };
        let (Some(module), Some(spec)) = (patch.modules.get(&id), self.spec_of(patch, &id)) else {
            return;
        };
        let (value, driven) = self.shown_value(patch, (&id, module), spec, param);
        match (command, driven) {
            (Command::Reset, _) => {
                self.turn(patch, &id, param, param.default, false);
                self.let_go();
            }
            (Command::Automate, None) => self.bind(patch, &id, param, value),
            (Command::Free, Some(index)) => self.unbind(patch, index, &id, param, value),
            (Command::Learn, _) => self.learn(&id, param),
            (Command::NameMacro, Some(index)) => {
                let name = patch.macros.get(&index).map_or("", |knob| &knob.name);
                let what = What::Macro { index, id, param: param.name };
                self.canvas.entry = Some(Entry::new(what, name));
            }
            _ => {}
        }
    }

    /// The knob that a subject names.
    pub(crate) fn knob_of(
        &self,
        patch: &Patch,
        subject: &Subject,
    ) -> Option<(ModuleId, &'static Param)> {
        let Subject::Knob(id, name) = subject else { return None };
        let spec = self.spec_of(patch, id)?;
        Some((id.clone(), &spec.params[spec.param(name)?]))
    }

    pub(crate) fn spec_of(
        &self,
        patch: &Patch,
        id: &ModuleId,
    ) -> Option<&'static chronus_engine::Spec> {
        self.engine.registry().spec(&patch.modules.get(id)?.kind).ok()
    }

    pub(crate) fn takes_width(&self, patch: &Patch, id: &ModuleId) -> bool {
        let spec = self.spec_of(patch, id);
        spec.is_some_and(|spec| matches!(spec.width, Width::Widest | Width::Bus))
    }
}
