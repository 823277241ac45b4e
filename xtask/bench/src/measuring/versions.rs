//! Which releases were measured.

use anyhow::{Context, Result};
use serde::Deserialize;
use suite::Peers;

/// This workspace, then the `libraries` that are linked here, then the `programs` that are started.
pub(crate) fn of(
    peers: &Peers,
    libraries: &[&str],
    programs: &[&str],
) -> Result<Vec<(String, String)>> {
    let lock: Lock = toml::from_str(LOCK).context("reading Cargo.lock")?;
    let mut versions = vec![("mtls".to_owned(), env!("CARGO_PKG_VERSION").to_owned())];
    for library in libraries {
        let package = lock.package.iter().find(|package| package.name == *library);
        let package = package.with_context(|| format!("{library} is not in Cargo.lock"))?;
        versions.push((package.name.clone(), package.version.clone()));
    }
    for program in programs {
        versions.push(((*program).to_owned(), peers.version(program)));
    }
    Ok(versions)
}

#[derive(Deserialize)]
struct Lock {
    package: Vec<Package>,
}

#[derive(Deserialize)]
struct Package {
    name: String,
    version: String,
}

const LOCK: &str = include_str!("../../../../Cargo.lock");
