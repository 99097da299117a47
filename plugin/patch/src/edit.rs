//! Edits: everything that can change a patch, as plain data, each with an exact inverse.

mod admit;
mod apply;
mod compose;
mod error;

pub use error::EditError;

pub(crate) use compose::{Numbers, numbered, stem_of};

use crate::{
    Asset, Bus, Cable, CableId, Colour, Comment, Frame, Group, MacroKnob, MidiLearn, Module,
    ModuleId, ModuleWidth, Patch, Point, Scene, Tuning, VoiceSettings,
};

/// One change of a patch. [`Patch::apply`] does it and answers with its inverse.
///
/// A `Set…` edit with an `Option` creates or replaces with `Some` and removes with `None`;
/// removing what is not there changes nothing and is no error.
#[derive(Clone, Debug, PartialEq)]
pub enum Edit {
    /// Adds a whole module. Refused: an id in use, a name in use, an unknown group or asset, a
    /// value that is not finite.
    Create {
        /// Its id, not in use.
        id: ModuleId,
        /// All of it.
        module: Module,
    },
    /// Removes a module, its cables, the macro bindings to it, and the group ports and knobs that
    /// show it. The inverse restores all of that.
    Delete {
        /// The module.
        id: ModuleId,
    },
    /// Adds a cable. Refused: an id in use, unknown modules, a second cable from the same output
    /// to the same input, a gain outside -16..=16, and a cable not marked `feedback` that would
    /// close a cycle ([`Patch::connect_edit`] marks it).
    Connect {
        /// Its id, not in use.
        id: CableId,
        /// All of it.
        cable: Cable,
    },
    /// Removes a cable.
    Disconnect {
        /// The cable.
        id: CableId,
    },
    /// Sets a cable's gain.
    SetGain {
        /// The cable.
        id: CableId,
        /// Linear, -16..=16.
        gain: f32,
    },
    /// Moves a cycle's delay onto or off a cable. Taking it off is refused while the cycle has no
    /// other.
    SetFeedback {
        /// The cable.
        id: CableId,
        /// True: this cable is delayed.
        feedback: bool,
    },
    /// Sets a param. The patch knows no specs: range and name are the caller's to check.
    SetParam {
        /// The module.
        id: ModuleId,
        /// The param's name.
        param: String,
        /// In the param's unit; finite.
        value: f32,
    },
    /// Sets a param back to its kind's default.
    ResetParam {
        /// The module.
        id: ModuleId,
        /// The param's name.
        param: String,
    },
    /// Sets the offsets per voice of a param; empty removes them.
    SetVoiceOffsets {
        /// The module.
        id: ModuleId,
        /// The param's name.
        param: String,
        /// In voice order, in the param's unit, at most 64; finite.
        offsets: Vec<f32>,
    },
    /// Changes a module's label; the id stays. Refused: a name in use.
    Rename {
        /// The module.
        id: ModuleId,
        /// The label; empty = the id is the label.
        name: String,
    },
    /// Moves a module on the canvas.
    Move {
        /// The module.
        id: ModuleId,
        /// Its top left corner, in points.
        position: Point,
    },
    /// Sets a module's colour.
    Recolour {
        /// The module.
        id: ModuleId,
        /// None: the colour of its family.
        colour: Option<Colour>,
    },
    /// Bypasses a module, or not.
    SetBypass {
        /// The module.
        id: ModuleId,
        /// True: its outputs carry its `through` inputs.
        bypass: bool,
    },
    /// Sets how many lanes a module has.
    SetWidth {
        /// The module.
        id: ModuleId,
        /// Mono, a lane a voice, or as its kind says.
        width: ModuleWidth,
    },
    /// Puts a module into a group. Refused: an unknown group.
    SetModuleGroup {
        /// The module.
        id: ModuleId,
        /// None: into no group.
        group: Option<String>,
    },
    /// Gives a module another asset. Refused: an unknown asset.
    SetModuleAsset {
        /// The module.
        id: ModuleId,
        /// The asset's name in the patch.
        asset: Option<String>,
    },
    /// Sets one macro. Refused: an index above 127, bindings to unknown modules.
    SetMacro {
        /// 0..=127.
        index: u8,
        /// Its label, value and bindings.
        knob: Option<MacroKnob>,
    },
    /// Sets how notes become voices.
    SetVoice(VoiceSettings),
    /// Sets the pitch of keys.
    SetTuning(Tuning),
    /// Sets the patch's name.
    SetName(String),
    /// Sets the text about the patch.
    SetNotes(String),
    /// Sets the words that the patch is found by.
    SetTags(Vec<String>),
    /// Sets all controller bindings.
    SetMidiLearn(Vec<MidiLearn>),
    /// Sets one scene. Refused: a scene that is no sound body.
    SetScene {
        /// The scene's name.
        name: String,
        /// Its body.
        scene: Option<Scene>,
    },
    /// Sets one group. Refused: unknown modules, an unknown or circular parent, and removing a
    /// group that still holds modules or groups.
    SetGroup {
        /// The group's path id.
        id: String,
        /// The group.
        group: Option<Group>,
    },
    /// Sets one comment.
    SetComment {
        /// The comment's id.
        id: String,
        /// The comment.
        comment: Option<Comment>,
    },
    /// Sets one frame.
    SetFrame {
        /// The frame's id.
        id: String,
        /// The frame.
        frame: Option<Frame>,
    },
    /// Sets one asset. Removing one that a module uses is refused.
    SetAsset {
        /// The name that modules refer to.
        name: String,
        /// The asset.
        asset: Option<Asset>,
    },
    /// Sets all host buses beyond the main pair.
    SetBuses(Vec<Bus>),
    /// Several edits in order, as one undo step and one commit: all of them or none.
    Batch(Vec<Self>),
    /// Replaces the whole document: a load. Refused: a patch that [`Patch::validate`] refuses.
    ReplaceAll(Box<Patch>),
}

/// What an applied edit answers.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Edited {
    /// Applied next, it restores the patch as it was, to equality.
    pub inverse: Edit,
    /// False when the patch already was as the edit wants it: worth no undo step and no commit. Of
    /// a batch, true when any of its edits changed something, even if a later one took it back.
    pub changed: bool,
}

impl Edit {
    /// All of `edits`, in their order: a batch, unless it is one.
    #[must_use]
    pub fn all(mut edits: Vec<Self>) -> Self {
        if edits.len() == 1 { edits.remove(0) } else { Self::Batch(edits) }
    }

    /// The edits of a batch; any other edit by itself.
    #[must_use]
    pub fn into_list(self) -> Vec<Self> {
        match self {
            Self::Batch(edits) => edits,
            edit => vec![edit],
        }
    }

    /// True for a change of values only ([`Edit::SetParam`], [`Edit::ResetParam`], or a batch of
    /// nothing else): it moves a knob and needs no commit.
    #[must_use]
    pub fn is_value(&self) -> bool {
        match self {
            Self::SetParam { .. } | Self::ResetParam { .. } => true,
            Self::Batch(edits) => edits.iter().all(Self::is_value),
            _ => false,
        }
    }

    /// True when the edit cannot change the sound, now or later: layout, names, colours, texts,
    /// groups, scenes (data only for now), or a batch of nothing else.
    #[must_use]
    pub fn is_silent(&self) -> bool {
        match self {
            Self::Rename { .. }
            | Self::Move { .. }
            | Self::Recolour { .. }
            | Self::SetModuleGroup { .. }
            | Self::SetName(_)
            | Self::SetNotes(_)
            | Self::SetTags(_)
            | Self::SetScene { .. }
            | Self::SetGroup { .. }
            | Self::SetComment { .. }
            | Self::SetFrame { .. } => true,
            Self::Batch(edits) => edits.iter().all(Self::is_silent),
            _ => false,
        }
    }

    /// The edit in a few words for menus and logs, with the modules' labels, such as
    /// "connect osc1 → env1". `patch` is the document the edit is about to be applied to.
    #[must_use]
    pub fn describe(&self, patch: &Patch) -> String {
        let cable = |id: &CableId| match patch.cables.get(id) {
            Some(c) => format!("{} → {}", patch.label(&c.from.module), patch.label(&c.to.module)),
            None => format!("cable {id}"),
        };
        let set = |verb: &str, there: bool| {
            if there { format!("change {verb}") } else { format!("remove {verb}") }
        };
        match self {
            Self::Create { id, module } => {
                format!("add {}", if module.name.is_empty() { id.as_str() } else { &module.name })
            }
            Self::Delete { id } => format!("delete {}", patch.label(id)),
            Self::Connect { cable: c, .. } => {
                let (from, to) = (&c.from.module, &c.to.module);
                format!("connect {} → {}", patch.label(from), patch.label(to))
            }
            Self::Disconnect { id } => format!("disconnect {}", cable(id)),
            Self::SetGain { id, .. } => format!("gain of {}", cable(id)),
            Self::SetFeedback { id, .. } => format!("feedback of {}", cable(id)),
            Self::SetParam { id, param, .. } => format!("{} {param}", patch.label(id)),
            Self::ResetParam { id, param } => format!("reset {} {param}", patch.label(id)),
            Self::SetVoiceOffsets { id, param, .. } => {
                format!("{} {param} per voice", patch.label(id))
            }
            Self::Rename { id, name } if name.is_empty() => format!("unname {}", patch.label(id)),
            Self::Rename { id, name } => format!("rename {} to {name}", patch.label(id)),
            Self::Move { id, .. } => format!("move {}", patch.label(id)),
            Self::Recolour { id, .. } => format!("colour of {}", patch.label(id)),
            Self::SetBypass { id, bypass: true } => format!("bypass {}", patch.label(id)),
            Self::SetBypass { id, .. } => format!("enable {}", patch.label(id)),
            Self::SetWidth { id, .. } => format!("voices of {}", patch.label(id)),
            Self::SetModuleGroup { id, group: Some(group) } => {
                format!("put {} into {group}", patch.label(id))
            }
            Self::SetModuleGroup { id, .. } => format!("ungroup {}", patch.label(id)),
            Self::SetModuleAsset { id, .. } => format!("file of {}", patch.label(id)),
            Self::SetMacro { index, knob } => {
                set(&format!("macro {}", u32::from(*index) + 1), knob.is_some())
            }
            Self::SetVoice(_) => "voice settings".to_owned(),
            Self::SetTuning(_) => "tuning".to_owned(),
            Self::SetName(_) => "rename the patch".to_owned(),
            Self::SetNotes(_) => "notes".to_owned(),
            Self::SetTags(_) => "tags".to_owned(),
            Self::SetMidiLearn(_) => "MIDI bindings".to_owned(),
            Self::SetScene { name, scene } => set(&format!("scene {name}"), scene.is_some()),
            Self::SetGroup { id, group } => set(&format!("group {id}"), group.is_some()),
            Self::SetComment { comment, .. } => set("comment", comment.is_some()),
            Self::SetFrame { frame, .. } => set("frame", frame.is_some()),
            Self::SetAsset { name, asset } => set(&format!("file {name}"), asset.is_some()),
            Self::SetBuses(_) => "host buses".to_owned(),
            Self::Batch(edits) => match edits.as_slice() {
                [] => "nothing".to_owned(),
                [only] => only.describe(patch),
                [first, rest @ ..] => format!("{} and {} more", first.describe(patch), rest.len()),
            },
            Self::ReplaceAll(new) if new.name.is_empty() => "load a patch".to_owned(),
            Self::ReplaceAll(new) => format!("load {}", new.name),
        }
    }
}
