//! The names of CAs that the server sends with its request: by them many clients choose an identity.

use super::server_kind::ServerKind;
use crate::finding::Finding;
use crate::probe::attempt::CertificateRequest;
use crate::probe::known::Known;
use crate::probe::observation::Observation;
use crate::report::Report;
use crate::stories::hints;

pub(super) fn judge(seen: &Observation, known: &Known<'_>, report: &mut Report) {
    let Some(request) = seen.request() else {
        return;
    };
    let place = seen.url.to_string();
    let setting = ServerKind::of(seen).setting(|it| it.client_cas);
    let hints = &request.hints;
    if hints.is_empty() {
        report.finding(
            Finding::note("hints-empty", place.as_str(), "The server names no CA in its request.")
                .why(hints::EMPTY)
                .step(format!("Have the server name its client CAs, unless they are meant to stay unknown. {setting}.")),
        );
    }
    if hints.len() > MANY || bytes(request) > LONG {
        report.finding(
            Finding::warning(
                "hints-too-long",
                place.as_str(),
                format!("The server names {} CAs in its request, {} bytes.", hints.len(), bytes(request)),
            )
            .why(hints::TOO_LONG)
            .step(format!("Give the server a file with its own client CAs alone, not the system's bundle. {setting}.")),
        );
    }
    let refused = seen.refuses_identity();
    if known.identity.is_some() && !hints.is_empty() && !refused && !known.is_hinted(hints) {
        report.finding(
            Finding::error(
                "hints-without-issuer",
                place.as_str(),
                "The server accepts our certificate, and does not name its issuer among the CAs in its request.",
            )
            .why(hints::WITHOUT_ISSUER)
            .step(format!("Add the issuer of the client certificates to the CAs that the server names. {setting}.")),
        );
    }
}

/// The length of the list on the wire.
pub(super) fn bytes(request: &CertificateRequest) -> usize {
    request.hints.iter().map(|hint| hint.len() + 2).sum()
}

/// OpenSSL's clients break between 300 and 600 names.
const MANY: usize = 300;
/// What one TLS record holds.
const LONG: usize = 16 * 1024;
