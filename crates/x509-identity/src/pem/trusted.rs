//! OpenSSL's `TRUSTED CERTIFICATE`: a certificate, and what its owner trusts it for.

use der::asn1::{AnyRef, ObjectIdentifier, OctetStringRef, Utf8StringRef};
use der::{Decode, Reader as _, Sequence, SliceReader};
use zeroize::Zeroizing;

use super::PemError;

/// What follows the certificate:
///
/// ```text
/// X509_CERT_AUX ::= SEQUENCE {
///     trust   SEQUENCE OF OBJECT IDENTIFIER OPTIONAL,
///     reject  [0] SEQUENCE OF OBJECT IDENTIFIER OPTIONAL,
///     alias   UTF8String OPTIONAL,
///     keyid   OCTET STRING OPTIONAL,
///     other   [1] SEQUENCE OF AlgorithmIdentifier OPTIONAL }
/// ```
///
/// OpenSSL, `crypto/x509/x_x509a.c`.
#[derive(Sequence)]
struct CertAux<'a> {
    #[asn1(optional = "true")]
    trust: Option<Vec<ObjectIdentifier>>,
    #[asn1(context_specific = "0", tag_mode = "IMPLICIT", optional = "true")]
    reject: Option<Vec<ObjectIdentifier>>,
    #[asn1(optional = "true")]
    alias: Option<Utf8StringRef<'a>>,
    #[asn1(optional = "true")]
    key_id: Option<&'a OctetStringRef>,
    #[asn1(context_specific = "1", tag_mode = "IMPLICIT", optional = "true")]
    other: Option<Vec<AnyRef<'a>>>,
}

/// The certificate, unless it is marked as rejected: a bundle of all that a system knows has those
/// that it distrusts as well. What it is trusted for is not read: that is what the file is given for.
pub(super) fn certificate(der: &[u8], line: usize) -> Result<Zeroizing<Vec<u8>>, PemError> {
    let damaged = |_| PemError::Base64 {
        line,
        hint: " of a certificate and what it is trusted for",
    };
    let mut reader = SliceReader::new(der).map_err(damaged)?;
    let certificate = reader.tlv_bytes().map_err(damaged)?;
    let rest = &der[certificate.len()..];
    if rest.is_empty() {
        return Ok(Zeroizing::new(certificate.to_vec()));
    }
    let aux = CertAux::from_der(rest).map_err(damaged)?;
    if aux.reject.is_some_and(|uses| !uses.is_empty()) {
        return Err(PemError::Rejected { line });
    }
    Ok(Zeroizing::new(certificate.to_vec()))
}
