//! What somebody is told about something that ends soon.

use serde::{Serialize, Serializer};
use time::{Duration, OffsetDateTime};

use super::thresholds::in_words;

/// Something that ends soon. As JSON it is what a webhook and a command receive:
///
/// ```json
/// {"event":"expiring","kind":"leaf","ca":"default","name":"CN=api.example.org","serial":"0a1b...",
///  "not_after":"2026-12-04T10:00:00Z","seconds_left":604800,"threshold":"7d"}
/// ```
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Expiring {
    /// Always `expiring`.
    event: &'static str,
    /// What it is.
    pub kind: ExpiringKind,
    /// The CA's name.
    pub ca: String,
    /// The certificate's subject (RFC 4514), or the path of a CRL.
    pub name: String,
    /// The certificate's serial number, in hexadecimal digits; none for a CRL.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub serial: Option<String>,
    /// When it ends: notAfter, or nextUpdate.
    #[serde(with = "time::serde::rfc3339")]
    pub not_after: OffsetDateTime,
    /// Seconds until then; negative if it has ended.
    pub seconds_left: i64,
    /// The threshold that was passed; none in a listing.
    #[serde(skip_serializing_if = "Option::is_none", serialize_with = "threshold")]
    pub threshold: Option<Duration>,
    /// From its beginning to its end.
    #[serde(skip)]
    pub(crate) period: Duration,
}

/// What ends.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize)]
#[non_exhaustive]
#[serde(rename_all = "kebab-case")]
pub enum ExpiringKind {
    /// A root or an issuing CA.
    Ca,
    /// A CRL, by its nextUpdate.
    Crl,
    /// The certificate of a server or client.
    Leaf,
    /// The certificate of an OCSP responder.
    Responder,
}

impl ExpiringKind {
    /// As in JSON, and as a label of metrics.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Ca => "ca",
            Self::Crl => "crl",
            Self::Leaf => "leaf",
            Self::Responder => "responder",
        }
    }
}

impl Expiring {
    pub(crate) fn new(
        kind: ExpiringKind,
        ca: &str,
        name: String,
        (begin, end): (OffsetDateTime, OffsetDateTime),
        now: OffsetDateTime,
    ) -> Self {
        Self {
            event: "expiring",
            kind,
            ca: ca.to_owned(),
            name,
            serial: None,
            not_after: end,
            seconds_left: (end - now).whole_seconds(),
            threshold: None,
            period: end - begin,
        }
    }
}

fn threshold<S: Serializer>(threshold: &Option<Duration>, to: S) -> Result<S::Ok, S::Error> {
    threshold.map(in_words).serialize(to)
}

#[cfg(test)]
mod tests {
    use time::macros::datetime;

    use super::*;

    #[test]
    fn the_json_is_what_the_documentation_says() {
        let now = datetime!(2026-11-27 10:00 UTC);
        let end = datetime!(2026-12-04 10:00 UTC);
        let span = (end - Duration::days(90), end);
        let name = "CN=api.example.org".to_owned();
        let mut notice = Expiring::new(ExpiringKind::Leaf, "default", name, span, now);
        notice.serial = Some("0a1b".to_owned());
        notice.threshold = Some(Duration::days(7));
        let json = serde_json::to_string(&notice).expect("JSON");
        let expected = r#"{"event":"expiring","kind":"leaf","ca":"default","name":"CN=api.example.org","serial":"0a1b","not_after":"2026-12-04T10:00:00Z","seconds_left":604800,"threshold":"7d"}"#;
        assert_eq!(json, expected);
    }
}
