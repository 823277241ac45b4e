//! Who is at the other end of a connection: types without sockets, requests or settings.

pub(crate) mod client_cert;
pub(crate) mod tls_info;
