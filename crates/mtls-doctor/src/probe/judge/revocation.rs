//! What the CRL and OCSP URLs of the chains gave.

use crate::files::shell;
use crate::finding::Finding;
use crate::probe::observation::Observation;
use crate::probe::revocation::{Kind, RevocationProblem, RevocationSource, Status};
use crate::report::Report;

pub(super) fn judge(seen: &Observation, report: &mut Report) {
    for source in &seen.revocation {
        match &source.status {
            Ok(Status::Revoked) => report.finding(revoked(source)),
            Ok(Status::Good | Status::Unverified) => {}
            Err(problem) => report.finding(broken(source, problem)),
        }
    }
}

fn revoked(source: &RevocationSource) -> Finding {
    let subject = source.of.subject();
    let (id, who) = if source.servers {
        (
            "server-revoked",
            "Clients that check revocation refuse the server",
        )
    } else {
        (
            "client-revoked",
            "The server refuses it if it checks revocation",
        )
    };
    Finding::error(id, &*source.url, format!("{subject} is revoked."))
        .why(format!("{who} (alert certificate_revoked)."))
        .step("Issue a new certificate with a new key.")
}

fn broken(source: &RevocationSource, problem: &RevocationProblem) -> Finding {
    let subject = source.of.subject();
    let what = match source.kind {
        Kind::Crl => "CRL",
        Kind::Ocsp => "OCSP responder",
    };
    let (id, mend) = match problem {
        RevocationProblem::Unreachable(_) => (
            "revocation-unreachable",
            "Publish it at that URL by plain HTTP without redirects, or issue certificates with the right URL.",
        ),
        RevocationProblem::Expired { .. } => {
            ("crl-expired", "Have the CA sign and publish a new CRL.")
        }
        RevocationProblem::BadSignature { .. } | RevocationProblem::OtherIssuer { .. } => (
            "crl-of-another-ca",
            "Publish the CRL of the CA that issued the certificate at that URL.",
        ),
        RevocationProblem::NotYetValid { .. } => (
            "crl-not-yet-valid",
            "Set the clocks of the CA and of this machine.",
        ),
        RevocationProblem::Ocsp(_) => (
            "ocsp-useless",
            "Check the responder's certificate, its clock and its CA.",
        ),
        RevocationProblem::Unreadable(_) => (
            "crl-unreadable",
            "Publish the CRL itself at that URL, in DER.",
        ),
    };
    let url = shell::word(&source.url);
    let look = match (source.kind, problem) {
        (_, RevocationProblem::Unreachable(_)) => {
            format!("curl -sS -o /dev/null -w '%{{http_code}}\\n' {url}")
        }
        (Kind::Crl, _) => format!(
            "curl -s {url} | openssl crl -inform DER -noout -issuer -lastupdate -nextupdate"
        ),
        (Kind::Ocsp, _) => {
            format!("curl -sS -o /dev/null -w '%{{http_code}} %{{content_type}}\\n' {url}")
        }
    };
    Finding::warning(id, &*source.url, format!("The {what} of {subject} {problem}."))
        .why(
            "Peers that check revocation refuse the certificate, or wait until their time is over: nginx and OpenSSL say \
             \"CRL has expired\" or \"unable to get certificate CRL\", Windows CRYPT_E_REVOCATION_OFFLINE.",
        )
        .step(mend)
        .step("To see it, and whether it is gone:")
        .command(look)
}
