//! Instruction sets, and how code is compiled for each of them without `unsafe`.

use pulp::{Simd, WithSimd};

/// An instruction set that this machine has.
#[derive(Clone, Copy, Debug)]
pub enum Set {
    /// What the build targets: SSE2 on x86-64, NEON on ARM.
    Baseline,
    /// Up to SSE4.2 (x86-64-v2).
    #[cfg(target_arch = "x86_64")]
    Sse4(pulp::x86::V2),
    /// AVX2 and FMA (x86-64-v3).
    #[cfg(target_arch = "x86_64")]
    Avx2(pulp::x86::V3),
    /// AVX-512 (x86-64-v4).
    #[cfg(target_arch = "x86_64")]
    Avx512(pulp::x86::V4),
}

/// Code that is compiled for each set. Mark `run`, and all it calls, `#[inline(always)]`.
pub trait Kernel {
    /// The work; `FMA` where the set multiplies and adds in one instruction.
    fn run<const FMA: bool>(self);
}

impl Set {
    /// Names of those that this machine has, the best last.
    #[must_use]
    pub fn names() -> Vec<&'static str> {
        let known = ["baseline", "sse4", "avx2", "avx512"].into_iter();
        known.filter(|name| Self::named(name).is_some()).collect()
    }

    /// Those that this machine has, the best last.
    #[must_use]
    pub fn all() -> Vec<Self> {
        Self::names().into_iter().filter_map(Self::named).collect()
    }

    /// The set called `name`, where the machine has it.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        match name {
            "baseline" => Some(Self::Baseline),
            #[cfg(target_arch = "x86_64")]
            "sse4" => pulp::x86::V2::try_new().map(Self::Sse4),
            #[cfg(target_arch = "x86_64")]
            "avx2" => pulp::x86::V3::try_new().map(Self::Avx2),
            #[cfg(target_arch = "x86_64")]
            "avx512" => pulp::x86::V4::try_new().map(Self::Avx512),
            _ => None,
        }
    }

    /// Runs `kernel` on this set.
    pub fn run(self, kernel: impl Kernel) {
        match self {
            Self::Baseline => kernel.run::<{ cfg!(target_feature = "fma") }>(),
            #[cfg(target_arch = "x86_64")]
            Self::Sse4(set) => Simd::vectorize(set, On::<_, false>(kernel)),
            #[cfg(target_arch = "x86_64")]
            Self::Avx2(set) => Simd::vectorize(set, On::<_, true>(kernel)),
            #[cfg(target_arch = "x86_64")]
            Self::Avx512(set) => Simd::vectorize(set, On::<_, true>(kernel)),
        }
    }
}

/// A kernel as the dispatcher wants it.
struct On<K, const FMA: bool>(K);

impl<K: Kernel, const FMA: bool> WithSimd for On<K, FMA> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, _: S) {
        self.0.run::<FMA>();
    }
}
