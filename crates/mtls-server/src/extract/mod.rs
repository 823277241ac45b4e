//! What a handler can ask about its client: axum extractors, their stand-ins for tests, and the
//! responses that this crate writes itself.

pub(crate) mod client_cert;
pub(crate) mod forwarded_client_cert;
pub(crate) mod mock_client_cert;
pub(crate) mod peer_identity;
pub(crate) mod problem;
pub(crate) mod spiffe;
pub(crate) mod tls_info;
