//! A CA that serves a console, with devices that ask for certificates.

use std::path::PathBuf;
use std::process::{Child, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};
use suite::home::{Home, local};
use suite::process::{self, Server};

use crate::report::Verdict;
use crate::workbench::Bench;
use crate::workbench::lab::PASSWORD;

pub(super) struct Place {
    pub(super) home: Home,
    enroll: String,
    /// The origin of the console.
    pub(super) url: String,
    _serving: Server,
}

/// A device that waits for its certificate.
pub(super) struct Agent(Child);

impl Place {
    /// The operator is `alice`. `approved` is a profile for which somebody has to approve.
    pub(super) fn make(bench: &Bench<'_>) -> Result<Self> {
        let home = bench.home()?;
        let [published, enroll, console] = process::free_ports()?;
        let url = format!("http://{}", local(published));
        home.ok(&["ca", "init", "--url", &url])?;
        home.add_approved_profile()?;
        std::fs::write(home.path("password"), PASSWORD)?;
        let bundle = ["--p12", "--p12-password-file", "password", "--life", "30d"];
        home.ok(&[&["issue", "client", "alice"], &bundle[..]].concat())?;
        for name in ["bob", "carol", "device"] {
            let mail = format!("email:{name}@example.org");
            home.ok(&["issue", "client", name, "--san", &mail])?;
        }
        home.ok(&["issue", "server", "api.example.org"])?;
        home.ok(&["issue", "client", "dave"])?;
        home.ok(&[
            "revoke",
            "--name",
            "dave",
            "--reason",
            "superseded",
            "--yes",
        ])?;
        let (published, enroll, at) = (local(published), local(enroll), local(console));
        let serve = [
            "serve",
            "--listen",
            &published,
            "--enroll",
            &enroll,
            "--console",
            &at,
        ];
        let operator = ["--operator", "cn:alice"];
        let serve = home.command(&[&serve[..], &operator].concat());
        let serving = Server::start(&mut { serve }, console)?;
        Ok(Self {
            home,
            enroll: format!("https://{enroll}"),
            url: format!("https://localhost:{console}"),
            _serving: serving,
        })
    }

    pub(super) fn root(&self) -> PathBuf {
        self.home.path("home/default/root.crt")
    }

    /// A device of that name, whose request waits.
    pub(super) fn agent(&self, name: &str) -> Result<Agent> {
        let create = ["token", "create", "--profile", "approved", "--name", name];
        self.home.ok(&[&create[..], &["--out", name]].concat())?;
        let out = format!("{name}-files");
        let mut agent = self.home.command(&self.enrolling(name, &out));
        agent
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        Ok(Agent(agent.spawn().context("starting mtls agent")?))
    }

    fn enrolling<'a>(&'a self, token: &'a str, out: &'a str) -> [&'a str; 10] {
        let root = "home/default/root.crt";
        let url = ["agent", "--once", "--url", &self.enroll, "--ca-file", root];
        let [agent, once, flag, url, ca, root] = url;
        [
            agent,
            once,
            flag,
            url,
            ca,
            root,
            "--token-file",
            token,
            "--out",
            out,
        ]
    }

    pub(super) fn wait_for_requests(&self, count: usize) -> Result<()> {
        let deadline = Instant::now() + PATIENCE;
        loop {
            let waiting = self.home.json(&["requests", "list"])?;
            if waiting.as_array().is_some_and(|it| it.len() == count) {
                return Ok(());
            }
            ensure!(Instant::now() < deadline, "no {count} requests: {waiting}");
            std::thread::sleep(Duration::from_millis(100));
        }
    }

    /// Whether that client is revoked.
    pub(super) fn is_revoked(&self, name: &str) -> Result<(Verdict, String)> {
        let found = self.home.json(&["list", "--name", name])?;
        let state = found[0]["state"].as_str().unwrap_or_default();
        let reason = found[0]["reason"].as_str().unwrap_or_default();
        let holds = state == "revoked" && reason == "cessationOfOperation";
        Ok((Verdict::accepted_if(holds), format!("{state} {reason}")))
    }

    /// Whether one token was made on the console, by alice.
    pub(super) fn tokens_of_console(&self) -> Result<(Verdict, String)> {
        let tokens = self.home.json(&["token", "list"])?;
        let makers = tokens.as_array().context("no list")?.iter();
        let makers = makers.filter_map(|token| token["made_by"].as_str());
        let by: Vec<_> = makers.filter(|by| by.starts_with("console:")).collect();
        let one = by.len() == 1 && by[0].ends_with(" CN=alice");
        Ok((Verdict::accepted_if(one), by.join(", ")))
    }

    pub(super) fn use_token(&self, token: &str) -> Result<(Verdict, String)> {
        std::fs::write(self.home.path("from-console"), token)?;
        let said = self
            .home
            .run(&self.enrolling("from-console", "sensor-9-files"))?;
        Ok((Verdict::accepted_if(said.success()), said.reason()))
    }

    /// The console for a client that is no operator.
    pub(super) fn as_device(&self, bench: &Bench<'_>) -> Result<(Verdict, String)> {
        let presents = ["--cert", "device/client.crt", "--key", "device/client.key"];
        let (code, text) = self.curl(bench, &presents)?;
        Ok(match text.contains("not that of an operator") {
            true => (Verdict::RefusedByStatus(code), String::new()),
            false => (Verdict::NotRun, text),
        })
    }

    pub(super) fn as_nobody(&self, bench: &Bench<'_>) -> Result<(Verdict, String)> {
        let (code, text) = self.curl(bench, &[])?;
        Ok(match code {
            0 if text.contains("alert") => (Verdict::RefusedInTls, text),
            _ => (Verdict::NotRun, text),
        })
    }

    /// The status, or 0, and what there is to read.
    fn curl(&self, bench: &Bench<'_>, presents: &[&str]) -> Result<(u16, String)> {
        let mut curl = bench.peers.command("curl");
        curl.args(["--silent", "--show-error", "--cacert"])
            .arg(self.root())
            .args(["--write-out", "\n%{http_code}"])
            .args(presents)
            .arg(format!("{}/certificates", self.url))
            .current_dir(self.home.directory());
        let said = process::run(&mut curl, None)?;
        let (text, code) = said.stdout.rsplit_once('\n').context("no status")?;
        let code = code.trim().parse().context("no status")?;
        Ok((code, format!("{text}{}", said.stderr)))
    }
}

impl Agent {
    /// Waits until it ends: whether it got a certificate, and what it said.
    pub(super) fn end(mut self) -> Result<(bool, String)> {
        let deadline = Instant::now() + PATIENCE;
        while self.0.try_wait()?.is_none() {
            ensure!(Instant::now() < deadline, "the agent still waits");
            std::thread::sleep(Duration::from_millis(50));
        }
        let (mut said, mut child) = (String::new(), &mut self.0);
        for pipe in [
            child
                .stdout
                .take()
                .map(|it| Box::new(it) as Box<dyn std::io::Read>),
            child
                .stderr
                .take()
                .map(|it| Box::new(it) as Box<dyn std::io::Read>),
        ] {
            pipe.context("a pipe was asked for")?
                .read_to_string(&mut said)?;
        }
        child = &mut self.0;
        Ok((child.wait()?.success(), said))
    }
}

impl Drop for Agent {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

const PATIENCE: Duration = Duration::from_secs(60);
