//! Where there is room for what is new, and new modules from the list beside the canvas: put there, or
//! where they are dropped.

use chronus_engine::{Request, Spec};
use chronus_patch::{CableId, ModuleId, Patch, Point};
use egui::{Align2, Key, Pos2, Rect, Stroke, StrokeKind, Ui, Vec2, pos2, vec2};

use super::carry::near_cable;
use super::layout::{HEADER, face};
use super::rewire;
use super::scene::{Scene, Seat, corner, module_rect};
use super::{Canvas, draw, edits};
use crate::app::EditorApp;
use crate::theme;

/// Room left around a module that finds its own place, in the patch's points.
const GAP: f32 = 20.0;
/// Room left between a module and one that is added to it.
const ROOM: f32 = 40.0;
/// Between two places that are tried.
const STEP: f32 = 40.0;
/// How many steps around the middle are tried before the place below everything is taken.
const RINGS: i32 = 120;
/// What is seen of the canvas before it has been shown.
const UNSEEN: Vec2 = vec2(800.0, 600.0);

/// A kind that the pointer drags to the canvas.
pub(crate) struct Lifted {
    spec: &'static Spec,
    /// The pointer has let go of it.
    falls: bool,
}

impl Canvas {
    /// The canvas is to have the keyboard.
    pub(crate) fn take_focus(&mut self) {
        self.wants_focus = true;
    }

    /// The pointer drags a kind.
    pub(crate) fn lift(&mut self, spec: &'static Spec) {
        self.lifted = Some(Lifted { spec, falls: false });
    }

    /// The pointer lets go of it; not when Escape has ended the drag.
    pub(crate) fn let_fall(&mut self, ui: &Ui) {
        if ui.input(|input| input.key_pressed(Key::Escape)) {
            self.lifted = None;
        } else if let Some(lifted) = &mut self.lifted {
            lifted.falls = true;
        }
    }
}

impl EditorApp {
    /// Adds a module in the free space nearest to the middle of what is seen.
    pub(crate) fn add_in_view(&mut self, patch: &Patch, spec: &'static Spec) {
        let window = self.canvas.window.unwrap_or(Rect::from_min_size(Pos2::ZERO, UNSEEN));
        let view = self.canvas.view.unwrap_or_else(|| self.view_of_all(patch, window));
        let seen = Rect::from_min_max(view.to_patch(window.min), view.to_patch(window.max));
        let registry = self.engine.registry().clone();
        let taken = patch.modules.values().map(|module| module_rect(module, &registry));
        let taken: Vec<Rect> = taken.collect();
        let size = face(Some(spec)).size;
        let place = free_place(&taken, size, seen);
        self.add_at(patch, spec, place);
        if let Some(view) = &mut self.canvas.view {
            view.reveal(window, Rect::from_min_size(place, size));
        }
    }

    /// Goes on with a kind that is dragged here, and adds a module where it is dropped.
    pub(crate) fn drop_lifted(&mut self, ui: &Ui, scene: &Scene<'_>) {
        let Some(Lifted { spec, falls }) = &self.canvas.lifted else { return };
        let (spec, falls) = (*spec, *falls);
        let (pointer, down) =
            ui.input(|input| (input.pointer.latest_pos(), input.pointer.any_down()));
        let here = pointer.filter(|_| ui.rect_contains_pointer(scene.window));
        if falls || !down {
            self.canvas.lifted = None;
        }
        self.canvas.onto = None;
        let Some(pointer) = here else { return };
        let cable = near_cable(scene, pointer).filter(|_| rewire::can_insert(spec));
        self.canvas.onto = cable.filter(|_| !falls).map(|wire| wire.id);
        let size = face(Some(spec)).size;
        let hold = vec2(size.x / 2.0, HEADER / 2.0);
        if let Some(wire) = cable.filter(|_| falls) {
            self.insert_at(scene, (wire.id, spec), pointer);
        } else if falls {
            self.add_at(scene.patch, spec, scene.view.to_patch(pointer) - hold);
            self.canvas.take_focus();
        } else if down {
            let rect =
                Rect::from_min_size(pointer - hold * scene.view.zoom, size * scene.view.zoom);
            let colour = theme::of(ui).family(spec.category);
            ui.painter().rect_filled(rect, 4.0, colour.gamma_multiply(0.2));
            ui.painter().rect_stroke(rect, 4.0, Stroke::new(1.5, colour), StrokeKind::Inside);
            let font = draw::font(13.0, scene.view.zoom.max(super::NAMES));
            let place = rect.center_top() + vec2(0.0, HEADER / 2.0 * scene.view.zoom);
            ui.painter().text(place, Align2::CENTER_CENTER, spec.name, font, theme::of(ui).text);
        }
    }

    fn insert_at(
        &mut self,
        scene: &Scene<'_>,
        (cable, spec): (CableId, &'static Spec),
        pointer: Pos2,
    ) {
        let at = scene.view.to_patch(pointer);
        let (at, registry) = (Point { x: at.x, y: at.y }, self.engine.registry().clone());
        let new = rewire::insert_new(scene.patch, &registry, (cable, spec), at);
        let Some((edit, id)) = new else { return };
        self.commit(format!("insert {id}"), &[Request::Edit(edit)]);
        self.canvas.take_focus();
        self.canvas.selection.only([id]);
    }

    fn add_at(&mut self, patch: &Patch, spec: &'static Spec, place: Pos2) {
        let place = Point { x: place.x.round(), y: place.y.round() };
        let registry = self.engine.registry().clone();
        let Some((edit, id)) = edits::place(patch, &registry, spec, place, None) else { return };
        self.wanted = Some(id.clone());
        self.commit(format!("add {id}"), &[Request::Edit(edit)]);
        self.canvas.selection.only([id]);
    }
}

/// The top left corner of something of `size` that keeps clear of `taken`: within `seen` and as
/// near to its middle as there is room, or else the nearest place outside.
pub(crate) fn free_place(taken: &[Rect], size: Vec2, seen: Rect) -> Pos2 {
    let middle = (seen.center() - size / 2.0).round();
    let free = |place: Pos2| {
        let rect = Rect::from_min_size(place, size).expand(GAP);
        !taken.iter().any(|other| other.intersects(rect))
    };
    let within = |place: Pos2| seen.shrink(GAP).contains_rect(Rect::from_min_size(place, size));
    let mut outside = None;
    for ring in 0..=RINGS {
        let edge = move |at: i32| at == -ring || at == ring;
        let all = (-ring..=ring).flat_map(|y| (-ring..=ring).map(move |x| (x, y)));
        let on_edge = all.filter(|&(x, y)| edge(x) || edge(y));
        let places = on_edge.map(|(x, y)| middle + vec2(x as f32, y as f32) * STEP);
        let mut best: Option<Pos2> = None;
        for place in places.filter(|place| within(*place) || outside.is_none()) {
            let nearer = |other: Pos2| place.distance(middle) < other.distance(middle);
            let better = match best {
                Some(best) if within(best) != within(place) => within(place),
                Some(best) => nearer(best),
                None => true,
            };
            if better && free(place) {
                best = Some(place);
            }
        }
        match best {
            Some(place) if within(place) => return place,
            Some(place) => outside = outside.or(Some(place)),
            None => {}
        }
        let beyond = ring as f32 * STEP > seen.width().max(seen.height()) / 2.0;
        if let Some(place) = outside.filter(|_| beyond) {
            return place;
        }
    }
    let below = taken.iter().map(|rect| rect.bottom()).fold(seen.top(), f32::max);
    outside.unwrap_or(pos2(middle.x, below + GAP))
}

/// A place for a module of `spec`'s kind right of `id`, where it covers no other.
pub(crate) fn beside(scene: &Scene<'_>, id: &ModuleId, spec: &Spec) -> Point {
    let seat = scene.seats.iter().find(|seat| seat.id == id);
    let place = seat.map_or(Pos2::ZERO, |seat| {
        let place = corner(seat.module);
        place + vec2(seat.face.size.x + ROOM * 1.5, 0.0)
    });
    free(scene, place, spec)
}

/// A place for a module of `spec`'s kind at `place` or below, where it covers no other.
pub(crate) fn free(scene: &Scene<'_>, place: Pos2, spec: &Spec) -> Point {
    let size = face(Some(spec)).size;
    let taken = |seat: &Seat<'_>| Rect::from_min_size(corner(seat.module), seat.face.size);
    let mut place = place;
    // Every step leads below one more module; so far out that numbers cannot tell, none does.
    for _ in 0..=scene.seats.len() {
        let wanted = Rect::from_min_size(place, size).expand(ROOM / 2.0);
        let covered = scene.seats.iter().map(taken).filter(|rect| rect.intersects(wanted));
        match covered.map(|rect| rect.bottom()).reduce(f32::max) {
            Some(bottom) => place.y = bottom + ROOM,
            None => break,
        }
    }
    Point { x: place.x.round(), y: place.y.round() }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SIZE: Vec2 = vec2(200.0, 150.0);

    fn seen() -> Rect {
        Rect::from_min_size(pos2(100.0, 100.0), vec2(1000.0, 800.0))
    }

    fn place(taken: &[Rect]) -> Rect {
        Rect::from_min_size(free_place(taken, SIZE, seen()), SIZE)
    }

    #[test]
    fn an_empty_canvas_has_room_in_the_middle() {
        assert_eq!(place(&[]).center(), seen().center());
    }

    /// Law: what is added one after the other never overlaps, and fills what is seen first.
    #[test]
    fn nothing_covers_anything() {
        let mut taken = Vec::new();
        for number in 0..40 {
            let new = place(&taken);
            assert!(taken.iter().all(|other: &Rect| !other.intersects(new)), "{number}: {new:?}");
            assert!(number > 6 || seen().contains_rect(new), "{number}: {new:?}");
            taken.push(new);
        }
    }

    #[test]
    fn where_all_that_is_seen_is_taken_the_place_is_outside_and_near() {
        let new = place(&[seen().shrink(5.0)]);
        assert!(!new.intersects(seen().shrink(5.0)), "{new:?}");
        assert!(seen().expand(220.0).contains_rect(new), "{new:?}");
        let everything = Rect::from_center_size(seen().center(), Vec2::splat(50_000.0));
        assert!(!place(&[everything]).intersects(everything));
    }
}
