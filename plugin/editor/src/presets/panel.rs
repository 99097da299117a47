//! The panel of presets at the right of the window: search, shelves, tags, and the list.

use std::collections::BTreeMap;

use chronus_library::{Entry, Order, PresetId, Shelf};
use chronus_patch::Patch;
use egui::{
    Align, Id, Key, Layout, Modifiers, Panel, Pos2, Rect, RichText, ScrollArea, Sense, TextEdit,
    Ui, vec2,
};

use super::row::{self, HEIGHT, Look};
use super::{Part, Presets};
use crate::app::EditorApp;
use crate::icons::{Icon, IconButton};
use crate::picker::{Keys, OWN_KEYS, rank_name, star};
use crate::theme;

/// Name of the field.
const SEARCH: &str = "Search presets";
/// Most tags that are offered, those of most presets first.
const TAGS: usize = 16;

impl Presets {
    /// The presets that pass the filter, the better matches first.
    pub(super) fn found<'a>(&self, shelf: &'a Shelf) -> Vec<&'a Entry> {
        let filter = &self.filter;
        let text = filter.text.trim().to_lowercase();
        let passes = |entry: &&Entry| {
            let part = match entry.id {
                PresetId::Factory(_) => filter.shelf != Part::User,
                PresetId::User(_) => filter.shelf != Part::Factory,
            };
            part && filter.tags.iter().all(|tag| entry.tags.contains(tag))
                && (!filter.favourites || shelf.favourites.has_preset(&entry.id))
        };
        let all = shelf.entries.iter().filter(passes);
        let mut found: Vec<_> =
            all.filter_map(|entry| Some((rank(entry, &text)?, entry))).collect();
        // Stable: alike they stay as on the shelf.
        found.sort_by_key(|(rank, _)| *rank);
        found.into_iter().map(|(_, entry)| entry).collect()
    }
}

/// How well `text` (in lower case) names a preset, 0 best: by its name, a tag, or its notes.
fn rank(entry: &Entry, text: &str) -> Option<u8> {
    rank_name(&[entry.name.to_lowercase()], text)
        .or_else(|| entry.tags.iter().any(|tag| tag.to_lowercase().contains(text)).then_some(3))
        .or_else(|| entry.notes.to_lowercase().contains(text).then_some(4))
}

impl EditorApp {
    /// The panel, when it is open.
    pub(crate) fn preset_panel(&mut self, ui: &mut Ui, patch: &Patch) {
        if !self.presets.open {
            return;
        }
        let panel = Panel::right("presets").default_size(300.0).size_range(220.0..=480.0);
        panel.show(ui, |ui| self.preset_list(ui, patch));
    }

    fn preset_list(&mut self, ui: &mut Ui, patch: &Patch) {
        let shelf = self.presets.shelf();
        ui.add_space(4.0);
        let id = Id::unique(SEARCH);
        let focused = ui.memory(|memory| memory.has_focus(id));
        let keys = if focused { Keys::take(ui) } else { Keys::default() };
        let page = |key| focused && ui.input_mut(|i| i.consume_key(Modifiers::NONE, key));
        let (back, forward) = (page(Key::PageUp), page(Key::PageDown));
        ui.with_layout(Layout::right_to_left(Align::Min), |ui| {
            let close = ui.add(IconButton::new(Icon::Close, "Close presets").small()).clicked();
            // The field takes what the button leaves, or the panel would grow with every frame.
            let field = TextEdit::singleline(&mut self.presets.filter.text)
                .id(id)
                .event_filter(OWN_KEYS)
                .hint_text(RichText::new(SEARCH).color(theme::of(ui).dim))
                .desired_width(f32::INFINITY);
            let field = ui.add(field).accessible_name(SEARCH);
            if std::mem::take(&mut self.presets.fresh) && self.presets.form.is_none() {
                field.request_focus();
            }
            if field.changed() {
                self.presets.row = 0;
            }
            if close || keys.escape {
                self.close_presets();
            }
        });
        self.facets(ui, &shelf);
        self.say_word(ui);
        self.form(ui);
        let found = self.presets.found(&shelf);
        if let Some(sought) = &self.presets.sought
            && let Some(at) = found.iter().position(|entry| entry.id == *sought)
        {
            self.presets.row = at;
            self.presets.sought = None;
            self.presets.scroll = true;
        }
        let last = found.len().saturating_sub(1);
        let moved = (self.presets.row + usize::from(keys.down)).min(last);
        self.presets.row = moved.saturating_sub(usize::from(keys.up));
        self.presets.scroll |= keys.down || keys.up;
        let current = found.get(self.presets.row).copied();
        if keys.enter
            && let Some(entry) = current
        {
            self.take_preset(entry);
        }
        if keys.mark
            && let Some(entry) = current
        {
            self.mark_preset(&shelf, entry);
        }
        Panel::bottom("preset buttons").show(ui, |ui| {
            ui.add_space(4.0);
            self.form_buttons(ui, current);
        });
        self.rows(ui, &shelf, &found, patch);
        if back || forward {
            self.step_preset(forward);
        }
    }

    /// Shelves, favourites and tags, to be switched on and off.
    fn facets(&mut self, ui: &mut Ui, shelf: &Shelf) {
        let mut count: BTreeMap<&str, usize> = BTreeMap::new();
        for tag in shelf.entries.iter().flat_map(|entry| &entry.tags) {
            *count.entry(tag).or_default() += 1;
        }
        let mut tags: Vec<_> = count.into_iter().collect();
        tags.sort_by_key(|&(tag, count)| (std::cmp::Reverse(count), tag));
        let filter = &mut self.presets.filter;
        ui.horizontal_wrapped(|ui| {
            for (part, text, name) in [
                (Part::All, "All", "All presets"),
                (Part::Factory, "Factory", "Factory presets"),
                (Part::User, "User", "User presets"),
            ] {
                ui.selectable_value(&mut filter.shelf, part, text).accessible_name(name);
            }
            let star = IconButton::new(Icon::Star, "Favourite presets").switch(filter.favourites);
            if ui.add(star.small()).on_hover_text("Favourites").clicked() {
                filter.favourites = !filter.favourites;
            }
        });
        ui.horizontal_wrapped(|ui| {
            ui.spacing_mut().item_spacing = vec2(4.0, 3.0);
            for (tag, _) in tags.into_iter().take(TAGS) {
                let mut on = filter.tags.contains(tag);
                let chip = ui.toggle_value(&mut on, RichText::new(tag).small());
                if chip.accessible_name(format!("Tag {tag}")).changed() {
                    if !filter.tags.remove(tag) {
                        filter.tags.insert(tag.to_owned());
                    }
                    self.presets.row = 0;
                }
            }
        });
    }

    /// What came of the last order, and what is wrong with the folder.
    fn say_word(&mut self, ui: &mut Ui) {
        if let Some(remark) = &self.presets.shelf().remark {
            ui.colored_label(theme::of(ui).warn, remark);
        }
        let Some((word, bad)) = self.presets.word.clone() else { return };
        ui.horizontal_wrapped(|ui| {
            ui.colored_label(if bad { theme::of(ui).bad } else { theme::of(ui).good }, word);
            if self.presets.deleted.is_some() {
                let button = ui.small_button("Bring it back");
                if button.clicked()
                    && let Some(order) = self.presets.deleted.take()
                {
                    self.presets.order(order);
                }
            }
        });
    }

    fn rows(&mut self, ui: &mut Ui, shelf: &Shelf, found: &[&Entry], patch: &Patch) {
        let loaded = self.presets.origin(&patch.name).map(|origin| origin.id.clone());
        let scroll = std::mem::take(&mut self.presets.scroll);
        ScrollArea::vertical().id_salt("presets").auto_shrink(false).show(ui, |ui| {
            if found.is_empty() {
                ui.colored_label(theme::of(ui).dim, "No preset is like that");
            }
            let size = vec2(ui.available_width(), HEIGHT * found.len() as f32);
            let (all, _) = ui.allocate_exact_size(size, Sense::hover());
            let place = |at: usize| {
                let corner = Pos2::new(all.left(), all.top() + HEIGHT * at as f32);
                Rect::from_min_size(corner, vec2(all.width(), HEIGHT - 2.0))
            };
            if scroll {
                ui.scroll_to_rect(place(self.presets.row), None);
            }
            for (at, entry) in found.iter().enumerate() {
                let rect = place(at);
                if !ui.is_rect_visible(rect) {
                    continue;
                }
                let current = at == self.presets.row;
                let look = Look { current, loaded: loaded.as_ref() == Some(&entry.id) };
                let response = row::show(ui, rect, entry, look);
                let marked = shelf.favourites.has_preset(&entry.id);
                let seen = current || ui.rect_contains_pointer(rect);
                let star_place =
                    Rect::from_min_max(rect.right_top() - vec2(24.0, 0.0), rect.right_bottom());
                let name = row::label(entry).replacen("Load", "Favourite preset", 1);
                if star(ui, star_place, &name, marked, seen) {
                    self.mark_preset(shelf, entry);
                } else if response.clicked() {
                    self.presets.row = at;
                    self.take_preset(entry);
                }
            }
        });
    }

    fn take_preset(&mut self, entry: &Entry) {
        match &entry.fault {
            None => self.load_preset(&entry.id),
            Some(fault) => self.presets.word = Some((fault.clone(), true)),
        }
    }

    fn mark_preset(&self, shelf: &Shelf, entry: &Entry) {
        let marked = !shelf.favourites.has_preset(&entry.id);
        self.presets.order(Order::MarkPreset(entry.id.clone(), marked));
    }
}
