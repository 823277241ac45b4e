//! The chain that a server presents.

use std::net::{TcpStream, ToSocketAddrs as _};
use std::str::FromStr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use anyhow::{Context as _, Result, anyhow, bail};
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::CryptoProvider;
use rustls::{
    CertificateError, ClientConfig, ClientConnection, DigitallySignedStruct, SignatureScheme,
};
use rustls_pki_types::{CertificateDer, ServerName, UnixTime};

/// `https://HOST[:PORT]`, whatever path follows.
#[derive(Clone, Debug)]
pub(crate) struct ServerUrl {
    name: ServerName<'static>,
    host: String,
    port: u16,
}

impl FromStr for ServerUrl {
    type Err = anyhow::Error;

    fn from_str(text: &str) -> Result<Self> {
        let rest = text
            .strip_prefix("https://")
            .context("a server's URL begins with https://")?;
        let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
        let (host, port) = match authority.rsplit_once(':') {
            // An IPv6 address has colons of its own, within brackets.
            Some((host, port)) if !port.ends_with(']') => (host, port.parse().ok()),
            _ => (authority, Some(443)),
        };
        let port =
            port.with_context(|| format!("`{authority}` has a port that is not a number"))?;
        let host = host.trim_start_matches('[').trim_end_matches(']');
        let name = ServerName::try_from(host.to_owned())
            .with_context(|| format!("`{host}` is not a host name or IP address"))?;
        Ok(Self {
            name,
            host: host.to_owned(),
            port,
        })
    }
}

impl ServerUrl {
    /// The name that the server's certificate has to be for.
    pub(crate) fn name(&self) -> &ServerName<'static> {
        &self.name
    }

    /// Begins a handshake, takes the certificates, leaf first, and ends it: no connection to an unverified server is
    /// ever established.
    ///
    /// # Errors
    ///
    /// If the server cannot be reached within 10 s, or does not speak TLS.
    pub(crate) fn presented(&self) -> Result<Vec<CertificateDer<'static>>> {
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let taken = Arc::new(Taking {
            provider: Arc::clone(&provider),
            chain: Mutex::default(),
        });
        let config = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .context("TLS cannot be set up")?
            .dangerous()
            .with_custom_certificate_verifier(Arc::clone(&taken) as Arc<dyn ServerCertVerifier>)
            .with_no_client_auth();
        let mut connection = ClientConnection::new(Arc::new(config), self.name.clone())
            .context("TLS cannot be set up")?;
        let mut stream = self.connect()?;
        let ended = loop {
            match connection.complete_io(&mut stream) {
                Ok(_) if connection.is_handshaking() => {}
                Ok(_) => break None,
                Err(error) => break Some(error),
            }
        };
        let chain = taken.chain.lock().unwrap_or_else(PoisonError::into_inner);
        match ended {
            _ if !chain.is_empty() => Ok(chain.clone()),
            Some(error) => Err(anyhow!(error).context(format!(
                "{}:{} presents no certificate",
                self.host, self.port
            ))),
            None => bail!("{}:{} presents no certificate", self.host, self.port),
        }
    }

    fn connect(&self) -> Result<TcpStream> {
        let addresses = (self.host.as_str(), self.port)
            .to_socket_addrs()
            .with_context(|| format!("the address of {} cannot be found", self.host))?;
        let mut last = None;
        for address in addresses {
            match TcpStream::connect_timeout(&address, PATIENCE) {
                Ok(stream) => {
                    stream.set_read_timeout(Some(PATIENCE))?;
                    stream.set_write_timeout(Some(PATIENCE))?;
                    return Ok(stream);
                }
                Err(error) => last = Some(error),
            }
        }
        let error = last.map_or_else(|| anyhow!("it has no address"), anyhow::Error::from);
        Err(error.context(format!("{}:{} cannot be reached", self.host, self.port)))
    }
}

const PATIENCE: Duration = Duration::from_secs(10);

/// Keeps the chain that it is asked about, and refuses it.
#[derive(Debug)]
struct Taking {
    provider: Arc<CryptoProvider>,
    chain: Mutex<Vec<CertificateDer<'static>>>,
}

impl ServerCertVerifier for Taking {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        _server_name: &ServerName<'_>,
        _ocsp_response: &[u8],
        _now: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        let mut chain = self.chain.lock().unwrap_or_else(PoisonError::into_inner);
        chain.push(end_entity.clone().into_owned());
        chain.extend(intermediates.iter().map(|der| der.clone().into_owned()));
        Err(CertificateError::ApplicationVerificationFailure.into())
    }

    fn verify_tls12_signature(
        &self,
        _message: &[u8],
        _cert: &CertificateDer<'_>,
        _dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        Err(CertificateError::ApplicationVerificationFailure.into())
    }

    fn verify_tls13_signature(
        &self,
        _message: &[u8],
        _cert: &CertificateDer<'_>,
        _dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        Err(CertificateError::ApplicationVerificationFailure.into())
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.provider
            .signature_verification_algorithms
            .supported_schemes()
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use super::*;

    #[test]
    fn a_url_has_a_host_and_perhaps_a_port() {
        for (text, host, port) in [
            ("https://a.example", "a.example", 443),
            ("https://a.example/path?query", "a.example", 443),
            ("https://a.example:8443/", "a.example", 8443),
            ("https://127.0.0.1:1", "127.0.0.1", 1),
            ("https://[::1]", "::1", 443),
            ("https://[::1]:8443", "::1", 8443),
        ] {
            let url: ServerUrl = text.parse().unwrap();
            assert_eq!((url.host.as_str(), url.port), (host, port), "{text}");
        }
        for bad in [
            "http://a.example",
            "https://",
            "https://a b",
            "https://a:b",
            "https://a:65536",
        ] {
            assert!(bad.parse::<ServerUrl>().is_err(), "{bad}");
        }
    }
}
