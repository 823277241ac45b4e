//! The CRL that a configuration names.

use super::changed;

use crate::setup::Setup;

#[test]
fn the_crl_is_read_fresh_and_of_the_right_ca() {
    let setup = Setup::lab();
    let path = changed(&setup, "apache.conf", "SSLCARevocationCheck  chain", "");
    setup.finds("crl-not-checked", &[&path]);
    let path = changed(
        &setup,
        "apache.conf",
        "SSLCARevocationCheck  chain",
        "SSLCARevocationCheck none",
    );
    setup.finds("crl-not-checked", &[&path]);
    for (name, old, new) in [
        (
            "nginx.conf",
            "../same-ca/ca.crl",
            "../different-ca/client-ca.crl",
        ),
        (
            "apache.conf",
            "same-ca/ca.crl",
            "different-ca/client-ca.crl",
        ),
        (
            "haproxy.cfg",
            "same-ca/ca.crl",
            "different-ca/client-ca.crl",
        ),
        ("envoy.yaml", "same-ca/ca.crl", "different-ca/client-ca.crl"),
    ] {
        let path = changed(&setup, name, old, new);
        setup.finds("crl-other-issuer", &[&path]);
    }
    let path = "lab/servers/nginx.conf";
    setup.finds(
        "revoked",
        &[
            path,
            "lab/refused/revoked/client.crt",
            "lab/refused/revoked/client.key",
        ],
    );
}

#[test]
fn sessions_do_not_outlive_a_revocation() {
    let setup = Setup::lab();
    for (name, old, new) in [
        ("nginx.conf", "ssl_session_tickets off;", ""),
        (
            "nginx.conf",
            "ssl_session_tickets off;",
            "ssl_session_tickets on;",
        ),
        (
            "nginx.conf",
            "ssl_session_cache off;",
            "ssl_session_cache shared:SSL:10m;",
        ),
        ("apache.conf", "SSLSessionTickets off", ""),
        (
            "apache.conf",
            "SSLSessionCache none",
            "SSLSessionCache shmcb:/run/ssl(512000)",
        ),
    ] {
        let path = changed(&setup, name, old, new);
        setup.finds("sessions-outlive-revocation", &[&path]);
    }
    // Without a CRL there is nothing to outlive.
    let path = changed(&setup, "nginx.conf", "ssl_session_tickets off;", "");
    let text = setup.text(&path).replace("ssl_crl ", "# ssl_crl ");
    setup.write(&path, text);
    setup.is_healthy(&[&path]);
}

#[test]
fn every_ca_of_a_chain_has_a_crl() {
    let setup = Setup::lab();
    setup.write(
        "lab/same-ca/both.crt",
        setup.text("lab/same-ca/ca.crt") + &setup.text("lab/different-ca/client-ca.crt"),
    );
    for name in ["nginx.conf", "apache.conf", "haproxy.cfg", "envoy.yaml"] {
        let path = changed(&setup, name, "same-ca/ca.crt", "same-ca/both.crt");
        setup.finds("crl-missing-for-ca", &[&path]);
    }
    setup.write(
        "lab/same-ca/ca.crl",
        setup.text("lab/same-ca/ca.crl") + &setup.text("lab/different-ca/client-ca.crl"),
    );
    let path = changed(&setup, "nginx.conf", "same-ca/ca.crt", "same-ca/both.crt");
    setup.is_healthy(&[&path]);
}

#[test]
fn a_crl_of_another_ca_is_told_once_for_virtual_hosts_that_share_it() {
    let setup = Setup::lab();
    let path = changed(
        &setup,
        "haproxy.cfg",
        "same-ca/ca.crl",
        "different-ca/client-ca.crl",
    );
    let text = setup.text(&path);
    let bind = text
        .lines()
        .find(|line| line.trim_start().starts_with("bind "))
        .unwrap();
    let twice = text.replace(bind, &format!("{bind}\n{bind}"));
    setup.write(&path, twice);
    assert_eq!(setup.ids(&[&path]), ["crl-other-issuer"]);
}
