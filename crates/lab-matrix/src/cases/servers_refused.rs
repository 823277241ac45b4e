//! Servers that the client has to refuse.

use super::case::{Case, Client, Pin, Server};
use super::peers::{
    DIFFERENT_CA_CLIENT, DIFFERENT_CA_SERVER, INTERMEDIATE_CLIENT, INTERMEDIATE_SERVER,
    SAME_CA_CLIENT, SAME_CA_SERVER, pem, pinned,
};
use crate::report::Direction;

pub(super) fn all() -> Vec<Case> {
    let presenting = |chain, key| Server {
        chain,
        key,
        ..SAME_CA_SERVER
    };
    let at_same_ca = [
        (
            "unknown CA",
            presenting(
                "refused/untrusted-ca/server.crt",
                "refused/untrusted-ca/server.key",
            ),
            "untrusted-server",
        ),
        (
            "expired",
            presenting("refused/expired/server.crt", "refused/expired/server.key"),
            "expired",
        ),
        (
            "not yet valid",
            presenting(
                "refused/not-yet-valid/server.crt",
                "refused/not-yet-valid/server.key",
            ),
            "expired",
        ),
        (
            "wrong name",
            presenting(
                "refused/wrong-name/server.crt",
                "refused/wrong-name/server.key",
            ),
            "name-mismatch",
        ),
        (
            "clientAuth only",
            presenting(
                "refused/wrong-usage/server.crt",
                "refused/wrong-usage/server.key",
            ),
            "untrusted-server",
        ),
        (
            "revoked",
            presenting("refused/revoked/server.crt", "refused/revoked/server.key"),
            "revoked",
        ),
    ];
    let at_same_ca = at_same_ca.map(|(name, server, kind)| {
        Case::refused(
            Direction::Server,
            ("same-ca", name),
            kind,
            server,
            SAME_CA_CLIENT,
        )
    });
    let self_signed = presenting(
        "refused/self-signed/server.crt",
        "refused/self-signed/server.key",
    );
    let self_signed_client = pem(
        "refused/self-signed/client.crt",
        "refused/self-signed/client.key",
    );
    let elsewhere = [
        Case::refused(
            Direction::Server,
            ("same-ca", "wrong pin"),
            "pin-mismatch",
            SAME_CA_SERVER,
            pinned(Pin::Wrong),
        ),
        Case::refused(
            Direction::Server,
            ("different-ca", "a client that trusts its own CA only"),
            "untrusted-server",
            DIFFERENT_CA_SERVER,
            Client {
                roots: "different-ca/client-ca.crt",
                ..DIFFERENT_CA_CLIENT
            },
        ),
        Case::refused(
            Direction::Server,
            ("intermediate", "missing intermediate"),
            "untrusted-server",
            Server {
                chain: "intermediate/server.crt",
                ..INTERMEDIATE_SERVER
            },
            INTERMEDIATE_CLIENT,
        ),
        Case::refused(
            Direction::Server,
            ("self-signed", "both self-signed, nothing exchanged"),
            "untrusted-server",
            Server {
                client_roots: "refused/self-signed/server.crt",
                crl: None,
                ..self_signed
            },
            Client {
                credential: self_signed_client,
                roots: "refused/self-signed/client.crt",
                crl: None,
                ..SAME_CA_CLIENT
            },
        ),
        Case::refused(
            Direction::Server,
            ("self-signed", "self-signed server"),
            "untrusted-server",
            self_signed,
            SAME_CA_CLIENT,
        ),
    ];
    [at_same_ca.to_vec(), elsewhere.to_vec()].concat()
}
