//! What a certificate of a role may say: the profile table, as values.

mod ca_limits;
mod contradiction;
mod decision;
mod explain;
mod name_rule;
mod names;
mod refused;
mod span;
mod subject;
mod validity;

use const_oid::db::rfc5280::{ID_KP_CLIENT_AUTH, ID_KP_OCSP_SIGNING, ID_KP_SERVER_AUTH};
use serde::{Deserialize, Serialize};
use time::Duration;
use x509_identity::{KeyUsage, KeyUsageBit, ObjectIdentifier};

use crate::KeyKind;

pub use ca_limits::{CaUsage, DnsSubtree, DnsSubtreeError, NameConstraints, Subtrees};
pub use decision::{Decision, Explanation};
pub use name_rule::NameRule;
pub use names::{AllowedNames, Wildcards};
pub use refused::RefusedNames;
pub(crate) use span::span;
pub use subject::{AllowedSubject, SubjectText};
pub use validity::ValidityLimits;

/// What a certificate is for. Everything that RFC 5280 lets vary and should not follows from it.
#[derive(Clone, Copy, Debug, Deserialize, Eq, Hash, PartialEq, Serialize)]
#[non_exhaustive]
#[serde(rename_all = "kebab-case")]
pub enum Role {
    /// Authenticates a TLS client or a device: clientAuth and nothing else.
    Client,
    /// Signs leaves, and no further CA.
    IssuingCa,
    /// Signs OCSP answers for the CA that issued it (RFC 6960 section 4.2.2.2).
    OcspResponder,
    /// Signs itself and the CAs below it.
    Root,
    /// Authenticates a TLS server: serverAuth and nothing else.
    Server,
}

/// The limits within which certificates of one [`Role`] are issued.
///
/// Deserializes from TOML with unknown fields refused, so that a misspelt limit is an error and not
/// a limit that does not hold:
///
/// ```
/// let profile: pki_core::Profile = toml::from_str(r#"
///     role = "client"
///     validity = { min = "1h", default = "24h", max = "90days" }
///     backdate = "1m"
///     keys = ["p256", "rsa2048"]
///     crl_distribution_points = ["http://ca.example/client.crl"]
///
///     ## Each attribute of the subject has a rule: "any", "none" or the texts that it may be.
///     [subject]
///     CN = "any"
///     O = ["Example Ltd"]
///
///     ## Each kind of alternative name, too, with patterns. What is left out is "none".
///     [names]
///     dns = ["*.devices.example.org", "gateway.example.org"]
///     wildcards = "none"
///     ip = ["10.20.0.0/16", "2001:db8::/32"]
///     email = ["@example.org"]
///     uri = ["spiffe://example.org/devices/**"]
///
///     ## Not these, although they match.
///     [refused]
///     dns = ["test.devices.example.org"]
///     ip = ["10.20.0.0/24"]
/// "#)?;
/// assert_eq!(profile.role, pki_core::Role::Client);
///
/// let key = pki_core::KeyPair::generate(pki_core::KeyKind::P256)?;
/// let subject = "CN=sensor 7,O=Example Ltd".parse()?;
/// let parameters = pki_core::CertificateParameters::for_key(key.public_key_der(), subject).sans(
///     ["a.devices.example.org", "test.devices.example.org", "*.office.example.org"]
///         .map(|name| x509_identity::SubjectAltName::Dns(name.to_owned())),
/// );
/// assert_eq!(profile.explain(&parameters).to_string(), "\
/// key P-256: allowed by keys
/// validity 1day: allowed by validity
/// subject `O=Example Ltd`: allowed by subject.O = \"Example Ltd\"
/// subject `CN=sensor 7`: allowed by subject.CN = \"any\"
/// dns name `a.devices.example.org`: allowed by names.dns = \"*.devices.example.org\"
/// dns name `test.devices.example.org`: refused by refused.dns = \"test.devices.example.org\"
/// dns name `*.office.example.org`: refused by names.wildcards = \"none\"
/// ");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Profile {
    /// What the certificate is for.
    pub role: Role,
    /// How long it may be valid.
    pub validity: ValidityLimits,
    /// How far before `now` validity begins, for clocks that are behind: 60 s by default, and never
    /// more than a tenth of the validity period.
    #[serde(with = "humantime_serde", default = "default_backdate")]
    pub backdate: std::time::Duration,
    /// The kinds of key that are certified.
    pub keys: Vec<KeyKind>,
    /// The subjects that may be certified; only an empty one by default.
    #[serde(default)]
    pub subject: AllowedSubject,
    /// The alternative names that may be certified; none by default.
    #[serde(default)]
    pub names: AllowedNames,
    /// Names that are not certified, whatever `subject` and `names` allow; none by default.
    #[serde(default, skip_serializing_if = "RefusedNames::is_empty")]
    pub refused: RefusedNames,
    /// How many CAs may follow one another below a CA of this profile (pathLenConstraint, RFC 5280 section 4.2.1.9). By
    /// default any number below a root, and none below an issuing CA.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub path_length: Option<u8>,
    /// What the leaves of a CA of this profile may be for: its extended key usage, which by default it has none of and
    /// so does not limit.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub ca_usages: Vec<CaUsage>,
    /// Which names there may be below a CA of this profile.
    #[serde(default, skip_serializing_if = "NameConstraints::is_empty")]
    pub name_constraints: NameConstraints,
    /// Where the issuer's CRL is: `http` URLs, and byte for byte the CRL's own distribution point.
    #[serde(default)]
    pub crl_distribution_points: Vec<String>,
    /// Where the issuer's OCSP responder is.
    #[serde(default)]
    pub ocsp: Vec<String>,
    /// Where the issuer's certificate is.
    #[serde(default)]
    pub ca_issuers: Vec<String>,
    /// Whether certificates say that their revocation is published nowhere (noRevAvail, RFC 9608): `false` by default.
    ///
    /// They are for so short a time that they end sooner than a revocation would be known, and name neither a CRL nor an
    /// OCSP responder: with `crl_distribution_points`, with `ocsp`, for a CA, or with a `validity.max` of more than 7
    /// days, nothing is issued.
    #[serde(default, skip_serializing_if = "is_false")]
    pub no_rev_avail: bool,
}

impl Profile {
    /// A root: 10 years, and any kind of key but RSA of 2048 bits.
    #[must_use]
    pub fn root() -> Self {
        Self::of(
            Role::Root,
            ValidityLimits::days(1, 3650, 3650 * 2),
            AllowedNames::none(),
        )
    }

    /// A CA below the root that issues leaves: 3 years.
    #[must_use]
    pub fn issuing_ca() -> Self {
        Self::of(
            Role::IssuingCa,
            ValidityLimits::days(1, 3 * 365, 3650),
            AllowedNames::none(),
        )
    }

    /// A certificate of another root, for whoever does not trust that one yet: 3 years, with room for one CA below it.
    ///
    /// It connects an old and a new root while clients and servers move from one to the other (RFC 4210 section 4.4: one
    /// root signs the key of the other).
    #[must_use]
    pub fn cross_certificate() -> Self {
        Self {
            path_length: Some(1),
            ..Self::issuing_ca()
        }
    }

    /// A TLS server: 90 days, and never more than the 825 that Apple accepts from private roots. Its subject is a common
    /// name or empty.
    #[must_use]
    pub fn server() -> Self {
        let names = AllowedNames {
            dns: NameRule::Any,
            ip: NameRule::Any,
            wildcards: Wildcards::Covered,
            ..AllowedNames::none()
        };
        Self::of(
            Role::Server,
            ValidityLimits::days(0, 90, MAX_SERVER_DAYS),
            names,
        )
    }

    /// A TLS client or device: 24 hours, an hour to 90 days. Its subject is a common name, a serial number, or empty;
    /// [`with_subject`](Self::with_subject) allows more.
    #[must_use]
    pub fn client() -> Self {
        let names = AllowedNames {
            ip: NameRule::None,
            ..AllowedNames::any()
        };
        let validity = ValidityLimits {
            min: hours(1),
            default: hours(24),
            max: hours(90 * 24),
        };
        Self::of(Role::Client, validity, names)
    }

    /// An OCSP responder: 14 days.
    #[must_use]
    pub fn ocsp_responder() -> Self {
        Self::of(
            Role::OcspResponder,
            ValidityLimits::days(1, 14, 90),
            AllowedNames::none(),
        )
    }

    /// The same profile with other limits on the validity period.
    #[must_use]
    pub fn with_validity(mut self, validity: ValidityLimits) -> Self {
        self.validity = validity;
        self
    }

    /// The same profile for other subjects.
    #[must_use]
    pub fn with_subject(mut self, subject: AllowedSubject) -> Self {
        self.subject = subject;
        self
    }

    /// The same profile for other kinds of key.
    #[must_use]
    pub fn with_keys(mut self, keys: impl Into<Vec<KeyKind>>) -> Self {
        self.keys = keys.into();
        self
    }

    fn of(role: Role, validity: ValidityLimits, names: AllowedNames) -> Self {
        use KeyKind::{Ed25519, P256, P384, P521, Rsa2048, Rsa3072, Rsa4096};
        let keys = match role {
            // Whoever sets up the CA chooses these keys himself.
            Role::Root | Role::IssuingCa => KeyKind::without(&[Rsa2048]),
            Role::OcspResponder => KeyKind::without(&[]),
            // Browsers and Apple's TLS take no Ed25519, some of them no P-521.
            Role::Server => vec![P256, P384, Rsa2048, Rsa3072, Rsa4096],
            // Most servers cannot verify ML-DSA yet: a profile has to ask for it.
            Role::Client => vec![P256, P384, P521, Rsa2048, Rsa3072, Rsa4096, Ed25519],
        };
        let subject = match role {
            Role::Root | Role::IssuingCa | Role::OcspResponder => AllowedSubject::any(),
            Role::Server => AllowedSubject::common_name(),
            Role::Client => AllowedSubject::device(),
        };
        Self {
            role,
            validity,
            backdate: default_backdate(),
            keys,
            subject,
            names,
            refused: RefusedNames::default(),
            path_length: None,
            ca_usages: Vec::new(),
            name_constraints: NameConstraints::default(),
            crl_distribution_points: Vec::new(),
            ocsp: Vec::new(),
            ca_issuers: Vec::new(),
            no_rev_avail: false,
        }
    }

    /// The pathLenConstraint of its certificates.
    pub(crate) fn path_len(&self) -> Option<u8> {
        match self.role {
            Role::IssuingCa => Some(self.path_length.unwrap_or(0)),
            Role::Root => self.path_length,
            Role::Client | Role::OcspResponder | Role::Server => None,
        }
    }

    /// The extended key usages of its certificates; empty for no such extension.
    pub(crate) fn extended_key_usage(&self) -> Vec<ObjectIdentifier> {
        match self.role {
            Role::Client => vec![ID_KP_CLIENT_AUTH],
            Role::OcspResponder => vec![ID_KP_OCSP_SIGNING],
            Role::Server => vec![ID_KP_SERVER_AUTH],
            Role::IssuingCa | Role::Root => self.ca_usages.iter().map(|it| it.oid()).collect(),
        }
    }

    /// The backdate for a certificate of this validity period.
    pub(crate) fn backdate_for(&self, period: Duration) -> Duration {
        Duration::try_from(self.backdate)
            .unwrap_or(Duration::MAX)
            .min(period / 10)
    }
}

impl Role {
    /// True for the roles that sign certificates.
    #[must_use]
    pub fn is_ca(self) -> bool {
        matches!(self, Self::Root | Self::IssuingCa)
    }

    /// keyEncipherment is for RSA key exchange only; on EC keys RFC 8813 section 3 forbids it.
    pub(crate) fn key_usage(self, key: KeyKind) -> KeyUsage {
        let bits: &[KeyUsageBit] = match self {
            Self::Root | Self::IssuingCa => &[KeyUsageBit::KeyCertSign, KeyUsageBit::CrlSign],
            Self::Server if key.is_rsa() => {
                &[KeyUsageBit::DigitalSignature, KeyUsageBit::KeyEncipherment]
            }
            Self::Client | Self::OcspResponder | Self::Server => &[KeyUsageBit::DigitalSignature],
        };
        bits.iter().copied().collect()
    }
}

/// Apple, support article 103769; it binds private roots too.
pub(crate) const MAX_SERVER_DAYS: u32 = 825;

fn is_false(value: &bool) -> bool {
    !value
}

fn hours(count: u64) -> std::time::Duration {
    std::time::Duration::from_secs(count * 3600)
}

fn default_backdate() -> std::time::Duration {
    std::time::Duration::from_secs(60)
}
