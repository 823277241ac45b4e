//! What the answer to the identity says beyond TLS.

use crate::finding::Finding;
use crate::probe::attempt::{Attempt, Presented};
use crate::probe::observation::Observation;
use crate::report::Report;

pub(super) fn judge(seen: &Observation, report: &mut Report) {
    let place = seen.url.to_string();
    let Some(answer) = seen.with(Presented::Identity).find_map(Attempt::answer) else {
        return;
    };
    match answer.status {
        Some(421) => report.finding(
            Finding::error(
                "misdirected",
                &*place,
                "The server answers 421: the name in the handshake and the one in the request are not of one virtual host.",
            )
            .why("Caddy and strict servers do so, to keep a client certificate of one host from being used for another.")
            .step("Ask for the name that the server is configured for, in the URL or with --host."),
        ),
        Some(502..=504) => report.finding(
            Finding::warning(
                "backend-fails",
                &*place,
                format!(
                    "TLS works and the certificate is accepted; the server answers {}, since what is behind it does not.",
                    answer.status.unwrap_or_default()
                ),
            )
            .why("Clients see an error that has nothing to do with certificates.")
            .step("Check the backend."),
        ),
        _ => {}
    }
}
