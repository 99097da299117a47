//! Standard MIDI files (RP-001), formats 0 and 1, read to channel messages and tempo in ticks.

use thiserror::Error;

/// Microseconds a quarter note before any tempo event: 120 bpm.
const DEFAULT_TEMPO: u32 = 500_000;

/// What a file holds that is played.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Song {
    /// What a tick is.
    pub division: Division,
    /// Channel messages in order; at equal ticks, earlier tracks first.
    pub messages: Vec<(u64, Message)>,
    /// Tempo changes in order: microseconds a quarter note.
    pub tempo: Vec<(u64, u32)>,
    /// Tick at which the last track ends.
    pub end: u64,
}

/// What a tick is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Division {
    /// Ticks a quarter note, at least 1.
    Quarter(u16),
    /// Ticks in a thousand seconds, at least 1 (SMPTE time; the tempo does not matter).
    KiloSecond(u64),
}

/// A channel message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Message {
    /// Channel 0..16.
    pub channel: u8,
    /// What it says.
    pub kind: MessageKind,
}

/// What a channel message says. All values are 7 bits wide but the bend's 14.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "named as the MIDI standard names them")]
pub enum MessageKind {
    NoteOff { key: u8 },
    NoteOn { key: u8, velocity: u8 },
    KeyPressure { key: u8, pressure: u8 },
    Controller { controller: u8, value: u8 },
    Program { program: u8 },
    ChannelPressure { pressure: u8 },
    Bend { value: u16 },
}

/// Why a file cannot be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum SmfError {
    /// It does not begin as MIDI files do.
    #[error("this is no MIDI file: it does not begin with MThd")]
    Header,
    /// Several songs in one file.
    #[error("MIDI format {0} is not understood: export it as format 0 or 1")]
    Format(u16),
    /// Ticks of no length.
    #[error("the file's time division is 0: export it again")]
    Division,
    /// It ends too early.
    #[error("the file ends in the middle of track {track}, at byte {at}")]
    Truncated {
        /// Which, from 1; 0 = the header.
        track: usize,
        /// Bytes from the file's start.
        at: usize,
    },
    /// A byte that means nothing.
    #[error("track {track} has a byte {byte:#04x} that means nothing, at byte {at}")]
    Byte {
        /// Which, from 1.
        track: usize,
        /// Bytes from the file's start.
        at: usize,
        /// The byte.
        byte: u8,
    },
}

impl Song {
    /// Reads a file.
    ///
    /// # Errors
    /// When it is no MIDI file, of an unknown format, truncated or damaged.
    pub fn read(bytes: &[u8]) -> Result<Self, SmfError> {
        let mut reader = Reader { bytes, at: 0, end: bytes.len(), track: 0 };
        if reader.chunk()? != *b"MThd" {
            return Err(SmfError::Header);
        }
        let format = u16::from_be_bytes(reader.take()?);
        let tracks = u16::from_be_bytes(reader.take()?);
        let division = division(reader.take()?)?;
        if format > 1 {
            return Err(SmfError::Format(format));
        }
        reader.leave();
        let mut song = Self { division, messages: Vec::new(), tempo: Vec::new(), end: 0 };
        for track in 1..=usize::from(tracks) {
            reader.track = track;
            // Unknown chunks are to be skipped, says the standard.
            while reader.chunk()? != *b"MTrk" {
                reader.leave();
            }
            reader.track(&mut song)?;
            reader.leave();
        }
        // Stable, so that tracks and the order within them are kept.
        song.messages.sort_by_key(|(tick, _)| *tick);
        song.tempo.sort_by_key(|(tick, _)| *tick);
        Ok(song)
    }

    /// Seconds from the start to each of `ticks`, which must ascend.
    #[must_use]
    pub fn seconds(&self, ticks: impl IntoIterator<Item = u64>) -> Vec<f64> {
        let per_quarter = match self.division {
            Division::KiloSecond(rate) => {
                return ticks.into_iter().map(|t| t as f64 * 1e3 / rate as f64).collect();
            }
            Division::Quarter(per_quarter) => per_quarter,
        };
        // Microseconds times ticks a quarter, exact in whole numbers.
        let (mut sum, mut since, mut tempo) = (0u128, 0, DEFAULT_TEMPO);
        let mut changes = self.tempo.iter().peekable();
        let seconds = ticks.into_iter().map(|tick| {
            while let Some((at, next)) = changes.next_if(|(at, _)| *at <= tick) {
                sum += u128::from(at - since) * u128::from(tempo);
                (since, tempo) = (*at, *next);
            }
            let here = sum + u128::from(tick - since) * u128::from(tempo);
            here as f64 / (f64::from(per_quarter) * 1e6)
        });
        seconds.collect()
    }
}

fn division(bytes: [u8; 2]) -> Result<Division, SmfError> {
    let value = u16::from_be_bytes(bytes);
    if value == 0 || value & 0x80ff == 0x8000 {
        return Err(SmfError::Division);
    }
    if value < 0x8000 {
        return Ok(Division::Quarter(value));
    }
    // Frames a second, negative; 29 stands for 29.97.
    let frames = u64::from(bytes[0].cast_signed().unsigned_abs());
    let per_kilosecond = if frames == 29 { 29_970 } else { frames * 1000 };
    Ok(Division::KiloSecond(per_kilosecond * u64::from(bytes[1])))
}

struct Reader<'a> {
    bytes: &'a [u8],
    at: usize,
    /// End of the chunk being read.
    end: usize,
    track: usize,
}

impl Reader<'_> {
    fn truncated(&self) -> SmfError {
        SmfError::Truncated { track: self.track, at: self.at }
    }

    fn take<const N: usize>(&mut self) -> Result<[u8; N], SmfError> {
        let taken = self.bytes[self.at..self.end].first_chunk().ok_or_else(|| self.truncated())?;
        self.at += N;
        Ok(*taken)
    }

    fn byte(&mut self) -> Result<u8, SmfError> {
        self.take::<1>().map(|[byte]| byte)
    }

    /// A value of seven bits.
    fn value(&mut self) -> Result<u8, SmfError> {
        let at = self.at;
        match self.byte()? {
            byte @ 0x80.. => Err(SmfError::Byte { track: self.track, at, byte }),
            byte => Ok(byte),
        }
    }

    /// A number of one to four bytes, seven bits each, the highest first.
    fn variable(&mut self) -> Result<u32, SmfError> {
        let mut number = 0;
        for _ in 0..4 {
            let byte = self.byte()?;
            number = number << 7 | u32::from(byte & 0x7f);
            if byte < 0x80 {
                return Ok(number);
            }
        }
        let (at, byte) = (self.at - 1, self.bytes[self.at - 1]);
        Err(SmfError::Byte { track: self.track, at, byte })
    }

    /// Enters the next chunk; its name.
    fn chunk(&mut self) -> Result<[u8; 4], SmfError> {
        self.end = self.bytes.len();
        let name = self.take()?;
        let length = u32::from_be_bytes(self.take()?) as usize;
        self.end = self.at.saturating_add(length);
        if self.end > self.bytes.len() {
            // A chunk may not be longer than the file; of a file that is none, say that instead.
            return if self.track == 0 && name != *b"MThd" {
                Err(SmfError::Header)
            } else {
                self.at = self.bytes.len();
                Err(self.truncated())
            };
        }
        Ok(name)
    }

    /// Leaves the chunk.
    fn leave(&mut self) {
        self.at = self.end;
    }

    fn track(&mut self, song: &mut Song) -> Result<(), SmfError> {
        let mut tick = 0u64;
        let mut running = None;
        while self.at < self.end {
            tick += u64::from(self.variable()?);
            let at = self.at;
            let byte = self.bytes.get(at).copied().filter(|_| at < self.end);
            let status = match (byte, running) {
                (None, _) => return Err(self.truncated()),
                (Some(status @ 0x80..), _) => {
                    self.at += 1;
                    status
                }
                (Some(_), Some(running)) => running,
                (Some(byte), None) => return Err(SmfError::Byte { track: self.track, at, byte }),
            };
            match status {
                0xff => {
                    let kind = self.byte()?;
                    let length = self.variable()? as usize;
                    let body = self.body(length)?;
                    if let (0x51, &[a, b, c]) = (kind, body) {
                        // A tempo of 0 would stop time.
                        let tempo = u32::from_be_bytes([0, a, b, c]).max(1);
                        song.tempo.push((tick, tempo));
                    }
                    if kind == 0x2f {
                        break;
                    }
                }
                0xf0 | 0xf7 => {
                    let length = self.variable()? as usize;
                    self.body(length)?;
                    running = None;
                }
                0xf1.. => return Err(SmfError::Byte { track: self.track, at, byte: status }),
                _ => {
                    running = Some(status);
                    song.messages.push((tick, self.message(status)?));
                }
            }
        }
        song.end = song.end.max(tick);
        Ok(())
    }

    fn body(&mut self, length: usize) -> Result<&[u8], SmfError> {
        let body = self.bytes[self.at..self.end].get(..length);
        let body = body.ok_or_else(|| self.truncated())?;
        self.at += length;
        Ok(body)
    }

    fn message(&mut self, status: u8) -> Result<Message, SmfError> {
        let first = self.value()?;
        let kind = match status >> 4 {
            0x8 => {
                self.value()?;
                MessageKind::NoteOff { key: first }
            }
            0x9 => match self.value()? {
                0 => MessageKind::NoteOff { key: first },
                velocity => MessageKind::NoteOn { key: first, velocity },
            },
            0xa => MessageKind::KeyPressure { key: first, pressure: self.value()? },
            0xb => MessageKind::Controller { controller: first, value: self.value()? },
            0xc => MessageKind::Program { program: first },
            0xd => MessageKind::ChannelPressure { pressure: first },
            _ => MessageKind::Bend { value: u16::from(self.value()?) << 7 | u16::from(first) },
        };
        Ok(Message { channel: status & 15, kind })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(format: u8, division: [u8; 2], tracks: &[&[u8]]) -> Vec<u8> {
        let mut bytes = b"MThd\0\0\0\x06\0".to_vec();
        bytes.extend([format, 0, tracks.len() as u8]);
        bytes.extend(division);
        for track in tracks {
            bytes.extend(b"MTrk");
            bytes.extend((track.len() as u32).to_be_bytes());
            bytes.extend(*track);
        }
        bytes
    }

    /// Two tracks: tempo 120 then 60 bpm at tick 96; notes with running status, sysex between.
    fn song() -> Vec<u8> {
        let tempo: &[u8] = &[
            0, 0xff, 0x51, 3, 0x07, 0xa1, 0x20, 96, 0xff, 0x51, 3, 0x0f, 0x42, 0x40, 0, 0xff, 0x2f,
            0,
        ];
        let notes: &[u8] = &[
            0, 0x91, 60, 100, 48, 64, 127, 0, 0xf0, 2, 1, 0xf7, 48, 0x91, 60, 0, 0x83, 0x60, 0xe1,
            0, 0x40, 0, 0xd1, 5, 0, 0xff, 0x2f, 0,
        ];
        file(1, [0, 96], &[tempo, notes])
    }

    #[test]
    fn tempo_running_status_and_sysex() {
        let song = Song::read(&song()).unwrap();
        let ticks: Vec<u64> = song.messages.iter().map(|(tick, _)| *tick).collect();
        assert_eq!(ticks, [0, 48, 96, 576, 576]);
        let kinds: Vec<MessageKind> = song.messages.iter().map(|(_, m)| m.kind).collect();
        assert_eq!(
            kinds,
            [
                MessageKind::NoteOn { key: 60, velocity: 100 },
                MessageKind::NoteOn { key: 64, velocity: 127 },
                MessageKind::NoteOff { key: 60 },
                MessageKind::Bend { value: 8192 },
                MessageKind::ChannelPressure { pressure: 5 },
            ]
        );
        assert!(song.messages.iter().all(|(_, m)| m.channel == 1));
        // A beat at 120 bpm, then five at 60.
        assert_eq!(song.seconds(ticks), [0.0, 0.25, 0.5, 5.5, 5.5]);
        assert_eq!(song.end, 576);
    }

    #[test]
    fn smpte_time_knows_no_tempo() {
        let track: &[u8] = &[40, 0x90, 60, 1, 0, 0xff, 0x2f, 0];
        let song = Song::read(&file(0, [0xe7, 40], &[track])).unwrap();
        assert_eq!(song.division, Division::KiloSecond(1_000_000));
        assert_eq!(song.seconds([40]), [0.04]);
    }

    #[test]
    fn every_truncation_is_an_error_and_no_flip_a_panic() {
        let good = song();
        for end in 0..good.len() {
            assert!(Song::read(&good[..end]).is_err(), "{end}");
            for bit in 0..8 {
                let mut bad = good.clone();
                bad[end] ^= 1 << bit;
                if let Ok(song) = Song::read(&bad) {
                    let _ = song.seconds(song.messages.iter().map(|(tick, _)| *tick));
                }
            }
        }
    }

    #[test]
    fn what_is_no_midi_file_is_named() {
        assert_eq!(Song::read(b"RIFF....WAVEfmt "), Err(SmfError::Header));
        assert_eq!(Song::read(&file(2, [0, 96], &[])), Err(SmfError::Format(2)));
        assert_eq!(Song::read(&file(1, [0, 0], &[])), Err(SmfError::Division));
        let orphan = file(0, [0, 96], &[&[0, 60, 100]]);
        assert_eq!(Song::read(&orphan), Err(SmfError::Byte { track: 1, at: 23, byte: 60 }));
    }
}
