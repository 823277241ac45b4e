//! What a blob of bytes is: the half of every "wrong file" message that a person needs.

use std::fmt;

use base64ct::{Base64, Encoding as _};
use der::{ErrorKind, Reader as _, SliceReader};
use zeroize::Zeroizing;

/// What was found where something else was wanted.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum Found {
    /// An attribute certificate (RFC 5755).
    AttributeCertificate,
    /// DER in base64, without the lines that PEM has around it.
    Base64,
    /// A PKCS#12 bundle in base64.
    Base64Pkcs12,
    /// One or more certificates.
    Certificate,
    /// A certificate signing request.
    CertificateRequest,
    /// A PKCS#7 or CMS container (`.p7b`, `.p7c`), which may hold certificates and CRLs.
    Container,
    /// DER, but nothing of the kind that was wanted.
    Der,
    /// A private key that needs a password.
    EncryptedPrivateKey,
    /// A keystore of Java (JKS, JCEKS).
    JavaKeystore,
    /// Nothing but white space.
    Nothing,
    /// A private key in the form of OpenSSH or PuTTY.
    OpenSshKey,
    /// Parameters of Diffie-Hellman, or a curve.
    Parameters,
    /// A PKCS#12 bundle (`.p12`, `.pfx`).
    Pkcs12,
    /// A private key in the clear.
    PrivateKey,
    /// A public key.
    PublicKey,
    /// A certificate revocation list.
    RevocationList,
    /// A public key in the form of OpenSSH.
    SshPublicKey,
    /// DER whose end is missing.
    Truncated,
    /// Neither PEM nor DER.
    Unknown,
}

impl Found {
    /// Looks at the PEM labels, then for the first byte of a DER structure.
    #[must_use]
    pub fn of(bytes: &[u8]) -> Self {
        let has = |text: &str| {
            bytes
                .windows(text.len())
                .any(|window| window == text.as_bytes())
        };
        if bytes.iter().all(u8::is_ascii_whitespace) {
            return Self::Nothing;
        }
        // In this order: a file may hold several, and a key is what should not be there.
        for (texts, found) in IN_TEXT {
            if texts.iter().any(|text| has(text)) {
                return *found;
            }
        }
        let starts = |text: &&str| bytes.starts_with(text.as_bytes());
        if ["ssh-", "ecdsa-sha2-", "sk-ssh-"].iter().any(starts) {
            Self::SshPublicKey
        } else if bytes.starts_with(&JKS) || bytes.starts_with(&JCEKS) {
            Self::JavaKeystore
        } else if bytes.first() == Some(&DER_SEQUENCE) {
            Self::of_der(bytes)
        } else {
            Self::of_base64(bytes)
        }
    }

    /// A guess by the first fields of the structure, for messages only.
    fn of_der(bytes: &[u8]) -> Self {
        if is_truncated(bytes) {
            return Self::Truncated;
        }
        let outer = content(bytes);
        match outer {
            [INTEGER, 1, 0 | 1, ..] => Self::PrivateKey,
            [INTEGER, 1, 3, ..] => Self::Pkcs12,
            [INTEGER, 1, _, ..] => Self::Der,
            // PKCS#1: modulus and exponent.
            [INTEGER, ..] => Self::PublicKey,
            [OBJECT_IDENTIFIER, ..] => Self::Container,
            _ => match content(outer) {
                // The version of a TBSCertificate is tagged, that of the others is not, and version 1
                // begins with the serial number.
                [CONTEXT_0, ..] => Self::Certificate,
                [INTEGER, 1, 0, ..] => Self::CertificateRequest,
                [INTEGER, 1, 1, ..] => Self::RevocationList,
                [INTEGER, ..] => Self::Certificate,
                // Version 1 of a CRL begins with the algorithm.
                [DER_SEQUENCE, ..] => Self::RevocationList,
                [OBJECT_IDENTIFIER, ..] => match after_first(outer) {
                    [BIT_STRING, ..] => Self::PublicKey,
                    _ => Self::EncryptedPrivateKey,
                },
                _ => Self::Der,
            },
        }
    }

    fn of_base64(text: &[u8]) -> Self {
        let text = text.strip_prefix("\u{feff}".as_bytes()).unwrap_or(text);
        // It may be a key.
        let mut visible = Zeroizing::new(Vec::with_capacity(text.len()));
        visible.extend(text.iter().filter(|byte| !byte.is_ascii_whitespace()));
        // Cut off after whole groups of four, so that a file that is cut off is known, too.
        let whole = visible.len() / 4 * 4;
        visible.truncate(whole);
        let decoded = str::from_utf8(&visible).ok().map(Base64::decode_vec);
        match decoded.and_then(Result::ok).map(Zeroizing::new) {
            Some(der) if der.first() == Some(&DER_SEQUENCE) && der.len() > 30 => {
                match content(&der) {
                    [INTEGER, 1, 3, ..] => Self::Base64Pkcs12,
                    _ => Self::Base64,
                }
            }
            _ => Self::Unknown,
        }
    }
}

/// What labels, and other programs' first lines, tell.
const IN_TEXT: &[(&[&str], Found)] = &[
    (
        &[
            "-----BEGIN ENCRYPTED PRIVATE KEY-----",
            "Proc-Type: 4,ENCRYPTED",
        ],
        Found::EncryptedPrivateKey,
    ),
    (
        &[" OPENSSH PRIVATE KEY-----", "PuTTY-User-Key-File"],
        Found::OpenSshKey,
    ),
    (&[" PRIVATE KEY-----"], Found::PrivateKey),
    (
        &["-----BEGIN ATTRIBUTE CERTIFICATE-----"],
        Found::AttributeCertificate,
    ),
    (&[" CERTIFICATE-----"], Found::Certificate),
    (&[" CRL-----"], Found::RevocationList),
    (&[" REQUEST-----"], Found::CertificateRequest),
    (
        &["-----BEGIN PKCS", "-----BEGIN CMS-----"],
        Found::Container,
    ),
    (&[" PUBLIC KEY-----"], Found::PublicKey),
    (&[" PARAMETERS-----"], Found::Parameters),
];

/// Whether the length of the outermost structure is more than there is.
fn is_truncated(der: &[u8]) -> bool {
    let first = SliceReader::new(der).and_then(|mut reader| reader.tlv_bytes());
    first.is_err_and(|error| matches!(error.kind(), ErrorKind::Incomplete { .. }))
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

/// What follows the first value.
fn after_first(der: &[u8]) -> &[u8] {
    let first = SliceReader::new(der).and_then(|mut reader| reader.tlv_bytes());
    first.map_or(&[], |first| &der[first.len()..])
}

const INTEGER: u8 = 0x02;
const BIT_STRING: u8 = 0x03;
const OBJECT_IDENTIFIER: u8 = 0x06;
const CONTEXT_0: u8 = 0xa0;
/// ASN.1 SEQUENCE, constructed: how certificates, keys and revocation lists begin.
const DER_SEQUENCE: u8 = 0x30;
/// The first bytes of a keystore that `keytool` wrote before Java 9.
const JKS: [u8; 4] = [0xfe, 0xed, 0xfe, 0xed];
const JCEKS: [u8; 4] = [0xce, 0xce, 0xce, 0xce];

impl fmt::Display for Found {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::AttributeCertificate => "an attribute certificate",
            Self::Base64 => "base64 without a `-----BEGIN` and an `-----END` line around it",
            Self::Base64Pkcs12 => "a PKCS#12 bundle in base64 (`base64 -d` decodes it)",
            Self::Certificate => "a certificate",
            Self::CertificateRequest => "a certificate signing request",
            Self::Container => {
                "a PKCS#7 container (`openssl pkcs7 -print_certs -in FILE` takes its certificates out, with \
                 `-inform DER` where it is binary)"
            }
            Self::Der => "a DER structure of another kind",
            Self::EncryptedPrivateKey => "an encrypted private key",
            Self::JavaKeystore => {
                "a Java keystore (`keytool -importkeystore -deststoretype pkcs12` makes a PKCS#12 bundle of it)"
            }
            Self::Nothing => "nothing",
            Self::OpenSshKey => {
                "a private key in the form of OpenSSH or PuTTY (`ssh-keygen -p -m PKCS8 -f COPY` converts a copy)"
            }
            Self::Parameters => "key parameters",
            Self::Pkcs12 => "a PKCS#12 bundle (openssl pkcs12 -in FILE -nodes takes it apart)",
            Self::PrivateKey => "a private key",
            Self::PublicKey => "a public key",
            Self::RevocationList => "a revocation list",
            Self::SshPublicKey => "a public key in the form of OpenSSH",
            Self::Truncated => "DER that is cut off: copy the whole file",
            Self::Unknown => "neither PEM nor DER",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels_tell_what_a_file_holds() {
        for (text, found) in [
            ("", Found::Nothing),
            (" \r\n\t", Found::Nothing),
            ("-----BEGIN CERTIFICATE-----\n", Found::Certificate),
            ("\u{feff}-----BEGIN CERTIFICATE-----\n", Found::Certificate),
            ("-----BEGIN X509 CERTIFICATE-----\n", Found::Certificate),
            ("-----BEGIN TRUSTED CERTIFICATE-----\n", Found::Certificate),
            (
                "-----BEGIN ATTRIBUTE CERTIFICATE-----\n",
                Found::AttributeCertificate,
            ),
            ("-----BEGIN PRIVATE KEY-----\n", Found::PrivateKey),
            ("-----BEGIN RSA PRIVATE KEY-----\n", Found::PrivateKey),
            ("-----BEGIN EC PRIVATE KEY-----\n", Found::PrivateKey),
            (
                "-----BEGIN EC PARAMETERS-----\n-----BEGIN EC PRIVATE KEY-----\n",
                Found::PrivateKey,
            ),
            ("-----BEGIN EC PARAMETERS-----\n", Found::Parameters),
            ("-----BEGIN OPENSSH PRIVATE KEY-----\n", Found::OpenSshKey),
            ("PuTTY-User-Key-File-3: ssh-ed25519\n", Found::OpenSshKey),
            (
                "-----BEGIN ENCRYPTED PRIVATE KEY-----\n",
                Found::EncryptedPrivateKey,
            ),
            (
                "-----BEGIN RSA PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\n",
                Found::EncryptedPrivateKey,
            ),
            ("-----BEGIN X509 CRL-----\n", Found::RevocationList),
            ("-----BEGIN CRL-----\n", Found::RevocationList),
            ("-----BEGIN PKCS7-----\n", Found::Container),
            ("-----BEGIN PKCS #7 SIGNED DATA-----\n", Found::Container),
            ("-----BEGIN CMS-----\n", Found::Container),
            ("-----BEGIN PUBLIC KEY-----\n", Found::PublicKey),
            ("-----BEGIN RSA PUBLIC KEY-----\n", Found::PublicKey),
            ("ssh-ed25519 AAAAC3NzaC1lZDI1\n", Found::SshPublicKey),
            (
                "-----BEGIN CERTIFICATE REQUEST-----\n",
                Found::CertificateRequest,
            ),
            ("0\u{3}abc", Found::Der),
            ("hello", Found::Unknown),
            ("<html>sign in</html>", Found::Unknown),
            (
                "MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKCAQEAtrL2\n",
                Found::Base64,
            ),
            (
                "MIIJyAIBAzCCCY4GCSqGSIb3DQEHAaCCCX8EggkLMIIJdzCCBBUG\n",
                Found::Base64Pkcs12,
            ),
            (
                "aGVsbG8gaGVsbG8gaGVsbG8gaGVsbG8gaGVsbG8gaGVsbG8=\n",
                Found::Unknown,
            ),
        ] {
            assert_eq!(Found::of(text.as_bytes()), found, "{text:?}");
        }
    }

    #[test]
    fn the_first_fields_tell_what_a_der_file_holds() {
        for (bytes, found) in [
            (&[0x30][..], Found::Truncated),
            (&[0x30, 0x82], Found::Truncated),
            (&[0x30, 0x82, 1, 0, 2, 1, 3], Found::Truncated),
            (&[0x30, 0xff, 1, 2, 3], Found::Der),
            (&[0x30, 3, 2, 1, 3], Found::Pkcs12),
            // BER without a length, as in many bundles.
            (&[0x30, 0x80, 2, 1, 3, 0, 0], Found::Pkcs12),
            (&[0x30, 0x81, 3, 2, 1, 0], Found::PrivateKey),
            (&[0x30, 7, 2, 2, 0, 0x80, 2, 1, 3], Found::PublicKey),
            (&[0x30, 4, 6, 2, 42, 3], Found::Container),
            (&[0x30, 6, 0x30, 4, 0xa0, 2, 0, 0], Found::Certificate),
            (&[0x30, 6, 0x30, 4, 2, 2, 9, 9], Found::Certificate),
            (&[0x30, 5, 0x30, 3, 2, 1, 1], Found::RevocationList),
            (&[0x30, 5, 0x30, 3, 0x30, 1, 0], Found::RevocationList),
            (&[0x30, 5, 0x30, 3, 2, 1, 0], Found::CertificateRequest),
            (
                &[0x30, 7, 0x30, 3, 6, 1, 0, 4, 0],
                Found::EncryptedPrivateKey,
            ),
            (&[0x30, 7, 0x30, 3, 6, 1, 0, 3, 0], Found::PublicKey),
            (&[0xfe, 0xed, 0xfe, 0xed, 0, 0, 0, 2], Found::JavaKeystore),
        ] {
            assert_eq!(Found::of(bytes), found, "{bytes:02x?}");
        }
    }
}
