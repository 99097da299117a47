//! Files that are whole or not there: written beside their place, brought to the disk, then renamed.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::{Duration, Instant};

use crate::LibraryError;
use crate::folder::MOST_BYTES;

/// How the name of a file begins that is being written.
const DRAFT: &str = ".chronus-";
/// How it ends.
const DRAFT_ENDING: &str = ".tmp";
/// The file that whoever writes in a folder holds.
const LOCK: &str = ".chronus.lock";
/// Longest to wait for another writer: the editor joins this thread when it closes.
const PATIENCE: Duration = Duration::from_secs(2);

/// The right to write in a folder. All that is written by Chronus is written under it.
pub(crate) struct Writing {
    folder: PathBuf,
    /// None where the file system knows no locks.
    lock: Option<File>,
}

impl Writing {
    /// Waits for other writers in `folder`, which is made if need be, and clears away what one left
    /// that ended amid writing.
    pub(crate) fn begin(folder: &Path) -> Result<Self, LibraryError> {
        fs::create_dir_all(folder).map_err(LibraryError::io("make the folder", folder))?;
        let path = folder.join(LOCK);
        let file = OpenOptions::new().create(true).truncate(false).write(true).open(&path);
        let file = file.map_err(LibraryError::io("write in", folder))?;
        let started = Instant::now();
        let lock = loop {
            match file.try_lock() {
                Ok(()) => break Some(file),
                Err(fs::TryLockError::WouldBlock) if started.elapsed() < PATIENCE => {
                    std::thread::sleep(Duration::from_millis(5));
                }
                Err(fs::TryLockError::WouldBlock) => {
                    return Err(LibraryError::Busy(folder.to_owned()));
                }
                Err(fs::TryLockError::Error(_)) => break None,
            }
        };
        let writing = Self { folder: folder.to_owned(), lock };
        writing.clear_drafts();
        Ok(writing)
    }

    /// Under the lock nobody writes, so every draft is one of a writer that is no more.
    fn clear_drafts(&self) {
        if self.lock.is_none() {
            return;
        }
        let Ok(all) = fs::read_dir(&self.folder) else { return };
        for file in all.flatten() {
            if file.file_name().to_str().is_some_and(is_draft) {
                // It is ignored where it is; another writer may try again.
                let _ = fs::remove_file(file.path());
            }
        }
    }

    /// Writes `file` of the folder anew.
    ///
    /// # Errors
    /// Also when there is one of that name.
    pub(crate) fn create(&self, file: &str, bytes: &[u8]) -> Result<(), LibraryError> {
        let path = self.folder.join(file);
        create(&path, file, bytes)
    }

    /// Writes `file` of the folder, in the place of what is there.
    pub(crate) fn replace(&self, file: &str, bytes: &[u8]) -> Result<(), LibraryError> {
        let path = self.folder.join(file);
        replace(&path, bytes)
    }
}

/// Writes the file at `path`, which must not exist; `name` is what people call it.
pub(crate) fn create(path: &Path, name: &str, bytes: &[u8]) -> Result<(), LibraryError> {
    let draft = draft(path, bytes)?;
    let placed = move_to(&draft, path, name);
    if placed.is_err() {
        let _ = fs::remove_file(&draft);
    }
    placed
}

/// Writes the file at `path` in the place of what is there.
pub(crate) fn replace(path: &Path, bytes: &[u8]) -> Result<(), LibraryError> {
    // Where the file is a link, what it points to is written, and the link stays.
    let path = &fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
    let draft = draft(path, bytes)?;
    if let Err(why) = fs::rename(&draft, path) {
        let _ = fs::remove_file(&draft);
        return Err(LibraryError::io("write", path)(why));
    }
    if let Some(folder) = path.parent() {
        sync_folder(folder);
    }
    Ok(())
}

/// A file beside `path` with all of `bytes` on the disk.
fn draft(path: &Path, bytes: &[u8]) -> Result<PathBuf, LibraryError> {
    static SERIAL: AtomicU64 = AtomicU64::new(0);
    let serial = SERIAL.fetch_add(1, Relaxed);
    let name = format!("{DRAFT}{}-{serial}{DRAFT_ENDING}", std::process::id());
    let draft = path.with_file_name(name);
    let write = || -> io::Result<()> {
        let mut file = OpenOptions::new().write(true).create_new(true).open(&draft)?;
        file.write_all(bytes)?;
        file.sync_all()
    };
    write().map_err(|why| {
        let _ = fs::remove_file(&draft);
        LibraryError::io("write", path)(why)
    })?;
    Ok(draft)
}

/// True for a file that is being written, or was when its writer ended.
pub(crate) fn is_draft(file: &str) -> bool {
    file.starts_with(DRAFT) && file.ends_with(DRAFT_ENDING)
}

/// Moves `from` to `to`, which must not exist; `name` is what people call it.
pub(crate) fn move_to(from: &Path, to: &Path, name: &str) -> Result<(), LibraryError> {
    let taken = |why: io::Error| match why.kind() {
        io::ErrorKind::AlreadyExists => {
            LibraryError::Taken(crate::name::name_of(name).unwrap_or(name).to_owned())
        }
        _ => LibraryError::io("write", to)(why),
    };
    // A second link to the file fails where the name is taken; renaming would replace. A link is
    // moved as it is.
    let link = fs::symlink_metadata(from).is_ok_and(|data| data.is_symlink());
    match fs::hard_link(from, to) {
        Ok(()) if !link => {
            fs::remove_file(from).map_err(LibraryError::io("rename", from))?;
        }
        Err(why) if why.kind() == io::ErrorKind::AlreadyExists => return Err(taken(why)),
        outcome => {
            if outcome.is_ok() {
                fs::remove_file(to).map_err(LibraryError::io("write", to))?;
            }
            move_reserved(from, to).map_err(taken)?;
        }
    }
    if let Some(folder) = to.parent() {
        sync_folder(folder);
    }
    Ok(())
}

/// As [`move_to`] where the file system knows no links: takes the name first.
fn move_reserved(from: &Path, to: &Path) -> io::Result<()> {
    OpenOptions::new().write(true).create_new(true).open(to)?;
    fs::rename(from, to).inspect_err(|_| {
        let _ = fs::remove_file(to);
    })
}

/// Brings the names in `folder` to the disk, where the system has a way to.
fn sync_folder(folder: &Path) {
    // What was written is whole either way; only the name may be the old one after a power cut.
    if let Ok(folder) = File::open(folder) {
        let _ = folder.sync_all();
    }
}

/// The text of a file no larger than a patch may be.
pub(crate) fn read_text(path: &Path) -> Result<String, LibraryError> {
    let io = |why| LibraryError::io("read", path)(why);
    // Asked before it is opened: to open a pipe waits for its writer.
    if !fs::metadata(path).map_err(io)?.is_file() {
        return Err(LibraryError::NoFile(path.to_owned()));
    }
    let mut bytes = Vec::new();
    File::open(path).map_err(io)?.take(MOST_BYTES + 1).read_to_end(&mut bytes).map_err(io)?;
    if bytes.len() as u64 > MOST_BYTES {
        return Err(LibraryError::TooLarge(path.to_owned()));
    }
    String::from_utf8(bytes).map_err(|_| {
        io(io::Error::new(io::ErrorKind::InvalidData, "it is no text: a patch is UTF-8"))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Law: where links are not to be had, a name that is taken stays taken all the same.
    #[test]
    fn without_links_a_move_replaces_nothing_either() {
        let folder = std::env::temp_dir().join(format!("chronus-file-{}", std::process::id()));
        fs::create_dir_all(&folder).expect("a folder");
        let (from, to) = (folder.join("from"), folder.join("to"));
        fs::write(&from, "new").expect("written");
        fs::write(&to, "old").expect("written");
        let error = move_reserved(&from, &to).expect_err("taken");
        assert_eq!(error.kind(), io::ErrorKind::AlreadyExists);
        assert_eq!(fs::read_to_string(&to).expect("there"), "old");
        fs::remove_file(&to).expect("removed");
        move_reserved(&from, &to).expect("free");
        assert_eq!(fs::read_to_string(&to).expect("there"), "new");
        assert!(!from.exists());
        fs::remove_dir_all(&folder).expect("removed");
    }
}
