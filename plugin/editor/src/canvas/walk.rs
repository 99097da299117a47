//! Going about on the canvas by keys: from module to module, to its cables and to its knobs.

use chronus_patch::{CableId, ModuleId, Patch};
use egui::{Rect, Response, Vec2, vec2};

use super::command::{Subject, Way};
use super::layout::face;
use super::scene::{Scene, Seat, corner};
use crate::app::EditorApp;

/// How much what lies beside the way counts against what lies along it.
const ASIDE: f32 = 2.0;
/// Room left around what is brought into view, in the window's points.
const MARGIN: f32 = 30.0;

impl EditorApp {
    /// Selects the nearest module that way, or the one nearest to the middle when none is selected.
    pub(crate) fn walk(&mut self, scene: &Scene<'_>, ground: &Response, way: Way, too: bool) {
        let selection = &self.canvas.selection;
        let lead = self.canvas.lead.clone().filter(|lead| selection.modules.contains(lead));
        let cable = selection.cable.and_then(|id| scene.patch.cables.get(&id));
        let from = lead.or_else(|| selection.modules.first().cloned());
        let from = from.or_else(|| cable.map(|cable| cable.from.module.clone()));
        let from = from.and_then(|id| scene.seats.iter().find(|seat| *seat.id == id));
        let next = match from {
            Some(from) => nearest(scene, from, way.vec()),
            None => {
                let middle = scene.window.center();
                let far = |seat: &&Seat<'_>| seat.rect.center().distance(middle);
                scene.seats.iter().min_by(|a, b| far(a).total_cmp(&far(b)))
            }
        };
        ground.request_focus();
        let Some(next) = next.map(|seat| seat.id.clone()) else { return };
        if too {
            self.canvas.selection.cable = None;
            // What is selected already is let go: its neighbour goes on from there.
            if !self.canvas.selection.modules.insert(next.clone()) {
                let left = self.canvas.lead.take();
                left.map(|left| self.canvas.selection.modules.remove(&left));
            }
        } else {
            self.canvas.selection.only([next.clone()]);
        }
        self.canvas.reveal = Some(next.clone());
        self.canvas.lead = Some(next);
    }

    /// The cable after the one that is selected, of the module that is, or was before the cable.
    pub(crate) fn next_cable(&self, patch: &Patch) -> Option<(CableId, ModuleId)> {
        let selection = &self.canvas.selection;
        let module = match selection.cable {
            None => selection.modules.first().filter(|_| selection.modules.len() == 1)?.clone(),
            Some(id) => match &self.canvas.lead {
                Some(lead) => lead.clone(),
                None => patch.cables.get(&id)?.from.module.clone(),
            },
        };
        let all: Vec<CableId> = patch.cables_of(&module).map(|(id, _)| id).collect();
        let after = all.iter().position(|id| Some(*id) == selection.cable).map_or(0, |at| at + 1);
        Some((*all.get(after).or(all.first())?, module))
    }

    pub(crate) fn select_next_cable(&mut self, patch: &Patch) {
        if let Some((cable, module)) = self.next_cable(patch) {
            self.canvas.selection.clear();
            self.canvas.selection.cable = Some(cable);
            self.canvas.lead = Some(module);
        }
    }

    /// Gives the first knob of what is selected the keyboard, where it can be seen.
    pub(crate) fn go_to_knobs(&mut self, scene: &Scene<'_>) {
        let Some(id) = self.canvas.selection.modules.first().cloned() else { return };
        let Some(param) = self.spec_of(scene.patch, &id).and_then(|spec| spec.params.first())
        else {
            return;
        };
        if let Some(view) = &mut self.canvas.view
            && view.zoom < super::PLAIN
        {
            view.zoom_at(scene.window.center(), 1.0 / view.zoom);
        }
        self.canvas.reveal = Some(id.clone());
        self.canvas.to_focus = Some((id, param.name));
    }

    /// The keyboard goes on from one knob to the next, round and round.
    pub(crate) fn go_on(&mut self, patch: &Patch, subject: &Subject, forward: bool) {
        let Some((id, param)) = self.knob_of(patch, subject) else { return };
        let Some(spec) = self.spec_of(patch, &id) else { return };
        let Some(at) = spec.param(param.name) else { return };
        let count = spec.params.len();
        let next = if forward { at + 1 } else { at + count - 1 } % count;
        self.canvas.to_focus = Some((id, spec.params[next].name));
    }

    /// Moves the view so that what is to be seen is.
    pub(crate) fn bring_into_view(&mut self, patch: &Patch, window: Rect) {
        let note = self.canvas.reveal_note.take();
        if let Some(rect) = note.and_then(|note| note.rect(patch))
            && let Some(view) = &mut self.canvas.view
        {
            view.pan(way_into(window.shrink(MARGIN), view.rect(rect)));
        }
        let Some(id) = self.canvas.reveal.take() else { return };
        let Some(module) = patch.modules.get(&id) else {
            // It is being added: as soon as it is there.
            return;
        };
        let Some(view) = &mut self.canvas.view else { return };
        let size = face(self.engine.registry().spec(&module.kind).ok()).size;
        let rect = view.rect(Rect::from_min_size(corner(module), size));
        view.pan(way_into(window.shrink(MARGIN), rect));
    }
}

/// How far `rect` is to be moved to lie in `room`; its top left corner counts most.
fn way_into(room: Rect, rect: Rect) -> Vec2 {
    let way = |low: f32, high: f32, min: f32, max: f32| {
        if min < low || max - min > high - low {
            if min < low || min > high { low - min } else { 0.0 }
        } else if max > high {
            high - max
        } else {
            0.0
        }
    };
    vec2(
        way(room.left(), room.right(), rect.left(), rect.right()),
        way(room.top(), room.bottom(), rect.top(), rect.bottom()),
    )
}

/// The module nearest to `from` that way.
fn nearest<'s, 'a>(scene: &'s Scene<'a>, from: &Seat<'a>, way: Vec2) -> Option<&'s Seat<'a>> {
    let cost = |seat: &Seat<'_>| {
        let step = seat.rect.center() - from.rect.center();
        let along = step.dot(way);
        let aside = step.dot(way.rot90()).abs();
        // What stands more aside than ahead lies another way.
        (along > 1.0 && aside <= along * 2.0).then_some(along + aside * ASIDE)
    };
    let others = scene.seats.iter().filter(|seat| seat.id != from.id);
    let costs = others.filter_map(|seat| Some((cost(seat)?, seat)));
    costs.min_by(|a, b| a.0.total_cmp(&b.0)).map(|(_, seat)| seat)
}

#[cfg(test)]
mod tests {
    use super::*;
    use egui::pos2;

    #[test]
    fn what_is_to_be_seen_comes_in_by_the_shortest_way() {
        let room = Rect::from_min_max(pos2(0.0, 0.0), pos2(100.0, 100.0));
        let at = |x: f32, y: f32| Rect::from_min_size(pos2(x, y), vec2(40.0, 40.0));
        assert_eq!(way_into(room, at(10.0, 60.0)), Vec2::ZERO);
        assert_eq!(way_into(room, at(-30.0, 90.0)), vec2(30.0, -30.0));
        let huge = Rect::from_min_size(pos2(20.0, -10.0), vec2(300.0, 300.0));
        assert_eq!(way_into(room, huge), vec2(0.0, 10.0), "its corner counts");
    }
}
