use const_oid::db::rfc6960::ID_PKIX_OCSP_NONCE;
use der::asn1::OctetString;
use x509_cert::ext::Extension;

use crate::asn1::extension;
use crate::random::random_bytes;

/// A number that an answer has to repeat, so that it cannot be an old one (RFC 9654).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Nonce([u8; Self::LEN]);

impl Nonce {
    /// 32 octets, as RFC 9654 section 2.1 recommends and RFC 8954 allows at most.
    pub const LEN: usize = 32;

    /// A fresh one, from the operating system's generator.
    ///
    /// # Panics
    ///
    /// Where the operating system has no random numbers, and so no TLS either.
    #[must_use]
    pub fn random() -> Self {
        Self(random_bytes().expect("the operating system gives random numbers"))
    }

    /// This one; for tests. Never twice.
    #[must_use]
    pub fn new(bytes: [u8; Self::LEN]) -> Self {
        Self(bytes)
    }

    /// `Nonce ::= OCTET STRING` in an extension of a request or response.
    pub(super) fn extension(&self) -> der::Result<Extension> {
        extension(ID_PKIX_OCSP_NONCE, false, &OctetString::new(self.0)?)
    }
}
