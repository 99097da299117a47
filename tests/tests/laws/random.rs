//! Seeded random patches over every kind, and the laws over them. `CHRONUS_LAW_PATCHES=N` sets how
//! many; continuous integration takes few.

use std::collections::BTreeMap;

use chronus_engine::{Answer, Event, NoteMatch, Registry, Request, splitmix};
use chronus_patch::{Edit, Module, ModuleId, Patch, PortRef, VoiceMode};

use crate::registry;
use crate::rig::{Rig, first_difference};

/// A small generator: SplitMix64 in sequence.
pub struct Dice(u64);

impl Dice {
    pub fn new(seed: u64) -> Self {
        Self(splitmix(seed))
    }

    pub fn roll(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(1);
        splitmix(self.0)
    }

    pub fn below(&mut self, n: usize) -> usize {
        (self.roll() % n.max(1) as u64) as usize
    }

    pub fn unit(&mut self) -> f32 {
        (self.roll() >> 40) as f32 / (1u64 << 24) as f32
    }
}

/// A patch of `size` modules of any kind, any params, any cables, feedback included.
pub fn patch(dice: &mut Dice, registry: &Registry, size: usize) -> Patch {
    let mut patch = Patch::default();
    patch.voice.count = [1, 2, 8, 16, 17, 40][dice.below(6)];
    patch.voice.mode =
        [VoiceMode::Poly, VoiceMode::Poly, VoiceMode::Mono, VoiceMode::Legato][dice.below(4)];
    patch.voice.glide = [0.0, 0.0, 37.0][dice.below(3)];
    for n in 0..size {
        let kinds = registry.kinds();
        let spec = match n {
            0 => registry.spec("note_in").unwrap(),
            1 => registry.spec("audio_out").unwrap(),
            _ => kinds[dice.below(kinds.len())].spec,
        };
        let mut module = Module::new(spec.kind);
        for param in spec.params {
            if dice.below(2) == 0 {
                module.params.insert(param.name.into(), param.from_knob(dice.unit()));
            }
        }
        module.bypass = dice.below(12) == 0;
        let id = ModuleId::new(&format!("m{n}")).unwrap();
        patch.apply(&Edit::Create { id, module }).unwrap();
    }
    for _ in 0..size * 2 {
        connect_any(dice, registry, &mut patch);
    }
    patch
}

fn connect_any(dice: &mut Dice, registry: &Registry, patch: &mut Patch) {
    let ids: Vec<ModuleId> = patch.modules.keys().cloned().collect();
    let (a, b) = (&ids[dice.below(ids.len())], &ids[dice.below(ids.len())]);
    let spec = |id: &ModuleId| registry.spec(&patch.modules[id].kind).unwrap();
    let (outputs, inputs) = (spec(a).outputs, spec(b).inputs);
    if outputs.is_empty() || inputs.is_empty() {
        return;
    }
    let from = PortRef::new(a.clone(), outputs[dice.below(outputs.len())].name);
    let to = PortRef::new(b.clone(), inputs[dice.below(inputs.len())].name);
    let edit = patch.connect_edit(from, to, [1.0, 0.5, -0.3, 0.01][dice.below(4)]);
    // A second cable between the same ports is refused; that is all right here.
    let _ = patch.apply(&edit);
}

pub fn events(dice: &mut Dice, frames: u64) -> Vec<(u64, Event)> {
    let mut events = Vec::new();
    for _ in 0..frames / 1500 {
        let at = dice.roll() % frames;
        let key = 30 + dice.below(60) as u8;
        events.push((at, Event::NoteOn { id: -1, channel: 0, key, velocity: dice.unit() }));
        events.push((at + 100 + dice.roll() % 9000, Event::NoteOff(NoteMatch::key(0, key))));
        let value = dice.unit();
        events.push((
            at + 50,
            match dice.below(4) {
                0 => Event::Bend { channel: 0, value },
                1 => Event::Pressure { channel: 0, value },
                2 => Event::Controller { channel: 0, controller: 1, value },
                _ => Event::Macro { index: 3, value },
            },
        ));
    }
    events.sort_by_key(|e| e.0);
    events.retain(|e| e.0 < frames);
    events
}

/// How many patches the laws are tried with.
pub fn count() -> u64 {
    std::env::var("CHRONUS_LAW_PATCHES").ok().and_then(|n| n.parse().ok()).unwrap_or(24)
}

/// Random patches that pass verification, with their seed.
fn accepted(mut check: impl FnMut(u64, &Patch, f64)) {
    let registry = registry();
    let mut passed = 0;
    let mut refused: BTreeMap<String, u64> = BTreeMap::new();
    for seed in 0.. {
        if passed == count() {
            break;
        }
        assert!(seed < 20 * count() + 20, "too few patches pass: {refused:?}");
        let mut dice = Dice::new(seed);
        let size = 3 + dice.below(20);
        let patch = patch(&mut dice, &registry, size);
        let rate = [48_000.0, 44_100.0, 8_000.0, 96_000.0, 384_000.0][dice.below(5)];
        match Rig::try_new(&registry, rate, &patch) {
            Ok(_) => {
                passed += 1;
                check(seed, &patch, rate);
            }
            Err(why) => *refused.entry(why.chars().take(60).collect()).or_default() += 1,
        }
    }
}

fn noise(frame: u64) -> f32 {
    (splitmix(frame) >> 40) as f32 / (1u64 << 24) as f32 * 0.2 - 0.1
}

#[test]
fn splits_and_neutral_commits_change_no_bit_of_random_patches() {
    let registry = registry();
    let frames = 9_000;
    accepted(|seed, patch, rate| {
        let events = events(&mut Dice::new(seed + 1000), frames as u64);
        let whole = Rig::new(&registry, rate, patch).render(frames, |_| 8192, &events, noise);
        let mut dice = Dice::new(seed + 2000);
        let cut = Rig::new(&registry, rate, patch).render(
            frames,
            |_| 1 + dice.below(150),
            &events,
            noise,
        );
        assert_eq!(first_difference(&whole, &cut), None, "split law, seed {seed}");

        let mut rig = Rig::new(&registry, rate, patch);
        let mut dice = Dice::new(seed + 3000);
        for n in 0..30u64 {
            let due = 10 + n * 290 + dice.roll() % 200;
            let spare: ModuleId = "spare".parse().unwrap();
            let kinds = registry.kinds();
            rig.commit_at(
                due,
                &[match n % 4 {
                    0 => Request::Edit(Edit::Batch(vec![])),
                    1 => Request::Edit(Edit::Create {
                        id: spare,
                        module: Module::new(unheard(&mut dice, kinds)),
                    }),
                    2 => Request::Edit(Edit::Move {
                        id: "m0".parse().unwrap(),
                        position: chronus_patch::Point { x: n as f32, y: 0.0 },
                    }),
                    _ => Request::Delete { id: "spare".into() },
                }],
            );
        }
        let neutral = rig.render(frames, |_| 1 + dice.below(150), &events, noise);
        for _ in 0..30 {
            let answer =
                rig.answers.recv_timeout(std::time::Duration::from_secs(20)).expect("an answer");
            assert!(matches!(answer, Answer::Swapped { .. }), "seed {seed}: {answer:?}");
        }
        assert_eq!(first_difference(&whole, &neutral), None, "null test, seed {seed}");
        let finite = whole.iter().flatten().all(|x| x.is_finite() && (*x == 0.0 || x.is_normal()));
        assert!(finite, "seed {seed}: a sample is no normal number");
    });
}

/// A kind that changes nothing by being there.
fn unheard(dice: &mut Dice, kinds: &[chronus_engine::Kind]) -> &'static str {
    loop {
        let spec = kinds[dice.below(kinds.len())].spec;
        if !spec.sink {
            return spec.kind;
        }
    }
}

#[test]
fn random_audible_edits_are_all_answered_and_never_miss_a_block() {
    let registry = registry();
    let frames = 24_000;
    accepted(|seed, patch, rate| {
        let mut dice = Dice::new(seed + 4000);
        let mut rig = Rig::new(&registry, rate, patch);
        let commits = 40;
        for n in 0..commits {
            let requests: Vec<Request> =
                (0..1 + dice.below(3)).map(|_| any_edit(&mut dice, &registry, n)).collect();
            rig.commit_at(100 + n as u64 * 550 + dice.roll() % 500, &requests);
        }
        let events = events(&mut dice, frames as u64);
        let sound = rig.render(frames, |_| 1 + dice.below(150), &events, noise);
        // Commits that come faster than fades last wait for each other.
        let mut answers: Vec<Answer> = rig.answers.try_iter().collect();
        for _ in 0..1000 {
            if answers.len() == commits {
                break;
            }
            rig.render(4096, |_| 512, &[], |_| 0.0);
            answers.extend(rig.answers.try_iter());
        }
        assert_eq!(answers.len(), commits, "seed {seed}: every commit is answered");
        let mut revisions: Vec<u64> = answers.iter().map(Answer::revision).collect();
        revisions.sort_unstable();
        revisions.dedup();
        assert_eq!(revisions.len(), commits, "each is answered once");
        assert_eq!(
            rig.engine.counters().missed_blocks.load(std::sync::atomic::Ordering::Relaxed),
            0
        );
        assert!(sound.iter().flatten().all(|x| x.is_finite()), "seed {seed}");
    });
}

/// Any edit; many do not apply, and are answered as rejected.
pub fn any_edit(dice: &mut Dice, registry: &Registry, n: usize) -> Request {
    let id = |dice: &mut Dice| format!("m{}", dice.below(24));
    let kinds = registry.kinds();
    match dice.below(8) {
        0 => Request::Create {
            id: format!("n{n}"),
            kind: kinds[dice.below(kinds.len())].spec.kind.into(),
            position: Default::default(),
        },
        1 => Request::Delete { id: id(dice) },
        2..=4 => Request::Connect { from: id(dice), to: id(dice), gain: 0.5 },
        5 => Request::Disconnect { from: id(dice), to: id(dice) },
        6 => {
            let id = id(dice).parse().unwrap();
            Request::Edit(Edit::SetBypass { id, bypass: dice.below(2) == 0 })
        }
        _ => Request::Edit(Edit::SetVoice(chronus_patch::VoiceSettings {
            count: [1, 4, 16, 20][dice.below(4)],
            ..Default::default()
        })),
    }
}
