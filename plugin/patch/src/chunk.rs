//! Stub.
use crate::{Patch, View};
/// Stub.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct StateChunk {
    /// Stub.
    pub head: Patch,
    /// Stub.
    pub playing: Option<Patch>,
    /// Stub.
    pub view: View,
}
/// Stub.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum ChunkError {
    /// Stub.
    #[error("stub")]
    Stub,
}
/// Stub.
#[must_use]
pub fn encode(chunk: &StateChunk) -> Vec<u8> {
    let _ = chunk;
    Vec::new()
}
/// Stub.
///
/// # Errors
/// Stub.
pub fn decode(bytes: &[u8]) -> Result<StateChunk, ChunkError> {
    let _ = bytes;
    Err(ChunkError::Stub)
}
