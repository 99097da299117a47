//! Params and the macros that drive them.

use chronus_engine::{MACROS, Param, PlanBinding, Registry};
use chronus_patch::{Binding, BindingCurve, MacroKnob, ModuleId, Patch};

/// How a binding moves its param.
pub fn plan(binding: &Binding) -> PlanBinding {
    PlanBinding {
        macro_index: 0,
        node: 0,
        param: 0,
        min: binding.min,
        max: binding.max,
        taper: binding.curve == BindingCurve::Taper,
    }
}

/// The macro that drives `param` of `id`, if any.
pub fn driver<'a>(
    patch: &'a Patch,
    registry: &Registry,
    id: &ModuleId,
    param: &Param,
) -> Option<(u8, &'a Binding)> {
    let binds = |knob: &MacroKnob| knob.bindings.iter().any(|binding| binding.module == *id);
    if !patch.macros.values().any(binds) {
        return None;
    }
    let spec = registry.spec(&patch.modules.get(id)?.kind).ok()?;
    let drives = |binding: &&Binding| {
        let bound = spec.param(&binding.param).map(|p| spec.params[p].name);
        binding.module == *id && bound == Some(param.name)
    };
    let mut all = patch.macros.iter();
    all.find_map(|(&index, knob)| Some((index, knob.bindings.iter().find(drives)?)))
}

/// The first macro that drives nothing and has no name.
pub fn free_macro(patch: &Patch) -> Option<u8> {
    let free = |index: &u8| patch.macros.get(index).is_none_or(is_free);
    (0..MACROS as u8).find(free)
}

fn is_free(knob: &MacroKnob) -> bool {
    knob.name.is_empty() && knob.bindings.is_empty()
}

/// What macro `index` is called: its name, or what it drives.
pub fn macro_name(patch: &Patch, registry: &Registry, index: u8) -> String {
    let number = usize::from(index) + 1;
    let Some(knob) = patch.macros.get(&index) else { return format!("Macro {number}") };
    if !knob.name.is_empty() {
        return knob.name.clone();
    }
    let named = |binding: &Binding| {
        let spec = registry.spec(&patch.modules.get(&binding.module)?.kind).ok()?;
        let param = &spec.params[spec.param(&binding.param)?];
        Some(format!("{} {}", patch.label(&binding.module), param.label))
    };
    knob.bindings.iter().find_map(named).unwrap_or_else(|| format!("Macro {number}"))
}
