//! Envoy: aliases, and fields as protobuf has them in JSON.

use super::super::changed;
use super::rows::all;
use crate::setup::Setup;

const ENVOY: &str = "envoy.yaml";
const ANCHOR: &str = "static_resources:";

#[test]
fn envoy() {
    all(&[
        (
            ENVOY,
            "require_client_certificate: true",
            "requireClientCertificate: true",
            None,
        ),
        (
            ENVOY,
            "require_client_certificate: true",
            "requireClientCertificate: false",
            Some("verify-optional"),
        ),
        (
            ENVOY,
            "require_client_certificate: true",
            "<<: *all",
            Some("config-syntax"),
        ),
        (
            ENVOY,
            "require_client_certificate: true",
            "<<: { require_client_certificate: true }",
            Some("config-unknown-word"),
        ),
        (
            ENVOY,
            "require_client_certificate: true",
            "require_client_certificate: false # { authenticated: {} }",
            Some("verify-optional"),
        ),
    ]);
    let setup = Setup::lab();
    let path = changed(&setup, ENVOY, "{ filename: same-ca/ca.crt }", "*ca");
    let text = setup.text(&path);
    for (file, found) in [
        ("ca.crt", None),
        ("missing.crt", Some("file-missing")),
        ("server.crt", Some("ca-not-a-ca")),
    ] {
        let anchor = format!("x: &ca {{ filename: same-ca/{file} }}\n{ANCHOR}");
        setup.write(&path, text.replace(ANCHOR, &anchor));
        match found {
            Some(id) => setup.finds(id, &[&path]),
            None => setup.is_healthy(&[&path]),
        }
    }
    // Who is not asked for a certificate has no name by which he could be allowed.
    let optional = setup.text("lab/servers/envoy.yaml").replace(
        "require_client_certificate: true",
        "require_client_certificate: false",
    );
    setup.write(
        &path,
        optional + "\nx: { authenticated: { principal_name: { exact: a } } }\n",
    );
    setup.is_healthy(&[&path]);
}
