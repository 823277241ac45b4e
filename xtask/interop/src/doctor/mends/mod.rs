//! Files and configurations of the lab with one thing wrong: the doctor finds that first, and its commands mend it, by
//! the word of `openssl` and by its own.

mod certificates;
mod configurations;
mod files;
mod kinds;
mod mend;
mod words;

use std::env;
use std::path::Path;
use std::process::Command;

use anyhow::{Context as _, Result, bail, ensure};
use serde_json::Value;
use suite::process::{self, Finished};

use self::mend::Mend;
use crate::report::group::DOCTOR as GROUP;
use crate::report::{Report, Verdict};
use crate::workbench::Bench;
use crate::workbench::lab::{Lab, PASSWORD};

pub(super) fn check(bench: &Bench<'_>, lab: &Lab, report: &mut Report) {
    let all = [
        files::FILES,
        certificates::CERTIFICATES,
        configurations::CONFIGURATIONS,
        kinds::KINDS,
        words::WORDS,
    ];
    for mend in all.concat() {
        let seen = mended(bench, lab, &mend).map(|commands| (Verdict::Healthy, commands));
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
    let fault = format!("{ISSUE}\n{}", mend.fault);
    succeeds(&shell(mtls, &directory, &fault)?).context("the fault cannot be made")?;

    let before = doctor(mtls, &directory, mend.targets)?;
    let first = before["findings"].get(0).context("nothing was found")?;
    ensure!(
        first["id"] == mend.id,
        "{} was found first: {}",
        first["id"],
        first["what"]
    );
    if !mend.holds.is_empty() && shell(mtls, &directory, mend.holds)?.success() {
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
    let mut command = Command::new(mtls);
    command
        .args(["doctor", "--json"])
        .args(targets.split_whitespace())
        .current_dir(directory);
    let said = process::run(&mut command, None)?;
    let report: Value = serde_json::from_str(&said.stdout).with_context(|| said.stderr.clone())?;
    let code = i32::from(report["errors"] != 0);
    ensure!(
        said.code == Some(code),
        "the exit code is {:?}, and {} errors were found",
        said.code,
        report["errors"]
    );
    Ok(report)
}

/// With `mtls` among the programs.
fn shell(mtls: &Path, directory: &Path, script: &str) -> Result<Finished> {
    let own = mtls.parent().map(Path::to_owned);
    let path = env::var_os("PATH").unwrap_or_default();
    let path = env::join_paths(own.into_iter().chain(env::split_paths(&path)))?;
    let mut command = Command::new("sh");
    command
        .args(["-c", script])
        .env("PATH", path)
        .current_dir(directory);
    process::run(&mut command, None)
}

fn succeeds(said: &Finished) -> Result<()> {
    ensure!(
        said.success(),
        "exit code {:?}: {}",
        said.code,
        said.stderr.trim()
    );
    Ok(())
}

/// `issue STEM CA SUBJECT DAYS EXTENSION...` has CA.crt and CA.key issue STEM.crt for STEM.key, with $SERIAL and $DIGEST where
/// they are set.
const ISSUE: &str = r#"
issue() {
  stem=$1 ca=$2 subject=$3 days=$4; shift 4
  printf '%s\n' subjectKeyIdentifier=hash authorityKeyIdentifier=keyid "$@" > e &&
  openssl req -new -key "$stem.key" -subj "$subject" |
    openssl x509 -req $DIGEST -CA "$ca.crt" -CAkey "$ca.key" -set_serial "${SERIAL:-0x4$(openssl rand -hex 15)}" \
      -days "$days" -extfile e > n && cat n > "$stem.crt" && rm n e
}
LEAF=basicConstraints=critical,CA:FALSE SIGNS=keyUsage=critical,digitalSignature
CLIENT=extendedKeyUsage=clientAuth
"#;
