//! Sources, and what a compiler says of them.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, ensure};
use suite::process::Finished;
use suite::{peers, workspace};

use crate::report::Verdict;
use crate::workbench::Bench;
use crate::workbench::lab::Lab;

/// Whether a compiler took the sources; a refusal must name `place`.
pub(super) fn compiled(said: &Finished, place: &str) -> Result<(Verdict, String)> {
    if said.success() {
        return Ok((Verdict::Accepted, "compiled".to_owned()));
    }
    let words = said.stdout.clone() + &said.stderr;
    ensure!(words.contains(place), "{words}");
    Ok((Verdict::Refused, said.reason()))
}

/// A directory of its own below the scratch directory.
pub(super) fn directory(bench: &Bench<'_>, name: &str) -> Result<PathBuf> {
    let path = bench.scratch(name);
    fs::create_dir_all(&path)?;
    Ok(path)
}

/// A copy of one of the lab's sources in which `from` is `to`.
pub(super) fn changed(lab: &Lab, file: &str, into: &Path, from: &str, to: &str) -> Result<PathBuf> {
    let text = fs::read_to_string(lab.path(file)).with_context(|| format!("reading {file}"))?;
    ensure!(text.contains(from), "{file} has no `{from}`");
    let path = into.join(Path::new(file).file_name().context("a file has a name")?);
    fs::write(&path, text.replacen(from, to, 1))?;
    Ok(path)
}

/// Sources of this suite, beside this one.
pub(super) fn own(file: &str) -> PathBuf {
    workspace().join("xtask/interop/src/devices").join(file)
}

/// A search path of Java.
pub(super) fn class_path(parts: &[&Path]) -> String {
    let parts = parts.iter().map(|part| part.to_string_lossy().into_owned());
    let libraries = [peers::OKHTTP, peers::OKIO].map(str::to_owned);
    parts.chain(libraries).collect::<Vec<_>>().join(":")
}
