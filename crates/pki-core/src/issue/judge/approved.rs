//! What was judged, and may be signed.

use x509_identity::Certificate;

use crate::SignatureAlgorithm;
use crate::asn1::seal;
use crate::issue::IssueError;

/// A to-be-signed certificate that was judged and may be signed, once.
///
/// Only [`judge`](super::judge) makes one and only [`signed`](Self::signed) uses it up, so no path to a signature
/// leads around the policy, and what is signed is what was judged.
pub(in crate::issue) struct Approved {
    /// What was judged, parsed, without a signature.
    pub(super) unsigned: Certificate,
}

impl Approved {
    /// The bytes to sign.
    pub(in crate::issue) fn message(&self) -> &[u8] {
        self.unsigned.tbs_der()
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

/// `tbs` as a certificate without a signature, as relying parties will read it.
pub(in crate::issue) fn unsigned(
    tbs: Vec<u8>,
    algorithm: SignatureAlgorithm,
) -> Result<Certificate, IssueError> {
    let der = seal(tbs, &algorithm.identifier(), &[]).map_err(IssueError::encode)?;
    Certificate::from_der(&der).map_err(IssueError::encode)
}
