//! The search for a module to add: at the pointer, by typing or by looking through the families.

use chronus_engine::{Category, Registry, Request, Spec};
use chronus_patch::{CableId, Edit, ModuleId, Patch, Point};
use egui::{
    Area, Frame, Key, Modifiers, Order, Pos2, Response, RichText, ScrollArea, TextEdit, Ui,
};

use super::scene::{End, Scene};
use super::{edits, rewire, walk};
use crate::app::EditorApp;
use crate::theme;

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
    text: String,
    /// The entry that Enter takes.
    row: usize,
    /// It has not been shown yet.
    fresh: bool,
}

impl Search {
    pub(crate) fn new(purpose: Purpose, corner: Pos2) -> Self {
        Self { purpose, corner, text: String::new(), row: 0, fresh: true }
    }
}

/// What a hand wants of the search in this frame.
enum Wish {
    Nothing,
    Close,
    Take(&'static Spec),
}

impl EditorApp {
    pub(crate) fn search_popup(&mut self, ui: &mut Ui, scene: &Scene<'_>, ground: &Response) {
        let Some(mut search) = self.canvas.search.take() else { return };
        let registry = self.engine.registry().clone();
        let area = Area::new(ui.scope_id().with("search")).order(Order::Foreground);
        let area = area.fixed_pos(search.corner).constrain_to(scene.window);
        let shown = area.show(ui.ctx(), |ui| {
            Frame::popup(ui.style()).show(ui, |ui| list(ui, &mut search, scene.patch, &registry))
        });
        match shown.inner.inner {
            Wish::Nothing => self.canvas.search = Some(search),
            Wish::Close => ground.request_focus(),
            Wish::Take(spec) => {
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
                Spot::Beside(id) => walk::beside(scene, id, spec),
                Spot::Near(place) => walk::free(scene, *place, spec),
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

fn list(ui: &mut Ui, search: &mut Search, patch: &Patch, registry: &Registry) -> Wish {
    ui.set_width(230.0);
    let key = |key| ui.input_mut(|input| input.consume_key(Modifiers::NONE, key));
    let (down, up) = (key(Key::ArrowDown), key(Key::ArrowUp));
    let (enter, escape) = (key(Key::Enter), key(Key::Escape));
    let field = TextEdit::singleline(&mut search.text)
        .hint_text(RichText::new("Find a module").color(theme::DIM))
        .lock_focus(true)
        .desired_width(f32::INFINITY);
    let field = ui.add(field).accessible_name("Find a module");
    let fresh = std::mem::take(&mut search.fresh);
    if fresh {
        field.request_focus();
    }
    if field.changed() {
        search.row = 0;
    }
    let found = find(patch, registry, search);
    let last = found.len().saturating_sub(1);
    search.row = (search.row + usize::from(down)).min(last).saturating_sub(usize::from(up));
    let mut taken = enter.then(|| found.get(search.row).copied()).flatten();
    let by_family = search.text.trim().is_empty();
    let mut area = ScrollArea::vertical().max_height(320.0);
    if fresh {
        // Where the last search was left says nothing about this one.
        area = area.vertical_scroll_offset(0.0);
    }
    area.show(ui, |ui| {
        let mut family: Option<Category> = None;
        for (row, spec) in found.iter().enumerate() {
            let colour = theme::family(spec.category);
            if by_family && family != Some(spec.category) {
                family = Some(spec.category);
                ui.label(RichText::new(spec.category.name()).small().color(colour));
            }
            let button = egui::Button::selectable(row == search.row, spec.name);
            let whole_line = egui::Layout::top_down_justified(egui::Align::Min);
            let button = ui.with_layout(whole_line, |ui| ui.add(button)).inner;
            let button = button.accessible_name(format!("Place {}", spec.name));
            if row == search.row && (down || up) {
                button.scroll_to_me(None);
            }
            if button.on_hover_text(spec.summary).clicked() {
                taken = Some(spec);
            }
        }
        if found.is_empty() {
            ui.colored_label(theme::DIM, "No module is called like that");
        }
    });
    match taken {
        Some(spec) => Wish::Take(spec),
        None if escape => Wish::Close,
        None => Wish::Nothing,
    }
}

/// Kinds that match, best first; those that carry what the cable does before others alike.
fn find(patch: &Patch, registry: &Registry, search: &Search) -> Vec<&'static Spec> {
    let fits = |spec: &'static Spec| match &search.purpose {
        Purpose::Add(_, None) => true,
        Purpose::Add(_, Some(held)) => edits::port_for(patch, registry, held, spec).is_some(),
        Purpose::Insert(..) => rewire::can_insert(spec),
        Purpose::Replace(id) => patch.modules.get(id).is_some_and(|now| now.kind != spec.kind),
    };
    let all = registry.kinds().iter().map(|kind| kind.spec).filter(|spec| fits(spec));
    let mut found: Vec<_> =
        all.filter_map(|spec| Some((rank(spec, &search.text)?, spec))).collect();
    found.sort_by_key(|(rank, spec)| (*rank, spec.category, spec.name));
    found.into_iter().map(|(_, spec)| spec).collect()
}

/// How well `text` names a kind, 0 best: by the start of its name, a word of it, a part of it,
/// another name, the family, or its description; none where it does not.
pub(crate) fn rank(spec: &Spec, text: &str) -> Option<u8> {
    let text = text.trim().to_lowercase().replace('_', " ");
    if text.is_empty() {
        return Some(0);
    }
    let names = [spec.name.to_lowercase(), spec.kind.replace('_', " ")];
    let word = |name: &String| name.split_whitespace().any(|word| word.starts_with(&text));
    if names.iter().any(|name| name.starts_with(&text)) {
        Some(0)
    } else if names.iter().any(word) {
        Some(1)
    } else if names.iter().any(|name| name.contains(&text)) {
        Some(2)
    } else if spec.aliases.iter().any(|alias| alias.kind.replace('_', " ").contains(&text)) {
        Some(3)
    } else if spec.category.name().to_lowercase().contains(&text) {
        Some(4)
    } else {
        spec.summary.to_lowercase().contains(&text).then_some(5)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn order(text: &str) -> Vec<&'static str> {
        let registry = Registry::new(chronus_modules::KINDS);
        let anywhere = Purpose::Add(Spot::At(Pos2::ZERO), None);
        let search = Search { text: text.into(), ..Search::new(anywhere, Pos2::ZERO) };
        find(&Patch::default(), &registry, &search).iter().map(|spec| spec.kind).collect()
    }

    #[test]
    fn names_come_before_aliases_and_those_before_descriptions() {
        assert_eq!(order("vc").get(..3).map(<[_]>::len), Some(3));
        assert!(order("vc")[..3].iter().all(|kind| kind.starts_with("vc")), "{:?}", order("vc"));
        assert_eq!(order("DELAY").first(), Some(&"delay"));
        assert_eq!(order("out").first(), Some(&"audio_out"));
        assert!(order("no such thing").is_empty());
        assert_eq!(order("").len(), chronus_modules::KINDS.len());
    }
}
