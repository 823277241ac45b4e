//! Errors as text.

pub(crate) use tls_identity::with_causes as sentence;
