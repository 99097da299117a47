//! Which instruction set module code runs on: the best the machine has, or one that tests and
//! benchmarks ask for. Every set gives the same bits.

use std::sync::OnceLock;

use pulp::{Arch, Scalar, WithSimd};

/// The instruction set in use. `CHRONUS_SIMD` asks for one: `scalar` (what every processor of the
/// target has), `avx2` or `avx512`. What is unknown, or not there, leaves the default: the widest that is
/// there.
#[must_use]
pub fn arch() -> Arch {
    static ARCH: OnceLock<Arch> = OnceLock::new();
    *ARCH.get_or_init(|| {
        let asked = std::env::var("CHRONUS_SIMD").ok();
        asked.and_then(|name| named(&name)).unwrap_or_default()
    })
}

/// Does `work` in the instruction set of `arch`. What is compiled for the baseline is a call as that of
/// the others is: in line it would cost them the saving of its registers.
#[inline(always)]
pub(crate) fn dispatch<W: WithSimd>(arch: Arch, work: W) -> W::Output {
    match arch {
        Arch::Scalar => baseline(work),
        arch => arch.dispatch(work),
    }
}

#[inline(never)]
fn baseline<W: WithSimd>(work: W) -> W::Output {
    work.with_simd(Scalar::new())
}

/// Name of the instruction set in use, as `CHRONUS_SIMD` asks for it; `native` on other processors.
#[must_use]
pub fn instruction_set() -> &'static str {
    match arch() {
        Arch::Scalar => "scalar",
        #[cfg(target_arch = "x86_64")]
        Arch::V3(_) => "avx2",
        #[cfg(target_arch = "x86_64")]
        Arch::V4(_) => "avx512",
        #[allow(unreachable_patterns, reason = "others exist on other processors")]
        _ => "native",
    }
}

/// The instruction sets that `CHRONUS_SIMD` may ask for on this machine.
#[must_use]
pub fn instruction_sets() -> Vec<&'static str> {
    let known = ["scalar", "avx2", "avx512"];
    known.into_iter().filter(|name| named(name).is_some()).collect()
}

/// The instruction set called `name`, where the machine has it.
fn named(name: &str) -> Option<Arch> {
    match name {
        "scalar" => Some(Arch::Scalar),
        #[cfg(target_arch = "x86_64")]
        "avx2" => pulp::x86::V3::try_new().map(Arch::V3),
        #[cfg(target_arch = "x86_64")]
        "avx512" => pulp::x86::V4::try_new().map(Arch::V4),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_baseline_is_everywhere_and_unknown_names_are_no_set() {
        assert!(matches!(named("scalar"), Some(Arch::Scalar)));
        assert!(named("").is_none() && named("avx1024").is_none());
    }

    #[test]
    #[cfg(target_arch = "x86_64")]
    fn a_set_is_given_where_the_machine_has_it() {
        assert_eq!(named("avx2").is_some(), pulp::x86::V3::is_available());
        assert_eq!(named("avx512").is_some(), pulp::x86::V4::is_available());
    }
}
