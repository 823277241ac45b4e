//! Renewing, in time and for ever.

use std::time::Duration;

use pki_core::KeyKind;
use rustls::crypto::aws_lc_rs;
use time::OffsetDateTime;
use tokio::task::spawn_blocking;
use tokio::time::sleep;
use x509_identity::Certificate;

use super::enroller::{Enrolled, Enroller, RenewalWindow};
use super::error::EnrollError;
use super::files::{EnrolledFiles, names_of};

/// Keeps the certificate of a directory fresh.
///
/// It renews at a random moment of the window that the CA suggests, which is around two thirds of the validity period,
/// with a new key each time. The new certificate is presented to the server before it takes the place of the old one.
/// What fails is tried again, after a random pause that grows. It goes by the system's clock and looks at it often, so
/// that a machine that slept renews when it wakes up.
#[derive(Debug)]
pub struct RenewalAgent {
    enroller: Enroller,
    files: EnrolledFiles,
    kind: KeyKind,
}

/// What a [`RenewalAgent`] has done.
#[derive(Debug)]
#[non_exhaustive]
pub enum RenewalEvent {
    /// The files have changed.
    Renewed(Box<Enrolled>),
    /// Nothing has changed.
    Failed {
        /// Why.
        error: EnrollError,
        /// Until the next attempt.
        again_in: Duration,
    },
}

/// When a certificate is renewed, and how long what failed waits.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
struct RenewalPlan {
    not_before: OffsetDateTime,
    life: time::Duration,
}

impl RenewalAgent {
    /// Renews what is in `files` by `enroller`, with keys of P-256.
    #[must_use]
    pub fn new(enroller: Enroller, files: EnrolledFiles) -> Self {
        Self {
            enroller,
            files,
            kind: KeyKind::P256,
        }
    }

    /// Makes keys of another kind.
    #[must_use]
    pub fn key_kind(mut self, kind: KeyKind) -> Self {
        self.kind = kind;
        self
    }

    /// Renews for as long as the returned future is polled, and tells `on_event` what it does.
    ///
    /// # Errors
    ///
    /// If the files cannot be read, or there is no certificate in them. What may pass is an event.
    pub async fn run(&self, mut on_event: impl FnMut(RenewalEvent)) -> Result<(), EnrollError> {
        loop {
            let certificate = self.certificate().await?;
            let plan = RenewalPlan::of(&certificate);
            self.wait(&certificate, plan).await;
            let mut attempt = 0;
            loop {
                match self.renew().await {
                    Ok(enrolled) => {
                        on_event(RenewalEvent::Renewed(Box::new(enrolled)));
                        break;
                    }
                    Err(error) => {
                        let again_in = plan.pause(attempt, random());
                        on_event(RenewalEvent::Failed { error, again_in });
                        attempt += 1;
                        sleep(again_in).await;
                    }
                }
            }
        }
    }

    /// Renews now, whether it is time or not.
    ///
    /// # Errors
    ///
    /// [`EnrollError`]: the certificate before stays, and the next attempt goes on with the same key.
    pub async fn renew(&self) -> Result<Enrolled, EnrollError> {
        let kind = self.kind;
        let (identity, pending) = self
            .with_files(move |files| {
                let identity = files.identity()?.ok_or_else(|| none(files))?;
                let (subject, sans) = names_of(identity.certificate());
                Ok((identity, files.request(kind, &subject, &sans)?))
            })
            .await?;
        let renewed = self.enroller.renew(identity, &pending.request).await;
        let tried = match renewed {
            Ok(enrolled) => {
                let new = pending.identity(&enrolled)?;
                self.enroller.try_identity(new).await.map(|()| enrolled)
            }
            Err(error) => Err(error),
        };
        match tried {
            Ok(enrolled) => {
                let new = enrolled.clone();
                self.with_files(move |files| files.replace(&new)).await?;
                Ok(enrolled)
            }
            Err(error) => {
                // With the same request it would be the same again.
                if error.is_final() || matches!(error, EnrollError::NotAccepted(_)) {
                    self.with_files(EnrolledFiles::discard).await?;
                }
                Err(error)
            }
        }
    }

    /// Whether the window for renewing has begun: that of the CA, or without an answer two thirds of the validity
    /// period.
    ///
    /// # Errors
    ///
    /// If the files cannot be read, or there is no certificate in them.
    pub async fn is_due(&self, now: OffsetDateTime) -> Result<bool, EnrollError> {
        let certificate = self.certificate().await?;
        let plan = RenewalPlan::of(&certificate);
        let window = self.enroller.renewal_window(&certificate).await;
        Ok(now >= window.unwrap_or(plan.window()).start)
    }

    /// Until a random moment of the window. The CA is asked for it now and then, as it may have a fleet renew early.
    async fn wait(&self, certificate: &Certificate, plan: RenewalPlan) {
        let mut window = plan.window();
        let mut at = pick(window, random());
        let mut asked = None;
        loop {
            let now = OffsetDateTime::now_utc();
            if asked.is_none_or(|asked| now >= asked + plan.ask_every()) {
                asked = Some(now);
                // Without an answer the window stays.
                let answer = self.enroller.renewal_window(certificate).await;
                if let Ok(suggested) = answer
                    && suggested != window
                {
                    window = suggested;
                    at = pick(window, random());
                }
            }
            let left = Duration::try_from(at - OffsetDateTime::now_utc()).unwrap_or_default();
            if left.is_zero() {
                return;
            }
            sleep(left.min(LOOK_EVERY)).await;
        }
    }

    async fn certificate(&self) -> Result<Certificate, EnrollError> {
        self.with_files(|files| {
            let identity = files.identity()?.ok_or_else(|| none(files))?;
            Ok(identity.certificate().clone())
        })
        .await
    }

    async fn with_files<T: Send + 'static>(
        &self,
        work: impl FnOnce(&EnrolledFiles) -> Result<T, EnrollError> + Send + 'static,
    ) -> Result<T, EnrollError> {
        let files = self.files.clone();
        let done = spawn_blocking(move || work(&files)).await;
        done.map_err(|error| EnrollError::Request(error.into()))?
    }
}

impl RenewalPlan {
    /// That of a certificate.
    fn of(certificate: &Certificate) -> Self {
        let not_before = certificate.not_before();
        Self {
            not_before,
            life: certificate.not_after() - not_before,
        }
    }

    /// Two thirds of the validity period, and a tenth of that before and after.
    fn window(&self) -> RenewalWindow {
        RenewalWindow {
            start: self.not_before + self.life * 0.6,
            end: self.not_before + self.life * (2.2 / 3.0),
        }
    }

    /// Before attempt number `attempt` + 2: full jitter over 1, 2, 4, ... seconds, up to a tenth of the validity period
    /// and an hour. `random` is from 0 to 1.
    fn pause(&self, attempt: u32, random: f64) -> Duration {
        let tenth = Duration::try_from(self.life / 10).unwrap_or_default();
        let longest = tenth.clamp(Duration::from_secs(1), Duration::from_secs(3600));
        let grown = Duration::from_secs(1 << attempt.min(12)).min(longest);
        // No busy loop, however small the number.
        grown.mul_f64(random.clamp(0.0, 1.0)).max(SHORTEST)
    }

    fn ask_every(&self) -> time::Duration {
        (self.life / 20_i32).clamp(time::Duration::seconds(5), time::Duration::hours(6))
    }
}

fn none(files: &EnrolledFiles) -> EnrollError {
    let missing = std::io::Error::from(std::io::ErrorKind::NotFound);
    let [certificate, ..] = files.paths();
    EnrollError::file(certificate, missing)
}

fn pick(window: RenewalWindow, random: f64) -> OffsetDateTime {
    window.start + (window.end - window.start) * random
}

/// From 0 to 1. It need not be secret.
fn random() -> f64 {
    let mut bytes = [0; 4];
    let provider = aws_lc_rs::default_provider();
    if provider.secure_random.fill(&mut bytes).is_err() {
        return 0.5;
    }
    f64::from(u32::from_be_bytes(bytes)) / f64::from(u32::MAX)
}

/// How often the clock is looked at, which may be set, or have stood still.
const LOOK_EVERY: Duration = Duration::from_secs(30);
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
