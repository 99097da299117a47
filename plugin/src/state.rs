//! The host's state: the framework's parameters and the session's documents in one container, so
//! that damage to either is seen before anything is replaced.
//!
//! | bytes | what |
//! |---|---|
//! | 0..4 | "CHRP" |
//! | 4..8 | version of the container, u32, little endian |
//! | 8..16 | bytes of the parameters, u64, little endian |
//! | 16..24 | bytes of the documents, u64, little endian |
//! | 24..28 | CRC-32 (IEEE) of all other bytes, u32, little endian |
//! | 28.. | the parameters as the framework saves them, then `chronus_patch::chunk` |

use chronus_patch::chunk::{self, ChunkError, StateChunk};
use nice_plug::prelude::PluginState;
use thiserror::Error;

/// Bytes of the header.
pub const HEADER: usize = 28;

const MAGIC: &[u8; 4] = b"CHRP";
const VERSION: u32 = 1;
/// No project is that large; a length beyond it is damage, not a reason to allocate.
const MOST_BYTES: u64 = 1 << 28;
/// The framework writes the length of its JSON before it.
const PARAMS_HEADER: usize = 8;

/// Why bytes are no state of this plugin. Nothing was replaced.
#[derive(Debug, Error)]
pub enum StateError {
    /// The bytes of something else.
    #[error("this is no Chronus state; the patch plays on")]
    Magic,
    /// Too few bytes.
    #[error("the saved state is cut off; the patch plays on")]
    Length,
    /// Changed bytes.
    #[error("the saved state is damaged: its checksum does not match; the patch plays on")]
    Checksum,
    /// A version to come.
    #[error("saved by a newer Chronus (state {0}): update Chronus; the patch plays on")]
    Newer(u32),
    /// The parameters are not what the framework writes.
    #[error("the saved macros cannot be read: {0}; the patch plays on")]
    Params(String),
    /// The documents cannot be read.
    #[error("{0}; the patch plays on")]
    Documents(#[from] ChunkError),
}

/// The lengths that a header tells.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Lengths {
    params: usize,
    documents: usize,
}

impl Lengths {
    /// Bytes that follow the header.
    pub fn body(self) -> usize {
        self.params + self.documents
    }
}

/// The container around the framework's `params` and `documents`.
#[must_use]
pub fn write(params: &[u8], documents: &StateChunk) -> Vec<u8> {
    let documents = chunk::encode(documents);
    let mut bytes = Vec::with_capacity(HEADER + params.len() + documents.len());
    bytes.extend_from_slice(MAGIC);
    bytes.extend_from_slice(&VERSION.to_le_bytes());
    bytes.extend_from_slice(&(params.len() as u64).to_le_bytes());
    bytes.extend_from_slice(&(documents.len() as u64).to_le_bytes());
    let checksum = checksum(&bytes, &[params, &documents]);
    bytes.extend_from_slice(&checksum.to_le_bytes());
    bytes.extend_from_slice(params);
    bytes.extend_from_slice(&documents);
    bytes
}

/// How much follows `header`.
///
/// # Errors
/// When it is no header, one of a newer version, or one with lengths beyond reason.
pub fn lengths(header: &[u8; HEADER]) -> Result<Lengths, StateError> {
    if &header[..4] != MAGIC {
        return Err(StateError::Magic);
    }
    let version = u32_at(header, 4);
    if version > VERSION {
        return Err(StateError::Newer(version));
    }
    let (params, documents) = (u64_at(header, 8), u64_at(header, 16));
    if params > MOST_BYTES || documents > MOST_BYTES {
        return Err(StateError::Length);
    }
    Ok(Lengths { params: params as usize, documents: documents as usize })
}

/// The framework's parameters and the documents in `body`, checked to the last bit.
///
/// # Errors
/// On any truncation and any changed bit, and when a part cannot be read.
pub fn read<'a>(
    header: &[u8; HEADER],
    body: &'a [u8],
) -> Result<(&'a [u8], StateChunk), StateError> {
    let lengths = lengths(header)?;
    if body.len() != lengths.body() {
        return Err(StateError::Length);
    }
    if checksum(&header[..HEADER - 4], &[body]) != u32_at(header, HEADER - 4) {
        return Err(StateError::Checksum);
    }
    let (params, documents) = body.split_at(lengths.params);
    let json = params.get(PARAMS_HEADER..).ok_or(StateError::Length)?;
    serde_json::from_slice::<PluginState>(json)
        .map_err(|error| StateError::Params(error.to_string()))?;
    Ok((params, chunk::decode(documents)?))
}

fn checksum(header: &[u8], rest: &[&[u8]]) -> u32 {
    let mut crc = crc32fast::Hasher::new();
    crc.update(header);
    rest.iter().for_each(|part| crc.update(part));
    crc.finalize()
}

fn u32_at(bytes: &[u8; HEADER], at: usize) -> u32 {
    u32::from_le_bytes(std::array::from_fn(|i| bytes[at + i]))
}

fn u64_at(bytes: &[u8; HEADER], at: usize) -> u64 {
    u64::from_le_bytes(std::array::from_fn(|i| bytes[at + i]))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::factory;

    fn saved() -> (Vec<u8>, Vec<u8>, StateChunk) {
        let json = br#"{"version":"1","params":{"m001":{"f32":0.5}},"fields":{}}"#;
        let mut params = (json.len() as u64).to_le_bytes().to_vec();
        params.extend_from_slice(json);
        let documents = StateChunk { head: factory::initial(), ..StateChunk::default() };
        (write(&params, &documents), params, documents)
    }

    fn load(bytes: &[u8]) -> Result<(Vec<u8>, StateChunk), StateError> {
        let (header, body) = bytes.split_first_chunk().ok_or(StateError::Length)?;
        read(header, body).map(|(params, documents)| (params.to_vec(), documents))
    }

    #[test]
    fn reads_back_equal() {
        let (bytes, params, documents) = saved();
        assert_eq!(load(&bytes).expect("whole"), (params, documents));
    }

    #[test]
    fn every_truncation_and_every_flipped_bit_is_an_error() {
        let (mut bytes, ..) = saved();
        for length in 0..bytes.len() {
            assert!(load(&bytes[..length]).is_err(), "cut at {length}");
        }
        for at in 0..bytes.len() {
            let bit = 1 << (at % 8);
            bytes[at] ^= bit;
            assert!(load(&bytes).is_err(), "flipped at {at}");
            bytes[at] ^= bit;
        }
    }

    #[test]
    fn lengths_beyond_reason_are_refused_before_they_are_allocated() {
        let (mut bytes, ..) = saved();
        bytes[15] = 0x7f;
        let header = bytes.first_chunk().expect("a header");
        assert!(matches!(lengths(header), Err(StateError::Length)));
    }
}
