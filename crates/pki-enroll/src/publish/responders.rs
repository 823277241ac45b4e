//! Appointing OCSP responders: certificates that renew themselves.

use std::collections::HashMap;
use std::sync::Arc;

use pki_core::{CertificateParameters, KeyKind, KeyPair, Profile};
use pki_store::{
    Actor, CertificateAuthority, CertificateState, Issuer, IssuerId, KeyReuse, Order, Selection,
    Selector, Store,
};
use sha2::{Digest as _, Sha256};
use time::OffsetDateTime;
use x509_identity::{Certificate, DistinguishedName};

use super::error::PublishError;
use super::paths;
use crate::observe::metrics;
use crate::ocsp::responder::Delegate;

/// The responders of this process.
#[derive(Debug, Default)]
pub(super) struct Responders {
    present: HashMap<IssuerId, Arc<Delegate>>,
    /// The key of all of them, in all processes. Without it each has a key of its own, in the memory of this process alone,
    /// which ends with it.
    shared: Option<Arc<KeyPair>>,
}

impl Responders {
    pub(super) fn share(&mut self, key: KeyPair) {
        self.shared = Some(Arc::new(key));
    }

    pub(super) fn get(&self, issuer: IssuerId) -> Option<Arc<Delegate>> {
        self.present.get(&issuer).cloned()
    }

    /// Takes the responder that another process has appointed for the shared key.
    ///
    /// It stays until it ends if `authority` is not here to appoint one, and otherwise until half of its validity period is
    /// over.
    pub(super) async fn take_over(
        &mut self,
        store: &Store,
        issuer: &Issuer,
        may_appoint: bool,
        profile_name: &str,
        now: OffsetDateTime,
    ) -> Result<(), PublishError> {
        let Some(key) = self.shared.clone() else {
            return Ok(());
        };
        let present = self.present.get(&issuer.id);
        if present.is_some_and(|it| !is_due(&it.certificate, now)) {
            return Ok(());
        }
        let newest = newest(store, issuer, &key, profile_name, now).await?;
        let Some(certificate) = newest.filter(|it| !may_appoint || !is_due(it, now)) else {
            return Ok(());
        };
        metrics::responder(&paths::name_of(issuer), certificate.not_after());
        let delegate = Delegate { certificate, key };
        self.present.insert(issuer.id, Arc::new(delegate));
        Ok(())
    }

    /// Appoints a responder for the issuer, if there is none, or half of its validity period is over.
    pub(super) async fn appoint(
        &mut self,
        issuer: &Issuer,
        authority: &CertificateAuthority,
        (profile, profile_name): (&Profile, &str),
        actor: &Actor,
        now: OffsetDateTime,
    ) -> Result<(), PublishError> {
        let present = self.present.get(&issuer.id);
        if present.is_some_and(|delegate| !is_due(&delegate.certificate, now)) {
            return Ok(());
        }
        let name = paths::name_of(issuer);
        let key = self.shared.clone();
        let issued = issue(issuer, authority, key, (profile, profile_name), actor, now).await;
        metrics::responder_issued(if issued.is_ok() { "issued" } else { "failed" });
        let delegate = issued?;
        let not_after = delegate.certificate.not_after();
        metrics::responder(&name, not_after);
        tracing::info!(target: "pki_enroll", issuer = name, %not_after, "an OCSP responder was appointed");
        self.present.insert(issuer.id, Arc::new(delegate));
        Ok(())
    }
}

/// The certificate of this key that the issuer has issued for a responder, and that ends last of those that are valid.
async fn newest(
    store: &Store,
    issuer: &Issuer,
    key: &KeyPair,
    profile_name: &str,
    now: OffsetDateTime,
) -> Result<Option<Certificate>, PublishError> {
    let spki = Sha256::digest(key.public_key_der()).into();
    let selection = Selection::of(issuer.ca.as_str(), Selector::Spki(spki));
    let found = store.select(&selection, now).await;
    let found = found.map_err(PublishError::Store)?.into_iter();
    let of_responder = found.filter(|it| {
        it.issuer == issuer.id && it.profile == profile_name && it.state == CertificateState::Valid
    });
    let certificates = of_responder.filter_map(|it| Certificate::from_der(it.der.as_deref()?).ok());
    Ok(certificates
        .filter(|it| it.not_before() <= now && now < it.not_after())
        .max_by_key(Certificate::not_after))
}

fn is_due(certificate: &Certificate, now: OffsetDateTime) -> bool {
    let (begin, end) = (certificate.not_before(), certificate.not_after());
    now >= begin + (end - begin) / 2 || now < begin
}

async fn issue(
    issuer: &Issuer,
    authority: &CertificateAuthority,
    shared: Option<Arc<KeyPair>>,
    (profile, profile_name): (&Profile, &str),
    actor: &Actor,
    now: OffsetDateTime,
) -> Result<Delegate, PublishError> {
    let name = || paths::name_of(issuer);
    // The shared key answers for all issuers, and so has a certificate of each.
    let reuse = match shared {
        Some(_) => KeyReuse::Any,
        None => KeyReuse::default(),
    };
    let new = || KeyPair::generate(kind_below(issuer)).map(Arc::new);
    let key = shared.map_or_else(new, Ok);
    let key = key.map_err(|source| PublishError::ResponderKey {
        issuer: name(),
        source,
    })?;
    let parameters =
        CertificateParameters::for_key(key.public_key_der(), subject(issuer)).end_with_issuer();
    let order = Order::new(parameters, profile, profile_name, actor.clone()).key_reuse(reuse);
    let issued = authority.issue(order, now).await;
    let issued = issued.map_err(|source| PublishError::Responder {
        issuer: name(),
        source,
    })?;
    Ok(Delegate {
        certificate: issued.certificate,
        key,
    })
}

/// What reads ML-DSA of the issuer reads it of the responder, and is to need nothing else. Below all others it is P-256,
/// which signs fast.
fn kind_below(issuer: &Issuer) -> KeyKind {
    let kind = KeyKind::of_public_key(issuer.certificate().public_key_algorithm());
    kind.filter(|kind| kind.is_ml_dsa())
        .unwrap_or(KeyKind::P256)
}

/// The issuer's organization, and a common name that says what it is.
fn subject(issuer: &Issuer) -> DistinguishedName {
    let of = issuer.certificate().subject();
    let mut subject = DistinguishedName::builder();
    if let Some(organization) = of.organization() {
        subject = subject.organization(organization);
    }
    let name = paths::name_of(issuer);
    let built = subject
        .common_name(format!("{name} OCSP responder"))
        .build();
    built.unwrap_or_default()
}
