//! A CA in AWS, and a home with the keys to ask it.

use std::fs;

use anyhow::{Context as _, Result};
use serde_json::Value;
use suite::Home;
use suite::process::{self, Finished, Server};

use crate::workbench::Bench;

/// The CA that takes its time, and whoever asks it.
pub(super) struct Site {
    pub(super) home: Home,
    _server: Server,
}

impl Site {
    /// It has issued nothing yet; the home has a CA that it signs for.
    pub(super) fn new(bench: &Bench<'_>, home: Home) -> Result<Self> {
        let home = with_keys(home);
        let [port] = process::free_ports()?;
        let mut python = bench.peers.command("python");
        python
            .args(["-c", PROGRAM, "serve", &port.to_string()])
            .arg(home.directory());
        let server = Server::start(&mut python, port)?;
        let arn = "arn:aws:acm-pca:eu-central-1:111122223333:certificate-authority/00000000-0000-0000-0000-000000000007";
        init(&home, arn, port, "")?;
        let site = Self {
            home,
            _server: server,
        };
        Ok(site)
    }

    /// What it does from now on.
    pub(super) fn set(&self, settings: &Value) -> Result<()> {
        // Never half of it.
        let (new, place) = (self.home.path("settings.new"), "settings.json");
        fs::write(&new, settings.to_string())?;
        Ok(fs::rename(new, self.home.path(place))?)
    }

    /// What it has written down.
    pub(super) fn lines(&self, name: &str) -> Vec<String> {
        let text = fs::read_to_string(self.home.path(name)).unwrap_or_default();
        text.lines().map(str::to_owned).collect()
    }
}

/// With the keys of [`PROGRAM`].
pub(super) fn with_keys(home: Home) -> Home {
    home.with("AWS_ACCESS_KEY_ID", "AKIAINTEROP".into())
        .with("AWS_SECRET_ACCESS_KEY", "wJalr/K7MDENG+interop".into())
}

/// A CA of ours that the one with this ARN signs for.
pub(super) fn init(home: &Home, arn: &str, port: u16, more: &str) -> Result<Finished> {
    let settings = format!(
        "kind = \"aws-acm-pca\"\nca-arn = \"{arn}\"\nendpoint-url = \"http://127.0.0.1:{port}\"\n{more}"
    );
    fs::write(home.path("aws.toml"), settings)?;
    let made = home.run(&["ca", "init", "--upstream", "aws.toml"])?;
    made.success().then_some(()).context(made.stderr.clone())?;
    Ok(made)
}

/// The CA, and what asks moto for one.
pub(super) const PROGRAM: &str = include_str!("pca.py");
