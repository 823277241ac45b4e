//! A home of the `mtls` command, and the command in it.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, Result, ensure};
use serde_json::Value;
use suite::process::{self, Finished};

use crate::Bench;
use crate::report::Verdict;

/// A directory in which the command runs, with a home and a passphrase.
pub(super) struct Home {
    directory: tempfile::TempDir,
    program: PathBuf,
    /// What the command finds in its environment besides.
    environment: Vec<(&'static str, PathBuf)>,
}

impl Home {
    pub(super) fn make(bench: &Bench<'_>) -> Result<Self> {
        let directory = tempfile::tempdir()?;
        std::fs::write(directory.path().join("passphrase"), PASSPHRASE)?;
        Ok(Self {
            directory,
            program: bench.mtls()?.to_owned(),
            environment: Vec::new(),
        })
    }

    /// The same with a variable in the environment of all commands.
    pub(super) fn with(self, name: &'static str, value: PathBuf) -> Self {
        let mut environment = self.environment;
        environment.push((name, value));
        Self {
            environment,
            ..self
        }
    }

    pub(super) fn path(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    pub(super) fn directory(&self) -> &Path {
        self.directory.path()
    }

    /// Runs the command.
    pub(super) fn run(&self, arguments: &[&str]) -> Result<Finished> {
        process::run(&mut self.command(arguments), None)
    }

    pub(super) fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(&self.program);
        command
            .args(arguments)
            .current_dir(self.directory.path())
            .env("MTLS_HOME", self.path("home"))
            .env("MTLS_PASSPHRASE_FILE", self.path("passphrase"))
            .envs(self.environment.iter().map(|(name, value)| (name, value)));
        command
    }

    /// Runs the command, which has to do what it was asked.
    pub(super) fn ok(&self, arguments: &[&str]) -> Result<String> {
        let ran = self.run(arguments)?;
        ensure!(
            ran.success(),
            "mtls {}: {}",
            arguments.join(" "),
            ran.stderr
        );
        Ok(ran.stdout)
    }

    /// Runs the command, whose output is JSON.
    pub(super) fn json(&self, arguments: &[&str]) -> Result<Value> {
        let said = self.ok(&[&["--json"], arguments].concat())?;
        serde_json::from_str(&said).with_context(|| format!("mtls {}", arguments.join(" ")))
    }

    /// What `openssl verify` says of a certificate, by the CRLs that the command has just signed.
    pub(super) fn openssl_verify(
        &self,
        bench: &Bench<'_>,
        certificate: &str,
        crls: &[&str],
    ) -> Result<(Verdict, String)> {
        let mut all = String::new();
        for crl in crls {
            all.push_str(&std::fs::read_to_string(self.path(crl))?);
        }
        std::fs::write(self.path("all.crl"), all)?;
        let mut openssl = bench.peers.command("openssl");
        openssl
            .args(["verify", "-crl_check_all", "-CRLfile", "all.crl"])
            .args([
                "-CAfile",
                "roots.crt",
                "-untrusted",
                certificate,
                certificate,
            ])
            .current_dir(self.directory.path());
        let said = process::run(&mut openssl, None)?;
        Ok(
            match (said.success(), said.stderr.contains("certificate revoked")) {
                (true, _) => (Verdict::Accepted, said.stdout),
                (false, true) => (Verdict::Refused, "certificate revoked".to_owned()),
                (false, false) => (Verdict::NotRun, said.stderr),
            },
        )
    }
}

/// What its keys are encrypted with.
pub(super) const PASSPHRASE: &str = "correct horse battery staple";
