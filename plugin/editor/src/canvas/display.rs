//! What faces show below their knobs: curves, bars, scopes and meters, as the specs declare them.

use std::collections::VecDeque;

use chronus_engine::{
    Bars, Curve, Display, Extremes, MOST_BARS, Picture, Scope, Settings, TAP_FRAMES,
};
use egui::{Align2, Color32, FontId, Mesh, Pos2, Rect, Role, Sense, Shape, Stroke, Ui};
use egui::{WidgetInfo, pos2, vec2};

use super::draw::Brush;
use super::scene::{Scene, Seat};
use crate::app::EditorApp;
use crate::live::{self, SILENT, Trace};
use crate::theme;
use crate::words::decibels;

/// Decibels at the foot of a meter.
const FOOT: f32 = -60.0;

impl EditorApp {
    /// The display of `seat`, whose knobs stand at `values`.
    pub(crate) fn display(
        &mut self,
        ui: &Ui,
        scene: &Scene<'_>,
        seat: &Seat<'_>,
        values: &[f32],
    ) -> Option<()> {
        let (spec, place) = (seat.spec?, seat.face.display?);
        let zoom = scene.view.zoom;
        let corner = seat.rect.min + place.min.to_vec2() * zoom;
        let rect = Rect::from_min_size(corner, place.size() * zoom);
        if !rect.intersects(scene.window) || values.len() != spec.params.len() {
            return None;
        }
        let rate = self.engine.sample_rate() as f32;
        let sample_rate = if rate > 0.0 { rate } else { 48_000.0 };
        let settings = Settings { values, sample_rate };
        let painter = ui.painter().with_clip_rect(ui.clip_rect().intersect(rect));
        let look = theme::of(ui);
        let brush = Brush { painter: &painter, look, view: scene.view };
        painter.rect_filled(rect, 3.0 * zoom, look.deep);
        let inset = rect.shrink2(vec2(2.0, 3.0) * zoom);
        let ink = if seat.module.bypass { look.dim } else { look.family(spec.category) };
        let mut told = None;
        match spec.display {
            Display::None => {}
            Display::Curve(shape) => curve(brush, inset, &shape, &settings, ink),
            Display::Bars(row) => bars(brush, inset, &row, &settings, ink),
            Display::Scope(Scope { output, picture }) => {
                let picture = picture(&settings);
                let far = scene.far(rect.center());
                let port = (seat.id, output, spec.outputs[output].signal);
                self.live.wish(port, far, Some(picture.seconds));
                let trace = self.live.trace(seat.id, output);
                let rate = self.live.sample_rate;
                told = trace.map(Trace::told);
                scope(brush, inset, trace, (&picture, rate), ink);
            }
            Display::Meter => {
                self.live.wish_meter();
                let peak = self.live.peak;
                let highest = peak[0].max(peak[1]);
                let level = format!("{:.1} dBFS", decibels(highest));
                told = Some(if highest < SILENT { "silent".into() } else { level });
                meter(brush, inset, peak, zoom);
            }
        }
        let id = ui.scope_id().with(("display", seat.id.as_str()));
        let name = format!("{} display", scene.patch.label(seat.id));
        ui.interact(rect, id, Sense::empty()).widget_info(|| {
            let mut info = WidgetInfo::labeled(Role::Image, true, &name);
            info.current_text_value.clone_from(&told);
            info
        });
        Some(())
    }
}

/// Where values between `low` and `high` lie in `rect`.
fn height(rect: Rect, (low, high): (f32, f32), y: f32) -> f32 {
    egui::remap_clamp(y, low..=high, rect.bottom()..=rect.top())
}

fn across(brush: Brush<'_>, rect: Rect, y: f32, colour: Color32) {
    brush.painter.hline(rect.x_range(), y, Stroke::new(1.0, colour));
}

fn along(brush: Brush<'_>, rect: Rect, part: f32) {
    let x = rect.left() + rect.width() * part;
    brush.painter.vline(x, rect.y_range(), Stroke::new(1.0, brush.look.grid));
}

/// A line through `points`, and what lies between it and the height `floor`, faintly.
fn filled(brush: Brush<'_>, points: Vec<Pos2>, floor: f32, ink: Color32) {
    let faint = ink.gamma_multiply(0.18);
    let mut mesh = Mesh::default();
    for (n, point) in points.iter().enumerate() {
        mesh.colored_vertex(*point, faint);
        mesh.colored_vertex(pos2(point.x, floor), faint);
        if n > 0 {
            let at = 2 * n as u32;
            mesh.add_triangle(at - 2, at - 1, at);
            mesh.add_triangle(at - 1, at, at + 1);
        }
    }
    brush.painter.add(Shape::mesh(mesh));
    brush.painter.add(Shape::line(points, Stroke::new(1.5, ink)));
}

fn curve(brush: Brush<'_>, rect: Rect, curve: &Curve, settings: &Settings<'_>, ink: Color32) {
    use chronus_engine::Axis;
    let range = (curve.range)(settings);
    let response = matches!(curve.axis, Axis::Frequency);
    let zero = height(rect, range, 0.0);
    match curve.axis {
        // Decades: 100 Hz, 1 kHz and 10 kHz.
        Axis::Frequency => (1..=3).for_each(|n| along(brush, rect, n as f32 / 3.0 - 0.1)),
        _ => along(brush, rect, 0.5),
    }
    across(brush, rect, zero, brush.look.grid_strong);
    let pieces = ((rect.width() / 2.0) as usize).clamp(48, 96);
    let point = |n: usize| {
        let part = n as f32 / pieces as f32;
        let y = (curve.at)(settings, curve.axis.at(settings, part));
        // What falls below the range leaves the picture instead of running along its foot.
        let below = if response && y <= range.0 { 0.2 * rect.height() } else { 0.0 };
        pos2(rect.left() + rect.width() * part, height(rect, range, y) + below)
    };
    // A response is filled from below: its zero is no silence.
    let floor = if response { rect.bottom() } else { zero };
    filled(brush, (0..=pieces).map(point).collect(), floor, ink);
    if let Axis::Time(span) = curve.axis {
        caption(brush, rect, &seconds(span(settings)));
    }
}

fn bars(brush: Brush<'_>, rect: Rect, bars: &Bars, settings: &Settings<'_>, ink: Color32) {
    let all: Vec<_> = (0..MOST_BARS).map_while(|n| (bars.at)(settings, n)).collect();
    let low = if all.iter().any(|bar| bar.height < 0.0) { -1.0 } else { 0.0 };
    let zero = height(rect, (low, 1.0), 0.0);
    across(brush, rect, zero, brush.look.grid_strong);
    let width = (rect.width() * 0.02).clamp(1.5, 6.0);
    for bar in all {
        let x = egui::lerp(rect.left() + width..=rect.right() - width, bar.place);
        let tip = height(rect, (low, 1.0), bar.height);
        let bar = Rect::from_two_pos(pos2(x - width / 2.0, zero), pos2(x + width / 2.0, tip));
        brush.painter.rect_filled(bar, 0.0, ink);
    }
    let span = (bars.span)(settings);
    if span > 0.0 {
        caption(brush, rect, &seconds(span));
    }
}

/// How long the whole width is, in the upper right corner, where there is room for it.
fn caption(brush: Brush<'_>, rect: Rect, text: &str) {
    if rect.width() > 90.0 && brush.view.zoom >= super::WORDS {
        let galley =
            brush.painter.layout_no_wrap(text.into(), FontId::proportional(9.0), brush.look.dim);
        let corner = rect.right_top() + vec2(-2.0, 1.0);
        let place = Align2::RIGHT_TOP.anchor_size(corner, galley.size());
        // The curve may pass below it.
        brush.painter.rect_filled(place, 2.0, brush.look.deep.gamma_multiply(0.8));
        brush.painter.galley(place.min, galley, brush.look.dim);
    }
}

fn seconds(seconds: f32) -> String {
    if seconds < 0.9995 { format!("{:.0} ms", seconds * 1e3) } else { format!("{seconds:.1} s") }
}

/// A signal as it was of late.
pub(crate) fn scope(
    brush: Brush<'_>,
    rect: Rect,
    trace: Option<&Trace>,
    (picture, rate): (&Picture, f32),
    ink: Color32,
) {
    let range = (-1.05 / picture.gain, 1.05 / picture.gain);
    across(brush, rect, height(rect, range, 0.0), brush.look.grid_strong);
    along(brush, rect, 0.5);
    let Some(trace) = trace.filter(|trace| trace.pairs.len() > 1) else { return };
    let width = ((picture.seconds * rate / TAP_FRAMES as f32) as usize).max(2);
    let shown = live::window(&trace.pairs, width, picture.trigger);
    band(brush, rect, (&trace.pairs, shown, width), range, ink);
}

/// What lies between the lowest and the highest of each column, with a line that is never too thin.
fn band(
    brush: Brush<'_>,
    rect: Rect,
    (pairs, shown, width): (&VecDeque<Extremes>, std::ops::Range<usize>, usize),
    range: (f32, f32),
    ink: Color32,
) {
    let columns = width.clamp(2, 128);
    // What is not yet there is missing on the left.
    let missing = width - shown.len();
    let mut mesh = Mesh::default();
    let mut middle = Vec::with_capacity(columns);
    for column in 0..columns {
        let (from, to) = (column * width / columns, (column + 1) * width / columns);
        let (from, to) = (from.max(missing), to.max(from + 1));
        if to <= missing {
            continue;
        }
        let part = pairs.range(shown.start + from - missing..shown.start + to - missing);
        let Some([low, high]) = part.copied().reduce(|a, b| [a[0].min(b[0]), a[1].max(b[1])])
        else {
            continue;
        };
        let x = rect.left() + rect.width() * column as f32 / (columns - 1) as f32;
        let (top, bottom) = (height(rect, range, high), height(rect, range, low));
        middle.push(pos2(x, 0.5 * (top + bottom)));
        mesh.colored_vertex(pos2(x, top), ink.gamma_multiply(0.6));
        mesh.colored_vertex(pos2(x, bottom), ink.gamma_multiply(0.6));
        let at = mesh.vertices.len() as u32;
        if at >= 4 {
            mesh.add_triangle(at - 4, at - 3, at - 2);
            mesh.add_triangle(at - 3, at - 2, at - 1);
        }
    }
    brush.painter.add(Shape::mesh(mesh));
    brush.painter.add(Shape::line(middle, Stroke::new(1.2, ink)));
}

fn meter(brush: Brush<'_>, rect: Rect, peak: [f32; 2], zoom: f32) {
    let part = |db: f32| egui::remap_clamp(db, FOOT..=0.0, 0.0..=1.0);
    for tick in [-40.0, -20.0, -6.0] {
        along(brush, rect, part(tick));
    }
    let gap = 3.0 * zoom;
    let thick = (rect.height() - 3.0 * gap) / 2.0;
    for (n, level) in peak.into_iter().enumerate() {
        let corner = rect.min + vec2(0.0, gap + n as f32 * (thick + gap));
        let whole = Rect::from_min_size(corner, vec2(rect.width(), thick));
        brush.painter.rect_filled(whole, 1.0, brush.look.grid);
        let db = decibels(level);
        let colour = match db {
            db if db > -0.1 => brush.look.bad,
            db if db > -6.0 => brush.look.warn,
            _ => brush.look.good,
        };
        let size = vec2(rect.width() * part(db), thick);
        brush.painter.rect_filled(Rect::from_min_size(corner, size), 1.0, colour);
    }
}
