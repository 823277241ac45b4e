//! Appointing OCSP responders: certificates that renew themselves.

use std::collections::HashMap;
use std::sync::Arc;

use pki_core::{CertificateParameters, KeyKind, KeyPair, Profile};
use pki_store::{Actor, CertificateAuthority, Issuer, IssuerId, Order};
use time::OffsetDateTime;
use x509_identity::DistinguishedName;

use super::error::PublishError;
use super::paths;
use crate::observe::metrics;
use crate::ocsp::responder::Delegate;

/// The responders of this process. Their keys are in its memory alone, and end with it.
#[derive(Debug, Default)]
pub(super) struct Responders(HashMap<IssuerId, Arc<Delegate>>);

impl Responders {
    pub(super) fn get(&self, issuer: IssuerId) -> Option<Arc<Delegate>> {
        self.0.get(&issuer).cloned()
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
        let present = self.0.get(&issuer.id);
        if present.is_some_and(|delegate| !is_due(delegate, now)) {
            return Ok(());
        }
        let name = paths::name_of(issuer);
        let issued = issue(issuer, authority, (profile, profile_name), actor, now).await;
        metrics::responder_issued(if issued.is_ok() { "issued" } else { "failed" });
        let delegate = issued?;
        let not_after = delegate.certificate.not_after();
        metrics::responder(&name, not_after);
        tracing::info!(target: "pki_enroll", issuer = name, %not_after, "an OCSP responder was appointed");
        self.0.insert(issuer.id, Arc::new(delegate));
        Ok(())
    }
}

fn is_due(delegate: &Delegate, now: OffsetDateTime) -> bool {
    let (begin, end) = (
        delegate.certificate.not_before(),
        delegate.certificate.not_after(),
    );
    now >= begin + (end - begin) / 2 || now < begin
}

async fn issue(
    issuer: &Issuer,
    authority: &CertificateAuthority,
    (profile, profile_name): (&Profile, &str),
    actor: &Actor,
    now: OffsetDateTime,
) -> Result<Delegate, PublishError> {
    let name = || paths::name_of(issuer);
    let key =
        KeyPair::generate(kind_below(issuer)).map_err(|source| PublishError::ResponderKey {
            issuer: name(),
            source,
        })?;
    let parameters =
        CertificateParameters::for_key(key.public_key_der(), subject(issuer)).end_with_issuer();
    let order = Order::new(parameters, profile, profile_name, actor.clone());
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
