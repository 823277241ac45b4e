//! Caddy: imports, snippets, braces, and its JSON.

use super::rows::all;
use crate::setup::Setup;

const CADDY: &str = "Caddyfile";

#[test]
fn caddy() {
    all(&[
        (
            CADDY,
            "tls same-ca/server.crt same-ca/server.key {",
            "tls same-ca/server.crt {",
            Some("config-arguments"),
        ),
        (
            CADDY,
            "tls same-ca/server.crt same-ca/server.key {",
            "tls internal {",
            None,
        ),
        (
            CADDY,
            "client_auth {",
            "client_auth{",
            Some("config-syntax"),
        ),
        (
            CADDY,
            "client_auth {",
            "client_auth\n\t\t{",
            Some("config-syntax"),
        ),
        (
            CADDY,
            "{http.request.tls.client.certificate_der_base64}",
            "{header.X-SSL-Client-Cert}",
            Some("client-header-forwarded"),
        ),
        (
            CADDY,
            "bind 127.0.0.1",
            "import missing.caddy",
            Some("file-missing"),
        ),
        (
            CADDY,
            "mode require_and_verify",
            "mode verify_if_given",
            Some("verify-optional"),
        ),
    ]);
    let setup = Setup::lab();
    let text = setup.text("lab/servers/Caddyfile");
    let begin = text.find("https://localhost:{").unwrap();
    let (globals, site) = text.split_at(begin);
    std::fs::create_dir(setup.path("lab/servers/sites")).unwrap();
    let path = "lab/servers/Caddyfile";
    for (mode, found) in [
        ("require_and_verify", None),
        ("request", Some("verify-unchecked")),
    ] {
        let site = site.replace("require_and_verify", mode);
        let of = |found: Option<&'static str>| match found {
            Some(id) => setup.finds(id, &[path]),
            None => setup.is_healthy(&[path]),
        };
        setup.write("lab/servers/sites/a.caddy", &site);
        setup.write(path, format!("{globals}import sites/*.caddy\n"));
        of(found);
        // The same as a snippet, whose argument is the mode.
        let begin = site.find("\ttls ").unwrap();
        let end = site.find("\n\t}\n").unwrap() + 4;
        let tls = site[begin..end].replace(mode, "{args[0]}");
        let rest = format!("{}\timport mtls {mode}\n{}", &site[..begin], &site[end..]);
        setup.write(path, format!("{globals}(mtls) {{\n{tls}}}\n{rest}"));
        of(found);
    }
}

#[test]
fn caddys_json() {
    let setup = Setup::lab();
    let json = r#"{
 "apps": {
  "http": { "servers": { "s": { "listen": [":8443"], "tls_connection_policies": [ {
    "client_authentication": {
     "mode": "require_and_verify",
     "ca": { "provider": "file", "pem_files": ["same-ca/ca.crt"] }
    }
  } ] } } },
  "tls": { "certificates": { "load_files": [
   { "certificate": "same-ca/server.crt", "key": "same-ca/server.key" }
  ] } }
 }
}
"#;
    for (old, new, found) in [
        ("", "", None),
        (
            "\"require_and_verify\"",
            "\"request\"",
            Some("verify-unchecked"),
        ),
        (
            "\"require_and_verify\"",
            "\"verify_if_given\"",
            Some("verify-optional"),
        ),
        (
            "same-ca/server.key",
            "same-ca/client.key",
            Some("key-mismatch"),
        ),
        ("same-ca/ca.crt", "same-ca/server.crt", Some("ca-not-a-ca")),
        (
            "same-ca/ca.crt",
            "same-ca/missing.crt",
            Some("file-missing"),
        ),
        ("\"ca\": {", "\"ca\" {", Some("config-syntax")),
    ] {
        let text = if old.is_empty() {
            json.to_owned()
        } else {
            json.replace(old, new)
        };
        setup.write("lab/servers/caddy.json", text);
        match found {
            Some(id) => setup.finds(id, &["lab/servers/caddy.json"]),
            None => setup.is_healthy(&["lab/servers/caddy.json"]),
        }
    }
}
