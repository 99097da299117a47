//! One param: its value with unit, turned, typed, reset, and the macro that may drive it.

use std::time::{Duration, Instant};

use chronus_engine::{Param, Spec, Taper, Unit};
use chronus_patch::{Binding, Edit, Gesture, MacroKnob, Module, ModuleId, Patch, Unknown};
use egui::{ComboBox, DragValue, RichText, Sense, Slider, Ui};

use crate::app::EditorApp;
use crate::bind;
use crate::theme;

/// Keys and wheel this close together are one gesture.
const GESTURE: Duration = Duration::from_millis(400);

/// A knob in hand.
pub(crate) struct Turning {
    id: ModuleId,
    param: &'static str,
    what: Held,
    last: Instant,
    /// A pointer holds it: time does not end the gesture.
    dragged: bool,
}

/// What a hand on a knob moves.
enum Held {
    /// The param itself.
    Param(Gesture),
    /// The macro that drives it.
    Macro(u8),
}

/// What happened to a knob in this frame.
struct Touch {
    value: Option<f32>,
    dragged: bool,
    released: bool,
}

impl EditorApp {
    /// The knob of `param` of module `id`, as one row of a grid.
    pub(crate) fn knob(
        &mut self,
        ui: &mut Ui,
        patch: &Patch,
        (id, module): (&ModuleId, &Module),
        spec: &'static Spec,
        param: &'static Param,
    ) {
        let driver = bind::driver(patch, self.engine.registry(), id, param);
        let (value, _) = self.shown_value(patch, (id, module), spec, param);
        let name = format!("{} {}", patch.label(id), param.label);
        ui.label(param.label).on_hover_text(param.doc);
        let touch = if param.unit == Unit::Choice {
            choice(ui, id, &name, param, value)
        } else {
            slider(ui, &name, param, value)
        };
        if let Some(value) = touch.value {
            self.turn(patch, id, param, value, touch.dragged);
        }
        if touch.released {
            self.let_go();
        }
        self.driver_button(ui, patch, (id, &name), param, value, driver);
        ui.end_row();
    }

    /// Where a knob stands, and the macro that drives it there, if one does.
    pub(crate) fn shown_value(
        &self,
        patch: &Patch,
        (id, module): (&ModuleId, &Module),
        spec: &'static Spec,
        param: &'static Param,
    ) -> (f32, Option<u8>) {
        match bind::driver(patch, self.engine.registry(), id, param) {
            Some((index, binding)) => {
                let value = bind::plan(binding).value(param, self.host.macro_value(index));
                (value, Some(index))
            }
            None => (stored(module, spec, param), None),
        }
    }

    /// Moves a param, or the macro that drives it.
    pub(crate) fn turn(
        &mut self,
        patch: &Patch,
        id: &ModuleId,
        param: &'static Param,
        value: f32,
        dragged: bool,
    ) {
        let driver = bind::driver(patch, self.engine.registry(), id, param);
        let same = |t: &Turning| t.id == *id && t.param == param.name;
        if !self.turning.as_ref().is_some_and(same) {
            self.let_go();
            let what = match driver {
                Some((index, _)) => {
                    self.host.begin_macro(index);
                    Held::Macro(index)
                }
                None => Held::Param(Gesture::begin()),
            };
            let (id, param) = (id.clone(), param.name);
            self.turning = Some(Turning { id, param, what, last: Instant::now(), dragged });
        }
        let Some(turning) = &mut self.turning else { return };
        turning.last = Instant::now();
        turning.dragged = dragged;
        match (&turning.what, driver) {
            (Held::Macro(index), Some((_, binding))) => {
                self.host.turn_macro(*index, bind::plan(binding).position(param, value));
            }
            (Held::Param(gesture), _) => {
                let turned = self.engine.turn_in(*gesture, id.as_str(), param.name, value);
                self.remark = turned.err().map(|error| error.to_string());
            }
            (Held::Macro(_), None) => {}
        }
    }

    /// Ends a gesture whose keys or wheel have been still for a while.
    pub(crate) fn tend_turning(&mut self, ui: &Ui) {
        let Some(turning) = &self.turning else { return };
        let held = turning.dragged && ui.input(|input| input.pointer.any_down());
        if !held && turning.last.elapsed() > GESTURE {
            self.let_go();
        }
    }

    /// Ends the gesture in hand.
    pub(crate) fn let_go(&mut self) {
        if let Some(Turning { what: Held::Macro(index), .. }) = self.turning.take() {
            self.host.end_macro(index);
        }
    }

    /// Shows the macro that drives the param, or offers to make one.
    fn driver_button(
        &mut self,
        ui: &mut Ui,
        patch: &Patch,
        (id, name): (&ModuleId, &str),
        param: &'static Param,
        value: f32,
        driver: Option<(u8, &Binding)>,
    ) {
        if let Some((index, _)) = driver {
            let number = u32::from(index) + 1;
            let text = RichText::new(format!("M{number}")).color(theme::of(ui).accent);
            let button = ui.small_button(text).accessible_name(format!("Free {name}"));
            let tip = format!("Driven by macro {number}. Click to free it.");
            if button.on_hover_text(tip).clicked() {
                self.unbind(patch, index, id, param, value);
            }
            return;
        }
        let button = ui.small_button(RichText::new("M").color(theme::of(ui).dim));
        let button = button.accessible_name(format!("Automate {name}"));
        if button.on_hover_text("Drive it by the next free macro, for the host").clicked() {
            self.bind(patch, id, param, value);
        }
    }

    /// Binds a param to the next free macro, over its whole range, without moving it.
    pub(crate) fn bind(&mut self, patch: &Patch, id: &ModuleId, param: &'static Param, value: f32) {
        if let Some((index, knob)) = self.take_macro(patch, id, param, value) {
            self.edit(patch, Edit::SetMacro { index, knob: Some(knob) });
        }
    }

    /// The next free macro, where the host now has it so that the param bound to it does not move;
    /// and what it becomes. None when all are in use.
    pub(crate) fn take_macro(
        &mut self,
        patch: &Patch,
        id: &ModuleId,
        param: &'static Param,
        value: f32,
    ) -> Option<(u8, MacroKnob)> {
        let Some(index) = bind::free_macro(patch) else {
            self.remark = Some("all 128 macros are in use: free one first".into());
            return None;
        };
        let binding = Binding {
            module: id.clone(),
            param: param.name.into(),
            min: param.min,
            max: param.max,
            curve: chronus_patch::BindingCurve::Taper,
            unknown: Unknown::new(),
        };
        let position = bind::plan(&binding).position(param, value);
        self.host.begin_macro(index);
        self.host.turn_macro(index, position);
        self.host.end_macro(index);
        let knob = MacroKnob { value: position, bindings: vec![binding], ..MacroKnob::default() };
        Some((index, knob))
    }

    /// Takes a param off its macro, where it stands.
    pub(crate) fn unbind(
        &mut self,
        patch: &Patch,
        index: u8,
        id: &ModuleId,
        param: &'static Param,
        value: f32,
    ) {
        let Some(knob) = patch.macros.get(&index) else { return };
        let mut knob = knob.clone();
        let registry = self.engine.registry();
        let spec = patch.modules.get(id).and_then(|module| registry.spec(&module.kind).ok());
        knob.bindings.retain(|binding| {
            let bound = spec.and_then(|s| s.param(&binding.param).map(|p| s.params[p].name));
            binding.module != *id || bound != Some(param.name)
        });
        let empty = knob.bindings.is_empty() && knob.name.is_empty();
        let set = Edit::SetMacro { index, knob: (!empty).then_some(knob) };
        let keep = Edit::SetParam { id: id.clone(), param: param.name.into(), value };
        self.edit(patch, Edit::Batch(vec![set, keep]));
    }
}

/// The value that the document holds.
fn stored(module: &Module, spec: &'static Spec, param: &'static Param) -> f32 {
    let named = |(name, value): (&String, &f32)| {
        let p = spec.param(name)?;
        (spec.params[p].name == param.name).then_some(*value)
    };
    param.clamp(module.params.iter().find_map(named).unwrap_or(param.default))
}

fn choice(ui: &mut Ui, id: &ModuleId, name: &str, param: &Param, value: f32) -> Touch {
    let mut chosen = value as usize;
    let shown = param.choices.get(chosen).copied().unwrap_or("?");
    let combo = ComboBox::from_id_salt((id.as_str(), param.name)).selected_text(shown);
    let response = combo.show_ui(ui, |ui| {
        for (index, text) in param.choices.iter().enumerate() {
            ui.selectable_value(&mut chosen, index, *text);
        }
    });
    response.response.accessible_name(name).on_hover_text(param.doc);
    let moved = chosen != value as usize;
    Touch { value: moved.then_some(chosen as f32), dragged: false, released: moved }
}

/// What a field leaves of [before, after]: left with the text that it showed, it leaves what was before,
/// with all that the text leaves out.
pub(crate) fn left_by<T: Copy>(
    field: &egui::Response,
    [before, after]: [T; 2],
    text: impl Fn(T) -> String,
) -> T {
    let drawn = field.dragged() || field.drag_stopped();
    if drawn || text(after) != text(before) { after } else { before }
}

/// A rail to drag, and beside it the value to read, drag finely or type.
fn slider(ui: &mut Ui, name: &str, param: &'static Param, value: f32) -> Touch {
    let stepped = param.taper == Taper::Stepped;
    let to_position =
        move |value: f32| f64::from(if stepped { value } else { param.to_knob(value) });
    let at = move |position: f64| {
        if stepped { param.clamp(position as f32) } else { param.from_knob(position as f32) }
    };
    let range = if stepped { f64::from(param.min)..=f64::from(param.max) } else { 0.0..=1.0 };
    let mut position = to_position(value);
    let before = position;
    let tip = format!("{} Double-click: {}", param.doc, param.text(param.default));
    let row = ui.horizontal(|ui| {
        let rail = Slider::new(&mut position, range.clone()).show_value(false).smart_aim(false);
        let rail = if stepped { rail.step_by(1.0) } else { rail };
        // A rail senses drags alone: without this a double click would be lost.
        let rail = ui.add(rail).interact(Sense::click());
        let rail = rail.accessible_name(name).on_hover_text(tip);
        let speed = if stepped { 0.1 } else { 0.001 };
        let mut typed = position;
        let field = DragValue::new(&mut typed)
            .range(range)
            .speed(speed)
            .custom_formatter(move |position, _| param.text(at(position)))
            .custom_parser(move |text| param.parse(text).map(to_position))
            .update_while_editing(false);
        let field = ui.add_sized([72.0, 18.0], field).accessible_name(format!("{name} value"));
        position = left_by(&field, [position, typed], |position| param.text(at(position)));
        (rail, field)
    });
    let (rail, field) = row.inner;
    let moved = (position != before).then(|| at(position));
    Touch {
        value: if rail.double_clicked() { Some(param.default) } else { moved },
        dragged: rail.dragged() || field.dragged(),
        released: rail.drag_stopped() || field.drag_stopped(),
    }
}
