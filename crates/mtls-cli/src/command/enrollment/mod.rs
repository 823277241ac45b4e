//! Enrolment: tokens, requests that wait for approval, and the listener of `mtls serve`.

pub(crate) mod listener;
pub(crate) mod requests;
pub(crate) mod token;
