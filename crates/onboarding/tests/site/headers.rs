//! What is the same in every answer.

use axum::http::{Method, Request, StatusCode};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use sha2::{Digest as _, Sha256};

use super::support::{Answer, Lab, SECRET, THERE};

#[tokio::test]
async fn every_answer_is_kept_nowhere_and_may_load_nothing() {
    let lab = Lab::new();
    let served = lab.serve();
    let link = served.link().await;
    for path in [
        "/",
        "/matrix",
        "/ca.crt",
        &link,
        &format!("{link}/client.p12"),
        "/nowhere",
    ] {
        let answer = served.there(path).await;
        for (name, value) in [
            ("cache-control", "no-store"),
            ("cross-origin-resource-policy", "same-origin"),
            ("referrer-policy", "no-referrer"),
            ("x-content-type-options", "nosniff"),
        ] {
            assert_eq!(answer.headers[name], value, "{path}");
        }
        let policy = answer.headers["content-security-policy"].to_str().unwrap();
        let start = "default-src 'none'; style-src 'sha256-";
        assert!(policy.starts_with(start), "{policy}");
        assert!(!policy.contains("unsafe"), "{policy}");
        let open = answer.headers.contains_key("access-control-allow-origin");
        assert!(!open, "{path}");
    }
}

#[tokio::test]
async fn pages_load_nothing_and_run_nothing() {
    let lab = Lab::new();
    let served = lab.serve();
    let link = served.link().await;
    let mut answers = vec![served.here("/").await];
    for path in ["/", "/matrix", "/nowhere", &link] {
        answers.push(served.there(path).await);
    }
    for answer in answers {
        let kind = &answer.headers["content-type"];
        assert_eq!(kind, "text/html; charset=utf-8");
        assert_is_self_contained(&answer);
    }
}

#[tokio::test]
async fn no_address_leads_to_another_file() {
    let served = Lab::new().serve();
    for path in [
        "/ca.key",
        "/client.key",
        "/client.p12",
        "/client_ios.p12",
        "/client.mobileconfig",
        "/same-ca/ca.key",
        "/same-ca/ca.crt",
        "/../same-ca/ca.key",
        "/ca.crt/../ca.key",
        "/%2e%2e/same-ca/ca.key",
        "/..%2fsame-ca%2fca.key",
        "/..%5csame-ca%5cca.key",
        "/ca.crt%00.key",
        "/ca.crt/",
        "//ca.crt",
        "/manifest.json",
        "/CA.CRT",
        "/matrix/",
        "/get",
        "/get/",
        "/get/..%2fsame-ca",
        "/get/..%2fsame-ca/client.p12",
        "/get/00000000000000000000000000/client.p12",
        "/get/x/..%2f..%2fsame-ca%2fca.key",
    ] {
        let answer = served.there(path).await;
        assert_eq!(answer.status, StatusCode::NOT_FOUND, "{path}");
        assert!(!answer.text().contains(SECRET), "{path}");
        let says = answer.text().contains("There is nothing at this address");
        assert!(says, "{path}");
    }
}

#[tokio::test]
async fn only_reading_is_possible() {
    let lab = Lab::new();
    let served = lab.serve();
    let link = served.link().await;
    for (method, status) in [
        (Method::GET, StatusCode::OK),
        (Method::HEAD, StatusCode::OK),
        (Method::POST, StatusCode::METHOD_NOT_ALLOWED),
        (Method::PUT, StatusCode::METHOD_NOT_ALLOWED),
        (Method::DELETE, StatusCode::METHOD_NOT_ALLOWED),
        (Method::OPTIONS, StatusCode::METHOD_NOT_ALLOWED),
    ] {
        for path in ["/", "/matrix", "/ca.crt", &link] {
            let answer = served.with(method.clone(), path).await;
            assert_eq!(answer.status, status, "{method} {path}");
        }
    }
}

#[tokio::test]
async fn a_public_name_for_this_machine_is_refused_before_anything_is_read() {
    let lab = Lab::new();
    let served = lab.serve();
    for (host, accepted) in [
        ("127.0.0.1:8080", true),
        ("[::1]:8080", true),
        ("localhost:8080", true),
        ("rebind.example:8080", false),
        ("127.0.0.1.rebind.example", false),
    ] {
        let link = served.link().await;
        for path in ["/", "/ca.crt", &link, &format!("{link}/client_ios.p12")] {
            let request = Request::get(path).header("host", host);
            let status = match accepted {
                true => StatusCode::OK,
                false => StatusCode::MISDIRECTED_REQUEST,
            };
            let answer = served.ask(THERE, request).await;
            assert_eq!(answer.status, status, "{host} {path}");
        }
    }
    let both = Request::get("http://rebind.example/ca.crt").header("host", "localhost");
    let answer = served.ask(THERE, both).await;
    assert_eq!(answer.status, StatusCode::MISDIRECTED_REQUEST);
}

/// No script, no address outside, no style but the one that the policy names.
fn assert_is_self_contained(answer: &Answer) {
    let page = answer.text();
    let lower = page.to_ascii_lowercase();
    for forbidden in [
        "<script",
        "javascript:",
        " onclick",
        " onload",
        " style=",
        "@import",
        "url(",
        "<iframe",
        "<img",
        "<form",
        "<link rel=\"style",
    ] {
        assert!(!lower.contains(forbidden), "{forbidden}");
    }
    for attribute in ["href=\"", "src=\"", "action=\""] {
        for value in lower
            .split(attribute)
            .skip(1)
            .map(|rest| rest.split('"').next().unwrap())
        {
            let inside =
                value.starts_with('#') || (value.starts_with('/') && !value.starts_with("//"));
            let quoted = value.starts_with("@raw/") || value == "user";
            assert!(inside || quoted, "{attribute}{value}");
        }
    }
    let (_, style) = page.split_once("<style>").unwrap();
    let (style, rest) = style.split_once("</style>").unwrap();
    assert!(!rest.contains("<style"));
    let hash = STANDARD.encode(Sha256::digest(style));
    let policy = &answer.headers["content-security-policy"];
    assert!(policy.to_str().unwrap().contains(&hash));
}
