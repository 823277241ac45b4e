//! What is signed, and public: CRLs and CA certificates, by path.

pub(crate) mod publication;
pub(crate) mod routes;
