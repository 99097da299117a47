//! Everything that can be done to what lies on the canvas, in one table: keys, context menus and the
//! palette all read it, and all go through [`EditorApp::run`](crate::app::EditorApp::run).

use chronus_patch::{Colour, ModuleId, ModuleWidth};
use egui::{Context, Key, KeyboardShortcut, Modifiers, Pos2};

use super::scene::End;
use crate::app::Page;

const NONE: Modifiers = Modifiers::NONE;
const SHIFT: Modifiers = Modifiers::SHIFT;
const COMMAND: Modifiers = Modifiers::COMMAND;
const COMMAND_SHIFT: Modifiers = Modifiers::COMMAND.plus(Modifiers::SHIFT);

/// One thing that can be done.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Command {
    /// Takes the last step back.
    Undo,
    /// Does it again.
    Redo,
    /// Opens the list of all commands.
    Palette,
    /// Shows a page.
    Go(Page),
    /// Opens the search for a module to add.
    Add,
    /// Begins a comment.
    AddComment,
    AddFrame,
    /// Puts a frame around what is selected.
    FrameSelection,
    /// Edits a comment's text or a frame's title.
    EditText,
    /// Adds what was copied here.
    Paste,
    SelectAll,
    /// Shows the whole patch.
    Fit,
    ZoomIn,
    ZoomOut,
    /// What is selected or has the focus says what it is, or no longer.
    Help,
    /// Plays a patch that was refused for its cost.
    PlayAnyway,
    /// Puts all modules in columns.
    Arrange,
    /// Shows what each module takes of the processor, or hides it.
    Loads,
    /// Lets go of what is in hand, or of what is selected.
    GiveUp,
    /// Gives the keyboard back to the host.
    Leave,
    /// Opens the menu of what is selected, or of the knob that has the focus.
    Menu,
    /// Moves what is selected, or the view when nothing is.
    Arrow(Way),
    /// Makes the selected frame larger or smaller at its lower right corner.
    Size(Way),
    /// Selects the nearest module that way; adds it when true.
    Walk(Way, bool),
    Rename,
    Bypass,
    Duplicate,
    Copy,
    Cut,
    Delete,
    /// Puts another kind in a module's place.
    Replace,
    Voices(ModuleWidth),
    /// None: the family's own.
    Colour(Option<Colour>),
    /// Takes all cables off.
    DisconnectAll,
    /// Opens the list of what can be connected to what is selected.
    Connect,
    /// Selects the next cable of what is selected.
    NextCable,
    /// Gives a module's first knob the keyboard.
    FirstKnob,
    /// The keyboard goes on to the next knob.
    NextKnob,
    PreviousKnob,
    /// Types a knob's value.
    TypeValue,
    Reset,
    /// Drives a knob by the next free macro.
    Automate,
    /// Takes a knob off its macro.
    Free,
    /// Waits for the controller that is to move a knob; gives up when it waits.
    Learn,
    /// Names the macro that drives a knob.
    NameMacro,
    /// Types a cable's gain.
    Gain,
    /// Puts a new module into a cable.
    Insert,
    /// Puts its cycle's delay onto a cable.
    Feedback,
}

/// A way on the canvas.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Way {
    Left,
    Right,
    Up,
    Down,
}

/// What a command is about.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Subject {
    /// What is selected: modules, or a cable.
    Selection,
    /// A knob.
    Knob(ModuleId, &'static str),
    /// A pin.
    Pin(End),
    /// The ground, at a place in the window.
    Ground(Pos2),
}

/// What the keyboard is on when a key means a command.
#[derive(Clone, Copy, PartialEq, Eq)]
enum On {
    /// The canvas or a knob on it.
    Both,
    /// The canvas alone: a knob has its own use for the key, or it would surprise there.
    Canvas,
    /// A knob alone.
    Knob,
}

/// Keys, and what they mean where. The first of a command's keys is the one that menus show.
const KEYS: &[(Command, On, Modifiers, Key)] = &[
    (Command::Undo, On::Both, COMMAND, Key::Z),
    (Command::Redo, On::Both, COMMAND_SHIFT, Key::Z),
    (Command::Redo, On::Both, COMMAND, Key::Y),
    (Command::Redo, On::Both, COMMAND_SHIFT, Key::Y),
    (Command::Palette, On::Both, COMMAND, Key::K),
    (Command::Palette, On::Both, SHIFT, Key::Colon),
    (Command::Palette, On::Both, NONE, Key::Colon),
    (Command::Add, On::Canvas, NONE, Key::Tab),
    (Command::SelectAll, On::Both, COMMAND, Key::A),
    (Command::Fit, On::Both, NONE, Key::F),
    (Command::FrameSelection, On::Canvas, SHIFT, Key::F),
    (Command::ZoomIn, On::Both, NONE, Key::Plus),
    (Command::ZoomIn, On::Both, SHIFT, Key::Plus),
    (Command::ZoomIn, On::Both, NONE, Key::Equals),
    (Command::ZoomOut, On::Both, NONE, Key::Minus),
    (Command::Help, On::Both, NONE, Key::F1),
    (Command::Loads, On::Both, NONE, Key::F3),
    (Command::GiveUp, On::Both, NONE, Key::Escape),
    (Command::Leave, On::Both, NONE, Key::F6),
    (Command::Menu, On::Both, SHIFT, Key::F10),
    (Command::Menu, On::Both, NONE, Key::Menu),
    (Command::Arrow(Way::Left), On::Canvas, NONE, Key::ArrowLeft),
    (Command::Arrow(Way::Right), On::Canvas, NONE, Key::ArrowRight),
    (Command::Arrow(Way::Up), On::Canvas, NONE, Key::ArrowUp),
    (Command::Arrow(Way::Down), On::Canvas, NONE, Key::ArrowDown),
    (Command::Size(Way::Left), On::Canvas, SHIFT, Key::ArrowLeft),
    (Command::Size(Way::Right), On::Canvas, SHIFT, Key::ArrowRight),
    (Command::Size(Way::Up), On::Canvas, SHIFT, Key::ArrowUp),
    (Command::Size(Way::Down), On::Canvas, SHIFT, Key::ArrowDown),
    (Command::Walk(Way::Left, false), On::Both, COMMAND, Key::ArrowLeft),
    (Command::Walk(Way::Right, false), On::Both, COMMAND, Key::ArrowRight),
    (Command::Walk(Way::Up, false), On::Both, COMMAND, Key::ArrowUp),
    (Command::Walk(Way::Down, false), On::Both, COMMAND, Key::ArrowDown),
    (Command::Walk(Way::Left, true), On::Both, COMMAND_SHIFT, Key::ArrowLeft),
    (Command::Walk(Way::Right, true), On::Both, COMMAND_SHIFT, Key::ArrowRight),
    (Command::Walk(Way::Up, true), On::Both, COMMAND_SHIFT, Key::ArrowUp),
    (Command::Walk(Way::Down, true), On::Both, COMMAND_SHIFT, Key::ArrowDown),
    (Command::Rename, On::Both, NONE, Key::F2),
    (Command::Bypass, On::Both, NONE, Key::B),
    (Command::Duplicate, On::Both, COMMAND, Key::D),
    (Command::Delete, On::Canvas, NONE, Key::Delete),
    (Command::Delete, On::Canvas, NONE, Key::Backspace),
    (Command::Replace, On::Both, NONE, Key::R),
    (Command::DisconnectAll, On::Canvas, SHIFT, Key::Delete),
    (Command::Connect, On::Both, NONE, Key::C),
    (Command::NextCable, On::Both, NONE, Key::N),
    (Command::FirstKnob, On::Canvas, NONE, Key::Enter),
    (Command::Gain, On::Canvas, NONE, Key::G),
    (Command::Insert, On::Canvas, NONE, Key::I),
    (Command::NextKnob, On::Knob, NONE, Key::Tab),
    (Command::PreviousKnob, On::Knob, SHIFT, Key::Tab),
    (Command::TypeValue, On::Knob, NONE, Key::Enter),
    (Command::Reset, On::Knob, NONE, Key::Delete),
    (Command::Reset, On::Knob, NONE, Key::Backspace),
    (Command::Automate, On::Knob, NONE, Key::A),
    (Command::Learn, On::Knob, NONE, Key::L),
];

/// What the palette offers beside pages, modules and presets, in its order.
pub(crate) const OFFERED: &[Command] = &[
    Command::Undo,
    Command::Redo,
    Command::PlayAnyway,
    Command::Add,
    Command::AddComment,
    Command::AddFrame,
    Command::FrameSelection,
    Command::EditText,
    Command::Connect,
    Command::Rename,
    Command::Bypass,
    Command::Duplicate,
    Command::Copy,
    Command::Cut,
    Command::Paste,
    Command::Delete,
    Command::Replace,
    Command::Voices(ModuleWidth::Auto),
    Command::Voices(ModuleWidth::Mono),
    Command::Voices(ModuleWidth::PerVoice),
    Command::Colour(None),
    Command::DisconnectAll,
    Command::NextCable,
    Command::FirstKnob,
    Command::Gain,
    Command::Insert,
    Command::Feedback,
    Command::TypeValue,
    Command::Reset,
    Command::Automate,
    Command::Free,
    Command::Learn,
    Command::NameMacro,
    Command::SelectAll,
    Command::Fit,
    Command::ZoomIn,
    Command::ZoomOut,
    Command::Arrange,
    Command::Loads,
    Command::Help,
];

impl Command {
    /// What menus call it.
    pub(crate) fn label(self) -> &'static str {
        match self {
            Self::Undo => "Undo",
            Self::Redo => "Redo",
            Self::Palette => "All commands…",
            Self::Go(page) => page.name(),
            Self::Add => "Add module…",
            Self::AddComment => "Add comment",
            Self::AddFrame => "Add frame",
            Self::FrameSelection => "Frame selection",
            Self::EditText => "Edit text",
            Self::Paste => "Paste",
            Self::SelectAll => "Select all",
            Self::Fit => "Fit the patch",
            Self::ZoomIn => "Zoom in",
            Self::ZoomOut => "Zoom out",
            Self::Help => "Help on what is selected",
            Self::PlayAnyway => "Play it anyway",
            Self::Arrange => "Arrange",
            Self::Loads => "Load of modules",
            Self::GiveUp => "Give up",
            Self::Leave => "Leave the canvas",
            Self::Menu => "Menu",
            Self::Arrow(_) => "Move",
            Self::Size(_) => "Size",
            Self::Walk(_, false) => "Select the next that way",
            Self::Walk(_, true) => "Select the next that way, too",
            Self::Rename => "Rename",
            Self::Bypass => "Bypass",
            Self::Duplicate => "Duplicate",
            Self::Copy => "Copy",
            Self::Cut => "Cut",
            Self::Delete => "Delete",
            Self::Replace => "Replace with…",
            Self::Voices(ModuleWidth::Auto) => "Voices: auto",
            Self::Voices(ModuleWidth::Mono) => "Voices: mono",
            Self::Voices(ModuleWidth::PerVoice) => "Voices: per voice",
            Self::Colour(None) => "Colour: its family's",
            Self::Colour(Some(_)) => "Colour",
            Self::DisconnectAll => "Disconnect all",
            Self::Connect => "Connect…",
            Self::NextCable => "Next cable of module",
            Self::FirstKnob => "Go to its knobs",
            Self::NextKnob => "Next knob",
            Self::PreviousKnob => "Previous knob",
            Self::TypeValue => "Type a value",
            Self::Reset => "Reset",
            Self::Automate => "Automate",
            Self::Free => "Free from its macro",
            Self::Learn => "MIDI learn",
            Self::NameMacro => "Name its macro…",
            Self::Gain => "Gain…",
            Self::Insert => "Insert module…",
            Self::Feedback => "Feedback here",
        }
    }

    /// The command that a key means, with the keyboard on a knob or on the canvas.
    pub(crate) fn of_key(on_knob: bool, (modifiers, key): (Modifiers, Key)) -> Option<Self> {
        let elsewhere = if on_knob { On::Canvas } else { On::Knob };
        let means = |(_, on, pressed, with): &&(Self, On, Modifiers, Key)| {
            *on != elsewhere && *with == key && modifiers.matches_exact(*pressed)
        };
        KEYS.iter().find(means).map(|(command, ..)| *command)
    }

    /// Its key as menus show it; empty without one.
    pub(crate) fn keys(self, context: &Context) -> String {
        match self {
            // These three come from the window as events of their own.
            Self::Copy => return context.format_shortcut(&KeyboardShortcut::new(COMMAND, Key::C)),
            Self::Cut => return context.format_shortcut(&KeyboardShortcut::new(COMMAND, Key::X)),
            Self::Paste => return context.format_shortcut(&KeyboardShortcut::new(COMMAND, Key::V)),
            _ => {}
        }
        let first = KEYS.iter().find(|(command, ..)| *command == self);
        let text = |(_, _, modifiers, key): &(Self, On, Modifiers, Key)| {
            context.format_shortcut(&KeyboardShortcut::new(*modifiers, *key))
        };
        first.map(text).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Law: no key means two things in one place.
    #[test]
    fn every_key_has_one_meaning_where_the_keyboard_is() {
        for (at, (command, on, modifiers, key)) in KEYS.iter().enumerate() {
            for (other, on_too, with, pressed) in &KEYS[at + 1..] {
                let together = on == on_too || *on == On::Both || *on_too == On::Both;
                let same = key == pressed && modifiers.matches_exact(*with);
                assert!(!(together && same), "{command:?} and {other:?}");
            }
        }
    }
}
