//! The Kotlin sources: compiled, those for Android alone against declarations of its classes, and run on the JDK.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use anyhow::{Result, ensure};
use suite::process::{self, Finished, Server};

use super::asker::{Asker, ask_all, ask_with_other_pins};
use super::java;
use super::source::{changed, class_path, compiled, directory, own};
use crate::report::group::DEVICES as GROUP;
use crate::report::{Report, Verdict};
use crate::workbench::Bench;
use crate::workbench::lab::Lab;

pub(super) fn check(bench: &Bench<'_>, lab: &Lab, server: &Result<Server>, report: &mut Report) {
    let built = Built::make(bench, lab, "kotlin", None);
    let seen = match &built {
        Ok(_) => Ok((Verdict::Accepted, "compiled".to_owned())),
        Err(error) => Err(anyhow::anyhow!("{error:#}")),
    };
    report.push(GROUP, "kotlinc", "sources", Verdict::Accepted, seen);
    let broken = built.as_ref().map_err(|error| anyhow::anyhow!("{error:#}"));
    let broken = broken.and_then(|built| built.refuses_a_broken_copy(bench, lab));
    report.push(GROUP, "kotlinc", "broken copy", Verdict::Refused, broken);

    let name = "Kotlin with OkHttp";
    let command = || program(bench, &built, &["ask"]);
    let command = &command;
    ask_all(bench, lab, server, &Asker { name, command }, report);
    // A compiler puts constants into the classes that use them, so these are compiled again.
    let other = directory(bench, "kotlin-pins")
        .and_then(|place| java::with_other_pins(lab, &place))
        .and_then(|settings| Built::make(bench, lab, "kotlin-other", Some(&settings)));
    let command = || program(bench, &other, &["ask"]);
    let command = &command;
    ask_with_other_pins(bench, lab, server, &Asker { name, command }, report);

    for (case, expected) in [
        ("CSR", Verdict::Accepted),
        ("changed CSR", Verdict::Refused),
    ] {
        let seen = request(bench, &built, expected == Verdict::Accepted);
        report.push(GROUP, "Kotlin", case, expected, seen);
    }
}

/// What the sources were compiled into.
struct Built {
    classes: PathBuf,
    /// The settings, in Java.
    java: PathBuf,
    android: PathBuf,
}

impl Built {
    /// Compiles the sources, `settings` instead of `Lab.java`.
    fn make(bench: &Bench<'_>, lab: &Lab, name: &str, settings: Option<&Path>) -> Result<Self> {
        let built = Self {
            classes: directory(bench, name)?,
            java: java::compile(bench, lab, &format!("{name}-java"), settings)?,
            android: android(bench)?,
        };
        let sources = SOURCES.map(|file| lab.path(file));
        let said = built.compile(
            bench,
            &built.classes,
            sources.iter().chain([&own("Ask.kt")]),
        )?;
        ensure!(said.success(), "{}{}", said.stdout, said.stderr);
        Ok(built)
    }

    fn compile<'a>(
        &self,
        bench: &Bench<'_>,
        into: &Path,
        sources: impl IntoIterator<Item = &'a PathBuf>,
    ) -> Result<Finished> {
        let home = bench.peers.kotlin();
        let mut command = bench.peers.command("java");
        command.arg("-cp").arg(home.join("lib/kotlin-compiler.jar"));
        command.arg("org.jetbrains.kotlin.cli.jvm.K2JVMCompiler");
        command.arg("-kotlin-home").arg(&home);
        command.args(["-Werror", "-jvm-target", "17"]);
        command.args(["-cp", &class_path(&[&self.java, &self.android])]);
        command.arg("-d").arg(into).args(sources);
        process::run_within(PATIENCE, &mut command, None)
    }

    /// A source that calls what is not there.
    fn refuses_a_broken_copy(&self, bench: &Bench<'_>, lab: &Lab) -> Result<(Verdict, String)> {
        let place = directory(bench, "kotlin-broken")?;
        let [_, key, ..] = SOURCES;
        let copy = changed(lab, key, &place, "setIsStrongBoxBacked", "setIsStrongBox")?;
        let sources = SOURCES.map(|file| {
            if file == key {
                copy.clone()
            } else {
                lab.path(file)
            }
        });
        compiled(&self.compile(bench, &place, &sources)?, "setIsStrongBox")
    }
}

/// The declarations of Android's classes, compiled.
fn android(bench: &Bench<'_>) -> Result<PathBuf> {
    let classes = directory(bench, "android")?;
    let mut command = bench.peers.command("javac");
    command.arg("-d").arg(&classes);
    command.args(DECLARATIONS.map(|file| own("stubs/android").join(file)));
    let said = process::run(&mut command, None)?;
    ensure!(said.success(), "{}", said.stderr);
    Ok(classes)
}

/// The program.
fn program(bench: &Bench<'_>, built: &Result<Built>, arguments: &[&str]) -> Result<Command> {
    let built = built
        .as_ref()
        .map_err(|error| anyhow::anyhow!("{error:#}"))?;
    let runtime = bench.peers.kotlin().join("lib/kotlin-stdlib.jar");
    let path = class_path(&[&built.classes, &built.java, &runtime]);
    let mut command = bench.peers.command("java");
    command.args(["-cp", &path, "local.example.lab.kotlin.AskKt"]);
    command.args(arguments);
    Ok(command)
}

/// A CSR as the sources write it, read by openssl; or the same with an octet of its signature changed.
fn request(bench: &Bench<'_>, built: &Result<Built>, as_it_is: bool) -> Result<(Verdict, String)> {
    let file = bench.scratch("request.der");
    let name = file.to_string_lossy().into_owned();
    let said = process::run(&mut program(bench, built, &["csr", &name])?, None)?;
    ensure!(said.success(), "{}", said.reason());
    if !as_it_is {
        let mut der = std::fs::read(&file)?;
        let last = der.last_mut();
        *last.ok_or_else(|| anyhow::anyhow!("the request is empty"))? ^= 1;
        std::fs::write(&file, der)?;
    }
    let verify = ["req", "-verify", "-noout", "-subject", "-inform", "der"];
    let said = bench
        .peers
        .run("openssl", &[&verify[..], &["-in", &name]].concat())?;
    let words = said.stdout.clone() + &said.stderr;
    let is_good = words.contains("verify OK") && words.contains("client1");
    ensure!(
        is_good || words.contains("verify failure") || words.contains("verify failed"),
        "{words}"
    );
    Ok((Verdict::accepted_if(is_good), words))
}

/// On a busy machine with two cores.
const PATIENCE: Duration = Duration::from_secs(300);

const SOURCES: [&str; 4] = [
    "devices/android/CertificateRequest.kt",
    "devices/android/DeviceKey.kt",
    "devices/android/InstalledIdentity.kt",
    "devices/android/MutualTls.kt",
];

const DECLARATIONS: [&str; 10] = [
    "app/Activity.java",
    "content/Context.java",
    "content/Intent.java",
    "os/Build.java",
    "security/KeyChain.java",
    "security/KeyChainAliasCallback.java",
    "security/KeyChainException.java",
    "security/keystore/KeyGenParameterSpec.java",
    "security/keystore/KeyProperties.java",
    "security/keystore/StrongBoxUnavailableException.java",
];
