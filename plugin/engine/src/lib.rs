//! The engine: compiles a patch to a plan, builds, proves and swaps graphs, and renders them.
//! Knows no plugin API and no module by name.
#![forbid(unsafe_code)]

mod builder;
mod compile;
mod counters;
mod display;
mod engine;
mod event;
mod graph;
mod handover;
mod instance;
mod knob;
mod lanes;
mod module;
mod plan;
mod pool;
mod ramp;
mod registry;
mod renderer;
mod request;
mod session;
mod simd;
mod solo;
mod spec;
mod standby;
mod store;
mod tap;
mod telemetry;
mod text;
mod verify;
mod voices;
mod world;

pub use builder::Answer;
pub use compile::{Compiled, Diagnostic, Place, compile};
pub use counters::{Counters, Heard, Histogram, Stage};
pub use display::{
    Axis, Bar, Bars, Curve, Display, HIGHEST_HZ, LOWEST_HZ, MOST_BARS, Picture, Scope, Settings,
};
pub use engine::{Engine, Options, Terms};
pub use event::{Event, TimedEvent};
pub use graph::{Graph, MAX_OUTPUTS, Write};
pub use handover::{Entry, Landing, Revision};
pub use instance::{Chunk, Instance, Kind};
pub use knob::{Knob, Knobs, Params};
pub use lanes::{LANE_WORDS, LANES, LaneState, LaneWords, Word, in_turn};
pub use module::{Again, BLOCK, Inputs, Io, Module, Outputs, Setup, Storage, splitmix};
pub use plan::*;
pub use pool::{Buffer, Pool, Slot};
pub use ramp::{CABLE_RAMP_SECONDS, Fade, Ramp, SMOOTHING_SECONDS};
pub use registry::{NameError, Registry, input_named, output_named, param_named};
pub use renderer::{Block, LOAD_FADE_SECONDS, Renderer, Status};
pub use request::{Request, RequestError, new_module, param_of};
pub use session::Client;
pub use simd::{instruction_set, instruction_sets};
pub use solo::Solo;
pub use spec::{
    Category, Input, KindAlias, Normal, Output, Param, Signal, Smoothing, Source, Spec, Tail,
    Taper, Unit, Width,
};
pub use standby::{PROBE_FRAMES, Rejection, Verdict};
pub use store::{Cells, Observed};
pub use tap::{
    Extremes, LevelView, MAX_LEVELS, MAX_SCOPES, PATIENCE_SECONDS, ScopeView, TAP_FRAMES,
    TAP_PAIRS, TapRequests, Tapped,
};
pub use telemetry::Telemetry;
pub use verify::{PlanFault, verify, verify_carry};
pub use voices::{
    EndedNote, Expression, MAX_VOICES, Moved, NoteMatch, Row, Voice, VoicePlan, Voices,
};
pub use world::{AudioOut, MACROS, Section, Transport, World};
