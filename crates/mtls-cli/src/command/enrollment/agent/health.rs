//! How the certificate is, in one line.

use std::fmt;

use mtls_client::RenewalEvent;
use time::OffsetDateTime;
use x509_identity::Certificate;

use crate::output::moment;

/// How the certificate is.
#[derive(Debug)]
pub(super) struct Health {
    serial: String,
    not_after: OffsetDateTime,
    planned: Option<OffsetDateTime>,
    renewed: u64,
    /// Why the last attempts since the certificate was issued have failed, and how many there were.
    failed: Option<(u64, String)>,
}

impl Health {
    pub(super) fn of(certificate: &Certificate) -> Self {
        Self {
            serial: certificate.serial().to_string(),
            not_after: certificate.not_after(),
            planned: None,
            renewed: 0,
            failed: None,
        }
    }

    pub(super) fn serial(&self) -> &str {
        &self.serial
    }

    /// Takes notice of what has happened.
    pub(super) fn note(&mut self, event: &RenewalEvent) {
        match event {
            RenewalEvent::Planned(at) => self.planned = Some(*at),
            RenewalEvent::Renewed(enrolled) => {
                *self = Self {
                    renewed: self.renewed + 1,
                    ..Self::of(&enrolled.certificate)
                }
            }
            RenewalEvent::Failed { error, .. } => {
                let before = self.failed.take().map_or(0, |(count, _)| count);
                self.failed = Some((before + 1, error.to_string()));
            }
            _ => {}
        }
    }

    /// The line at this time.
    pub(super) fn line(&self, now: OffsetDateTime) -> String {
        Line { health: self, now }.to_string()
    }
}

struct Line<'a> {
    health: &'a Health,
    now: OffsetDateTime,
}

impl fmt::Display for Line<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Health {
            serial,
            not_after,
            planned,
            renewed,
            failed,
        } = self.health;
        let verb = match *not_after < self.now {
            true => "has expired at",
            false => "is valid until",
        };
        write!(f, "certificate {serial} {verb} {}", moment(*not_after))?;
        match (failed, planned) {
            (Some((count, why)), _) => write!(
                f,
                "; {count} attempts to renew it have failed, the last: {why}"
            )?,
            (None, Some(at)) => write!(f, "; renewal at {}", moment(*at))?,
            (None, None) => {}
        }
        write!(f, "; renewed {renewed} times")
    }
}

#[cfg(test)]
mod tests {
    use mtls_client::EnrollError;

    use super::*;

    #[test]
    fn a_line_says_what_an_operator_looks_for() {
        let at = |seconds| OffsetDateTime::UNIX_EPOCH + time::Duration::seconds(seconds);
        let mut health = Health {
            serial: "0A".to_owned(),
            not_after: at(3600),
            planned: None,
            renewed: 2,
            failed: None,
        };
        health.note(&RenewalEvent::Planned(at(2400)));
        assert_eq!(
            health.line(at(0)),
            "certificate 0A is valid until 1970-01-01 01:00:00 UTC; renewal at 1970-01-01 00:40:00 UTC; renewed 2 times"
        );
        for _ in 0..2 {
            health.note(&RenewalEvent::Failed {
                error: EnrollError::NoToken,
                again_in: std::time::Duration::from_secs(1),
            });
        }
        assert_eq!(
            health.line(at(3601)),
            "certificate 0A has expired at 1970-01-01 01:00:00 UTC; 2 attempts to renew it have failed, the last: there is no \
             token to get a certificate by; renewed 2 times"
        );
    }
}
