//! The look, all of it: colours of both themes, fonts and spacing. Text keeps a contrast of at least
//! 4.5:1 on its ground, and what is drawn without text at least 3:1; tests measure both.

use chronus_engine::{Category, Signal};
use egui::epaint::text::{FontInsert, FontPriority, InsertFontFamily};
use egui::{Color32, Context, CornerRadius, FontData, FontFamily, FontId, Stroke};
use egui::{TextStyle, Theme, Ui, Visuals, vec2};

/// Colours of one theme.
#[derive(Clone, Debug, PartialEq)]
pub struct Palette {
    /// What is refused or wrong.
    pub bad: Color32,
    /// What waits or deserves a look.
    pub warn: Color32,
    /// What plays.
    pub good: Color32,
    /// What is bound, selected or held.
    pub accent: Color32,
    /// Text.
    pub text: Color32,
    /// Text beside the point.
    pub dim: Color32,
    /// Ground of the panels.
    pub ground: Color32,
    /// Ground of cards and modules.
    pub card: Color32,
    /// Ground of what lies deepest: fields, and the holes of pins.
    pub deep: Color32,
    /// Ground of the canvas.
    pub canvas: Color32,
    /// The canvas's grid.
    pub grid: Color32,
    /// Every fifth line of it.
    pub grid_strong: Color32,
    /// Edge of a module.
    pub edge: Color32,
    /// Below a module.
    pub shadow: Color32,
    /// A knob's way.
    pub rail: Color32,
    /// A knob's body.
    pub knob: Color32,
    /// Ground of selected text.
    pub selection: Color32,
    /// Families of modules, in the order of `Category::ALL`.
    families: [Color32; 7],
    /// Signals: audio, control, pitch, gate.
    signals: [Color32; 4],
}

/// For dark rooms, and the default.
pub static DARK: Palette = Palette {
    bad: rgb(0xff_8a7a),
    warn: rgb(0xf2_c14e),
    good: rgb(0x7f_d69b),
    accent: rgb(0x6f_b7f2),
    text: rgb(0xe3_e7ed),
    dim: rgb(0xa4_acb8),
    ground: rgb(0x1b_1e24),
    card: rgb(0x24_2830),
    deep: rgb(0x12_1418),
    canvas: rgb(0x16_191e),
    grid: rgb(0x22_262e),
    grid_strong: rgb(0x30_3641),
    edge: rgb(0x3d_4450),
    shadow: rgb(0x0b_0c0f),
    rail: rgb(0x40_4855),
    knob: rgb(0x31_3742),
    selection: rgb(0x2c_5d87),
    families: [
        rgb(0x9a_a7b8),
        rgb(0xf2_a65a),
        rgb(0x6f_b7f2),
        rgb(0xb7_94f4),
        rgb(0x7f_d69b),
        rgb(0xf2_8ab2),
        rgb(0xd6_cf7f),
    ],
    signals: [rgb(0xff_a64d), rgb(0x6f_b7f2), rgb(0x7f_d69b), rgb(0xff_7ab0)],
};

/// For daylight.
pub static LIGHT: Palette = Palette {
    bad: rgb(0xae_1e16),
    warn: rgb(0x76_4e00),
    good: rgb(0x17_663a),
    accent: rgb(0x14_5ca6),
    text: rgb(0x1a_1e25),
    dim: rgb(0x4a_5360),
    ground: rgb(0xed_f0f4),
    card: rgb(0xfb_fcfd),
    deep: rgb(0xff_ffff),
    canvas: rgb(0xe2_e6ec),
    grid: rgb(0xd3_d8e0),
    grid_strong: rgb(0xbe_c6d1),
    edge: rgb(0xa6_b0bd),
    shadow: rgb(0xc4_cad4),
    rail: rgb(0xbf_c7d2),
    knob: rgb(0xdf_e4ea),
    selection: rgb(0xb5_d4f3),
    families: [
        rgb(0x55_6070),
        rgb(0x95_5000),
        rgb(0x14_5ca6),
        rgb(0x68_3cba),
        rgb(0x17_663a),
        rgb(0xa3_2267),
        rgb(0x5f_5a00),
    ],
    signals: [rgb(0xb4_5200), rgb(0x14_67bd), rgb(0x17_7f45), rgb(0xbd_1f6d)],
};

const fn rgb(hex: u32) -> Color32 {
    let [_, r, g, b] = hex.to_be_bytes();
    Color32::from_rgb(r, g, b)
}

/// The colours of the theme that `ui` is shown in.
pub fn of(ui: &Ui) -> &'static Palette {
    if ui.visuals().dark_mode { &DARK } else { &LIGHT }
}

impl Palette {
    /// Colour of a family of modules.
    pub fn family(&self, category: Category) -> Color32 {
        match category {
            Category::Io => self.families[0],
            Category::Source => self.families[1],
            Category::Filter => self.families[2],
            Category::Modulator => self.families[3],
            Category::Mix => self.families[4],
            Category::Effect => self.families[5],
            Category::Utility => self.families[6],
        }
    }

    /// Colour of what a cable carries.
    pub fn signal(&self, signal: Signal) -> Color32 {
        match signal {
            Signal::Audio => self.signals[0],
            Signal::Control => self.signals[1],
            Signal::Pitch => self.signals[2],
            Signal::Gate => self.signals[3],
        }
    }

    /// `colour` of what is switched off.
    pub fn dimmed(&self, colour: Color32) -> Color32 {
        colour.lerp_to_gamma(self.card, 0.75)
    }

    /// Colour of text on `ground`: the one that stands out more.
    pub fn ink_on(&self, ground: Color32) -> Color32 {
        let against = |ink: &Color32| contrast(*ink, ground);
        let mut inks = [self.deep, self.text];
        inks.sort_by(|a, b| against(b).total_cmp(&against(a)));
        inks[0]
    }

    /// `colour` as a ground on which text can be read: darker, or lighter in a light theme, if need be.
    pub fn legible(&self, colour: Color32) -> Color32 {
        let read = |ground: &Color32| contrast(self.ink_on(*ground), *ground) >= 4.5;
        let tries = (0..=10_u8).map(|n| colour.lerp_to_gamma(self.deep, f32::from(n) / 10.0));
        tries.into_iter().find(read).unwrap_or(self.deep)
    }

    /// For what is said less loudly on a line that is selected or under the pointer.
    pub fn quiet(&self) -> Color32 {
        self.dim.lerp_to_gamma(self.text, 0.75)
    }

    /// Ground of a module's card.
    pub fn card(&self) -> egui::Frame {
        egui::Frame::new().fill(self.card).corner_radius(6.0).inner_margin(8.0)
    }

    fn visuals(&self, theme: Theme) -> Visuals {
        let mut visuals = theme.default_visuals();
        visuals.panel_fill = self.ground;
        visuals.window_fill = self.card;
        visuals.window_stroke = Stroke::new(1.0, self.edge);
        visuals.extreme_bg_color = self.deep;
        visuals.override_text_color = Some(self.text);
        visuals.weak_text_color = Some(self.dim);
        visuals.hyperlink_color = self.accent;
        visuals.selection.bg_fill = self.selection;
        visuals.selection.stroke = Stroke::new(1.0, self.text);
        visuals.slider_trailing_fill = true;
        visuals.widgets.noninteractive.bg_stroke = Stroke::new(1.0, self.grid_strong);
        visuals.widgets.inactive.weak_bg_fill = self.knob;
        visuals.widgets.inactive.bg_fill = self.knob;
        visuals.widgets.hovered.weak_bg_fill = self.rail;
        visuals.widgets.hovered.bg_stroke = Stroke::new(1.0, self.edge);
        visuals.widgets.active.weak_bg_fill = self.selection;
        visuals.widgets.active.bg_fill = self.selection;
        visuals.widgets.active.bg_stroke = Stroke::new(1.0, self.text);
        visuals.widgets.open.weak_bg_fill = self.rail;
        visuals.widgets.open.bg_fill = self.rail;
        for state in [
            &mut visuals.widgets.inactive,
            &mut visuals.widgets.hovered,
            &mut visuals.widgets.active,
            &mut visuals.widgets.open,
        ] {
            state.corner_radius = CornerRadius::same(4);
        }
        visuals
    }
}

/// Contrast of two opaque colours as WCAG 2 defines it, 1..=21.
pub(crate) fn contrast(a: Color32, b: Color32) -> f32 {
    let light = |colour: Color32| {
        let linear = egui::Rgba::from(colour);
        0.2126 * linear.r() + 0.7152 * linear.g() + 0.0722 * linear.b()
    };
    let (a, b) = (light(a), light(b));
    (a.max(b) + 0.05) / (a.min(b) + 0.05)
}

/// The family of names and titles.
pub fn strong() -> FontFamily {
    FontFamily::Name("strong".into())
}

/// Puts the look on `context`, in both themes.
pub fn apply(context: &Context) {
    for (name, family, bytes) in [
        (
            "Inter",
            FontFamily::Proportional,
            include_bytes!("../../../assets/fonts/Inter-Regular.otf") as &'static [u8],
        ),
        ("Inter SemiBold", strong(), include_bytes!("../../../assets/fonts/Inter-SemiBold.otf")),
    ] {
        let place = InsertFontFamily { family, priority: FontPriority::Highest };
        context.add_font(FontInsert::new(name, FontData::from_static(bytes), vec![place]));
    }
    for (theme, palette) in [(Theme::Dark, &DARK), (Theme::Light, &LIGHT)] {
        context.set_visuals_of(theme, palette.visuals(theme));
    }
    // Scales go by steps of their own (`look.rs`).
    context.options_mut(|options| options.zoom_with_keyboard = false);
    context.all_styles_mut(|style| {
        style.spacing.item_spacing = vec2(8.0, 5.0);
        style.spacing.slider_width = 150.0;
        style.spacing.combo_width = 90.0;
        style.text_styles.insert(TextStyle::Body, FontId::proportional(13.0));
        style.text_styles.insert(TextStyle::Button, FontId::proportional(13.0));
        style.text_styles.insert(TextStyle::Small, FontId::proportional(11.0));
        style.text_styles.insert(TextStyle::Heading, FontId::new(16.0, strong()));
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Law: text can be read on every ground that it stands on, in both themes.
    #[test]
    fn text_stands_out_from_its_ground() {
        for look in [&DARK, &LIGHT] {
            for ink in [look.text, look.dim, look.bad, look.warn, look.good, look.accent] {
                for ground in [look.card, look.canvas, look.deep, look.ground] {
                    let found = contrast(ink, ground);
                    assert!(found >= 4.5, "{ink:?} on {ground:?}: {found}");
                }
            }
            for ground in [look.selection, look.knob, look.rail] {
                for ink in [look.text, look.quiet()] {
                    let found = contrast(ink, ground);
                    assert!(found >= 4.5, "{ink:?} on {ground:?}: {found}");
                }
            }
            for grey in 0..=u8::MAX {
                let ground = look.legible(Color32::from_gray(grey));
                assert!(contrast(look.ink_on(ground), ground) >= 4.5, "{ground:?}");
            }
            for category in Category::ALL {
                let family = look.family(category);
                for header in [family, look.dimmed(family)] {
                    let found = contrast(look.ink_on(header), header);
                    assert!(found >= 4.5, "{category:?}: {found}");
                }
                for ground in [look.card, look.ground, look.deep] {
                    let found = contrast(family, ground);
                    assert!(found >= 4.5, "{category:?} on {ground:?}: {found}");
                }
            }
        }
    }

    /// Law: cables, pins and arcs can be told from what they are drawn on.
    #[test]
    fn what_is_drawn_stands_out_from_its_ground() {
        for look in [&DARK, &LIGHT] {
            let signals = [Signal::Audio, Signal::Control, Signal::Pitch, Signal::Gate]
                .map(|s| look.signal(s));
            for colour in signals.into_iter().chain([look.accent, look.warn]) {
                for ground in [look.canvas, look.card, look.deep] {
                    let found = contrast(colour, ground);
                    assert!(found >= 3.0, "{colour:?} on {ground:?}: {found}");
                }
            }
        }
    }

    /// Law: the grid is there to be seen, and stays behind everything else.
    #[test]
    fn the_grid_is_seen_and_no_more() {
        for look in [&DARK, &LIGHT] {
            for line in [look.grid, look.grid_strong] {
                let contrast = contrast(line, look.canvas);
                assert!((1.12..2.0).contains(&contrast), "{contrast}");
            }
        }
    }
}
