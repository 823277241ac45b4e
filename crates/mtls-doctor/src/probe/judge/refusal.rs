//! The refusal itself, in the words of the client's own errors.

use pki_core::verify::{Purpose, problems_of_leaf, unix_time};
use rustls::AlertDescription as Alert;
use time::OffsetDateTime;
use tls_identity::{Refusal, RefusalPage, alert_name};

use crate::files::wording::sentence;
use crate::probe::attempt::{Attempt, Outcome, Presented};
use crate::probe::known::Known;
use crate::probe::observation::Observation;

/// What the server said to our certificate, in the words of the client's own errors.
pub(super) fn said(seen: &Observation, known: &Known<'_>, now: OffsetDateTime) -> String {
    let refused = |one: &&Attempt| one.is_refused();
    let all: Vec<_> = seen.with(Presented::Identity).filter(refused).collect();
    let alert = all.iter().find_map(|one| match one.outcome {
        Outcome::Alert(alert) => Some(alert),
        _ => None,
    });
    let page = all.iter().find_map(|one| one.answer());
    let clause = match (alert, page) {
        (Some(alert), _) => {
            let leaf = known.chain().first();
            let problems = leaf
                .map(|leaf| problems_of_leaf(leaf, Purpose::TlsClient, unix_time(now)))
                .unwrap_or_default();
            match (Refusal::of(alert), Refusal::reason(alert, problems)) {
                (Some(refusal), Some(reason)) => refusal.sentence(Some(&reason)),
                // What to do about it the finding says better.
                (Some(refusal), None) => refusal.beginning(),
                (None, _) if alert == Alert::HandshakeFailure => {
                    Refusal::AFTER_CERTIFICATE.to_owned()
                }
                (None, _) => format!(
                    "the server ended the connection with the alert {}",
                    alert_name(alert)
                ),
            }
        }
        (None, Some(answer)) => {
            match RefusalPage::of(answer.status.unwrap_or_default(), &answer.body) {
                Some(page) => page.sentence().to_owned(),
                None => format!(
                    "the server completes the handshake and answers {}",
                    answer.status.map_or_else(
                        || "what is not HTTP".to_owned(),
                        |status| status.to_string()
                    )
                ),
            }
        }
        (None, None) => Refusal::HUNG_UP.to_owned(),
    };
    sentence(&clause)
}
