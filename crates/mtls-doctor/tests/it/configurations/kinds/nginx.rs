//! nginx: resolvers, variables, blanks in paths, and what refused clients get.

use super::rows::all;

const NGINX: &str = "nginx.conf";
const VERIFY: &str = "ssl_verify_client on;";

#[test]
fn nginx() {
    all(&[
        // Asked by name, with nobody to ask.
        (
            NGINX,
            VERIFY,
            "ssl_verify_client on; ssl_ocsp on;",
            Some("ocsp-without-resolver"),
        ),
        (
            NGINX,
            VERIFY,
            "ssl_verify_client on; ssl_ocsp leaf;",
            Some("ocsp-without-resolver"),
        ),
        (NGINX, VERIFY, "ssl_verify_client on; ssl_ocsp off;", None),
        (
            NGINX,
            VERIFY,
            "ssl_verify_client on; ssl_ocsp on; resolver 127.0.0.53;",
            None,
        ),
        (
            NGINX,
            VERIFY,
            "ssl_verify_client on; ssl_ocsp on; ssl_ocsp_responder http://127.0.0.1/;",
            None,
        ),
        (
            NGINX,
            VERIFY,
            "ssl_verify_client on; ssl_ocsp on; ssl_ocsp_responder http://a.example/;",
            Some("ocsp-without-resolver"),
        ),
        (
            NGINX,
            "http {\n",
            "http { resolver 127.0.0.53; ssl_ocsp on;\n",
            None,
        ),
        (
            NGINX,
            "http {\n",
            "http { ssl_ocsp on;\n",
            Some("ocsp-without-resolver"),
        ),
        (
            NGINX,
            VERIFY,
            "ssl_verify_client on; ssl_stapling on;",
            Some("stapling-without-resolver"),
        ),
        (
            NGINX,
            VERIFY,
            "ssl_verify_client on; ssl_stapling on; resolver [::1];",
            None,
        ),
        (
            NGINX,
            VERIFY,
            "ssl_verify_client on; ssl_stapling on; ssl_stapling_responder http://[::1]:80/;",
            None,
        ),
        // What is compared need not be required.
        (
            NGINX,
            VERIFY,
            "ssl_verify_client optional; if ($ssl_client_verify != SUCCESS) { return 403; }",
            None,
        ),
        (
            NGINX,
            VERIFY,
            "ssl_verify_client optional; if ($scheme = http) { return 403; }",
            Some("verify-optional"),
        ),
        // Certificates that are no files, and none at all.
        (
            NGINX,
            "../same-ca/server.",
            "../same-ca/$ssl_server_name.",
            None,
        ),
        (
            NGINX,
            "ssl_certificate_key ../same-ca/server.key",
            "ssl_certificate_key engine:pkcs11:x",
            None,
        ),
        (
            NGINX,
            "    server {\n",
            "    server { listen 8443 ssl default_server; ssl_reject_handshake on; }\n    server {\n",
            None,
        ),
        (
            NGINX,
            "    server {\n",
            "    server { listen 8443 ssl default_server; ssl_reject_handshake off; }\n    server {\n",
            Some("certificate-not-set"),
        ),
        // A path with a blank.
        (NGINX, "../same-ca/ca.crt", "\"../my ca/ca.crt\"", None),
        (
            NGINX,
            "../same-ca/ca.crt",
            "../my ca/ca.crt",
            Some("config-arguments"),
        ),
        (NGINX, VERIFY, "ssl_verify_client on; # it's required", None),
        // What a backend is told, and what whoever is refused gets.
        (
            NGINX,
            "http {\n",
            "http { underscores_in_headers on;\n",
            Some("client-header-forwarded"),
        ),
        (
            NGINX,
            "http {\n",
            "http { underscores_in_headers off;\n",
            None,
        ),
        (
            NGINX,
            "location / {",
            "error_page 495 496 =200 /; location / {",
            Some("refusal-answered-as-success"),
        ),
        (
            NGINX,
            "location / {",
            "error_page 495 496 = /; location / {",
            Some("refusal-answered-as-success"),
        ),
        (
            NGINX,
            "location / {",
            "error_page 495 496 /x; error_page 404 =200 /y; location / {",
            None,
        ),
    ]);
}
