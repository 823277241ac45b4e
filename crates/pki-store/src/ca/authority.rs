//! An authority with its place in a store.

use std::sync::Arc;

use pki_core::Authority;
use pki_upstream::UpstreamCa;

use crate::{Actor, Issuer, IssuerRole, Store, StoreError};

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
    /// The subject of its certificate.
    pub(super) subject: Arc<str>,
    pub(super) store: Store,
    /// Whoever signs in place of the authority.
    pub(super) upstream: Option<Arc<dyn UpstreamCa>>,
}

impl CertificateAuthority {
    /// The authority whose certificate was added to the store by [`Store::add_issuer`].
    ///
    /// # Errors
    ///
    /// [`StoreError::NotFound`] if it was not, [`StoreError::Refused`] if an upstream CA signs for it.
    pub async fn new(authority: Authority, store: Store) -> Result<Self, StoreError> {
        Self::with(authority, None, store).await
    }

    /// A CA whose certificates `upstream` makes: `authority` [has no key](Authority::without_key), and its certificate was
    /// added to the store as that of an [`IssuerRole::Upstream`].
    ///
    /// Serial numbers, CRLs and OCSP responses are the upstream's. What it returns is held against what was approved
    /// before it is recorded and given out; otherwise it is refused, and the upstream has to revoke it.
    /// [`settle`](Self::settle) has to be called now and then.
    ///
    /// # Errors
    ///
    /// [`StoreError::NotFound`] if it was not added, [`StoreError::Refused`] if it is another kind of issuer.
    pub async fn with_upstream(
        authority: Authority,
        upstream: Arc<dyn UpstreamCa>,
        store: Store,
    ) -> Result<Self, StoreError> {
        Self::with(authority, Some(upstream), store).await
    }

    async fn with(
        authority: Authority,
        upstream: Option<Arc<dyn UpstreamCa>>,
        store: Store,
    ) -> Result<Self, StoreError> {
        let fingerprint = authority.certificate().fingerprint_sha256();
        let issuers = store.issuers().await?;
        let issuer = issuers
            .into_iter()
            .find(|issuer| issuer.certificate().fingerprint_sha256() == fingerprint)
            .ok_or_else(|| StoreError::NotFound {
                what: format!("issuer `{}`", authority.certificate().subject()),
            })?;
        if upstream.is_some() != (issuer.role == IssuerRole::Upstream) {
            let reason = match upstream {
                Some(_) => "this issuer signs with a key of its own, and has no upstream CA",
                None => "an upstream CA signs for this issuer, and is not named",
            };
            return Err(StoreError::Refused(reason.into()));
        }
        Ok(Self(Arc::new(Inner {
            subject: issuer.certificate().subject().to_string().into(),
            authority,
            issuer,
            store,
            upstream,
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

    /// Who signs, where that is an upstream CA.
    #[must_use]
    pub fn upstream(&self) -> Option<&dyn UpstreamCa> {
        self.0.upstream.as_deref()
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
