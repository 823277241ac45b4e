//! Where a store is.

use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;

use crate::StoreError;

/// Where a store is: `sqlite:PATH`, a path alone, or `postgres://USER@HOST/DATABASE`.
///
/// Prints as it is read, but for a password, of which three asterisks are printed.
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

/// A connection string of PostgreSQL, which may hold a password.
#[derive(Clone, Eq, PartialEq)]
pub struct PostgresUrl(String);

impl PostgresUrl {
    /// The connection string, with its password.
    pub(crate) fn secret_text(&self) -> &str {
        &self.0
    }
}

impl FromStr for StoreUrl {
    type Err = StoreError;

    fn from_str(text: &str) -> Result<Self, StoreError> {
        if text.starts_with("postgres://") || text.starts_with("postgresql://") {
            let url = PostgresUrl(text.to_owned());
            return match text.parse::<tokio_postgres::Config>() {
                Ok(_) => Ok(Self::Postgres(url)),
                // The cause may quote the password.
                Err(_) => Err(StoreError::Address {
                    url: url.to_string(),
                    reason: "PostgreSQL does not take this connection string",
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

impl fmt::Display for PostgresUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Some((scheme, rest)) = self.0.split_once("://") else {
            return f.write_str("***");
        };
        // A password may be a parameter, too.
        let (before, parameters) = rest.split_once('?').unwrap_or((rest, ""));
        let (user, host) = before.rsplit_once('@').unwrap_or(("", before));
        write!(f, "{scheme}://")?;
        match user.split_once(':') {
            Some((name, _)) => write!(f, "{name}:***@")?,
            None if user.is_empty() => {}
            None => write!(f, "{user}@")?,
        }
        f.write_str(host)?;
        for (position, parameter) in parameters
            .split('&')
            .filter(|it| !it.is_empty())
            .enumerate()
        {
            f.write_str(if position == 0 { "?" } else { "&" })?;
            match parameter.split_once('=') {
                Some((name, _)) if name.eq_ignore_ascii_case("password") => {
                    write!(f, "{name}=***")?
                }
                _ => f.write_str(parameter)?,
            }
        }
        Ok(())
    }
}

impl fmt::Debug for PostgresUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
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
