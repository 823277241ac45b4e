//! OCSP with OpenSSL on the other side: its responder answers our questions, and its client asks our responder.

use std::fs;

use anyhow::{Context, Result, bail};
use pki_core::ocsp::{
    CertIdHash, IncomingRequest, Nonce, OcspRequest, OcspResponder, OcspStatus, OcspValidity,
};
use pki_core::verify::RevocationReason;
use pki_core::{Authority, CertificateParameters, KeyKind, KeyPair, Profile, certificate_pem};
use suite::process;
use time::macros::{datetime, format_description};
use time::{Duration, OffsetDateTime};
use x509_identity::{Certificate, DistinguishedName};

use crate::report::group::OCSP as GROUP;
use crate::report::{Report, Verdict};
use crate::workbench::Bench;

pub(crate) fn check(bench: &Bench<'_>, report: &mut Report) {
    let world = match World::make(bench) {
        Ok(world) => world,
        Err(error) => {
            report.push(GROUP, RESPONDER, "set-up", Verdict::Accepted, Err(error));
            return;
        }
    };
    let delegated = |signer| {
        if signer == "ca" {
            "the CA"
        } else {
            "a delegate"
        }
    };
    for signer in ["ca", "responder", "client"] {
        for (certificate, status) in [
            (&world.good, OcspStatus::Good),
            (&world.revoked, REVOKED),
            (&world.unknown, OcspStatus::Unknown),
        ] {
            let (by, expected) = match signer {
                "client" => ("a certificate that is no responder's", Verdict::Refused),
                signer => (delegated(signer), Verdict::Accepted),
            };
            let case = format!("{} by {by}", name_of(status));
            let seen = world.ask_openssl(bench, certificate, signer, status);
            report.push(GROUP, RESPONDER, &case, expected, seen);
            let seen = world.answer_openssl(bench, certificate, signer, status);
            report.push(GROUP, CLIENT, &case, expected, seen);
        }
    }
}

/// A CA, a responder that it appointed, and three clients, as files for openssl.
struct World {
    root: Authority,
    responder: Certificate,
    key: KeyPair,
    good: Certificate,
    revoked: Certificate,
    unknown: Certificate,
    now: OffsetDateTime,
}

impl World {
    fn make(bench: &Bench<'_>) -> Result<Self> {
        let now = OffsetDateTime::now_utc();
        let root_key = KeyPair::generate(KeyKind::P256)?;
        fs::write(
            bench.scratch("ocsp-ca.key"),
            root_key.secret_pkcs8_pem().as_bytes(),
        )?;
        let root = Authority::root(name("ca")?, root_key, &Profile::root(), now)?;
        let key = KeyPair::generate(KeyKind::P256)?;
        let issue = |common_name: &str, profile: &Profile| -> Result<Certificate> {
            let request = CertificateParameters::for_key(key.public_key_der(), name(common_name)?);
            let issued = root.issue(&request, profile, now)?;
            Ok(issued.certificate().clone())
        };
        let responder = issue("responder", &Profile::ocsp_responder())?;
        let client = |common_name| issue(common_name, &Profile::client());
        let (good, revoked, unknown) = (client("good")?, client("revoked")?, client("unknown")?);
        for (file, certificate) in [
            ("ca", root.certificate()),
            ("responder", &responder),
            ("client", &good),
            ("good", &good),
            ("revoked", &revoked),
            ("unknown", &unknown),
        ] {
            let path = bench.scratch(&format!("ocsp-{file}.crt"));
            fs::write(path, certificate_pem(certificate))?;
        }
        for file in ["responder", "client"] {
            let path = bench.scratch(&format!("ocsp-{file}.key"));
            fs::write(path, key.secret_pkcs8_pem().as_bytes())?;
        }
        let index = index_line(&good, "")? + &index_line(&revoked, REVOKED_IN_INDEX)?;
        fs::write(bench.scratch("ocsp-index.txt"), index)?;
        Ok(Self {
            root,
            responder,
            key,
            good,
            revoked,
            unknown,
            now,
        })
    }

    /// Our question to OpenSSL's responder, which signs as `signer`.
    fn ask_openssl(
        &self,
        bench: &Bench<'_>,
        certificate: &Certificate,
        signer: &str,
        expected: OcspStatus,
    ) -> Result<(Verdict, String)> {
        let mut evidence = String::new();
        for hash in [CertIdHash::Sha1, CertIdHash::Sha256] {
            let question = OcspRequest::for_certificate(certificate, self.root.certificate())
                .hash(hash)
                .nonce(Nonce::random());
            fs::write(bench.scratch("ocsp-request.der"), question.to_der()?)?;
            let file = |name: &str| bench.scratch(name).to_string_lossy().into_owned();
            let said = process::run(
                bench.peers.command("openssl").args([
                    "ocsp",
                    "-index",
                    &file("ocsp-index.txt"),
                    "-CA",
                    &file("ocsp-ca.crt"),
                    "-rsigner",
                    &file(&format!("ocsp-{signer}.crt")),
                    "-rkey",
                    &file(&format!("ocsp-{signer}.key")),
                    "-ndays",
                    "1",
                    "-reqin",
                    &file("ocsp-request.der"),
                    "-respout",
                    &file("ocsp-response.der"),
                ]),
                None,
            )?;
            if !said.success() {
                bail!("openssl ocsp: {}", said.reason());
            }
            let response = fs::read(bench.scratch("ocsp-response.der"))?;
            // OpenSSL dates its answer by its own clock, a moment after ours.
            match question.verify(&response, OffsetDateTime::now_utc()) {
                Ok(answer) if answer.status() == expected => {
                    evidence = format!("{:?}", answer.status());
                }
                Ok(answer) => bail!("our client understood {:?}", answer.status()),
                Err(error) => {
                    let error = anyhow::Error::from(error);
                    return Ok((Verdict::Refused, format!("{error:#}")));
                }
            }
        }
        Ok((Verdict::Accepted, evidence))
    }

    /// OpenSSL's question to our responder, which signs as `signer`.
    fn answer_openssl(
        &self,
        bench: &Bench<'_>,
        certificate: &Certificate,
        signer: &str,
        status: OcspStatus,
    ) -> Result<(Verdict, String)> {
        let file = |name: &str| bench.scratch(name).to_string_lossy().into_owned();
        let (ca, subject) = (
            file("ocsp-ca.crt"),
            file(&format!("ocsp-{}.crt", name_of(status))),
        );
        let request = file("ocsp-their-request.der");
        let asked = process::run(
            bench.peers.command("openssl").args([
                "ocsp", "-issuer", &ca, "-cert", &subject, "-reqout", &request,
            ]),
            None,
        )?;
        if !asked.success() {
            bail!("openssl ocsp: {}", asked.reason());
        }
        let issuer = self.root.certificate();
        let responder = match signer {
            "ca" => OcspResponder::authority(&self.root),
            "responder" => OcspResponder::delegate(issuer, &self.responder, &self.key),
            _ => OcspResponder::delegate(issuer, &self.good, &self.key),
        };
        let validity = OcspValidity {
            this_update: self.now,
            next_update: Some(self.now + Duration::DAY),
        };
        let request_der = fs::read(&request).context("reading the request of openssl")?;
        let request_read = IncomingRequest::from_der(&request_der)?;
        // About any other number it would hear what it does not expect.
        let of = |serial| match serial == *certificate.serial() {
            true => status,
            false => OTHER,
        };
        let statuses: Vec<_> = request_read.serials().map(of).collect();
        let response = responder.respond(&request_read, &statuses, validity, self.now)?;
        let our_response = file("ocsp-our-response.der");
        fs::write(&our_response, response)?;
        let verify = |about: &[&str]| {
            let mut command = bench.peers.command("openssl");
            // A CA does not send its own certificate along.
            command.args([
                "ocsp",
                "-respin",
                &our_response,
                "-CAfile",
                &ca,
                "-verify_other",
                &ca,
            ]);
            process::run(command.args(about), None)
        };
        // It judges the nonce with its own request at hand, and tells the status of a certificate without.
        for about in [
            &["-reqin", &request][..],
            &["-no_nonce", "-issuer", &ca, "-cert", &subject],
        ] {
            let said = verify(about)?;
            let text = format!("{}{}", said.stdout, said.stderr);
            let status = format!("ocsp-{name}.crt: {name}", name = name_of(status));
            if text.contains("Response Verify Failure") {
                return Ok((Verdict::Refused, said.reason()));
            }
            let understood = about.contains(&"-reqin") || text.contains(&status);
            if !text.contains("Response verify OK") || !understood {
                bail!("openssl ocsp: {text}");
            }
        }
        Ok((Verdict::Accepted, name_of(status).to_owned()))
    }
}

/// A line of the database that `openssl ca` keeps.
fn index_line(certificate: &Certificate, revoked: &str) -> Result<String> {
    let format = format_description!("[year repr:last_two][month][day][hour][minute][second]Z");
    let ends = certificate.not_after().format(format)?;
    let flag = if revoked.is_empty() { "V" } else { "R" };
    let (serial, subject) = (certificate.serial(), certificate.subject());
    Ok(format!(
        "{flag}\t{ends}\t{revoked}\t{serial}\tunknown\t/{subject}\n"
    ))
}

fn name(common_name: &str) -> Result<DistinguishedName> {
    Ok(DistinguishedName::builder()
        .common_name(common_name)
        .build()?)
}

fn name_of(status: OcspStatus) -> &'static str {
    match status {
        OcspStatus::Good => "good",
        OcspStatus::Revoked { .. } => "revoked",
        OcspStatus::Unknown => "unknown",
    }
}

const REVOKED: OcspStatus = OcspStatus::Revoked {
    date: datetime!(2025-11-01 10:00 UTC),
    reason: RevocationReason::KeyCompromise,
};

/// The same, as the database has it.
const REVOKED_IN_INDEX: &str = "251101100000Z,keyCompromise";

/// Neither good nor unknown, and not revoked for that reason.
const OTHER: OcspStatus = OcspStatus::Revoked {
    date: OffsetDateTime::UNIX_EPOCH,
    reason: RevocationReason::CertificateHold,
};
const RESPONDER: &str = "openssl ocsp answers our client";
const CLIENT: &str = "openssl ocsp asks our responder";
