//! Words of a configuration that its server does not know, or not where they stand: it does not start then.

mod apache;
mod arguments;
mod caddy;
mod envoy;
mod forwarded;
mod haproxy;
mod nginx;
mod nginx_requests;
mod resolver;
mod unknown;

use std::path::Path;

use super::settings::Server;
use crate::finding::Finding;

/// All of them, in their order.
pub(super) fn check(server: Server, path: &Path, text: &str) -> Vec<Finding> {
    match server {
        Server::Apache => apache::check(path, text),
        Server::Caddy => caddy::check(path, text),
        Server::Envoy => envoy::check(path, text),
        Server::HaProxy => haproxy::check(path, text),
        Server::Nginx => nginx::check(path, text),
    }
}
