//! Servers that the client has to refuse.

use super::case::{Case, Client, Pin, Server};
use super::peers::{
    DIFFERENT_CA_CLIENT, DIFFERENT_CA_SERVER, INTERMEDIATE_CLIENT, INTERMEDIATE_SERVER,
    SAME_CA_CLIENT, SAME_CA_SERVER, pem, pinned,
};
use crate::report::Direction;

pub(super) fn all() -> Vec<Case> {
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
