//! Names of presets as names of files, on every system.

use crate::LibraryError;

/// How a preset's file ends.
pub(crate) const ENDING: &str = ".chronus.json";
/// Longest name in bytes: with the ending and a number it stays within every file system's 255.
const LONGEST: usize = 120;
/// Names that Windows keeps for devices, whatever their ending.
const RESERVED: [&str; 4] = ["con", "prn", "aux", "nul"];

/// `name` as a file may be called on every system, without an ending: characters that separate
/// paths or mean something to a shell become `-`, and it neither begins nor ends with a point or a
/// space. None of it is left out silently: the preset is called what its file is called.
///
/// # Errors
/// When nothing is left.
pub fn file_name(name: &str) -> Result<String, LibraryError> {
    let kept = |c: char| if c.is_control() || "/\\:*?\"<>|".contains(c) { '-' } else { c };
    let safe: String = name.trim().chars().map(kept).collect();
    let ends: &[char] = &['.', ' '];
    let mut safe = safe.trim_matches(ends);
    if safe.len() > LONGEST {
        safe = safe[..safe.floor_char_boundary(LONGEST)].trim_end_matches(ends);
    }
    if safe.chars().all(|c| c == '-') {
        return Err(LibraryError::NoName);
    }
    let reserved = {
        let stem = safe.split('.').next().unwrap_or(safe).trim_end().to_lowercase();
        let numbered = stem.strip_prefix("com").or_else(|| stem.strip_prefix("lpt"));
        let number = |rest: &str| rest.len() == 1 && rest.chars().all(|c| c.is_ascii_digit());
        RESERVED.contains(&stem.as_str()) || numbered.is_some_and(number)
    };
    Ok(if reserved { format!("_{safe}") } else { safe.to_owned() })
}

/// The file of a preset that is called `name`.
///
/// # Errors
/// As [`file_name`].
pub fn preset_file(name: &str) -> Result<String, LibraryError> {
    Ok(file_name(name)? + ENDING)
}

/// What the preset in `file` is called, when it is a preset's file.
pub(crate) fn name_of(file: &str) -> Option<&str> {
    let stem = file.strip_suffix(ENDING).or_else(|| file.strip_suffix(".json"))?;
    (!stem.is_empty() && !stem.starts_with('.')).then_some(stem)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_become_safe() {
        for (name, file) in [
            ("Warm Poly", "Warm Poly"),
            ("  AC/DC: \"live\"?  ", "AC-DC- -live--"),
            ("../../etc", "-..-etc"),
            ("..\\..\\etc", "-..-etc"),
            (".hidden", "hidden"),
            ("dots...", "dots"),
            ("CON", "_CON"),
            ("nul.txt", "_nul.txt"),
            ("com1", "_com1"),
            ("comet", "comet"),
            ("a\nb\0c", "a-b-c"),
            ("Grüße ♪", "Grüße ♪"),
        ] {
            assert_eq!(file_name(name).expect(name), file);
        }
        for empty in ["", "   ", "...", "/", "\u{7}"] {
            assert!(file_name(empty).is_err(), "{empty:?}");
        }
        let long = file_name(&"ä".repeat(500)).expect("a name");
        assert_eq!(long, "ä".repeat(60));
    }

    /// Law: a safe name is safe, and names a file in the folder that it is put in.
    #[test]
    fn a_safe_name_stays_as_it_is() {
        for name in ["../x", "con", "a/b\\c", ". .", "x..y", "_aux", "é".repeat(99).as_str()] {
            let Ok(safe) = file_name(name) else { continue };
            assert_eq!(file_name(&safe).expect("still a name"), safe);
            assert_eq!(std::path::Path::new(&safe).components().count(), 1);
        }
    }

    #[test]
    fn files_of_presets_are_known_by_their_ending() {
        assert_eq!(name_of("Pad.chronus.json"), Some("Pad"));
        assert_eq!(name_of("Pad.json"), Some("Pad"));
        for other in ["Pad.txt", ".json", ".chronus.json", ".x.json", "Pad"] {
            assert_eq!(name_of(other), None);
        }
    }
}
