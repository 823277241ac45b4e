//! Caddy's own form of a configuration, JSON, which `caddy adapt` makes of a Caddyfile and its API takes.

use std::path::{Path, PathBuf};

use super::directive::Line;
use super::yaml::Node;
use crate::config::settings::{Server, ServerSettings, Setting, Verify, bases, resolve};

/// Whether it is JSON: a Caddyfile begins with a brace, too, and not with a name in quotation marks behind it.
pub(crate) fn is_json(text: &str) -> bool {
    let text = text.trim_start();
    text.strip_prefix('{')
        .is_some_and(|rest| rest.trim_start().starts_with('"'))
}

/// Every policy by which a server speaks TLS; a server without one has the certificates alone.
pub(crate) fn read(path: &Path, text: &str) -> Vec<ServerSettings> {
    let Some(root) = Node::read(text) else {
        return Vec::new();
    };
    let reader = Reader {
        at: Line::new(path, 1),
        bases: bases(path),
        certificates: root
            .at(&["apps", "tls", "certificates", "load_files"])
            .map(Node::items)
            .unwrap_or_default(),
    };
    let servers = root.at(&["apps", "http", "servers"]);
    let policies = servers.map(Node::values).unwrap_or_default();
    let policies = policies
        .into_iter()
        .flat_map(|server| server.get("tls_connection_policies").map(Node::items))
        .flatten();
    let found: Vec<ServerSettings> = policies.map(|policy| reader.settings(policy)).collect();
    match (found.is_empty(), reader.certificates.first()) {
        (true, Some(first)) => vec![reader.settings(first)],
        _ => found,
    }
}

struct Reader<'a> {
    at: Line,
    bases: [PathBuf; 3],
    certificates: Vec<&'a Node>,
}

impl Reader<'_> {
    fn settings(&self, policy: &Node) -> ServerSettings {
        let mut settings = ServerSettings::new(Server::Caddy, &self.at.numbered(policy.line));
        let mut pairs = self.certificates.iter().filter_map(|one| {
            let certificate = self.file(one.get("certificate")?, "certificate")?;
            let key = one.get("key").and_then(|key| self.file(key, "key"));
            Some((certificate, key))
        });
        if let Some((certificate, key)) = pairs.next() {
            settings.certificate = Some(certificate);
            settings.key = key;
        }
        settings.more = pairs.collect();
        if let Some(auth) = policy.get("client_authentication") {
            self.authentication(auth, &mut settings);
        }
        let lowest = policy.get("protocol_min");
        settings.versions = lowest
            .and_then(Node::text)
            .map(str::to_owned)
            .into_iter()
            .collect();
        settings.versions_at = lowest.map(|node| self.at.numbered(node.line));
        let highest = policy.get("protocol_max");
        settings.highest = highest.and_then(|node| {
            let at = self.at.numbered(node.line);
            Some(Setting::at(&at, "protocol_max", node.text()?.to_owned()))
        });
        settings
    }

    fn authentication(&self, auth: &Node, settings: &mut ServerSettings) {
        let lists = [
            auth.at(&["ca", "pem_files"]),
            auth.get("trusted_ca_certs_pem_files"),
        ];
        let files = lists.into_iter().flatten().flat_map(Node::items);
        settings.client_ca = files
            .filter_map(|file| self.file(file, "pem_files"))
            .collect();
        let others = ["ca", "trusted_ca_certs", "trusted_leaf_certs", "verifiers"];
        settings.has_client_ca_directory =
            settings.client_ca.is_empty() && others.iter().any(|name| auth.get(name).is_some());
        let knows = !settings.client_ca.is_empty() || settings.has_client_ca_directory;
        let mode = auth.get("mode");
        let value = match mode.and_then(Node::text) {
            Some("require_and_verify") => Verify::Required,
            Some("verify_if_given") => Verify::Optional,
            Some("require" | "request") => Verify::Unchecked,
            _ if knows => Verify::Required,
            _ => Verify::Unchecked,
        };
        let at = self.at.numbered(mode.unwrap_or(auth).line);
        settings.verify = Setting::at(&at, JSON_MODE, value);
    }

    fn file(&self, node: &Node, name: &'static str) -> Option<Setting<PathBuf>> {
        let path = node.text().filter(|path| !path.contains('{'))?;
        let at = self.at.numbered(node.line);
        Some(Setting::at(&at, name, resolve(path, &self.bases)))
    }
}

/// What the mode is called there.
pub(crate) const JSON_MODE: &str = "client_authentication.mode";
