//! What part of the canvas is seen: the way from the patch's points to the window's and back.

use chronus_patch::Point;
use egui::{Pos2, Rect, Vec2, pos2};

/// Least and greatest zoom.
const ZOOM: (f32, f32) = (0.2, 3.0);
/// Farthest that a saved view lies from the patch's origin, in the patch's points: beyond it is damage.
const FARTHEST: f32 = 100_000.0;
/// Room left around what is fitted, in points.
const MARGIN: f32 = 40.0;

/// Where the patch's origin is seen, and how large.
#[derive(Clone, Copy, Debug)]
pub(crate) struct View {
    /// The patch's origin in the window.
    pub origin: Pos2,
    /// The window's points to one of the patch's.
    pub zoom: f32,
}

impl View {
    pub(crate) fn to_window(self, place: Pos2) -> Pos2 {
        self.origin + place.to_vec2() * self.zoom
    }

    pub(crate) fn to_patch(self, place: Pos2) -> Pos2 {
        ((place - self.origin) / self.zoom).to_pos2()
    }

    pub(crate) fn rect(self, rect: Rect) -> Rect {
        Rect::from_min_max(self.to_window(rect.min), self.to_window(rect.max))
    }

    pub(crate) fn pan(&mut self, by: Vec2) {
        self.origin += by;
    }

    /// Zooms by `factor`; what is at `still` in the window stays there.
    pub(crate) fn zoom_at(&mut self, still: Pos2, factor: f32) {
        let held = self.to_patch(still);
        self.zoom = (self.zoom * factor).clamp(ZOOM.0, ZOOM.1);
        self.origin = still - held.to_vec2() * self.zoom;
    }

    /// Pans as little as shows `rect` of the patch in `window`.
    pub(crate) fn reveal(&mut self, window: Rect, rect: Rect) {
        let (rect, room) = (self.rect(rect), window.shrink(MARGIN / 2.0));
        // The top left corner comes last: where not all can be seen, that can.
        let most = (room.max - rect.max).min(Vec2::ZERO);
        let least = (room.min - (rect.min + most)).max(Vec2::ZERO);
        self.pan(most + least);
    }

    /// Shows the patch's point `pan` at the top left corner of `window`, as saved; none when that
    /// is no view.
    pub(crate) fn saved(window: Rect, (zoom, pan): (f32, Point)) -> Option<Self> {
        let sane = zoom > 0.0 && [pan.x, pan.y].iter().all(|x| x.abs() <= FARTHEST);
        let zoom = zoom.clamp(ZOOM.0, ZOOM.1);
        sane.then(|| Self { origin: window.min - pos2(pan.x, pan.y).to_vec2() * zoom, zoom })
    }

    /// What is saved of it.
    pub(crate) fn to_save(self, window: Rect) -> (f32, Point) {
        let Pos2 { x, y } = self.to_patch(window.min);
        (self.zoom, Point { x, y })
    }

    /// Shows `contents` in the middle of `window`, whole, and never larger than 1x.
    pub(crate) fn fit(window: Rect, contents: Rect) -> Self {
        let room = (window.size() - Vec2::splat(2.0 * MARGIN)).max(Vec2::splat(1.0));
        let ratio = room / contents.size().max(Vec2::splat(1.0));
        let zoom = ratio.min_elem().clamp(ZOOM.0, 1.0);
        let origin = window.center() - contents.center().to_vec2() * zoom;
        Self { origin: origin.round(), zoom }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use egui::{pos2, vec2};

    #[test]
    fn zooming_keeps_the_place_under_the_pointer_and_stops_at_its_limits() {
        let mut view = View { origin: pos2(12.0, -40.0), zoom: 1.0 };
        let still = pos2(300.0, 200.0);
        let held = view.to_patch(still);
        for factor in [1.1, 1.5, 3.0, 0.3, 0.01] {
            view.zoom_at(still, factor);
            assert!((view.to_window(held) - still).length() < 0.01, "{view:?}");
            assert!((ZOOM.0..=ZOOM.1).contains(&view.zoom), "{view:?}");
        }
    }

    #[test]
    fn a_saved_view_comes_back_and_garbage_is_none() {
        let window = Rect::from_min_size(pos2(10.0, 50.0), vec2(800.0, 600.0));
        let view = View { origin: pos2(-140.0, 260.0), zoom: 0.6 };
        let back = View::saved(window, view.to_save(window)).expect("a view");
        assert!((back.origin - view.origin).length() < 0.01 && back.zoom == view.zoom, "{back:?}");
        let origin = Point::default();
        for zoom in [0.0, -1.0, f32::NAN, f32::NEG_INFINITY] {
            assert!(View::saved(window, (zoom, origin)).is_none(), "{zoom}");
        }
        for far in [f32::NAN, f32::INFINITY, -1e30, 100_001.0] {
            assert!(View::saved(window, (1.0, Point { x: far, y: 0.0 })).is_none(), "{far}");
            assert!(View::saved(window, (1.0, Point { x: 0.0, y: far })).is_none(), "{far}");
        }
        for (zoom, limit) in [(1e-6, ZOOM.0), (1e30, ZOOM.1), (f32::INFINITY, ZOOM.1)] {
            let view = View::saved(window, (zoom, origin)).expect("a view");
            assert_eq!((view.zoom, view.origin), (limit, window.min));
        }
    }

    #[test]
    fn what_is_fitted_is_seen_whole() {
        let window = Rect::from_min_size(pos2(10.0, 50.0), vec2(800.0, 600.0));
        for contents in [
            Rect::from_min_size(pos2(-50.0, 20.0), vec2(140.0, 100.0)),
            Rect::from_min_size(pos2(5000.0, -900.0), vec2(2400.0, 700.0)),
        ] {
            let view = View::fit(window, contents);
            assert!(window.contains_rect(view.rect(contents)), "{view:?}");
            assert!(view.zoom <= 1.0);
        }
    }
}
