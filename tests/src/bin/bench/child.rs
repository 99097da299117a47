//! What one process measures: the engine or a limit at one piece of work. The bench starts a
//! process for each figure, because the engine chooses its instruction set once a process, and so
//! that no run profits from the memory of the one before.

use std::time::Duration;

use chronus_patch::Patch;
use chronus_tests::host::thread_cpu;
use chronus_tests::limit::{Layout, Limit, Set};
use chronus_tests::stage::Stage;
use chronus_tests::workload::{RATE, Workload};

use crate::factory::{self, Load};
use crate::{edits, gui, kinds, taps};

/// CPU time that is measured at a time.
const MEASURED: Duration = Duration::from_millis(150);
/// Audio between looks at the clock.
const SLICE_FRAMES: usize = 9600;
/// Audio before the measurement: past attack and decay.
const WARM_FRAMES: usize = 14_400;
/// Audio that callgrind counts.
const COUNTED_FRAMES: usize = 4800;

/// Something that renders blocks.
type Render = Box<dyn FnMut(&mut [f32])>;

/// Runs the work that `args` describe and answers with a line for the bench.
pub fn run(args: &[&str]) -> Result<String, String> {
    match args {
        ["edits", voices, edits, rest] => {
            edits::run(number(voices)?, number(edits)?, edits::Rest::named(rest)?)
        }
        ["gui", rounds] => gui::run(number(rounds)?),
        ["kinds"] => Ok(kinds::run()),
        ["count", block, work @ ..] => {
            let (mut render, block) = (render(work, number(block)?)?, number(block)?);
            play(&mut render, block, WARM_FRAMES);
            callgrind_counts_this(&mut || play(&mut render, block, COUNTED_FRAMES));
            Ok(COUNTED_FRAMES.to_string())
        }
        ["time", block, work @ ..] => {
            let (mut render, block) = (render(work, number(block)?)?, number(block)?);
            play(&mut render, block, WARM_FRAMES);
            let (start, mut frames, mut took) = (thread_cpu(), 0, Duration::ZERO);
            while took < MEASURED {
                play(&mut render, block, SLICE_FRAMES);
                frames += SLICE_FRAMES;
                took = thread_cpu() - start;
            }
            Ok((took.as_secs_f64() / (frames as f64 / RATE)).to_string())
        }
        _ => Err(format!("no such work: {args:?}")),
    }
}

/// Callgrind's `--toggle-collect` names this function: only what it calls is counted, so neither
/// the start of the process nor other threads are.
#[inline(never)]
fn callgrind_counts_this(work: &mut dyn FnMut()) {
    work();
}

fn play(render: &mut Render, block: usize, frames: usize) {
    let mut out = vec![0.0; block];
    for at in (0..frames).step_by(block) {
        let n = block.min(frames - at);
        render(&mut out[..n]);
    }
    std::hint::black_box(&out);
}

/// What renders the work that `args` describe.
fn render(args: &[&str], block: usize) -> Result<Render, String> {
    match args {
        ["engine", workload, n, events] => {
            let parts = workload_named(workload)?.parts(number(n)?);
            Ok(engine(factory::silent(&parts)?, *events == "events"))
        }
        ["tapped", workload, n, scopes, levels, loads] => {
            let parts = workload_named(workload)?.parts(number(n)?);
            let mut stage = factory::silent(&parts)?;
            let seen = (number(scopes)?, number(levels)?, number(loads)? > 0);
            taps::tap(&stage, &parts[0].0, seen)?;
            let mut block = 0;
            Ok(Box::new(move |out| {
                block += 1;
                taps::keep(&stage, block);
                stage.render(out.len());
                out.copy_from_slice(&stage.left()[..out.len()]);
            }))
        }
        ["limit", layout, set, workload, n] => {
            let layout = match *layout {
                "lanes" => Layout::Lanes,
                _ => Layout::Modules,
            };
            let set = Set::named(set).ok_or_else(|| format!("this machine has no {set}"))?;
            let mut limit = Limit::new(workload_named(workload)?, number(n)?, layout, set, block);
            Ok(Box::new(move |out| limit.render(out)))
        }
        ["factory", name, instances, load] => {
            let patch: Patch = factory::named(name)?;
            Ok(engine(factory::playing(&patch, number(instances)?, Load::named(load)?)?, false))
        }
        _ => Err(format!("no such work: {args:?}")),
    }
}

fn engine(mut stage: Stage, events: bool) -> Render {
    let mut number = 0u64;
    Box::new(move |out| {
        if events {
            // In the middle of a chunk, wherever the block begins.
            number += 1;
            stage.send((out.len() / 2 + 5) as u32 % out.len() as u32, factory::wheel(number));
        }
        stage.render(out.len());
        out.copy_from_slice(&stage.left()[..out.len()]);
    })
}

fn workload_named(name: &str) -> Result<Workload, String> {
    Workload::named(name).ok_or_else(|| format!("no such workload: {name}"))
}

fn number(text: &str) -> Result<usize, String> {
    text.parse().map_err(|_| format!("not a number: {text}"))
}
