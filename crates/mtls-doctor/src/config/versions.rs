//! Versions of TLS.

use crate::finding::Finding;

use super::edit;
use super::settings::{Server, ServerSettings};

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
    let command = match settings.server {
        Server::Nginx => edit::replaced(at, &settings.versions.join(" "), "TLSv1.2 TLSv1.3"),
        Server::HaProxy => edit::replaced(
            at,
            &format!("ssl-min-ver {}", settings.versions[0]),
            "ssl-min-ver TLSv1.2",
        ),
        Server::Envoy => edit::replaced(at, &settings.versions[0], "TLSv1_2"),
        Server::Caddy => edit::replaced(
            at,
            &format!("protocols {}", settings.versions[0]),
            "protocols tls1.2",
        ),
        Server::Apache => None,
    };
    Some(match command {
        Some(command) => finding.command(command),
        None => finding.step("Allow TLS 1.2 and 1.3 alone: `SSLProtocol -all +TLSv1.2 +TLSv1.3`."),
    })
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
