//! The files of an identity, read now or again later.

use std::fmt;
use std::path::{Path, PathBuf};

use pki_core::Password;
use sha2::{Digest, Sha256};
use zeroize::Zeroizing;

use crate::file::{FileError, read_file};
use crate::{Identity, IdentityError};

/// The files that an identity is read from: a chain and a key, or a `.p12` bundle.
#[derive(Debug)]
pub struct IdentityFiles {
    form: Form,
}

#[derive(Debug)]
enum Form {
    Pem {
        chain: PathBuf,
        key: PathBuf,
        password: Option<Password>,
    },
    Pkcs12 {
        bundle: PathBuf,
        password: Password,
    },
}

/// What the files held at one time, and the hash of it.
pub struct Content {
    hash: [u8; 32],
    first: Zeroizing<Vec<u8>>,
    second: Zeroizing<Vec<u8>>,
}

impl Content {
    /// The SHA-256 of it.
    #[must_use]
    pub fn hash(&self) -> &[u8; 32] {
        &self.hash
    }
}

/// Without the content, which is a key.
impl fmt::Debug for Content {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Content").finish_non_exhaustive()
    }
}

impl IdentityFiles {
    /// A chain and its key, as [`Identity::from_pem`] takes them. May be one file.
    #[must_use]
    pub fn pem(chain: impl Into<PathBuf>, key: impl Into<PathBuf>) -> Self {
        Self {
            form: Form::Pem {
                chain: chain.into(),
                key: key.into(),
                password: None,
            },
        }
    }

    /// As [`pem`](Self::pem), with a key that is encrypted by `password`.
    #[must_use]
    pub fn pem_with_password(
        chain: impl Into<PathBuf>,
        key: impl Into<PathBuf>,
        password: Password,
    ) -> Self {
        Self {
            form: Form::Pem {
                chain: chain.into(),
                key: key.into(),
                password: Some(password),
            },
        }
    }

    /// A `.p12` bundle and its password, as [`Identity::from_pkcs12`] takes them.
    #[must_use]
    pub fn pkcs12(bundle: impl Into<PathBuf>, password: Password) -> Self {
        Self {
            form: Form::Pkcs12 {
                bundle: bundle.into(),
                password,
            },
        }
    }

    /// Reads the files, each 1 MiB at most. It blocks.
    ///
    /// # Errors
    ///
    /// [`IdentityFileError`] names the file.
    pub fn read(&self) -> Result<Identity, IdentityFileError> {
        self.identity(&self.content()?)
    }

    /// The file with the certificate.
    #[must_use]
    pub fn path(&self) -> &Path {
        match &self.form {
            Form::Pem { chain: path, .. } | Form::Pkcs12 { bundle: path, .. } => path,
        }
    }

    /// Reads the files, and makes nothing of them yet: [`Content::hash`] tells whether they have changed. It blocks.
    ///
    /// # Errors
    ///
    /// [`IdentityFileError::Unreadable`] names the file.
    pub fn content(&self) -> Result<Content, IdentityFileError> {
        let (first, second) = match &self.form {
            Form::Pem { chain, key, .. } => (read(chain)?, read(key)?),
            Form::Pkcs12 { bundle, .. } => (read(bundle)?, Zeroizing::default()),
        };
        let hash = Sha256::new()
            .chain_update(Sha256::digest(&*first))
            .chain_update(Sha256::digest(&*second))
            .finalize()
            .into();
        Ok(Content {
            hash,
            first,
            second,
        })
    }

    /// The identity of files that were read.
    ///
    /// # Errors
    ///
    /// [`IdentityFileError::Unusable`] names the file.
    pub fn identity(&self, content: &Content) -> Result<Identity, IdentityFileError> {
        let (first, second) = (&content.first, &content.second);
        let (path, read) = match &self.form {
            Form::Pem {
                chain,
                key,
                password,
            } => {
                let read = match password {
                    Some(password) => Identity::from_pem_with_password(first, second, password),
                    None => Identity::from_pem(first, second),
                };
                let about_key = matches!(&read, Err(error) if error.is_about_key());
                (if about_key { key } else { chain }, read)
            }
            Form::Pkcs12 { bundle, password } => (bundle, Identity::from_pkcs12(first, password)),
        };
        read.map_err(|source| IdentityFileError::Unusable {
            path: path.clone(),
            source,
        })
    }
}

impl Identity {
    /// Reads both files and calls [`from_pem`](Self::from_pem). It blocks.
    ///
    /// # Errors
    ///
    /// [`IdentityFileError`] names the file.
    pub fn from_files(
        chain: impl Into<PathBuf>,
        key: impl Into<PathBuf>,
    ) -> Result<Self, IdentityFileError> {
        IdentityFiles::pem(chain, key).read()
    }
}

fn read(path: &Path) -> Result<Zeroizing<Vec<u8>>, IdentityFileError> {
    read_file(path, LIMIT).map_err(|source| IdentityFileError::Unreadable {
        path: path.to_owned(),
        source,
    })
}

/// The largest file that is read, as for the `.p12` bundles that are opened.
const LIMIT: u64 = 1 << 20;

/// A file of an identity that cannot be used. The message names it, and says what is wrong and what to do.
#[derive(Debug)]
#[non_exhaustive]
pub enum IdentityFileError {
    /// It is not there, may not be read, or is longer than 1 MiB.
    Unreadable {
        /// The file.
        path: PathBuf,
        /// Why not.
        source: FileError,
    },

    /// What is in it is no identity.
    Unusable {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        source: IdentityError,
    },
}

impl IdentityFileError {
    /// The file at fault.
    #[must_use]
    pub fn path(&self) -> &Path {
        match self {
            Self::Unreadable { path, .. } | Self::Unusable { path, .. } => path,
        }
    }
}

impl fmt::Display for IdentityFileError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let path = self.path().display();
        match self {
            Self::Unreadable { source, .. } => write!(f, "{path}: {source}"),
            Self::Unusable { source, .. } => write!(f, "{path}: {source}"),
        }
    }
}

impl std::error::Error for IdentityFileError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        // Their own message is part of this one.
        match self {
            Self::Unreadable { source, .. } => source.source(),
            Self::Unusable { source, .. } => source.source(),
        }
    }
}
