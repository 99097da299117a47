//! Running programs: what failed and how, and how many tests a program says it ran.

use std::ffi::{OsStr, OsString};
use std::fmt;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Command, Stdio};

/// Characters after which a command line is not worth reading on in a message.
const SHOWN: usize = 120;

/// Why a task stopped.
#[derive(Debug)]
pub enum Failure {
    /// A program ran and failed.
    Failed {
        /// What was run.
        program: String,
        /// Its exit code; none when a signal ended it.
        code: Option<i32>,
    },
    /// Something has to be installed first; the text says how.
    Missing(String),
    /// The task was asked for in a way that means nothing.
    Usage(String),
    /// Anything else.
    Other(String),
}

impl Failure {
    /// The exit code that tells it: 2 = nothing was done.
    pub fn code(&self) -> u8 {
        match self {
            Self::Missing(_) | Self::Usage(_) => 2,
            Self::Failed { .. } | Self::Other(_) => 1,
        }
    }

    /// A file could not be read or written.
    pub fn file(path: &Path, error: &std::io::Error) -> Self {
        Self::Other(format!("{}: {error}", path.display()))
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Failed { program, code: Some(code) } => {
                write!(f, "`{program}` failed with exit code {code}")
            }
            Self::Failed { program, code: None } => write!(f, "`{program}` was ended by a signal"),
            Self::Missing(text) | Self::Usage(text) | Self::Other(text) => f.write_str(text),
        }
    }
}

/// How many tests passed and failed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Count {
    /// Passed.
    pub passed: u64,
    /// Failed.
    pub failed: u64,
}

impl Count {
    /// One check that passed or not.
    pub fn one(passed: bool) -> Self {
        Self { passed: u64::from(passed), failed: u64::from(!passed) }
    }

    /// What one line of a test program's output adds: cargo's `test result: …` lines, and the
    /// line `N passed, N failed` of our own drivers.
    pub fn of_line(line: &str) -> Self {
        let line = line.trim().strip_prefix("test result:").unwrap_or(line.trim());
        let number_before = |word: &str| {
            let (before, _) = line.split_once(word)?;
            before.split_whitespace().next_back()?.parse().ok()
        };
        match (number_before(" passed"), number_before(" failed")) {
            (Some(passed), Some(failed)) => Self { passed, failed },
            _ => Self::default(),
        }
    }
}

impl std::ops::AddAssign for Count {
    fn add_assign(&mut self, other: Self) {
        self.passed += other.passed;
        self.failed += other.failed;
    }
}

/// A program about to be run.
pub struct Run {
    command: Command,
    shown: String,
}

/// Cargo itself.
pub fn cargo<'a>(args: impl IntoIterator<Item = &'a str>) -> Run {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let mut run = Run { command: Command::new(cargo), shown: "cargo".into() };
    run.command.current_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join(".."));
    run.args(args)
}

/// Any program.
pub fn program(path: impl AsRef<OsStr>) -> Run {
    let path = path.as_ref();
    let shown = Path::new(path).file_name().unwrap_or(path).to_string_lossy().into_owned();
    Run { command: Command::new(path), shown }
}

impl Run {
    /// Another argument.
    pub fn arg(mut self, arg: impl AsRef<OsStr>) -> Self {
        if self.shown.len() < SHOWN {
            self.shown += &format!(" {}", arg.as_ref().to_string_lossy());
        }
        self.command.arg(arg);
        self
    }

    /// More arguments.
    pub fn args<I: IntoIterator<Item = S>, S: AsRef<OsStr>>(self, args: I) -> Self {
        args.into_iter().fold(self, Self::arg)
    }

    /// A variable of its environment.
    pub fn env(mut self, name: &str, value: impl Into<OsString>) -> Self {
        self.command.env(name, value.into());
        self
    }

    /// Runs it to its end.
    pub fn run(mut self) -> Result<(), Failure> {
        let status = self.command.status().map_err(|e| self.unstartable(&e))?;
        if status.success() {
            return Ok(());
        }
        Err(Failure::Failed { program: self.shown, code: status.code() })
    }

    /// Runs it to its end without showing what it writes; what it wrote to standard output.
    pub fn output(mut self) -> Result<String, Failure> {
        let output = self.command.output().map_err(|e| self.unstartable(&e))?;
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        if output.status.success() {
            return Ok(text);
        }
        eprint!("{text}{}", String::from_utf8_lossy(&output.stderr));
        Err(Failure::Failed { program: self.shown, code: output.status.code() })
    }

    /// Runs it to its end, counting the tests it reports. A program that fails without having
    /// reported a failed test counts as one.
    pub fn count(mut self) -> Count {
        let child = self.command.stdout(Stdio::piped()).spawn();
        let mut child = match child {
            Ok(child) => child,
            Err(e) => {
                eprintln!("xtask: {}", self.unstartable(&e));
                return Count::one(false);
            }
        };
        let mut count = Count::default();
        if let Some(output) = child.stdout.take() {
            for line in BufReader::new(output).lines().map_while(Result::ok) {
                println!("{line}");
                count += Count::of_line(&line);
            }
        }
        let passed = child.wait().is_ok_and(|status| status.success());
        if !passed && count.failed == 0 {
            eprintln!("xtask: `{}` failed", self.shown);
            count.failed = 1;
        }
        count
    }

    fn unstartable(&self, error: &std::io::Error) -> Failure {
        Failure::Other(format!("`{}` would not start: {error}", self.shown))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cargo_s_and_our_own_lines_are_counted() {
        let line =
            "test result: FAILED. 12 passed; 3 failed; 1 ignored; 0 measured; 4 filtered out";
        assert_eq!(Count::of_line(line), Count { passed: 12, failed: 3 });
        assert_eq!(Count::of_line("81 passed, 0 failed"), Count { passed: 81, failed: 0 });
    }

    #[test]
    fn other_lines_count_nothing() {
        for line in ["test laws::null ... ok", "", "12 passed", "it failed and then passed"] {
            assert_eq!(Count::of_line(line), Count::default(), "{line}");
        }
    }
}
