//! `cargo xtask bench`: builds the bench, and, to compare with, that of another revision.

use std::path::PathBuf;

use crate::run::{Failure, cargo, program};
use crate::workspace::Workspace;

/// Runs the bench. `--against REV` races REV's engine against this one's.
pub fn bench(args: &[String]) -> Result<(), Failure> {
    let workspace = Workspace::find()?;
    let folder = workspace.target.join("bench");
    let (rest, revision) = without_revision(args)?;
    build().run()?;
    let mut bench = program(workspace.release("bench")).args(rest).arg("--out").arg(&folder);
    let other = revision.map(|revision| Other::check_out(&workspace, revision)).transpose()?;
    if let Some(other) = &other {
        bench = bench.arg("--other").arg(other.build(&workspace)?);
    }
    let outcome = bench.run();
    if let Some(other) = other {
        other.remove(&workspace)?;
    }
    outcome
}

fn build() -> crate::run::Run {
    cargo(["build", "--release", "-p", "chronus-tests", "--bin", "bench"])
}

/// The arguments without `--against REV`, and REV.
fn without_revision(args: &[String]) -> Result<(Vec<String>, Option<&str>), Failure> {
    let Some(at) = args.iter().position(|arg| arg == "--against") else {
        return Ok((args.to_vec(), None));
    };
    let Some(revision) = args.get(at + 1) else {
        return Err(Failure::Usage("--against wants a revision".into()));
    };
    Ok(([&args[..at], &args[at + 2..]].concat(), Some(revision)))
}

/// Another revision, checked out beside this one.
struct Other {
    tree: PathBuf,
}

impl Other {
    fn check_out(workspace: &Workspace, revision: &str) -> Result<Self, Failure> {
        let other = Self { tree: workspace.target.join("bench").join("against") };
        // One that was left behind by a run that was interrupted.
        if other.tree.exists() {
            other.remove(workspace)?;
        }
        let add = git(workspace).args(["worktree", "add", "--force", "--detach"]);
        add.arg(&other.tree).arg(revision).output()?;
        Ok(other)
    }

    /// Builds its bench; where that is.
    fn build(&self, workspace: &Workspace) -> Result<PathBuf, Failure> {
        let target = workspace.target.join("bench").join("against-target");
        let built = build()
            .arg("--manifest-path")
            .arg(self.tree.join("Cargo.toml"))
            .arg("--target-dir")
            .arg(&target)
            .run();
        if built.is_err() {
            self.remove(workspace)?;
        }
        built
            .map(|()| target.join("release").join(format!("bench{}", std::env::consts::EXE_SUFFIX)))
    }

    fn remove(&self, workspace: &Workspace) -> Result<(), Failure> {
        git(workspace).args(["worktree", "remove", "--force"]).arg(&self.tree).output().map(drop)
    }
}

fn git(workspace: &Workspace) -> crate::run::Run {
    program("git").arg("-C").arg(&workspace.root)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn split(text: &str) -> Option<(String, Option<String>)> {
        let args: Vec<String> = text.split_whitespace().map(Into::into).collect();
        let (rest, revision) = without_revision(&args).ok()?;
        Some((rest.join(" "), revision.map(Into::into)))
    }

    #[test]
    fn the_revision_is_taken_out_of_the_arguments() {
        assert_eq!(split("w1 w2"), Some(("w1 w2".into(), None)));
        assert_eq!(split("w1 --against HEAD~1 w2"), Some(("w1 w2".into(), Some("HEAD~1".into()))));
        assert_eq!(split("--against"), None);
    }
}
