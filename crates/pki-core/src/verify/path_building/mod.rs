//! Building a path (RFC 4158), and the reason where there is none.
//!
//! `builder` has webpki propose paths and checks each. `search` looks where webpki passes a path over, and
//! `diagnose` says afterwards what was wrong.

mod builder;
mod diagnose;
mod search;

pub(super) use builder::PathBuilder;
