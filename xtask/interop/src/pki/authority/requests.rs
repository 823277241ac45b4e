//! Certification requests, as `openssl req` reads them.

use std::fs;

use anyhow::Result;
use pki_core::{CertificateRequest, KeyKind, KeyPair};
use x509_identity::SubjectAltName;

use super::ca::name;
use super::openssl::{KINDS, openssl, verdict};
use crate::report::group::AUTHORITY as GROUP;
use crate::report::{Report, Verdict};
use crate::workbench::Bench;

pub(super) fn check(bench: &Bench<'_>, report: &mut Report) {
    for kind in KINDS {
        for (case, change, expected) in [
            ("a request", false, Verdict::Accepted),
            ("a request that was changed", true, Verdict::Refused),
        ] {
            let case = format!("{case}, {kind}");
            report.push(GROUP, SUBJECT, &case, expected, verify(bench, kind, change));
        }
    }
}

fn verify(bench: &Bench<'_>, kind: KeyKind, change: bool) -> Result<(Verdict, String)> {
    let key = KeyPair::generate(kind)?;
    let names = [
        SubjectAltName::Dns("api.example.org".to_owned()),
        SubjectAltName::Ip([127, 0, 0, 1].into()),
        SubjectAltName::Uri("spiffe://example.org/api".to_owned()),
    ];
    let request = CertificateRequest::build(&key, &name("api.example.org")?, &names)?;
    let mut der = request.der().to_vec();
    if change {
        // Its first octet that is the common name's, or the alternative name's.
        let at = der.windows(3).position(|part| part == b"api");
        der[at.unwrap_or_default()] = b'A';
    }
    let file = bench.scratch("request.der");
    fs::write(&file, der)?;
    let file = file.to_string_lossy();
    let said = openssl(
        bench,
        &[
            "req", "-verify", "-noout", "-text", "-inform", "DER", "-in", &file,
        ],
    )?;
    let (verdict, reason) = verdict(&said, "verify OK", "verify failure");
    let has_names = said
        .stdout
        .contains("DNS:api.example.org, IP Address:127.0.0.1, URI:spiffe://example.org/api");
    Ok(match verdict {
        Verdict::Accepted if !has_names => (Verdict::NotRun, said.stdout),
        other => (other, reason),
    })
}

const SUBJECT: &str = "openssl req -verify";
