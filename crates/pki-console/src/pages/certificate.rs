//! One certificate.

use std::sync::Arc;

use askama::Template;
use axum::extract::State;
use axum::http::header::{CONTENT_DISPOSITION, CONTENT_TYPE};
use axum::response::{Html, IntoResponse as _, Response};
use const_oid::db::DB;
use pki_core::certificate_pem;
use pki_core::ocsp::responder_urls;
use pki_store::{CertificateRecord, CertificateState, Filter};
use time::OffsetDateTime;
use x509_identity::{Certificate, ObjectIdentifier};

use super::id::Id;
use crate::access::operator::Operator;
use crate::moment::{date, moment, remaining};
use crate::refusal::ConsoleRefusal;
use crate::shared::{Shared, now};
use crate::view::frame::{Frame, Tab};
use crate::view::link::link;
use crate::view::part::part;
use crate::view::row::{CertificateRow, NAMES, names, who};
use crate::view::text::{hex, shortened, shown};

#[derive(Template)]
#[template(path = "certificate.html")]
struct CertificatePage {
    frame: Frame,
    row: CertificateRow,
    is_own: bool,
    facts: Vec<Fact>,
    chain: Vec<Above>,
    lineage: Vec<CertificateRow>,
    lineage_goes_on: bool,
    /// The certificate and those above it.
    pem: Option<String>,
    revoke_this: Option<String>,
    revoke_lineage: Option<String>,
    revoke_key: Option<String>,
}

/// Something that a certificate says.
struct Fact {
    name: &'static str,
    values: Vec<String>,
    /// Digits, to be read one by one.
    is_code: bool,
}

/// A certificate above another one.
struct Above {
    subject: String,
    serial: String,
    until: String,
    is_root: bool,
}

pub(crate) async fn page(
    State(shared): State<Arc<Shared>>,
    operator: Operator,
    Id(id): Id,
) -> Result<Response, ConsoleRefusal> {
    let now = now();
    let record = find(&shared, id, now).await?;
    let above = shared.store.issuer(record.issuer).await?.chain;
    let filter = Filter {
        ca: Some(shared.ca.clone()),
        lineage: Some(record.lineage),
        ..Filter::default()
    };
    let lineage = shared
        .store
        .latest_certificates(&filter, None, LINEAGE + 1, now);
    let mut lineage = lineage.await?;
    let lineage_goes_on = part(&mut lineage, LINEAGE).is_some();
    let certificate = record.der.as_deref().map(Certificate::from_der);
    let certificate = certificate.and_then(Result::ok);
    let revoke =
        |by: &str, value: &str| link(&shared.base, "/revoke", &[("by", by), ("value", value)]);
    let is_revocable = !matches!(
        record.state,
        CertificateState::Revoked | CertificateState::Failed
    );
    let serial = record.serial.to_string();
    let page = CertificatePage {
        frame: Frame::new(&shared, &operator, Tab::Certificates),
        is_own: record.fingerprint_sha256.as_ref() == Some(operator.fingerprint_sha256()),
        facts: facts(&record, certificate.as_ref(), now),
        chain: above.iter().map(Above::of).collect(),
        lineage: CertificateRow::all(&lineage, now),
        lineage_goes_on,
        pem: certificate.map(|leaf| certificate_pem(&leaf)),
        revoke_this: is_revocable.then(|| match &record.fingerprint_sha256 {
            Some(hash) => revoke("fingerprint", &hex(hash)),
            None => revoke("serial", &serial),
        }),
        revoke_lineage: (lineage.len() > 1).then(|| revoke("lineage", &serial)),
        revoke_key: record.spki_sha256.map(|hash| revoke("key", &hex(&hash))),
        row: CertificateRow::of(&record, now),
    };
    Ok(Html(page.to_string()).into_response())
}

/// The certificate and those above it but for the root, as a server presents them.
pub(crate) async fn chain(
    State(shared): State<Arc<Shared>>,
    _: Operator,
    Id(id): Id,
) -> Result<Response, ConsoleRefusal> {
    let record = find(&shared, id, now()).await?;
    let leaf = record.der.as_deref().map(Certificate::from_der);
    let Some(Ok(leaf)) = leaf else {
        let what = "certificate: it was not signed, or its content is not known";
        return Err(ConsoleRefusal::NotFound { what });
    };
    let above = shared.store.issuer(record.issuer).await?.chain;
    let above = above.iter().filter(|it| !it.is_self_issued());
    let pem: String = std::iter::once(&leaf)
        .chain(above)
        .map(certificate_pem)
        .collect();
    let name = format!("attachment; filename=\"{}.pem\"", record.serial);
    let headers = [
        (CONTENT_TYPE, "application/pem-certificate-chain"),
        (CONTENT_DISPOSITION, &name),
    ];
    Ok((headers, pem).into_response())
}

/// Other CAs may share the store.
async fn find(
    shared: &Shared,
    id: i64,
    now: OffsetDateTime,
) -> Result<CertificateRecord, ConsoleRefusal> {
    let record = shared.store.certificate(id, now).await?;
    match record.ca == shared.ca {
        true => Ok(record),
        false => Err(ConsoleRefusal::NotFound {
            what: "certificate",
        }),
    }
}

fn facts(
    record: &CertificateRecord,
    certificate: Option<&Certificate>,
    now: OffsetDateTime,
) -> Vec<Fact> {
    let mut facts = vec![
        Fact::text("Subject", [who(&record.subject, &record.sans)]),
        Fact::text("Names", names(&record.sans)),
        Fact::code("Serial number", [record.serial.to_string()]),
        Fact::text("Profile", [shown(&record.profile)]),
        Fact::text("Valid from", [moment(record.not_before)]),
        Fact::text(
            "Valid until",
            [format!(
                "{}, {}",
                moment(record.not_after),
                remaining(record.not_after, now)
            )],
        ),
    ];
    if let Some((at, reason)) = record.revoked {
        facts.push(Fact::text("Revoked", [format!("{}, {reason}", moment(at))]));
    }
    if record.sans.len() > NAMES {
        let more = format!("{} of {} are shown", NAMES, record.sans.len());
        facts.push(Fact::text("More names", [more]));
    }
    if let Some(certificate) = certificate {
        facts.extend(of_content(certificate));
    }
    let hash = |hash: Option<[u8; 32]>| hash.map(|hash| hex(&hash));
    facts.push(Fact::code("SHA-256", hash(record.fingerprint_sha256)));
    facts.push(Fact::code("SHA-256 of the key", hash(record.spki_sha256)));
    facts.push(Fact::text("CRL partition", [record.partition.to_string()]));
    facts.retain(|fact| !fact.values.is_empty());
    facts
}

/// What only the certificate itself says.
fn of_content(certificate: &Certificate) -> Vec<Fact> {
    let usages = certificate.extended_key_usage().unwrap_or_default();
    let key_usage = certificate.key_usage();
    let key_usage = key_usage.map(|it| it.bits().map(|bit| bit.name()).collect::<Vec<_>>());
    let authority = match certificate.basic_constraints() {
        Some(it) if it.ca => match it.path_len {
            Some(limit) => vec![format!("yes, with {limit} CAs below at most")],
            None => vec!["yes".to_owned()],
        },
        _ => Vec::new(),
    };
    let oids = certificate.extensions().map(|it| name_of(&it.oid));
    vec![
        Fact::text("Issuer", [shown(&certificate.issuer().to_string())]),
        Fact::text("Key", [certificate.public_key_algorithm().to_string()]),
        Fact::text("Signed with", [name_of(&certificate.signature_algorithm())]),
        Fact::text("CA", authority),
        Fact::text("Key usage", key_usage.map(|it| it.join(", "))),
        Fact::text("Good for", usages.iter().map(name_of)),
        Fact::text(
            "CRL",
            certificate
                .crl_distribution_points()
                .iter()
                .map(|it| shown(it)),
        ),
        Fact::text(
            "OCSP",
            responder_urls(certificate).iter().map(|it| shown(it)),
        ),
        Fact::text("Extensions", [oids.collect::<Vec<_>>().join(", ")]),
        Fact::code(
            "Subject key ID",
            certificate.subject_key_id().map(short_hex),
        ),
        Fact::code(
            "Authority key ID",
            certificate.authority_key_id().map(short_hex),
        ),
    ]
}

fn short_hex(bytes: &[u8]) -> String {
    shortened(&hex(bytes), 128)
}

/// `clientAuth`, `ecdsa-with-SHA256`, or the dotted form of what has no name.
fn name_of(oid: &ObjectIdentifier) -> String {
    let name = DB.by_oid(oid).map(|name| {
        let name = name.strip_prefix("id-kp-").unwrap_or(name);
        name.strip_prefix("id-ce-").unwrap_or(name)
    });
    name.map_or_else(|| oid.to_string(), str::to_owned)
}

impl Fact {
    fn text(name: &'static str, values: impl IntoIterator<Item = String>) -> Self {
        Self {
            name,
            values: values.into_iter().filter(|it| !it.is_empty()).collect(),
            is_code: false,
        }
    }

    fn code(name: &'static str, values: impl IntoIterator<Item = String>) -> Self {
        Self {
            is_code: true,
            ..Self::text(name, values)
        }
    }
}

impl Above {
    fn of(certificate: &Certificate) -> Self {
        Self {
            subject: shown(&certificate.subject().to_string()),
            serial: certificate.serial().to_string(),
            until: date(certificate.not_after()),
            is_root: certificate.is_self_issued(),
        }
    }
}

/// Certificates of a lineage that are shown.
const LINEAGE: u32 = 25;
