//! What a handler can ask about its client: axum extractors, and their stand-ins for tests.

pub(crate) mod client_cert;
pub(crate) mod forwarded_client_cert;
pub(crate) mod mock_client_cert;
pub(crate) mod peer_identity;
pub(crate) mod spiffe;
pub(crate) mod tls_info;
