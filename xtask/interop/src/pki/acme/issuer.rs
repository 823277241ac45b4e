//! A CA that serves ACME, with its challenges tried on ports of 127.0.0.1.

use std::path::PathBuf;
use std::process::Command;

use anyhow::{Context as _, Result};
use suite::Home;
use suite::process::{self, Finished, Server};

use crate::pki::verify::openssl_verify;
use crate::report::Verdict;
use crate::workbench::Bench;

/// A running `mtls serve --enroll`.
pub(super) struct Issuer<'a> {
    pub(super) bench: &'a Bench<'a>,
    pub(super) home: Home,
    /// Where challenges of `http-01` and `tls-alpn-01` are tried.
    pub(super) http: u16,
    pub(super) tls: u16,
    enroll: u16,
    _serving: Server,
}

/// A key of the external account binding.
pub(super) struct ExternalKey {
    pub(super) id: String,
    pub(super) hmac: String,
}

impl<'a> Issuer<'a> {
    pub(super) fn start(bench: &'a Bench<'a>, home: Home) -> Result<Self> {
        let [published, enroll, http, tls] = process::free_ports()?;
        let url = format!("http://127.0.0.1:{published}");
        home.ok(&["ca", "init", "--url", &url])?;
        home.ok(&["ca", "export", "--out", "ca.crt"])?;
        std::fs::copy(home.path("ca.crt"), home.path("roots.crt"))?;
        let settings = home.path("home/default/ca.toml");
        let mut text = std::fs::read_to_string(&settings)?;
        text.push_str(&format!(
            "\n[acme]\nnetworks = [\"127.0.0.0/8\"]\nhttp_port = {http}\ntls_port = {tls}\n\n[acme.hosts]\n"
        ));
        for name in [NAME, OTHER_NAME] {
            text.push_str(&format!("\"{name}\" = \"127.0.0.1\"\n"));
        }
        std::fs::write(&settings, text)?;
        let serving = home.serve(published, enroll)?;
        Ok(Self {
            bench,
            home,
            http,
            tls,
            enroll,
            _serving: serving,
        })
    }

    pub(super) fn directory_url(&self) -> String {
        format!("https://localhost:{}/acme/directory", self.enroll)
    }

    /// A key for one account, which may order [`NAME`].
    pub(super) fn external_key(&self) -> Result<ExternalKey> {
        let made = self.home.json(&["acme", "eab", "create", "--name", NAME])?;
        let text = |name: &str| made[name].as_str().map(str::to_owned);
        Ok(ExternalKey {
            id: text("kid").context("there is no key ID")?,
            hmac: text("hmac_key").context("there is no HMAC key")?,
        })
    }

    /// A program in the directory of the CA.
    pub(super) fn command(&self, program: &str) -> Command {
        let mut command = self.bench.peers.command(program);
        command.current_dir(self.home.directory());
        command
    }

    pub(super) fn root(&self) -> PathBuf {
        self.home.path("ca.crt")
    }

    /// What `openssl verify` says of a certificate with its chain, by the CRLs of this moment.
    pub(super) fn verified(&self, chain: &str) -> Result<(Verdict, String)> {
        self.home.ok(&["crl"])?;
        let crls = ["root.crl", "issuing.crl"];
        openssl_verify(self.bench, &self.home, chain, &crls)
    }

    /// How many certificates the profile for servers has issued.
    pub(super) fn count(&self) -> Result<usize> {
        let list = self.home.json(&["list"])?;
        let list = list.as_array().context("there is no list")?;
        Ok(list.iter().filter(|it| it["profile"] == "server").count())
    }
}

/// Whether a client got what it wanted, or says with one of these words that it was refused.
pub(super) fn verdict(ran: Result<Finished>, words: &str) -> Result<(Verdict, String)> {
    let ran = ran?;
    let said = format!("{} {}", ran.stdout, ran.stderr);
    Ok(match (ran.success(), said.contains(words)) {
        (true, _) => (Verdict::Accepted, ran.reason()),
        (false, true) => (Verdict::Refused, ran.reason()),
        (false, false) => (Verdict::NotRun, said),
    })
}

/// The one that may be ordered.
pub(super) const NAME: &str = "web.example.org";
/// Found, and not allowed.
pub(super) const OTHER_NAME: &str = "admin.example.org";
