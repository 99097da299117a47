//! Fragments: copied modules and the cables between them, comments and frames, as JSON in the patch's
//! own schema.

use std::collections::{BTreeMap, BTreeSet, HashSet};

use serde::Serialize;

use crate::document::Unknown;
use crate::edit::{Numbers, numbered, stem_of};
use crate::format::{pretty, read};
use crate::{
    Asset, Cable, CableId, Comment, Edit, FORMAT_VERSION, FormatError, Frame, Group, Module,
    ModuleId, Patch, Point, PortRef,
};

/// Points between a fragment and what it is pasted beside.
const APART: f32 = 40.0;
/// First field of a fragment's JSON.
const FRAGMENT: &str = "chronus fragment";

/// Modules, the cables among them and the assets they use, comments and frames. Macro bindings are left
/// out.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Fragment {
    /// Modules, cables, assets, groups (names only), comments, frames and unknown fields; nothing
    /// else.
    body: Patch,
}

/// What pasting a fragment adds, by its ids in the patch, in the order of the fragment's.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Pasted {
    /// Modules.
    pub modules: Vec<ModuleId>,
    /// Comments.
    pub comments: Vec<String>,
    /// Frames.
    pub frames: Vec<String>,
}

/// A fragment as it stands in JSON.
#[derive(Serialize)]
struct Text<'a> {
    kind: &'static str,
    format: u32,
    modules: &'a BTreeMap<ModuleId, Module>,
    #[serde(with = "crate::format::cable_list")]
    cables: &'a BTreeMap<CableId, Cable>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    groups: &'a BTreeMap<String, Group>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    assets: &'a BTreeMap<String, Asset>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    comments: &'a BTreeMap<String, Comment>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    frames: &'a BTreeMap<String, Frame>,
    #[serde(flatten)]
    unknown: &'a Unknown,
}

impl Fragment {
    /// Copies modules and the cables that both start and end at one of them. Ids that `patch` does
    /// not have are left out.
    #[must_use]
    pub fn copy<'a>(patch: &Patch, ids: impl IntoIterator<Item = &'a ModuleId>) -> Self {
        let mut body = Patch::default();
        for id in ids {
            let Some(module) = patch.modules.get(id) else { continue };
            if let Some((name, asset)) =
                module.asset.as_ref().and_then(|name| patch.assets.get_key_value(name))
            {
                body.assets.insert(name.clone(), asset.clone());
            }
            if let Some((id, group)) =
                module.group.as_ref().and_then(|id| patch.groups.get_key_value(id))
            {
                let group = Group { name: group.name.clone(), ..Group::default() };
                body.groups.insert(id.clone(), group);
            }
            body.modules.insert(id.clone(), module.clone());
        }
        let inner = patch.cables.iter().filter(|(_, c)| {
            body.modules.contains_key(&c.from.module) && body.modules.contains_key(&c.to.module)
        });
        body.cables = inner.map(|(id, cable)| (*id, cable.clone())).collect();
        Self { body }
    }

    /// The same, with the comments and frames of `patch` that `comments` and `frames` name. Ids that it
    /// does not have are left out.
    #[must_use]
    pub fn with_notes<'a>(
        mut self,
        patch: &Patch,
        comments: impl IntoIterator<Item = &'a str>,
        frames: impl IntoIterator<Item = &'a str>,
    ) -> Self {
        let comment = |id| Some((String::from(id), patch.comments.get(id)?.clone()));
        self.body.comments.extend(comments.into_iter().filter_map(comment));
        let frame = |id| Some((String::from(id), patch.frames.get(id)?.clone()));
        self.body.frames.extend(frames.into_iter().filter_map(frame));
        self
    }

    /// True when there is nothing to paste.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        let Patch { modules, comments, frames, .. } = &self.body;
        modules.is_empty() && comments.is_empty() && frames.is_empty()
    }

    /// Top left corner of its layout, in points: subtract it from the pointer's place for the
    /// offset that pastes there. The origin when it is empty.
    #[must_use]
    pub fn origin(&self) -> Point {
        let Patch { modules, comments, frames, .. } = &self.body;
        let positions = modules.values().map(|module| module.position);
        let positions = positions.chain(comments.values().map(|comment| comment.position));
        let positions = positions.chain(frames.values().map(|frame| frame.position));
        let least = positions.reduce(|a, b| Point { x: a.x.min(b.x), y: a.y.min(b.y) });
        least.unwrap_or_default()
    }

    /// How far to move it so that what it is pasted beside lies in none of its frames, in points.
    #[must_use]
    pub fn beside(&self) -> Point {
        let frames = || self.body.frames.values();
        if self.body.frames.is_empty() {
            return Point { x: APART, y: APART };
        }
        let left = frames().map(|frame| frame.position.x).fold(f32::INFINITY, f32::min);
        let right = frames().map(|frame| frame.position.x + frame.size.w).fold(left, f32::max);
        Point { x: right - left + APART, y: 0.0 }
    }

    /// The fragment as JSON, formatted as [`Patch::to_json`].
    #[must_use]
    pub fn to_json(&self) -> String {
        let Patch { modules, cables, groups, assets, comments, frames, unknown, .. } = &self.body;
        let (kind, format) = (FRAGMENT, FORMAT_VERSION);
        pretty(&Text { kind, format, modules, cables, groups, assets, comments, frames, unknown })
    }

    /// Reads a fragment, as strictly as [`Patch::from_json`] reads a patch.
    ///
    /// # Errors
    /// As [`Patch::from_json`]; text of something else is [`FormatError::Kind`].
    pub fn from_json(text: &str) -> Result<Self, FormatError> {
        let (read, _) = read(text, FRAGMENT)?;
        let Patch { modules, cables, groups, assets, comments, frames, unknown, .. } = read;
        let body = Patch {
            modules,
            cables,
            groups,
            assets,
            comments,
            frames,
            unknown,
            ..Patch::default()
        };
        Ok(Self { body })
    }

    /// The edit that adds the fragment to `patch`, moved by `offset` points, and what it adds.
    ///
    /// An id stays where it is free, and else gets the next free number, as does a name or an
    /// asset's name that means another file there. Modules stay in their group where `patch` has a
    /// group of that id. Cables get new ids in their old order.
    #[must_use]
    pub fn paste_edit(&self, patch: &Patch, offset: Point) -> (Edit, Pasted) {
        let moved = |at: Point| Point { x: at.x + offset.x, y: at.y + offset.y };
        let mut edits = Vec::new();
        let assets = self.paste_assets(patch, &mut edits);
        let ids = self.new_ids(patch);
        let mut numbers = Numbers::new();
        let mut names: HashSet<String> = patch.modules.values().map(|m| m.name.clone()).collect();
        for (old, module) in &self.body.modules {
            let mut module = module.clone();
            module.position = moved(module.position);
            if !module.name.is_empty() {
                let last = numbers.entry(name_stem(&module.name).to_owned()).or_insert(1);
                module.name = free_name(&module.name, last, |name| names.contains(name));
                names.insert(module.name.clone());
            }
            module.group = module.group.filter(|group| patch.groups.contains_key(group));
            module.asset = module.asset.and_then(|name| assets.get(&name).cloned());
            // PANIC: `ids` has every module of the body, and its cables stay within the body.
            edits.push(Edit::Create { id: ids[old].clone(), module });
        }
        let there = |end: &PortRef| PortRef::new(ids[&end.module].clone(), end.port.clone());
        for (id, cable) in patch.free_cable_ids().zip(self.body.cables.values()) {
            let cable = Cable { from: there(&cable.from), to: there(&cable.to), ..cable.clone() };
            edits.push(Edit::Connect { id, cable });
        }
        let Patch { comments, frames, .. } = &self.body;
        let pasted = Pasted {
            modules: ids.into_values().collect(),
            comments: free_ids(comments, &patch.comments),
            frames: free_ids(frames, &patch.frames),
        };
        edits.extend(pasted.comments.iter().cloned().zip(comments.values()).map(
            |(id, comment)| {
                let comment = Comment { position: moved(comment.position), ..comment.clone() };
                Edit::SetComment { id, comment: Some(comment) }
            },
        ));
        edits.extend(pasted.frames.iter().cloned().zip(frames.values()).map(|(id, frame)| {
            let frame = Frame { position: moved(frame.position), ..frame.clone() };
            Edit::SetFrame { id, frame: Some(frame) }
        }));
        (Edit::Batch(edits), pasted)
    }

    /// New ids by old ones.
    fn new_ids(&self, patch: &Patch) -> BTreeMap<ModuleId, ModuleId> {
        let labels: HashSet<&str> = patch.modules.values().map(|m| m.name.as_str()).collect();
        let free = |id: &ModuleId| !patch.modules.contains_key(id) && !labels.contains(id.as_str());
        // Ids that stay come first: no new number may take one of them.
        let mut taken: BTreeSet<ModuleId> =
            self.body.modules.keys().filter(|id| free(id)).cloned().collect();
        let mut last = Numbers::new();
        let mut ids = BTreeMap::new();
        for old in self.body.modules.keys() {
            let mut id = old.clone();
            if !free(old) {
                let number = last.entry(stem_of(old.as_str())).or_default();
                id = numbered(old.as_str(), number, |id| !free(id) || taken.contains(id));
                taken.insert(id.clone());
            }
            ids.insert(old.clone(), id);
        }
        ids
    }

    /// Adds the assets that `patch` lacks; their names there by their names here.
    fn paste_assets(&self, patch: &Patch, edits: &mut Vec<Edit>) -> BTreeMap<String, String> {
        let mut names = BTreeMap::new();
        let mut added = BTreeSet::new();
        for (old, asset) in &self.body.assets {
            let other = |name: &str| patch.assets.get(name).is_some_and(|there| there != asset);
            let name = free_name(old, &mut 1, |name| other(name) || added.contains(name));
            if !patch.assets.contains_key(&name) {
                edits.push(Edit::SetAsset { name: name.clone(), asset: Some(asset.clone()) });
                added.insert(name.clone());
            }
            names.insert(old.clone(), name);
        }
        names
    }
}

/// Ids for all of `ours` beside `theirs`: those that are free, and of others the stem with the first
/// number that makes it free ("comment7").
fn free_ids<T>(ours: &BTreeMap<String, T>, theirs: &BTreeMap<String, T>) -> Vec<String> {
    let mut ids: Vec<String> = Vec::new();
    for old in ours.keys() {
        let numbers = (1_u32..).map(|number| format!("{}{number}", stem_of(old)));
        let mut free = std::iter::once(old.clone()).chain(numbers);
        ids.extend(free.find(|id| !theirs.contains_key(id) && !ids.contains(id)));
    }
    ids
}

/// A name without the number at its end.
fn name_stem(name: &str) -> &str {
    match name.rsplit_once(' ') {
        Some((stem, number)) if number.parse::<u32>().is_ok() => stem,
        _ => name,
    }
}

/// `name`, or its stem with the first number above `last` that makes it free ("Bass 2"); `last`
/// becomes that number, so that asking again for the same stem does not start over.
fn free_name(name: &str, last: &mut u32, taken: impl Fn(&str) -> bool) -> String {
    let mut free = name.to_owned();
    while taken(&free) {
        *last += 1;
        free = format!("{} {last}", name_stem(name));
    }
    free
}
