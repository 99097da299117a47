//! A list to choose from by typing: what the palette and the list of connections have in common.

use egui::{
    Align, Area, Button, Frame, Id, Key, Layout, Modifiers, Order, Pos2, Rect, RichText,
    ScrollArea, TextEdit, Ui,
};

use crate::theme;

/// Lines shown at once at most: typing finds the others.
const SHOWN: usize = 60;

/// One line.
pub(crate) struct Line {
    /// What is read, and searched.
    pub text: String,
    /// What stands at its right.
    pub hint: String,
    /// What it is found by.
    pub name: String,
}

/// An open list.
pub(crate) struct Chooser {
    title: &'static str,
    lines: Vec<Line>,
    text: String,
    /// The line that Enter takes, of those found.
    row: usize,
    /// It has not been shown yet.
    fresh: bool,
}

/// What a hand wants of the list in this frame.
pub(crate) enum Picked {
    Nothing,
    Close,
    /// The line of that position.
    Line(usize),
}

impl Chooser {
    pub(crate) fn new(title: &'static str, lines: Vec<Line>) -> Self {
        Self { title, lines, text: String::new(), row: 0, fresh: true }
    }

    /// The list, over everything else.
    pub(crate) fn show(&mut self, ui: &Ui, corner: Pos2, window: Rect) -> Picked {
        let fresh = self.fresh;
        let area = Area::new(Id::unique(self.title)).order(Order::Foreground);
        let area = area.fixed_pos(corner).constrain_to(window);
        let shown =
            area.show(ui.ctx(), |ui| Frame::popup(ui.style()).show(ui, |ui| self.list(ui)).inner);
        match shown.inner {
            Picked::Nothing if !fresh && shown.response.clicked_elsewhere() => Picked::Close,
            picked => picked,
        }
    }

    fn list(&mut self, ui: &mut Ui) -> Picked {
        ui.set_width(300.0);
        let key = |key| ui.input_mut(|input| input.consume_key(Modifiers::NONE, key));
        let (down, up) = (key(Key::ArrowDown), key(Key::ArrowUp));
        let (enter, escape) = (key(Key::Enter), key(Key::Escape));
        let field = TextEdit::singleline(&mut self.text)
            .hint_text(RichText::new(self.title).color(theme::of(ui).dim))
            .lock_focus(true)
            .desired_width(f32::INFINITY);
        let field = ui.add(field).accessible_name(self.title);
        let mut area = ScrollArea::vertical().max_height(340.0);
        if std::mem::take(&mut self.fresh) {
            field.request_focus();
            area = area.vertical_scroll_offset(0.0);
        }
        if field.changed() {
            self.row = 0;
        }
        let found = find(&self.lines, &self.text);
        let last = found.len().min(SHOWN).saturating_sub(1);
        self.row = (self.row + usize::from(down)).min(last).saturating_sub(usize::from(up));
        let mut taken = enter.then(|| found.get(self.row).copied()).flatten();
        area.show(ui, |ui| {
            for (row, &at) in found.iter().enumerate().take(SHOWN) {
                let line = &self.lines[at];
                let look = theme::of(ui);
                let ink = if row == self.row { look.quiet() } else { look.dim };
                let hint = RichText::new(&line.hint).color(ink);
                let button = Button::selectable(row == self.row, &line.text).shortcut_text(hint);
                let whole_line = Layout::top_down_justified(Align::Min);
                let button = ui.with_layout(whole_line, |ui| ui.add(button)).inner;
                let button = button.accessible_name(&line.name);
                if row == self.row && (down || up) {
                    button.scroll_to_me(None);
                }
                if button.clicked() {
                    taken = Some(at);
                }
            }
            if found.len() > SHOWN {
                let more = format!("and {} more: type to find them", found.len() - SHOWN);
                ui.colored_label(theme::of(ui).dim, more);
            } else if found.is_empty() {
                ui.colored_label(theme::of(ui).dim, "Nothing is called like that");
            }
        });
        match taken {
            Some(at) => Picked::Line(at),
            None if escape => Picked::Close,
            None => Picked::Nothing,
        }
    }
}

/// Lines that match, best first, otherwise in their order: every word that was typed begins a word
/// of the line, one after the other; whole words before beginnings.
fn find(lines: &[Line], text: &str) -> Vec<usize> {
    let text = text.to_lowercase();
    let typed: Vec<&str> = text.split_whitespace().collect();
    let ranks = lines.iter().enumerate().filter_map(|(at, line)| {
        let line = line.text.to_lowercase();
        let mut words = line.split_whitespace();
        let mut begun = 0;
        for word in &typed {
            begun += usize::from(words.find(|known| known.starts_with(word))? != *word);
        }
        Some((begun, at))
    });
    let mut found: Vec<_> = ranks.collect();
    found.sort();
    found.into_iter().map(|(_, at)| at).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_found_in_their_order_and_whole_ones_first() {
        let texts = ["osc out → mixer in1", "osc out → amp in", "Disconnect osc out → filter in"];
        let lines = texts.map(|text| {
            let (text, none) = (text.to_owned(), String::new());
            Line { name: text.clone(), text, hint: none }
        });
        assert_eq!(find(&lines, ""), [0, 1, 2]);
        assert_eq!(find(&lines, "osc out in"), [1, 2, 0], "`in` before `in1`");
        assert_eq!(find(&lines, "Dis F"), [2]);
        assert_eq!(find(&lines, "amp osc"), [0_usize; 0]);
    }
}
