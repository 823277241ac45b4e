//! What became of our own certificate.

use pki_core::verify::{Purpose, VerifyError, VerifyErrorKind, problems_of_leaf, unix_time};
use rustls::AlertDescription as Alert;
use time::OffsetDateTime;
use x509_identity::{Certificate, ObjectIdentifier};

use super::refusal::said;
use super::request::{Asks, asks};
use super::server_kind::ServerKind;
use super::words::humane;
use crate::files::issued;
use crate::finding::Finding;
use crate::probe::attempt::{Attempt, Outcome, Presented};
use crate::probe::known::Known;
use crate::probe::observation::Observation;
use crate::probe::revocation::{Status, check_crl};
use crate::report::Report;
use crate::stories::intermediate;

pub(super) fn judge(
    seen: &Observation,
    known: &Known<'_>,
    now: OffsetDateTime,
    report: &mut Report,
) {
    let Some(identity) = known
        .identity
        .filter(|_| !matches!(asks(seen), Asks::Nothing | Asks::Later))
    else {
        return;
    };
    if let Some(attempt) = seen.with(Presented::Identity).find(|one| one.withheld) {
        return report.finding(withheld(seen, attempt, identity.needs_tls13()));
    }
    if !seen.refuses_identity() {
        return broken_off(seen, report);
    }
    let case = Case {
        seen,
        known,
        now,
        place: seen.url.to_string(),
        said: said(seen, known, now),
        kind: ServerKind::of(seen),
    };
    report.finding(case.reason());
}

/// A refusal, and all that may explain it.
pub(super) struct Case<'a> {
    pub(super) seen: &'a Observation,
    pub(super) known: &'a Known<'a>,
    now: OffsetDateTime,
    place: String,
    /// Which side said what.
    said: String,
    pub(super) kind: ServerKind,
}

impl Case<'_> {
    /// The one reason that explains most: what is wrong with the certificate itself, then with its chain, then with
    /// what the server trusts.
    fn reason(&self) -> Finding {
        self.of_leaf()
            .or_else(|| self.revoked())
            .or_else(|| self.of_chain())
            .or_else(|| self.not_sent())
            .or_else(|| self.denied())
            .or_else(|| self.by_alert())
            .or_else(|| self.not_trusted())
            .unwrap_or_else(|| self.unexplained())
    }

    pub(super) fn finding(&self, id: &'static str, what: impl Into<String>) -> Finding {
        Finding::error(id, self.place.as_str(), what).why(self.said.as_str())
    }

    fn of_leaf(&self) -> Option<Finding> {
        let leaf = self.known.chain().first()?;
        let problem = problems_of_leaf(leaf, Purpose::TlsClient, unix_time(self.now))
            .into_iter()
            .next()?;
        let id = match problem.kind() {
            VerifyErrorKind::Expired => "client-expired",
            VerifyErrorKind::NotYetValid => "client-not-yet-valid",
            _ => match problem {
                VerifyError::WrongExtendedKeyUsage { .. }
                | VerifyError::NoExtendedKeyUsage { .. } => "client-usage",
                VerifyError::CaAsLeaf { .. } => "client-is-a-ca",
                VerifyError::WeakKey { .. } | VerifyError::WeakSignature { .. } => "client-weak",
                _ => "client-certificate",
            },
        };
        Some(
            self.finding(
                id,
                format!("The server refuses the client certificate, and it is right: {problem}."),
            )
            .command_or(
                self.known.reissuing.clone(),
                "Have a new certificate issued for the client: `mtls issue client NAME`.",
            ),
        )
    }

    fn revoked(&self) -> Option<Finding> {
        let by_alert = self
            .alerts()
            .any(|alert| alert == Alert::CertificateRevoked);
        let (leaf, issuer) = (self.known.chain().first()?, self.issuer());
        let by_crl = self
            .known
            .crls()
            .iter()
            .any(|crl| check_crl(crl, leaf, issuer, self.now) == Ok(Status::Revoked));
        let fetched = self
            .seen
            .revocation
            .iter()
            .any(|source| source.of.as_ref() == leaf && source.status == Ok(Status::Revoked));
        (by_alert || by_crl || fetched).then(|| {
            self.finding("client-revoked", "The server refuses the client certificate because it is revoked.")
                .step("Have a new certificate issued, with a new key. If it should not be revoked, ask the CA why it is.")
        })
    }

    /// Something above the leaf, as far as it was sent.
    fn of_chain(&self) -> Option<Finding> {
        let above = self.known.chain().get(1..)?;
        for ca in above {
            if let Some(usages) = ca.extended_key_usage()
                && ![Purpose::TlsClient.oid(), ANY_USAGE]
                    .iter()
                    .any(|usage| usages.contains(usage))
            {
                return Some(
                    self.finding(
                        "intermediate-usage",
                        format!("The intermediate {} may not issue client certificates: its extended key usage lacks clientAuth.", ca.subject()),
                    )
                    .step("Issue the intermediate again with clientAuth, or without an extended key usage."),
                );
            }
            if ca.not_after() < self.now || ca.not_before() > self.now {
                return Some(
                    self.finding(
                        "issuer-expired",
                        format!("A CA above the client certificate is not valid now: {}, until {}.", ca.subject(), ca.not_after().date()),
                    )
                    .step("Renew the CA, keep its key and name, and send the new certificate in the chain."),
                );
            }
        }
        None
    }

    /// The issuer is an intermediate that the server does not have and was not sent.
    fn not_sent(&self) -> Option<Finding> {
        let helped = self
            .seen
            .completed
            .as_ref()
            .is_some_and(Attempt::is_accepted);
        let missing = self.known.missing_intermediates();
        let ca = missing.first().filter(|_| helped)?;
        Some(
            self.finding(
                "intermediate-not-sent",
                format!("The client sends its certificate without the intermediate {}; with it the server accepts.", ca.subject()),
            )
            .command_or(self.known.completing.clone(), intermediate::SEND),
        )
    }

    /// TLS took the certificate, and the application behind it did not. It is told from an application that does the
    /// verifying by what it says to a stranger.
    fn denied(&self) -> Option<Finding> {
        let status = |one: &Attempt| one.answer().and_then(|answer| answer.status);
        let ours = self
            .seen
            .with(Presented::Identity)
            .find(|one| one.is_refused())?;
        let status_of_ours = status(ours).filter(|status| matches!(status, 401 | 403))?;
        let stranger = self.seen.attempt(Presented::Stranger, ours.offered)?;
        if status(stranger) == Some(status_of_ours) {
            return None;
        }
        let name = self
            .known
            .chain()
            .first()
            .map_or_else(String::new, |leaf| leaf.subject().to_string());
        Some(
            self.finding(
                "client-denied",
                format!("TLS accepts the client certificate, and the server answers {status_of_ours}: its rules do not allow {name} here."),
            )
            .step("Compare the names in the certificate with the rules of the server or application (by subject, alternative name or fingerprint); its log names the rule."),
        )
    }

    fn by_alert(&self) -> Option<Finding> {
        if !self
            .alerts()
            .any(|alert| alert == Alert::CertificateExpired)
        {
            return None;
        }
        let ahead = self
            .seen
            .clock_ahead()
            .filter(|ahead| ahead.abs() > time::Duration::hours(1));
        Some(match ahead {
            Some(ahead) => self
                .finding("clock-skew", format!("To the server's clock, {} from ours, the certificate is not valid.", humane(ahead.abs())))
                .step("Set both clocks by NTP.")
                .command("timedatectl set-ntp true"),
            None => self
                .finding(
                    "server-crl-expired",
                    "The server calls a certificate expired, and none of ours is: a CRL that it uses has expired, or its clock is wrong.",
                )
                .step(format!(
                    "Have the CA sign a new CRL, give it to the server and reload it. {}.",
                    self.kind.setting(|it| it.crls)
                )),
        })
    }

    fn unexplained(&self) -> Finding {
        self.finding(
            "client-refused",
            "The server refuses the client certificate, and names its CA among those that it trusts.",
        )
        .step(format!(
            "Look at its CRL first: one that has expired refuses everybody. {}.",
            self.kind.setting(|it| it.crls)
        ))
        .step("Then look into its log: it says whether the certificate is revoked, the chain too long, or the CA another one of that name.")
    }

    pub(super) fn alerts(&self) -> impl Iterator<Item = Alert> {
        let refused = self.seen.with(Presented::Identity);
        refused.filter_map(|one| match one.outcome {
            Outcome::Alert(alert) => Some(alert),
            _ => None,
        })
    }

    fn issuer(&self) -> Option<&Certificate> {
        let leaf = self.known.chain().first()?;
        self.known.certificates().find(|ca| issued(leaf, ca))
    }
}

fn withheld(seen: &Observation, attempt: &Attempt, needs_tls13: bool) -> Finding {
    let takes: Vec<_> = attempt
        .request
        .iter()
        .flat_map(|request| &request.schemes)
        .collect();
    let finding = Finding::error(
        "client-key-not-accepted",
        seen.url.to_string(),
        "The client's key makes none of the signatures that the server accepts, so that no certificate is presented.",
    )
    .why(format!("The server takes {takes:?}. To it, the client has no certificate (alert certificate_required)."));
    if needs_tls13 {
        finding.step("Use TLS 1.3, and a server that knows ML-DSA; or have a certificate issued for a P-256 key.")
    } else {
        finding.step("Have a certificate issued for a P-256 or RSA key.")
    }
}

/// Neither accepted nor refused.
fn broken_off(seen: &Observation, report: &mut Report) {
    for attempt in seen.with(Presented::Identity) {
        if let Outcome::EndedByUs(said) = &attempt.outcome {
            report.finding(
                Finding::error(
                    "handshake-invalid",
                    seen.url.to_string(),
                    format!("The handshake with the client certificate fails on our side: {said}."),
                )
                .why("Clients end the connection, each with another message.")
                .step("Update the server, or what is between."),
            );
        }
    }
}

const ANY_USAGE: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.29.37.0");
