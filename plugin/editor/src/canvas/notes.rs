//! Comments and frames of a patch: what they are called, how large they are, and the edits that move,
//! remove and fit them.

use std::collections::HashSet;

use chronus_engine::Registry;
use chronus_patch::{Comment, Edit, Frame, Patch, Point, Size};
use egui::{Rect, Vec2, pos2, vec2};

use super::gesture::Gesture;
use super::scene::module_rect;
use super::selection::Selection;
use super::view::View;

/// Height of a frame's title bar, in points at 1x.
pub(crate) const TITLE: f32 = 26.0;
/// Height of a comment's line.
pub(crate) const LINE: f32 = 18.0;
/// Room between a comment's text and its edge.
pub(crate) const EDGE: f32 = 8.0;
/// Least size of a frame: its title and its handle can be hit.
pub(crate) const LEAST: Vec2 = vec2(100.0, 70.0);
/// Room left between a frame and what it is put around.
const AROUND: f32 = 20.0;
/// Longest line of a comment; the text goes on in the next.
const WIDEST: f32 = 260.0;
/// Letters of a comment in its name.
const LETTERS: usize = 40;

/// One of them, by its id in the patch.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Note {
    Frame(String),
    Comment(String),
}

/// What one holds.
#[derive(Clone, Copy)]
pub(crate) enum Body<'a> {
    Frame(&'a Frame),
    Comment(&'a Comment),
}

/// One in its place.
pub(crate) struct Sheet<'a> {
    pub note: Note,
    /// What it is found by: "Frame Filter".
    pub name: String,
    pub body: Body<'a>,
    /// In the window.
    pub rect: Rect,
}

impl Note {
    fn id(&self) -> &str {
        let (Self::Frame(id) | Self::Comment(id)) = self;
        id
    }

    /// What it is found by.
    pub(crate) fn name(&self, patch: &Patch) -> Option<String> {
        names(patch).into_iter().find(|(note, _)| note == self).map(|(_, name)| name)
    }

    /// Where it lies, in the patch's points.
    pub(crate) fn rect(&self, patch: &Patch) -> Option<Rect> {
        match self {
            Self::Frame(id) => patch.frames.get(id).map(frame_rect),
            Self::Comment(id) => patch.comments.get(id).map(comment_rect),
        }
    }

    /// The edit that moves it.
    pub(crate) fn moved(&self, patch: &Patch, by: Vec2) -> Option<Edit> {
        let there = |at: Point| Point { x: (at.x + by.x).round(), y: (at.y + by.y).round() };
        match self.clone() {
            Self::Frame(id) => {
                let frame = patch.frames.get(&id)?;
                let frame = Frame { position: there(frame.position), ..frame.clone() };
                Some(Edit::SetFrame { id, frame: Some(frame) })
            }
            Self::Comment(id) => {
                let comment = patch.comments.get(&id)?;
                let comment = Comment { position: there(comment.position), ..comment.clone() };
                Some(Edit::SetComment { id, comment: Some(comment) })
            }
        }
    }

    /// The edit that removes it.
    pub(crate) fn removed(&self) -> Edit {
        match self.clone() {
            Self::Frame(id) => Edit::SetFrame { id, frame: None },
            Self::Comment(id) => Edit::SetComment { id, comment: None },
        }
    }
}

/// All of `patch`, and what they are called: no two the same.
pub(crate) fn names(patch: &Patch) -> Vec<(Note, String)> {
    let frames = patch
        .frames
        .iter()
        .map(|(id, frame)| (Note::Frame(id.clone()), format!("Frame {}", title(id, frame))));
    let comments = patch.comments.iter().map(|(id, comment)| {
        (Note::Comment(id.clone()), format!("Comment {}", first_line(&comment.text)))
    });
    let mut taken = HashSet::new();
    let unique = |(note, name): (Note, String)| {
        let name = if taken.contains(&name) { format!("{name} ({})", note.id()) } else { name };
        taken.insert(name.clone());
        (note, name)
    };
    frames.chain(comments).map(unique).collect()
}

/// A frame's title; its id, where it has none.
pub(crate) fn title<'a>(id: &'a str, frame: &'a Frame) -> &'a str {
    if frame.title.trim().is_empty() { id } else { &frame.title }
}

fn first_line(text: &str) -> String {
    let line = text.trim_start().lines().next().unwrap_or_default().trim_end();
    let cut: String = line.chars().take(LETTERS).collect();
    if cut.len() < line.len() { cut + "…" } else { cut }
}

/// Frames from the largest to the smallest, so that none hides another's title, then comments.
pub(crate) fn sheets<'a>(patch: &'a Patch, view: View, gesture: &Gesture) -> Vec<Sheet<'a>> {
    let sheet = |(note, name): (Note, String)| {
        let body = match &note {
            Note::Frame(id) => Body::Frame(patch.frames.get(id)?),
            Note::Comment(id) => Body::Comment(patch.comments.get(id)?),
        };
        let rect = view.rect(gesture.applied(&note, note.rect(patch)?));
        Some(Sheet { note, name, body, rect })
    };
    let mut sheets: Vec<_> = names(patch).into_iter().filter_map(sheet).collect();
    sheets.sort_by(|a, b| {
        let sort = |sheet: &Sheet<'_>| match sheet.body {
            Body::Frame(frame) => (false, -frame.size.w * frame.size.h),
            Body::Comment(_) => (true, 0.0),
        };
        let ((a_comment, a_area), (b_comment, b_area)) = (sort(a), sort(b));
        a_comment.cmp(&b_comment).then(a_area.total_cmp(&b_area))
    });
    sheets
}

fn frame_rect(frame: &Frame) -> Rect {
    let size = vec2(frame.size.w, frame.size.h).max(LEAST);
    Rect::from_min_size(pos2(frame.position.x, frame.position.y), size)
}

pub(crate) fn comment_rect(comment: &Comment) -> Rect {
    let lines = lines(&comment.text);
    let width = lines.iter().map(|line| line.chars().map(width).sum()).fold(24.0, f32::max);
    let size = vec2(width, lines.len().max(1) as f32 * LINE) + Vec2::splat(2.0 * EDGE);
    Rect::from_min_size(pos2(comment.position.x, comment.position.y), size)
}

/// Width of a letter at 1x, generously: where a comment lies is known without its font.
fn width(letter: char) -> f32 {
    match letter {
        'm' | 'w' | 'M' | 'W' | '@' | '%' | '…' | '—' => 13.0,
        'i' | 'j' | 'l' | 'I' | '.' | ',' | ':' | ';' | '\'' | '|' | '!' | ' ' => 5.0,
        _ if letter >= '\u{2e80}' => 14.0,
        _ if letter.is_uppercase() || letter >= '\u{2000}' => 10.0,
        _ => 8.0,
    }
}

/// The lines of a comment as they are drawn: long ones are broken, between words where it goes.
pub(crate) fn lines(text: &str) -> Vec<String> {
    let mut lines = Vec::new();
    for given in text.trim_end().lines() {
        let (mut line, mut wide) = (String::new(), 0.0);
        for letter in given.chars() {
            line.push(letter);
            wide += width(letter);
            if wide > WIDEST {
                // The last word goes on below; one that fills the line is broken.
                let cut =
                    line.trim_end().rfind(' ').map_or(line.len() - letter.len_utf8(), |at| at + 1);
                let rest = line.split_off(cut);
                wide = rest.chars().map(width).sum();
                lines.push(std::mem::replace(&mut line, rest).trim_end().to_owned());
            }
        }
        lines.push(line);
    }
    lines
}

/// The rectangle around all comments and frames, in the patch's points.
pub(crate) fn bounds(patch: &Patch) -> Option<Rect> {
    let frames = patch.frames.values().map(frame_rect);
    frames.chain(patch.comments.values().map(comment_rect)).reduce(|a, b| a.union(b))
}

/// `selection` with all that lies wholly in its frames.
pub(crate) fn with_contents(
    patch: &Patch,
    registry: &Registry,
    selection: &Selection,
) -> Selection {
    let mut all = Selection { cable: None, ..selection.clone() };
    let frames = selection.notes.iter().filter(|note| matches!(note, Note::Frame(_)));
    for frame in frames.filter_map(|note| note.rect(patch)) {
        let modules = patch.modules.iter();
        let within =
            modules.filter(|(_, module)| frame.contains_rect(module_rect(module, registry)));
        all.modules.extend(within.map(|(id, _)| id.clone()));
        let notes = names(patch).into_iter().map(|(note, _)| note);
        let within = |note: &Note| note.rect(patch).is_some_and(|rect| frame.contains_rect(rect));
        all.notes.extend(notes.filter(within));
    }
    all
}

/// A frame's place and size around `contents`.
pub(crate) fn around(contents: Rect) -> (Point, Size) {
    let mut rect = contents.expand(AROUND);
    rect.min.y -= TITLE;
    let size = rect.size().max(LEAST);
    let position = Point { x: rect.min.x.round(), y: rect.min.y.round() };
    (position, Size { w: size.x.ceil(), h: size.y.ceil() })
}

/// `edit`, which moves modules, and with it every frame fitted anew around the modules that lay
/// wholly in it, and around the frames that did. A frame without modules stays, and so do comments.
pub(crate) fn refitted(patch: &Patch, registry: &Registry, edit: Edit) -> Edit {
    let mut after = patch.clone();
    if after.apply(&edit).is_err() {
        return edit;
    }
    let mut frames: Vec<_> = patch.frames.iter().collect();
    let area = |frame: &Frame| frame_rect(frame).area();
    frames.sort_by(|a, b| area(a.1).total_cmp(&area(b.1)));
    let mut fitted: Vec<(Rect, Rect)> = Vec::new();
    let mut edits = vec![edit];
    for (id, frame) in frames {
        let before = frame_rect(frame);
        let modules = patch.modules.iter();
        let modules =
            modules.filter(|(_, module)| before.contains_rect(module_rect(module, registry)));
        let modules = modules.filter_map(|(id, _)| after.modules.get(id));
        let modules = modules.map(|module| module_rect(module, registry));
        // The smaller ones are done already.
        let inner = fitted.iter().filter(|(was, _)| before.contains_rect(*was)).map(|(_, is)| *is);
        let Some(contents) = modules.chain(inner).reduce(|a, b| a.union(b)) else { continue };
        let (position, size) = around(contents);
        let frame = Frame { position, size, ..frame.clone() };
        fitted.push((before, frame_rect(&frame)));
        if patch.frames.get(id) != Some(&frame) {
            edits.push(Edit::SetFrame { id: id.clone(), frame: Some(frame) });
        }
    }
    Edit::Batch(edits)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Law: breaking a text into lines loses no word, and no line is too long.
    #[test]
    fn long_lines_are_broken_between_words() {
        let text =
            "The envelope opens the filter, and the filter closes as the note is let go.\n\n";
        let text = format!("{text}{}\nend", "W".repeat(60));
        let lines = lines(&text);
        for line in &lines {
            assert!(line.chars().map(width).sum::<f32>() <= WIDEST, "{line}");
        }
        let letters = |text: &str| text.chars().filter(|c| !c.is_whitespace()).collect::<String>();
        assert_eq!(letters(&lines.concat()), letters(&text));
        let words = |text: &str| text.split_whitespace().map(str::to_owned).collect::<Vec<_>>();
        assert_eq!(words(&lines.join(" "))[..15], words(&text)[..15]);
        assert_eq!(lines.last().map(String::as_str), Some("end"));
    }

    #[test]
    fn names_are_short_and_no_two_the_same() {
        let mut patch = Patch::default();
        let comment = |text: &str| Comment { text: text.into(), ..Comment::default() };
        patch.comments.insert("a".into(), comment("Same\nbut for this"));
        patch.comments.insert("b".into(), comment("Same"));
        patch.comments.insert("c".into(), comment(&"ä".repeat(41)));
        patch.frames.insert("frame1".into(), Frame::default());
        let names: Vec<_> = names(&patch).into_iter().map(|(_, name)| name).collect();
        let long = format!("Comment {}…", "ä".repeat(40));
        assert_eq!(names, ["Frame frame1", "Comment Same", "Comment Same (b)", long.as_str()]);
    }
}
