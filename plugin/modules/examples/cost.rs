//! Prints what each kind costs in nanoseconds a voice and frame: one lane, a lane group, a lane group
//! whose inputs all move, and, where the kind has it, a bank. The first choice param takes each of its
//! values.
//!
//! `cargo run --release -p chronus-modules --example cost [kind [choice [column]]]`
#![allow(clippy::print_stdout, reason = "a program's output")]

use std::time::Instant;

use chronus_engine::{BLOCK, Kind, LANES, Ramp, Solo};
use chronus_modules::KINDS;

const CHUNKS: usize = 4000;

/// Fastest of several runs, in nanoseconds a lane and frame.
fn cost(mut solo: Solo, lanes: usize) -> f64 {
    solo.spin(CHUNKS / 10);
    let best = (0..7)
        .map(|_| {
            let start = Instant::now();
            solo.spin(CHUNKS);
            start.elapsed().as_nanos()
        })
        .min();
    best.unwrap_or(0) as f64 / (CHUNKS * BLOCK * lanes) as f64
}

/// `solo` with a tone in its first input, and noise in the others too where `busy`.
fn prepare(kind: &Kind, mut solo: Solo, busy: bool) -> Solo {
    solo.gates.fill(1.0);
    solo.voices.note_on(0, 1, 0, 69, 1.0);
    let mut state = 1;
    let mut noise = || {
        state = chronus_dsp::random::next(state);
        0.5 * chronus_dsp::random::bipolar(state)
    };
    for (i, input) in kind.spec.inputs.iter().enumerate() {
        let signal: Vec<f32> = (0..BLOCK).map(|_| noise()).collect();
        if busy || (i == 0 && input.name != "pitch" && input.name != "rate") {
            solo = solo.input(input.name, &signal);
        } else if input.name == "pitch" {
            solo = solo.input(input.name, &[0.25; BLOCK]);
        }
    }
    solo
}

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let wanted = |at: usize, name: &str| arguments.get(at).is_none_or(|a| a == name);
    println!("{:28}{:>9}{:>9}{:>9}{:>9}", "ns/voice-frame", "mono", "poly", "busy", "bank");
    for kind in KINDS.iter().filter(|kind| wanted(0, kind.spec.kind)) {
        let choice = kind.spec.params.iter().find(|p| !p.choices.is_empty() && p.name != "sync");
        let names = choice.map_or(&[""][..], |p| p.choices);
        for (c, name) in names.iter().enumerate().filter(|(_, name)| wanted(1, name)) {
            print!("{:14}{name:14}", kind.spec.kind);
            let columns = ["mono", "poly", "busy", "bank"].into_iter();
            for column in columns.filter(|name| wanted(2, name)) {
                let bare = match column {
                    "mono" => Solo::mono(kind, 48e3),
                    "bank" if !kind.shares_lanes() => continue,
                    "bank" => Solo::bank(kind, 48e3, &[1; LANES]),
                    _ => Solo::poly(kind, 48e3),
                };
                let mut solo = prepare(kind, bare, column == "busy");
                if let Some(param) = choice {
                    solo.set_now(param.name, Ramp::constant(c as f32));
                }
                print!("{:9.3}", cost(solo, if column == "mono" { 1 } else { LANES }));
            }
            println!();
        }
    }
}
