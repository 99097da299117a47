//! Stereo WAV files.

use std::fs::File;
use std::io::BufWriter;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use hound::{SampleFormat, WavSpec, WavWriter};
use thiserror::Error;

use crate::render::Sink;

/// How samples are stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Bits {
    /// 16-bit integers, rounded, without dither: the same bits every time.
    Int16,
    /// 24-bit integers, rounded.
    Int24,
    /// 32-bit floats, as rendered.
    Float32,
}

/// Not a sample format.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("`{0}` is no sample format: use 16, 24 or 32f")]
pub struct BitsError(String);

impl FromStr for Bits {
    type Err = BitsError;

    fn from_str(text: &str) -> Result<Self, BitsError> {
        match text {
            "16" => Ok(Self::Int16),
            "24" => Ok(Self::Int24),
            "32f" => Ok(Self::Float32),
            _ => Err(BitsError(text.into())),
        }
    }
}

impl Bits {
    /// Highest integer, for the integer formats.
    fn full_scale(self) -> Option<f32> {
        match self {
            Self::Int16 => Some(32_767.0),
            Self::Int24 => Some(8_388_607.0),
            Self::Float32 => None,
        }
    }
}

/// A stereo file being written.
pub struct Wav {
    /// None only where beginning anew failed.
    writer: Option<WavWriter<BufWriter<File>>>,
    spec: WavSpec,
    path: PathBuf,
    bits: Bits,
}

impl Wav {
    /// Creates the file, or empties it.
    ///
    /// # Errors
    /// When it cannot be created.
    pub fn create(path: &Path, sample_rate: u32, bits: Bits) -> Result<Self, hound::Error> {
        let (bits_per_sample, sample_format) = match bits {
            Bits::Int16 => (16, SampleFormat::Int),
            Bits::Int24 => (24, SampleFormat::Int),
            Bits::Float32 => (32, SampleFormat::Float),
        };
        let spec = WavSpec { channels: 2, sample_rate, bits_per_sample, sample_format };
        let writer = Some(WavWriter::create(path, spec)?);
        Ok(Self { writer, spec, path: path.into(), bits })
    }

    /// Completes the file.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn finish(self) -> Result<(), hound::Error> {
        self.writer.map_or(Ok(()), WavWriter::finalize)
    }
}

impl Sink for Wav {
    type Error = hound::Error;

    /// Integer formats clip at full scale. A file cannot pass 4 GB.
    fn write(&mut self, left: &[f32], right: &[f32]) -> Result<(), hound::Error> {
        let Some(writer) = &mut self.writer else { return Ok(()) };
        for x in left.iter().zip(right).flat_map(|(l, r)| [*l, *r]) {
            match self.bits.full_scale() {
                Some(full) => {
                    writer.write_sample((x.clamp(-1.0, 1.0) * full).round() as i32)?;
                }
                None => writer.write_sample(x)?,
            }
        }
        Ok(())
    }

    fn restart(&mut self) -> Result<(), hound::Error> {
        // The old writer completes its file when it goes, so it must go first.
        self.writer = None;
        self.writer = Some(WavWriter::create(&self.path, self.spec)?);
        Ok(())
    }
}
