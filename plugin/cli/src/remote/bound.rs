//! Values of params that a macro drives: the macro is moved instead, so that it and its host stay
//! the truth.

use chronus_engine::{Engine, Event, Param, Registry, param_named};
use chronus_patch::{Binding, BindingCurve, ModuleId, Patch};

/// Moves macros for a remote. A plugin gives one that makes a host gesture of it.
pub trait MacroSink: Send + Sync {
    /// Moves macro `index` (0..128) of `engine` to `value`, 0..=1. Called on the remote's thread;
    /// must not block.
    fn turn_macro(&self, engine: &Engine, index: u8, value: f32);
}

/// Moves macros without a host: an event at the start of the next block.
#[derive(Clone, Copy, Debug, Default)]
pub struct MacroEvents;

impl MacroSink for MacroEvents {
    fn turn_macro(&self, engine: &Engine, index: u8, value: f32) {
        engine.send(Event::Macro { index, value });
    }
}

/// The macro that drives a param, and where it must stand for the param to be at `value`; none
/// where the param is free. A value outside the macro's reach becomes the nearest within.
///
/// Where several macros drive the param, the last one moved has it; the first is moved.
pub fn macro_for(
    patch: &Patch,
    registry: &Registry,
    id: &str,
    param: &str,
    value: f32,
) -> Option<(u8, f32)> {
    if patch.macros.is_empty() {
        return None;
    }
    let id = ModuleId::new(id).ok()?;
    let spec = registry.spec(&patch.modules.get(&id)?.kind).ok()?;
    let p = param_named(spec, param).ok()?;
    let drives = |b: &Binding| b.module == id && spec.param(&b.param) == Some(p);
    patch.macros.iter().find_map(|(index, knob)| {
        let binding = knob.bindings.iter().find(|b| drives(b))?;
        Some((*index, position(binding, &spec.params[p], value)))
    })
}

/// Where the macro stands when the param is at `value`: the inverse of `PlanBinding::value`.
fn position(binding: &Binding, param: &Param, value: f32) -> f32 {
    let way = |v: f32| match binding.curve {
        BindingCurve::Taper => param.to_knob(v),
        BindingCurve::Linear => v,
    };
    let (from, to) = (way(binding.min), way(binding.max));
    if from == to {
        // It stands still wherever the macro is.
        return 0.0;
    }
    ((way(param.clamp(value)) - from) / (to - from)).clamp(0.0, 1.0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use chronus_engine::PlanBinding;
    use chronus_patch::{MacroKnob, Module, Unknown};

    fn bound(min: f32, max: f32, curve: BindingCurve) -> Patch {
        let mut patch = Patch::default();
        let osc: ModuleId = "g1/osc1".parse().unwrap();
        patch.modules.insert(osc.clone(), Module::new("vco"));
        let param = "frequency".into();
        let binding = Binding { module: osc, param, min, max, curve, unknown: Unknown::new() };
        let knob = MacroKnob { bindings: vec![binding], ..MacroKnob::default() };
        patch.macros.insert(5, knob);
        patch
    }

    #[test]
    fn the_macro_stands_where_the_param_wants_it() {
        let registry = crate::registry();
        let freq = &registry.spec("vco").unwrap().params[0];
        for curve in [BindingCurve::Taper, BindingCurve::Linear] {
            for (min, max) in [(100.0, 1000.0), (1000.0, 100.0)] {
                let patch = bound(min, max, curve);
                for value in [100.0, 220.0, 440.0, 999.0, 1000.0] {
                    let (index, at) = macro_for(&patch, &registry, "g1/osc1", "freq", value)
                        .expect("freq is bound");
                    let taper = curve == BindingCurve::Taper;
                    let planned =
                        PlanBinding { macro_index: index, node: 0, param: 0, min, max, taper };
                    let back = planned.value(freq, at);
                    assert!((back / value - 1.0).abs() < 1e-4, "{curve:?} {value} {back}");
                    assert_eq!(index, 5);
                }
                let (_, far) = macro_for(&patch, &registry, "g1/osc1", "freq", 19e3).unwrap();
                assert_eq!(far, if max > min { 1.0 } else { 0.0 });
            }
        }
    }

    #[test]
    fn free_params_stay_free() {
        let registry = crate::registry();
        let patch = bound(100.0, 1000.0, BindingCurve::Taper);
        assert_eq!(macro_for(&patch, &registry, "g1/osc1", "gain", 0.5), None);
        assert_eq!(macro_for(&patch, &registry, "osc1", "freq", 0.5), None);
        assert_eq!(macro_for(&Patch::default(), &registry, "g1/osc1", "freq", 0.5), None);
        let still = bound(440.0, 440.0, BindingCurve::Linear);
        assert_eq!(macro_for(&still, &registry, "g1/osc1", "freq", 99.0), Some((5, 0.0)));
    }
}
