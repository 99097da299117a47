//! Runs: each figure is a process of its own, and what is compared takes turns, so that whatever
//! else the machine does hits all alike.

use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

/// One piece of work for a child process.
#[derive(Clone)]
pub struct Work {
    /// What the report calls it.
    pub label: String,
    args: Vec<String>,
    env: Vec<(&'static str, String)>,
    /// It runs the engine, so that revisions can be compared by it.
    ours: bool,
}

impl Work {
    fn new(label: &str, args: &str, ours: bool) -> Self {
        let args = args.split_whitespace().map(Into::into).collect();
        Self { label: label.into(), args, env: Vec::new(), ours }
    }

    /// The engine on instruction set `simd`, at what `args` say.
    pub fn engine(label: &str, simd: &str, args: &str) -> Self {
        let mut work = Self::new(label, args, true);
        work.env.push(("CHRONUS_SIMD", simd.into()));
        work
    }

    /// A limit, which names its set in `args`.
    pub fn limit(label: &str, args: &str) -> Self {
        Self::new(label, args, false)
    }

    /// The same without lane groups of separate chains.
    pub fn unbatched(mut self) -> Self {
        self.env.push(("CHRONUS_BATCH", "0".into()));
        self
    }

    fn command(&self, program: &Path, how: &[&str]) -> Command {
        let mut command = Command::new(program);
        command.arg("child").args(how).args(&self.args);
        command.envs(self.env.iter().map(|(name, value)| (name, value)));
        command
    }
}

/// Seconds of CPU a second of audio, a row for each work, a column for each round.
pub struct Times {
    rows: Vec<Vec<f64>>,
    /// The other revision's, where it was raced: none for limits.
    other: Vec<Vec<f64>>,
}

impl Times {
    /// Speed of work `a` over that of work `b`, round by round; the median of those.
    pub fn ratio(&self, a: usize, b: usize) -> f64 {
        median(self.rows[a].iter().zip(&self.rows[b]).map(|(a, b)| b / a).collect())
    }

    /// How many times faster than real time work `a` is.
    pub fn speed(&self, a: usize) -> f64 {
        1.0 / median(self.rows[a].clone())
    }

    /// Speed of this revision over the other's, where it was raced.
    pub fn over_other(&self, a: usize) -> Option<f64> {
        let other = self.other.get(a).filter(|other| !other.is_empty())?;
        Some(median(self.rows[a].iter().zip(other).map(|(a, b)| b / a).collect()))
    }
}

/// The middle of `values`; NaN of none.
pub fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    let n = values.len();
    if n == 0 { f64::NAN } else { (values[(n - 1) / 2] + values[n / 2]) / 2.0 }
}

/// What runs the children.
pub struct Runner {
    /// This program.
    program: PathBuf,
    /// The same of another revision.
    pub other: Option<PathBuf>,
    /// Interleaved runs of each work.
    pub rounds: usize,
}

impl Runner {
    /// A runner of this program's own children.
    pub fn new(other: Option<PathBuf>, rounds: usize) -> Result<Self, String> {
        let program = std::env::current_exe().map_err(|error| error.to_string())?;
        Ok(Self { program, other, rounds })
    }

    /// Times all of `works` in turns, in blocks of `block` frames.
    pub fn race(&self, block: usize, works: &[Work]) -> Result<Times, String> {
        self.race_blocks(&works.iter().map(|work| (block, work.clone())).collect::<Vec<_>>())
    }

    /// The same with a block size for each.
    pub fn race_blocks(&self, works: &[(usize, Work)]) -> Result<Times, String> {
        let nothing = vec![Vec::new(); works.len()];
        let mut times = Times { rows: nothing.clone(), other: nothing };
        for _ in 0..self.rounds {
            for (n, (block, work)) in works.iter().enumerate() {
                let how = ["time", &block.to_string()];
                times.rows[n].push(figure(&output(work.command(&self.program, &how))?)?);
                if let Some(other) = self.other.as_ref().filter(|_| work.ours) {
                    times.other[n].push(figure(&output(work.command(other, &how))?)?);
                }
            }
        }
        Ok(times)
    }

    /// Instructions a frame, by callgrind: of this revision, and of the other.
    pub fn instructions(&self, block: usize, work: &Work) -> Result<(f64, Option<f64>), String> {
        let other = self.other.as_ref().filter(|_| work.ours);
        let other = other.map(|other| counted(other, block, work)).transpose()?;
        Ok((counted(&self.program, block, work)?, other))
    }

    /// What a child that measures by itself answers: that of this revision, and of the other.
    pub fn ask(&self, args: &str, simd: &str) -> Result<(Value, Option<Value>), String> {
        let work = Work::engine("", simd, args);
        let ask = |program: &PathBuf| {
            let text = output(work.command(program, &[]))?;
            serde_json::from_str(&text).map_err(|error| format!("{error}: {text}"))
        };
        Ok((ask(&self.program)?, self.other.as_ref().map(ask).transpose()?))
    }
}

fn counted(program: &Path, block: usize, work: &Work) -> Result<f64, String> {
    let counted = work.command(program, &["count", &block.to_string()]);
    let mut command = Command::new("valgrind");
    command
        .args(["--tool=callgrind", "--callgrind-out-file=/dev/null"])
        .arg("--toggle-collect=*callgrind_counts_this*")
        .arg(counted.get_program())
        .args(counted.get_args());
    for (name, value) in counted.get_envs() {
        command.env(name, value.unwrap_or_default());
    }
    let result = command.output().map_err(|error| format!("valgrind: {error}"))?;
    let log = String::from_utf8_lossy(&result.stderr);
    let frames = figure(&String::from_utf8_lossy(&result.stdout))?;
    let collected = log.lines().find_map(|line| line.split_once("Collected :"));
    let (_, count) = collected.ok_or_else(|| format!("valgrind: {log}"))?;
    Ok(figure(count)? / frames)
}

/// True when callgrind can be run.
pub fn has_valgrind() -> bool {
    Command::new("valgrind").arg("--version").output().is_ok_and(|out| out.status.success())
}

fn output(mut command: Command) -> Result<String, String> {
    let result = command.output().map_err(|error| error.to_string())?;
    if !result.status.success() {
        let log = String::from_utf8_lossy(&result.stderr);
        return Err(format!("{command:?} failed: {log}"));
    }
    Ok(String::from_utf8_lossy(&result.stdout).into_owned())
}

fn figure(text: &str) -> Result<f64, String> {
    text.trim().parse().map_err(|_| format!("not a figure: {text}"))
}
