//! Enrolment: tokens, ACME, requests that wait for approval, and the device's side.

pub(crate) mod acme;
pub(crate) mod agent;
pub(crate) mod requests;
mod secret;
pub(crate) mod token;
