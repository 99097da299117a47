//! The thread that reads and writes, so that nobody who draws waits for a disk.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread::JoinHandle;

use chronus_patch::Patch;
use parking_lot::Mutex;

use crate::folder::{Folder, MOST_FILES, Over, export};
use crate::{Entry, LibraryError, Preset, PresetId, Settings, Shelf, WindowLook};

/// Something to be done.
#[derive(Clone, Debug)]
pub enum Order {
    /// Look at the folder again.
    Scan,
    /// Read a preset.
    Load(PresetId),
    /// Write a new preset.
    Save {
        /// What it is to be called.
        name: String,
        /// The patch.
        patch: Arc<Patch>,
    },
    /// Write over a preset of the user's.
    SaveOver {
        /// Its file.
        file: String,
        /// The patch.
        patch: Arc<Patch>,
        /// What may be there.
        over: Over,
    },
    /// Call a preset of the user's something else.
    Rename {
        /// Its file.
        file: String,
        /// What it is to be called.
        name: String,
    },
    /// Move a preset of the user's to the trash.
    Delete(String),
    /// Bring one back.
    Restore {
        /// What it is called in the trash.
        trashed: String,
        /// What its file was.
        file: String,
    },
    /// Take in a file by its path, or a patch as text.
    Import(String),
    /// Write a patch to a path.
    Export {
        /// Where, as typed.
        path: String,
        /// The patch.
        patch: Arc<Patch>,
        /// A file that is there may be replaced.
        over: bool,
    },
    /// Mark modules of a kind, or take the mark away.
    MarkModule(&'static str, bool),
    /// Mark a preset, or take the mark away.
    MarkPreset(PresetId, bool),
    /// Windows are to look like this.
    SetLook(WindowLook),
}

/// What was done.
#[derive(Debug)]
pub enum Done {
    /// A preset was read.
    Loaded {
        /// Which.
        id: PresetId,
        /// The patch.
        patch: Box<Patch>,
        /// Stamp of what was read.
        stamp: u64,
    },
    /// A preset was written.
    Saved {
        /// Its file.
        file: String,
        /// The patch, called as its file is.
        patch: Box<Patch>,
        /// Stamp of what was written.
        stamp: u64,
    },
    /// A preset is called differently.
    Renamed {
        /// Its file before.
        from: String,
        /// Its file now.
        to: String,
    },
    /// A preset lies in the trash.
    Deleted {
        /// Its file before.
        file: String,
        /// What it is called in the trash.
        trashed: String,
    },
    /// A preset came into the folder.
    Added(String),
    /// A patch was written to a path.
    Exported(PathBuf),
    /// An order could not be carried out.
    Failed(Box<Order>, LibraryError),
}

/// All presets, and the thread that looks after them. Dropping it waits for what was ordered.
pub struct Library {
    orders: Option<Sender<Order>>,
    done: Receiver<Done>,
    shelf: Arc<Mutex<Arc<Shelf>>>,
    pending: Arc<AtomicUsize>,
    thread: Option<JoinHandle<()>>,
}

impl Library {
    /// The library of `factory` presets and those in `folder`; looks at it at once.
    #[must_use]
    pub fn open(folder: Option<PathBuf>, factory: &'static [Preset]) -> Self {
        let (orders, received) = channel();
        let (finished, done) = channel();
        let shelf = Arc::new(Mutex::new(Arc::new(Shelf::default())));
        let pending = Arc::new(AtomicUsize::new(0));
        let (shown, left) = (shelf.clone(), pending.clone());
        let work = move || {
            let mut keeper = Keeper::new(folder, factory, shown);
            for order in received {
                if let Some(done) = keeper.carry_out(order) {
                    // Whoever does not listen any more is closing.
                    let _ = finished.send(done);
                }
                left.fetch_sub(1, Ordering::Release);
            }
        };
        let thread = std::thread::Builder::new().name("chronus library".into()).spawn(work).ok();
        let library = Self { orders: Some(orders), done, shelf, pending, thread };
        library.order(Order::Scan);
        library
    }

    /// Has something done; what came of it is heard from [`done`](Self::done).
    pub fn order(&self, order: Order) {
        let Some(orders) = &self.orders else { return };
        self.pending.fetch_add(1, Ordering::Relaxed);
        if orders.send(order).is_err() {
            self.pending.fetch_sub(1, Ordering::Relaxed);
        }
    }

    /// The next thing that was done, if any was.
    #[must_use]
    pub fn done(&self) -> Option<Done> {
        self.done.try_recv().ok()
    }

    /// True while something is under way.
    #[must_use]
    pub fn busy(&self) -> bool {
        self.pending.load(Ordering::Acquire) > 0
    }

    /// What there is, as last seen.
    #[must_use]
    pub fn shelf(&self) -> Arc<Shelf> {
        self.shelf.lock().clone()
    }
}

impl Drop for Library {
    fn drop(&mut self) {
        self.orders = None;
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

/// What the thread holds.
struct Keeper {
    user: Option<(Folder, Settings)>,
    factory: &'static [Preset],
    /// The factory's, read once.
    entries: Vec<Entry>,
    shelf: Arc<Mutex<Arc<Shelf>>>,
}

impl Keeper {
    fn new(
        folder: Option<PathBuf>,
        factory: &'static [Preset],
        shelf: Arc<Mutex<Arc<Shelf>>>,
    ) -> Self {
        let user = folder.map(|path| (Folder::new(path.clone()), Settings::beside(&path)));
        let entry = |preset: &Preset| {
            let read = Patch::from_json(preset.json).map_err(|error| error.to_string());
            Entry::new(PresetId::Factory(preset.name), preset.name, read)
        };
        Self { user, factory, entries: factory.iter().map(entry).collect(), shelf }
    }

    fn carry_out(&mut self, order: Order) -> Option<Done> {
        let kept = order.clone();
        let outcome = self.attempt(order);
        match kept {
            Order::Load(_) | Order::Export { .. } | Order::SetLook(_) => {}
            Order::MarkModule(..) | Order::MarkPreset(..) => self.look_at_marks(),
            // Also where it failed: what stood in the way is to be seen.
            _ => self.scan(),
        }
        outcome.unwrap_or_else(|why| Some(Done::Failed(Box::new(kept), why)))
    }

    fn attempt(&mut self, order: Order) -> Result<Option<Done>, LibraryError> {
        let user = self.user.as_ref().ok_or(LibraryError::NoFolder);
        Ok(Some(match order {
            Order::Scan => return Ok(None),
            Order::Load(PresetId::Factory(name)) => {
                let (patch, stamp) = (Box::new(self.factory_patch(name)?), 0);
                Done::Loaded { id: PresetId::Factory(name), patch, stamp }
            }
            Order::Load(PresetId::User(file)) => {
                let (patch, stamp) = user?.0.read(&file)?;
                Done::Loaded { id: PresetId::User(file), patch: Box::new(patch), stamp }
            }
            Order::Save { name, patch } => {
                let (file, stamp) = user?.0.save(&name, &patch)?;
                saved(file, &patch, stamp)
            }
            Order::SaveOver { file, patch, over } => {
                let stamp = user?.0.save_over(&file, &patch, over)?;
                saved(file, &patch, stamp)
            }
            Order::Rename { file, name } => {
                let (folder, settings) = user?;
                let to = folder.rename(&file, &name)?;
                settings.renamed(&PresetId::User(file.clone()), &PresetId::User(to.clone()))?;
                Done::Renamed { from: file, to }
            }
            Order::Delete(file) => {
                let trashed = user?.0.delete(&file)?;
                Done::Deleted { file, trashed }
            }
            Order::Restore { trashed, file } => Done::Added(user?.0.restore(&trashed, &file)?),
            Order::Import(text) => Done::Added(user?.0.import(&text)?),
            Order::Export { path, patch, over } => Done::Exported(export(&path, &patch, over)?),
            Order::MarkModule(kind, marked) => {
                user?.1.mark_module(kind, marked)?;
                return Ok(None);
            }
            Order::MarkPreset(id, marked) => {
                user?.1.mark_preset(&id, marked)?;
                return Ok(None);
            }
            Order::SetLook(look) => {
                user?.1.set_look(look)?;
                return Ok(None);
            }
        }))
    }

    fn factory_patch(&self, name: &str) -> Result<Patch, LibraryError> {
        let preset = self.factory.iter().find(|preset| preset.name == name);
        let preset = preset.ok_or_else(|| LibraryError::NoFactory(name.to_owned()))?;
        Patch::from_json(preset.json).map_err(LibraryError::Text)
    }

    /// The shelf with the marks as they are now; where they cannot be read it stays as it is.
    fn look_at_marks(&self) {
        let Some((_, settings)) = &self.user else { return };
        if let Ok(favourites) = settings.favourites() {
            let mut shelf = self.shelf.lock();
            Arc::make_mut(&mut shelf).favourites = favourites;
        }
    }

    fn scan(&self) {
        let mut shelf = Shelf { entries: self.entries.clone(), ..Shelf::default() };
        let mut remarks = Vec::new();
        match &self.user {
            None => remarks.push(LibraryError::NoFolder.to_string()),
            Some((folder, settings)) => {
                match folder.scan() {
                    Ok(scan) => {
                        shelf.entries.extend(scan.entries);
                        if scan.left_out > 0 {
                            let more = scan.left_out;
                            remarks.push(format!(
                                "{more} presets beyond the first {MOST_FILES} are not listed"
                            ));
                        }
                    }
                    Err(error) => remarks.push(error.to_string()),
                }
                match settings.favourites() {
                    Ok(favourites) => shelf.favourites = favourites,
                    Err(error) => remarks.push(error.to_string()),
                }
            }
        }
        // What is wrong with the file was said above.
        let look = self.user.as_ref().and_then(|(_, settings)| settings.look().ok());
        shelf.look = look.flatten();
        shelf.remark = (!remarks.is_empty()).then(|| remarks.join("; "));
        *self.shelf.lock() = Arc::new(shelf);
    }
}

fn saved(file: String, patch: &Patch, stamp: u64) -> Done {
    let name = crate::name::name_of(&file).unwrap_or(&file).to_owned();
    let patch = Box::new(Patch { name, ..patch.clone() });
    Done::Saved { file, patch, stamp }
}
