//! Kernels: what modules are arranged from. They know no host and no graph, and allocate nothing
//! while they run.
//!
//! Everything is plain `+ - * /`, `sqrt`, comparisons and bits, in a fixed order, without libm and
//! without fused multiply-add: the same bits on every machine, with every instruction set and at
//! every number of lanes. Kernels are branch-free scalar functions; call them in a loop over the
//! lanes and the compiler makes vectors of them.
#![forbid(unsafe_code)]

pub mod blep;
pub mod delay;
pub mod envelope;
pub mod level;
pub mod math;
pub mod phase;
pub mod random;
pub mod svf;
pub mod wave;
