//! Standard output and error. A reader that went away (`chronus modules | head`) is no fault.

use std::io::Write as _;

/// Writes `text` to standard output.
pub fn put(text: &str) {
    let mut out = std::io::stdout().lock();
    let _ = out.write_all(text.as_bytes()).and_then(|()| out.flush());
}

/// Writes a line to standard error.
pub fn say(text: &str) {
    let _ = writeln!(std::io::stderr().lock(), "{text}");
}
