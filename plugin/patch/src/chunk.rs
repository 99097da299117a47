//! The host's state chunk: the session's documents behind a header with a checksum, so that damage
//! is seen before anything is replaced.
//!
//! | bytes | what |
//! |---|---|
//! | 0..4 | "CHRN" |
//! | 4..8 | version of the chunk, u32, little endian |
//! | 8..16 | bytes of the payload, u64, little endian |
//! | 16..20 | CRC-32 (IEEE) of bytes 0..16 and the payload, u32, little endian |
//! | 20.. | payload: JSON with the patch `head` (its view within) and, when it differs, `playing` |
//!
//! Macro values are left out: host params carry them.

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use thiserror::Error;

use crate::format::Document;
use crate::{FormatError, Patch, View};

/// The version of the chunk that this crate writes, and the newest it reads.
pub const CHUNK_VERSION: u32 = 1;

const MAGIC: &[u8; 4] = b"CHRN";
const HEADER: usize = 20;

/// What a host keeps of a session.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct StateChunk {
    /// The document.
    pub head: Patch,
    /// What plays, where that is not `head`. An equal one is not written, and reads back as none.
    pub playing: Option<Patch>,
    /// What the editor shows.
    pub view: View,
}

/// Why bytes are no state.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum ChunkError {
    /// The bytes of something else.
    #[error("this is no Chronus state: it does not begin with CHRN")]
    Magic,
    /// Too few or too many bytes.
    #[error("the state is damaged: it has {found} bytes instead of {expected}")]
    Length {
        /// What the header says; for a cut header, what a header has.
        expected: u64,
        /// What there is.
        found: u64,
    },
    /// Changed bytes.
    #[error("the state is damaged: its checksum does not match")]
    Checksum,
    /// A version to come.
    #[error(
        "saved by a newer Chronus (state {0}, this one reads up to {CHUNK_VERSION}): update Chronus"
    )]
    Newer(u32),
    /// Whole, but not what a session keeps.
    #[error("the state cannot be read: {0}")]
    Payload(String),
    /// One of the patches in it cannot be read.
    #[error("the {part} patch in the state cannot be read: {error}")]
    Patch {
        /// `head` or `playing`.
        part: &'static str,
        /// Why.
        error: FormatError,
    },
}

/// The bytes for the host.
#[must_use]
pub fn encode(chunk: &StateChunk) -> Vec<u8> {
    #[derive(Serialize)]
    struct Payload<'a> {
        head: Document<'a>,
        #[serde(skip_serializing_if = "Option::is_none")]
        playing: Option<Document<'a>>,
    }
    let playing = chunk.playing.as_ref().filter(|playing| **playing != chunk.head);
    let payload = Payload {
        head: Document::new(&chunk.head, Some(&chunk.view)),
        playing: playing.map(|patch| Document::new(patch, None)),
    };
    // PANIC: every map of the document has keys that JSON can hold, and writing to memory works.
    let payload = serde_json::to_vec(&payload).expect("a document is JSON");
    frame(CHUNK_VERSION, &payload)
}

fn frame(version: u32, payload: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(HEADER + payload.len());
    bytes.extend_from_slice(MAGIC);
    bytes.extend_from_slice(&version.to_le_bytes());
    bytes.extend_from_slice(&(payload.len() as u64).to_le_bytes());
    bytes.extend_from_slice(&checksum(&bytes, payload).to_le_bytes());
    bytes.extend_from_slice(payload);
    bytes
}

fn checksum(header: &[u8], payload: &[u8]) -> u32 {
    let mut crc = crc32fast::Hasher::new();
    crc.update(header);
    crc.update(payload);
    crc.finalize()
}

/// Reads what [`encode`] wrote.
///
/// # Errors
/// On any truncation, any bytes too many and any changed bit, on a newer version, and when a patch
/// in it cannot be read.
pub fn decode(bytes: &[u8]) -> Result<StateChunk, ChunkError> {
    #[derive(Deserialize)]
    struct Payload<'a> {
        #[serde(borrow)]
        head: &'a RawValue,
        #[serde(borrow, default)]
        playing: Option<&'a RawValue>,
    }
    let (version, payload) = open(bytes)?;
    if version > CHUNK_VERSION {
        return Err(ChunkError::Newer(version));
    }
    let payload: Payload<'_> =
        serde_json::from_slice(payload).map_err(|error| ChunkError::Payload(error.to_string()))?;
    let wrong = |part| move |error| ChunkError::Patch { part, error };
    let (head, view) = Patch::from_json_with_view(payload.head.get()).map_err(wrong("head"))?;
    let playing = payload.playing.map(|text| Patch::from_json(text.get())).transpose();
    Ok(StateChunk { head, playing: playing.map_err(wrong("playing"))?, view })
}

/// The version and payload of an undamaged chunk.
fn open(bytes: &[u8]) -> Result<(u32, &[u8]), ChunkError> {
    let found = bytes.len() as u64;
    if !bytes.starts_with(MAGIC) && !MAGIC.starts_with(bytes) {
        return Err(ChunkError::Magic);
    }
    let cut = ChunkError::Length { expected: HEADER as u64, found };
    let Some((header, payload)) = bytes.split_first_chunk::<HEADER>() else { return Err(cut) };
    let [_, _, _, _, v0, v1, v2, v3, l0, l1, l2, l3, l4, l5, l6, l7, c0, c1, c2, c3] = *header;
    let length = u64::from_le_bytes([l0, l1, l2, l3, l4, l5, l6, l7]);
    if length != payload.len() as u64 {
        let expected = length.saturating_add(HEADER as u64);
        return Err(ChunkError::Length { expected, found });
    }
    if checksum(&header[..16], payload) != u32::from_le_bytes([c0, c1, c2, c3]) {
        return Err(ChunkError::Checksum);
    }
    Ok((u32::from_le_bytes([v0, v1, v2, v3]), payload))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Module, ModuleId, Point};

    fn chunk() -> StateChunk {
        let mut head = Patch { name: "Größe".into(), ..Patch::default() };
        let mut osc = Module::new("vco");
        osc.params.insert("freq".into(), 0.2);
        head.modules.insert(ModuleId::new("osc1").unwrap(), osc);
        let playing = Some(Patch::default());
        let view = View { zoom: 0.7, pan: Point { x: -0.1, y: 3.0 }, ..View::default() };
        StateChunk { head, playing, view }
    }

    #[test]
    fn reads_back_equal() {
        for chunk in [chunk(), StateChunk::default()] {
            assert_eq!(decode(&encode(&chunk)).unwrap(), chunk);
        }
    }

    #[test]
    fn an_equal_playing_patch_is_not_written() {
        let chunk = StateChunk { playing: Some(chunk().head), ..chunk() };
        assert_eq!(decode(&encode(&chunk)).unwrap(), StateChunk { playing: None, ..chunk });
    }

    #[test]
    fn every_truncation_and_every_byte_too_many_is_an_error() {
        let mut bytes = encode(&chunk());
        for length in 0..bytes.len() {
            let error = decode(&bytes[..length]).unwrap_err();
            assert!(matches!(error, ChunkError::Length { .. }), "{length}: {error}");
        }
        bytes.push(b' ');
        assert!(matches!(decode(&bytes), Err(ChunkError::Length { .. })));
    }

    #[test]
    fn every_flipped_bit_is_an_error() {
        let mut bytes = encode(&chunk());
        for at in 0..bytes.len() {
            for bit in 0..8 {
                bytes[at] ^= 1 << bit;
                assert!(decode(&bytes).is_err(), "byte {at}, bit {bit}");
                bytes[at] ^= 1 << bit;
            }
        }
        assert!(decode(&bytes).is_ok());
    }

    #[test]
    fn errors_say_what_is_wrong() {
        let says = |bytes: &[u8], text: &str| {
            let error = decode(bytes).unwrap_err().to_string();
            assert!(error.contains(text), "{error}");
        };
        says(b"RIFF and more of it", "no Chronus state");
        says(b"", "0 bytes instead of 20");
        says(&frame(2, b"?"), "newer Chronus");
        says(&frame(1, b"{}"), "missing field `head`");
        says(&frame(1, b"{\"head\": {}}"), "the head patch");
        says(&frame(1, b"\xff"), "cannot be read");
    }
}
