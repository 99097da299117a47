//! Commits made here and what became of them.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::{Duration, Instant};

use chronus_engine::{Answer, Client, Engine, Rejection, Request, Revision, Terms};
use parking_lot::Mutex;

/// Commits kept in view.
const KEPT: usize = 20;

/// One commit.
#[derive(Clone, Debug)]
pub struct Commit {
    serial: u64,
    /// What was done, in a few words.
    pub label: String,
    /// What became of it.
    pub fate: Fate,
}

/// What became of a commit.
#[derive(Clone, Debug)]
pub enum Fate {
    /// It is being built, since then.
    Building(Instant),
    /// It plays.
    Swapped {
        /// Its number.
        revision: Revision,
        /// From commit to swap.
        took: Duration,
        /// Share of real time that it takes with all voices.
        load: f32,
        /// It stays silent with a note held.
        silent: bool,
        /// What is missing or odd in the patch.
        remarks: Vec<String>,
    },
    /// It was refused.
    Refused {
        /// Its number.
        revision: Revision,
        /// Why.
        why: Rejection,
    },
    /// A newer one, which contains it, took its place.
    Superseded,
    /// It was not ready in time.
    TimedOut,
}

type List = Arc<Mutex<VecDeque<Commit>>>;

/// The commits of one editor, newest last.
#[derive(Default)]
pub struct Commits {
    list: List,
    serial: u64,
}

impl Commits {
    /// Commits `requests`.
    pub fn commit(&mut self, engine: &Engine, label: impl Into<String>, requests: &[Request]) {
        let answer = self.open(label.into());
        engine.commit(requests, terms(false), answer);
    }

    /// Commits the document as it stands once more, whatever it costs.
    pub fn commit_anyway(&mut self, engine: &Engine) {
        let answer = self.open("play it anyway".into());
        engine.commit(&[], terms(true), answer);
    }

    /// Undoes one step.
    pub fn undo(&mut self, engine: &Engine) {
        let (label, _) = engine.undo_labels();
        let Some(label) = label else { return };
        let answer = self.open(format!("undo: {label}"));
        if engine.undo(terms(false), answer).is_none() {
            self.list.lock().pop_back();
        }
    }

    /// Redoes one step.
    pub fn redo(&mut self, engine: &Engine) {
        let (_, label) = engine.undo_labels();
        let Some(label) = label else { return };
        let answer = self.open(format!("redo: {label}"));
        if engine.redo(terms(false), answer).is_none() {
            self.list.lock().pop_back();
        }
    }

    /// The newest commit.
    pub fn last(&self) -> Option<Commit> {
        self.list.lock().back().cloned()
    }

    /// All that are kept, newest first.
    pub fn all(&self) -> Vec<Commit> {
        self.list.lock().iter().rev().cloned().collect()
    }

    /// True while a commit waits for its answer.
    pub fn building(&self) -> bool {
        self.list.lock().iter().any(|commit| matches!(commit.fate, Fate::Building(_)))
    }

    /// A new commit in view, and what its answer does.
    fn open(&mut self, label: String) -> impl FnOnce(Answer) + Send + 'static {
        self.serial += 1;
        let serial = self.serial;
        let mut list = self.list.lock();
        list.push_back(Commit { serial, label, fate: Fate::Building(Instant::now()) });
        if list.len() > KEPT {
            list.pop_front();
        }
        drop(list);
        let list = self.list.clone();
        move |answer| {
            if let Some(commit) = list.lock().iter_mut().find(|c| c.serial == serial) {
                commit.fate = fate(answer);
            }
        }
    }
}

fn fate(answer: Answer) -> Fate {
    match answer {
        Answer::Swapped { revision, took, verdict, diagnostics, .. } => Fate::Swapped {
            revision,
            took,
            load: verdict.load,
            silent: verdict.silent && !verdict.late,
            remarks: diagnostics.iter().map(ToString::to_string).collect(),
        },
        Answer::Rejected { revision, rejection } => Fate::Refused { revision, why: rejection },
        Answer::Superseded { .. } => Fate::Superseded,
        Answer::TimedOut { .. } => Fate::TimedOut,
    }
}

fn terms(over_budget: bool) -> Terms {
    Terms { client: Client::Editor, over_budget, ..Terms::default() }
}
