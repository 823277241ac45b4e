//! The table of dates, in one place.

use std::fmt;

use const_oid::db::rfc5280::ID_KP_EMAIL_PROTECTION;
use const_oid::db::rfc6962::CT_PRECERT_SCTS;
use time::Date;
use time::macros::date;
use x509_identity::Certificate;

/// A public CA, and until when it issues certificates for clients.
#[derive(Debug, Eq, PartialEq)]
pub struct PublicCa {
    name: &'static str,
    /// The organizations that its issuing CAs name in their subjects.
    organizations: &'static [&'static str],
    default_ended: Option<Date>,
    ends: Date,
    source: &'static str,
}

impl PublicCa {
    /// Who has issued this certificate, by the organization in the issuer's name. A CA that is not in the table is
    /// [`PublicCa::OTHER`] if the certificate holds signed timestamps of transparency logs, as those for public servers
    /// do.
    ///
    /// `None` for everything else, also for certificates for mail, in which public CAs go on to put clientAuth.
    #[must_use]
    pub fn that_issued(certificate: &Certificate) -> Option<&'static Self> {
        let usages = certificate.extended_key_usage().unwrap_or_default();
        if usages.contains(&ID_KP_EMAIL_PROTECTION) {
            return None;
        }
        let organization = certificate.issuer().organization().unwrap_or_default();
        let is_named = |ca: &&Self| ca.organizations.contains(&organization);
        TABLE.iter().find(is_named).or_else(|| {
            let is_logged = certificate.extension(CT_PRECERT_SCTS).is_some();
            is_logged.then_some(&Self::OTHER)
        })
    }

    /// All that are known by name.
    #[must_use]
    pub fn all() -> &'static [Self] {
        TABLE
    }

    /// Any other public CA: what Chrome's root program asks of all of them.
    pub const OTHER: Self = Self {
        name: "the public CA",
        organizations: &[],
        default_ended: None,
        ends: OF_CHROME,
        source: CHROME,
    };

    /// Its name, for people.
    #[must_use]
    pub fn name(&self) -> &'static str {
        self.name
    }

    /// Since when a certificate has no clientAuth unless it was asked for; `None` where that is not known.
    #[must_use]
    pub fn default_ended(&self) -> Option<Date> {
        self.default_ended
    }

    /// The first day on which it issues no clientAuth to anybody. A certificate from before goes on until it expires.
    #[must_use]
    pub fn ends(&self) -> Date {
        self.ends
    }

    /// Where the dates are from.
    #[must_use]
    pub fn source(&self) -> &'static str {
        self.source
    }
}

/// What it does when, as a clause: "DigiCert issues no clientAuth from 2027-03-01 on, and only on request since
/// 2025-10-01".
impl fmt::Display for PublicCa {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{} issues no clientAuth from {} on",
            self.name, self.ends
        )?;
        match self.default_ended.filter(|ended| *ended < self.ends) {
            Some(ended) => write!(f, ", and only on request since {ended}"),
            None => Ok(()),
        }
    }
}

/// Whoever has not announced a date of its own meets that of Chrome.
const OF_CHROME: Date = date!(2027 - 03 - 15);
const CHROME: &str = "Chrome Root Program Policy 1.8, as reported";

/// "As reported" is what others say of a CA; dates have changed before.
const TABLE: &[PublicCa] = &[
    PublicCa {
        name: "Amazon",
        organizations: &["Amazon"],
        default_ended: None,
        ends: OF_CHROME,
        source: CHROME,
    },
    PublicCa {
        name: "DigiCert",
        organizations: &["DigiCert Inc", "DigiCert, Inc."],
        default_ended: Some(date!(2025 - 10 - 01)),
        ends: date!(2027 - 03 - 01),
        source: "CertCentral change log 619426, as reported in zowe/zowe-install-packaging#4783",
    },
    PublicCa {
        name: "Entrust",
        organizations: &["Entrust Limited", "Entrust, Inc."],
        default_ended: None,
        ends: OF_CHROME,
        source: CHROME,
    },
    PublicCa {
        name: "GlobalSign",
        organizations: &["GlobalSign nv-sa"],
        default_ended: None,
        ends: OF_CHROME,
        source: CHROME,
    },
    PublicCa {
        name: "GoDaddy",
        organizations: &["GoDaddy.com, Inc.", "Starfield Technologies, Inc."],
        default_ended: None,
        ends: OF_CHROME,
        source: CHROME,
    },
    PublicCa {
        name: "Google Trust Services",
        organizations: &["Google Trust Services", "Google Trust Services LLC"],
        default_ended: None,
        ends: date!(2026 - 04 - 13),
        source: "pki.goog/updates/may2025-clientauth.html, as reported in polymind-inc/acmebot#916",
    },
    PublicCa {
        name: "Let's Encrypt",
        organizations: &["Let's Encrypt"],
        default_ended: Some(date!(2026 - 02 - 11)),
        ends: date!(2026 - 07 - 08),
        source: "letsencrypt/website#1911 and #2277; the last day for who used it already is as reported",
    },
    PublicCa {
        name: "Sectigo",
        organizations: &[
            "COMODO CA Limited",
            "Sectigo Limited",
            "The USERTRUST Network",
        ],
        default_ended: Some(date!(2025 - 10 - 07)),
        ends: date!(2027 - 02 - 10),
        source: "Sectigo's announcement of April 2026, as reported; until then it was 2026-05-15",
    },
    PublicCa {
        name: "ZeroSSL",
        organizations: &["ZeroSSL", "ZeroSSL GmbH"],
        default_ended: Some(date!(2025 - 10 - 15)),
        ends: date!(2025 - 10 - 15),
        source: "seen in its certificates, caddyserver/caddy#7320",
    },
];
