//! The operators' console of `mtls serve`, over mutual TLS.

use std::net::TcpListener;

use reqwest::Client;

use crate::common::Place;
use crate::common::browser::browser;
use crate::common::ca::{WITH, certificate};
use crate::common::served::Served;

const CONSOLE: [&str; 6] = [
    "--console",
    "127.0.0.1:0",
    "--operator",
    "cn:alice",
    "--operator",
    "email:carol@ops.example.org",
];

async fn page(browser: &Client, url: &str) -> (u16, String) {
    let response = browser.get(url).send().await.unwrap();
    (response.status().as_u16(), response.text().await.unwrap())
}

#[tokio::test]
async fn operators_see_the_console_until_they_are_revoked_and_nobody_else_does() {
    let place = Place::with_ca();
    for (name, more) in [
        ("alice", &[][..]),
        ("carol", &["--san", "email:carol@ops.example.org"]),
        ("device", &[]),
    ] {
        let issue = [&WITH[..], &["issue", "client", name], more].concat();
        place.run(&issue).ok();
    }
    let served = Served::start(&place, &[&WITH[..], &CONSOLE].concat());
    let url = format!("https://localhost:{}/certificates", served.console().port());
    let alice = browser(&place, Some("alice"));
    for operator in [&alice, &browser(&place, Some("carol"))] {
        let (status, text) = page(operator, &url).await;
        assert_eq!(status, 200, "{text}");
        assert!(text.contains("CN=device"), "{text}");
        // The certificate of the console itself is none of those that were asked for.
        assert!(!text.contains("CN=localhost"), "{text}");
    }
    let (status, text) = page(&browser(&place, Some("device")), &url).await;
    assert_eq!(status, 403, "{text}");
    assert!(text.contains("not that of an operator"), "{text}");
    let anonymous = browser(&place, None).get(&url).send().await;
    let refused = format!("{:?}", anonymous.unwrap_err());
    assert!(refused.contains("CertificateRequired"), "{refused}");
    // Neither is there anything of it where everybody may ask.
    assert_eq!(served.get("/certificates").0, 404);

    let tokens = url.replace("/certificates", "/tokens");
    let (_, form) = page(&alice, &tokens).await;
    let (_, rest) = form.split_once("name=\"ticket\" value=\"").unwrap();
    let ticket = rest.split_once('"').unwrap().0;
    let body = format!("ticket={ticket}&profile=client&names=sensor-7&uses=1&life=1h");
    let origin = tokens.strip_suffix("/tokens").unwrap();
    let send = async |origin: &str| {
        let request = alice.post(&tokens).header("origin", origin);
        let request = request.header("content-type", "application/x-www-form-urlencoded");
        let response = request.body(body.clone()).send().await.unwrap();
        response.status().as_u16()
    };
    assert_eq!(send("https://evil.example").await, 403);
    assert_eq!(send(origin).await, 200);
    let made = place.run(&["token", "list", "--json"]).json();
    let serial = certificate(&place.read("alice/client.crt"))
        .serial()
        .to_string();
    assert_eq!(made[0]["made_by"], format!("console:{serial} CN=alice"));
    assert_eq!(made.as_array().unwrap().len(), 1);

    // Her connection is open, and no CRL was fetched.
    place.run(&["revoke", "--name", "alice", "--yes"]).ok();
    let (status, text) = page(&alice, &url).await;
    assert_eq!(status, 403, "{text}");
    assert!(text.contains("Your certificate is revoked"), "{text}");
    let own = place.run(&["list", "--json"]).json();
    assert_eq!(own.as_array().unwrap().len(), 3);
    assert!(served.stop());
    place.run(&["audit", "verify"]).ok();
}

#[test]
fn a_console_for_everybody_or_on_a_taken_port_is_refused() {
    let place = Place::with_ca();
    for wrong in [
        &["--console", "127.0.0.1:0"][..],
        &["--operator", "cn:alice"],
        &["--console", "127.0.0.1:0", "--operator", "alice"],
        &["--console", "127.0.0.1:0", "--operator", "spki:ab"],
        &[
            "--read-only",
            "--console",
            "127.0.0.1:0",
            "--operator",
            "cn:alice",
        ],
    ] {
        let ran = place.run(&[&["serve", "--listen", "127.0.0.1:0"], wrong].concat());
        assert_eq!(ran.code, 2, "{wrong:?}: {}", ran.stderr);
    }
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let serve = ["serve", "--listen", "127.0.0.1:0", "--console", &address];
    let ran = place.run(&[&WITH[..], &serve, &["--operator", "cn:alice"]].concat());
    ran.refused("choose another with --console");
}
