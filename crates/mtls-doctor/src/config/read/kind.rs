//! Which server a configuration is of.

use std::path::Path;

use super::caddy_json::is_json;
use crate::config::settings::Server;

/// By what only that server's files say; the name of the file decides nothing but for a Caddyfile.
pub(crate) fn of(path: &Path, text: &str) -> Option<Server> {
    // Certificates and keys have comments, too.
    if text.contains("-----BEGIN ") {
        return None;
    }
    let name = path
        .file_name()
        .and_then(|name| name.to_str())
        .unwrap_or_default();
    let lines = || {
        text.lines()
            .map(str::trim_start)
            .filter(|line| !line.starts_with('#'))
    };
    let begins =
        |words: &[&str]| lines().any(|line| words.iter().any(|word| starts_with_word(line, word)));
    if text.contains("DownstreamTlsContext") || begins(&["static_resources:"]) {
        return Some(Server::Envoy);
    }
    let is_caddys_json = is_json(text)
        && ["\"tls_connection_policies\"", "\"load_files\""]
            .iter()
            .any(|word| text.contains(word));
    if is_caddys_json
        || name.starts_with("Caddyfile")
        || name.ends_with(".caddyfile")
        || name.ends_with(".caddy")
        || begins(&["client_auth {", "trust_pool"])
    {
        return Some(Server::Caddy);
    }
    if begins(&[
        "SSLEngine",
        "SSLCertificateFile",
        "SSLVerifyClient",
        "<VirtualHost",
        "LoadModule",
    ]) {
        return Some(Server::Apache);
    }
    if begins(&[
        "ssl_certificate",
        "ssl_client_certificate",
        "ssl_verify_client",
        "http {",
        "server {",
        "stream {",
    ]) {
        return Some(Server::Nginx);
    }
    if begins(&["frontend", "listen", "bind"]) && text.contains("bind ") {
        return Some(Server::HaProxy);
    }
    None
}

fn starts_with_word(line: &str, word: &str) -> bool {
    let rest = line
        .get(..word.len())
        .filter(|start| start.eq_ignore_ascii_case(word));
    rest.is_some()
        && line[word.len()..]
            .chars()
            .next()
            .is_none_or(|next| !next.is_alphanumeric() && next != '_')
}
