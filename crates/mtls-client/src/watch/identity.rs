//! Following the files of an identity.

use std::io;
use std::time::Duration;

use tokio::task::JoinError;

use tls_identity::{
    Content, FileError, Identity as ClientIdentity, IdentityFileError, IdentityFiles,
};

use crate::config::active::ActiveConfiguration;
use crate::connect::connector::Connector;
use crate::watch::follow::{Followed, Follower};

/// Follows the files of an identity for a connector, until it is dropped.
///
/// The content of the files is compared, not their times. So a swapped symlink, by which Kubernetes updates a mounted
/// secret, is a change like any other. New content is used once two readings, 100 ms apart, agree. So a pair of which
/// only one file has been written is not used. If the files cannot be used, the last good identity stays. One event of
/// level error (target `mtls_client`) for each bad state says why.
#[derive(Debug)]
#[must_use = "the files are followed until this is dropped"]
pub struct IdentityWatch(Follower<IdentityFiles>);

impl IdentityWatch {
    /// How often files are usually read: every 30 s.
    pub const DEFAULT_INTERVAL: Duration = Duration::from_secs(30);

    /// Reads the files now, on a signal for instance. `true`: another identity is presented from now on. Files that are
    /// being written at this moment give `false`, and are read again later.
    ///
    /// # Errors
    ///
    /// [`IdentityFileError`] says why the last good identity stays.
    pub async fn check(&self) -> Result<bool, IdentityFileError> {
        self.0.check().await
    }
}

impl Connector {
    /// Presents the identity of `files`, and calls [`set_identity`](Self::set_identity) each time that they change.
    ///
    /// They are read at once and then every `interval` (1 s at least), for as long as both the watch and the connector
    /// exist.
    ///
    /// ```no_run
    /// use mtls_client::{Connector, IdentityFiles, IdentityWatch, TrustAnchors};
    ///
    /// # async fn run(roots: TrustAnchors) -> Result<(), Box<dyn std::error::Error>> {
    /// let files = IdentityFiles::pem("client.crt", "client.key");
    /// let connector = Connector::builder(roots, files.read()?).build()?;
    /// let watch = connector.watch(files, IdentityWatch::DEFAULT_INTERVAL);
    /// let client = connector.rotating(|connector| connector.reqwest().build())?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Panics
    ///
    /// Outside a tokio runtime.
    pub fn watch(&self, files: IdentityFiles, interval: Duration) -> IdentityWatch {
        IdentityWatch(Follower::new(files, self.active(), interval))
    }
}

impl Followed for IdentityFiles {
    type Content = Content;
    type Value = ClientIdentity;
    type Error = IdentityFileError;

    const WHAT: &'static str = "the identity is";

    fn content(&self) -> Result<(Content, [u8; 32]), IdentityFileError> {
        let content = Self::content(self)?;
        let hash = *content.hash();
        Ok((content, hash))
    }

    fn value(&self, content: Content) -> Result<ClientIdentity, IdentityFileError> {
        self.identity(&content)
    }

    fn cut_short(&self, error: JoinError) -> IdentityFileError {
        IdentityFileError::Unreadable {
            path: self.path().to_owned(),
            source: FileError::Unreadable(io::Error::other(error)),
        }
    }

    fn take(&self, identity: ClientIdentity, active: &ActiveConfiguration) -> bool {
        if active.generation().settings.identities.is_only(&identity) {
            return false;
        }
        tracing::info!(
            target: "mtls_client",
            subject = identity.certificate().subject().to_string(),
            serial = %identity.certificate().serial(),
            not_after = %identity.certificate().not_after(),
            "the identity is replaced"
        );
        active.set_identities(identity.into());
        true
    }
}
