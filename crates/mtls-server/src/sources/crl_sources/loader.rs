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

/// Revocation lists from several sources, kept up to date by whoever calls [`Self::load`] again.
///
/// What did not change since the last time is neither read again nor verified again: files are compared by
/// their SHA-256, URLs are asked with `If-None-Match` and `If-Modified-Since`.
///
/// A list that was downloaded is believed only as far as its signature goes. One that is older than the
/// last one does not take its place, and until a newer one was found to be signed by its CA, the last one
/// that was stays beside it. So somebody on the network who replays or forges lists takes nothing
/// away, until the true one expires.
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
///     // New lists: time for a new configuration.
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
    /// The lists, for [`Revocation`](crate::Revocation).
    pub crls: CrlSet,
    /// SHA-256 over what the sources hold: while it is the same, there is nothing to swap.
    pub fingerprint: [u8; 32],
    /// URLs that gave nothing new to use, for which the last lists count. They expire.
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

    /// Looks at each source, one after the other, and puts together what they hold. `now` is for lists that a
    /// URL does not show any more: until they expire, that counts as older.
    ///
    /// # Errors
    ///
    /// [`CrlSourceError`] names the first file, directory or URL that cannot be used and what to do about it. A
    /// URL that gave a usable list before is no error but one of the [`problems`](LoadedCrls::problems).
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
                    // Not over what is kept beside it: that goes without anybody noticing.
                    fingerprint.update(download.digest());
                    parts.extend(download.parts().cloned());
                }
            }
        }
        let lists = parts.iter().map(|part| part.lists.clone());
        let crls = CrlSet::from_files(lists).map_err(|error| {
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
