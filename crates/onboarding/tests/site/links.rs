//! One-time links: who sees them, and what they give out, once.

use std::fs;
use std::net::IpAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::http::{Method, Request, StatusCode};
use onboarding::{KeyFile, Package, PasswordHint, Site};

use super::support::{HERE, KEY_FILES, Lab, PASSWORD, Served, THERE, content, names};

#[tokio::test]
async fn a_link_gives_out_one_file_once() {
    for (name, media_type) in KEY_FILES {
        let lab = Lab::new();
        let served = lab.serve();
        let link = served.link().await;
        let page = served.there(&link).await;
        assert_eq!(page.status, StatusCode::OK);
        for (name, _) in KEY_FILES {
            assert!(
                page.text().contains(&format!("href=\"{link}/{name}\"")),
                "{name}"
            );
        }
        let path = format!("{link}/{name}");
        let answer = served.there(&path).await;
        assert_eq!(answer.status, StatusCode::OK, "{name}");
        assert_eq!(answer.body, content(name));
        assert_eq!(answer.headers["content-type"], media_type);
        let disposition = format!("attachment; filename=\"{name}\"");
        assert_eq!(answer.headers["content-disposition"], disposition.as_str());

        // The others have the same key.
        for (other, _) in KEY_FILES {
            let again = served.there(&format!("{link}/{other}")).await;
            assert_eq!(again.status, StatusCode::GONE, "{name}, then {other}");
            assert!(
                again.text().contains("a minute ago, and each link"),
                "{}",
                again.text()
            );
            assert_ne!(again.body, content(other));
        }
        let page = served.there(&link).await;
        assert_eq!(page.status, StatusCode::GONE);
        // The reader may be in the middle of the steps.
        assert!(page.text().contains("Certificate Trust Settings"));
        assert!(!page.text().contains(&link));
        let next = served.link().await;
        assert_ne!(next, link);
        assert_eq!(
            served.there(&format!("{next}/{name}")).await.status,
            StatusCode::OK
        );
    }
}

#[tokio::test]
async fn looking_uses_nothing_up() {
    let lab = Lab::new();
    let served = lab.serve();
    let link = served.link().await;
    for path in [&link, &format!("{link}/client.p12")] {
        let head = served.with(Method::HEAD, path).await;
        assert_eq!(
            (head.status, head.body.len()),
            (StatusCode::OK, 0),
            "{path}"
        );
    }
    for path in ["/client.crt", "/ca.key", "/", "/x/y"] {
        let answer = served.there(&format!("{link}{path}")).await;
        assert_eq!(answer.status, StatusCode::NOT_FOUND, "{path}");
    }
    assert_eq!(served.there(&link).await.status, StatusCode::OK);
    assert_eq!(served.link().await, link, "it is the same until it is used");
    let taken = served.there(&format!("{link}/client.p12")).await;
    assert_eq!(taken.status, StatusCode::OK);
}

#[tokio::test]
async fn of_many_who_come_at_once_one_gets_the_file() {
    let lab = Lab::new();
    let served = Arc::new(lab.serve());
    let path = format!("{}/client.p12", served.link().await);
    let mut requests = tokio::task::JoinSet::new();
    for _ in 0..32 {
        let (served, path) = (served.clone(), path.clone());
        requests.spawn(async move { served.there(&path).await.status });
    }
    let statuses = requests.join_all().await;
    let count = |status| statuses.iter().filter(|it| **it == status).count();
    assert_eq!((count(StatusCode::OK), count(StatusCode::GONE)), (1, 31));
}

#[tokio::test]
async fn only_whoever_sits_at_the_computer_sees_the_link() {
    let lab = Lab::new();
    let address = |text: &str| Some(text.parse::<IpAddr>().unwrap());
    let site = || lab.site().on_network(address("192.0.2.7"), Some(8080));
    let served = Served(site().router());
    for (peer, host, expected) in [
        (HERE, "127.0.0.1:8080", true),
        (HERE, "localhost:8080", true),
        ("[::1]:9", "[::1]:8080", true),
        ("[::ffff:127.0.0.1]:9", "localhost", true),
        (THERE, "192.0.2.7:8080", false),
        (THERE, "localhost:8080", false),
        // A proxy on this computer passes the network's requests on.
        (HERE, "192.0.2.7:8080", false),
        (HERE, "my-pc", false),
    ] {
        let page = served
            .ask(peer, Request::get("/").header("host", host))
            .await;
        let text = page.text();
        assert_eq!(text.contains("/get/"), expected, "{peer} {host}");
        assert_eq!(text.contains("<svg"), expected, "{peer} {host}");
        assert!(text.contains("href=\"/ca.crt\""), "{peer} {host}");
        assert!(!text.contains("href=\"/client"), "{peer} {host}");
    }
    let link = served.link().await;
    let page = served.here("/").await.text();
    assert!(
        page.contains(&format!("http://192.0.2.7:8080{link}<")),
        "{page}"
    );

    // Without the addresses of peers, nobody is here.
    let unknown = site().router();
    let request = Request::get("/").header("host", "localhost");
    let request = request.body(axum::body::Body::empty()).unwrap();
    let answer = tower::ServiceExt::oneshot(unknown, request).await.unwrap();
    let body = axum::body::to_bytes(answer.into_body(), 1 << 20)
        .await
        .unwrap();
    assert!(!String::from_utf8(body.to_vec()).unwrap().contains("/get/"));
}

#[tokio::test]
async fn a_page_that_is_not_on_the_network_says_how_to_serve_it() {
    let lab = Lab::new();
    let page = lab.serve().here("/").await.text();
    assert!(page.contains("--page 0.0.0.0:8080") && !page.contains("<svg"));
    let address = "192.0.2.8".parse().ok();
    let served = Served(lab.site().on_network(address, None).router());
    let page = served.here("/").await.text();
    assert!(page.contains("--san 192.0.2.8"), "{page}");
}

#[tokio::test]
async fn a_private_password_is_on_no_page() {
    for (password, shown) in [
        (PasswordHint::Public(PASSWORD.to_owned()), true),
        (PasswordHint::Private, false),
    ] {
        let lab = Lab::new();
        let served = Served(lab.site_with(password).router());
        let link = served.link().await;
        for page in [
            served.here("/").await,
            served.there("/").await,
            served.there(&link).await,
        ] {
            assert_eq!(page.text().contains(PASSWORD), shown);
        }
    }
}

#[tokio::test]
async fn what_is_taken_is_recorded_before_it_is_given_out() {
    let lab = Lab::new();
    let seen = Arc::new(Mutex::new(Vec::new()));
    let record = |fails: bool| {
        let seen = seen.clone();
        lab.site().record(move |taken| {
            let peer = taken.peer.unwrap().ip().to_string();
            seen.lock().unwrap().push((taken.client, taken.file, peer));
            async move {
                match fails {
                    true => Err("the store is full".into()),
                    false => Ok(()),
                }
            }
        })
    };
    let served = Served(record(false).router());
    let link = served.link().await;
    served.there(&link).await;
    served
        .with(Method::HEAD, &format!("{link}/client.p12"))
        .await;
    assert_eq!(*seen.lock().unwrap(), []);
    let taken = served.there(&format!("{link}/client.p12")).await;
    assert_eq!(taken.status, StatusCode::OK);
    let expected = (
        "the-client".to_owned(),
        KeyFile::Modern,
        "192.0.2.99".to_owned(),
    );
    assert_eq!(*seen.lock().unwrap(), [expected]);

    let served = Served(record(true).router());
    let link = served.link().await;
    let refused = served.there(&format!("{link}/client.p12")).await;
    assert_eq!(refused.status, StatusCode::INTERNAL_SERVER_ERROR);
    assert_ne!(refused.body, content("client.p12"));
    assert!(!refused.text().contains("the store is full"));
    let again = served.there(&format!("{link}/client.p12")).await;
    assert_eq!(again.status, StatusCode::GONE);
}

#[tokio::test]
async fn a_lab_without_a_file_says_which() {
    for (name, prepare, status, words) in [
        (
            "client.p12",
            (|path| fs::remove_file(path).unwrap()) as fn(&std::path::Path),
            StatusCode::NOT_FOUND,
            "client.p12 is not in the lab",
        ),
        (
            "client_ios.p12",
            |path| fs::write(path, vec![0; 1024 * 1024 + 1]).unwrap(),
            StatusCode::INTERNAL_SERVER_ERROR,
            "more than 1048576 bytes",
        ),
        (
            "client.mobileconfig",
            |path| {
                fs::remove_file(path).unwrap();
                fs::create_dir(path).unwrap();
            },
            StatusCode::INTERNAL_SERVER_ERROR,
            "client.mobileconfig could not be read",
        ),
    ] {
        let lab = Lab::new();
        prepare(&lab.files().join(name));
        let answer = lab.serve().here("/").await;
        assert_eq!(answer.status, status, "{name}");
        assert!(answer.text().contains(words), "{name}: {}", answer.text());
        let place = lab.path().to_str().unwrap();
        assert!(
            !answer.text().contains(place),
            "{name}: shows where the lab is"
        );
        // Others see the steps all the same.
        assert_eq!(lab.serve().there("/").await.status, StatusCode::OK);
    }
    let lab = Lab::new();
    fs::write(lab.files().join("client.p12"), vec![0; 1024 * 1024]).unwrap();
    assert_eq!(
        lab.serve().here("/").await.status,
        StatusCode::OK,
        "exactly at the limit"
    );
}

#[tokio::test]
async fn a_site_of_a_vault_alone_offers_nothing_by_itself() {
    let lab = Lab::new();
    let vault = lab.vault();
    let package = Package::new(names())
        .server("https://api.example/")
        .file(KeyFile::Compat, content("client_ios.p12"));
    let now = std::time::SystemTime::now();
    let token = vault.put(&package, Duration::from_secs(60), now).unwrap();
    let site = Site::new("CA", names(), PasswordHint::Private, vault).host("ca.example");
    let served = Served(site.routes());
    assert!(!served.here("/").await.text().contains("/get/"));
    assert_eq!(served.there("/ca.crt").await.body, b"CA");
    let link = format!("/get/{}", token.secret_str());
    for (host, status) in [
        ("ca.example:8080", StatusCode::OK),
        ("rebind.example", StatusCode::MISDIRECTED_REQUEST),
    ] {
        let request = Request::get(&link).header("host", host);
        assert_eq!(served.ask(THERE, request).await.status, status, "{host}");
    }
    let page = served.there(&link).await.text();
    assert!(page.contains("https://api.example/") && page.contains("the-client"));
    let missing = served.there(&format!("{link}/client.p12")).await;
    assert_eq!(missing.status, StatusCode::NOT_FOUND);
    let taken = served.there(&format!("{link}/client_ios.p12")).await;
    assert_eq!(taken.body, content("client_ios.p12"));
}
