//! Who is told.

use sha2::{Digest as _, Sha256};

use super::exec::{Exec, ExecError};
use super::notice::Expiring;
use super::webhook::{Webhook, WebhookError};

/// Who is told of what ends soon.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Recipient {
    /// A command.
    Exec(Exec),
    /// A URL.
    Webhook(Webhook),
}

/// Why somebody was not told.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum AnnounceError {
    /// The command.
    #[error(transparent)]
    Exec(ExecError),

    /// The URL.
    #[error(transparent)]
    Webhook(WebhookError),
}

impl Recipient {
    /// Tells it, and waits until it has accepted.
    ///
    /// # Errors
    ///
    /// [`AnnounceError`] if it has not; worth another try later.
    pub async fn tell(&self, notice: &Expiring) -> Result<(), AnnounceError> {
        match self {
            Self::Exec(exec) => exec.tell(notice).await.map_err(AnnounceError::Exec),
            Self::Webhook(webhook) => webhook.tell(notice).await.map_err(AnnounceError::Webhook),
        }
    }

    /// The same for the same recipient, and nothing that gives away a secret in a URL.
    pub(super) fn digest(&self) -> String {
        let digest = match self {
            Self::Exec(exec) => Sha256::digest(exec.command()),
            Self::Webhook(webhook) => Sha256::digest(webhook.secret_url()),
        };
        base16ct::lower::encode_string(&digest[..8])
    }
}
