//! What the demo, soak, bench and host tests share: an embedded CLAP host, an OSC client, signal
//! measurements, plots, the music they play, and the work that engines are compared by.

mod canvas;
#[cfg(feature = "editor")]
pub mod desk;
pub mod host;
pub mod limit;
pub mod measure;
pub mod music;
pub mod osc;
pub mod paint;
pub mod plot;
pub mod random;
pub mod script;
pub mod stage;
pub mod storm;
#[cfg(feature = "pictures")]
pub mod studio;
pub mod workload;

pub use canvas::save_png;
