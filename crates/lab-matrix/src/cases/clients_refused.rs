//! Clients that the server has to refuse.

use super::case::{Case, Credential, Server};
use super::peers::{
    INTERMEDIATE_CLIENT, INTERMEDIATE_SERVER, SAME_CA_CLIENT, SAME_CA_SERVER, pem, presenting,
};
use crate::report::Direction;

pub(super) fn all() -> Vec<Case> {
    let at_same_ca = [
        ("no certificate", Credential::None, "no-certificate"),
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
        Case::refused(
            Direction::Client,
            ("same-ca", name),
            code,
            SAME_CA_SERVER,
            presenting(what, SAME_CA_CLIENT),
        )
    });
    let elsewhere = [
        Case::refused(
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
        Case::refused(
            Direction::Client,
            ("intermediate", "missing intermediate"),
            "unknown-issuer",
            INTERMEDIATE_SERVER,
            presenting(
                pem("intermediate/client.crt", "intermediate/client.key"),
                INTERMEDIATE_CLIENT,
            ),
        ),
        Case::refused(
            Direction::Client,
            ("self-signed", "self-signed client"),
            "self-signed",
            SAME_CA_SERVER,
            presenting(
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
