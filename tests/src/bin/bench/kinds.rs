//! What each kind costs by itself: nanoseconds a voice and frame, in one lane and in a lane group.

use std::time::Duration;

use chronus_engine::{BLOCK, Kind, LANES, Solo};
use chronus_tests::host::thread_cpu;
use chronus_tests::random::Random;
use chronus_tests::workload::RATE;
use serde_json::{Map, Value, json};

/// Chunks of a run, and runs, of which the fastest counts.
const CHUNKS: usize = 1500;
const RUNS: usize = 7;

/// `{kind: [mono, poly]}`.
pub fn run() -> String {
    let cost = |kind: &Kind| json!([cost(kind, false), cost(kind, true)]);
    let kinds = chronus_modules::KINDS.iter().map(|kind| (kind.spec.kind.to_owned(), cost(kind)));
    Value::Object(kinds.collect::<Map<_, _>>()).to_string()
}

fn cost(kind: &Kind, poly: bool) -> f64 {
    let mut solo = prepare(kind, poly);
    solo.spin(CHUNKS / 10);
    let run = || {
        let start = thread_cpu();
        solo.spin(CHUNKS);
        thread_cpu() - start
    };
    let best = std::iter::repeat_with(run).take(RUNS).min().unwrap_or(Duration::ZERO);
    let lanes = if poly { LANES } else { 1 };
    best.as_secs_f64() * 1e9 / (CHUNKS * BLOCK * lanes) as f64
}

/// The kind under a held note, with noise in its first input.
fn prepare(kind: &Kind, poly: bool) -> Solo {
    let mut solo = if poly { Solo::poly(kind, RATE) } else { Solo::mono(kind, RATE) };
    solo.gates.fill(1.0);
    solo.voices.note_on(0, 1, 0, 69, 1.0);
    let mut random = Random::new(1);
    let noise: Vec<f32> = (0..BLOCK).map(|_| random.unit() - 0.5).collect();
    match kind.spec.inputs.first() {
        Some(input) if input.name == "pitch" => solo.input("pitch", &[0.25; BLOCK]),
        Some(input) if input.name != "rate" => solo.input(input.name, &noise),
        _ => solo,
    }
}
