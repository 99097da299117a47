//! What a user likes: favourites and the look of the window, in one file beside the folder of presets.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use serde_json::{Map, Value, json};

use crate::file::{Writing, move_to, read_text};
use crate::{LibraryError, PresetId};

/// The file's name.
const FILE: &str = "settings.json";
/// The field that says whose file it is, and what it says in ours.
const KIND: &str = "kind";
const OURS: &str = "chronus settings";
/// Fields of it.
const FAVOURITES: &str = "favourites";
const MODULES: &str = "modules";
const PRESETS: &str = "presets";
const WINDOW: &str = "window";
const THEME: &str = "theme";
const SCALE: &str = "scale";

/// What a user has marked.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Favourites {
    /// Kinds of modules.
    modules: BTreeSet<String>,
    /// Keys of presets.
    presets: BTreeSet<String>,
}

impl Favourites {
    /// True when modules of `kind` are marked.
    #[must_use]
    pub fn has_module(&self, kind: &str) -> bool {
        self.modules.contains(kind)
    }

    /// True when the preset is marked.
    #[must_use]
    pub fn has_preset(&self, id: &PresetId) -> bool {
        self.presets.contains(&id.key())
    }

    /// Those in `settings`; entries that mean nothing are passed over.
    fn of(settings: &Map<String, Value>) -> Self {
        let list = |name: &str| {
            let list = settings.get(FAVOURITES).and_then(|all| all.get(name));
            let names = list.and_then(Value::as_array).into_iter().flatten();
            names.filter_map(Value::as_str).map(str::to_owned).collect()
        };
        Self { modules: list(MODULES), presets: list(PRESETS) }
    }
}

/// How a user likes windows of the editor.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct WindowLook {
    /// The light theme instead of the dark one.
    pub light: bool,
    /// 1 = the system's own; finite and above 0.
    pub scale: f32,
}

impl WindowLook {
    /// That in `settings`, if it means anything.
    fn of(settings: &Map<String, Value>) -> Option<Self> {
        let window = settings.get(WINDOW)?;
        let scale = window.get(SCALE).and_then(Value::as_f64).unwrap_or(1.0) as f32;
        let scale = if scale.is_finite() && scale > 0.0 { scale } else { 1.0 };
        Some(Self { light: window.get(THEME)?.as_str()? == "light", scale })
    }
}

/// The file of settings.
#[derive(Clone, Debug)]
pub struct Settings {
    folder: PathBuf,
}

impl Settings {
    /// The settings beside the folder `presets`.
    #[must_use]
    pub fn beside(presets: &Path) -> Self {
        Self { folder: presets.parent().unwrap_or(presets).to_owned() }
    }

    /// What is marked; nothing where there is no file yet.
    ///
    /// # Errors
    /// When the file cannot be read. It is kept when something is marked all the same.
    pub fn favourites(&self) -> Result<Favourites, LibraryError> {
        Ok(Favourites::of(&self.read()?))
    }

    /// How windows are to look, if a user has said so.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn look(&self) -> Result<Option<WindowLook>, LibraryError> {
        Ok(WindowLook::of(&self.read()?))
    }

    /// Windows are to look like this.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn set_look(&self, look: WindowLook) -> Result<(), LibraryError> {
        self.change_file(|settings| {
            let theme = if look.light { "light" } else { "dark" };
            settings.insert(WINDOW.into(), json!({ THEME: theme, SCALE: look.scale }));
        })
    }

    /// Marks modules of `kind`, or takes the mark away.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn mark_module(&self, kind: &str, marked: bool) -> Result<Favourites, LibraryError> {
        self.change(|all| {
            all.modules.remove(kind);
            if marked {
                all.modules.insert(kind.to_owned());
            }
        })
    }

    /// Marks a preset, or takes the mark away.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn mark_preset(&self, id: &PresetId, marked: bool) -> Result<Favourites, LibraryError> {
        self.change(|all| {
            all.presets.remove(&id.key());
            if marked {
                all.presets.insert(id.key());
            }
        })
    }

    /// A preset is called differently from now on. A file that cannot be read has no mark of it.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn renamed(&self, from: &PresetId, to: &PresetId) -> Result<(), LibraryError> {
        if self.favourites().is_ok_and(|favourites| favourites.has_preset(from)) {
            self.mark_preset(from, false)?;
            self.mark_preset(to, true)?;
        }
        Ok(())
    }

    fn read(&self) -> Result<Map<String, Value>, LibraryError> {
        let path = self.folder.join(FILE);
        let text = match read_text(&path) {
            Err(LibraryError::Io { why, .. }) if why.kind() == std::io::ErrorKind::NotFound => {
                return Ok(Map::new());
            }
            text => text?,
        };
        let damaged = |why: String| {
            LibraryError::io("read", &path)(std::io::Error::new(
                std::io::ErrorKind::InvalidData,
                why,
            ))
        };
        match serde_json::from_str(&text) {
            Ok(Value::Object(settings))
                if !settings.is_empty() && settings.get(KIND) != Some(&json!(OURS)) =>
            {
                Err(LibraryError::NotOurs(path))
            }
            Ok(Value::Object(settings)) => Ok(settings),
            Ok(_) => Err(damaged("it is no JSON object".into())),
            Err(error) => Err(damaged(error.to_string())),
        }
    }

    fn change(&self, change: impl FnOnce(&mut Favourites)) -> Result<Favourites, LibraryError> {
        let mut favourites = Favourites::default();
        self.change_file(|settings| {
            favourites = Favourites::of(settings);
            change(&mut favourites);
            let all = settings.entry(FAVOURITES).or_insert_with(|| json!({}));
            if !all.is_object() {
                *all = json!({});
            }
            all[MODULES] = json!(favourites.modules);
            all[PRESETS] = json!(favourites.presets);
        })?;
        Ok(favourites)
    }

    /// Reads, changes and writes under the lock, so that two editors both have their way. Fields
    /// that mean nothing here stay.
    fn change_file(
        &self,
        change: impl FnOnce(&mut Map<String, Value>),
    ) -> Result<(), LibraryError> {
        let writing = Writing::begin(&self.folder)?;
        let mut settings = match self.read() {
            Ok(settings) => settings,
            Err(error @ LibraryError::NotOurs(_)) => return Err(error),
            Err(_) => {
                self.put_aside()?;
                Map::new()
            }
        };
        settings.entry(KIND).or_insert_with(|| json!(OURS));
        settings.entry("format").or_insert_with(|| json!(1));
        change(&mut settings);
        writing.replace(FILE, format!("{:#}\n", Value::Object(settings)).as_bytes())?;
        Ok(())
    }

    /// Keeps a damaged file under another name.
    fn put_aside(&self) -> Result<(), LibraryError> {
        let path = self.folder.join(FILE);
        for number in 1.. {
            let name = format!("settings.damaged-{number}.json");
            match move_to(&path, &self.folder.join(&name), &name) {
                Err(LibraryError::Taken(_)) => {}
                outcome => return outcome,
            }
        }
        Ok(())
    }
}
