//! A home of the `mtls` command, and the command in it.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, Result, ensure};
use serde_json::Value;
use tempfile::TempDir;

use crate::process::{self, Finished, Server};

/// A directory in which the command runs, with a home and a passphrase.
pub struct Home {
    directory: TempDir,
    program: PathBuf,
    /// What the command finds in its environment besides.
    environment: Vec<(&'static str, PathBuf)>,
}

impl Home {
    /// A new one for the command at `program`.
    pub fn make(program: &Path) -> Result<Self> {
        let directory = tempfile::tempdir()?;
        std::fs::write(directory.path().join("passphrase"), PASSPHRASE)?;
        Ok(Self {
            directory,
            program: program.to_owned(),
            environment: Vec::new(),
        })
    }

    /// The same with a variable in the environment of all commands.
    pub fn with(self, name: &'static str, value: PathBuf) -> Self {
        let mut environment = self.environment;
        environment.push((name, value));
        Self {
            environment,
            ..self
        }
    }

    /// Where a file of this name is, in the directory in which the command runs.
    pub fn path(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    /// In which the command runs.
    pub fn directory(&self) -> &Path {
        self.directory.path()
    }

    /// Runs the command.
    pub fn run(&self, arguments: &[&str]) -> Result<Finished> {
        process::run(&mut self.command(arguments), None)
    }

    /// The command, to be started.
    pub fn command(&self, arguments: &[&str]) -> Command {
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
    pub fn ok(&self, arguments: &[&str]) -> Result<String> {
        let ran = self.run(arguments)?;
        ensure!(
            ran.success(),
            "mtls {}: {}",
            arguments.join(" "),
            ran.stderr
        );
        Ok(ran.stdout)
    }

    /// Publishes on this port.
    pub fn publish(&self, port: u16) -> Result<Server> {
        let listen = local(port);
        Server::start(&mut self.command(&["serve", "--listen", &listen]), port)
    }

    /// Publishes on one port, and enrols on another.
    pub fn serve(&self, published: u16, enroll: u16) -> Result<Server> {
        let (listen, enrolling) = (local(published), local(enroll));
        let serve = ["serve", "--listen", &listen, "--enroll", &enrolling];
        Server::start(&mut self.command(&serve), enroll)
    }

    /// Adds the profile `approved`: that of clients, for which somebody has to approve.
    pub fn add_approved_profile(&self) -> Result<()> {
        let profiles = self.path("home/default/profiles");
        let client = std::fs::read_to_string(profiles.join("client.toml"))?;
        let approved = format!("{client}\n[enrollment]\napproval_within = \"1h\"\n");
        Ok(std::fs::write(profiles.join("approved.toml"), approved)?)
    }

    /// Runs the command, whose output is JSON.
    pub fn json(&self, arguments: &[&str]) -> Result<Value> {
        let said = self.ok(&[&["--json"], arguments].concat())?;
        serde_json::from_str(&said).with_context(|| format!("mtls {}", arguments.join(" ")))
    }
}

/// An address of this machine alone.
pub fn local(port: u16) -> String {
    format!("127.0.0.1:{port}")
}

/// What its keys are encrypted with.
pub const PASSPHRASE: &str = "correct horse battery staple";
