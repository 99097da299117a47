//! Banks: modules that share lanes sound, bit for bit, as they do by themselves, through edits that
//! move them from lane to lane and knobs that set them apart.

use std::sync::Arc;

use chronus_engine::{
    MixFrom, Plan, Registry, Request, Slot, Step, Taper, compile, verify, verify_carry,
};
use chronus_patch::{Edit, Module, ModuleId, Patch, Point, PortRef};
use chronus_tests::workload::Workload;

use crate::random::{self, Dice};
use crate::rig::{Rig, Sound, first_difference, peak};

/// Kinds of which the random patches are made: few, so that many are equal.
const KINDS: &[&str] = &["biquad", "lfo", "vca", "adsr", "vco", "sample_hold"];

pub fn registry(batches: bool) -> Arc<Registry> {
    Arc::new(Registry::new(chronus_modules::KINDS).batching(batches))
}

/// A patch of `size` modules of few kinds, most of them with the same stepped values, in chains and
/// across, with sums, feedback and a poly part.
pub fn patch(dice: &mut Dice, registry: &Registry, size: usize) -> Patch {
    let mut patch = Patch::default();
    let create = |patch: &mut Patch, id: &str, kind: &str| {
        let id = ModuleId::new(id).expect("an id");
        patch.apply(&Edit::Create { id, module: Module::new(kind) }).expect("the id is free");
    };
    create(&mut patch, "notes", "note_in");
    create(&mut patch, "poly", "vco");
    create(&mut patch, "out", "audio_out");
    for n in 0..size {
        let spec = registry.spec(KINDS[dice.below(KINDS.len())]).expect("the kind is there");
        create(&mut patch, &format!("m{n}"), spec.kind);
        let id = ModuleId::new(&format!("m{n}")).expect("an id");
        let module = patch.modules.get_mut(&id).expect("it was created");
        for param in spec.params {
            let rare = if param.taper == Taper::Stepped { 8 } else { 2 };
            if dice.below(rare) == 0 {
                module.params.insert(param.name.into(), param.from_knob(dice.unit()));
            }
        }
    }
    let connect = |patch: &mut Patch, from: (&str, &str), to: (&str, &str), gain: f32| {
        let port = |(id, port)| PortRef::new(ModuleId::new(id).expect("an id"), port);
        let edit = patch.connect_edit(port(from), port(to), gain);
        let _ = patch.apply(&edit);
    };
    let spec_of = |patch: &Patch, id: &str| {
        let id = ModuleId::new(id).expect("an id");
        registry.spec(&patch.modules[&id].kind)
    };
    connect(&mut patch, ("notes", "pitch"), ("poly", "pitch"), 1.0);
    connect(&mut patch, ("poly", "out"), ("out", "left"), 0.05);
    for n in 0..size {
        let id = format!("m{n}");
        let spec = spec_of(&patch, &id).expect("the kind is there");
        let output = spec.outputs[dice.below(spec.outputs.len())].name;
        let gain = [1.0, 1.0, 1.0, 0.5, -0.25][dice.below(5)];
        let target = format!("m{}", dice.below(size));
        let other = spec_of(&patch, &target).expect("the kind is there");
        let input = other.inputs[dice.below(other.inputs.len())].name;
        if dice.below(5) > 0 {
            connect(&mut patch, (&id, output), (&target, input), gain);
        }
        connect(&mut patch, (&id, output), ("out", ["left", "right"][dice.below(2)]), 0.05);
    }
    patch
}

/// What happens in a performance: at each frame, edits or knobs, both by name.
pub fn perform(registry: &Arc<Registry>, patch: &Patch, seed: u64, cut: usize) -> Option<Sound> {
    let mut rig = Rig::try_new(registry, 48_000.0, patch).ok()?;
    let mut dice = Dice::new(seed + 500);
    let mut sound = Vec::new();
    for n in 0..10 {
        let events = random::events(&mut Dice::new(seed + n), 3_000);
        let ids: Vec<&ModuleId> = patch.modules.keys().collect();
        match dice.below(4) {
            0 => {
                // Knobs, stepped ones too: what was alike is so no more, or is again.
                for _ in 0..3 {
                    let id = ids[dice.below(ids.len())];
                    let spec = registry.spec(&patch.modules[id].kind).expect("the kind is there");
                    if spec.params.is_empty() {
                        continue;
                    }
                    let param = &spec.params[dice.below(spec.params.len())];
                    let value = param.from_knob(dice.unit());
                    // Modules that an edit has deleted are not there.
                    let _ = rig.engine.turn(id.as_str(), param.name, value);
                }
            }
            1 => {
                // A cable turned round: old and new together may be a cycle, crossed by a bridge.
                let cables: Vec<_> = patch.cables.values().filter(|c| !c.feedback).collect();
                let cable = cables[dice.below(cables.len())];
                let [from, to] = [&cable.from, &cable.to].map(ToString::to_string);
                let [back, on] = [&cable.to, &cable.from].map(|port| port.module.to_string());
                rig.commit_at(
                    800,
                    &[
                        Request::Disconnect { from, to },
                        Request::Connect { from: back, to: on, gain: 0.3 },
                    ],
                );
            }
            2 => {
                let created = |k: usize| Request::Create {
                    id: format!("n{n}x{k}"),
                    kind: KINDS[(n as usize + k / 2) % KINDS.len()].into(),
                    position: Point::default(),
                };
                let heard = |k: usize| Request::Connect {
                    from: format!("n{n}x{k}"),
                    to: "out".into(),
                    gain: 0.05,
                };
                let requests: Vec<_> = (0..5).map(created).chain((0..5).map(heard)).collect();
                rig.commit_at(700, &requests);
            }
            _ => {
                let id = format!("m{}", dice.below(patch.modules.len()));
                rig.commit_at(900, &[Request::Delete { id }]);
            }
        }
        sound.extend(rig.render(3_000, |_| cut, &events, |_| 0.0));
    }
    Some(sound)
}

#[test]
fn sharing_lanes_changes_no_bit() {
    let (side_by_side, alone) = (registry(true), registry(false));
    let (mut passed, mut banks, mut heard) = (0, 0, 0);
    for seed in 0..60.max(2 * random::count()) {
        let mut dice = Dice::new(seed);
        let size = 12 + dice.below(50);
        let patch = patch(&mut dice, &alone, size);
        let one = perform(&alone, &patch, seed, 512);
        let other = perform(&side_by_side, &patch, seed, 512);
        assert_eq!(one.is_some(), other.is_some(), "seed {seed}: another verdict");
        let (Some(one), Some(other)) = (one, other) else { continue };
        assert_eq!(first_difference(&one, &other), None, "seed {seed}");
        let cut = perform(&side_by_side, &patch, seed, 37).expect("it passed before");
        assert_eq!(first_difference(&one, &cut), None, "seed {seed}, in small blocks");
        let rig = Rig::new(&side_by_side, 48_000.0, &patch);
        banks += rig.renderer.graph().map_or(0, |graph| graph.plan().banks.len());
        heard += usize::from(peak(&one) > 1e-3);
        passed += 1;
    }
    assert!(passed > 20 && banks > passed && heard > passed / 2, "{passed} {banks} {heard}");
}

#[test]
fn a_knob_turned_just_before_a_swap_sets_modules_apart() {
    let patch = &Workload::W2.parts(20)[0].0;
    let sound = |batches: bool| {
        let mut rig = Rig::new(&registry(batches), 48_000.0, patch);
        let lfo = patch.modules.iter().find(|(_, module)| module.kind == "lfo");
        let (lfo, _) = lfo.expect("the saws are LFOs");
        let mut sound = Sound::new();
        for (n, shape) in [0.0, 3.0].into_iter().enumerate() {
            let (id, kind) = (format!("beside{n}"), "vca".into());
            rig.commit_at(960, &[Request::Create { id, kind, position: Point::default() }]);
            sound.extend(rig.render(960, |_| 64, &[], |_| 0.0));
            // The next block takes the knob, and then the graph that was made before.
            rig.engine.turn(lfo.as_str(), "shape", shape).expect("it has a shape");
            sound.extend(rig.render(960, |_| 64, &[], |_| 0.0));
        }
        sound
    };
    let (alone, side_by_side) = (sound(false), sound(true));
    assert!(peak(&alone) > 1e-3);
    assert_eq!(first_difference(&alone, &side_by_side), None);
}

/// Who joins a bank brings what it kept, and the others go on with theirs: not where one saw is so high that
/// its steps reach each other and the others are not, or where knobs have just been turned.
#[test]
fn who_joins_a_bank_brings_what_it_kept() {
    let patch = &Workload::W2b.parts(20)[0].0;
    let added = |id: &str, kind: &str, param: &str, value: f32| {
        let (to, position) = ("out.left".into(), Point::default());
        vec![
            Request::Create { id: id.into(), kind: kind.into(), position },
            Request::Set { id: id.into(), param: param.into(), value },
            Request::Connect { from: format!("{id}.out"), to, gain: 0.1 },
        ]
    };
    let gone = |ids: &[&str]| -> Vec<_> {
        ids.iter().map(|id| Request::Delete { id: (*id).into() }).collect()
    };
    // As those of the patch, with knobs of its own: each module joins a bank.
    let chain = |of: &str, hertz: f32, cutoff: f32| {
        let id = |name: &str| format!("{name}{of}");
        let create = |(name, kind): (&str, &str)| Request::Create {
            id: id(name),
            kind: kind.into(),
            position: Point::default(),
        };
        let set = |(name, param, value): (&str, &str, f32)| Request::Set {
            id: id(name),
            param: param.into(),
            value,
        };
        let cable = |(from, to): (&str, &str)| Request::Connect {
            from: format!("{}.out", id(from)),
            to: if to == "out" { "out.left".into() } else { format!("{}.in", id(to)) },
            gain: 1.0,
        };
        let kinds = ["osc", "low", "half", "lower", "faint"];
        let kinds = kinds.into_iter().zip(["vco", "biquad", "vca", "biquad", "vca"]);
        let knobs = [
            ("osc", "freq", hertz),
            ("low", "cutoff", cutoff),
            ("low", "q", 3.0),
            ("half", "gain", 0.7),
            ("lower", "cutoff", 2.0 * cutoff),
            ("faint", "gain", 0.03),
        ];
        let cables = [
            ("osc", "low"),
            ("low", "half"),
            ("half", "lower"),
            ("lower", "faint"),
            ("faint", "out"),
        ];
        let made = kinds.map(create).chain(knobs.map(set));
        made.chain(cables.map(cable)).collect::<Vec<_>>()
    };
    let first = ["osc0", "low0", "half0", "lower0", "faint0"];
    let edits = [
        added("low", "vco", "freq", 55.0),
        chain("A", 220.0, 700.0),
        added("high", "vco", "freq", 18_000.0),
        added("quiet", "vco", "gain", 0.5),
        gone(&["high"]),
        chain("B", 17_000.0, 5_000.0),
        gone(&first),
        added("square", "vco", "shape", 3.0),
        added("slow", "lfo", "rate", 0.3),
        // One takes the lanes of another.
        [gone(&["oscA", "lowA", "halfA", "lowerA", "faintA"]), chain("C", 330.0, 90.0)].concat(),
        gone(&["low"]),
        added("filter", "biquad", "cutoff", 300.0),
        added("higher", "vco", "freq", 9_000.0),
        gone(&["quiet", "halfC"]),
    ];
    let sound = |batches: bool, turns: bool| {
        let mut rig = Rig::new(&registry(batches), 48_000.0, patch);
        let mut sound = rig.render(960, |_| 64, &[], |_| 0.0);
        for (n, edit) in edits.iter().enumerate() {
            // In the middle of a pair of frames, too.
            let due = 640 + n % 2;
            rig.commit_at(due as u64, edit);
            sound.extend(rig.render(due, |_| 64, &[], |_| 0.0));
            if turns {
                // The block that swaps takes the knobs first.
                let hertz = 110.0 * (1 + n) as f32;
                for (id, param) in [("osc5", "freq"), ("low5", "cutoff")] {
                    rig.engine.turn(id, param, hertz).expect("the knob is there");
                }
            }
            sound.extend(rig.render(1280 - n % 2, |_| 64, &[], |_| 0.0));
        }
        sound
    };
    for turns in [false, true] {
        let (alone, side_by_side) = (sound(false, turns), sound(true, turns));
        assert!(peak(&alone) > 1e-3);
        assert_eq!(first_difference(&alone, &side_by_side), None, "knobs turned: {turns}");
    }
}

#[test]
fn chains_side_by_side_read_each_other_as_they_are() {
    for (workload, batches) in [(Workload::W2, true), (Workload::W2b, true), (Workload::W2, false)]
    {
        let rig = Rig::new(&registry(batches), 48_000.0, &workload.parts(20)[0].0);
        let plan = rig.renderer.graph().expect("it plays").plan();
        let count = |wanted: &dyn Fn(&Step) -> bool| {
            plan.steady.steps.iter().filter(|step| wanted(step)).count()
        };
        let banks = count(&|step| matches!(step, Step::Bank { .. }));
        let gathers = count(&|step| matches!(step, Step::Gather { .. }));
        // Two groups of five modules each; only the LFOs' rate is laid out, once for both.
        let expected = if batches { (10, usize::from(workload == Workload::W2)) } else { (0, 0) };
        assert_eq!((banks, gathers), expected, "{workload:?}\n{plan}");
        let text = plan.to_string();
        assert_eq!(text.contains(": faint0 faint1 faint2 "), batches, "{text}");
    }
}

#[test]
fn planted_faults_of_banks_are_found() {
    let registry = registry(true);
    let mut patch = Workload::W2b.parts(20)[0].0.clone();
    let mut keys = std::collections::BTreeMap::new();
    let mut compiled = |patch: &Patch, base: Option<&Plan>| {
        for id in patch.modules.keys() {
            let next = keys.len() as u32;
            keys.entry(id.clone()).or_insert(next);
        }
        compile(patch, &registry, &|id| keys[id], base).plan
    };
    let base = compiled(&patch, None);
    // One leaves its bank for another's sake, one goes, five come.
    let id = |name: &str| ModuleId::new(name).expect("an id");
    patch.modules.get_mut(&id("low3")).expect("it is there").params.insert("mode".into(), 1.0);
    patch.apply(&Edit::Delete { id: id("half7") }).expect("it is there");
    for n in 0..5 {
        let create = Edit::Create { id: id(&format!("more{n}")), module: Module::new("lfo") };
        patch.apply(&create).expect("the id is free");
    }
    let good = compiled(&patch, Some(&base));
    verify(&good).and_then(|()| verify_carry(&good, Some(&base))).expect("the plan is good");
    assert!(!good.carry.leaves.is_empty() && !good.carry.joins.is_empty(), "{:?}", good.carry);
    assert!(!good.carry.banks_changed.is_empty(), "{:?}", good.carry);
    let found = |what: &str, change: &dyn Fn(&mut Plan)| {
        let mut bad = good.clone();
        change(&mut bad);
        let fault = verify(&bad).and_then(|()| verify_carry(&bad, Some(&base)));
        assert!(fault.is_err(), "{what}");
    };
    for n in 0..good.carry.leaves.len() {
        found("a leave forgotten", &|plan| {
            plan.carry.leaves.remove(n);
        });
        found("a leave from elsewhere", &|plan| plan.carry.leaves[n].lane ^= 1);
    }
    for n in 0..good.carry.joins.len() {
        found("a join forgotten", &|plan| {
            plan.carry.joins.remove(n);
        });
        found("a join to elsewhere", &|plan| plan.carry.joins[n].bank ^= 1);
        found("news of the old", &|plan| plan.carry.joins[n].added ^= true);
    }
    for n in 0..good.carry.banks_changed.len() {
        found("a bank's change forgotten", &|plan| {
            plan.carry.banks_changed.remove(n);
        });
    }
    found("a bank taken for what it was", &|plan| plan.carry.banks_unsettled.clear());
    for b in 0..good.banks.len() {
        found("two in each other's lane", &|plan| plan.banks[b].lanes.swap(0, 1));
        found("a module in no lane", &|plan| plan.banks[b].lanes[0] = None);
        found("two banks in a seat", &|plan| plan.banks[b].seat ^= 1);
    }
    for (s, step) in good.steady.steps.iter().enumerate() {
        if let Step::Bank { bank, inputs, .. } = step {
            let slot = inputs.start as usize;
            found("a bank runs twice", &|plan| plan.steady.steps.push(step.clone()));
            found("a bank never runs", &|plan| {
                plan.steady.steps.remove(s);
            });
            found("another bank runs", &|plan| {
                if let Step::Bank { bank: other, .. } = &mut plan.steady.steps[s] {
                    *other = bank ^ 1;
                }
            });
            if let Slot::Poly(p) = good.steady.slots[slot] {
                found("it reads another buffer", &|plan| {
                    plan.steady.slots[slot] = Slot::Poly((p + 1) % good.poly_buffers as u32);
                });
            }
        }
    }
    for (n, source) in good.steady.sources.iter().enumerate() {
        if let MixFrom::Lane(p, lane) = source.from {
            found("a sum reads another lane", &|plan| {
                plan.steady.sources[n].from = MixFrom::Lane(p, lane ^ 1);
            });
        }
    }
}
