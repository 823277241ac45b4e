//! Links to certificates with their keys: where they are kept, and the pages that `mtls serve` has for them.

use std::error::Error;
use std::time::Duration;

use anyhow::{Context as _, Result};
use axum::Router;
use onboarding::{Names, PasswordHint, Site, Taken, Vault};
use pki_core::certificate_pem;
use pki_store::{Actor, Store};
use time::OffsetDateTime;
use x509_identity::{Certificate, SerialNumber};

use super::name_of;
use crate::home::{CaDirectory, OpenCa};

/// The links of a CA, in its directory.
pub(crate) fn vault(ca: &OpenCa) -> Result<Vault> {
    let vault = Vault::open(ca.directory().path().join("links"));
    vault.context("links cannot be kept")
}

/// Under which names a device lists what is of this CA.
pub(super) fn names(root: &Certificate, client: &str) -> Names {
    let ca = name_of(root);
    let subject = root.subject();
    let organization = subject.organization().map(str::to_owned);
    Names {
        client: client.to_owned(),
        profile: format!("{ca}: {client}"),
        service: organization.unwrap_or_else(|| ca.clone()),
        ca,
    }
}

/// The pages that `mtls serve --onboarding` has: the CA's roots for everybody, and links. Each use of one is in the audit
/// log before anything is given out.
pub(crate) fn routes(ca: &OpenCa, store: &Store) -> Result<Router> {
    let roots = ca.directory().roots()?;
    let root = roots.first().context("the CA has no root certificate")?;
    let names = names(root, "your certificate");
    let path = ca.directory().path().to_owned();
    let mut site = Site::new(pem(&roots), names, PasswordHint::Private, vault(ca)?)
        // `mtls ca rotate` may have changed them since.
        .current_ca(move || Ok(pem(&CaDirectory::open(path.clone())?.roots()?).into()));
    if let Some(host) = ca.directory().settings().url.as_deref().and_then(host_of) {
        site = site.host(host);
    }
    let (store, name) = (store.clone(), ca.name().to_owned());
    let site = site.record(move |taken| {
        let (store, name) = (store.clone(), name.clone());
        async move { record(&store, &name, taken).await }
    });
    Ok(site.routes())
}

fn pem(roots: &[Certificate]) -> String {
    roots.iter().map(certificate_pem).collect()
}

async fn record(store: &Store, ca: &str, taken: Taken) -> Result<(), Box<dyn Error + Send + Sync>> {
    let serial = taken.reference.ok_or("the link has no serial number")?;
    let serial: SerialNumber = serial.parse()?;
    let peer = taken
        .peer
        .map_or_else(String::new, |peer| peer.ip().to_string());
    let (actor, now) = (Actor::new("onboarding"), OffsetDateTime::now_utc());
    let file = taken.file.name();
    store
        .record_link_used(ca, &serial, file, &peer, &actor, now)
        .await?;
    Ok(())
}

/// Of `http://HOST:PORT`.
fn host_of(url: &str) -> Option<String> {
    let uri: axum::http::Uri = url.parse().ok()?;
    uri.host().map(str::to_owned)
}

/// How long a link is good for, unless it is said otherwise.
pub(super) const USUAL: Duration = Duration::from_secs(60 * 60);
