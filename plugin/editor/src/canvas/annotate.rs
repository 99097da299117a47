//! What commands do with comments and frames.

use chronus_patch::{Colour, Comment, Edit, Frame, Patch, Point, Size};
use egui::{Pos2, Rect, Vec2, vec2};

use super::command::{Subject, Way};
use super::entry::{Entry, What};
use super::notes::{LEAST, Note, around, comment_rect, names, title, with_contents};
use super::place::free_place;
use super::scene::{Scene, corner, module_rect};
use super::selection::Selection;
use crate::app::EditorApp;

/// Size of a new frame.
const NEW: Vec2 = vec2(320.0, 220.0);
/// How far a new one keeps from another's corner.
const ASIDE: f32 = 24.0;
/// How far an arrow moves its corner.
const STEP: f32 = 20.0;

impl EditorApp {
    /// What moves when what is selected does: with a frame all that lies wholly in it.
    pub(super) fn moving(&self, patch: &Patch) -> Selection {
        with_contents(patch, self.engine.registry(), &self.canvas.selection)
    }

    pub(super) fn select_all(&mut self, patch: &Patch) {
        self.canvas.selection.only(patch.modules.keys().cloned());
        self.canvas.selection.notes = names(patch).into_iter().map(|(note, _)| note).collect();
    }

    pub(super) fn selects_frame(&self) -> bool {
        self.canvas.selection.notes.iter().any(|note| matches!(note, Note::Frame(_)))
    }

    /// Opens the field of a comment that comes to be when something is typed.
    pub(super) fn add_comment(&mut self, scene: &Scene<'_>, subject: &Subject) {
        let id = free_id("comment", |id| scene.patch.comments.contains_key(id));
        let at = place(scene, subject, vec2(160.0, 40.0));
        self.canvas.entry = Some(Entry::new(What::Comment(id, at), ""));
    }

    pub(super) fn add_frame(&mut self, scene: &Scene<'_>, subject: &Subject) {
        let position = place(scene, subject, NEW);
        self.new_frame(scene.patch, position, Size { w: NEW.x, h: NEW.y });
    }

    pub(super) fn frame_selection(&mut self, scene: &Scene<'_>) {
        let (patch, selection) = (scene.patch, &self.canvas.selection);
        let modules = selection.modules.iter().filter_map(|id| patch.modules.get(id));
        let modules = modules.map(|module| module_rect(module, self.engine.registry()));
        let notes = selection.notes.iter().filter_map(|note| note.rect(patch));
        if let Some(rect) = modules.chain(notes).reduce(|a: Rect, b| a.union(b)) {
            let (position, size) = around(rect);
            self.new_frame(patch, position, size);
        }
    }

    /// Adds a frame and opens the field of its title: both are one step.
    fn new_frame(&mut self, patch: &Patch, position: Point, size: Size) {
        let id = free_id("frame", |id| patch.frames.contains_key(id));
        let frame = Frame { position, size, ..Frame::default() };
        let step = chronus_patch::Gesture::begin();
        let add = Edit::SetFrame { id: id.clone(), frame: Some(frame) };
        self.edit_in(step, add);
        if self.remark.is_none() {
            self.canvas.selection.only_note(Note::Frame(id.clone()));
            self.canvas.entry = Some(Entry::new(What::Title(id, Some(step)), ""));
        }
    }

    /// Opens the field of a comment's text or a frame's title.
    pub(super) fn edit_note(&mut self, patch: &Patch, note: &Note) {
        let entry = match note {
            Note::Frame(id) => patch
                .frames
                .get(id)
                .map(|frame| Entry::new(What::Title(id.clone(), None), title(id, frame))),
            Note::Comment(id) => patch.comments.get(id).map(|comment| {
                Entry::new(What::Comment(id.clone(), comment.position), &comment.text)
            }),
        };
        self.canvas.entry = entry.or(self.canvas.entry.take());
    }

    /// Takes what was typed as a comment; one that is empty goes.
    pub(super) fn take_comment(&mut self, patch: &Patch, id: &str, at: Point, text: &str) {
        let old = patch.comments.get(id);
        if old.map_or("", |old| old.text.as_str()) == text && (old.is_none() || !text.is_empty()) {
            return;
        }
        let new = || Comment { position: at, ..Comment::default() };
        let comment = Comment { text: text.into(), ..old.cloned().unwrap_or_else(new) };
        let comment = Some(comment).filter(|_| !text.is_empty());
        if old.is_none() {
            self.canvas.selection.only_note(Note::Comment(id.into()));
        }
        self.edit(patch, Edit::SetComment { id: id.into(), comment });
    }

    /// Takes what was typed as a title, in the step that added the frame where that is given.
    pub(super) fn take_title(
        &mut self,
        patch: &Patch,
        id: &str,
        text: &str,
        step: Option<chronus_patch::Gesture>,
    ) {
        let text = if text == id { "" } else { text };
        let Some(frame) = patch.frames.get(id).filter(|frame| frame.title != text) else { return };
        let frame = Some(Frame { title: text.into(), ..frame.clone() });
        let edit = Edit::SetFrame { id: id.into(), frame };
        match step {
            None => self.edit(patch, edit),
            Some(step) => self.edit_in(step, edit),
        }
    }

    /// A frame's corner was dragged by so much.
    pub(super) fn resize(&mut self, patch: &Patch, id: String, by: Vec2) {
        if let Some(edit) = resized(patch, id, by) {
            self.edit(patch, edit);
        }
    }

    /// An arrow sizes the frame that is selected.
    pub(super) fn size_frame(&mut self, patch: &Patch, way: Way) {
        let Some(Note::Frame(id)) = self.canvas.selection.sole_note().cloned() else { return };
        if let Some(edit) = resized(patch, id, way.vec() * STEP) {
            let nudging = self.nudging(patch);
            self.edit_in(nudging.gesture, edit);
            self.canvas.nudging = Some(nudging);
        }
    }

    /// The edits that give selected frames a colour.
    pub(super) fn recoloured_frames(&self, patch: &Patch, colour: Option<Colour>) -> Vec<Edit> {
        let recoloured = |note: &Note| {
            let Note::Frame(id) = note else { return None };
            let frame = Some(Frame { colour, ..patch.frames.get(id)?.clone() });
            Some(Edit::SetFrame { id: id.clone(), frame })
        };
        self.canvas.selection.notes.iter().filter_map(recoloured).collect()
    }
}

/// The edit that moves a frame's lower right corner by so much; none where it stays.
fn resized(patch: &Patch, id: String, by: Vec2) -> Option<Edit> {
    let frame = patch.frames.get(&id)?;
    let size = (vec2(frame.size.w, frame.size.h).max(LEAST) + by).max(LEAST).round();
    let size = Size { w: size.x, h: size.y };
    let frame = (size != frame.size).then(|| Frame { size, ..frame.clone() })?;
    Some(Edit::SetFrame { id, frame: Some(frame) })
}

/// Where something of `size` comes to lie: where a menu was opened, or else where there is room near
/// the middle; never corner on corner with another.
fn place(scene: &Scene<'_>, subject: &Subject, size: Vec2) -> Point {
    let mut at: Pos2 = match subject {
        Subject::Ground(at) => scene.view.to_patch(*at),
        _ => {
            let (view, window) = (scene.view, scene.window);
            let seen = Rect::from_min_max(view.to_patch(window.min), view.to_patch(window.max));
            let seats = scene.seats.iter();
            let seats = seats.map(|s| Rect::from_min_size(corner(s.module), s.face.size));
            let comments = scene.patch.comments.values().map(comment_rect);
            let taken: Vec<Rect> = seats.chain(comments).collect();
            free_place(&taken, size, seen)
        }
    }
    .round();
    let patch = scene.patch;
    let frames = patch.frames.values().map(|frame| frame.position);
    let corners = frames.chain(patch.comments.values().map(|comment| comment.position));
    let corners: Vec<Point> = corners.collect();
    let near = |at: Pos2| {
        let near = |p: &Point| (p.x - at.x).abs() < ASIDE && (p.y - at.y).abs() < ASIDE;
        corners.iter().any(near)
    };
    // Each step leaves at least one corner behind, unless that lies too far out for numbers to tell.
    for _ in 0..corners.len() {
        if near(at) {
            at += Vec2::splat(ASIDE);
        }
    }
    Point { x: at.x, y: at.y }
}

/// The first of "stem1", "stem2", … that is free.
fn free_id(stem: &str, taken: impl Fn(&str) -> bool) -> String {
    let ids = (1_u32..).map(|number| format!("{stem}{number}"));
    ids.into_iter().find(|id| !taken(id)).unwrap_or_else(|| stem.into())
}
