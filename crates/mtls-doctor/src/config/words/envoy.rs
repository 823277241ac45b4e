//! Envoy: fields of a TLS context that do not exist, values that they do not have, and what it tells a backend.

use std::path::Path;

use super::super::read::directive::Line;
use super::super::read::yaml::{Node, Value, snake};
use super::super::settings::Server;
use super::forwarded::forwarded;
use super::unknown::{self, MAX_FINDINGS, Values, meant};
use crate::finding::Finding;

pub(super) fn check(path: &Path, text: &str) -> Vec<Finding> {
    let Some(root) = Node::read(text) else {
        return Vec::new();
    };
    let mut findings = Vec::new();
    let at = Line::new(path, 1);
    let is_context = |node: &Node| {
        let kind = node.get("@type").and_then(Node::text);
        kind.is_some_and(|kind| kind.ends_with(".DownstreamTlsContext"))
    };
    let mut contexts = Vec::new();
    root.find(&is_context, &mut contexts);
    for context in contexts {
        fields(context, &at, &OF_CONTEXT, &mut findings);
        let Some(common) = context.get("common_tls_context") else {
            continue;
        };
        fields(common, &at, &OF_COMMON, &mut findings);
        if let Some(parameters) = common.get("tls_params") {
            fields(parameters, &at, &OF_PARAMETERS, &mut findings);
        }
        let inner = ["combined_validation_context", "default_validation_context"];
        let plain = common.get("validation_context");
        if let Some(validation) = plain.or_else(|| common.at(&inner)) {
            fields(validation, &at, &OF_VALIDATION, &mut findings);
        }
        let certificates = common.get("tls_certificates");
        for certificate in certificates.map(Node::items).unwrap_or_default() {
            fields(certificate, &at, &OF_CERTIFICATE, &mut findings);
        }
    }
    let has_details = |node: &Node| node.get(DETAILS).is_some();
    let mut managers = Vec::new();
    root.find(&has_details, &mut managers);
    let forwards = |node: &Node| forwards(node.get(DETAILS)?, &at);
    findings.extend(managers.into_iter().filter_map(forwards).take(MAX_FINDINGS));
    findings
}

fn fields(node: &Node, at: &Line, known: &[&'static str], findings: &mut Vec<Finding>) {
    let Value::Map(entries) = &node.value else {
        return;
    };
    for (key, value) in entries {
        if findings.len() >= MAX_FINDINGS {
            return;
        }
        let at = at.numbered(value.line);
        if key == "<<" {
            findings.push(merged(&at));
            continue;
        }
        let key = snake(key);
        // Whole words that are left out, too.
        let begins = || {
            let is_meant = |one: &&&str| {
                let shorter = key.len().min(one.len());
                shorter >= MIN_LEN && (one.starts_with(key.as_str()) || key.starts_with(**one))
            };
            known
                .iter()
                .find(is_meant)
                .copied()
                .filter(|_| !known.contains(&key.as_str()))
        };
        if let Some(meant) = meant(&key, known, false).or_else(begins) {
            findings.push(unknown::directive(Server::Envoy, &at, &key, meant));
        }
        let rule = VALUES.iter().find(|rule| rule.directive == key);
        if let (Some(rule), Some(text)) = (rule, value.text())
            && !rule.known.contains(&text)
        {
            findings.push(unknown::no_value(
                Server::Envoy,
                &at,
                rule,
                text,
                &[text.to_owned()],
            ));
        }
    }
}

/// A merge key, which YAML 1.1 has and Envoy's reader does not.
fn merged(at: &Line) -> Finding {
    let what = "Envoy does not know `<<`, by which other readers of YAML merge a map into another.";
    Finding::error("config-unknown-word", at.place(), what)
        .why(unknown::not_started(Server::Envoy))
        .step(
            "Write out what the alias stands for, or use the alias as the whole value of a field.",
        )
}

/// The header that names the client, as the client has written it.
fn forwards(node: &Node, at: &Line) -> Option<Finding> {
    const FORWARDS: &str = "ALWAYS_FORWARD_ONLY";
    let at = at.numbered(node.line);
    (node.text() == Some(FORWARDS))
        .then(|| forwarded(&at, "x-forwarded-client-cert", FORWARDS, "SANITIZE_SET"))
}

const DETAILS: &str = "forward_client_cert_details";
const MIN_LEN: usize = 10;

const VALUES: &[Values] = &[
    Values {
        directive: "require_client_certificate",
        known: &["true", "false"],
        instead: "true",
    },
    Values {
        directive: "tls_minimum_protocol_version",
        known: VERSIONS,
        instead: "TLSv1_2",
    },
    Values {
        directive: "tls_maximum_protocol_version",
        known: VERSIONS,
        instead: "TLSv1_3",
    },
    Values {
        directive: "trust_chain_verification",
        known: &["VERIFY_TRUST_CHAIN", "ACCEPT_UNTRUSTED"],
        instead: "VERIFY_TRUST_CHAIN",
    },
];

const VERSIONS: &[&str] = &["TLS_AUTO", "TLSv1_0", "TLSv1_1", "TLSv1_2", "TLSv1_3"];

/// Those of envoy.extensions.transport_sockets.tls.v3; a newer Envoy has more.
const OF_CONTEXT: [&str; 12] = [
    "@type",
    "common_tls_context",
    "disable_stateful_session_resumption",
    "disable_stateless_session_resumption",
    "full_scan_certs_on_sni_mismatch",
    "ocsp_staple_policy",
    "prefer_client_ciphers",
    "require_client_certificate",
    "require_sni",
    "session_ticket_keys",
    "session_ticket_keys_sds_secret_config",
    "session_timeout",
];

const OF_COMMON: [&str; 15] = [
    "alpn_protocols",
    "combined_validation_context",
    "custom_handshaker",
    "custom_tls_certificate_selector",
    "key_log",
    "tls_certificate_certificate_provider",
    "tls_certificate_certificate_provider_instance",
    "tls_certificate_provider_instance",
    "tls_certificate_sds_secret_configs",
    "tls_certificates",
    "tls_params",
    "validation_context",
    "validation_context_certificate_provider",
    "validation_context_certificate_provider_instance",
    "validation_context_sds_secret_config",
];

const OF_PARAMETERS: [&str; 6] = [
    "cipher_suites",
    "compliance_policies",
    "ecdh_curves",
    "signature_algorithms",
    "tls_maximum_protocol_version",
    "tls_minimum_protocol_version",
];

const OF_VALIDATION: [&str; 16] = [
    "allow_expired_certificate",
    "auto_sni_san_match",
    "ca_certificate_provider_instance",
    "crl",
    "custom_validator_config",
    "match_subject_alt_names",
    "match_typed_subject_alt_names",
    "max_verify_depth",
    "only_verify_leaf_cert_crl",
    "require_signed_certificate_timestamp",
    "system_root_certs",
    "trust_chain_verification",
    "trusted_ca",
    "verify_certificate_hash",
    "verify_certificate_spki",
    "watched_directory",
];

const OF_CERTIFICATE: [&str; 8] = [
    "certificate_chain",
    "ocsp_staple",
    "password",
    "pkcs12",
    "private_key",
    "private_key_provider",
    "signed_certificate_timestamp",
    "watched_directory",
];
