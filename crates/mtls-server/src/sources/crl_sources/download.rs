//! CRLs from a URL.

use std::{path::Path, sync::Arc, time::Duration};

use axum::{
    body::Bytes,
    http::{
        HeaderMap, HeaderName, HeaderValue, Method, StatusCode,
        header::{ETAG, IF_MODIFIED_SINCE, IF_NONE_MATCH, LAST_MODIFIED},
    },
};
use pki_core::verify::{CrlFile, CrlHistory, CrlResponseError, CrlSet};
use sha2::{Digest as _, Sha256};
use time::OffsetDateTime;
use x509_identity::Certificate;

use super::{
    announced::{Announced, Holds},
    error::CrlSourceError,
    part::{Part, in_background},
};
use crate::sources::{
    files::FileError,
    plain_http::{Bounds, HttpUrl, exchange},
};

#[derive(Debug)]
pub(super) struct Download {
    url: HttpUrl,
    bounds: Bounds,
    latest: Option<Latest>,
    /// What was there before the latest response, until it is known that the CRLs of all sources can
    /// be used together.
    before: Option<Option<Latest>>,
    holds: Arc<Holds>,
}

#[derive(Clone, Debug)]
struct Latest {
    crls: CrlHistory,
    /// SHA-256 of the response.
    digest: [u8; 32],
    /// What the server called this version, as the headers that ask for a newer one.
    version: HeaderMap,
}

impl Download {
    pub(super) fn new(url: HttpUrl, time: Duration) -> Self {
        let bytes = CrlSet::MAX_FILE_LEN;
        Self {
            url,
            bounds: Bounds { time, bytes },
            latest: None,
            before: None,
            holds: Arc::default(),
        }
    }

    /// The CRLs of the latest response, and those that it cannot take away. Its digest is that of the
    /// response alone, so that it is no change when one of the others is not needed any more.
    pub(super) fn part(&self) -> Option<Part> {
        self.latest.as_ref().map(|latest| Part {
            name: self.url.to_string(),
            digest: latest.digest,
            crls: latest.crls.to_file(),
        })
    }

    /// What ends when the server has another version; `None` while it has not given this one a name.
    pub(super) fn announced(&self) -> Option<Announced> {
        let version = self.latest.as_ref()?.version.clone();
        (!version.is_empty()).then(|| Announced {
            url: self.url.clone(),
            version,
            holds: Arc::clone(&self.holds),
        })
    }

    /// Asks for a newer version. A problem is an error only where there is no version at all.
    pub(super) async fn refresh(
        &mut self,
        issuers: &Arc<[Certificate]>,
        now: OffsetDateTime,
    ) -> Result<Option<CrlSourceError>, CrlSourceError> {
        self.settle(issuers, now).await;
        match self.fetch(issuers, now).await {
            Ok(()) => Ok(self.doubt(now)),
            Err(error) if self.latest.is_some() => Ok(Some(error)),
            Err(error) => Err(error),
        }
    }

    /// Goes back to what was there before the latest response; false if nothing has changed.
    pub(super) fn undo(&mut self) -> bool {
        match self.before.take() {
            Some(before) => {
                self.latest = before;
                true
            }
            None => false,
        }
    }

    /// The latest response can be used.
    pub(super) fn keep(&mut self) {
        self.before = None;
    }

    /// Whether there is any version.
    pub(super) fn is_usable(&self) -> bool {
        self.latest.is_some()
    }

    /// Since the last time, paths may have been verified.
    async fn settle(&mut self, issuers: &Arc<[Certificate]>, now: OffsetDateTime) {
        let Some(mut latest) = self.latest.take() else {
            return;
        };
        let issuers = Arc::clone(issuers);
        let settle = move || {
            latest.crls.name_issuers(issuers);
            latest.crls.settle(now);
            latest
        };
        self.latest = Some(in_background(settle).await);
    }

    /// Whether somebody has replaced a CRL that nobody could verify by an older one, or by none.
    fn doubt(&self, now: OffsetDateTime) -> Option<CrlSourceError> {
        let latest = self.latest.as_ref()?;
        latest.crls.is_doubtful(now).then(|| self.rolled_back())
    }

    fn rolled_back(&self) -> CrlSourceError {
        CrlSourceError::RolledBack {
            url: self.url.to_string(),
        }
    }

    async fn fetch(
        &mut self,
        issuers: &Arc<[Certificate]>,
        now: OffsetDateTime,
    ) -> Result<(), CrlSourceError> {
        let version = self.latest.as_ref().map(|latest| latest.version.clone());
        let response = exchange(
            &self.url,
            Method::GET,
            version.unwrap_or_default(),
            Bytes::new(),
            self.bounds,
        )
        .await
        .map_err(|source| CrlSourceError::Download {
            url: self.url.to_string(),
            source,
        })?;
        if response.status() == StatusCode::NOT_MODIFIED && self.latest.is_some() {
            return Ok(());
        }
        let version = version_of(response.headers());
        let bytes = response.into_body();
        let digest = in_background(move || (<[u8; 32]>::from(Sha256::digest(&bytes)), bytes)).await;
        let (digest, bytes) = digest;
        if let Some(latest) = self
            .latest
            .as_mut()
            .filter(|latest| latest.digest == digest)
        {
            latest.version = version;
            return Ok(());
        }
        let name = self.url.to_string();
        let mut crls = match &self.latest {
            Some(latest) => latest.crls.clone(),
            None => CrlHistory::default(),
        };
        let issuers = Arc::clone(issuers);
        let read = in_background(move || {
            let response = CrlFile::from_pem_or_der(&bytes).map_err(|error| {
                let error = FileError::of_crl(Path::new(&name), &bytes, error);
                CrlSourceError::Downloaded(error)
            })?;
            crls.name_issuers(issuers);
            let taken = crls.take(response, now);
            taken.map(|()| crls).map_err(|error| match error {
                CrlResponseError::Older => CrlSourceError::RolledBack { url: name },
                _ => CrlSourceError::TooMany { url: name },
            })
        });
        let crls = read.await?;
        let latest = Latest {
            crls,
            digest,
            version,
        };
        self.before = Some(self.latest.replace(latest));
        Ok(())
    }
}

/// RFC 9110 section 13.1: the headers of the next request, from those of a response.
fn version_of(response: &HeaderMap) -> HeaderMap {
    let pairs: [(HeaderName, HeaderName); 2] =
        [(ETAG, IF_NONE_MATCH), (LAST_MODIFIED, IF_MODIFIED_SINCE)];
    let value = |name: &HeaderName| -> Option<HeaderValue> { response.get(name).cloned() };
    pairs
        .into_iter()
        .filter_map(|(said, asked)| value(&said).map(|value| (asked, value)))
        .collect()
}
