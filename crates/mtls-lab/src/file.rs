//! One file of a lab: its contents, what it is, and the verdict on whoever presents it.

use serde::{Deserialize, Serialize};
use time::OffsetDateTime;
use x509_identity::Certificate;
use zeroize::Zeroizing;

/// One file of a lab.
pub struct LabFile {
    pub(crate) path: String,
    pub(crate) contents: Zeroizing<Vec<u8>>,
    pub(crate) about: About,
}

/// What a file of the lab is.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub struct About {
    /// What kind of file it is.
    pub kind: FileKind,
    /// Whose certificate, key or bundle it is, as an RFC 4514 name.
    pub subject: Option<String>,
    /// The last second of its certificate, or the nextUpdate of a CRL.
    #[serde(with = "time::serde::rfc3339::option")]
    pub not_after: Option<OffsetDateTime>,
    /// The directory of the scenario it belongs to.
    pub scenario: Option<String>,
    /// The verdict of a server or client of the lab.
    pub expected: Option<Verdict>,
}

/// The kinds of file in a lab.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[non_exhaustive]
#[serde(rename_all = "kebab-case")]
pub enum FileKind {
    /// A CA's certificate, PEM.
    CaCertificate,
    /// A leaf certificate, PEM.
    Certificate,
    /// A leaf certificate and the intermediates above it, PEM.
    CertificateChain,
    /// A certification request, PEM.
    CertificateRequest,
    /// The source of a client program.
    ClientSource,
    /// A certificate revocation list (CRL), PEM.
    #[serde(rename = "revocation-list")]
    Crl,
    /// An Apple configuration profile.
    Mobileconfig,
    /// A page for people.
    Page,
    /// A PKCS#12 bundle.
    Pkcs12,
    /// A private key, PKCS#8 PEM.
    PrivateKey,
    /// Text for people.
    Readme,
    /// The configuration or source of a server.
    ServerConfig,
}

impl FileKind {
    /// True for files that hold a private key, which are for their owner alone (mode 0600).
    #[must_use]
    pub fn is_secret(self) -> bool {
        matches!(self, Self::Mobileconfig | Self::Pkcs12 | Self::PrivateKey)
    }
}

/// Whether a peer accepts whoever presents a certificate.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Verdict {
    /// The connection stands.
    Accepted,
    /// The connection is ended.
    Refused,
}

impl std::fmt::Display for Verdict {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.pad(match self {
            Self::Accepted => "accepted",
            Self::Refused => "refused",
        })
    }
}

impl LabFile {
    /// Where it goes, below the lab's directory, with `/`.
    #[must_use]
    pub fn path(&self) -> &str {
        &self.path
    }

    /// What it is.
    #[must_use]
    pub fn about(&self) -> &About {
        &self.about
    }

    /// What is in it, private keys included.
    #[must_use]
    pub fn secret_contents(&self) -> &[u8] {
        &self.contents
    }

    pub(crate) fn new(
        path: impl Into<String>,
        kind: FileKind,
        contents: impl Into<Vec<u8>>,
    ) -> Self {
        let about = About {
            kind,
            subject: None,
            not_after: None,
            scenario: None,
            expected: None,
        };
        Self {
            path: path.into(),
            contents: Zeroizing::new(contents.into()),
            about,
        }
    }

    pub(crate) fn of(mut self, certificate: &Certificate) -> Self {
        self.about.subject = Some(certificate.subject().to_string());
        self.about.not_after = Some(certificate.not_after());
        self
    }

    pub(crate) fn expected(mut self, verdict: Verdict) -> Self {
        self.about.expected = Some(verdict);
        self
    }

    /// The scenario is the first directory of the path; configurations and pages belong to none.
    pub(crate) fn with_scenario(mut self) -> Self {
        let scenario = self.path.split_once('/').map(|(directory, _)| directory);
        self.about.scenario = scenario
            .filter(|name| SCENARIOS.contains(name))
            .map(str::to_owned);
        self
    }
}

impl std::fmt::Debug for LabFile {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("LabFile")
            .field("path", &self.path)
            .field("about", &self.about)
            .finish_non_exhaustive()
    }
}

/// The directories that hold certificates.
const SCENARIOS: [&str; 4] = ["same-ca", "different-ca", "intermediate", "refused"];
