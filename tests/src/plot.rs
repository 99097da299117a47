//! Curves over logarithmic axes, several panels to a picture.

use std::io;
use std::path::Path;

use embedded_graphics::mono_font::ascii::{FONT_9X15, FONT_10X20};
use embedded_graphics::pixelcolor::Rgb888;
use embedded_graphics::text::Alignment;

use crate::canvas::{Canvas, DIM, GRID, INK, PANEL};

const PANEL_SIZE: (i32, i32) = (800, 480);
/// Room for labels: left, top, right, bottom.
const MARGINS: (i32, i32, i32, i32) = (96, 84, 28, 64);
const COLOURS: [Rgb888; 4] = [
    Rgb888::new(104, 190, 255),
    Rgb888::new(255, 176, 92),
    Rgb888::new(136, 214, 140),
    Rgb888::new(232, 130, 180),
];

/// One curve.
pub struct Curve {
    /// Name in the legend.
    pub name: &'static str,
    /// Its points, both coordinates above 0.
    pub points: Vec<(f64, f64)>,
}

/// One pair of axes.
pub struct Panel {
    /// Headline.
    pub title: &'static str,
    /// What the horizontal axis shows, with its unit.
    pub x: &'static str,
    /// What the vertical axis shows, with its unit.
    pub y: &'static str,
    /// At most four.
    pub curves: Vec<Curve>,
}

/// Writes `panels`, two in a row, as PNG.
///
/// # Errors
/// When the file cannot be written.
pub fn save(panels: &[Panel], path: &Path) -> io::Result<()> {
    let (width, height) = PANEL_SIZE;
    let rows = panels.len().div_ceil(2) as i32;
    let mut canvas = Canvas::new(2 * width as u32, (rows * height) as u32);
    for (panel, n) in panels.iter().zip(0..) {
        panel.draw(&mut canvas, (n % 2 * width, n / 2 * height));
    }
    canvas.save(path)
}

/// A logarithmic axis from one pixel to another.
struct Axis {
    low: f64,
    high: f64,
    from: i32,
    to: i32,
}

impl Axis {
    /// Over all of `values`, a little wider.
    fn new(values: impl Iterator<Item = f64>, from: i32, to: i32) -> Self {
        let (low, high) =
            values.fold((f64::MAX, f64::MIN_POSITIVE), |(low, high), x| (low.min(x), high.max(x)));
        Self { low: low / 1.25, high: high * 1.25, from, to }
    }

    fn place(&self, value: f64) -> i32 {
        let share = (value / self.low).ln() / (self.high / self.low).ln();
        self.from + (share * f64::from(self.to - self.from)) as i32
    }

    /// 1, 2 and 5 of each decade; only 1 where that would be many.
    fn ticks(&self) -> Vec<f64> {
        let decades = self.low.log10().floor() as i32..=self.high.log10().ceil() as i32;
        let of = |steps: &'static [f64]| {
            let all =
                decades.clone().flat_map(move |d| steps.iter().map(move |s| s * 10f64.powi(d)));
            all.filter(|x| (self.low..=self.high).contains(x)).collect::<Vec<_>>()
        };
        let fine = of(&[1.0, 2.0, 5.0]);
        if fine.len() <= 9 { fine } else { of(&[1.0]) }
    }
}

impl Panel {
    fn draw(&self, canvas: &mut Canvas, (left, top): (i32, i32)) {
        let (width, height) = PANEL_SIZE;
        let (x0, y0) = (left + MARGINS.0, top + MARGINS.1);
        let (x1, y1) = (left + width - MARGINS.2, top + height - MARGINS.3);
        let points = || self.curves.iter().flat_map(|curve| &curve.points);
        let x = Axis::new(points().map(|p| p.0), x0, x1);
        let y = Axis::new(points().map(|p| p.1), y1, y0);
        canvas.fill((x0, y0), (x1 - x0, y1 - y0), PANEL);
        canvas.write(self.title, (x0, top + 30), &FONT_10X20, INK, Alignment::Left);
        canvas.write(self.y, (x0, top + 52), &FONT_9X15, DIM, Alignment::Left);
        canvas.write(self.x, (x1, y1 + 44), &FONT_9X15, DIM, Alignment::Right);
        for tick in x.ticks() {
            let at = x.place(tick);
            canvas.fill((at, y0), (1, y1 - y0), GRID);
            canvas.write(&plain(tick), (at, y1 + 20), &FONT_9X15, DIM, Alignment::Center);
        }
        for tick in y.ticks() {
            let at = y.place(tick);
            canvas.fill((x0, at), (x1 - x0, 1), GRID);
            canvas.write(&plain(tick), (x0 - 8, at + 5), &FONT_9X15, DIM, Alignment::Right);
        }
        let mut legend = x0;
        for (curve, colour) in self.curves.iter().zip(COLOURS) {
            canvas.fill((legend, top + 63), (12, 12), colour);
            canvas.write(curve.name, (legend + 18, top + 74), &FONT_9X15, INK, Alignment::Left);
            legend += curve.name.len() as i32 * 9 + 42;
            let places: Vec<_> =
                curve.points.iter().map(|p| (x.place(p.0), y.place(p.1))).collect();
            for pair in places.windows(2) {
                canvas.line(pair[0], pair[1], 2, colour);
            }
            for place in places {
                canvas.dot(place, 7, colour);
            }
        }
    }
}

fn plain(value: f64) -> String {
    if value >= 1.0 { format!("{value:.0}") } else { format!("{value}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn decades_are_evenly_spaced_and_ticks_lie_inside() {
        let axis = Axis::new([1.0, 1000.0].into_iter(), 0, 1000);
        let [a, b, c] = [1.0, 10.0, 100.0].map(|x| axis.place(x));
        assert!(((b - a) - (c - b)).abs() <= 1, "{a} {b} {c}");
        assert!(axis.ticks().iter().all(|&tick| (0..=1000).contains(&axis.place(tick))));
        assert_eq!(Axis::new([2.0, 9.0].into_iter(), 0, 9).ticks(), [2.0, 5.0, 10.0]);
        assert_eq!((plain(0.5), plain(20.0)), ("0.5".to_owned(), "20".to_owned()));
    }
}
