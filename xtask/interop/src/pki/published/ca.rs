//! A CA by the command `mtls`, as a user makes it, with `mtls serve` beside it.

use std::fs;
use std::path::PathBuf;

use anyhow::{Context, Result};
use pki_core::{
    Authority, CertificateParameters, KeyKind, KeyPair, Password, Profile, certificate_pem,
};
use suite::home::{Home, PASSPHRASE};
use suite::process::{self, Server};
use time::OffsetDateTime;
use x509_identity::DistinguishedName;

use crate::workbench::Bench;

/// A CA that serves, and some of its certificates.
pub(super) struct Ca {
    home: Home,
    port: u16,
    server: Option<Server>,
}

/// Clients of the CA; the last one is signed with its key, and is not in its store.
pub(super) const GOOD: &str = "good";
pub(super) const REVOKED: &str = "revoked";
pub(super) const UNKNOWN: &str = "unknown";

impl Ca {
    pub(super) fn start(bench: &Bench<'_>) -> Result<Self> {
        let home = bench.home()?;
        let [port] = process::free_ports()?;
        let url = format!("http://127.0.0.1:{port}");
        home.ok(&["ca", "init", "--url", &url])?;
        for client in [GOOD, REVOKED] {
            home.ok(&["issue", "client", client])?;
        }
        let names = ["--san", "dns:localhost", "--san", "ip:127.0.0.1"];
        let server = [
            &["issue", "server", "localhost", "--out", "server"],
            &names[..],
        ];
        home.ok(&server.concat())?;
        let server = home.publish(port)?;
        let ca = Self {
            home,
            port,
            server: Some(server),
        };
        ca.sign_secretly()?;
        ca.revoke(REVOKED)?;
        Ok(ca)
    }

    /// Issues a client certificate of that name.
    pub(super) fn issue(&self, client: &str) -> Result<()> {
        self.home.ok(&["issue", "client", client])?;
        Ok(())
    }

    /// Revokes what was issued to that client.
    pub(super) fn revoke(&self, client: &str) -> Result<()> {
        let certificate = format!("{client}/client.crt");
        self.home.ok(&["revoke", "--cert", &certificate, "--yes"])?;
        Ok(())
    }

    /// From then on nobody answers.
    pub(super) fn stop(&mut self) -> Result<()> {
        self.server.take().map_or(Ok(()), Server::end)
    }

    pub(super) fn url(&self, path: &str) -> String {
        format!("http://127.0.0.1:{}{path}", self.port)
    }

    /// A file of a client or the server, such as `good/client.crt`.
    pub(super) fn path(&self, file: &str) -> PathBuf {
        self.home.path(file)
    }

    pub(super) fn arg(&self, file: &str) -> String {
        self.path(file).to_string_lossy().into_owned()
    }

    /// A file of the CA's directory, such as `root.crt`.
    pub(super) fn ca_arg(&self, file: &str) -> String {
        self.arg(&format!("home/default/{file}"))
    }

    /// What somebody has who got hold of the key.
    fn sign_secretly(&self) -> Result<()> {
        let read =
            |file: &str| fs::read(self.ca_arg(file)).with_context(|| format!("reading {file}"));
        let key = KeyPair::from_pem(&read("keys/issuing.key")?, Some(&Password::new(PASSPHRASE)))?;
        let chain = [read("issuing.crt")?, read("root.crt")?].concat();
        let authority = Authority::from_pem(&chain, key)?;
        let client = KeyPair::generate(KeyKind::P256)?;
        let name = DistinguishedName::builder().common_name(UNKNOWN).build()?;
        let parameters = CertificateParameters::for_key(client.public_key_der(), name);
        let mut profile = Profile::client();
        profile.ocsp = vec![self.url("/ocsp")];
        profile.crl_distribution_points = vec![self.url("/crl/default-issuing-0.crl")];
        let issued = authority.issue(&parameters, &profile, OffsetDateTime::now_utc())?;
        fs::create_dir(self.path(UNKNOWN))?;
        let chain =
            certificate_pem(issued.certificate()) + &certificate_pem(authority.certificate());
        fs::write(self.path("unknown/client.crt"), chain)?;
        let pem = client.secret_pkcs8_pem();
        fs::write(self.path("unknown/client.key"), pem.as_bytes())?;
        Ok(())
    }
}
