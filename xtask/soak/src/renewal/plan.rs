//! How long certificates are valid, and when the CA is away.

use std::time::Duration;

/// When what happens, counted from the first certificate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Plan {
    /// For how long the whole runs.
    pub(super) span: Duration,
    /// For how long a certificate is valid.
    pub(super) life: Duration,
    /// When the CA is killed: before the first certificate is due, at three fifths of its validity period.
    pub(super) outage_from: Duration,
    /// For how long it is away: until after the last one is due, which is not renewed in this time, and with a tenth of the
    /// validity period left for the pause before the next attempt.
    pub(super) outage_for: Duration,
    /// How far the wrong clocks are wrong.
    pub(super) skew: Duration,
}

impl Plan {
    /// Certificates of a minute and 20 seconds without a CA, or less of both where there is not the time for it.
    pub(super) fn within(span: Duration) -> Self {
        let life = (span / 5).clamp(Duration::from_secs(20), Duration::from_secs(60));
        // A certificate of a minute is issued as of 6 seconds ago, and so is a shorter one in proportion.
        let outage_from = life.mul_f64(0.4);
        Self {
            span,
            life,
            outage_from,
            outage_for: life
                .mul_f64(0.225)
                .max(life.saturating_sub(Duration::from_secs(40))),
            skew: life / 3,
        }
    }

    /// How often each certificate has to be replaced: each time takes three quarters of the validity period at most, but
    /// for the one that the outage delays.
    pub(super) fn least_rotations(&self) -> u64 {
        let rest = self.span.saturating_sub(self.life);
        1 + rest.as_secs() / self.life.as_secs()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn five_minutes_are_for_certificates_of_one_and_less_is_for_shorter_ones() {
        for (span, life, from, away, rotations) in [
            (300, 60, 24.0, 20.0, 5),
            (600, 60, 24.0, 20.0, 10),
            (20, 20, 8.0, 4.5, 1),
        ] {
            let plan = Plan::within(Duration::from_secs(span));
            assert_eq!(plan.life, Duration::from_secs(life));
            assert_eq!(plan.outage_from, Duration::from_secs_f64(from));
            assert_eq!(plan.outage_for, Duration::from_secs_f64(away));
            assert_eq!(plan.least_rotations(), rotations);
        }
    }
}
