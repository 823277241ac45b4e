//! The peers that most cases have: those of each good scenario, and how a case differs from them.

use super::case::{Client, Credential, Pin, Server};

pub(super) const SAME_CA_SERVER: Server = Server {
    chain: "same-ca/server.crt",
    key: "same-ca/server.key",
    client_roots: "same-ca/ca.crt",
    crl: Some("same-ca/ca.crl"),
};

pub(super) const SAME_CA_CLIENT: Client = Client {
    credential: pem("same-ca/client.crt", "same-ca/client.key"),
    roots: "same-ca/ca.crt",
    crl: Some("same-ca/ca.crl"),
    pin: Pin::None,
    host: "localhost",
};

pub(super) const DIFFERENT_CA_SERVER: Server = Server {
    chain: "different-ca/server.crt",
    key: "different-ca/server.key",
    client_roots: "different-ca/client-ca.crt",
    crl: Some("different-ca/client-ca.crl"),
};

pub(super) const DIFFERENT_CA_CLIENT: Client = Client {
    credential: pem("different-ca/client.crt", "different-ca/client.key"),
    roots: "different-ca/server-ca.crt",
    crl: None,
    ..SAME_CA_CLIENT
};

pub(super) const INTERMEDIATE_SERVER: Server = Server {
    chain: "intermediate/server-chain.crt",
    key: "intermediate/server.key",
    client_roots: "intermediate/root.crt",
    crl: None,
};

pub(super) const INTERMEDIATE_CLIENT: Client = Client {
    credential: pem("intermediate/client-chain.crt", "intermediate/client.key"),
    roots: "intermediate/root.crt",
    crl: None,
    ..SAME_CA_CLIENT
};

pub(super) const fn pem(chain: &'static str, key: &'static str) -> Credential {
    Credential::Pem { chain, key }
}

pub(super) const fn presenting(credential: Credential, client: Client) -> Client {
    Client {
        credential,
        ..client
    }
}

pub(super) const fn pinned(pin: Pin) -> Client {
    Client {
        pin,
        ..SAME_CA_CLIENT
    }
}
