//! What became of our own certificate.

use pki_core::verify::{Purpose, VerifyError, VerifyErrorKind, problems_of_leaf, unix_time};
use rustls::AlertDescription as Alert;
use time::OffsetDateTime;
use tls_identity::{Refusal, RefusalPage, alert_name};
use x509_identity::{Certificate, DistinguishedName, ObjectIdentifier};

use super::Known;
use super::request::{Asks, asks};
use super::server::humane;
use super::server_kind::{CLIENT_CAS, CRLS, DEPTH, ServerKind};
use crate::finding::Finding;
use crate::probe::observation::{Attempt, Observation, Outcome, Presented};
use crate::probe::revocation::{Status, check_crl};
use crate::report::Report;
use crate::stories::intermediate;

/// Whether the server refused our identity in some version.
pub(super) fn is_refused(seen: &Observation) -> bool {
    seen.with(Presented::Identity).any(Attempt::is_refused)
}

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
    if !is_refused(seen) {
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
struct Case<'a> {
    seen: &'a Observation,
    known: &'a Known<'a>,
    now: OffsetDateTime,
    place: String,
    /// Which side said what.
    said: String,
    kind: ServerKind,
}

impl Case<'_> {
    /// The one reason that explains most: what is wrong with the certificate itself, then with its chain, then with
    /// what the server trusts.
    fn reason(&self) -> Finding {
        self.of_leaf()
            .or_else(|| self.revoked())
            .or_else(|| self.of_chain())
            .or_else(|| self.not_sent())
            .or_else(|| self.by_alert())
            .or_else(|| self.not_trusted())
            .unwrap_or_else(|| self.unexplained())
    }

    fn finding(&self, id: &'static str, what: impl Into<String>) -> Finding {
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
            .step("Have a new certificate issued for the client."),
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
                && ![CLIENT_AUTH, ANY_USAGE]
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
            .step(intermediate::SEND),
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
                .step("Set both clocks by NTP: timedatectl set-ntp true."),
            None => self
                .finding(
                    "server-crl-expired",
                    "The server calls a certificate expired, and none of ours is: a CRL that it uses has expired, or its clock is wrong.",
                )
                .step(format!(
                    "Have the CA sign a new CRL, give it to the server and reload it. {}.",
                    self.kind.setting(&CRLS)
                )),
        })
    }

    /// By the names that the server sent: it does not know our CA, or knows it and refuses all the same.
    fn not_trusted(&self) -> Option<Finding> {
        let chain = self.known.chain();
        let (leaf, last) = (chain.first()?, chain.last()?);
        let hints = &self.seen.request()?.hints;
        let setting = self.kind.setting(&CLIENT_CAS);
        let hinted = |name: &[u8]| hints.iter().any(|hint| hint == name);
        let issuer = leaf.issuer();
        if !self.known.is_hinted(hints) {
            let trusts = match hints.as_slice() {
                [] => "which CAs it trusts it does not say".to_owned(),
                hints => format!("it trusts {}", names(hints)),
            };
            let finding = self.finding(
                "client-ca-not-trusted",
                format!("The server does not trust the CA of the client certificate, {issuer}: {trusts}."),
            );
            let finding = finding.step(format!(
                "Add that CA (its root) to the server's client CAs. {setting}."
            ));
            let perhaps = "If it is an intermediate below a CA that the server trusts, send it with the certificate \
                           instead: give its file with --ca, and it is tried here.";
            return Some(if last.is_self_issued() {
                finding
            } else {
                finding.step(perhaps)
            });
        }
        let refused_as_unknown = self.alerts().all(|alert| alert == Alert::UnknownCA);
        if !hinted(leaf.issuer_der()) && refused_as_unknown {
            return Some(
                self.finding(
                    "chain-too-deep",
                    format!(
                        "The server names our root and refuses the chain below it: {} to {}, over {} certificate{}.",
                        leaf.subject(),
                        last.issuer(),
                        chain.len(),
                        if chain.len() == 1 { "" } else { "s" }
                    ),
                )
                .step(format!("Let the server accept longer chains. {}.", self.kind.setting(&DEPTH)))
                .step("If it does, its root has our root's name and another key: give it the root that issued this chain."),
            );
        }
        let unknown = self
            .alerts()
            .any(|alert| matches!(alert, Alert::UnknownCA | Alert::DecryptError));
        // One whose signature is certainly wrong is refused in another way, so that ours is not what is wrong.
        let namesake = self
            .seen
            .namesake
            .as_ref()
            .filter(|_| hinted(leaf.issuer_der()));
        let ours = namesake.and_then(|other| self.seen.attempt(Presented::Identity, other.offered));
        if unknown
            && let (Some(other), Some(ours)) = (namesake, ours)
            && other.outcome != ours.outcome
        {
            return Some(
                self.finding(
                    "server-crl-expired",
                    format!("The server trusts {issuer} and does not know whether the certificate is revoked: the CRL that it uses has expired or is missing."),
                )
                .step(format!("Have the CA sign a new CRL, give it to the server and reload it. {}.", self.kind.setting(&CRLS))),
            );
        }
        unknown.then(|| {
            self.finding(
                "client-ca-of-that-name",
                format!("The server names {issuer} among its CAs and does not take what it issued: it has another CA of that name."),
            )
            .step(format!("Give the server the CA certificate that issued the client certificate, since a CA that was made anew has a new key. {setting}."))
            .step(format!("If it is that one, look at its CRL: without a current one some servers say the same. {}.", self.kind.setting(&CRLS)))
        })
    }

    fn unexplained(&self) -> Finding {
        self.finding(
            "client-refused",
            "The server refuses the client certificate, and names its CA among those that it trusts.",
        )
        .step(format!(
            "Look at its CRL first: one that has expired refuses everybody. {}.",
            self.kind.setting(&CRLS)
        ))
        .step("Then look into its log: it says whether the certificate is revoked, the chain too long, or the CA another one of that name.")
    }

    fn alerts(&self) -> impl Iterator<Item = Alert> {
        let refused = self.seen.with(Presented::Identity);
        refused.filter_map(|one| match one.outcome {
            Outcome::Alert(alert) => Some(alert),
            _ => None,
        })
    }

    fn issuer(&self) -> Option<&Certificate> {
        let leaf = self.known.chain().first()?;
        self.known
            .certificates()
            .find(|ca| leaf.names_issuer(ca) && pki_core::verify::is_signed_by(leaf, ca))
    }
}

/// What the server said to our certificate, in the words of the client's own errors.
fn said(seen: &Observation, known: &Known<'_>, now: OffsetDateTime) -> String {
    let refused = |one: &&Attempt| one.is_refused();
    let all: Vec<_> = seen.with(Presented::Identity).filter(refused).collect();
    let alert = all.iter().find_map(|one| match one.outcome {
        Outcome::Alert(alert) => Some(alert),
        _ => None,
    });
    let page = all.iter().find_map(|one| one.answer());
    let sentence = match (alert, page) {
        (Some(alert), _) => {
            let leaf = known.chain().first();
            let problems = leaf
                .map(|leaf| problems_of_leaf(leaf, Purpose::TlsClient, unix_time(now)))
                .unwrap_or_default();
            match Refusal::of(alert) {
                Some(refusal) => refusal.sentence(Refusal::reason(alert, problems).as_ref()),
                None if alert == Alert::HandshakeFailure => Refusal::AFTER_CERTIFICATE.to_owned(),
                None => format!(
                    "the server ended the connection with the alert {}",
                    alert_name(alert)
                ),
            }
        }
        (None, Some(answer)) => {
            match RefusalPage::of(answer.status.unwrap_or_default(), &answer.body) {
                Some(page) => page.sentence().to_owned(),
                None => format!(
                    "the server completes the handshake and answers {}",
                    answer.status.map_or_else(
                        || "what is not HTTP".to_owned(),
                        |status| status.to_string()
                    )
                ),
            }
        }
        (None, None) => Refusal::HUNG_UP.to_owned(),
    };
    let mut letters = sentence.chars();
    let first = letters.next().map(|letter| letter.to_ascii_uppercase());
    first.into_iter().chain(letters).chain(['.']).collect()
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

/// The names, the first few in full.
pub(super) fn names(hints: &[Vec<u8>]) -> String {
    let shown: Vec<_> = hints.iter().take(SHOWN).map(|der| name(der)).collect();
    match hints.len().saturating_sub(SHOWN) {
        0 => shown.join("; "),
        more => format!("{}; and {more} more", shown.join("; ")),
    }
}

pub(super) fn name(der: &[u8]) -> String {
    match DistinguishedName::from_der(der) {
        Ok(name) if name.rdns().is_empty() => "(an empty name)".to_owned(),
        Ok(name) => name.to_string(),
        Err(_) => "(an unreadable name)".to_owned(),
    }
}

const SHOWN: usize = 5;
const CLIENT_AUTH: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.6.1.5.5.7.3.2");
const ANY_USAGE: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.29.37.0");
