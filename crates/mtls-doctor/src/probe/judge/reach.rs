//! What keeps a connection from being made at all.

use rustls::AlertDescription;
use tls_identity::alert_name;

use super::look;
use super::protocol::Protocol;
use super::server_kind::ServerKind;
use crate::finding::Finding;
use crate::probe::attempt::{Answer, Attempt, Outcome, Stage};
use crate::probe::observation::{NotReached, Observation};

/// What is wrong before any certificate is looked at; nothing else can be said then.
pub(super) fn findings(seen: &Observation) -> Vec<Finding> {
    let place = seen.url.to_string();
    if let Err(error) = &seen.address {
        return vec![not_reached(&place, seen, error)];
    }
    if let Some(outcome) = &seen.plain {
        return vec![plain_http(&place, seen, outcome)];
    }
    if seen.attempts.iter().any(Attempt::speaks) {
        return small_hello(&place, seen).into_iter().collect();
    }
    let Some(first) = seen.attempts.first() else {
        return Vec::new();
    };
    // With TLS 1.2 too, an alert may say more than a closed connection; and that a version is not spoken says nothing
    // where another one is, and fails.
    let is_of_version = |one: &Attempt| {
        let alert = Outcome::Alert(AlertDescription::ProtocolVersion);
        one.outcome == Outcome::OtherVersion || one.outcome == alert
    };
    let telling = || {
        let attempts = seen.attempts.iter();
        attempts.filter(|one| one.outcome != Outcome::Closed)
    };
    let telling = telling()
        .find(|one| !is_of_version(one))
        .or_else(|| telling().next());
    vec![no_handshake(&place, seen, telling.unwrap_or(first))]
}

fn not_reached(place: &str, seen: &Observation, error: &NotReached) -> Finding {
    let (host, port) = (seen.url.host(), seen.url.port());
    match error {
        NotReached::NoAddress { said } => Finding::error(
            "host-unknown",
            place,
            format!("The host {host} has no address here."),
        )
        .why(format!("Every client on this machine fails before it connects ({said})."))
        .step(format!(
            "Check the name, or give it an address: in DNS, or for a test in /etc/hosts, such as \"127.0.0.1 {host}\"."
        )),
        NotReached::Refused => Finding::error(
            "nobody-listens",
            place,
            format!("Nobody listens at {host}, port {port}."),
        )
        .why("Every client sees \"connection refused\"; TLS and certificates have no part in it yet.")
        .step("Check that the server is running, its log for why it did not start, and the port."),
        NotReached::Silent => Finding::error(
            "no-answer",
            place,
            format!("{host}, port {port}, does not answer."),
        )
        .why("Every client waits until its time is over. A firewall usually drops the packets.")
        .step("Check the address and the port, and the firewalls between."),
        NotReached::Other { said } => Finding::error(
            "no-connection",
            place,
            format!("No connection can be made to {host}, port {port}: {said}."),
        )
        .why("Every client on this machine fails before TLS begins.")
        .step("Check the address, and the network between."),
    }
}

/// The URL says `http://`.
fn plain_http(place: &str, seen: &Observation, outcome: &Outcome) -> Finding {
    let https = place.replacen("http://", "https://", 1);
    let speaks_tls = match outcome {
        Outcome::Answered(answer) => is_https_page(answer),
        Outcome::NotHttp(first) => is_tls(first),
        _ => false,
    };
    if speaks_tls {
        return Finding::error("http-on-a-tls-port", place, "The URL begins with http://, and the server speaks TLS there.")
            .why("nginx answers 400 \"The plain HTTP request was sent to HTTPS port\", others close the connection.")
            .step(format!("Use {https}"));
    }
    let what = match outcome {
        Outcome::Answered(_) => "The URL begins with http://, and the server answers without TLS.",
        _ => "The URL begins with http://, and nothing there speaks HTTP.",
    };
    Finding::error("no-tls-in-url", place, what)
        .why("Without TLS no client ever presents a certificate, and the server verifies none.")
        .step(format!(
            "Use https://, with the port at which {} speaks TLS.",
            seen.url.host()
        ))
}

fn is_https_page(answer: &Answer) -> bool {
    answer.status == Some(400)
        && [
            "plain HTTP request was sent to HTTPS port",
            "speaking plain HTTP to an SSL-enabled server port",
            "sent an HTTP request to an HTTPS server",
        ]
        .iter()
        .any(|words| answer.says(words))
}

/// An alert or a handshake record.
fn is_tls(first: &[u8]) -> bool {
    matches!(first, [21 | 22, 3, ..])
}

fn small_hello(place: &str, seen: &Observation) -> Option<Finding> {
    seen.needs_small_hello.then(|| {
        Finding::error(
            "hello-cut",
            place,
            "The server, or something before it, drops a ClientHello that does not fit into one packet.",
        )
        .why(
            "Browsers, iOS 26 and Go send one of about 1,700 bytes, with a post-quantum key (X25519MLKEM768): they \
             see \"connection reset\" or time out, while older clients connect.",
        )
        .step("Update the load balancer or firewall before the server; until then, switch X25519MLKEM768 off in the client.")
    })
}

fn no_handshake(place: &str, seen: &Observation, attempt: &Attempt) -> Finding {
    let (host, port) = (seen.url.host(), seen.url.port());
    match &attempt.outcome {
        Outcome::NotTls(first) if first.starts_with(b"HTTP/") => Finding::error(
            "plain-http",
            place,
            format!("The server at {host}, port {port}, speaks plain HTTP and no TLS."),
        )
        .why(
            "Clients say \"wrong version number\" (OpenSSL), \"record too long\" (Go: \"first record does not look like a \
             TLS handshake\") or \"an SSL error has occurred\" (iOS, -1200).",
        )
        .step(
            "Use the port at which the server speaks TLS, or switch TLS on at this one (nginx: listen 443 ssl; Apache: \
             SSLEngine on; HAProxy: ssl crt on the bind line).",
        ),
        Outcome::NotTls(first) => not_tls(place, seen, first),
        Outcome::OtherVersion | Outcome::Alert(AlertDescription::ProtocolVersion) => {
            let setting = ServerKind::of(seen).setting(|it| it.versions);
            Finding::error("tls-version", place, "The server speaks neither TLS 1.2 nor TLS 1.3.")
                .why("Current clients offer nothing older and say \"protocol version\" or \"unsupported protocol\".")
                .step(format!("Switch TLS 1.2 and 1.3 on in the server. {setting}."))
        }
        Outcome::Alert(AlertDescription::UnrecognisedName) => Finding::error(
            "name-not-served",
            place,
            format!("The server does not serve the name {} (alert unrecognized_name).", name(seen)),
        )
        .why("Every client that asks by this name gets the alert before any certificate is shown.")
        .step("Use a name that the server has a certificate and a virtual host for, or add one."),
        Outcome::Alert(AlertDescription::InternalError) => Finding::error(
            "server-gave-up",
            place,
            "The server gives up before it presents a certificate (alert internal_error).",
        )
        .why(format!(
            "Caddy and other Go servers answer so where they have no certificate for the name that is asked for, {}.",
            name(seen)
        ))
        .step("Ask for a name that the server has a certificate for, or look into its log."),
        Outcome::Alert(alert) => Finding::error(
            "no-common-tls",
            place,
            format!("The server ends the handshake before it presents a certificate (alert {}).", alert_name(*alert)),
        )
        .why(
            "Either there is no cipher suite, curve or signature that both sides know, or the server has no \
             certificate that it can use; its log says which.",
        )
        .step("Compare the server's cipher list and the kind of its key with what current clients offer."),
        Outcome::Silent => Finding::error(
            "no-answer-to-tls",
            place,
            format!("{host}, port {port}, accepts a connection and does not answer the ClientHello."),
        )
        .why(
            "Every client waits until its time is over. The server may wait for another protocol (such as a PROXY \
             header), or is too busy.",
        )
        .step("Check the port, and whether the server expects the PROXY protocol from a load balancer."),
        Outcome::Closed if attempt.stage == Stage::Hello && port == POSTGRESQL => Finding::error(
            "not-tls",
            place,
            format!("What answers at {host}, port {port}, is PostgreSQL, as it seems: it waits for a request of its own before TLS."),
        )
        .why("Every client but one of PostgreSQL ends the connection, or is cut off, before a certificate is looked at.")
        .step("Use a client of PostgreSQL with `sslmode=verify-full`, or look at its TLS so:")
        .command(look::starttls(seen, "postgres")),
        Outcome::Closed if attempt.stage == Stage::Hello => Finding::error(
            "handshake-cut",
            place,
            "The connection is closed right after the ClientHello, before any certificate was shown.",
        )
        .why(
            "A firewall or proxy between that does not like the name does so (clients say \"connection reset\"), a load \
             balancer without a backend, and a server that expects the PROXY protocol.",
        )
        .step("Try it on the server itself. If that works, look for what is between."),
        Outcome::EndedByUs(said) => Finding::error(
            "handshake-invalid",
            place,
            format!("The server's side of the handshake is not valid TLS: {said}."),
        )
        .why("Clients end the connection, each with another message.")
        .step("Update the server, or what is between; compare with a connection from the server itself."),
        _ => Finding::error("no-handshake", place, "The handshake does not get to a certificate.")
            .why("No client gets further.")
            .step("Look into the server's log."),
    }
}

/// Another protocol, by its name where that is known.
fn not_tls(place: &str, seen: &Observation, first: &[u8]) -> Finding {
    let protocol = Protocol::of(first);
    let is = protocol.map_or_else(String::new, |one| format!("{} and ", one.name));
    let what = format!(
        "What answers at {}, port {}, is {is}not TLS: it begins with {}.",
        seen.url.host(),
        seen.url.port(),
        printable(first)
    );
    let finding = Finding::error("not-tls", place, what)
        .why("Every client ends the connection before a certificate is looked at.");
    let Some(protocol) = protocol else {
        return finding.step(
            "Check the port. A service that begins TLS after a greeting (SMTP, PostgreSQL) cannot be reached by a URL.",
        );
    };
    let finding = finding.step(protocol.advice());
    match protocol.starttls {
        Some(name) => finding
            .step("To see its TLS:")
            .command(look::starttls(seen, name)),
        None => finding,
    }
}

/// It answers nothing but its own first message, so that its port has to tell.
const POSTGRESQL: u16 = 5432;

fn name(seen: &Observation) -> String {
    seen.url.name().to_str().into_owned()
}

/// The beginning, fit for a sentence.
fn printable(first: &[u8]) -> String {
    let beginning = first.get(..first.len().min(24)).unwrap_or_default();
    format!("\"{}\"", beginning.escape_ascii())
}
