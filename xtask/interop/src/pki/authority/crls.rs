//! CRLs: their signature, and what they say of a client.

use std::fs;

use anyhow::Result;
use pki_core::verify::RevocationReason;
use pki_core::{CrlBuilder, CrlEntry, CrlScope, Profile, certificate_pem};
use time::{Duration, OffsetDateTime};

use super::ca::Ca;
use super::openssl::{openssl, verdict};
use crate::report::group::AUTHORITY as GROUP;
use crate::report::{Report, Verdict};
use crate::workbench::Bench;

pub(super) fn check(bench: &Bench<'_>, report: &mut Report) {
    for (case, by_issuer, expected) in [
        ("a CRL of its issuer", true, Verdict::Accepted),
        ("a CRL of a CA of the same name", false, Verdict::Refused),
    ] {
        let seen = verify_signature(bench, by_issuer);
        report.push(GROUP, "openssl crl -CAfile", case, expected, seen);
    }
    for (case, revoked, expected) in [
        ("a client that is not listed", false, Verdict::Accepted),
        ("a client that is listed", true, Verdict::Refused),
    ] {
        let seen = look_up(bench, revoked);
        report.push(GROUP, "openssl verify -crl_check_all", case, expected, seen);
    }
}

/// By OpenSSL's own check of a list of 10,000 entries, one for each reason in turn.
fn verify_signature(bench: &Bench<'_>, by_issuer: bool) -> Result<(Verdict, String)> {
    let now = OffsetDateTime::now_utc();
    let (own, other) = (Ca::make("crl", now)?, Ca::make("crl", now)?);
    let serial = |number: u32| {
        let octets = [&[0x40][..], &number.to_be_bytes()].concat();
        x509_identity::SerialNumber::from_be_bytes(&octets)
    };
    let mut crl = CrlBuilder::new(9, now, now + Duration::DAY)
        .distribution_point(URL, CrlScope::LeafCertificates);
    let entries = (0..10_000)
        .zip(REASONS.iter().cycle())
        .map(|(number, reason)| {
            Ok(CrlEntry {
                serial: serial(number)?,
                date: now - Duration::seconds(i64::from(number)),
                reason: *reason,
            })
        });
    crl.extend(entries.collect::<Result<Vec<_>>>()?);
    let signed = crl.sign(&own.issuing)?;
    let (file, ca) = (bench.scratch("list.crl"), bench.scratch("list-ca.crt"));
    fs::write(&file, signed.pem()?)?;
    let issuer = if by_issuer { &own } else { &other };
    fs::write(&ca, certificate_pem(issuer.issuing.certificate()))?;
    let said = openssl(
        bench,
        &[
            "crl",
            "-in",
            &file.to_string_lossy(),
            "-CAfile",
            &ca.to_string_lossy(),
            "-noout",
        ],
    )?;
    Ok(verdict(&said, "verify OK", "verify failure"))
}

/// A client's whole path with the CRLs of both CAs above it, each at a distribution point.
fn look_up(bench: &Bench<'_>, revoked: bool) -> Result<(Verdict, String)> {
    let now = OffsetDateTime::now_utc();
    let ca = Ca::make("crl", now)?;
    let mut profile = Profile::client();
    profile.crl_distribution_points = vec![URL.to_owned()];
    let client = ca.client(&profile, now)?;
    let of_leaves = CrlBuilder::new(1, now, now + Duration::DAY)
        .distribution_point(URL, CrlScope::LeafCertificates);
    let of_leaves = match revoked {
        true => of_leaves.revoke(client.serial().clone(), now, RevocationReason::Superseded),
        false => of_leaves,
    };
    let of_cas = CrlBuilder::new(1, now, now + Duration::DAY);
    let crls = of_leaves.sign(&ca.issuing)?.pem()? + &of_cas.sign(&ca.root)?.pem()?;
    let said = openssl(
        bench,
        &[
            "verify",
            "-x509_strict",
            "-crl_check_all",
            "-CRLfile",
            &bench.write("both.crl", crls)?,
            "-CAfile",
            &bench.write("crl-root.crt", certificate_pem(ca.root.certificate()))?,
            "-untrusted",
            &bench.write("crl-issuing.crt", certificate_pem(ca.issuing.certificate()))?,
            &bench.write("crl-client.crt", certificate_pem(&client))?,
        ],
    )?;
    Ok(verdict(&said, "crl-client.crt: OK", "certificate revoked"))
}

const URL: &str = "http://ca.example/crl/issuing-0.crl";

const REASONS: [RevocationReason; 4] = [
    RevocationReason::Unspecified,
    RevocationReason::KeyCompromise,
    RevocationReason::Superseded,
    RevocationReason::PrivilegeWithdrawn,
];
