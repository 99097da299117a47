//! The arguments of one request, taken one by one.

use rosc::OscType;

/// Longest word (id, port, kind, param) that is looked at.
const WORD_BYTES: usize = 160;

/// Arguments not taken yet. Errors are texts for the sender.
pub struct Args {
    left: std::vec::IntoIter<OscType>,
    taken: usize,
    usage: &'static str,
}

impl Args {
    /// The arguments `args` of a request that wants `usage`.
    pub fn new(args: Vec<OscType>, usage: &'static str) -> Self {
        Self { left: args.into_iter(), taken: 0, usage }
    }

    fn next(&mut self) -> Option<OscType> {
        self.taken += 1;
        self.left.next()
    }

    fn wrong(&self, got: Option<&OscType>, wanted: &str) -> String {
        let got = got.map_or("missing", type_name);
        format!("argument {} is {got}, not {wanted}; arguments are {}", self.taken, self.usage)
    }

    /// A text of any length.
    pub fn text(&mut self) -> Result<String, String> {
        match self.next() {
            Some(OscType::String(text)) => Ok(text),
            got => Err(self.wrong(got.as_ref(), "a string")),
        }
    }

    /// An id, port, kind or param; digits may come as an int.
    pub fn word(&mut self) -> Result<String, String> {
        match self.next() {
            Some(OscType::String(word)) if word.len() <= WORD_BYTES => Ok(word),
            Some(OscType::Int(number)) if number >= 0 => Ok(number.to_string()),
            Some(OscType::Long(number)) if number >= 0 => Ok(number.to_string()),
            Some(OscType::String(_)) => {
                Err(format!("argument {} is longer than {WORD_BYTES} bytes", self.taken))
            }
            got => Err(self.wrong(got.as_ref(), "a string")),
        }
    }

    /// A word, if there is one more argument.
    pub fn optional_word(&mut self) -> Result<Option<String>, String> {
        if self.left.as_slice().is_empty() { Ok(None) } else { self.word().map(Some) }
    }

    /// A finite number of any type.
    pub fn number(&mut self) -> Result<f32, String> {
        let next = self.next();
        let number = next.as_ref().and_then(as_number).map(|n| n as f32);
        number.filter(|n| n.is_finite()).ok_or_else(|| self.wrong(next.as_ref(), "a finite number"))
    }

    /// A finite number, if there is one more argument.
    pub fn optional_number(&mut self) -> Result<Option<f32>, String> {
        if self.left.as_slice().is_empty() { Ok(None) } else { self.number().map(Some) }
    }

    /// 0 or 1, also as a boolean.
    pub fn switch(&mut self) -> Result<bool, String> {
        let next = self.next();
        let on = match &next {
            Some(OscType::Bool(on)) => Some(*on),
            Some(other) => as_number(other).and_then(|n| match n {
                0.0 => Some(false),
                1.0 => Some(true),
                _ => None,
            }),
            None => None,
        };
        on.ok_or_else(|| self.wrong(next.as_ref(), "0 or 1"))
    }

    /// A key 0..=127.
    pub fn key(&mut self) -> Result<u8, String> {
        let next = self.next();
        let key = next.as_ref().and_then(as_number);
        let key = key.filter(|k| k.fract() == 0.0 && (0.0..=127.0).contains(k)).map(|k| k as u8);
        key.ok_or_else(|| self.wrong(next.as_ref(), "a key 0 to 127"))
    }

    /// A velocity as 0..=1: whole numbers are 0..=127, floats 0..=1.
    pub fn velocity(&mut self) -> Result<f32, String> {
        let next = self.next();
        let velocity = match next {
            Some(OscType::Int(v)) if (0..=127).contains(&v) => Some(v as f32 / 127.0),
            Some(OscType::Long(v)) if (0..=127).contains(&v) => Some(v as f32 / 127.0),
            Some(OscType::Float(v)) if (0.0..=1.0).contains(&v) => Some(v),
            Some(OscType::Double(v)) if (0.0..=1.0).contains(&v) => Some(v as f32),
            _ => None,
        };
        let wanted = "a velocity (an int 0 to 127 or a float 0 to 1)";
        velocity.ok_or_else(|| self.wrong(next.as_ref(), wanted))
    }

    /// Nothing may be left.
    pub fn end(self) -> Result<(), String> {
        match self.left.len() {
            0 => Ok(()),
            more => Err(format!("{more} arguments too many; arguments are {}", self.usage)),
        }
    }
}

fn as_number(arg: &OscType) -> Option<f64> {
    match *arg {
        OscType::Int(n) => Some(f64::from(n)),
        OscType::Long(n) => Some(n as f64),
        OscType::Float(n) => Some(f64::from(n)),
        OscType::Double(n) => Some(n),
        _ => None,
    }
}

fn type_name(arg: &OscType) -> &'static str {
    match arg {
        OscType::Int(_) | OscType::Long(_) => "a whole number",
        OscType::Float(_) | OscType::Double(_) => "a number",
        OscType::String(_) => "a string",
        OscType::Blob(_) => "a blob",
        OscType::Time(_) => "a time tag",
        OscType::Char(_) => "a character",
        OscType::Color(_) => "a colour",
        OscType::Midi(_) => "a MIDI message",
        OscType::Bool(_) => "a boolean",
        OscType::Array(_) => "an array",
        OscType::Nil => "nil",
        OscType::Inf => "infinity",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn args(args: &[OscType]) -> Args {
        Args::new(args.to_vec(), "ID PARAM VALUE")
    }

    #[test]
    fn any_number_will_do_and_nothing_else() {
        for good in [OscType::Int(2), OscType::Long(2), OscType::Float(2.0), OscType::Double(2.0)] {
            assert_eq!(args(&[good]).number(), Ok(2.0));
        }
        for bad in [OscType::Float(f32::NAN), OscType::Double(1e300), OscType::String("2".into())] {
            assert!(args(&[bad]).number().is_err());
        }
        let missing = args(&[]).number().unwrap_err();
        assert_eq!(
            missing,
            "argument 1 is missing, not a finite number; arguments are ID PARAM VALUE"
        );
    }

    #[test]
    fn velocities_are_midi_as_ints_and_unit_as_floats() {
        assert_eq!(args(&[OscType::Int(127)]).velocity(), Ok(1.0));
        assert_eq!(args(&[OscType::Float(0.5)]).velocity(), Ok(0.5));
        assert!(args(&[OscType::Float(100.0)]).velocity().is_err());
        assert!(args(&[OscType::Int(128)]).velocity().is_err());
    }

    #[test]
    fn switches_and_keys_are_exact() {
        assert_eq!(args(&[OscType::Float(1.0)]).switch(), Ok(true));
        assert_eq!(args(&[OscType::Bool(false)]).switch(), Ok(false));
        assert!(args(&[OscType::Int(2)]).switch().is_err());
        assert_eq!(args(&[OscType::Float(60.0)]).key(), Ok(60));
        assert!(args(&[OscType::Float(60.5)]).key().is_err());
        assert!(args(&[OscType::Int(-1)]).key().is_err());
    }

    #[test]
    fn what_is_left_over_is_an_error() {
        let mut one = args(&[OscType::Int(7), OscType::Nil]);
        assert_eq!(one.word(), Ok("7".into()));
        assert!(one.end().is_err());
        assert_eq!(args(&[]).optional_number(), Ok(None));
        assert!(args(&[OscType::Nil]).optional_word().is_err());
    }
}
