//! The first lines: what was seen, without a verdict.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use rustls::ProtocolVersion;
use tls_identity::alert_name;

use super::hints::bytes;
use super::request::{Asks, asks};
use super::words::{humane, name, names};
use crate::probe::attempt::{Attempt, Outcome, Presented};
use crate::probe::known::Known;
use crate::probe::observation::{Observation, Resumption};
use crate::report::Report;

pub(super) fn add(seen: &Observation, known: &Known<'_>, report: &mut Report) {
    let Ok(address) = seen.address else {
        return;
    };
    report.fact("server", format!("{} at {address}", seen.url));
    if !seen.attempts.iter().any(Attempt::speaks) {
        return;
    }
    request(seen, known, report);
    for (presented, label) in [
        (Presented::Nothing, "no certificate"),
        (Presented::Stranger, "one of an unknown CA"),
        (Presented::Identity, "our certificate"),
    ] {
        let verdicts: Vec<_> = seen
            .with(presented)
            .map(|one| format!("TLS {}: {}", version(one.offered), verdict(seen, one)))
            .collect();
        if !verdicts.is_empty() {
            report.fact(label, verdicts.join("; "));
        }
    }
    tls(seen, report);
    server(seen, report);
}

fn request(seen: &Observation, known: &Known<'_>, report: &mut Report) {
    let value = match asks(seen) {
        Asks::Required => "required",
        Asks::Optional => "requested, and not required",
        Asks::Nothing => "not requested",
        Asks::Later => "requested after the handshake, for some paths",
    };
    report.fact("client certificate", value);
    let Some(request) = seen.request() else {
        return;
    };
    let hints = &request.hints;
    let ours = match known.identity {
        None => "",
        Some(_) if hints.is_empty() => "",
        Some(_) if known.is_hinted(hints) => "; one of them issued our chain",
        Some(_) => "; none of them issued our certificate",
    };
    let value = match hints.as_slice() {
        [] => "none".to_owned(),
        [only] => format!("1 name, {} bytes: {}{ours}", bytes(request), name(only)),
        all => format!(
            "{} names, {} bytes: {}{ours}",
            all.len(),
            bytes(request),
            names(all)
        ),
    };
    report.fact("CAs it names", value);
}

/// Accepted or refused, and by which side.
fn verdict(seen: &Observation, attempt: &Attempt) -> String {
    match &attempt.outcome {
        Outcome::Alert(alert) => format!("refused by the server, alert {}", alert_name(*alert)),
        Outcome::Answered(answer) => {
            let status = answer
                .status
                .map_or_else(|| "not in HTTP/1".to_owned(), |status| status.to_string());
            let word = if answer.refuses_certificate() {
                "refused after the handshake"
            } else {
                "connected"
            };
            format!("{word}, answer {status}")
        }
        Outcome::Closed if seen.is_of_another_protocol(attempt) => {
            "connected, closed without an answer to a GET".to_owned()
        }
        Outcome::Closed if attempt.request.is_some() => {
            "closed by the server without an alert".to_owned()
        }
        Outcome::Closed => "closed by the server".to_owned(),
        Outcome::EndedByUs(said) => format!("ended by us: {said}"),
        Outcome::OtherVersion => "not spoken".to_owned(),
        Outcome::Silent if attempt.is_accepted() => "connected, no answer to a GET".to_owned(),
        Outcome::Silent => "no answer".to_owned(),
        Outcome::NotTls(_) | Outcome::NotHttp(_) => "not TLS".to_owned(),
    }
}

fn tls(seen: &Observation, report: &mut Report) {
    let mut versions: Vec<String> = Vec::new();
    for attempt in seen.with(Presented::Nothing).filter(|one| one.speaks()) {
        let suite = attempt.suite.as_deref().unwrap_or("an unknown suite");
        let group = attempt
            .group
            .as_deref()
            .map_or_else(String::new, |group| format!(" with {group}"));
        versions.push(format!("{}: {suite}{group}", version(attempt.offered)));
    }
    report.fact("TLS", versions.join("; "));
    match seen.resumption {
        Resumption::Resumed => report.fact("sessions", "resumed"),
        Resumption::Refused => report.fact("sessions", "not resumed"),
        Resumption::Unknown => {}
    }
    if let Some(ahead) = seen
        .clock_ahead()
        .filter(|ahead| ahead.whole_seconds().abs() > 2)
    {
        let direction = if ahead.is_positive() {
            "ahead"
        } else {
            "behind"
        };
        report.fact(
            "server's clock",
            format!("{} {direction}", humane(ahead.abs())),
        );
    }
}

fn server(seen: &Observation, report: &mut Report) {
    for (index, certificate) in seen.certificates().iter().enumerate() {
        let label = if index == 0 {
            "server certificate"
        } else {
            "sent with it"
        };
        report.fact(
            label,
            format!(
                "{}, of {}, until {}",
                certificate.subject(),
                certificate.issuer(),
                certificate.not_after().date()
            ),
        );
        let pin = STANDARD.encode(certificate.spki_sha256());
        report.fact(
            if index == 0 {
                "pin of the server"
            } else {
                "pin"
            },
            format!("sha256//{pin}"),
        );
    }
}

fn version(version: ProtocolVersion) -> &'static str {
    match version {
        ProtocolVersion::TLSv1_2 => "1.2",
        _ => "1.3",
    }
}
