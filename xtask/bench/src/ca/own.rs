//! Our CA in a process of its own: its files, what the process is told, and the store that it opens.

use std::fs;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result};
use clap::Args;
use pki_core::{
    AllowedSubject, Authority, KeyKind, KeyPair, Profile, ValidityLimits, certificate_pem,
};
use pki_store::{Actor, CertificateAuthority, IssuerRole, NewIssuer, Store, StoreUrl};
use suite::process::{self, Server};
use time::OffsetDateTime;
use tokio::net::TcpListener;

use crate::recipe::set;

/// Makes a CA, and writes `ca.crt` and `ca.key`.
pub(crate) fn write(directory: &Path) -> Result<Authority> {
    let key = KeyPair::generate(KeyKind::P256)?;
    fs::write(directory.join("ca.key"), key.secret_pkcs8_pem().as_bytes())?;
    let name = set::name("MyTestCA", Some("Dev"), "MyTestRootCA")?;
    let authority = Authority::root(name, key, &Profile::root(), OffsetDateTime::now_utc())?;
    let root = certificate_pem(authority.certificate());
    fs::write(directory.join("ca.crt"), root)?;
    Ok(authority)
}

/// The CA of these files.
pub(super) fn read(directory: &Path) -> Result<Authority> {
    let read =
        |name: &str| fs::read(directory.join(name)).with_context(|| format!("reading {name}"));
    let key = KeyPair::from_pem(&read("ca.key")?, None).context("the CA's key")?;
    Ok(Authority::from_pem(&read("ca.crt")?, key)?)
}

/// What a server of ours is told.
#[derive(Args)]
pub(crate) struct Own {
    /// With `ca.crt` and `ca.key`
    directory: PathBuf,
    #[arg(long)]
    store: StoreUrl,
    #[arg(long)]
    port: u16,
}

impl Own {
    /// Adds the part of this program and what it is told to a command, and starts that.
    pub(crate) fn start(
        mut command: Command,
        part: &str,
        directory: &Path,
        store: &str,
    ) -> Result<Server> {
        let [port] = process::free_ports()?;
        command
            .arg(part)
            .arg(directory)
            .args(["--store", store, "--port"])
            .arg(port.to_string());
        Server::start(&mut command, port)
    }

    /// The CA, whose issuer is in the store from now on.
    pub(crate) async fn open(&self) -> Result<CertificateAuthority> {
        let authority = read(&self.directory)?;
        let store = Store::open(&self.store).await?;
        let issuer = NewIssuer::new(CA, IssuerRole::Root, authority.chain().to_vec());
        let now = OffsetDateTime::now_utc();
        store.add_issuer(issuer, &actor(), now).await?;
        Ok(CertificateAuthority::new(authority, store).await?)
    }

    pub(crate) async fn listen(&self) -> Result<TcpListener> {
        let address = SocketAddr::from(([127, 0, 0, 1], self.port));
        Ok(TcpListener::bind(address).await?)
    }
}

/// Serves until the process is killed, with the threads that the machine has.
pub(crate) fn until_killed(serving: impl Future<Output = Result<()>>) -> Result<()> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()?;
    runtime.block_on(serving)
}

/// Of the clients' certificates, which may have any name.
pub(crate) fn profile() -> Profile {
    Profile::client()
        .with_subject(AllowedSubject::any())
        .with_validity(ValidityLimits::exactly_days(1))
}

/// Who issues, by the audit log.
pub(crate) fn actor() -> Actor {
    Actor::new("bench")
}

/// What the store calls it.
pub(crate) const CA: &str = "bench";
