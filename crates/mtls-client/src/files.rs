//! Reading files, those of an identity first of all: the one place of this crate that does.

use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use pki_core::Password;
use sha2::{Digest, Sha256};
use zeroize::Zeroizing;

use crate::identity::{ClientIdentity, IdentityError};

/// The largest file that is read, as for the `.p12` bundles that are opened.
pub(crate) const LIMIT: u64 = 1 << 20;

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
pub(crate) struct Content {
    pub(crate) hash: [u8; 32],
    first: Zeroizing<Vec<u8>>,
    second: Zeroizing<Vec<u8>>,
}

impl IdentityFiles {
    /// A chain and its key in PEM, as [`ClientIdentity::from_pem`] takes them. May be one file.
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

    /// A `.p12` bundle and its password, as [`ClientIdentity::from_pkcs12`] takes them.
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
    pub fn read(&self) -> Result<ClientIdentity, IdentityFileError> {
        self.identity(&self.content()?)
    }

    /// The file with the certificate.
    pub(crate) fn path(&self) -> &Path {
        match &self.form {
            Form::Pem { chain: path, .. } | Form::Pkcs12 { bundle: path, .. } => path,
        }
    }

    pub(crate) fn content(&self) -> Result<Content, IdentityFileError> {
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

    pub(crate) fn identity(&self, content: &Content) -> Result<ClientIdentity, IdentityFileError> {
        let (first, second) = (&content.first, &content.second);
        let (path, read) = match &self.form {
            Form::Pem {
                chain,
                key,
                password,
            } => {
                let read = match password {
                    Some(password) => {
                        ClientIdentity::from_pem_with_password(first, second, password)
                    }
                    None => ClientIdentity::from_pem(first, second),
                };
                let about_key = matches!(&read, Err(error) if error.is_about_key());
                (if about_key { key } else { chain }, read)
            }
            Form::Pkcs12 { bundle, password } => {
                (bundle, ClientIdentity::from_pkcs12(first, password))
            }
        };
        read.map_err(|source| IdentityFileError::Unusable {
            path: path.clone(),
            source,
        })
    }
}

fn read(path: &Path) -> Result<Zeroizing<Vec<u8>>, IdentityFileError> {
    match read_limited(path, LIMIT) {
        Ok(Some(bytes)) => Ok(bytes),
        Ok(None) => Err(IdentityFileError::TooLarge {
            path: path.to_owned(),
        }),
        Err(source) => Err(IdentityFileError::Unreadable {
            path: path.to_owned(),
            source,
        }),
    }
}

/// What the file holds, or `None` if that is more than `limit` bytes.
pub(crate) fn read_limited(path: &Path, limit: u64) -> io::Result<Option<Zeroizing<Vec<u8>>>> {
    let file = File::open(path)?;
    let size = file.metadata()?.len().min(limit);
    // Room for the whole keeps a growing buffer from leaving copies of a key behind.
    let mut bytes = Zeroizing::new(Vec::with_capacity(usize::try_from(size).unwrap_or(0) + 1));
    file.take(limit + 1).read_to_end(&mut bytes)?;
    Ok((bytes.len() as u64 <= limit).then_some(bytes))
}

/// A file of an identity that cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum IdentityFileError {
    /// Longer than any certificate chain, key or bundle.
    #[error("{} is longer than 1 MiB; it should hold a certificate chain, a key or a .p12 bundle", path.display())]
    TooLarge {
        /// The file.
        path: PathBuf,
    },

    /// It is not there, or may not be read.
    #[error("{} cannot be read", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// What the system says.
        #[source]
        source: io::Error,
    },

    /// What is in it is no identity.
    #[error("{} cannot be used", path.display())]
    Unusable {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        #[source]
        source: IdentityError,
    },
}
