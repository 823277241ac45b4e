//! Envoy: each `DownstreamTlsContext` of a YAML or JSON configuration.

use std::path::{Path, PathBuf};

use super::directive::Line;
use super::yaml::Node;
use crate::config::settings::{Server, ServerSettings, Setting, Verify, resolve};

/// Every listener's TLS context.
pub(crate) fn read(path: &Path, text: &str) -> Vec<ServerSettings> {
    let Some(root) = Node::read(text) else {
        return Vec::new();
    };
    let is_context = |node: &Node| {
        let kind = node.get("@type").and_then(Node::text);
        kind.is_some_and(|kind| kind.ends_with(".DownstreamTlsContext"))
    };
    let mut contexts = Vec::new();
    root.find(&is_context, &mut contexts);
    let beside = path.parent().unwrap_or(Path::new("")).to_owned();
    let bases = [PathBuf::new(), beside.clone(), beside.join("..")];
    let bases: Vec<&Path> = bases.iter().map(PathBuf::as_path).collect();
    let at = Line::new(path, 1);
    contexts
        .into_iter()
        .map(|context| settings(context, &at, &bases))
        .collect()
}

fn settings(context: &Node, at: &Line, bases: &[&Path]) -> ServerSettings {
    let common = context.get("common_tls_context");
    let validation = common.and_then(|common| {
        let plain = common.get("validation_context");
        plain.or_else(|| common.at(&["combined_validation_context", "default_validation_context"]))
    });
    let setting = |node: &Node, name: &'static str, path: &str| Setting {
        value: resolve(path, bases),
        at: at.numbered(node.line),
        name,
        is_written: true,
    };
    let file = |node: Option<&Node>, name: &'static str| {
        let file = node?.at(&[name, "filename"])?;
        Some(setting(file, name, file.text()?))
    };
    let mut settings = ServerSettings::new(Server::Envoy, &at.numbered(context.line));
    let certificates = common.and_then(|common| common.get("tls_certificates"));
    let first = certificates.and_then(|all| all.items().first());
    settings.certificate = file(first, "certificate_chain");
    settings.key = file(first, "private_key");
    settings.client_ca.extend(file(validation, "trusted_ca"));
    settings.crl = file(validation, "crl");
    settings.depth = validation
        .and_then(|context| context.get("max_verify_depth"))
        .and_then(|node| {
            Some(Setting {
                value: node.text()?.parse().ok()?,
                at: at.numbered(node.line),
                name: "max_verify_depth",
                is_written: true,
            })
        });
    let required = context.get("require_client_certificate");
    let is_required = required.and_then(Node::text) == Some("true");
    let is_delivered =
        common.is_some_and(|common| common.get("validation_context_sds_secret_config").is_some());
    settings.has_client_ca_directory = is_delivered
        || validation.is_some_and(|context| {
            let other = [
                "trusted_ca",
                "verify_certificate_hash",
                "verify_certificate_spki",
            ];
            settings.client_ca.is_empty() && other.iter().any(|name| context.get(name).is_some())
        });
    let knows = !settings.client_ca.is_empty() || settings.has_client_ca_directory;
    settings.verify = Setting {
        value: match (is_required, knows) {
            (true, true) => Verify::Required,
            (true, false) => Verify::Unchecked,
            (false, true) => Verify::Optional,
            (false, false) => Verify::Off,
        },
        at: at.numbered(required.map_or(context.line, |node| node.line)),
        name: "require_client_certificate",
        is_written: required.is_some(),
    };
    let lowest =
        common.and_then(|common| common.at(&["tls_params", "tls_minimum_protocol_version"]));
    if let Some((node, text)) = lowest.and_then(|node| Some((node, node.text()?))) {
        settings.versions = vec![text.to_owned()];
        settings.versions_at = Some(at.numbered(node.line));
    }
    settings
}
