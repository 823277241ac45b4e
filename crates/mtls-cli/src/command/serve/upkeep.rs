//! What `mtls serve` does beside answering.

use std::sync::Arc;
use std::time::Duration;

use anyhow::Result;
use pki_enroll::EnrollmentCa;
use pki_store::CertificateAuthority;
use time::OffsetDateTime;
use tokio::sync::watch;

use super::enrollment::{enrollment_ca, follow_profiles};
use crate::home::OpenCa;
use crate::output::note;

/// The issuers whose keys are here. The root's may be elsewhere, and then its CRL is the one that was signed last.
pub(super) async fn authorities(ca: &OpenCa) -> Result<Vec<CertificateAuthority>> {
    let mut authorities = Vec::new();
    for (key, _) in ca.keys().await? {
        if ca.directory().key_place(key).is_here() {
            authorities.push(ca.authority(key).await?);
        } else {
            let name = key.name();
            note(format!(
                "the {name} key is not here: what it signed last is published"
            ));
        }
    }
    Ok(authorities)
}

/// Keeps checkpoints, and takes up the keys of a rotation and changed profiles. Does not end.
pub(super) async fn tend(
    ca: &mut OpenCa,
    read_only: bool,
    keys: &watch::Sender<Vec<CertificateAuthority>>,
    enrollment: Option<&watch::Sender<Arc<EnrollmentCa>>>,
) {
    // Without keys, what is in the store is published, of whatever issuer.
    if read_only {
        return std::future::pending().await;
    }
    loop {
        let profiles = async {
            match enrollment {
                Some(enrollment) => follow_profiles(ca, enrollment, CHANGES).await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            () = ca.keep_checkpoints(CHECKPOINTS) => {}
            () = profiles => {}
            () = ca.replaced(CHANGES) => {}
        }
        let taken_up = async {
            let next = ca.follow()?;
            keys.send_replace(authorities(&next).await?);
            if let Some(enrollment) = enrollment {
                enrollment.send_replace(Arc::new(enrollment_ca(&next).await?));
            }
            anyhow::Ok(next)
        };
        match taken_up.await {
            Ok(next) => {
                *ca = next;
                note("the CA was rotated: its new keys are used");
            }
            Err(error) => {
                note(format!(
                    "the CA was rotated, and its new keys cannot be used yet: {error:#}"
                ));
                tokio::time::sleep(AFTER_FAILURE).await;
            }
        }
    }
}

/// Finishes now and then what an upstream CA has left open, until `stop` says so.
pub(super) async fn settle(ca: CertificateAuthority, mut stop: watch::Receiver<bool>) {
    loop {
        if let Err(error) = ca.settle(OffsetDateTime::now_utc()).await {
            let error = anyhow::Error::from(error);
            note(format!(
                "not everything is settled with the upstream CA: {error:#}"
            ));
        }
        let wait = tokio::time::timeout(SETTLE, stop.wait_for(|stop| *stop));
        if wait.await.is_ok() {
            return;
        }
    }
}

/// How often it is looked what an upstream CA has left open.
const SETTLE: Duration = Duration::from_secs(10);

/// How often it is looked whether the CA was rotated, or its profiles were changed.
const CHANGES: Duration = Duration::from_secs(1);
const AFTER_FAILURE: Duration = Duration::from_secs(10);

/// How often it is looked whether the audit log has grown.
const CHECKPOINTS: Duration = Duration::from_secs(60);
