//! An authority with its place in a store.

use std::sync::Arc;

use pki_core::Authority;

use crate::{Actor, Issuer, Store, StoreError};

/// A CA that remembers what it has issued: an [`Authority`] with its place in a [`Store`].
///
/// Nothing is signed before its content is recorded, and nothing is given out before the certificate is.
///
/// Clones are the same CA.
#[derive(Clone, Debug)]
pub struct CertificateAuthority(pub(super) Arc<Inner>);

#[derive(Debug)]
pub(super) struct Inner {
    pub(super) authority: Authority,
    pub(super) issuer: Issuer,
    pub(super) store: Store,
}

impl CertificateAuthority {
    /// The authority whose certificate was added to the store by [`Store::add_issuer`].
    ///
    /// # Errors
    ///
    /// [`StoreError::NotFound`] if it was not.
    pub async fn new(authority: Authority, store: Store) -> Result<Self, StoreError> {
        let fingerprint = authority.certificate().fingerprint_sha256();
        let issuers = store.issuers().await?;
        let issuer = issuers
            .into_iter()
            .find(|issuer| issuer.certificate().fingerprint_sha256() == fingerprint)
            .ok_or_else(|| StoreError::NotFound {
                what: format!("issuer `{}`", authority.certificate().subject()),
            })?;
        Ok(Self(Arc::new(Inner {
            authority,
            issuer,
            store,
        })))
    }

    /// Its place in the store, as it was when this value was made.
    #[must_use]
    pub fn issuer(&self) -> &Issuer {
        &self.0.issuer
    }

    /// The store.
    #[must_use]
    pub fn store(&self) -> &Store {
        &self.0.store
    }

    /// The authority itself, which remembers nothing: for OCSP responses.
    #[must_use]
    pub fn authority(&self) -> &Authority {
        &self.0.authority
    }

    pub(super) fn actor(&self) -> Actor {
        Actor::new(format!("ca:{}", self.0.issuer.ca))
    }
}
