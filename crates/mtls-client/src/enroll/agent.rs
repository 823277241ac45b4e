//! Renewing, in time and for ever.

use std::fmt;
use std::time::Duration;

use pki_core::{CertificateRequest, KeyKind, Password};
use time::OffsetDateTime;
use tokio::task::spawn_blocking;
use tokio::time::sleep;
use x509_identity::{Certificate, DistinguishedName, SubjectAltName};

use super::enrolled::Enrolled;
use super::enroller::Enroller;
use super::error::EnrollError;
use super::files::{EnrolledFiles, PendingRequest, names_of};
use super::plan::{RenewalPlan, first_pause, pick, random};
use super::turn::Turn;
use crate::ClientIdentity;

/// Keeps the certificate of a directory fresh.
///
/// It renews at a random moment of the window that the CA suggests, which is around two thirds of the validity period,
/// with a new key each time. The new certificate is presented to the server before it takes the place of the old one.
/// What fails is tried again, after a random pause that grows. It goes by the system's clock and looks at it often, so
/// that a machine that slept renews when it wakes up. If that clock differs from the CA's, it goes by the CA's.
///
/// Agents of one directory take turns, as when a program is started while the one before still runs: what one of them
/// gets is the others' certificate, too.
pub struct RenewalAgent {
    enroller: Enroller,
    files: EnrolledFiles,
    kind: KeyKind,
    token: Option<Password>,
}

/// What a [`RenewalAgent`] has done.
#[derive(Debug)]
#[non_exhaustive]
pub enum RenewalEvent {
    /// The certificate is renewed at this moment, by the clock of this machine, unless the CA wants it earlier.
    Planned(OffsetDateTime),
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

impl RenewalAgent {
    /// Renews what is in `files` by `enroller`, with keys of P-256.
    #[must_use]
    pub fn new(enroller: Enroller, files: EnrolledFiles) -> Self {
        Self {
            enroller,
            files,
            kind: KeyKind::P256,
            token: None,
        }
    }

    /// Makes keys of another kind.
    #[must_use]
    pub fn key_kind(mut self, kind: KeyKind) -> Self {
        self.kind = kind;
        self
    }

    /// Uses this token for the first certificate, and for the next one where the present one has expired, or the CA
    /// refuses to renew it since it is revoked. Each time is one of the token's uses. EST has no names for its reasons:
    /// there the token is used where it refuses to renew by 401 or 403.
    #[must_use]
    pub fn token(mut self, token: Password) -> Self {
        self.token = Some(token);
        self
    }

    /// Gets the first certificate by the token, and writes the files. What may pass is an event, and tried again.
    ///
    /// With names that are empty the CA takes those of the token.
    ///
    /// # Errors
    ///
    /// [`EnrollError`]: a refusal, a server that is not the CA's, files that cannot be written.
    pub async fn enroll(
        &self,
        subject: &DistinguishedName,
        sans: &[SubjectAltName],
        mut on_event: impl FnMut(RenewalEvent),
    ) -> Result<Enrolled, EnrollError> {
        let before = self.present().await?;
        let mut attempt = 0;
        loop {
            match self.enroll_from(before.as_ref(), subject, sans).await {
                Err(error) if error.is_passing() => {
                    let again_in = first_pause(attempt, random());
                    on_event(RenewalEvent::Failed { error, again_in });
                    attempt += 1;
                    sleep(again_in).await;
                }
                done => return done,
            }
        }
    }

    /// As [`enroll`](Self::enroll), and tries once.
    ///
    /// # Errors
    ///
    /// [`EnrollError`]. If the CA was not reached, the next attempt makes the same request again.
    pub async fn enroll_once(
        &self,
        subject: &DistinguishedName,
        sans: &[SubjectAltName],
    ) -> Result<Enrolled, EnrollError> {
        let before = self.present().await?;
        self.enroll_from(before.as_ref(), subject, sans).await
    }

    async fn enroll_from(
        &self,
        before: Option<&Enrolled>,
        subject: &DistinguishedName,
        sans: &[SubjectAltName],
    ) -> Result<Enrolled, EnrollError> {
        let token = self.token.as_ref().ok_or(EnrollError::NoToken)?;
        let _turn = self.turn().await?;
        if let Some(present) = self.present().await?
            && before.is_none_or(|before| before.certificate != present.certificate)
        {
            return Ok(present);
        }
        let (kind, subject, sans) = (self.kind, subject.clone(), sans.to_vec());
        let pending = self.with_files(move |files| files.request(kind, &subject, &sans));
        let token = token.secret_str();
        let enrolled = self.enroller.enroll(token, &pending.await?.request).await;
        self.kept(enrolled).await
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
            self.wait(&certificate, plan, &mut on_event).await;
            let mut attempt = 0;
            loop {
                match self.renew_from(&certificate).await {
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
            // A CA that wants every certificate replaced at once gets no flood of requests.
            sleep(plan.shortest_use()).await;
        }
    }

    /// Renews now, whether it is time or not.
    ///
    /// # Errors
    ///
    /// [`EnrollError`]: the certificate before stays, and the next attempt goes on with the same key.
    pub async fn renew(&self) -> Result<Enrolled, EnrollError> {
        let certificate = self.certificate().await?;
        self.renew_from(&certificate).await
    }

    /// Unless another agent has replaced it already.
    async fn renew_from(&self, certificate: &Certificate) -> Result<Enrolled, EnrollError> {
        let _turn = self.turn().await?;
        if let Some(present) = self.present().await?
            && present.certificate != *certificate
        {
            return Ok(present);
        }
        let kind = self.kind;
        let (identity, pending) = self
            .with_files(move |files| {
                let identity = files.identity()?.ok_or_else(|| none(files))?;
                let (subject, sans) = names_of(identity.certificate());
                Ok((identity, files.request(kind, &subject, &sans)?))
            })
            .await?;
        let enrolled = self.renewed(identity, &pending).await;
        self.kept(enrolled).await
    }

    /// Writes the files, or gives up a request with which it would be the same again.
    async fn kept(&self, enrolled: Result<Enrolled, EnrollError>) -> Result<Enrolled, EnrollError> {
        match enrolled {
            Ok(enrolled) => {
                let new = enrolled.clone();
                self.with_files(move |files| files.replace(&new)).await?;
                Ok(enrolled)
            }
            Err(error) => {
                if error.is_final() || matches!(error, EnrollError::NotAccepted(_)) {
                    self.with_files(EnrolledFiles::discard).await?;
                }
                Err(error)
            }
        }
    }

    /// A new certificate that the server accepts.
    async fn renewed(
        &self,
        identity: ClientIdentity,
        pending: &PendingRequest,
    ) -> Result<Enrolled, EnrollError> {
        let request = &pending.request;
        let enrolled = match &self.token {
            None => self.enroller.renew(identity, request).await?,
            Some(token) => self.renewed_or_enrolled(identity, token, request).await?,
        };
        let new = pending.identity(&enrolled)?;
        self.enroller.try_identity(new).await?;
        Ok(enrolled)
    }

    /// By the certificate, or where that entitles to nothing any more, since it is over or revoked, by the token.
    async fn renewed_or_enrolled(
        &self,
        identity: ClientIdentity,
        token: &Password,
        request: &CertificateRequest,
    ) -> Result<Enrolled, EnrollError> {
        if !self.enroller.is_over(identity.certificate()).await? {
            match self.enroller.renew(identity, request).await {
                Err(error) if error.is_of_certificate() => {
                    tracing::warn!(target: "mtls_client", "asking by the token: {error}");
                }
                done => return done,
            }
        }
        self.enroller.enroll(token.secret_str(), request).await
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
    async fn wait(
        &self,
        certificate: &Certificate,
        plan: RenewalPlan,
        on_event: &mut impl FnMut(RenewalEvent),
    ) {
        let random = random();
        let mut at: Option<OffsetDateTime> = None;
        let mut asked = None;
        loop {
            let now = OffsetDateTime::now_utc();
            if asked.is_none_or(|asked| now >= asked + plan.ask_every()) {
                asked = Some(now);
                // Without an answer the window stays.
                let answer = self.enroller.renewal_window(certificate).await.ok();
                let window = answer.or_else(|| at.is_none().then(|| plan.window()));
                if let Some(next) = window.map(|window| pick(window, random))
                    && at.is_none_or(|at| (next - at).abs() >= time::Duration::SECOND)
                {
                    at = Some(next);
                    on_event(RenewalEvent::Planned(next));
                }
            }
            let left = at.map_or(time::Duration::ZERO, |at| at - OffsetDateTime::now_utc());
            let left = Duration::try_from(left).unwrap_or_default();
            if left.is_zero() {
                return;
            }
            sleep(left.min(LOOK_EVERY)).await;
        }
    }

    async fn certificate(&self) -> Result<Certificate, EnrollError> {
        self.read_files(|files| {
            files.finish_left()?;
            let identity = files.identity()?.ok_or_else(|| none(files))?;
            Ok(identity.certificate().clone())
        })
        .await
    }

    async fn present(&self) -> Result<Option<Enrolled>, EnrollError> {
        self.read_files(EnrolledFiles::enrolled).await
    }

    /// Waits until no other agent is at the files.
    async fn turn(&self) -> Result<Turn, EnrollError> {
        let mut left = TURN_TRIES;
        loop {
            if let Some(turn) = self.read_files(|files| Ok(files.turn())).await? {
                return Ok(turn);
            }
            left -= 1;
            if left == 0 {
                return Err(self.files.busy());
            }
            sleep(TURN_PAUSE).await;
        }
    }

    /// For whoever has the turn.
    async fn with_files<T: Send + 'static>(
        &self,
        work: impl FnOnce(&EnrolledFiles) -> Result<T, EnrollError> + Send + 'static,
    ) -> Result<T, EnrollError> {
        // What could not be finished before, as on a disk that was full, is finished first.
        self.read_files(|files| files.finish().and_then(|()| work(files)))
            .await
    }

    async fn read_files<T: Send + 'static>(
        &self,
        work: impl FnOnce(&EnrolledFiles) -> Result<T, EnrollError> + Send + 'static,
    ) -> Result<T, EnrollError> {
        let files = self.files.clone();
        let done = spawn_blocking(move || work(&files)).await;
        done.map_err(|error| EnrollError::Request(error.into()))?
    }
}

impl fmt::Debug for RenewalAgent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RenewalAgent")
            .field("enroller", &self.enroller)
            .field("files", &self.files)
            .field("kind", &self.kind)
            .finish_non_exhaustive()
    }
}

fn none(files: &EnrolledFiles) -> EnrollError {
    let missing = std::io::Error::from(std::io::ErrorKind::NotFound);
    let [certificate, ..] = files.paths();
    EnrollError::file(certificate, missing)
}

/// Half a minute.
const TURN_TRIES: u32 = 300;
const TURN_PAUSE: Duration = Duration::from_millis(100);
/// How often the clock is looked at, which may be set, or have stood still.
const LOOK_EVERY: Duration = Duration::from_secs(30);
