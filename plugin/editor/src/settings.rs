//! What belongs to the patch as a whole: its name, notes, voices and tuning.

use chronus_engine::MAX_VOICES;
use chronus_patch::{Edit, Patch, VoiceMode};
use egui::{ComboBox, DragValue, Grid, Id, Response, RichText, Ui};

use crate::app::EditorApp;
use crate::typing::Text;

const KEYS: [&str; 12] = ["C", "C#", "D", "D#", "E", "F", "F#", "G", "G#", "A", "A#", "B"];

impl EditorApp {
    pub(crate) fn settings(&mut self, ui: &mut Ui, patch: &Patch) {
        ui.label(RichText::new("Patch").strong());
        Grid::new("patch").num_columns(2).show(ui, |ui| {
            ui.label("Name");
            self.typed(ui, patch, &Text::PatchName, ("untitled", 240.0));
            ui.end_row();
            ui.label("Notes");
            self.typed(ui, patch, &Text::Notes, ("", 420.0));
            ui.end_row();
            ui.label("Tags");
            self.typed(ui, patch, &Text::Tags, ("bass, warm", 240.0));
            ui.end_row();
        });
        ui.add_space(8.0);
        self.voices(ui, patch);
        ui.add_space(8.0);
        self.tuning(ui, patch);
    }

    fn voices(&mut self, ui: &mut Ui, patch: &Patch) {
        ui.label(RichText::new("Voices").strong());
        let mut voice = in_hand(ui, "voices").unwrap_or_else(|| patch.voice.clone());
        let mut settled = true;
        Grid::new("voices").num_columns(2).show(ui, |ui| {
            ui.label("Count");
            let field = DragValue::new(&mut voice.count).range(1..=MAX_VOICES as u8).speed(0.1);
            settled &= at_rest(&ui.add(field.update_while_editing(false)), "Voice count");
            ui.end_row();
            ui.label("Mode");
            let combo = ComboBox::from_id_salt("mode").selected_text(mode_name(voice.mode));
            let combo = combo.show_ui(ui, |ui| {
                for mode in [VoiceMode::Poly, VoiceMode::Mono, VoiceMode::Legato] {
                    ui.selectable_value(&mut voice.mode, mode, mode_name(mode));
                }
            });
            combo.response.accessible_name("Voice mode");
            ui.end_row();
            ui.label("Glide");
            let field = DragValue::new(&mut voice.glide)
                .range(0.0..=10_000.0)
                .clamp_existing_to_range(false)
                .suffix(" ms");
            settled &= at_rest(&ui.add(field.update_while_editing(false)), "Glide in ms");
            ui.end_row();
        });
        self.hold(ui, ("voices", settled), patch, &patch.voice, voice, Edit::SetVoice);
    }

    fn tuning(&mut self, ui: &mut Ui, patch: &Patch) {
        ui.label(RichText::new("Tuning").strong());
        let mut tuning = in_hand(ui, "tuning").unwrap_or_else(|| patch.tuning.clone());
        let mut settled = true;
        ui.horizontal(|ui| {
            ui.label("A4");
            let field = DragValue::new(&mut tuning.a4)
                .range(220.0..=880.0)
                .clamp_existing_to_range(false)
                .speed(0.1);
            let field = field.suffix(" Hz").max_decimals(2).update_while_editing(false);
            settled &= at_rest(&ui.add(field), "A4 in Hz");
        });
        let mut cents = tuning.cents.clone();
        cents.resize(KEYS.len(), 0.0);
        Grid::new("cents").num_columns(12).show(ui, |ui| {
            for key in KEYS {
                ui.label(key);
            }
            ui.end_row();
            for (key, cents) in KEYS.iter().zip(&mut cents) {
                let field = DragValue::new(cents)
                    .range(-100.0..=100.0)
                    .clamp_existing_to_range(false)
                    .speed(0.2);
                let field = field.suffix(" ct").max_decimals(1).update_while_editing(false);
                settled &= at_rest(&ui.add(field), &format!("Cents of {key}"));
            }
            ui.end_row();
        });
        let equal = cents.iter().all(|cents| *cents == 0.0);
        if !(equal && tuning.cents.is_empty()) {
            tuning.cents = if equal { Vec::new() } else { cents };
        }
        self.hold(ui, ("tuning", settled), patch, &patch.tuning, tuning, Edit::SetTuning);
    }

    /// Keeps `new` while a field of it is in hand; makes an edit of it when it is let go.
    fn hold<T: Clone + PartialEq + Send + Sync + 'static>(
        &mut self,
        ui: &Ui,
        (name, settled): (&'static str, bool),
        patch: &Patch,
        old: &T,
        new: T,
        edit: impl FnOnce(T) -> Edit,
    ) {
        if settled {
            ui.data_mut(|data| data.remove::<T>(hand(name)));
            if new != *old {
                self.edit(patch, edit(new));
            }
        } else {
            ui.data_mut(|data| data.insert_temp(hand(name), new));
        }
    }
}

fn hand(name: &'static str) -> Id {
    Id::unique(("in hand", name))
}

/// What a hand has made of the settings called `name`, until it lets go.
fn in_hand<T: Clone + Send + Sync + 'static>(ui: &Ui, name: &'static str) -> Option<T> {
    ui.data(|data| data.get_temp(hand(name)))
}

/// Names a field; true when no hand is on it.
fn at_rest(response: &Response, name: &str) -> bool {
    !response.clone().accessible_name(name).dragged()
}

fn mode_name(mode: VoiceMode) -> &'static str {
    match mode {
        VoiceMode::Poly => "poly",
        VoiceMode::Mono => "mono",
        VoiceMode::Legato => "legato",
    }
}
