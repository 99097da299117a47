//! How the canvas looks: grid, modules, pins and cables, in the window's points.

use chronus_engine::Signal;
use egui::text::LayoutJob;
use egui::{
    Align, Align2, Color32, CornerRadius, FontId, Painter, Pos2, Rect, Shape, Stroke, StrokeKind,
};
use egui::{Ui, Vec2, pos2, vec2};

use super::curve::Curve;
use super::layout::HEADER;
use super::scene::{Pin, Scene, Seat};
use super::view::View;
use crate::theme::{self, Palette};

/// Between two lines of the grid, in the patch's points.
const GRID: f32 = 40.0;
/// Lines of the grid from one strong one to the next.
const STRONG: i32 = 5;
/// Radius of a pin at 1x.
const PIN: f32 = 5.0;

/// A font size at `zoom`, in half points: every other size would be drawn into the font's texture
/// anew in each step of a zoom.
pub(crate) fn font(size: f32, zoom: f32) -> FontId {
    FontId::proportional(((size * zoom * 2.0).round() / 2.0).max(4.0))
}

/// What the canvas is drawn with.
#[derive(Clone, Copy)]
pub(crate) struct Brush<'a> {
    pub painter: &'a Painter,
    pub look: &'static Palette,
    pub view: View,
}

impl<'a> Brush<'a> {
    /// In the theme of `ui`.
    pub(crate) fn new(ui: &'a Ui, view: View) -> Self {
        Self { painter: ui.painter(), look: theme::of(ui), view }
    }
}

/// The grid: finer lines where there is room for them.
pub(crate) fn grid(brush: Brush<'_>, window: Rect) {
    let Brush { painter, look, view } = brush;
    painter.rect_filled(window, 0.0, look.canvas);
    let (least, most) = (view.to_patch(window.min), view.to_patch(window.max));
    let lines = |from: f32, to: f32| {
        let fine = GRID * view.zoom >= 14.0;
        let all = (from / GRID).floor() as i32..=(to / GRID).ceil() as i32;
        all.filter(move |line| fine || line % STRONG == 0)
    };
    let stroke = |line: i32| {
        let strong = line % STRONG == 0;
        Stroke::new(1.0, if strong { look.grid_strong } else { look.grid })
    };
    for line in lines(least.x, most.x) {
        let x = view.to_window(pos2(line as f32 * GRID, 0.0)).x.round();
        painter.vline(x, window.y_range(), stroke(line));
    }
    for line in lines(least.y, most.y) {
        let y = view.to_window(pos2(0.0, line as f32 * GRID)).y.round();
        painter.hline(window.x_range(), y, stroke(line));
    }
}

/// What sets a module apart.
#[derive(Clone, Copy, Default)]
pub(crate) struct Marks<'a> {
    pub selected: bool,
    pub hovered: bool,
    pub refused: bool,
    /// Something in it is odd, but plays.
    pub warned: bool,
    /// Its load in words, where that is to be seen.
    pub load: Option<&'a str>,
}

/// A module's body and header.
pub(crate) fn body(brush: Brush<'_>, scene: &Scene<'_>, seat: &Seat<'_>, marks: Marks<'_>) {
    let Brush { painter, look, view: View { zoom, .. } } = brush;
    let rect = seat.rect;
    let corners = CornerRadius::same((5.0 * zoom).clamp(1.0, 12.0) as u8);
    painter.rect_filled(rect.translate(vec2(0.0, 3.0 * zoom)), corners, look.shadow);
    painter.rect_filled(rect, corners, look.card);
    let header = Rect::from_min_size(rect.min, vec2(rect.width(), HEADER * zoom));
    let top = CornerRadius { sw: 0, se: 0, ..corners };
    let header_colour = header_colour(look, seat);
    painter.rect_filled(header, top, header_colour);
    if seat.open {
        let name = scene.patch.label(seat.id);
        let text = if seat.module.bypass { format!("{name} (bypassed)") } else { name.to_owned() };
        let place = header.left_center() + vec2(9.0 * zoom, 0.0);
        let margin = 5.0 * zoom;
        let ink = look.ink_on(header_colour);
        let mut free = header;
        (free.min.x, free.max.x) = (place.x, free.max.x - margin);
        // The last to become unreadable is the name.
        let size = |points: f32| font(points, zoom.max(super::NAMES)).size;
        if let Some(load) = marks.load {
            let corner = header.right_center() - vec2(6.0 * zoom, 0.0);
            let font = FontId::proportional(size(11.5));
            let taken = painter.text(corner, Align2::RIGHT_CENTER, load, font, ink);
            free.max.x = taken.left() - margin;
        }
        // A name that is a little too long for its module is set a little smaller.
        let fits = free.width() / (LETTER * text.chars().count().max(1) as f32);
        let font =
            FontId::new(size(13.0).min((fits * 2.0).floor() / 2.0).max(LEAST), theme::strong());
        let inside = painter.with_clip_rect(painter.clip_rect().intersect(free));
        inside.text(place, Align2::LEFT_CENTER, text, font, ink);
    }
    if !seat.open {
        name_inside(brush, scene, seat, marks.load);
    }
    if seat.spec.is_none() && seat.open {
        let place = header.left_bottom() + vec2(9.0, 9.0) * zoom;
        let text = format!("no kind `{}` here", seat.module.kind);
        painter.text(place, Align2::LEFT_CENTER, text, font(10.5, zoom), look.bad);
    }
    let outline = if marks.refused {
        glow(painter, rect, corners, look.bad);
        Stroke::new(2.0, look.bad)
    } else if marks.selected {
        if marks.warned {
            glow(painter, rect, corners, look.warn);
        }
        Stroke::new(2.0, look.text)
    } else if marks.warned {
        glow(painter, rect, corners, look.warn);
        Stroke::new(2.0, look.warn)
    } else if marks.hovered {
        Stroke::new(1.0, look.dim)
    } else {
        Stroke::new(1.0, look.edge)
    };
    painter.rect_stroke(rect, corners, outline, StrokeKind::Outside);
}

/// The colour of a module's header.
pub(crate) fn header_colour(look: &Palette, seat: &Seat<'_>) -> Color32 {
    let family = seat.spec.map_or(look.bad, |spec| look.family(spec.category));
    let own = |c: chronus_patch::Colour| look.legible(Color32::from_rgb(c.0[0], c.0[1], c.0[2]));
    let colour = seat.module.colour.map_or(family, own);
    if seat.module.bypass { look.dimmed(colour) } else { colour }
}

/// The name in the middle of a module, in two lines if one is too short for it: where the header is
/// too small to be read.
pub(crate) fn name_inside(
    brush: Brush<'_>,
    scene: &Scene<'_>,
    seat: &Seat<'_>,
    load: Option<&str>,
) {
    let (Brush { painter, look, .. }, rect) = (brush, seat.rect);
    let name = scene.patch.label(seat.id);
    let width = rect.width() - 4.0;
    let longest = name.split(' ').map(|word| word.chars().count()).max().unwrap_or(0);
    let size = fitting(width, longest);
    let within = |text: &str, colour, width| {
        let font = FontId::proportional(size);
        let mut job = LayoutJob::simple(text.to_owned(), font, colour, width);
        job.halign = Align::Center;
        job
    };
    // What fits in one line lies the same however wide the module is: while a zoom makes that another width
    // in each frame, the name waits in egui's cache.
    let mut galley = painter.layout_job(within(name, look.text, f32::INFINITY));
    if galley.size().x > width.round() {
        let mut job = within(name, look.text, width);
        job.wrap.max_rows = if rect.height() > 40.0 { 2 } else { 1 };
        job.wrap.break_anywhere = longest == name.chars().count();
        galley = painter.layout_job(job);
    }
    let loaded = load.map(|load| {
        let mut job = within(load, look.dim, width);
        job.wrap.max_rows = 1;
        painter.layout_job(job)
    });
    let below = loaded.as_ref().map_or(0.0, |load| load.size().y);
    let top = rect.center() - vec2(0.0, (galley.size().y + below) / 2.0);
    let under = top + vec2(0.0, galley.size().y);
    painter.galley(top, galley, look.text);
    if let Some(load) = loaded {
        painter.galley(under, load, look.dim);
    }
}

/// Width of most letters over their font size.
const LETTER: f32 = 0.58;
/// Font size of the smallest name in a header.
const LEAST: f32 = 6.5;

/// The font size, 8 to 11 in half points, at which a word of `letters` letters takes `width` points.
fn fitting(width: f32, letters: usize) -> f32 {
    (width / (LETTER * letters.max(1) as f32) * 2.0).floor().clamp(16.0, 22.0) / 2.0
}

fn glow(painter: &Painter, rect: Rect, corners: CornerRadius, colour: Color32) {
    for ring in 0..7_u8 {
        let out = f32::from(ring) * 2.0;
        let stroke = Stroke::new(2.0, colour.gamma_multiply(0.4 - out * 0.028));
        let round = CornerRadius::same(corners.nw.saturating_add(ring * 2));
        painter.rect_stroke(rect.expand(out), round, stroke, StrokeKind::Outside);
    }
}

/// How a pin is to be seen.
#[derive(Clone, Copy, Default)]
pub(crate) struct Light {
    /// A cable is in it.
    pub plugged: bool,
    /// The cable in hand cannot end here.
    pub dim: bool,
    /// The pointer or a held cable is on it.
    pub lit: bool,
    /// Part of its colour that its level leaves, where that is known.
    pub bright: Option<f32>,
}

/// A pin and its name.
pub(crate) fn pin(brush: Brush<'_>, pin: &Pin, light: Light) {
    let Brush { painter, look, view: View { zoom, .. } } = brush;
    let Light { plugged, dim, lit, bright } = light;
    let fade = |colour: Color32| if dim { colour.gamma_multiply(0.25) } else { colour };
    let radius = (PIN * zoom).max(2.0) * if lit { 1.4 } else { 1.0 };
    let stroke = Stroke::new((2.0 * zoom).max(1.0), fade(look.signal(pin.signal)));
    let filled = lit || plugged;
    let level = bright.filter(|_| !lit).unwrap_or(1.0);
    let full = look.deep.lerp_to_gamma(look.signal(pin.signal), level);
    let fill = if filled { fade(full) } else { look.deep };
    painter.circle(pin.at, radius, fill, stroke);
    if zoom >= super::PIN_NAMES || lit {
        let (away, align) = if pin.output {
            (vec2(-11.0, 0.0), Align2::RIGHT_CENTER)
        } else {
            (vec2(11.0, 0.0), Align2::LEFT_CENTER)
        };
        let font = font(11.5, zoom.max(super::NAMES));
        painter.text(pin.at + away * zoom, align, pin.name, font, fade(look.text));
    }
}

/// `colour` as text can be read in it on the deepest ground.
pub(crate) fn readable(look: &Palette, colour: Color32) -> Color32 {
    colour.lerp_to_gamma(look.text, 0.4)
}

/// A cable, `opacity` 0..=1.
pub(crate) fn cable(
    brush: Brush<'_>,
    curve: &Curve,
    signal: Signal,
    (opacity, strong): (f32, bool),
) {
    let Brush { painter, look, view } = brush;
    let width = (2.5 * view.zoom.sqrt()).clamp(1.2, 4.0) + if strong { 2.0 } else { 0.0 };
    let colour = look.signal(signal).gamma_multiply(opacity);
    let stroke = Stroke::new(width, colour);
    let points = curve.points_along();
    if strong {
        let halo = Stroke::new(width + 4.0, look.text.gamma_multiply(opacity * 0.5));
        painter.add(Shape::line(points.clone(), halo));
    }
    painter.add(Shape::line(points, stroke));
}

/// A knob's rail, value arc and pointer; `position` 0..=1 of its way, `start` where the arc begins.
pub(crate) fn dial(
    brush: Brush<'_>,
    (centre, radius): (Pos2, f32),
    (position, start): (f32, f32),
    (colour, hot): (Color32, bool),
) {
    let Brush { painter, look, .. } = brush;
    let rail = Stroke::new(radius * 0.2, look.rail);
    painter.add(arc(centre, radius, 0.0, 1.0, rail));
    painter.circle_filled(centre, radius * 0.7, if hot { look.edge } else { look.knob });
    let (from, to) = (position.min(start), position.max(start));
    if to - from > 0.002 {
        painter.add(arc(centre, radius, from, to, Stroke::new(radius * 0.2, colour)));
    }
    let tip = direction(position);
    let hand = Stroke::new((radius * 0.13).max(1.5), look.text);
    painter.line_segment([centre + tip * radius * 0.25, centre + tip * radius * 0.68], hand);
}

fn arc(centre: Pos2, radius: f32, from: f32, to: f32, stroke: Stroke) -> Shape {
    // As many corners as the eye can tell apart at that size.
    let whole = (radius * 2.0).clamp(10.0, 48.0);
    let pieces = ((to - from) * whole).ceil().max(1.0);
    let point = |piece: f32| centre + direction(from + (to - from) * piece / pieces) * radius;
    let points = (0..=pieces as u16).map(|piece| point(f32::from(piece))).collect();
    Shape::line(points, stroke)
}

/// Where a knob points at `position`: from lower left over the top to lower right.
fn direction(position: f32) -> Vec2 {
    let turn = std::f32::consts::PI * (0.75 + 1.5 * position);
    vec2(turn.cos(), turn.sin())
}
