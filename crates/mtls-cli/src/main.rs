//! The `mtls` command: a private CA for mutual TLS, and a look into certificates, bundles and servers.
//!
//! Parse, call, print. What is decided here is only how files are laid out and what a person reads; what may be issued
//! is decided in `pki-core`, and what was issued is remembered by `pki-store`.

mod args;
mod command;
mod files;
mod global;
mod home;
mod import;
mod interrupt;
mod issue;
mod look;
mod output;

use std::process::ExitCode;

use clap::Parser as _;

use crate::args::Cli;

fn main() -> ExitCode {
    output::exit_code(Cli::parse().run())
}
