//! Cables in a file: a list in order of their ids, the id a field of each.

use std::collections::BTreeMap;

use serde::de::{self, DeserializeSeed, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::document::Unknown;
use crate::{Cable, CableId, PortRef};

/// Writes the cables as a list.
///
/// # Errors
/// Those of the serializer.
pub fn serialize<S: Serializer>(
    cables: &BTreeMap<CableId, Cable>,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    #[derive(Serialize)]
    struct Row<'a> {
        id: CableId,
        #[serde(flatten)]
        cable: &'a Cable,
    }
    serializer.collect_seq(cables.iter().map(|(id, cable)| Row { id: *id, cable }))
}

/// Reads the list; the order in the file does not matter.
///
/// # Errors
/// Those of the deserializer, and an id that is used twice.
pub fn deserialize<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<BTreeMap<CableId, Cable>, D::Error> {
    deserializer.deserialize_seq(List)
}

/// `Cable` and its id in one object. Spelt out, because flattening a struct would lose the place of
/// an error and the exactness of an f32.
#[derive(Deserialize)]
struct Row {
    id: CableId,
    from: PortRef,
    to: PortRef,
    #[serde(default = "unity")]
    gain: f32,
    #[serde(default)]
    feedback: bool,
    #[serde(flatten)]
    unknown: Unknown,
}

fn unity() -> f32 {
    1.0
}

struct List;

impl<'de> Visitor<'de> for List {
    type Value = BTreeMap<CableId, Cable>;

    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("a list of cables")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Self::Value, A::Error> {
        let mut cables = BTreeMap::new();
        while seq.next_element_seed(Into(&mut cables))?.is_some() {}
        Ok(cables)
    }
}

/// Reads one row into the map, so that a repeated id is an error at that row.
struct Into<'a>(&'a mut BTreeMap<CableId, Cable>);

impl<'de> DeserializeSeed<'de> for Into<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        let Row { id, from, to, gain, feedback, unknown } = Row::deserialize(deserializer)?;
        let cable = Cable { from, to, gain, feedback, unknown };
        match self.0.insert(id, cable) {
            None => Ok(()),
            Some(_) => Err(de::Error::custom(format_args!("cable id {id} is used twice"))),
        }
    }
}
