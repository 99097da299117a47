//! What each macro drives, for the host's displays, and what drives it: both follow the patch.

use std::sync::Arc;

use arc_swap::ArcSwap;
use chronus_engine::{MACROS, Param, PlanBinding, Registry};
use chronus_patch::{Binding, BindingCurve, MacroKnob, Patch};

use crate::controllers::Controllers;

/// What one macro is called and drives.
#[derive(Clone, Debug, PartialEq)]
struct Meaning {
    /// "VCF 1 Cutoff", or the macro's own name.
    name: String,
    /// The param whose value is shown: the first bound one.
    shown: Option<Shown>,
}

/// A bound param as the host shows it.
#[derive(Clone, Copy, Debug)]
struct Shown {
    param: &'static Param,
    binding: PlanBinding,
}

impl PartialEq for Shown {
    fn eq(&self, other: &Self) -> bool {
        std::ptr::eq(self.param, other.param)
            && (self.binding.min, self.binding.max, self.binding.taper)
                == (other.binding.min, other.binding.max, other.binding.taper)
    }
}

/// The meanings of all macros. Lock-free to read from any thread but the DSP thread.
#[derive(Debug, Default)]
pub struct Meanings {
    driven: ArcSwap<Vec<Option<Meaning>>>,
    /// What moves them; for the DSP thread, too.
    pub controllers: Controllers,
}

impl Meanings {
    /// Follows `patch`; true when a name or a range changed.
    pub fn follow(&self, patch: &Patch, registry: &Registry) -> bool {
        let meanings = (0..MACROS as u8)
            .map(|index| meaning(patch, registry, patch.macros.get(&index)?))
            .collect::<Vec<_>>();
        self.controllers.follow(&patch.midi_learn);
        let changed = **self.driven.load() != meanings;
        if changed {
            self.driven.store(Arc::new(meanings));
        }
        changed
    }

    /// The name of macro `index` for the host's lists: "VCF 1 Cutoff", or "Macro 1".
    #[must_use]
    pub fn name(&self, index: usize) -> String {
        let meanings = self.driven.load();
        match meanings.get(index) {
            Some(Some(meaning)) => meaning.name.clone(),
            _ => format!("Macro {}", index + 1),
        }
    }

    /// The text of macro `index` at 0..=1: "VCF 1 Cutoff 440 Hz", or "44 %" where it drives nothing.
    #[must_use]
    pub fn text(&self, index: usize, value: f32) -> String {
        let meanings = self.driven.load();
        match meanings.get(index) {
            Some(Some(Meaning { name, shown: Some(shown) })) => {
                let value = shown.binding.value(shown.param, value);
                format!("{name} {}", shown.param.text(value))
            }
            Some(Some(meaning)) => format!("{} {}", meaning.name, percent(value)),
            _ => percent(value),
        }
    }

    /// The value 0..=1 that `text` names for macro `index`, with or without the name before it.
    #[must_use]
    pub fn parse(&self, index: usize, text: &str) -> Option<f32> {
        let meanings = self.driven.load();
        let text = text.trim();
        match meanings.get(index) {
            Some(Some(Meaning { name, shown: Some(shown) })) => {
                let value = text.strip_prefix(name.as_str()).unwrap_or(text);
                Some(shown.binding.position(shown.param, shown.param.parse(value)?))
            }
            Some(Some(meaning)) => {
                parse_percent(text.strip_prefix(meaning.name.as_str()).unwrap_or(text))
            }
            _ => parse_percent(text),
        }
    }
}

fn meaning(patch: &Patch, registry: &Registry, knob: &MacroKnob) -> Option<Meaning> {
    let bound = |binding: &Binding| {
        let module = patch.modules.get(&binding.module)?;
        let spec = registry.spec(&module.kind).ok()?;
        let param = &spec.params[spec.param(&binding.param)?];
        let plan = PlanBinding {
            macro_index: 0,
            node: 0,
            param: 0,
            min: binding.min,
            max: binding.max,
            taper: binding.curve == BindingCurve::Taper,
        };
        let name = format!("{} {}", patch.label(&binding.module), param.label);
        Some((name, Shown { param, binding: plan }))
    };
    let first = knob.bindings.iter().find_map(bound);
    match (knob.name.as_str(), first) {
        ("", None) => None,
        ("", Some((name, shown))) => Some(Meaning { name, shown: Some(shown) }),
        (name, first) => Some(Meaning { name: name.into(), shown: first.map(|f| f.1) }),
    }
}

fn percent(value: f32) -> String {
    format!("{:.1} %", value * 100.0)
}

fn parse_percent(text: &str) -> Option<f32> {
    let number: f32 = text.trim().trim_end_matches('%').trim().parse().ok()?;
    number.is_finite().then(|| (number / 100.0).clamp(0.0, 1.0))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::factory;

    fn meanings() -> Meanings {
        let registry = Registry::new(chronus_modules::KINDS);
        let meanings = Meanings::default();
        assert!(meanings.follow(&factory::initial(), &registry));
        assert!(!meanings.follow(&factory::initial(), &registry));
        meanings
    }

    #[test]
    fn bound_macros_name_what_they_drive() {
        let meanings = meanings();
        assert_eq!(meanings.name(0), "Filter Cutoff");
        assert_eq!(meanings.text(0, 0.0), "Filter Cutoff 60 Hz");
        assert_eq!(meanings.text(0, 1.0), "Filter Cutoff 12 kHz");
        assert_eq!(meanings.name(100), "Macro 101");
        assert_eq!(meanings.text(100, 0.44), "44.0 %");
    }

    #[test]
    fn texts_read_back_to_the_same_text() {
        let meanings = meanings();
        for index in [0, 1, 3, 5, 100] {
            for step in 0..=100 {
                let text = meanings.text(index, step as f32 / 100.0);
                let value = meanings.parse(index, &text).expect(&text);
                assert_eq!(meanings.text(index, value), text);
            }
        }
        assert_eq!(meanings.parse(0, "nonsense"), None);
    }
}
