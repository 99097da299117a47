//! Where presets live on this machine, and paths that people type.

use std::env;
use std::path::PathBuf;

use crate::LibraryError;

/// Environment variable that names the folder of presets, for tests and portable installations.
pub const FOLDER_VARIABLE: &str = "CHRONUS_PRESETS";

/// The user's folder of presets; none where the machine names no home. It need not exist yet.
#[must_use]
pub fn user_folder() -> Option<PathBuf> {
    let whole = |name: &str| env::var_os(name).map(PathBuf::from).filter(|path| path.is_absolute());
    if let Some(folder) = whole(FOLDER_VARIABLE) {
        return Some(folder);
    }
    if cfg!(windows) {
        return whole("APPDATA").map(|data| data.join("Chronus").join("Presets"));
    }
    let home = env::home_dir();
    if cfg!(target_os = "macos") {
        return home.map(|home| home.join("Library/Application Support/Chronus/Presets"));
    }
    let data = whole("XDG_DATA_HOME").or_else(|| home.map(|home| home.join(".local/share")));
    data.map(|data| data.join("chronus").join("presets"))
}

/// A typed or pasted path: quotes and `file://` taken off, `~` spelled out.
pub(crate) fn typed_path(text: &str) -> Result<PathBuf, LibraryError> {
    let text = text.trim().trim_matches(['"', '\'']);
    let decoded = text.strip_prefix("file://").map(percent_decoded);
    let text = decoded.as_deref().unwrap_or(text);
    let path = match text.strip_prefix('~') {
        Some(rest) if rest.is_empty() || rest.starts_with(['/', '\\']) => {
            let home = env::home_dir().ok_or_else(|| LibraryError::NotWhole(text.to_owned()))?;
            home.join(rest.trim_start_matches(['/', '\\']))
        }
        _ => PathBuf::from(text),
    };
    if path.is_absolute() { Ok(path) } else { Err(LibraryError::NotWhole(text.to_owned())) }
}

/// `text` with its `%20` and the like as characters; as it was where that gives none.
fn percent_decoded(text: &str) -> String {
    let bytes = text.as_bytes();
    let mut decoded = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while at < bytes.len() {
        let hex = text.get(at + 1..at + 3).filter(|_| bytes[at] == b'%');
        match hex.and_then(|hex| u8::from_str_radix(hex, 16).ok()) {
            Some(byte) => {
                decoded.push(byte);
                at += 3;
            }
            None => {
                decoded.push(bytes[at]);
                at += 1;
            }
        }
    }
    String::from_utf8(decoded).unwrap_or_else(|_| text.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn typed_paths_are_whole() {
        let root = if cfg!(windows) { "C:\\a b" } else { "/a b" };
        assert_eq!(typed_path(&format!("  \"{root}\"  ")).expect("a path"), PathBuf::from(root));
        assert!(matches!(typed_path("presets/x.json"), Err(LibraryError::NotWhole(_))));
        assert!(matches!(typed_path(""), Err(LibraryError::NotWhole(_))));
        let home = env::home_dir().expect("a home");
        assert_eq!(typed_path("~/x").expect("a path"), home.join("x"));
        assert!(matches!(typed_path("~other/x"), Err(LibraryError::NotWhole(_))));
    }

    #[test]
    #[cfg(unix)]
    fn addresses_of_files_are_paths() {
        let path = typed_path("file:///tmp/a%20b%zz%C3%A4").expect("a path");
        assert_eq!(path, PathBuf::from("/tmp/a b%zzä"));
    }
}
