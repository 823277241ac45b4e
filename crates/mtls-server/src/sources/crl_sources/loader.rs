//! All sources together, loaded again and again.

use pki_core::verify::{CrlLoadError, CrlSet};
use sha2::{Digest as _, Sha256};
use time::OffsetDateTime;
use tokio::sync::Mutex;

use super::{
    disk::Disk,
    download::Download,
    error::CrlSourceError,
    part::Part,
    source::{CrlSource, Kind},
};

/// CRLs from several sources. Call [`Self::load`] again and again to keep them up to date.
///
/// What has not changed since the last time is neither read again nor verified again: files are
/// compared by their SHA-256, URLs are asked with `If-None-Match` and `If-Modified-Since`.
///
/// A CRL that was downloaded is trusted only as far as its signature goes. One that is older than the
/// last one does not replace it. A newer one is used beside the last one, until it is known that its
/// CA signed it. So somebody on the network who replays or forges CRLs cannot remove a revocation,
/// until the genuine CRL expires.
///
/// ```no_run
/// use mtls_server::{CrlSource, CrlSources, Revocation};
///
/// # async fn load(now: time::OffsetDateTime) -> Result<(), Box<dyn std::error::Error>> {
/// let sources = CrlSources::new([
///     CrlSource::directory("/etc/pki/crl"),
///     CrlSource::url("http://ca.example.org/issuing.crl")?,
/// ]);
/// let first = sources.load(now).await?;
/// let revocation = Revocation::new(first.crls);
/// // Later, and again and again:
/// let next = sources.load(now).await?;
/// if next.fingerprint != first.fingerprint {
///     // New CRLs: time for a new configuration.
/// }
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
pub struct CrlSources {
    sources: Mutex<Vec<Source>>,
}

#[derive(Debug)]
enum Source {
    Disk(Disk),
    Download(Box<Download>),
}

/// What all sources together hold.
#[derive(Debug)]
#[non_exhaustive]
pub struct LoadedCrls {
    /// The CRLs, for [`Revocation`](crate::Revocation).
    pub crls: CrlSet,
    /// SHA-256 of what the sources hold. While it is the same, nothing has changed.
    pub fingerprint: [u8; 32],
    /// URLs that could not be used this time. Their last CRLs stay in use until they expire.
    pub problems: Vec<CrlSourceError>,
}

impl CrlSources {
    /// These sources; nothing is loaded yet.
    pub fn new(sources: impl IntoIterator<Item = CrlSource>) -> Self {
        let sources = sources.into_iter().map(|source| match source.0 {
            Kind::Directory(path) => Source::Disk(Disk::directory(path)),
            Kind::File(path) => Source::Disk(Disk::file(path)),
            Kind::Url { url, timeout } => Source::Download(Box::new(Download::new(url, timeout))),
        });
        Self {
            sources: Mutex::new(sources.collect()),
        }
    }

    /// Reads each source, one after the other, and combines what they hold. `now` decides whether a
    /// CRL that a URL no longer contains has expired: only then may it be missing.
    ///
    /// # Errors
    ///
    /// [`CrlSourceError`] names the first file, directory or URL that cannot be used, and what to do
    /// about it. A URL that gave a usable CRL before is not an error, but one of the
    /// [`problems`](LoadedCrls::problems).
    pub async fn load(&self, now: OffsetDateTime) -> Result<LoadedCrls, CrlSourceError> {
        let mut sources = self.sources.lock().await;
        let mut parts = Vec::new();
        let mut problems = Vec::new();
        let mut fingerprint = Sha256::new();
        for source in sources.iter_mut() {
            match source {
                Source::Disk(disk) => {
                    let found = disk.load().await?;
                    found
                        .iter()
                        .for_each(|part| fingerprint.update(part.digest));
                    parts.extend(found);
                }
                Source::Download(download) => {
                    problems.extend(download.refresh(now).await?);
                    // Without what is kept beside it, so that dropping that is not a change.
                    fingerprint.update(download.digest());
                    parts.extend(download.parts().cloned());
                }
            }
        }
        let files = parts.iter().map(|part| part.crls.clone());
        let crls = CrlSet::from_files(files).map_err(|error| {
            let part = error.file().and_then(|file| parts.get(file));
            CrlSourceError::together(part.map(|part| part.name.clone()), error)
        })?;
        warn_of_set_aside(&crls, &parts);
        Ok(LoadedCrls {
            crls,
            fingerprint: fingerprint.finalize().into(),
            problems,
        })
    }
}

fn warn_of_set_aside(crls: &CrlSet, parts: &[Part]) {
    for aside in crls.set_aside() {
        let part = aside.file().and_then(|file| parts.get(file));
        if let (Some(part), CrlLoadError::Unusable { source, .. }) = (part, aside) {
            let name = &part.name;
            tracing::warn!(target: "mtls_server", "{name}: {source}: it is not used");
        }
    }
}
