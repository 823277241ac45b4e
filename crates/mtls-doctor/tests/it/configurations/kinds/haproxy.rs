//! HAProxy: lists and directories of certificates, and variables of the environment.

use super::super::changed;
use super::rows::all;
use crate::setup::Setup;

const HAPROXY: &str = "haproxy.cfg";
const CRT: &str = "crt same-ca/server.crt";

#[test]
fn haproxy() {
    all(&[
        (
            HAPROXY,
            "ca-file same-ca/ca.crt",
            "ca-file \"${CAS_OF_NOBODY-same-ca}/ca.crt\"",
            None,
        ),
        (
            HAPROXY,
            "ca-file same-ca/ca.crt",
            "ca-file \"${CAS_OF_NOBODY-other}/ca.crt\"",
            Some("file-missing"),
        ),
        (HAPROXY, CRT, "crt-list missing.txt", Some("file-missing")),
    ]);
    let setup = Setup::lab();
    let path = changed(&setup, HAPROXY, "verify required", "verify optional");
    setup.finds("verify-optional", &[&path]);
    let denies =
        "http-request deny unless { ssl_c_used } { ssl_c_verify 0 }\n    http-request del-header";
    let text = setup.text(&path).replace("http-request del-header", denies);
    setup.write(&path, text);
    setup.is_healthy(&[&path]);
    // Certificates in a directory, and in a list.
    let key = |name: &str| setup.text(&format!("lab/same-ca/{name}.key"));
    let certificate = setup.text("lab/same-ca/server.crt");
    std::fs::create_dir(setup.path("lab/certificates")).unwrap();
    setup.write(
        "lab/certificates/a.pem",
        certificate.clone() + &key("server"),
    );
    let path = changed(&setup, HAPROXY, CRT, "crt certificates/");
    setup.is_healthy(&[&path]);
    setup.write("lab/certificates/b.pem", certificate + &key("client"));
    setup.finds("key-mismatch", &[&path]);
    let path = changed(&setup, HAPROXY, CRT, "crt-list list.txt");
    for (list, found) in [
        ("certificates/a.pem\n", None),
        (
            "certificates/a.pem [verify required ca-file same-ca/ca.crt] a.example\n",
            None,
        ),
        ("certificates/b.pem\n", Some("key-mismatch")),
        ("certificates/c.pem\n", Some("file-missing")),
        ("certificates/a.pem [verify none]\n", Some("verify-off")),
        (
            "certificates/a.pem [ca-file same-ca/missing.crt]\n",
            Some("file-missing"),
        ),
    ] {
        setup.write("lab/list.txt", list);
        match found {
            Some(id) => setup.finds(id, &[&path]),
            None => setup.is_healthy(&[&path]),
        }
    }
}
