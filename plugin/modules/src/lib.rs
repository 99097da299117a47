//! The module library: one file a module, with its spec, its code and its tests. Adding a module
//! is adding a file and running `cargo xtask codegen`.
#![forbid(unsafe_code)]
#![cfg_attr(test, allow(clippy::print_stderr, reason = "tests tell what they measured"))]

mod kit;
mod registry;

pub use registry::*;

#[cfg(test)]
#[path = "../codegen.rs"]
mod codegen;

#[cfg(test)]
mod tests {
    #[test]
    fn the_registry_is_up_to_date() {
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/src");
        let entries = std::fs::read_dir(folder).expect("src is readable");
        let names: Vec<String> = entries
            .map(|entry| entry.expect("src is readable").file_name().to_string_lossy().into_owned())
            .collect();
        let expected = super::codegen::generate(&names);
        assert_eq!(include_str!("registry.rs"), expected, "run `cargo xtask codegen`");
    }
}
