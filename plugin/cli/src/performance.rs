//! A performance: the `--edits` file of `chronus render`, a list of commits with their times.
//!
//! ```json
//! [
//!   { "at": 0.5, "do": ["create osc2 vco", "set osc2 freq 330", "connect osc2 env1 0.5"] },
//!   { "at": 1.25, "do": "delete osc1", "strict": true },
//!   { "at": 2, "do": "load other.json" }
//! ]
//! ```
//!
//! `at` is in seconds, the order in the file does not matter (commits of equal times keep it).
//! Each entry becomes one commit of all its phrases (`phrase`), which is refused as a whole or
//! swapped in at exactly its frame, or as soon as the ramp of the one before is over. `load` takes
//! a patch file, by its path from the performance's own. `strict` refuses a patch that would stay
//! silent.

use std::path::Path;

use chronus_engine::{Registry, Request};
use chronus_patch::Patch;
use serde_json::Value;
use thiserror::Error;

use crate::phrase;

/// One commit of a performance.
#[derive(Clone, Debug, PartialEq)]
pub struct Timed {
    /// Seconds from the start.
    pub at: f64,
    /// What is committed.
    pub requests: Vec<Request>,
    /// Refuse a patch that stays silent.
    pub strict: bool,
}

/// Why a performance cannot be read. Places count from 0.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum PerformanceError {
    /// No JSON.
    #[error("{0}")]
    Json(String),
    /// Not a list of entries.
    #[error("{place}: {wanted}")]
    Form {
        /// Where, such as `[3].at`.
        place: String,
        /// What should stand there.
        wanted: &'static str,
    },
    /// A phrase that means nothing.
    #[error("{place}: {text}")]
    Phrase {
        /// Where, such as `[3].do[1]`.
        place: String,
        /// What is wrong.
        text: String,
    },
}

/// Reads the performance `text`, in order of time. Patches to load are looked for in `folder`.
///
/// # Errors
/// The first fault, with its place.
pub fn parse(
    text: &str,
    folder: &Path,
    registry: &Registry,
) -> Result<Vec<Timed>, PerformanceError> {
    let form = |place: String, wanted| PerformanceError::Form { place, wanted };
    let json: Value =
        serde_json::from_str(text).map_err(|e| PerformanceError::Json(e.to_string()))?;
    let entries = json.as_array();
    let entries = entries.ok_or_else(|| form("top".into(), "a list of { at, do } is wanted"))?;
    let mut performance = Vec::with_capacity(entries.len());
    for (n, entry) in entries.iter().enumerate() {
        let known = |key: &str| matches!(key, "at" | "do" | "strict");
        let entry = entry.as_object().filter(|e| e.keys().all(|key| known(key)));
        let entry = entry.ok_or_else(|| {
            form(format!("[{n}]"), "write { \"at\": SECONDS, \"do\": [PHRASE, …] }")
        })?;
        let at = entry.get("at").and_then(Value::as_f64).filter(|at| *at >= 0.0);
        let at = at.ok_or_else(|| form(format!("[{n}].at"), "a time in seconds is wanted"))?;
        let strict = match entry.get("strict") {
            None => false,
            Some(Value::Bool(strict)) => *strict,
            Some(_) => return Err(form(format!("[{n}].strict"), "true or false is wanted")),
        };
        let phrases = match entry.get("do") {
            Some(Value::Array(phrases)) => phrases.as_slice(),
            Some(one @ Value::String(_)) => std::slice::from_ref(one),
            _ => return Err(form(format!("[{n}].do"), "a phrase or a list of them is wanted")),
        };
        let requests = phrases.iter().enumerate().map(|(p, phrase)| {
            let place = format!("[{n}].do[{p}]");
            let Some(phrase) = phrase.as_str() else {
                return Err(form(place, "a phrase is wanted, such as \"delete osc1\""));
            };
            request(phrase, folder, registry)
                .map_err(|text| PerformanceError::Phrase { place, text })
        });
        performance.push(Timed { at, requests: requests.collect::<Result<_, _>>()?, strict });
    }
    performance.sort_by(|a, b| a.at.total_cmp(&b.at));
    Ok(performance)
}

fn request(text: &str, folder: &Path, registry: &Registry) -> Result<Request, String> {
    match text.trim().strip_prefix("load ") {
        Some(file) => {
            let path = folder.join(file.trim());
            let at = |e: &dyn std::fmt::Display| format!("{}: {e}", path.display());
            let json = std::fs::read_to_string(&path).map_err(|e| at(&e))?;
            let patch = Patch::from_json(&json).map_err(|e| at(&e))?;
            Ok(Request::Replace(Box::new(patch)))
        }
        None => phrase::parse(text, registry).map_err(|e| e.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<Vec<Timed>, String> {
        parse(text, Path::new("/nowhere"), &crate::registry()).map_err(|e| e.to_string())
    }

    #[test]
    fn entries_come_in_order_of_time() {
        let performance = read(
            r#"[{ "at": 2, "do": [] }, { "at": 1.5, "do": "delete a", "strict": true },
                { "at": 2, "do": ["create a vco", "set a freq 220"] }]"#,
        )
        .unwrap();
        let times: Vec<(f64, usize)> =
            performance.iter().map(|timed| (timed.at, timed.requests.len())).collect();
        assert_eq!(times, [(1.5, 1), (2.0, 0), (2.0, 2)]);
        assert!(performance[0].strict);
    }

    #[test]
    fn faults_have_places() {
        for (text, says) in [
            ("[", "line 1"),
            ("{}", "top: "),
            (r#"[{ "at": 1, "do": [], "when": 2 }]"#, "[0]: "),
            (r#"[{ "at": -1, "do": [] }]"#, "[0].at: "),
            (r#"[{ "at": 1, "do": [] }, { "at": 1 }]"#, "[1].do: "),
            (r#"[{ "at": 1, "do": ["new", 3] }]"#, "[0].do[1]: "),
            (r#"[{ "at": 1, "do": ["new", "create x warbler"] }]"#, "[0].do[1]: unknown kind"),
            (r#"[{ "at": 1, "do": "load other.json" }]"#, "/nowhere/other.json: "),
            (r#"[{ "at": 1, "do": [], "strict": 1 }]"#, "[0].strict: "),
        ] {
            let error = read(text).expect_err(text);
            assert!(error.contains(says), "{text}: {error}");
        }
    }
}
