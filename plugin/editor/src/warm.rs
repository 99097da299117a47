//! Letters drawn ahead: the first zoom would otherwise wait for each size of them.

use egui::{Color32, FontFamily, FontId, Ui};

use crate::theme;

/// Sizes that a zoom runs through, in half points.
const SIZES: std::ops::Range<u16> = 11..33;
/// What names and values are written in.
const LETTERS: &str = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789 .,-+%:/()_#";

/// How far it has come.
#[derive(Default)]
pub(crate) struct Warm {
    done: u16,
}

impl Warm {
    /// Draws one more size, in a frame in which no hand waits for anything.
    pub(crate) fn go_on(&mut self, ui: &Ui) {
        let families = [FontFamily::Proportional, theme::strong()];
        let (step, family) = (self.done / 2, families[usize::from(self.done % 2)].clone());
        let size = SIZES.start + step;
        if !SIZES.contains(&size) || ui.input(|input| input.pointer.any_down()) {
            return;
        }
        self.done += 1;
        let font = FontId::new(f32::from(size) / 2.0, family);
        // To lay it out draws its letters into the font's texture; it is shown nowhere.
        let _ = ui.painter().layout_no_wrap(LETTERS.to_owned(), font, Color32::WHITE);
    }
}
