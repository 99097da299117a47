//! Requests as people write them: one line each, in `--edits` files and in error messages.
//!
//! | phrase | meaning |
//! |---|---|
//! | `create ID KIND` | a new module |
//! | `delete ID` | a module goes, with its cables |
//! | `connect SRC[.PORT] DST[.PORT] [GAIN]` | a new cable; no port = the module's first |
//! | `disconnect SRC[.PORT] DST[.PORT]` | a cable goes |
//! | `set ID PARAM VALUE` | a param, in its unit |
//! | `rename ID [LABEL]` | a module's label |
//! | `move ID X Y` | its place on the canvas |
//! | `bypass ID on` or `off` | bypasses a module |
//! | `new` | everything goes |

use chronus_engine::{Registry, Request};
use chronus_patch::{Edit, ModuleId, Point};
use thiserror::Error;

/// Highest gain of a cable.
const GAIN: f32 = 16.0;
/// Longest port name that is looked at.
const PORT_BYTES: usize = 64;

/// Why a phrase means nothing.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum PhraseError {
    /// No verb of that name.
    #[error(
        "`{0}` is no verb: use create, delete, connect, disconnect, set, rename, move, bypass, new or load"
    )]
    Verb(String),
    /// Too few or too many words.
    #[error("write `{usage}`, not `{phrase}`")]
    Words {
        /// How the verb is used.
        usage: &'static str,
        /// What was written.
        phrase: String,
    },
    /// Not a finite number.
    #[error("`{0}` is no number")]
    Number(String),
    /// Wrong whatever the document holds.
    #[error("{0}")]
    Request(String),
}

/// The request that `phrase` asks for.
///
/// # Errors
/// When it is none, or can never be carried out with the kinds of `registry`.
pub fn parse(phrase: &str, registry: &Registry) -> Result<Request, PhraseError> {
    let words: Vec<&str> = phrase.split_whitespace().collect();
    let usage = |usage| PhraseError::Words { usage, phrase: phrase.trim().into() };
    let request = match words[..] {
        ["create", id, kind] => {
            Request::Create { id: id.into(), kind: kind.into(), position: Point::default() }
        }
        ["create", ..] => return Err(usage("create ID KIND")),
        ["delete", id] => Request::Delete { id: id.into() },
        ["delete", ..] => return Err(usage("delete ID")),
        ["connect", from, to] => Request::Connect { from: from.into(), to: to.into(), gain: 1.0 },
        ["connect", from, to, gain] => {
            Request::Connect { from: from.into(), to: to.into(), gain: number(gain)? }
        }
        ["connect", ..] => return Err(usage("connect SRC[.PORT] DST[.PORT] [GAIN]")),
        ["disconnect", from, to] => Request::Disconnect { from: from.into(), to: to.into() },
        ["disconnect", ..] => return Err(usage("disconnect SRC[.PORT] DST[.PORT]")),
        ["set", id, param, value] => {
            Request::Set { id: id.into(), param: param.into(), value: number(value)? }
        }
        ["set", ..] => return Err(usage("set ID PARAM VALUE")),
        ["rename", id, ref label @ ..] => {
            Request::Edit(Edit::Rename { id: module(id)?, name: label.join(" ") })
        }
        ["rename"] => return Err(usage("rename ID [LABEL]")),
        ["move", id, x, y] => Request::Edit(Edit::Move {
            id: module(id)?,
            position: Point { x: number(x)?, y: number(y)? },
        }),
        ["move", ..] => return Err(usage("move ID X Y")),
        ["bypass", id, switch @ ("on" | "off")] => {
            Request::Edit(Edit::SetBypass { id: module(id)?, bypass: switch == "on" })
        }
        ["bypass", ..] => return Err(usage("bypass ID on|off")),
        ["new"] => Request::Clear,
        ["new", ..] => return Err(usage("new")),
        [verb, ..] => return Err(PhraseError::Verb(verb.into())),
        [] => return Err(PhraseError::Verb(String::new())),
    };
    check(&request, registry).map_err(PhraseError::Request)?;
    Ok(request)
}

/// The request as a phrase.
#[must_use]
pub fn describe(request: &Request) -> String {
    match request {
        Request::Create { id, kind, .. } => format!("create {id} {kind}"),
        Request::Delete { id } => format!("delete {id}"),
        Request::Connect { from, to, gain } if *gain == 1.0 => format!("connect {from} {to}"),
        Request::Connect { from, to, gain } => format!("connect {from} {to} {gain}"),
        Request::Disconnect { from, to } => format!("disconnect {from} {to}"),
        Request::Set { id, param, value } => format!("set {id} {param} {value}"),
        Request::Clear => "new".into(),
        Request::Replace(patch) if patch.name.is_empty() => "load".into(),
        Request::Replace(patch) => format!("load {}", patch.name),
        Request::Edit(Edit::Rename { id, name }) => format!("rename {id} {name}"),
        Request::Edit(Edit::Move { id, position }) => {
            format!("move {id} {} {}", position.x, position.y)
        }
        Request::Edit(Edit::SetBypass { id, bypass }) => {
            format!("bypass {id} {}", if *bypass { "on" } else { "off" })
        }
        Request::Edit(edit) => edit.describe(&chronus_patch::Patch::default()),
    }
}

/// Checks all of `request` that does not depend on the document: ids, kinds, ports' form, numbers.
///
/// # Errors
/// What is wrong with it.
pub fn check(request: &Request, registry: &Registry) -> Result<(), String> {
    match request {
        Request::Create { id, kind, .. } => {
            ModuleId::new(id).map_err(|e| e.to_string())?;
            registry.spec(kind).map(|_| ()).map_err(|e| e.to_string())
        }
        Request::Delete { id } => ModuleId::new(id).map(|_| ()).map_err(|e| e.to_string()),
        Request::Connect { from, to, gain } => {
            check_end(from)?;
            check_end(to)?;
            if (-GAIN..=GAIN).contains(gain) {
                return Ok(());
            }
            Err(format!("gain {gain} is out of range: use {} to {GAIN}", -GAIN))
        }
        Request::Disconnect { from, to } => check_end(from).and_then(|()| check_end(to)),
        Request::Set { id, value, .. } => {
            ModuleId::new(id).map_err(|e| e.to_string())?;
            if value.is_finite() { Ok(()) } else { Err(format!("{value} is no value")) }
        }
        Request::Clear | Request::Replace(_) | Request::Edit(_) => Ok(()),
    }
}

/// One end of a cable: `ID` or `ID.PORT`.
fn check_end(end: &str) -> Result<(), String> {
    let (id, port) = end.split_once('.').map_or((end, None), |(id, port)| (id, Some(port)));
    ModuleId::new(id).map_err(|e| e.to_string())?;
    match port {
        Some("") => Err(format!("`{end}` names no port: write ID or ID.PORT")),
        Some(port) if port.len() > PORT_BYTES => Err("no port has so long a name".into()),
        _ => Ok(()),
    }
}

fn number(word: &str) -> Result<f32, PhraseError> {
    let number = word.parse().ok().filter(|n: &f32| n.is_finite());
    number.ok_or_else(|| PhraseError::Number(word.into()))
}

fn module(word: &str) -> Result<ModuleId, PhraseError> {
    ModuleId::new(word).map_err(|e| PhraseError::Request(e.to_string()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn phrases_read_back_as_they_were_written() {
        let registry = crate::registry();
        for phrase in [
            "create g1/osc1 simple_sine",
            "delete osc1",
            "connect osc1 env1",
            "connect osc1.out env1.in -0.5",
            "disconnect osc1 env1.gate",
            "set osc1 freq 220.5",
            "rename osc1 The Lead",
            "move osc1 10 -20",
            "bypass osc1 on",
            "new",
        ] {
            assert_eq!(parse(phrase, &registry).map(|r| describe(&r)), Ok(phrase.into()));
        }
    }

    #[test]
    fn what_can_never_work_is_refused() {
        let registry = crate::registry();
        for (phrase, says) in [
            ("", "no verb"),
            ("fly osc1", "no verb"),
            ("create osc1", "create ID KIND"),
            ("create osc1 warbler", "unknown kind `warbler`"),
            ("create os.c1 vco", "no module id"),
            ("connect osc1 env1. 1", "names no port"),
            ("connect a b 17", "out of range"),
            ("connect a b inf", "no number"),
            ("set osc1 freq many", "no number"),
            ("set osc1 freq", "set ID PARAM VALUE"),
            ("bypass osc1 perhaps", "on|off"),
            ("new patch", "write `new`"),
        ] {
            let error = parse(phrase, &registry).expect_err(phrase).to_string();
            assert!(error.contains(says), "{phrase}: {error}");
        }
    }
}
