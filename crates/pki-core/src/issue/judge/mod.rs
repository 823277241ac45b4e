//! The judge: policy and lint, on exactly the bytes that will be signed.

mod approved;
mod issuers;
mod request;
mod subject;

use const_oid::db::rfc5280::ID_CE_NAME_CONSTRAINTS;
use const_oid::db::rfc5912::ID_CE_NO_REV_AVAIL;
use time::{Duration, OffsetDateTime};
use x509_identity::Certificate;

use self::issuers::judge_issuers;
use self::subject::judge_subject;
use super::IssueError;
use super::extensions::name_constraints_der;
use crate::lint::{Finding, lint_to_sign};
use crate::profile::span;
use crate::{KeyBlocklist, KeyKind, Profile, Role, SignatureAlgorithm};

pub(super) use self::approved::{Approved, unsigned};
pub(super) use self::request::judge_request;

/// What a certificate is held against.
pub(super) struct Context<'a> {
    pub(super) profile: &'a Profile,
    /// The CAs above it, its issuer first; none for a root.
    pub(super) issuers: &'a [Certificate],
    pub(super) blocked: &'a KeyBlocklist,
    /// Whether its key is known to be one that may be certified: it was checked when the CSR was read.
    pub(super) is_key_checked: bool,
    /// How it will be signed.
    pub(super) algorithm: SignatureAlgorithm,
    pub(super) now: OffsetDateTime,
}

/// Judges `tbs` by the profile, by the lint rules and by what the CAs above allow.
pub(super) fn judge(tbs: Vec<u8>, context: &Context<'_>) -> Result<Approved, IssueError> {
    let &Context {
        issuers, algorithm, ..
    } = context;
    // Relying parties will read these bytes with this parser: so does the judge.
    let certificate = unsigned(tbs, algorithm)?;

    if let Some(issuer) = issuers.first()
        && certificate.not_after() > issuer.not_after()
    {
        return Err(IssueError::OutlivesIssuer {
            leaf: certificate.not_after(),
            issuer: issuer.not_after(),
        });
    }
    let mut findings = policy(&certificate, context);
    findings.extend(lint_to_sign(&certificate, context.is_key_checked));
    if findings.is_empty() {
        Ok(Approved {
            unsigned: certificate,
        })
    } else {
        Err(IssueError::Refused(findings))
    }
}

/// What this profile and this issuer ask for, beyond what every certificate has to be.
fn policy(certificate: &Certificate, context: &Context<'_>) -> Vec<Finding> {
    let &Context {
        profile,
        issuers,
        now,
        ..
    } = context;
    let mut findings = Vec::new();
    let mut refuse = |rule, sentence: String| findings.push(Finding::policy(rule, sentence));
    let role = profile.role;

    if let Some(setting) = profile.misplaced() {
        refuse(
            "profile",
            format!("the profile has {setting}, which only a CA's can have"),
        );
    }
    if let Some(reason) = profile.contradiction() {
        refuse(
            "profile",
            format!("the profile says that nothing is revoked (no_rev_avail), and {reason}"),
        );
    }
    if certificate.extension(ID_CE_NO_REV_AVAIL).is_some() != profile.no_rev_avail {
        refuse(
            "no-rev-avail",
            "whether the certificate can be revoked is not what the profile says".to_owned(),
        );
    }
    let algorithm = certificate.public_key_algorithm();
    match KeyKind::of_public_key(algorithm) {
        Some(kind) if profile.ruling_on_key(Some(algorithm)).allowed => {
            if certificate.key_usage() != Some(role.key_usage(kind)) {
                refuse(
                    "key-usage",
                    format!("the key usage is not that of {} certificate", a(role)),
                );
            }
        }
        _ => refuse(
            "key-kind",
            format!("{} certificate is not issued for {algorithm} keys", a(role)),
        ),
    }
    // Of an empty list nobody needs the hash.
    let blocked = context.blocked;
    if !blocked.is_empty() && blocked.contains_hash(certificate.spki_sha256()) {
        refuse(
            "blocked-key",
            "the key is blocked, since others are known to have it: make a new one".to_owned(),
        );
    }
    for name in certificate.sans() {
        let ruling = profile.ruling_on_name(name);
        if !ruling.allowed {
            refuse(
                "name",
                format!(
                    "the {} name `{name}` is not allowed by the profile ({})",
                    name.kind(),
                    ruling.rule()
                ),
            );
        }
    }
    judge_subject(certificate.subject(), profile, &mut refuse);
    let usages = certificate.extended_key_usage().unwrap_or_default();
    if usages != profile.extended_key_usage() {
        refuse(
            "extended-key-usage",
            format!(
                "the extended key usage is not that of {} certificate",
                a(role)
            ),
        );
    }
    if certificate.is_ca() != role.is_ca() {
        refuse(
            "basic-constraints",
            format!(
                "{} certificate {} a CA",
                a(role),
                if role.is_ca() { "is" } else { "is not" }
            ),
        );
    }
    let path_len = certificate.basic_constraints().and_then(|it| it.path_len);
    if path_len != profile.path_len().map(u32::from) {
        refuse(
            "path-length",
            "the path length is not that of the profile".to_owned(),
        );
    }
    judge_name_constraints(certificate, profile, &mut refuse);
    judge_validity(certificate, profile, now, &mut refuse);
    if issuers.is_empty() && !certificate.is_self_issued() {
        refuse("issuer", "a root names itself as its issuer".to_owned());
    }
    judge_issuers(certificate, issuers, &mut refuse);
    findings
}

/// What the profile constrains is in the certificate, critical, and nothing else is.
fn judge_name_constraints(
    certificate: &Certificate,
    profile: &Profile,
    refuse: &mut impl FnMut(&'static str, String),
) {
    let constraints = &profile.name_constraints;
    let is_right = match certificate.extension(ID_CE_NAME_CONSTRAINTS) {
        None => constraints.is_empty(),
        Some(found) => {
            found.critical
                && !constraints.is_empty()
                && name_constraints_der(constraints).is_ok_and(|der| der == found.value)
        }
    };
    if !is_right {
        refuse(
            "name-constraints",
            "the name constraints are not those of the profile".to_owned(),
        );
    }
}

fn judge_validity(
    certificate: &Certificate,
    profile: &Profile,
    now: OffsetDateTime,
    refuse: &mut impl FnMut(&'static str, String),
) {
    let period = certificate.not_after() - certificate.not_before() + Duration::SECOND;
    let (shortest, longest) = (profile.validity.min, profile.validity.max);
    let ruling = profile.ruling_on_validity(period.try_into().unwrap_or_default());
    if !ruling.allowed {
        refuse(
            "life",
            format!(
                "a validity period of {} is outside the profile's {} to {}",
                span(period.unsigned_abs()),
                span(shortest),
                span(longest)
            ),
        );
        // Where it begins and ends follows from that.
        return;
    }
    if certificate.not_before() > now || certificate.not_after() < now {
        refuse(
            "validity",
            "the certificate would not be valid now".to_owned(),
        );
    }
    if now - certificate.not_before() > profile.backdate_for(period) + Duration::SECOND {
        refuse(
            "backdate",
            "the certificate would begin too far in the past".to_owned(),
        );
    }
}

/// The role in words, before "certificate".
fn a(role: Role) -> &'static str {
    match role {
        Role::Client => "a client",
        Role::IssuingCa => "an issuing CA's",
        Role::OcspResponder => "an OCSP responder's",
        Role::Root => "a root",
        Role::Server => "a server",
    }
}
