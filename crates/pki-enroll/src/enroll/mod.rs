//! Enrolment: a device or service gets its certificate by a credential, renews it by itself, and may give it back.

pub(crate) mod applicant;
pub(crate) mod basic;
pub(crate) mod body;
pub(crate) mod credential;
pub(crate) mod holder;
pub(crate) mod issuing;
pub(crate) mod limits;
pub(crate) mod names;
pub(crate) mod pruning;
pub(crate) mod refusal;
pub(crate) mod response;
pub(crate) mod routes;
pub(crate) mod server;
pub(crate) mod server_certificates;
pub(crate) mod service;
