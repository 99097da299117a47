//! Measurements of signals: level, steps, clicks and spectra, as DECISIONS.md defines them.

use realfft::RealFftPlanner;

/// Root mean square; 0 of nothing.
#[must_use]
pub fn rms(signal: &[f32]) -> f32 {
    let sum: f64 = signal.iter().map(|&x| f64::from(x).powi(2)).sum();
    (sum / signal.len().max(1) as f64).sqrt() as f32
}

/// Largest absolute sample.
#[must_use]
pub fn peak(signal: &[f32]) -> f32 {
    signal.iter().fold(0.0, |peak, x| peak.max(x.abs()))
}

/// Amplitude in decibels of full scale.
#[must_use]
pub fn decibels(amplitude: f32) -> f32 {
    20.0 * amplitude.max(1e-10).log10()
}

/// Samples that are no numbers or infinite.
#[must_use]
pub fn nonfinite(signal: &[f32]) -> u64 {
    signal.iter().filter(|x| !x.is_finite()).count() as u64
}

/// Largest step from one sample to the next.
#[must_use]
pub fn max_step(signal: &[f32]) -> f32 {
    signal.windows(2).fold(0.0, |max, w| max.max((w[1] - w[0]).abs()))
}

/// Largest change of step: shows corners that a step hides.
#[must_use]
pub fn max_bend(signal: &[f32]) -> f32 {
    signal.windows(3).fold(0.0, |max, w| max.max((w[2] - 2.0 * w[1] + w[0]).abs()))
}

/// A swap in a recording.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Swap {
    /// First frame at which it may have happened.
    pub from: usize,
    /// Last frame at which it may have happened.
    pub to: usize,
    /// Frames that the change ramps.
    pub ramp: usize,
}

/// How far a swap's largest step (or bend, on patches of sines alone) goes over what the signal
/// does 50 ms before and after, plus the slope that the ramp allows. At most 1 for a swap that does
/// not click.
#[must_use]
pub fn over_limit(signal: &[f32], swap: Swap, rate: f64, size: fn(&[f32]) -> f32) -> f32 {
    let near = (rate * 0.05) as usize;
    // Rounded corners make a fade a tenth longer than the straight ramp it is as steep as.
    let end = (swap.to + swap.ramp + swap.ramp / 10 + 1).min(signal.len());
    // One frame earlier, so that the step into the swap's first frame counts.
    let start = swap.from.saturating_sub(1).min(end);
    let before = &signal[start.saturating_sub(near)..start];
    let after = &signal[end..(end + near).min(signal.len())];
    let around = &signal[start.saturating_sub(near)..(end + near).min(signal.len())];
    let allowed = size(before).max(size(after)) + peak(around) / swap.ramp.max(1) as f32;
    let found = size(&signal[start..end]);
    if found <= f32::EPSILON { 0.0 } else { found / allowed.max(f32::MIN_POSITIVE) }
}

/// Level of the quietest block of `frames` frames, in dBFS RMS.
#[must_use]
pub fn quietest_block(signal: &[f32], frames: usize) -> f32 {
    let blocks = signal.chunks_exact(frames.max(1));
    blocks.map(|block| decibels(rms(block))).fold(f32::INFINITY, f32::min)
}

/// Largest difference of two signals; infinite when one holds what is no number, or is longer.
#[must_use]
pub fn max_difference(a: &[f32], b: &[f32]) -> f32 {
    if a.len() != b.len() {
        return f32::INFINITY;
    }
    a.iter().zip(b).fold(0.0, |max, (a, b)| {
        let difference = (a - b).abs();
        if difference.is_nan() { f32::INFINITY } else { max.max(difference) }
    })
}

/// Frame at which two signals first differ in their bits.
#[must_use]
pub fn first_difference(a: &[f32], b: &[f32]) -> Option<usize> {
    let differs = a.iter().zip(b).position(|(a, b)| a.to_bits() != b.to_bits());
    differs.or_else(|| (a.len() != b.len()).then_some(a.len().min(b.len())))
}

/// Amplitudes of a signal's spectrum over time: one column every `hop` frames.
pub struct Spectrogram {
    /// Columns of `bins` amplitudes, 0 Hz first; a full-scale sine reads 1.
    pub columns: Vec<Vec<f32>>,
    /// Hz from one bin to the next.
    pub bin_hz: f64,
}

/// The spectrogram of `signal` with windows of `size` frames.
#[must_use]
pub fn spectrogram(signal: &[f32], rate: f64, size: usize, hop: usize) -> Spectrogram {
    let fft = RealFftPlanner::<f32>::new().plan_fft_forward(size);
    let hann: Vec<f32> = (0..size)
        .map(|k| 0.5 - 0.5 * (std::f32::consts::TAU * k as f32 / size as f32).cos())
        .collect();
    let scale = 2.0 / hann.iter().sum::<f32>();
    let mut spectrum = fft.make_output_vec();
    let mut columns = Vec::new();
    for start in (0..signal.len()).step_by(hop.max(1)) {
        let mut window: Vec<f32> =
            (0..size).map(|k| signal.get(start + k).copied().unwrap_or(0.0) * hann[k]).collect();
        // PANIC: all three lengths come from the same plan.
        fft.process(&mut window, &mut spectrum).expect("lengths of one plan");
        columns.push(spectrum.iter().map(|c| c.norm() * scale).collect());
    }
    Spectrogram { columns, bin_hz: rate / size as f64 }
}

/// Frequency in Hz and amplitude of a signal's strongest partial, over all of it.
#[must_use]
pub fn strongest_partial(signal: &[f32], rate: f64) -> (f64, f32) {
    let size = signal.len().next_power_of_two();
    let spectrum = spectrogram(signal, rate, size, size);
    let Some(column) = spectrum.columns.first() else { return (0.0, 0.0) };
    let strongest =
        (1..column.len().saturating_sub(1)).max_by(|&a, &b| column[a].total_cmp(&column[b]));
    let Some(k) = strongest else { return (0.0, 0.0) };
    // A parabola through the logarithms of the three highest bins.
    let [a, b, c] = [k - 1, k, k + 1].map(|i| f64::from(column[i].max(1e-20)).ln());
    let offset = 0.5 * (a - c) / (a - 2.0 * b + c);
    ((k as f64 + offset) * spectrum.bin_hz, column[k])
}

/// The value under which the share `q` (0..=1) of `values` lies.
#[must_use]
pub fn quantile(values: &[f64], q: f64) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    let rank = (sorted.len() as f64 * q).ceil() as usize;
    sorted.get(rank.saturating_sub(1)).copied().unwrap_or(0.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    const RATE: f64 = 48_000.0;

    fn sine(frames: usize, hz: f64, gain: f64) -> Vec<f32> {
        let turn = std::f64::consts::TAU * hz / RATE;
        (0..frames).map(|k| (gain * (turn * k as f64).sin()) as f32).collect()
    }

    #[test]
    fn a_sine_measures_as_one() {
        let signal = sine(48_000, 440.0, 0.2);
        assert!((rms(&signal) - 0.2 / 2f32.sqrt()).abs() < 1e-4);
        assert!((peak(&signal) - 0.2).abs() < 1e-4);
        let (hz, _) = strongest_partial(&signal, RATE);
        assert!((hz - 440.0).abs() < 0.2, "{hz}");
    }

    #[test]
    fn a_full_scale_sine_reads_1_in_the_spectrogram() {
        let signal = sine(9600, 3000.0, 1.0);
        let spectrum = spectrogram(&signal, RATE, 1024, 512);
        let highest = spectrum.columns[4].iter().copied().fold(0.0, f32::max);
        assert!((highest - 1.0).abs() < 0.05, "{highest}");
    }

    #[test]
    fn a_ramp_passes_and_a_step_of_the_same_size_does_not() {
        let swap = Swap { from: 24_000, to: 24_000, ramp: 240 };
        let fade = |ramp: usize| -> Vec<f32> {
            let gain = |k: usize| (k.saturating_sub(24_000) as f32 / ramp as f32).min(1.0);
            sine(48_000, 440.3, 0.5).iter().enumerate().map(|(k, x)| x * (1.0 - gain(k))).collect()
        };
        for size in [max_step as fn(&[f32]) -> f32, max_bend] {
            let ramped = over_limit(&fade(240), swap, RATE, size);
            assert!(ramped <= 1.0, "{ramped}");
            let cut = over_limit(&fade(1), swap, RATE, size);
            assert!(cut > 1.5, "{cut}");
        }
    }

    #[test]
    fn a_single_wrong_sample_is_found() {
        let mut signal = sine(48_000, 220.0, 0.3);
        signal[24_100] += 0.1;
        let swap = Swap { from: 24_000, to: 24_060, ramp: 240 };
        assert!(over_limit(&signal, swap, RATE, max_step) > 1.5);
        assert_eq!(first_difference(&signal, &sine(48_000, 220.0, 0.3)), Some(24_100));
    }

    #[test]
    fn differences_of_what_is_no_number_are_infinite() {
        assert_eq!(max_difference(&[0.0, f32::NAN], &[0.0, 1.0]), f32::INFINITY);
        assert_eq!(max_difference(&[0.5], &[0.25]), 0.25);
        assert_eq!(max_difference(&[0.5], &[]), f32::INFINITY);
    }

    #[test]
    fn quantiles_are_values_that_occurred() {
        let values: Vec<f64> = (1..=100).rev().map(f64::from).collect();
        assert_eq!(quantile(&values, 0.5), 50.0);
        assert_eq!(quantile(&values, 0.99), 99.0);
        assert_eq!(quantile(&values, 1.0), 100.0);
        assert_eq!(quantile(&[], 0.5), 0.0);
    }
}
