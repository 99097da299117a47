//! The commands of `chronus` and their arguments.

use std::error::Error;
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::{Duration, Instant};

use chronus_cli::performance::{self, Timed};
use chronus_cli::render::{self, RenderError, Take};
use chronus_cli::score::{Score, frame_at};
use chronus_cli::smf::Song;
use chronus_cli::wav::{Bits, Wav};
use chronus_cli::{check, notes, reference, registry};
use chronus_engine::Registry;
use chronus_patch::Patch;
use lexopt::{Arg, Parser, ValueExt as _};

use crate::console::{put, say};

type Outcome<T = ExitCode> = Result<T, Box<dyn Error>>;

/// Seconds that a take goes on after its score, where no length is given.
const TAIL_SECONDS: f64 = 2.0;
/// Seconds of a take with nothing to tell its length.
const SECONDS: f64 = 4.0;
/// Between two lines of progress.
const PROGRESS: Duration = Duration::from_secs(2);

const HELP: &str = "\
chronus: the Chronus synthesis engine without a host

Usage: chronus COMMAND [ARGUMENTS]

Commands:
  render PATCH -o OUT.wav   render a patch, played by MIDI or notes, edited meanwhile
  check PATCH               compile, verify and probe a patch
  modules                   the module reference

`chronus COMMAND --help` says more.
Exit codes: 0 done, 1 refused, 2 wrong arguments or an unreadable file.
";

const RENDER_HELP: &str = "\
Renders a patch to a stereo WAV file, offline: the same bits every time, at any block size.

Usage: chronus render PATCH [--midi FILE.mid | --notes NOTES] [OPTIONS] -o OUT.wav

  -o, --out OUT.wav   where to write
  --midi FILE.mid     play a MIDI file (format 0 or 1) with its tempo
  --notes NOTES       play notes, such as \"C3 E3 G3\" (all at once, held for three quarters of the
                      time) or \"C3:0-1.5 E3:0.5-2@90\" (from-to in seconds, @velocity 1 to 127);
                      C4 is key 60, A4 is 440 Hz
  --edits EDITS.json  commits made while it plays: [{ \"at\": SECONDS, \"do\": [PHRASE, ...] }, ...]
                      with the phrases
                        create ID KIND                delete ID
                        connect SRC[.PORT] DST[.PORT] [GAIN]
                        disconnect SRC[.PORT] DST[.PORT]
                        set ID PARAM VALUE            rename ID [LABEL]
                        move ID X Y                   bypass ID on|off
                        new                           load PATCH
                      and \"strict\": true to refuse a patch that stays silent
  --seconds S         length; else the score and 2 s more, or 4 s
  --rate R            frames a second [48000]
  --block B           frames of a block [512]
  --bits BITS         16, 24 or 32f [32f]
  --strict            exit with 1 when a commit is not swapped in
  -q, --quiet         no progress and no summary
";

const CHECK_HELP: &str = "\
Compiles a patch, verifies its plan and probes it; prints the plan, the verdict, and what is
missing or odd with its line in the file.

Usage: chronus check PATCH [OPTIONS]

  --rate R     frames a second [48000]
  --strict     refuse a patch that stays silent
  --no-plan    do not print the plan

Exit codes: 0 accepted, 1 refused, 2 unreadable.
";

const MODULES_HELP: &str = "\
Prints the module reference: kinds, aliases, ports, params with ranges, units and defaults.

Usage: chronus modules [--json | --markdown]
";

/// Runs what `arguments` ask for. Errors are for exit code 2.
pub fn run(arguments: Vec<OsString>) -> Outcome {
    let mut parser = Parser::from_args(arguments);
    match parser.next()? {
        Some(Arg::Value(command)) => match command.to_str() {
            Some("render") => render(&mut parser),
            Some("check") => check_patch(&mut parser),
            Some("modules") => modules(&mut parser),
            Some("help") => help(HELP),
            _ => Err(format!(
                "there is no command `{}`: use render, check or modules",
                command.display()
            )
            .into()),
        },
        Some(Arg::Short('h') | Arg::Long("help")) => help(HELP),
        Some(Arg::Short('V') | Arg::Long("version")) => {
            help(concat!("chronus ", env!("CARGO_PKG_VERSION"), "\n"))
        }
        Some(other) => Err(other.unexpected().into()),
        None => {
            say(HELP);
            Ok(ExitCode::from(2))
        }
    }
}

fn help(text: &str) -> Outcome {
    put(text);
    Ok(ExitCode::SUCCESS)
}

fn read_text(path: &Path) -> Outcome<String> {
    std::fs::read_to_string(path).map_err(|e| format!("{}: {e}", path.display()).into())
}

/// A number of an option, within what makes sense.
fn number(parser: &mut Parser, name: &str, min: f64, max: f64) -> Outcome<f64> {
    let value: f64 = parser.value()?.parse()?;
    if (min..=max).contains(&value) {
        return Ok(value);
    }
    Err(format!("{name} takes {min} to {max}, not {value}").into())
}

struct RenderArguments {
    patch: PathBuf,
    out: PathBuf,
    midi: Option<PathBuf>,
    notes: Option<String>,
    edits: Option<PathBuf>,
    seconds: Option<f64>,
    rate: f64,
    block: usize,
    bits: Bits,
    strict: bool,
    quiet: bool,
}

/// `None` when help was asked for.
fn render_arguments(parser: &mut Parser) -> Outcome<Option<RenderArguments>> {
    let (mut patch, mut out, mut midi, mut notes, mut edits) = (None, None, None, None, None);
    let (mut seconds, mut rate, mut block) = (None, 48_000.0, 512.0);
    let (mut bits, mut strict, mut quiet) = (Bits::Float32, false, false);
    while let Some(argument) = parser.next()? {
        match argument {
            Arg::Short('h') | Arg::Long("help") => return Ok(None),
            Arg::Short('o') | Arg::Long("out") => out = Some(parser.value()?.into()),
            Arg::Long("midi") => midi = Some(parser.value()?.into()),
            Arg::Long("notes") => notes = Some(parser.value()?.string()?),
            Arg::Long("edits") => edits = Some(parser.value()?.into()),
            Arg::Long("seconds") => seconds = Some(number(parser, "--seconds", 0.0, 86_400.0)?),
            Arg::Long("rate") => rate = number(parser, "--rate", 1_000.0, 768_000.0)?,
            Arg::Long("block") => block = number(parser, "--block", 1.0, 1_048_576.0)?,
            Arg::Long("bits") => bits = parser.value()?.parse()?,
            Arg::Long("strict") => strict = true,
            Arg::Short('q') | Arg::Long("quiet") => quiet = true,
            Arg::Value(value) if patch.is_none() => patch = Some(value.into()),
            other => return Err(other.unexpected().into()),
        }
    }
    if midi.is_some() && notes.is_some() {
        return Err("give --midi or --notes, not both".into());
    }
    Ok(Some(RenderArguments {
        patch: patch.ok_or("name a patch: chronus render PATCH -o OUT.wav")?,
        out: out.ok_or("say where to write: -o OUT.wav")?,
        midi,
        notes,
        edits,
        seconds,
        rate,
        block: block as usize,
        bits,
        strict,
        quiet,
    }))
}

fn render(parser: &mut Parser) -> Outcome {
    let Some(arguments) = render_arguments(parser)? else { return help(RENDER_HELP) };
    let registry = registry();
    let named = |path: &Path, e: &dyn Error| format!("{}: {e}", path.display());
    let text = read_text(&arguments.patch)?;
    let patch = Patch::from_json(&text).map_err(|e| named(&arguments.patch, &e))?;
    let score = score(&arguments)?;
    let performance = match &arguments.edits {
        Some(path) => performance_of(path, &registry)?,
        None => Vec::new(),
    };
    let seconds = arguments.seconds.unwrap_or_else(|| length(&score, &performance));
    let frames = frame_at(seconds, arguments.rate);
    let take = Take {
        patch: &patch,
        score: &score,
        performance: &performance,
        sample_rate: arguments.rate,
        block: arguments.block,
        frames,
    };
    let wav = Wav::create(&arguments.out, arguments.rate.round() as u32, arguments.bits);
    let mut wav = wav.map_err(|e| named(&arguments.out, &e))?;
    let started = Instant::now();
    let mut said = started;
    let report = render::render(&registry, &take, &mut wav, &mut |done| {
        if !arguments.quiet && said.elapsed() >= PROGRESS {
            said = Instant::now();
            let done = done as f64 / arguments.rate;
            say(&format!(
                "{done:.1} of {seconds:.1} s, {:.1} times real time",
                done / started.elapsed().as_secs_f64()
            ));
        }
    });
    let report = match report {
        Ok(report) => report,
        Err(RenderError::Sink(e)) => return Err(named(&arguments.out, &e).into()),
        Err(refused) => {
            say(&named(&arguments.patch, &refused));
            return Ok(ExitCode::from(1));
        }
    };
    wav.finish().map_err(|e| named(&arguments.out, &e))?;
    for remark in &report.remarks {
        say(&format!("at {:.3} s: {}", remark.at_ms as f64 / 1e3, remark.text));
    }
    if !arguments.quiet {
        let db = 20.0 * report.peak.max(1e-10).log10();
        say(&format!(
            "{}: {seconds:.3} s, peak {db:.1} dBFS, RMS {:.4}, {} of {} commits swapped in, {:.1} \
             times real time",
            arguments.out.display(),
            report.rms,
            report.swapped,
            performance.len(),
            seconds / started.elapsed().as_secs_f64()
        ));
    }
    if report.nonfinite > 0 {
        say(&format!("{} samples were no numbers, and were silenced", report.nonfinite));
    }
    let refused = report.remarks.iter().any(|remark| remark.refused);
    Ok(ExitCode::from(u8::from(arguments.strict && refused)))
}

fn score(arguments: &RenderArguments) -> Outcome<Score> {
    if let Some(path) = &arguments.midi {
        let at = |e: &dyn Error| format!("{}: {e}", path.display());
        let bytes = std::fs::read(path).map_err(|e| at(&e))?;
        let song = Song::read(&bytes).map_err(|e| at(&e))?;
        return Ok(Score::of_song(&song, arguments.rate));
    }
    let Some(text) = &arguments.notes else { return Ok(Score::default()) };
    let events = notes::parse(text, arguments.seconds.unwrap_or(SECONDS))?;
    Ok(Score::new(&events, arguments.rate))
}

fn performance_of(path: &Path, registry: &Registry) -> Outcome<Vec<Timed>> {
    let text = read_text(path)?;
    let folder = path.parent().unwrap_or(Path::new(""));
    let performance = performance::parse(&text, folder, registry);
    performance.map_err(|e| format!("{}: {e}", path.display()).into())
}

/// Seconds of a take whose length is not given.
fn length(score: &Score, performance: &[Timed]) -> f64 {
    let last = performance.last().map_or(0.0, |timed| timed.at);
    let end = score.seconds.max(last);
    if end > 0.0 { end + TAIL_SECONDS } else { SECONDS }
}

fn check_patch(parser: &mut Parser) -> Outcome {
    let (mut patch, mut rate, mut strict, mut show_plan) = (None, 48_000.0, false, true);
    while let Some(argument) = parser.next()? {
        match argument {
            Arg::Short('h') | Arg::Long("help") => return help(CHECK_HELP),
            Arg::Long("rate") => rate = number(parser, "--rate", 1_000.0, 768_000.0)?,
            Arg::Long("strict") => strict = true,
            Arg::Long("no-plan") => show_plan = false,
            Arg::Value(value) if patch.is_none() => patch = Some(PathBuf::from(value)),
            other => return Err(other.unexpected().into()),
        }
    }
    let patch = patch.ok_or("name a patch: chronus check PATCH")?;
    let file = patch.display().to_string();
    let text = read_text(&patch)?;
    let report = check::check(&text, &registry(), rate, strict);
    let report = report.map_err(|e| format!("{file}: {e}"))?;
    if show_plan {
        put(&report.plan);
    }
    for diagnostic in &report.diagnostics {
        put(&format!("{}\n", check::placed(&file, &text, diagnostic)));
    }
    match report.verdict {
        Ok(verdict) => {
            put(&check::verdict_text(&verdict));
            Ok(ExitCode::SUCCESS)
        }
        Err(rejection) => {
            put(&format!("verdict: refused, {rejection}\n"));
            Ok(ExitCode::from(1))
        }
    }
}

fn modules(parser: &mut Parser) -> Outcome {
    let mut form: fn(&Registry) -> String = reference::text;
    while let Some(argument) = parser.next()? {
        form = match argument {
            Arg::Short('h') | Arg::Long("help") => return help(MODULES_HELP),
            Arg::Long("json") => reference::json,
            Arg::Long("markdown") => reference::markdown,
            other => return Err(other.unexpected().into()),
        };
    }
    put(&form(&registry()));
    Ok(ExitCode::SUCCESS)
}
