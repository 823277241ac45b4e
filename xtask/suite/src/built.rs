//! The examples, as cargo builds them.

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
    if profile == Profile::Release {
        cargo.arg("--release");
    }
    let wanted = names.join(", ");
    let built = build(&mut cargo, &wanted)?;
    let place = |name| built.iter().find_map(|message| executable(message, name));
    let found: Vec<PathBuf> = names.into_iter().filter_map(place).collect();
    let found = found.try_into().ok();
    found.with_context(|| format!("cargo did not say where it built {wanted}"))
}

/// Builds a program of a package that is no default member, and says where it is.
pub fn binary(profile: Profile, package: &str, name: &str) -> Result<PathBuf> {
    let mut cargo = Command::new(env!("CARGO"));
    cargo.args(["build", "--package", package, "--bin", name]);
    if profile == Profile::Release {
        cargo.arg("--release");
    }
    let built = build(&mut cargo, name)?;
    let found = built.iter().find_map(|message| executable(message, name));
    found.with_context(|| format!("cargo did not say where it built {name}"))
}

/// What cargo says it has built.
fn build(cargo: &mut Command, wanted: &str) -> Result<Vec<Value>> {
    let built = cargo
        .arg("--message-format=json-render-diagnostics")
        .current_dir(workspace())
        .stderr(Stdio::inherit())
        .output()
        .context("starting cargo")?;
    ensure!(built.status.success(), "cargo could not build {wanted}");
    let messages = String::from_utf8_lossy(&built.stdout);
    let messages = messages.lines();
    Ok(messages
        .filter_map(|line| serde_json::from_str(line).ok())
        .collect())
}

fn executable(message: &Value, name: &str) -> Option<PathBuf> {
    let found = message["executable"].as_str()?;
    (message["target"]["name"] == name).then(|| PathBuf::from(found))
}
