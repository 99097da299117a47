//! `chronus modules`: the module reference, made from the specs.

use std::fmt::Write as _;

use chronus_engine::{Category, Normal, Param, Registry, Signal, Spec, Taper, Unit, Width};
use serde_json::{Value, json};

/// Kinds in the browser's order: by category, then by name.
fn sorted(registry: &Registry) -> Vec<&'static Spec> {
    let mut specs: Vec<&Spec> = registry.kinds().iter().map(|kind| kind.spec).collect();
    specs.sort_by_key(|spec| (spec.category, spec.kind));
    specs
}

/// All about every kind, for programs. Values are in the param's unit.
#[must_use]
pub fn json(registry: &Registry) -> String {
    let kinds: Vec<Value> = sorted(registry).into_iter().map(kind_json).collect();
    let text = serde_json::to_string_pretty(&json!({ "kinds": kinds }));
    text.unwrap_or_default() + "\n"
}

fn kind_json(spec: &Spec) -> Value {
    let aliases = spec.aliases.iter().map(|alias| {
        let params: serde_json::Map<_, _> =
            alias.params.iter().map(|(name, value)| ((*name).into(), json!(value))).collect();
        json!({ "kind": alias.kind, "params": params })
    });
    let inputs = spec.inputs.iter().map(|input| {
        let mut port = json!({
            "name": input.name,
            "aliases": input.aliases,
            "signal": signal_name(input.signal),
            "doc": input.doc,
        });
        match input.normal {
            Normal::Value(value) => port["normal"] = json!(value),
            Normal::Input(index) => port["normal_input"] = json!(spec.inputs[index].name),
        }
        port
    });
    let outputs = spec.outputs.iter().map(|output| {
        json!({
            "name": output.name,
            "aliases": output.aliases,
            "signal": signal_name(output.signal),
            "doc": output.doc,
        })
    });
    let through = spec
        .through
        .iter()
        .map(|&(input, output)| json!([spec.inputs[input].name, spec.outputs[output].name]));
    json!({
        "kind": spec.kind,
        "name": spec.name,
        "version": spec.version,
        "category": spec.category.name(),
        "summary": spec.summary,
        "aliases": aliases.collect::<Vec<_>>(),
        "voices": width_name(spec.width),
        "gate": spec.gate,
        "inputs": inputs.collect::<Vec<_>>(),
        "outputs": outputs.collect::<Vec<_>>(),
        "params": spec.params.iter().map(param_json).collect::<Vec<_>>(),
        "through": through.collect::<Vec<_>>(),
    })
}

fn param_json(param: &Param) -> Value {
    json!({
        "name": param.name,
        "aliases": param.aliases,
        "label": param.label,
        "min": param.min,
        "max": param.max,
        "default": param.default,
        "unit": unit_name(param.unit),
        "taper": taper_name(param.taper),
        "choices": param.choices,
        "doc": param.doc,
    })
}

/// One line a kind, then its ports and params, for a terminal.
#[must_use]
pub fn text(registry: &Registry) -> String {
    let mut out = String::new();
    let mut family = None;
    for spec in sorted(registry) {
        if family.replace(spec.category) != Some(spec.category) {
            let _ = writeln!(out, "{}", spec.category.name().to_uppercase());
        }
        let _ = writeln!(out, "  {}{}: {}", spec.kind, also(&kind_aliases(spec)), spec.summary);
        for (title, ports) in [("in ", ports(spec, true)), ("out", ports(spec, false))] {
            if !ports.is_empty() {
                let names: Vec<String> = ports
                    .iter()
                    .map(|port| format!("{}{}", port.name, also(port.aliases)))
                    .collect();
                let _ = writeln!(out, "    {title} {}", names.join(", "));
            }
        }
        for param in spec.params {
            let name = format!("{}{}", param.name, also(param.aliases));
            let _ = writeln!(out, "    set {name}: {}", range(param));
        }
        out.push('\n');
    }
    out
}

/// The reference as a page of Markdown.
#[must_use]
pub fn markdown(registry: &Registry) -> String {
    let mut out = String::from(
        "# Modules\n\nMade from the specs by `chronus modules --markdown`. A cable or request that \
         names no port means the first.\n",
    );
    let specs = sorted(registry);
    for category in Category::ALL {
        let kinds: Vec<&'static Spec> =
            specs.iter().copied().filter(|spec| spec.category == category).collect();
        if !kinds.is_empty() {
            let _ = writeln!(out, "\n## {}", category.name());
        }
        for spec in kinds {
            kind_markdown(&mut out, spec);
        }
    }
    out
}

fn kind_markdown(out: &mut String, spec: &'static Spec) {
    let _ = writeln!(out, "\n### {} (`{}`)\n\n{}", spec.name, spec.kind, spec.summary);
    if !spec.aliases.is_empty() {
        let _ = writeln!(out, "\nAlso called {}.", code(&kind_aliases(spec)).join(", "));
    }
    for (title, ports) in [("input", ports(spec, true)), ("output", ports(spec, false))] {
        if ports.is_empty() {
            continue;
        }
        let _ = writeln!(out, "\n| {title} | signal | meaning |\n|---|---|---|");
        for port in ports {
            let names = names(port.name, port.aliases);
            let signal = signal_name(port.signal);
            let _ = writeln!(out, "| {names} | {signal} | {} |", cell(&port.doc));
        }
    }
    if !spec.params.is_empty() {
        let _ = writeln!(out, "\n| param | range | default | meaning |\n|---|---|---|---|");
        for param in spec.params {
            let names = names(param.name, param.aliases);
            let (range, default) = (span(param), param.text(param.default));
            let _ = writeln!(out, "| {names} | {range} | {default} | {} |", cell(param.doc));
        }
    }
}

struct Port {
    name: &'static str,
    aliases: &'static [&'static str],
    signal: Signal,
    doc: String,
}

fn ports(spec: &'static Spec, inputs: bool) -> Vec<Port> {
    if !inputs {
        let port = |o: &chronus_engine::Output| Port {
            name: o.name,
            aliases: o.aliases,
            signal: o.signal,
            doc: o.doc.into(),
        };
        return spec.outputs.iter().map(port).collect();
    }
    let port = |input: &chronus_engine::Input| {
        let normal = match input.normal {
            Normal::Value(0.0) => String::new(),
            Normal::Value(value) => format!(" Reads {value} unconnected."),
            Normal::Input(index) => format!(" Follows `{}` unconnected.", spec.inputs[index].name),
        };
        let doc = format!("{}{normal}", input.doc);
        Port { name: input.name, aliases: input.aliases, signal: input.signal, doc }
    };
    spec.inputs.iter().map(port).collect()
}

fn kind_aliases(spec: &Spec) -> Vec<&'static str> {
    spec.aliases.iter().map(|alias| alias.kind).collect()
}

fn also(aliases: &[&str]) -> String {
    if aliases.is_empty() { String::new() } else { format!(" (also {})", aliases.join(", ")) }
}

fn code(names: &[&str]) -> Vec<String> {
    names.iter().map(|name| format!("`{name}`")).collect()
}

fn names(name: &str, aliases: &[&str]) -> String {
    [&[name], aliases].concat().iter().map(|n| format!("`{n}`")).collect::<Vec<_>>().join(", ")
}

/// Text for a table's cell.
fn cell(text: &str) -> String {
    text.replace('|', "\\|")
}

/// "20 Hz to 20 kHz", or the choices.
fn span(param: &Param) -> String {
    if param.choices.is_empty() {
        format!("{} to {}", param.text(param.min), param.text(param.max))
    } else {
        let numbered = param.choices.iter().enumerate().map(|(n, name)| format!("{n} = {name}"));
        numbered.collect::<Vec<_>>().join(", ")
    }
}

fn range(param: &Param) -> String {
    format!("{}, default {}. {}", span(param), param.text(param.default), param.doc)
}

fn signal_name(signal: Signal) -> &'static str {
    match signal {
        Signal::Audio => "audio",
        Signal::Control => "control",
        Signal::Pitch => "pitch",
        Signal::Gate => "gate",
    }
}

fn width_name(width: Width) -> &'static str {
    match width {
        Width::Widest => "as its inputs",
        Width::Voices => "one lane a voice",
        Width::Bus => "mixed down",
        Width::Mono => "mono",
    }
}

fn unit_name(unit: Unit) -> &'static str {
    match unit {
        Unit::None => "",
        Unit::Hertz => "Hz",
        Unit::Milliseconds => "ms",
        Unit::Seconds => "s",
        Unit::Decibel => "dB",
        Unit::Semitones => "st",
        Unit::Cents => "ct",
        Unit::Octaves => "oct",
        Unit::Percent => "0..1",
        Unit::Gain => "gain",
        Unit::Choice => "choice",
    }
}

fn taper_name(taper: Taper) -> &'static str {
    match taper {
        Taper::Linear => "linear",
        Taper::Exponential => "exponential",
        Taper::Power(_) => "power",
        Taper::Stepped => "stepped",
    }
}
