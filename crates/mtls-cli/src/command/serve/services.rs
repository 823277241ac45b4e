//! What `mtls serve` answers over plain HTTP.

use std::net::SocketAddr;
use std::path::Path;

use anyhow::{Context as _, Result, bail};
use axum::Router;
use pki_core::{KeyKind, KeyPair, Profile};
use pki_enroll::{Health, Heartbeat, Publication, Publisher, Responder};
use pki_store::{CertificateAuthority, Store, StoreUrl};
use tokio::sync::watch;

use crate::files::{read_secret, write_secret};
use crate::home::{KeyType, OpenCa};

/// What is served.
pub(super) struct Services {
    publication: Publication,
    responder: Responder,
    health: Health,
}

impl Services {
    pub(super) fn new(store: &Store) -> Self {
        Self {
            publication: Publication::new(),
            responder: match is_on_standby(store) {
                true => Responder::on_standby(store.clone(), time::Duration::HOUR),
                false => Responder::new(store.clone()),
            },
            health: Health::default(),
        }
    }

    pub(super) fn publisher(
        &self,
        store: &Store,
        authorities: watch::Receiver<Vec<CertificateAuthority>>,
    ) -> Publisher {
        let (publication, responder) = (self.publication.clone(), self.responder.clone());
        Publisher::new(store.clone(), publication, responder)
            .authorities_from(authorities)
            .responder_profile(Profile::ocsp_responder(), "ocsp")
            .health(self.health.clone())
    }

    /// Where processes on several machines may share the store.
    pub(super) fn heartbeat(&self, store: &Store, address: SocketAddr) -> Option<Heartbeat> {
        let is_shared = matches!(store.url(), StoreUrl::Postgres(_));
        let writes = is_shared && !store.is_read_only();
        let name = format!("serve {address}, process {}", std::process::id());
        writes.then(|| Heartbeat::new(store.clone(), name, self.health.clone()))
    }

    pub(super) fn router(&self) -> Router {
        pki_enroll::publication(self.publication.clone())
            .merge(pki_enroll::ocsp(self.responder.clone()))
            .merge(pki_enroll::health(self.health.clone()))
    }
}

/// A file of SQLite is always what was written last.
fn is_on_standby(store: &Store) -> bool {
    store.is_read_only() && matches!(store.url(), StoreUrl::Postgres(_))
}

/// The key that the OCSP responders share: made by a process that has the CA's keys.
pub(super) fn responder_key(ca: &OpenCa, path: &Path, read_only: bool) -> Result<KeyPair> {
    if !path.try_exists()? {
        if read_only {
            bail!(
                "{} is not there: copy it from a process that has the CA's keys",
                path.display()
            );
        }
        // What reads ML-DSA of the CA is to need nothing else. All others are answered faster by P-256.
        let kind = match ca.directory().settings().key_type {
            KeyType::MlDsa => KeyKind::MlDsa65,
            KeyType::Ec | KeyType::Rsa => KeyKind::P256,
        };
        let key = KeyPair::generate(kind)?;
        write_secret(path, key.secret_pkcs8_pem().as_bytes())?;
    }
    let key = KeyPair::from_pem(&read_secret(path)?, None);
    key.with_context(|| {
        format!(
            "cannot use the key of OCSP responders in {}",
            path.display()
        )
    })
}
