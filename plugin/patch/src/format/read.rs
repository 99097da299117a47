//! Reading: JSON to a sound patch, or an error that names the place.

use std::collections::HashSet;
use std::fmt;

use serde::Deserialize;
use serde::de::{self, DeserializeSeed, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_json::Value;

use super::migrate::up_to_date;
use super::place::{Place, Rows, locate};
use super::{FORMAT_VERSION, FormatError};
use crate::{Patch, View};

/// Reads a document of `kind`. The patch is sound and has no cycle without a delay.
pub(crate) fn read(text: &str, kind: &'static str) -> Result<(Patch, View), FormatError> {
    check_keys(text)?;
    let version = check_head(text, kind)?;
    let current = up_to_date(text, version)?;
    // Lines and columns of a file that was brought up to date are not those of the file.
    let known = matches!(current, std::borrow::Cow::Borrowed(_));
    read_current(&current).map_err(|error| match error {
        FormatError::At { place, message } if !known => {
            FormatError::At { place: Place { line: 0, column: 0, ..place }, message }
        }
        error => error,
    })
}

fn read_current(text: &str) -> Result<(Patch, View), FormatError> {
    let mut patch: Patch = parse(text)?;
    for head in ["kind", "format", "view"] {
        // What is no field of `Patch` went there; `shift_remove` keeps the order of the rest.
        patch.unknown.shift_remove(head);
    }
    let ViewOf { view } = parse(text)?;
    let View { zoom, pan, window, .. } = &view;
    for (field, value) in [
        ("zoom", *zoom),
        ("pan.x", pan.x),
        ("pan.y", pan.y),
        ("window.w", window.w),
        ("window.h", window.h),
    ] {
        crate::check::finite(value, || format!("`{field}`")).map_err(|reason| {
            let place = locate(text, &format!("view.{field}"), Rows::AsInFile);
            FormatError::At { place, message: reason.to_string() }
        })?;
    }
    patch.mark_cycles();
    patch.validate().map_err(|invalid| FormatError::At {
        place: locate(text, &invalid.place, Rows::ById),
        message: invalid.reason.to_string(),
    })?;
    Ok((patch, view))
}

/// A document's view, read by itself: as a field of `Patch::unknown` it would lose the exactness of
/// its numbers and the places of its errors.
#[derive(Deserialize)]
struct ViewOf {
    #[serde(default)]
    view: View,
}

/// JSON that `check_keys` has passed to a value, with the place in the error.
fn parse<'de, T: Deserialize<'de>>(text: &'de str) -> Result<T, FormatError> {
    let mut json = serde_json::Deserializer::from_str(text);
    serde_path_to_error::deserialize(&mut json).map_err(|error| {
        let place = locate(text, &path_text(error.path()), Rows::AsInFile);
        FormatError::At { place, message: message_of(error.inner()) }
    })
}

/// Refuses what is not JSON and objects that name a key twice, which would silently lose one.
fn check_keys(text: &str) -> Result<(), FormatError> {
    let mut json = serde_json::Deserializer::from_str(text);
    let mut track = serde_path_to_error::Track::new();
    let tracked = serde_path_to_error::Deserializer::new(&mut json, &mut track);
    match UniqueKeys.deserialize(tracked) {
        Err(error) => Err(syntax(path_text(&track.path()), &error)),
        Ok(()) => json.end().map_err(|error| syntax(String::new(), &error)),
    }
}

/// The version in the head of a document of `kind`; at most today's.
fn check_head(text: &str, kind: &'static str) -> Result<u32, FormatError> {
    #[derive(Deserialize)]
    struct Head {
        kind: Option<Value>,
        format: Option<Value>,
    }
    let other = |found: String| FormatError::Kind { expected: kind, found };
    let Ok(head) = serde_json::from_str::<Head>(text) else {
        return Err(other("nothing: it is no object".into()));
    };
    match head.kind {
        Some(Value::String(found)) if found == kind => {}
        Some(found) => {
            return Err(other(found.to_string().chars().take(80).collect()));
        }
        None => return Err(other("nothing".into())),
    }
    let format = head.format.unwrap_or_default();
    let version = format.as_u64().filter(|version| *version > 0).ok_or_else(|| {
        let message = format!("the format's version is 1 or more, not {format}");
        FormatError::At { place: locate(text, "format", Rows::AsInFile), message }
    })?;
    match u32::try_from(version) {
        Ok(version) if version <= FORMAT_VERSION => Ok(version),
        _ => Err(FormatError::Newer(version)),
    }
}

/// The path as in a [`Place`]. serde_path_to_error writes that of the whole as ".", and a step that
/// it does not know (within a key) as "?".
fn path_text(path: &serde_path_to_error::Path) -> String {
    let path = path.to_string();
    let known = path.trim_end_matches('?').trim_end_matches('.');
    known.to_owned()
}

fn syntax(path: String, error: &serde_json::Error) -> FormatError {
    let place = Place { line: error.line(), column: error.column(), path };
    FormatError::At { place, message: message_of(error) }
}

/// The message without the position, which stands in the place.
fn message_of(error: &serde_json::Error) -> String {
    let text = error.to_string();
    let position = format!(" at line {} column {}", error.line(), error.column());
    text.strip_suffix(&position).unwrap_or(&text).to_owned()
}

/// Accepts any JSON without repeated keys.
#[derive(Clone, Copy)]
struct UniqueKeys;

impl<'de> DeserializeSeed<'de> for UniqueKeys {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for UniqueKeys {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_bool<E>(self, _: bool) -> Result<(), E> {
        Ok(())
    }

    fn visit_i64<E>(self, _: i64) -> Result<(), E> {
        Ok(())
    }

    fn visit_u64<E>(self, _: u64) -> Result<(), E> {
        Ok(())
    }

    fn visit_f64<E>(self, _: f64) -> Result<(), E> {
        Ok(())
    }

    fn visit_str<E>(self, _: &str) -> Result<(), E> {
        Ok(())
    }

    fn visit_unit<E>(self) -> Result<(), E> {
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<(), A::Error> {
        while seq.next_element_seed(self)?.is_some() {}
        Ok(())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        let mut keys = HashSet::new();
        while let Some(key) = map.next_key::<String>()? {
            // Refused from within the value, so that the path ends with the key.
            map.next_value_seed(Keyed { repeated: !keys.insert(key) })?;
        }
        Ok(())
    }
}

/// The value of a key.
struct Keyed {
    repeated: bool,
}

impl<'de> DeserializeSeed<'de> for Keyed {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        if self.repeated {
            return Err(de::Error::custom("this key is there twice: remove one"));
        }
        UniqueKeys.deserialize(deserializer)
    }
}
