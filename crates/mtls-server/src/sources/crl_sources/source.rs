//! One place that CRLs are read from.

use std::{
    path::{Path, PathBuf},
    time::Duration,
};

use crate::sources::plain_http::{HttpUrl, HttpUrlError};

/// One place that holds revocation lists.
#[derive(Clone, Debug)]
pub struct CrlSource(pub(super) Kind);

#[derive(Clone, Debug)]
pub(super) enum Kind {
    Directory(PathBuf),
    File(PathBuf),
    Url { url: HttpUrl, timeout: Duration },
}

impl CrlSource {
    /// A file: PEM with any number of lists, or one in DER.
    pub fn file(path: impl AsRef<Path>) -> Self {
        Self(Kind::File(path.as_ref().to_owned()))
    }

    /// The files of a directory that hold lists by their name, `*.crl` and `*.r0` to `*.r9` (the names that
    /// `openssl rehash` gives), and those `*.pem` and `*.der` that do not hold something else. Hidden files and
    /// directories in it are passed over.
    ///
    /// One file that cannot be used makes the directory unusable, and so does one without any list.
    pub fn directory(path: impl AsRef<Path>) -> Self {
        Self(Kind::Directory(path.as_ref().to_owned()))
    }

    /// What an `http://` URL answers with, as for [`Self::file`], in at most 64 MiB and 30 s. Redirects are not
    /// followed.
    ///
    /// # Errors
    ///
    /// [`HttpUrlError`] for any other URL. A list is signed, so `https` adds nothing to it but a certificate
    /// whose revocation somebody has to check.
    pub fn url(url: &str) -> Result<Self, HttpUrlError> {
        let url = url.parse()?;
        let timeout = Duration::from_secs(30);
        Ok(Self(Kind::Url { url, timeout }))
    }

    /// How long the answer of a URL may take in all, 30 s by default.
    #[must_use]
    pub fn timeout(mut self, limit: Duration) -> Self {
        if let Kind::Url { timeout, .. } = &mut self.0 {
            *timeout = limit;
        }
        self
    }
}

/// A path is that of a [file](CrlSource::file).
impl<P: AsRef<Path>> From<P> for CrlSource {
    fn from(path: P) -> Self {
        Self::file(path)
    }
}
