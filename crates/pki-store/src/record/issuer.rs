//! The CAs of a store.

use pki_core::pem::{self, Label};
use time::OffsetDateTime;
use x509_identity::Certificate;

use crate::StoreError;

/// The number of an issuer within its store.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct IssuerId(pub(crate) i64);

impl IssuerId {
    /// The number itself.
    #[must_use]
    pub fn number(self) -> i64 {
        self.0
    }
}

/// A CA certificate with a key, whose certificates a store keeps.
///
/// One CA, by its name, has several: the root, the issuing CA, and those that they replaced.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Issuer {
    /// Its number in the store.
    pub id: IssuerId,
    /// The name of the CA that it belongs to.
    pub ca: String,
    /// What it signs.
    pub role: IssuerRole,
    /// Whether it still issues.
    pub state: IssuerState,
    /// Its certificate first, then those above it.
    pub chain: Vec<Certificate>,
    /// In how many CRLs the certificates that it issues now are divided; 1 or more.
    pub partitions: u32,
    /// Where its CRLs are, with `{partition}` in place of their number.
    pub crl_url: Option<String>,
}

/// An issuer that is to be added.
#[derive(Clone, Debug)]
pub struct NewIssuer {
    /// The name of the CA that it belongs to: 1 to 64 letters, digits, `-`, `_` or `.`.
    pub ca: String,
    /// What it signs.
    pub role: IssuerRole,
    /// Its certificate first, then those above it.
    pub chain: Vec<Certificate>,
    /// In how many CRLs its certificates are divided, so that each stays small: 1 to 65,536.
    ///
    /// More than one needs a `crl_url` with `{partition}`, since a reader has to know which of them covers a certificate.
    pub partitions: u32,
    /// Where its CRLs will be, with `{partition}` in place of their number. It becomes the distribution point in the CRLs
    /// (RFC 5280 section 5.2.5), and has to be that of the profiles, byte for byte.
    pub crl_url: Option<String>,
}

/// What an issuer signs.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
#[non_exhaustive]
pub enum IssuerRole {
    /// Itself and the CAs below it.
    Root,
    /// Leaves.
    Issuing,
    /// Leaves, with a key that is somebody else's, who also publishes its CRLs and answers OCSP.
    Upstream,
}

/// Whether an issuer still issues.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
#[non_exhaustive]
pub enum IssuerState {
    /// It issues.
    Active,
    /// It issues no more, and still signs CRLs for what it has issued.
    Retiring,
    /// Nothing that it has issued is valid any more.
    Retired,
}

impl NewIssuer {
    /// An issuer with one CRL and no URL for it.
    #[must_use]
    pub fn new(ca: impl Into<String>, role: IssuerRole, chain: Vec<Certificate>) -> Self {
        Self {
            ca: ca.into(),
            role,
            chain,
            partitions: 1,
            crl_url: None,
        }
    }

    /// # Errors
    ///
    /// [`StoreError::Refused`] with what is wrong.
    pub(crate) fn check(&self) -> Result<&Certificate, StoreError> {
        let named = |found: char| found.is_ascii_alphanumeric() || "-_.".contains(found);
        if self.ca.is_empty() || self.ca.len() > 64 || !self.ca.chars().all(named) {
            let limit = "the name of a CA is 1 to 64 letters, digits, `-`, `_` or `.`";
            return Err(StoreError::Refused(limit.into()));
        }
        if self.partitions == 0 || self.partitions > MAX_PARTITIONS {
            let limit = format!("a CA has 1 to {MAX_PARTITIONS} CRL partitions");
            return Err(StoreError::Refused(limit));
        }
        let has_place = |url: &String| url.contains(PARTITION);
        if self.partitions > 1 && !self.crl_url.as_ref().is_some_and(has_place) {
            let reason = format!("several CRL partitions need a CRL URL with `{PARTITION}` in it");
            return Err(StoreError::Refused(reason));
        }
        let Some(certificate) = self.chain.first() else {
            return Err(StoreError::Refused(
                "an issuer needs its certificate".into(),
            ));
        };
        Ok(certificate)
    }
}

impl Issuer {
    /// Its own certificate.
    ///
    /// # Panics
    ///
    /// Never: no issuer is stored without one.
    #[must_use]
    pub fn certificate(&self) -> &Certificate {
        self.chain
            .first()
            .expect("an issuer is stored with its certificate")
    }

    /// Where the CRL of this partition is, which is its distribution point.
    #[must_use]
    pub fn crl_url(&self, partition: u32) -> Option<String> {
        let url = self.crl_url.as_deref()?;
        Some(with_partition(url, partition))
    }

    /// When its certificate ends.
    #[must_use]
    pub fn not_after(&self) -> OffsetDateTime {
        self.certificate().not_after()
    }
}

/// The URL of one partition.
pub(crate) fn with_partition(url: &str, partition: u32) -> String {
    url.replace(PARTITION, &partition.to_string())
}

/// Reads what [`chain_pem`] has written.
pub(crate) fn read_chain(text: &str) -> Result<Vec<Certificate>, StoreError> {
    let damaged = || StoreError::Corrupt {
        what: "the certificates of an issuer cannot be read".into(),
    };
    let file = pem::read(text.as_bytes()).map_err(|_| damaged())?;
    let certificates = file
        .sections()
        .filter(|section| section.label() == Label::Certificate)
        .map(|section| {
            let der = section.der().map_err(|_| damaged())?;
            Certificate::from_der(&der).map_err(|_| damaged())
        });
    let chain = certificates.collect::<Result<Vec<_>, _>>()?;
    if chain.is_empty() {
        return Err(damaged());
    }
    Ok(chain)
}

/// The certificates as one PEM file.
pub(crate) fn chain_pem(chain: &[Certificate]) -> String {
    chain.iter().map(pki_core::certificate_pem).collect()
}

impl IssuerRole {
    /// The word for it: `root`, `issuing`, `upstream`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Root => "root",
            Self::Issuing => "issuing",
            Self::Upstream => "upstream",
        }
    }

    pub(crate) fn from_text(text: &str) -> Result<Self, StoreError> {
        [Self::Root, Self::Issuing, Self::Upstream]
            .into_iter()
            .find(|role| role.as_str() == text)
            .ok_or_else(|| StoreError::Corrupt {
                what: "an issuer has an unknown role".into(),
            })
    }
}

impl IssuerState {
    /// The word for it: `active`, `retiring`, `retired`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::Retiring => "retiring",
            Self::Retired => "retired",
        }
    }

    pub(crate) fn from_text(text: &str) -> Result<Self, StoreError> {
        [Self::Active, Self::Retiring, Self::Retired]
            .into_iter()
            .find(|state| state.as_str() == text)
            .ok_or_else(|| StoreError::Corrupt {
                what: "an issuer has an unknown state".into(),
            })
    }
}

/// What stands for the number of a partition in a URL.
pub(crate) const PARTITION: &str = "{partition}";

const MAX_PARTITIONS: u32 = 65_536;
