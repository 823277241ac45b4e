//! Certificates of random policies: whatever a profile allows, no linter minds.

use std::collections::BTreeMap;

use anyhow::{Context, Result};
use pki_core::{
    AllowedNames, AllowedSubject, CertificateParameters, KeyKind, Profile, ValidityLimits,
};
use x509_identity::{DistinguishedName, SubjectAltName};

use crate::judges::{Judges, Subject};
use crate::pki::Role;
use crate::random::Random;

/// What was said about certificates that nobody should mind.
#[derive(Default)]
pub(crate) struct Good {
    pub(crate) looked_at: usize,
    /// How many OpenSSL was asked about, which does not know every key.
    pub(crate) by_openssl: usize,
    /// Findings that are known, with how often they came.
    pub(crate) named: BTreeMap<&'static str, usize>,
    pub(crate) unexpected: Vec<String>,
}

/// A finding of pkilint that is none.
pub(crate) struct Known {
    pub(crate) code: &'static str,
    /// In its message.
    pub(crate) about: &'static str,
    pub(crate) why: &'static str,
}

pub(crate) const NAMED: &[Known] = &[
    Known {
        code: "pkix.invalid_domain_name_syntax",
        about: "\"localhost\"",
        why: "`localhost` has one label, which RFC 1034 3.5 allows and clients accept",
    },
    Known {
        code: "pkix.invalid_domain_name_syntax",
        about: "\"*.",
        why: "a wildcard, which RFC 5280 4.2.1.6 leaves to the programs that use it (RFC 9525 6.3)",
    },
    Known {
        code: "pkix.invalid_uri_syntax",
        about: "\"urn:",
        why: "a URN, which has no authority, and needs none (RFC 5280 4.2.1.6)",
    },
    Known {
        code: "pkix.invalid_uri_syntax",
        about: "\"spiffe://",
        why: "a `spiffe://` URI, whose authority is a trust domain and no host",
    },
];

impl Good {
    pub(crate) fn summary(&self) -> String {
        let named: Vec<_> = self
            .named
            .iter()
            .map(|(about, count)| format!("`{about}` {count} times"))
            .collect();
        format!(
            "{} certificates of random policies ({} of them also by OpenSSL): {} with an unexpected finding; known findings about {}",
            self.looked_at,
            self.by_openssl,
            self.unexpected.len(),
            if named.is_empty() {
                "none".to_owned()
            } else {
                named.join(", ")
            }
        )
    }
}

pub(crate) fn check(judges: &Judges<'_>, random: &mut Random, count: usize) -> Result<Good> {
    let subjects = (0..count).map(|_| any(judges, random));
    let subjects: Vec<Subject> = subjects.collect::<Result<_>>()?;
    let mut good = Good {
        looked_at: subjects.len(),
        by_openssl: subjects.iter().filter(|it| it.for_openssl).count(),
        ..Good::default()
    };
    for (subject, verdicts) in subjects.iter().zip(judges.verdicts(&subjects)?) {
        for finding in verdicts.pkilint {
            let is_known =
                |known: &&Known| finding.starts_with(known.code) && finding.contains(known.about);
            match NAMED.iter().find(is_known) {
                Some(known) => *good.named.entry(known.about).or_default() += 1,
                None => good
                    .unexpected
                    .push(format!("pkilint, {:?}: {finding}", subject.role)),
            }
        }
        for (linter, findings) in [("ours", verdicts.ours), ("openssl", verdicts.openssl)] {
            let role = subject.role;
            let findings = findings.into_iter();
            good.unexpected
                .extend(findings.map(|it| format!("{linter}, {role:?}: {it}")));
        }
    }
    Ok(good)
}

/// A certificate of any role, key, names, validity and pointers, within the rules of its kind.
fn any(judges: &Judges<'_>, random: &mut Random) -> Result<Subject> {
    let role = *random.one_of(&[
        Role::Issuing,
        Role::Server,
        Role::Client,
        Role::Client,
        Role::Responder,
    ]);
    let key = judges.pki.any_key(random);
    let days = u32::try_from(1 + random.below(90))?;
    let base = match role {
        Role::Issuing => Profile::issuing_ca(),
        Role::Server => Profile::server(),
        Role::Responder => Profile::ocsp_responder(),
        _ => Profile::client(),
    };
    let mut profile = base
        .with_keys(KeyKind::ALL)
        .with_subject(AllowedSubject::any())
        .with_validity(ValidityLimits::days(0, days, 398));
    if matches!(role, Role::Client | Role::Server) {
        profile.names = AllowedNames::any();
    }
    if random.once_in(2) {
        profile.crl_distribution_points =
            vec![format!("http://ca.example.org/{}.crl", random.below(9))];
    }
    if random.once_in(2) {
        profile.ocsp = vec!["http://ca.example.org/ocsp".to_owned()];
    }
    if random.once_in(2) {
        profile.ca_issuers = vec!["http://ca.example.org/ca.crt".to_owned()];
    }
    if role == Role::Issuing {
        profile.path_length = Some(u8::try_from(random.below(3))?);
        if random.once_in(2) {
            profile.name_constraints.permitted.dns = vec!["example.org".parse()?];
            profile.name_constraints.excluded.ip = vec!["10.0.0.0/8".parse()?];
        }
    }
    let sans = sans(role, random);
    let subject = subject(role, &sans, random)?;
    let parameters = CertificateParameters::for_key(key.public_key_der(), subject).sans(sans);
    let issued = judges.pki.root.issue(&parameters, &profile, judges.pki.now);
    let issued = issued.with_context(|| format!("{parameters:?}"))?;
    Ok(Subject {
        role,
        der: issued.certificate().der().to_vec(),
        for_openssl: !key.kind().is_ml_dsa(),
    })
}

fn sans(role: Role, random: &mut Random) -> Vec<SubjectAltName> {
    let dns = |name: &str| SubjectAltName::Dns(name.to_owned());
    let hosts = [
        dns("a.example.org"),
        dns("*.example.org"),
        dns("xn--bcher-kva.example"),
        dns("localhost"),
        SubjectAltName::Ip([192, 0, 2, 7].into()),
        SubjectAltName::Ip(std::net::Ipv6Addr::LOCALHOST.into()),
    ];
    let others = [
        SubjectAltName::Email("alice@example.org".to_owned()),
        SubjectAltName::Uri("spiffe://example.org/ns/web".to_owned()),
        SubjectAltName::Uri("https://example.org/device/7".to_owned()),
        SubjectAltName::Uri("urn:uuid:6a1c1f0e-54b5-4f2c-9c1c-4f0c7a4d9a10".to_owned()),
    ];
    match role {
        Role::Server => vec![
            random.one_of(&hosts[..3]).clone(),
            random.one_of(&hosts).clone(),
        ],
        Role::Client => vec![random.one_of(&[&hosts[..], &others[..]].concat()).clone()],
        _ => Vec::new(),
    }
}

fn subject(role: Role, sans: &[SubjectAltName], random: &mut Random) -> Result<DistinguishedName> {
    let mut name = DistinguishedName::builder();
    let may_be_empty = matches!(role, Role::Client | Role::Server);
    if may_be_empty && random.once_in(3) {
        return Ok(name.build()?);
    }
    if random.once_in(2) {
        name = name.country(*random.one_of(&["DE", "US", "JP"]));
    }
    if random.once_in(2) {
        name = name.state("Bayern").locality("Nürnberg");
    }
    name = name.organization(*random.one_of(&["Example", "Bücher GmbH", "a & b", "株式会社"]));
    if random.once_in(2) {
        name = name.organizational_unit("Ops");
    }
    let common_name = match sans.first() {
        Some(san) if role == Role::Server => san.to_string(),
        _ => (*random.one_of(&["Alice", "sensor 7", "Größe", "日本"])).to_owned(),
    };
    Ok(name.common_name(&common_name).build()?)
}
