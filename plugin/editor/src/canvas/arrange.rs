//! Auto-layout: columns from left to right along the cables, with few crossings.
//!
//! The layered drawing of Sugiyama, Tagawa and Toda (1981): a column for each rank, then within the
//! columns an order by the mean place of what modules are joined to, a few times back and forth.

use std::collections::{BTreeMap, HashMap};

use chronus_engine::Registry;
use chronus_patch::{Edit, ModuleId, Patch, Point};

use super::layout::face;

/// Room between columns, where the cables run, in points.
const BETWEEN: f32 = 60.0;
/// Room between the modules of a column.
const BELOW: f32 = 30.0;
/// Times that the order is looked over.
const PASSES: usize = 8;

/// The edit that moves all modules of `patch` to where they are easiest to read; the top left
/// corner stays.
pub(crate) fn arrange(patch: &Patch, registry: &Registry) -> Edit {
    let ranks = ranks(patch);
    let deepest = ranks.values().copied().max().unwrap_or(0);
    let mut columns: Vec<Vec<&ModuleId>> = vec![Vec::new(); deepest + 1];
    for (id, rank) in &ranks {
        columns[*rank].push(id);
    }
    // What a hand has put above stays above, as far as the cables let it.
    for column in &mut columns {
        column.sort_by(|a, b| {
            let y = |id: &ModuleId| patch.modules[id].position.y;
            y(a).total_cmp(&y(b)).then(a.cmp(b))
        });
    }
    let size = |id: &ModuleId| face(registry.spec(&patch.modules[id].kind).ok()).size;
    let mut heights = places(&columns, &size);
    for pass in 0..PASSES {
        let count = columns.len();
        for n in 0..count {
            // Forth along the inputs, back along the outputs.
            let (column, forth) = if pass % 2 == 0 { (n, true) } else { (count - 1 - n, false) };
            let mean = |id: &ModuleId| mean(patch, id, &heights, forth).unwrap_or(heights[id]);
            let mut order: Vec<_> = columns[column].iter().map(|id| (mean(id), *id)).collect();
            order.sort_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(b.1)));
            columns[column] = order.into_iter().map(|(_, id)| id).collect();
            heights = places(&columns, &size);
        }
    }
    let corner = patch.modules.values().map(|module| module.position);
    let corner = corner.reduce(|a, b| Point { x: a.x.min(b.x), y: a.y.min(b.y) });
    let corner = corner.unwrap_or_default();
    let top = heights.iter().map(|(id, middle)| middle - size(id).y / 2.0).fold(0.0, f32::min);
    let (mut moves, mut x) = (Vec::new(), corner.x);
    for column in &columns {
        let width = column.iter().map(|id| size(id).x).fold(0.0, f32::max);
        for &id in column {
            let size = size(id);
            let y = corner.y + heights[id] - size.y / 2.0 - top;
            let position = Point { x: (x + (width - size.x) / 2.0).round(), y: y.round() };
            if position != patch.modules[id].position {
                moves.push(Edit::Move { id: id.clone(), position });
            }
        }
        x += width + BETWEEN;
    }
    Edit::Batch(moves)
}

/// The column of each module: behind all that lead to it, just before the first that it leads to.
/// Feedback does not count.
fn ranks(patch: &Patch) -> BTreeMap<&ModuleId, usize> {
    let ahead: Vec<_> = patch.cables.values().filter(|cable| !cable.feedback).collect();
    let mut ranks: BTreeMap<&ModuleId, usize> = patch.modules.keys().map(|id| (id, 0)).collect();
    // Without feedback there are no cycles, so this ends; the bound is for patches that lie.
    for _ in 0..patch.modules.len() {
        let mut changed = false;
        for cable in &ahead {
            let (Some(&from), Some(&to)) =
                (ranks.get(&cable.from.module), ranks.get(&cable.to.module))
            else {
                continue;
            };
            if to <= from && from + 1 < patch.modules.len() {
                changed |= ranks.insert(&cable.to.module, from + 1) != Some(from + 1);
            }
        }
        if !changed {
            break;
        }
    }
    // What is needed late stands late: an envelope belongs beside what it moves, not beside the keys.
    let mut from_right: Vec<&ModuleId> = ranks.keys().copied().collect();
    from_right.sort_by_key(|id| std::cmp::Reverse(ranks[id]));
    for id in from_right {
        let next = ahead.iter().filter(|cable| cable.from.module == *id);
        if let Some(next) = next.filter_map(|cable| ranks.get(&cable.to.module)).min() {
            let before = next.saturating_sub(1);
            ranks.insert(id, before);
        }
    }
    ranks
}

/// The height of every module's middle when each column is stacked around the same line.
fn places<'a>(
    columns: &[Vec<&'a ModuleId>],
    size: &impl Fn(&ModuleId) -> egui::Vec2,
) -> HashMap<&'a ModuleId, f32> {
    let mut places = HashMap::new();
    for column in columns {
        let all: f32 = column.iter().map(|id| size(id).y + BELOW).sum();
        let mut y = -all / 2.0;
        for id in column {
            let height = size(id).y;
            places.insert(*id, y + height / 2.0);
            y += height + BELOW;
        }
    }
    places
}

/// The mean height of what leads to a module, or of what it leads to.
fn mean(
    patch: &Patch,
    id: &ModuleId,
    heights: &HashMap<&ModuleId, f32>,
    forth: bool,
) -> Option<f32> {
    let ends = patch.cables_of(id).filter_map(|(_, cable)| {
        let (near, far) = if forth { (&cable.to, &cable.from) } else { (&cable.from, &cable.to) };
        (near.module == *id && far.module != *id).then_some(&far.module)
    });
    let heights: Vec<f32> = ends.filter_map(|end| heights.get(end).copied()).collect();
    (!heights.is_empty()).then(|| heights.iter().sum::<f32>() / heights.len() as f32)
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use super::*;
    use egui::{Rect, pos2};

    fn factory() -> Vec<(PathBuf, Patch)> {
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../../assets/factory");
        let files = std::fs::read_dir(folder).expect("the factory folder");
        let patch = |path: PathBuf| {
            let text = std::fs::read_to_string(&path).expect("text");
            (path, Patch::from_json(&text).expect("a patch"))
        };
        files.map(|file| patch(file.expect("a file").path())).collect()
    }

    /// Law: nothing overlaps, cables lead to the right, and a second time nothing moves.
    #[test]
    fn arranged_patches_read_from_left_to_right() {
        let registry = Registry::new(chronus_modules::KINDS);
        for (_, mut patch) in factory() {
            // As remotes leave them: all in one place.
            patch.modules.values_mut().for_each(|module| module.position = Point::default());
            let edit = arrange(&patch, &registry);
            patch.apply(&edit).expect("moves");
            let rect = |id: &ModuleId| {
                let module = &patch.modules[id];
                let size = face(registry.spec(&module.kind).ok()).size;
                Rect::from_min_size(pos2(module.position.x, module.position.y), size)
            };
            let ids: Vec<&ModuleId> = patch.modules.keys().collect();
            for (n, a) in ids.iter().enumerate() {
                for b in &ids[n + 1..] {
                    assert!(!rect(a).expand(10.0).intersects(rect(b)), "{}: {a}, {b}", patch.name);
                }
            }
            for cable in patch.cables.values().filter(|cable| !cable.feedback) {
                let (from, to) = (rect(&cable.from.module), rect(&cable.to.module));
                assert!(to.left() > from.right(), "{}: {} to {}", patch.name, cable.from, cable.to);
            }
            assert_eq!(arrange(&patch, &registry), Edit::Batch(Vec::new()), "{}", patch.name);
        }
    }

    /// Law: patches that come with the product stand as auto-layout sets them. With
    /// `UPDATE_SNAPSHOTS=1` their files are written anew.
    #[test]
    fn factory_patches_are_arranged() {
        let registry = Registry::new(chronus_modules::KINDS);
        for (path, mut patch) in factory() {
            let edit = arrange(&patch, &registry);
            if std::env::var_os("UPDATE_SNAPSHOTS").is_some() {
                patch.apply(&edit).expect("moves");
                std::fs::write(&path, patch.to_json()).expect("a file");
            } else {
                assert_eq!(edit, Edit::Batch(Vec::new()), "{}", path.display());
            }
        }
    }
}
