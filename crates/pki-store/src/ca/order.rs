//! What is asked of a CA, and what it gives.

use std::sync::Arc;

use pki_core::{CertificateParameters, Profile, certificate_pem, presented};
use x509_identity::{Certificate, SerialNumber};

use crate::{
    Actor, ApprovalRequest, AttestationRecord, CertificateRecord, EvidenceUse, Idempotency,
    KeyReuse, OfRevoked, TokenId,
};

/// A certificate that is to be issued.
#[derive(Clone, Debug)]
pub struct Order<'a> {
    /// What it should say.
    pub parameters: CertificateParameters,
    /// The limits within which it is issued. `{partition}` in its CRL distribution points becomes the number of the CRL
    /// that will cover the certificate.
    pub profile: &'a Profile,
    /// The name of the profile, for lists and for revoking by it.
    pub profile_name: &'a str,
    /// Who asks.
    pub actor: Actor,
    /// By what the order is known again, if its answer was lost.
    pub idempotency: Option<Idempotency>,
    /// The certificate of the same CA that it renews.
    pub replaces: Option<SerialNumber>,
    /// Whether that one may be revoked.
    pub of_revoked: OfRevoked,
    /// Whether the key may have other certificates.
    pub key_reuse: KeyReuse,
    /// The token that is used up once by this order, in the transaction that reserves the serial number.
    pub token: Option<TokenId>,
    /// The [`id`](ApprovalRequest::id) of the request for approval that it is the certificate of.
    pub approval: Option<i64>,
    /// What a device has proved of itself, for the audit log and for lists.
    pub attestation: Option<AttestationRecord>,
    /// What this order uses up of the evidence for that, in the same transaction.
    pub evidence: Option<EvidenceUse>,
}

/// A certificate that was issued and recorded.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct IssuedRecord {
    /// What the store says about it.
    pub record: CertificateRecord,
    /// The certificate.
    pub certificate: Certificate,
    /// Its issuer's certificate, and those above it.
    pub issuers: Arc<[Certificate]>,
    /// Whether it was issued by an earlier order with the same idempotency key.
    pub was_there: bool,
}

impl<'a> Order<'a> {
    /// An order without an idempotency key, that renews nothing.
    #[must_use]
    pub fn new(
        parameters: CertificateParameters,
        profile: &'a Profile,
        profile_name: &'a str,
        actor: Actor,
    ) -> Self {
        Self {
            parameters,
            profile,
            profile_name,
            actor,
            idempotency: None,
            replaces: None,
            of_revoked: OfRevoked::default(),
            key_reuse: KeyReuse::default(),
            token: None,
            approval: None,
            attestation: None,
            evidence: None,
        }
    }

    /// By what the order is known again.
    #[must_use]
    pub fn idempotency(mut self, idempotency: Idempotency) -> Self {
        self.idempotency = Some(idempotency);
        self
    }

    /// It renews the certificate with this serial number, and joins its lineage. If that one is revoked, in the
    /// transaction that reserves the serial number, the order is refused.
    #[must_use]
    pub fn replaces(mut self, serial: SerialNumber) -> Self {
        self.replaces = Some(serial);
        self
    }

    /// Whether the certificate that it [replaces](Self::replaces) may be revoked.
    #[must_use]
    pub fn of_revoked(mut self, of_revoked: OfRevoked) -> Self {
        self.of_revoked = of_revoked;
        self
    }

    /// Uses this token up once. If the order is refused, the token is as it was. An order that is known again by its
    /// idempotency key uses it no second time, even if the first attempt came to nothing.
    #[must_use]
    pub fn token(mut self, token: TokenId) -> Self {
        self.token = Some(token);
        self
    }

    /// For a request that was approved, by which it is known again. If it is not approved any more, in the transaction that
    /// reserves the serial number, the order is refused.
    #[must_use]
    pub fn approved(mut self, request: &ApprovalRequest) -> Self {
        self.approval = Some(request.id);
        self.idempotency(Idempotency {
            key: format!("approval:{}", request.id),
            payload_sha256: request.csr_sha256,
        })
    }

    /// Records what a device has proved of itself.
    #[must_use]
    pub fn attestation(mut self, attestation: AttestationRecord) -> Self {
        self.attestation = Some(attestation);
        self
    }

    /// Uses the challenge up once, and registers the key or counts its assertion. It takes an
    /// [`attestation`](Self::attestation), which says whose key it is. If the order is refused, the challenge is used
    /// up, and all else is as it was. An order that is known again by its idempotency key uses nothing a second time.
    #[must_use]
    pub fn evidence(mut self, evidence: EvidenceUse) -> Self {
        self.evidence = Some(evidence);
        self
    }

    /// Whether the key may have other certificates.
    #[must_use]
    pub fn key_reuse(mut self, reuse: KeyReuse) -> Self {
        self.key_reuse = reuse;
        self
    }
}

impl IssuedRecord {
    /// The certificates that a peer needs besides its trusted root: leaf first, the root left out.
    pub fn presented(&self) -> impl Iterator<Item = &Certificate> {
        presented(&self.certificate, &self.issuers)
    }

    /// The certificate as PEM.
    #[must_use]
    pub fn pem(&self) -> String {
        certificate_pem(&self.certificate)
    }

    /// [`presented`](Self::presented) as one PEM file.
    #[must_use]
    pub fn chain_pem(&self) -> String {
        self.presented().map(Certificate::pem).collect()
    }
}
