//! What can go wrong with files, in words that name the file.

use std::io;
use std::path::{Path, PathBuf};

use chronus_patch::FormatError;
use thiserror::Error;

/// Why something was not done. Nothing was changed or lost.
#[derive(Debug, Error)]
pub enum LibraryError {
    /// The system refused.
    #[error("cannot {what} {}: {why}", path.display())]
    Io {
        /// What was tried ("read").
        what: &'static str,
        /// With which file or folder.
        path: PathBuf,
        /// The system's word.
        why: io::Error,
    },
    /// A file that is no patch.
    #[error("{}: {why}", path.display())]
    Format {
        /// The file.
        path: PathBuf,
        /// Where in it, and what.
        why: FormatError,
    },
    /// A pasted text that is no patch.
    #[error("the pasted text: {0}")]
    Text(FormatError),
    /// A file that is larger than any patch.
    #[error("{} is larger than a patch may be ({} MB)", .0.display(), crate::MOST_BYTES >> 20)]
    TooLarge(PathBuf),
    /// No regular file.
    #[error("{} is no file", .0.display())]
    NoFile(PathBuf),
    /// A file in the place of ours that somebody else put there.
    #[error("{} belongs to another program: Chronus keeps no settings there", .0.display())]
    NotOurs(PathBuf),
    /// There is a preset or file of that name already.
    #[error("there is a `{0}` already")]
    Taken(String),
    /// What is to be replaced is not what was read: somebody else wrote it.
    #[error("`{0}` was changed by somebody else meanwhile")]
    Changed(String),
    /// A name with nothing in it that a file could be called.
    #[error("a preset needs a name")]
    NoName,
    /// A path that depends on where the host happens to run.
    #[error("`{0}` is no whole path: begin at the root or with ~")]
    NotWhole(String),
    /// Neither a home nor a variable that names a folder.
    #[error("there is no folder for presets here: set {} to one", crate::FOLDER_VARIABLE)]
    NoFolder,
    /// Another Chronus writes, for longer than it may take.
    #[error("another Chronus is writing in {}: try again", .0.display())]
    Busy(PathBuf),
    /// A factory preset that does not exist.
    #[error("there is no factory preset `{0}`")]
    NoFactory(String),
}

impl LibraryError {
    /// What turns an error of the system into one that says what was tried with which file.
    pub(crate) fn io(what: &'static str, path: &Path) -> impl FnOnce(io::Error) -> Self {
        move |why| Self::Io { what, path: path.to_owned(), why }
    }
}
