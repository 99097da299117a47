//! Icons, drawn with strokes: they are crisp at every scale and need no font.

use egui::{Color32, Painter, Rect, Response, Role, Sense, Shape, Stroke};
use egui::{StrokeKind, Ui, Vec2, Widget, WidgetInfo, vec2};

use crate::theme;

/// Size of an icon in a button, in points.
const SIZE: Vec2 = vec2(14.0, 14.0);
/// Size of one beside a text.
const MARK: Vec2 = vec2(11.0, 11.0);
/// Room around what stands in a button.
const ROOM: Vec2 = vec2(6.0, 4.0);
/// The same in a small one.
const SMALL_ROOM: Vec2 = vec2(4.0, 3.0);

/// A drawing in a square.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Icon {
    Undo,
    Redo,
    Delete,
    Close,
    Plus,
    Minus,
    Fit,
    Arrange,
    Feedback,
    Sun,
    Moon,
    /// To the one before, or to fold to the left; a way out to the left.
    Left,
    /// To the next, or to unfold; the way that signals go.
    Right,
    /// A favourite.
    Star,
    /// What could be one.
    Outline,
    /// A family, by its colour.
    Square,
}

impl Icon {
    /// Draws it into `rect`.
    pub(crate) fn draw(self, painter: &Painter, rect: Rect, colour: Color32) {
        let side = rect.width().min(rect.height());
        let square = Rect::from_center_size(rect.center(), Vec2::splat(side));
        let at = |x: f32, y: f32| square.min + vec2(x, y) * side;
        let stroke = Stroke::new((side * 0.1).max(1.0), colour);
        let line = |points: &[(f32, f32)]| {
            let points = points.iter().map(|&(x, y)| at(x, y)).collect();
            painter.add(Shape::line(points, stroke));
        };
        match self {
            Self::Undo | Self::Redo => {
                // A bow over the top that ends in an arrow; the other way round, it is mirrored.
                let turn = |x: f32| if self == Self::Undo { x } else { 1.0 - x };
                line(&arc((0.54, 0.58), 0.32, (-1.0, 0.55)).map(|(x, y)| (turn(x), y)));
                line(&[(0.20, 0.14), (0.20, 0.46), (0.52, 0.46)].map(|(x, y)| (turn(x), y)));
            }
            Self::Delete => {
                line(&[(0.12, 0.26), (0.88, 0.26)]);
                line(&[(0.36, 0.26), (0.40, 0.12), (0.60, 0.12), (0.64, 0.26)]);
                line(&[(0.22, 0.26), (0.28, 0.90), (0.72, 0.90), (0.78, 0.26)]);
                line(&[(0.42, 0.42), (0.43, 0.74)]);
                line(&[(0.58, 0.42), (0.57, 0.74)]);
            }
            Self::Close => {
                line(&[(0.22, 0.22), (0.78, 0.78)]);
                line(&[(0.78, 0.22), (0.22, 0.78)]);
            }
            Self::Plus => {
                line(&[(0.5, 0.16), (0.5, 0.84)]);
                line(&[(0.16, 0.5), (0.84, 0.5)]);
            }
            Self::Minus => line(&[(0.16, 0.5), (0.84, 0.5)]),
            Self::Fit => {
                for (x, y) in [(0.12, 0.12), (0.88, 0.12), (0.12, 0.88), (0.88, 0.88)] {
                    let inwards = |from: f32| if from < 0.5 { from + 0.24 } else { from - 0.24 };
                    line(&[(inwards(x), y), (x, y), (x, inwards(y))]);
                }
                let middle = Rect::from_two_pos(at(0.34, 0.34), at(0.66, 0.66));
                painter.rect_filled(middle, 1.0, colour);
            }
            Self::Arrange => {
                for (x, y) in [(0.06, 0.38), (0.66, 0.10), (0.66, 0.64)] {
                    let rect = Rect::from_min_size(at(x, y), vec2(0.28, 0.26) * side);
                    painter.rect_filled(rect, 1.0, colour);
                }
                line(&[(0.34, 0.51), (0.50, 0.51), (0.50, 0.23), (0.66, 0.23)]);
                line(&[(0.50, 0.51), (0.50, 0.77), (0.66, 0.77)]);
            }
            Self::Feedback => {
                line(&arc((0.5, 0.5), 0.34, (-0.8, 0.6)));
                line(&[(0.28, 0.78), (0.18, 0.94)]);
                line(&[(0.28, 0.78), (0.08, 0.72)]);
            }
            Self::Sun => {
                painter.circle_filled(at(0.5, 0.5), side * 0.2, colour);
                for ray in 0..8_u8 {
                    let turn = f32::from(ray) * std::f32::consts::FRAC_PI_4;
                    let (x, y) = (turn.cos(), turn.sin());
                    line(&[(0.5 + x * 0.32, 0.5 + y * 0.32), (0.5 + x * 0.46, 0.5 + y * 0.46)]);
                }
            }
            Self::Moon => {
                // A disc that another one, up and to the right, takes a bite of.
                let outer = arc((0.48, 0.52), 0.38, (-0.389, -1.889));
                let inner = arc((0.707, 0.414), 0.269, (0.340, 1.383));
                let points = outer.into_iter().chain(inner).map(|(x, y)| at(x, y)).collect();
                painter.add(Shape::closed_line(points, stroke));
            }
            Self::Left | Self::Right => {
                let turn = |x: f32| if self == Self::Right { x } else { 1.0 - x };
                let corners = [(0.26, 0.14), (0.84, 0.50), (0.26, 0.86)];
                let corners = corners.map(|(x, y)| at(turn(x), y)).to_vec();
                painter.add(Shape::convex_polygon(corners, colour, Stroke::NONE));
            }
            Self::Star => {
                // Five rays around a pentagon: each part is convex.
                let star = star().map(|(x, y)| at(x, y));
                let fill = |points: Vec<_>| {
                    painter.add(Shape::convex_polygon(points, colour, Stroke::new(0.5, colour)));
                };
                fill(star.into_iter().skip(1).step_by(2).collect());
                (0..5).for_each(|ray| {
                    fill(vec![star[(2 * ray + 9) % 10], star[2 * ray], star[2 * ray + 1]])
                });
            }
            Self::Outline => {
                let points = star().map(|(x, y)| at(x, y)).to_vec();
                painter.add(Shape::closed_line(points, stroke));
            }
            Self::Square => {
                let square = Rect::from_two_pos(at(0.15, 0.15), at(0.85, 0.85));
                painter.rect_filled(square, 1.0, colour);
            }
        }
    }
}

/// The corners of a star with five rays, the first at the top; every other one lies inside.
fn star() -> [(f32, f32); 10] {
    std::array::from_fn(|corner| {
        let radius = if corner % 2 == 0 { 0.46 } else { 0.19 };
        let turn = std::f32::consts::PI * (0.2 * corner as f32 - 0.5);
        (0.5 + radius * turn.cos(), 0.53 + radius * turn.sin())
    })
}

/// An icon that says what something is, and does nothing.
pub(crate) fn mark(ui: &mut Ui, icon: Icon, colour: Color32) -> Response {
    let (rect, response) = ui.allocate_exact_size(MARK, Sense::hover());
    icon.draw(ui.painter(), rect, colour);
    response
}

/// Part of a circle, from one angle to another in half turns; 0 is to the right, a quarter down.
fn arc(centre: (f32, f32), radius: f32, (from, to): (f32, f32)) -> [(f32, f32); 17] {
    std::array::from_fn(|step| {
        let turn = std::f32::consts::PI * (from + (to - from) * step as f32 / 16.0);
        (centre.0 + radius * turn.cos(), centre.1 + radius * turn.sin())
    })
}

/// A button with an icon.
#[must_use]
pub(crate) struct IconButton<'a> {
    icon: Icon,
    name: &'a str,
    small: bool,
    on: Option<bool>,
}

impl<'a> IconButton<'a> {
    /// A button called `name`.
    pub(crate) fn new(icon: Icon, name: &'a str) -> Self {
        Self { icon, name, small: false, on: None }
    }

    /// No higher than a line of text.
    pub(crate) fn small(self) -> Self {
        Self { small: true, ..self }
    }

    /// One that stays pressed while it is `on`.
    pub(crate) fn switch(self, on: bool) -> Self {
        Self { on: Some(on), ..self }
    }
}

impl Widget for IconButton<'_> {
    fn ui(self, ui: &mut Ui) -> Response {
        let Self { icon, name, small, on } = self;
        let ink = theme::of(ui).text;
        let (size, room) = if small { (MARK, SMALL_ROOM) } else { (SIZE, ROOM) };
        let (rect, response) = ui.allocate_exact_size(size + 2.0 * room, Sense::click());
        let enabled = ui.is_enabled();
        response.widget_info(|| match on {
            Some(on) => WidgetInfo::selected(Role::Button, enabled, on, name),
            None => WidgetInfo::labeled(Role::Button, enabled, name),
        });
        let look = ui.style().interact_selectable(&response, on == Some(true));
        let (round, fill) = (look.corner_radius, look.weak_bg_fill);
        ui.painter().rect(rect, round, fill, look.bg_stroke, StrokeKind::Inside);
        icon.draw(ui.painter(), Rect::from_center_size(rect.center(), size), ink);
        response
    }
}
