//! Random patches and edits, from seeds that proptest can shrink.
#![allow(dead_code, reason = "each test file uses its part")]

use std::collections::BTreeSet;

use chronus_patch::{
    Asset, AssetKind, Binding, BindingCurve, Bus, BusDirection, Cable, CableId, Colour, Comment,
    Edit, Frame, Group, MacroKnob, MidiLearn, Module, ModuleId, ModuleWidth, Patch, Point, PortRef,
    Scene, SceneModule, Size, Tuning, Unknown, View, VoiceMode, VoiceSettings,
};
use proptest::collection::{btree_map, vec};
use proptest::prelude::*;
use proptest::test_runner::RngSeed;

/// Seeded and quick: the same cases in every run.
pub fn config(cases: u32) -> ProptestConfig {
    ProptestConfig {
        cases,
        rng_seed: RngSeed::Fixed(0x0c40_4e05),
        failure_persistence: None,
        ..ProptestConfig::default()
    }
}

pub fn id(text: &str) -> ModuleId {
    ModuleId::new(text).unwrap()
}

pub fn port(text: &str) -> PortRef {
    text.parse().unwrap()
}

/// Any finite number, and often a plain one.
pub fn number() -> impl Strategy<Value = f32> {
    use proptest::num::f32::{NEGATIVE, NORMAL, POSITIVE, SUBNORMAL, ZERO};
    prop_oneof![
        NORMAL | SUBNORMAL | ZERO | POSITIVE | NEGATIVE,
        (-1000..1000_i16).prop_map(|n| f32::from(n) / 10.0),
    ]
}

/// Within -16..=16.
fn gain() -> impl Strategy<Value = f32> {
    prop_oneof![Just(1.0), Just(0.2), -16.0..=16.0_f32]
}

fn text() -> impl Strategy<Value = String> {
    prop_oneof![Just(String::new()), "[a-z.\\[\\]\"\\\\ \u{e4}\u{1f3b9}\n]{1,6}"]
}

fn unknown() -> impl Strategy<Value = Unknown> {
    let value = prop_oneof![
        any::<i64>().prop_map(serde_json::Value::from),
        any::<u64>().prop_map(serde_json::Value::from),
        prop::num::f64::NORMAL.prop_map(serde_json::Value::from),
        text().prop_map(serde_json::Value::from),
        Just(serde_json::json!({"b": [null, true, {"a": 0.1}], "a": []})),
    ];
    let entries = vec(("new_[a-c]", value), 0..3);
    // Most things of a patch have none.
    prop_oneof![4 => Just(Unknown::new()), 1 => entries.prop_map(|e| e.into_iter().collect())]
}

fn point() -> impl Strategy<Value = Point> {
    (number(), number()).prop_map(|(x, y)| Point { x, y })
}

fn colour() -> impl Strategy<Value = Option<Colour>> {
    prop::option::of(any::<[u8; 3]>().prop_map(Colour))
}

pub fn module() -> impl Strategy<Value = Module> {
    let params = btree_map("[a-c]{1,2}", number(), 0..4);
    let offsets = btree_map("[a-c]", vec(number(), 1..4), 0..2);
    let width =
        prop_oneof![Just(ModuleWidth::Auto), Just(ModuleWidth::Mono), Just(ModuleWidth::PerVoice)];
    let sound = ("[a-z]{1,4}", 1..3_u32, params, offsets, any::<bool>(), width);
    let look = (point(), colour(), unknown());
    (sound, look).prop_map(|(sound, look)| {
        let (kind, kind_version, params, voice_offsets, bypass, width) = sound;
        let (position, colour, unknown) = look;
        Module {
            kind_version,
            params,
            voice_offsets,
            bypass,
            width,
            position,
            colour,
            unknown,
            ..Module::new(kind)
        }
    })
}

fn voice() -> impl Strategy<Value = VoiceSettings> {
    let mode = prop_oneof![Just(VoiceMode::Poly), Just(VoiceMode::Mono), Just(VoiceMode::Legato)];
    (1..=64_u8, mode, number(), unknown()).prop_map(|(count, mode, glide, unknown)| VoiceSettings {
        count,
        mode,
        glide: glide.abs(),
        unknown,
    })
}

fn tuning() -> impl Strategy<Value = Tuning> {
    let cents = prop_oneof![Just(Vec::new()), vec(number(), 12)];
    (1.0..1000.0_f32, cents, unknown()).prop_map(|(a4, cents, unknown)| Tuning {
        a4,
        cents,
        unknown,
    })
}

/// Places that are made to fit whatever modules there are.
type Index = prop::sample::Index;

#[derive(Clone, Debug)]
pub struct Wire {
    from: (Index, String),
    to: (Index, String),
    gain: f32,
    id: u32,
    unknown: Unknown,
}

fn wire() -> impl Strategy<Value = Wire> {
    let end = || (any::<Index>(), "[a-c]");
    let id = prop_oneof![9 => 0..1000_u32, 1 => Just(u32::MAX)];
    (end(), end(), gain(), id, unknown()).prop_map(|(from, to, gain, id, unknown)| Wire {
        from,
        to,
        gain,
        id,
        unknown,
    })
}

fn cable(ids: &[ModuleId], wire: Wire) -> Cable {
    let end = |(at, port): (Index, String)| PortRef::new(at.get(ids).clone(), port);
    let (from, to) = (end(wire.from), end(wire.to));
    Cable { gain: wire.gain, unknown: wire.unknown, ..Cable::new(from, to) }
}

fn binding() -> impl Strategy<Value = (Index, Binding)> {
    let curve = prop_oneof![Just(BindingCurve::Taper), Just(BindingCurve::Linear)];
    (any::<Index>(), "[a-c]", number(), number(), curve, unknown()).prop_map(
        |(at, param, min, max, curve, unknown)| {
            (at, Binding { module: id("any"), param, min, max, curve, unknown })
        },
    )
}

/// A sound patch with something of everything.
pub fn patch() -> impl Strategy<Value = Patch> {
    let bodies = vec((module(), any::<bool>(), any::<bool>(), any::<bool>()), 0..8);
    let wires = vec(wire(), 0..16);
    let macros = btree_map(0..128_u8, (text(), 0.0..=1.0_f32, vec(binding(), 0..3)), 0..4);
    let groups = vec((text(), vec((any::<Index>(), "[a-c]"), 0..3), unknown()), 0..3);
    let notes = (text(), text(), voice(), tuning());
    let canvas = (vec((text(), point()), 0..2), vec((text(), point(), colour()), 0..2));
    let rest = (any::<bool>(), vec((prop::option::of(0..16_u8), 0..128_u8, 0..128_u8), 0..2));
    let parts = (bodies, wires, macros, groups, notes, canvas, rest, unknown());
    parts.prop_map(|(bodies, wires, macros, groups, notes, canvas, rest, unknown)| {
        let mut patch = Patch { unknown, ..Patch::default() };
        (patch.name, patch.notes, patch.voice, patch.tuning) = notes;
        if patch.name.len() > 1 {
            patch.tags = vec![patch.name.clone(), patch.notes.clone()];
        }
        if rest.0 {
            let (kind, hash) = (AssetKind::Sample, "0".repeat(64));
            let asset = Asset { kind, path: "a/b.wav".into(), hash, unknown: Unknown::new() };
            patch.assets.insert("kick".into(), asset);
            let (direction, channels) = (BusDirection::Input, 2);
            let unknown = Unknown::new();
            patch.buses.push(Bus { name: "side".into(), direction, channels, unknown });
        }
        let learned = rest.1.into_iter().map(|(channel, controller, macro_index)| MidiLearn {
            channel,
            controller,
            macro_index,
            unknown: Unknown::new(),
        });
        patch.midi_learn = learned.collect();
        for (n, (module, named, grouped, sampled)) in bodies.into_iter().enumerate() {
            let mut module = module;
            module.name = if named { format!("Name {n}") } else { String::new() };
            module.group = (grouped && !groups.is_empty()).then(|| "g0".to_owned());
            module.asset = (sampled && rest.0).then(|| "kick".to_owned());
            let prefix = ["osc", "env", "g0/osc"][n % 3];
            patch.modules.insert(id(&format!("{prefix}{n}")), module);
        }
        let ids: Vec<ModuleId> = patch.modules.keys().cloned().collect();
        let some = !ids.is_empty();
        for (n, (name, ports, unknown)) in groups.into_iter().enumerate() {
            let shown = ports.into_iter().filter(|_| some).map(|(at, p)| (at.get(&ids).clone(), p));
            let knobs: Vec<(ModuleId, String)> = shown.collect();
            let ports = knobs.iter().map(|(id, p)| PortRef::new(id.clone(), p.clone())).collect();
            let parent = n.checked_sub(1).map(|outer| format!("g{outer}"));
            patch.groups.insert(format!("g{n}"), Group { name, parent, ports, knobs, unknown });
        }
        for (index, (name, value, bindings)) in macros {
            let bound = bindings.into_iter().filter(|_| some);
            let bindings =
                bound.map(|(at, b)| Binding { module: at.get(&ids).clone(), ..b }).collect();
            patch
                .macros
                .insert(index, MacroKnob { name, value, bindings, unknown: Unknown::new() });
        }
        let mut seen = BTreeSet::new();
        for wire in wires.into_iter().filter(|_| some) {
            let at = CableId(wire.id);
            let cable = cable(&ids, wire);
            if seen.insert((cable.from.clone(), cable.to.clone())) {
                // The same id twice: the second replaces the first, which may stay in `seen`.
                patch.cables.insert(at, cable);
            }
        }
        for (n, (text, position)) in canvas.0.into_iter().enumerate() {
            let comment = Comment { text, position, unknown: Unknown::new() };
            patch.comments.insert(format!("c{n}"), comment);
        }
        for (n, (title, position, colour)) in canvas.1.into_iter().enumerate() {
            let size = Size { w: 3.5, h: 0.1 };
            let frame = Frame { title, position, size, colour, unknown: Unknown::new() };
            patch.frames.insert(format!("f{n}"), frame);
        }
        if patch.notes.len() > 2 {
            let body = |m: &Module| SceneModule {
                kind: m.kind.clone(),
                params: m.params.clone(),
                bypass: m.bypass,
                unknown: m.unknown.clone(),
            };
            let modules = patch.modules.iter().map(|(id, m)| (id.clone(), body(m))).collect();
            let macros = patch.macros.iter().map(|(index, knob)| (*index, knob.value)).collect();
            let cables = patch.cables.clone();
            let scene = Scene { modules, cables, macros, unknown: Unknown::new() };
            patch.scenes.insert("Scene 1.b".into(), scene);
        }
        patch.mark_cycles();
        patch
    })
}

pub fn view() -> impl Strategy<Value = View> {
    (number(), point(), number(), unknown()).prop_map(|(zoom, pan, w, unknown)| View {
        zoom,
        pan,
        window: Size { w, h: 0.2 },
        unknown,
    })
}

/// What becomes an edit when there is a patch to apply it to. Some are refused.
#[derive(Clone, Debug)]
pub struct Seed {
    choice: u8,
    which: Index,
    module: Module,
    wire: Wire,
    value: f32,
    text: String,
    flag: bool,
    voice: VoiceSettings,
    tuning: Tuning,
    binding: (Index, Binding),
    patch: Patch,
    inner: Vec<Self>,
}

pub fn seed() -> impl Strategy<Value = Seed> {
    let value = prop_oneof![8 => number(), 1 => Just(f32::NAN), 1 => Just(f32::INFINITY)];
    let base = (0..30_u8, any::<Index>(), module(), wire(), value, "[a-c]", any::<bool>());
    // Whole patches are rare and slow to make.
    let load = prop_oneof![15 => Just(Patch::default()), 1 => patch()];
    let leaf = (base, voice(), tuning(), binding(), load).prop_map(
        |((choice, which, module, wire, value, text, flag), voice, tuning, binding, patch)| Seed {
            choice,
            which,
            module,
            wire,
            value,
            text,
            flag,
            voice,
            tuning,
            binding,
            patch,
            inner: Vec::new(),
        },
    );
    let leaf = leaf.boxed();
    leaf.clone().prop_recursive(2, 12, 6, move |inner| {
        (leaf.clone(), vec(inner, 0..6)).prop_map(|(seed, inner)| Seed { inner, ..seed })
    })
}

impl Seed {
    /// The edit that this seed is for `patch`.
    pub fn edit(&self, patch: &Patch) -> Edit {
        if !self.inner.is_empty() {
            // Each for the patch as the ones before leave it.
            let mut patch = patch.clone();
            let mut edits = Vec::new();
            for seed in &self.inner {
                let edit = seed.edit(&patch);
                // Mostly leave out what is refused, or no long batch would ever pass.
                if patch.apply(&edit).is_ok() || seed.choice == 0 {
                    edits.push(edit);
                }
            }
            return Edit::Batch(edits);
        }
        let mut ids: Vec<ModuleId> = patch.modules.keys().cloned().collect();
        ids.push(id("nobody"));
        let mut cables: Vec<CableId> = patch.cables.keys().copied().collect();
        cables.push(CableId(7777));
        let id = self.which.get(&ids).clone();
        let cable_id = *self.which.get(&cables);
        let text = self.text.clone();
        let some = self.flag;
        match self.choice {
            0 | 1 => {
                let group = self.wire.id.is_multiple_of(2).then(|| "g0".to_owned());
                let asset = self.wire.id.is_multiple_of(3).then(|| "kick".to_owned());
                let name = if some { text.clone() } else { String::new() };
                let module = Module { name, group, asset, ..self.module.clone() };
                Edit::Create { id: patch.free_module_id(&text), module }
            }
            2 => Edit::Create { id, module: self.module.clone() },
            3 => Edit::Delete { id },
            4 | 5 => {
                let Cable { from, to, gain, .. } = cable(&ids, self.wire.clone());
                patch.connect_edit(from, to, gain)
            }
            6 => {
                let cable = cable(&ids, self.wire.clone());
                Edit::Connect { id: CableId(self.wire.id), cable }
            }
            7 => Edit::Disconnect { id: cable_id },
            8 => Edit::SetGain { id: cable_id, gain: self.value },
            9 => Edit::SetFeedback { id: cable_id, feedback: self.flag },
            10 | 11 => Edit::SetParam { id, param: text, value: self.value },
            12 => Edit::ResetParam { id, param: text },
            13 => Edit::SetVoiceOffsets {
                id,
                param: text,
                offsets: if some { vec![self.value, 1.0] } else { Vec::new() },
            },
            14 => Edit::Rename { id, name: if some { text } else { String::new() } },
            15 => Edit::Move { id, position: Point { x: self.value, y: 1.0 } },
            16 => Edit::Recolour { id, colour: some.then_some(Colour([1, 2, 255])) },
            17 => Edit::SetBypass { id, bypass: some },
            18 => Edit::SetWidth { id, width: ModuleWidth::Mono },
            19 => Edit::SetModuleGroup { id, group: some.then(|| "g0".to_owned()) },
            20 => Edit::SetModuleAsset { id, asset: some.then(|| "kick".to_owned()) },
            21 => {
                let bindings = vec![Binding { module: id, ..self.binding.1.clone() }];
                let knob = MacroKnob { bindings, value: 0.5, ..MacroKnob::default() };
                Edit::SetMacro { index: self.module.kind.as_bytes()[0], knob: some.then_some(knob) }
            }
            22 => Edit::SetVoice(VoiceSettings {
                count: self.voice.count.saturating_sub(1),
                ..self.voice.clone()
            }),
            23 => Edit::SetTuning(self.tuning.clone()),
            24 if some => Edit::SetName(text),
            24 if text.len() > 2 => Edit::SetTags(vec![text]),
            24 => Edit::SetNotes(text),
            25 => {
                let scene = Scene { macros: [(3, self.value)].into(), ..Scene::default() };
                Edit::SetScene { name: text, scene: some.then_some(scene) }
            }
            26 => {
                let group = Group {
                    parent: Some(format!("g{}", self.wire.id % 4)),
                    knobs: vec![(id, text)],
                    ..Group::default()
                };
                let name = format!("g{}", self.module.kind_version);
                Edit::SetGroup { id: name, group: some.then_some(group) }
            }
            27 => {
                let comment = Comment { text: text.clone(), ..Comment::default() };
                Edit::SetComment { id: text, comment: some.then_some(comment) }
            }
            28 => Edit::SetAsset { name: "kick".into(), asset: None },
            _ => Edit::ReplaceAll(Box::new(self.patch.clone())),
        }
    }
}
