//! Dragging what is selected: with it what lies in its frames, and a module alone into a cable.

use chronus_engine::Request;
use chronus_patch::{CableId, Edit, ModuleId, Point};
use egui::{Pos2, Ui, Vec2};

use super::gesture::Gesture;
use super::rewire;
use super::scene::{Scene, Wire, corner};
use super::selection::Selection;
use crate::app::EditorApp;

/// How near to a cable a module must be dropped to go into it, in the window's points.
const NEAR_CABLE: f32 = 20.0;

impl EditorApp {
    /// Begins to drag what is selected, and what lies in its frames.
    pub(super) fn lift_selected(&mut self, ui: &Ui, scene: &Scene<'_>) {
        if let Some(from) = ui.input(|input| input.pointer.press_origin()) {
            let (from, by) = (scene.view.to_patch(from), Vec2::ZERO);
            let what = self.moving(scene.patch);
            self.canvas.gesture = Gesture::Move { from, by, what };
        }
    }

    /// Moves what was dragged; a module dropped on a cable goes into it.
    pub(super) fn drop_modules(&mut self, scene: &Scene<'_>, what: &Selection, by: Vec2) {
        let only = what.modules.first();
        let inserted = self.canvas.onto.take().zip(only).and_then(|(cable, id)| {
            let position = moved_to(scene, id, by)?;
            let registry = self.engine.registry();
            let edit = rewire::insert(scene.patch, registry, (cable, id), position)?;
            Some((format!("insert {}", scene.patch.label(id)), edit))
        });
        match inserted {
            Some((label, edit)) => self.commit(label, &[Request::Edit(edit)]),
            None => {
                self.edit(scene.patch, moved(scene, what, by));
            }
        }
    }

    /// The cable that the module being dragged would go into, were it dropped here.
    pub(super) fn cable_below(
        &self,
        scene: &Scene<'_>,
        what: &Selection,
        pointer: Pos2,
    ) -> Option<CableId> {
        let id = what.modules.first().filter(|_| what.count() == 1)?;
        let wire = near_cable(scene, pointer)?;
        let free = rewire::is_free(scene.patch, self.engine.registry(), id, wire.cable);
        free.then_some(wire.id)
    }
}

/// The cable that something dropped at `pointer` would go into.
pub(crate) fn near_cable<'s, 'a>(scene: &'s Scene<'a>, pointer: Pos2) -> Option<&'s Wire<'a>> {
    let near = scene.wires.iter().filter_map(|wire| {
        let far = wire.curve.nearest(pointer).0;
        (far <= NEAR_CABLE).then_some((far, wire))
    });
    near.min_by(|a, b| a.0.total_cmp(&b.0)).map(|(_, wire)| wire)
}

/// The edit that moves `what`.
pub(crate) fn moved(scene: &Scene<'_>, what: &Selection, by: Vec2) -> Edit {
    let modules = what.modules.iter().filter_map(|id| {
        let position = moved_to(scene, id, by)?;
        Some(Edit::Move { id: id.clone(), position })
    });
    let notes = what.notes.iter().filter_map(|note| note.moved(scene.patch, by));
    Edit::Batch(modules.chain(notes).collect())
}

/// Where a module comes to stand that is moved by so much.
fn moved_to(scene: &Scene<'_>, id: &ModuleId, by: Vec2) -> Option<Point> {
    let place = corner(scene.patch.modules.get(id)?) + by;
    Some(Point { x: place.x.round(), y: place.y.round() })
}
