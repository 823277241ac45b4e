//! The server's certificate and chain.

use pki_core::verify::VerifyError;
use rustls::pki_types::CertificateDer;
use time::OffsetDateTime;
use x509_identity::Certificate;

use super::server_ca::{own_problem, untrusted, verify};
use super::server_kind::{CERTIFICATE, ServerKind, VERSIONS};
use super::words::humane;
use crate::finding::Finding;
use crate::probe::attempt::Attempt;
use crate::probe::known::Known;
use crate::probe::observation::{Observation, VERSIONS as OFFERED};
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
            Ok(()) => order(&place, seen, report),
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
}

fn refused(
    place: &str,
    seen: &Observation,
    known: &Known<'_>,
    error: &VerifyError,
    now: OffsetDateTime,
    report: &mut Report,
) {
    let setting = ServerKind::of(seen).setting(&CERTIFICATE);
    let host = seen.url.name().to_str();
    let finding =
        |id: &'static str| Finding::error(id, place, sentence("The server's certificate", error));
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
    let chain: Vec<_> = seen
        .chain()
        .iter()
        .filter_map(|der| Certificate::from_der(der).ok())
        .collect();
    let in_order = chain.windows(2).all(|pair| match pair {
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
                ServerKind::of(seen).setting(&CERTIFICATE)
            )),
        );
    }
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
        .step("Set both clocks by NTP: timedatectl set-ntp true."),
    );
}

fn versions(place: &str, seen: &Observation, report: &mut Report) {
    let speaks = |offered| {
        seen.attempts
            .iter()
            .any(|one: &Attempt| one.offered == offered && one.speaks())
    };
    let [newer, older] = OFFERED;
    if speaks(older) && !speaks(newer) {
        report.finding(
            Finding::warning("tls-1.3-missing", place, "The server speaks TLS 1.2 and not TLS 1.3.")
                .why(
                    "In TLS 1.2 the client's certificate, with its names, is sent in the clear, keys of ML-DSA cannot be \
                     used, and clients that ask for TLS 1.3 alone say \"protocol version\".",
                )
                .step(format!(
                    "Switch TLS 1.3 on in the server. {}.",
                    ServerKind::of(seen).setting(&VERSIONS)
                )),
        );
    }
}

/// A whole sentence of a clause that a library gives.
fn sentence(subject: &str, error: &VerifyError) -> String {
    format!("{subject} is refused: {error}.")
}

/// Between clocks that are set by NTP there are milliseconds; verifiers usually tolerate five minutes.
const TOLERATED: time::Duration = time::Duration::minutes(5);
