//! The load of single modules, measured while somebody wants to see it: in every fourth chunk the clock
//! is read around one step, each in its turn, so it costs the same however many modules there are.

use std::time::{Duration, Instant};

use super::Graph;
use super::bank::beside;
use super::program::{Program, Run, Step};

/// Frames of the shortest chunk that is measured: below, what is done once a chunk is all there is to see.
const LEAST_FRAMES: usize = 16;

/// Chunks from one measurement to the next: to read the clock costs as much as a small module.
const EVERY: u8 = 4;

/// Whose turn it is.
#[derive(Default)]
pub(super) struct Meter {
    turn: usize,
    /// Chunks since the last measurement.
    since: u8,
}

impl Meter {
    /// The step of `program` to be measured in a chunk of `frames` frames: its position.
    fn turn(&mut self, program: &Program, frames: usize) -> Option<usize> {
        let measured = &program.measured;
        if measured.is_empty() || frames < LEAST_FRAMES {
            return None;
        }
        self.since += 1;
        if self.since < EVERY {
            return None;
        }
        self.since = 0;
        self.turn = if self.turn + 1 < measured.len() { self.turn + 1 } else { 0 };
        Some(measured[self.turn] as usize)
    }
}

/// A clock that knows what it costs to look at it.
pub(super) struct Stopwatch {
    started: Instant,
    looking: Duration,
}

impl Stopwatch {
    fn start() -> Self {
        let before = Instant::now();
        let started = Instant::now();
        Self { started, looking: started - before }
    }

    fn stop(&self) -> Duration {
        self.started.elapsed().saturating_sub(self.looking)
    }
}

impl Graph {
    /// The step that is to be measured in this chunk, if any is.
    #[inline(always)]
    pub(super) fn measured(&mut self, program: &Program, frames: usize) -> Option<usize> {
        if self.taps.loads() { self.meter.turn(program, frames) } else { None }
    }

    /// Calls `run`, which takes `step` through `frames` frames, and notes how long that takes.
    pub(super) fn measure<T>(
        &mut self,
        step: &Step,
        frames: usize,
        run: impl FnOnce(&mut Self) -> T,
    ) -> T {
        let watch = Stopwatch::start();
        let done = run(self);
        self.note_load(step, watch.stop(), frames);
        done
    }

    /// A chunk of `frames` frames went by in sleep: whose turn it is cost nothing.
    pub(super) fn measure_nothing(&mut self, program: &Program, frames: usize) {
        if let Some(at) = self.measured(program, frames) {
            self.note_load(&program.steps[at], Duration::ZERO, frames);
        }
    }

    fn note_load(&self, step: &Step, took: Duration, frames: usize) {
        let load = took.as_secs_f32() * self.sample_rate / frames as f32;
        let note = |n: usize, load: f32| {
            if let Some(node) = &self.nodes[self.roster.seat(n)] {
                node.cells.note_load(load);
            }
        };
        match step {
            Step::Run(Run { node, .. }) => note(*node as usize, load),
            Step::Bank(run) => {
                // Side by side they cost as much as one of them: each its share.
                let among = beside(&self.plan, run.node).count().max(1) as f32;
                beside(&self.plan, run.node).for_each(|(_, n)| note(n, load / among));
            }
            Step::Mix(_) | Step::Gather(_) | Step::Delay(_) | Step::Store(_) => {}
        }
    }
}
