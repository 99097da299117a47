//! The patches that come with the plugin.

use chronus_editor::Preset;
use chronus_engine::MACROS;
use chronus_patch::Patch;

macro_rules! factory {
    ($($name:literal $file:literal)*) => {
        /// All of them; a new instance starts with the first.
        pub const FACTORY: &[Preset] = &[$(Preset {
            name: $name,
            json: include_str!(concat!("../../assets/factory/", $file, ".chronus.json")),
        }),*];
    };
}

factory! {
    "Warm Poly" "warm_poly"
}

/// The patch of a new instance.
///
/// # Panics
/// Never: a test loads every factory patch.
#[must_use]
pub fn initial() -> Patch {
    // PANIC: documented.
    Patch::from_json(FACTORY[0].json).expect("the factory patches are sound")
}

/// Macro values of `patch`, 0 where it says nothing.
#[must_use]
pub fn macro_values(patch: &Patch) -> [f32; MACROS] {
    std::array::from_fn(|index| {
        let knob = u8::try_from(index).ok().and_then(|index| patch.macros.get(&index));
        knob.map_or(0.0, |knob| knob.value)
    })
}
