//! What has to be accepted.

use super::case::{Case, Client, Credential, Pin};
use super::peers::{
    DIFFERENT_CA_CLIENT, DIFFERENT_CA_SERVER, INTERMEDIATE_CLIENT, INTERMEDIATE_SERVER,
    SAME_CA_CLIENT, SAME_CA_SERVER, pinned, presenting,
};

pub(super) fn all() -> Vec<Case> {
    let p12 = Credential::Pkcs12;
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
            presenting(p12("same-ca/client.p12"), SAME_CA_CLIENT),
        ),
        (
            "same-ca",
            "client_ios.p12",
            SAME_CA_SERVER,
            presenting(p12("same-ca/client_ios.p12"), SAME_CA_CLIENT),
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
            presenting(p12("different-ca/client.p12"), DIFFERENT_CA_CLIENT),
        ),
        (
            "different-ca",
            "client_ios.p12",
            DIFFERENT_CA_SERVER,
            presenting(p12("different-ca/client_ios.p12"), DIFFERENT_CA_CLIENT),
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
            presenting(p12("intermediate/client.p12"), INTERMEDIATE_CLIENT),
        ),
        (
            "intermediate",
            "client_ios.p12",
            INTERMEDIATE_SERVER,
            presenting(p12("intermediate/client_ios.p12"), INTERMEDIATE_CLIENT),
        ),
    ]
    .map(|(scenario, name, server, client)| Case::accepted(scenario, name, server, client))
    .into()
}
