//! `chronus check`: what the builder would say about a patch file.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::mpsc::channel;
use std::time::Duration;

use chronus_engine::{
    Answer, Client, Compiled, Diagnostic, Registry, Rejection, Request, Terms, Verdict, compile,
    verify,
};
use chronus_patch::{FormatError, Patch};

use crate::place::line_of;
use crate::render::{Bench, block};

/// Longest that a patch may take to be built and proved.
const PATIENCE: Duration = Duration::from_secs(120);

/// What was found.
#[derive(Clone, Debug)]
pub struct Report {
    /// The plan's text form; it is there whatever the verdict.
    pub plan: String,
    /// What is missing or odd.
    pub diagnostics: Vec<Diagnostic>,
    /// Whether it may play.
    pub verdict: Result<Verdict, Rejection>,
}

/// Compiles the patch file `text`, checks the plan, and probes the graph at `sample_rate`. With
/// `strict`, a patch that stays silent is refused.
///
/// # Errors
/// When `text` is no patch.
pub fn check(
    text: &str,
    registry: &Arc<Registry>,
    sample_rate: f64,
    strict: bool,
) -> Result<Report, FormatError> {
    let patch = Patch::from_json(text)?;
    let Compiled { plan, diagnostics, .. } = compiled(&patch, registry);
    let sound = verify(&plan).map_err(Rejection::from);
    let verdict = sound.and_then(|()| prove(&patch, registry, sample_rate, strict));
    Ok(Report { plan: plan.to_string(), diagnostics, verdict })
}

/// `patch` as it would be compiled into an empty instance.
pub(crate) fn compiled(patch: &Patch, registry: &Registry) -> Compiled {
    let keys: BTreeMap<_, u32> = patch.modules.keys().zip(1..).collect();
    // The implicit output has no key of its own.
    let key = |id: &_| keys.get(id).copied().unwrap_or(u32::MAX - 1);
    compile(patch, registry, &key, None)
}

fn prove(
    patch: &Patch,
    registry: &Arc<Registry>,
    sample_rate: f64,
    strict: bool,
) -> Result<Verdict, Rejection> {
    let Bench { engine, mut renderer } = Bench::new(registry, patch);
    engine.set_sample_rate(sample_rate);
    renderer.activate(sample_rate);
    let (sender, answers) = channel();
    let terms = Terms { client: Client::Remote, strict, ..Terms::default() };
    let whole = [Request::Replace(Box::new(patch.clone()))];
    engine.commit(&whole, terms, move |answer| drop(sender.send(answer)));
    // It waits for the commit, and swaps it in.
    renderer.process(block([&mut [0.0; 1], &mut [0.0; 1]], &[], 120.0));
    match answers.recv_timeout(PATIENCE) {
        Ok(Answer::Swapped { verdict, .. }) => Ok(verdict),
        Ok(Answer::Rejected { rejection, .. }) => Err(rejection),
        Ok(answer) => Err(Rejection::Builder(format!("an odd answer: {answer:?}"))),
        Err(_) => Err(Rejection::Builder("no answer came".into())),
    }
}

/// `diagnostic` with its place in the file `text`, as `FILE:LINE: TEXT`.
#[must_use]
pub fn placed(file: &str, text: &str, diagnostic: &Diagnostic) -> String {
    match line_of(text, &diagnostic.place) {
        Some(line) => format!("{file}:{line}: {diagnostic}"),
        None => format!("{file}: {diagnostic}"),
    }
}

/// The verdict in a few lines.
#[must_use]
pub fn verdict_text(verdict: &Verdict) -> String {
    let db = |x: f32| format!("{:.1} dBFS", 20.0 * x.max(1e-10).log10());
    let sound = match (verdict.late, verdict.silent) {
        (true, _) => "silent in the probe, but something is still in attack or delay",
        (_, true) => "silent with a note held and noise at its inputs",
        _ => "sounds",
    };
    format!(
        "verdict: accepted, {sound}\n  probe peak {}, DC {:.5}\n  warm-up RMS {:.5}\n  load {:.2} % \
         of real time, all voices playing\n",
        db(verdict.peak),
        verdict.dc,
        verdict.rms,
        verdict.load * 100.0
    )
}
