//! Who is accepted, and what is said of those who are not.

mod crl;
mod keys;
mod mutations;
mod names;
mod paths;
mod policies;
mod refusals;
mod rfc5280;
mod rules;
mod search;
mod sentences;
mod trust;
mod without_client_auth;
