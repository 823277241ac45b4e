//! Client certificates that proxies forward in headers.
//!
//! Anybody can send headers that claim a client certificate. So all of them are removed from each
//! request before a router sees it ([`received`], [`names`]). Only if the peer of the connection is a
//! proxy that [`TrustForwarded`](trust::TrustForwarded) identifies by its own certificate, the one
//! header that was agreed on is read first. It gives a
//! [`ForwardedClientCert`](client_cert::ForwardedClientCert), which is not a
//! [`ClientCert`](crate::ClientCert).

pub(crate) mod client_cert;
pub(crate) mod error;
pub(crate) mod format;
pub(crate) mod names;
pub(crate) mod received;
pub(crate) mod trailers;
pub(crate) mod trust;

mod base64_der;
mod chain;
mod escaped_pem;
mod look_alike;
mod rfc9440;
#[cfg(test)]
mod tests;
mod xfcc;
