//! Verdicts where they belong: modules that a refusal blames and modules and cables in which something
//! is odd, with the reason in words and what to do about it.

use std::collections::BTreeMap;
use std::sync::Arc;

use chronus_engine::{Diagnostic, Engine, Place, Rejection};
use chronus_patch::{ModuleId, Patch};
use egui::{Button, Color32, FontId, Pos2, Rect, Role, Sense, Ui, WidgetInfo, pos2, vec2};

use super::scene::Scene;
use crate::app::EditorApp;
use crate::bar::costly;
use crate::ports::cable_name;
use crate::theme;

/// Remarks that are read without pointing at them; of more, each when the pointer or the selection is
/// on its module.
const READ: usize = 4;
/// Between a text and its frame, in points.
const MARGIN: f32 = 6.0;
/// Height of the buttons below a refusal, in points.
const BUTTONS: f32 = 22.0;

/// What is said about the patch.
pub(crate) struct Verdicts {
    /// Whom a refusal blames, and why; the reason is told at the first.
    refused: Option<(Vec<ModuleId>, Rejection)>,
    /// By module.
    odd: BTreeMap<ModuleId, String>,
    remarks: Arc<[Diagnostic]>,
}

impl Verdicts {
    /// On `patch`, the document of `engine`.
    pub(crate) fn of(engine: &Engine, patch: &Patch) -> Self {
        let refused = engine.refusal().map(|(_, why)| (blamed(&why, engine, patch), why));
        let remarks = engine.remarks();
        let mut odd: BTreeMap<ModuleId, String> = BTreeMap::new();
        for remark in remarks.iter() {
            let Place::Module(id) = &remark.place else { continue };
            if patch.modules.contains_key(id) {
                let text = odd.entry(id.clone()).or_default();
                text.push_str(if text.is_empty() { "" } else { "\n" });
                text.push_str(&remark.text);
            }
        }
        Self { refused, odd, remarks }
    }

    /// True when module `id` is to blame that the patch does not play.
    pub(crate) fn refuses(&self, id: &ModuleId) -> bool {
        self.refused.as_ref().is_some_and(|(blamed, _)| blamed.contains(id))
    }

    /// What is odd in module `id`.
    pub(crate) fn odd(&self, id: &ModuleId) -> Option<&str> {
        self.odd.get(id).map(String::as_str)
    }

    /// True when something in module `id` is odd.
    pub(crate) fn warns(&self, id: &ModuleId) -> bool {
        self.odd.contains_key(id)
    }
}

/// The modules that `why` blames. Of a load that is too high, those that the refused edits brought or
/// changed.
fn blamed(why: &Rejection, engine: &Engine, patch: &Patch) -> Vec<ModuleId> {
    match why {
        Rejection::NonFinite { module }
        | Rejection::Ceiling { module, .. }
        | Rejection::Runaway { module, .. }
        | Rejection::Panicked { module, .. } => vec![module.clone()],
        Rejection::OverBudget { .. } => {
            let (_, playing) = engine.playing();
            let all = |differs: &dyn Fn(&ModuleId) -> bool| -> Vec<ModuleId> {
                patch.modules.keys().filter(|id| differs(id)).cloned().collect()
            };
            let new = all(&|id| !playing.modules.contains_key(id));
            if new.is_empty() {
                all(&|id| playing.modules.get(id) != patch.modules.get(id))
            } else {
                new
            }
        }
        _ => Vec::new(),
    }
}

/// A text over the canvas.
struct Note<'a> {
    /// The name to find it by.
    name: String,
    text: &'a str,
    ink: Color32,
    /// Its top left corner, as far as the window allows.
    corner: Pos2,
    width: f32,
    /// Room below the text.
    below: f32,
}

impl Note<'_> {
    /// Draws it; where it stands.
    fn show(&self, ui: &Ui, window: Rect) -> Rect {
        let font = FontId::proportional(12.0);
        let galley = ui.painter().layout(self.text.to_owned(), font, self.ink, self.width);
        let room = window.shrink(4.0);
        let size = galley.size() + vec2(2.0 * MARGIN, 2.0 * MARGIN + self.below);
        let size = size.max(vec2(if self.below > 0.0 { self.width } else { 0.0 }, 0.0));
        let x = self.corner.x.min(room.right() - size.x).max(room.left());
        let y = self.corner.y.min(room.bottom() - size.y);
        let rect = Rect::from_min_size(pos2(x, y), size);
        ui.painter().rect_filled(rect, 4.0, theme::of(ui).deep);
        ui.painter().galley(rect.min + vec2(MARGIN, MARGIN), galley, self.ink);
        let id = ui.scope_id().with(("verdict", &self.name));
        ui.interact(rect, id, Sense::hover()).widget_info(|| {
            let mut info = WidgetInfo::labeled(Role::Alert, true, &self.name);
            info.current_text_value = Some(self.text.to_owned());
            info
        });
        rect
    }
}

impl EditorApp {
    /// The reasons, over everything else on the canvas.
    pub(crate) fn tell_verdicts(&mut self, ui: &mut Ui, scene: &Scene<'_>, verdicts: &Verdicts) {
        self.tell_remarks(ui, scene, verdicts);
        let Some((blamed, why)) = &verdicts.refused else { return };
        let seen = |id: &ModuleId| {
            let seat = scene.seats.iter().find(|seat| seat.id == id);
            seat.filter(|seat| seat.rect.intersects(scene.window))
        };
        let Some(seat) = blamed.iter().find_map(seen) else { return };
        let label = scene.patch.label(seat.id);
        let note = Note {
            name: format!("Refused {label}"),
            text: &why.to_string(),
            ink: theme::of(ui).bad,
            corner: seat.rect.left_bottom() + vec2(0.0, 16.0),
            width: seat.rect.width().max(240.0),
            below: BUTTONS + MARGIN,
        };
        let rect = note.show(ui, scene.window);
        let mut left = rect.left_bottom() + vec2(MARGIN, -BUTTONS - MARGIN);
        let mut button = |ui: &mut Ui, text: &str, width: f32, name: String| {
            let place = Rect::from_min_size(left, vec2(width, BUTTONS));
            left.x += width + MARGIN;
            ui.put(place, Button::new(text)).accessible_name(name).clicked()
        };
        if costly(why) && button(ui, "Play it anyway", 112.0, format!("Play {label} anyway")) {
            self.commits.commit_anyway(&self.engine);
        }
        if button(ui, "Undo it", 70.0, format!("Undo refused {label}")) {
            self.undo();
        }
    }

    fn tell_remarks(&self, ui: &Ui, scene: &Scene<'_>, verdicts: &Verdicts) {
        let few = verdicts.remarks.len() <= READ;
        let ink = theme::of(ui).warn;
        let pointer = ui.input(|input| input.pointer.hover_pos());
        let on = |rect: Rect| pointer.is_some_and(|pointer| rect.contains(pointer));
        for seat in scene.seats.iter().filter(|seat| seat.rect.intersects(scene.window)) {
            let Some(text) = verdicts.odd.get(seat.id) else { continue };
            let selected = self.canvas.selection.modules.contains(seat.id);
            // A refusal is told at the same place, and matters more.
            if (few || selected || on(seat.rect)) && !verdicts.refuses(seat.id) {
                let corner = seat.rect.left_bottom() + vec2(0.0, 12.0);
                let width = seat.rect.width().max(180.0);
                let name = format!("Remark {}", scene.patch.label(seat.id));
                Note { name, text, ink, corner, width, below: 0.0 }.show(ui, scene.window);
            }
        }
        for remark in verdicts.remarks.iter() {
            let Place::Cable(id) = remark.place else { continue };
            let Some(wire) = scene.wires.iter().find(|wire| wire.id == id) else { continue };
            let middle = wire.curve.at(0.5);
            let selected = self.canvas.selection.cable == Some(id);
            let near = on(Rect::from_center_size(middle, vec2(40.0, 40.0)));
            if scene.window.contains(middle) && (few || selected || near) {
                let name = format!("Remark cable {}", cable_name(scene.patch, wire.cable));
                let corner = middle + vec2(0.0, 8.0);
                let note = Note { name, text: &remark.text, ink, corner, width: 180.0, below: 0.0 };
                note.show(ui, scene.window);
            }
        }
    }
}
