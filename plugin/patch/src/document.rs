//! The patch as plain data: what format version 1 holds (field for field what the file holds).

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::{CableId, ModuleId};

/// Fields this version does not know; kept and written back, so that a newer file loses nothing.
pub type Unknown = serde_json::Map<String, serde_json::Value>;

/// A whole document. Equality is equality of everything that a file holds.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Patch {
    /// Shown in the editor and the browser; not an identity.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub name: String,
    /// Free text about the patch.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub notes: String,
    /// Words to find it by.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub tags: Vec<String>,
    /// The body: what sounds.
    pub modules: BTreeMap<ModuleId, Module>,
    /// Cables in order of their id; the file keeps them as a list.
    #[serde(with = "crate::format::cable_list")]
    pub cables: BTreeMap<CableId, Cable>,
    /// How notes are spread over voices.
    pub voice: VoiceSettings,
    /// Deviation from equal temperament and from A4 = 440 Hz.
    pub tuning: Tuning,
    /// The host-automatable knobs, by index 0..128. Only bound or renamed ones are stored.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub macros: BTreeMap<u8, MacroKnob>,
    /// Controllers that move params or macros.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub midi_learn: Vec<MidiLearn>,
    /// Named variants of the patch; data only for now.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub scenes: BTreeMap<String, Scene>,
    /// Folders over the flat module list; grouping changes nothing that sounds.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub groups: BTreeMap<String, Group>,
    /// Text notes on the canvas.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub comments: BTreeMap<String, Comment>,
    /// Rectangles that gather modules on the canvas.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub frames: BTreeMap<String, Frame>,
    /// Files the patch uses, by the name that modules refer to.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub assets: BTreeMap<String, Asset>,
    /// Host buses beyond the main stereo pair; data only for now.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub buses: Vec<Bus>,
    /// Fields of a newer version.
    #[serde(flatten)]
    pub unknown: Unknown,
}

/// One instance of a kind.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Module {
    /// The kind's name, as the registry spells it ("vco").
    pub kind: String,
    /// Version of the kind that wrote `params`, for migrations of one kind.
    #[serde(default = "one", skip_serializing_if = "is_one")]
    pub kind_version: u32,
    /// Label, unique in the patch. Empty means: the id is the label.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub name: String,
    /// Values in real units (Hz, ms, dB, …) by param name; what is missing has the kind's default.
    #[serde(default)]
    pub params: BTreeMap<String, f32>,
    /// Offset per voice for a param (its lanes in voice order), in the param's unit.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub voice_offsets: BTreeMap<String, Vec<f32>>,
    /// Bypassed modules keep running; their outputs carry their `through` input instead.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub bypass: bool,
    /// Overrides how the kind chooses between mono and one lane a voice.
    #[serde(default, skip_serializing_if = "is_default")]
    pub width: ModuleWidth,
    /// Asset used by the module, by its name in `Patch::assets`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub asset: Option<String>,
    /// Top left corner on the canvas, in points at 1x.
    #[serde(default, skip_serializing_if = "is_origin")]
    pub position: Point,
    /// Overrides the family's colour.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub colour: Option<Colour>,
    /// The group it stands in, by path id.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub group: Option<String>,
    /// Fields of a newer version.
    #[serde(flatten)]
    pub unknown: Unknown,
}

impl Module {
    /// A module of `kind` with the kind's defaults.
    #[must_use]
    pub fn new(kind: impl Into<String>) -> Self {
        Self {
            kind: kind.into(),
            kind_version: 1,
            name: String::new(),
            params: BTreeMap::new(),
            voice_offsets: BTreeMap::new(),
            bypass: false,
            width: ModuleWidth::Auto,
            asset: None,
            position: Point::default(),
            colour: None,
            group: None,
            unknown: Unknown::new(),
        }
    }
}

/// How many lanes a module has.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ModuleWidth {
    /// As the kind says: the widest input, or mono for a bus.
    #[default]
    Auto,
    /// One lane; poly inputs are mixed down.
    Mono,
    /// One lane a voice.
    PerVoice,
}

/// One end of a cable: a port of a module. In files "osc1.out".
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PortRef {
    /// The module.
    pub module: ModuleId,
    /// The port's name, as its kind spells it.
    pub port: String,
}

impl PortRef {
    /// The port `port` of `module`.
    #[must_use]
    pub fn new(module: ModuleId, port: impl Into<String>) -> Self {
        Self { module, port: port.into() }
    }
}

impl std::fmt::Display for PortRef {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}.{}", self.module, self.port)
    }
}

/// A connection from an output to an input.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Cable {
    /// The output it starts at.
    pub from: PortRef,
    /// The input it ends at.
    pub to: PortRef,
    /// Linear gain, -16..16; 1 passes the signal unchanged.
    #[serde(default = "unity", skip_serializing_if = "is_unity")]
    pub gain: f32,
    /// True for the cable of a cycle that carries the cycle's delay (32 frames). Set by the edit
    /// that closes the cycle, never by compilation.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub feedback: bool,
    /// Fields of a newer version.
    #[serde(flatten)]
    pub unknown: Unknown,
}

impl Cable {
    /// A cable of gain 1.
    #[must_use]
    pub fn new(from: PortRef, to: PortRef) -> Self {
        Self { from, to, gain: 1.0, feedback: false, unknown: Unknown::new() }
    }
}

/// How notes become voices.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct VoiceSettings {
    /// 1..=64.
    pub count: u8,
    /// What happens when a note arrives while another is held.
    pub mode: VoiceMode,
    /// Time from one pitch to the next, in ms; 0 = none.
    pub glide: f32,
    /// Fields of a newer version.
    #[serde(flatten)]
    pub unknown: Unknown,
}

impl Default for VoiceSettings {
    fn default() -> Self {
        Self { count: 16, mode: VoiceMode::Poly, glide: 0.0, unknown: Unknown::new() }
    }
}

/// How a new note meets held ones.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum VoiceMode {
    /// A voice a note, stealing when all sound.
    #[default]
    Poly,
    /// One voice, last note wins, every note retriggers.
    Mono,
    /// One voice, last note wins, notes played legato do not retrigger.
    Legato,
}

/// Pitch of keys.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Tuning {
    /// Frequency of A4 in Hz.
    pub a4: f32,
    /// Deviation in cents of the twelve pitch classes from C; empty = equal temperament.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub cents: Vec<f32>,
    /// Fields of a newer version.
    #[serde(flatten)]
    pub unknown: Unknown,
}

impl Default for Tuning {
    fn default() -> Self {
        Self { a4: 440.0, cents: Vec::new(), unknown: Unknown::new() }
    }
}

/// One of the 128 host-automatable knobs.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct MacroKnob {
    /// Label; empty = named after what it drives.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub name: String,
    /// 0..=1, used where no host value exists (files, `chronus render`); a host's value wins.
    pub value: f32,
    /// The params it drives.
    pub bindings: Vec<Binding>,
    /// Fields of a newer version.
    #[serde(flatten)]
    pub unknown: Unknown,
}

/// One param driven by a macro, absolutely: value = curve(min, max, macro).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Binding {
    /// The module.
    pub module: ModuleId,
    /// The param's name.
    pub param: String,
    /// Value at macro 0, in the param's unit.
    pub min: f32,
    /// Value at macro 1, in the param's unit. May be under `min`.
    pub max: f32,
    /// The way between.
    #[serde(default, skip_serializing_if = "is_default")]
    pub curve: BindingCurve,
    /// Fields of a newer version.
    #[serde(flatten)]
    pub unknown: Unknown,
}

/// The way from `min` to `max`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum BindingCurve {
    /// As the param's own knob moves (a frequency: exponential).
    #[default]
    Taper,
    /// A straight line in the param's unit.
    Linear,
}

/// A controller bound to a param or macro.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct MidiLearn {
    /// MIDI channel 0..16; none = any.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub channel: Option<u8>,
    /// Controller number 0..128.
    pub controller: u8,
    /// The macro 0..128 it moves.
    pub macro_index: u8,
    /// Fields of a newer version.
    #[serde(flatten)]
    pub unknown: Unknown,
}

/// A full body without layout, over the same ModuleIds.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Scene {
    /// Modules of the scene.
    pub modules: BTreeMap<ModuleId, SceneModule>,
    /// Cables of the scene.
    #[serde(with = "crate::format::cable_list")]
    pub cables: BTreeMap<CableId, Cable>,
    /// Macro values by index.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub macros: BTreeMap<u8, f32>,
    /// Fields of a newer version.
    #[serde(flatten)]
    pub unknown: Unknown,
}

/// A module as a scene holds it.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct SceneModule {
    /// The kind's name.
    pub kind: String,
    /// Values in real units.
    #[serde(default)]
    pub params: BTreeMap<String, f32>,
    /// As `Module::bypass`.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub bypass: bool,
    /// Fields of a newer version.
    #[serde(flatten)]
    pub unknown: Unknown,
}

/// A named set of modules with exposed ports and knobs.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Group {
    /// Label.
    pub name: String,
    /// The group around it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub parent: Option<String>,
    /// Ports shown on the closed group.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub ports: Vec<PortRef>,
    /// Knobs shown on the closed group, as (module, param).
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub knobs: Vec<(ModuleId, String)>,
    /// Fields of a newer version.
    #[serde(flatten)]
    pub unknown: Unknown,
}

/// A note on the canvas.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Comment {
    /// What it says.
    pub text: String,
    /// Top left corner.
    pub position: Point,
    /// Fields of a newer version.
    #[serde(flatten)]
    pub unknown: Unknown,
}

/// A titled rectangle on the canvas.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Frame {
    /// Its title.
    pub title: String,
    /// Top left corner.
    pub position: Point,
    /// Width and height.
    pub size: Size,
    /// Its colour.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub colour: Option<Colour>,
    /// Fields of a newer version.
    #[serde(flatten)]
    pub unknown: Unknown,
}

/// A file the patch uses.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Asset {
    /// What it is.
    pub kind: AssetKind,
    /// Path relative to the patch file, `/` between the parts.
    pub path: String,
    /// Hash of its content, lower-case hex SHA-256.
    pub hash: String,
    /// Fields of a newer version.
    #[serde(flatten)]
    pub unknown: Unknown,
}

/// What an asset is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AssetKind {
    /// Audio.
    Sample,
    /// Single-cycle tables.
    Wavetable,
    /// A Scala tuning.
    Scale,
    /// Anything else.
    Other,
}

/// A host audio bus.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Bus {
    /// Its name in the host.
    pub name: String,
    /// Into or out of the plugin.
    pub direction: BusDirection,
    /// 1 or 2.
    pub channels: u8,
    /// Fields of a newer version.
    #[serde(flatten)]
    pub unknown: Unknown,
}

/// Which way a bus goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum BusDirection {
    /// From the host.
    Input,
    /// To the host.
    Output,
}

/// A place on the canvas, in points at 1x, y down.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Point {
    /// From the left.
    pub x: f32,
    /// From the top.
    pub y: f32,
}

/// A size on the canvas, in points at 1x.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Size {
    /// Width.
    pub w: f32,
    /// Height.
    pub h: f32,
}

/// An sRGB colour. In files "#rrggbb".
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Colour(pub [u8; 3]);

/// What the editor shows of a patch: saved with it, but outside undo and revisions, so it is no
/// part of `Patch`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct View {
    /// Canvas zoom, 1 = 100 %; 0 = fit.
    pub zoom: f32,
    /// Canvas point at the window's top left corner.
    pub pan: Point,
    /// Window size in points; 0 = default.
    pub window: Size,
    /// Fields of a newer version.
    #[serde(flatten)]
    pub unknown: Unknown,
}

fn one() -> u32 {
    1
}

fn is_one(v: &u32) -> bool {
    *v == 1
}

fn unity() -> f32 {
    1.0
}

fn is_unity(v: &f32) -> bool {
    *v == 1.0
}

fn is_origin(point: &Point) -> bool {
    // By bits: -0 equals 0, and would not be written.
    point.x.to_bits() == 0 && point.y.to_bits() == 0
}

fn is_default<T: Default + PartialEq>(v: &T) -> bool {
    *v == T::default()
}
