//! Who may answer for a CA (RFC 6960 section 4.2.2.2): the CA itself, or a certificate that it issued
//! for that.

use const_oid::db::rfc5280::ID_KP_OCSP_SIGNING;
use const_oid::db::rfc6960::ID_PKIX_OCSP_NOCHECK;
use der::Encode;
use der::asn1::Any;
use time::OffsetDateTime;
use x509_identity::{Certificate, DistinguishedName, KeyUsageBit};

use super::asn1::ResponderId;
use super::cert_id::key_hash;
use super::error::ResponderError;
use super::{OcspError, OcspRequest};
use crate::verify::signature::{Signed, weak_key};
use crate::verify::{is_signed_by, label, unknown_critical_extension};

impl OcspRequest<'_> {
    /// Whether the responder that `id` names made the signature, and was allowed to. `certs` came with the response.
    pub(super) fn check_signer(
        &self,
        signed: &Signed<'_>,
        id: &ResponderId,
        certs: &[Any],
        now: OffsetDateTime,
    ) -> Result<(), OcspError> {
        if certs.len() > MAX_CERTIFICATES {
            return Err(OcspError::TooLarge);
        }
        let mut named = None;
        if is_named(self.issuer, id) {
            if signed.is_by(self.issuer.spki_der()) {
                return Ok(());
            }
            // A delegate may have the CA's name, and a CA that changed its key has it, too.
            named = Some(label(self.issuer));
        }
        for der in certs {
            let der = der.to_der().map_err(OcspError::Malformed)?;
            // The answer does not rest on one that cannot be read.
            let Ok(certificate) = Certificate::from_der(&der) else {
                continue;
            };
            if !is_named(&certificate, id) || certificate == *self.issuer {
                continue;
            }
            if signed.is_by(certificate.spki_der()) {
                return self.check_delegate(&certificate, now).map_err(|source| {
                    OcspError::Responder {
                        subject: label(&certificate),
                        source,
                    }
                });
            }
            named.get_or_insert(label(&certificate));
        }
        Err(named.map_or(OcspError::UnknownResponder, |responder| {
            OcspError::BadSignature { responder }
        }))
    }

    fn check_delegate(
        &self,
        delegate: &Certificate,
        now: OffsetDateTime,
    ) -> Result<(), ResponderError> {
        // "This certificate MUST be issued directly by the CA that is identified in the request."
        if !delegate.names_issuer(self.issuer) || !is_signed_by(delegate, self.issuer) {
            return Err(ResponderError::NotIssued);
        }
        let purposes = delegate.extended_key_usage().unwrap_or_default();
        if !purposes.contains(&ID_KP_OCSP_SIGNING) {
            return Err(ResponderError::NoOcspSigning);
        }
        // The bits that RFC 5280 4.2.1.12 calls consistent with that purpose.
        let may_sign = delegate.key_usage().is_none_or(|usage| {
            usage.contains(KeyUsageBit::DigitalSignature)
                || usage.contains(KeyUsageBit::ContentCommitment)
        });
        if !may_sign {
            return Err(ResponderError::KeyUsage);
        }
        if now < delegate.not_before() {
            return Err(ResponderError::NotYetValid(delegate.not_before()));
        }
        if now > delegate.not_after() {
            return Err(ResponderError::Expired(delegate.not_after()));
        }
        if let Some(key) = weak_key(delegate) {
            return Err(ResponderError::WeakKey(key));
        }
        let unknown = unknown_critical_extension(delegate);
        if let Some(oid) = unknown.filter(|oid| *oid != ID_PKIX_OCSP_NOCHECK) {
            return Err(ResponderError::UnknownCriticalExtension(oid));
        }
        self.check_delegate_revocation(delegate, now)
    }

    /// RFC 6960 section 4.2.2.2.1.
    fn check_delegate_revocation(
        &self,
        delegate: &Certificate,
        now: OffsetDateTime,
    ) -> Result<(), ResponderError> {
        let is_exempt = delegate.extension(ID_PKIX_OCSP_NOCHECK).is_some();
        match self.delegates {
            Some(revocation) if !is_exempt => revocation
                .check_leaf(delegate, self.issuer, now)
                .map_err(|error| ResponderError::Revocation(Box::new(error))),
            _ => Ok(()),
        }
    }
}

fn is_named(certificate: &Certificate, id: &ResponderId) -> bool {
    match id {
        ResponderId::ByName(name) => name
            .to_der()
            .ok()
            .and_then(|der| DistinguishedName::from_der(&der).ok())
            .is_some_and(|name| name.matches(certificate.subject())),
        ResponderId::ByKey(hash) => key_hash(certificate).is_some_and(|own| own == hash.as_bytes()),
    }
}

/// Each may cost two signature checks; honest responses carry one or two.
const MAX_CERTIFICATES: usize = 10;
