//! The pages over HTTP: what each address answers, and what none of them gives away.
#![cfg(feature = "serve")]
#![allow(clippy::unwrap_used, reason = "tests")]

use std::fs;
use std::path::Path;

use axum::body::{Body, to_bytes};
use axum::http::{HeaderMap, Method, Request, StatusCode};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use onboarding::{Names, PasswordHint, Site, document};
use sha2::{Digest, Sha256};
use tempfile::TempDir;
use tower::ServiceExt;

const FILES: [(&str, &str); 4] = [
    ("ca.crt", "application/x-x509-ca-cert"),
    ("client.mobileconfig", "application/x-apple-aspen-config"),
    ("client.p12", "application/x-pkcs12"),
    ("client_ios.p12", "application/x-pkcs12"),
];

#[tokio::test]
async fn each_file_comes_whole_with_its_type_and_name() {
    let lab = lab();
    for (name, media_type) in FILES {
        let answer = get(lab.path(), &format!("/{name}")).await;
        assert_eq!(answer.status, StatusCode::OK, "{name}");
        assert_eq!(
            answer.body,
            fs::read(lab.path().join("same-ca").join(name)).unwrap(),
            "{name}"
        );
        assert_eq!(answer.headers["content-type"], media_type, "{name}");
        assert_eq!(
            answer.headers["content-disposition"],
            format!("attachment; filename=\"{name}\"").as_str()
        );
    }
}

#[tokio::test]
async fn a_file_is_read_when_it_is_asked_for() {
    let lab = lab();
    let app = router(lab.path(), public());
    fs::write(lab.path().join("same-ca/ca.crt"), "renewed").unwrap();
    assert_eq!(ask(app, Request::get("/ca.crt")).await.body, b"renewed");
}

#[tokio::test]
async fn a_file_that_cannot_be_sent_is_a_sentence_with_its_name() {
    let lab = lab();
    let at = |name: &str| lab.path().join("same-ca").join(name);
    fs::remove_file(at("ca.crt")).unwrap();
    fs::remove_file(at("client.p12")).unwrap();
    fs::create_dir(at("client.p12")).unwrap();
    fs::write(at("client_ios.p12"), vec![0; 1024 * 1024 + 1]).unwrap();
    fs::write(at("client.mobileconfig"), vec![0; 1024 * 1024]).unwrap();

    for (name, status, words) in [
        ("ca.crt", StatusCode::NOT_FOUND, "ca.crt is not in the lab"),
        (
            "client.p12",
            StatusCode::INTERNAL_SERVER_ERROR,
            "client.p12 could not be read",
        ),
        (
            "client_ios.p12",
            StatusCode::INTERNAL_SERVER_ERROR,
            "more than 1048576 bytes",
        ),
    ] {
        let answer = get(lab.path(), &format!("/{name}")).await;
        assert_eq!(answer.status, status, "{name}");
        assert!(answer.text().contains(words), "{name}: {}", answer.text());
        assert!(
            !answer.text().contains(lab.path().to_str().unwrap()),
            "{name}: shows where the lab is"
        );
        assert!(
            !answer.headers.contains_key("content-disposition"),
            "{name}"
        );
    }
    assert_eq!(
        get(lab.path(), "/client.mobileconfig").await.status,
        StatusCode::OK,
        "exactly at the limit"
    );
}

#[tokio::test]
async fn no_address_leads_to_another_file() {
    let lab = lab();
    for path in [
        "/ca.key",
        "/client.key",
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
    ] {
        let answer = get(lab.path(), path).await;
        assert_eq!(answer.status, StatusCode::NOT_FOUND, "{path}");
        assert!(!answer.text().contains(SECRET), "{path}");
        assert!(
            answer.text().contains("There is nothing at this address"),
            "{path}"
        );
    }
}

#[tokio::test]
async fn only_reading_is_possible() {
    let lab = lab();
    for (method, status) in [
        (Method::GET, StatusCode::OK),
        (Method::HEAD, StatusCode::OK),
        (Method::POST, StatusCode::METHOD_NOT_ALLOWED),
        (Method::PUT, StatusCode::METHOD_NOT_ALLOWED),
        (Method::DELETE, StatusCode::METHOD_NOT_ALLOWED),
        (Method::OPTIONS, StatusCode::METHOD_NOT_ALLOWED),
    ] {
        for path in ["/", "/matrix", "/client.p12"] {
            let app = router(lab.path(), public());
            let answer = ask(app, Request::builder().method(method.clone()).uri(path)).await;
            assert_eq!(answer.status, status, "{method} {path}");
        }
    }
}

#[tokio::test]
async fn a_public_name_for_this_machine_is_refused_before_anything_is_read() {
    let lab = lab();
    for (host, accepted) in [
        ("127.0.0.1:8080", true),
        ("[::1]:8080", true),
        ("localhost:8080", true),
        ("rebind.example:8080", false),
        ("127.0.0.1.rebind.example", false),
    ] {
        for path in ["/", "/client_ios.p12"] {
            let app = router(lab.path(), public());
            let answer = ask(app, Request::get(path).header("host", host)).await;
            let status = if accepted {
                StatusCode::OK
            } else {
                StatusCode::MISDIRECTED_REQUEST
            };
            assert_eq!(answer.status, status, "{host} {path}");
        }
    }
    let app = router(lab.path(), public());
    let both = Request::get("http://rebind.example/client.p12").header("host", "localhost");
    assert_eq!(ask(app, both).await.status, StatusCode::MISDIRECTED_REQUEST);
}

#[tokio::test]
async fn every_answer_is_kept_nowhere_and_may_load_nothing() {
    let lab = lab();
    fs::remove_file(lab.path().join("same-ca/client.p12")).unwrap();
    for path in ["/", "/matrix", "/ca.crt", "/client.p12", "/nowhere"] {
        let answer = get(lab.path(), path).await;
        for (name, value) in [
            ("cache-control", "no-store"),
            ("cross-origin-resource-policy", "same-origin"),
            ("referrer-policy", "no-referrer"),
            ("x-content-type-options", "nosniff"),
        ] {
            assert_eq!(answer.headers[name], value, "{path}");
        }
        let policy = answer.headers["content-security-policy"].to_str().unwrap();
        assert!(
            policy.starts_with("default-src 'none'; style-src 'sha256-"),
            "{policy}"
        );
        assert!(!policy.contains("unsafe"), "{policy}");
        assert!(
            !answer.headers.contains_key("access-control-allow-origin"),
            "{path}"
        );
    }
}

#[tokio::test]
async fn pages_load_nothing_and_run_nothing() {
    let lab = lab();
    for path in ["/", "/matrix", "/nowhere"] {
        let answer = ask(router(lab.path(), public()), Request::get(path)).await;
        assert_eq!(
            answer.headers["content-type"], "text/html; charset=utf-8",
            "{path}"
        );
        assert_is_self_contained(&answer.text(), &answer.headers);
    }
}

#[tokio::test]
async fn onboarding_links_to_every_file_and_the_matrix() {
    let lab = lab();
    let page = get(lab.path(), "/").await.text();
    for link in FILES
        .map(|(name, _)| format!("href=\"/{name}\""))
        .iter()
        .map(String::as_str)
        .chain(["href=\"/matrix\""])
    {
        assert!(page.contains(link), "{link}");
    }
    for fact in [
        "--page 0.0.0.0:8080",
        "Certificate Trust Settings",
        "8 minutes",
        "Install a certificate",
        "API 24",
    ] {
        assert!(page.contains(fact), "{fact}");
    }
}

#[tokio::test]
async fn only_a_public_password_is_shown() {
    let lab = lab();
    for (password, shown) in [(public(), true), (PasswordHint::Private, false)] {
        let app = router(lab.path(), password);
        let page = ask(app, Request::get("/")).await.text();
        assert_eq!(page.contains(PASSWORD), shown);
        assert_eq!(page.contains("--p12-password"), !shown);
    }
}

#[tokio::test]
async fn the_names_on_the_device_are_those_that_were_given() {
    let lab = lab();
    let page = get(lab.path(), "/").await.text();
    for name in ["The Root", "Hello the-client", "› The Profile ›"] {
        assert!(page.contains(name), "{name}");
    }
}

/// A public password.
const PASSWORD: &str = "everybody knows";

const SECRET: &str = "the private key";

/// A lab with the four files, and with keys beside them that nobody may get.
fn lab() -> TempDir {
    let lab = TempDir::new().unwrap();
    let directory = lab.path().join("same-ca");
    fs::create_dir(&directory).unwrap();
    for (name, media_type) in FILES {
        fs::write(directory.join(name), format!("{name}\0{media_type}")).unwrap();
    }
    for path in ["ca.key", "client.key"] {
        fs::write(directory.join(path), SECRET).unwrap();
    }
    fs::write(lab.path().join("manifest.json"), SECRET).unwrap();
    lab
}

struct Answer {
    status: StatusCode,
    headers: HeaderMap,
    body: Vec<u8>,
}

impl Answer {
    fn text(&self) -> String {
        String::from_utf8(self.body.clone()).unwrap()
    }
}

fn router(lab: &Path, password: PasswordHint) -> axum::Router {
    let names = Names {
        ca: "The Root".to_owned(),
        client: "the-client".to_owned(),
        profile: "The Profile".to_owned(),
    };
    let results = document("Results", "<body><a href=\"/\">Back</a></body>");
    Site::new(lab.join("same-ca"), names, password)
        .page("/matrix", "Results of the tests", results)
        .router()
}

fn public() -> PasswordHint {
    PasswordHint::Public(PASSWORD.to_owned())
}

async fn get(lab: &Path, path: &str) -> Answer {
    ask(router(lab, public()), Request::get(path)).await
}

async fn ask(app: axum::Router, request: axum::http::request::Builder) -> Answer {
    let response = app
        .oneshot(request.body(Body::empty()).unwrap())
        .await
        .unwrap();
    let (parts, body) = response.into_parts();
    Answer {
        status: parts.status,
        headers: parts.headers,
        body: to_bytes(body, 4 << 20).await.unwrap().to_vec(),
    }
}

/// No script, no address outside, no style but the one that the policy names.
fn assert_is_self_contained(page: &str, headers: &HeaderMap) {
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
    assert!(
        headers["content-security-policy"]
            .to_str()
            .unwrap()
            .contains(&hash)
    );
}
