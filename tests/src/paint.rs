//! A recording as a picture: waveform and spectrogram over one time axis, with marks.

use std::io;
use std::path::Path;

use embedded_graphics::mono_font::ascii::{FONT_9X15, FONT_10X20};
use embedded_graphics::pixelcolor::Rgb888;
use embedded_graphics::text::Alignment;

use crate::canvas::{Canvas, DIM, GRID, INK, PANEL};
use crate::measure::{decibels, spectrogram};

const WIDTH: u32 = 1600;
const HEIGHT: u32 = 960;
const LEFT: i32 = 84;
const RIGHT: i32 = 24;
/// Tops and heights of the panels.
const WAVE: (i32, i32) = (70, 250);
const MARKS: (i32, i32) = (330, 56);
const SPECTRUM: (i32, i32) = (396, 500);
/// Frequencies at the spectrogram's lower and upper edge, in Hz.
const BAND: (f64, f64) = (40.0, 20_000.0);
/// Levels that map to the darkest and the brightest colour, in dBFS.
const RANGE: (f32, f32) = (-96.0, -18.0);

const SIDES: [Rgb888; 2] = [Rgb888::new(104, 190, 255), Rgb888::new(255, 176, 92)];

/// Something that happened at a time of the recording.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Mark {
    /// Seconds from its start.
    pub at: f64,
    /// Position of its sort among the picture's `sorts`.
    pub sort: usize,
}

/// A sort of marks: its name in the legend and its colour.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Sort {
    /// Name in the legend.
    pub name: &'static str,
    /// Red, green, blue.
    pub colour: [u8; 3],
}

/// A stereo recording and what to write beside it.
pub struct Picture<'a> {
    /// Headline.
    pub title: &'a str,
    /// Line under it.
    pub subtitle: &'a str,
    /// Left and right.
    pub channels: [&'a [f32]; 2],
    /// Frames a second.
    pub rate: f64,
    /// What happened when.
    pub marks: &'a [Mark],
    /// Sorts of marks, one row each.
    pub sorts: &'a [Sort],
}

impl Picture<'_> {
    /// Writes the picture as PNG.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn save(&self, path: &Path) -> io::Result<()> {
        let mut canvas = Canvas::new(WIDTH, HEIGHT);
        self.titles(&mut canvas);
        self.waveform(&mut canvas);
        self.mark_rows(&mut canvas);
        self.spectrum(&mut canvas);
        self.time_axis(&mut canvas);
        canvas.save(path)
    }

    fn seconds(&self) -> f64 {
        self.channels[0].len().max(1) as f64 / self.rate
    }

    fn x(&self, seconds: f64) -> i32 {
        LEFT + (seconds / self.seconds() * f64::from(span())) as i32
    }

    fn titles(&self, canvas: &mut Canvas) {
        canvas.write(self.title, (LEFT, 28), &FONT_10X20, INK, Alignment::Left);
        canvas.write(self.subtitle, (LEFT, 52), &FONT_9X15, DIM, Alignment::Left);
        let mut right = WIDTH as i32 - RIGHT;
        for sort in self.sorts.iter().rev() {
            canvas.write(sort.name, (right, 28), &FONT_9X15, INK, Alignment::Right);
            right -= sort.name.len() as i32 * 9 + 18;
            canvas.fill((right, 17), (12, 12), colour(sort.colour));
            right -= 18;
        }
    }

    fn waveform(&self, canvas: &mut Canvas) {
        let (top, height) = WAVE;
        canvas.fill((LEFT, top), (span(), height), PANEL);
        let loudest = self.channels.iter().map(|c| crate::measure::peak(c)).fold(0.0, f32::max);
        let full = (loudest * 1.1).max(0.1);
        let y = |value: f32| {
            let share = (value / full).clamp(-1.0, 1.0);
            top + height / 2 - (share * (height / 2 - 4) as f32) as i32
        };
        for level in [-0.5f32, 0.0, 0.5] {
            let level = level * full * 1.8;
            canvas.fill((LEFT, y(level)), (span(), 1), GRID);
            let text = if level == 0.0 { "0".into() } else { format!("{level:+.2}") };
            canvas.write(&text, (LEFT - 8, y(level) + 5), &FONT_9X15, DIM, Alignment::Right);
        }
        canvas.vertical("level", (14, top + height / 2), DIM);
        for (channel, side) in self.channels.iter().zip(SIDES) {
            let frames = channel.len();
            for column in 0..span() {
                let from = column as usize * frames / span() as usize;
                let to = ((column as usize + 1) * frames / span() as usize).max(from + 1);
                let piece = &channel[from.min(frames)..to.min(frames)];
                let low = piece.iter().copied().fold(f32::INFINITY, f32::min);
                let high = piece.iter().copied().fold(f32::NEG_INFINITY, f32::max);
                if low <= high {
                    let (y0, y1) = (y(high), y(low));
                    canvas.blend_column(LEFT + column, y0, y1, side);
                }
            }
        }
    }

    fn mark_rows(&self, canvas: &mut Canvas) {
        let (top, height) = MARKS;
        let row = height / self.sorts.len().max(1) as i32;
        canvas.fill((LEFT, top), (span(), height), PANEL);
        for mark in self.marks {
            let Some(sort) = self.sorts.get(mark.sort) else { continue };
            let y = top + mark.sort as i32 * row;
            canvas.fill((self.x(mark.at), y + 1), (2, row - 2), colour(sort.colour));
        }
        canvas.vertical("edits", (14, top + height / 2), DIM);
    }

    fn spectrum(&self, canvas: &mut Canvas) {
        let (top, height) = SPECTRUM;
        let mono: Vec<f32> =
            self.channels[0].iter().zip(self.channels[1]).map(|(l, r)| (l + r) * 0.5).collect();
        let hop = (mono.len() / span() as usize).max(1);
        let spectrum = spectrogram(&mono, self.rate, 4096, hop);
        let octaves = (BAND.1 / BAND.0).log2();
        for column in 0..span() {
            let Some(bins) = spectrum.columns.get(column as usize) else { break };
            for row in 0..height {
                let hz = |row: i32| {
                    BAND.0 * (octaves * (1.0 - f64::from(row) / f64::from(height))).exp2()
                };
                let low = (hz(row + 1) / spectrum.bin_hz) as usize;
                let high = ((hz(row) / spectrum.bin_hz) as usize).max(low + 1);
                let bins = &bins[low.min(bins.len())..high.min(bins.len())];
                let level = decibels(bins.iter().copied().fold(0.0, f32::max));
                let share = (level - RANGE.0) / (RANGE.1 - RANGE.0);
                canvas.put(LEFT + column, top + row, heat(share));
            }
        }
        for (hz, text) in [
            (50.0, "50 Hz"),
            (100.0, "100"),
            (200.0, "200"),
            (500.0, "500"),
            (1000.0, "1 kHz"),
            (2000.0, "2"),
            (5000.0, "5"),
            (10_000.0, "10"),
            (20_000.0, "20 kHz"),
        ] {
            let share = f64::ln(hz / BAND.0) / f64::ln(BAND.1 / BAND.0);
            let y = top + height - (share * f64::from(height)) as i32;
            canvas.fill((LEFT - 5, y), (5, 1), DIM);
            canvas.write(text, (LEFT - 8, y + 5), &FONT_9X15, DIM, Alignment::Right);
        }
    }

    fn time_axis(&self, canvas: &mut Canvas) {
        let bottom = SPECTRUM.0 + SPECTRUM.1;
        let step = [0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0, 30.0, 60.0, 300.0]
            .into_iter()
            .find(|step| self.seconds() / step <= 16.0)
            .unwrap_or(600.0);
        let mut at = 0.0;
        while at <= self.seconds() {
            let x = self.x(at);
            canvas.fill((x, bottom), (1, 6), DIM);
            let text = if step < 1.0 { format!("{at:.1} s") } else { format!("{at:.0} s") };
            canvas.write(&text, (x, bottom + 22), &FONT_9X15, DIM, Alignment::Center);
            at += step;
        }
        let legend =
            format!("left blue, right orange; colours from {} to {} dBFS", RANGE.0, RANGE.1);
        let end = (WIDTH as i32 - RIGHT, HEIGHT as i32 - 12);
        canvas.write(&legend, end, &FONT_9X15, DIM, Alignment::Right);
    }
}

fn span() -> i32 {
    WIDTH as i32 - LEFT - RIGHT
}

fn colour([r, g, b]: [u8; 3]) -> Rgb888 {
    Rgb888::new(r, g, b)
}

/// From dark blue over magenta and orange to pale yellow; `share` 0..=1.
fn heat(share: f32) -> Rgb888 {
    const STOPS: [[f32; 3]; 6] = [
        [10.0, 11.0, 20.0],
        [44.0, 20.0, 92.0],
        [128.0, 37.0, 110.0],
        [212.0, 72.0, 66.0],
        [250.0, 156.0, 40.0],
        [252.0, 250.0, 190.0],
    ];
    let place = share.clamp(0.0, 1.0) * (STOPS.len() - 1) as f32;
    let at = (place as usize).min(STOPS.len() - 2);
    let part = |c: usize| {
        let (a, b) = (STOPS[at][c], STOPS[at + 1][c]);
        (a + (b - a) * (place - at as f32)) as u8
    };
    Rgb888::new(part(0), part(1), part(2))
}
