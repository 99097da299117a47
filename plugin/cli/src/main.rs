//! `chronus`: renders, checks and documents patches without a host.
#![forbid(unsafe_code)]

mod command;
mod console;

use std::process::ExitCode;

fn main() -> ExitCode {
    let arguments: Vec<_> = std::env::args_os().skip(1).collect();
    match command::run(arguments) {
        Ok(code) => code,
        Err(error) => {
            console::say(&format!("chronus: {error}"));
            ExitCode::from(2)
        }
    }
}
