//! Brings files of older versions up to date, one version at a time.

use std::borrow::Cow;

use serde_json::Value;

use super::{FORMAT_VERSION, FormatError};

/// Makes a file of one version a file of the next.
type Step = fn(Value) -> Result<Value, String>;

/// The first step takes format 1 to format 2, and so on. None yet: 1 is the only version.
const STEPS: &[Step] = &[];

const _: () = assert!(STEPS.len() + 1 == FORMAT_VERSION as usize, "a migration step is missing");

/// `text` of format `from` (1 or later) in the format of today; borrowed when it already is.
pub(super) fn up_to_date(text: &str, from: u32) -> Result<Cow<'_, str>, FormatError> {
    migrate(text, from, STEPS)
}

fn migrate<'a>(text: &'a str, from: u32, steps: &[Step]) -> Result<Cow<'a, str>, FormatError> {
    let steps = steps.get(from as usize - 1..).unwrap_or_default();
    if steps.is_empty() {
        return Ok(Cow::Borrowed(text));
    }
    let failed = |message: String| FormatError::Migration { from, message };
    let mut value = serde_json::from_str(text).map_err(|e| failed(e.to_string()))?;
    for step in steps {
        value = step(value).map_err(failed)?;
    }
    Ok(Cow::Owned(value.to_string()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn rename_gain(mut value: Value) -> Result<Value, String> {
        let object = value.as_object_mut().ok_or("no object")?;
        let gain = object.remove("volume").ok_or("no volume")?;
        object.insert("gain".into(), gain);
        Ok(value)
    }

    fn raise(mut value: Value) -> Result<Value, String> {
        value["format"] = json!(3);
        Ok(value)
    }

    #[test]
    fn steps_are_taken_from_the_version_of_the_file() {
        let steps: &[Step] = &[rename_gain, raise];
        let read = |text: &str| serde_json::from_str::<Value>(text).unwrap();
        let from_1 = migrate(r#"{"format": 1, "volume": 0.2}"#, 1, steps).unwrap();
        assert_eq!(read(&from_1), json!({"format": 3, "gain": 0.2}));
        let from_2 = migrate(r#"{"format": 2, "gain": 0.2}"#, 2, steps).unwrap();
        assert_eq!(read(&from_2), json!({"format": 3, "gain": 0.2}));
        let from_3 = migrate(r#"{"format": 3}"#, 3, steps).unwrap();
        assert!(matches!(from_3, Cow::Borrowed(_)));
    }

    #[test]
    fn a_step_that_fails_is_an_error_with_the_version() {
        let error = migrate(r#"{"format": 1}"#, 1, &[rename_gain]).unwrap_err();
        assert_eq!(error.to_string(), "could not bring format 1 up to date: no volume");
    }
}
