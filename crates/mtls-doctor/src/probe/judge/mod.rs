//! What an observation means. Nothing here touches a socket.

mod answer;
mod client;
mod client_ca;
mod facts;
mod hints;
mod look;
mod protocol;
mod reach;
mod refusal;
mod request;
mod revocation;
mod server;
mod server_kind;
mod words;

#[cfg(test)]
mod tests;

use time::OffsetDateTime;

use super::attempt::{Attempt, Presented};
use super::known::Known;
use super::observation::Observation;
use crate::report::Report;
use crate::stories::unseen;

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
        let broken = broken.into_iter().map(|finding| look::add(finding, seen));
        return report.findings_of(broken);
    }
    server::judge(seen, known, now, report);
    request::judge(seen, report);
    client::judge(seen, known, now, report);
    hints::judge(seen, known, report);
    answer::judge(seen, report);
    revocation::judge(seen, report);
    report.complete(&seen.url.to_string(), |finding| look::add(finding, seen));
    let accepted = |one: &Attempt| one.is_accepted() || seen.is_of_another_protocol(one);
    if seen.with(Presented::Identity).any(accepted) {
        for question in unseen::where_the_server_is_fine() {
            report.question(question);
        }
    }
}
