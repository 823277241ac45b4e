//! The server's certificate and chain.

mod ca;
mod staple;

use pki_core::verify::VerifyError;
use pki_core::{KeyKind, lint};
use rustls::AlertDescription;
use rustls::pki_types::CertificateDer;
use time::OffsetDateTime;
use x509_identity::Certificate;

use self::ca::{own_problem, untrusted, verify};
use super::server_kind::ServerKind;
use super::words::humane;
use crate::files::wording::moment;
use crate::finding::Finding;
use crate::probe::attempt::{Attempt, Outcome};
use crate::probe::known::Known;
use crate::probe::observation::{Observation, VERSIONS};
use crate::report::Report;

pub(super) fn judge(
    seen: &Observation,
    known: &Known<'_>,
    now: OffsetDateTime,
    report: &mut Report,
) {
    let place = seen.url.to_string();
    let chain = seen.chain();
    clock(&place, seen, report);
    if let Some((leaf, rest)) = chain.split_first() {
        let ders: Vec<_> = rest
            .iter()
            .map(|der| CertificateDer::from(der.clone()))
            .collect();
        match verify(seen, known, leaf, &ders, now) {
            Ok(()) => {
                order(&place, seen, report);
                report.findings_of(staple::missing(&place, seen));
                if let Some(leaf) = seen.certificates().first() {
                    report.findings_of(lasts(&place, seen, leaf, now));
                }
            }
            Err(error) => refused(&place, seen, known, &error, now, report),
        }
        if seen
            .attempts
            .iter()
            .any(|one| !one.chain.is_empty() && !one.proven)
        {
            report.finding(
                Finding::error(
                    "server-key",
                    &*place,
                    "The server's signature in the handshake does not fit the certificate that it presents.",
                )
                .why("Every client ends the handshake (alert decrypt_error).")
                .step("Give the server the key that belongs to its certificate."),
            );
        }
    }
    versions(&place, seen, report);
    ciphers(&place, seen, report);
}

fn refused(
    place: &str,
    seen: &Observation,
    known: &Known<'_>,
    error: &VerifyError,
    now: OffsetDateTime,
    report: &mut Report,
) {
    let setting = ServerKind::of(seen).setting(|it| it.certificate);
    let host = seen.url.name().to_str();
    let finding = |id: &'static str| {
        Finding::error(
            id,
            place,
            format!("The server's certificate is refused: {error}."),
        )
    };
    let renewed = format!("Issue it again and give it to the server. {setting}.");
    match error {
        VerifyError::UnknownIssuer { .. } | VerifyError::SelfSigned { .. } => {
            untrusted(place, seen, known, error, now, report);
            // What is wrong with the certificate itself is wrong for whoever trusts its issuer, too.
            if let Some(problem) = own_problem(seen, now) {
                refused(place, seen, &Known::default(), &problem, now, report);
            }
        }
        VerifyError::Expired { .. } => report.finding(
            finding("server-expired")
                .why("Every client refuses it: curl says \"certificate has expired\", iOS -1202, browsers ERR_CERT_DATE_INVALID.")
                .step(renewed),
        ),
        VerifyError::NotYetValid { .. } => report.finding(
            finding("server-not-yet-valid")
                .why("Every client refuses it until then. Usually a clock is wrong: that of the CA, or of this machine.")
                .step("Compare the clocks, and wait or issue it again."),
        ),
        VerifyError::NameMismatch { .. } | VerifyError::NoServerName { .. } => report.finding(
            finding("server-name")
                .why(
                    "Every client refuses it: curl says \"no alternative certificate subject name matches\", iOS -1202, \
                     browsers ERR_CERT_COMMON_NAME_INVALID, Java \"No subject alternative names\".",
                )
                .step(format!(
                    "Connect by a name that the certificate has, or issue one for {host} as a subject alternative name. \
                     {setting}."
                )),
        ),
        VerifyError::WrongExtendedKeyUsage { .. } | VerifyError::NoExtendedKeyUsage { .. } => report.finding(
            finding("server-usage")
                .why("Clients refuse it: OpenSSL says \"unsupported certificate purpose\", Apple's systems ask for serverAuth.")
                .step(renewed),
        ),
        VerifyError::AnchorExpired { .. } | VerifyError::AnchorNotYetValid { .. } => report.finding(
            finding("server-root-expired")
                .why("OpenSSL, Go and Apple's systems refuse a chain to a root that is not valid.")
                .step("Make a new root, issue the server's certificate by it, and give the new root to the clients."),
        ),
        _ => report.finding(
            finding("server-certificate")
                .why("Strict clients refuse it; the alert or message differs from one to the next.")
                .step(renewed),
        ),
    }
}

/// Verifiers that take any order accept what others refuse.
fn order(place: &str, seen: &Observation, report: &mut Report) {
    let in_order = seen.certificates().windows(2).all(|pair| match pair {
        [below, above] => below.names_issuer(above),
        _ => true,
    });
    if !in_order {
        report.finding(
            Finding::warning(
                "server-chain-order",
                place,
                "The certificates that the server sends are not in order: each should have issued the one before it.",
            )
            .why("TLS 1.2 requires the order (RFC 5246 section 7.4.2), and some clients (GnuTLS, embedded ones) refuse another.")
            .step(format!(
                "Write the server's certificate first and each issuer after what it issued, and nothing else. {}.",
                ServerKind::of(seen).setting(|it| it.certificate)
            )),
        );
    }
}

/// What clients refuse later, or of Apple's alone: how long the certificate is valid, and its serial number.
fn lasts(place: &str, seen: &Observation, leaf: &Certificate, now: OffsetDateTime) -> Vec<Finding> {
    let setting = ServerKind::of(seen).setting(|it| it.certificate);
    let renewed = format!("Issue it again and give it to the server. {setting}.");
    let mut findings = Vec::new();
    for rule in lint(leaf) {
        let (id, why) = match rule.rule {
            "server-life" => (
                "server-825-days",
                "iOS and macOS refuse it (support.apple.com/103769), whoever has issued it: `not standards compliant`, -9802.",
            ),
            "serial-number" => (
                "server-serial-number",
                "RFC 5280 section 4.1.2.2. Go, Java and NSS refuse a negative one, Apple and GnuTLS one of more than 20 octets.",
            ),
            _ => continue,
        };
        let what = format!("Of the server's certificate: {}.", rule.sentence);
        findings.push(Finding::warning(id, place, what).why(why).step(&*renewed));
    }
    let (end, begin) = (leaf.not_after(), leaf.not_before());
    let left = end - now;
    // Whoever renews by itself does so at two thirds.
    if left < SOON && left < (end - begin) / 10 {
        let what = format!("The server's certificate ends soon, at {}.", moment(end));
        findings.push(
            Finding::warning("server-expires-soon", place, what)
                .why("Then every client refuses it: curl says \"certificate has expired\", browsers ERR_CERT_DATE_INVALID.")
                .step(renewed),
        );
    }
    findings
}

fn clock(place: &str, seen: &Observation, report: &mut Report) {
    let Some(ahead) = seen.clock_ahead().filter(|ahead| ahead.abs() > TOLERATED) else {
        return;
    };
    let direction = if ahead.is_positive() {
        "ahead of"
    } else {
        "behind"
    };
    let by = humane(ahead.abs());
    report.finding(
        Finding::warning(
            "clock-skew",
            place,
            format!("The server's clock is {by} {direction} this machine's."),
        )
        .why(
            "Certificates that were issued just now are \"not yet valid\" to the clock behind, and CRLs and certificates \
             expire too early for the one ahead.",
        )
        .step("Set both clocks by NTP.")
        .command("timedatectl set-ntp true"),
    );
}

fn versions(place: &str, seen: &Observation, report: &mut Report) {
    let speaks = |offered| {
        seen.attempts
            .iter()
            .any(|one: &Attempt| one.offered == offered && one.speaks())
    };
    let [newer, older] = VERSIONS;
    if speaks(older) && !speaks(newer) {
        report.finding(
            Finding::warning("tls-1.3-missing", place, "The server speaks TLS 1.2 and not TLS 1.3.")
                .why(
                    "In TLS 1.2 the client's certificate, with its names, is sent in the clear, keys of ML-DSA cannot be \
                     used, and clients that ask for TLS 1.3 alone say \"protocol version\".",
                )
                .step(format!(
                    "Switch TLS 1.3 on in the server. {}.",
                    ServerKind::of(seen).setting(|it| it.versions)
                )),
        );
    }
}

/// In TLS 1.3 it connects, and in TLS 1.2 it has no cipher suite for its own key or for clients of today.
fn ciphers(place: &str, seen: &Observation, report: &mut Report) {
    let [newer, older] = VERSIONS;
    let is_cut = |one: &Attempt| {
        one.offered == older
            && one.chain.is_empty()
            && one.outcome == Outcome::Alert(AlertDescription::HandshakeFailure)
    };
    let speaks = |one: &Attempt| one.offered == newer && one.speaks();
    // No suite of TLS 1.2 is for a key of ML-DSA.
    let is_for_newer = seen.certificates().first().is_some_and(|leaf| {
        let kind = KeyKind::of_public_key(leaf.public_key_algorithm());
        kind.is_some_and(KeyKind::is_ml_dsa)
    });
    if is_for_newer || !seen.attempts.iter().any(speaks) || !seen.attempts.iter().any(is_cut) {
        return;
    }
    report.finding(
        Finding::warning(
            "tls-1.2-no-cipher",
            place,
            "In TLS 1.2 the server ends the handshake before it presents a certificate (alert handshake_failure).",
        )
        .why(
            "None of its cipher suites for TLS 1.2 is for the kind of its key, or all are of a kind that clients have given up \
             (without forward secrecy, CBC): OpenSSL and nginx `no shared cipher`. Clients that do not speak TLS 1.3 do not connect.",
        )
        .step(
            "List suites for the kind of the key, such as ECDHE-ECDSA-AES128-GCM-SHA256 or ECDHE-RSA-AES128-GCM-SHA256; `mtls \
             doctor` with the server's configuration says which line.",
        ),
    );
}

/// No longer than somebody needs to have a certificate issued.
const SOON: time::Duration = time::Duration::days(30);

/// Between clocks that are set by NTP there are milliseconds; verifiers usually tolerate five minutes.
const TOLERATED: time::Duration = time::Duration::minutes(5);
