//! `mtls onboard` and `mtls serve --onboarding`: a link that gives a key out once.

use pkcs12_ios::{Bundle, Limits};
use pki_core::Password;

use crate::common::Place;
use crate::common::ca::WITH;
#[cfg(unix)]
use crate::common::mode;
use crate::common::served::Served;

#[test]
fn the_page_gives_out_the_roots_of_the_moment() {
    let place = Place::with_ca();
    let served = Served::start(&place, &[&WITH[..], &["--onboarding"]].concat());
    let before = served.text("/ca.crt");
    assert_eq!(before.matches("BEGIN CERTIFICATE").count(), 1);
    place.ca(&["ca", "rotate", "--root"]).ok();
    let after = served.text("/ca.crt");
    assert_eq!(after.matches("BEGIN CERTIFICATE").count(), 2);
    // Whoever asks now needs both.
    place.run(&["ca", "export", "--out", "both.crt"]).ok();
    assert_eq!(after, place.text("both.crt"));
    assert!(after.contains(before.trim()));
    // What cannot be read is not given out as something else.
    std::fs::rename(place.home().join("default/ca.toml"), place.path("ca.toml")).unwrap();
    assert_eq!(served.get("/ca.crt").0, 500);
}

#[test]
fn a_link_gives_a_bundle_out_once_and_the_log_has_it() {
    let place = Place::with_ca();
    let served = Served::start(&place, &[&WITH[..], &["--onboarding"]].concat());
    let url = format!("http://{}", served.address());
    let onboard = [
        "--json",
        "onboard",
        "alice",
        "--url",
        &url,
        "--site",
        "https://api.example/",
    ];
    let made = place.ca(&onboard).json();
    let (link, password) = (
        made["link"].as_str().unwrap(),
        made["password"].as_str().unwrap(),
    );
    assert_eq!(made["subject"], "CN=alice");
    let path = link.strip_prefix(&url).unwrap();

    let page = served.text(path);
    assert!(page.contains("https://api.example/") && page.contains("This page is for alice"));
    assert!(!page.contains(password), "the password goes another way");
    assert!(served.text("/").contains("Certificate Trust Settings"));
    assert!(
        served
            .text("/ca.crt")
            .starts_with("-----BEGIN CERTIFICATE-----")
    );

    // Neither the key nor the token nor the password is in the clear anywhere.
    let token = path.strip_prefix("/get/").unwrap();
    let links = place.home().join("default/links");
    for entry in std::fs::read_dir(&links).unwrap() {
        let path = entry.unwrap().path();
        let content = std::fs::read(&path).unwrap();
        for secret in [token, password, "alice"] {
            assert!(
                !content
                    .windows(secret.len())
                    .any(|it| it == secret.as_bytes())
            );
        }
        #[cfg(unix)]
        assert_eq!(mode(&path), 0o600);
    }

    let (status, bundle) = served.get(&format!("{path}/client_ios.p12"));
    assert_eq!(status, 200);
    let bundle = Bundle::open(&bundle, &Password::new(password), &Limits::default()).unwrap();
    assert_eq!(bundle.friendly_name(), Some("alice"));
    assert_eq!(bundle.chain_der().len(), 2);
    for name in ["/client_ios.p12", "/client.p12", "/client.mobileconfig", ""] {
        assert_eq!(served.get(&format!("{path}{name}")).0, 410, "{name}");
    }
    let (status, _) = served.get("/get/00000000000000000000000000/client.p12");
    assert_eq!(status, 404);
    // What is not of the pages is as it was.
    assert_eq!(served.get("/healthz").0, 200);
    assert_eq!(served.get("/nowhere").0, 404);

    assert!(served.stop());
    let rows = place.run(&["audit", "export"]).ok();
    let rows: Vec<serde_json::Value> = rows
        .lines()
        .map(|row| serde_json::from_str(row).unwrap())
        .collect();
    let of = |event: &str| {
        rows.iter()
            .filter(|row| row["event"] == event)
            .collect::<Vec<_>>()
    };
    let (made_rows, used) = (of("link-made"), of("link-used"));
    assert_eq!((made_rows.len(), used.len()), (1, 1));
    for row in [made_rows[0], used[0]] {
        assert_eq!(row["serial"], made["serial"]);
        assert!(!row.to_string().contains(token));
    }
    let detail = used[0]["detail"].to_string();
    assert!(
        detail.contains("client_ios.p12") && detail.contains("127.0.0.1"),
        "{detail}"
    );
    place.run(&["audit", "verify"]).ok();
}

#[test]
fn a_link_lasts_as_long_as_it_should_and_serve_answers_it_only_when_asked_to() {
    let place = Place::with_ca();
    let made = place
        .ca(&["--json", "onboard", "bob", "--valid-for", "1s"])
        .json();
    // The CA has a URL, so none has to be given.
    let link = made["link"].as_str().unwrap();
    let path = link.strip_prefix("http://ca.example:8080").unwrap();
    let until = made["until"].as_str().unwrap();
    let parse = |text: &str| {
        time::OffsetDateTime::parse(text, &time::format_description::well_known::Rfc3339).unwrap()
    };
    while time::OffsetDateTime::now_utc() < parse(until) + time::Duration::seconds(1) {
        std::thread::sleep(std::time::Duration::from_millis(100));
    }
    let plain = Served::start(&place, &WITH);
    assert_eq!(plain.get(path).0, 404);
    let served = Served::start(&place, &[&WITH[..], &["--onboarding"]].concat());
    assert_eq!(served.get(path).0, 410);
    assert_eq!(served.get(&format!("{path}/client.p12")).0, 410);
}

#[test]
fn nothing_is_issued_for_a_link_that_cannot_be_made() {
    let place = Place::with_ca();
    place.write("site.key", "not a key");
    let sign = ["--sign-cert", "passphrase", "--sign-key", "site.key"];
    place
        .ca(&[&["onboard", "alice"][..], &sign].concat())
        .refused("passphrase");
    place.write("none", "");
    for (arguments, words) in [
        (
            &["onboard", "alice", "--identifier", "a b"][..],
            "identifier",
        ),
        (&["onboard", "alice", "--life", "100000h"], ""),
    ] {
        place.ca(arguments).refused(words);
    }
    assert_eq!(place.list().len(), 0);
    assert_eq!(place.refusals().len(), 3);
    let both = place.run(&["serve", "--read-only", "--onboarding"]);
    assert_eq!(both.code, 2);
    let wrong = place.ca(&["onboard", "alice", "--url", "https://ca.example/"]);
    assert_eq!(wrong.code, 2);
}
