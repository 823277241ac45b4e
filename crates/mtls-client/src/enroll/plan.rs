//! When a certificate is renewed, and how long what failed waits.

use std::time::Duration;

use rustls::crypto::aws_lc_rs;
use time::OffsetDateTime;
use x509_identity::Certificate;

use super::window::RenewalWindow;

/// When a certificate is renewed, and how long what failed waits.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) struct RenewalPlan {
    not_before: OffsetDateTime,
    life: time::Duration,
}

impl RenewalPlan {
    /// That of a certificate.
    pub(super) fn of(certificate: &Certificate) -> Self {
        let not_before = certificate.not_before();
        Self {
            not_before,
            life: certificate.not_after() - not_before,
        }
    }

    /// Two thirds of the validity period, and a tenth of that before and after.
    pub(super) fn window(&self) -> RenewalWindow {
        RenewalWindow {
            start: self.not_before + self.life * 0.6,
            end: self.not_before + self.life * (2.2 / 3.0),
        }
    }

    /// Before attempt number `attempt` + 2: full jitter over 1, 2, 4, ... seconds, up to a tenth of the validity period
    /// and an hour. `random` is from 0 to 1.
    pub(super) fn pause(&self, attempt: u32, random: f64) -> Duration {
        let tenth = Duration::try_from(self.life / 10).unwrap_or_default();
        let longest = tenth.clamp(Duration::from_secs(1), Duration::from_secs(3600));
        let grown = Duration::from_secs(1 << attempt.min(12)).min(longest);
        // No busy loop, however small the number.
        grown.mul_f64(random.clamp(0.0, 1.0)).max(SHORTEST)
    }

    /// From one renewal to the next at least.
    pub(super) fn shortest_use(&self) -> Duration {
        let twentieth = Duration::try_from(self.life / 20).unwrap_or_default();
        twentieth.min(Duration::from_secs(3600))
    }

    pub(super) fn ask_every(&self) -> time::Duration {
        (self.life / 20_i32).clamp(time::Duration::seconds(5), time::Duration::hours(6))
    }
}

/// Before another attempt to get the first certificate: full jitter over 1, 2, 4, ... seconds, up to a minute.
pub(super) fn first_pause(attempt: u32, random: f64) -> Duration {
    let plan = RenewalPlan {
        not_before: OffsetDateTime::UNIX_EPOCH,
        life: time::Duration::minutes(10),
    };
    plan.pause(attempt, random)
}

/// A moment of the window: `random` is from 0 to 1.
pub(super) fn pick(window: RenewalWindow, random: f64) -> OffsetDateTime {
    let after = (window.end - window.start) * random;
    window.start.saturating_add(after)
}

/// From 0 to 1. It need not be secret.
pub(super) fn random() -> f64 {
    let mut bytes = [0; 4];
    let provider = aws_lc_rs::default_provider();
    if provider.secure_random.fill(&mut bytes).is_err() {
        return 0.5;
    }
    f64::from(u32::from_be_bytes(bytes)) / f64::from(u32::MAX)
}

const SHORTEST: Duration = Duration::from_millis(100);

#[cfg(test)]
mod tests {
    use time::macros::datetime;

    use super::*;

    fn plan(life: time::Duration) -> RenewalPlan {
        RenewalPlan {
            not_before: datetime!(2026-11-27 12:00 UTC),
            life,
        }
    }

    #[test]
    fn the_window_is_around_two_thirds() {
        let window = plan(time::Duration::hours(30)).window();
        assert_eq!(pick(window, 0.0), datetime!(2026-11-28 6:00 UTC));
        assert_eq!(pick(window, 0.5), datetime!(2026-11-28 8:00 UTC));
        assert_eq!(pick(window, 1.0), datetime!(2026-11-28 10:00 UTC));
    }

    #[test]
    fn pauses_grow_to_a_tenth_of_the_life_and_never_above_an_hour() {
        for (life, attempt, random, seconds) in [
            (time::Duration::DAY, 0, 1.0, 1.0),
            (time::Duration::DAY, 3, 1.0, 8.0),
            (time::Duration::DAY, 3, 0.25, 2.0),
            (time::Duration::DAY, 40, 1.0, 3600.0),
            (time::Duration::MINUTE, 40, 1.0, 6.0),
            (time::Duration::SECOND, 40, 1.0, 1.0),
            (time::Duration::DAY, 5, 0.0, 0.1),
        ] {
            let pause = plan(life).pause(attempt, random).as_secs_f64();
            assert!(
                (pause - seconds).abs() < 1e-6,
                "{life} {attempt} {random}: {pause}"
            );
        }
    }

    #[test]
    fn random_numbers_are_spread() {
        let numbers: Vec<_> = (0..64).map(|_| random()).collect();
        assert!(numbers.iter().all(|it| (0.0..=1.0).contains(it)));
        assert!(numbers.iter().any(|it| *it < 0.5) && numbers.iter().any(|it| *it > 0.5));
    }
}
