//! What a blob of bytes is: the half of every "wrong file" message that a person needs.

use std::fmt;

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
    /// A PKCS#12 bundle (`.p12`, `.pfx`).
    Pkcs12,
    /// A private key in the clear.
    PrivateKey,
    /// A certificate revocation list.
    RevocationList,
    /// Neither PEM nor DER.
    Unknown,
}

impl Found {
    /// Looks at the PEM labels, then for the first byte of a DER structure.
    pub fn of(bytes: &[u8]) -> Self {
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
            Self::of_der(bytes)
        } else {
            Self::Unknown
        }
    }

    /// A guess by the first fields of the structure, for messages only.
    fn of_der(bytes: &[u8]) -> Self {
        let [INTEGER, 1, version, ..] = content(bytes) else {
            return match content(content(bytes)) {
                // The version of a TBSCertificate is tagged, that of the others is not.
                [CONTEXT_0, ..] => Self::Certificate,
                [INTEGER, 1, 0, ..] => Self::CertificateRequest,
                [INTEGER, 1, 1, ..] => Self::RevocationList,
                [OBJECT_IDENTIFIER, ..] => Self::EncryptedPrivateKey,
                _ => Self::Der,
            };
        };
        match version {
            0 | 1 => Self::PrivateKey,
            3 => Self::Pkcs12,
            _ => Self::Der,
        }
    }
}

/// What is inside a SEQUENCE, or nothing; its length is taken on trust.
fn content(der: &[u8]) -> &[u8] {
    match der {
        [DER_SEQUENCE, short @ 0..=0x7f, content @ ..] => {
            content.get(..usize::from(*short)).unwrap_or(content)
        }
        [DER_SEQUENCE, long, rest @ ..] => rest.get(usize::from(long & 0x7f)..).unwrap_or_default(),
        _ => &[],
    }
}

const INTEGER: u8 = 0x02;
const OBJECT_IDENTIFIER: u8 = 0x06;
const CONTEXT_0: u8 = 0xa0;

impl fmt::Display for Found {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Certificate => "a certificate",
            Self::CertificateRequest => "a certificate signing request",
            Self::Der => "a DER structure of another kind",
            Self::EncryptedPrivateKey => "an encrypted private key",
            Self::Nothing => "nothing",
            Self::Pkcs12 => "a PKCS#12 bundle (openssl pkcs12 -in FILE -nodes takes it apart)",
            Self::PrivateKey => "a private key",
            Self::RevocationList => "a revocation list",
            Self::Unknown => "neither PEM nor DER",
        })
    }
}

/// ASN.1 SEQUENCE, constructed: how certificates, keys and revocation lists begin.
const DER_SEQUENCE: u8 = 0x30;

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

    #[test]
    fn the_first_fields_tell_what_a_der_file_holds() {
        for (bytes, found) in [
            (&[0x30][..], Found::Der),
            (&[0x30, 0x82], Found::Der),
            (&[0x30, 0xff, 1, 2, 3], Found::Der),
            (&[0x30, 3, 2, 1, 3], Found::Pkcs12),
            (&[0x30, 0x81, 3, 2, 1, 0], Found::PrivateKey),
            (&[0x30, 6, 0x30, 4, 0xa0, 2, 0, 0], Found::Certificate),
            (&[0x30, 5, 0x30, 3, 2, 1, 1], Found::RevocationList),
            (&[0x30, 5, 0x30, 3, 2, 1, 0], Found::CertificateRequest),
            (&[0x30, 5, 0x30, 3, 6, 1, 0], Found::EncryptedPrivateKey),
        ] {
            assert_eq!(Found::of(bytes), found, "{bytes:02x?}");
        }
    }
}
