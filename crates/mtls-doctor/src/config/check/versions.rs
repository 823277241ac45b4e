//! Versions of TLS.

use crate::config::edit;
use crate::config::settings::{APACHE_VERSIONS, NGINX_VERSIONS, Server, ServerSettings, Setting};
use crate::finding::Finding;

/// Versions that nobody should speak any more (RFC 8996), and none that anybody speaks.
pub(crate) fn check(settings: &ServerSettings) -> Option<Finding> {
    let at = settings.versions_at.as_ref()?;
    let old: Vec<&str> = settings
        .versions
        .iter()
        .map(String::as_str)
        .filter(|text| is_old(text))
        .collect();
    if old.is_empty() {
        return None;
    }
    // HAProxy, Envoy and Caddy name the lowest version, from which all others follow.
    let lowest = matches!(
        settings.server,
        Server::HaProxy | Server::Envoy | Server::Caddy
    );
    let only = !lowest && old.len() == settings.versions.len();
    let what = match only {
        true => format!("The server speaks {} alone.", old.join(", ")),
        false => format!("The server speaks {}, too.", old.join(", ")),
    };
    let finding = match only {
        true => Finding::error("tls-too-old", at.place(), what)
            .why("No client of today connects: `unsupported protocol`, `protocol version`, ERR_SSL_VERSION_OR_CIPHER_MISMATCH."),
        false => Finding::warning("old-tls", at.place(), what)
            .why("RFC 8996 forbids TLS 1.0 and 1.1, and scanners report it; a certificate is presented in the clear there."),
    };
    let first = &settings.versions[0];
    let (command, wanted) = match settings.server {
        Server::Nginx => (
            edit::replaced(at, &settings.versions.join(" "), "TLSv1.2 TLSv1.3"),
            NGINX_VERSIONS,
        ),
        Server::HaProxy => {
            let wanted = "ssl-min-ver TLSv1.2";
            let command = edit::replaced(at, &format!("ssl-min-ver {first}"), wanted);
            (command, wanted)
        }
        Server::Envoy => (
            edit::replaced(at, first, "TLSv1_2"),
            "tls_minimum_protocol_version: TLSv1_2",
        ),
        Server::Caddy => {
            let wanted = "protocols tls1.2";
            let command = edit::replaced(at, &format!("protocols {first}"), wanted);
            (command, wanted)
        }
        Server::Apache => (both(settings), APACHE_VERSIONS),
    };
    Some(finding.command_or(command, format!("Allow TLS 1.2 and 1.3 alone: `{wanted}`.")))
}

/// TLS 1.3 is left out.
pub(crate) fn highest(settings: &ServerSettings) -> Option<Finding> {
    let (at, command) = match (&settings.highest, settings.server) {
        (Some(highest), _) if is_newest(&highest.value) || is_old(&highest.value) => return None,
        (Some(highest), server) => {
            let (at, text) = (&highest.at, highest.value.as_str());
            let command = match server {
                // `no-tlsv13` is one word, and so is `force-tlsv12`.
                Server::HaProxy if highest.name != "ssl-max-ver" => {
                    edit::removed(at, &[highest.name])
                }
                Server::HaProxy => edit::removed(at, &[&format!("ssl-max-ver {text}")]),
                Server::Caddy => {
                    let lowest = settings.versions.first()?;
                    edit::replaced(at, &format!("{lowest} {text}"), &format!("{lowest} tls1.3"))
                }
                _ => edit::replaced(
                    at,
                    &format!("{}: {text}", highest.name),
                    &format!("{}: TLSv1_3", highest.name),
                ),
            };
            (at, command)
        }
        (None, server) => {
            server.protocols()?;
            let versions = &settings.versions;
            if versions.is_empty()
                || versions.iter().all(|one| is_old(one))
                || versions.iter().any(|one| is_newest(one))
            {
                return None;
            }
            (settings.versions_at.as_ref()?, both(settings))
        }
    };
    let finding = Finding::warning("tls-1.3-missing", at.place(), "The server does not speak TLS 1.3.").why(
        "In TLS 1.2 the client's certificate, with its names, is sent in the clear, and clients that ask for TLS 1.3 alone \
         say `protocol version`.",
    );
    Some(finding.command_or(command, "Allow TLS 1.2 and 1.3."))
}

/// Whether TLS 1.3 is spoken and nothing else.
pub(super) fn is_newest_alone(settings: &ServerSettings) -> bool {
    !settings.versions.is_empty() && settings.versions.iter().all(|one| is_newest(one))
}

/// Sets the list of versions to TLS 1.2 and 1.3.
fn both(settings: &ServerSettings) -> Option<String> {
    let (name, value) = settings.server.protocols()?;
    let written = Setting::at(settings.versions_at.as_ref()?, name, ());
    edit::set(settings, &written, value)
}

/// `TLSv1.3`, `TLSv1_3`, `tls1.3`.
fn is_newest(text: &str) -> bool {
    text.replace('_', ".").ends_with("1.3")
}

/// SSL of any version, TLS 1.0 and 1.1: `TLSv1`, `TLSv1.1`, `TLSv1_0`, `tls1.1`.
fn is_old(text: &str) -> bool {
    let text = text.to_ascii_lowercase().replace('_', ".");
    let Some(version) = text
        .strip_prefix("tls")
        .map(|rest| rest.trim_start_matches('v'))
    else {
        return text.starts_with("ssl");
    };
    matches!(version, "1" | "1.0" | "1.1")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn old_versions_are_known_in_every_spelling() {
        for text in ["SSLv3", "TLSv1", "TLSv1.0", "TLSv1.1", "TLSv1_1", "tls1.1"] {
            assert!(is_old(text), "{text}");
        }
        for text in ["TLSv1.2", "TLSv1_2", "tls1.3", "TLSv1.3", "TLS_AUTO"] {
            assert!(!is_old(text), "{text}");
        }
    }
}
