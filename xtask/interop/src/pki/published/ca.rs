//! A CA by the command `mtls`, as a user makes it, with `mtls serve` beside it.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, ensure};
use pki_core::{
    Authority, CertificateParameters, KeyKind, KeyPair, Password, Profile as CertificateProfile,
    certificate_pem,
};
use suite::process::{self, Server};
use suite::{Profile, mtls as build_mtls};
use time::OffsetDateTime;
use x509_identity::DistinguishedName;

/// A CA that serves, and some of its certificates.
pub(super) struct Ca {
    program: PathBuf,
    directory: tempfile::TempDir,
    port: u16,
    server: Server,
}

/// Clients of the CA; the last one is signed with its key, and is not in its store.
pub(super) const GOOD: &str = "good";
pub(super) const REVOKED: &str = "revoked";
pub(super) const UNKNOWN: &str = "unknown";

impl Ca {
    pub(super) fn start() -> Result<Self> {
        let program = build_mtls(Profile::Dev)?;
        let directory = tempfile::tempdir()?;
        let passphrase = directory.path().join("passphrase");
        fs::write(&passphrase, PASSPHRASE)?;
        let [port] = process::free_ports()?;
        let url = format!("http://127.0.0.1:{port}");
        let mtls = |arguments: &[&str]| mtls(&program, directory.path(), arguments);
        mtls(&["ca", "init", "--url", &url])?;
        let out = |name: &str| directory.path().join(name).to_string_lossy().into_owned();
        for client in [GOOD, REVOKED] {
            mtls(&["issue", "client", client, "--out", &out(client)])?;
        }
        let names = ["--san", "dns:localhost", "--san", "ip:127.0.0.1"];
        let server = [
            &["issue", "server", "localhost", "--out", &out("server")],
            &names[..],
        ];
        mtls(&server.concat())?;
        let listen = format!("127.0.0.1:{port}");
        let mut serve = command(&program, directory.path());
        let server = Server::start(serve.args(["serve", "--listen", &listen]), port)?;
        let ca = Self {
            program,
            directory,
            port,
            server,
        };
        ca.sign_secretly()?;
        ca.revoke(REVOKED)?;
        Ok(ca)
    }

    /// Runs `mtls` with this CA.
    pub(super) fn mtls(&self, arguments: &[&str]) -> Result<String> {
        mtls(&self.program, self.directory.path(), arguments)
    }

    /// Issues a client certificate of that name.
    pub(super) fn issue(&self, client: &str) -> Result<()> {
        let out = self.arg(client);
        self.mtls(&["issue", "client", client, "--out", &out])?;
        Ok(())
    }

    /// Revokes what was issued to that client.
    pub(super) fn revoke(&self, client: &str) -> Result<()> {
        let certificate = self.arg(&format!("{client}/client.crt"));
        self.mtls(&["revoke", "--cert", &certificate, "--yes"])?;
        Ok(())
    }

    pub(super) fn stop(self) -> Result<()> {
        self.server.end()
    }

    pub(super) fn url(&self, path: &str) -> String {
        format!("http://127.0.0.1:{}{path}", self.port)
    }

    /// A file of a client or the server, such as `good/client.crt`.
    pub(super) fn path(&self, file: &str) -> PathBuf {
        self.directory.path().join(file)
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
        let mut profile = CertificateProfile::client();
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

fn mtls(program: &Path, directory: &Path, arguments: &[&str]) -> Result<String> {
    let said = process::run(command(program, directory).args(arguments), None)?;
    let words = arguments.join(" ");
    ensure!(said.success(), "mtls {words}: {}", said.reason());
    Ok(said.stdout)
}

fn command(program: &Path, directory: &Path) -> Command {
    let mut command = Command::new(program);
    command
        .env("MTLS_HOME", directory.join("home"))
        .env("MTLS_PASSPHRASE_FILE", directory.join("passphrase"));
    command
}

const PASSPHRASE: &str = "correct horse battery staple";
