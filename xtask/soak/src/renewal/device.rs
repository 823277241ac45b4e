//! A machine that has an agent: its files, and its clock.

use std::fs::{self, File};
use std::path::PathBuf;
use std::process::{Child, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use mtls_client::{Connector, IdentityFiles, IdentityWatch, TrustAnchors};
use rustix::process::{Pid, Signal, kill_process};
use suite::Peers;
use tokio::time::sleep;

use super::ca::RenewalCa;
use crate::limits::PUMP;
use crate::pump::Http;

/// A running `mtls agent`, which is killed if it is not ended.
pub(super) struct Device {
    name: &'static str,
    directory: PathBuf,
    log: PathBuf,
    agent: Child,
}

/// What an agent has said.
pub(super) struct Told {
    pub(super) name: &'static str,
    pub(super) rotations: u64,
    /// How often it could not renew.
    pub(super) failures: u64,
    /// The last line of it.
    pub(super) last: String,
}

impl Device {
    /// That of the server, and those of clients, all with their agents.
    pub(super) fn all(ca: &RenewalCa, peers: &Peers, skew: Duration) -> Result<Vec<Self>> {
        let seconds = skew.as_secs();
        let clocks = [
            ("server", None),
            ("client", None),
            ("client-ahead", Some(format!("+{seconds}s"))),
            ("client-behind", Some(format!("-{seconds}s"))),
        ];
        let devices = clocks
            .into_iter()
            .map(|(name, clock)| Self::start(ca, peers, name, clock.as_deref()));
        devices.collect()
    }

    fn start(
        ca: &RenewalCa,
        peers: &Peers,
        name: &'static str,
        clock: Option<&str>,
    ) -> Result<Self> {
        let token = match name {
            "server" => ca.token(name, "server", "localhost")?,
            _ => ca.token(name, "client", PUMP)?,
        };
        let mut command = ca.command(&["agent", "--url", &ca.url(), "--ca-file"]);
        if let Some(clock) = clock {
            peers.fake_clock(&mut command, clock);
        }
        let (directory, log) = (ca.path(name), ca.path(&format!("{name}.log")));
        let file = File::create(&log)?;
        let agent = command
            .arg(ca.root())
            .arg("--token-file")
            .arg(token)
            .arg("--out")
            .arg(&directory)
            .stdin(Stdio::null())
            .stdout(file.try_clone()?)
            .stderr(file)
            .spawn()
            .with_context(|| format!("starting the agent of {name}"))?;
        Ok(Self {
            name,
            directory,
            log,
            agent,
        })
    }

    pub(super) async fn wait_for_certificate(&self) -> Result<()> {
        let deadline = Instant::now() + PATIENCE;
        while !self.directory.join("tls.crt").exists() {
            let said = fs::read_to_string(&self.log)?;
            ensure!(
                Instant::now() < deadline,
                "{} has no certificate: {said}",
                self.name
            );
            sleep(Duration::from_millis(20)).await;
        }
        Ok(())
    }

    /// The certificate, its key, and the roots.
    pub(super) fn files(&self) -> [PathBuf; 3] {
        ["tls.crt", "tls.key", "ca.crt"].map(|file| self.directory.join(file))
    }

    /// A connector that follows the files.
    pub(super) fn connector(&self) -> Result<(Connector, IdentityWatch)> {
        let [certificate, key, roots] = self.files();
        let identity = IdentityFiles::pem(certificate, key);
        let roots = TrustAnchors::from_pem(&fs::read(roots)?)?;
        let connector = Connector::builder(roots, identity.read()?)
            .alpn(&[Http::One.alpn()])
            .build()?;
        let watch = connector.watch(identity, Duration::from_secs(1));
        Ok((connector, watch))
    }

    /// Ends the agent, and reads what it has said.
    pub(super) fn end(mut self) -> Result<Told> {
        let id =
            Pid::from_raw(i32::try_from(self.agent.id())?).context("a process has a number")?;
        kill_process(id, Signal::TERM).with_context(|| format!("{} has ended", self.name))?;
        self.agent.wait()?;
        let log = fs::read_to_string(&self.log)?;
        let lines = |begin: &str| log.lines().filter(|line| line.starts_with(begin)).count() as u64;
        Ok(Told {
            name: self.name,
            rotations: lines("renewed a certificate"),
            failures: lines("not renewed"),
            last: log.lines().last().unwrap_or_default().to_owned(),
        })
    }
}

impl Drop for Device {
    fn drop(&mut self) {
        if matches!(self.agent.try_wait(), Ok(None)) {
            let _ = self.agent.kill();
            let _ = self.agent.wait();
        }
    }
}

const PATIENCE: Duration = Duration::from_secs(30);
