//! The files of a certificate: the old ones or the new ones, whenever the process ends.

use std::fs::{self, File};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use pki_core::verify::TrustAnchors;
use pki_core::{CertificateRequest, KeyKind, KeyPair};
use tls_identity::{Identity as ClientIdentity, read_file};
use x509_identity::{Certificate, DistinguishedName, SubjectAltName};

use super::enroller::Enrolled;
use super::error::EnrollError;

/// A directory with `tls.crt` (the chain), `tls.key` (owner-only) and `ca.crt` (the roots), as Kubernetes names them.
///
/// A key is in `next.key` before anybody is asked for its certificate, and the CSR in `next.csr`: a process that ends
/// makes the same request again, and gets the same certificate. A new certificate is in `next.crt` before it takes the
/// place of the old one, and [`open`](Self::open) finishes what was begun.
#[derive(Clone, Debug)]
pub struct EnrolledFiles(PathBuf);

/// A key whose certificate was not issued yet, and the request for it.
#[derive(Debug)]
pub struct PendingRequest {
    /// The key.
    pub key: KeyPair,
    /// The request.
    pub request: CertificateRequest,
}

impl EnrolledFiles {
    /// Makes the directory, if it is not there, and finishes what a process has left that ended in between. It blocks.
    ///
    /// # Errors
    ///
    /// [`EnrollError::File`].
    pub fn open(directory: impl Into<PathBuf>) -> Result<Self, EnrollError> {
        let files = Self(directory.into());
        let path = files.0.as_path();
        fs::create_dir_all(path).map_err(|error| EnrollError::file(path, error))?;
        files.finish()?;
        Ok(files)
    }

    /// `tls.crt`, `tls.key` and `ca.crt`.
    #[must_use]
    pub fn paths(&self) -> [PathBuf; 3] {
        [CERTIFICATE, KEY, ROOTS].map(|name| self.0.join(name))
    }

    /// The certificate and its key, if there are any. It blocks.
    ///
    /// # Errors
    ///
    /// [`EnrollError::File`] if they cannot be read, or do not belong together.
    pub fn identity(&self) -> Result<Option<ClientIdentity>, EnrollError> {
        let path = self.0.join(CERTIFICATE);
        let Some(chain) = self.read(CERTIFICATE)? else {
            return Ok(None);
        };
        let key = self.read(KEY)?.ok_or_else(|| {
            let missing = io::Error::from(io::ErrorKind::NotFound);
            EnrollError::file(self.0.join(KEY), missing)
        })?;
        let identity = ClientIdentity::from_pem(&chain, &key);
        identity
            .map(Some)
            .map_err(|error| EnrollError::file(path, error))
    }

    /// The roots that the CA has said are to be trusted, if there are any. It blocks.
    ///
    /// # Errors
    ///
    /// [`EnrollError::File`].
    pub fn roots(&self) -> Result<Option<TrustAnchors>, EnrollError> {
        let Some(roots) = self.read(ROOTS)? else {
            return Ok(None);
        };
        let roots = TrustAnchors::from_pem(&roots);
        roots
            .map(Some)
            .map_err(|error| EnrollError::file(self.0.join(ROOTS), error))
    }

    /// The request that was begun, or a new key and a new request with these names. It blocks.
    ///
    /// A request that was begun with other names is not gone on with.
    ///
    /// # Errors
    ///
    /// [`EnrollError::File`], and [`EnrollError::Request`] if no key or CSR can be made.
    pub fn request(
        &self,
        kind: KeyKind,
        subject: &DistinguishedName,
        sans: &[SubjectAltName],
    ) -> Result<PendingRequest, EnrollError> {
        if let Some(begun) = self.begun()? {
            let names = begun.request.requested_names();
            if names.subject().to_string() == subject.to_string() && names.sans() == sans {
                return Ok(begun);
            }
            self.discard()?;
        }
        let key = KeyPair::generate(kind).map_err(|error| EnrollError::Request(error.into()))?;
        let request = CertificateRequest::build(&key, subject, sans);
        let request = request.map_err(|error| EnrollError::Request(error.into()))?;
        self.write(NEXT_KEY, key.secret_pkcs8_pem().as_bytes(), OWNER)?;
        self.write(NEXT_CSR, request.pem().as_bytes(), ALL)?;
        Ok(PendingRequest { key, request })
    }

    /// Gives up a request that was begun. It blocks.
    ///
    /// # Errors
    ///
    /// [`EnrollError::File`].
    pub fn discard(&self) -> Result<(), EnrollError> {
        // The CSR first: without its key it would be good for nothing.
        for name in [NEXT_CRT, NEXT_CSR, NEXT_KEY] {
            self.remove(name)?;
        }
        Ok(())
    }

    /// Puts a new certificate, the key of its request, and the roots in the place of those before. It blocks.
    ///
    /// # Errors
    ///
    /// [`EnrollError::File`]: the old ones stay, or [`open`](Self::open) finishes it.
    pub fn replace(&self, enrolled: &Enrolled) -> Result<(), EnrollError> {
        self.write(ROOTS, enrolled.roots_pem.as_bytes(), ALL)?;
        self.write(NEXT_CRT, enrolled.chain_pem.as_bytes(), ALL)?;
        self.finish()
    }

    /// From `next.crt` on nothing is asked for any more: the key is moved, then the certificate.
    fn finish(&self) -> Result<(), EnrollError> {
        let Some(chain) = self.read(NEXT_CRT)? else {
            return Ok(());
        };
        let belongs = |key: Option<&[u8]>| {
            key.is_some_and(|key| ClientIdentity::from_pem(&chain, key).is_ok())
        };
        if belongs(self.read(NEXT_KEY)?.as_ref().map(|key| key.as_slice())) {
            self.rename(NEXT_KEY, KEY)?;
        } else if !belongs(self.read(KEY)?.as_ref().map(|key| key.as_slice())) {
            // Of a request that was given up.
            return self.remove(NEXT_CRT);
        }
        self.rename(NEXT_CRT, CERTIFICATE)?;
        self.remove(NEXT_CSR)
    }

    fn begun(&self) -> Result<Option<PendingRequest>, EnrollError> {
        let (Some(key), Some(csr)) = (self.read(NEXT_KEY)?, self.read(NEXT_CSR)?) else {
            return Ok(None);
        };
        let key = KeyPair::from_pem(&key, None);
        let request = CertificateRequest::from_pem(&csr);
        Ok(match (key, request) {
            (Ok(key), Ok(request)) if key.public_key_der() == request.public_key_der() => {
                Some(PendingRequest { key, request })
            }
            // It was not written to its end.
            _ => None,
        })
    }

    fn read(&self, name: &str) -> Result<Option<zeroize::Zeroizing<Vec<u8>>>, EnrollError> {
        let path = self.0.join(name);
        match read_file(&path, MAX_FILE) {
            Ok(bytes) => Ok(Some(bytes)),
            Err(tls_identity::FileError::Missing(_)) => Ok(None),
            Err(error) => Err(EnrollError::file(path, error)),
        }
    }

    fn write(&self, name: &str, content: &[u8], mode: u32) -> Result<(), EnrollError> {
        let path = self.0.join(name);
        let written = || -> io::Result<()> {
            let mut builder = tempfile::Builder::new();
            builder.prefix(".enroll-");
            #[cfg(unix)]
            {
                use std::os::unix::fs::PermissionsExt as _;
                builder.permissions(fs::Permissions::from_mode(mode));
            }
            #[cfg(not(unix))]
            let _ = mode;
            let mut file = builder.tempfile_in(&self.0)?;
            file.write_all(content)?;
            file.as_file().sync_all()?;
            file.persist(&path).map_err(|error| error.error)?;
            sync(&self.0)
        };
        written().map_err(|error| EnrollError::file(&path, error))
    }

    fn rename(&self, from: &str, to: &str) -> Result<(), EnrollError> {
        let to = self.0.join(to);
        fs::rename(self.0.join(from), &to)
            .and_then(|()| sync(&self.0))
            .map_err(|error| EnrollError::file(to, error))
    }

    fn remove(&self, name: &str) -> Result<(), EnrollError> {
        let path = self.0.join(name);
        match fs::remove_file(&path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => {
                Err(EnrollError::file(path, error))
            }
            _ => Ok(()),
        }
    }
}

impl PendingRequest {
    /// The identity that `enrolled` makes of the key.
    pub(super) fn identity(&self, enrolled: &Enrolled) -> Result<ClientIdentity, EnrollError> {
        let key = self.key.secret_pkcs8_pem();
        let identity = ClientIdentity::from_pem(enrolled.chain_pem.as_bytes(), key.as_bytes());
        identity.map_err(|error| EnrollError::Unsound(error.to_string()))
    }
}

/// The names of a certificate, to ask for the same ones again.
pub(super) fn names_of(certificate: &Certificate) -> (DistinguishedName, Vec<SubjectAltName>) {
    (certificate.subject().clone(), certificate.sans().to_vec())
}

/// Makes the names in a directory last, where a directory can be opened for that.
fn sync(directory: &Path) -> io::Result<()> {
    #[cfg(unix)]
    File::open(directory)?.sync_all()?;
    #[cfg(not(unix))]
    let _ = directory;
    Ok(())
}

const CERTIFICATE: &str = "tls.crt";
const KEY: &str = "tls.key";
const ROOTS: &str = "ca.crt";
const NEXT_CRT: &str = "next.crt";
const NEXT_CSR: &str = "next.csr";
const NEXT_KEY: &str = "next.key";

const OWNER: u32 = 0o600;
const ALL: u32 = 0o644;
const MAX_FILE: u64 = 1 << 20;
