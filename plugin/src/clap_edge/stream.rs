//! CLAP's byte streams: the host's, and ones over memory for the framework.

use std::ffi::c_void;

use clap_sys::stream::{clap_istream, clap_ostream};

use crate::state::{self, HEADER, StateError};

/// A stream that appends to `bytes`, which must outlive it.
pub fn into_memory(bytes: &mut Vec<u8>) -> clap_ostream {
    unsafe extern "C" fn write(
        stream: *const clap_ostream,
        buffer: *const c_void,
        size: u64,
    ) -> i64 {
        // SAFETY: `ctx` is the vector that the stream was made of; `buffer` holds `size` bytes.
        unsafe {
            let bytes = &mut *(*stream).ctx.cast::<Vec<u8>>();
            bytes.extend_from_slice(std::slice::from_raw_parts(buffer.cast(), size as usize));
        }
        size as i64
    }
    clap_ostream { ctx: std::ptr::from_mut(bytes).cast(), write: Some(write) }
}

/// A stream that takes bytes from the front of `rest`, which must outlive it.
pub fn from_memory(rest: &mut &[u8]) -> clap_istream {
    unsafe extern "C" fn read(stream: *const clap_istream, buffer: *mut c_void, size: u64) -> i64 {
        // SAFETY: `ctx` is the slice that the stream was made of; `buffer` has room for `size`
        // bytes.
        unsafe {
            let rest = &mut *(*stream).ctx.cast::<&[u8]>();
            let (now, later) = rest.split_at(rest.len().min(size as usize));
            std::ptr::copy_nonoverlapping(now.as_ptr(), buffer.cast(), now.len());
            *rest = later;
            now.len() as i64
        }
    }
    clap_istream { ctx: std::ptr::from_mut(rest).cast(), read: Some(read) }
}

/// Writes all of `bytes`, in as many pieces as the host likes; false when it takes no more.
///
/// # Safety
/// `stream` must be the host's, valid for the call.
pub unsafe fn write_all(stream: &clap_ostream, mut bytes: &[u8]) -> bool {
    let Some(write) = stream.write else { return false };
    while !bytes.is_empty() {
        // SAFETY: `bytes` holds as many bytes as is said.
        let written = unsafe { write(stream, bytes.as_ptr().cast(), bytes.len() as u64) };
        match usize::try_from(written) {
            Ok(n) if n > 0 && n <= bytes.len() => bytes = &bytes[n..],
            _ => return false,
        }
    }
    true
}

/// A state's header and all that it says follows.
///
/// # Errors
/// When the stream holds something else, or ends early.
///
/// # Safety
/// `stream` must be the host's, valid for the call.
pub unsafe fn read_state(stream: &clap_istream) -> Result<([u8; HEADER], Vec<u8>), StateError> {
    let mut header = [0; HEADER];
    // SAFETY: the caller's promise.
    if !unsafe { read_exact(stream, &mut header) } {
        return Err(StateError::Length);
    }
    let length = state::lengths(&header)?.body();
    // A damaged length is not worth its memory: it grows only as bytes really come.
    let mut body = Vec::new();
    const PIECE: usize = 1 << 16;
    while body.len() < length {
        let start = body.len();
        body.resize(length.min(start + PIECE), 0);
        // SAFETY: the caller's promise.
        if !unsafe { read_exact(stream, &mut body[start..]) } {
            return Err(StateError::Length);
        }
    }
    Ok((header, body))
}

/// # Safety
/// `stream` must be the host's, valid for the call.
unsafe fn read_exact(stream: &clap_istream, mut bytes: &mut [u8]) -> bool {
    let Some(read) = stream.read else { return false };
    while !bytes.is_empty() {
        // SAFETY: `bytes` has room for as many bytes as is said.
        let n = unsafe { read(stream, bytes.as_mut_ptr().cast(), bytes.len() as u64) };
        match usize::try_from(n) {
            Ok(n) if n > 0 && n <= bytes.len() => bytes = &mut bytes[n..],
            _ => return false,
        }
    }
    true
}
