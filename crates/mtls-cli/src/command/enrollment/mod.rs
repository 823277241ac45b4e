//! Enrolment: tokens, requests that wait for approval, the listener of `mtls serve`, and the device's side.

pub(crate) mod agent;
pub(crate) mod listener;
pub(crate) mod requests;
pub(crate) mod token;
