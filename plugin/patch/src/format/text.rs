//! How ports and colours stand in a file: "osc1.out", "#rrggbb".

use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use thiserror::Error;

use crate::{Colour, ModuleId, PortRef};

/// Why a text names no port.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("`{0}` names no port: write `module.port`, such as `osc1.out`")]
pub struct PortRefError(pub String);

impl FromStr for PortRef {
    type Err = PortRefError;

    /// Reads "osc1.out": a module id has no dot, so the first dot ends it.
    fn from_str(text: &str) -> Result<Self, PortRefError> {
        let error = || PortRefError(text.chars().take(80).collect());
        let (module, port) = text.split_once('.').ok_or_else(error)?;
        let module = ModuleId::new(module).map_err(|_| error())?;
        if port.is_empty() { Err(error()) } else { Ok(Self::new(module, port)) }
    }
}

impl Serialize for PortRef {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for PortRef {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(de::Error::custom)
    }
}

/// Why a text is no colour.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("`{0}` is no colour: write `#rrggbb` in hexadecimal digits")]
pub struct ColourError(pub String);

impl std::fmt::Display for Colour {
    /// "#rrggbb" in lower case.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let [r, g, b] = self.0;
        write!(f, "#{r:02x}{g:02x}{b:02x}")
    }
}

impl FromStr for Colour {
    type Err = ColourError;

    /// Reads "#rrggbb" in either case.
    fn from_str(text: &str) -> Result<Self, ColourError> {
        let error = || ColourError(text.chars().take(80).collect());
        let digits = text.strip_prefix('#').ok_or_else(error)?;
        if digits.len() != 6 || !digits.bytes().all(|b| b.is_ascii_hexdigit()) {
            return Err(error());
        }
        let [_, r, g, b] = u32::from_str_radix(digits, 16).map_err(|_| error())?.to_be_bytes();
        Ok(Self([r, g, b]))
    }
}

impl Serialize for Colour {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Colour {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(de::Error::custom)
    }
}
