//! What a client says of itself, and a backend believes.

use super::super::edit;
use super::super::read::directive::Line;
use crate::finding::Finding;

/// What a header says of the client.
#[derive(Clone, Copy)]
pub(super) enum About {
    Certificate,
    Subject,
    Verdict,
}

/// What a header of this name says of the client's certificate, if anything.
pub(super) fn of_client(name: &str) -> Option<About> {
    let name = name.to_ascii_lowercase();
    let parts = [
        "ssl-client",
        "client-cert",
        "client-verify",
        "client-subject",
        "client-dn",
    ];
    parts.iter().find(|part| name.contains(*part))?;
    Some(match &name {
        name if name.contains("verify") => About::Verdict,
        name if name.contains("subject") || name.contains("dn") => About::Subject,
        _ => About::Certificate,
    })
}

/// A header that names the client gets `value`, which is what the client wrote there.
pub(super) fn forwarded(at: &Line, header: &str, value: &str, instead: &str) -> Finding {
    let what = format!("The header {header} hands on what the client wrote there ({value}).");
    Finding::error("client-header-forwarded", at.place(), what)
        .why("Whoever sends that header is whom it names, with any certificate or none.")
        .command_or(
            edit::replaced(at, value, instead),
            format!("Write {instead}."),
        )
}
