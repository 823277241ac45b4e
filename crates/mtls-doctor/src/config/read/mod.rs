//! Reading the configurations of five servers, as far as they are about TLS.

mod apache;
mod apache_host;
mod backends;
mod caddy;
mod caddy_json;
mod crt_list;
pub(super) mod directive;
mod envoy;
mod haproxy;
mod import;
mod kind;
mod nginx;
mod text;
pub(super) mod yaml;

use std::path::Path;

use super::settings::{Server, ServerSettings};

pub(super) use apache::directives as apache_directives;
pub(super) use backends::backends;
pub(super) use caddy::sites as caddy_sites;
pub(super) use caddy_json::{JSON_MODE, is_json};
pub(super) use haproxy::lines as haproxy_lines;
pub(super) use kind::of as server_of;
pub(super) use nginx::directives as nginx_directives;
pub(super) use text::text_of;

/// The servers that a file sets up; none that speaks TLS if it is empty.
pub(super) fn settings(server: Server, path: &Path, text: &str) -> Vec<ServerSettings> {
    match server {
        Server::Apache => apache::read(path, text),
        Server::Caddy if is_json(text) => caddy_json::read(path, text),
        Server::Caddy => caddy::read(path, text),
        Server::Envoy => envoy::read(path, text),
        Server::HaProxy => haproxy::read(path, text),
        Server::Nginx => nginx::read(path, text),
    }
}
