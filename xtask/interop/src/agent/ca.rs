//! A CA whose devices are agents.

use std::process::Command;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};
use suite::Home;
use suite::process::{self, Server};

/// How long anything may take that is expected to happen.
pub(super) const PATIENCE: Duration = Duration::from_secs(30);

/// A CA of a home, and where devices reach it.
pub(super) struct Ca {
    pub(super) home: Home,
    pub(super) ports: [u16; 2],
}

impl Ca {
    pub(super) fn make(home: Home) -> Result<Self> {
        home.ok(&["ca", "init"])?;
        home.ok(&["ca", "export", "--out", "ca.crt"])?;
        let ports = process::free_ports()?;
        Ok(Self { home, ports })
    }

    /// Has certificates of a profile be valid for as short as this.
    pub(super) fn shorten(&self, profile: &str, default: &str, life: &str) -> Result<()> {
        let path = format!("home/default/profiles/{profile}.toml");
        let path = self.home.path(&path);
        let text = std::fs::read_to_string(&path)?;
        ensure!(text.contains(default), "the profile has {default}");
        let text = text.replace("min = \"1h\"", "min = \"1s\"");
        let short = format!("default = \"{life}\"");
        Ok(std::fs::write(path, text.replace(default, &short))?)
    }

    /// The arguments of `mtls serve`, which is at the same address each time.
    pub(super) fn serving(&self) -> [String; 5] {
        let [listen, enroll] = self.ports.map(|port| format!("127.0.0.1:{port}"));
        ["serve", "--listen", &listen, "--enroll", &enroll].map(str::to_owned)
    }

    pub(super) fn serve(&self) -> Result<Server> {
        let [published, enroll] = self.ports;
        self.home.serve(published, enroll)
    }

    /// A token for `uses` certificates of this name, in the file `NAME.token`.
    pub(super) fn token(&self, profile: &str, name: &str, uses: &str) -> Result<()> {
        let file = format!("{name}.token");
        let create = ["token", "create", "--profile", profile, "--name", name];
        let more = ["--uses", uses, "--out", &file];
        self.home.ok(&[&create[..], &more].concat()).map(drop)
    }

    /// The arguments of an agent for this name, with its files in the directory `out`.
    pub(super) fn agent(&self, name: &str, out: &str) -> Vec<String> {
        let url = format!("https://127.0.0.1:{}", self.ports[1]);
        let out = self.home.path(out).display().to_string();
        let token = format!("{name}.token");
        let agent = ["agent", "--url", &url, "--ca-file", "ca.crt"];
        let files = ["--token-file", &token, "--out", &out];
        let all = agent.into_iter().chain(files);
        all.map(str::to_owned).collect()
    }

    /// An agent that runs once.
    pub(super) fn once(&self, name: &str, out: &str) -> Command {
        let agent = self.agent(name, out);
        let agent: Vec<_> = agent.iter().map(String::as_str).collect();
        self.home
            .command(&[&agent[..], &["--once", "--json"]].concat())
    }

    /// What an agent says that runs once, and again where the CA is busy with other things, as a timer would have it.
    pub(super) fn outcome(&self, name: &str, out: &str) -> Result<String> {
        let deadline = Instant::now() + PATIENCE;
        let ran = loop {
            let ran = process::run(&mut self.once(name, out), None)?;
            if !ran.stderr.contains("try again later") || Instant::now() > deadline {
                break ran;
            }
        };
        ensure!(ran.success(), "{}", ran.stderr);
        let said: serde_json::Value = serde_json::from_str(&ran.stdout)?;
        Ok(said["outcome"].as_str().context("an outcome")?.to_owned())
    }

    /// How many certificates of this name were issued.
    pub(super) fn issued(&self, name: &str) -> Result<usize> {
        let list = self.home.json(&["list"])?;
        let subject = format!("CN={name}");
        let list = list.as_array().context("a list")?;
        Ok(list.iter().filter(|it| it["subject"] == subject).count())
    }
}
