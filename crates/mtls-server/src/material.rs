//! What a blob of bytes is: the half of every "wrong file" message that a person needs.

use std::fmt;

use rustls::pki_types::{CertificateDer, pem::PemObject};

/// What was found where something else was wanted.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum Found {
    /// One or more certificates.
    Certificate,
    /// A certificate signing request.
    CertificateRequest,
    /// DER, but nothing of the kind that was wanted.
    Der,
    /// A private key that needs a password.
    EncryptedPrivateKey,
    /// Nothing but white space.
    Nothing,
    /// A private key in the clear.
    PrivateKey,
    /// A certificate revocation list.
    RevocationList,
    /// Neither PEM nor DER.
    Unknown,
}

impl Found {
    /// Looks at the PEM labels, then for the first byte of a DER structure.
    pub(crate) fn of(bytes: &[u8]) -> Self {
        let has = |label: &str| {
            bytes
                .windows(label.len())
                .any(|window| window == label.as_bytes())
        };
        if bytes.iter().all(u8::is_ascii_whitespace) {
            Self::Nothing
        } else if has("-----BEGIN ENCRYPTED PRIVATE KEY-----") || has("Proc-Type: 4,ENCRYPTED") {
            Self::EncryptedPrivateKey
        } else if has(" PRIVATE KEY-----") || has("-----BEGIN PRIVATE KEY-----") {
            Self::PrivateKey
        } else if has("-----BEGIN CERTIFICATE-----") {
            Self::Certificate
        } else if has("-----BEGIN X509 CRL-----") {
            Self::RevocationList
        } else if has(" REQUEST-----") {
            Self::CertificateRequest
        } else if bytes.first() == Some(&DER_SEQUENCE) {
            Self::Der
        } else {
            Self::Unknown
        }
    }
}

impl fmt::Display for Found {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Certificate => "a certificate",
            Self::CertificateRequest => "a certificate signing request",
            Self::Der => "a DER structure of another kind",
            Self::EncryptedPrivateKey => "an encrypted private key",
            Self::Nothing => "nothing",
            Self::PrivateKey => "a private key",
            Self::RevocationList => "a revocation list",
            Self::Unknown => "neither PEM nor DER",
        })
    }
}

/// Every certificate in `bytes`, in order: PEM with any number, or one in DER.
///
/// `None` if a PEM section is damaged; an empty list if there is no certificate.
pub(crate) fn certificates(bytes: &[u8]) -> Option<Vec<CertificateDer<'static>>> {
    if bytes.first() == Some(&DER_SEQUENCE) {
        return Some(vec![CertificateDer::from(bytes.to_vec())]);
    }
    CertificateDer::pem_slice_iter(bytes)
        .collect::<Result<_, _>>()
        .ok()
}

/// ASN.1 SEQUENCE, constructed: how certificates, keys and revocation lists begin.
pub(crate) const DER_SEQUENCE: u8 = 0x30;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels_tell_what_a_file_holds() {
        for (text, found) in [
            ("", Found::Nothing),
            (" \r\n\t", Found::Nothing),
            ("-----BEGIN CERTIFICATE-----\n", Found::Certificate),
            ("-----BEGIN PRIVATE KEY-----\n", Found::PrivateKey),
            ("-----BEGIN RSA PRIVATE KEY-----\n", Found::PrivateKey),
            ("-----BEGIN EC PRIVATE KEY-----\n", Found::PrivateKey),
            (
                "-----BEGIN ENCRYPTED PRIVATE KEY-----\n",
                Found::EncryptedPrivateKey,
            ),
            (
                "-----BEGIN RSA PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\n",
                Found::EncryptedPrivateKey,
            ),
            ("-----BEGIN X509 CRL-----\n", Found::RevocationList),
            (
                "-----BEGIN CERTIFICATE REQUEST-----\n",
                Found::CertificateRequest,
            ),
            ("0\u{3}abc", Found::Der),
            ("hello", Found::Unknown),
        ] {
            assert_eq!(Found::of(text.as_bytes()), found, "{text:?}");
        }
    }
}
