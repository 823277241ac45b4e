//! What a section says that it is.

use std::fmt;

/// The label of a section: those of RFC 7468, and those that OpenSSL and OpenSSH write.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
#[non_exhaustive]
pub enum Label {
    /// `CERTIFICATE`, and the older `X509 CERTIFICATE` and `X.509 CERTIFICATE`.
    Certificate,
    /// `TRUSTED CERTIFICATE`: OpenSSL's, a certificate followed by what it is trusted for.
    TrustedCertificate,
    /// `X509 CRL`, and the short form `CRL`.
    Crl,
    /// `CERTIFICATE REQUEST`, and the older `NEW CERTIFICATE REQUEST`.
    CertificateRequest,
    /// `PRIVATE KEY`: PKCS#8 (RFC 5958).
    PrivateKey,
    /// `ENCRYPTED PRIVATE KEY`: PKCS#8 under a password.
    EncryptedPrivateKey,
    /// `RSA PRIVATE KEY`: PKCS#1 (RFC 8017 appendix A.1.2).
    RsaPrivateKey,
    /// `EC PRIVATE KEY`: SEC1 (RFC 5915).
    EcPrivateKey,
    /// `DSA PRIVATE KEY`.
    DsaPrivateKey,
    /// `OPENSSH PRIVATE KEY`.
    OpenSshPrivateKey,
    /// `EC PARAMETERS`, `DH PARAMETERS` and their like.
    Parameters,
    /// `PUBLIC KEY` and `RSA PUBLIC KEY`.
    PublicKey,
    /// `PKCS7` and `CMS`: a container, which may hold certificates and CRLs.
    Container,
    /// `ATTRIBUTE CERTIFICATE` (RFC 5755).
    AttributeCertificate,
    /// `SSL SESSION PARAMETERS`.
    Session,
}

impl Label {
    pub(super) fn of(text: &str) -> Option<Self> {
        Some(match text {
            "CERTIFICATE" | "X509 CERTIFICATE" | "X.509 CERTIFICATE" => Self::Certificate,
            "TRUSTED CERTIFICATE" => Self::TrustedCertificate,
            "X509 CRL" | "CRL" => Self::Crl,
            "CERTIFICATE REQUEST" | "NEW CERTIFICATE REQUEST" => Self::CertificateRequest,
            "PRIVATE KEY" => Self::PrivateKey,
            "ENCRYPTED PRIVATE KEY" => Self::EncryptedPrivateKey,
            "RSA PRIVATE KEY" => Self::RsaPrivateKey,
            "EC PRIVATE KEY" => Self::EcPrivateKey,
            "DSA PRIVATE KEY" => Self::DsaPrivateKey,
            "OPENSSH PRIVATE KEY" => Self::OpenSshPrivateKey,
            "EC PARAMETERS"
            | "DH PARAMETERS"
            | "X9.42 DH PARAMETERS"
            | "DSA PARAMETERS"
            | "PARAMETERS" => Self::Parameters,
            "PUBLIC KEY" | "RSA PUBLIC KEY" | "EC PUBLIC KEY" => Self::PublicKey,
            "PKCS7" | "PKCS #7 SIGNED DATA" | "CMS" => Self::Container,
            "ATTRIBUTE CERTIFICATE" => Self::AttributeCertificate,
            "SSL SESSION PARAMETERS" => Self::Session,
            _ => return None,
        })
    }

    /// Whether it is a private key of any form.
    #[must_use]
    pub fn is_private_key(self) -> bool {
        matches!(
            self,
            Self::PrivateKey
                | Self::EncryptedPrivateKey
                | Self::RsaPrivateKey
                | Self::EcPrivateKey
                | Self::DsaPrivateKey
                | Self::OpenSshPrivateKey
        )
    }

    /// Whether it is a certificate of RFC 5280.
    #[must_use]
    pub fn is_certificate(self) -> bool {
        matches!(self, Self::Certificate | Self::TrustedCertificate)
    }

    /// One of them, and several, in words.
    fn words(self) -> (&'static str, &'static str) {
        match self {
            Self::Certificate => ("a certificate", "certificates"),
            Self::TrustedCertificate => ("a trusted certificate", "trusted certificates"),
            Self::Crl => ("a CRL", "CRLs"),
            Self::CertificateRequest => ("a certificate request", "certificate requests"),
            Self::PrivateKey | Self::RsaPrivateKey | Self::EcPrivateKey => {
                ("a private key", "private keys")
            }
            Self::EncryptedPrivateKey => ("an encrypted private key", "encrypted private keys"),
            Self::DsaPrivateKey => ("a DSA private key", "DSA private keys"),
            Self::OpenSshPrivateKey => ("an OpenSSH private key", "OpenSSH private keys"),
            Self::Parameters => ("key parameters", "key parameters"),
            Self::PublicKey => ("a public key", "public keys"),
            Self::Container => (
                "a PKCS#7 container (convert it with `openssl pkcs7 -print_certs`)",
                "PKCS#7 containers (convert them with `openssl pkcs7 -print_certs`)",
            ),
            Self::AttributeCertificate => ("an attribute certificate", "attribute certificates"),
            Self::Session => ("a TLS session", "TLS sessions"),
        }
    }
}

impl fmt::Display for Label {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.words().0)
    }
}

/// What a sentence says of a label that is none of these.
pub(super) fn about(label: &str) -> &'static str {
    match label {
        "PKCS12" => {
            "which is a PKCS#12 bundle in base64 with lines around it (without those, `base64 -d` decodes it)"
        }
        "TSS2 PRIVATE KEY" | "TSS KEY BLOB" => {
            "which is a key that its TPM alone can use: it is not read from a file"
        }
        "PKCS#11 PROVIDER URI" => "which names a key in a token: the key itself is not in the file",
        "OpenVPN Static key V1" | "OpenVPN tls-crypt-v2 client key" => {
            "which is a secret that clients and servers of OpenVPN share, and no key of a certificate"
        }
        "SSH2 PUBLIC KEY" | "SSH2 ENCRYPTED PRIVATE KEY" => {
            "which is a key in the form of ssh.com: `ssh-keygen -i` converts it"
        }
        _ if label.starts_with("PGP ") => "which is OpenPGP, and TLS uses X.509",
        _ if label.ends_with("PRIVATE KEY") => {
            "which is not known: private keys are `PRIVATE KEY`, `ENCRYPTED PRIVATE KEY`, `RSA PRIVATE KEY` or \
             `EC PRIVATE KEY`"
        }
        _ => "which is not known",
    }
}

/// `a certificate and 2 CRLs`.
pub(super) fn describe(labels: impl Iterator<Item = Label>) -> String {
    let mut counts: Vec<((&str, &str), usize)> = Vec::new();
    for words in labels.map(Label::words) {
        match counts.iter_mut().find(|(known, _)| *known == words) {
            Some((_, count)) => *count += 1,
            None => counts.push((words, 1)),
        }
    }
    let mut parts: Vec<String> = counts
        .into_iter()
        .map(|((one, several), count)| match count {
            1 => one.to_owned(),
            _ => format!("{count} {several}"),
        })
        .collect();
    let last = parts.pop().unwrap_or_default();
    if parts.is_empty() {
        last
    } else {
        format!("{} and {last}", parts.join(", "))
    }
}
