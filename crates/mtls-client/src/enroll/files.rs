//! The files of a certificate: the old ones or the new ones, whenever the process ends.

use std::fmt;
use std::fs::{self, File};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use pki_core::verify::TrustAnchors;
use pki_core::{CertificateRequest, KeyKind, KeyPair};
use tls_identity::{Identity as ClientIdentity, read_file};
use x509_identity::{Certificate, DistinguishedName, SubjectAltName};

use super::enrolled::Enrolled;
use super::error::EnrollError;
use super::key_store::KeyStore;
use super::keys::{Key, name_in};
use super::turn::Turn;

/// A directory with `tls.crt` (the chain), `tls.key` (owner-only) and `ca.crt` (the roots), as Kubernetes names them.
///
/// A key is in `next.key` before anybody is asked for its certificate, and the CSR in `next.csr`: a process that ends
/// makes the same request again, and gets the same certificate. A new certificate is in `next.crt` before it takes the
/// place of the old one, and [`open`](Self::open) finishes what was begun.
///
/// Agents of one directory take turns, in this process or in several. Who calls [`request`](Self::request) and
/// [`replace`](Self::replace) without an agent is the only one there.
///
/// With a [`KeyStore`] the keys are elsewhere, and `tls.key` has the name of one. The key of the certificate before is
/// kept until the next renewal, for whoever has not taken up the new one yet; its name is in `last.key`.
#[derive(Clone)]
pub struct EnrolledFiles {
    directory: PathBuf,
    keys: Option<Arc<dyn KeyStore>>,
}

/// A key whose certificate was not issued yet, and the request for it.
#[derive(Debug)]
pub struct PendingRequest {
    key: Key,
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
        Self::with(directory.into(), None)
    }

    /// The same with keys that `keys` has. It blocks.
    ///
    /// # Errors
    ///
    /// [`EnrollError::File`], and [`EnrollError::Key`].
    pub fn open_with_keys(
        directory: impl Into<PathBuf>,
        keys: Arc<dyn KeyStore>,
    ) -> Result<Self, EnrollError> {
        Self::with(directory.into(), Some(keys))
    }

    fn with(directory: PathBuf, keys: Option<Arc<dyn KeyStore>>) -> Result<Self, EnrollError> {
        let files = Self { directory, keys };
        let path = files.directory.as_path();
        fs::create_dir_all(path).map_err(|error| EnrollError::file(path, error))?;
        files.finish_left()?;
        Ok(files)
    }

    /// The right to change the files, for as long as it is there. `None` if another one has it.
    pub(super) fn turn(&self) -> Option<Turn> {
        Turn::at(&self.directory)
    }

    /// That there was no turn to be had.
    pub(super) fn busy(&self) -> EnrollError {
        EnrollError::Busy(self.directory.clone())
    }

    /// `tls.crt`, `tls.key` and `ca.crt`.
    #[must_use]
    pub fn paths(&self) -> [PathBuf; 3] {
        [CERTIFICATE, KEY, ROOTS].map(|name| self.directory.join(name))
    }

    /// The certificate and its key, if there are any. It blocks.
    ///
    /// # Errors
    ///
    /// [`EnrollError::File`] if they cannot be read, or do not belong together.
    pub fn identity(&self) -> Result<Option<ClientIdentity>, EnrollError> {
        for _ in 0..BETWEEN_TRIES {
            match self.identity_now() {
                // Somebody may have moved the key, and not the certificate yet.
                Err(EnrollError::File { .. }) => thread::sleep(BETWEEN),
                done => return done,
            }
        }
        self.identity_now()
    }

    fn identity_now(&self) -> Result<Option<ClientIdentity>, EnrollError> {
        let Some(chain) = self.read(CERTIFICATE)? else {
            return Ok(None);
        };
        let path = |name: &str| self.directory.join(name);
        let key = self.read(KEY)?.ok_or_else(|| {
            let missing = io::Error::from(io::ErrorKind::NotFound);
            EnrollError::file(path(KEY), missing)
        })?;
        let identity = match name_in(&key) {
            // Its error says what is wrong with the file.
            None => ClientIdentity::from_pem(&chain, &key),
            Some(_) => match self.key_of(&key)? {
                Some(key) => key.identity(&chain),
                None => return Ok(None),
            },
        };
        identity
            .map(Some)
            .map_err(|error| EnrollError::file(path(CERTIFICATE), error))
    }

    /// The certificate with its chain and the roots, if there is one.
    pub(super) fn enrolled(&self) -> Result<Option<Enrolled>, EnrollError> {
        let (Some(chain), Some(roots)) = (self.read(CERTIFICATE)?, self.read(ROOTS)?) else {
            return Ok(None);
        };
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        let leaf = tls_identity::certificates(&chain).ok();
        let leaf = leaf.and_then(|chain| Certificate::from_der(chain.first()?).ok());
        // What is wrong with it is for `identity` to say.
        Ok(leaf.map(|certificate| Enrolled {
            certificate,
            chain_pem: text(&chain),
            roots_pem: text(&roots),
        }))
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
            .map_err(|error| EnrollError::file(self.directory.join(ROOTS), error))
    }

    /// The request that was begun, or a new key and a new request with these names. It blocks.
    ///
    /// A request that was begun with other names is not gone on with.
    ///
    /// # Errors
    ///
    /// [`EnrollError::File`], and [`EnrollError::Request`] or [`EnrollError::Key`] if no key or CSR can be made.
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
        }
        // Of a request with other names, or what was not written to its end.
        self.discard()?;
        let key = self.new_key(kind)?;
        let request = key.request(subject, sans)?;
        self.write(NEXT_CSR, request.pem().as_bytes(), ALL)?;
        Ok(PendingRequest { key, request })
    }

    /// A key that is in `next.key`, or its name is.
    fn new_key(&self, kind: KeyKind) -> Result<Key, EnrollError> {
        let Some(keys) = &self.keys else {
            let key =
                KeyPair::generate(kind).map_err(|error| EnrollError::Request(error.into()))?;
            self.write(NEXT_KEY, key.secret_pkcs8_pem().as_bytes(), OWNER)?;
            return Ok(Key::InFile(key));
        };
        let name = keys.new_name();
        self.write(NEXT_KEY, format!("{name}\n").as_bytes(), OWNER)?;
        let key = keys.generate(&name, kind).map_err(EnrollError::Key)?;
        Ok(Key::Stored(key))
    }

    /// Gives up a request that was begun. It blocks.
    ///
    /// # Errors
    ///
    /// [`EnrollError::File`], and [`EnrollError::Key`].
    pub fn discard(&self) -> Result<(), EnrollError> {
        self.forget_key(NEXT_KEY)?;
        // The CSR first: without its key it would be good for nothing.
        for name in [NEXT_CRT, NEXT_CSR, NEXT_KEY] {
            // Most often there is nothing to give up.
            if self.directory.join(name).is_file() {
                self.remove(name)?;
            }
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

    /// Finishes what was begun by whoever has ended in between. Whoever has not ended is left alone.
    pub(super) fn finish_left(&self) -> Result<(), EnrollError> {
        match self.turn() {
            Some(_turn) => self.finish(),
            None => Ok(()),
        }
    }

    /// From `next.crt` on nothing is asked for any more: the key is moved, then the certificate.
    pub(super) fn finish(&self) -> Result<(), EnrollError> {
        let Some(chain) = self.read(NEXT_CRT)? else {
            // Without its key it is of a request that is done.
            return match (self.read(NEXT_KEY)?, self.read(NEXT_CSR)?) {
                (None, Some(_)) => self.remove(NEXT_CSR),
                _ => Ok(()),
            };
        };
        let belongs = |name: &str| -> Result<bool, EnrollError> {
            let content = self.read(name)?;
            let key = content.map(|content| self.key_of(&content)).transpose()?;
            Ok(key
                .flatten()
                .is_some_and(|key| key.identity(&chain).is_ok()))
        };
        if belongs(NEXT_KEY)? {
            self.retire_key()?;
            self.rename(NEXT_KEY, KEY)?;
        } else if !belongs(KEY)? {
            // Of a request that was given up.
            return self.remove(NEXT_CRT);
        }
        self.rename(NEXT_CRT, CERTIFICATE)?;
        self.remove(NEXT_CSR)
    }

    /// The name of the present key becomes that of the last one, and the last one is removed.
    fn retire_key(&self) -> Result<(), EnrollError> {
        let Some(present) = self.read(KEY)?.filter(|it| name_in(it).is_some()) else {
            return Ok(());
        };
        // Unless this was begun before.
        if self.read(LAST_KEY)?.as_ref() != Some(&present) {
            self.forget_key(LAST_KEY)?;
            self.write(LAST_KEY, &present, OWNER)?;
        }
        Ok(())
    }

    /// Removes the key that a file has the name of.
    fn forget_key(&self, file: &str) -> Result<(), EnrollError> {
        let content = self.read(file)?;
        match (content.as_deref().and_then(|it| name_in(it)), &self.keys) {
            (Some(name), Some(keys)) => keys.remove(name).map_err(EnrollError::Key),
            _ => Ok(()),
        }
    }

    fn key_of(&self, content: &[u8]) -> Result<Option<Key>, EnrollError> {
        Key::read(content, self.keys.as_deref()).map_err(EnrollError::Key)
    }

    fn begun(&self) -> Result<Option<PendingRequest>, EnrollError> {
        let (Some(key), Some(csr)) = (self.read(NEXT_KEY)?, self.read(NEXT_CSR)?) else {
            return Ok(None);
        };
        let key = self.key_of(&key)?;
        let request = CertificateRequest::from_pem(&csr);
        Ok(match (key, request) {
            (Some(key), Ok(request)) if key.public_key_der() == request.public_key_der() => {
                Some(PendingRequest { key, request })
            }
            // It was not written to its end.
            _ => None,
        })
    }

    fn read(&self, name: &str) -> Result<Option<zeroize::Zeroizing<Vec<u8>>>, EnrollError> {
        let path = self.directory.join(name);
        match read_file(&path, MAX_FILE) {
            Ok(bytes) => Ok(Some(bytes)),
            Err(tls_identity::FileError::Missing(_)) => Ok(None),
            Err(error) => Err(EnrollError::file(path, error)),
        }
    }

    fn write(&self, name: &str, content: &[u8], mode: u32) -> Result<(), EnrollError> {
        let path = self.directory.join(name);
        let written = || -> io::Result<()> {
            // The name is always the same, so that what a process leaves behind that is killed is replaced by the next one.
            let unfinished = format!(".{name}");
            self.remove_if_there(&unfinished)?;
            let mut builder = tempfile::Builder::new();
            builder.prefix(&unfinished).rand_bytes(0);
            #[cfg(unix)]
            {
                use std::os::unix::fs::PermissionsExt as _;
                builder.permissions(fs::Permissions::from_mode(mode));
            }
            #[cfg(not(unix))]
            let _ = mode;
            let mut file = builder.tempfile_in(&self.directory)?;
            file.write_all(content)?;
            file.as_file().sync_all()?;
            file.persist(&path).map_err(|error| error.error)?;
            sync(&self.directory)
        };
        written().map_err(|error| EnrollError::file(&path, error))
    }

    fn rename(&self, from: &str, to: &str) -> Result<(), EnrollError> {
        let to = self.directory.join(to);
        fs::rename(self.directory.join(from), &to)
            .and_then(|()| sync(&self.directory))
            .map_err(|error| EnrollError::file(to, error))
    }

    fn remove(&self, name: &str) -> Result<(), EnrollError> {
        let removed = self.remove_if_there(name);
        removed.map_err(|error| EnrollError::file(self.directory.join(name), error))
    }

    /// It may not be there.
    fn remove_if_there(&self, name: &str) -> io::Result<()> {
        match fs::remove_file(self.directory.join(name)) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
            _ => Ok(()),
        }
    }
}

impl fmt::Debug for EnrolledFiles {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("EnrolledFiles")
            .field(&self.directory)
            .finish()
    }
}

impl PendingRequest {
    /// The identity that `enrolled` makes of the key.
    pub(super) fn identity(&self, enrolled: &Enrolled) -> Result<ClientIdentity, EnrollError> {
        let identity = self.key.identity(enrolled.chain_pem.as_bytes());
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
const LAST_KEY: &str = "last.key";

/// How long files that do not belong together may be about to: as long as a slow disk takes to rename one.
const BETWEEN: Duration = Duration::from_millis(50);
const BETWEEN_TRIES: u32 = 4;

const OWNER: u32 = 0o600;
const ALL: u32 = 0o644;
const MAX_FILE: u64 = 1 << 20;
