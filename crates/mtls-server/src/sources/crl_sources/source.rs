//! One place that CRLs are read from.

use std::{
    path::{Path, PathBuf},
    time::Duration,
};

use crate::sources::plain_http::{HttpUrl, HttpUrlError};

/// A file, a directory or a URL that holds CRLs.
#[derive(Clone, Debug)]
pub struct CrlSource(pub(super) Kind);

#[derive(Clone, Debug)]
pub(super) enum Kind {
    Directory(PathBuf),
    File(PathBuf),
    Url { url: HttpUrl, timeout: Duration },
}

impl CrlSource {
    /// A file: PEM with any number of CRLs, or one in DER.
    pub fn file(path: impl AsRef<Path>) -> Self {
        Self(Kind::File(path.as_ref().to_owned()))
    }

    /// The files of a directory that hold CRLs by their name: `*.crl`, and `*.r0`, `*.r1` and so on
    /// (the names that `openssl rehash` gives). Also those `*.pem` and `*.der` that do not hold
    /// something else. Hidden files and subdirectories are ignored.
    ///
    /// If one of the files cannot be used, or none holds a CRL, the directory cannot be used.
    pub fn directory(path: impl AsRef<Path>) -> Self {
        Self(Kind::Directory(path.as_ref().to_owned()))
    }

    /// An `http://` URL, whose response holds what a [file](Self::file) may hold: at most 64 MiB within
    /// 30 s. Redirects are not followed.
    ///
    /// # Errors
    ///
    /// [`HttpUrlError`] for any other URL. A CRL is signed, so `https` would only add a server
    /// certificate whose revocation would have to be checked first.
    pub fn url(url: &str) -> Result<Self, HttpUrlError> {
        let url = url.parse()?;
        let timeout = Duration::from_secs(30);
        Ok(Self(Kind::Url { url, timeout }))
    }

    /// How long a URL may take to respond in all; 30 s by default.
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
