//! Whether the server asks for a certificate, and insists.

use rustls::ProtocolVersion;
use rustls::pki_types::ServerName;

use super::server_kind::ServerKind;
use crate::finding::Finding;
use crate::probe::attempt::{Attempt, Outcome, Presented};
use crate::probe::observation::Observation;
use crate::report::Report;

/// What the server does about client certificates.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Asks {
    /// It requests one, and refuses who has none.
    Required,
    /// It requests one, and answers who has none.
    Optional,
    /// It requests none.
    Nothing,
    /// It answers that it would have to ask on the open connection, and cannot.
    Later,
}

pub(super) fn asks(seen: &Observation) -> Asks {
    let later = |one: &Attempt| {
        one.answer()
            .is_some_and(|answer| answer.says(POST_HANDSHAKE))
    };
    if seen.attempts.iter().any(later) {
        return Asks::Later;
    }
    if seen.request().is_none() {
        return Asks::Nothing;
    }
    let answered = |one: &Attempt| one.is_accepted() && one.outcome != Outcome::Silent;
    if seen.with(Presented::Nothing).any(answered) {
        Asks::Optional
    } else {
        Asks::Required
    }
}

pub(super) fn judge(seen: &Observation, report: &mut Report) {
    let place = seen.url.to_string();
    let setting = ServerKind::of(seen).setting(|it| it.required);
    match asks(seen) {
        Asks::Later => report.finding(
            Finding::error(
                "asks-after-the-handshake",
                place.as_str(),
                "The server asks for a client certificate only for some paths, on the open connection.",
            )
            .why(
                "TLS 1.3 has post-handshake authentication for that, which browsers, iOS, Go and rustls do not do: Apache \
                 answers 403 \"Cannot perform Post-Handshake Authentication\".",
            )
            .step("Move SSLVerifyClient from the <Location> or <Directory> to the whole virtual host; give the paths that need none another host name."),
        ),
        Asks::Nothing => report.finding(
            Finding::error(
                "certificate-not-requested",
                place.as_str(),
                "The server does not ask for a client certificate.",
            )
            .why(
                "Without its request no client presents one, whatever is installed: browsers show no prompt, and an \
                 application behind sees no certificate. Everybody is served.",
            )
            .step(format!("Require one in the server. {setting}."))
            .step(match seen.url.name() {
                ServerName::IpAddress(_) => {
                    "If it is required there already, ask by the host's name: an address is no name that a client sends (SNI), and \
                     another virtual host answers it."
                }
                _ => {
                    "If it is required there already, this is another server or virtual host: check the port and the name, \
                     and what ends TLS before the server."
                }
            }),
        ),
        Asks::Optional => optional(&place, seen, &setting, report),
        Asks::Required => {}
    }
    anybody(&place, seen, &setting, report);
    one_version_only(&place, seen, report);
    resumed(&place, seen, report);
}

fn optional(place: &str, seen: &Observation, setting: &str, report: &mut Report) {
    let served = seen
        .with(Presented::Nothing)
        .filter_map(Attempt::answer)
        .any(|answer| answer.is_success());
    if served {
        report.finding(
            Finding::warning(
                "certificate-optional",
                place,
                "The server asks for a client certificate and answers who presents none.",
            )
            .why(
                "Requests without a certificate reach the application, and a client that has lost its identity is not \
                 told. It is right only if the application looks at each request.",
            )
            .step(format!("Require one in the server, unless this path is meant for everybody. {setting}.")),
        );
    }
}

/// A certificate of a CA that nobody knows is as good as ours.
fn anybody(place: &str, seen: &Observation, setting: &str, report: &mut Report) {
    let taken = |one: &Attempt| {
        one.request.is_some()
            && !one.withheld
            && one
                .answer()
                .is_some_and(|answer| !answer.refuses_certificate() && answer.is_success())
    };
    if seen.with(Presented::Stranger).any(taken) {
        report.finding(
            Finding::error(
                "any-certificate-accepted",
                place,
                "The server accepts a client certificate of a CA that was made up for this test.",
            )
            .why(
                "Anybody can make such a certificate in a second. The server asks for one and does not verify it (nginx: \
                 optional_no_ca; Node: rejectUnauthorized: false; Envoy: ACCEPT_UNTRUSTED; Go: RequireAnyClientCert).",
            )
            .step(format!("Have it verified. {setting}.")),
        );
    }
}

/// One version asks, the other does not.
fn one_version_only(place: &str, seen: &Observation, report: &mut Report) {
    let asked = |offered| {
        let attempt = seen.attempt(Presented::Nothing, offered)?;
        attempt.speaks().then_some(attempt.request.is_some())
    };
    let (newer, older) = (
        asked(ProtocolVersion::TLSv1_3),
        asked(ProtocolVersion::TLSv1_2),
    );
    if let (Some(newer), Some(older)) = (newer, older)
        && newer != older
    {
        let (asks, not) = if newer {
            ("1.3", "1.2")
        } else {
            ("1.2", "1.3")
        };
        report.finding(
            Finding::error(
                "asks-in-one-version",
                place,
                format!(
                    "The server asks for a client certificate in TLS {asks} and not in TLS {not}."
                ),
            )
            .why("A client that connects by the other version is served without one.")
            .step("Make sure that both versions end at the same server, with the same settings."),
        );
    }
}

fn resumed(place: &str, seen: &Observation, report: &mut Report) {
    let served = seen
        .resumed_stranger
        .as_ref()
        .and_then(Attempt::answer)
        .is_some_and(|answer| !answer.refuses_certificate() && answer.is_success());
    if served {
        report.finding(
            Finding::error(
                "resumption-skips-verification",
                place,
                "A client whose certificate was refused is served once it resumes its session.",
            )
            .why("The certificate is verified in full handshakes only (as in CVE-2025-23419), so a revoked client stays in, too.")
            .step("Switch session tickets and the session cache off in the server, or update it."),
        );
    }
}

const POST_HANDSHAKE: &str = "Cannot perform Post-Handshake Authentication";
