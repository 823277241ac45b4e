//! The lab's sources for phones: what compiles here is compiled, and asks our server; the rest is parsed.

mod java;
mod kotlin;
mod parsed;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, Result, ensure};
use suite::process::{Finished, Server};
use suite::{peers, workspace};

use crate::Bench;
use crate::clients::call::Call;
use crate::clients::{CASES, bundle, judge};
use crate::lab::{Lab, PASSWORD};
use crate::report::{Report, Verdict};

const GROUP: &str = "devices";

pub(crate) fn check(bench: &Bench<'_>, lab: &Lab, report: &mut Report) {
    let there = bench.peers.install_readers_of_sources();
    if let Err(error) = &there {
        eprintln!("warning: {error:#}\nwarning: the rows of what is missing will fail");
    }
    let server = bench.own().and_then(|own| own.serve(&lab.server_files()));
    java::check(bench, lab, &server, report);
    kotlin::check(bench, lab, &server, report);
    parsed::check(bench, lab, report);
}

/// A program that asks a server as the sources do.
struct Asker<'a> {
    name: &'static str,
    /// Without the arguments about the server.
    command: &'a dyn Fn() -> Result<Command>,
}

/// Every case of the clients' table.
fn ask_all(
    bench: &Bench<'_>,
    lab: &Lab,
    server: &Result<Server>,
    asker: &Asker<'_>,
    report: &mut Report,
) {
    for (case, ca, stem, expected) in CASES {
        let seen = (|| {
            let call = Call::to_ours(server, lab, ca, stem, bundle(bench, lab, stem)?)?;
            judge(&ask(&call, asker)?)
        })();
        report.push(GROUP, asker.name, case, *expected, seen);
    }
}

/// The good client, of which a pin must make a refused one.
fn ask_with_other_pins(
    bench: &Bench<'_>,
    lab: &Lab,
    server: &Result<Server>,
    asker: &Asker<'_>,
    report: &mut Report,
) {
    let seen = (|| {
        let (ca, stem) = ("same-ca/ca.crt", "same-ca/client");
        let call = Call::to_ours(server, lab, ca, stem, bundle(bench, lab, stem)?)?;
        let said = ask(&call, asker)?;
        ensure!(said.stderr.contains("pinning failure"), "{}", said.reason());
        judge(&said)
    })();
    report.push(GROUP, asker.name, "other pins", Verdict::Refused, seen);
}

fn ask(call: &Call, asker: &Asker<'_>) -> Result<Finished> {
    let mut command = (asker.command)()?;
    command
        .arg(&call.url)
        .arg(&call.ca)
        .arg(&call.p12)
        .arg(PASSWORD);
    let said = suite::process::run(&mut command, None)?;
    ensure!(
        said.success() || said.stderr.contains("refused: "),
        "{}",
        said.reason()
    );
    Ok(said)
}

/// Whether a compiler took the sources; a refusal must name `place`.
fn compiled(said: &Finished, place: &str) -> Result<(Verdict, String)> {
    if said.success() {
        return Ok((Verdict::Accepted, "compiled".to_owned()));
    }
    let words = said.stdout.clone() + &said.stderr;
    ensure!(words.contains(place), "{words}");
    Ok((Verdict::Refused, said.reason()))
}

/// A directory of its own below the scratch directory.
fn directory(bench: &Bench<'_>, name: &str) -> Result<PathBuf> {
    let path = bench.scratch(name);
    fs::create_dir_all(&path)?;
    Ok(path)
}

/// A copy of one of the lab's sources in which `from` is `to`.
fn changed(lab: &Lab, file: &str, into: &Path, from: &str, to: &str) -> Result<PathBuf> {
    let text = fs::read_to_string(lab.path(file)).with_context(|| format!("reading {file}"))?;
    ensure!(text.contains(from), "{file} has no `{from}`");
    let path = into.join(Path::new(file).file_name().context("a file has a name")?);
    fs::write(&path, text.replacen(from, to, 1))?;
    Ok(path)
}

/// Sources of this suite, beside this file.
fn own(file: &str) -> PathBuf {
    workspace().join("xtask/interop/src/devices").join(file)
}

/// A search path of Java.
fn class_path(parts: &[&Path]) -> String {
    let parts = parts.iter().map(|part| part.to_string_lossy().into_owned());
    let libraries = [peers::OKHTTP, peers::OKIO].map(str::to_owned);
    parts.chain(libraries).collect::<Vec<_>>().join(":")
}
