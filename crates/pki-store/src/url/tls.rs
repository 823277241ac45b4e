//! What the URL of a PostgreSQL says about TLS, in the words of libpq.

use std::path::PathBuf;

use percent_encoding::percent_decode_str;
use tokio_postgres::config::SslMode;

/// TLS to a server.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct TlsSettings {
    pub(crate) check: ServerCheck,
    /// Files of the roots that the server's certificate leads to. Without one, whatever the server presents is taken.
    pub(crate) roots: Option<PathBuf>,
    /// The files of the client's certificate, with those above it, and of its key.
    pub(crate) identity: Option<(PathBuf, PathBuf)>,
}

/// What is checked of a server besides that it has the key of its certificate.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum ServerCheck {
    /// Nothing: whoever is between the two can be the server.
    Nothing,
    /// That its certificate leads to a root.
    Chain,
    /// That, and that the certificate is for the host of the URL.
    ChainAndName,
}

/// The parameters of a URL.
#[derive(Default)]
pub(super) struct Parameters {
    mode: Option<String>,
    roots: Option<PathBuf>,
    certificate: Option<PathBuf>,
    key: Option<PathBuf>,
}

impl Parameters {
    /// Takes those about TLS out of a URL, and returns the rest of it.
    ///
    /// # Errors
    ///
    /// What is wrong with one of them.
    pub(super) fn take(url: &str) -> Result<(Self, String), &'static str> {
        let (before, parameters) = url.split_once('?').unwrap_or((url, ""));
        let mut taken = Self::default();
        let mut rest = String::new();
        for parameter in parameters.split('&').filter(|it| !it.is_empty()) {
            let (name, value) = parameter.split_once('=').unwrap_or((parameter, ""));
            let place = match name {
                "sslmode" => {
                    if taken.mode.replace(value.to_owned()).is_some() {
                        return Err("it has sslmode twice");
                    }
                    continue;
                }
                "sslrootcert" => &mut taken.roots,
                "sslcert" => &mut taken.certificate,
                "sslkey" => &mut taken.key,
                _ => {
                    rest.push(if rest.is_empty() { '?' } else { '&' });
                    rest.push_str(parameter);
                    continue;
                }
            };
            if place.replace(path(value)?).is_some() {
                return Err("it has a file for TLS twice");
            }
        }
        Ok((taken, format!("{before}{rest}")))
    }

    /// The mode for the connection, and what TLS needs where it is used.
    ///
    /// # Errors
    ///
    /// What does not go together.
    pub(super) fn settings(self) -> Result<(SslMode, Option<TlsSettings>), &'static str> {
        let mode = self.mode.as_deref().unwrap_or("disable");
        let (mode, check) = match (mode, &self.roots) {
            ("disable", None) => (SslMode::Disable, ServerCheck::Nothing),
            ("disable", Some(_)) => {
                return Err("sslrootcert is for TLS, which takes sslmode=verify-full");
            }
            ("prefer", None) => (SslMode::Prefer, ServerCheck::Nothing),
            ("prefer", Some(_)) => {
                return Err("sslmode=prefer goes on without TLS: sslrootcert takes verify-full");
            }
            ("require", None) => (SslMode::Require, ServerCheck::Nothing),
            // As libpq does.
            ("require" | "verify-ca", Some(_)) => (SslMode::Require, ServerCheck::Chain),
            ("verify-full", Some(_)) => (SslMode::Require, ServerCheck::ChainAndName),
            ("verify-ca" | "verify-full", None) => {
                return Err("sslrootcert is missing, the file with the roots of the server");
            }
            _ => return Err("sslmode is disable, prefer, require, verify-ca or verify-full"),
        };
        let identity = match (self.certificate, self.key) {
            (None, None) => None,
            (Some(certificate), Some(key)) => Some((certificate, key)),
            _ => return Err("sslcert and sslkey go together"),
        };
        if mode == SslMode::Disable {
            return match identity {
                None => Ok((mode, None)),
                Some(_) => Err("sslcert is for TLS, which takes sslmode=verify-full"),
            };
        }
        let settings = TlsSettings {
            check,
            roots: self.roots,
            identity,
        };
        Ok((mode, Some(settings)))
    }
}

fn path(value: &str) -> Result<PathBuf, &'static str> {
    let path = percent_decode_str(value).decode_utf8();
    let path = path.map_err(|_| "the name of a file for TLS is not UTF-8")?;
    match path.is_empty() {
        true => Err("the name of a file for TLS is empty"),
        false => Ok(PathBuf::from(path.as_ref())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settings(url: &str) -> Result<(SslMode, Option<TlsSettings>), &'static str> {
        Parameters::take(url)?.0.settings()
    }

    #[test]
    fn what_is_checked_is_what_libpq_checks() {
        use ServerCheck::{Chain, ChainAndName, Nothing};
        for (parameters, expected) in [
            ("", Some((SslMode::Disable, None))),
            ("?sslmode=disable", Some((SslMode::Disable, None))),
            ("?sslmode=prefer", Some((SslMode::Prefer, Some(Nothing)))),
            ("?sslmode=require", Some((SslMode::Require, Some(Nothing)))),
            (
                "?sslmode=require&sslrootcert=/r",
                Some((SslMode::Require, Some(Chain))),
            ),
            (
                "?sslmode=verify-ca&sslrootcert=/r",
                Some((SslMode::Require, Some(Chain))),
            ),
            (
                "?sslrootcert=/r&sslmode=verify-full",
                Some((SslMode::Require, Some(ChainAndName))),
            ),
            ("?sslmode=verify-ca", None),
            ("?sslmode=verify-full", None),
            ("?sslmode=allow", None),
            ("?sslmode=", None),
            ("?sslmode=require&sslmode=disable", None),
            ("?sslrootcert=/r", None),
            ("?sslmode=prefer&sslrootcert=/r", None),
            ("?sslcert=/c&sslkey=/k", None),
            ("?sslmode=require&sslcert=/c", None),
            ("?sslmode=require&sslkey=/k", None),
            ("?sslmode=verify-full&sslrootcert=", None),
        ] {
            let found = settings(&format!("postgres://ca@db.example/ca{parameters}"));
            let found = found.map(|(mode, tls)| (mode, tls.map(|it| it.check)));
            assert_eq!(found.ok(), expected, "{parameters}");
        }
    }

    #[test]
    fn what_is_not_about_tls_stays() {
        let url = "postgres://ca@db.example/ca?application_name=a&sslmode=verify-full&sslrootcert=%2Fa%20b&connect_timeout=3\
                   &sslcert=c.crt&sslkey=c.key";
        let (parameters, rest) = Parameters::take(url).expect("parameters");
        assert_eq!(
            rest,
            "postgres://ca@db.example/ca?application_name=a&connect_timeout=3"
        );
        let (_, settings) = parameters.settings().expect("settings");
        let settings = settings.expect("TLS");
        assert_eq!(settings.roots, Some("/a b".into()));
        assert_eq!(settings.identity, Some(("c.crt".into(), "c.key".into())));
    }
}
