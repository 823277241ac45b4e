//! What the client has.

use std::sync::Arc;

use pki_core::Crl;
use pki_core::verify::TrustAnchors;
use rustls::pki_types::CertificateDer;
use rustls::sign::CertifiedKey;
use tls_identity::Identity;
use x509_identity::Certificate;

use crate::files::{Given, issued};
use crate::target::Options;

/// The identity, CAs and CRLs that were given, and the roots of this machine.
#[derive(Debug, Default)]
pub(super) struct Known<'a> {
    pub(super) identity: Option<&'a Identity>,
    chain: Vec<Certificate>,
    pub(super) cas: &'a [Certificate],
    crls: Vec<&'a Crl>,
    machine: Option<TrustAnchors>,
    /// The command that puts the missing intermediates behind the identity.
    pub(super) completing: Option<String>,
    /// The command that issues the identity's certificate again.
    pub(super) reissuing: Option<String>,
}

impl<'a> Known<'a> {
    /// With the roots that the operating system trusts.
    pub(super) fn of(given: &'a Given, options: &Options) -> Self {
        let found = rustls_native_certs::load_native_certs();
        let readable = found
            .certs
            .into_iter()
            .filter(|der| Certificate::trust_anchor_from_der(der).is_ok());
        let known = Self::new(given.identity.as_ref(), &given.ca, given.crls());
        Self {
            machine: TrustAnchors::from_certs(readable).ok(),
            completing: given.completing(&known.missing_intermediates(), options),
            reissuing: given.reissuing(options),
            ..known
        }
    }

    /// Without roots of a machine.
    pub(super) fn new(
        identity: Option<&'a Identity>,
        cas: &'a [Certificate],
        crls: impl IntoIterator<Item = &'a Crl>,
    ) -> Self {
        let chain = identity.map_or(&[][..], |identity| &identity.certified_key().cert);
        Self {
            identity,
            chain: chain
                .iter()
                .filter_map(|der| Certificate::from_der(der).ok())
                .collect(),
            cas,
            crls: crls.into_iter().collect(),
            machine: None,
            completing: None,
            reissuing: None,
        }
    }

    /// The identity's chain as it is presented, leaf first.
    pub(super) fn chain(&self) -> &[Certificate] {
        &self.chain
    }

    pub(super) fn crls(&self) -> &[&'a Crl] {
        &self.crls
    }

    /// Every certificate that was given.
    pub(super) fn certificates(&self) -> impl Iterator<Item = &Certificate> {
        self.cas.iter().chain(&self.chain)
    }

    /// What a server is trusted by: roots that were given or came with the identity, and this machine's.
    pub(super) fn anchors(&self) -> Option<TrustAnchors> {
        let roots = self
            .certificates()
            .filter(|one| one.is_self_issued() && one.is_ca());
        let given = TrustAnchors::from_certs(roots.map(Certificate::der)).ok();
        match (given, &self.machine) {
            (Some(given), Some(machine)) => Some(given.and(machine)),
            (given, machine) => given.or_else(|| machine.clone()),
        }
    }

    /// The CAs above the last certificate of the chain that were given and are not part of it, up to the root and
    /// without it.
    pub(super) fn missing_intermediates(&self) -> Vec<&Certificate> {
        let mut found: Vec<&Certificate> = Vec::new();
        let Some(mut last) = self.chain.last() else {
            return found;
        };
        while !last.is_self_issued() && found.len() < MAX_DEPTH {
            match self.cas.iter().find(|ca| issued(last, ca)) {
                Some(ca) if !ca.is_self_issued() => {
                    found.push(ca);
                    last = ca;
                }
                _ => break,
            }
        }
        found
    }

    /// The identity with these intermediates, if there are any.
    pub(super) fn completed_chain(&self) -> Option<Arc<CertifiedKey>> {
        let missing = self.missing_intermediates();
        let identity = self.identity.filter(|_| !missing.is_empty())?;
        let mut key = CertifiedKey::clone(identity.certified_key());
        key.cert.extend(
            missing
                .into_iter()
                .map(|ca| CertificateDer::from(ca.der().to_vec())),
        );
        Some(Arc::new(key))
    }

    /// Whether one of these names (DER) issued a certificate of the chain, or is one of its CAs.
    pub(super) fn is_hinted(&self, hints: &[Vec<u8>]) -> bool {
        self.chain
            .iter()
            .any(|one| hints.iter().any(|hint| hint == one.issuer_der()))
    }
}

/// The longest chain that is completed.
const MAX_DEPTH: usize = 6;
