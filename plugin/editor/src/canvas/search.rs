//! The search for a module to add: at the pointer, by typing or by looking through the families.

use chronus_engine::{Registry, Request, Spec};
use chronus_patch::{CableId, Edit, ModuleId, Patch, Point};
use egui::{Area, Frame, Order, Pos2, Response, Ui};

use super::scene::{End, Scene};
use super::{edits, place, rewire};
use crate::app::EditorApp;
use crate::picker::{Names, Offer, Picker};

/// By what its list is found.
const NAMES: Names = Names { search: "Find a module", take: "Place", mark: "Mark" };
/// Most height of its list.
const HEIGHT: f32 = 260.0;
/// Height of what stands around the list.
const AROUND: f32 = 170.0;

/// What is looked for.
pub(crate) enum Purpose {
    /// A module to add there; connected to the end of a cable, if one is held.
    Add(Spot, Option<End>),
    /// A module to put into a cable, around a place of the patch.
    Insert(CableId, Pos2),
    /// A module to put in the place of this one.
    Replace(ModuleId),
}

/// Where a module is to stand, in the patch.
pub(crate) enum Spot {
    At(Pos2),
    /// Right of a module, where there is room.
    Beside(ModuleId),
    /// There or below, where there is room.
    Near(Pos2),
}

/// An open search.
pub(crate) struct Search {
    purpose: Purpose,
    /// Where the list stands, in the window.
    corner: Pos2,
    picker: Picker,
}

impl Search {
    pub(crate) fn new(purpose: Purpose, corner: Pos2) -> Self {
        let mut picker = Picker::default();
        picker.take_focus();
        Self { purpose, corner, picker }
    }
}

impl EditorApp {
    pub(crate) fn search_popup(&mut self, ui: &mut Ui, scene: &Scene<'_>, ground: &Response) {
        let Some(mut search) = self.canvas.search.take() else { return };
        let registry = self.engine.registry().clone();
        let area = Area::new(ui.scope_id().with("search")).order(Order::Foreground);
        let area = area.fixed_pos(search.corner).constrain_to(scene.window);
        let (patch, purpose) = (scene.patch, &search.purpose);
        let fits = |spec: &'static Spec| serves(patch, &registry, purpose, spec);
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
                let Some((label, edit, id)) = found(scene, &registry, &search.purpose, spec) else {
                    return;
                };
                self.commit(label, &[Request::Edit(edit)]);
                self.canvas.selection.only([id.clone()]);
                self.canvas.lead = None;
                self.canvas.reveal = Some(id);
            }
        }
    }
}

/// What is done with a kind that was found: what it is called, the edit, and the module's id.
fn found(
    scene: &Scene<'_>,
    registry: &Registry,
    purpose: &Purpose,
    spec: &'static Spec,
) -> Option<(String, Edit, ModuleId)> {
    let patch = scene.patch;
    let rounded = |place: &Pos2| Point { x: place.x.round(), y: place.y.round() };
    match purpose {
        Purpose::Add(spot, held) => {
            let place = match spot {
                Spot::At(place) => rounded(place),
                Spot::Beside(id) => place::beside(scene, id, spec),
                Spot::Near(place) => place::free(scene, *place, spec),
            };
            let (edit, id) = edits::place(patch, registry, spec, place, held.as_ref())?;
            Some((format!("add {id}"), edit, id))
        }
        Purpose::Insert(cable, place) => {
            let at = rounded(place);
            let (edit, id) = rewire::insert_new(patch, registry, (*cable, spec), at)?;
            Some((format!("insert {id}"), edit, id))
        }
        Purpose::Replace(id) => {
            let edit = rewire::replace(patch, registry, id, spec)?;
            let label = format!("replace {} with {}", patch.label(id), spec.name);
            Some((label, edit, id.clone()))
        }
    }
}

/// True for kinds that serve the purpose.
fn serves(patch: &Patch, registry: &Registry, purpose: &Purpose, spec: &'static Spec) -> bool {
    match purpose {
        Purpose::Add(_, None) => true,
        Purpose::Add(_, Some(held)) => edits::port_for(patch, registry, held, spec).is_some(),
        Purpose::Insert(..) => rewire::can_insert(spec),
        Purpose::Replace(id) => patch.modules.get(id).is_some_and(|now| now.kind != spec.kind),
    }
}
