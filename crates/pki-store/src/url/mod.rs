//! Where a store is.

mod postgres;
mod tls;

use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;

use crate::StoreError;

pub use postgres::PostgresUrl;
pub(crate) use postgres::Server;
#[cfg(feature = "tls")]
pub(crate) use tls::{ServerCheck, TlsSettings};

/// Where a store is: `sqlite:PATH`, a path alone, or `postgres://USER@HOST/DATABASE`.
///
/// Prints as it is read, but for a password, of which three asterisks are printed.
///
/// TLS to PostgreSQL is asked for in the words of libpq, and takes the feature `tls`: `sslmode` (`disable`, which is the
/// default here, `prefer`, `require`, `verify-ca`, `verify-full`), `sslrootcert`, `sslcert` and `sslkey`. Only
/// `verify-full` keeps out whoever is between the two.
///
/// ```
/// use pki_store::StoreUrl;
///
/// # fn main() -> Result<(), pki_store::StoreError> {
/// let file: StoreUrl = "sqlite:/var/lib/ca/store.db".parse()?;
/// assert_eq!(file, "/var/lib/ca/store.db".parse()?);
/// let server: StoreUrl = "postgres://ca:secret@db.example/ca".parse()?;
/// assert_eq!(server.to_string(), "postgres://ca:***@db.example/ca");
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Eq, PartialEq)]
#[non_exhaustive]
pub enum StoreUrl {
    /// A file of SQLite, which is made if there is none.
    Sqlite(PathBuf),
    /// A database of PostgreSQL, by the URL that libpq takes.
    Postgres(PostgresUrl),
}

impl FromStr for StoreUrl {
    type Err = StoreError;

    fn from_str(text: &str) -> Result<Self, StoreError> {
        if text.starts_with("postgres://") || text.starts_with("postgresql://") {
            let url = PostgresUrl::new(text);
            return match url.server() {
                Ok(_) => Ok(Self::Postgres(url)),
                Err(reason) => Err(StoreError::Address {
                    url: url.to_string(),
                    reason,
                }),
            };
        }
        let path = text.strip_prefix("sqlite:").unwrap_or(text);
        let reason = if path.is_empty() {
            "the path is missing"
        } else if path.contains("://") {
            "only sqlite: and postgres:// are known"
        } else {
            return Ok(Self::Sqlite(path.into()));
        };
        Err(StoreError::Address {
            url: text.to_owned(),
            reason,
        })
    }
}

impl From<PathBuf> for StoreUrl {
    fn from(path: PathBuf) -> Self {
        Self::Sqlite(path)
    }
}

impl fmt::Display for StoreUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Sqlite(path) => write!(f, "sqlite:{}", path.display()),
            Self::Postgres(url) => url.fmt(f),
        }
    }
}

impl fmt::Debug for StoreUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}
