//! Envoy: each `DownstreamTlsContext` of a YAML or JSON configuration.

use std::path::{Path, PathBuf};

use super::directive::Line;
use super::yaml::Node;
use crate::config::settings::{
    Comparison, Matcher, Matchers, Server, ServerSettings, Setting, Verify, bases, resolve,
};

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
    let bases = bases(path);
    let at = Line::new(path, 1);
    // Role-based access control by whom the certificate names.
    let mut principals = Vec::new();
    root.find(&|node| node.get("authenticated").is_some(), &mut principals);
    let of = |context| ServerSettings {
        compares: !principals.is_empty(),
        ..settings(context, &at, &bases)
    };
    contexts.into_iter().map(of).collect()
}

fn settings(context: &Node, at: &Line, bases: &[PathBuf]) -> ServerSettings {
    let common = context.get("common_tls_context");
    let validation = common.and_then(|common| {
        let plain = common.get("validation_context");
        plain.or_else(|| common.at(&["combined_validation_context", "default_validation_context"]))
    });
    let file = |node: Option<&Node>, name: &'static str| {
        let file = node?.at(&[name, "filename"])?;
        let path = resolve(file.text()?, bases);
        Some(Setting::at(&at.numbered(file.line), name, path))
    };
    let mut settings = ServerSettings::new(Server::Envoy, &at.numbered(context.line));
    let certificates = common.and_then(|common| common.get("tls_certificates"));
    let certificates = certificates.map(Node::items).unwrap_or_default();
    let first = certificates.first().copied();
    settings.certificate = file(first, "certificate_chain");
    settings.key = file(first, "private_key");
    let others = certificates.iter().copied().skip(1);
    settings.more = others
        .filter_map(|one| {
            let chain = file(Some(one), "certificate_chain")?;
            Some((chain, file(Some(one), "private_key")))
        })
        .collect();
    settings.client_ca.extend(file(validation, "trusted_ca"));
    settings.crl = file(validation, "crl");
    settings.has_key_provider = first.is_some_and(|first| {
        ["private_key", "private_key_provider", "pkcs12"]
            .iter()
            .any(|name| first.get(name).is_some())
    });
    settings.has_staple = first.is_some_and(|first| first.get("ocsp_staple").is_some());
    settings.matchers = validation
        .map(|node| matchers(node, at))
        .unwrap_or_default();
    settings.resumption = resumption(context, at);
    let ciphers = common.and_then(|common| common.at(&["tls_params", "cipher_suites"]));
    settings.ciphers = ciphers.map(|node| {
        let names: Vec<&str> = node.items().into_iter().filter_map(Node::text).collect();
        Setting::at(&at.numbered(node.line), "cipher_suites", names.join(":"))
    });
    settings.depth = validation
        .and_then(|context| context.get("max_verify_depth"))
        .and_then(|node| {
            let depth = node.text()?.parse().ok()?;
            Some(Setting::at(
                &at.numbered(node.line),
                "max_verify_depth",
                depth,
            ))
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
    let trust = validation.and_then(|context| context.get("trust_chain_verification"));
    let accepts_untrusted = trust.filter(|node| node.text() == Some("ACCEPT_UNTRUSTED"));
    settings.ignores = accepts_untrusted
        .map(|node| (at.numbered(node.line), "ACCEPT_UNTRUSTED".to_owned()))
        .into_iter()
        .collect();
    let expired = validation.and_then(|context| context.get("allow_expired_certificate"));
    settings.accepts_expired = expired
        .filter(|node| node.text() == Some("true"))
        .map(|node| at.numbered(node.line));
    let knows = !settings.client_ca.is_empty() || settings.has_client_ca_directory;
    settings.verify = Setting {
        value: match (is_required, knows) {
            (true, true) if !settings.ignores.is_empty() => Verify::Unchecked,
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
    let name = "tls_maximum_protocol_version";
    let highest = common.and_then(|common| common.at(&["tls_params", name]));
    settings.highest = highest
        .and_then(|node| Some((node, node.text()?)))
        .filter(|(_, text)| *text != "TLS_AUTO")
        .map(|(node, text)| Setting::at(&at.numbered(node.line), name, text.to_owned()));
    settings
}

/// Sessions are resumed unless that is disabled, by tickets and from memory.
fn resumption(context: &Node, at: &Line) -> Vec<Setting<&'static str>> {
    let names = [
        "disable_stateless_session_resumption",
        "disable_stateful_session_resumption",
    ];
    let setting = |name: &'static str| match context.get(name) {
        Some(node) if node.text() == Some("true") => None,
        Some(node) => Some(Setting::at(&at.numbered(node.line), name, "true")),
        None => Some(Setting::unwritten(&at.numbered(context.line), name, "true")),
    };
    names.into_iter().filter_map(setting).collect()
}

/// What a certificate has to have besides its issuer: a name, and one of the fingerprints.
fn matchers(validation: &Node, at: &Line) -> Vec<Matchers> {
    let list = |name: &'static str, read: &dyn Fn(&Node) -> Option<Matcher>| {
        let node = validation.get(name)?;
        let all: Vec<Matcher> = node.items().into_iter().filter_map(read).collect();
        let at = at.numbered(node.line);
        (!all.is_empty()).then_some(Matchers { at, name, all })
    };
    let name = |node: &Node| {
        let kind = node
            .get("san_type")
            .and_then(Node::text)
            .unwrap_or_default();
        let is = node.get("matcher").map_or(Comparison::Unknown, comparison);
        Some(Matcher::Name {
            kind: kind.to_owned(),
            is,
        })
    };
    let plain = |text: &str| text.replace(':', "").to_ascii_lowercase();
    let fingerprint = |node: &Node| node.text().map(|text| Matcher::Fingerprint(plain(text)));
    let spki = |node: &Node| node.text().map(|text| Matcher::Spki(text.to_owned()));
    let names = list("match_typed_subject_alt_names", &name);
    // One of either kind is enough.
    let mut keys = list("verify_certificate_spki", &spki);
    let prints = list("verify_certificate_hash", &fingerprint);
    match (&mut keys, prints) {
        (Some(keys), Some(prints)) => keys.all.extend(prints.all),
        (none, prints) => *none = prints.or(none.take()),
    }
    names.into_iter().chain(keys).collect()
}

fn comparison(node: &Node) -> Comparison {
    let text = |name: &str| node.get(name).and_then(Node::text).map(str::to_owned);
    if node.get("ignore_case").is_some() {
        return Comparison::Unknown;
    }
    text("exact")
        .map(Comparison::Exact)
        .or_else(|| text("prefix").map(Comparison::Prefix))
        .or_else(|| text("suffix").map(Comparison::Suffix))
        .or_else(|| text("contains").map(Comparison::Contains))
        .unwrap_or(Comparison::Unknown)
}
