//! Plans: their text form, and a checker that sees every planted fault.

use std::collections::BTreeMap;

use chronus_engine::{
    Compiled, MixFrom, Origin, Plan, PlanFault, Registry, Request, Role, Slot, Step, compile,
    verify, verify_carry,
};
use chronus_patch::{ModuleId, Patch};

use crate::random::Dice;
use crate::{build, random, registry, voice_patch};

/// Keys by position in the patch, those of `known` kept.
fn keys(patch: &Patch, known: &BTreeMap<ModuleId, u32>) -> BTreeMap<ModuleId, u32> {
    let mut next = known.values().max().map_or(1, |k| k + 1);
    let mut key = |id: &ModuleId| {
        known.get(id).copied().unwrap_or_else(|| {
            next += 1;
            next - 1
        })
    };
    patch.modules.keys().map(|id| (id.clone(), key(id))).collect()
}

fn compiled(
    patch: &Patch,
    registry: &Registry,
    base: Option<(&Plan, &BTreeMap<ModuleId, u32>)>,
) -> Compiled {
    let none = BTreeMap::new();
    let keys = keys(patch, base.map_or(&none, |b| b.1));
    compile(patch, registry, &|id| keys[id], base.map(|b| b.0))
}

#[test]
fn the_text_form_says_what_runs() {
    let registry = registry();
    let patch = build(
        &registry,
        &[
            "create a vco",
            "create b vco",
            "create n note_in",
            "create v vca",
            "create out audio_out",
            "connect n.pitch a.pitch",
            "connect a v",
            "connect b v 0.5",
            "connect v out",
        ],
    );
    let text = compiled(&patch, &registry, None).plan.to_string();
    let expected = "\
plan: 5 nodes, 6 wires, 16 voices, 1+8 buffers, 0 rings
";
    assert_eq!(text.lines().next(), expected.lines().next(), "{text}");
    for line in [
        "node a vco x16 added",
        "node b vco x1 added",
        "node n note_in x16 added",
        "node v vca x16 added",
        "node out audio_out x1 added",
    ] {
        assert!(text.lines().any(|l| l == line), "{line} is missing in\n{text}");
    }
    let at = |part: &str| text.find(part).unwrap_or_else(|| panic!("{part} is missing in\n{text}"));
    assert!(
        at("  n [") < at("  a [") && at("  a [") < at("  v [") && at("  v [") < at("  out ["),
        "{text}"
    );
    assert_eq!(text, compiled(&patch, &registry, None).plan.to_string());
}

#[test]
fn an_unconnected_module_added_gives_no_transition() {
    let registry = registry();
    let patch = voice_patch(&registry);
    let first = compiled(&patch, &registry, None).plan;
    let known = keys(&patch, &BTreeMap::new());
    let mut more = patch.clone();
    let edit = chronus_patch::Edit::Create {
        id: "zz".parse().unwrap(),
        module: chronus_patch::Module::new("vco"),
    };
    more.apply(&edit).unwrap();
    let next = compiled(&more, &registry, Some((&first, &known)));
    assert!(next.plan.transition.is_none() && next.bridge.is_none());
    let added: Vec<_> =
        next.plan.nodes.iter().filter(|n| n.role != Role::Kept).map(|n| n.id.as_str()).collect();
    assert_eq!(added, ["zz"]);
}

#[test]
fn random_edits_compile_to_plans_that_pass_the_check() {
    let registry = registry();
    let (mut bridges, mut grown) = (0, 0);
    for seed in 0..300 {
        let mut dice = Dice::new(seed);
        let size = 3 + dice.below(25);
        let mut patch = random::patch(&mut dice, &registry, size);
        let mut known = keys(&patch, &BTreeMap::new());
        let mut plan = compiled(&patch, &registry, None).plan;
        verify(&plan).unwrap_or_else(|e| panic!("seed {seed}: {e}\n{plan}"));
        for n in 0..8 {
            for _ in 0..1 + dice.below(6) {
                let request = random::any_edit(&mut dice, &registry, n);
                if let Ok(edit) = request.resolve(&patch, &registry) {
                    let _ = patch.apply(&edit);
                }
            }
            turn_around(&mut dice, &registry, &mut patch);
            let next = compiled(&patch, &registry, Some((&plan, &known)));
            bridges += usize::from(next.bridge.is_some());
            let mut before = &plan;
            for plan in next.bridge.iter().chain([&next.plan]) {
                let sound = verify(plan).and_then(|()| verify_carry(plan, Some(before)));
                sound.unwrap_or_else(|e| panic!("seed {seed}, edit {n}: {e}\n{plan}"));
                grown += usize::from(plan.carry.seats > before.carry.seats);
                before = plan;
            }
            known = keys(&patch, &known);
            plan = next.plan;
        }
    }
    assert!(bridges > 0, "no edit needed a bridge");
    assert!(grown > 0, "no table grew");
}

/// Takes a cable out and connects its modules the other way round: old and new together are a cycle.
fn turn_around(dice: &mut Dice, registry: &Registry, patch: &mut Patch) {
    let direct: Vec<_> = patch.cables.iter().filter(|(_, c)| !c.feedback).collect();
    if direct.is_empty() {
        return;
    }
    let (&id, cable) = direct[dice.below(direct.len())];
    let (from, to) = (cable.to.module.to_string(), cable.from.module.to_string());
    patch.apply(&chronus_patch::Edit::Disconnect { id }).expect("the cable is there");
    let request = Request::Connect { from, to, gain: 0.5 };
    if let Ok(edit) = request.resolve(patch, registry) {
        let _ = patch.apply(&edit);
    }
}

#[test]
fn planted_faults_of_the_carry_are_found() {
    let registry = registry();
    let mut dice = Dice::new(7);
    let mut patch = random::patch(&mut dice, &registry, 20);
    let known = keys(&patch, &BTreeMap::new());
    let base = compiled(&patch, &registry, None).plan;
    let gone = patch.modules.keys().next().expect("it has modules").clone();
    patch.apply(&chronus_patch::Edit::Delete { id: gone }).expect("the module is there");
    let request =
        Request::Create { id: "more".into(), kind: "lfo".into(), position: Default::default() };
    let edit = request.resolve(&patch, &registry).expect("the kind is there");
    patch.apply(&edit).expect("the id is free");
    let good = compiled(&patch, &registry, Some((&base, &known))).plan;
    verify_carry(&good, Some(&base)).expect("the plan is good");
    assert!(verify_carry(&good, None).is_err(), "it is good after its base only");
    let found = |what: &str, change: &dyn Fn(&mut Plan)| {
        let mut bad = good.clone();
        change(&mut bad);
        let fault = verify_carry(&bad, Some(&base));
        assert!(matches!(fault, Err(PlanFault::Misplaced { .. })), "{what}: {fault:?}");
    };
    let seats = good.carry.seats;
    for n in 0..good.nodes.len() {
        found("a seat beyond the table", &|plan| plan.nodes[n].seat = seats);
        let other = (n + 1) % good.nodes.len();
        found("two in a seat", &|plan| plan.nodes[n].seat = plan.nodes[other].seat);
        found("two changed places", &|plan| {
            let seat = plan.nodes[n].seat;
            plan.nodes[n].seat = plan.nodes[other].seat;
            plan.nodes[other].seat = seat;
        });
    }
    for c in 0..good.carry.changed.len() {
        found("a change forgotten", &|plan| {
            plan.carry.changed.remove(c);
        });
    }
    let kept = good.nodes.iter().find(|n| n.role == Role::Kept).expect("some are kept").seat;
    found("a kept module thrown out", &|plan| plan.carry.changed.push(kept));
    found("a table cut short", &|plan| plan.carry.seats /= 2);
}

#[test]
fn planted_faults_are_found() {
    let registry = registry();
    let patch = voice_patch(&registry);
    let good = compiled(&patch, &registry, None).plan;
    verify(&good).expect("the plan is good");
    // An output that nobody reads may go anywhere; every other slot matters.
    let read = |node: u32, port: u32| {
        good.wires.iter().any(|w| w.from == Origin::Port { node, port: port as u8 })
    };
    let mut slots: Vec<usize> = Vec::new();
    for step in &good.steady.steps {
        if let Step::Run { node, inputs, outputs, .. } = step {
            slots.extend(inputs.clone().map(|s| s as usize));
            let ports = outputs.clone().filter(|s| read(*node, s - outputs.start));
            slots.extend(ports.map(|s| s as usize));
        }
    }
    let mut missed = Vec::new();
    let mut planted = 0;
    let mut plant = |what: String, change: &dyn Fn(&mut Plan)| {
        let mut bad = good.clone();
        change(&mut bad);
        planted += 1;
        if verify(&bad).is_ok() {
            missed.push(what);
        }
    };
    for s in slots {
        plant(format!("slot {s}"), &|plan| {
            plan.steady.slots[s] = match plan.steady.slots[s] {
                Slot::Mono(i) => Slot::Mono(i + 1),
                Slot::Poly(i) => Slot::Poly(i + 1),
                Slot::Constant(_) => Slot::Mono(0),
            };
        });
    }
    for s in 0..good.steady.steps.len() {
        plant(format!("step {s} left out"), &|plan| {
            plan.steady.steps.remove(s);
        });
        plant(format!("step {s} twice"), &|plan| {
            let step = plan.steady.steps[s].clone();
            if matches!(step, Step::Run { .. } | Step::Store { .. }) {
                plan.steady.steps.push(step);
            } else {
                plan.steady.steps.remove(s);
            }
        });
    }
    for s in 0..good.steady.sources.len() {
        plant(format!("gain of source {s}"), &|plan| plan.steady.sources[s].gain += 0.25);
        plant(format!("source {s} reads a constant"), &|plan| {
            plan.steady.sources[s].from = MixFrom::Slot(Slot::Constant(0));
        });
    }
    plant("nodes out of order".into(), &|plan| plan.nodes.swap(0, 1));
    plant("one buffer too few".into(), &|plan| plan.poly_buffers -= 1);
    plant("a wire forgotten".into(), &|plan| {
        let at = plan.wires.iter().position(|w| w.cable.is_some()).unwrap();
        plan.wires.remove(at);
    });
    assert!(planted > 80, "{planted}");
    // A constant 0 in place of another constant 0 is no fault.
    assert!(missed.is_empty(), "of {planted} planted, not found: {missed:?}\n{good}");
    assert!(matches!(
        verify(&{
            let mut p = good.clone();
            p.nodes.swap(0, 1);
            p
        }),
        Err(PlanFault::Unordered)
    ));
}
