//! First pass: the patch as nodes and wires. Names resolved, bypasses followed, widths found,
//! unconnected inputs given their normals, and an output added where the patch has none.

use std::collections::{BTreeMap, BTreeSet};

use chronus_patch::{Cable, CableId, Module, ModuleId, ModuleWidth, Patch};

use super::{Diagnostic, Place};
use crate::plan::{NodeKey, Origin, Plan};
use crate::registry::Registry;
use crate::spec::{Normal, Signal, Spec, Width};
use crate::voices::VoicePlan;

/// Key of the output module that a patch without one gets.
const IMPLICIT_KEY: u32 = u32::MAX;
/// Longest chain of bypassed modules that a wire follows.
const BYPASS_DEPTH: usize = 64;

/// A patch as nodes and wires, before it is united with what plays.
#[derive(Clone, Debug)]
pub(crate) struct Net {
    pub voices: VoicePlan,
    /// Ordered by key.
    pub nodes: Vec<NetNode>,
    pub wires: Vec<NetWire>,
    pub bindings: Vec<NetBinding>,
}

#[derive(Clone, Debug)]
pub(crate) struct NetNode {
    pub key: NodeKey,
    pub id: ModuleId,
    pub spec: &'static Spec,
    pub params: Vec<f32>,
}

/// A wire between nodes named by key, so that those of two patches can be compared.
#[derive(Clone, Debug)]
pub(crate) struct NetWire {
    pub from: NetOrigin,
    pub to: NodeKey,
    pub input: u8,
    pub order: u64,
    pub cable: Option<CableId>,
    pub feedback: bool,
    /// Frames it waits for slower paths into the same module.
    pub delay: u32,
    pub gain: f32,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum NetOrigin {
    Port(NodeKey, u8),
    /// Bits of the constant.
    Constant(u32),
}

/// What makes two wires the same one.
pub(crate) type WireKey = (NetOrigin, NodeKey, u8, bool, u32);

impl NetWire {
    pub fn key(&self) -> WireKey {
        (self.from, self.to, self.input, self.feedback, self.delay)
    }
}

#[derive(Clone, Debug)]
pub(crate) struct NetBinding {
    pub macro_index: u8,
    pub node: NodeKey,
    pub param: u8,
    pub min: f32,
    pub max: f32,
    pub taper: bool,
}

/// A module whose kind is known.
struct Known<'a> {
    id: ModuleId,
    module: Option<&'a Module>,
    spec: &'static Spec,
    key: u32,
    params: Vec<f32>,
}

/// A port: position in the list of known modules, and of the port in its spec.
type PortIndex = (usize, u8);

/// A cable whose ends are known.
struct Link {
    from: PortIndex,
    to: PortIndex,
    order: u64,
    cable: CableId,
    feedback: bool,
    gain: f32,
}

impl Net {
    /// The net of `patch`.
    pub fn resolve(
        patch: &Patch,
        registry: &Registry,
        key: &dyn Fn(&ModuleId) -> u32,
        diagnostics: &mut Vec<Diagnostic>,
    ) -> Self {
        let voices = VoicePlan::new(&patch.voice, &patch.tuning);
        let mut known = known_modules(patch, registry, key, diagnostics);
        let mut links = known_links(patch, &known, diagnostics);
        add_implicit_output(registry, &mut known, &mut links);
        let links = follow_bypasses(&known, links);
        let groups = widths(&known, &links, voices.groups() as u8);

        let node_key = |n: usize| NodeKey { module: known[n].key, groups: groups[n] };
        let mut wires: Vec<NetWire> = Vec::with_capacity(links.len());
        for link in links {
            wires.push(NetWire {
                from: NetOrigin::Port(node_key(link.from.0), link.from.1),
                to: node_key(link.to.0),
                input: link.to.1,
                order: link.order,
                cable: Some(link.cable),
                feedback: link.feedback,
                delay: 0,
                gain: link.gain,
            });
        }
        let mut nodes: Vec<NetNode> = Vec::with_capacity(known.len());
        for (n, module) in known.iter().enumerate() {
            nodes.push(NetNode {
                key: node_key(n),
                id: module.id.clone(),
                spec: module.spec,
                params: module.params.clone(),
            });
        }
        let bindings = bindings(patch, &nodes, diagnostics);
        nodes.sort_by_key(|n| n.key);
        let mut net = Self { voices, nodes, wires: merge_parallel(wires), bindings };
        net.add_normals();
        net
    }

    /// The net that `plan` plays once its transition is over.
    pub fn of_plan(plan: &Plan) -> Self {
        let key = |n: u32| plan.nodes[n as usize].key;
        let stays = plan.nodes.iter().filter(|n| n.role.stays());
        let nodes = stays.map(|n| NetNode {
            key: n.key,
            id: n.id.clone(),
            spec: n.spec,
            params: n.params.clone(),
        });
        let wires = plan.wires.iter().filter(|w| w.stays).map(|w| NetWire {
            from: match w.from {
                Origin::Port { node, port } => NetOrigin::Port(key(node), port),
                Origin::Constant(v) => NetOrigin::Constant(v.to_bits()),
            },
            to: key(w.to),
            input: w.input,
            order: w.order,
            cable: w.cable,
            feedback: w.ring.is_some(),
            delay: w.delay.map_or(0, |line| plan.delays[line as usize].frames),
            gain: w.gain,
        });
        let bindings = plan.bindings.iter().map(|b| NetBinding {
            macro_index: b.macro_index,
            node: key(b.node),
            param: b.param,
            min: b.min,
            max: b.max,
            taper: b.taper,
        });
        Self {
            voices: plan.voices,
            nodes: nodes.collect(),
            wires: wires.collect(),
            bindings: bindings.collect(),
        }
    }

    /// Gives every input without a cable the wires of its normal.
    fn add_normals(&mut self) {
        let mut into: BTreeMap<(NodeKey, u8), Vec<usize>> = BTreeMap::new();
        for (w, wire) in self.wires.iter().enumerate() {
            into.entry((wire.to, wire.input)).or_default().push(w);
        }
        let mut added: Vec<NetWire> = Vec::new();
        for node in &self.nodes {
            for (i, input) in node.spec.inputs.iter().enumerate() {
                if into.contains_key(&(node.key, i as u8)) {
                    continue;
                }
                match normal_source(node.spec, input.normal, |j| {
                    into.contains_key(&(node.key, j as u8))
                }) {
                    NormalSource::Constant(value) if value != 0.0 => added.push(NetWire {
                        from: NetOrigin::Constant(value.to_bits()),
                        to: node.key,
                        input: i as u8,
                        order: 0,
                        cable: None,
                        feedback: false,
                        delay: 0,
                        gain: 1.0,
                    }),
                    NormalSource::Constant(_) => {}
                    NormalSource::Input(j) => {
                        for &w in &into[&(node.key, j as u8)] {
                            let copied = self.wires[w].clone();
                            added.push(NetWire { input: i as u8, cable: None, ..copied });
                        }
                    }
                }
            }
        }
        self.wires.extend(added);
    }
}

enum NormalSource {
    Constant(f32),
    Input(usize),
}

/// Follows normals that refer to other inputs to one with a cable, or to a constant.
fn normal_source(
    spec: &Spec,
    mut normal: Normal,
    connected: impl Fn(usize) -> bool,
) -> NormalSource {
    // Normals refer to earlier inputs only (checked by the specs' tests), so this ends.
    loop {
        match normal {
            Normal::Value(value) => return NormalSource::Constant(value),
            Normal::Input(j) if connected(j) => return NormalSource::Input(j),
            Normal::Input(j) => normal = spec.inputs[j].normal,
        }
    }
}

fn known_modules<'a>(
    patch: &'a Patch,
    registry: &Registry,
    key: &dyn Fn(&ModuleId) -> u32,
    diagnostics: &mut Vec<Diagnostic>,
) -> Vec<Known<'a>> {
    let mut known = Vec::with_capacity(patch.modules.len());
    for (id, module) in &patch.modules {
        let spec = match registry.spec(&module.kind) {
            Ok(spec) => spec,
            Err(error) => {
                let text = format!("{error}; the module is kept but silent");
                diagnostics.push(Diagnostic { place: Place::Module(id.clone()), text });
                continue;
            }
        };
        let params = param_values(id, module, spec, registry, diagnostics);
        known.push(Known { id: id.clone(), module: Some(module), spec, key: key(id), params });
    }
    known
}

/// Values of all params of `module`, and what is odd about them.
fn param_values(
    id: &ModuleId,
    module: &Module,
    spec: &'static Spec,
    registry: &Registry,
    diagnostics: &mut Vec<Diagnostic>,
) -> Vec<f32> {
    let values = registry.values(module);
    for (name, &value) in &module.params {
        let Some(p) = spec.param(name) else {
            let text = format!("`{}` has no param `{name}`; its value is kept unused", spec.kind);
            diagnostics.push(Diagnostic { place: Place::Module(id.clone()), text });
            continue;
        };
        if values[p] != value {
            let param = &spec.params[p];
            let text = format!(
                "{name} = {value} is out of its range {} to {}; {} is used",
                param.min, param.max, values[p]
            );
            diagnostics.push(Diagnostic { place: Place::Module(id.clone()), text });
        }
    }
    values
}

fn known_links(patch: &Patch, known: &[Known<'_>], diagnostics: &mut Vec<Diagnostic>) -> Vec<Link> {
    let index: BTreeMap<&ModuleId, usize> =
        known.iter().enumerate().map(|(n, k)| (&k.id, n)).collect();
    let resolve = |cable: &Cable| -> Result<(PortIndex, PortIndex), String> {
        let end = |id: &ModuleId| {
            index.get(id).copied().ok_or_else(|| format!("module `{id}` is missing or unknown"))
        };
        let (from, to) = (end(&cable.from.module)?, end(&cable.to.module)?);
        let output = known[from].spec.output(&cable.from.port);
        let output = output.ok_or_else(|| format!("there is no output `{}`", cable.from))?;
        let input = known[to].spec.input(&cable.to.port);
        let input = input.ok_or_else(|| format!("there is no input `{}`", cable.to))?;
        Ok(((from, output as u8), (to, input as u8)))
    };
    let mut links = Vec::with_capacity(patch.cables.len());
    for (&id, cable) in &patch.cables {
        match resolve(cable) {
            Ok((from, to)) => links.push(Link {
                from,
                to,
                order: u64::from(id.0) << 32,
                cable: id,
                feedback: cable.feedback,
                gain: cable.gain,
            }),
            Err(text) => {
                let text = format!("{text}; the cable is kept but silent");
                diagnostics.push(Diagnostic { place: Place::Cable(id), text });
            }
        }
    }
    links
}

/// A patch without a sink gets one, fed by every module whose first output carries sound and goes
/// nowhere.
fn add_implicit_output(registry: &Registry, known: &mut Vec<Known<'_>>, links: &mut Vec<Link>) {
    if known.iter().any(|k| k.spec.sink) {
        return;
    }
    let Some(sink) = registry.kinds().iter().find(|k| k.spec.sink) else { return };
    // PANIC: a kind's name is a valid id by the specs' tests.
    let Ok(id) = ModuleId::new(sink.spec.kind) else { return };
    let used: BTreeSet<(usize, u8)> = links.iter().map(|l| l.from).collect();
    let to = known.len();
    for (n, module) in known.iter().enumerate() {
        let audio = module.spec.outputs.first().is_some_and(|o| o.signal == Signal::Audio);
        if audio && !used.contains(&(n, 0)) {
            links.push(Link {
                from: (n, 0),
                to: (to, 0),
                order: u64::from(module.key) << 32,
                cable: CableId(module.key),
                feedback: false,
                gain: 1.0,
            });
        }
    }
    let params = sink.spec.params.iter().map(|p| p.default).collect();
    known.push(Known { id, module: None, spec: sink.spec, key: IMPLICIT_KEY, params });
}

/// Links from bypassed modules start at what feeds the `through` partner of their output instead.
/// The bypassed module itself keeps running.
fn follow_bypasses(known: &[Known<'_>], links: Vec<Link>) -> Vec<Link> {
    let bypassed = |n: usize| known[n].module.is_some_and(|m| m.bypass);
    if !(0..known.len()).any(bypassed) {
        return links;
    }
    let mut into: BTreeMap<(usize, u8), Vec<usize>> = BTreeMap::new();
    for (l, link) in links.iter().enumerate() {
        into.entry(link.to).or_default().push(l);
    }
    let mut result = Vec::with_capacity(links.len());
    for link in &links {
        let mut open = vec![(link.from, link.gain, link.feedback, link.order, 0)];
        while let Some((from, gain, feedback, order, depth)) = open.pop() {
            if !bypassed(from.0) {
                result.push(Link { from, gain, feedback, order, ..*link });
                continue;
            }
            let spec = known[from.0].spec;
            let pair = spec.through.iter().find(|&&(_, output)| output == usize::from(from.1));
            let Some(&(input, _)) = pair else { continue };
            if depth == BYPASS_DEPTH {
                continue;
            }
            for &l in into.get(&(from.0, input as u8)).into_iter().flatten() {
                let inner = &links[l];
                let order = link.order | inner.order >> 32;
                let feedback = feedback || inner.feedback;
                open.push((inner.from, gain * inner.gain, feedback, order, depth + 1));
            }
        }
    }
    result
}

/// Lane groups of each module: what its kind says, widened by its inputs until nothing changes.
fn widths(known: &[Known<'_>], links: &[Link], voices: u8) -> Vec<u8> {
    let choice = |k: &Known<'_>| k.module.map_or(ModuleWidth::Auto, |m| m.width);
    let follows = |k: &Known<'_>| match (choice(k), k.spec.width) {
        (ModuleWidth::Mono, _) | (_, Width::Mono) => false,
        (ModuleWidth::Auto, Width::Widest) => true,
        (ModuleWidth::Auto, Width::Bus | Width::Voices) | (ModuleWidth::PerVoice, _) => false,
    };
    let start = |k: &Known<'_>| match (choice(k), k.spec.width) {
        (_, Width::Mono) | (ModuleWidth::Mono, _) => 0,
        (_, Width::Voices) | (ModuleWidth::PerVoice, _) => voices,
        (ModuleWidth::Auto, Width::Widest | Width::Bus) => 0,
    };
    let mut groups: Vec<u8> = known.iter().map(start).collect();
    let mut out_of: Vec<Vec<usize>> = vec![Vec::new(); known.len()];
    for link in links {
        out_of[link.from.0].push(link.to.0);
    }
    let mut open: Vec<usize> = (0..known.len()).filter(|&n| groups[n] > 0).collect();
    while let Some(n) = open.pop() {
        for &to in &out_of[n] {
            if groups[to] < groups[n] && follows(&known[to]) {
                groups[to] = groups[n];
                open.push(to);
            }
        }
    }
    groups
}

/// Wires between the same ports (through bypassed modules) become one, gains added.
fn merge_parallel(mut wires: Vec<NetWire>) -> Vec<NetWire> {
    wires.sort_by_key(|w| (w.key(), w.order));
    wires.dedup_by(|next, first| {
        let same = next.key() == first.key();
        if same {
            first.gain += next.gain;
        }
        same
    });
    wires
}

fn bindings(
    patch: &Patch,
    nodes: &[NetNode],
    diagnostics: &mut Vec<Diagnostic>,
) -> Vec<NetBinding> {
    let mut result = Vec::new();
    for (&macro_index, knob) in &patch.macros {
        for binding in &knob.bindings {
            let node = nodes.iter().find(|n| n.id == binding.module);
            let param = node.and_then(|n| n.spec.param(&binding.param));
            let (Some(node), Some(param)) = (node, param) else {
                let text = format!("nothing is called `{}.{}`", binding.module, binding.param);
                diagnostics.push(Diagnostic { place: Place::Macro(macro_index), text });
                continue;
            };
            result.push(NetBinding {
                macro_index,
                node: node.key,
                param: param as u8,
                min: binding.min,
                max: binding.max,
                taper: binding.curve == chronus_patch::BindingCurve::Taper,
            });
        }
    }
    result
}
