//! W3: edits of a patch that plays. Three modules come, are heard, and go again; what each swap
//! costs the DSP thread, and how long a commit takes to be heard.

use std::sync::Arc;
use std::time::{Duration, Instant};

use chronus_engine::{Registry, Request, Revision, Terms};
use chronus_patch::Point;
use chronus_tests::host::thread_cpu;
use chronus_tests::measure::quantile;
use chronus_tests::stage::Player;
use chronus_tests::workload::{RATE, Workload};
use serde_json::json;

/// Frames of a block.
const BLOCK: usize = 64;
/// Blocks on each side of the swapping one that it is compared with.
const NEIGHBOURS: usize = 10;
/// Blocks from one edit to the next, after which its fades are long over.
const PAUSE: usize = 30;

/// How the thread that renders passes the time until a block is due.
#[derive(Clone, Copy)]
pub enum Rest {
    /// It sleeps, as a host's does: what a swap needs beyond what each block needs comes from far away then.
    Asleep,
    /// It watches the clock, so that its core stays as it is: as engines are measured that render without a
    /// pause.
    Awake,
}

impl Rest {
    /// The one called `name`.
    pub fn named(name: &str) -> Result<Self, String> {
        match name {
            "asleep" => Ok(Self::Asleep),
            "awake" => Ok(Self::Awake),
            _ => Err(format!("neither asleep nor awake: {name}")),
        }
    }
}

/// Longest that a commit may take.
const PATIENCE: Duration = Duration::from_secs(20);

/// `edits` edits, and as many that take them back, of a patch of `voices` voices in four modules
/// each. The host's clock is kept: a block is rendered when it is due, not earlier.
pub fn run(voices: usize, edits: usize, rest: Rest) -> Result<String, String> {
    let registry = Arc::new(Registry::new(chronus_modules::KINDS));
    let parts = Workload::W3.parts(voices);
    let (patch, _) = &parts[0];
    let player = Player::new(&registry, patch).map_err(|error| error.to_string())?;
    let mut show = Show { player, rest, due: Instant::now(), costs: Vec::new() };
    (0..200).for_each(|_| show.block());
    let (mut extra, mut commits) = ([Vec::new(), Vec::new()], [Vec::new(), Vec::new()]);
    for _ in 0..edits {
        for (n, requests) in [added(), removed()].into_iter().enumerate() {
            let (cost, took) = show.edit(&requests)?;
            extra[n].push(cost);
            commits[n].push(took);
        }
    }
    let counters = show.player.engine.counters();
    Ok(json!({
        "modules": patch.modules.len(),
        "extra_us": quantile(&extra[0], 0.5),
        "extra_us_p99": quantile(&extra[0], 0.99),
        "extra_us_removed": quantile(&extra[1], 0.5),
        "exchange_us": counters.swap_ns.quantile(0.5) as f64 * 1e-3,
        "block_us": quantile(&show.costs, 0.5),
        "commit_ms_p50": quantile(&commits[0], 0.5),
        "commit_ms_p99": quantile(&commits[0], 0.99),
    })
    .to_string())
}

/// An engine in front of its audience.
struct Show {
    player: Player,
    rest: Rest,
    /// When the next block is due.
    due: Instant,
    /// CPU time of each call of `process`, in us.
    costs: Vec<f64>,
}

impl Show {
    fn block(&mut self) {
        let ahead = || self.due.saturating_duration_since(Instant::now());
        match self.rest {
            Rest::Asleep => std::thread::sleep(ahead()),
            Rest::Awake => {
                while !ahead().is_zero() {
                    std::hint::spin_loop();
                }
            }
        }
        // Who is late begins anew, instead of rushing through what was missed.
        let length = Duration::from_secs_f64(BLOCK as f64 / RATE);
        self.due = self.due.max(Instant::now() - length) + length;
        let [mut left, mut right] = [[0.0; BLOCK]; 2];
        let start = thread_cpu();
        self.player.render([&mut left, &mut right], &[]);
        self.costs.push((thread_cpu() - start).as_secs_f64() * 1e6);
    }

    /// What the swapping call cost over its neighbours, in us, and how long the commit took, in ms.
    fn edit(&mut self, requests: &[Request]) -> Result<(f64, f64), String> {
        let terms = Terms { over_budget: true, deadline: Some(PATIENCE), ..Terms::default() };
        let committed = Instant::now();
        let revision: Revision = self.player.engine.commit(requests, terms, |_| {});
        while self.player.renderer.revision() < revision {
            self.block();
            if let Some((_, why)) = self.player.engine.refusal() {
                return Err(why.to_string());
            }
            if committed.elapsed() > PATIENCE {
                return Err("a commit took too long".into());
            }
        }
        let took = committed.elapsed().as_secs_f64() * 1e3;
        let swap = self.costs.len() - 1;
        (0..PAUSE).for_each(|_| self.block());
        let before = &self.costs[swap - NEIGHBOURS..swap];
        let after = &self.costs[swap + 1..=swap + NEIGHBOURS];
        let usual = quantile(&[before, after].concat(), 0.5);
        Ok((self.costs[swap] - usual, took))
    }
}

/// A sine, its low-pass and a gain, heard.
fn added() -> Vec<Request> {
    let create = |id: &str, kind: &str| Request::Create {
        id: id.into(),
        kind: kind.into(),
        position: Point::default(),
    };
    let set =
        |id: &str, param: &str, value| Request::Set { id: id.into(), param: param.into(), value };
    let connect =
        |from: &str, to: &str| Request::Connect { from: from.into(), to: to.into(), gain: 1.0 };
    vec![
        create("new_osc", "vco"),
        set("new_osc", "shape", 0.0),
        set("new_osc", "freq", 1000.0),
        create("new_low", "biquad"),
        set("new_low", "cutoff", 3000.0),
        create("new_gain", "vca"),
        set("new_gain", "gain", 0.5),
        connect("new_osc.out", "new_low.in"),
        connect("new_low.out", "new_gain.in"),
        connect("new_gain.out", "out.left"),
    ]
}

fn removed() -> Vec<Request> {
    let delete = |id: &str| Request::Delete { id: id.into() };
    ["new_osc", "new_low", "new_gain"].map(delete).into()
}
