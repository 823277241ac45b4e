//! Examples whose crates the others do not need, so that `cargo run --example lab` does not build them.
//!
//! - `live`: axum with tower layers, server-sent events and a WebSocket
//! - `sdk`: an SDK on reqwest, with typed calls and errors
//! - `grpc`: tonic, a service that knows its client and a channel that presents a certificate
//! - `tested`: an application with tests of its own, by `test-pki`
//! - `audit`: a rule, audit events as JSON, metrics for Prometheus, health
//! - `device`: a device that gets its own certificate by a token, and lives through rotations
//! - `websocket`: a client by tokio-tungstenite
//!
//! A line protocol and plain hyper need no crates of their own: they are `line` and `hyper_server` of the package
//! `examples`.
//!
//! ```sh
//! cargo run --package integrations --example grpc
//! ```

pub mod socket;

/// The programs in the README compile.
#[cfg(doctest)]
#[doc = include_str!("../../README.md")]
pub struct Readme;

/// So do those of the operator's guide.
#[cfg(doctest)]
#[doc = include_str!("../../docs/server.md")]
pub struct Guide;

/// And those of the client's.
#[cfg(doctest)]
#[doc = include_str!("../../docs/client.md")]
pub struct ClientGuide;

/// And that of the guide to what a CA publishes.
#[cfg(doctest)]
#[doc = include_str!("../../docs/publishing.md")]
pub struct PublishingGuide;

/// And that of the guide to enrolment.
#[cfg(doctest)]
#[doc = include_str!("../../docs/enrolment.md")]
pub struct EnrolmentGuide;
