//! `mtls doctor`: what is printed for people and for programs, and the exit codes.

use test_pki::Ca;

use crate::common::Place;

#[test]
fn a_healthy_set_up_has_no_finding() {
    let place = healthy();
    let ran = place
        .run(&["doctor", "client.crt", "client.key", "--ca", "ca.crt"])
        .ok();
    assert!(
        ran.ends_with("\nNothing is wrong that can be seen.\n"),
        "{ran:?}"
    );
    let json = place.run(&[
        "doctor",
        "--cert",
        "client.crt",
        "--key",
        "client.key",
        "--ca",
        "ca.crt",
        "--json",
    ]);
    let json = json.json();
    assert_eq!(
        (&json["errors"], &json["warnings"]),
        (&0.into(), &0.into()),
        "{json:#}"
    );
    assert_eq!(json["findings"], serde_json::json!([]));
    assert!(
        json["facts"][0]["value"]
            .as_str()
            .unwrap()
            .contains("CN=alice"),
        "{json:#}"
    );
}

#[test]
fn an_error_is_told_with_what_mends_it() {
    let place = healthy();
    place.write("client.key", Ca::root("Other").client("bob").key_pem());
    let targets = ["doctor", "client.crt", "client.key", "--ca", "ca.crt"];
    let ran = place.run(&targets);
    assert_eq!(ran.code, 1, "{ran:?}");
    let text = &ran.stdout;
    assert!(text.starts_with("It does not work: The key "), "{text}");
    for part in [
        "error key-mismatch  client.key",
        "Why it matters: nginx and Apache",
        "What to do: ",
        "1 error, ",
    ] {
        assert!(text.contains(part), "{part}: {text}");
    }
    let long = text
        .lines()
        .find(|line| line.len() > 80 && !line.starts_with("  $ "));
    assert_eq!(long, None, "{text}");

    let json = place.run(&[&targets[..], &["--json"]].concat());
    assert_eq!(json.code, 1);
    let json: serde_json::Value = serde_json::from_str(&json.stdout).unwrap();
    let first = &json["findings"][0];
    assert_eq!(
        (first["id"].as_str(), first["severity"].as_str()),
        (Some("key-mismatch"), Some("error"))
    );
    assert!(
        first["mend"][0]["text"].is_string() || first["mend"][0]["command"].is_string(),
        "{first:#}"
    );
    assert_eq!(json["errors"], 1);
}

#[test]
fn a_warning_is_no_failure() {
    let place = healthy();
    place.write(
        "server.conf",
        "server { listen 1 ssl; ssl_certificate server.crt; ssl_certificate_key server.key;\n\
                ssl_client_certificate ca.crt;\nssl_verify_client optional;\n}\n",
    );
    Ca::root("Root")
        .server("localhost")
        .write_to(place.path(""), "server");
    let text = place.run(&["doctor", "server.conf"]).ok();
    assert!(
        text.contains("warning verify-optional  server.conf:3"),
        "{text}"
    );
    assert!(text.contains("No error, 1 warning."), "{text}");
    assert!(!text.contains("It does not work"), "{text}");
}

#[test]
fn without_a_target_the_usage_is_wrong() {
    let place = Place::new();
    assert_eq!(place.run(&["doctor"]).code, 2);
    assert_eq!(place.run(&["doctor", "x", "--reader", "ios3"]).code, 2);
    // A file that is not there is a finding, and not wrong usage.
    let ran = place.run(&["doctor", "missing.crt"]);
    assert_eq!(ran.code, 1, "{ran:?}");
    assert!(
        ran.stdout.contains("error file-missing  missing.crt"),
        "{ran:?}"
    );
}

/// A client, its key and its CA.
fn healthy() -> Place {
    let place = Place::new();
    let ca = Ca::root("Root");
    ca.write_to(place.path(""), "ca");
    ca.client("alice").write_to(place.path(""), "client");
    place
}
