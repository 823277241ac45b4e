//! OCSP: requests and responses over HTTP (RFC 6960 appendix A.1, RFC 5019), and who answers for which CA.

pub(crate) mod responder;
pub(crate) mod routes;
