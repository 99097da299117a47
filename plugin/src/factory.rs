//! The patches that come with the plugin.

use chronus_editor::Preset;
use chronus_engine::MACROS;
use chronus_patch::Patch;

macro_rules! factory {
    ($($name:literal $file:literal)*) => {
        /// All of them; a new instance starts with the first.
        pub const FACTORY: &[Preset] = &[$(Preset {
            name: $name,
            json: include_str!(concat!("../../assets/factory/", $file, ".chronus.json")),
        }),*];
    };
}

factory! {
    "Warm Poly" "warm_poly"
    "Rubber Bass" "rubber_bass"
    "Slow Pad" "slow_pad"
    "Glass Pluck" "glass_pluck"
    "Night Drone (no notes)" "night_drone"
    "Tape Echo (effect)" "tape_echo"
}

/// The patch of a new instance.
///
/// # Panics
/// Never: a test loads every factory patch.
#[must_use]
pub fn initial() -> Patch {
    // PANIC: documented.
    Patch::from_json(FACTORY[0].json).expect("the factory patches are sound")
}

/// Macro values of `patch`, 0 where it says nothing.
#[must_use]
pub fn macro_values(patch: &Patch) -> [f32; MACROS] {
    std::array::from_fn(|index| {
        let knob = u8::try_from(index).ok().and_then(|index| patch.macros.get(&index));
        knob.map_or(0.0, |knob| knob.value)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;
    use std::sync::{Arc, mpsc};
    use std::time::Duration;

    use chronus_engine::{
        Answer, Block, Client, Engine, Event, NoteMatch, Options, Registry, Renderer, Request,
        Terms, TimedEvent, Transport,
    };

    const RATE: f64 = 48_000.0;
    const FRAMES: usize = 480;
    const CHORD: [u8; 4] = [45, 57, 60, 64];

    fn patch(preset: &Preset) -> Patch {
        Patch::from_json(preset.json).unwrap_or_else(|error| panic!("{}: {error}", preset.name))
    }

    /// Two seconds: a chord held for one of them, and clicks at the input.
    fn listen(renderer: &mut Renderer) -> Vec<f32> {
        let mut heard = Vec::new();
        let notes = |on: bool| {
            let event = |&key: &u8| match on {
                true => Event::NoteOn { id: -1, channel: 0, key, velocity: 0.8 },
                false => Event::NoteOff(NoteMatch::key(0, key)),
            };
            let events = CHORD.iter().map(|key| TimedEvent { frame: 0, event: event(key) });
            events.collect::<Vec<_>>()
        };
        for block in 0..200 {
            let events = match block {
                0 => notes(true),
                100 => notes(false),
                _ => Vec::new(),
            };
            let click = if block % 50 == 0 { 0.5 } else { 0.0 };
            let (mut left, mut right) = ([0f32; FRAMES], [0f32; FRAMES]);
            left[..24].fill(click);
            right[..24].fill(click);
            renderer.process(Block {
                channels: [&mut left, &mut right],
                events: &events,
                transport: Transport::default(),
                offline: true,
            });
            heard.extend(left.iter().zip(&right).map(|(l, r)| l.abs().max(r.abs())));
        }
        heard
    }

    #[test]
    fn every_factory_patch_plays_clean_and_is_written_as_the_format_writes_it() {
        let registry = Arc::new(Registry::new(chronus_modules::KINDS));
        for preset in FACTORY {
            let (name, patch) = (preset.name, patch(preset));
            assert_eq!(patch.to_json(), preset.json, "{name}");
            let (engine, mut renderer) = Engine::new(registry.clone(), Options::default());
            for (index, value) in macro_values(&patch).into_iter().enumerate() {
                engine.set_macro(index, value);
            }
            engine.set_offline(true);
            engine.set_sample_rate(RATE);
            let (answer, answered) = mpsc::channel();
            let terms = Terms { client: Client::Host, ..Terms::default() };
            let load = Request::Replace(Box::new(patch));
            engine.commit(&[load], terms, move |a| answer.send(a).expect("the test listens"));
            renderer.activate(RATE);
            let heard = listen(&mut renderer);
            let answer = answered.recv_timeout(Duration::from_secs(10)).expect("an answer");
            let Answer::Swapped { diagnostics, verdict, .. } = answer else {
                panic!("{name}: {answer:?}");
            };
            assert!(diagnostics.is_empty(), "{name}: {diagnostics:?}");
            assert!(!verdict.silent && verdict.load < 0.5, "{name}: {verdict:?}");
            let peak = heard.iter().copied().fold(0.0, f32::max);
            assert!((0.1..0.99).contains(&peak), "{name} peaks at {peak}");
        }
    }

    #[test]
    fn every_bound_param_is_there_and_stored_only_in_its_macro() {
        let registry = Registry::new(chronus_modules::KINDS);
        for preset in FACTORY {
            let patch = patch(preset);
            let bindings = patch.macros.values().flat_map(|knob| &knob.bindings);
            let mut seen = BTreeSet::new();
            for binding in bindings {
                let module = &patch.modules[&binding.module];
                let spec = registry.spec(&module.kind).expect("a known kind");
                assert!(spec.param(&binding.param).is_some(), "{}", binding.param);
                assert!(!module.params.contains_key(&binding.param), "{}", binding.param);
                assert!(seen.insert((&binding.module, &binding.param)), "bound twice");
            }
        }
    }
}
