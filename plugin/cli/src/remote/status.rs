//! What `/engine/status` answers; its keys are documented at `remote`.

use std::sync::atomic::Ordering::Relaxed;

use chronus_engine::{Engine, Landing};
use serde_json::{Value, json};

/// The counters of `engine`, played through the remote at `port`.
pub fn status(engine: &Engine, port: u16) -> String {
    let counters = engine.counters();
    let ms = |us: u64| us as f64 / 1e3;
    let swap_us = |ns: u64| ns as f64 / 1e3;
    let landed = |l: &Landing| json!({"revision": l.revision, "began": l.began, "frame": l.frame});
    let recent: Vec<Value> = engine.recent_swaps().iter().map(landed).collect();
    json!({
        "revision": engine.playing().0,
        "head_revision": engine.last_revision(),
        "active_modules": counters.active_modules.load(Relaxed),
        "standby_modules": counters.standby_modules.load(Relaxed),
        "frame": engine.frame(),
        "recent_swaps": recent,
        "swaps": counters.swapped.load(Relaxed),
        "rejections": counters.rejected.load(Relaxed),
        "superseded": counters.superseded.load(Relaxed),
        "timeouts": counters.timed_out.load(Relaxed),
        "missed_blocks": counters.missed_blocks.load(Relaxed),
        "late_blocks": counters.late_blocks.load(Relaxed),
        "nonfinite": counters.nonfinite.load(Relaxed),
        "commit_to_swap_ms": {
            "last": ms(counters.last_commit_us()),
            "p50": ms(counters.commit_us.quantile(0.5)),
            "p99": ms(counters.commit_us.quantile(0.99)),
        },
        "swap_us": {
            "p50": swap_us(counters.swap_ns.quantile(0.5)),
            "p99": swap_us(counters.swap_ns.quantile(0.99)),
            "max": swap_us(counters.swap_ns.max()),
        },
        "warmup_rms": counters.warm_rms(),
        "load": counters.load_ppm.load(Relaxed) as f64 / 1e6,
        "port": port,
    })
    .to_string()
}
