//! The HTTP client that upstreams are asked with.

use std::sync::Arc;

use reqwest::redirect::Policy;
use reqwest::{Response, Url};
use rustls::{ClientConfig, RootCertStore};
use x509_identity::Certificate;

/// Why there is no client.
#[derive(Debug)]
pub(crate) enum ClientError {
    /// No roots were given, and the system has none.
    NoRoots,
    /// TLS or HTTP could not be set up.
    SetUp(Box<dyn std::error::Error + Send + Sync>),
}

/// Why the body of a response was not read.
#[derive(Debug, thiserror::Error)]
pub(crate) enum BodyError {
    #[error("the response broke off")]
    BrokeOff(#[source] reqwest::Error),
    #[error("the response has more than {0} bytes")]
    TooLong(usize),
}

/// What a URL says that names a server and no more.
#[derive(Debug, Eq, PartialEq)]
pub(crate) enum BaseUrlError {
    /// It is none, or says more.
    Wrong,
    /// Plain HTTP to another machine, which is this one.
    InTheClear(String),
}

/// The URL of a server: `https://`, or `http://` to this machine, with a host and no more.
pub(crate) fn base_url(text: &str) -> Result<Url, BaseUrlError> {
    let base: Url = text.parse().map_err(|_| BaseUrlError::Wrong)?;
    let is_bare = base.path() == "/"
        && base.query().is_none()
        && base.fragment().is_none()
        && base.username().is_empty()
        && base.password().is_none();
    let Some(host) = base.host_str().filter(|_| is_bare) else {
        return Err(BaseUrlError::Wrong);
    };
    match base.scheme() {
        "https" => Ok(base),
        "http" if is_this_machine(host) => Ok(base),
        "http" => Err(BaseUrlError::InTheClear(host.to_owned())),
        _ => Err(BaseUrlError::Wrong),
    }
}

/// Whether what is sent there does not leave this machine.
pub(crate) fn is_this_machine(host: &str) -> bool {
    let address = host.trim_start_matches('[').trim_end_matches(']');
    match address.parse::<std::net::IpAddr>() {
        Ok(address) => address.is_loopback(),
        Err(_) => host == "localhost",
    }
}

/// A client that follows no redirect and uses no proxy: what it sends is for one server alone. With `roots`, these alone
/// are trusted; those of the system are read only if `base` needs them.
pub(crate) fn client(
    base: &Url,
    roots: Option<&[Certificate]>,
) -> Result<reqwest::Client, ClientError> {
    let roots = match roots {
        Some(roots) => trusted(roots)?,
        None if base.scheme() == "https" => system_roots()?,
        None => RootCertStore::empty(),
    };
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let tls = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|error| ClientError::SetUp(error.into()))?
        .with_root_certificates(roots)
        .with_no_client_auth();
    reqwest::Client::builder()
        .tls_backend_preconfigured(tls)
        .redirect(Policy::none())
        // A proxy of the environment would see the token of a server on this machine.
        .no_proxy()
        .user_agent(concat!("mtls/", env!("CARGO_PKG_VERSION")))
        .build()
        .map_err(|error| ClientError::SetUp(error.into()))
}

/// The body of a response, if it has no more than `limit` bytes.
pub(crate) async fn read_body(mut response: Response, limit: usize) -> Result<Vec<u8>, BodyError> {
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(BodyError::BrokeOff)? {
        if body.len() + chunk.len() > limit {
            return Err(BodyError::TooLong(limit));
        }
        body.extend_from_slice(&chunk);
    }
    Ok(body)
}

fn trusted(certificates: &[Certificate]) -> Result<RootCertStore, ClientError> {
    let mut roots = RootCertStore::empty();
    for certificate in certificates {
        let added = roots.add(certificate.der().to_vec().into());
        added.map_err(|error| ClientError::SetUp(error.into()))?;
    }
    Ok(roots)
}

fn system_roots() -> Result<RootCertStore, ClientError> {
    let mut roots = RootCertStore::empty();
    // Those that cannot be read are left out, as by every other program.
    roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
    match roots.is_empty() {
        true => Err(ClientError::NoRoots),
        false => Ok(roots),
    }
}
