//! Examples whose crates the others do not need, so that `cargo run --example lab` does not build them:
//! `audit` (Prometheus), `grpc` (tonic) and `websocket` (tokio-tungstenite).
//!
//! ```sh
//! cargo run --package integrations --example grpc
//! ```

/// The programs in the README compile.
#[cfg(doctest)]
#[doc = include_str!("../../README.md")]
pub struct Readme;

/// So do those of the operator's guide.
#[cfg(doctest)]
#[doc = include_str!("../../docs/server.md")]
pub struct Guide;
