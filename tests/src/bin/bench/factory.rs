//! What the engine plays in the bench: the factory patches under so many notes.

use chronus_engine::{Event, TimedEvent};
use chronus_patch::Patch;
use chronus_tests::random::Random;
use chronus_tests::stage::Stage;
use chronus_tests::workload::RATE;

macro_rules! factory {
    ($($name:literal)*) => {
        /// The patches that come with the plugin; a new instance starts with the first.
        pub const FACTORY: &[(&str, &str)] = &[$((
            $name,
            include_str!(concat!("../../../../assets/factory/", $name, ".chronus.json")),
        )),*];
    };
}

factory! { "warm_poly" "rubber_bass" "slow_pad" "glass_pluck" "night_drone" "tape_echo" }

/// What is played.
#[derive(Clone, Copy)]
pub enum Load {
    /// So many notes, held; 0 = none was ever struck.
    Notes(usize),
    /// Sixteen notes that were lifted long ago.
    Ended,
}

impl Load {
    /// The load called `name`: a number, or `ended`.
    pub fn named(name: &str) -> Result<Self, String> {
        let number = || name.parse().map_err(|_| format!("no such load: {name}"));
        if name == "ended" { Ok(Self::Ended) } else { number().map(Self::Notes) }
    }
}

/// Seconds after which lifted notes and their echoes have gone.
const RUNG_OUT: f64 = 12.0;

/// The factory patch called `name`.
pub fn named(name: &str) -> Result<Patch, String> {
    let found = FACTORY.iter().find(|(known, _)| *known == name);
    let (_, json) = found.ok_or_else(|| format!("no such factory patch: {name}"))?;
    Patch::from_json(json).map_err(|error| error.to_string())
}

/// Engines that play `parts`, with silence at their inputs.
pub fn silent(parts: &[(Patch, Vec<TimedEvent>)]) -> Result<Stage, String> {
    Stage::new(parts).map_err(|error| error.to_string())
}

/// `instances` engines that play `patch` under `load`. A patch that plays its input hears noise.
pub fn playing(patch: &Patch, instances: usize, load: Load) -> Result<Stage, String> {
    let notes = match load {
        Load::Notes(notes) => strike(notes),
        Load::Ended => strike(16),
    };
    let mut stage = silent(&vec![(patch.clone(), notes); instances])?;
    if patch.modules.values().any(|module| module.kind == "audio_in") {
        let mut random = Random::new(1);
        stage.set_input(|| 0.25 * (2.0 * random.unit() - 1.0));
    }
    if let Load::Ended = load {
        let step = 480;
        (0..50).for_each(|_| stage.render(step));
        stage.send(0, Event::AllOff);
        (0..(RUNG_OUT * RATE) as usize / step).for_each(|_| stage.render(step));
    }
    Ok(stage)
}

/// `count` notes struck at once, spread over the keys.
fn strike(count: usize) -> Vec<TimedEvent> {
    let note = |i: usize| {
        // 5 and 48 have no common factor, so no two are the same.
        let key = (36 + i * 5 % 48) as u8;
        Event::NoteOn { id: i as i32, channel: 0, key, velocity: 0.8 }
    };
    (0..count).map(|i| TimedEvent { frame: 0, event: note(i) }).collect()
}

/// The modulation wheel at its place number `number`.
pub fn wheel(number: u64) -> Event {
    let value = (number % 100) as f32 * 0.01;
    Event::Controller { channel: 0, controller: 1, value }
}
