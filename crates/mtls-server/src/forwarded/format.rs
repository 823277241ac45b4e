//! The forms in which proxies forward a client certificate.

use std::str::FromStr;

use axum::http::{HeaderMap, HeaderName, HeaderValue};

use super::{
    base64_der,
    chain::{Chain, parse},
    error::ForwardedError,
    escaped_pem,
    look_alike::look_alike,
    rfc9440, xfcc,
};
use crate::peer::client_cert::ClientCert;

/// The form in which a client certificate is forwarded, the name of its header included.
///
/// For settings it is parsed from its name.
///
/// | name | header | value |
/// | --- | --- | --- |
/// | [`rfc9440`](Self::rfc9440) | `Client-Cert`, `Client-Cert-Chain` | structured fields, RFC 9440 |
/// | [`envoy-xfcc`](Self::envoy_xfcc) | `X-Forwarded-Client-Cert` | Envoy's keys and values |
/// | [`nginx-escaped-pem`](Self::nginx_escaped_pem) | `X-SSL-Client-Cert` | `$ssl_client_escaped_cert` |
/// | [`ingress-nginx`](Self::ingress_nginx) | `ssl-client-cert` | the same |
/// | [`traefik`](Self::traefik) | `X-Forwarded-Tls-Client-Cert` | base64 of DER, comma separated |
/// | [`haproxy-der`](Self::haproxy_der) | `X-SSL-Client-DER` | `%[ssl_c_der,base64]` |
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct ForwardedFormat(Form);

#[derive(Clone, Debug, Eq, PartialEq)]
enum Form {
    Base64Der(HeaderName),
    EscapedPem(HeaderName),
    Rfc9440,
    Xfcc,
}

static CLIENT_CERT: HeaderName = HeaderName::from_static("client-cert");
static CLIENT_CERT_CHAIN: HeaderName = HeaderName::from_static("client-cert-chain");
static XFCC: HeaderName = HeaderName::from_static("x-forwarded-client-cert");

impl ForwardedFormat {
    /// `Client-Cert` and `Client-Cert-Chain` (RFC 9440).
    pub fn rfc9440() -> Self {
        Self(Form::Rfc9440)
    }

    /// Envoy's `X-Forwarded-Client-Cert`, with `set_current_client_cert_details: {cert: true}` and
    /// best with `forward_client_cert_details: SANITIZE_SET`.
    ///
    /// If there are several elements, the last one counts, because the proxy itself appended it.
    /// Envoy does not quote the alternative names that it writes. So a client whose certificate has
    /// a name with a comma in it could append an element of its own. Therefore each element must
    /// hold its certificate, and its `Hash`, `URI` and `DNS` must be those of that certificate.
    /// Otherwise all elements are refused.
    pub fn envoy_xfcc() -> Self {
        Self(Form::Xfcc)
    }

    /// nginx with `proxy_set_header X-SSL-Client-Cert $ssl_client_escaped_cert`.
    ///
    /// Apache httpd writes the same with `RequestHeader set X-SSL-Client-Cert
    /// "expr=%{escape:%{SSL_CLIENT_CERT}}"`.
    pub fn nginx_escaped_pem() -> Self {
        Self::escaped_pem(HeaderName::from_static("x-ssl-client-cert"))
    }

    /// ingress-nginx with `auth-tls-pass-certificate-to-upstream: "true"`.
    ///
    /// Its `ssl-client-verify` is not read: let it verify (`auth-tls-verify-client: "on"`), or
    /// [verify here](crate::proxy::TrustForwarded::verify).
    pub fn ingress_nginx() -> Self {
        Self::escaped_pem(HeaderName::from_static("ssl-client-cert"))
    }

    /// Traefik 3 with `passTLSClientCert.pem`.
    pub fn traefik() -> Self {
        Self::base64_der(HeaderName::from_static("x-forwarded-tls-client-cert"))
    }

    /// HAProxy with `http-request set-header X-SSL-Client-DER %[ssl_c_der,base64]`.
    pub fn haproxy_der() -> Self {
        Self::base64_der(HeaderName::from_static("x-ssl-client-der"))
    }

    /// PEM with its spaces, line ends, `+`, `/` and `=` percent-encoded, in a header of any name;
    /// the leaf first. AWS load balancers write this form, too.
    pub fn escaped_pem(header: HeaderName) -> Self {
        Self(Form::EscapedPem(header))
    }

    /// Base64 of DER in a header of any name; several are separated by commas, the leaf first.
    pub fn base64_der(header: HeaderName) -> Self {
        Self(Form::Base64Der(header))
    }

    pub(super) fn header(&self) -> &HeaderName {
        match &self.0 {
            Form::Base64Der(name) | Form::EscapedPem(name) => name,
            Form::Rfc9440 => &CLIENT_CERT,
            Form::Xfcc => &XFCC,
        }
    }

    /// Where the rest of the chain is, if not in the same header.
    pub(super) fn chain_header(&self) -> Option<&HeaderName> {
        matches!(self.0, Form::Rfc9440).then_some(&CLIENT_CERT_CHAIN)
    }

    /// Whether `name` is, or can be taken for, a header of this form.
    pub(super) fn claims(&self, name: impl AsRef<str>) -> bool {
        let name = name.as_ref();
        let alike = |own: &HeaderName| look_alike(name, own.as_str());
        alike(self.header()) || self.chain_header().is_some_and(alike)
    }

    /// The headers of this form.
    pub(super) fn pick(&self, headers: &HeaderMap) -> Picked {
        let mut picked = Picked::default();
        for (name, value) in headers {
            if name == self.header() {
                picked.leaf.push(value.clone());
            } else if Some(name) == self.chain_header() {
                picked.chain.push(value.clone());
            } else if self.claims(name) {
                picked.look_alikes = true;
            }
        }
        picked
    }

    /// Both of the above at once, for the fuzz target.
    #[cfg(fuzzing)]
    pub(crate) fn read_all(&self, headers: &HeaderMap) -> Option<Chain> {
        self.read(&self.pick(headers)).ok().flatten()
    }

    /// The certificates, leaf first; `None` if the proxy had none to forward.
    pub(super) fn read(&self, picked: &Picked) -> Result<Option<Chain>, ForwardedError> {
        let value = match (picked.leaf.as_slice(), picked.chain.as_slice()) {
            _ if picked.look_alikes => return Err(ForwardedError::Duplicate),
            ([], []) => return Ok(None),
            // A template without a certificate to fill in.
            ([value], []) if value.is_empty() => return Ok(None),
            ([value], _) => value.as_bytes(),
            _ => return Err(ForwardedError::Duplicate),
        };
        let length = value.len() + picked.chain.iter().map(HeaderValue::len).sum::<usize>();
        if length > ForwardedError::MAX_HEADER_BYTES {
            return Err(ForwardedError::TooLong);
        }
        match &self.0 {
            Form::Base64Der(_) => parse(base64_der::read(value)?),
            Form::EscapedPem(_) => parse(escaped_pem::read(value)?),
            Form::Rfc9440 => {
                let chain = picked.chain.iter().map(HeaderValue::as_bytes);
                parse(rfc9440::read(value, chain)?)
            }
            Form::Xfcc => xfcc::read(value),
        }
        .map(Some)
    }

    /// Writes the certificate, and its issuers up to the root if that is wanted.
    pub(crate) fn write(&self, client: &ClientCert, with_chain: bool, headers: &mut HeaderMap) {
        let leaf = std::iter::once(client.der());
        // Whoever verifies the chain has the trust anchor.
        let above = client.chain().iter().skip(1).rev().skip(1).rev();
        let above = above.map(|issuer| issuer.der());
        let above: Vec<&[u8]> = above.filter(|_| with_chain).collect();
        let value = match &self.0 {
            Form::Base64Der(_) => base64_der::write(leaf.chain(above)),
            Form::EscapedPem(_) => escaped_pem::write(leaf.chain(above)),
            Form::Rfc9440 => {
                if let Some(chain) = rfc9440::write_chain(&above) {
                    headers.insert(CLIENT_CERT_CHAIN.clone(), visible(chain));
                }
                rfc9440::write_leaf(client.der())
            }
            Form::Xfcc => xfcc::write(client.certificate(), &above),
        };
        headers.insert(self.header().clone(), visible(value));
    }
}

impl FromStr for ForwardedFormat {
    type Err = UnknownForwardedFormat;

    fn from_str(name: &str) -> Result<Self, Self::Err> {
        Ok(match name {
            "envoy-xfcc" => Self::envoy_xfcc(),
            "haproxy-der" => Self::haproxy_der(),
            "ingress-nginx" => Self::ingress_nginx(),
            "nginx-escaped-pem" => Self::nginx_escaped_pem(),
            "rfc9440" => Self::rfc9440(),
            "traefik" => Self::traefik(),
            _ => return Err(UnknownForwardedFormat(name.to_owned())),
        })
    }
}

/// No [`ForwardedFormat`] has this name.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[error(
    "`{0}` is not one of envoy-xfcc, haproxy-der, ingress-nginx, nginx-escaped-pem, rfc9440, traefik"
)]
pub struct UnknownForwardedFormat(String);

/// The header values that a request had, unread.
#[derive(Debug, Default)]
pub(super) struct Picked {
    leaf: Vec<HeaderValue>,
    chain: Vec<HeaderValue>,
    look_alikes: bool,
}

fn visible(value: String) -> HeaderValue {
    HeaderValue::try_from(value).expect("the codecs write visible ASCII and spaces only")
}
