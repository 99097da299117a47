//! How a module lies: its size, and where its pins and knobs are, from its spec alone.

use chronus_engine::{Display, Spec};
use egui::{Pos2, Rect, Vec2, pos2, vec2};

/// Height of the line with the module's name.
pub(crate) const HEADER: f32 = 24.0;
/// Size of a knob with its caption.
pub(crate) const CELL: Vec2 = vec2(60.0, 60.0);
/// Height of a pin's line.
const ROW: f32 = 18.0;
/// Room between what stands on a module and its edge.
const EDGE: f32 = 8.0;
/// Height of a display.
const DISPLAY: f32 = 44.0;
/// Least width of a module: names of people's own fit in it.
const LEAST: f32 = 140.0;
/// Width of a letter in a pin's name, generously.
const LETTER: f32 = 7.0;

/// Where everything of a module is, in points at 1x from its top left corner.
pub(crate) struct Face {
    pub size: Vec2,
    /// Pins of the inputs, in the spec's order, on the left edge.
    pub inputs: Vec<Pos2>,
    /// Pins of the outputs, on the right edge.
    pub outputs: Vec<Pos2>,
    /// Cells of the knobs, in the spec's order.
    pub knobs: Vec<Rect>,
    /// What the kind shows, below the knobs.
    pub display: Option<Rect>,
}

/// The face of `spec`; of an unknown kind, a header and no more.
pub(crate) fn face(spec: Option<&Spec>) -> Face {
    let Some(spec) = spec else {
        let size = vec2(LEAST, HEADER + ROW);
        let (inputs, outputs, knobs) = (Vec::new(), Vec::new(), Vec::new());
        return Face { size, inputs, outputs, knobs, display: None };
    };
    let columns = if spec.params.len() > 6 { 4 } else { spec.params.len().min(3) };
    let letters = |longest: Option<usize>| longest.unwrap_or(0) as f32 * LETTER;
    let names = letters(spec.inputs.iter().map(|i| i.name.len()).max())
        + letters(spec.outputs.iter().map(|o| o.name.len()).max());
    let width = LEAST.max(columns as f32 * CELL.x + 2.0 * EDGE).max(names + 4.0 * EDGE);
    let first = HEADER + 0.75 * ROW;
    let pins = |count: usize, x: f32| {
        (0..count).map(|row| pos2(x, first + row as f32 * ROW)).collect::<Vec<_>>()
    };
    let rows = spec.inputs.len().max(spec.outputs.len());
    let below = HEADER + rows as f32 * ROW + EDGE;
    let knobs: Vec<Rect> = (0..spec.params.len())
        .map(|at| {
            let row = at / columns;
            let in_row = (spec.params.len() - row * columns).min(columns);
            // Every row stands in the middle, so that one knob alone does not lean to a side.
            let left = (width - in_row as f32 * CELL.x) / 2.0;
            let corner = pos2(left + (at % columns) as f32 * CELL.x, below + row as f32 * CELL.y);
            Rect::from_min_size(corner, CELL)
        })
        .collect();
    let height = knobs.last().map_or(below, |last| last.max.y + EDGE / 2.0);
    let display = (!matches!(spec.display, Display::None)).then(|| {
        let corner = pos2(EDGE, height + EDGE / 2.0);
        Rect::from_min_size(corner, vec2(width - 2.0 * EDGE, DISPLAY))
    });
    let height = display.map_or(height, |display| display.max.y + EDGE);
    Face {
        size: vec2(width, height),
        inputs: pins(spec.inputs.len(), 0.0),
        outputs: pins(spec.outputs.len(), width),
        knobs,
        display,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use chronus_engine::Registry;
    use chronus_patch::{Module, ModuleId, Patch};

    /// Law: on the face of every kind nothing overlaps, and nothing stands outside.
    #[test]
    fn nothing_overlaps_on_any_face() {
        for kind in chronus_modules::KINDS {
            let spec = kind.spec;
            let face = face(Some(spec));
            let whole = Rect::from_min_size(Pos2::ZERO, face.size);
            assert_eq!(face.knobs.len(), spec.params.len(), "{}", spec.kind);
            for (at, knob) in face.knobs.iter().enumerate() {
                assert!(whole.contains_rect(*knob), "{}: {knob:?}", spec.kind);
                let pins = face.inputs.iter().chain(&face.outputs);
                assert!(pins.clone().all(|pin| pin.y + ROW / 2.0 <= knob.min.y), "{}", spec.kind);
                let others = &face.knobs[at + 1..];
                assert!(others.iter().all(|other| !other.shrink(0.01).intersects(*knob)));
            }
            let shows = !matches!(spec.display, Display::None);
            assert_eq!(face.display.is_some(), shows, "{}", spec.kind);
            if let Some(display) = face.display {
                assert!(whole.contains_rect(display), "{}: {display:?}", spec.kind);
                assert!(display.height() >= 40.0 && display.width() >= 100.0, "{display:?}");
                assert!(face.knobs.iter().all(|knob| knob.max.y <= display.min.y));
                let pins = face.inputs.iter().chain(&face.outputs);
                assert!(pins.clone().all(|pin| pin.y + ROW / 2.0 <= display.min.y));
            }
            for pins in [&face.inputs, &face.outputs] {
                assert!(pins.iter().all(|pin| pin.y > HEADER && pin.y < face.size.y));
                assert!(pins.windows(2).all(|two| two[1].y - two[0].y >= ROW));
            }
        }
    }

    /// Law: in the patches that come with the product no module covers another.
    #[test]
    fn factory_patches_have_room_for_their_modules() {
        let registry = Registry::new(chronus_modules::KINDS);
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../../assets/factory");
        let mut seen = 0;
        for file in std::fs::read_dir(folder).expect("the factory folder") {
            let path = file.expect("a file").path();
            let text = std::fs::read_to_string(&path).expect("text");
            let patch = Patch::from_json(&text).expect("a patch");
            let rect = |(id, module): (&ModuleId, &Module)| {
                let face = face(registry.spec(&module.kind).ok());
                let corner = pos2(module.position.x, module.position.y);
                (id.clone(), Rect::from_min_size(corner, face.size).expand(5.0))
            };
            let rects: Vec<_> = patch.modules.iter().map(rect).collect();
            for (at, (id, rect)) in rects.iter().enumerate() {
                let covered = rects[at + 1..].iter().find(|(_, other)| other.intersects(*rect));
                assert!(covered.is_none(), "{path:?}: {id} and {covered:?}");
            }
            seen += 1;
        }
        assert!(seen >= 6, "{seen}");
    }
}
