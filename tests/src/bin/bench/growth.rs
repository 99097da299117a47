//! How the cost grows with voices, modules, the host's block and the size of what is edited: curves,
//! drawn into `growth.png`.

use chronus_tests::plot::{Curve, Panel};
use serde_json::Value;

use crate::race::{Runner, Work};
use crate::report::Report;
use crate::scenarios::BLOCK;

/// Microseconds that a block of `frames` frames lasts.
fn lasts(frames: usize) -> f64 {
    frames as f64 / chronus_tests::workload::RATE * 1e6
}

/// All curves.
pub fn growth(runner: &Runner, report: &mut Report) -> Result<(), String> {
    let panels = [voices(runner)?, chains(runner)?, blocks(runner)?, edits(runner)?];
    for panel in &panels {
        for curve in &panel.curves {
            for (x, y) in &curve.points {
                let what = format!("{}: {} ({})", panel.title, panel.y, curve.name);
                report.add(format!("growth_{}_{x}", name(panel, curve)), *y, what);
            }
        }
    }
    report.panels.extend(panels);
    Ok(())
}

/// A key of the report: words in small letters.
fn name(panel: &Panel, curve: &Curve) -> String {
    let words = |text: &str| text.to_lowercase().replace([' ', ',', '-'], "_").replace("__", "_");
    format!("{}_{}", words(panel.title.split(':').next().unwrap_or_default()), words(curve.name))
}

/// Runs `works(n)` for each of `sizes` in turns: a curve of `cost(speed, n)` for each work.
fn curves<const W: usize>(
    runner: &Runner,
    sizes: &[usize],
    names: [&'static str; W],
    works: impl Fn(usize) -> [(usize, Work); W],
    cost: impl Fn(f64, usize) -> f64,
) -> Result<Vec<Curve>, String> {
    let mut curves: Vec<Curve> =
        names.into_iter().map(|name| Curve { name, points: Vec::new() }).collect();
    for &n in sizes {
        let times = runner.race_blocks(&works(n))?;
        for (w, curve) in curves.iter_mut().enumerate() {
            curve.points.push((n as f64, cost(times.speed(w), n)));
        }
    }
    Ok(curves)
}

fn voices(runner: &Runner) -> Result<Panel, String> {
    let works = |n: usize| {
        [
            Work::engine("", "avx2", &format!("engine W1 {n} plain")),
            Work::limit("", &format!("limit lanes avx2 W1 {n}")),
            Work::limit("", &format!("limit modules avx2 W1 {n}")),
        ]
        .map(|work| (BLOCK, work))
    };
    Ok(Panel {
        title: "Voices: sine, envelope, low-pass",
        x: "voices of one patch",
        y: "us for a block of 64 frames",
        curves: curves(
            runner,
            &[1, 2, 4, 8, 16, 24, 32, 48, 64],
            ["chronus", "lane limit", "module limit"],
            works,
            |speed, _| lasts(BLOCK) / speed,
        )?,
    })
}

fn chains(runner: &Runner) -> Result<Panel, String> {
    let works = |modules: usize| {
        let n = modules / 5;
        let ours = Work::engine("", "avx2", &format!("engine W2 {n} plain"));
        [
            ours.clone(),
            ours.unbatched(),
            Work::limit("", &format!("limit lanes avx2 W2 {n}")),
            Work::limit("", &format!("limit modules avx2 W2 {n}")),
        ]
        .map(|work| (BLOCK, work))
    };
    Ok(Panel {
        title: "Modules: separate chains of five",
        x: "modules of one patch",
        y: "us for a block of 64 frames",
        curves: curves(
            runner,
            &[5, 20, 50, 100, 250, 500, 1000],
            ["chronus", "without banks", "lane limit", "module limit"],
            works,
            |speed, _| lasts(BLOCK) / speed,
        )?,
    })
}

fn blocks(runner: &Runner) -> Result<Panel, String> {
    let works = |block: usize| {
        ["1", "16", "64"]
            .map(|voices| (block, Work::engine("", "avx2", &format!("engine W1 {voices} plain"))))
    };
    Ok(Panel {
        title: "Blocks: the same voices in blocks of other sizes",
        x: "frames of a block",
        y: "ns a frame",
        curves: curves(
            runner,
            &[16, 32, 64, 128, 256, 512, 1024],
            ["1 voice", "16 voices", "64 voices"],
            works,
            |speed, _| 1e3 * lasts(1) / speed,
        )?,
    })
}

fn edits(runner: &Runner) -> Result<Panel, String> {
    let names = [("commit, median", "commit_ms_p50", 1e3), ("commit, p99", "commit_ms_p99", 1e3)];
    let names = names.into_iter().chain([("swap, median", "extra_us", 1.0)]);
    let mut curves: Vec<(Curve, &str, f64)> =
        names.map(|(name, key, scale)| (Curve { name, points: Vec::new() }, key, scale)).collect();
    for modules in [20, 40, 100, 200, 500, 1000, 2000] {
        let (found, _) = runner.ask(&format!("edits {} 40 asleep", modules / 4), "avx2")?;
        for (curve, key, scale) in &mut curves {
            let value = found.get(*key).and_then(Value::as_f64).unwrap_or(f64::NAN);
            // What is too small to be told from nothing has no place on such an axis.
            if value > 0.0 {
                curve.points.push((f64::from(modules), value * *scale));
            }
        }
    }
    Ok(Panel {
        title: "Edits: three modules come into a patch that plays",
        x: "modules of the patch",
        y: "us from commit to swapped; us more for the block that swaps",
        curves: curves.into_iter().map(|(curve, ..)| curve).collect(),
    })
}
