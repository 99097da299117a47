//! Which modules show their knobs. What a zoom brings near enough comes in a few modules at a time, the
//! nearest to the pointer first: the knobs of hundreds in one frame would make it as long as two. In a
//! crowd of small modules nobody shows any: they would be of little use, and too many to be drawn in time.

use std::collections::HashSet;

use chronus_patch::ModuleId;
use egui::Pos2;

use super::scene::Scene;

/// How many modules open in one frame.
const AT_ONCE: usize = 40;
/// How many small modules may be seen for the first to open, and for those that are open to stay so:
/// apart, so that nothing flickers while a crowd is passed over.
const CROWD: [usize; 2] = [120, 150];
/// The zoom from which on modules are not small, however many a large window shows.
const LARGE: f32 = 0.6;

/// The modules whose knobs are seen.
#[derive(Default)]
pub(crate) struct Open(HashSet<ModuleId>);

impl Open {
    /// Opens what is seen in `scene` and near enough for knobs, beginning at `eye`. True when some are left
    /// for the next frame.
    pub(crate) fn tend(&mut self, scene: &mut Scene<'_>, eye: Pos2) -> bool {
        let before = std::mem::take(&mut self.0);
        if scene.view.zoom < super::PLAIN {
            return false;
        }
        let seen = (0..scene.seats.len()).filter(|&at| scene.sees(&scene.seats[at]));
        let (open, mut closed): (Vec<usize>, Vec<usize>) =
            seen.partition(|&at| before.contains(scene.seats[at].id));
        let crowd = CROWD[usize::from(!open.is_empty())];
        if scene.view.zoom < LARGE && open.len() + closed.len() > crowd {
            return false;
        }
        let far = |at: &usize| scene.seats[*at].rect.distance_sq_to_pos(eye);
        closed.sort_by(|a, b| far(a).total_cmp(&far(b)));
        for &at in open.iter().chain(closed.iter().take(AT_ONCE)) {
            let seat = &mut scene.seats[at];
            seat.open = true;
            self.0.insert(seat.id.clone());
        }
        closed.len() > AT_ONCE
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::canvas::gesture::Gesture;
    use crate::canvas::selection::Selection;
    use crate::canvas::view::View;
    use chronus_engine::{Engine, Options, Registry, Request, Terms};
    use chronus_patch::{Patch, Point};
    use egui::{Rect, pos2, vec2};
    use std::sync::Arc;

    const WINDOW: Rect = Rect { min: Pos2::ZERO, max: pos2(2000.0, 1200.0) };

    /// A row of as many amplifiers.
    fn row(count: usize) -> Arc<Patch> {
        let create = |n: usize| {
            let position = Point { x: n as f32 * 20.0, y: 0.0 };
            Request::Create { id: format!("m{n}"), kind: "vca".into(), position }
        };
        let registry = Arc::new(Registry::new(chronus_modules::KINDS));
        let (engine, _renderer) = Engine::new(registry, Options::default());
        let requests: Vec<_> = (0..count).map(create).collect();
        engine.commit(&requests, Terms::default(), |_| ());
        engine.document()
    }

    /// Numbers of the modules that are open in a frame at `zoom`, and whether more are to come.
    fn frame(open: &mut Open, patch: &Patch, zoom: f32, eye: Pos2) -> (Vec<usize>, bool) {
        let view = View { origin: pos2(0.0, 100.0), zoom };
        let registry = Registry::new(chronus_modules::KINDS);
        let held = (&Selection::default(), &Gesture::None);
        let mut scene = Scene::new(patch, &registry, (WINDOW, view), held);
        let more = open.tend(&mut scene, eye);
        let seats = scene.seats.iter().filter(|seat| seat.open);
        let mut numbers: Vec<usize> =
            seats.map(|seat| seat.id.as_str()[1..].parse().expect("a number")).collect();
        numbers.sort_unstable();
        (numbers, more)
    }

    /// Law: in a crowd nobody opens, and who is open closes when it grows beyond what can be borne; where
    /// it is about as large as that, all stay as they are.
    #[test]
    fn a_crowd_stays_closed() {
        let ([few, many], near) = (CROWD, 0.5);
        let eye = WINDOW.center();
        let mut open = Open::default();
        assert_eq!(frame(&mut open, &row(few + 1), near, eye), (Vec::new(), false));
        let small = row(few);
        while frame(&mut open, &small, near, eye).1 {}
        assert_eq!(frame(&mut open, &small, near, eye).0.len(), few);
        while frame(&mut open, &row(many), near, eye).1 {}
        assert_eq!(frame(&mut open, &row(many), near, eye).0.len(), many, "they have come");
        assert_eq!(frame(&mut open, &row(many + 1), near, eye), (Vec::new(), false));
        assert_eq!(frame(&mut open, &row(many), near, eye), (Vec::new(), false), "still a crowd");
        while frame(&mut open, &row(many + 1), LARGE, eye).1 {}
        assert_eq!(frame(&mut open, &row(many + 1), LARGE, eye).0.len(), many + 1, "large ones");
    }

    /// Law: no frame opens more than it can bear, the nearest come first, what is open stays so, and in
    /// the end all are.
    #[test]
    fn modules_open_a_few_at_a_time_the_nearest_first() {
        let (count, near) = (AT_ONCE * 5 / 2, 0.5);
        let (patch, mut open) = (row(count), Open::default());
        let eye = WINDOW.left_top() + vec2(0.0, 100.0);
        assert_eq!(frame(&mut open, &patch, 0.3, eye), (Vec::new(), false), "too small");
        let upto = |n: usize| (0..n).collect::<Vec<_>>();
        assert_eq!(frame(&mut open, &patch, near, eye), (upto(AT_ONCE), true));
        assert_eq!(frame(&mut open, &patch, near, eye), (upto(2 * AT_ONCE), true));
        assert_eq!(frame(&mut open, &patch, near, eye), (upto(count), false));
        assert_eq!(frame(&mut open, &patch, near, WINDOW.max), (upto(count), false), "at rest");
        assert_eq!(frame(&mut open, &patch, 0.3, eye), (Vec::new(), false), "small again");
        let (first, _) = frame(&mut open, &patch, near, pos2(2000.0, 100.0));
        assert_eq!(first.last(), Some(&(count - 1)), "from the other end");
    }
}
