//! Roots and CRLs from files, followed while they are in use.

use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use pki_core::verify::{AnchorError, CrlLoadError, CrlSet, TrustAnchors};
use sha2::{Digest, Sha256};
use tokio::task::JoinError;

use tls_identity::{FileError, read_file};

use crate::config::active::ActiveConfiguration;
use crate::connect::connector::Connector;
use crate::watch::follow::{Followed, Follower};

/// The files that say which servers are trusted: a bundle of roots, and CRLs if there are any.
#[derive(Clone, Debug)]
pub struct TrustFiles {
    roots: PathBuf,
    beside: Option<TrustAnchors>,
    crls: Vec<PathBuf>,
}

/// What [`TrustFiles`] held at one time.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Trust {
    /// The roots of the bundle, and those beside it.
    pub roots: TrustAnchors,
    /// All CRLs, if any file of them is given.
    pub crls: Option<CrlSet>,
}

impl TrustFiles {
    /// A bundle of roots, as [`TrustAnchors::from_pem`] takes it; 1 MiB at most.
    #[must_use]
    pub fn roots(bundle: impl Into<PathBuf>) -> Self {
        Self {
            roots: bundle.into(),
            beside: None,
            crls: Vec::new(),
        }
    }

    /// Trusts `roots` beside those of the bundle, whatever that contains later:
    /// [`platform_roots`](crate::platform_roots) for instance.
    #[must_use]
    pub fn beside(mut self, roots: TrustAnchors) -> Self {
        self.beside = Some(roots);
        self
    }

    /// A file of CRLs (PEM with any number, or one in DER), beside those named before;
    /// [`CrlSet::MAX_FILE_LEN`] at most.
    #[must_use]
    pub fn crl(mut self, file: impl Into<PathBuf>) -> Self {
        self.crls.push(file.into());
        self
    }

    /// Reads the files. It blocks.
    ///
    /// # Errors
    ///
    /// [`TrustFileError`] names the file.
    pub fn read(&self) -> Result<Trust, TrustFileError> {
        self.trust(&self.bytes()?)
    }

    fn bytes(&self) -> Result<Content, TrustFileError> {
        let crls = self.crls.iter();
        Ok(Content {
            bundle: read(&self.roots, MAX_ROOTS_LEN)?,
            crls: crls
                .map(|path| read(path, CrlSet::MAX_FILE_LEN as u64))
                .collect::<Result<_, _>>()?,
        })
    }

    fn trust(&self, content: &Content) -> Result<Trust, TrustFileError> {
        let roots = TrustAnchors::from_pem(&content.bundle).map_err(|source| {
            TrustFileError::UnusableRoots {
                path: self.roots.clone(),
                source,
            }
        })?;
        let crls = (!content.crls.is_empty()).then(|| CrlSet::from_pem_or_der(&content.crls));
        Ok(Trust {
            roots: match &self.beside {
                Some(beside) => roots.and(beside),
                None => roots,
            },
            crls: crls
                .transpose()
                .map_err(|source| TrustFileError::UnusableCrls { source })?,
        })
    }
}

/// What the files held at one time.
pub(crate) struct Content {
    bundle: Vec<u8>,
    crls: Vec<Vec<u8>>,
}

fn read(path: &Path, limit: u64) -> Result<Vec<u8>, TrustFileError> {
    match read_file(path, limit) {
        Ok(mut bytes) => Ok(std::mem::take(&mut *bytes)),
        Err(source) => Err(TrustFileError::Unreadable {
            path: path.to_owned(),
            source,
        }),
    }
}

/// The largest file of roots that is read.
const MAX_ROOTS_LEN: u64 = 1 << 20;

/// Follows the files of roots and CRLs for a connector, until it is dropped.
///
/// It works as an [`IdentityWatch`](crate::IdentityWatch) does. It is all or nothing: if one file is bad, the others
/// are not used either, and the last good state stays.
#[derive(Debug)]
#[must_use = "the files are followed until this is dropped"]
pub struct TrustWatch(Follower<TrustFiles>);

impl TrustWatch {
    /// Reads the files now. `true`: other roots or CRLs are used from now on. Files that are being written at this
    /// moment give `false`, and are read again later.
    ///
    /// # Errors
    ///
    /// [`TrustFileError`] says why the last good state stays.
    pub async fn check(&self) -> Result<bool, TrustFileError> {
        self.0.check().await
    }
}

impl Connector {
    /// Uses the roots and CRLs of `files`, and replaces both together each time that the files change.
    ///
    /// They are read at once and then every `interval` (1 s at least), for as long as both the watch and the connector
    /// exist. The other settings of [`Revocation`](crate::Revocation) stay as they are.
    ///
    /// ```no_run
    /// use mtls_client::{Connector, IdentityWatch, Revocation, TrustFiles};
    ///
    /// # async fn run(identity: mtls_client::ClientIdentity) -> Result<(), Box<dyn std::error::Error>> {
    /// let files = TrustFiles::roots("ca.crt").crl("ca.crl");
    /// let trust = files.read()?;
    /// let mut connector = Connector::builder(trust.roots, identity);
    /// if let Some(crls) = trust.crls {
    ///     connector = connector.revocation(Revocation::new(crls));
    /// }
    /// let connector = connector.build()?;
    /// let watch = connector.watch_trust(files, IdentityWatch::DEFAULT_INTERVAL);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Panics
    ///
    /// Outside a tokio runtime.
    pub fn watch_trust(&self, files: TrustFiles, interval: Duration) -> TrustWatch {
        TrustWatch(Follower::new(files, self.active(), interval))
    }
}

impl Followed for TrustFiles {
    type Content = Content;
    type Value = Trust;
    type Error = TrustFileError;

    const WHAT: &'static str = "roots and CRLs are";

    fn content(&self) -> Result<(Content, [u8; 32]), TrustFileError> {
        let content = self.bytes()?;
        let bundle = Sha256::digest(&content.bundle);
        let hash = Sha256::new().chain_update(bundle);
        let hash = content
            .crls
            .iter()
            .fold(hash, |hash, crl| hash.chain_update(Sha256::digest(crl)));
        Ok((content, hash.finalize().into()))
    }

    fn value(&self, content: Content) -> Result<Trust, TrustFileError> {
        self.trust(&content)
    }

    fn cut_short(&self, error: JoinError) -> TrustFileError {
        TrustFileError::Unreadable {
            path: self.roots.clone(),
            source: FileError::Unreadable(io::Error::other(error)),
        }
    }

    fn take(&self, trust: Trust, active: &ActiveConfiguration) -> bool {
        tracing::info!(
            target: "mtls_client",
            roots = trust.roots.certificates().len(),
            crls = trust.crls.as_ref().map_or(0, CrlSet::len),
            "roots and CRLs are taken from their files"
        );
        active.set_trust(trust.roots, trust.crls);
        true
    }
}

/// A file of roots or CRLs that cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TrustFileError {
    /// It is not there, may not be read, or is too long.
    #[error("{} cannot be read", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// Why not.
        #[source]
        source: FileError,
    },

    /// The CRLs cannot be used.
    #[error("the CRLs cannot be used")]
    UnusableCrls {
        /// What is wrong, by the position of the file.
        #[source]
        source: CrlLoadError,
    },

    /// It has no usable roots.
    #[error("{} cannot be used", path.display())]
    UnusableRoots {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        #[source]
        source: AnchorError,
    },
}
