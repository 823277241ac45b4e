//! All cases of the matrix.

use crate::Direction;
use crate::case::{Case, Client, Pin, Server, Shows};

const SAME_CA_SERVER: Server = Server {
    chain: "same-ca/server.crt",
    key: "same-ca/server.key",
    client_roots: "same-ca/ca.crt",
    crl: Some("same-ca/ca.crl"),
};

const SAME_CA_CLIENT: Client = Client {
    shows: pem("same-ca/client.crt", "same-ca/client.key"),
    roots: "same-ca/ca.crt",
    crl: Some("same-ca/ca.crl"),
    pin: Pin::None,
    host: "localhost",
};

const DIFFERENT_CA_SERVER: Server = Server {
    chain: "different-ca/server.crt",
    key: "different-ca/server.key",
    client_roots: "different-ca/client-ca.crt",
    crl: Some("different-ca/client-ca.crl"),
};

const DIFFERENT_CA_CLIENT: Client = Client {
    shows: pem("different-ca/client.crt", "different-ca/client.key"),
    roots: "different-ca/server-ca.crt",
    crl: None,
    ..SAME_CA_CLIENT
};

const INTERMEDIATE_SERVER: Server = Server {
    chain: "intermediate/server-chain.crt",
    key: "intermediate/server.key",
    client_roots: "intermediate/root.crt",
    crl: None,
};

const INTERMEDIATE_CLIENT: Client = Client {
    shows: pem("intermediate/client-chain.crt", "intermediate/client.key"),
    roots: "intermediate/root.crt",
    crl: None,
    ..SAME_CA_CLIENT
};

const fn pem(chain: &'static str, key: &'static str) -> Shows {
    Shows::Pem { chain, key }
}

const fn shows(shows: Shows, client: Client) -> Client {
    Client { shows, ..client }
}

const fn pinned(pin: Pin) -> Client {
    Client {
        pin,
        ..SAME_CA_CLIENT
    }
}

/// Every case that needs a connection.
pub(crate) fn all() -> Vec<Case> {
    [accepted(), clients_refused(), servers_refused()].concat()
}

fn accepted() -> Vec<Case> {
    let p12 = Shows::Pkcs12;
    [
        (
            "same-ca",
            "client.crt and client.key",
            SAME_CA_SERVER,
            SAME_CA_CLIENT,
        ),
        (
            "same-ca",
            "client.p12",
            SAME_CA_SERVER,
            shows(p12("same-ca/client.p12"), SAME_CA_CLIENT),
        ),
        (
            "same-ca",
            "client_ios.p12",
            SAME_CA_SERVER,
            shows(p12("same-ca/client_ios.p12"), SAME_CA_CLIENT),
        ),
        (
            "same-ca",
            "server by its IP address",
            SAME_CA_SERVER,
            Client {
                host: "127.0.0.1",
                ..SAME_CA_CLIENT
            },
        ),
        ("same-ca", "right pin", SAME_CA_SERVER, pinned(Pin::Right)),
        (
            "same-ca",
            "right backup pin",
            SAME_CA_SERVER,
            pinned(Pin::Backup),
        ),
        (
            "different-ca",
            "client.crt and client.key",
            DIFFERENT_CA_SERVER,
            DIFFERENT_CA_CLIENT,
        ),
        (
            "different-ca",
            "client.p12",
            DIFFERENT_CA_SERVER,
            shows(p12("different-ca/client.p12"), DIFFERENT_CA_CLIENT),
        ),
        (
            "different-ca",
            "client_ios.p12",
            DIFFERENT_CA_SERVER,
            shows(p12("different-ca/client_ios.p12"), DIFFERENT_CA_CLIENT),
        ),
        (
            "intermediate",
            "client-chain.crt and client.key",
            INTERMEDIATE_SERVER,
            INTERMEDIATE_CLIENT,
        ),
        (
            "intermediate",
            "client.p12",
            INTERMEDIATE_SERVER,
            shows(p12("intermediate/client.p12"), INTERMEDIATE_CLIENT),
        ),
        (
            "intermediate",
            "client_ios.p12",
            INTERMEDIATE_SERVER,
            shows(p12("intermediate/client_ios.p12"), INTERMEDIATE_CLIENT),
        ),
    ]
    .map(|(scenario, name, server, client)| Case::accepted(scenario, name, server, client))
    .into()
}

/// The server decides, and has to refuse.
fn clients_refused() -> Vec<Case> {
    let at_same_ca = [
        ("no certificate", Shows::Nothing, "no-certificate"),
        (
            "unknown CA",
            pem(
                "refused/untrusted-ca/client.crt",
                "refused/untrusted-ca/client.key",
            ),
            "unknown-issuer",
        ),
        (
            "expired",
            pem("refused/expired/client.crt", "refused/expired/client.key"),
            "expired",
        ),
        (
            "not yet valid",
            pem(
                "refused/not-yet-valid/client.crt",
                "refused/not-yet-valid/client.key",
            ),
            "not-yet-valid",
        ),
        (
            "serverAuth only",
            pem(
                "refused/wrong-usage/client.crt",
                "refused/wrong-usage/client.key",
            ),
            "wrong-extended-key-usage",
        ),
        (
            "no extended key usage",
            pem("refused/no-usage/client.crt", "refused/no-usage/client.key"),
            "no-extended-key-usage",
        ),
        (
            "revoked",
            pem("refused/revoked/client.crt", "refused/revoked/client.key"),
            "revoked",
        ),
        (
            "a CA as client",
            pem(
                "refused/ca-as-leaf/client.crt",
                "refused/ca-as-leaf/client.key",
            ),
            "ca-as-leaf",
        ),
        (
            "the trusted root as client",
            pem("same-ca/ca.crt", "same-ca/ca.key"),
            "ca-as-leaf",
        ),
        (
            "a client of another scenario's CA",
            pem("different-ca/client.crt", "different-ca/client.key"),
            "unknown-issuer",
        ),
    ];
    let at_same_ca = at_same_ca.map(|(name, what, code)| {
        Case::on_trial(
            Direction::Client,
            ("same-ca", name),
            code,
            SAME_CA_SERVER,
            shows(what, SAME_CA_CLIENT),
        )
    });
    let elsewhere = [
        Case::on_trial(
            Direction::Client,
            ("different-ca", "a client of the server's own CA"),
            "unknown-issuer",
            Server {
                client_roots: "different-ca/client-ca.crt",
                crl: None,
                ..SAME_CA_SERVER
            },
            SAME_CA_CLIENT,
        ),
        Case::on_trial(
            Direction::Client,
            ("intermediate", "missing intermediate"),
            "unknown-issuer",
            INTERMEDIATE_SERVER,
            shows(
                pem("intermediate/client.crt", "intermediate/client.key"),
                INTERMEDIATE_CLIENT,
            ),
        ),
        Case::on_trial(
            Direction::Client,
            ("self-signed", "self-signed client"),
            "self-signed",
            SAME_CA_SERVER,
            shows(
                pem(
                    "refused/self-signed/client.crt",
                    "refused/self-signed/client.key",
                ),
                SAME_CA_CLIENT,
            ),
        ),
    ];
    [at_same_ca.to_vec(), elsewhere.to_vec()].concat()
}

/// The client decides, and has to refuse.
fn servers_refused() -> Vec<Case> {
    let showing = |chain, key| Server {
        chain,
        key,
        ..SAME_CA_SERVER
    };
    let at_same_ca = [
        (
            "unknown CA",
            showing(
                "refused/untrusted-ca/server.crt",
                "refused/untrusted-ca/server.key",
            ),
            "untrusted-server",
        ),
        (
            "expired",
            showing("refused/expired/server.crt", "refused/expired/server.key"),
            "expired",
        ),
        (
            "not yet valid",
            showing(
                "refused/not-yet-valid/server.crt",
                "refused/not-yet-valid/server.key",
            ),
            "expired",
        ),
        (
            "wrong name",
            showing(
                "refused/wrong-name/server.crt",
                "refused/wrong-name/server.key",
            ),
            "name-mismatch",
        ),
        (
            "clientAuth only",
            showing(
                "refused/wrong-usage/server.crt",
                "refused/wrong-usage/server.key",
            ),
            "untrusted-server",
        ),
        (
            "revoked",
            showing("refused/revoked/server.crt", "refused/revoked/server.key"),
            "revoked",
        ),
    ];
    let at_same_ca = at_same_ca.map(|(name, server, kind)| {
        Case::on_trial(
            Direction::Server,
            ("same-ca", name),
            kind,
            server,
            SAME_CA_CLIENT,
        )
    });
    let self_signed = showing(
        "refused/self-signed/server.crt",
        "refused/self-signed/server.key",
    );
    let self_signed_client = pem(
        "refused/self-signed/client.crt",
        "refused/self-signed/client.key",
    );
    let elsewhere = [
        Case::on_trial(
            Direction::Server,
            ("same-ca", "wrong pin"),
            "pin-mismatch",
            SAME_CA_SERVER,
            pinned(Pin::Wrong),
        ),
        Case::on_trial(
            Direction::Server,
            ("different-ca", "a client that trusts its own CA only"),
            "untrusted-server",
            DIFFERENT_CA_SERVER,
            Client {
                roots: "different-ca/client-ca.crt",
                ..DIFFERENT_CA_CLIENT
            },
        ),
        Case::on_trial(
            Direction::Server,
            ("intermediate", "missing intermediate"),
            "untrusted-server",
            Server {
                chain: "intermediate/server.crt",
                ..INTERMEDIATE_SERVER
            },
            INTERMEDIATE_CLIENT,
        ),
        Case::on_trial(
            Direction::Server,
            ("self-signed", "both self-signed, nothing exchanged"),
            "untrusted-server",
            Server {
                client_roots: "refused/self-signed/server.crt",
                crl: None,
                ..self_signed
            },
            Client {
                shows: self_signed_client,
                roots: "refused/self-signed/client.crt",
                crl: None,
                ..SAME_CA_CLIENT
            },
        ),
        Case::on_trial(
            Direction::Server,
            ("self-signed", "self-signed server"),
            "untrusted-server",
            self_signed,
            SAME_CA_CLIENT,
        ),
    ];
    [at_same_ca.to_vec(), elsewhere.to_vec()].concat()
}
