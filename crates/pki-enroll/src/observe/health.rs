//! The health of what is published, for a supervisor.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse as _, Response};
use axum::routing::get;
use axum::{Json, Router};
use pki_store::ClockState;
use serde_json::{Value, json};
use time::format_description::well_known::Rfc3339;
use time::{Duration, OffsetDateTime};

/// How the timers are doing. Cheap to clone: all clones are one.
#[derive(Clone, Debug, Default)]
pub struct Health(Arc<Mutex<Report>>);

#[derive(Debug, Default)]
struct Report {
    /// When everything was last found in order.
    refreshed: Option<OffsetDateTime>,
    /// Since when something has been failing, and what, as a sentence.
    failing: Option<(OffsetDateTime, String)>,
    /// By path, the nextUpdate of each CRL that is published.
    crls: BTreeMap<String, OffsetDateTime>,
    clock: ClockState,
    /// Of a process that only reads: up to when it knows everything.
    known_until: Option<Option<OffsetDateTime>>,
}

impl Health {
    pub(crate) fn recovered(&self, now: OffsetDateTime) {
        self.change(|report| {
            report.refreshed = Some(now);
            report.failing = None;
        });
    }

    pub(crate) fn failed(&self, now: OffsetDateTime, sentence: String) {
        self.change(|report| {
            let since = report.failing.take().map_or(now, |(since, _)| since);
            report.failing = Some((since, sentence));
        });
    }

    pub(crate) fn published(&self, path: &str, next_update: OffsetDateTime) {
        self.change(|report| {
            report.crls.insert(path.to_owned(), next_update);
        });
    }

    /// That CRL lapses, and nobody needs another one.
    pub(crate) fn retired(&self, path: &str) {
        self.change(|report| {
            report.crls.remove(path);
        });
    }

    pub(crate) fn clock(&self, state: ClockState) {
        self.change(|report| report.clock = state);
    }

    /// `None` if a process that only reads does not know up to when it knows everything.
    pub(crate) fn known_until(&self, until: Option<OffsetDateTime>) {
        self.change(|report| report.known_until = Some(until));
    }

    fn change(&self, change: impl FnOnce(&mut Report)) {
        change(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner));
    }

    fn report(&self, now: OffsetDateTime) -> (StatusCode, Value) {
        let report = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let lapsed = report.crls.values().any(|end| *end < now);
        let (code, word) = match (&report.failing, report.refreshed) {
            _ if lapsed => (StatusCode::SERVICE_UNAVAILABLE, "expired"),
            _ if !report.clock.may_sign() => (StatusCode::SERVICE_UNAVAILABLE, "clock"),
            // Nothing was in order yet, and nothing is published that would still count.
            (Some(_), None) if report.crls.is_empty() => {
                (StatusCode::SERVICE_UNAVAILABLE, "starting")
            }
            (Some(_), _) => (StatusCode::OK, "degraded"),
            _ if matches!(report.clock, ClockState::Disputed { .. }) => {
                (StatusCode::OK, "degraded")
            }
            _ if report.lags(now) => (StatusCode::OK, "degraded"),
            (None, None) => (StatusCode::SERVICE_UNAVAILABLE, "starting"),
            // The timers have stopped, or wait for a store that does not answer.
            (None, Some(refreshed)) if now - refreshed > STALE => (StatusCode::OK, "degraded"),
            (None, Some(_)) => (StatusCode::OK, "ok"),
        };
        let date = |date: OffsetDateTime| date.format(&Rfc3339).ok();
        let crls = report.crls.iter();
        let crls = crls
            .map(|(path, next_update)| json!({"path": path, "next_update": date(*next_update)}));
        let failing = report.failing.as_ref();
        let reason = failing.map(|(_, sentence)| sentence.clone());
        let mut body = json!({
            "status": word,
            "refreshed": report.refreshed.and_then(date),
            "degraded_since": failing.and_then(|(since, _)| date(*since)),
            "reason": reason.or_else(|| report.reason(now)),
            "crls": crls.collect::<Vec<_>>(),
        });
        if let Some(until) = report.known_until {
            body["known_until"] = json!(until.and_then(date));
        }
        (code, body)
    }
}

impl Report {
    fn lags(&self, now: OffsetDateTime) -> bool {
        let old = |until: Option<OffsetDateTime>| until.is_none_or(|until| now - until > STALE);
        self.known_until.is_some_and(old)
    }

    /// What is wrong, although nothing has failed.
    fn reason(&self, now: OffsetDateTime) -> Option<String> {
        if !self.clock.may_sign() || matches!(self.clock, ClockState::Disputed { .. }) {
            return Some(self.clock.to_string());
        }
        let behind = "nothing new has come from the primary database for minutes";
        self.lags(now).then(|| behind.to_owned())
    }
}

/// `/healthz`: 200 and `{"status":"ok","refreshed":..,"crls":[{"path":..,"next_update":..}]}`.
///
/// While something fails that is tried again, `status` is `degraded`, with `reason` and `degraded_since`, and the
/// status code stays 200: what is published still counts. The same is said where clocks of processes differ and nobody
/// knows which is right, and by a process on a standby that has heard nothing from the primary for 5 minutes; such a
/// process says up to when it knows everything, as `known_until`. 503 means `expired`, a CRL that is past its nextUpdate,
/// `clock`, a clock that is wrong, so that nothing is issued, or `starting`: no CRL is published yet, and `reason` says
/// why not, if anything has failed.
pub fn health(health: Health) -> Router {
    Router::new()
        .route("/healthz", get(respond))
        .with_state(health)
}

/// The timers look every 30 s.
const STALE: Duration = Duration::minutes(5);

async fn respond(State(health): State<Health>) -> Response {
    let (code, body) = health.report(OffsetDateTime::now_utc());
    (code, Json(body)).into_response()
}

#[cfg(test)]
mod tests {
    use time::macros::datetime;

    use super::*;

    #[test]
    fn a_failure_degrades_and_a_crl_that_has_lapsed_is_the_end() {
        let now = datetime!(2026-11-27 12:00 UTC);
        let health = Health::default();
        let word = |at: OffsetDateTime| {
            let (code, body) = health.report(at);
            (
                code.as_u16(),
                body["status"].as_str().unwrap_or("").to_owned(),
            )
        };
        assert_eq!(word(now), (503, "starting".into()));
        health.failed(now, "there is no CRL".into());
        assert_eq!(word(now), (503, "starting".into()));
        health.published("/crl/a.crl", now + Duration::DAY);
        health.recovered(now);
        assert_eq!(word(now), (200, "ok".into()));
        health.failed(now, "the store is locked".into());
        health.failed(now + Duration::MINUTE, "the disk is full".into());
        let (code, body) = health.report(now);
        assert_eq!((code.as_u16(), &body["status"]), (200, &json!("degraded")));
        assert_eq!(body["degraded_since"], json!("2026-11-27T12:00:00Z"));
        assert_eq!(body["reason"], json!("the disk is full"));
        assert_eq!(word(now + Duration::DAY * 2), (503, "expired".into()));
        health.published("/crl/a.crl", now + Duration::DAY * 3);
        health.recovered(now);
        assert_eq!(word(now + Duration::minutes(5)), (200, "ok".into()));
        assert_eq!(word(now + Duration::minutes(6)), (200, "degraded".into()));
        health.recovered(now + Duration::DAY * 4);
        assert_eq!(word(now + Duration::DAY * 4), (503, "expired".into()));
        health.retired("/crl/a.crl");
        assert_eq!(word(now + Duration::DAY * 4), (200, "ok".into()));
    }

    #[test]
    fn a_wrong_clock_is_the_end_and_a_standby_that_hears_nothing_is_degraded() {
        let now = datetime!(2026-11-27 12:00 UTC);
        let health = Health::default();
        health.recovered(now);
        let said = |at: OffsetDateTime| {
            let (code, body) = health.report(at);
            let word = |name: &str| body[name].as_str().unwrap_or_default().to_owned();
            (code.as_u16(), word("status"), word("reason"))
        };
        for (clock, code, status, reason) in [
            (ClockState::Agrees, 200, "ok", ""),
            (
                ClockState::Disputed { seconds: 40 },
                200,
                "degraded",
                "nobody knows",
            ),
            (
                ClockState::Wrong { seconds: -40 },
                503,
                "clock",
                "40 s behind",
            ),
            (ClockState::Comparing, 503, "clock", "not compared"),
            (ClockState::Unknown, 200, "ok", ""),
        ] {
            health.clock(clock);
            let (found, word, said) = said(now);
            assert_eq!((found, word.as_str()), (code, status), "{clock:?}");
            assert!(said.contains(reason), "{said}");
        }
        health.known_until(Some(now));
        assert_eq!(said(now + Duration::minutes(5)).1, "ok");
        health.recovered(now + Duration::minutes(5));
        let late = said(now + Duration::minutes(6));
        assert_eq!((late.0, late.1.as_str()), (200, "degraded"));
        assert!(late.2.contains("nothing new"), "{}", late.2);
        assert_eq!(
            health.report(now).1["known_until"],
            json!("2026-11-27T12:00:00Z")
        );
        health.known_until(None);
        assert_eq!(said(now).1, "degraded");
    }
}
