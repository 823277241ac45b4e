//! The tasks that keep fresh what is published.

use std::collections::HashMap;
use std::time::Duration;

use pki_core::{KeyPair, Profile};
use pki_store::{
    Actor, CertificateAuthority, Issuer, IssuerId, IssuerRole, IssuerState, Store, StoredCrl,
};
use time::OffsetDateTime;
use tokio::sync::watch;
use tokio::time::{Instant, sleep};

use super::crls::{self, CrlSchedule, Crls, Freshness};
use super::error::PublishError;
use super::paths;
use super::publication::Publication;
use super::responders::Responders;
use crate::http::document::Document;
use crate::observe::health::Health;
use crate::observe::metrics;
use crate::ocsp::responder::{Answering, Responder};
use crate::text::sentence;

/// Keeps a [`Publication`] and a [`Responder`] in step with a store.
///
/// A CRL is signed again when somebody was revoked, and when its time has come; what another process has signed is
/// published as it is. Each process appoints OCSP responders of its own, whose certificates renew themselves when half of
/// their validity period is over. Without the key of an issuer, what is stored is published.
#[derive(Debug)]
pub struct Publisher {
    store: Store,
    publication: Publication,
    responder: Responder,
    health: Health,
    authorities: Vec<CertificateAuthority>,
    /// Others in their place, once there are some.
    replaced: Option<watch::Receiver<Vec<CertificateAuthority>>>,
    schedule: CrlSchedule,
    responder_profile: (Profile, String),
    actor: Actor,
    crls: Crls,
    responders: Responders,
    /// By path, the CRL that is published there.
    published: HashMap<String, CrlNumber>,
    /// The CRLs of which `/crl/all.pem` was made.
    bundled: Vec<CrlNumber>,
    /// The issuers whose certificates are published.
    certified: Vec<IssuerId>,
    /// Something is due that another process has to sign.
    waits: bool,
}

impl Publisher {
    /// Publishes what is in `store`, and answers with `responder`. Nothing is signed yet: see
    /// [`authorities`](Self::authorities).
    #[must_use]
    pub fn new(store: Store, publication: Publication, responder: Responder) -> Self {
        Self {
            store,
            publication,
            responder,
            health: Health::default(),
            authorities: Vec::new(),
            replaced: None,
            schedule: CrlSchedule::default(),
            responder_profile: (Profile::ocsp_responder(), "ocsp".to_owned()),
            actor: Actor::new("timer"),
            crls: Crls::default(),
            responders: Responders::default(),
            published: HashMap::new(),
            bundled: Vec::new(),
            certified: Vec::new(),
            waits: false,
        }
    }

    /// The issuers whose keys are at hand: they sign CRLs, and appoint OCSP responders. None by default, as for a process
    /// that only reads.
    #[must_use]
    pub fn authorities(
        mut self,
        authorities: impl IntoIterator<Item = CertificateAuthority>,
    ) -> Self {
        self.authorities = authorities.into_iter().collect();
        self
    }

    /// The same, where they change while it runs, as in a rotation of the CA: what is sent is used at once.
    #[must_use]
    pub fn authorities_from(
        mut self,
        mut authorities: watch::Receiver<Vec<CertificateAuthority>>,
    ) -> Self {
        self.authorities = authorities.borrow_and_update().clone();
        self.replaced = Some(authorities);
        self
    }

    /// When CRLs are signed again.
    #[must_use]
    pub fn schedule(mut self, schedule: CrlSchedule) -> Self {
        self.schedule = schedule;
        self
    }

    /// The profile of OCSP responders and its name; [`Profile::ocsp_responder`] as `ocsp` by default.
    #[must_use]
    pub fn responder_profile(mut self, profile: Profile, name: impl Into<String>) -> Self {
        self.responder_profile = (profile, name.into());
        self
    }

    /// Has all OCSP responders answer with this key, which processes share: those that have the key of an issuer appoint
    /// it, and those that only read the store find its certificates there. Whoever has it can say that a revoked
    /// certificate is good, until the responder's certificate ends.
    #[must_use]
    pub fn responder_key(mut self, key: KeyPair) -> Self {
        self.responders.share(key);
        self
    }

    /// Where failures are reported.
    #[must_use]
    pub fn health(mut self, health: Health) -> Self {
        self.health = health;
        self
    }

    /// Does what is due: signs, appoints, publishes. [`run`](Self::run) calls it again and again.
    ///
    /// One failure does not stop the rest, which may be about another issuer.
    ///
    /// # Errors
    ///
    /// Everything that has failed, and at least one; it is due again the next time.
    pub async fn refresh(&mut self, now: OffsetDateTime) -> Result<(), Vec<PublishError>> {
        // Certificates and CRLs have no fractions of a second.
        let now = now.replace_nanosecond(0).unwrap_or(now);
        if let Some(replaced) = &mut self.replaced
            && replaced.has_changed().unwrap_or(false)
        {
            self.authorities = replaced.borrow_and_update().clone();
        }
        let issuers = async {
            self.crls.look(&self.store).await?;
            self.store.issuers().await.map_err(PublishError::Store)
        };
        let issuers = issuers.await.map_err(|error| vec![error])?;
        let (retired, issuers): (Vec<_>, Vec<_>) = issuers
            .into_iter()
            .partition(|issuer| issuer.state == IssuerState::Retired);
        let mut failures = Vec::new();
        self.waits = false;
        if self.store.is_read_only() {
            failures.extend(self.look_how_far_behind(now).await.err());
        }
        self.publish_certificates(&issuers);
        // An upstream CA signs and publishes for itself: nothing is under these paths here, and its OCSP responder is not
        // this one.
        let is_ours = |issuer: &Issuer| issuer.role != IssuerRole::Upstream;
        let ours = |all: Vec<Issuer>| all.into_iter().filter(is_ours).collect::<Vec<_>>();
        let is_empty = issuers.is_empty() && retired.is_empty();
        let (issuers, retired) = (ours(issuers), ours(retired));
        let has_crls = is_empty || !issuers.is_empty();
        self.refresh_responders(&issuers, now, &mut failures).await;
        self.refresh_crls((&issuers, &retired), now, &mut failures)
            .await;
        // Else a store that was lost, and is an empty one now, would be in order.
        if has_crls && self.published.is_empty() && failures.is_empty() {
            failures.push(PublishError::NoCrl);
        }
        if failures.is_empty() {
            self.health.recovered(now);
            return Ok(());
        }
        Err(failures)
    }

    async fn refresh_responders(
        &mut self,
        issuers: &[Issuer],
        now: OffsetDateTime,
        failures: &mut Vec<PublishError>,
    ) {
        let mut answering = Vec::with_capacity(issuers.len());
        for issuer in issuers {
            let authority = authority_of(&self.authorities, issuer);
            let (profile, name) = &self.responder_profile;
            let may_appoint = authority.is_some();
            let taken_over = self
                .responders
                .take_over(&self.store, issuer, may_appoint, name, now);
            failures.extend(taken_over.await.err());
            if let Some(authority) = authority {
                let appointed =
                    self.responders
                        .appoint(issuer, authority, (profile, name), &self.actor, now);
                failures.extend(appointed.await.err());
            }
            answering.push(Answering {
                issuer: issuer.clone(),
                delegate: self.responders.get(issuer.id),
            });
        }
        self.responder.appoint(answering);
    }

    /// A standby that nobody writes to any more lags behind by more and more.
    async fn look_how_far_behind(&self, now: OffsetDateTime) -> Result<(), PublishError> {
        let until = self.store.known_until(now).await;
        let until = until.map_err(PublishError::Store)?;
        self.health.known_until(until);
        metrics::lag(until.map(|until| now - until));
        Ok(())
    }

    async fn refresh_crls(
        &mut self,
        (issuers, retired): (&[Issuer], &[Issuer]),
        now: OffsetDateTime,
        failures: &mut Vec<PublishError>,
    ) {
        for issuer in retired {
            for partition in 0..issuer.partitions {
                failures.extend(self.crls.keep(&self.store, (issuer, partition)).await.err());
            }
        }
        for issuer in issuers {
            let authority = authority_of(&self.authorities, issuer);
            for partition in 0..issuer.partitions {
                let refreshed = self.crls.refresh(
                    &self.store,
                    (issuer, partition),
                    authority,
                    self.schedule,
                    now,
                );
                match refreshed.await {
                    Ok(freshness) => self.waits |= freshness == Freshness::LeftToOthers,
                    Err(error) => failures.push(error),
                }
            }
        }
        let mut crls: Vec<(String, &StoredCrl)> = Vec::new();
        for issuer in issuers {
            for crl in (0..issuer.partitions).filter_map(|it| self.crls.latest(issuer, it)) {
                let path = paths::crl(issuer, crl.partition);
                metrics::crl_published(&path, crl.next_update, crl.entries);
                self.health.published(&path, crl.next_update);
                crls.push((path, crl));
            }
        }
        // The last ones of who is retired stay until they lapse: whoever misses one before might see a replay in that.
        for issuer in retired {
            for crl in (0..issuer.partitions).filter_map(|it| self.crls.latest(issuer, it)) {
                let path = paths::crl(issuer, crl.partition);
                metrics::crl_retired(&path);
                self.health.retired(&path);
                if now < crl.next_update {
                    crls.push((path, crl));
                }
            }
        }
        let (places, crls): (Vec<_>, Vec<_>) = crls.into_iter().unzip();
        let numbers: Vec<_> = crls.iter().map(|it| number_of(it)).collect();
        let mut documents = Vec::new();
        // Of two under the same path the last one counts.
        let by_path: HashMap<_, _> = places.into_iter().zip(&crls).collect();
        for (path, crl) in by_path {
            let number = number_of(crl);
            if self.published.get(&path) != Some(&number) {
                self.published.insert(path.clone(), number);
                documents.push((path, crls::document(crl)));
            }
        }
        if numbers != self.bundled && !crls.is_empty() {
            documents.push((paths::ALL_CRLS.to_owned(), crls::bundle(&crls)));
            self.bundled = numbers;
        }
        self.publication.publish(documents);
    }

    fn publish_certificates(&mut self, issuers: &[Issuer]) {
        for issuer in issuers {
            metrics::issuer_published(&paths::name_of(issuer), issuer.not_after());
        }
        let ids: Vec<_> = issuers.iter().map(|issuer| issuer.id).collect();
        if ids == self.certified {
            return;
        }
        self.publication
            .publish(issuers.iter().flat_map(certificates_of));
        self.certified = ids;
    }

    /// Runs until `stop` says so, or is dropped. A revocation is noticed within a quarter of a second, and what is due by
    /// the clock within 30 s. What fails is logged, counted and reported to [`Health`], and tried again.
    pub async fn run(mut self, mut stop: watch::Receiver<bool>) {
        let publication = self.publication.clone();
        tokio::select! {
            _ = stop.wait_for(|stop| *stop) => {}
            () = self.run_for_ever() => {}
        }
        publication.close();
    }

    async fn run_for_ever(&mut self) {
        loop {
            let seen = self.crls.seen();
            let pause = self.refresh_and_report().await;
            let asked = Instant::now();
            tokio::select! {
                () = replacement(&mut self.replaced) => {}
                revision = self.store.revision_after(seen, pause) => {
                    // A store that does not answer is found when it is read again.
                    if revision.is_err() {
                        sleep(pause.saturating_sub(asked.elapsed())).await;
                    }
                }
            }
        }
    }

    /// How long it is until the next time.
    async fn refresh_and_report(&mut self) -> Duration {
        let now = OffsetDateTime::now_utc();
        let Err(failures) = self.refresh(now).await else {
            return if self.waits { WAITING } else { EVERY };
        };
        metrics::refresh_failed();
        for failure in &failures {
            tracing::error!(target: "pki_enroll", "{}", sentence(failure));
        }
        if let Some(first) = failures.first() {
            self.health.failed(now, sentence(first));
        }
        AFTER_FAILURE
    }
}

/// Waits for other authorities, which [`Publisher::refresh`] then takes.
async fn replacement(replaced: &mut Option<watch::Receiver<Vec<CertificateAuthority>>>) {
    if let Some(replaced) = replaced {
        // The value stays unseen, so that it is taken.
        let changed = replaced.changed().await;
        replaced.mark_changed();
        if changed.is_ok() {
            return;
        }
    }
    std::future::pending().await
}

/// By which a CRL is told from all others.
type CrlNumber = (IssuerId, u32, u64);

fn number_of(crl: &StoredCrl) -> CrlNumber {
    (crl.issuer, crl.partition, crl.number)
}

/// The certificate of an issuer, and its chain, under their paths.
fn certificates_of(issuer: &Issuer) -> [(String, Document); 2] {
    let certificate = issuer.certificate();
    let (der, since) = (certificate.der().to_vec(), certificate.not_before());
    let chain: String = issuer.chain.iter().map(pki_core::certificate_pem).collect();
    [
        (paths::certificate(issuer), "application/pkix-cert", der),
        (
            paths::chain(issuer),
            "application/pem-certificate-chain",
            chain.into_bytes(),
        ),
    ]
    .map(|(path, media_type, bytes)| {
        let document = Document::new(media_type, bytes, since).max_age(Duration::from_secs(3600));
        (path, document)
    })
}

fn authority_of<'a>(
    authorities: &'a [CertificateAuthority],
    issuer: &Issuer,
) -> Option<&'a CertificateAuthority> {
    authorities
        .iter()
        .find(|authority| authority.issuer().id == issuer.id)
}

const EVERY: Duration = Duration::from_secs(30);
/// Until it is looked whether another process has signed what is due.
const WAITING: Duration = Duration::from_secs(1);
const AFTER_FAILURE: Duration = Duration::from_secs(5);
