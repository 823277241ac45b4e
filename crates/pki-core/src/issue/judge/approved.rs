//! What was judged, and may be signed.

use der::asn1::{AnyRef, BitStringRef};
use der::{Decode, Encode, Sequence};
use spki::AlgorithmIdentifierOwned;
use x509_identity::Certificate;

use crate::SignatureAlgorithm;
use crate::issue::IssueError;

/// A to-be-signed certificate that was judged and may be signed, once.
///
/// Only [`judge`](super::judge) makes one and only [`signed`](Self::signed) uses it up, so no path to a signature
/// leads around the policy, and what is signed is what was judged.
pub(in crate::issue) struct Approved {
    pub(super) tbs: Vec<u8>,
    /// These bytes, parsed, without a signature.
    pub(super) unsigned: Certificate,
}

impl Approved {
    /// The bytes to sign.
    pub(in crate::issue) fn message(&self) -> &[u8] {
        &self.tbs
    }

    /// What they say. The signature is empty.
    pub(in crate::issue) fn unsigned(&self) -> &Certificate {
        &self.unsigned
    }

    /// The certificate: these bytes with this signature.
    pub(in crate::issue) fn signed(self, signature: &[u8]) -> Result<Certificate, IssueError> {
        let certificate = self.unsigned.with_signature(signature);
        certificate.map_err(IssueError::encode)
    }
}

/// `Certificate` (RFC 5280 section 4.1), around bytes that stay as they are.
#[derive(Sequence)]
struct SealedCertificate<'a> {
    tbs: AnyRef<'a>,
    algorithm: AlgorithmIdentifierOwned,
    signature: BitStringRef<'a>,
}

/// `tbs` as a certificate without a signature, as relying parties will read it.
pub(super) fn unsigned(
    tbs: &[u8],
    algorithm: SignatureAlgorithm,
) -> Result<Certificate, IssueError> {
    let sealed = SealedCertificate {
        tbs: AnyRef::from_der(tbs).map_err(IssueError::encode)?,
        algorithm: algorithm.identifier(),
        signature: BitStringRef::from_bytes(&[]).map_err(IssueError::encode)?,
    };
    let der = sealed.to_der().map_err(IssueError::encode)?;
    Certificate::from_der(&der).map_err(IssueError::encode)
}
