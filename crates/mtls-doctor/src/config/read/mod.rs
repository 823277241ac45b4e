//! Reading the configurations of five servers, as far as they are about TLS.

mod apache;
mod caddy;
pub(super) mod directive;
mod envoy;
mod haproxy;
mod kind;
mod nginx;
mod text;
mod yaml;

use std::path::Path;

use super::settings::{Server, ServerSettings};

pub(super) use kind::of as server_of;
pub(super) use text::text_of;

/// The servers that a file sets up; none that speaks TLS if it is empty.
pub(super) fn settings(server: Server, path: &Path, text: &str) -> Vec<ServerSettings> {
    match server {
        Server::Apache => apache::read(path, text),
        Server::Caddy => caddy::read(path, text),
        Server::Envoy => envoy::read(path, text),
        Server::HaProxy => haproxy::read(path, text),
        Server::Nginx => nginx::read(path, text),
    }
}
