//! Where a PostgreSQL is.

use std::fmt;

use tokio_postgres::Config;

use super::tls::{Parameters, TlsSettings};

/// A connection string of PostgreSQL, which may hold a password.
#[derive(Clone, Eq, PartialEq)]
pub struct PostgresUrl(String);

/// How a server is reached.
#[derive(Clone)]
pub(crate) struct Server {
    pub(crate) config: Config,
    /// What TLS needs, where it is used.
    #[cfg_attr(not(feature = "tls"), allow(dead_code, reason = "nothing uses TLS"))]
    pub(crate) tls: Option<TlsSettings>,
}

impl PostgresUrl {
    pub(super) fn new(text: &str) -> Self {
        Self(text.to_owned())
    }

    /// What it says.
    ///
    /// # Errors
    ///
    /// What is wrong with it, without quoting it: there may be a password in it.
    pub(crate) fn server(&self) -> Result<Server, &'static str> {
        let (tls, rest) = Parameters::take(&self.0)?;
        let config = rest.parse::<Config>();
        let mut config = config.map_err(|_| "PostgreSQL does not take this connection string")?;
        let (mode, tls) = tls.settings()?;
        if tls.is_some() && !cfg!(feature = "tls") {
            return Err("this program was built without TLS to PostgreSQL (the feature `tls`)");
        }
        config.ssl_mode(mode);
        Ok(Server { config, tls })
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
