//! Knobs as they are drawn. Of a thousand most stand alike: their arcs are made into triangles once for a
//! size, and are put where they are wanted.

use std::collections::HashMap;

use egui::epaint::{PathShape, PathStroke, Tessellator, Vertex};
use egui::{Color32, Mesh, Pos2, Shape, Stroke, Vec2, vec2};

use super::draw::Brush;

/// Arcs that are kept: knobs that move leave some behind.
const MOST: usize = 1024;

/// Where a knob stands, where its arc begins, and in which colour it is.
type Look = (u32, u32, Color32);

/// Rails with their value arcs around the origin.
#[derive(Default)]
pub(crate) struct Arcs {
    /// Their radius, the pixels to a point, and the colour of the rail.
    size: (f32, f32, Color32),
    known: HashMap<Look, Mesh>,
}

impl Arcs {
    /// A knob's rail, value arc and pointer; `position` 0..=1 of its way, `start` where the arc begins.
    pub(crate) fn dial(
        &mut self,
        brush: Brush<'_>,
        (centre, radius): (Pos2, f32),
        (position, start): (f32, f32),
        (colour, hot): (Color32, bool),
    ) {
        let Brush { painter, look, .. } = brush;
        let size = (radius, painter.pixels_per_point(), look.rail);
        if self.size != size || self.known.len() >= MOST {
            self.known.clear();
            self.size = size;
        }
        let key = (position.to_bits(), start.to_bits(), colour);
        let arcs =
            self.known.entry(key).or_insert_with(|| arcs(brush, radius, (position, start), colour));
        let vertices = arcs.vertices.iter();
        let vertices = vertices.map(|v| Vertex { pos: v.pos + centre.to_vec2(), ..*v }).collect();
        let indices = arcs.indices.clone();
        painter.add(Shape::mesh(Mesh { indices, vertices, texture_id: arcs.texture_id }));
        painter.circle_filled(centre, radius * 0.7, if hot { look.edge } else { look.knob });
        let tip = direction(position);
        let hand = Stroke::new((radius * 0.13).max(1.5), look.text);
        painter.line_segment([centre + tip * radius * 0.25, centre + tip * radius * 0.68], hand);
    }
}

/// The rail and the value arc of a knob at the origin, as triangles.
fn arcs(brush: Brush<'_>, radius: f32, (position, start): (f32, f32), colour: Color32) -> Mesh {
    let Brush { painter, look, .. } = brush;
    let options = painter.ctx().tessellation_options_mut(|options| *options);
    // It draws no letters and no discs, and needs no texture for them.
    let mut tessellator = Tessellator::new(painter.pixels_per_point(), options, [1, 1], Vec::new());
    let mut mesh = Mesh::default();
    let mut add = |from: f32, to: f32, colour| {
        let stroke = PathStroke::new(radius * 0.2, colour);
        tessellator.tessellate_path(&PathShape::line(arc(radius, from, to), stroke), &mut mesh);
    };
    add(0.0, 1.0, look.rail);
    let (from, to) = (position.min(start), position.max(start));
    if to - from > 0.002 {
        add(from, to, colour);
    }
    mesh
}

fn arc(radius: f32, from: f32, to: f32) -> Vec<Pos2> {
    // As many corners as the eye can tell apart at that size.
    let whole = (radius * 2.0).clamp(10.0, 48.0);
    let pieces = ((to - from) * whole).ceil().max(1.0);
    let point = |piece: f32| (direction(from + (to - from) * piece / pieces) * radius).to_pos2();
    (0..=pieces as u16).map(|piece| point(f32::from(piece))).collect()
}

/// Where a knob points at `position`: from lower left over the top to lower right.
fn direction(position: f32) -> Vec2 {
    let turn = std::f32::consts::PI * (0.75 + 1.5 * position);
    vec2(turn.cos(), turn.sin())
}
