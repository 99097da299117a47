//! The curve of a cable: it leaves to the right, arrives from the left, and can be hit.

use egui::{Pos2, Rect, Vec2};

/// Pieces that a curve is measured in.
const PIECES: u16 = 24;

/// Length of a piece that is drawn straight, in points.
const PIECE: f32 = 9.0;

/// A cable's curve in the window, from an output to an input.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Curve {
    /// Ends and handles, in the order of a cubic Bézier curve.
    pub points: [Pos2; 4],
}

impl Curve {
    /// From `start` to `end`, seen at `zoom`.
    pub(crate) fn new(start: Pos2, end: Pos2, zoom: f32) -> Self {
        // A cable that runs back needs wide bows, or it would hide behind its own modules.
        let ahead = end.x - start.x;
        let reach = if ahead < 0.0 { 60.0 * zoom - ahead * 0.3 } else { ahead * 0.5 };
        let bow = Vec2::new(reach.clamp(24.0 * zoom, 220.0 * zoom), 0.0);
        Self { points: [start, start + bow, end - bow, end] }
    }

    /// A rectangle that holds it.
    pub(crate) fn bounds(&self) -> Rect {
        Rect::from_points(&self.points)
    }

    /// The point at `t`, 0..=1 of the way.
    pub(crate) fn at(&self, t: f32) -> Pos2 {
        let [a, b, c, d] = self.points;
        let (ab, bc, cd) = (a.lerp(b, t), b.lerp(c, t), c.lerp(d, t));
        ab.lerp(bc, t).lerp(bc.lerp(cd, t), t)
    }

    /// Points along it, near enough to each other for the eye.
    pub(crate) fn points_along(&self) -> Vec<Pos2> {
        let [a, b, c, d] = self.points;
        let length = a.distance(b) + b.distance(c) + c.distance(d);
        let pieces = (length / PIECE).clamp(8.0, 64.0) as u16;
        (0..=pieces).map(|piece| self.at(f32::from(piece) / f32::from(pieces))).collect()
    }

    /// How far `place` is from the curve, and how far along it that is, 0..=1.
    pub(crate) fn nearest(&self, place: Pos2) -> (f32, f32) {
        let step = 1.0 / f32::from(PIECES);
        let pieces = (0..PIECES).map(|piece| {
            let from = f32::from(piece) * step;
            let (a, b) = (self.at(from), self.at(from + step));
            let along = (b - a).dot(place - a) / (b - a).length_sq().max(1e-6);
            let along = along.clamp(0.0, 1.0);
            (a.lerp(b, along).distance(place), from + along * step)
        });
        let nearer = |a: (f32, f32), b: (f32, f32)| if b.0 < a.0 { b } else { a };
        pieces.fold((f32::INFINITY, 0.0), nearer)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use egui::pos2;

    #[test]
    fn a_cable_is_hit_on_its_way_and_nowhere_else() {
        for end in [pos2(400.0, 300.0), pos2(-200.0, 40.0)] {
            let curve = Curve::new(pos2(100.0, 100.0), end, 1.0);
            for t in [0.0, 0.13, 0.5, 0.77, 1.0] {
                let (far, along) = curve.nearest(curve.at(t));
                assert!(far < 1.0 && (along - t).abs() < 0.03, "{t}: {far} at {along}");
                assert!(curve.bounds().expand(0.1).contains(curve.at(t)));
            }
            let (far, _) = curve.nearest(curve.at(0.5) + Vec2::new(0.0, 200.0));
            assert!(far > 40.0, "{far}");
        }
    }
}
