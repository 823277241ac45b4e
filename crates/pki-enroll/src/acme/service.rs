//! What the routes and the validation share.

use std::fmt;
use std::sync::Arc;

use pki_store::{AcmeAccount, Actor};
use tokio::sync::Notify;

use super::nonce::Nonces;
use super::problem::Problem;
use super::settings::{AcmeSettings, ExternalAccount};
use crate::enroll::credential::Grant;
use crate::enroll::service::{Enrollment, EnrollmentCa};

/// The service behind the [`acme`](crate::acme) routes. Clones are the same service.
///
/// [`run`](Self::run) tries the challenges: without it no order becomes ready.
#[derive(Clone)]
pub struct Acme(pub(super) Arc<Inner>);

pub(super) struct Inner {
    pub(super) enrollment: Enrollment,
    pub(super) settings: AcmeSettings,
    pub(super) nonces: Nonces,
    /// There is a challenge to be tried.
    pub(super) wake: Notify,
}

/// The system gives no random bytes.
#[derive(Debug, thiserror::Error)]
#[error("the system gives no random bytes")]
#[non_exhaustive]
pub struct NoRandomBytes;

impl Acme {
    /// ACME at the CA of `enrollment`, with its profiles and limits.
    ///
    /// # Errors
    ///
    /// [`NoRandomBytes`].
    pub fn new(enrollment: Enrollment, settings: AcmeSettings) -> Result<Self, NoRandomBytes> {
        Ok(Self(Arc::new(Inner {
            enrollment,
            settings,
            nonces: Nonces::new().map_err(|_| NoRandomBytes)?,
            wake: Notify::new(),
        })))
    }

    pub(super) fn ca(&self) -> Arc<EnrollmentCa> {
        self.0.enrollment.ca()
    }

    /// Whether accounts need an external account binding to order within a profile.
    pub(super) fn needs_binding(&self, profile: &str) -> bool {
        self.0.settings.external_account == ExternalAccount::Required
            && !self.is_of_devices(profile)
    }

    /// Whether certificates of a profile are for attested devices, and for nothing else.
    pub(super) fn is_of_devices(&self, profile: &str) -> bool {
        self.0.settings.device_profiles.contains(profile)
    }

    /// What an account may order within a profile.
    ///
    /// # Errors
    ///
    /// `unauthorized` where that is nothing.
    pub(super) fn grant(&self, account: &AcmeAccount, profile: &str) -> Result<Grant, Problem> {
        let allowed = match account.kid {
            Some(_) => account.profiles.iter().any(|it| it == profile),
            None => !self.needs_binding(profile),
        };
        if !allowed {
            return Err(Problem::unauthorized(format!(
                "the account may not order within the profile `{profile}`"
            )));
        }
        Ok(Grant {
            requester: actor(account.id),
            profile: profile.to_owned(),
            names: account.names.clone(),
            token: None,
        })
    }
}

/// An account, for the audit log and the limits.
pub(super) fn actor(account: i64) -> Actor {
    Actor::new(format!("acme:{account}"))
}

impl fmt::Debug for Acme {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Acme")
            .field("settings", &self.0.settings)
            .finish_non_exhaustive()
    }
}
