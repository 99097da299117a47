//! The `chronus` program: arguments, files, exit codes.

mod common;

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use chronus_cli::registry;
use common::{VOICE, patch};

/// A folder of its own for one test, removed at the end.
struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Self {
        let path = std::env::temp_dir().join(format!("chronus-{name}-{}", std::process::id()));
        std::fs::create_dir_all(&path).unwrap();
        Self(path)
    }

    fn write(&self, name: &str, text: impl AsRef<[u8]>) -> PathBuf {
        let path = self.0.join(name);
        std::fs::write(&path, text).unwrap();
        path
    }

    fn voice(&self) -> PathBuf {
        self.write("voice.json", patch(&registry(), VOICE).to_json())
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

fn chronus(folder: &Folder, arguments: &[&str]) -> Output {
    let program = env!("CARGO_BIN_EXE_chronus");
    Command::new(program).current_dir(&folder.0).args(arguments).output().unwrap()
}

fn out(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned()
}

fn err(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

#[track_caller]
fn ends(output: &Output, code: i32) {
    assert_eq!(output.status.code(), Some(code), "{}{}", out(output), err(output));
}

fn samples(path: &Path) -> (hound::WavSpec, Vec<f32>) {
    let mut wav = hound::WavReader::open(path).unwrap();
    let spec = wav.spec();
    let samples = match spec.sample_format {
        hound::SampleFormat::Float => wav.samples::<f32>().map(Result::unwrap).collect(),
        hound::SampleFormat::Int => {
            let full = (1u32 << (spec.bits_per_sample - 1)) as f32;
            wav.samples::<i32>().map(|s| s.unwrap() as f32 / full).collect()
        }
    };
    (spec, samples)
}

#[test]
fn renders_the_same_file_at_any_block() {
    let folder = Folder::new("render");
    folder.voice();
    let edits: Vec<String> = (0..1000)
        .map(|n| format!(r#"{{ "at": {}, "do": "rename osc O{n}" }}"#, f64::from(n) * 0.0009))
        .collect();
    folder.write("neutral.json", format!("[{}]", edits.join(",")));
    let render = |name: &str, more: &[&str]| {
        let always = ["render", "voice.json", "--notes", "C3 E3 G3", "--seconds", "1", "-o", name];
        let output = chronus(&folder, &[&always, more].concat());
        ends(&output, 0);
        std::fs::read(folder.0.join(name)).unwrap()
    };
    let first = render("a.wav", &["--block", "64"]);
    assert_eq!(first, render("b.wav", &["--block", "1000"]));
    assert_eq!(first, render("c.wav", &["--block", "32", "--edits", "neutral.json", "--strict"]));
    let (spec, float) = samples(&folder.0.join("a.wav"));
    assert_eq!((spec.channels, spec.sample_rate, float.len()), (2, 48_000, 96_000));
    assert!(float.iter().any(|x| x.abs() > 0.05));
    for bits in ["16", "24"] {
        render("i.wav", &["--bits", bits, "-q"]);
        let (spec, int) = samples(&folder.0.join("i.wav"));
        assert_eq!(spec.bits_per_sample.to_string(), bits);
        let far = float.iter().zip(&int).map(|(a, b)| (a - b).abs()).fold(0f32, f32::max);
        let step = 2f32.powi(1 - i32::from(spec.bits_per_sample));
        assert!(far < 2.0 * step, "{bits}: {far}");
    }
}

#[test]
fn refused_commits_are_named_and_strict_makes_them_an_error() {
    let folder = Folder::new("strict");
    folder.voice();
    folder.write("edits.json", r#"[{ "at": 0.1, "do": ["rename osc A", "delete ghost"] }]"#);
    let base = ["render", "voice.json", "--edits", "edits.json", "--seconds", "0.3", "-o", "o.wav"];
    let output = chronus(&folder, &base);
    ends(&output, 0);
    assert!(
        err(&output).contains("at 0.100 s: refused: edit 1 (delete ghost)"),
        "{}",
        err(&output)
    );
    ends(&chronus(&folder, &[&base[..], &["--strict"]].concat()), 1);
}

#[test]
fn a_take_begun_anew_leaves_a_whole_file() {
    let folder = Folder::new("anew");
    folder.voice();
    folder.write(
        "loud.json",
        r#"[{ "at": 0.2, "do": ["create v vca", "set out limit 0", "connect osc v 16",
                                "connect v out 16"] },
            { "at": 0.25, "do": ["rename osc Lead"] }]"#,
    );
    let base = ["render", "voice.json", "--notes", "C3", "--seconds", "0.3", "--block", "64"];
    ends(&chronus(&folder, &[&base[..], &["-o", "plain.wav"]].concat()), 0);
    let edited = [&base[..], &["-o", "edited.wav", "--edits", "loud.json"]].concat();
    let output = chronus(&folder, &edited);
    ends(&output, 0);
    assert!(err(&output).contains("at 0.200 s: refused: the output peaks"), "{}", err(&output));
    assert!(err(&output).contains("1 of 2 commits swapped in"), "{}", err(&output));
    let read = |name: &str| std::fs::read(folder.0.join(name)).unwrap();
    assert!(read("plain.wav") == read("edited.wav"));
}

#[test]
fn what_cannot_be_read_is_named_with_its_place() {
    let folder = Folder::new("unreadable");
    folder.voice();
    folder.write("edits.json", r#"[{ "at": 0.1, "do": ["create x warbler"] }]"#);
    folder.write("song.mid", b"RIFFnonsense");
    folder.write("torn.json", r#"{ "modules": {"#);
    for (arguments, says) in [
        (&["render", "voice.json", "--edits", "edits.json", "-o", "o.wav"][..], "[0].do[0]"),
        (&["render", "voice.json", "--midi", "song.mid", "-o", "o.wav"], "no MIDI file"),
        (&["render", "ghost.json", "-o", "o.wav"], "ghost.json"),
        (&["render", "torn.json", "-o", "o.wav"], "torn.json"),
        (&["render", "voice.json", "--notes", "H9", "-o", "o.wav"], "no note"),
        (&["render", "voice.json", "--notes", "C3", "--midi", "song.mid", "-o", "o"], "not both"),
        (&["render", "voice.json", "--bits", "8", "-o", "o.wav"], "16, 24 or 32f"),
        (&["render", "voice.json", "--rate", "5", "-o", "o.wav"], "--rate takes"),
        (&["render", "voice.json"], "-o OUT.wav"),
        (&["render", "voice.json", "-o", "ghost/o.wav"], "ghost/o.wav"),
        (&["render", "voice.json", "--loud"], "--loud"),
        (&["check", "torn.json"], "torn.json"),
        (&["check"], "name a patch"),
        (&["modules", "--yaml"], "--yaml"),
        (&["play"], "no command `play`"),
        (&[], "Usage"),
    ] {
        let output = chronus(&folder, arguments);
        ends(&output, 2);
        assert!(err(&output).contains(says), "{arguments:?}: {}", err(&output));
    }
    for help in [&["--help"][..], &["render", "--help"], &["check", "-h"], &["modules", "--help"]] {
        let output = chronus(&folder, help);
        ends(&output, 0);
        assert!(out(&output).contains("Usage: chronus"), "{help:?}");
    }
}

#[test]
fn check_prints_plan_and_verdict() {
    let folder = Folder::new("check");
    folder.voice();
    let output = chronus(&folder, &["check", "voice.json", "--strict"]);
    ends(&output, 0);
    let text = out(&output);
    assert!(text.contains("plan: 7 nodes") && text.contains("node osc vco x16"), "{text}");
    assert!(text.contains("steady:") && text.contains("verdict: accepted, sounds"), "{text}");
    assert!(!out(&chronus(&folder, &["check", "voice.json", "--no-plan"])).contains("steady:"));

    folder.write("empty.json", patch(&registry(), &[]).to_json());
    let output = chronus(&folder, &["check", "empty.json"]);
    ends(&output, 0);
    assert!(out(&output).contains("silent"), "{}", out(&output));
    ends(&chronus(&folder, &["check", "empty.json", "--strict"]), 1);

    let loud = [
        "create s vco",
        "create v vca",
        "create out audio_out",
        "set out limit 0",
        "connect s v 16",
        "connect v out 16",
    ];
    folder.write("loud.json", patch(&registry(), &loud).to_json());
    let output = chronus(&folder, &["check", "loud.json"]);
    ends(&output, 1);
    assert!(out(&output).contains("verdict: refused, the output peaks"), "{}", out(&output));
}

#[test]
fn check_names_the_line_of_what_is_odd() {
    let folder = Folder::new("lines");
    let json = patch(&registry(), &["create osc vco", "create lfo lfo"]).to_json();
    let json = json
        .replace("\"lfo\",", "\"warbler\",")
        .replace("\"kind\": \"lfo\"", "\"kind\": \"warbler\"");
    let line = 1 + json.lines().position(|l| l.contains("\"lfo\": {")).unwrap();
    folder.write("odd.json", &json);
    let output = chronus(&folder, &["check", "odd.json", "--no-plan"]);
    let text = out(&output);
    assert!(text.contains(&format!("odd.json:{line}: modules.lfo: ")), "{text}");
}

#[test]
fn the_reference_names_every_kind_and_param() {
    let folder = Folder::new("modules");
    let json = out(&chronus(&folder, &["modules", "--json"]));
    let json: serde_json::Value = serde_json::from_str(&json).unwrap();
    let text = out(&chronus(&folder, &["modules"]));
    let page = out(&chronus(&folder, &["modules", "--markdown"]));
    let registry = registry();
    assert_eq!(json["kinds"].as_array().unwrap().len(), registry.kinds().len());
    for kind in json["kinds"].as_array().unwrap() {
        let spec = registry.spec(kind["kind"].as_str().unwrap()).unwrap();
        assert!(
            text.contains(&format!("  {}", spec.kind))
                && page.contains(&format!("(`{}`)", spec.kind))
        );
        for (param, shown) in spec.params.iter().zip(kind["params"].as_array().unwrap()) {
            assert_eq!(shown["name"], param.name);
            assert_eq!(shown["default"].as_f64().unwrap() as f32, param.default);
            assert!(page.contains(&format!("| `{}`", param.name)), "{}", param.name);
        }
        for alias in spec.aliases {
            assert!(text.contains(alias.kind) && page.contains(alias.kind), "{}", alias.kind);
        }
    }
}
