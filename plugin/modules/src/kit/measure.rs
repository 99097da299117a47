//! What tests measure with.

use rustfft::{FftPlanner, num_complex::Complex};

/// Root of the mean square.
pub fn rms(signal: &[f32]) -> f64 {
    let power: f64 = signal.iter().map(|&x| f64::from(x).powi(2)).sum();
    (power / signal.len() as f64).sqrt()
}

/// Largest magnitude.
pub fn peak(signal: &[f32]) -> f32 {
    signal.iter().fold(0.0, |peak, x| peak.max(x.abs()))
}

/// Largest step from one frame to the next.
pub fn largest_step(signal: &[f32]) -> f32 {
    signal.windows(2).fold(0.0, |step, w| step.max((w[1] - w[0]).abs()))
}

/// Decibels of an amplitude.
pub fn db(gain: f64) -> f64 {
    20.0 * gain.max(1e-30).log10()
}

/// Amplitudes of the spectrum's bins 0..len/2, through a Blackman-Harris-like window with side
/// lobes under -150 dB (Kaiser, beta 20): a full-scale sine reads 1 at its bin.
pub fn spectrum(signal: &[f32]) -> Vec<f64> {
    let n = signal.len();
    let bessel = |x: f64| {
        let (mut sum, mut term, mut k) = (1.0, 1.0, 1.0);
        while term > sum * 1e-17 {
            term *= (x / 2.0 / k).powi(2);
            sum += term;
            k += 1.0;
        }
        sum
    };
    let window = |i: usize| {
        let x = 2.0 * i as f64 / n as f64 - 1.0;
        bessel(20.0 * (1.0 - x * x).max(0.0).sqrt()) / bessel(20.0)
    };
    let windows: Vec<f64> = (0..n).map(window).collect();
    let gain: f64 = windows.iter().sum::<f64>() / 2.0;
    let mut buffer: Vec<Complex<f64>> =
        signal.iter().zip(&windows).map(|(&x, w)| Complex::new(f64::from(x) * w, 0.0)).collect();
    FftPlanner::new().plan_fft_forward(n).process(&mut buffer);
    buffer[..n / 2].iter().map(|c| c.norm() / gain).collect()
}

/// Amplitude response of an impulse response at `frequency` cycles a frame.
pub fn response(impulse: &[f32], frequency: f64) -> f64 {
    let mut sum = Complex::new(0.0, 0.0);
    for (n, &y) in impulse.iter().enumerate() {
        sum += Complex::from_polar(f64::from(y), -std::f64::consts::TAU * frequency * n as f64);
    }
    sum.norm()
}

/// Evenly distributed noise within -1..1, the same every time.
pub fn noise(frames: usize) -> Vec<f32> {
    let mut state = 0x1234_5678;
    let draw = || {
        state = chronus_dsp::random::next(state);
        chronus_dsp::random::bipolar(state)
    };
    std::iter::repeat_with(draw).take(frames).collect()
}
