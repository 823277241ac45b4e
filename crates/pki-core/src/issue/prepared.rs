//! A certificate that may be signed, before it is.

use x509_identity::{Certificate, SerialNumber};

use super::judge::Approved;

/// A certificate that was approved and is not signed yet.
///
/// What a store records before there is a signature: serial number, names, key, validity period. Nothing can change in
/// it, and [`Authority::sign`](super::Authority::sign) uses it up. Signing may take its time, with a token or over a
/// network, and needs nothing that is held meanwhile.
pub struct Prepared {
    pub(super) approved: Approved,
    /// The key that has to sign it.
    pub(super) issuer_spki: Vec<u8>,
}

impl Prepared {
    /// The content of the certificate, whose signature is empty: no verifier accepts it.
    #[must_use]
    pub fn unsigned(&self) -> &Certificate {
        self.approved.unsigned()
    }

    /// The serial number, of 16 random bytes, which no other certificate of this authority has.
    #[must_use]
    pub fn serial(&self) -> &SerialNumber {
        self.unsigned().serial()
    }

    /// What will be signed: the DER of the `TBSCertificate` (RFC 5280 section 4.1).
    #[must_use]
    pub fn tbs_der(&self) -> &[u8] {
        self.approved.message()
    }
}

impl std::fmt::Debug for Prepared {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Prepared")
            .field("serial", self.serial())
            .field("subject", self.unsigned().subject())
            .finish_non_exhaustive()
    }
}
