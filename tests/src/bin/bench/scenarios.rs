//! The scenarios: what is raced against what, and what the report calls it.

use chronus_engine::LANES;
use chronus_tests::workload::RATE;
use serde_json::Value;

use crate::factory::FACTORY;
use crate::growth::growth;
use crate::race::{Runner, Times, Work, has_valgrind};
use crate::report::Report;
use crate::taps::{audio_block_growth, taps};

/// A scenario: its name, and what it does.
type Scenario = (&'static str, fn(&Runner, &mut Report) -> Result<(), String>);

/// All of them, in the order they run.
pub const SCENARIOS: &[Scenario] = &[
    ("w1", w1),
    ("w2", w2),
    ("w2b", w2b),
    ("w3", w3),
    ("blocks", blocks),
    ("idle", idle),
    ("modules", modules),
    ("factory", factory),
    ("instances", instances),
    ("growth", growth),
    ("gui", gui),
    ("taps", taps),
];

/// Frames of a block where nothing else is said.
pub const BLOCK: usize = 64;
/// Voices of the default patch that an idle one is compared with.
const PLAYING: usize = 16;
/// Instances of one process.
const INSTANCES: usize = 64;

/// Voices of one patch (more than 64: of several).
fn w1(runner: &Runner, report: &mut Report) -> Result<(), String> {
    for n in [1, 16, 64, 256] {
        let ours =
            |label: &str, simd: &str| Work::engine(label, simd, &format!("engine W1 {n} plain"));
        let limit =
            |layout: &str, set: &str| Work::limit("", &format!("limit {layout} {set} W1 {n}"));
        let works = [
            ours("avx2", "avx2"),
            limit("lanes", "avx2"),
            limit("modules", "avx2"),
            ours("scalar", "scalar"),
            limit("lanes", "sse4"),
            ours("best", "best"),
        ];
        let times = runner.race(BLOCK, &works)?;
        let name = |of: &str| format!("w1_n{n}{of}");
        report.add(name("_of_soa_limit"), times.ratio(0, 1), "AVX2, over the lane limit's AVX2");
        report.add(
            name("_of_scalar_limit"),
            times.ratio(0, 2),
            "AVX2, over the module limit's AVX2",
        );
        report.add(
            name("_of_sse4_limit"),
            times.ratio(3, 4),
            "baseline, over the lane limit's SSE4",
        );
        report.add(
            name("_best_of_soa_limit"),
            times.ratio(5, 1),
            "best set, over the lane limit's AVX2",
        );
        report.add(name("_speed"), times.speed(0), "x real time, AVX2");
        report.add(name("_soa_limit_speed"), times.speed(1), "x real time");
        report.add(name("_scalar_limit_speed"), times.speed(2), "x real time");
        compare(report, &times, &works, &name(""));
        count(runner, report, &works[..3], n, &name(""))?;
    }
    Ok(())
}

/// Separate chains of naive saws.
fn w2(runner: &Runner, report: &mut Report) -> Result<(), String> {
    chains(runner, report, "W2", "w2")
}

/// Separate chains of band-limited saws.
fn w2b(runner: &Runner, report: &mut Report) -> Result<(), String> {
    chains(runner, report, "W2b", "w2b")
}

fn chains(runner: &Runner, report: &mut Report, workload: &str, short: &str) -> Result<(), String> {
    let n = 100;
    let ours = |label: &str, simd: &str| {
        Work::engine(label, simd, &format!("engine {workload} {n} plain"))
    };
    let limit =
        |layout: &str, set: &str| Work::limit("", &format!("limit {layout} {set} {workload} {n}"));
    let works = [
        ours("avx2", "avx2"),
        limit("lanes", "avx2"),
        limit("modules", "avx2"),
        ours("unbatched", "avx2").unbatched(),
        ours("best", "best"),
        ours("scalar", "scalar"),
        limit("lanes", "sse4"),
    ];
    let times = runner.race(BLOCK, &works)?;
    let name = |of: &str| format!("{short}{of}");
    report.add(
        name("_of_scalar_limit"),
        times.ratio(3, 2),
        "AVX2, unbatched, over the module limit's AVX2",
    );
    report.add(name("_of_soa_limit"), times.ratio(0, 1), "AVX2, over the lane limit's AVX2");
    report.add(
        name("_best_of_soa_limit"),
        times.ratio(4, 1),
        "best set, over the lane limit's AVX2",
    );
    report.add(name("_of_sse4_limit"), times.ratio(5, 6), "baseline, over the lane limit's SSE4");
    report.add(name("_speed"), times.speed(0), "x real time, AVX2");
    report.add(name("_soa_limit_speed"), times.speed(1), "x real time");
    report.add(name("_scalar_limit_speed"), times.speed(2), "x real time");
    compare(report, &times, &works, short);
    count(runner, report, &works[..3], n, short)
}

/// Live edits of three modules.
fn w3(runner: &Runner, report: &mut Report) -> Result<(), String> {
    for (nodes, edits) in [(100, 100), (500, 60), (2000, 50)] {
        let edited =
            |rest: &str| runner.ask(&format!("edits {} {edits} {rest}", nodes / 4), "avx2");
        let (found, other) = edited("asleep")?;
        let (extra, kept) = (number(&found["extra_us"]), number(&found["modules"]));
        let of = |name: &str| format!("swap_extra_{name}{nodes}");
        report.add(of("us"), extra, "us, the swapping call over its neighbours");
        let allowed = 1.0 + 0.01 * kept;
        report.add(of("over_allowed"), extra / allowed, "of 1 us + 10 ns a kept module");
        let awake = number(&edited("awake")?.0["extra_us"]);
        report.add(of("awake_us"), awake, "us, where the core does not sleep between blocks");
        report.add(of("awake_over_allowed"), awake / allowed, "of 1 us + 10 ns a kept module");
        report.add(of("ns_a_module"), extra * 1e3 / kept, "ns a kept module");
        report.add(of("us_removed"), number(&found["extra_us_removed"]), "us, where three go");
        let exchange = number(&found["exchange_us"]);
        report.add(format!("swap_exchange_us{nodes}"), exchange, "us, the exchange alone");
        let block = number(&found["block_us"]);
        report.add(format!("block_us{nodes}"), block, "us, a block of 64 frames");
        for key in ["commit_ms_p50", "commit_ms_p99"] {
            let took = number(&found[key]);
            report.add(format!("{key}_{nodes}"), took, "ms, from commit to swapped");
        }
        if let Some(other) = other {
            for key in ["extra_us", "commit_ms_p50", "commit_ms_p99"] {
                let ratio = number(&other[key]) / number(&found[key]);
                report.add(format!("w3_{nodes}_{key}_over_other"), ratio, OVER_OTHER);
            }
        }
    }
    Ok(())
}

/// Small blocks, and events in them.
fn blocks(runner: &Runner, report: &mut Report) -> Result<(), String> {
    let ours =
        |label: &str, events: &str| Work::engine(label, "avx2", &format!("engine W1 16 {events}"));
    let works =
        [(512, ours("512", "plain")), (64, ours("64", "plain")), (64, ours("events", "events"))];
    let times = runner.race_blocks(&works)?;
    report.add("block64_over_block512", times.ratio(1, 0), "speed of W1, 16 voices");
    let what = "the same; the modulation wheel moves";
    report.add("event_a_block_over_none", times.ratio(2, 1), what);
    compare(report, &times, &works.map(|(_, work)| work), "blocks");
    Ok(())
}

/// The default patch without notes.
fn idle(runner: &Runner, report: &mut Report) -> Result<(), String> {
    let (block, (default, _)) = (512, FACTORY[0]);
    let names = ["idle_over_16_voices", "idle_after_notes_over_16_voices"];
    let works = ["0", "ended", &PLAYING.to_string()]
        .map(|load| Work::engine(load, "avx2", &format!("factory {default} 1 {load}")));
    let (costs, unit) = if has_valgrind() {
        let counts = works.iter().map(|work| runner.instructions(block, work));
        let counts = counts.collect::<Result<Vec<_>, _>>()?;
        for (work, (ours, other)) in works.iter().zip(&counts) {
            let name = format!("idle_{}", work.label);
            report.add(format!("{name}_instructions"), *ours, "a frame of the default patch");
            if let Some(other) = other {
                report.add(format!("{name}_over_other"), other / ours, OVER_OTHER);
            }
        }
        (counts.into_iter().map(|(ours, _)| ours).collect(), "instructions, by callgrind")
    } else {
        let times = runner.race(block, &works)?;
        let costs: Vec<f64> = (0..works.len()).map(|n| 1.0 / times.speed(n)).collect();
        (costs, "CPU time, since valgrind is not installed")
    };
    for (name, cost) in names.into_iter().zip(&costs) {
        report.add(name, cost / costs[2], format!("cost of no note over that of 16; {unit}"));
    }
    Ok(())
}

/// Each kind by itself, by what a voice of W1 costs in the limits: one in the module limit, and each of as
/// many as a group has lanes in the lane limit.
fn modules(runner: &Runner, report: &mut Report) -> Result<(), String> {
    let (found, other) = runner.ask("kinds", "avx2")?;
    let kinds = found.as_object().ok_or("no kinds")?;
    let limit = |layout: &str, n: usize| Work::limit("", &format!("limit {layout} avx2 W1 {n}"));
    let times = runner.race(BLOCK, &[limit("modules", 1), limit("lanes", LANES)])?;
    let voice = |n: usize, voices: usize| 1e9 / (RATE * times.speed(n) * voices as f64);
    let widths = [
        ("mono", "ns a frame, AVX2", "W1's voice in the module limit over it", voice(0, 1)),
        (
            "poly",
            "ns a voice and frame, AVX2",
            "W1's voice in the lane limit over it",
            voice(1, LANES),
        ),
    ];
    for (kind, costs) in kinds {
        for (n, (width, unit, over, limit)) in widths.into_iter().enumerate() {
            let (name, cost) = (format!("module_{kind}_{width}"), number(&costs[n]));
            report.add(&name, cost, unit);
            report.add(format!("{name}_of_w1_limit"), limit / cost, over);
            if let Some(other) = &other {
                let ratio = number(&other[kind][n]) / cost;
                report.add(format!("{name}_over_other"), ratio, OVER_OTHER);
            }
        }
    }
    Ok(())
}

/// The factory patches, by what as many voices of W1 cost in the module limit.
fn factory(runner: &Runner, report: &mut Report) -> Result<(), String> {
    let voices = 8;
    let patch = |name: &str| Work::engine(name, "avx2", &format!("factory {name} 1 {voices}"));
    let mut works: Vec<Work> = FACTORY.iter().map(|(name, _)| patch(name)).collect();
    works.push(Work::limit("", &format!("limit modules avx2 W1 {voices}")));
    let times = runner.race(BLOCK, &works)?;
    for (n, (name, _)) in FACTORY.iter().enumerate() {
        report.add(format!("factory_{name}_speed"), times.speed(n), "x real time, 8 notes, AVX2");
        let ratio = times.ratio(n, FACTORY.len());
        report.add(
            format!("factory_{name}_of_w1_limit"),
            ratio,
            "over 8 voices of W1, module limit",
        );
    }
    compare(report, &times, &works, "factory");
    Ok(())
}

/// Many instances, played in turn as a host with many tracks does.
fn instances(runner: &Runner, report: &mut Report) -> Result<(), String> {
    let (default, _) = FACTORY[0];
    let work = |count: usize| {
        Work::engine(&count.to_string(), "avx2", &format!("factory {default} {count} 4"))
    };
    let works = [work(1), work(INSTANCES)];
    let times = runner.race(BLOCK, &works)?;
    let (one, all) = (times.speed(0), times.speed(1));
    report.add(
        "instances64_speed",
        all,
        "x real time on one core: 64 default patches, 4 notes each",
    );
    report.add("instance_alone_speed", one, "x real time: one of them");
    report.add("instances64_cost_each", times.ratio(0, 1) / INSTANCES as f64, "over one alone");
    compare(report, &times, &works, "instances");
    Ok(())
}

/// What a figure of two revisions says.
const OVER_OTHER: &str = "x as fast as the other revision";

/// Frames of the editor.
fn gui(runner: &Runner, report: &mut Report) -> Result<(), String> {
    let (mut found, _) = runner.ask(&format!("gui {}", runner.rounds), "best")?;
    let growth = audio_block_growth(runner)?;
    found["audio_block_growth"] = growth.block().into();
    found["audio_block_growth_time"] = growth.time.into();
    let figure = |name: &str| found[name].as_f64().ok_or_else(|| format!("no `{name}`: {found}"));
    let (ms50, reference) = (figure("ms50")?, figure("reference_ms")?);
    for (name, what) in [
        ("ms50", "ms CPU a frame with 50 modules in view"),
        ("ms200", "ms CPU a frame with 200"),
        ("ms500", "ms CPU a frame with 500"),
        ("reference_ms", "ms CPU for as many rectangles, curves and glyphs as 50 modules"),
        ("pan_ms", "ms CPU a frame while 200 modules are panned"),
        ("zoom_ms", "ms CPU a frame while they are zoomed, from all to a few"),
        ("p99_over_median", "of these frames, the worse of panned and zoomed"),
    ] {
        report.add(format!("gui_{name}"), figure(name)?, what);
    }
    report.add("gui_audio_block_growth", growth.block(), "of a block with 64 levels on");
    report.add("gui_200_over_50", figure("ms200")? / ms50, "200 modules over 50");
    report.add("gui_500_over_50", figure("ms500")? / ms50, "500 modules over 50");
    report.add("gui_50_over_reference", ms50 / reference, "50 modules over the bare shapes");
    report.remarks.push(format!("The editor's reference scene: {}.", found["scene"]));
    report.gui = Some(found);
    Ok(())
}

/// Each work's speed against the other revision's.
fn compare(report: &mut Report, times: &Times, works: &[Work], name: &str) {
    for (n, work) in works.iter().enumerate() {
        if let Some(ratio) = times.over_other(n) {
            report.add(format!("{name}_{}_over_other", work.label), ratio, OVER_OTHER);
        }
    }
}

/// Instructions of ours and both limits, a voice and frame.
fn count(
    runner: &Runner,
    report: &mut Report,
    works: &[Work],
    n: usize,
    name: &str,
) -> Result<(), String> {
    if !has_valgrind() {
        return Ok(());
    }
    for (work, whose) in works.iter().zip(["", "_soa_limit", "_scalar_limit"]) {
        let (count, other) = runner.instructions(BLOCK, work)?;
        let name = format!("{name}{whose}_instructions");
        report.add(&name, count / n as f64, "a voice and frame, AVX2");
        if let Some(other) = other {
            report.add(format!("{name}_over_other"), other / count, OVER_OTHER);
        }
    }
    Ok(())
}

fn number(value: &Value) -> f64 {
    value.as_f64().unwrap_or(f64::NAN)
}
