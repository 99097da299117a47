//! An embedded CLAP host: loads the bundle that ships, in process, as a digital audio workstation
//! would. The only place outside the plugin where `unsafe` stands: loading foreign code, asking the
//! clock of a thread, and calling the sanitizer.
#![allow(unsafe_code)]

mod bundle;
mod clock;
mod editor;
mod event;
mod instance;
mod person;
mod player;
mod sanitizer;
mod shared;
mod variable;

pub use bundle::{Bundle, HostError};
pub use clock::thread_cpu;
pub use editor::{EditorError, EditorWindow, is_margin};
pub use event::{HostEvent, Timed};
pub use instance::{Instance, ParamFacts};
pub use person::{Button, HostKey, keysym, set_resolution};
pub use player::{Block, Outcome, Player, Setup};
pub use sanitizer::Sanitizer;
pub use shared::Requests;
pub use variable::set_remote_port;
