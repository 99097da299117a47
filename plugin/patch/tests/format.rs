//! The JSON format: round trips, exact text, places of errors, damage.

mod common;

use chronus_patch::{CableId, FormatError, Patch, Place, View, chunk};
use common::{config, id, number, patch, view};
use proptest::prelude::*;
use serde_json::{Value, json};

/// A small patch as a file holds it, with something of most things.
const FILE: &str = r##"{
  "kind": "chronus patch",
  "format": 1,
  "name": "Pluck",
  "modules": {
    "audio_out": {
      "kind": "audio_out",
      "params": {}
    },
    "env1": {
      "kind": "adsr",
      "params": {
        "attack": 0.2
      },
      "bypass": true,
      "width": "per_voice",
      "position": {
        "x": -120.5,
        "y": 40.0
      },
      "colour": "#ff8000"
    },
    "osc1": {
      "kind": "vco",
      "kind_version": 2,
      "name": "Bass",
      "params": {
        "freq": 440.0,
        "width": 1e-7
      },
      "voice_offsets": {
        "freq": [
          0.1,
          -0.1
        ]
      },
      "group": "g1",
      "later": {
        "a": [
          1,
          2.5
        ]
      }
    }
  },
  "cables": [
    {
      "id": 1,
      "from": "osc1.out",
      "to": "env1.in",
      "gain": 0.7
    },
    {
      "id": 4,
      "from": "env1.out",
      "to": "audio_out.left"
    },
    {
      "id": 9,
      "from": "env1.env",
      "to": "osc1.fm",
      "gain": -2.0,
      "feedback": true,
      "later": null
    }
  ],
  "voice": {
    "count": 8,
    "mode": "legato",
    "glide": 30.0
  },
  "tuning": {
    "a4": 442.0
  },
  "macros": {
    "0": {
      "name": "Cutoff",
      "value": 0.3,
      "bindings": [
        {
          "module": "osc1",
          "param": "freq",
          "min": 20.0,
          "max": 20000.0,
          "curve": "linear"
        }
      ]
    },
    "10": {
      "value": 0.0,
      "bindings": []
    }
  },
  "midi_learn": [
    {
      "channel": 3,
      "controller": 74,
      "macro_index": 0
    }
  ],
  "scenes": {
    "Verse": {
      "modules": {
        "osc1": {
          "kind": "vco",
          "params": {
            "freq": 220.0
          }
        }
      },
      "cables": [],
      "macros": {
        "0": 0.5
      }
    }
  },
  "groups": {
    "g1": {
      "name": "Voice",
      "ports": [
        "osc1.out"
      ],
      "knobs": [
        [
          "osc1",
          "freq"
        ]
      ]
    }
  },
  "comments": {
    "c1": {
      "text": "hello",
      "position": {
        "x": 1.0,
        "y": 2.0
      }
    }
  },
  "later": true
}
"##;

fn error(text: &str) -> String {
    Patch::from_json(text).unwrap_err().to_string()
}

/// `FILE` with `from`, which stands there once, changed to `to`.
fn with(from: &str, to: &str) -> String {
    assert_eq!(FILE.matches(from).count(), 1, "{from}");
    FILE.replace(from, to)
}

proptest! {
    #![proptest_config(config(300))]

    #[test]
    fn a_patch_reads_back_equal(patch in patch(), view in view()) {
        let text = patch.to_json();
        let back = Patch::from_json(&text).unwrap();
        prop_assert_eq!(&back, &patch);
        prop_assert_eq!(back.to_json(), text);
        let text = patch.to_json_with_view(&view);
        let (back, seen) = Patch::from_json_with_view(&text).unwrap();
        prop_assert_eq!(&seen, &view);
        prop_assert_eq!(back.to_json_with_view(&seen), text.clone());
        prop_assert_eq!(&Patch::from_json(&text).unwrap(), &patch);
        let state = chunk::StateChunk { head: patch, playing: None, view };
        prop_assert_eq!(chunk::decode(&chunk::encode(&state)).unwrap(), state);
    }

    /// Through every way a number can take: a plain field, a map, a list, and the view.
    #[test]
    fn numbers_read_back_exactly(value in number()) {
        let mut patch = Patch::from_json(FILE).unwrap();
        let osc = patch.modules.get_mut(&id("osc1")).unwrap();
        osc.params.insert("freq".into(), value);
        osc.voice_offsets.insert("freq".into(), vec![value]);
        osc.position.x = value;
        let view = View { zoom: value, ..View::default() };
        let text = patch.to_json_with_view(&view);
        let (back, seen) = Patch::from_json_with_view(&text).unwrap();
        let osc = &back.modules[&id("osc1")];
        let read = [osc.params["freq"], osc.voice_offsets["freq"][0], osc.position.x, seen.zoom];
        prop_assert_eq!(read.map(f32::to_bits), [value.to_bits(); 4]);
    }
}

#[test]
fn the_text_is_stable_and_short() {
    let patch = Patch::from_json(FILE).unwrap();
    assert_eq!(patch.validate(), Ok(()));
    assert_eq!(patch.to_json(), FILE);
    let empty = concat!(
        "{\n  \"kind\": \"chronus patch\",\n  \"format\": 1,\n  \"modules\": {},\n",
        "  \"cables\": [],\n  \"voice\": {\n    \"count\": 16,\n    \"mode\": \"poly\",\n",
        "    \"glide\": 0.0\n  },\n  \"tuning\": {\n    \"a4\": 440.0\n  }\n}\n"
    );
    assert_eq!(Patch::default().to_json(), empty);
}

#[test]
fn fields_may_be_missing_and_in_any_order() {
    let text = r#"{"cables": [{"to": "b.in", "from": "a.out", "id": 7}], "format": 1,
        "modules": {"b": {"kind": "vcf"}, "a": {"kind": "vco"}}, "kind": "chronus patch"}"#;
    let patch = Patch::from_json(text).unwrap();
    assert_eq!(patch.cables[&CableId(7)].gain, 1.0);
    assert_eq!(patch.voice.count, 16);
    let minimal = r#"{"kind": "chronus patch", "format": 1}"#;
    assert_eq!(Patch::from_json(minimal).unwrap(), Patch::default());
}

#[test]
fn unknown_fields_are_kept_at_every_level() {
    let mut file: Value = serde_json::from_str(FILE).unwrap();
    file["scenes"]["Verse"]["cables"] =
        json!([{"id": 1, "from": "osc1.out", "to": "osc1.fm", "feedback": true}]);
    file["frames"] = json!({"f1": {"title": "Filter"}});
    file["assets"] = json!({"kick": {"kind": "sample", "path": "kick.wav", "hash": "00"}});
    file["buses"] = json!([{"name": "Side", "direction": "input", "channels": 2}]);
    file["view"] = json!({"zoom": 1.0});
    let objects = [
        "",
        "/modules/osc1",
        "/cables/0",
        "/voice",
        "/tuning",
        "/macros/0",
        "/macros/0/bindings/0",
        "/midi_learn/0",
        "/scenes/Verse",
        "/scenes/Verse/modules/osc1",
        "/scenes/Verse/cables/0",
        "/groups/g1",
        "/comments/c1",
        "/frames/f1",
        "/assets/kick",
        "/buses/0",
        "/view",
    ];
    let newer = |n: usize| json!({"n": n, "b": [0.1, null], "a": {}});
    for (n, object) in objects.iter().enumerate() {
        file.pointer_mut(object).unwrap()["newer"] = newer(n);
    }
    let (patch, view) = Patch::from_json_with_view(&file.to_string()).unwrap();
    let written: Value = serde_json::from_str(&patch.to_json_with_view(&view)).unwrap();
    for (n, object) in objects.iter().enumerate() {
        assert_eq!(written.pointer(object).unwrap()["newer"], newer(n), "{object}");
    }
    // Points and sizes are closed: what would be lost is refused.
    let error = error(&with("\"x\": -120.5,", "\"x\": -120.5, \"z\": 1.0,"));
    assert!(error.contains("at modules.env1.position.z: unknown field"), "{error}");
}

#[test]
fn errors_name_the_place() {
    let cases = [
        // Wrong types and texts.
        (
            with("440.0", "\"high\""),
            "line 28, column 17, at modules.osc1.params.freq: invalid type",
        ),
        (
            with("\"osc1.fm\"", "\"osc1\""),
            "line 61, column 13, at cables[2].to: `osc1` names no port",
        ),
        (
            with("#ff8000", "#ff80"),
            "line 21, column 17, at modules.env1.colour: `#ff80` is no colour",
        ),
        (with("\"legato\"", "\"solo\""), "at voice.mode: unknown variant `solo`, expected one of"),
        (
            with("\"count\": 8", "\"count\": 300"),
            "line 68, column 14, at voice.count: invalid value",
        ),
        (
            with("    \"env1\": {", "    \"env.1\": {"),
            "line 10, column 14, at modules.env.1: `env.1` is no module id",
        ),
        (
            with("\"kind\": \"adsr\",", ""),
            "line 10, column 13, at modules.env1: missing field `kind`",
        ),
        (with("\"10\": {", "\"300\": {"), "at macros"),
        // Numbers.
        (
            with("440.0", "1e39"),
            "line 28, column 17, at modules.osc1.params.freq: number out of range",
        ),
        (with("0.2", "-1e39"), "at modules.env1.params.attack: number out of range"),
        (
            with("440.0", "1e400"),
            "line 28, column 21, at modules.osc1.params.freq: number out of range",
        ),
        (with("440.0", "NaN"), "line 28, column 17, at modules.osc1.params.freq: expected value"),
        (with("440.0", "null"), "at modules.osc1.params.freq: invalid type: null"),
        (with("-120.5", "1e39"), "line 18, column 14, at modules.env1.position.x"),
        (with("0.1,", "1e39,"), "line 33, column 11, at modules.osc1.voice_offsets.freq[0]"),
        (with("20000.0", "1e39"), "at macros.0.bindings[0].max: number out of range"),
        (with("442.0", "1e39"), "at tuning.a4"),
        (with("\"y\": 2.0", "\"y\": 1e39"), "at comments.c1.position.y"),
        (with("220.0", "1e39"), "at scenes.Verse.modules.osc1.params.freq"),
        (with("-2.0", "-17.0"), "line 62, column 15, at cables[2].gain: gain -17 of cable 9"),
        (with("\"count\": 8", "\"count\": 0"), "at voice.count: voice count is 0: use 1 to 64"),
        (with("\"count\": 8", "\"count\": 65"), "at voice.count: voice count is 65: use 1 to 64"),
        (with("\"10\": {", "\"128\": {"), "at macros.128: macro index is 128: use 0 to 127"),
        (with("\"value\": 0.3", "\"value\": 1.5"), "at macros.0.value: value of macro 0 is 1.5"),
        (with("\"controller\": 74", "\"controller\": 128"), "at midi_learn[0].controller"),
        // What is there twice.
        (
            with("\"env1\": {", "\"osc1\": {"),
            "line 23, column 12, at modules.osc1: this key is there twice",
        ),
        (
            with("\"width\": 1e-7", "\"freq\": 2.0"),
            "at modules.osc1.params.freq: this key is there twice",
        ),
        (with("\"10\": {", "\"0\": {"), "at macros.0: this key is there twice"),
        (
            with("\"a\": [\n", "\"a\": 1, \"\\u0061\": [\n"),
            "at modules.osc1.later.a: this key is there twice",
        ),
        (with("\"name\": \"Pluck\"", "\"format\": 1"), "at format: this key is there twice"),
        (
            with("\"id\": 9", "\"id\": 4"),
            "line 58, column 5, at cables[2]: cable id 4 is used twice",
        ),
        // What is not there.
        (
            with("\"env1.in\"", "\"env2.in\""),
            "line 50, column 13, at cables[0].to: there is no module `env2`",
        ),
        (
            with("\"module\": \"osc1\"", "\"module\": \"x\""),
            "at macros.0.bindings[0].module: there is no module `x`",
        ),
        (
            with("\"group\": \"g1\"", "\"group\": \"g2\""),
            "at modules.osc1.group: there is no group `g2`",
        ),
        (
            with("        \"osc1.out\"\n", "\"x.out\"\n"),
            "at groups.g1.ports[0]: there is no module `x`",
        ),
        (
            with("\"width\": \"per_voice\"", "\"asset\": \"kick\""),
            "at modules.env1.asset: there is no asset `kick`",
        ),
        (
            with("\"width\": \"per_voice\"", "\"name\": \"Bass\""),
            "at modules.osc1.name: the name `Bass` belongs to module `env1`",
        ),
        (
            with(
                "\"from\": \"env1.env\",\n      \"to\": \"osc1.fm\"",
                "\"from\": \"env1.out\",\n      \"to\": \"audio_out.left\"",
            ),
            "at cables[2]: cable 4 already goes from",
        ),
        // Not JSON.
        (with("440.0,", "440.0"), "line 29, column 9, at modules.osc1.params: expected `,` or `}`"),
        (format!("{FILE}}}"), "line 142, column 1: trailing characters"),
        (String::new(), "line 1, column 0: EOF while parsing a value"),
        ("[".repeat(10_000), "recursion limit"),
    ];
    let mut wrong = Vec::new();
    for (text, expected) in cases {
        let error = error(&text);
        if !error.contains(expected) {
            wrong.push(format!("expected: {expected}\nfound:    {error}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn rows_out_of_order_are_named_as_they_stand() {
    let text = r#"{"kind": "chronus patch", "format": 1, "modules": {"a": {"kind": "k"}},
"cables": [{"id": 9, "from": "a.out", "to": "a.in", "feedback": true},
{"id": 8, "from": "a.out", "to": "b.in"},
{"id": 2, "from": "a.env", "to": "a.in", "feedback": true}]}"#;
    let place = Place { line: 3, column: 34, path: "cables[1].to".into() };
    let message = "there is no module `b`: create it first, or check the id".into();
    assert_eq!(Patch::from_json(text), Err(FormatError::At { place, message }));
}

#[test]
fn keys_with_dots_are_found() {
    let text = with("\"Verse\": {", "\"Verse\": {},\n    \"Verse.2\": {");
    let text = text.replace("\"0\": 0.5", "\"0\": 1.5");
    let line = 1 + text.lines().position(|line| line.contains("1.5")).unwrap();
    let expected = format!("line {line}, column 14, at scenes.Verse.2.macros.0: value of macro 0");
    assert!(error(&text).starts_with(&expected), "{}", error(&text));
}

#[test]
fn other_kinds_and_versions_are_refused() {
    let cases = [
        ("{}".to_owned(), "its `kind` must say \"chronus patch\", and says nothing"),
        ("3".to_owned(), "it is no object"),
        (with("chronus patch", "chronus fragment"), "and says \"chronus fragment\""),
        (with("\"format\": 1", "\"format\": 2"), "made by a newer Chronus (format 2"),
        (with("\"format\": 1", "\"format\": 5000000000"), "made by a newer Chronus"),
        (
            with("\"format\": 1", "\"format\": 0"),
            "line 3, column 13, at format: the format's version",
        ),
        (with("\"format\": 1", "\"format\": \"1\""), "1 or more, not \"1\""),
        (with("\"format\": 1", "\"format\": 1.5"), "1 or more, not 1.5"),
        (with("  \"format\": 1,\n", ""), "at format: the format's version is 1 or more, not null"),
    ];
    for (text, expected) in cases {
        let error = error(&text);
        assert!(error.contains(expected), "expected: {expected}\nfound:    {error}");
    }
}

#[test]
fn views_are_read_strictly_too() {
    let with_view = |view: &str| with("  \"later\": true\n}", &format!("  \"view\": {view}\n}}"));
    let read = |view: &str| Patch::from_json_with_view(&with_view(view));
    let (patch, view) = read(r#"{"zoom": 0.2, "pan": {"x": 1, "y": 2}, "tab": "mixer"}"#).unwrap();
    assert_eq!((view.zoom, view.pan.y), (0.2, 2.0));
    assert_eq!(view.unknown["tab"], "mixer");
    assert!(patch.unknown.is_empty());
    assert_eq!(read("{}").unwrap().1, View::default());
    let error = read(r#"{"zoom": 1e39}"#).unwrap_err().to_string();
    assert!(error.contains("line 140, column 20, at view.zoom: number out of range"), "{error}");
    let error = read(r#"{"pan": 3}"#).unwrap_err().to_string();
    assert!(error.contains("at view.pan: invalid type"), "{error}");
}

#[test]
fn a_cycle_without_a_delay_is_given_one() {
    let text = with("      \"feedback\": true,\n", "");
    let patch = Patch::from_json(&text).unwrap();
    assert_eq!(patch, Patch::from_json(FILE).unwrap());
}

#[test]
fn every_truncation_is_an_error() {
    // Without the last newline nothing is missing.
    for length in (0..FILE.len() - 1).filter(|length| FILE.is_char_boundary(*length)) {
        assert!(Patch::from_json(&FILE[..length]).is_err(), "{length}");
    }
    assert!(Patch::from_json(FILE.trim_end()).is_ok());
}

#[test]
fn every_flip_is_an_error_or_a_sound_patch() {
    let mut bytes = FILE.as_bytes().to_vec();
    let mut sound = 0;
    for at in 0..bytes.len() {
        for mask in [0x01, 0x02, 0x04, 0x08, 0x10, 0x20, 0x40, 0x80, 0xff] {
            bytes[at] ^= mask;
            if let Ok(text) = std::str::from_utf8(&bytes) {
                match Patch::from_json_with_view(text) {
                    Ok((patch, _)) => {
                        assert_eq!(patch.validate(), Ok(()));
                        assert_eq!(Patch::from_json(&patch.to_json()), Ok(patch));
                        sound += 1;
                    }
                    Err(error) => assert!(!error.to_string().is_empty()),
                }
            }
            bytes[at] ^= mask;
        }
    }
    assert!(sound > 100, "{sound}");
}

#[test]
fn errors_of_the_header_are_told_apart() {
    assert!(matches!(Patch::from_json("{}"), Err(FormatError::Kind { .. })));
    assert!(matches!(
        Patch::from_json(&with("\"format\": 1", "\"format\": 2")),
        Err(FormatError::Newer(2))
    ));
    assert!(matches!(Patch::from_json("{"), Err(FormatError::At { .. })));
}

#[test]
fn tags_stand_after_the_notes_and_an_untagged_file_has_none() {
    let tagged = FILE.replace(
        "  \"modules\": {\n    \"audio_out",
        "  \"tags\": [\n    \"bass\"\n  ],\n  \"modules\": {\n    \"audio_out",
    );
    let patch = Patch::from_json(&tagged).expect("a patch");
    assert_eq!(patch.tags, ["bass"]);
    assert!(!patch.unknown.contains_key("tags") && patch.to_json() == tagged);
    assert!(Patch::from_json(FILE).expect("a patch").tags.is_empty());
}
