//! The player at the remote: follows the script, keeps the answers.

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::{Duration, Instant};

use chronus_tests::music;
use chronus_tests::osc::{Client, OscError, Reply};
use chronus_tests::script::{Act, Step, script};

/// What a commit is meant to end in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Aim {
    /// To be swapped in, with cable ramps.
    Edit,
    /// To be swapped in, with a crossfade.
    Load,
    /// To be refused.
    Refusal,
    /// To be superseded by the commit right after it.
    Yield,
}

/// A commit and what became of it.
#[derive(Clone, Debug)]
pub struct Commit {
    /// What it was meant to end in.
    pub aim: Aim,
    /// The patch is all sines before and after.
    pub pure: bool,
    /// When its answer came, and what it was.
    pub answer: Option<(Instant, Reply)>,
    /// The frame at which it began to be heard, and from which it plays.
    pub landed: Option<(u64, u64)>,
    /// More answers came than one.
    pub answered_again: bool,
    /// Its edits, for messages.
    pub edits: String,
}

impl Commit {
    /// Something about it is still to be told.
    fn is_open(&self) -> bool {
        match &self.answer {
            None => true,
            Some((_, answer)) => matches!(answer, Reply::Swapped { .. }) && self.landed.is_none(),
        }
    }

    /// True when the answer is not one that its aim allows.
    pub fn surprises(&self) -> bool {
        let Some((_, answer)) = &self.answer else { return true };
        self.answered_again
            || !match answer {
                Reply::Swapped { .. } => self.aim != Aim::Refusal,
                // A machine under load may take so long that the next commit comes in between.
                Reply::Superseded(_) => self.aim != Aim::Refusal,
                Reply::Rejected(..) => self.aim == Aim::Refusal,
                _ => false,
            }
    }
}

impl std::fmt::Display for Commit {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{:?} of `{}` ended in ", self.aim, self.edits)?;
        match &self.answer {
            None => f.write_str("no answer"),
            Some((_, answer)) if self.answered_again => write!(f, "{answer:?} and one more"),
            Some((_, answer)) => write!(f, "{answer:?}"),
        }
    }
}

/// What others may look at while it plays.
#[derive(Debug, Default)]
pub struct Progress {
    /// Commits sent.
    pub sent: AtomicU64,
    /// Commits by answer: swapped, rejected, superseded, timed out.
    pub answers: [AtomicU64; 4],
}

/// Plays the whole script within `seconds` from `start` on.
pub fn play(
    client: &Client,
    start: Instant,
    seconds: f64,
    progress: &Progress,
) -> Result<Vec<Commit>, OscError> {
    let base = client.status()?["head_revision"].as_i64().unwrap_or(0);
    let scale = seconds / music::SECONDS;
    let mut hand = Hand { client, base, commits: Vec::new(), complaints: Vec::new(), progress };
    for step in script() {
        hand.listen_until(start + Duration::from_secs_f64(step.at * scale))?;
        hand.act(&step)?;
    }
    hand.listen_until(start + Duration::from_secs_f64(seconds))?;
    let deadline = Instant::now() + Duration::from_secs(2);
    while hand.commits.iter().any(Commit::is_open) && Instant::now() < deadline {
        hand.listen_until(Instant::now() + Duration::from_millis(10))?;
    }
    match hand.complaints.first() {
        None => Ok(hand.commits),
        Some((verb, text)) => Err(OscError::Refused { verb: verb.clone(), text: text.clone() }),
    }
}

struct Hand<'a> {
    client: &'a Client,
    /// Revision before the first commit; every commit gets the next.
    base: i64,
    commits: Vec<Commit>,
    /// `/error` answers, where none are due.
    complaints: Vec<(String, String)>,
    progress: &'a Progress,
}

impl Hand<'_> {
    fn act(&mut self, step: &Step) -> Result<(), OscError> {
        match &step.act {
            Act::Commit(edits) => self.commit(edits, Aim::Edit, step.pure, false),
            Act::Refused(edits, strict) => self.commit(edits, Aim::Refusal, false, *strict),
            Act::Load(edits) => {
                self.client.say("/patch/new")?;
                self.commit(edits, Aim::Load, false, false)
            }
            Act::Twice(first, second) => {
                let mut lines: Vec<String> = staged(first).collect();
                lines.push("/patch/commit".into());
                lines.extend(staged(second));
                lines.push("/patch/commit".into());
                self.note(Aim::Yield, step.pure, first);
                self.note(Aim::Edit, step.pure, second);
                self.client.say_all(&lines)
            }
            Act::Dropped(edits) => {
                staged(edits).try_for_each(|line| self.client.say(&line))?;
                self.client.say("/patch/abort")
            }
            Act::Live(lines) => lines.iter().try_for_each(|line| self.client.say(line)),
        }
    }

    fn commit(
        &mut self,
        edits: &[String],
        aim: Aim,
        pure: bool,
        strict: bool,
    ) -> Result<(), OscError> {
        staged(edits).try_for_each(|line| self.client.say(&line))?;
        self.note(aim, pure, edits);
        self.client.say(if strict { "/patch/commit strict" } else { "/patch/commit" })
    }

    fn note(&mut self, aim: Aim, pure: bool, edits: &[String]) {
        self.progress.sent.fetch_add(1, Relaxed);
        let edits = edits.join("; ");
        self.commits.push(Commit {
            aim,
            pure,
            answer: None,
            landed: None,
            answered_again: false,
            edits,
        });
    }

    fn commit_of(&mut self, revision: i64) -> Option<&mut Commit> {
        let index = usize::try_from(revision - self.base - 1).ok()?;
        self.commits.get_mut(index)
    }

    /// Notes where the commits that `status` names came in.
    fn place(&mut self, status: &serde_json::Value) {
        for swap in status["recent_swaps"].as_array().into_iter().flatten() {
            let landed = swap["began"].as_u64().zip(swap["frame"].as_u64());
            let commit = swap["revision"].as_i64().and_then(|revision| self.commit_of(revision));
            if let Some(commit) = commit {
                commit.landed = landed;
            }
        }
    }

    /// Takes answers until `deadline`.
    fn listen_until(&mut self, deadline: Instant) -> Result<(), OscError> {
        while let Some(left) = deadline.checked_duration_since(Instant::now()) {
            let Some(reply) = self.client.receive(left)? else { continue };
            let (revision, kind) = match &reply {
                Reply::Swapped { revision, .. } => (*revision, 0),
                Reply::Rejected(revision, _) => (*revision, 1),
                Reply::Superseded(revision) => (*revision, 2),
                Reply::TimedOut(revision) => (*revision, 3),
                Reply::Error(verb, text) => {
                    self.complaints.push((verb.clone(), text.clone()));
                    continue;
                }
                Reply::Status(status) => {
                    self.place(status);
                    continue;
                }
                _ => continue,
            };
            if kind == 0 {
                // Where in the recording it came in; more than one swap fits into an answer.
                self.client.say("/engine/status")?;
            }
            self.progress.answers[kind].fetch_add(1, Relaxed);
            let Some(commit) = self.commit_of(revision) else { continue };
            commit.answered_again |= commit.answer.is_some();
            commit.answer.get_or_insert((Instant::now(), reply));
        }
        Ok(())
    }
}

fn staged(edits: &[String]) -> impl Iterator<Item = String> {
    edits.iter().map(|edit| format!("/patch/{edit}"))
}
