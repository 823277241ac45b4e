//! What cannot be compiled here is parsed: Swift by a grammar of it, and Android's XML.

use std::fs;

use anyhow::{Result, ensure};
use suite::process::Finished;

use super::source::{changed, directory, own};
use crate::report::group::DEVICES as GROUP;
use crate::report::{Report, Verdict};
use crate::workbench::Bench;
use crate::workbench::lab::Lab;

pub(super) fn check(bench: &Bench<'_>, lab: &Lab, report: &mut Report) {
    let sources = swift(lab);
    let good = sources.and_then(|files| parse(bench, &files));
    let good = good.map(|said| verdict(&said));
    report.push(GROUP, "Swift grammar", "sources", Verdict::Accepted, good);
    for (case, from, to) in [
        ("broken copy", "guard let key", "guard let = key"),
        (
            "brace left out",
            "let encoded = info(of: key)\n        else {",
            "let encoded = info(of: key)\n        else",
        ),
    ] {
        let seen = broken(bench, lab, from, to);
        report.push(GROUP, "Swift grammar", case, Verdict::Refused, seen);
    }
    let config = "devices/android/network_security_config.xml";
    for (case, from, to, expected) in [
        ("sources", "<pin-set>", "<pin-set>", Verdict::Accepted),
        ("broken copy", "</pin-set>", "", Verdict::Refused),
        (
            "other element",
            "<pin-set>",
            "<pin-set><pins/>",
            Verdict::Refused,
        ),
    ] {
        let seen = directory(bench, "xml").and_then(|place| {
            let copy = changed(lab, config, &place, from, to)?;
            let file = copy.to_string_lossy().into_owned();
            let script = own("parse_config.py").to_string_lossy().into_owned();
            judged(bench.peers.run("python", &[&script, &file])?)
        });
        report.push(GROUP, "Android XML", case, expected, seen);
    }
}

/// The lab's Swift files.
fn swift(lab: &Lab) -> Result<Vec<String>> {
    let mut files = Vec::new();
    for entry in fs::read_dir(lab.path("devices/ios"))? {
        let path = entry?.path();
        if path
            .extension()
            .is_some_and(|extension| extension == "swift")
        {
            files.push(path.to_string_lossy().into_owned());
        }
    }
    ensure!(files.len() == 6, "there are {} Swift files", files.len());
    Ok(files)
}

fn parse(bench: &Bench<'_>, files: &[String]) -> Result<Finished> {
    let script = own("parse_swift.py").to_string_lossy().into_owned();
    let mut arguments = vec![script.as_str()];
    arguments.extend(files.iter().map(String::as_str));
    bench.peers.run("python", &arguments)
}

fn broken(bench: &Bench<'_>, lab: &Lab, from: &str, to: &str) -> Result<(Verdict, String)> {
    let place = directory(bench, "swift")?;
    let copy = changed(lab, "devices/ios/ServerTrust.swift", &place, from, to)?;
    let said = parse(bench, &[copy.to_string_lossy().into_owned()])?;
    judged(said)
}

/// Refused is a place in the file; a script that failed otherwise has not run.
fn judged(said: Finished) -> Result<(Verdict, String)> {
    ensure!(
        said.success() || said.stdout.contains(": not "),
        "{}",
        said.reason()
    );
    Ok(verdict(&said))
}

fn verdict(said: &Finished) -> (Verdict, String) {
    match said.success() {
        true => (Verdict::Accepted, "parsed".to_owned()),
        false => (Verdict::Refused, said.stdout.clone()),
    }
}
