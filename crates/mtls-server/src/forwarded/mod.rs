//! Client certificates that come, or go, by way of a proxy.
//!
//! Headers that tell of a client certificate are anybody's word. So all of them are removed from
//! each request before a router sees it. Only where the peer of the connection is a proxy that
//! [`TrustForwarded`] names by its own certificate, the one header that was agreed on is read first,
//! and gives a [`ForwardedClientCert`], which is no [`ClientCert`](crate::ClientCert). The other
//! direction, from a gateway of ours to its upstream, is [`ForwardIdentity`].

mod base64_der;
mod client_cert;
mod error;
mod escaped_pem;
mod format;
mod names;
mod outbound;
mod rfc9440;
#[cfg(test)]
mod tests;
mod trust;
mod xfcc;

pub use client_cert::{ForwardedClientCert, ForwardedClientCertRejection, MockForwardedClientCert};
pub use error::ForwardedError;
pub use format::{ForwardedFormat, UnknownForwardedFormat};
pub use outbound::{ForwardIdentity, Forwarding};
pub use trust::TrustForwarded;

use std::{slice, sync::Arc};

use axum::http::Request;

use crate::{connection::identity::ConnectionIdentity, observe::audit};

/// Takes from a fresh request what proxies say of a client's certificate: for the extractor, if the
/// peer is trusted to say it, and for nobody otherwise.
///
/// Whoever stands between the door and a router calls this once for each request. It says whether
/// the peer was not trusted and said it all the same.
pub(crate) fn receive<B>(
    trust: Option<&Arc<TrustForwarded>>,
    connection: &ConnectionIdentity,
    request: &mut Request<B>,
) -> bool {
    let formats = trust.map_or(&[][..], |trust| slice::from_ref(trust.format()));
    let proxy = trust.and_then(|trust| trust.judge(connection));
    if let Some(proxy) = proxy {
        let forwarded = proxy.pick(request.headers());
        names::strip(request.headers_mut(), formats);
        request.extensions_mut().insert(forwarded);
        return false;
    }
    let spoofed = names::strip(request.headers_mut(), formats);
    if spoofed {
        audit::stripped(connection);
    }
    spoofed
}
