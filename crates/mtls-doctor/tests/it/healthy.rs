//! Nothing is reported where nothing is wrong.

use crate::setup::Setup;

#[test]
fn the_lab_is_healthy() {
    let setup = Setup::lab();
    for targets in [
        &[
            "lab/same-ca/client.crt",
            "lab/same-ca/client.key",
            "ca:lab/same-ca/ca.crt",
        ][..],
        &[
            "cert:lab/same-ca/server.crt",
            "key:lab/same-ca/server.key",
            "ca:lab/same-ca/ca.crt",
            "crl:lab/same-ca/ca.crl",
        ],
        &["p12:lab/same-ca/client.p12", "ca:lab/same-ca/ca.crt"],
        &["lab/same-ca/client_ios.p12"],
        &[
            "lab/same-ca/ca.crt",
            "lab/same-ca/ca.key",
            "lab/same-ca/ca.crl",
            "lab/same-ca/server.crt",
            "lab/same-ca/server.key",
            "lab/same-ca/server.csr",
            "lab/same-ca/client.crt",
            "lab/same-ca/client.key",
            "lab/same-ca/client.csr",
            "lab/same-ca/client.p12",
        ],
        &[
            "lab/different-ca/server-ca.crt",
            "lab/different-ca/server-ca.key",
            "lab/different-ca/client-ca.crt",
            "lab/different-ca/client-ca.key",
            "lab/different-ca/client-ca.crl",
            "lab/different-ca/server.crt",
            "lab/different-ca/server.key",
            "lab/different-ca/client.crt",
            "lab/different-ca/client.key",
            "lab/different-ca/client.p12",
            "lab/different-ca/client_ios.p12",
        ],
        &[
            "cert:lab/intermediate/client-chain.crt",
            "key:lab/intermediate/client.key",
            "ca:lab/intermediate/root.crt",
        ],
        &[
            "cert:lab/intermediate/server-chain.crt",
            "key:lab/intermediate/server.key",
            "ca:lab/intermediate/root.crt",
        ],
        &[
            "p12:lab/intermediate/client.p12",
            "ca:lab/intermediate/root.crt",
        ],
        &[
            "lab/intermediate/root.crt",
            "lab/intermediate/issuing.crt",
            "lab/intermediate/issuing.key",
            "lab/intermediate/server.crt",
            "lab/intermediate/server-chain.crt",
            "lab/intermediate/server.key",
            "lab/intermediate/client.crt",
            "lab/intermediate/client-chain.crt",
            "lab/intermediate/client.key",
        ],
    ] {
        setup.is_healthy(targets);
    }
}

#[test]
fn a_server_is_healthy_for_its_own_host() {
    let mut setup = Setup::lab();
    for host in ["localhost", "API.example.local", "127.0.0.1", "::1"] {
        setup.options.host = Some(host.to_owned());
        setup.is_healthy(&[
            "lab/same-ca/server.crt",
            "lab/same-ca/server.key",
            "ca:lab/same-ca/ca.crt",
        ]);
    }
    setup.options.host = Some("other.example".to_owned());
    setup.finds(
        "name-mismatch",
        &[
            "lab/same-ca/server.crt",
            "lab/same-ca/server.key",
            "ca:lab/same-ca/ca.crt",
        ],
    );
}

#[test]
fn a_clock_that_is_a_day_off_is_told_as_one() {
    let mut setup = Setup::lab();
    setup.options.now -= time::Duration::DAY;
    for targets in [
        &[
            "lab/same-ca/client.crt",
            "lab/same-ca/client.key",
            "ca:lab/same-ca/ca.crt",
        ][..],
        &[
            "lab/intermediate/client-chain.crt",
            "ca:lab/intermediate/root.crt",
        ],
        &["p12:lab/same-ca/client.p12", "ca:lab/same-ca/ca.crt"],
        &["lab/same-ca/ca.crt"],
        &["lab/servers/nginx.conf"],
    ] {
        setup.finds("not-yet-valid-clock", targets);
    }
    // Ahead by as much, everything is still valid.
    setup.options.now += time::Duration::days(2);
    setup.is_healthy(&[
        "lab/same-ca/client.crt",
        "lab/same-ca/client.key",
        "ca:lab/same-ca/ca.crt",
    ]);
}
