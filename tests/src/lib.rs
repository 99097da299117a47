//! What the demo, soak, bench and host tests share: an embedded CLAP host, an OSC client, signal
//! measurements, plots, and the music they play.

pub mod host;
pub mod measure;
pub mod music;
pub mod osc;
pub mod paint;
pub mod random;
pub mod script;
pub mod storm;
