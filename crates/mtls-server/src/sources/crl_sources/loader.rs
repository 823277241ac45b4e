//! All sources together, loaded again and again.

use std::sync::Arc;

use pki_core::verify::CrlSet;
use sha2::{Digest as _, Sha256};
use time::OffsetDateTime;
use tokio::{sync::Mutex, task::JoinSet};
use x509_identity::Certificate;

use super::{
    disk::Disk,
    download::Download,
    error::CrlSourceError,
    part::Part,
    source::{CrlSource, Kind},
};
use crate::sources::files::warn_of_set_aside;

/// CRLs from several sources. Call [`Self::load`] again and again to keep them up to date.
///
/// What has not changed since the last time is not parsed or verified again. Files are compared by
/// their SHA-256. URLs are requested with `If-None-Match` and `If-Modified-Since`.
///
/// A downloaded CRL is trusted by its signature only. It replaces another CRL only if the same CA
/// is known to have signed it. Until then both are in use. So somebody on the network who replays
/// or forges CRLs cannot remove a revocation that was loaded once, until the genuine CRL expires.
/// See [`CrlHistory`](pki_core::verify::CrlHistory). A CA is known if it is one of the
/// [`issuers`](Self::issuers), and from the first client on whose path leads through it.
///
/// ```no_run
/// use mtls_server::{crl::{CrlSource, CrlSources}, verify::Revocation};
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
    issuers: Arc<[Certificate]>,
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
    /// The CRLs, for [`Revocation`](crate::verify::Revocation).
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
            issuers: Arc::default(),
        }
    }

    /// Names the CAs whose CRLs are downloaded from these sources, so that each CRL is verified as
    /// soon as it arrives. Name trust anchors, too. None by default. A second call replaces the
    /// first.
    ///
    /// [`VirtualHostFiles`](crate::VirtualHostFiles) names the trust anchors for clients, and the CAs
    /// in the server's own chain.
    #[must_use]
    pub fn issuers(mut self, certificates: impl IntoIterator<Item = Certificate>) -> Self {
        self.issuers = certificates.into_iter().collect();
        self
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
        self.load_with(&self.issuers, now).await
    }

    /// Waits until one of the URLs announces that it has something else than [`load`](Self::load) has found;
    /// for ever, if none of them announces anything. Load again then.
    ///
    /// The server of a URL announces by holding a `HEAD` request with `Prefer: wait` (RFC 7240) for up to 30 s,
    /// until there is another version. `mtls serve` does. One that does not is asked once in an hour. Nothing
    /// that is announced is trusted: it says when to load, and no more.
    pub async fn changed(&self) {
        let mut waiting = JoinSet::new();
        for source in self.sources.lock().await.iter() {
            if let Source::Download(download) = source
                && let Some(announced) = download.announced()
            {
                waiting.spawn(announced.wait());
            }
        }
        if waiting.join_next().await.is_none() {
            std::future::pending().await
        }
    }

    pub(crate) async fn load_with(
        &self,
        issuers: &Arc<[Certificate]>,
        now: OffsetDateTime,
    ) -> Result<LoadedCrls, CrlSourceError> {
        let mut sources = self.sources.lock().await;
        let mut found = Vec::new();
        let mut problems = Vec::new();
        for source in sources.iter_mut() {
            match source {
                Source::Disk(disk) => found.push(disk.load().await?),
                Source::Download(download) => {
                    problems.extend(download.refresh(issuers, now).await?);
                    found.push(download.part().into_iter().collect());
                }
            }
        }
        let crls = loop {
            match together(&found) {
                Ok(crls) => break crls,
                // A response that cannot be used is not taken, so that the next one can be.
                Err((source, error)) => {
                    let download = source.and_then(|source| {
                        let at_fault = sources.get_mut(source)?;
                        at_fault.undo().then_some((source, at_fault))
                    });
                    match download {
                        Some((source, Source::Download(download))) if download.is_usable() => {
                            found[source] = download.part().into_iter().collect();
                            problems.push(error);
                        }
                        _ => return Err(error),
                    }
                }
            }
        };
        let mut fingerprint = Sha256::new();
        for part in found.iter().flatten() {
            fingerprint.update(part.digest);
        }
        sources.iter_mut().for_each(Source::keep);
        Ok(LoadedCrls {
            crls,
            fingerprint: fingerprint.finalize().into(),
            problems,
        })
    }
}

impl Source {
    fn undo(&mut self) -> bool {
        match self {
            Self::Disk(_) => false,
            Self::Download(download) => download.undo(),
        }
    }

    fn keep(&mut self) {
        if let Self::Download(download) = self {
            download.keep();
        }
    }
}

/// All CRLs as one set, or what is wrong with which source.
fn together(found: &[Vec<Part>]) -> Result<CrlSet, (Option<usize>, CrlSourceError)> {
    let all = found.iter().enumerate();
    let parts: Vec<(usize, &Part)> = all
        .flat_map(|(source, parts)| parts.iter().map(move |part| (source, part)))
        .collect();
    let files = parts.iter().map(|(_, part)| part.crls.clone());
    match CrlSet::from_files(files) {
        Ok(crls) => {
            warn_of_set_aside(&crls, |file| {
                parts.get(file).map(|(_, part)| part.name.clone())
            });
            Ok(crls)
        }
        Err(error) => {
            let at_fault = error.file().and_then(|file| parts.get(file));
            let name = at_fault.map(|(_, part)| part.name.clone());
            let source = at_fault.map(|(source, _)| *source);
            Err((source, CrlSourceError::together(name, error)))
        }
    }
}
