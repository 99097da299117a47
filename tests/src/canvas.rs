//! An RGB picture in memory: rectangles, lines, letters, and PNG.

use std::convert::Infallible;
use std::io;
use std::path::Path;

use embedded_graphics::Pixel;
use embedded_graphics::draw_target::DrawTarget;
use embedded_graphics::geometry::{OriginDimensions, Point, Size};
use embedded_graphics::mono_font::ascii::FONT_9X15;
use embedded_graphics::mono_font::{MonoFont, MonoTextStyle};
use embedded_graphics::pixelcolor::{Rgb888, RgbColor};
use embedded_graphics::prelude::{Drawable, Primitive};
use embedded_graphics::primitives::{Circle, Line, PrimitiveStyle, Rectangle};
use embedded_graphics::text::{Alignment, Text};

pub(crate) const INK: Rgb888 = Rgb888::new(222, 226, 234);
pub(crate) const DIM: Rgb888 = Rgb888::new(126, 134, 150);
pub(crate) const PAPER: Rgb888 = Rgb888::new(16, 18, 24);
pub(crate) const PANEL: Rgb888 = Rgb888::new(24, 27, 36);
pub(crate) const GRID: Rgb888 = Rgb888::new(44, 49, 62);

/// An RGB picture to draw on.
pub(crate) struct Canvas {
    size: Size,
    pixels: Vec<Rgb888>,
}

impl Canvas {
    pub(crate) fn new(width: u32, height: u32) -> Self {
        Self { size: Size::new(width, height), pixels: vec![PAPER; (width * height) as usize] }
    }

    fn index(&self, x: i32, y: i32) -> Option<usize> {
        let (w, h) = (self.size.width as i32, self.size.height as i32);
        ((0..w).contains(&x) && (0..h).contains(&y)).then_some((y * w + x) as usize)
    }

    pub(crate) fn put(&mut self, x: i32, y: i32, colour: Rgb888) {
        if let Some(index) = self.index(x, y) {
            self.pixels[index] = colour;
        }
    }

    pub(crate) fn fill(&mut self, (x, y): (i32, i32), (w, h): (i32, i32), colour: Rgb888) {
        let size = Size::new(w.max(0) as u32, h.max(0) as u32);
        let rectangle = Rectangle::new(Point::new(x, y), size);
        let Ok(()) = rectangle.into_styled(PrimitiveStyle::with_fill(colour)).draw(self);
    }

    /// A line as thick as `width`.
    pub(crate) fn line(&mut self, from: (i32, i32), to: (i32, i32), width: u32, colour: Rgb888) {
        let line = Line::new(Point::new(from.0, from.1), Point::new(to.0, to.1));
        let Ok(()) = line.into_styled(PrimitiveStyle::with_stroke(colour, width)).draw(self);
    }

    /// A disc around `at`.
    pub(crate) fn dot(&mut self, at: (i32, i32), diameter: u32, colour: Rgb888) {
        let disc = Circle::with_center(Point::new(at.0, at.1), diameter);
        let Ok(()) = disc.into_styled(PrimitiveStyle::with_fill(colour)).draw(self);
    }

    /// Half transparent, so that both channels stay in sight.
    pub(crate) fn blend_column(&mut self, x: i32, top: i32, bottom: i32, colour: Rgb888) {
        for y in top..=bottom {
            let Some(index) = self.index(x, y) else { continue };
            let under = self.pixels[index];
            let mix = |a: u8, b: u8| ((u16::from(a) * 3 + u16::from(b) * 5) / 8) as u8;
            self.pixels[index] = Rgb888::new(
                mix(under.r(), colour.r()),
                mix(under.g(), colour.g()),
                mix(under.b(), colour.b()),
            );
        }
    }

    pub(crate) fn write(
        &mut self,
        text: &str,
        (x, y): (i32, i32),
        font: &'static MonoFont<'static>,
        colour: Rgb888,
        alignment: Alignment,
    ) {
        let style = MonoTextStyle::new(font, colour);
        let text = Text::with_alignment(text, Point::new(x, y), style, alignment);
        let Ok(_) = text.draw(self);
    }

    /// Letters under each other, centred on `y`.
    pub(crate) fn vertical(&mut self, text: &str, (x, y): (i32, i32), colour: Rgb888) {
        let top = y - text.len() as i32 * 14 / 2 + 11;
        for (i, letter) in text.chars().enumerate() {
            let place = (x, top + i as i32 * 14);
            self.write(
                letter.encode_utf8(&mut [0; 4]),
                place,
                &FONT_9X15,
                colour,
                Alignment::Center,
            );
        }
    }

    pub(crate) fn save(&self, path: &Path) -> io::Result<()> {
        let bytes: Vec<u8> = self.pixels.iter().flat_map(|p| [p.r(), p.g(), p.b()]).collect();
        save_png(path, (self.size.width, self.size.height), &bytes)
    }
}

/// Writes rows of RGB bytes as PNG.
///
/// # Errors
/// When the file cannot be written.
pub fn save_png(path: &Path, (width, height): (u32, u32), rgb: &[u8]) -> io::Result<()> {
    let file = io::BufWriter::new(std::fs::File::create(path)?);
    let mut encoder = png::Encoder::new(file, width, height);
    encoder.set_color(png::ColorType::Rgb);
    encoder.set_depth(png::BitDepth::Eight);
    let mut writer = encoder.write_header().map_err(io::Error::other)?;
    writer.write_image_data(rgb).map_err(io::Error::other)
}

impl OriginDimensions for Canvas {
    fn size(&self) -> Size {
        self.size
    }
}

impl DrawTarget for Canvas {
    type Color = Rgb888;
    type Error = Infallible;

    fn draw_iter<I>(&mut self, pixels: I) -> Result<(), Infallible>
    where
        I: IntoIterator<Item = Pixel<Rgb888>>,
    {
        for Pixel(at, colour) in pixels {
            self.put(at.x, at.y, colour);
        }
        Ok(())
    }
}
