//! The standby's stages, each a type: `Built`, `Probed`, `Primed`, `Warm`, `Verified`. Only a
//! `Verified` can be published. Runs on the builder.

mod looks;

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::{Duration, Instant};

use chronus_patch::ModuleId;
use thiserror::Error;

use self::looks::Looks;
use crate::graph::{Graph, Write};
use crate::module::{BLOCK, FEEDBACK_FRAMES, splitmix};
use crate::plan::{NodeIndex, Origin, Plan};
use crate::ramp::Ramp;
use crate::spec::Tail;
use crate::verify::PlanFault;
use crate::voices::Voices;
use crate::world::{AudioOut, MACROS, Transport, World};

/// Frames of the probe.
pub const PROBE_FRAMES: usize = 4096;
/// Frames of one piece of it: what the runaway test compares.
const PROBE_PIECE: usize = 512;
/// The probe's note.
const PROBE_KEY: u8 = 60;
/// Its velocity.
const PROBE_VELOCITY: f32 = 100.0 / 127.0;
/// Level of the noise that the probe feeds to the audio inputs: -12 dBFS.
const PROBE_NOISE: f32 = 0.251_188_64;
/// Loudest peak that passes: +24 dBFS.
const CEILING: f32 = 15.848_932;
/// Below this peak (-90 dBFS) the patch counts as silent.
const SILENT: f32 = 3.162_277_7e-5;
/// Growth of 6 dB.
const DOUBLE: f32 = 1.995_262_3;
/// A rise is only a runaway from here (-20 dBFS) on: below, it may be a slow attack.
const RUNAWAY_FLOOR: f32 = 0.1;
/// Blocks between two looks at every module's output.
const LOOK_EVERY: usize = 8;
/// Blocks rendered with all voices, to measure what they cost.
const COST_BLOCKS: usize = 16;
/// Frames of a block of the warm-up; no patch has a chunk that may not be as long.
const WARM_FRAMES: usize = FEEDBACK_FRAMES;
/// Longest that warm-up may take.
const WARM_TIME: Duration = Duration::from_millis(50);

/// What verification found.
#[derive(Clone, Debug, PartialEq)]
pub struct Verdict {
    /// RMS of each warm-up block, with the notes held now.
    pub warm_rms: Vec<f32>,
    /// RMS over the whole warm-up.
    pub rms: f32,
    /// Highest sample on its way to the outputs in the probe.
    pub peak: f32,
    /// Mean of the probe's second half.
    pub dc: f32,
    /// Share of real time that it takes with all voices playing.
    pub load: f32,
    /// It stayed under -90 dBFS in the probe.
    pub silent: bool,
    /// It stayed silent, but something on the way to the output was still in attack or delay.
    pub late: bool,
}

/// Why a commit was refused.
#[derive(Clone, Debug, PartialEq, Error)]
pub enum Rejection {
    /// A staged edit does not apply to the patch.
    #[error("edit {index}: {text}")]
    Edit {
        /// Its position among the commit's edits.
        index: usize,
        /// Why.
        text: String,
    },
    /// A module gives NaN or infinite samples.
    #[error("module `{module}` makes samples that are no numbers")]
    NonFinite {
        /// The first module that does.
        module: ModuleId,
    },
    /// The output is dangerously loud.
    #[error(
        "the output peaks at {peak_db:.0} dBFS, over the ceiling of +24; loudest is module `{module}`"
    )]
    Ceiling {
        /// The loudest module.
        module: ModuleId,
        /// In dBFS.
        peak_db: f32,
    },
    /// The output keeps growing.
    #[error(
        "the output grows without end ({peak_db:.0} dBFS and doubling); loudest is module `{module}`: lower a gain in its loop"
    )]
    Runaway {
        /// The loudest module.
        module: ModuleId,
        /// In dBFS.
        peak_db: f32,
    },
    /// It would take too much of the audio thread's time.
    #[error("over budget: {} of {:.0} %", sum(*playing, *load), budget * 100.0)]
    OverBudget {
        /// Share of real time that it would take.
        load: f32,
        /// Share that what plays was proved to take; 0 where that is not known.
        playing: f32,
        /// Share allowed.
        budget: f32,
    },
    /// The patch stays silent, and the commit was strict.
    #[error("the patch stays silent with a note held and noise at its inputs")]
    Silent,
    /// A module panicked.
    #[error("module `{module}` failed: {text}")]
    Panicked {
        /// The module.
        module: ModuleId,
        /// Its message.
        text: String,
    },
    /// The compiler made a wrong plan.
    #[error("internal fault, please report: {0}")]
    Plan(#[from] PlanFault),
    /// The builder itself failed.
    #[error("internal fault, please report: {0}")]
    Builder(String),
}

/// A load in percent: as what plays and what comes on top of it, where more comes.
fn sum(playing: f32, load: f32) -> String {
    let percent = |share: f32| share * 100.0;
    if playing > 0.0 && load > playing {
        format!("{:.0} % + {:.0} %", percent(playing), percent(load - playing))
    } else {
        format!("{:.0} %", percent(load))
    }
}

/// Why a standby went no further.
#[derive(Clone, Debug)]
pub(crate) enum Stop {
    /// It failed verification.
    Rejected(Rejection),
    /// Nobody wants it any more.
    Canceled,
}

impl From<Rejection> for Stop {
    fn from(rejection: Rejection) -> Self {
        Self::Rejected(rejection)
    }
}

/// What a commit demands.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Demands {
    pub strict: bool,
    /// Share of real time allowed; `None` = any.
    pub budget: Option<f32>,
    /// Share that what plays takes, 0 where that is not known.
    pub playing: f32,
    /// Blocks of warm-up, 1..=64.
    pub warm_blocks: usize,
}

/// The values that a standby is proved with: those it will have when it is swapped in.
pub(crate) struct Values<'a> {
    pub macros: Box<[Ramp; MACROS]>,
    pub writes: &'a [Write],
}

impl Values<'_> {
    /// Gives `graph` these values, at once.
    fn give(&self, graph: &mut Graph) {
        graph.snap(&self.macros);
        graph.foresee(self.writes);
    }
}

/// Allocated; nothing has run.
pub(crate) struct Built {
    graph: Box<Graph>,
    sample_rate: f64,
}

/// Proved harmless on scratch input.
pub(crate) struct Probed {
    graph: Box<Graph>,
    sample_rate: f64,
    found: Found,
}

/// Clean again, with live values.
pub(crate) struct Primed {
    graph: Box<Graph>,
    found: Found,
    voices: Box<Voices>,
    macros: Box<[Ramp; MACROS]>,
    frame: u64,
}

/// Pages touched, filters settled.
pub(crate) struct Warm {
    graph: Box<Graph>,
    found: Found,
    rms: Vec<f32>,
}

/// Ready to be published.
pub(crate) struct Verified {
    pub graph: Box<Graph>,
    pub verdict: Verdict,
}

struct Found {
    /// Highest sample on its way into a sink.
    peak: f32,
    /// Highest sample that the host would hear.
    heard: f32,
    dc: f32,
    load: f32,
    runaway: bool,
    late: bool,
    loudest: NodeIndex,
}

impl Built {
    pub fn new(graph: Graph, sample_rate: f64) -> Self {
        Self { graph: Box::new(graph), sample_rate }
    }

    /// Holds a note, feeds noise to the inputs, and looks at what comes out.
    pub fn probe(
        mut self,
        values: &Values<'_>,
        canceled: &dyn Fn() -> bool,
    ) -> Result<Probed, Stop> {
        let plan = Arc::clone(self.graph.plan());
        values.give(&mut self.graph);
        let mut scratch = Scratch::new(&plan, values, self.sample_rate);
        scratch.voices.note_on(0, -1, 0, PROBE_KEY, PROBE_VELOCITY);
        self.open_gates(&plan, true);
        let mut looks = Looks::new(&plan);
        let mut out = Vec::with_capacity(PROBE_FRAMES);
        let frames = self.graph.longest_chunk();
        let mut levels = Vec::with_capacity(PROBE_FRAMES / frames);
        for block in 0..PROBE_FRAMES / frames {
            if canceled() {
                return Err(Stop::Canceled);
            }
            looks.looking = block % LOOK_EVERY == LOOK_EVERY - 1;
            looks.into_sinks = 0.0;
            let rendered = scratch.render(&mut self.graph, &mut looks);
            let heard = rendered.map_err(|text| {
                let node = &plan.nodes[self.graph.running() as usize];
                Rejection::Panicked { module: node.id.clone(), text }
            })?;
            let finite = heard.channels.iter().flatten().all(|x| x.is_finite());
            if !finite || looks.nonfinite.is_some() {
                return Err(self.culprit(&plan, values).into());
            }
            levels.push(looks.into_sinks);
            out.extend((0..frames).map(|k| [heard.channels[0][k], heard.channels[1][k]]));
        }
        scratch.strike_all();
        let mut times = Vec::with_capacity(COST_BLOCKS);
        for _ in 0..COST_BLOCKS {
            let started = Instant::now();
            looks.looking = false;
            // What panics only now panics with more notes; it has been seen to work with one.
            let rendered = scratch.render(&mut self.graph, &mut looks);
            rendered.map_err(|text| {
                let node = &plan.nodes[self.graph.running() as usize];
                Rejection::Panicked { module: node.id.clone(), text }
            })?;
            times.push(started.elapsed().as_secs_f64());
        }
        // The lower quartile: other threads may interrupt a block, nothing makes one faster.
        times.sort_by(f64::total_cmp);
        let load = (times[COST_BLOCKS / 4] * self.sample_rate / frames as f64) as f32;
        let found = found(&plan, &out, &levels, load, &looks);
        Ok(Probed { graph: self.graph, sample_rate: self.sample_rate, found })
    }

    /// Runs the probe again and looks at every module in every block: the first with a bad sample.
    fn culprit(&mut self, plan: &Plan, values: &Values<'_>) -> Rejection {
        self.graph.reset();
        let mut scratch = Scratch::new(plan, values, self.sample_rate);
        scratch.voices.note_on(0, -1, 0, PROBE_KEY, PROBE_VELOCITY);
        let mut looks = Looks::new(plan);
        looks.looking = true;
        for _ in 0..PROBE_FRAMES / self.graph.longest_chunk() {
            if scratch.render(&mut self.graph, &mut looks).is_err() || looks.nonfinite.is_some() {
                break;
            }
        }
        let node = looks.nonfinite.unwrap_or_else(|| self.graph.running());
        Rejection::NonFinite { module: plan.nodes[node as usize].id.clone() }
    }

    fn open_gates(&mut self, plan: &Plan, on: bool) {
        for node in plan.nodes.iter().filter(|n| n.spec.gate) {
            self.graph.set_gate(node.key.module, on);
        }
    }
}

impl Probed {
    /// Forgets the probe; takes the notes held now and the values of now. Never invents a gate.
    ///
    /// `frame` is where the DSP thread is: ramps of notes and controllers count from there.
    pub fn prime(mut self, voices: &Voices, values: &Values<'_>, frame: u64) -> Primed {
        self.graph.reset();
        values.give(&mut self.graph);
        self.graph.forget_peaks();
        let frame = frame.next_multiple_of(BLOCK as u64);
        let mut voices = Box::new(voices.replanned(self.graph.plan().voices, frame));
        voices.set_sample_rate(self.sample_rate);
        let macros = values.macros.clone();
        Primed { graph: self.graph, found: self.found, voices, macros, frame }
    }
}

impl Primed {
    /// Renders `blocks` blocks, or fewer where they take too long, and measures each. Unhurried
    /// (offline), it renders all: what a new module is warmed to may not depend on the machine.
    pub fn warm(
        mut self,
        blocks: usize,
        unhurried: bool,
        canceled: &dyn Fn() -> bool,
    ) -> Result<Warm, Stop> {
        let started = Instant::now();
        let transport = Transport::default();
        let mut rms = Vec::with_capacity(blocks);
        for block in 0..blocks {
            if canceled() {
                return Err(Stop::Canceled);
            }
            if !unhurried && block > 0 && started.elapsed() > WARM_TIME {
                break;
            }
            let mut out = AudioOut::default();
            let world = World {
                voices: &self.voices,
                audio_in: [&[0.0; WARM_FRAMES]; 2],
                audio_out: &mut out,
                macros: &self.macros,
                transport: &transport,
            };
            let graph = &mut self.graph;
            let start = self.frame + (block * WARM_FRAMES) as u64;
            let render = AssertUnwindSafe(|| {
                graph.render(WARM_FRAMES, start, world, &mut crate::graph::Blind);
            });
            if let Err(panic) = catch_unwind(render) {
                let node = &self.graph.plan().nodes[self.graph.running() as usize];
                let text = panic_text(&*panic);
                return Err(Rejection::Panicked { module: node.id.clone(), text }.into());
            }
            let squares: f32 = out.channels.iter().flatten().map(|x| x * x).sum();
            rms.push((squares / (2 * WARM_FRAMES) as f32).sqrt());
        }
        self.graph.forget_peaks();
        self.graph.forget_warm_up();
        self.graph.pack_arrivals();
        Ok(Warm { graph: self.graph, found: self.found, rms })
    }
}

impl Warm {
    /// The judgement.
    pub fn verify(self, demands: &Demands) -> Result<Verified, Rejection> {
        let Self { graph, found, rms } = self;
        let module = || graph.plan().nodes[found.loudest as usize].id.clone();
        let peak_db = 20.0 * found.peak.log10();
        if found.peak > CEILING {
            return Err(Rejection::Ceiling { module: module(), peak_db });
        }
        if found.runaway {
            return Err(Rejection::Runaway { module: module(), peak_db });
        }
        if let Some(budget) = demands.budget.filter(|&budget| found.load > budget) {
            let (load, playing) = (found.load, demands.playing);
            return Err(Rejection::OverBudget { load, playing, budget });
        }
        let silent = found.heard < SILENT;
        if demands.strict && silent && !found.late {
            return Err(Rejection::Silent);
        }
        let all = rms.iter().map(|r| r * r).sum::<f32>() / rms.len().max(1) as f32;
        let verdict = Verdict {
            rms: all.sqrt(),
            warm_rms: rms,
            peak: found.peak,
            dc: found.dc,
            load: found.load,
            silent,
            late: silent && found.late,
        };
        Ok(Verified { graph, verdict })
    }
}

/// Reads the probe: `out` is what the host would hear, `levels` the peak of each block on its way
/// into the sinks, where no limiter hides anything.
fn found(plan: &Plan, out: &[[f32; 2]], levels: &[f32], load: f32, looks: &Looks) -> Found {
    let max = |levels: &[f32]| levels.iter().copied().fold(0.0, f32::max);
    let pieces: Vec<f32> =
        levels.chunks(levels.len() * PROBE_PIECE / PROBE_FRAMES).map(max).collect();
    let growing = match pieces[..] {
        [.., before, last_but_one, last] => {
            last > RUNAWAY_FLOOR && last > last_but_one * DOUBLE && last_but_one > before * DOUBLE
        }
        _ => false,
    };
    let half = &out[out.len() / 2..];
    let mean = half.iter().map(|f| f64::from(f[0] + f[1]) / 2.0).sum::<f64>() / half.len() as f64;
    let feeds = |n: &usize| looks.feeds[*n] > 0.0;
    let loudest = (0..plan.nodes.len()).filter(feeds);
    let loudest = loudest.max_by(|&a, &b| looks.peaks[a].total_cmp(&looks.peaks[b]));
    Found {
        peak: max(levels),
        heard: out.iter().flatten().fold(0.0, |m: f32, x| m.max(x.abs())),
        dc: mean as f32,
        load,
        runaway: growing,
        late: sounds_later(plan, looks),
        loudest: loudest.unwrap_or(0) as NodeIndex,
    }
}

/// True when a signal is on its way to a sink through a module with an attack or a delay.
fn sounds_later(plan: &Plan, looks: &Looks) -> bool {
    let mut upstream = vec![false; plan.nodes.len()];
    let mut into = vec![Vec::new(); plan.nodes.len()];
    for wire in plan.wires.iter().filter(|w| w.stays) {
        if let Origin::Port { node, .. } = wire.from {
            into[wire.to as usize].push(node as usize);
        }
    }
    let mut open: Vec<usize> = (0..plan.nodes.len()).filter(|&n| plan.nodes[n].spec.sink).collect();
    let mut waits = false;
    let mut sounds = false;
    while let Some(n) = open.pop() {
        if std::mem::replace(&mut upstream[n], true) {
            continue;
        }
        let spec = plan.nodes[n].spec;
        waits |= spec.gate || matches!(spec.tail, Tail::Seconds(_));
        sounds |= looks.peaks[n] > SILENT;
        open.extend(&into[n]);
    }
    waits && sounds
}

/// The world of the probe.
struct Scratch {
    voices: Box<Voices>,
    macros: Box<[Ramp; MACROS]>,
    transport: Transport,
    noise: u64,
    frame: u64,
    sample_rate: f64,
}

impl Scratch {
    fn new(plan: &Plan, values: &Values<'_>, sample_rate: f64) -> Self {
        Self {
            voices: Box::new(Voices::new(plan.voices, sample_rate)),
            macros: values.macros.clone(),
            transport: Transport { playing: true, ..Transport::default() },
            noise: 1,
            frame: 0,
            sample_rate,
        }
    }

    /// Holds as many notes as there are voices.
    fn strike_all(&mut self) {
        for v in 1..self.voices.count() as u8 {
            self.voices.note_on(self.frame, -1, 0, (PROBE_KEY + v) & 127, PROBE_VELOCITY);
        }
    }

    /// One block; `Err` with the message of a panic.
    fn render(&mut self, graph: &mut Graph, looks: &mut Looks) -> Result<AudioOut, String> {
        debug_assert!(self.sample_rate > 0.0);
        let frames = graph.longest_chunk();
        let mut input = [[0f32; BLOCK]; 2];
        for x in input.iter_mut().flat_map(|channel| &mut channel[..frames]) {
            self.noise = self.noise.wrapping_add(1);
            let bits = splitmix(self.noise) >> 40;
            *x = (bits as f32 / (1 << 23) as f32 - 1.0) * PROBE_NOISE;
        }
        let mut out = AudioOut::default();
        let world = World {
            voices: &self.voices,
            audio_in: [&input[0][..frames], &input[1][..frames]],
            audio_out: &mut out,
            macros: &self.macros,
            transport: &self.transport,
        };
        let frame = self.frame;
        catch_unwind(AssertUnwindSafe(|| graph.render(frames, frame, world, looks)))
            .map_err(|panic| panic_text(&*panic))?;
        self.frame += frames as u64;
        Ok(out)
    }
}

/// What a panic said.
pub(crate) fn panic_text(panic: &(dyn std::any::Any + Send)) -> String {
    let text = panic.downcast_ref::<&str>().map(|s| (*s).to_owned());
    let text = text.or_else(|| panic.downcast_ref::<String>().cloned());
    text.unwrap_or_else(|| "a panic without a message".into())
}
