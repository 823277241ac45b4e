//! The pages over HTTP: what each address answers, and what none of them gives away.
#![cfg(feature = "serve")]
#![allow(clippy::unwrap_used, reason = "tests")]

mod headers;
mod links;
mod pages;
mod support;
mod vault;
