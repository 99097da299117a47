//! The values of a graph's params: from cells, from macros, and from the commit that is swapped in.

use std::sync::Arc;

use super::Graph;
use crate::plan::{NodeIndex, PlanBinding, Role};
use crate::ramp::Ramp;
use crate::spec::Smoothing;
use crate::store::{Cells, Marks, Observed};
use crate::world::MACROS;

/// A value that a commit writes when it is swapped in.
#[derive(Clone, Debug)]
pub struct Write {
    /// The module.
    pub cells: Arc<Cells>,
    /// Position of the param.
    pub param: usize,
    /// What the cell held when the commit was made; a later write wins.
    pub observed: Observed,
    /// The value.
    pub value: f32,
}

/// A `Write` as the graph will do it that the commit is swapped to.
pub(crate) struct Turn {
    pub write: Write,
    /// The nodes whose param follows: the module, and its former self at another width. None
    /// where a macro drives it, or where the module was primed with the value.
    nodes: [Option<NodeIndex>; 2],
    /// Where the param goes: in its range.
    target: f32,
    smooth: bool,
}

impl Graph {
    /// Sets every param to its cell's value at once, and bound ones to their macro's.
    pub(crate) fn snap(&mut self, macros: &[Ramp; MACROS]) {
        for n in 0..self.modules() {
            self.snap_node(n);
        }
        let plan = Arc::clone(&self.plan);
        plan.bindings.iter().for_each(|binding| self.snap_bound(binding, macros));
    }

    /// Sets the params of modules that the swap does not bring from the old graph to their cells'
    /// values.
    pub(crate) fn snap_added(&mut self) {
        for i in 0..self.roster.added.len() {
            self.snap_node(self.roster.added[i] as usize);
        }
    }

    /// Sets what a macro drives in them to the macro's value.
    pub(crate) fn bind_added(&mut self, macros: &[Ramp; MACROS]) {
        if self.roster.added_bindings.is_empty() {
            return;
        }
        let plan = Arc::clone(&self.plan);
        for i in 0..self.roster.added_bindings.len() {
            self.snap_bound(&plan.bindings[self.roster.added_bindings[i] as usize], macros);
        }
    }

    fn snap_node(&mut self, n: usize) {
        let Some(node) = self.nodes[self.roster.seat(n)].as_mut() else { return };
        if self.plan.nodes[n].role == Role::Added {
            // What was turned while nobody played it is read here.
            let _ = node.cells.take_dirty();
        }
        let (cells, spec) = (Arc::clone(&node.cells), self.plan.nodes[n].spec);
        for (p, param) in spec.params.iter().enumerate() {
            self.set_param(n, p, Ramp::constant(param.clamp(cells.get(p))));
        }
        self.set_node_gate(n, f32::from(u8::from(cells.gate())));
    }

    fn snap_bound(&mut self, binding: &PlanBinding, macros: &[Ramp; MACROS]) {
        let (n, p) = (binding.node as usize, usize::from(binding.param));
        let value = macros[usize::from(binding.macro_index)].target();
        let value = binding.value(&self.plan.nodes[n].spec.params[p], value);
        self.set_param(n, p, Ramp::constant(value));
    }

    /// Gives the stand-ins of kept modules the values that the commit will write at the swap: what
    /// is proved is what will play. Params driven by a macro follow the macro.
    pub(crate) fn foresee(&mut self, writes: &[Write]) {
        let plan = Arc::clone(&self.plan);
        for write in writes {
            if write.cells.was_set(write.param, write.observed) {
                continue;
            }
            for n in self.roster.nodes_of(write.cells.key) {
                if self.bound(n as NodeIndex, write.param) {
                    continue;
                }
                let param = &plan.nodes[n].spec.params[write.param];
                self.set_param(n, write.param, Ramp::constant(param.clamp(write.value)));
            }
        }
    }

    /// What `writes` do to the params when this graph is swapped in.
    pub(crate) fn turns(&self, writes: &[Write]) -> Vec<Turn> {
        let turn = |write: &Write| {
            let nodes = self.roster.nodes_of(write.cells.key);
            let Some(spec) = nodes.clone().next().map(|n| self.plan.nodes[n].spec) else {
                // It plays only after the bridge.
                return Turn { write: write.clone(), nodes: [None; 2], target: 0.0, smooth: false };
            };
            let param = &spec.params[write.param];
            let follows = |n: &usize| {
                let primed = self.plan.nodes[*n].role == Role::Added;
                !primed && !self.bound(*n as NodeIndex, write.param)
            };
            let mut following = nodes.filter(follows).map(|n| n as NodeIndex);
            Turn {
                write: write.clone(),
                nodes: [following.next(), following.next()],
                target: param.clamp(write.value),
                smooth: param.smoothing == Smoothing::Ramp,
            }
        };
        writes.iter().map(turn).collect()
    }

    /// Does `turn`, unless the knob was turned since the commit.
    pub(crate) fn commit(&mut self, turn: &Turn, frame: u64) {
        let Write { cells, param, observed, value } = &turn.write;
        if !cells.commit(*param, *observed, *value) {
            return;
        }
        for node in turn.nodes.into_iter().flatten() {
            self.steer(node as usize, *param, turn.target, frame, turn.smooth);
        }
    }

    /// Turns a param towards `value`, smoothed as its spec says.
    fn turn(&mut self, node: usize, param: usize, value: f32, frame: u64, at_once: bool) {
        let spec = &self.plan.nodes[node].spec.params[param];
        let smooth = spec.smoothing == Smoothing::Ramp && !at_once;
        self.steer(node, param, spec.clamp(value), frame, smooth);
    }

    fn steer(&mut self, n: usize, param: usize, value: f32, frame: u64, smooth: bool) {
        let Some(node) = self.nodes[self.roster.seat(n)].as_ref() else { return };
        let ramp = node.knobs.get(param, 0);
        if ramp.target().to_bits() == value.to_bits() {
            return;
        }
        let frames = if smooth { self.smoothing_frames } else { 0 };
        self.set_param(n, param, ramp.toward(value, frame, frames));
    }

    /// Takes over what was written to the cells since the last call. Params driven by a macro
    /// follow the macro only.
    pub(crate) fn pull_values(&mut self, turned: &Marks, frame: u64) {
        turned.take(|module| {
            let nodes = module.map_or(0..self.modules(), |key| self.roster.nodes_of(key));
            nodes.for_each(|n| self.pull_node(n, frame));
        });
    }

    fn pull_node(&mut self, n: usize, frame: u64) {
        let Some(node) = &self.nodes[self.roster.seat(n)] else { return };
        let mut dirty = node.cells.take_dirty();
        if dirty == 0 {
            return;
        }
        // Its former self at another width may stand beside it, fading, over the same cells.
        let twins = self.roster.nodes_of(self.roster.members[n].key.module);
        while dirty != 0 {
            let p = dirty.trailing_zeros() as usize;
            dirty &= dirty - 1;
            for twin in twins.clone() {
                let Some(node) = &self.nodes[self.roster.seat(twin)] else { continue };
                let value = node.cells.get(p);
                if !self.bound(twin as NodeIndex, p) {
                    self.turn(twin, p, value, frame, false);
                }
            }
        }
    }

    /// Moves what macro `index` drives to its value `value`. Dense automation is a ramp by itself,
    /// so it passes `at_once`.
    pub(crate) fn turn_macro(&mut self, index: usize, value: f32, frame: u64, at_once: bool) {
        // A module may read the macro itself.
        self.sleep.asleep = false;
        let plan = Arc::clone(&self.plan);
        for binding in plan.bindings_of(index) {
            let (n, p) = (binding.node as usize, usize::from(binding.param));
            let value = binding.value(&plan.nodes[n].spec.params[p], value);
            self.turn(n, p, value, frame, at_once);
        }
    }

    /// After a swap: bound params go to their macro's value, where a new binding makes a difference.
    pub(crate) fn follow_macros(&mut self, macros: &[Ramp; MACROS], frame: u64) {
        let plan = Arc::clone(&self.plan);
        for binding in &plan.bindings {
            let (n, p) = (binding.node as usize, usize::from(binding.param));
            let value = macros[usize::from(binding.macro_index)].target();
            let value = binding.value(&plan.nodes[n].spec.params[p], value);
            self.turn(n, p, value, frame, false);
        }
    }

    fn bound(&self, node: NodeIndex, param: usize) -> bool {
        let bindings = &self.plan.bindings;
        bindings.iter().any(|b| b.node == node && usize::from(b.param) == param)
    }

    /// Sets what `/gate/ID` says of the module of key `module`.
    pub(crate) fn set_gate(&mut self, module: u32, on: bool) {
        for n in self.roster.nodes_of(module) {
            self.set_node_gate(n, f32::from(u8::from(on)));
        }
    }
}
