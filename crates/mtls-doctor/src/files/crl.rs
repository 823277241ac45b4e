//! CRLs: fresh, of the right issuer, and whom they revoke.

use pki_core::{Crl, CrlScope};
use x509_identity::{Certificate, KeyUsageBit};

use crate::finding::Finding;
use crate::report::Report;
use crate::target::{Options, Role};

use super::reading::Item;
use super::reissue::{self, is_near};
use super::wording::{moment, sentence};

/// Checks each CRL alone, against the CAs that are known, and for the certificates that are presented.
pub(crate) fn check(
    item: &Item,
    cas: &[&Certificate],
    presented: &[(&Certificate, String)],
    options: &Options,
    report: &mut Report,
) {
    for crl in &item.crls {
        let issuer = crl.issuer().map_or_else(
            |_| "an issuer without a readable name".to_owned(),
            |name| name.to_string(),
        );
        report.fact(
            item.place(),
            format!(
                "CRL of {issuer}, {} entries, until {}",
                crl.len(),
                moment(crl.next_update())
            ),
        );
        report.findings_of(alone(crl, &issuer, item, options));
        let signers = || cas.iter().filter(|ca| crl.is_signed_by(ca));
        let signed = signers().next().is_some();
        report.findings_of(
            signers()
                .find(|ca| !may_sign(ca))
                .map(|ca| not_allowed(ca, item)),
        );
        if !signed && !cas.is_empty() {
            report.finding(not_of_these(crl, &issuer, cas, item));
        }
        for (certificate, place) in presented {
            let of_issuer = certificate.issuer_der() == crl.issuer_der();
            // A CRL that nobody can be shown to have signed revokes nobody.
            if of_issuer && (signed || cas.is_empty()) {
                report.findings_of(revoked(crl, certificate, place));
                report.findings_of(not_covered(crl, certificate, item));
            }
        }
    }
}

/// Whether its key usage allows a CA to sign CRLs; one without a key usage may.
fn may_sign(ca: &Certificate) -> bool {
    ca.key_usage()
        .is_none_or(|usage| usage.contains(KeyUsageBit::CrlSign))
}

fn not_allowed(ca: &Certificate, item: &Item) -> Finding {
    let subject = ca.subject().to_string();
    let what = format!("{subject} signed the CRL, and its key usage does not have cRLSign.");
    let finding = Finding::error("ca-key-usage", item.place(), what).why(
        "nginx, Apache and HAProxy refuse every client: `key usage does not include CRL signing`; rustls: `issuer not crl signer`.",
    );
    reissue::of_ca(finding, &subject, "with the key usage cRLSign")
}

/// A CRL for certificates of CAs alone says nothing of a leaf, nor the other way round.
fn not_covered(crl: &Crl, certificate: &Certificate, item: &Item) -> Option<Finding> {
    let covers = |crl: &Crl| match crl.scope() {
        CrlScope::CaCertificates => certificate.is_ca(),
        CrlScope::LeafCertificates => !certificate.is_ca(),
        _ => true,
    };
    let of_issuer = |one: &&Crl| one.issuer_der() == crl.issuer_der();
    if item.crls.iter().filter(of_issuer).any(covers) {
        return None;
    }
    let scope = match certificate.is_ca() {
        true => "leaves",
        false => "CAs",
    };
    let what = format!(
        "The CRL is for certificates of {scope} alone, and says nothing of that of {}.",
        certificate.subject()
    );
    Some(
        Finding::error("crl-not-complete", item.place(), what)
            .why("OpenSSL, nginx, Apache and HAProxy: `Different CRL scope`, and the client is refused.")
            .step("Use the CRL that the certificate's own distribution point names, or the complete one of the CA."),
    )
}

fn alone(crl: &Crl, issuer: &str, item: &Item, options: &Options) -> Vec<Finding> {
    let mut findings = Vec::new();
    if let Some(problem) = crl.problem() {
        findings.push(
            Finding::error("crl-not-complete", item.place(), sentence(&problem.to_string()))
                .why("A server that needs to know who is revoked cannot tell by it, and refuses everybody: `unable to get certificate CRL`.")
                .step("Use the complete CRL of the CA."),
        );
    }
    let now = options.now;
    if crl.next_update() < now {
        let what = format!(
            "The CRL of {issuer} expired at {}.",
            moment(crl.next_update())
        );
        findings.push(
            Finding::error("crl-expired", item.place(), what)
                .why("nginx, Apache and HAProxy refuse every client: `CRL has expired` (400 `The SSL certificate error`).")
                .step("Publish a new one (`mtls crl --out DIR`, `openssl ca -gencrl`), and have the server read it again."),
        );
    }
    if crl.this_update() > now {
        let near = is_near(crl.this_update(), now);
        let id = if near {
            "crl-not-yet-valid-clock"
        } else {
            "crl-not-yet-valid"
        };
        let what = format!(
            "The CRL of {issuer} is not valid before {}, and it is {}.",
            moment(crl.this_update()),
            moment(now)
        );
        findings.push(
            Finding::error(id, item.place(), what)
                .why("nginx, Apache and HAProxy refuse every client: `CRL is not yet valid`. A difference of hours is a clock that is wrong.")
                .step("Compare the clocks here and of the CA (`date -u`), and set the one that is wrong (`timedatectl set-ntp true`)."),
        );
    }
    findings
}

fn not_of_these(crl: &Crl, issuer: &str, cas: &[&Certificate], item: &Item) -> Finding {
    let namesake = cas.iter().any(|ca| ca.subject_der() == crl.issuer_der());
    if namesake {
        let what = format!("The CRL of {issuer} is not signed by the key of that CA.");
        return Finding::error("crl-bad-signature", item.place(), what)
            .why("nginx, Apache and HAProxy refuse every client: `CRL signature failure`.")
            .step(
                "Take the CRL again from the CA, or use the certificate of the CA whose CRL it is.",
            );
    }
    let what = format!("The CRL is of {issuer}, and none of the CAs that are here is called so.");
    let finding = Finding::error("crl-other-issuer", item.place(), what)
        .why("It says nothing about the certificates of these CAs: nginx, Apache and HAProxy refuse every client with `unable to get certificate CRL`.")
        .step("Give the CRL of the CA that issued the certificates.");
    match item.role {
        Role::Crl => finding,
        _ => Finding {
            severity: crate::finding::Severity::Warning,
            ..finding
        },
    }
}

fn revoked(crl: &Crl, certificate: &Certificate, place: &str) -> Option<Finding> {
    let entry = crl
        .entries()
        .find(|entry| entry.serial == *certificate.serial())?;
    let what = format!(
        "The certificate of {} (serial {}) was revoked at {} for {}.",
        certificate.subject(),
        certificate.serial(),
        moment(entry.date),
        entry.reason
    );
    Some(
        Finding::error("revoked", place, what)
            .why("Every server with the CRL refuses it: OpenSSL and nginx `certificate revoked`, TLS alert 44.")
            .step("Have a new certificate issued for a new key: a revoked one does not become good again."),
    )
}
