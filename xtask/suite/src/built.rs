//! The examples and the `mtls` command, as cargo builds them.

use std::path::PathBuf;
use std::process::{Command, Stdio};

use anyhow::{Context, Result, ensure};
use serde_json::Value;

use crate::workspace;

/// How they are built.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Profile {
    /// As `cargo build` does it.
    Dev,
    /// As `cargo build --release` does it.
    Release,
}

/// Builds the `mtls` command, and says where it is.
pub fn mtls(profile: Profile) -> Result<PathBuf> {
    let mut cargo = Command::new(env!("CARGO"));
    cargo.args(["build", "--package", "mtls-cli", "--bin", "mtls"]);
    let [program] = built(cargo, profile, ["mtls"])?;
    Ok(program)
}

/// Builds a program of the workspace with the features that its tests have, so that after them little is left to build;
/// and says where it is.
pub fn beside_tests(name: &str) -> Result<PathBuf> {
    let mut cargo = Command::new(env!("CARGO"));
    // Examples have the features of tests, too, and whatever is built with them.
    cargo.args([
        "build",
        "--quiet",
        "--workspace",
        "--examples",
        "--bin",
        name,
    ]);
    let [program] = built(cargo, Profile::Dev, [name])?;
    Ok(program)
}

/// Builds an example of this package alone, with the features that it has there, and says where it is.
pub fn example_of(package: &str, profile: Profile, name: &str) -> Result<PathBuf> {
    let mut cargo = Command::new(env!("CARGO"));
    cargo.args(["build", "--package", package, "--example", name]);
    let [program] = built(cargo, profile, [name])?;
    Ok(program)
}

/// Builds these examples, and says where they are.
pub fn examples<const COUNT: usize>(
    profile: Profile,
    names: [&str; COUNT],
) -> Result<[PathBuf; COUNT]> {
    let mut cargo = Command::new(env!("CARGO"));
    // Of the default members, as for whoever runs them at the root: of one package alone, cargo would choose other
    // features, and build much anew.
    cargo.arg("build");
    for name in names {
        cargo.args(["--example", name]);
    }
    built(cargo, profile, names)
}

/// Runs cargo, and says where it built the targets of these names.
fn built<const COUNT: usize>(
    mut cargo: Command,
    profile: Profile,
    names: [&str; COUNT],
) -> Result<[PathBuf; COUNT]> {
    if profile == Profile::Release {
        cargo.arg("--release");
    }
    let built = cargo
        .arg("--message-format=json-render-diagnostics")
        .current_dir(workspace())
        .stderr(Stdio::inherit())
        .output()
        .context("starting cargo")?;
    let wanted = names.join(", ");
    ensure!(built.status.success(), "cargo could not build {wanted}");
    let messages: Vec<Value> = String::from_utf8_lossy(&built.stdout)
        .lines()
        .filter_map(|line| serde_json::from_str(line).ok())
        .collect();
    let executable = |name: &str| {
        let mut of_name = messages
            .iter()
            .filter(|message| message["target"]["name"] == name);
        of_name.find_map(|message| message["executable"].as_str().map(PathBuf::from))
    };
    let found: Vec<PathBuf> = names.into_iter().filter_map(executable).collect();
    let found = found.try_into().ok();
    found.with_context(|| format!("cargo did not say where it built {wanted}"))
}
