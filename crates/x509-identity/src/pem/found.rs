//! What a blob of bytes is: the half of every "wrong file" message that a person needs.

use std::fmt;

use base64ct::{Base64, Encoding as _};
use der::{ErrorKind, Reader as _, SliceReader};
use zeroize::Zeroizing;

use super::encoding;

/// What was found where something else was wanted.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum Found {
    /// A compressed file (gzip or ZIP).
    Archive,
    /// An attribute certificate (RFC 5755).
    AttributeCertificate,
    /// DER in base64, without the lines that PEM has around it.
    Base64,
    /// A PEM file in base64, as in a Secret of Kubernetes.
    Base64Pem,
    /// A PKCS#12 bundle in base64.
    Base64Pkcs12,
    /// A keystore of BouncyCastle (BKS).
    BouncyCastleKeystore,
    /// One or more certificates.
    Certificate,
    /// A certificate signing request.
    CertificateRequest,
    /// A PKCS#7 or CMS container (`.p7b`, `.p7c`), which may hold certificates and CRLs.
    Container,
    /// A binary file whose bytes were changed where it was copied as text: line breaks, or all that is
    /// not UTF-8.
    CopiedAsText,
    /// DER, but nothing of the kind that was wanted.
    Der,
    /// A private key that needs a password.
    EncryptedPrivateKey,
    /// What Git LFS has in place of a file that was not fetched.
    GitLfsPointer,
    /// DER in hexadecimal digits.
    Hexadecimal,
    /// A web page.
    HtmlPage,
    /// A keystore of Java (JKS, JCEKS).
    JavaKeystore,
    /// A JSON Web Key (RFC 7517).
    JsonWebKey,
    /// Nothing but white space.
    Nothing,
    /// A private key in the form of OpenSSH.
    OpenSshKey,
    /// Parameters of Diffie-Hellman, or a curve.
    Parameters,
    /// A PKCS#12 bundle with lines as of PEM around it, which no other program reads.
    PemPkcs12,
    /// A PKCS#12 bundle (`.p12`, `.pfx`).
    Pkcs12,
    /// A private key in the clear.
    PrivateKey,
    /// A public key.
    PublicKey,
    /// A private key in the form of PuTTY.
    PuttyKey,
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
        if let Ok(text) = encoding::text(bytes)
            && text.as_slice() != bytes
        {
            return Self::of(&text);
        }
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
        let begin = bytes.strip_prefix("\u{feff}".as_bytes()).unwrap_or(bytes);
        let begin = begin.trim_ascii_start().get(..5).unwrap_or_default();
        if ["ssh-", "ecdsa-sha2-", "sk-ssh-"].iter().any(starts) {
            Self::SshPublicKey
        } else if bytes.starts_with(&JKS) || bytes.starts_with(&JCEKS) {
            Self::JavaKeystore
        } else if BKS.iter().any(|start| bytes.starts_with(start)) {
            Self::BouncyCastleKeystore
        } else if bytes.starts_with(&GZIP) || bytes.starts_with(ZIP) {
            Self::Archive
        } else if starts(&"version https://git-lfs.") {
            Self::GitLfsPointer
        } else if begin.eq_ignore_ascii_case(b"<html") || begin.eq_ignore_ascii_case(b"<!doc") {
            Self::HtmlPage
        } else if begin.starts_with(b"{") && has("\"kty\"") {
            Self::JsonWebKey
        } else if is_hexadecimal(bytes) {
            Self::Hexadecimal
        } else if is_copied_as_text(bytes) {
            Self::CopiedAsText
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
            Some(der) if der.starts_with(b"-----BEGIN ") => Self::Base64Pem,
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
    (&["PuTTY-User-Key-File"], Found::PuttyKey),
    (&[" OPENSSH PRIVATE KEY-----"], Found::OpenSshKey),
    (&[" PRIVATE KEY-----"], Found::PrivateKey),
    (
        &["-----BEGIN ATTRIBUTE CERTIFICATE-----"],
        Found::AttributeCertificate,
    ),
    (&[" CERTIFICATE-----"], Found::Certificate),
    (&[" CRL-----"], Found::RevocationList),
    (&[" REQUEST-----"], Found::CertificateRequest),
    (&["-----BEGIN PKCS12-----"], Found::PemPkcs12),
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

/// Whether DER went through something that took it for text: what is not UTF-8 became U+FFFD, or each line feed got a
/// carriage return.
fn is_copied_as_text(bytes: &[u8]) -> bool {
    const REPLACED: &[u8] = "\u{fffd}".as_bytes();
    let [DER_SEQUENCE, behind @ ..] = bytes else {
        return false;
    };
    if behind.starts_with(REPLACED) {
        return str::from_utf8(bytes).is_ok();
    }
    let is_whole = |der: &[u8]| {
        let first = SliceReader::new(der).and_then(|mut reader| reader.tlv_bytes());
        first.is_ok_and(|first| first.len() == der.len())
    };
    let mut breaks = bytes.windows(2).filter(|two| two[1] == b'\n').peekable();
    if breaks.peek().is_none() || !breaks.all(|two| two[0] == b'\r') || is_whole(bytes) {
        return false;
    }
    // It may be a key.
    let mut before = Zeroizing::new(Vec::with_capacity(bytes.len()));
    for (index, byte) in bytes.iter().enumerate() {
        // Before a line feed there are carriage returns alone.
        if bytes.get(index + 1) != Some(&b'\n') {
            before.push(*byte);
        }
    }
    is_whole(&before)
}

/// `30 82 …`, `3082…` or `30:82:…`, as `xxd`, `openssl asn1parse -dump` and browsers print DER.
fn is_hexadecimal(text: &[u8]) -> bool {
    let is_fit =
        |byte: &u8| byte.is_ascii_hexdigit() || byte.is_ascii_whitespace() || *byte == b':';
    text.len() > 60 && text.starts_with(b"30") && text.iter().all(is_fit)
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
/// A version, and the length of the salt.
const BKS: [[u8; 8]; 2] = [[0, 0, 0, 1, 0, 0, 0, 20], [0, 0, 0, 2, 0, 0, 0, 20]];
const GZIP: [u8; 2] = [0x1f, 0x8b];
const ZIP: &[u8] = b"PK\x03\x04";
const JCEKS: [u8; 4] = [0xce, 0xce, 0xce, 0xce];

impl fmt::Display for Found {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Archive => "a compressed file: unpack it",
            Self::AttributeCertificate => "an attribute certificate",
            Self::Base64 => "base64 without a `-----BEGIN` and an `-----END` line around it",
            Self::Base64Pem => "a PEM file in base64 (`base64 -d` decodes it)",
            Self::Base64Pkcs12 => "a PKCS#12 bundle in base64 (`base64 -d` decodes it)",
            Self::BouncyCastleKeystore => {
                "a keystore of BouncyCastle (BKS): make a PKCS#12 bundle of it, by KeyStore Explorer or by `keytool \
                 -importkeystore` with BouncyCastle's provider"
            }
            Self::Certificate => "a certificate",
            Self::CertificateRequest => "a certificate signing request",
            Self::Container => {
                "a PKCS#7 container (`openssl pkcs7 -print_certs -in FILE` takes its certificates out, with \
                 `-inform DER` where it is binary)"
            }
            Self::CopiedAsText => "binary that was changed by being copied as text: copy it again as binary",
            Self::Der => "a DER structure of another kind",
            Self::EncryptedPrivateKey => "an encrypted private key",
            Self::GitLfsPointer => "a pointer of Git LFS (`git lfs pull` fetches the file)",
            Self::Hexadecimal => "DER in hexadecimal digits (`xxd -r -p` decodes it)",
            Self::HtmlPage => "a web page: it was sent in place of the file",
            Self::JavaKeystore => {
                "a Java keystore (`keytool -importkeystore -deststoretype pkcs12` makes a PKCS#12 bundle of it)"
            }
            Self::JsonWebKey => "a JSON Web Key (JWK), and neither PEM nor DER",
            Self::Nothing => "nothing",
            Self::OpenSshKey => {
                "a private key in the form of OpenSSH (`ssh-keygen -p -m PKCS8 -f COPY` converts a copy)"
            }
            Self::Parameters => "key parameters",
            Self::PemPkcs12 => {
                "a PKCS#12 bundle in base64 with lines around it (without those, `base64 -d` decodes it)"
            }
            Self::Pkcs12 => "a PKCS#12 bundle (openssl pkcs12 -in FILE -nodes takes it apart)",
            Self::PrivateKey => "a private key",
            Self::PublicKey => "a public key",
            Self::PuttyKey => {
                "a private key in the form of PuTTY (`puttygen FILE -O private-openssh -o COPY`, then \
                 `ssh-keygen -p -m PKCS8 -f COPY`, convert it)"
            }
            Self::RevocationList => "a revocation list",
            Self::SshPublicKey => "a public key in the form of OpenSSH",
            Self::Truncated => "DER that is cut off: copy the whole file",
            Self::Unknown => "neither PEM nor DER",
        })
    }
}

/// What a file without any section is, in words.
pub(super) fn describe(text: &[u8]) -> String {
    let text = text.strip_prefix("\u{feff}".as_bytes()).unwrap_or(text);
    let found = Found::of(text);
    let what = if found != Found::Unknown {
        return found.to_string();
    } else if text
        .iter()
        .all(|byte| byte.is_ascii_graphic() || byte.is_ascii_whitespace())
    {
        "text without a PEM section"
    } else {
        "neither PEM nor DER"
    };
    what.to_owned()
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
            ("PuTTY-User-Key-File-3: ssh-ed25519\n", Found::PuttyKey),
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
            ("-----BEGIN PKCS12-----\n", Found::PemPkcs12),
            ("-----BEGIN PUBLIC KEY-----\n", Found::PublicKey),
            ("-----BEGIN RSA PUBLIC KEY-----\n", Found::PublicKey),
            ("ssh-ed25519 AAAAC3NzaC1lZDI1\n", Found::SshPublicKey),
            (
                "-----BEGIN CERTIFICATE REQUEST-----\n",
                Found::CertificateRequest,
            ),
            ("0\u{3}abc", Found::Der),
            ("hello", Found::Unknown),
            ("\u{feff}<html>sign in</html>", Found::HtmlPage),
            ("\n<!DOCTYPE html><p>sign in", Found::HtmlPage),
            ("<p>", Found::Unknown),
            ("\u{feff}-----BEGIN CRL-----", Found::RevocationList),
            ("PK\u{3}\u{4}\u{14}", Found::Archive),
            ("{\"kty\": \"EC\", \"crv\": \"P-256\"}", Found::JsonWebKey),
            ("{\"key\": 1}", Found::Unknown),
            ("what \"kty\" is", Found::Unknown),
            (
                "version https://git-lfs.github.com/spec/v1\noid sha256:4d7a\n",
                Found::GitLfsPointer,
            ),
            (
                "30820122300d06092a864886f70d01010105000382010f003082010a0282010100\n",
                Found::Hexadecimal,
            ),
            (
                "30:82:01:22:30:0d:06:09:2a:86:48:86:f7:0d:01:01:01:05:00:03:82:01\n",
                Found::Hexadecimal,
            ),
            ("3082", Found::Unknown),
            (&"30".repeat(30), Found::Unknown),
            (&"30".repeat(31), Found::Hexadecimal),
            (&"31".repeat(31), Found::Unknown),
            (
                "30 days before a certificate ends another one is asked for: see there\n",
                Found::Unknown,
            ),
            (
                "LS0tLS1CRUdJTiBDRVJUSUZJQ0FURS0tLS0tCk1BTUNBUUU9Ci0tLS0t\n",
                Found::Base64Pem,
            ),
            (
                "MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKCAQEAtrL2\n",
                Found::Base64,
            ),
            (
                "MIIBIjANBgkqhkiG9w0BAQEF\r\nAAOCAQ8AMIIBCgKCAQEAtrL2\r\n",
                Found::Base64,
            ),
            (
                "MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKCAQEAtrL2M",
                Found::Base64,
            ),
            // Of 31 octets, and of 30.
            (
                "MB0CAQAEGAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA==",
                Found::Base64,
            ),
            ("MBwCAQAEFwAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA", Found::Unknown),
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
    fn utf_16_is_looked_into() {
        let text = "-----BEGIN X509 CRL-----\n".encode_utf16();
        for unit in [u16::to_le_bytes, u16::to_be_bytes] {
            let bytes: Vec<u8> = text.clone().flat_map(unit).collect();
            assert_eq!(Found::of(&bytes), Found::RevocationList);
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
            (&[0xce, 0xce, 0xce, 0xce, 0, 0, 0, 2], Found::JavaKeystore),
            (&[0x1f, 0x8b, 8, 0], Found::Archive),
            (
                &[0, 0, 0, 2, 0, 0, 0, 20, 1, 2],
                Found::BouncyCastleKeystore,
            ),
            (&[0, 0, 0, 2, 0, 0, 0, 21, 1, 2], Found::Unknown),
            // A line feed got a carriage return, and 0x82 became U+FFFD.
            (&[0x30, 5, 2, 1, 3, 4, 0, b'\r', b'\n'], Found::Pkcs12),
            (&[0x30, 6, 2, 1, 3, 4, 1, b'\r', b'\n'], Found::CopiedAsText),
            // One that was always there.
            (&[0x30, 7, 2, 1, 3, 4, 2, b'\r', b'\n'], Found::Pkcs12),
            (&[0x30, 6, 2, 1, 3, 4, 1, b'\n', b'\n'], Found::Pkcs12),
            (
                &[0x30, 6, 2, 1, 3, 4, 2, b'\n', b'\r', b'\n'],
                Found::Pkcs12,
            ),
            (
                &[0x30, 8, 2, 1, 3, 4, 3, b'\r', 0, b'\r', b'\n'],
                Found::CopiedAsText,
            ),
            // Whole as it is, and without its carriage returns: one of them is its length.
            (b"\x30\r\n\x01\0\x04\x06\r\n\r\n\0\0\x05\0", Found::Der),
            (
                &[0x30, 0xef, 0xbf, 0xbd, 1, 2, 2, 1, 3],
                Found::CopiedAsText,
            ),
            (&[0x30, 0xef, 0xbf, 0xbd, 0xff, 2, 2, 1, 3], Found::Der),
        ] {
            assert_eq!(Found::of(bytes), found, "{bytes:02x?}");
        }
    }
}
