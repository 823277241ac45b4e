//! The refused certificates of the lab: the first finding is the reason that the directory's name says.

use crate::setup::Setup;

#[test]
fn each_refused_certificate_has_its_reason() {
    let setup = Setup::lab();
    for (case, side, id) in [
        ("self-signed", "client", "self-signed"),
        ("self-signed", "server", "self-signed"),
        ("untrusted-ca", "client", "unknown-issuer"),
        ("untrusted-ca", "server", "unknown-issuer"),
        ("expired", "client", "expired"),
        ("expired", "server", "expired"),
        ("not-yet-valid", "client", "not-yet-valid"),
        ("not-yet-valid", "server", "not-yet-valid"),
        ("wrong-usage", "client", "wrong-extended-key-usage"),
        ("wrong-usage", "server", "wrong-extended-key-usage"),
        ("no-usage", "client", "no-extended-key-usage"),
        ("ca-as-leaf", "client", "ca-as-leaf"),
        ("mismatched-key", "client", "key-mismatch"),
        ("revoked", "client", "revoked"),
        ("revoked", "server", "revoked"),
    ] {
        let file = |ending: &str| format!("lab/refused/{case}/{side}.{ending}");
        let (certificate, key) = (file("crt"), file("key"));
        setup.finds(
            id,
            &[
                &certificate,
                &key,
                "ca:lab/same-ca/ca.crt",
                "crl:lab/same-ca/ca.crl",
            ],
        );
    }
}

#[test]
fn a_name_is_wrong_for_the_host_that_is_dialled() {
    let mut setup = Setup::lab();
    setup.options.host = Some("api.example.local".to_owned());
    let targets = [
        "lab/refused/wrong-name/server.crt",
        "lab/refused/wrong-name/server.key",
        "ca:lab/same-ca/ca.crt",
    ];
    setup.finds("name-mismatch", &targets);
    setup.options.host = Some("other.example.local".to_owned());
    setup.is_healthy(&targets);
}
