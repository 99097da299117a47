//! A/B and scenes: variants of the patch that are recalled as one edit, so that what they share goes
//! on sounding. A and B live in the window, scenes in the patch.

use std::sync::Arc;

use chronus_engine::Request;
use chronus_patch::{Edit, Patch, Scene};
use egui::{Button, Popup, PopupCloseBehavior, Ui};

use crate::app::EditorApp;
use crate::icons::{Icon, IconButton};
use crate::theme;
use crate::typing::Text;

/// Changes of sides that an undo can take back.
const CHANGES: usize = 32;

/// The two sides that are compared.
#[derive(Default)]
pub(crate) struct Sides {
    /// B is the one that plays.
    on_b: bool,
    /// The one that does not; none until both have been heard.
    other: Option<Arc<Patch>>,
    /// The last changes of sides: what played before and after, the newest last.
    changes: Vec<(Arc<Patch>, Arc<Patch>)>,
    /// The scene that is being renamed, and whether its field is still to get the keyboard.
    naming: Option<(String, bool)>,
}

impl Sides {
    /// Scene `name` is to be renamed.
    pub(crate) fn name(&mut self, name: String) {
        self.naming = Some((name, true));
    }

    /// No scene is being renamed any more.
    pub(crate) fn end_naming(&mut self) {
        self.naming = None;
    }

    /// The document went from `before` to `after` by an undo or a redo: where that was a change of
    /// sides, the other side plays now.
    pub(crate) fn follow(&mut self, before: &Arc<Patch>, after: &Patch, back: bool) {
        let was = |(from, to): &(Arc<Patch>, Arc<Patch>)| {
            let (from, to) = if back { (to, from) } else { (from, to) };
            plays_alike(from, before) && plays_alike(to, after)
        };
        if self.changes.iter().any(was) {
            self.on_b = !self.on_b;
            self.other = Some(before.clone());
        }
    }

    /// Another patch was loaded: there is nothing to compare it with.
    pub(crate) fn start_over(&mut self) {
        *self = Self::default();
    }
}

impl EditorApp {
    /// The line of A/B and scenes.
    pub(crate) fn scenes(&mut self, ui: &mut Ui, patch: &Patch) {
        ui.horizontal_wrapped(|ui| {
            self.sides(ui);
            ui.separator();
            ui.colored_label(theme::of(ui).dim, "Scenes");
            for (name, scene) in &patch.scenes {
                self.scene(ui, patch, name, scene);
            }
            let store = ui.add(IconButton::new(Icon::Plus, "Store a scene"));
            if store.on_hover_text("Store what plays as a scene").clicked() {
                self.store_scene(patch);
            }
        });
    }

    fn sides(&mut self, ui: &mut Ui) {
        let on_b = self.sides.on_b;
        for (name, is_b) in [("A", false), ("B", true)] {
            let button = ui.add(Button::selectable(on_b == is_b, name));
            let button = button.accessible_name(format!("Side {name}"));
            let tip = "Two variants to compare: edits go to the one that plays";
            if button.on_hover_text(tip).clicked() && on_b != is_b {
                self.change_side();
            }
        }
        let (here, there) = if on_b { ("B", "A") } else { ("A", "B") };
        let copy = ui.small_button(format!("{here} → {there}"));
        let copy = copy.accessible_name(format!("Copy {here} to {there}"));
        if copy.on_hover_text(format!("Make {there} the same as {here}")).clicked() {
            self.copy_side();
        }
    }

    /// Makes the side that does not play the same as the one that does.
    pub(crate) fn copy_side(&mut self) {
        self.sides.other = Some(self.document_now());
    }

    /// Stores what plays as a new scene.
    pub(crate) fn store_scene(&mut self, patch: &Patch) {
        let scene = Some(self.document_now().to_scene());
        self.edit(patch, Edit::SetScene { name: free_name(patch), scene });
    }

    /// Plays scene `name`, if there is one.
    pub(crate) fn recall_scene(&mut self, patch: &Patch, name: &str) {
        if let Some(scene) = patch.scenes.get(name) {
            self.become_patch(&patch.with_scene(scene), format!("recall {name}"));
        }
    }

    /// Plays the side that does not play.
    pub(crate) fn change_side(&mut self) {
        let patch = self.document_now();
        let target = self.sides.other.take().unwrap_or_else(|| patch.clone());
        self.sides.other = Some(patch.clone());
        self.sides.on_b = !self.sides.on_b;
        let side = if self.sides.on_b { "B" } else { "A" };
        self.become_patch(&target, format!("switch to {side}"));
        if self.sides.changes.len() == CHANGES {
            self.sides.changes.remove(0);
        }
        self.sides.changes.push((patch, target));
    }

    fn scene(&mut self, ui: &mut Ui, patch: &Patch, name: &str, scene: &Scene) {
        if self.sides.naming.as_ref().is_some_and(|(naming, _)| naming == name) {
            self.scene_name(ui, patch, name);
            return;
        }
        let plays = patch.is_at_scene(scene);
        let chip = ui.add(Button::selectable(plays, name));
        let chip = chip.accessible_name(format!("Scene {name}"));
        let mut wish = None;
        let menu = Popup::context_menu(&chip);
        menu.close_behavior(PopupCloseBehavior::CloseOnClickOutside).show(|ui| {
            let entry = |ui: &mut Ui, text: &str| {
                let button = ui.button(text).accessible_name(format!("{text} scene {name}"));
                button.clicked()
            };
            if entry(ui, "Store again") {
                wish = Some(Some(self.document_now().to_scene()));
                ui.close();
            }
            if entry(ui, "Delete") {
                wish = Some(None);
                ui.close();
            }
            if entry(ui, "Rename") {
                self.sides.name(name.to_owned());
                ui.close();
            }
        });
        if chip.on_hover_text("Click: recall. Right click: store again, rename, delete").clicked() {
            self.recall_scene(patch, name);
        }
        if let Some(scene) = wish {
            self.edit(patch, Edit::SetScene { name: name.into(), scene });
        }
    }

    /// A field in the place of a scene, until it is left.
    fn scene_name(&mut self, ui: &mut Ui, patch: &Patch, name: &str) {
        let field = Text::Scene(name.to_owned());
        self.typed(ui, patch, &field, ("", 120.0));
        let Some((_, fresh)) = &mut self.sides.naming else { return };
        let id = field.id(ui);
        if std::mem::take(fresh) {
            ui.memory_mut(|memory| memory.request_focus(id));
        } else if !ui.memory(|memory| memory.has_focus(id)) {
            self.sides.naming = None;
            self.canvas.take_focus();
        }
    }

    pub(crate) fn rename_scene(&mut self, patch: &Patch, old: &str, new: &str) {
        let Some(scene) = patch.scenes.get(old) else { return };
        if new.is_empty() || patch.scenes.contains_key(new) {
            self.remark = Some(format!("`{new}` is the name of no new scene"));
            return;
        }
        let remove = Edit::SetScene { name: old.into(), scene: None };
        let add = Edit::SetScene { name: new.into(), scene: Some(scene.clone()) };
        self.edit(patch, Edit::Batch(vec![remove, add]));
    }

    /// Edits the patch until it is `target`, and turns the host's macros to where that has them.
    fn become_patch(&mut self, target: &Patch, label: String) {
        self.let_go();
        let patch = self.document_now();
        let edit = patch.edit_to(target);
        if edit == Edit::Batch(Vec::new()) {
            return;
        }
        self.turn_macros(&patch, target);
        if edit.is_silent() {
            self.edit(&patch, edit);
        } else {
            self.commit(label, &[Request::Edit(edit)]);
        }
    }
}

/// True when nothing has to be edited to make one the other, wherever macros stand.
fn plays_alike(a: &Patch, b: &Patch) -> bool {
    let still = |patch: &Patch| {
        let mut patch = patch.clone();
        patch.macros.values_mut().for_each(|knob| knob.value = 0.0);
        patch
    };
    still(a).edit_to(&still(b)) == Edit::Batch(Vec::new())
}

/// "Scene 1", or the first such name that is free.
fn free_name(patch: &Patch) -> String {
    let names = (1..).map(|number: u32| format!("Scene {number}"));
    let mut free = names.filter(|name| !patch.scenes.contains_key(name));
    free.next().unwrap_or_default()
}
