//! What makes a patch sound, checked when a file is loaded and, part by part, when it is edited.

use std::collections::HashMap;

use thiserror::Error;

use crate::wiring::closing_cables;
use crate::{
    Bus, Cable, CableId, Comment, EditError, Frame, Group, MacroKnob, MidiLearn, Module, ModuleId,
    Patch, Point, Scene, Tuning, VoiceSettings,
};

/// What makes a patch unsound, and where.
#[derive(Clone, Debug, PartialEq, Error)]
#[error("at {place}: {reason}")]
pub struct InvalidPatch {
    /// Path in the JSON that [`Patch::to_json`] writes, such as `modules.osc1.params.freq` or
    /// `cables[3]`.
    pub place: String,
    /// What is wrong there.
    pub reason: EditError,
}

impl InvalidPatch {
    fn new(place: impl Into<String>, reason: EditError) -> Self {
        Self { place: place.into(), reason }
    }

    fn under(mut self, outer: impl Into<String>) -> Self {
        let mut place: String = outer.into();
        if !self.place.is_empty() && !self.place.starts_with('[') {
            place.push('.');
        }
        place.push_str(&self.place);
        self.place = place;
        self
    }
}

impl From<InvalidPatch> for EditError {
    fn from(invalid: InvalidPatch) -> Self {
        invalid.reason
    }
}

type Check = Result<(), InvalidPatch>;

impl Patch {
    /// Checks that everything a patch refers to is there, that every number is finite and in the
    /// format's range, that names are unique, and that every cycle has a feedback cable.
    ///
    /// A loaded file has passed this, and every edit keeps it, so it is of use only for a patch
    /// put together field by field.
    ///
    /// # Errors
    /// The first fault, with its place.
    pub fn validate(&self) -> Result<(), InvalidPatch> {
        let mut names: HashMap<&str, &ModuleId> = HashMap::new();
        for (id, module) in &self.modules {
            let here = |e: InvalidPatch| e.under(format!("modules.{id}"));
            check_module(id, module).map_err(here)?;
            check_references(self, module).map_err(here)?;
            if !module.name.is_empty()
                && let Some(first) = names.insert(&module.name, id)
            {
                let name = module.name.clone();
                let reason = EditError::NameTaken { name, taken_by: first.clone() };
                return Err(here(InvalidPatch::new("name", reason)));
            }
        }
        check_cables(&self.cables, |id| self.modules.contains_key(id))?;
        check_voice(&self.voice).map_err(|e| e.under("voice"))?;
        check_tuning(&self.tuning).map_err(|e| e.under("tuning"))?;
        for (index, knob) in &self.macros {
            check_macro(self, *index, knob).map_err(|e| e.under(format!("macros.{index}")))?;
        }
        check_midi_learn(&self.midi_learn).map_err(|e| e.under("midi_learn"))?;
        for (name, scene) in &self.scenes {
            check_scene(name, scene).map_err(|e| e.under(format!("scenes.{name}")))?;
        }
        for (id, group) in &self.groups {
            check_group(self, id, group).map_err(|e| e.under(format!("groups.{id}")))?;
        }
        for (id, comment) in &self.comments {
            check_comment(id, comment).map_err(|e| e.under(format!("comments.{id}")))?;
        }
        for (id, frame) in &self.frames {
            check_frame(id, frame).map_err(|e| e.under(format!("frames.{id}")))?;
        }
        check_buses(&self.buses).map_err(|e| e.under("buses"))
    }
}

pub(crate) fn finite(value: f32, what: impl FnOnce() -> String) -> Result<(), EditError> {
    if value.is_finite() { Ok(()) } else { Err(EditError::NotFinite { what: what(), value }) }
}

fn finite_at(place: &str, value: f32, what: impl FnOnce() -> String) -> Check {
    finite(value, what).map_err(|reason| InvalidPatch::new(place, reason))
}

fn in_range(
    ok: bool,
    place: &str,
    value: impl ToString,
    what: impl FnOnce() -> String,
    range: &'static str,
) -> Check {
    if ok {
        return Ok(());
    }
    let reason = EditError::OutOfRange { what: what(), value: value.to_string(), range };
    Err(InvalidPatch::new(place, reason))
}

pub(crate) fn check_position(position: Point, what: impl Fn() -> String) -> Check {
    finite_at("position.x", position.x, &what)?;
    finite_at("position.y", position.y, &what)
}

/// The module on its own.
pub(crate) fn check_module(id: &ModuleId, module: &Module) -> Check {
    check_kind(id, &module.kind)?;
    check_params(id, &module.params)?;
    for (param, offsets) in &module.voice_offsets {
        check_offsets(id, param, offsets).map_err(|e| e.under(format!("voice_offsets.{param}")))?;
    }
    check_position(module.position, || format!("position of `{id}`"))
}

fn check_kind(id: &ModuleId, kind: &str) -> Check {
    if kind.is_empty() {
        return Err(InvalidPatch::new("kind", EditError::NoKind(id.clone())));
    }
    Ok(())
}

fn check_params(id: &ModuleId, params: &std::collections::BTreeMap<String, f32>) -> Check {
    for (param, value) in params {
        finite(*value, || format!("`{id}.{param}`"))
            .map_err(|reason| InvalidPatch::new(format!("params.{param}"), reason))?;
    }
    Ok(())
}

pub(crate) fn check_offsets(id: &ModuleId, param: &str, offsets: &[f32]) -> Check {
    let what = || format!("offsets of `{id}.{param}`");
    in_range(
        offsets.len() <= 64,
        "",
        offsets.len(),
        || format!("number of {}", what()),
        "0 to 64",
    )?;
    for (lane, offset) in offsets.iter().enumerate() {
        finite_at("", *offset, what).map_err(|e| e.under(format!("[{lane}]")))?;
    }
    Ok(())
}

/// What the module refers to in the patch.
pub(crate) fn check_references(patch: &Patch, module: &Module) -> Check {
    if let Some(group) = module.group.as_ref().filter(|g| !patch.groups.contains_key(*g)) {
        return Err(InvalidPatch::new("group", EditError::NoGroup(group.clone())));
    }
    if let Some(asset) = module.asset.as_ref().filter(|a| !patch.assets.contains_key(*a)) {
        return Err(InvalidPatch::new("asset", EditError::NoAsset(asset.clone())));
    }
    Ok(())
}

pub(crate) fn check_gain(id: CableId, gain: f32) -> Result<(), EditError> {
    if (-16.0..=16.0).contains(&gain) { Ok(()) } else { Err(EditError::Gain { id, gain }) }
}

/// The cable on its own.
pub(crate) fn check_cable(id: CableId, cable: &Cable) -> Check {
    check_gain(id, cable.gain).map_err(|reason| InvalidPatch::new("gain", reason))?;
    for (end, port) in [("from", &cable.from), ("to", &cable.to)] {
        if port.port.is_empty() {
            return Err(InvalidPatch::new(end, EditError::NoPort(id)));
        }
    }
    Ok(())
}

/// All cables of a body.
fn check_cables(
    cables: &std::collections::BTreeMap<CableId, Cable>,
    there: impl Fn(&ModuleId) -> bool,
) -> Check {
    let at = |index: usize| move |e: InvalidPatch| e.under(format!("cables[{index}]"));
    let mut between = HashMap::new();
    for (index, (id, cable)) in cables.iter().enumerate() {
        check_cable(*id, cable).map_err(at(index))?;
        for (end, port) in [("from", &cable.from), ("to", &cable.to)] {
            if !there(&port.module) {
                let reason = EditError::NoModule(port.module.clone());
                return Err(at(index)(InvalidPatch::new(end, reason)));
            }
        }
        if let Some(existing) = between.insert((&cable.from, &cable.to), *id) {
            let (from, to) = (cable.from.clone(), cable.to.clone());
            let reason = EditError::DuplicateCable { from, to, existing };
            return Err(at(index)(InvalidPatch::new("", reason)));
        }
    }
    let Some(id) = closing_cables(cables).first().copied() else { return Ok(()) };
    let cycle = cables.iter().enumerate().find(|(_, (other, _))| **other == id);
    cycle.map_or(Ok(()), |(index, (_, cable))| {
        let (from, to) = (cable.from.clone(), cable.to.clone());
        Err(at(index)(InvalidPatch::new("feedback", EditError::Cycle { id, from, to })))
    })
}

pub(crate) fn check_voice(voice: &VoiceSettings) -> Check {
    let count = voice.count;
    in_range((1..=64).contains(&count), "count", count, || "voice count".into(), "1 to 64")?;
    let glide = voice.glide;
    finite_at("glide", glide, || "glide".into())?;
    in_range(glide >= 0.0, "glide", glide, || "glide".into(), "0 ms or more")
}

pub(crate) fn check_tuning(tuning: &Tuning) -> Check {
    finite_at("a4", tuning.a4, || "tuning of A4".into())?;
    in_range(tuning.a4 > 0.0, "a4", tuning.a4, || "tuning of A4".into(), "more than 0 Hz")?;
    let count = tuning.cents.len();
    let what = || "number of pitch classes".into();
    in_range(matches!(count, 0 | 12), "cents", count, what, "12, or none")?;
    for (class, cents) in tuning.cents.iter().enumerate() {
        finite_at("", *cents, || format!("pitch class {class}"))
            .map_err(|e| e.under(format!("cents[{class}]")))?;
    }
    Ok(())
}

pub(crate) fn check_macro(patch: &Patch, index: u8, knob: &MacroKnob) -> Check {
    in_range(index < 128, "", index, || "macro index".into(), "0 to 127")?;
    check_macro_value("value", index, knob.value)?;
    for (at, binding) in knob.bindings.iter().enumerate() {
        let here = |e: InvalidPatch| e.under(format!("bindings[{at}]"));
        if !patch.modules.contains_key(&binding.module) {
            let reason = EditError::NoModule(binding.module.clone());
            return Err(here(InvalidPatch::new("module", reason)));
        }
        let what = || format!("binding of macro {index} to `{}.{}`", binding.module, binding.param);
        finite_at("min", binding.min, what).map_err(here)?;
        finite_at("max", binding.max, what).map_err(here)?;
    }
    Ok(())
}

fn check_macro_value(place: &str, index: u8, value: f32) -> Check {
    let what = || format!("value of macro {index}");
    in_range((0.0..=1.0).contains(&value), place, value, what, "0 to 1")
}

pub(crate) fn check_midi_learn(bindings: &[MidiLearn]) -> Check {
    for (at, binding) in bindings.iter().enumerate() {
        let MidiLearn { channel, controller, macro_index, .. } = binding;
        let channel = channel.unwrap_or(0);
        let what = |part: &str| format!("{part} of MIDI binding {at}");
        in_range(channel < 16, "channel", channel, || what("channel"), "0 to 15")
            .and_then(|()| {
                let ok = *controller < 128;
                in_range(ok, "controller", controller, || what("controller"), "0 to 127")
            })
            .and_then(|()| {
                let ok = *macro_index < 128;
                in_range(ok, "macro_index", macro_index, || what("macro"), "0 to 127")
            })
            .map_err(|e| e.under(format!("[{at}]")))?;
    }
    Ok(())
}

pub(crate) fn check_scene(name: &str, scene: &Scene) -> Check {
    for (id, module) in &scene.modules {
        check_kind(id, &module.kind)
            .and_then(|()| check_params(id, &module.params))
            .map_err(|e| e.under(format!("modules.{id}")))?;
    }
    check_cables(&scene.cables, |id| scene.modules.contains_key(id))?;
    for (index, value) in &scene.macros {
        let what = || format!("macro index in scene `{name}`");
        in_range(*index < 128, "", index, what, "0 to 127")
            .and_then(|()| check_macro_value("", *index, *value))
            .map_err(|e| e.under(format!("macros.{index}")))?;
    }
    Ok(())
}

/// The group as `id` in the patch: what it shows and what it stands in.
pub(crate) fn check_group(patch: &Patch, id: &str, group: &Group) -> Check {
    let missing = |module: &ModuleId| !patch.modules.contains_key(module);
    for (at, port) in group.ports.iter().enumerate() {
        if missing(&port.module) {
            let reason = EditError::NoModule(port.module.clone());
            return Err(InvalidPatch::new(format!("ports[{at}]"), reason));
        }
    }
    for (at, (module, _)) in group.knobs.iter().enumerate() {
        if missing(module) {
            let reason = EditError::NoModule(module.clone());
            return Err(InvalidPatch::new(format!("knobs[{at}]"), reason));
        }
    }
    // A chain longer than there are groups goes round a circle that `id` is no part of; that is
    // found where it is one.
    let mut parent = group.parent.as_ref();
    for _ in 0..=patch.groups.len() {
        let Some(name) = parent else { return Ok(()) };
        if name == id {
            return Err(InvalidPatch::new("parent", EditError::GroupCycle(id.to_owned())));
        }
        let Some(outer) = patch.groups.get(name) else {
            return Err(InvalidPatch::new("parent", EditError::NoGroup(name.clone())));
        };
        parent = outer.parent.as_ref();
    }
    Ok(())
}

pub(crate) fn check_comment(id: &str, comment: &Comment) -> Check {
    check_position(comment.position, || format!("position of comment `{id}`"))
}

pub(crate) fn check_frame(id: &str, frame: &Frame) -> Check {
    check_position(frame.position, || format!("position of frame `{id}`"))?;
    finite_at("size.w", frame.size.w, || format!("width of frame `{id}`"))?;
    finite_at("size.h", frame.size.h, || format!("height of frame `{id}`"))
}

pub(crate) fn check_buses(buses: &[Bus]) -> Check {
    for (at, bus) in buses.iter().enumerate() {
        let ok = matches!(bus.channels, 1 | 2);
        in_range(
            ok,
            "channels",
            bus.channels,
            || format!("channels of bus `{}`", bus.name),
            "1 or 2",
        )
        .map_err(|e| e.under(format!("[{at}]")))?;
    }
    Ok(())
}
