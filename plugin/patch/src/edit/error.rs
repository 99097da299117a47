//! Why an edit is refused.

use thiserror::Error;

use crate::{CableId, InvalidPatch, ModuleId, PortRef};

/// Why an edit was refused; the patch is unchanged. The message says what to do.
#[derive(Clone, Debug, PartialEq, Error)]
#[non_exhaustive]
pub enum EditError {
    /// A module that is not there.
    #[error("there is no module `{0}`: create it first, or check the id")]
    NoModule(ModuleId),
    /// A new module's id is in use.
    #[error("there already is a module `{0}`: choose another id")]
    ModuleExists(ModuleId),
    /// Another module has the name.
    #[error("the name `{name}` belongs to module `{taken_by}`: choose another name")]
    NameTaken {
        /// The name asked for.
        name: String,
        /// The module that has it.
        taken_by: ModuleId,
    },
    /// A module without a kind.
    #[error("module `{0}` has no kind: name one, such as `vco`")]
    NoKind(ModuleId),
    /// A cable that is not there.
    #[error("there is no cable {0}: connect it first, or check the id")]
    NoCable(CableId),
    /// A new cable's id is in use.
    #[error("there already is a cable {0}: choose another id")]
    CableExists(CableId),
    /// The output is connected to the input already.
    #[error("cable {existing} already goes from `{from}` to `{to}`: set its gain instead")]
    DuplicateCable {
        /// The output.
        from: PortRef,
        /// The input.
        to: PortRef,
        /// The cable between them.
        existing: CableId,
    },
    /// A cable end without a port.
    #[error("cable {0} names no port at one end: give both as `module.port`")]
    NoPort(CableId),
    /// A gain outside the range, or not finite.
    #[error("gain {gain} of cable {id} is out of range: use -16 to 16")]
    Gain {
        /// The cable.
        id: CableId,
        /// What was asked for.
        gain: f32,
    },
    /// A cycle would have no delay.
    #[error(
        "cable {id} from `{from}` to `{to}` closes a cycle without a delay: mark it as feedback"
    )]
    Cycle {
        /// The cable.
        id: CableId,
        /// Its output.
        from: PortRef,
        /// Its input.
        to: PortRef,
    },
    /// NaN or infinite.
    #[error("{what} is {value}: give a finite number")]
    NotFinite {
        /// What was to be set.
        what: String,
        /// What was asked for.
        value: f32,
    },
    /// Outside what the format allows.
    #[error("{what} is {value}: use {range}")]
    OutOfRange {
        /// What was to be set.
        what: String,
        /// What was asked for.
        value: String,
        /// What is allowed.
        range: &'static str,
    },
    /// A group that is not there.
    #[error("there is no group `{0}`: create it first, or check the id")]
    NoGroup(String),
    /// A group that holds something cannot go.
    #[error("group `{id}` still holds `{held}`: move that out first")]
    GroupInUse {
        /// The group.
        id: String,
        /// A module or group in it.
        held: String,
    },
    /// A group would stand in itself.
    #[error("group `{0}` would stand inside itself: choose another parent")]
    GroupCycle(String),
    /// An asset that is not there.
    #[error("there is no asset `{0}`: add it first, or check the name")]
    NoAsset(String),
    /// An asset that a module uses cannot go.
    #[error("asset `{name}` is used by module `{used_by}`: give that another one first")]
    AssetInUse {
        /// The asset.
        name: String,
        /// A module that uses it.
        used_by: ModuleId,
    },
    /// A whole document that is not sound.
    #[error("the patch is not sound: {0}")]
    Invalid(Box<InvalidPatch>),
    /// One edit of a batch was refused, and so none was applied.
    #[error("edit {index} of the batch: {error}")]
    Batch {
        /// Which, from 0.
        index: usize,
        /// Why.
        error: Box<Self>,
    },
}
