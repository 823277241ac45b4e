//! Files and configurations of the lab with one thing wrong: the doctor finds that first, and its commands mend it, by
//! the word of `openssl` and by its own.

mod configurations;
mod files;

use std::env;
use std::path::Path;
use std::process::{Command, Output, Stdio};

use anyhow::{Context as _, Result, bail, ensure};
use serde_json::Value;

use super::GROUP;
use crate::Bench;
use crate::lab::{Lab, PASSWORD};
use crate::report::{Report, Verdict};

/// One thing wrong, and how to tell that it is mended. All run in a copy of the lab.
struct Mend {
    name: &'static str,
    /// What the doctor has to find first.
    id: &'static str,
    /// What it is given.
    targets: &'static str,
    /// The commands that break it.
    fault: &'static str,
    /// Fails before it is mended and succeeds afterwards; empty where the doctor alone can tell.
    holds: &'static str,
}

pub(super) fn check(bench: &Bench<'_>, lab: &Lab, report: &mut Report) {
    for mend in files::FILES.iter().chain(configurations::CONFIGURATIONS) {
        let seen = mended(bench, lab, mend).map(|commands| (Verdict::Healthy, commands));
        report.push(
            GROUP,
            mend.id,
            &format!("{}, mended", mend.name),
            Verdict::Healthy,
            seen,
        );
    }
}

/// Breaks it, has the doctor look, runs what it says, and has it look again.
fn mended(bench: &Bench<'_>, lab: &Lab, mend: &Mend) -> Result<String> {
    let copy = Lab::copy_of(&lab.path(""))?;
    let directory = copy.path("");
    let mtls = bench.mtls()?;
    std::fs::write(copy.path("pw"), format!("{PASSWORD}\n"))?;
    succeeds(&shell(mtls, &directory, mend.fault)?).context("the fault cannot be made")?;

    let before = doctor(mtls, &directory, mend.targets)?;
    let first = before["findings"].get(0).context("nothing was found")?;
    ensure!(
        first["id"] == mend.id,
        "{} was found first: {}",
        first["id"],
        first["what"]
    );
    if !mend.holds.is_empty() && shell(mtls, &directory, mend.holds)?.status.success() {
        bail!("it holds before it is mended: {}", mend.holds);
    }
    let steps = first["mend"]
        .as_array()
        .context("there is no way to mend it")?;
    let commands: Vec<&str> = steps
        .iter()
        .filter_map(|step| step["command"].as_str())
        .collect();
    ensure!(!commands.is_empty(), "no command mends it");
    for command in &commands {
        succeeds(&shell(mtls, &directory, command)?)
            .with_context(|| format!("`{command}` fails"))?;
    }
    let after = doctor(mtls, &directory, mend.targets)?;
    ensure!(
        after["findings"] == Value::Array(Vec::new()),
        "{} is left after {commands:?}",
        after["findings"]
    );
    if !mend.holds.is_empty() {
        succeeds(&shell(mtls, &directory, mend.holds)?).context("it is not mended")?;
    }
    Ok(commands.join("; "))
}

fn doctor(mtls: &Path, directory: &Path, targets: &str) -> Result<Value> {
    let output = Command::new(mtls)
        .args(["doctor", "--json"])
        .args(targets.split_whitespace())
        .current_dir(directory)
        .stdin(Stdio::null())
        .output()?;
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    let report: Value = serde_json::from_slice(&output.stdout).with_context(|| said)?;
    let code = i32::from(report["errors"] != 0);
    ensure!(
        output.status.code() == Some(code),
        "the exit code is {:?}, and {} errors were found",
        output.status.code(),
        report["errors"]
    );
    Ok(report)
}

/// With `mtls` among the programs.
fn shell(mtls: &Path, directory: &Path, script: &str) -> Result<Output> {
    let own = mtls.parent().map(Path::to_owned);
    let path = env::var_os("PATH").unwrap_or_default();
    let path = env::join_paths(own.into_iter().chain(env::split_paths(&path)))?;
    let output = Command::new("sh")
        .args(["-c", script])
        .env("PATH", path)
        .current_dir(directory)
        .stdin(Stdio::null())
        .output()?;
    Ok(output)
}

fn succeeds(output: &Output) -> Result<()> {
    let said = String::from_utf8_lossy(&output.stderr);
    ensure!(
        output.status.success(),
        "{}: {}",
        output.status,
        said.trim()
    );
    Ok(())
}
