//! Requests: what people and programs ask for, in their own words. Names are resolved with the
//! registry (aliases, default ports) and become `Edit`s of the document.

use chronus_patch::{Edit, EditError, IdError, Module, ModuleId, Patch, Point, PortRef};
use thiserror::Error;

use crate::registry::{NameError, Registry, input_named, output_named, param_named};
use crate::spec::Spec;

/// One thing to change.
#[derive(Clone, Debug, PartialEq)]
pub enum Request {
    /// A new module of a kind or alias.
    Create {
        /// Its id.
        id: String,
        /// Kind or alias.
        kind: String,
        /// Where it stands on the canvas.
        position: Point,
    },
    /// A module goes, with its cables.
    Delete {
        /// Its id.
        id: String,
    },
    /// A new cable; `ID` or `ID.PORT` at both ends, no port = the first.
    Connect {
        /// The output.
        from: String,
        /// The input.
        to: String,
        /// Linear, -16..=16.
        gain: f32,
    },
    /// A cable goes.
    Disconnect {
        /// The output.
        from: String,
        /// The input.
        to: String,
    },
    /// A param gets a value.
    Set {
        /// The module.
        id: String,
        /// Name or alias of the param.
        param: String,
        /// In the param's unit.
        value: f32,
    },
    /// Everything goes.
    Clear,
    /// A whole document takes the place of this one.
    Replace(Box<Patch>),
    /// An edit in the document's own words.
    Edit(Edit),
}

/// Why a request means nothing.
#[derive(Clone, Debug, PartialEq, Error)]
pub enum RequestError {
    /// No such name.
    #[error(transparent)]
    Name(#[from] NameError),
    /// Not an id.
    #[error(transparent)]
    Id(#[from] IdError),
    /// The document refuses it.
    #[error(transparent)]
    Edit(#[from] EditError),
    /// The module's kind is unknown, so nothing is known of its ports and params.
    #[error("there is no module `{0}`: create it first, or check the id")]
    NoModule(String),
    /// No cable there.
    #[error("there is no cable from `{from}` to `{to}`")]
    NoCable {
        /// The output.
        from: String,
        /// The input.
        to: String,
    },
    /// A value outside its param's range.
    #[error("`{param}` of `{id}` takes {min} to {max}, not {value}")]
    Range {
        /// The module.
        id: String,
        /// The param.
        param: &'static str,
        /// Lowest.
        min: f32,
        /// Highest.
        max: f32,
        /// What was asked for.
        value: f32,
    },
}

impl Request {
    /// The edit of `patch` that does what is asked.
    ///
    /// # Errors
    /// When a name means nothing or a value is out of range. The edit itself may still be refused
    /// by the document.
    pub fn resolve(&self, patch: &Patch, registry: &Registry) -> Result<Edit, RequestError> {
        match self {
            Self::Create { id, kind, position } => {
                let id = ModuleId::new(id)?;
                let mut module = new_module(registry, kind)?;
                module.position = *position;
                Ok(Edit::Create { id, module })
            }
            Self::Delete { id } => {
                let (id, _) = module_named(patch, id)?;
                Ok(Edit::Delete { id })
            }
            Self::Connect { from, to, gain } => {
                let from = output_port(patch, registry, from)?;
                let to = input_port(patch, registry, to)?;
                Ok(patch.connect_edit(from, to, *gain))
            }
            Self::Disconnect { from, to } => {
                let from = output_port(patch, registry, from)?;
                let to = input_port(patch, registry, to)?;
                let id = patch.cable_between(&from, &to).ok_or_else(|| RequestError::NoCable {
                    from: from.to_string(),
                    to: to.to_string(),
                })?;
                Ok(Edit::Disconnect { id })
            }
            Self::Set { id, param, value } => {
                let (id, spec, p) = param_of(patch, registry, id, param)?;
                let param = &spec.params[p];
                if !(param.min..=param.max).contains(value) {
                    return Err(RequestError::Range {
                        id: id.to_string(),
                        param: param.name,
                        min: param.min,
                        max: param.max,
                        value: *value,
                    });
                }
                let value = param.clamp(*value);
                Ok(Edit::SetParam { id, param: param.name.into(), value })
            }
            Self::Clear => Ok(Edit::ReplaceAll(Box::default())),
            Self::Replace(patch) => Ok(spelled_out(Edit::ReplaceAll(patch.clone()), registry)),
            Self::Edit(edit) => Ok(spelled_out(edit.clone(), registry)),
        }
    }
}

/// The edit with every module it brings spelled out as the registry names things.
fn spelled_out(mut edit: Edit, registry: &Registry) -> Edit {
    match &mut edit {
        Edit::Create { module, .. } => registry.spell_out(module),
        Edit::ReplaceAll(patch) => {
            patch.modules.values_mut().for_each(|module| registry.spell_out(module));
        }
        Edit::Batch(edits) => {
            let all = std::mem::take(edits).into_iter();
            *edits = all.map(|edit| spelled_out(edit, registry)).collect();
        }
        _ => {}
    }
    edit
}

/// A module of `kind`, which may be an alias: its implied values are written out.
///
/// # Errors
/// When there is no such kind.
pub fn new_module(registry: &Registry, kind: &str) -> Result<Module, NameError> {
    let spec = registry.spec(kind)?;
    let mut module = Module::new(kind);
    module.kind_version = spec.version;
    registry.spell_out(&mut module);
    Ok(module)
}

/// The module, spec and param position that `id` and `param` name.
///
/// # Errors
/// When one of them names nothing.
pub fn param_of(
    patch: &Patch,
    registry: &Registry,
    id: &str,
    param: &str,
) -> Result<(ModuleId, &'static Spec, usize), RequestError> {
    let (id, module) = module_named(patch, id)?;
    let spec = registry.spec(&module.kind)?;
    let index = param_named(spec, param)?;
    Ok((id, spec, index))
}

fn module_named<'a>(patch: &'a Patch, id: &str) -> Result<(ModuleId, &'a Module), RequestError> {
    let found = ModuleId::new(id).ok().and_then(|id| patch.modules.get_key_value(&id));
    let (id, module) = found.ok_or_else(|| RequestError::NoModule(id.into()))?;
    Ok((id.clone(), module))
}

fn port_parts(text: &str) -> (&str, Option<&str>) {
    text.split_once('.').map_or((text, None), |(id, port)| (id, Some(port)))
}

fn output_port(patch: &Patch, registry: &Registry, text: &str) -> Result<PortRef, RequestError> {
    let (id, port) = port_parts(text);
    let (id, module) = module_named(patch, id)?;
    let spec = registry.spec(&module.kind)?;
    let output = &spec.outputs[output_named(spec, port)?];
    Ok(PortRef::new(id, output.name))
}

fn input_port(patch: &Patch, registry: &Registry, text: &str) -> Result<PortRef, RequestError> {
    let (id, port) = port_parts(text);
    let (id, module) = module_named(patch, id)?;
    let spec = registry.spec(&module.kind)?;
    let input = &spec.inputs[input_named(spec, port)?];
    Ok(PortRef::new(id, input.name))
}
