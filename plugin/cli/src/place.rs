//! Where in a patch file something stands, so that a person finds it.

use std::collections::BTreeMap;

use chronus_engine::Place;
use serde_json::value::RawValue;

type Object<'a> = BTreeMap<String, &'a RawValue>;

/// The line (from 1) at which `place` stands in the patch file `text`; none where it does not.
#[must_use]
pub fn line_of(text: &str, place: &Place) -> Option<usize> {
    let patch: Object<'_> = serde_json::from_str(text).ok()?;
    let part = |name: &str| patch.get(name).map(|part| part.get());
    let found = match place {
        Place::Module(id) => entry(part("modules")?, id.as_str()),
        Place::Macro(index) => entry(part("macros")?, &index.to_string()),
        Place::Cable(id) => {
            let cables: Vec<&RawValue> = serde_json::from_str(part("cables")?).ok()?;
            let is = |cable: &&&RawValue| {
                entry(cable.get(), "id").is_some_and(|found| found == id.to_string())
            };
            cables.iter().find(is).map(|cable| cable.get())
        }
    };
    // The part is a slice of the text, so the distance is where it begins.
    let at = (found?.as_ptr() as usize).checked_sub(text.as_ptr() as usize)?;
    Some(text.get(..at)?.matches('\n').count() + 1)
}

fn entry<'a>(object: &'a str, key: &str) -> Option<&'a str> {
    let object: Object<'a> = serde_json::from_str(object).ok()?;
    object.get(key).map(|value| value.get())
}

#[cfg(test)]
mod tests {
    use super::*;
    use chronus_patch::CableId;

    const TEXT: &str = r#"{
  "modules": {
    "a": { "kind": "vco" },
    "b":
      { "kind": "warbler" }
  },
  "cables": [
    { "id": 1, "from": "a.out", "to": "b.in" },
    { "from": "a.out",
      "to": "b.cv", "id": 12 }
  ],
  "macros": { "3": {} }
}"#;

    #[test]
    fn things_stand_where_they_begin() {
        let line = |place| line_of(TEXT, &place);
        assert_eq!(line(Place::Module("a".parse().unwrap())), Some(3));
        assert_eq!(line(Place::Module("b".parse().unwrap())), Some(5));
        assert_eq!(line(Place::Module("c".parse().unwrap())), None);
        assert_eq!(line(Place::Cable(CableId(1))), Some(8));
        assert_eq!(line(Place::Cable(CableId(12))), Some(9));
        assert_eq!(line(Place::Cable(CableId(2))), None);
        assert_eq!(line(Place::Macro(3)), Some(12));
        assert_eq!(line_of("[", &Place::Macro(3)), None);
    }
}
