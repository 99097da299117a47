//! What the editor needs of the world around it: a plugin's host, or a test's.

use chronus_library::Preset;

/// The world around the editor. Called on the editor's thread; must not block.
pub trait Host: Send {
    /// Value 0..=1 of macro `index`: the host's, which is the truth.
    fn macro_value(&self, index: u8) -> f32;

    /// A hand takes hold of macro `index`.
    fn begin_macro(&self, index: u8);

    /// Macro `index` moves to 0..=1.
    fn turn_macro(&self, index: u8, value: f32);

    /// The hand lets go.
    fn end_macro(&self, index: u8);

    /// Patches that come with the product.
    fn presets(&self) -> &'static [Preset];

    /// Where the OSC remote listens, if it does.
    fn remote_port(&self) -> Option<u16>;

    /// Starts the remote at `port` or one near it.
    ///
    /// # Errors
    /// With a text for people.
    fn start_remote(&self, port: u16) -> Result<u16, String>;

    /// Stops the remote.
    fn stop_remote(&self);

    /// What went wrong outside of commits (a damaged project, say), to be shown until dismissed.
    fn notice(&self) -> Option<String>;

    /// The notice has been read.
    fn dismiss_notice(&self);
}
