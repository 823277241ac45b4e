//! The CA that all processes have, and the store that they share.

use std::path::Path;
use std::time::Duration;

use anyhow::Result;
use pki_core::{Authority, KeyKind, KeyPair, Profile};
use pki_store::{Actor, CertificateAuthority, IssuerRole, NewIssuer, Store, StoreOptions};
use suite::postgres::Cluster;
use tempfile::TempDir;
use time::OffsetDateTime;

/// What has to hold, and what was seen.
pub(crate) type Point = (&'static str, Result<String>);

/// A new store, and a directory with a CA.
pub(crate) async fn new_store(cluster: &Cluster, name: &str) -> Result<(Store, TempDir)> {
    new_store_at(&cluster.database(name)?).await
}

/// The same in a database that is there.
pub(crate) async fn new_store_at(url: &str) -> Result<(Store, TempDir)> {
    let directory = tempfile::tempdir()?;
    make(directory.path())?;
    Ok((open(url).await?, directory))
}

/// A new root, in `authority.crt` and `authority.key` of this directory.
fn make(directory: &Path) -> Result<()> {
    let key = KeyPair::generate(KeyKind::P256)?;
    let pem = key.secret_pkcs8_pem();
    let now = OffsetDateTime::now_utc();
    let root = Authority::root("CN=Store Suite".parse()?, key, &Profile::root(), now)?;
    std::fs::write(directory.join("authority.key"), pem.as_bytes())?;
    let certificate = pki_core::certificate_pem(root.certificate());
    std::fs::write(directory.join("authority.crt"), certificate)?;
    Ok(())
}

/// The one that [`make`] has written.
fn read(directory: &Path) -> Result<Authority> {
    let key = std::fs::read(directory.join("authority.key"))?;
    let key = KeyPair::from_pem(&key, None)?;
    let chain = std::fs::read(directory.join("authority.crt"))?;
    Ok(Authority::from_pem(&chain, key)?)
}

/// How a store is opened here: reservations of a killed process are soon free.
pub(crate) fn options(url: &str) -> Result<StoreOptions> {
    let options = StoreOptions::new(url.parse()?);
    Ok(options.signing_timeout(Duration::from_secs(2)))
}

/// The store at this address.
pub(crate) async fn open(url: &str) -> Result<Store> {
    Ok(options(url)?.open().await?)
}

/// The CA of this directory, in the store.
pub(crate) async fn add(store: &Store, directory: &Path) -> Result<CertificateAuthority> {
    let authority = read(directory)?;
    let issuer = NewIssuer::new("suite", IssuerRole::Root, authority.chain().to_vec());
    store
        .add_issuer(issuer, &actor(), OffsetDateTime::now_utc())
        .await?;
    Ok(CertificateAuthority::new(authority, store.clone()).await?)
}

pub(crate) fn actor() -> Actor {
    Actor::new("suite")
}
