//! One virtual host, and what is known beside its configuration.

use x509_identity::Certificate;

use crate::config::settings::{Server, ServerSettings};
use crate::files::{Given, Item};
use crate::target::Options;

/// One virtual host that is checked.
pub(super) struct Case<'a> {
    pub(super) settings: &'a ServerSettings,
    pub(super) given: &'a Given,
    pub(super) options: &'a Options,
}

impl Case<'_> {
    /// The server's name, for a sentence.
    pub(super) fn name(&self) -> &'static str {
        self.settings.server.name()
    }

    /// The directive that names the CAs of clients.
    pub(super) fn client_ca_directive(&self) -> &'static str {
        match self.settings.server {
            Server::Apache => "SSLCACertificateFile",
            Server::Caddy => "trust_pool file",
            Server::Envoy => "validation_context.trusted_ca",
            Server::HaProxy => "ca-file",
            Server::Nginx => "ssl_client_certificate",
        }
    }
}

/// All certificates of some files.
pub(super) fn certificates(items: &[Item]) -> impl Iterator<Item = &Certificate> {
    items.iter().flat_map(|item| &item.certificates)
}
