//! What an observation means. Nothing here touches a socket.

mod answer;
mod client;
mod facts;
mod hints;
mod known;
mod reach;
mod request;
mod revocation;
mod server;
mod server_kind;

#[cfg(test)]
mod tests;

use time::OffsetDateTime;

use super::observation::{Attempt, Observation, Presented};
use crate::report::Report;
use crate::stories::unseen;

pub(super) use known::Known;

/// Adds facts, findings and questions about `seen` to `report`. `known` is what the client has, `now` is our clock.
///
/// The order is that of causes: what keeps a connection from being made at all, the server's certificate, the request
/// for a client certificate and what became of ours, and last what only some clients stumble over.
pub(super) fn judge(
    seen: &Observation,
    known: &Known<'_>,
    now: OffsetDateTime,
    report: &mut Report,
) {
    facts::add(seen, known, report);
    let broken = reach::findings(seen);
    if !broken.is_empty() {
        return report.findings_of(broken);
    }
    server::judge(seen, known, now, report);
    request::judge(seen, report);
    client::judge(seen, known, now, report);
    hints::judge(seen, known, report);
    answer::judge(seen, report);
    revocation::judge(seen, report);
    if seen.with(Presented::Identity).any(Attempt::is_accepted) {
        for question in unseen::where_the_server_is_fine() {
            report.question(question);
        }
    }
}
