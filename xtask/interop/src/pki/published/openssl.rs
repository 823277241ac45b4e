//! openssl: its OCSP client, and its verification with CRLs; curl fetches what it does not fetch itself.

use std::fs;
use std::process::Command;

use anyhow::{Result, bail, ensure};
use suite::process;

use super::ca::{Ca, GOOD, REVOKED, UNKNOWN};
use super::fetch::fetch;
use crate::report::group::PUBLISHED as GROUP;
use crate::report::{Report, Verdict};
use crate::workbench::Bench;

pub(super) fn check(bench: &Bench<'_>, ca: &Ca, report: &mut Report) {
    for (client, expected) in [
        (GOOD, Verdict::Accepted),
        (REVOKED, Verdict::Refused),
        (UNKNOWN, Verdict::Refused),
    ] {
        for (how, options) in [
            ("with a nonce", &[][..]),
            ("without a nonce", &["-no_nonce"]),
            ("SHA-256", &["-sha256"]),
        ] {
            let case = format!("{client}, {how}");
            let seen = ask(bench, ca, client, options);
            report.push(GROUP, "openssl ocsp", &case, expected, seen);
        }
        let case = format!("{client}, GET by curl");
        let seen = ask_by_get(bench, ca, client);
        report.push(GROUP, "openssl ocsp", &case, expected, seen);
    }
    let seen = about_issuing_ca(bench, ca);
    report.push(
        GROUP,
        "openssl ocsp",
        "the issuing CA",
        Verdict::Accepted,
        seen,
    );
    for (client, expected) in [(GOOD, Verdict::Accepted), (REVOKED, Verdict::Refused)] {
        let seen = verify(bench, ca, client);
        report.push(
            GROUP,
            "openssl verify -crl_check_all",
            client,
            expected,
            seen,
        );
    }
    let seen = compare_certificates(bench, ca);
    report.push(
        GROUP,
        "curl",
        "/ca/default-issuing.crt",
        Verdict::Accepted,
        seen,
    );
}

/// What openssl says of a client whose status it asks for.
fn ask(bench: &Bench<'_>, ca: &Ca, client: &str, options: &[&str]) -> Result<(Verdict, String)> {
    let certificate = ca.arg(&format!("{client}/client.crt"));
    let mut openssl = bench.peers.command("openssl");
    openssl.arg("ocsp");
    // The hash is that of the certificates behind it.
    openssl.args(options.iter().filter(|option| option.starts_with("-sha")));
    openssl
        .args(["-issuer", &ca.ca_arg("issuing.crt"), "-cert", &certificate])
        .args(["-url", &ca.url("/ocsp"), "-CAfile", &ca.ca_arg("root.crt")])
        .args(["-verify_other", &ca.ca_arg("issuing.crt")])
        .args(options.iter().filter(|option| !option.starts_with("-sha")));
    understood(&mut openssl, &certificate, client)
}

fn ask_by_get(bench: &Bench<'_>, ca: &Ca, client: &str) -> Result<(Verdict, String)> {
    let certificate = ca.arg(&format!("{client}/client.crt"));
    let file = |name: &str| bench.scratch(name).to_string_lossy().into_owned();
    let (request, base64) = (file("published-request.der"), file("published-request.b64"));
    let issuer = ca.ca_arg("issuing.crt");
    run(bench.peers.command("openssl").args([
        "ocsp",
        "-issuer",
        &issuer,
        "-cert",
        &certificate,
        "-no_nonce",
        "-reqout",
        &request,
    ]))?;
    run(bench
        .peers
        .command("openssl")
        .args(["base64", "-A", "-in", &request, "-out", &base64]))?;
    let encoded = fs::read_to_string(&base64)?;
    let encoded = encoded.trim().replace('+', "%2B").replace('=', "%3D");
    let response = file("published-response.der");
    let headers = run(bench.peers.command("curl").args([
        "--silent",
        "--fail",
        "--dump-header",
        "-",
        "--output",
        &response,
        &ca.url(&format!("/ocsp/{encoded}")),
    ]))?;
    let headers = headers.to_ascii_lowercase();
    for field in [
        "content-type: application/ocsp-response",
        "cache-control: public",
        "etag:",
    ] {
        ensure!(
            headers.contains(field),
            "the response has no `{field}`: {headers}"
        );
    }
    let mut openssl = bench.peers.command("openssl");
    openssl.args([
        "ocsp",
        "-respin",
        &response,
        "-no_nonce",
        "-issuer",
        &issuer,
        "-cert",
        &certificate,
        "-CAfile",
        &ca.ca_arg("root.crt"),
        "-verify_other",
        &issuer,
    ]);
    understood(&mut openssl, &certificate, client)
}

fn about_issuing_ca(bench: &Bench<'_>, ca: &Ca) -> Result<(Verdict, String)> {
    let (root, issuing) = (ca.ca_arg("root.crt"), ca.ca_arg("issuing.crt"));
    let mut openssl = bench.peers.command("openssl");
    openssl
        .args(["ocsp", "-issuer", &root, "-cert", &issuing])
        .args(["-url", &ca.url("/ocsp"), "-CAfile", &root]);
    understood(&mut openssl, &issuing, GOOD)
}

fn understood(openssl: &mut Command, certificate: &str, status: &str) -> Result<(Verdict, String)> {
    let said = process::run(openssl, None)?;
    let text = format!("{}{}", said.stdout, said.stderr);
    if !text.contains("Response verify OK") || !text.contains(&format!("{certificate}: {status}")) {
        bail!("openssl ocsp: {text}");
    }
    let verdict = match status {
        GOOD => Verdict::Accepted,
        _ => Verdict::Refused,
    };
    Ok((verdict, status.to_owned()))
}

fn verify(bench: &Bench<'_>, ca: &Ca, client: &str) -> Result<(Verdict, String)> {
    let crls = bench.scratch("published-crls.pem");
    fetch(bench, &ca.url("/crl/all.pem"), &crls)?;
    let said = process::run(
        bench.peers.command("openssl").args([
            "verify",
            "-crl_check_all",
            "-x509_strict",
            "-CAfile",
            &ca.ca_arg("root.crt"),
            "-untrusted",
            &ca.ca_arg("issuing.crt"),
            "-CRLfile",
            &crls.to_string_lossy(),
            &ca.arg(&format!("{client}/client.crt")),
        ]),
        None,
    )?;
    let text = format!("{}{}", said.stdout, said.stderr);
    match (said.success(), text.contains("certificate revoked")) {
        (true, false) => Ok((Verdict::Accepted, text)),
        (false, true) => Ok((Verdict::Refused, "certificate revoked".to_owned())),
        _ => bail!("openssl verify: {text}"),
    }
}

/// The issuing CA's certificate, as whoever builds a chain fetches it, and its own CRL by the name in certificates.
fn compare_certificates(bench: &Bench<'_>, ca: &Ca) -> Result<(Verdict, String)> {
    let der = bench.scratch("published-issuing.crt");
    fetch(bench, &ca.url("/ca/default-issuing.crt"), &der)?;
    let print = |form: &str, file: &str| {
        run(bench.peers.command("openssl").args([
            "x509",
            "-inform",
            form,
            "-in",
            file,
            "-noout",
            "-fingerprint",
            "-sha256",
        ]))
    };
    let (published, own) = (
        print("DER", &der.to_string_lossy())?,
        print("PEM", &ca.ca_arg("issuing.crt"))?,
    );
    ensure!(published == own, "{published} is not {own}");
    Ok((Verdict::Accepted, published))
}

fn run(command: &mut Command) -> Result<String> {
    let said = process::run(command, None)?;
    let name = command.get_program().to_string_lossy().into_owned();
    ensure!(said.success(), "{name}: {}", said.reason());
    Ok(said.stdout)
}
