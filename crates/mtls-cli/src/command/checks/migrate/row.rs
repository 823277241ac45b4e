//! One certificate of the report.

use pki_core::public_ca::{ClientUse, PublicCa};
use serde::Serialize;
use time::OffsetDateTime;
use time::serde::rfc3339;
use x509_identity::Certificate;

use crate::look::{NameView, name_of};
use crate::output::hex;

#[derive(Debug, Serialize)]
pub(crate) struct Row {
    pub(crate) subject: String,
    issuer: String,
    serial: String,
    sans: Vec<NameView>,
    #[serde(with = "rfc3339")]
    pub(crate) not_after: OffsetDateTime,
    extended_key_usage: Vec<String>,
    spki_sha256: String,
    fingerprint_sha256: String,
    public_ca: Option<PublicCaView>,
    /// What becomes of it as a client's.
    pub(crate) state: &'static str,
    pub(crate) affected: bool,
    pub(crate) sentence: String,
    pub(crate) found_in: Vec<String>,
}

#[derive(Debug, Serialize)]
struct PublicCaView {
    name: &'static str,
    /// Since when a certificate has clientAuth only if it was asked for.
    default_ended: Option<String>,
    /// The first day without clientAuth for anybody.
    client_auth_ends: String,
    source: &'static str,
}

impl Row {
    pub(crate) fn of(
        certificate: &Certificate,
        beside: &[Certificate],
        now: OffsetDateTime,
    ) -> Self {
        let client_use = ClientUse::of(certificate, beside, now);
        let usages = certificate.extended_key_usage().unwrap_or_default();
        Self {
            subject: certificate.subject().to_string(),
            issuer: certificate.issuer().to_string(),
            serial: certificate.serial().to_string(),
            sans: NameView::all(certificate.sans()),
            not_after: certificate.not_after(),
            extended_key_usage: usages.iter().map(name_of).collect(),
            spki_sha256: hex(certificate.spki_sha256()),
            fingerprint_sha256: hex(certificate.fingerprint_sha256()),
            public_ca: PublicCa::that_issued(certificate).map(PublicCaView::of),
            state: client_use.code(),
            affected: client_use.is_affected(),
            sentence: client_use.to_string(),
            found_in: Vec::new(),
        }
    }

    /// The public CA where it is known, and else the issuer's name.
    pub(crate) fn issued_by(&self) -> &str {
        let ca = self.public_ca.as_ref().map(|ca| ca.name);
        ca.filter(|name| *name != PublicCa::OTHER.name())
            .unwrap_or(&self.issuer)
    }
}

impl PublicCaView {
    fn of(ca: &PublicCa) -> Self {
        Self {
            name: ca.name(),
            default_ended: ca.default_ended().map(|date| date.to_string()),
            client_auth_ends: ca.ends().to_string(),
            source: ca.source(),
        }
    }
}
