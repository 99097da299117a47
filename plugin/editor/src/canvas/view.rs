//! What part of the canvas is seen: the way from the patch's points to the window's and back.

use egui::{Pos2, Rect, Vec2};

/// Least and greatest zoom.
const ZOOM: (f32, f32) = (0.2, 3.0);
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
