//! From a patch to a plan: resolve names, find widths, unite with what plays now, order, and lay
//! out buffers. Pure, total and deterministic: an unfinished patch still compiles, with diagnostics.

mod bank;
mod carry;
mod draft;
mod layout;
mod net;
mod order;
mod union;

use chronus_patch::{CableId, ModuleId, Patch};

use crate::instance::Kind;
use crate::plan::{Plan, PlanNode};
use crate::registry::Registry;

pub(crate) use net::Net;

/// What compiling gives.
#[derive(Clone, Debug)]
pub struct Compiled {
    /// What plays the patch.
    pub plan: Plan,
    /// Where old and new wires together would form a cycle: a plan to pass through first, in which
    /// the old ones fade out. Swapping to it and then to `plan` is one edit.
    pub bridge: Option<Plan>,
    /// What is missing or odd in the patch.
    pub diagnostics: Vec<Diagnostic>,
}

/// Something missing or odd in a patch, and where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Diagnostic {
    /// Where it is.
    pub place: Place,
    /// What it is and what to do about it.
    pub text: String,
}

/// A place in a patch.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Place {
    /// A module.
    Module(ModuleId),
    /// A cable.
    Cable(CableId),
    /// A macro's bindings.
    Macro(u8),
}

impl std::fmt::Display for Diagnostic {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match &self.place {
            Place::Module(id) => write!(f, "modules.{id}: {}", self.text),
            Place::Cable(id) => write!(f, "cable {id}: {}", self.text),
            Place::Macro(index) => write!(f, "macros.{index}: {}", self.text),
        }
    }
}

/// Compiles `patch`. `key` gives the key of each module's life (`Cells::key`). With `base`, the
/// plan that plays now, the result also holds the transition from it.
#[must_use]
pub fn compile(
    patch: &Patch,
    registry: &Registry,
    key: &dyn Fn(&ModuleId) -> u32,
    base: Option<&Plan>,
) -> Compiled {
    let mut diagnostics = Vec::new();
    let mut net = Net::resolve(patch, registry, key, &mut diagnostics);
    order::break_cycles(&mut net, &mut diagnostics);
    order::compensate(&mut net);
    let shares = |node: &PlanNode| {
        let kind = registry.get(node.spec.kind).filter(|_| registry.batches());
        kind.is_some_and(Kind::shares_lanes)
    };
    let Some(base) = base else {
        let plan = layout::plan(union::fresh(net), None, &shares);
        return Compiled { plan, bridge: None, diagnostics };
    };
    let old = Net::of_plan(base);
    let united = union::unite(&old, net.clone());
    if order::order(&united.nodes, &united.wires).is_ok() {
        return Compiled {
            plan: layout::plan(united, Some(base), &shares),
            bridge: None,
            diagnostics,
        };
    }
    let between = union::common(&old, &net);
    let bridge = layout::plan(union::unite(&old, between.clone()), Some(base), &shares);
    let plan = layout::plan(union::unite(&between, net), Some(&bridge), &shares);
    Compiled { plan, bridge: Some(bridge), diagnostics }
}
