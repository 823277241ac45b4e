//! What is signed, and public: CRLs and CA certificates, by path, and how they stay fresh.

pub(crate) mod crls;
pub(crate) mod error;
pub(crate) mod heartbeat;
pub(crate) mod paths;
pub(crate) mod publication;
pub(crate) mod publisher;
pub(crate) mod routes;

mod responders;
