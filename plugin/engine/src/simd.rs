//! Which instruction set module code runs on: the best the machine has, or a lower one forced by
//! tests and benchmarks. Every set gives the same bits.

use std::sync::OnceLock;

use pulp::Arch;

/// The instruction set in use. `CHRONUS_SIMD=scalar` forces the baseline.
#[must_use]
pub fn arch() -> Arch {
    static ARCH: OnceLock<Arch> = OnceLock::new();
    *ARCH.get_or_init(|| match std::env::var("CHRONUS_SIMD").as_deref() {
        Ok("scalar") => Arch::Scalar,
        _ => Arch::new(),
    })
}
