//! A certificate, as it is shown.

use const_oid::db::DB;
use pki_core::ocsp::responder_urls;
use serde::Serialize;
use time::OffsetDateTime;
use time::serde::rfc3339;
use x509_identity::{Certificate, ObjectIdentifier, SubjectAltName};

use crate::output::{Fields, hex, moment, remaining};

/// What there is to say about a certificate.
#[derive(Debug, Serialize)]
pub(crate) struct CertificateView {
    pub(crate) subject: String,
    pub(crate) issuer: String,
    pub(crate) serial: String,
    #[serde(with = "rfc3339")]
    pub(crate) not_before: OffsetDateTime,
    #[serde(with = "rfc3339")]
    pub(crate) not_after: OffsetDateTime,
    pub(crate) sans: Vec<NameView>,
    pub(crate) key: String,
    pub(crate) signature_algorithm: String,
    pub(crate) ca: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) path_length: Option<u32>,
    pub(crate) key_usage: Vec<&'static str>,
    pub(crate) extended_key_usage: Vec<String>,
    pub(crate) crl_distribution_points: Vec<String>,
    pub(crate) ocsp: Vec<String>,
    pub(crate) subject_key_id: Option<String>,
    pub(crate) authority_key_id: Option<String>,
    pub(crate) spki_sha256: String,
    pub(crate) fingerprint_sha256: String,
}

/// A subject alternative name.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct NameView {
    pub(crate) kind: &'static str,
    pub(crate) value: String,
}

impl NameView {
    pub(crate) fn all(names: &[SubjectAltName]) -> Vec<Self> {
        let view = |name: &SubjectAltName| Self {
            kind: name.kind(),
            value: name.to_string(),
        };
        names.iter().map(view).collect()
    }
}

impl std::fmt::Display for NameView {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}:{}", self.kind, self.value)
    }
}

impl CertificateView {
    pub(crate) fn of(certificate: &Certificate) -> Self {
        let usages = certificate.extended_key_usage().unwrap_or_default();
        Self {
            subject: certificate.subject().to_string(),
            issuer: certificate.issuer().to_string(),
            serial: certificate.serial().to_string(),
            not_before: certificate.not_before(),
            not_after: certificate.not_after(),
            sans: NameView::all(certificate.sans()),
            key: certificate.public_key_algorithm().to_string(),
            signature_algorithm: name_of(&certificate.signature_algorithm()),
            ca: certificate.is_ca(),
            path_length: certificate
                .basic_constraints()
                .and_then(|constraints| constraints.path_len),
            key_usage: certificate
                .key_usage()
                .map(|usage| usage.bits().map(|bit| bit.name()).collect())
                .unwrap_or_default(),
            extended_key_usage: usages.iter().map(name_of).collect(),
            crl_distribution_points: certificate.crl_distribution_points().to_vec(),
            ocsp: responder_urls(certificate),
            subject_key_id: certificate.subject_key_id().map(hex),
            authority_key_id: certificate.authority_key_id().map(hex),
            spki_sha256: hex(certificate.spki_sha256()),
            fingerprint_sha256: hex(certificate.fingerprint_sha256()),
        }
    }

    /// For people.
    pub(crate) fn fields(&self, now: OffsetDateTime) -> Fields {
        let mut fields = Fields::default();
        let subject = match self.subject.as_str() {
            "" => "(empty)",
            subject => subject,
        };
        let ca = match self.path_length {
            Some(limit) => format!("yes, at most {limit} CAs below"),
            None => "yes".to_owned(),
        };
        let end = match remaining(self.not_after, now) {
            ago if self.not_after < now => format!("{}, EXPIRED {ago}", moment(self.not_after)),
            left => format!("{}, {left}", moment(self.not_after)),
        };
        let begin = match remaining(self.not_before, now) {
            later if self.not_before > now => {
                format!("{}, NOT YET VALID, {later}", moment(self.not_before))
            }
            _ => moment(self.not_before),
        };
        fields
            .add("subject", subject)
            .add("issuer", &self.issuer)
            .add("serial", &self.serial)
            .add("valid from", begin)
            .add("until", end)
            .add_all("names", &self.sans)
            .add("key", &self.key)
            .add("signed with", &self.signature_algorithm);
        if self.ca {
            fields.add("CA", ca);
        }
        if !self.key_usage.is_empty() {
            fields.add("key usage", self.key_usage.join(", "));
        }
        if !self.extended_key_usage.is_empty() {
            fields.add("for", self.extended_key_usage.join(", "));
        }
        fields
            .add_all("CRL", &self.crl_distribution_points)
            .add_all("OCSP", &self.ocsp)
            .add("SHA-256", &self.fingerprint_sha256)
            .add("of its key", &self.spki_sha256);
        fields
    }
}

/// `clientAuth`, `ecdsa-with-SHA256`, or the dotted form of what has no name.
/// An object identifier by the name that RFC 5280 has for it (`clientAuth`), or dotted.
pub(crate) fn name_of(oid: &ObjectIdentifier) -> String {
    let name = DB.by_oid(oid);
    let name = name.map(|name| name.strip_prefix("id-kp-").unwrap_or(name));
    name.map_or_else(|| oid.to_string(), str::to_owned)
}
