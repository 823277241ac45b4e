//! The Java sources: compiled by the JDK's compiler, and run on the JDK.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Result, ensure};
use suite::process::{self, Server};

use super::asker::{Asker, ask_all, ask_with_other_pins};
use super::source::{changed, class_path, compiled, directory, own};
use crate::report::group::DEVICES as GROUP;
use crate::report::{Report, Verdict};
use crate::workbench::Bench;
use crate::workbench::lab::Lab;

pub(super) fn check(bench: &Bench<'_>, lab: &Lab, server: &Result<Server>, report: &mut Report) {
    let good = compile(bench, lab, "java", None);
    let seen = match &good {
        Ok(_) => Ok((Verdict::Accepted, "compiled".to_owned())),
        Err(error) => Err(anyhow::anyhow!("{error:#}")),
    };
    report.push(GROUP, "javac", "sources", Verdict::Accepted, seen);
    report.push(
        GROUP,
        "javac",
        "broken copy",
        Verdict::Refused,
        broken(bench, lab),
    );

    for (name, how) in [("Java", "platform"), ("Java with OkHttp", "okhttp")] {
        let command = || program(bench, &good, how);
        let command = &command;
        ask_all(bench, lab, server, &Asker { name, command }, report);
    }
    let pins = directory(bench, "java-pins").and_then(|place| with_other_pins(lab, &place));
    let other = pins.and_then(|pins| compile(bench, lab, "java-other", Some(&pins)));
    let command = || program(bench, &other, "okhttp");
    let asker = Asker {
        name: "Java with OkHttp",
        command: &command,
    };
    ask_with_other_pins(bench, lab, server, &asker, report);
}

/// `Lab.java` with a pin that no key has, twice.
pub(super) fn with_other_pins(lab: &Lab, place: &Path) -> Result<PathBuf> {
    const NOBODY: &str = "sha256/AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=";
    let path = changed(
        lab,
        SETTINGS,
        place,
        "SERVER_PIN = \"sha256/",
        "SERVER_PIN = \"",
    )?;
    let text = std::fs::read_to_string(&path)?;
    let pins = text.lines().map(|line| {
        let is_pin = line.contains("_PIN = ");
        match line.split_once(" = ") {
            Some((name, _)) if is_pin => format!("{name} = \"{NOBODY}\";\n"),
            _ => format!("{line}\n"),
        }
    });
    std::fs::write(&path, pins.collect::<String>())?;
    Ok(path)
}

/// Compiles the sources, `settings` instead of `Lab.java`, and says where the classes are.
pub(super) fn compile(
    bench: &Bench<'_>,
    lab: &Lab,
    name: &str,
    settings: Option<&Path>,
) -> Result<PathBuf> {
    let classes = directory(bench, name)?;
    let mut command = javac(bench, &classes);
    command.arg(settings.map_or_else(|| lab.path(SETTINGS), Path::to_owned));
    command.args(SOURCES.map(|file| lab.path(file)));
    command.arg(own("Ask.java"));
    let said = process::run(&mut command, None)?;
    ensure!(said.success(), "{}", said.stderr);
    Ok(classes)
}

/// Sources in which a line is not Java any longer: the compiler is there, and looks at them.
fn broken(bench: &Bench<'_>, lab: &Lab) -> Result<(Verdict, String)> {
    let place = directory(bench, "java-broken")?;
    let [tls, okhttp] = SOURCES;
    let copy = changed(lab, okhttp, &place, "tls.trust()", "tls.roots()")?;
    let mut command = javac(bench, &place);
    command.arg(lab.path(SETTINGS)).arg(lab.path(tls)).arg(copy);
    compiled(&process::run(&mut command, None)?, "tls.roots()")
}

fn javac(bench: &Bench<'_>, classes: &Path) -> Command {
    let mut command = bench.peers.command("javac");
    command.args(["-Xlint:all", "-Werror", "-cp", &class_path(&[])]);
    command.arg("-d").arg(classes);
    command
}

fn program(bench: &Bench<'_>, classes: &Result<PathBuf>, how: &str) -> Result<Command> {
    let classes = classes
        .as_ref()
        .map_err(|error| anyhow::anyhow!("{error:#}"))?;
    let mut command = bench.peers.command("java");
    command.args(["-cp", &class_path(&[classes]), "local.example.lab.Ask", how]);
    Ok(command)
}

const SETTINGS: &str = "devices/android/Lab.java";

const SOURCES: [&str; 2] = [
    "devices/android/MutualTls.java",
    "devices/android/OkHttpLab.java",
];
