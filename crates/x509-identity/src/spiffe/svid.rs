//! The SPIFFE ID in a certificate (X509-SVID section 5.2).

use super::id::{SpiffeId, SpiffeIdError, check, split};
use crate::{Certificate, KeyUsageBit, SubjectAltName};

impl SpiffeId {
    /// The ID of an X.509-SVID. Such a certificate has exactly one URI among its alternative names,
    /// which is an ID with a path. It may not sign certificates or CRLs.
    ///
    /// It is not checked whether a CA may issue for a trust domain. Trust only CAs that may, or
    /// limit them with name constraints.
    ///
    /// # Errors
    ///
    /// [`SvidError`] says why the certificate is not an X.509-SVID.
    pub fn from_certificate(certificate: &Certificate) -> Result<Self, SvidError> {
        id_in(certificate).map(Self::checked)
    }
}

/// Why a certificate is not an X.509-SVID.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum SvidError {
    /// It may sign certificates or CRLs.
    #[error("the certificate may sign others, so it does not identify a workload")]
    Authority,

    /// Its one URI is not a SPIFFE ID.
    #[error("the certificate's URI is not a SPIFFE ID")]
    Id(#[source] SpiffeIdError),

    /// Its ID is that of a whole trust domain.
    #[error("the certificate's SPIFFE ID has no path")]
    NoPath,

    /// There is no URI among its alternative names.
    #[error("the certificate has no URI among its alternative names")]
    NoUri,

    /// There is more than one URI, SPIFFE ID or not.
    #[error("the certificate has more than one URI among its alternative names")]
    SeveralUris,
}

/// The ID of an X.509-SVID, without a copy.
pub(crate) fn id_in(certificate: &Certificate) -> Result<&str, SvidError> {
    let mut uris = certificate.sans().iter().filter_map(|san| match san {
        SubjectAltName::Uri(uri) => Some(uri.as_str()),
        // It counts, and is not a SPIFFE ID.
        SubjectAltName::Unreadable { kind: "uri", .. } => Some(""),
        _ => None,
    });
    let uri = uris.next().ok_or(SvidError::NoUri)?;
    if uris.next().is_some() {
        return Err(SvidError::SeveralUris);
    }
    check(uri).map_err(SvidError::Id)?;
    if split(uri).1.is_empty() {
        return Err(SvidError::NoPath);
    }
    let signs = certificate.key_usage().is_some_and(|usage| {
        usage.contains(KeyUsageBit::KeyCertSign) || usage.contains(KeyUsageBit::CrlSign)
    });
    if signs || certificate.is_ca() {
        return Err(SvidError::Authority);
    }
    Ok(uri)
}
