//! Places in a file: path, line and column.

use std::collections::HashMap;
use std::fmt;

use serde::Deserialize;
use serde_json::value::RawValue;

/// A place in a file.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Place {
    /// From 1; 0 when it is not known (a file that was brought up to date before reading).
    pub line: usize,
    /// In bytes, from 1; 0 as for `line`.
    pub column: usize,
    /// JSON path such as `modules.osc1.params.freq` or `cables[3].to`; empty for the whole file.
    pub path: String,
}

impl fmt::Display for Place {
    /// As `line 12, column 8, at cables[3].to`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { line, column, path } = self;
        match (line, path.as_str()) {
            (0, "") => f.write_str("in the file"),
            (0, _) => write!(f, "at {path}"),
            (_, "") => write!(f, "line {line}, column {column}"),
            _ => write!(f, "line {line}, column {column}, at {path}"),
        }
    }
}

/// How a path counts the rows of a list of cables.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Rows {
    /// As they stand in the file.
    AsInFile,
    /// In order of their id.
    ById,
}

/// The beginning of the value at `path` in the JSON `text`; as near as there is one, and the place's
/// path counts rows as in the file.
pub(super) fn locate(text: &str, path: &str, rows: Rows) -> Place {
    let mut place = Place { path: path.to_owned(), ..Place::default() };
    if let Some((value, path)) = find(text, path, rows) {
        let offset = (value.as_ptr() as usize).saturating_sub(text.as_ptr() as usize);
        let before = &text.as_bytes()[..offset.min(text.len())];
        place.line = 1 + before.iter().filter(|b| **b == b'\n').count();
        place.column = 1 + before.iter().rev().take_while(|b| **b != b'\n').count();
        place.path = path;
    }
    place
}

/// The text of the value at `path`, or of the nearest around it, and the path as in the file.
fn find<'a>(text: &'a str, path: &str, rows: Rows) -> Option<(&'a str, String)> {
    let mut here: &RawValue = serde_json::from_str(text).ok()?;
    let mut done = String::new();
    let mut rest = path;
    let mut cables = false;
    loop {
        if let Some((index, after)) = rest.strip_prefix('[').and_then(|r| r.split_once(']')) {
            let Ok(values) = serde_json::from_str::<Vec<&RawValue>>(here.get()) else { break };
            let Some(index) = index.parse().ok().and_then(|index| match rows {
                Rows::ById if cables => nth_by_id(&values, index),
                _ => Some(index),
            }) else {
                break;
            };
            let Some(value) = values.get(index) else { break };
            done.push_str(&format!("[{index}]"));
            (here, rest, cables) = (value, after, false);
        } else {
            let key = rest.strip_prefix('.').unwrap_or(rest);
            // Keys may hold dots themselves, so take the longest that fits.
            let Some((name, value)) =
                serde_json::from_str::<HashMap<String, &RawValue>>(here.get()).ok().and_then(
                    |entries| {
                        let fits = |name: &str| {
                            let after = key.strip_prefix(name);
                            after.is_some_and(|a| a.is_empty() || a.starts_with(['.', '[']))
                        };
                        entries.into_iter().filter(|(name, _)| fits(name)).max_by_key(|e| e.0.len())
                    },
                )
            else {
                break;
            };
            if !done.is_empty() {
                done.push('.');
            }
            done.push_str(&name);
            (here, rest, cables) = (value, &key[name.len()..], name == "cables");
        }
        if rest.is_empty() {
            break;
        }
    }
    // What the file leaves out (a default) is still named.
    let rest = if done.is_empty() { rest.trim_start_matches('.') } else { rest };
    Some((here.get(), done + rest))
}

/// Where the row with the `nth` lowest id stands.
fn nth_by_id(rows: &[&RawValue], nth: usize) -> Option<usize> {
    #[derive(Deserialize)]
    struct Row {
        id: u32,
    }
    let ids = rows.iter().map(|row| serde_json::from_str::<Row>(row.get()).map_or(0, |r| r.id));
    let mut ids: Vec<(u32, usize)> = ids.zip(0..).collect();
    ids.sort_unstable();
    ids.get(nth).map(|(_, index)| *index)
}
