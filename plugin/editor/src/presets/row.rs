//! One preset in the list: its name, one line of its notes or its fault, and a star.

use chronus_library::{Entry, PresetId};
use egui::text::{LayoutJob, TextWrapping};
use egui::{Color32, FontId, Pos2, Rect, Response, Role, Sense, TextFormat, Ui, WidgetInfo, vec2};

use crate::theme;

/// Height of a row.
pub(super) const HEIGHT: f32 = 36.0;

/// How a row is to be seen.
#[derive(Clone, Copy)]
pub(super) struct Look {
    /// The keys are on it.
    pub current: bool,
    /// The patch came from it.
    pub loaded: bool,
}

/// What a preset's row is called.
pub(super) fn label(entry: &Entry) -> String {
    match entry.id {
        PresetId::Factory(_) => format!("Load factory {}", entry.name),
        PresetId::User(_) => format!("Load {}", entry.name),
    }
}

/// Draws the row in `rect`.
pub(super) fn show(ui: &Ui, rect: Rect, entry: &Entry, look: Look) -> Response {
    // Not part of the Tab order: the arrows walk through the list.
    let response = ui.interact(rect, egui::Id::unique(("preset", &entry.id)), Sense::CLICK);
    response.widget_info(|| {
        WidgetInfo::selected(Role::Button, entry.fault.is_none(), look.current, label(entry))
    });
    let visuals = ui.visuals();
    if look.current {
        ui.painter().rect_filled(rect, 3.0, visuals.selection.bg_fill);
    } else if response.hovered() {
        ui.painter().rect_filled(rect, 3.0, visuals.widgets.hovered.weak_bg_fill);
    }
    if look.loaded {
        let stripe = Rect::from_min_size(rect.min, vec2(3.0, rect.height()));
        ui.painter().rect_filled(stripe, 1.0, theme::of(ui).accent);
    }
    let (name, below, colour) = match &entry.fault {
        Some(fault) if look.current => (theme::of(ui).text, fault, theme::of(ui).text),
        Some(fault) => (theme::of(ui).bad, fault, theme::of(ui).bad),
        None if look.current => (theme::of(ui).text, &entry.notes, theme::of(ui).text),
        None => (theme::of(ui).text, &entry.notes, theme::of(ui).dim),
    };
    let width = rect.width() - 34.0;
    let corner = rect.min + vec2(9.0, 3.0);
    line(ui, corner, &entry.name, (13.0, name), width);
    line(ui, corner + vec2(0.0, 16.0), below, (11.0, colour), width);
    match &entry.fault {
        Some(fault) => response.on_hover_text(fault),
        None if entry.notes.is_empty() && entry.tags.is_empty() => response,
        None => {
            let tags = entry.tags.join(", ");
            response.on_hover_text([entry.notes.as_str(), &tags].join("\n").trim())
        }
    }
}

/// One line of text, cut where it is too long.
fn line(ui: &Ui, at: Pos2, text: &str, (size, colour): (f32, Color32), width: f32) {
    let format = TextFormat::simple(FontId::proportional(size), colour);
    let text = text.lines().next().unwrap_or_default();
    let mut job = LayoutJob::single_section(text.to_owned(), format);
    job.wrap = TextWrapping::truncate_at_width(width);
    let galley = ui.painter().layout_job(job);
    ui.painter().galley(at, galley, colour);
}
