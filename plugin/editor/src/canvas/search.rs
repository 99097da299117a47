//! The search for a module to add: at the pointer, by typing or by looking through the families.

use chronus_engine::{Request, Spec};
use chronus_patch::Point;
use egui::{Area, Frame, Order, Pos2, Response, Ui};

use super::edits;
use super::scene::{End, Scene};
use crate::app::EditorApp;
use crate::picker::{Names, Offer, Picker};

/// By what its list is found.
const NAMES: Names = Names { search: "Find a module", take: "Place", mark: "Mark" };
/// Most height of its list.
const HEIGHT: f32 = 260.0;
/// Height of what stands around the list.
const AROUND: f32 = 170.0;

/// An open search.
pub(crate) struct Search {
    /// Where the module will stand, in the patch.
    place: Pos2,
    /// Where the list stands, in the window.
    corner: Pos2,
    /// The end of the cable that the module is to be connected to.
    held: Option<End>,
    picker: Picker,
}

impl Search {
    pub(crate) fn new(place: Pos2, corner: Pos2, held: Option<End>) -> Self {
        let mut picker = Picker::default();
        picker.take_focus();
        Self { place, corner, held, picker }
    }
}

impl EditorApp {
    pub(crate) fn search_popup(&mut self, ui: &mut Ui, scene: &Scene<'_>, ground: &Response) {
        let Some(mut search) = self.canvas.search.take() else { return };
        let registry = self.engine.registry().clone();
        let area = Area::new(ui.scope_id().with("search")).order(Order::Foreground);
        let area = area.fixed_pos(search.corner).constrain_to(scene.window);
        let (patch, held) = (scene.patch, search.held.as_ref());
        let fits = |spec: &'static Spec| {
            held.is_none_or(|held| edits::port_for(patch, &registry, held, spec).is_some())
        };
        let shelf = self.presets.shelf();
        let offer = Offer {
            registry: &registry,
            favourites: &shelf.favourites,
            fits: &fits,
            popup: Some(HEIGHT.min(scene.window.height() - AROUND).max(60.0)),
            names: NAMES,
        };
        let picker = &mut search.picker;
        let shown = area.show(ui.ctx(), |ui| {
            let frame = Frame::popup(ui.style());
            frame.show(ui, |ui| {
                ui.set_width(230.0);
                picker.show(ui, &offer)
            })
        });
        let wish = shown.inner.inner;
        if let Some((spec, marked)) = wish.mark {
            self.presets.mark_module(spec.kind, marked);
            search.picker.take_focus();
        }
        match wish.take {
            None if wish.escape => ground.request_focus(),
            None => self.canvas.search = Some(search),
            Some((spec, _)) => {
                ground.request_focus();
                let place = Point { x: search.place.x.round(), y: search.place.y.round() };
                let Some((edit, id)) = edits::place(scene.patch, &registry, spec, place, held)
                else {
                    return;
                };
                self.commit(format!("add {id}"), &[Request::Edit(edit)]);
                self.canvas.selection.only([id]);
            }
        }
    }
}
