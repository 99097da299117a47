//! What looking costs the audio thread: the same work with outputs tapped, as an editor's window taps
//! them, and without.

use chronus_engine::{MAX_LEVELS, MAX_SCOPES, Registry, Tapped};
use chronus_patch::Patch;
use chronus_tests::stage::Stage;

use crate::race::{Runner, Work, has_valgrind};
use crate::report::Report;
use crate::scenarios::BLOCK;

/// Blocks between two signs of life of who looks.
const KEEP_EVERY: u64 = 1024;

/// Scopes, levels, and whether the loads of modules are measured.
pub type Seen = (usize, usize, bool);

/// How much longer a block takes with outputs tapped, 0.01 being one part in a hundred.
#[derive(Clone, Copy, Debug)]
pub struct Growth {
    /// By CPU time, the median of interleaved pairs.
    pub time: f64,
    /// By instructions, where callgrind is installed.
    pub instructions: Option<f64>,
}

impl Growth {
    /// The figure that a limit holds for: instructions, which do not depend on what else runs.
    pub fn block(&self) -> f64 {
        self.instructions.unwrap_or(self.time)
    }
}

/// The growth by `scopes` outputs seen whole, `levels` glanced at and the loads of modules measured, of
/// `n` voices of `workload`.
pub fn growth(
    runner: &Runner,
    workload: &str,
    n: usize,
    (scopes, levels, loads): Seen,
) -> Result<Growth, String> {
    let work = |scopes: usize, levels: usize, loads: bool| {
        let loads = u8::from(loads);
        Work::engine("", "avx2", &format!("tapped {workload} {n} {scopes} {levels} {loads}"))
    };
    let works = [work(0, 0, false), work(scopes, levels, loads)];
    let time = runner.race(BLOCK, &works)?.ratio(0, 1) - 1.0;
    let mut instructions = None;
    if has_valgrind() {
        let [(plain, _), (tapped, _)] =
            [runner.instructions(BLOCK, &works[0])?, runner.instructions(BLOCK, &works[1])?];
        instructions = Some(tapped / plain - 1.0);
    }
    Ok(Growth { time, instructions })
}

/// What an editor's window costs: 16 voices with 64 taps, the figure of the gui's report.
pub fn audio_block_growth(runner: &Runner) -> Result<Growth, String> {
    growth(runner, "W1", 16, (0, MAX_LEVELS, false))
}

/// The scenario.
pub fn taps(runner: &Runner, report: &mut Report) -> Result<(), String> {
    let window = audio_block_growth(runner)?;
    report.add("audio_block_growth", window.block(), "of a block, W1 N=16 with 64 levels");
    report.add("audio_block_growth_time", window.time, "the same by CPU time");
    let cases = [
        ("w1_n16_scope", "W1", (1, 0, false)),
        ("w1_n16_scopes", "W1", (MAX_SCOPES, 0, false)),
        ("w1_n16_all", "W1", (MAX_SCOPES, MAX_LEVELS, false)),
        ("w1_n16_loads", "W1", (0, 0, true)),
        ("w3_n16", "W3", (0, MAX_LEVELS, false)),
        ("w3_n16_loads", "W3", (0, 0, true)),
    ];
    for (name, workload, taps) in cases {
        let found = growth(runner, workload, 16, taps)?;
        let (scopes, levels, loads) = taps;
        let loads = if loads { ", loads of modules" } else { "" };
        let what = format!("{scopes} scopes, {levels} levels{loads}");
        report.add(format!("taps_{name}"), found.block(), &what);
        report.add(format!("taps_{name}_time"), found.time, "the same by CPU time");
    }
    Ok(())
}

/// Taps so many outputs of the first patch on `stage`: those with a cable, again and again.
pub fn tap(stage: &Stage, patch: &Patch, (scopes, levels, loads): Seen) -> Result<(), String> {
    let engine = stage.engine().ok_or("an engine")?;
    let registry: &Registry = engine.registry();
    let mut outputs: Vec<Tapped> = Vec::new();
    for cable in patch.cables.values() {
        let module = patch.modules.get(&cable.from.module).ok_or("a module")?;
        let spec = registry.spec(&module.kind).map_err(|error| error.to_string())?;
        let output = spec.output(&cable.from.port).ok_or("an output")?;
        let key = engine.module_key(&cable.from.module).ok_or("a key")?;
        let tapped = (key, u8::try_from(output).map_err(|error| error.to_string())?);
        if !outputs.contains(&tapped) {
            outputs.push(tapped);
        }
    }
    let some = |count: usize| outputs.iter().copied().cycle().take(count).collect::<Vec<_>>();
    engine.taps().set(&some(scopes), &some(levels));
    engine.taps().set_loads(loads);
    Ok(())
}

/// Who looks still does, in block `number`.
pub fn keep(stage: &Stage, number: u64) {
    if let Some(engine) = stage.engine().filter(|_| number.is_multiple_of(KEEP_EVERY)) {
        engine.taps().keep(engine.frame());
    }
}
