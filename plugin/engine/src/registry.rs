//! The kinds an engine knows, by name and alias, and the resolution of names people type.

use std::collections::BTreeMap;

use chronus_patch::Module;
use thiserror::Error;

use crate::instance::Kind;
use crate::spec::{Output, Spec};

/// All kinds, looked up by name or alias.
#[derive(Clone, Debug)]
pub struct Registry {
    kinds: Vec<Kind>,
    names: BTreeMap<&'static str, usize>,
    batches: bool,
}

/// A name that means nothing here. The text lists what there is.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum NameError {
    /// No kind of that name.
    #[error("unknown kind `{kind}`; kinds are {known}")]
    Kind {
        /// The name given.
        kind: String,
        /// The kinds there are.
        known: String,
    },
    /// No such input.
    #[error("`{kind}` has no input `{port}`; it has {known}")]
    Input {
        /// The kind.
        kind: String,
        /// The name given.
        port: String,
        /// The inputs there are.
        known: String,
    },
    /// No such output.
    #[error("`{kind}` has no output `{port}`; it has {known}")]
    Output {
        /// The kind.
        kind: String,
        /// The name given.
        port: String,
        /// The outputs there are.
        known: String,
    },
    /// No such param.
    #[error("`{kind}` has no param `{param}`; it has {known}")]
    Param {
        /// The kind.
        kind: String,
        /// The name given.
        param: String,
        /// The params there are.
        known: String,
    },
}

impl Registry {
    /// A registry of `kinds`.
    ///
    /// # Panics
    /// When two kinds share a name, or one has more than 64 inputs or params: a defect of the
    /// program, not of its input.
    #[must_use]
    pub fn new(kinds: &[Kind]) -> Self {
        let mut names = BTreeMap::new();
        for (index, kind) in kinds.iter().enumerate() {
            let spec = kind.spec;
            assert!(spec.inputs.len() <= 64 && spec.params.len() <= 64, "{} is too big", spec.kind);
            let all = std::iter::once(spec.kind).chain(spec.aliases.iter().map(|a| a.kind));
            for name in all {
                assert!(names.insert(name, index).is_none(), "two kinds are called {name}");
            }
        }
        let batches = std::env::var("CHRONUS_BATCH").map_or(true, |batch| batch != "0");
        Self { kinds: kinds.to_vec(), names, batches }
    }

    /// The same kinds, each module by itself or, where `batches`, equal ones side by side. The sound
    /// has the same bits. `CHRONUS_BATCH=0` says no from outside.
    #[must_use]
    pub fn batching(self, batches: bool) -> Self {
        Self { batches, ..self }
    }

    /// True when plans put equal modules side by side.
    #[must_use]
    pub fn batches(&self) -> bool {
        self.batches
    }

    /// All kinds, as registered.
    #[must_use]
    pub fn kinds(&self) -> &[Kind] {
        &self.kinds
    }

    /// The kind called `name`, aliases included.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&Kind> {
        self.names.get(name).map(|&index| &self.kinds[index])
    }

    /// The spec of the kind called `name`.
    ///
    /// # Errors
    /// When there is no such kind.
    pub fn spec(&self, name: &str) -> Result<&'static Spec, NameError> {
        self.get(name).map(|k| k.spec).ok_or_else(|| NameError::Kind {
            kind: name.into(),
            known: list(self.kinds.iter().map(|k| k.spec.kind)),
        })
    }

    /// Values of all params of `module`, in range: the kind's defaults, those its kind's alias
    /// implies, its own. Empty when the kind is unknown.
    #[must_use]
    pub fn values(&self, module: &Module) -> Vec<f32> {
        let Some(kind) = self.get(&module.kind) else { return Vec::new() };
        let mut values: Vec<f32> = kind.spec.params.iter().map(|p| p.default).collect();
        let implied = self.implied(&module.kind).iter().copied();
        let own = module.params.iter().map(|(name, value)| (name.as_str(), *value));
        for (name, value) in implied.chain(own) {
            if let Some(p) = kind.spec.param(name) {
                values[p] = kind.spec.params[p].clamp(value);
            }
        }
        values
    }

    /// Spells a module's kind and params as the specs do, and writes out what an alias implies, so
    /// that the document has one name for each thing. Unknown names stay.
    pub fn spell_out(&self, module: &mut Module) {
        let Some(kind) = self.get(&module.kind) else { return };
        let given = std::mem::take(&mut module.params);
        let implied = self.implied(&module.kind).iter().map(|(n, v)| ((*n).to_owned(), *v));
        for (name, value) in implied.chain(given) {
            let name = kind.spec.param(&name).map_or(name, |p| kind.spec.params[p].name.into());
            module.params.insert(name, value);
        }
        module.kind = kind.spec.kind.into();
    }

    /// Values that a module created under the name `name` starts with, where they differ from the
    /// kind's defaults.
    #[must_use]
    pub fn implied(&self, name: &str) -> &'static [(&'static str, f32)] {
        let aliases = self.get(name).map_or(&[][..], |k| k.spec.aliases);
        aliases.iter().find(|a| a.kind == name).map_or(&[], |a| a.params)
    }
}

/// Position of the input that `port` names; none = the first.
///
/// # Errors
/// When the kind has no such input.
pub fn input_named(spec: &'static Spec, port: Option<&str>) -> Result<usize, NameError> {
    let index = port.map_or((!spec.inputs.is_empty()).then_some(0), |p| spec.input(p));
    index.ok_or_else(|| NameError::Input {
        kind: spec.kind.into(),
        port: port.unwrap_or("").into(),
        known: list(spec.inputs.iter().map(|p| p.name)),
    })
}

/// Position of the output that `port` names; none = the first.
///
/// # Errors
/// When the kind has no such output.
pub fn output_named(spec: &'static Spec, port: Option<&str>) -> Result<usize, NameError> {
    let index = port.map_or((!spec.outputs.is_empty()).then_some(0), |p| spec.output(p));
    index.ok_or_else(|| NameError::Output {
        kind: spec.kind.into(),
        port: port.unwrap_or("").into(),
        known: list(spec.outputs.iter().map(|p: &Output| p.name)),
    })
}

/// Position of the param that `param` names.
///
/// # Errors
/// When the kind has no such param.
pub fn param_named(spec: &'static Spec, param: &str) -> Result<usize, NameError> {
    spec.param(param).ok_or_else(|| NameError::Param {
        kind: spec.kind.into(),
        param: param.into(),
        known: list(spec.params.iter().map(|p| p.name)),
    })
}

fn list<'a>(names: impl Iterator<Item = &'a str>) -> String {
    let names: Vec<&str> = names.collect();
    if names.is_empty() { "none".into() } else { names.join(", ") }
}
