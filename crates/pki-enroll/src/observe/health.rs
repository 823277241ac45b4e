//! The health of what is published, for a supervisor.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse as _, Response};
use axum::routing::get;
use axum::{Json, Router};
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

    fn change(&self, change: impl FnOnce(&mut Report)) {
        change(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner));
    }

    fn report(&self, now: OffsetDateTime) -> (StatusCode, Value) {
        let report = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let lapsed = report.crls.values().any(|end| *end < now);
        let (code, word) = match (&report.failing, report.refreshed) {
            _ if lapsed => (StatusCode::SERVICE_UNAVAILABLE, "expired"),
            (Some(_), _) => (StatusCode::OK, "degraded"),
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
        let body = json!({
            "status": word,
            "refreshed": report.refreshed.and_then(date),
            "degraded_since": failing.and_then(|(since, _)| date(*since)),
            "reason": failing.map(|(_, sentence)| sentence),
            "crls": crls.collect::<Vec<_>>(),
        });
        (code, body)
    }
}

/// `/healthz`: 200 and `{"status":"ok","refreshed":..,"crls":[{"path":..,"next_update":..}]}`.
///
/// While something fails that is tried again, `status` is `degraded`, with `reason` and `degraded_since`, and the
/// status code stays 200: what is published still counts. 503 means `expired`, a CRL that is past its nextUpdate, or
/// `starting`.
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
}
