//! The command that shows what was found, before it is mended and afterwards.
//!
//! What mends a server is done on the server: its settings are told by their lines ([`ServerKind`]). From here it can be
//! looked at.
//!
//! [`ServerKind`]: super::server_kind::ServerKind

use crate::files::shell;
use crate::finding::{Finding, Step};
use crate::probe::observation::Observation;

/// Adds the command to a finding that has none yet.
pub(super) fn add(finding: Finding, seen: &Observation) -> Finding {
    let has_command = finding
        .mend
        .iter()
        .any(|step| matches!(step, Step::Command(_)));
    let Some(command) = command(finding.id, seen).filter(|_| !has_command) else {
        return finding;
    };
    finding
        .step("To see it, and whether it is gone:")
        .command(command)
}

/// The TLS of a server that begins it on the open connection.
pub(super) fn starttls(seen: &Observation, protocol: &str) -> String {
    format!(
        "openssl s_client -starttls {protocol} -connect {} -servername {} </dev/null 2>&1",
        shell::word(&address(seen)),
        shell::word(&seen.url.name().to_str())
    )
}

fn command(id: &str, seen: &Observation) -> Option<String> {
    let connected = format!(
        "openssl s_client -connect {} -servername {} </dev/null 2>&1",
        shell::word(&address(seen)),
        shell::word(&seen.url.name().to_str())
    );
    Some(match id {
        "server-expired"
        | "server-not-yet-valid"
        | "server-name"
        | "server-usage"
        | "server-certificate" => {
            format!(
                "{connected} | openssl x509 -noout -subject -issuer -dates -ext subjectAltName,extendedKeyUsage,keyUsage"
            )
        }
        "server-chain-incomplete"
        | "server-chain-order"
        | "server-untrusted"
        | "server-root-expired" => {
            format!("{connected} | sed -n '/^Certificate chain/,/^---/p'")
        }
        "asks-after-the-handshake"
        | "asks-in-one-version"
        | "certificate-not-requested"
        | "chain-too-deep"
        | "client-ca-not-trusted"
        | "client-ca-of-that-name"
        | "hints-empty"
        | "hints-too-long"
        | "hints-without-issuer" => {
            format!("{connected} | sed -n '/client certificate CA names/,/^---/p'")
        }
        "any-certificate-accepted" | "certificate-optional" => curl("-k", seen),
        "server-staple-missing" => {
            format!(
                "{} | grep -i 'OCSP response'",
                connected.replace("s_client", "s_client -status")
            )
        }
        "tls-1.3-missing" => connected.replace("s_client", "s_client -tls1_3"),
        "tls-version" | "no-common-tls" | "server-key" | "handshake-invalid"
        | "name-not-served" | "server-gave-up" | "no-handshake" | "not-tls" | "hello-cut"
        | "handshake-cut" | "no-answer-to-tls" => connected,
        "plain-http" | "http-on-a-tls-port" | "no-tls-in-url" => curl("", seen),
        _ => return None,
    })
}

/// What the server answers to somebody without a certificate.
fn curl(option: &str, seen: &Observation) -> String {
    let url = shell::word(&format!("{}{}", seen.url, seen.url.target()));
    let option = if option.is_empty() {
        String::new()
    } else {
        format!(" {option}")
    };
    format!("curl -s{option} -o /dev/null -w '%{{http_code}}\\n' {url}")
}

/// `host:port`.
fn address(seen: &Observation) -> String {
    match seen.url.host() {
        host if host.contains(':') => format!("[{host}]:{}", seen.url.port()),
        host => format!("{host}:{}", seen.url.port()),
    }
}
