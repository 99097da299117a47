//! The list of kinds of modules, wherever it is shown: searched by typing, walked through by keys,
//! marked as favourites, and explained.

use chronus_engine::{Registry, Spec, Unit};
use chronus_library::Favourites;
use egui::{Align, Button, Event, EventFilter, Id, Key, Layout, Modifiers, Rect, RichText, Role};
use egui::{ScrollArea, Sense, TextEdit, Ui, Vec2, WidgetInfo, vec2};

use crate::icons::Icon;
use crate::theme;

/// Height of what is said about a kind.
const HELP: f32 = 104.0;
/// Width of the place of a star.
const STAR: f32 = 22.0;
/// Size of its drawing.
const STAR_SIZE: Vec2 = vec2(13.0, 13.0);

/// A list, and where its user is in it.
#[derive(Default)]
pub(crate) struct Picker {
    /// It has been shown before.
    shown: bool,
    pub text: String,
    /// The entry that Enter takes.
    row: usize,
    /// The field is to have the keyboard.
    wants_focus: bool,
}

/// What a list offers.
pub(crate) struct Offer<'a> {
    pub registry: &'a Registry,
    pub favourites: &'a Favourites,
    /// Whether a kind is offered at all.
    pub fits: &'a dyn Fn(&'static Spec) -> bool,
    /// In a popup: the most height of the list, and Tab stays. A panel's takes what there is.
    pub popup: Option<f32>,
    pub names: Names,
}

/// By what names a list is found: two may be seen at once.
#[derive(Clone, Copy)]
pub(crate) struct Names {
    /// Of the field.
    pub search: &'static str,
    /// Before the kind's name on its entry.
    pub take: &'static str,
    /// Before the kind's name on its star.
    pub mark: &'static str,
}

/// What a hand wants.
#[derive(Default)]
pub(crate) struct Wish {
    /// This kind; true: by a key.
    pub take: Option<(&'static Spec, bool)>,
    /// This kind marked, or not.
    pub mark: Option<(&'static Spec, bool)>,
    /// The pointer begins to drag this kind.
    pub drag: Option<&'static Spec>,
    /// The pointer lets go of what it dragged.
    pub dropped: bool,
    /// Escape was pressed in the field.
    pub escape: bool,
}

impl Picker {
    /// Gives the field the keyboard as soon as it is shown.
    pub(crate) fn take_focus(&mut self) {
        self.wants_focus = true;
    }

    /// True when the field has the keyboard.
    pub(crate) fn has_focus(ui: &Ui, names: Names) -> bool {
        ui.memory(|memory| memory.has_focus(field(names)))
    }

    /// Field, list and help, one below the other.
    pub(crate) fn show(&mut self, ui: &mut Ui, offer: &Offer<'_>) -> Wish {
        let names = offer.names;
        let keys = if Self::has_focus(ui, names) { Keys::take(ui) } else { Keys::default() };
        let field = TextEdit::singleline(&mut self.text)
            .id(field(names))
            .hint_text(RichText::new(names.search).color(theme::of(ui).dim))
            .event_filter(EventFilter { tab: offer.popup.is_some(), ..OWN_KEYS })
            .desired_width(f32::INFINITY);
        let field = ui.add(field).accessible_name(names.search);
        if std::mem::take(&mut self.wants_focus) {
            field.request_focus();
        }
        if field.changed() {
            self.row = 0;
        }
        let found = find(offer, &self.text);
        let last = found.len().saturating_sub(1);
        let moved = (self.row + usize::from(keys.down)).min(last);
        self.row = moved.saturating_sub(usize::from(keys.up));
        let current = found.get(self.row).copied();
        let mut wish = Wish { escape: keys.escape, ..Wish::default() };
        wish.take = current.filter(|_| keys.enter).map(|spec| (spec, true));
        if keys.mark {
            wish.mark = current.map(|spec| (spec, !offer.favourites.has_module(spec.kind)));
        }
        let height = offer.popup.unwrap_or_else(|| (ui.available_height() - HELP - 12.0).max(40.0));
        let area = ScrollArea::vertical().id_salt(names.take).max_height(height);
        let mut area = area.auto_shrink([false, offer.popup.is_some()]);
        if !std::mem::replace(&mut self.shown, true) {
            // Where the last list of that name was left says nothing about this one.
            area = area.vertical_scroll_offset(0.0);
        }
        let pointed = area.show(ui, |ui| self.list(ui, offer, &found, keys.any(), &mut wish)).inner;
        ui.separator();
        let about = pointed.or(current);
        let area = ScrollArea::vertical().id_salt((names.take, "help"));
        area.max_height(HELP).min_scrolled_height(HELP).auto_shrink(false).show(ui, |ui| {
            if let Some(spec) = about {
                ui.label(RichText::new(help(spec)).small().color(theme::of(ui).dim));
            }
        });
        wish
    }

    /// The entries; the one under the pointer.
    fn list(
        &self,
        ui: &mut Ui,
        offer: &Offer<'_>,
        found: &[&'static Spec],
        moved: bool,
        wish: &mut Wish,
    ) -> Option<&'static Spec> {
        let by_family = self.text.trim().is_empty();
        let mut heading = None;
        let mut pointed = None;
        for (row, &spec) in found.iter().enumerate() {
            let marked = offer.favourites.has_module(spec.kind);
            let colour = theme::of(ui).family(spec.category);
            let family = (spec.category.name(), colour);
            let part = if marked { ("Favourites", theme::of(ui).warn) } else { family };
            if by_family && heading != Some(part.0) {
                heading = Some(part.0);
                ui.label(RichText::new(part.0).small().color(part.1));
            }
            // Beside the canvas it is of no interest where the keys would go.
            let at = row == self.row && (offer.popup.is_some() || Self::has_focus(ui, offer.names));
            let button = Button::selectable(at, spec.name);
            let button = button.sense(Sense::click_and_drag());
            let whole_line = Layout::top_down_justified(Align::Min);
            let button = ui.with_layout(whole_line, |ui| ui.add(button)).inner;
            let button = button.accessible_name(format!("{} {}", offer.names.take, spec.name));
            if row == self.row && moved {
                button.scroll_to_me(None);
            }
            if button.drag_started() {
                wish.drag = Some(spec);
            }
            wish.dropped |= button.drag_stopped();
            let over = ui.rect_contains_pointer(button.rect);
            let stripe = Rect::from_min_size(button.rect.min, vec2(3.0, button.rect.height()));
            ui.painter().rect_filled(stripe, 1.0, colour);
            let place = Rect::from_min_max(
                button.rect.right_top() - vec2(STAR, 0.0),
                button.rect.right_bottom(),
            );
            let name = format!("{} {}", offer.names.mark, spec.name);
            if star(ui, place, &name, marked, over || at) {
                wish.mark = Some((spec, !marked));
            } else if button.clicked() {
                wish.take = Some((spec, false));
            }
            if over {
                pointed = Some(spec);
            }
        }
        if found.is_empty() {
            ui.colored_label(theme::of(ui).dim, "No module is called like that");
        }
        pointed
    }
}

fn field(names: Names) -> Id {
    Id::unique(("picker", names.search))
}

/// The keys of a field over a list, which would otherwise take the keyboard from it.
pub(crate) const OWN_KEYS: EventFilter =
    EventFilter { tab: false, horizontal_arrows: true, vertical_arrows: true, escape: true };

/// Keys of a list whose field has the keyboard.
#[derive(Clone, Copy, Default)]
pub(crate) struct Keys {
    pub down: bool,
    pub up: bool,
    pub enter: bool,
    pub escape: bool,
    /// `*`, which no name holds, or Ctrl+F.
    pub mark: bool,
}

impl Keys {
    /// Takes them from what was typed, before the field sees it.
    pub(crate) fn take(ui: &Ui) -> Self {
        ui.input_mut(|input| {
            let mut star = false;
            input.events.retain(|event| {
                let typed = matches!(event, Event::Text(text) if text == "*");
                star |= typed;
                !typed
            });
            Self {
                down: input.consume_key(Modifiers::NONE, Key::ArrowDown),
                up: input.consume_key(Modifiers::NONE, Key::ArrowUp),
                enter: input.consume_key(Modifiers::NONE, Key::Enter),
                escape: input.consume_key(Modifiers::NONE, Key::Escape),
                mark: input.consume_key(Modifiers::COMMAND, Key::F) || star,
            }
        })
    }

    fn any(self) -> bool {
        self.down || self.up
    }
}

/// A star in `place`: filled where something is marked, an outline where it could be. True when it
/// was clicked.
pub(crate) fn star(ui: &Ui, place: Rect, name: &str, marked: bool, seen: bool) -> bool {
    // Not part of the Tab order: there is a key for it.
    let response = ui.interact(place, Id::unique(("star", name)), Sense::CLICK);
    response.widget_info(|| WidgetInfo::selected(Role::Button, true, marked, name));
    let icon = match (marked, response.hovered()) {
        (true, _) => Some((Icon::Star, theme::of(ui).warn)),
        (false, true) => Some((Icon::Outline, theme::of(ui).warn)),
        (false, false) => seen.then_some((Icon::Outline, theme::of(ui).dim)),
    };
    if let Some((icon, colour)) = icon {
        let square = Rect::from_center_size(place.center(), STAR_SIZE);
        icon.draw(ui.painter(), square, colour);
    }
    response.on_hover_text("Favourite (* or Ctrl+F)").clicked()
}

/// Kinds that match, best first; favourites before the others alike.
fn find(offer: &Offer<'_>, text: &str) -> Vec<&'static Spec> {
    let all = offer.registry.kinds().iter().map(|kind| kind.spec);
    let all = all.filter(|spec| (offer.fits)(spec));
    let mut found: Vec<_> = all.filter_map(|spec| Some((rank(spec, text)?, spec))).collect();
    found.sort_by_key(|(rank, spec)| {
        (*rank, !offer.favourites.has_module(spec.kind), spec.category, spec.name)
    });
    found.into_iter().map(|(_, spec)| spec).collect()
}

/// How well `text` names a kind, 0 best: by the start of its name, a word of it, a part of it,
/// another name, the family, or its description; none where it does not.
fn rank(spec: &Spec, text: &str) -> Option<u8> {
    let text = text.trim().to_lowercase().replace('_', " ");
    let aliases = spec.aliases.iter().map(|alias| alias.kind.replace('_', " "));
    rank_name(&[spec.name.to_lowercase(), spec.kind.replace('_', " ")], &text)
        .or_else(|| aliases.into_iter().any(|alias| alias.contains(&text)).then_some(3))
        .or_else(|| spec.category.name().to_lowercase().contains(&text).then_some(4))
        .or_else(|| spec.summary.to_lowercase().contains(&text).then_some(5))
}

/// How well `text` is one of `names` (all in lower case), 0 best: its start, that of a word of it,
/// or a part of it.
pub(crate) fn rank_name(names: &[String], text: &str) -> Option<u8> {
    let word = |name: &String| name.split_whitespace().any(|word| word.starts_with(text));
    if names.iter().any(|name| name.starts_with(text)) {
        Some(0)
    } else if names.iter().any(word) {
        Some(1)
    } else {
        names.iter().any(|name| name.contains(text)).then_some(2)
    }
}

/// What a kind is for, and what can be plugged in and turned, with units and ranges.
fn help(spec: &Spec) -> String {
    let list = |what: &str, names: Vec<String>| match names.is_empty() {
        true => String::new(),
        false => format!("\n{what}: {}", names.join(", ")),
    };
    let range = |param: &chronus_engine::Param| match param.unit {
        Unit::Choice => format!("{} {}", param.label, param.choices.join("/")),
        _ => format!("{} {} to {}", param.label, param.text(param.min), param.text(param.max)),
    };
    let names = spec.inputs.iter().map(|input| input.name.to_owned()).collect();
    let outputs = spec.outputs.iter().map(|output| output.name.to_owned()).collect();
    let mut text = format!("{}: {}", spec.name, spec.summary);
    text += &list("In", names);
    text += &list("Out", outputs);
    text += &list("Knobs", spec.params.iter().map(range).collect());
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use chronus_engine::Category;

    fn order(text: &str) -> Vec<&'static str> {
        let registry = Registry::new(chronus_modules::KINDS);
        let names = Names { search: "", take: "", mark: "" };
        let favourites = &Favourites::default();
        let offer = Offer { registry: &registry, favourites, fits: &|_| true, popup: None, names };
        find(&offer, text).iter().map(|spec| spec.kind).collect()
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

    #[test]
    fn the_help_tells_ports_ranges_and_units() {
        let registry = Registry::new(chronus_modules::KINDS);
        let text = help(registry.spec("vcf").expect("a kind"));
        for part in ["state-variable", "In: in, cutoff", "Out: out, low", "Cutoff 16 Hz to 20"] {
            assert!(text.contains(part), "{part} in {text}");
        }
        assert!(text.contains("Mode lowpass/bandpass"), "{text}");
        let families: Vec<_> = Category::ALL.iter().map(|family| family.name()).collect();
        assert!(!families.contains(&"Favourites"), "a heading of its own");
    }
}
