//! Configurations of servers: which files and settings they name.
//!
//! Each server's file becomes [`ServerSettings`](settings::ServerSettings), and `check` knows what is wrong with these.

mod accepts;
mod apache;
mod caddy;
mod case;
mod check;
mod clients;
mod directive;
mod edit;
mod envoy;
mod haproxy;
mod kind;
mod load;
mod nginx;
mod presents;
mod revocation;
mod settings;
mod text;
mod versions;
mod yaml;

use std::path::Path;

use self::settings::Server;
use self::text::text_of;
use crate::files::Given;
use crate::finding::Finding;
use crate::report::Report;
use crate::target::Options;

/// Whether a file is the configuration of a server that is known.
pub(crate) fn is_configuration(path: &Path) -> bool {
    text_of(path).is_some_and(|text| kind::of(path, &text).is_some())
}

/// Reads and checks a configuration.
pub(crate) fn examine(path: &Path, given: &Given, options: &Options, report: &mut Report) {
    let Some(text) = text_of(path) else { return };
    let Some(server) = kind::of(path, &text) else {
        return;
    };
    let found = match server {
        Server::Apache => apache::read(path, &text),
        Server::Caddy => caddy::read(path, &text),
        Server::Envoy => envoy::read(path, &text),
        Server::HaProxy => haproxy::read(path, &text),
        Server::Nginx => nginx::read(path, &text),
    };
    if found.is_empty() {
        let place = path.display().to_string();
        let what = format!(
            "The configuration of {} has no server that speaks TLS.",
            server.name()
        );
        report.finding(
            Finding::error("no-tls", place, what)
                .why("A client that speaks TLS gets an answer in plain text: `wrong version number`, `packet length too long`.")
                .step("Give the file that has the TLS settings, or add them."),
        );
        return;
    }
    check::all(&found, given, options, report);
}
