//! Colours and spacing. Text keeps a contrast of at least 4.5:1 on its ground.

use chronus_engine::Category;
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

const GROUND: Color32 = Color32::from_rgb(0x1b, 0x1e, 0x24);
const CARD: Color32 = Color32::from_rgb(0x24, 0x28, 0x30);
const DEEP: Color32 = Color32::from_rgb(0x12, 0x14, 0x18);
const TEXT: Color32 = Color32::from_rgb(0xe3, 0xe7, 0xed);

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
