//! The CA of the part `renewal`: the `mtls` command, and `mtls serve` in a process of its own.

use std::path::PathBuf;
use std::process::Command;
use std::time::Duration;

use anyhow::{Context as _, Result};
use suite::process::{self, Server};
use suite::{Home, Profile, mtls};

use crate::limits::PUMP;

/// A CA whose certificates are soon over.
pub(super) struct RenewalCa {
    home: Home,
    published: u16,
    enroll: u16,
}

impl RenewalCa {
    pub(super) fn make(life: Duration) -> Result<Self> {
        let [published, enroll] = process::free_ports()?;
        let ca = Self {
            home: Home::make(&mtls(Profile::Dev)?)?,
            published,
            enroll,
        };
        ca.home.ok(&["ca", "init"])?;
        for profile in ["client", "server"] {
            ca.shorten(profile, life)?;
        }
        Ok(ca)
    }

    /// Certificates of this profile are valid for `life`.
    fn shorten(&self, profile: &str, life: Duration) -> Result<()> {
        let path = self.path(&format!("home/default/profiles/{profile}.toml"));
        let text = std::fs::read_to_string(&path)?;
        let lines = text.lines().map(|line| match line {
            line if line.starts_with("min = ") => "min = \"1s\"".to_owned(),
            line if line.starts_with("default = ") => format!("default = \"{}s\"", life.as_secs()),
            line => line.to_owned(),
        });
        let lines: Vec<_> = lines.collect();
        Ok(std::fs::write(path, lines.join("\n"))?)
    }

    /// A token for the first certificate of the device.
    pub(super) fn token(&self, device: &str, profile: &str, name: &str) -> Result<PathBuf> {
        let file = format!("{device}.token");
        let create = ["token", "create", "--out", &file];
        let whose = ["--profile", profile, "--name", name];
        self.home.ok(&[&create[..], &whose].concat())?;
        Ok(self.path(&file))
    }

    /// At the same address each time.
    pub(super) fn serve(&self) -> Result<Server> {
        self.home.serve(self.published, self.enroll)
    }

    pub(super) fn url(&self) -> String {
        format!("https://127.0.0.1:{}", self.enroll)
    }

    pub(super) fn root(&self) -> PathBuf {
        self.path("home/default/root.crt")
    }

    pub(super) fn path(&self, name: &str) -> PathBuf {
        self.home.path(name)
    }

    /// The command, to be started with more arguments.
    pub(super) fn command(&self, arguments: &[&str]) -> Command {
        self.home.command(arguments)
    }

    /// How many certificates the devices have got together.
    pub(super) fn issued_to_devices(&self) -> Result<usize> {
        let list = self.home.json(&["list"])?;
        let list = list.as_array().context("there is no list")?;
        let is_devices = |it: &&serde_json::Value| {
            let profile = &it["profile"];
            it["subject"] == format!("CN={PUMP}") || profile == "server"
        };
        Ok(list.iter().filter(is_devices).count())
    }
}
