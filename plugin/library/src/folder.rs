//! The user's folder of presets: a file each, none of them ever lost.

use std::ffi::OsStr;
use std::fs;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::path::{Path, PathBuf};

use chronus_patch::Patch;

use crate::file::{Writing, create, move_to, read_text, replace};
use crate::name::{ENDING, file_name, name_of, preset_file};
use crate::place::typed_path;
use crate::{Entry, LibraryError, PresetId};

/// Most files of a folder that are listed.
pub const MOST_FILES: usize = 2_000;
/// Most bytes of a file that is read.
pub const MOST_BYTES: u64 = 8 << 20;
/// The folder within the folder to which what is deleted or replaced goes.
const TRASH: &str = ".trash";
/// What a patch without a name is called when it comes in as text.
const NAMELESS: &str = "Imported";

/// What a preset may be written over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Over {
    /// What was read or written last, by its stamp.
    Stamp(u64),
    /// Whatever is there: it goes to the trash.
    Anything,
}

/// The user's folder.
#[derive(Clone, Debug)]
pub struct Folder {
    path: PathBuf,
}

impl Folder {
    /// The folder at `path`, which need not exist yet.
    #[must_use]
    pub fn new(path: PathBuf) -> Self {
        Self { path }
    }

    /// Every preset in it by name, the damaged ones with their fault; none where there is no
    /// folder. What begins with a point and what lies deeper is not looked at.
    ///
    /// # Errors
    /// When the folder cannot be read.
    pub fn scan(&self) -> Result<Scan, LibraryError> {
        let read = |why| LibraryError::io("read the folder", &self.path)(why);
        let all = match fs::read_dir(&self.path) {
            Err(why) if why.kind() == std::io::ErrorKind::NotFound => return Ok(Scan::default()),
            all => all.map_err(read)?,
        };
        let mut files = Vec::new();
        for file in all {
            let file = file.map_err(read)?;
            if let Ok(name) = file.file_name().into_string()
                && name_of(&name).is_some()
            {
                files.push(name);
            }
        }
        files.sort_by_cached_key(|file| (file.to_lowercase(), file.clone()));
        let left_out = files.len().saturating_sub(MOST_FILES);
        files.truncate(MOST_FILES);
        let entry = |file: String| {
            let read = self.read(&file).map(|(patch, _)| patch).map_err(|error| error.to_string());
            let name = name_of(&file).unwrap_or(&file).to_owned();
            Entry::new(PresetId::User(file), &name, read)
        };
        Ok(Scan { entries: files.into_iter().map(entry).collect(), left_out })
    }

    /// The patch in `file`, called as the file is, and the stamp of what was read.
    ///
    /// # Errors
    /// When it cannot be read or is no patch.
    pub fn read(&self, file: &str) -> Result<(Patch, u64), LibraryError> {
        let path = self.path.join(own(file)?);
        let text = read_text(&path)?;
        let patch = Patch::from_json(&text);
        let mut patch = patch.map_err(|why| LibraryError::Format { path, why })?;
        name_of(file).unwrap_or(file).clone_into(&mut patch.name);
        Ok((patch, stamp(&text)))
    }

    /// Writes `patch` as a new preset. Its file, and the stamp of what was written.
    ///
    /// # Errors
    /// Also when there is a preset of that name.
    pub fn save(&self, name: &str, patch: &Patch) -> Result<(String, u64), LibraryError> {
        let file = preset_file(name)?;
        let text = text_of(patch, &file);
        Writing::begin(&self.path)?.create(&file, text.as_bytes())?;
        Ok((file, stamp(&text)))
    }

    /// Writes `patch` over the preset in `file`, or anew where it is gone. The stamp of what was
    /// written.
    ///
    /// # Errors
    /// Also when there is something else than `over` allows.
    pub fn save_over(&self, file: &str, patch: &Patch, over: Over) -> Result<u64, LibraryError> {
        let file = own(file)?;
        let text = text_of(patch, file);
        let writing = Writing::begin(&self.path)?;
        let path = self.path.join(file);
        if fs::symlink_metadata(&path).is_ok() {
            match over {
                Over::Stamp(known) if read_text(&path).is_ok_and(|is| stamp(&is) == known) => {}
                Over::Stamp(_) => {
                    let name = name_of(file).unwrap_or(file);
                    return Err(LibraryError::Changed(name.to_owned()));
                }
                Over::Anything => self.keep_copy(file)?,
            }
            writing.replace(file, text.as_bytes())?;
        } else {
            writing.create(file, text.as_bytes())?;
        }
        Ok(stamp(&text))
    }

    /// Calls the preset in `file` something else, whatever is in it. Its new file.
    ///
    /// # Errors
    /// Also when there is a preset of that name.
    pub fn rename(&self, file: &str, name: &str) -> Result<String, LibraryError> {
        let new = preset_file(name)?;
        if new == own(file)? {
            return Ok(new);
        }
        let _writing = Writing::begin(&self.path)?;
        let (from, to) = (self.path.join(file), self.path.join(&new));
        // Where case makes no difference, the name would be taken by the file itself.
        let same = fs::canonicalize(&from).ok().filter(|_| new.eq_ignore_ascii_case(file));
        if same.is_some_and(|same| fs::canonicalize(&to).is_ok_and(|to| to == same)) {
            fs::rename(&from, &to).map_err(LibraryError::io("rename", &from))?;
        } else {
            move_to(&from, &to, &new)?;
        }
        Ok(new)
    }

    /// Moves the preset in `file` to the trash. What it is called there.
    ///
    /// # Errors
    /// When the system refuses.
    pub fn delete(&self, file: &str) -> Result<String, LibraryError> {
        let _writing = Writing::begin(&self.path)?;
        let from = self.path.join(own(file)?);
        let trash = self.trash()?;
        numbered(file, |name| move_to(&from, &trash.join(name), name))
    }

    /// Brings a preset back from the trash, under another name where its own is taken by now. Its
    /// file.
    ///
    /// # Errors
    /// When the system refuses.
    pub fn restore(&self, trashed: &str, file: &str) -> Result<String, LibraryError> {
        let _writing = Writing::begin(&self.path)?;
        let from = self.path.join(TRASH).join(own(trashed)?);
        numbered(own(file)?, |name| move_to(&from, &self.path.join(name), name))
    }

    /// Takes in the patch that `text` is, or the file that it names, to the letter. Its file in the
    /// folder: another name is found where its own is taken.
    ///
    /// # Errors
    /// When it is no patch.
    pub fn import(&self, text: &str) -> Result<String, LibraryError> {
        let (name, text) = if text.trim_start().starts_with('{') {
            if text.len() as u64 > MOST_BYTES {
                return Err(LibraryError::TooLarge("the pasted text".into()));
            }
            let patch = Patch::from_json(text).map_err(LibraryError::Text)?;
            (patch.name, text.to_owned())
        } else {
            let path = typed_path(text)?;
            let text = read_text(&path)?;
            let why = Patch::from_json(&text).err();
            let name = path.file_name().and_then(OsStr::to_str).unwrap_or_default();
            let name = name_of(name).unwrap_or(name).to_owned();
            why.map_or(Ok((name, text)), |why| Err(LibraryError::Format { path, why }))?
        };
        let file = file_name(&name).unwrap_or_else(|_| NAMELESS.to_owned()) + ENDING;
        let writing = Writing::begin(&self.path)?;
        numbered(&file, |name| writing.create(name, text.as_bytes()))
    }

    fn trash(&self) -> Result<PathBuf, LibraryError> {
        let trash = self.path.join(TRASH);
        fs::create_dir_all(&trash).map_err(LibraryError::io("make the folder", &trash))?;
        Ok(trash)
    }

    /// Keeps what is in `file` in the trash.
    fn keep_copy(&self, file: &str) -> Result<(), LibraryError> {
        let (path, trash) = (self.path.join(file), self.trash()?);
        let bytes = fs::read(&path).map_err(LibraryError::io("read", &path))?;
        numbered(file, |name| create(&trash.join(name), name, &bytes)).map(drop)
    }
}

/// What a look into the folder found.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Scan {
    /// The presets.
    pub entries: Vec<Entry>,
    /// How many more there are than are listed.
    pub left_out: usize,
}

/// Writes `patch` to the file at a typed path, within a folder that there is. Where it went.
///
/// # Errors
/// Also when there is such a file, unless `over` it.
pub(crate) fn export(typed: &str, patch: &Patch, over: bool) -> Result<PathBuf, LibraryError> {
    let mut path = typed_path(typed)?;
    if path.is_dir() {
        path.push(file_name(&patch.name).unwrap_or_else(|_| NAMELESS.to_owned()) + ENDING);
    } else if path.extension().is_none() {
        path.as_mut_os_string().push(ENDING);
    }
    let text = patch.to_json();
    if over && path.exists() {
        replace(&path, text.as_bytes())?;
    } else {
        create(&path, &path.display().to_string(), text.as_bytes())?;
    }
    Ok(path)
}

/// `file` if it names one in the folder itself.
fn own(file: &str) -> Result<&str, LibraryError> {
    if Path::new(file).file_name() == Some(OsStr::new(file)) {
        Ok(file)
    } else {
        Err(LibraryError::NoFile(file.into()))
    }
}

/// The text of a preset's file: the patch, called as its file is.
fn text_of(patch: &Patch, file: &str) -> String {
    let name = name_of(file).unwrap_or(file);
    if patch.name == name {
        return patch.to_json();
    }
    Patch { name: name.to_owned(), ..patch.clone() }.to_json()
}

fn stamp(text: &str) -> u64 {
    let mut hasher = DefaultHasher::new();
    text.hash(&mut hasher);
    hasher.finish()
}

/// Does `place` with `file`'s name, or with the first number after it that is not taken.
fn numbered(
    file: &str,
    place: impl Fn(&str) -> Result<(), LibraryError>,
) -> Result<String, LibraryError> {
    let stem = name_of(file).unwrap_or(file);
    let mut name = file.to_owned();
    for number in 2.. {
        match place(&name) {
            Err(LibraryError::Taken(_)) => name = format!("{stem} {number}{ENDING}"),
            outcome => return outcome.map(|()| name),
        }
    }
    Err(LibraryError::Taken(name))
}
