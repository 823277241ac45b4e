//! Asking our server as the sources do.

use std::process::Command;

use anyhow::{Result, ensure};
use suite::process::{Finished, Server};

use crate::clients::call::Call;
use crate::clients::{CASES, bundle, judge};
use crate::report::group::DEVICES as GROUP;
use crate::report::{Report, Verdict};
use crate::workbench::Bench;
use crate::workbench::lab::{Lab, PASSWORD};

/// A program that asks a server as the sources do.
pub(super) struct Asker<'a> {
    pub(super) name: &'static str,
    /// Without the arguments about the server.
    pub(super) command: &'a dyn Fn() -> Result<Command>,
}

/// Every case of the clients' table.
pub(super) fn ask_all(
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
pub(super) fn ask_with_other_pins(
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
