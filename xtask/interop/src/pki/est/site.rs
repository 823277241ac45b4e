//! A CA that serves, and what clients need of it.

use std::process::Command;

use anyhow::{Context as _, Result, ensure};
use suite::Home;
use suite::process::{self, Finished, Server};

use crate::workbench::Bench;

pub(super) struct Site<'a> {
    bench: &'a Bench<'a>,
    pub(super) home: Home,
    _serving: Server,
    url: String,
}

impl<'a> Site<'a> {
    /// A CA with the profiles `client`, `server`, and `approved`, for which somebody has to approve.
    pub(super) fn start(bench: &'a Bench<'a>) -> Result<Self> {
        let home = bench.home()?;
        let [published, enroll] = process::free_ports()?;
        let url = format!("http://127.0.0.1:{published}");
        home.ok(&["ca", "init", "--url", &url])?;
        home.ok(&["ca", "export", "--out", "ca.crt"])?;
        home.add_approved_profile()?;
        let serving = home.serve(published, enroll)?;
        Ok(Self {
            bench,
            home,
            _serving: serving,
            url: format!("https://localhost:{enroll}"),
        })
    }

    pub(super) fn url(&self, path: &str) -> String {
        format!("{}{path}", self.url)
    }

    /// A new token for this name.
    pub(super) fn token(&self, name: &str, more: &[&str]) -> Result<String> {
        let create = ["token", "create", "--name", name];
        let made = self.home.json(&[&create[..], more].concat())?;
        let token = made["token"].as_str().context("there is no token")?;
        Ok(token.to_owned())
    }

    /// A program in the directory of the files.
    pub(super) fn command(&self, program: &str, arguments: &[&str]) -> Command {
        let mut command = self.bench.peers.command(program);
        command.args(arguments).current_dir(self.home.directory());
        command
    }

    pub(super) fn run(&self, program: &str, arguments: &[&str]) -> Result<Finished> {
        process::run(&mut self.command(program, arguments), None)
    }

    /// The same, which has to do what it was asked.
    pub(super) fn ok(&self, program: &str, arguments: &[&str]) -> Result<String> {
        let ran = self.run(program, arguments)?;
        let asked = arguments.first().unwrap_or(&program);
        ensure!(ran.success(), "{program} {asked}: {}", ran.reason());
        Ok(ran.stdout)
    }

    /// A new key in `STEM.key` and a CSR for `CN=NAME` in `STEM.csr`, as PEM. `more` are arguments of `openssl req`.
    pub(super) fn csr(&self, stem: &str, name: &str, more: &[&str]) -> Result<()> {
        let subject = format!("/CN={name}");
        let directory = self.home.directory();
        crate::pki::request::by_openssl(self.bench, directory, stem, &subject, more)
    }

    /// Whether openssl accepts a certificate below the CA's root, for this subject.
    pub(super) fn verify(&self, file: &str, subject: &str) -> Result<String> {
        let verify = [
            "verify",
            "-x509_strict",
            "-CAfile",
            "ca.crt",
            "-untrusted",
            "cas.crt",
        ];
        self.ok("openssl", &[&verify[..], &[file]].concat())?;
        let shown = self.ok("openssl", &["x509", "-in", file, "-noout", "-subject"])?;
        ensure!(shown.trim().ends_with(subject), "it is for {shown}");
        Ok(shown)
    }
}
