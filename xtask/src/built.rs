//! The examples, as cargo builds them.

use std::path::PathBuf;
use std::process::{Command, Stdio};

use anyhow::{Context, Result, ensure};
use serde_json::Value;

use crate::peers;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Profile {
    Dev,
    Release,
}

/// Builds these examples, and says where they are.
pub(crate) fn examples<const COUNT: usize>(
    profile: Profile,
    names: [&str; COUNT],
) -> Result<[PathBuf; COUNT]> {
    let mut cargo = Command::new(env!("CARGO"));
    cargo.args(["build", "--package", "examples"]);
    for name in names {
        cargo.args(["--example", name]);
    }
    if profile == Profile::Release {
        cargo.arg("--release");
    }
    let built = cargo
        .arg("--message-format=json-render-diagnostics")
        .current_dir(peers::workspace())
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
