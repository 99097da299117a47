//! What a frame of the editor costs: user interface and tessellation, without the raster. Patches of
//! 50, 200 and 500 modules are shown whole, in turns, beside a scene of the same number of
//! rectangles, curves and glyphs drawn by nothing but a painter.

use std::collections::BTreeMap;

use chronus_editor::EditorApp;
use chronus_tests::desk::{Frames, button, editor, field, wheel};
use chronus_tests::host::thread_cpu;
use chronus_tests::measure::quantile;
use egui::epaint::{ClippedShape, CubicBezierShape};
use egui::{Color32, FontId, FullOutput, Key, Modifiers, PointerButton, Pos2, Shape, Stroke};
use egui::{Rect, StrokeKind, Ui, Vec2, pos2, vec2};
use serde_json::{Map, Value, json};

/// Modules of the patches.
const SIZES: [usize; 3] = [50, 200, 500];
/// The window, in points.
const WINDOW: Vec2 = vec2(1920.0, 1200.0);
/// Frames of each patch in a turn.
const FRAMES: u16 = 30;
/// Frames before anything is measured: the window finds its form, and draws its letters ahead.
const WARM: usize = 60;

/// Times frames in `rounds` turns; figures by name.
pub fn run(rounds: usize) -> Result<String, String> {
    let mut shows = SIZES.map(Show::new).into_iter().collect::<Result<Vec<_>, _>>()?;
    let scene = Scene::of(&shows[0].frame(Vec::new()).shapes);
    let mut reference = Frames::new(WINDOW, 1.0);
    let (mut still, mut drawn) = (vec![Vec::new(); SIZES.len()], Vec::new());
    let (mut panning, mut zooming) = (Vec::new(), Vec::new());
    for _ in 0..rounds {
        for (show, times) in shows.iter_mut().zip(&mut still) {
            for step in 0..FRAMES {
                times.push(show.hover(step));
            }
        }
        for _ in 0..FRAMES {
            drawn.push(timed(&mut reference, |frames| {
                frames.show_any(Vec::new(), |ui| scene.draw(ui))
            }));
        }
        shows[1].fit();
        for (n, way) in [12.0, -12.0].into_iter().enumerate() {
            zooming.extend((0..FRAMES / 2).map(|_| shows[1].zoom(way)));
            panning.extend((0..FRAMES / 2).map(|step| shows[1].pan(step, n)));
            shows[1].release();
        }
    }
    let mut figures: Map<String, Value> = Map::new();
    for (size, times) in SIZES.iter().zip(&still) {
        figures.insert(format!("ms{size}"), json!(quantile(times, 0.5)));
    }
    figures.insert("reference_ms".into(), json!(quantile(&drawn, 0.5)));
    // The machine's own speed drifts from round to round by more than frames differ: so the slowest of
    // a hundred is compared with the median of its own round, and the middle of the rounds counts.
    let over = |times: &[f64]| quantile(times, 0.99) / quantile(times, 0.5);
    let by_round = |times: &[f64]| -> f64 {
        let rounds: Vec<f64> = times.chunks(usize::from(FRAMES)).map(over).collect();
        quantile(&rounds, 0.5)
    };
    figures.insert("p99_over_median".into(), json!(by_round(&panning).max(by_round(&zooming))));
    figures.insert("p99_over_median_at_once".into(), json!(over(&panning).max(over(&zooming))));
    figures.insert("pan_ms".into(), json!(quantile(&panning, 0.5)));
    figures.insert("zoom_ms".into(), json!(quantile(&zooming, 0.5)));
    figures.insert("scene".into(), json!(scene.counts()));
    Ok(Value::Object(figures).to_string())
}

/// CPU time of a frame and of turning it into triangles, in ms.
fn timed(frames: &mut Frames, show: impl FnOnce(&mut Frames) -> FullOutput) -> f64 {
    let start = thread_cpu();
    let output = show(frames);
    let triangles = frames.context.tessellate(output.shapes, output.pixels_per_point);
    let took = thread_cpu() - start;
    assert!(!triangles.is_empty(), "a frame shows something");
    took.as_secs_f64() * 1e3
}

/// A patch in its window.
struct Show {
    editor: EditorApp,
    frames: Frames,
}

impl Show {
    fn new(modules: usize) -> Result<Self, String> {
        let (editor, ..) = editor(&field(modules)).map_err(|error| error.to_string())?;
        let mut show = Self { editor, frames: Frames::new(WINDOW, 1.0) };
        (0..WARM).for_each(|_| drop(show.frame(Vec::new())));
        Ok(show)
    }

    fn frame(&mut self, events: Vec<egui::Event>) -> FullOutput {
        self.frames.show(&mut self.editor, events)
    }

    fn timed(&mut self, events: Vec<egui::Event>) -> f64 {
        let Self { editor, frames } = self;
        timed(frames, |frames| frames.show(editor, events))
    }

    /// The pointer goes over the patch.
    fn hover(&mut self, step: u16) -> f64 {
        let part = f32::from(step) / f32::from(FRAMES);
        let place = pos2(WINDOW.x * (0.2 + 0.6 * part), WINDOW.y * (0.3 + 0.4 * part));
        self.timed(vec![egui::Event::PointerMoved(place)])
    }

    /// The middle button drags the view, one way or the other.
    fn pan(&mut self, step: u16, way: usize) -> f64 {
        let by = f32::from(step) * 10.0 * if way == 0 { 1.0 } else { -1.0 };
        let place = WINDOW.to_pos2() / 2.0 + vec2(by, by / 2.0);
        let mut events = vec![egui::Event::PointerMoved(place)];
        if step == 0 {
            events.push(button(place, PointerButton::Middle, true));
        }
        self.timed(events)
    }

    /// The wheel zooms in or out.
    fn zoom(&mut self, way: f32) -> f64 {
        self.timed(vec![wheel(vec2(0.0, way), Modifiers::COMMAND)])
    }

    fn release(&mut self) {
        self.frame(vec![button(WINDOW.to_pos2() / 2.0, PointerButton::Middle, false)]);
        (0..WARM).for_each(|_| drop(self.frame(Vec::new())));
    }

    /// Shows all of the patch, with the pointer in the middle.
    fn fit(&mut self) {
        let place = WINDOW.to_pos2() / 2.0;
        let key = |pressed| egui::Event::Key {
            key: Key::F,
            physical_key: None,
            pressed,
            repeat: false,
            modifiers: Modifiers::NONE,
        };
        self.frame(vec![egui::Event::PointerMoved(place)]);
        self.frame(vec![button(place, PointerButton::Middle, true)]);
        self.release();
        self.frame(vec![key(true), key(false)]);
        (0..WARM).for_each(|_| drop(self.frame(Vec::new())));
    }
}

/// How many shapes of a kind a frame has, and how large its text is.
#[derive(Default)]
struct Scene {
    rectangles: usize,
    circles: usize,
    curves: usize,
    lines: usize,
    /// Points of the lines.
    points: usize,
    /// Texts by size in tenths of a point and number of glyphs.
    texts: BTreeMap<(u32, usize), usize>,
}

impl Scene {
    fn of(shapes: &[ClippedShape]) -> Self {
        let mut scene = Self::default();
        shapes.iter().for_each(|shape| scene.add(&shape.shape));
        scene
    }

    fn add(&mut self, shape: &Shape) {
        match shape {
            Shape::Vec(all) => all.iter().for_each(|shape| self.add(shape)),
            Shape::Rect(_) => self.rectangles += 1,
            Shape::Circle(_) | Shape::Ellipse(_) => self.circles += 1,
            Shape::CubicBezier(_) | Shape::QuadraticBezier(_) => self.curves += 1,
            Shape::LineSegment { .. } => {
                self.lines += 1;
                self.points += 2;
            }
            Shape::Path(path) => {
                self.lines += 1;
                self.points += path.points.len();
            }
            Shape::Text(text) => {
                let glyphs = text.galley.rows.iter().map(|row| row.glyphs.len()).sum();
                let size = text.galley.job.sections.first().map_or(13.0, |s| s.format.font_id.size);
                *self.texts.entry(((size * 10.0) as u32, glyphs)).or_default() += 1;
            }
            Shape::Noop | Shape::Band(_) | Shape::Mesh(_) | Shape::Callback(_) => {}
        }
    }

    fn counts(&self) -> String {
        let glyphs: usize = self.texts.iter().map(|((_, glyphs), n)| glyphs * n).sum();
        format!(
            "{} rectangles, {} circles, {} curves, {} lines with {} points, {glyphs} glyphs",
            self.rectangles, self.circles, self.curves, self.lines, self.points
        )
    }

    /// As many shapes, spread over the window.
    fn draw(&self, ui: &mut Ui) {
        let painter = ui.painter();
        let mut places = (0..).map(|n: u32| {
            let part = |step: f32| (n as f32 * step).fract();
            pos2(part(0.618_034) * WINDOW.x, part(0.414_214) * WINDOW.y)
        });
        let mut place = || places.next().unwrap_or(Pos2::ZERO);
        let stroke = Stroke::new(2.0, Color32::LIGHT_BLUE);
        for _ in 0..self.rectangles {
            let rect = Rect::from_min_size(place(), vec2(60.0, 40.0));
            painter.rect(rect, 3.0, Color32::DARK_GRAY, stroke, StrokeKind::Inside);
        }
        for _ in 0..self.circles {
            painter.circle(place(), 4.0, Color32::GOLD, stroke);
        }
        for _ in 0..self.curves {
            let start = place();
            let points = [vec2(0.0, 0.0), vec2(60.0, 0.0), vec2(60.0, 50.0), vec2(120.0, 50.0)];
            let points = points.map(|by| start + by);
            let shape =
                CubicBezierShape::from_points_stroke(points, false, Color32::TRANSPARENT, stroke);
            painter.add(shape);
        }
        for n in 0..self.lines {
            let count = self.points / self.lines + usize::from(n < self.points % self.lines);
            let start = place();
            let points = (0..count).map(|at| start + vec2(at as f32 * 2.0, (at % 3) as f32));
            painter.add(Shape::line(points.collect(), stroke));
        }
        for (&(size, glyphs), &count) in &self.texts {
            let text: String = "Chronus live patch".chars().cycle().take(glyphs).collect();
            for _ in 0..count {
                let font = FontId::proportional(size as f32 / 10.0);
                painter.text(place(), egui::Align2::LEFT_TOP, &text, font, Color32::WHITE);
            }
        }
    }
}
