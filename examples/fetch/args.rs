//! The command line, and the files that it names.

use std::error::Error;
use std::fmt;
use std::io;
use std::net::IpAddr;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use clap::Parser;
use examples::sentence;
use http::Uri;
use mtls_client::{
    ClientIdentity, ConfigError, CrlSet, ErrorKind, Password, Pin, Revocation, TrustAnchors,
};
use zeroize::Zeroizing;

/// Fetches a URL over mutual TLS and prints the status line and the body.
///
/// Exit code: 0 for an answer below 400, 1 for any other and for `error: KIND: SENTENCE` (on stderr),
/// 2 for wrong usage.
#[derive(Parser)]
#[command(
    name = "fetch",
    after_help = "Example: fetch https://localhost:8443/whoami --ca ca.crt --cert client.crt --key client.key"
)]
pub(crate) struct Args {
    /// What to fetch; https only.
    #[arg(value_parser = absolute)]
    pub(crate) url: Uri,
    /// The CA certificates that the server must lead to (PEM with any number, or DER).
    #[arg(long, value_name = "FILE")]
    ca: PathBuf,
    /// Our certificate, followed by its intermediates (PEM).
    #[arg(
        long,
        value_name = "FILE",
        requires = "key",
        required_unless_present = "p12",
        conflicts_with = "p12"
    )]
    cert: Option<PathBuf>,
    /// Our private key (PEM; encrypted with --password-file).
    #[arg(long, value_name = "FILE", requires = "cert")]
    key: Option<PathBuf>,
    /// Our certificate and key as a PKCS#12 bundle.
    #[arg(long, value_name = "FILE", requires = "password_file")]
    p12: Option<PathBuf>,
    /// The file whose first line is the password of the bundle or key.
    #[arg(long, value_name = "FILE")]
    password_file: Option<PathBuf>,
    /// Accept only a server with this key in its verified path; several: one of them.
    #[arg(long, value_name = "sha256//BASE64")]
    pub(crate) pin: Vec<Pin>,
    /// CRLs to check the server against (PEM or DER).
    #[arg(long, value_name = "FILE")]
    crl: Vec<PathBuf>,
    /// Dial ADDR for this host and port.
    #[arg(long, value_name = "HOST:PORT:ADDR")]
    pub(crate) resolve: Vec<Resolve>,
}

impl Args {
    pub(crate) fn roots(&self) -> Result<TrustAnchors, Failure> {
        TrustAnchors::from_pem(&read(&self.ca)?).map_err(|error| Failure::file(&self.ca, error))
    }

    pub(crate) fn identity(&self) -> Result<ClientIdentity, Failure> {
        let password = self.password_file.as_deref().map(password).transpose()?;
        if let (Some(path), Some(password)) = (&self.p12, &password) {
            return ClientIdentity::from_pkcs12(&read(path)?, password)
                .map_err(|error| Failure::file(path, error));
        }
        // clap sees to it that both are given where no bundle is.
        let (cert, key) = (
            self.cert.as_deref().unwrap_or(Path::new("")),
            self.key.as_deref().unwrap_or(Path::new("")),
        );
        let (chain_pem, key_pem) = (read(cert)?, read(key)?);
        let identity = match &password {
            Some(password) => {
                ClientIdentity::from_pem_with_password(&chain_pem, &key_pem, password)
            }
            None => ClientIdentity::from_pem(&chain_pem, &key_pem),
        };
        identity
            .map_err(|error| Failure::file(if error.is_about_key() { key } else { cert }, error))
    }

    pub(crate) fn revocation(&self) -> Result<Option<Revocation>, Failure> {
        let mut files = Vec::new();
        for path in &self.crl {
            let file = read(path)?;
            // Alone first, so that the error names the file at fault.
            CrlSet::from_pem_or_der([&file]).map_err(|error| Failure::file(path, error))?;
            files.push(file);
        }
        let Some(first) = self.crl.first() else {
            return Ok(None);
        };
        let crls = CrlSet::from_pem_or_der(&files).map_err(|error| Failure::file(first, error))?;
        Ok(Some(Revocation::new(crls)))
    }
}

/// curl's `--resolve`.
#[derive(Clone)]
pub(crate) struct Resolve {
    pub(crate) host: String,
    pub(crate) port: u16,
    pub(crate) address: IpAddr,
}

impl FromStr for Resolve {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let mut parts = text.splitn(3, ':');
        let (Some(host), Some(port), Some(address)) = (parts.next(), parts.next(), parts.next())
        else {
            return Err("it should read HOST:PORT:ADDR");
        };
        let address = address.trim_start_matches('[').trim_end_matches(']');
        Ok(Self {
            host: host.to_owned(),
            port: port
                .parse()
                .map_err(|_| "the port is not a number from 0 to 65535")?,
            address: address
                .parse()
                .map_err(|_| "the address is no IP address")?,
        })
    }
}

fn absolute(text: &str) -> Result<Uri, &'static str> {
    if !text.is_ascii() {
        return Err(
            "not ASCII: write an international host name in its xn-- form, and %-encode the rest",
        );
    }
    let url: Uri = text.parse().map_err(|_| "not a URL")?;
    let whole = url.scheme().is_some() && url.host().is_some_and(|host| !host.is_empty());
    if whole {
        Ok(url)
    } else {
        Err("give the whole URL, such as https://localhost:8443/")
    }
}

fn password(path: &Path) -> Result<Password, Failure> {
    Password::from_file(&read_any(path)?).map_err(|error| Failure::file(path, error))
}

fn read(path: &Path) -> Result<Zeroizing<Vec<u8>>, Failure> {
    let bytes = read_any(path)?;
    if bytes.is_empty() {
        Err(Failure::file(path, "is empty; make it again"))
    } else {
        Ok(bytes)
    }
}

fn read_any(path: &Path) -> Result<Zeroizing<Vec<u8>>, Failure> {
    std::fs::read(path).map(Zeroizing::new).map_err(|error| {
        Failure::file(
            path,
            match error.kind() {
                io::ErrorKind::NotFound => "no such file; check the path".to_owned(),
                io::ErrorKind::IsADirectory => "is a directory; name the file in it".to_owned(),
                io::ErrorKind::PermissionDenied => {
                    "may not be read; check its owner and mode".to_owned()
                }
                _ => error.to_string(),
            },
        )
    })
}

/// What went wrong, as `KIND: SENTENCE`.
pub(crate) struct Failure {
    kind: &'static str,
    sentence: String,
}

impl Failure {
    /// `what` is an error whose causes are told with it, or a sentence.
    fn file(path: &Path, what: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self {
            kind: ErrorKind::IdentityInvalid.as_str(),
            sentence: format!("{}: {}", path.display(), sentence(&*what.into())),
        }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.kind, self.sentence)
    }
}

impl From<mtls_client::Error> for Failure {
    fn from(error: mtls_client::Error) -> Self {
        Self {
            kind: error.kind().as_str(),
            sentence: sentence(&error),
        }
    }
}

impl From<ConfigError> for Failure {
    fn from(error: ConfigError) -> Self {
        Self {
            kind: ErrorKind::IdentityInvalid.as_str(),
            sentence: sentence(&error),
        }
    }
}

impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Self {
        Self {
            kind: ErrorKind::Connect.as_str(),
            sentence: format!("the answer cannot be printed: {error}"),
        }
    }
}
