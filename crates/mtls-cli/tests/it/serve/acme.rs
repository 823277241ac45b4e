//! `mtls acme`, and what `mtls serve --enroll` offers to ACME clients.

use serde_json::{Value, json};

use crate::common::browser::browser;
use crate::common::served::Served;
use crate::common::{Place, mode};

/// What the CA answers, over TLS.
fn get(place: &Place, served: &Served, path: &str) -> (u16, Value) {
    let url = format!("{}{path}", served.enroll_url());
    let runtime = tokio::runtime::Builder::new_current_thread();
    let runtime = { runtime }.enable_all().build().unwrap();
    runtime.block_on(async {
        let response = browser(place, None).get(url).send().await.unwrap();
        (response.status().as_u16(), response.json().await.unwrap())
    })
}

#[test]
fn a_key_for_accounts_is_shown_once_and_can_be_revoked() {
    let place = Place::with_ca();
    let create = ["acme", "eab", "create", "--json", "--name", "*.example.org"];
    let made = place.run(&create).json();
    let key = made["hmac_key"].as_str().unwrap();
    assert_eq!(key.len(), 43);
    assert!(made["kid"].as_str().unwrap().starts_with("eab-"));
    assert_eq!(made["profiles"], json!(["server"]));
    assert_eq!(made["state"], "valid");

    let more = ["--profile", "client", "--accounts", "3", "--out", "eab"];
    let written = place.run(&[&create[..], &more].concat()).json();
    assert!(written.get("hmac_key").is_none());
    let lines = place.text("eab");
    let lines: Vec<_> = lines.lines().collect();
    assert_eq!(lines[0], written["kid"].as_str().unwrap());
    assert_eq!(lines[1].len(), 43);
    assert_ne!(lines[1], key);
    #[cfg(unix)]
    assert_eq!(mode(&place.path("eab")), 0o600);

    let revoked = place.run(&["acme", "eab", "revoke", "1"]).ok();
    assert!(
        revoked.contains("revoked external account key 1"),
        "{revoked}"
    );
    let list = place.run(&["acme", "eab", "list", "--json"]).ok();
    assert!(!list.contains(key) && !list.contains(lines[1]), "{list}");
    let list: Value = serde_json::from_str(&list).unwrap();
    let states: Vec<_> = list
        .as_array()
        .unwrap()
        .iter()
        .map(|it| &it["state"])
        .collect();
    assert_eq!(states, ["revoked", "valid"]);
    assert_eq!(list[1]["accounts"], 3);
    let audit = place.run(&["audit", "export"]).ok();
    assert!(audit.contains("acme-key-created") && audit.contains("acme-key-revoked"));
    assert!(!audit.contains(key), "{audit}");

    place
        .run(&["acme", "eab", "revoke", "9"])
        .refused("external account key 9");
    place
        .run(&["acme", "eab", "create", "--profile", "none"])
        .refused("there is no profile `none`");
    let accounts = place.run(&["acme", "account", "list"]).ok();
    assert!(
        accounts.contains("there are no ACME accounts"),
        "{accounts}"
    );
    place
        .run(&["acme", "account", "deactivate", "1"])
        .refused("ACME account 1");
}

#[test]
fn the_enrolment_listener_offers_acme_as_the_settings_say() {
    let place = Place::with_ca();
    let served = Served::enrolling(&place);
    let (status, directory) = get(&place, &served, "/acme/directory");
    assert_eq!(status, 200);
    let place_of = |name: &str| format!("{}/acme/server/{name}", served.enroll_url());
    assert_eq!(directory["newNonce"], place_of("new-nonce"));
    assert_eq!(directory["renewalInfo"], place_of("renewal-info"));
    assert_eq!(directory["meta"]["externalAccountRequired"], true);
    assert_eq!(get(&place, &served, "/acme/none/directory").0, 404);
    assert!(served.stop());

    let settings = place.text("home/default/ca.toml");
    let table = "\n[acme]\nexternal_account = \"none\"\nnetworks = [\"127.0.0.0/8\"]\n";
    place.write("home/default/ca.toml", format!("{settings}{table}"));
    let served = Served::enrolling(&place);
    let (_, directory) = get(&place, &served, "/acme/client/directory");
    assert_eq!(directory["meta"]["externalAccountRequired"], false);
    assert!(served.stop());

    let wrong = "\n[acme]\nnetworks = [\"everything\"]\n";
    place.write("home/default/ca.toml", format!("{settings}{wrong}"));
    place.run(&["list"]).refused("`everything`");
}
