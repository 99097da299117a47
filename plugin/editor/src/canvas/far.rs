//! How modules look from afar, where hundreds of them are seen at once: one mesh of plain rectangles
//! each, with a point for every cable that ends there.

use egui::{Color32, Mesh, Rect, Shape, Stroke, StrokeKind, Vec2, vec2};

use super::draw::{self, Brush, Marks};
use super::layout::HEADER;
use super::scene::{Pin, Scene, Seat};

/// Width of a cable's end, in points.
const END: f32 = 3.0;

/// A module, and the ends in it with how bright they are, 0..=1.
pub(crate) fn module(
    brush: Brush<'_>,
    scene: &Scene<'_>,
    seat: &Seat<'_>,
    marks: Marks<'_>,
    ends: impl Iterator<Item = (Pin, f32)>,
) {
    let Brush { painter, look, view } = brush;
    let scale = painter.ctx().pixels_per_point();
    let snap = |at: f32| (at * scale).round() / scale;
    let rect = Rect::from_min_max(seat.rect.min.round_to(snap), seat.rect.max.round_to(snap));
    let header = Rect::from_min_size(rect.min, vec2(rect.width(), snap(HEADER * view.zoom)));
    let mut mesh = Mesh::default();
    mesh.add_colored_rect(rect.expand(1.0 / scale), look.edge);
    mesh.add_colored_rect(rect, look.card);
    mesh.add_colored_rect(header, draw::header_colour(look, seat));
    for (pin, bright) in ends {
        let colour: Color32 = look.deep.lerp_to_gamma(look.signal(pin.signal), bright);
        mesh.add_colored_rect(Rect::from_center_size(pin.at, Vec2::splat(END)), colour);
    }
    painter.add(Shape::mesh(mesh));
    draw::name_inside(brush, scene, seat, marks.load);
    if marks.refused || marks.warned || marks.selected || marks.hovered {
        let colour = if marks.refused {
            look.bad
        } else if marks.warned {
            look.warn
        } else if marks.selected {
            look.text
        } else {
            look.dim
        };
        painter.rect_stroke(rect, 0.0, Stroke::new(1.5, colour), StrokeKind::Outside);
    }
}

/// Rounding of places, axis by axis.
trait RoundTo {
    fn round_to(self, snap: impl Fn(f32) -> f32) -> Self;
}

impl RoundTo for egui::Pos2 {
    fn round_to(self, snap: impl Fn(f32) -> f32) -> Self {
        Self::new(snap(self.x), snap(self.y))
    }
}
