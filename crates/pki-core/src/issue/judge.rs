//! The judge: policy and lint, on exactly the bytes that will be signed.

use const_oid::db::rfc4519::COMMON_NAME;
use der::asn1::{AnyRef, BitString};
use der::{Decode, Encode, Sequence};
use spki::AlgorithmIdentifierOwned;
use time::{Duration, OffsetDateTime};
use x509_identity::{Certificate, DistinguishedName, SubjectAltName};

use super::IssueError;
use crate::lint::{Finding, Severity, lint};
use crate::{KeyKind, Profile, Role, SignatureAlgorithm};

/// A to-be-signed certificate that was judged and may be signed, once.
///
/// Only [`judge`] makes one and only [`sealed`](Self::sealed) uses it up, so no path to a signature
/// leads around the policy, and what is signed is what was judged.
pub(super) struct Approved {
    tbs: Vec<u8>,
    algorithm: SignatureAlgorithm,
}

impl Approved {
    /// The bytes to sign.
    pub(super) fn message(&self) -> &[u8] {
        &self.tbs
    }

    /// The certificate: these bytes with this signature.
    pub(super) fn sealed(self, signature: &[u8]) -> Result<Vec<u8>, IssueError> {
        seal(&self.tbs, self.algorithm, signature)
    }
}

/// Judges `tbs` by the profile and by the lint rules; `issuer` is `None` for a root.
pub(super) fn judge(
    tbs: Vec<u8>,
    profile: &Profile,
    issuer: Option<&Certificate>,
    algorithm: SignatureAlgorithm,
    now: OffsetDateTime,
) -> Result<Approved, IssueError> {
    // Relying parties will read these bytes with this parser: so does the judge.
    let unsigned = seal(&tbs, algorithm, &[])?;
    let certificate = Certificate::from_der(&unsigned).map_err(IssueError::encode)?;

    if let Some(issuer) = issuer
        && certificate.not_after() > issuer.not_after()
    {
        return Err(IssueError::OutlivesIssuer {
            leaf: certificate.not_after(),
            issuer: issuer.not_after(),
        });
    }
    let mut findings = policy(&certificate, profile, issuer, now);
    findings.extend(
        lint(&certificate)
            .into_iter()
            .filter(|finding| finding.severity == Severity::Error),
    );
    if findings.is_empty() {
        Ok(Approved { tbs, algorithm })
    } else {
        Err(IssueError::Refused(findings))
    }
}

/// What this profile and this issuer ask for, beyond what every certificate has to be.
fn policy(
    certificate: &Certificate,
    profile: &Profile,
    issuer: Option<&Certificate>,
    now: OffsetDateTime,
) -> Vec<Finding> {
    let mut findings = Vec::new();
    let mut refuse = |rule, sentence: String| findings.push(Finding::policy(rule, sentence));
    let role = profile.role;
    let algorithm = certificate.public_key_algorithm();

    match KeyKind::of_public_key(algorithm) {
        Some(kind) if profile.keys.contains(&kind) => {
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
    for name in certificate
        .sans()
        .iter()
        .filter(|name| !profile.names.allow(name))
    {
        refuse(
            "name",
            format!(
                "the {} name `{name}` is not allowed by the profile",
                name.kind()
            ),
        );
    }
    judge_subject(certificate.subject(), profile, &mut refuse);
    let usages = certificate.extended_key_usage().map(<[_]>::to_vec);
    if usages != role.extended_key_usage().map(|usage| vec![usage]) {
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
    judge_validity(certificate, profile, now, &mut refuse);
    match issuer {
        Some(issuer) => judge_issuer(certificate, issuer, &mut refuse),
        None if certificate.is_self_issued() => {}
        None => refuse("issuer", "a root names itself as its issuer".to_owned()),
    }
    if role == Role::Server {
        judge_server_names(certificate, &mut refuse);
    }
    findings
}

fn judge_validity(
    certificate: &Certificate,
    profile: &Profile,
    now: OffsetDateTime,
    refuse: &mut impl FnMut(&'static str, String),
) {
    let period = certificate.not_after() - certificate.not_before() + Duration::SECOND;
    let (shortest, longest) = (profile.validity.min, profile.validity.max);
    if period < shortest || period > longest {
        refuse(
            "life",
            format!(
                "a validity period of {} is outside the profile's {} to {}",
                humantime_serde::re::humantime::format_duration(period.unsigned_abs()),
                humantime_serde::re::humantime::format_duration(shortest),
                humantime_serde::re::humantime::format_duration(longest)
            ),
        );
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

fn judge_issuer(
    certificate: &Certificate,
    issuer: &Certificate,
    refuse: &mut impl FnMut(&'static str, String),
) {
    if certificate.issuer_der() != issuer.subject_der() {
        refuse(
            "issuer",
            "the issuer's name is not the authority's".to_owned(),
        );
    }
    if certificate.authority_key_id() != issuer.subject_key_id() {
        refuse(
            "authority-key-id",
            "the authority key identifier is not the authority's".to_owned(),
        );
    }
    if certificate.is_ca() && certificate.subject_der() == issuer.subject_der() {
        refuse(
            "subject",
            "a CA below another needs a name of its own".to_owned(),
        );
    }
    let may_follow = issuer
        .basic_constraints()
        .and_then(|constraints| constraints.path_len);
    if certificate.is_ca() && may_follow == Some(0) {
        refuse(
            "path-length",
            "the authority may not sign CA certificates (pathLen 0)".to_owned(),
        );
    }
}

/// RFC 9525: a server is its alternative names; a CN, for readers, repeats one of them.
fn judge_server_names(certificate: &Certificate, refuse: &mut impl FnMut(&'static str, String)) {
    // All of them: readers differ in which one they take.
    for name in certificate.subject().texts(COMMON_NAME) {
        let repeats = certificate.sans().iter().any(|san| match san {
            SubjectAltName::Dns(dns) => dns.eq_ignore_ascii_case(name),
            SubjectAltName::Ip(address) => name.parse() == Ok(*address),
            _ => false,
        });
        if !repeats {
            refuse(
                "common-name",
                format!("the common name `{name}` is not among the alternative names"),
            );
        }
    }
}

/// The subject is free text, within bounds: what RFC 5280 A.1 has room for, on one line, in attributes
/// that have a name. An email address in it is a name like any other.
fn judge_subject(
    subject: &DistinguishedName,
    profile: &Profile,
    refuse: &mut impl FnMut(&'static str, String),
) {
    for attribute in subject.attributes() {
        let kind = attribute.short_name();
        let (Some(kind), Some(text)) = (kind, attribute.text()) else {
            refuse(
                "subject-attribute",
                format!("`{attribute}` in the subject is not certified"),
            );
            continue;
        };
        if text.is_empty() || text.chars().any(char::is_control) {
            refuse(
                "subject-text",
                format!("{kind} in the subject is empty or contains a control character"),
            );
        }
        // ub-common-name and its like are 64; the longer ones are for postal addresses.
        let most = if matches!(kind, "CN" | "O" | "OU") {
            64
        } else {
            256
        };
        if text.chars().nth(most).is_some() {
            refuse(
                "subject-length",
                format!("{kind} in the subject is longer than {most} characters"),
            );
        }
        if matches!(kind, "emailAddress" | "mail")
            && !profile.role.is_ca()
            && !profile.names.allow(&SubjectAltName::Email(text.to_owned()))
        {
            refuse(
                "name",
                format!("the email address `{attribute}` is not allowed by the profile"),
            );
        }
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

/// `Certificate` (RFC 5280 section 4.1), around bytes that stay as they are.
#[derive(Sequence)]
struct SealedCertificate<'a> {
    tbs: AnyRef<'a>,
    algorithm: AlgorithmIdentifierOwned,
    signature: BitString,
}

fn seal(
    tbs: &[u8],
    algorithm: SignatureAlgorithm,
    signature: &[u8],
) -> Result<Vec<u8>, IssueError> {
    let sealed = SealedCertificate {
        tbs: AnyRef::from_der(tbs).map_err(IssueError::encode)?,
        algorithm: algorithm.identifier(),
        signature: BitString::from_bytes(signature).map_err(IssueError::encode)?,
    };
    sealed.to_der().map_err(IssueError::encode)
}
