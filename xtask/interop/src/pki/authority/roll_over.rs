//! From an old root to a new one: cross-certificates, and a CA's second certificate.

use std::fs;

use anyhow::Result;
use pki_core::{CertificateParameters, Profile, certificate_pem};
use time::OffsetDateTime;
use x509_identity::Certificate;

use super::ca::Ca;
use super::openssl::{openssl, verdict};
use crate::issued::certificates::pkilint;
use crate::report::group::AUTHORITY as GROUP;
use crate::report::{Report, Verdict};
use crate::workbench::Bench;

pub(super) fn check(bench: &Bench<'_>, report: &mut Report) {
    let world = match World::make() {
        Ok(world) => world,
        Err(error) => {
            report.push(GROUP, OPENSSL, "set-up", Verdict::Accepted, Err(error));
            return;
        }
    };
    let World { old, new, .. } = &world;
    let issuing = new.issuing.certificate();
    for (case, trusted, leads, expected) in [
        ("the new root", new, &[issuing][..], Verdict::Accepted),
        (
            "the old root, by NewWithOld",
            old,
            &[issuing, &world.new_with_old],
            Verdict::Accepted,
        ),
        ("the old root, without", old, &[issuing], Verdict::Refused),
        (
            "the new root, by a second certificate of the issuing CA",
            new,
            &[&world.second],
            Verdict::Accepted,
        ),
    ] {
        let case = format!("a new client below {case}");
        let seen = verify(bench, trusted.root.certificate(), leads, &world.client);
        report.push(GROUP, OPENSSL, &case, expected, seen);
    }
    for (case, certificate) in [
        ("NewWithOld", &world.new_with_old),
        ("a second certificate of a CA", &world.second),
    ] {
        let file = bench.scratch("cross.crt");
        let seen = fs::write(&file, certificate_pem(certificate))
            .map_err(Into::into)
            .and_then(|()| pkilint(bench, &file.to_string_lossy()));
        report.push(GROUP, "pkilint", case, Verdict::Accepted, seen);
    }
}

struct World {
    old: Ca,
    new: Ca,
    /// The new root's name and key, signed by the old root.
    new_with_old: Certificate,
    /// Of the new issuing CA.
    second: Certificate,
    client: Certificate,
}

impl World {
    fn make() -> Result<Self> {
        let now = OffsetDateTime::now_utc();
        let (old, new) = (Ca::make("old", now)?, Ca::make("new", now)?);
        let cross = CertificateParameters::for_ca(new.root.certificate());
        let cross = old.root.issue(&cross, &Profile::cross_certificate(), now)?;
        let second = CertificateParameters::for_ca(new.issuing.certificate());
        let second = new.root.issue(&second, &Profile::issuing_ca(), now)?;
        Ok(Self {
            new_with_old: cross.certificate().clone(),
            second: second.certificate().clone(),
            client: new.client(&Profile::client(), now)?,
            old,
            new,
        })
    }
}

fn verify(
    bench: &Bench<'_>,
    trusted: &Certificate,
    leads: &[&Certificate],
    client: &Certificate,
) -> Result<(Verdict, String)> {
    let write = |name: &str, certificates: &[&Certificate]| -> Result<String> {
        let text: String = certificates.iter().map(|it| certificate_pem(it)).collect();
        bench.write(name, text)
    };
    let said = openssl(
        bench,
        &[
            "verify",
            "-x509_strict",
            "-purpose",
            "sslclient",
            "-CAfile",
            &write("trusted.crt", &[trusted])?,
            "-untrusted",
            &write("leads.crt", leads)?,
            &write("new-client.crt", &[client])?,
        ],
    )?;
    Ok(verdict(
        &said,
        "new-client.crt: OK",
        "unable to get local issuer certificate",
    ))
}

const OPENSSL: &str = "openssl verify -x509_strict";
