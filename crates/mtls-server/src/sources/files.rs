//! Reading what an operator names by path, with errors that say which file and what to do.

use std::{
    error::Error,
    fmt, fs, io,
    path::{Path, PathBuf},
};

use pki_core::verify::{AnchorError, CrlLoadError, CrlSet, TrustAnchors};
use zeroize::Zeroizing;

use tls_identity::{Found, Identity};

use crate::{observe::text::sentence, rules::rule::Rule};

/// Reads the roots that clients' certificates must lead to: PEM with any number, or one in DER.
///
/// # Errors
///
/// [`FileError`] names the file and what to do about it.
pub fn client_roots(path: impl AsRef<Path>) -> Result<TrustAnchors, FileError> {
    let path = path.as_ref();
    client_roots_of(path, &read(path, ROOTS)?)
}

pub(crate) fn client_roots_of(path: &Path, bytes: &[u8]) -> Result<TrustAnchors, FileError> {
    TrustAnchors::from_pem(bytes).map_err(|error| match error {
        AnchorError::Empty | AnchorError::NotCertificates { .. } => {
            FileError::holds(path, bytes, ROOTS)
        }
        AnchorError::Malformed { .. } if Found::of(bytes) != Found::Certificate => {
            FileError::holds(path, bytes, ROOTS)
        }
        error => FileError::content(path, error),
    })
}

/// Reads CRLs: each file has any number of them in PEM, or one in DER.
///
/// # Errors
///
/// [`FileError`] names the first file that cannot be used and what to do about it; [`CrlLoadError`]
/// in it says what is wrong with a list.
pub fn crls<P: AsRef<Path>>(paths: impl IntoIterator<Item = P>) -> Result<CrlSet, FileError> {
    let mut paths_read: Vec<PathBuf> = Vec::new();
    let mut files = Vec::new();
    for path in paths {
        files.push(read(path.as_ref(), CRL)?);
        paths_read.push(path.as_ref().to_owned());
    }
    let path_of = |error: &CrlLoadError| {
        let path = error.file().and_then(|file| paths_read.get(file));
        path.map_or(Path::new(""), PathBuf::as_path)
    };
    let set = CrlSet::from_pem_or_der(&files).map_err(|error| {
        let bytes = error.file().and_then(|file| files.get(file));
        let bytes = bytes.map(|bytes| bytes.as_slice()).unwrap_or_default();
        FileError::of_crl(path_of(&error), bytes, error)
    })?;
    warn_of_set_aside(&set, |file| {
        paths_read.get(file).map(|path| path.display().to_string())
    });
    Ok(set)
}

/// Logs which CRLs are set aside, and why; `name` is that of a file by its position.
pub(crate) fn warn_of_set_aside(set: &CrlSet, name: impl Fn(usize) -> Option<String>) {
    for aside in set.set_aside() {
        let name = aside.file().and_then(&name);
        if let (Some(crl), CrlLoadError::Unusable { source, .. }) = (name, aside) {
            let reason = sentence(source);
            tracing::warn!(target: "mtls_server", crl, reason, "a CRL is not used");
        }
    }
}

/// Reads a rule in TOML, as [`Rule::from_toml`] takes it.
///
/// # Errors
///
/// [`FileError`] names the file, the line and the field.
pub fn rule(path: impl AsRef<Path>) -> Result<Rule, FileError> {
    let path = path.as_ref();
    rule_of(path, &read(path, RULE)?)
}

pub(crate) fn rule_of(path: &Path, bytes: &[u8]) -> Result<Rule, FileError> {
    let text = std::str::from_utf8(bytes).map_err(|_| FileError::holds(path, bytes, RULE))?;
    Rule::from_toml(text).map_err(|error| FileError::content(path, error))
}

/// The identity of files that have been read.
pub(crate) fn identity_of(
    (chain, chain_bytes): (&Path, &[u8]),
    (key, key_bytes): (&Path, &[u8]),
) -> Result<Identity, FileError> {
    Identity::from_pem(chain_bytes, key_bytes).map_err(|error| {
        let at_fault = if error.is_about_key() { key } else { chain };
        FileError::content(at_fault, error)
    })
}

/// What each file is expected to hold, as messages say it.
pub(crate) const CHAIN: &str = "the server's certificate chain";
pub(crate) const KEY: &str = "the server's private key";
pub(crate) const ROOTS: &str = "the client CA's certificate";
pub(crate) const CRL: &str = "a revocation list";
pub(crate) const RULE: &str = "a rule in TOML";

/// The files of a directory by name, directories and dangling links left out.
pub(crate) fn listed(directory: &Path, wanted: &'static str) -> Result<Vec<PathBuf>, FileError> {
    let fail = |problem| FileError {
        path: directory.to_owned(),
        problem,
    };
    let unreadable = |error: io::Error| match error.kind() {
        io::ErrorKind::NotFound => fail(Problem::Missing(wanted)),
        io::ErrorKind::NotADirectory => fail(Problem::NotADirectory(wanted)),
        _ => fail(Problem::Unreadable(error)),
    };
    let mut paths = Vec::new();
    for entry in fs::read_dir(directory).map_err(unreadable)? {
        let path = entry.map_err(unreadable)?.path();
        if path.is_file() {
            paths.push(path);
        }
    }
    paths.sort();
    Ok(paths)
}

/// The contents of a file that is expected to hold something small; zeroized, as it may be a key.
pub(crate) fn read(path: &Path, wanted: &'static str) -> Result<Zeroizing<Vec<u8>>, FileError> {
    let fail = |problem| FileError {
        path: path.to_owned(),
        problem,
    };
    let bytes = tls_identity::read_file(path, LIMIT).map_err(|error| {
        fail(match error {
            tls_identity::FileError::Directory => Problem::Directory(wanted),
            tls_identity::FileError::Missing(_) => Problem::Missing(wanted),
            tls_identity::FileError::TooLarge { .. } => Problem::TooLarge,
            tls_identity::FileError::Unreadable(error) => Problem::Unreadable(error),
            error => Problem::Content(Box::new(error)),
        })
    })?;
    if bytes.iter().all(u8::is_ascii_whitespace) {
        return Err(fail(Problem::Empty(wanted)));
    }
    Ok(bytes)
}

/// The largest file that is read: a CRL of well over a million entries.
const LIMIT: u64 = 64 << 20;

/// A file that cannot be used: the message names it and says what to do.
#[derive(Debug)]
pub struct FileError {
    path: PathBuf,
    problem: Problem,
}

#[derive(Debug)]
enum Problem {
    Content(Box<dyn Error + Send + Sync>),
    Directory(&'static str),
    Empty(&'static str),
    Holds(Found, &'static str),
    Missing(&'static str),
    NoneIn(&'static str),
    NotADirectory(&'static str),
    TooLarge,
    Unreadable(io::Error),
}

impl FileError {
    /// The file at fault.
    pub fn path(&self) -> &Path {
        &self.path
    }

    fn holds(path: &Path, bytes: &[u8], wanted: &'static str) -> Self {
        Self {
            path: path.to_owned(),
            problem: Problem::Holds(Found::of(bytes), wanted),
        }
    }

    /// What is wrong with CRLs that were read from `bytes`.
    pub(crate) fn of_crl(path: &Path, bytes: &[u8], error: CrlLoadError) -> Self {
        match error {
            CrlLoadError::NoCrl { .. } => Self::holds(path, bytes, CRL),
            CrlLoadError::Unusable { source, .. } => match Found::of(bytes) {
                Found::RevocationList => Self::content(path, source),
                _ => Self::holds(path, bytes, CRL),
            },
            error => Self::content(path, error),
        }
    }

    pub(crate) fn none_in(directory: &Path, wanted: &'static str) -> Self {
        Self {
            path: directory.to_owned(),
            problem: Problem::NoneIn(wanted),
        }
    }

    /// Whether the file is a good one of another kind, as far as can be told.
    pub(crate) fn holds_something_else(&self) -> bool {
        matches!(
            self.problem,
            Problem::Holds(
                Found::Certificate
                    | Found::CertificateRequest
                    | Found::EncryptedPrivateKey
                    | Found::Pkcs12
                    | Found::PrivateKey,
                _
            )
        )
    }

    pub(crate) fn content(path: &Path, error: impl Error + Send + Sync + 'static) -> Self {
        Self {
            path: path.to_owned(),
            problem: Problem::Content(Box::new(error)),
        }
    }
}

impl fmt::Display for FileError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let path = self.path.display();
        match &self.problem {
            Problem::Content(error) => write!(f, "{path}: {error}"),
            Problem::Directory(wanted) => write!(
                f,
                "{path} is a directory: name the file in it that holds {wanted}"
            ),
            Problem::Empty(wanted) => write!(f, "{path} is empty: it should hold {wanted}"),
            Problem::Holds(found, wanted) => write!(f, "{path} holds {found}, not {wanted}"),
            Problem::Missing(wanted) => write!(
                f,
                "{path} does not exist: name the file that holds {wanted}"
            ),
            Problem::NoneIn(wanted) => {
                write!(
                    f,
                    "no file in {path} holds {wanted} (*.crl, *.r0, *.pem, *.der)"
                )
            }
            Problem::NotADirectory(wanted) => write!(
                f,
                "{path} is not a directory: name it as the file that holds {wanted}"
            ),
            Problem::TooLarge => write!(f, "{path} is larger than 64 MiB: is it the right file?"),
            Problem::Unreadable(_) => {
                write!(f, "{path} cannot be read: check its owner and permissions")
            }
        }
    }
}

impl Error for FileError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match &self.problem {
            // The content's own message is part of this one.
            Problem::Content(error) => error.source(),
            Problem::Unreadable(error) => Some(error),
            _ => None,
        }
    }
}
