//! The client certificate that a proxy has forwarded with one request.

use std::{
    net::SocketAddr,
    slice,
    sync::{Arc, OnceLock},
};

use axum::http::{HeaderMap, Request};
use pki_core::verify::ChainVerifier;
use rustls::{
    pki_types::CertificateDer,
    time_provider::{DefaultTimeProvider, TimeProvider as _},
};

use super::{
    chain::Chain,
    client_cert::ForwardedClientCert,
    error::ForwardedError,
    format::{ForwardedFormat, Picked},
    names,
    trust::TrustForwarded,
};
use crate::{observe::audit, peer::client_cert::ClientCert};

/// Removes all headers that claim a client certificate from a request. If the peer is a trusted proxy,
/// its header is kept aside for the extractor.
///
/// This is called once for each request, before a router sees it. `client` and `peer` are those of the
/// connection.
pub(crate) fn receive<B>(
    trust: Option<&Arc<TrustForwarded>>,
    client: Option<&ClientCert>,
    peer: SocketAddr,
    request: &mut Request<B>,
) {
    let formats = formats(trust);
    if let (Some(trust), Some(proxy)) = (trust, client)
        && trust.admits(proxy)
    {
        let forwarded = Forwarded(Arc::new(Inner {
            trust: Arc::clone(trust),
            peer,
            via: proxy.clone(),
            picked: trust.format().pick(request.headers()),
            read: OnceLock::new(),
        }));
        names::strip(request.headers_mut(), formats);
        request.extensions_mut().insert(forwarded);
    } else if names::strip(request.headers_mut(), formats) {
        audit::stripped(peer, client);
    }
}

/// Removes the same from the trailers of a request. No proxy forwards a client certificate there.
pub(crate) fn receive_trailers(
    trust: Option<&Arc<TrustForwarded>>,
    client: Option<&ClientCert>,
    peer: SocketAddr,
    trailers: &mut HeaderMap,
) {
    if names::strip(trailers, formats(trust)) {
        audit::stripped(peer, client);
    }
}

fn formats(trust: Option<&Arc<TrustForwarded>>) -> &[ForwardedFormat] {
    trust.map_or(&[][..], |trust| slice::from_ref(trust.format()))
}

/// What a trusted proxy has forwarded with one request. It is an extension of the request, and parsed
/// when a handler asks for it.
#[derive(Clone, Debug)]
pub(crate) struct Forwarded(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    trust: Arc<TrustForwarded>,
    peer: SocketAddr,
    via: ClientCert,
    picked: Picked,
    read: OnceLock<Read>,
}

pub(crate) type Read = Result<Option<ForwardedClientCert>, Arc<ForwardedError>>;

impl Forwarded {
    /// The parsed certificate.
    pub(crate) fn read(&self) -> &Read {
        self.0.read.get_or_init(|| {
            self.0.certificate().map_err(|error| {
                audit::unusable(self.0.peer, Some(&self.0.via), &error);
                Arc::new(error)
            })
        })
    }
}

impl Inner {
    fn certificate(&self) -> Result<Option<ForwardedClientCert>, ForwardedError> {
        let Some(mut chain) = self.trust.format().read(&self.picked)? else {
            return Ok(None);
        };
        if let Some(verifier) = self.trust.verifier() {
            chain = verify(verifier, &chain, self.peer)?;
        }
        ForwardedClientCert::new(chain, self.via.clone())
            .map(Some)
            .ok_or(ForwardedError::NoCertificate)
    }
}

/// The verified path, which may differ from what was forwarded.
fn verify(
    verifier: &ChainVerifier,
    chain: &Chain,
    peer: SocketAddr,
) -> Result<Chain, ForwardedError> {
    // The clock by which rustls verifies certificates in handshakes. Without it nothing is valid.
    let now = DefaultTimeProvider.current_time().unwrap_or(EPOCH);
    let presented: Vec<CertificateDer<'_>> = chain
        .iter()
        .map(|certificate| CertificateDer::from(certificate.der()))
        .collect();
    let (leaf, issuers) = presented
        .split_first()
        .ok_or(ForwardedError::NoCertificate)?;
    let path = verifier.verify(leaf, issuers, now);
    let path = path.map_err(ForwardedError::Refused)?;
    if let Some(until) = path.without_client_auth_until() {
        audit::forwarded_without_client_auth(peer, path.leaf(), until);
    }
    Ok(path.certificates().cloned().collect())
}

const EPOCH: rustls::pki_types::UnixTime =
    rustls::pki_types::UnixTime::since_unix_epoch(std::time::Duration::ZERO);
