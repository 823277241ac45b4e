//! The first page and the CA.

use std::fs;

use axum::http::{Request, StatusCode};

use super::support::{HERE, Lab, THERE, content};

#[tokio::test]
async fn everybody_gets_the_ca_as_it_is_now() {
    let lab = Lab::new();
    let served = lab.serve();
    let answer = served.there("/ca.crt").await;
    assert_eq!(answer.body, content("ca.crt"));
    assert_eq!(answer.headers["content-type"], "application/x-x509-ca-cert");
    fs::write(lab.files().join("ca.crt"), "renewed").unwrap();
    assert_eq!(served.there("/ca.crt").await.body, b"renewed");
    fs::remove_file(lab.files().join("ca.crt")).unwrap();
    let answer = served.there("/ca.crt").await;
    assert_eq!(answer.status, StatusCode::NOT_FOUND);
    assert!(answer.text().contains("ca.crt is not in the lab"));
    assert!(!answer.headers.contains_key("content-disposition"));
}

#[tokio::test]
async fn the_first_page_has_the_steps_of_all_devices() {
    let page = Lab::new().serve().there("/").await.text();
    for fact in [
        "Certificate Trust Settings",
        "8 minutes",
        "Install a certificate › CA\ncertificate",
        "API 24",
        "Device Management",
        "Trusted Root Certification Authorities",
        "pk12util",
        "href=\"/matrix\"",
        "The Root",
        "the-client",
        "› The Profile ›",
        "the tests",
    ] {
        assert!(page.contains(fact), "{fact}");
    }
    for id in [
        "files", "ios", "android", "macos", "windows", "linux", "trouble", "remove",
    ] {
        assert!(page.contains(&format!("href=\"#{id}\"")), "{id}");
        assert_eq!(page.matches(&format!(" id=\"{id}\"")).count(), 1, "{id}");
    }
}

#[tokio::test]
async fn the_steps_of_the_readers_device_come_first() {
    let lab = Lab::new();
    let served = lab.serve();
    let first = async |peer, host: &str, user_agent: Option<&str>| {
        let mut request = Request::get("/").header("host", host);
        if let Some(user_agent) = user_agent {
            request = request.header("user-agent", user_agent);
        }
        let page = served.ask(peer, request).await.text();
        let ids = ["ios", "android", "macos", "windows", "linux"];
        let place = |id: &&str| page.find(&format!("<h2 id=\"{id}\"")).unwrap();
        let first = ids.into_iter().min_by_key(place).unwrap();
        (first, page.matches("your device</span>").count())
    };
    for (user_agent, expected) in [
        (Some("Mozilla/5.0 (Linux; Android 10; K)"), ("android", 1)),
        (
            Some("Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X)"),
            ("ios", 1),
        ),
        (
            Some("Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7)"),
            ("macos", 1),
        ),
        (
            Some("Mozilla/5.0 (Windows NT 10.0; Win64; x64)"),
            ("windows", 1),
        ),
        (Some("Mozilla/5.0 (X11; Linux x86_64)"), ("linux", 1)),
        (Some("curl/8.5.0"), ("ios", 0)),
        (None, ("ios", 0)),
    ] {
        assert_eq!(
            first(THERE, "192.0.2.7", user_agent).await,
            expected,
            "{user_agent:?}"
        );
        assert_eq!(
            first(HERE, "localhost", user_agent).await,
            expected,
            "{user_agent:?}"
        );
    }
}

#[tokio::test]
async fn the_file_that_the_device_takes_is_the_first() {
    let lab = Lab::new();
    let served = lab.serve();
    let link = served.link().await;
    for (user_agent, best) in [
        ("Mozilla/5.0 (Linux; Android 10; K)", Some("client_ios.p12")),
        (
            "Mozilla/5.0 (Windows NT 10.0; Win64; x64)",
            Some("client_ios.p12"),
        ),
        (
            "Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X)",
            Some("client.mobileconfig"),
        ),
        (
            "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7)",
            Some("client.mobileconfig"),
        ),
        ("curl/8.5.0", None),
    ] {
        let request = Request::get(&link).header("user-agent", user_agent);
        let page = served.ask(THERE, request).await.text();
        assert_eq!(
            page.matches("for your device").count(),
            usize::from(best.is_some())
        );
        let (_, files) = page.split_once("<ul class=\"files\">").unwrap();
        let first = files.split("<b>").nth(1).unwrap();
        let expected = best.unwrap_or("client.mobileconfig");
        assert!(first.starts_with(expected), "{user_agent}: {first}");
    }
}
