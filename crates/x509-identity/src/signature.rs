//! A certificate's signature, put where it belongs.

use std::sync::OnceLock;

use der::asn1::{AnyRef, BitStringRef};
use der::{Decode, Encode, Sequence};

use crate::tlv::{self, Fields, SEQUENCE};
use crate::{Certificate, ParseError};

/// `Certificate` (RFC 5280 section 4.1), around parts that stay as they are.
///
/// ```text
/// Certificate  ::=  SEQUENCE  {
///      tbsCertificate       TBSCertificate,
///      signatureAlgorithm   AlgorithmIdentifier,
///      signature            BIT STRING  }
/// ```
#[derive(Sequence)]
struct Signed<'a> {
    tbs: AnyRef<'a>,
    algorithm: AnyRef<'a>,
    signature: BitStringRef<'a>,
}

impl Certificate {
    /// This certificate with `signature` in place of the one that it has: for whoever issues certificates, and has
    /// parsed what is to be signed. Nothing else changes, and nothing is parsed again. That the signature is good is not
    /// checked.
    ///
    /// # Errors
    ///
    /// [`ParseError::TooLong`] if it would be longer than [`MAX_CERTIFICATE_LEN`](crate::MAX_CERTIFICATE_LEN).
    pub fn with_signature(mut self, signature: &[u8]) -> Result<Self, ParseError> {
        let what = "certificate";
        let failed = |source| ParseError::Der { what, source };
        let mut parts = Fields::within(&self.der, SEQUENCE, what)?;
        let tbs = parts.required(SEQUENCE)?.der;
        let algorithm = parts.required(SEQUENCE)?.der;
        let signed = Signed {
            tbs: AnyRef::from_der(tbs).map_err(failed)?,
            algorithm: AnyRef::from_der(algorithm).map_err(failed)?,
            signature: BitStringRef::from_bytes(signature).map_err(failed)?,
        };
        let der = signed.to_der().map_err(failed)?;
        if der.len() > crate::MAX_CERTIFICATE_LEN {
            return Err(ParseError::TooLong {
                what,
                len: der.len(),
                limit: crate::MAX_CERTIFICATE_LEN,
            });
        }
        let content: tlv::Tlv<'_> = tlv::decode(&der, what)?;
        self.tbs_start = der.len() - content.value.len();
        self.der = der.into();
        self.fingerprint_sha256 = OnceLock::new();
        self.pem = OnceLock::new();
        Ok(self)
    }
}
