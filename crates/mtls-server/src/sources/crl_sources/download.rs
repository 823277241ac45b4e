//! CRLs from a URL.

use std::{path::Path, time::Duration};

use axum::{
    body::Bytes,
    http::{
        HeaderMap, HeaderName, HeaderValue, Method, StatusCode,
        header::{ETAG, IF_MODIFIED_SINCE, IF_NONE_MATCH, LAST_MODIFIED},
    },
};
use pki_core::verify::{CrlFile, CrlSet};
use sha2::{Digest as _, Sha256};
use time::OffsetDateTime;

use super::{
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
    /// The newest CRLs before the latest of which it is known that their CA signed them.
    confirmed: Option<Part>,
}

#[derive(Debug)]
struct Latest {
    part: Part,
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
            confirmed: None,
        }
    }

    pub(super) fn parts(&self) -> impl Iterator<Item = &Part> {
        let latest = self.latest.as_ref().map(|latest| &latest.part);
        latest.into_iter().chain(&self.confirmed)
    }

    /// SHA-256 of the latest response; zeros before there is one.
    pub(super) fn digest(&self) -> [u8; 32] {
        self.latest
            .as_ref()
            .map_or([0; 32], |latest| latest.part.digest)
    }

    /// Asks for a newer version. A problem is an error only where there is no version at all.
    pub(super) async fn refresh(
        &mut self,
        now: OffsetDateTime,
    ) -> Result<Option<CrlSourceError>, CrlSourceError> {
        match self.fetch(now).await {
            Ok(()) => Ok(None),
            Err(error) if self.latest.is_some() => Ok(Some(error)),
            Err(error) => Err(error),
        }
    }

    async fn fetch(&mut self, now: OffsetDateTime) -> Result<(), CrlSourceError> {
        // Once it is known that the CA signed the latest CRLs, those before them are not needed.
        if self
            .latest
            .as_ref()
            .is_some_and(|latest| latest.part.crls.is_confirmed())
        {
            self.confirmed = None;
        }
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
            .filter(|latest| latest.part.digest == digest)
        {
            latest.version = version;
            return Ok(());
        }
        let name = self.url.to_string();
        let read = in_background(move || {
            CrlFile::from_pem_or_der(&bytes)
                .map_err(|error| FileError::of_crl(Path::new(&name), &bytes, error))
        });
        let crls = read.await.map_err(CrlSourceError::Downloaded)?;
        let new = Latest {
            part: Part {
                name: self.url.to_string(),
                digest,
                crls,
            },
            version,
        };
        self.accept(new, now)
    }

    fn accept(&mut self, new: Latest, now: OffsetDateTime) -> Result<(), CrlSourceError> {
        let latest = self.latest.take();
        // An unconfirmed CRL does not decide what may replace it, as it may be forged.
        let (confirmed, latest) = match latest {
            Some(latest) if latest.part.crls.is_confirmed() => {
                (Some(latest.part.clone()), Some(latest))
            }
            latest => (self.confirmed.take(), latest),
        };
        let rolled_back = confirmed
            .as_ref()
            .is_some_and(|confirmed| new.part.crls.is_older_than(&confirmed.crls, now));
        if rolled_back {
            self.confirmed = confirmed.filter(|confirmed| {
                latest
                    .as_ref()
                    .is_none_or(|latest| latest.part.digest != confirmed.digest)
            });
            self.latest = latest;
            return Err(CrlSourceError::RolledBack {
                url: self.url.to_string(),
            });
        }
        self.confirmed = confirmed;
        self.latest = Some(new);
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
