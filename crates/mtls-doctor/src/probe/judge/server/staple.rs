//! Whether the server sends the OCSP response that its certificate demands (RFC 7633).

use pki_core::ocsp::must_staple;

use crate::finding::Finding;
use crate::probe::observation::Observation;

/// A server may have none yet at the first connection, so one of them is enough.
pub(super) fn missing(place: &str, seen: &Observation) -> Option<Finding> {
    let certificates = seen.certificates();
    let leaf = certificates.first().filter(|leaf| must_staple(leaf))?;
    if seen.attempts.iter().any(|one| one.stapled) {
        return None;
    }
    let what = format!(
        "The server's certificate ({}) demands an OCSP response with it (must-staple), and the server sends none.",
        leaf.subject()
    );
    Some(
        Finding::error("server-staple-missing", place, what)
            .why(
                "Firefox refuses it (MOZILLA_PKIX_ERROR_REQUIRED_TLS_FEATURE_MISSING), and so do GnuTLS and Apple's systems; others \
                 connect.",
            )
            .step(
                "Have the server staple: nginx `ssl_stapling on;` with a `resolver`, Apache `SSLUseStapling on` with an \
                 SSLStaplingCache, HAProxy `ocsp-update on`, Envoy `ocsp_staple`; Caddy does by itself, and needs to reach the \
                 responder. Or have the certificate issued without that demand.",
            ),
    )
}
