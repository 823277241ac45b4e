//! What a handler learns of its client.

pub(crate) mod client_cert;
pub(crate) mod forwarded_client_cert;
pub(crate) mod peer_identity;
pub(crate) mod spiffe;
pub(crate) mod tls_info;
