//! Colours and spacing. Text keeps a contrast of at least 4.5:1 on its ground.

use chronus_engine::{Category, Signal};
use egui::{Color32, Context, CornerRadius, FontId, Stroke, TextStyle, Theme, Visuals, vec2};

/// What is refused or wrong.
pub const BAD: Color32 = Color32::from_rgb(0xff, 0x8a, 0x7a);
/// What waits or deserves a look.
pub const WARN: Color32 = Color32::from_rgb(0xf2, 0xc1, 0x4e);
/// What plays.
pub const GOOD: Color32 = Color32::from_rgb(0x7f, 0xd6, 0x9b);
/// What is bound, selected or held.
pub const ACCENT: Color32 = Color32::from_rgb(0x6f, 0xb7, 0xf2);
/// Text beside the point.
pub const DIM: Color32 = Color32::from_rgb(0xa4, 0xac, 0xb8);

/// Ground of cards and modules.
pub const CARD: Color32 = Color32::from_rgb(0x24, 0x28, 0x30);
/// Ground of what lies deepest: fields, and the holes of pins.
pub const DEEP: Color32 = Color32::from_rgb(0x12, 0x14, 0x18);
/// Text.
pub const TEXT: Color32 = Color32::from_rgb(0xe3, 0xe7, 0xed);
/// Ground of the canvas.
pub const CANVAS: Color32 = Color32::from_rgb(0x16, 0x19, 0x1e);
/// The canvas's grid.
pub const GRID: Color32 = Color32::from_rgb(0x22, 0x26, 0x2e);
/// Every fifth line of it.
pub const GRID_STRONG: Color32 = Color32::from_rgb(0x30, 0x36, 0x41);
/// Edge of a module.
pub const EDGE: Color32 = Color32::from_rgb(0x3d, 0x44, 0x50);
/// Below a module.
pub const SHADOW: Color32 = Color32::from_rgb(0x0b, 0x0c, 0x0f);
/// A knob's way.
pub const RAIL: Color32 = Color32::from_rgb(0x40, 0x48, 0x55);
/// A knob's body.
pub const KNOB: Color32 = Color32::from_rgb(0x31, 0x37, 0x42);

const GROUND: Color32 = Color32::from_rgb(0x1b, 0x1e, 0x24);

/// Ground of a module's card.
pub fn card() -> egui::Frame {
    egui::Frame::new().fill(CARD).corner_radius(6.0).inner_margin(8.0)
}

/// Colour of a family of modules.
pub fn family(category: Category) -> Color32 {
    match category {
        Category::Io => Color32::from_rgb(0x9a, 0xa7, 0xb8),
        Category::Source => Color32::from_rgb(0xf2, 0xa6, 0x5a),
        Category::Filter => Color32::from_rgb(0x6f, 0xb7, 0xf2),
        Category::Modulator => Color32::from_rgb(0xb7, 0x94, 0xf4),
        Category::Mix => Color32::from_rgb(0x7f, 0xd6, 0x9b),
        Category::Effect => Color32::from_rgb(0xf2, 0x8a, 0xb2),
        Category::Utility => Color32::from_rgb(0xd6, 0xcf, 0x7f),
    }
}

/// Colour of what a cable carries.
pub fn signal(signal: Signal) -> Color32 {
    match signal {
        Signal::Audio => Color32::from_rgb(0xff, 0xa6, 0x4d),
        Signal::Control => Color32::from_rgb(0x6f, 0xb7, 0xf2),
        Signal::Pitch => Color32::from_rgb(0x7f, 0xd6, 0x9b),
        Signal::Gate => Color32::from_rgb(0xff, 0x7a, 0xb0),
    }
}

/// `colour` of what is switched off.
pub fn dimmed(colour: Color32) -> Color32 {
    colour.lerp_to_gamma(CARD, 0.75)
}

/// Colour of text on `ground`: the one that stands out more.
pub fn ink_on(ground: Color32) -> Color32 {
    let against = |ink: Color32| contrast(ink, ground);
    if against(DEEP) >= against(TEXT) { DEEP } else { TEXT }
}

/// Contrast of two opaque colours as WCAG 2 defines it, 1..=21.
fn contrast(a: Color32, b: Color32) -> f32 {
    let light = |colour: Color32| {
        let linear = egui::Rgba::from(colour);
        0.2126 * linear.r() + 0.7152 * linear.g() + 0.0722 * linear.b()
    };
    let (a, b) = (light(a), light(b));
    (a.max(b) + 0.05) / (a.min(b) + 0.05)
}

/// `text` in characters that the built-in fonts have: names of edits hold an arrow they lack.
pub fn drawable(text: &str) -> String {
    text.replace('→', "▶")
}

/// Puts the look on `context`.
pub fn apply(context: &Context) {
    let mut visuals = Visuals::dark();
    visuals.panel_fill = GROUND;
    visuals.window_fill = CARD;
    visuals.extreme_bg_color = DEEP;
    visuals.override_text_color = Some(TEXT);
    visuals.selection.bg_fill = Color32::from_rgb(0x2c, 0x5d, 0x87);
    visuals.selection.stroke = Stroke::new(1.0, TEXT);
    visuals.slider_trailing_fill = true;
    for state in [
        &mut visuals.widgets.inactive,
        &mut visuals.widgets.hovered,
        &mut visuals.widgets.active,
        &mut visuals.widgets.open,
    ] {
        state.corner_radius = CornerRadius::same(4);
    }
    context.set_theme(Theme::Dark);
    context.set_visuals_of(Theme::Dark, visuals);
    context.all_styles_mut(|style| {
        style.spacing.item_spacing = vec2(8.0, 5.0);
        style.spacing.slider_width = 150.0;
        style.spacing.combo_width = 90.0;
        style.text_styles.insert(TextStyle::Small, FontId::proportional(11.0));
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Law: text can be read on every ground that it stands on.
    #[test]
    fn text_stands_out_from_its_ground() {
        for ink in [TEXT, DIM, BAD, WARN, GOOD, ACCENT] {
            for ground in [CARD, CANVAS, DEEP, GROUND] {
                assert!(contrast(ink, ground) >= 4.5, "{ink:?} on {ground:?}");
            }
        }
        for category in Category::ALL {
            for header in [family(category), dimmed(family(category))] {
                assert!(contrast(ink_on(header), header) >= 4.5, "{category:?}");
            }
        }
    }

    /// Law: the grid is there to be seen, and stays behind everything else.
    #[test]
    fn the_grid_is_seen_and_no_more() {
        for line in [GRID, GRID_STRONG] {
            let contrast = contrast(line, CANVAS);
            assert!((1.12..2.0).contains(&contrast), "{contrast}");
        }
    }
}
