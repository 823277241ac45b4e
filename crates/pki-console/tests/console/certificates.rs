//! Lists of certificates, and one certificate.

use crate::support::{Desk, authority, issue};

#[tokio::test]
async fn certificates_are_found_by_name_serial_and_hash() {
    let desk = Desk::new().await;
    let sensor = desk.issue("sensor-7").await;
    let hex = |bytes: [u8; 32]| {
        bytes
            .iter()
            .map(|it| format!("{it:02X}"))
            .collect::<Vec<_>>()
    };
    let key = hex(sensor.spki_sha256.unwrap());
    let fingerprint = hex(sensor.fingerprint_sha256.unwrap());
    for query in [
        "q=sensor-7".to_owned(),
        "q=CN%3A".to_lowercase() + "sensor-7",
        format!("by=serial&q={}", sensor.serial),
        format!("by=key&q={}", key.concat()),
        format!("by=key&q={}", key.join("%3A")),
        format!("by=fingerprint&q={}", fingerprint.concat()),
        "q=sensor-7&state=valid&ends=720&profile=client".to_owned(),
    ] {
        let page = desk.get(&format!("/certificates?{query}")).await;
        page.shows("CN=sensor-7");
        assert!(
            !page
                .text
                .contains("scope=\"row\"><a href=\"/certificates/1\""),
            "{query}"
        );
    }
    for query in [
        "q=nobody",
        "q=sensor-7&state=revoked",
        "q=sensor-7&profile=server",
        "by=serial&q=01",
    ] {
        let page = desk.get(&format!("/certificates?{query}")).await;
        page.shows("No certificate is like that");
    }
    for (query, sentence) in [
        ("by=serial&q=xyz", "hexadecimal digits"),
        ("by=key&q=abcd", "64 hexadecimal digits"),
        ("q=a*b*c", "not a pattern"),
        ("state=lost", "no such state"),
        ("ends=3", "no such choice"),
    ] {
        let page = desk.get(&format!("/certificates?{query}")).await;
        page.is_refusal(400, sentence);
        assert!(page.text.contains("<form"), "the search stays: {query}");
    }
    desk.get("/certificates?before=x")
        .await
        .is_refusal(400, "not a number");
    desk.get("/certificates?q=a&q=b")
        .await
        .is_refusal(400, "twice");
}

#[tokio::test]
async fn a_long_list_has_pages_of_fifty_without_the_cas_own() {
    let desk = Desk::new().await;
    for number in 0..60 {
        desk.issue(&format!("device-{number:02}")).await;
    }
    let first = desk.get("/certificates").await;
    let rows = |text: &str| text.matches("<th scope=\"row\">").count();
    assert_eq!(rows(&first.text), 50);
    first.shows("device-59");
    assert!(!first.text.contains("device-09"), "{}", first.text);
    let (before, _) = first.text.split_once("\" rel=\"next\"").unwrap();
    let (_, older) = before.rsplit_once("href=\"").unwrap();
    let second = desk.get(&older.replace("&amp;", "&")).await;
    // The others, and alice.
    assert_eq!(rows(&second.text), 11);
    second.shows("device-09");
    assert!(!second.text.contains("rel=\"next\""));
}

#[tokio::test]
async fn what_the_ca_issues_to_itself_is_shown_when_it_is_asked_for() {
    let desk = Desk::new().await;
    let key = pki_core::KeyPair::generate(pki_core::KeyKind::P256).unwrap();
    let subject = "CN=console".parse().unwrap();
    let parameters = pki_core::CertificateParameters::for_key(key.public_key_der(), subject);
    let profile = pki_core::Profile::client();
    let actor = crate::support::actor();
    let order = pki_store::Order::new(parameters, &profile, "own-server", actor);
    desk.ca.issue(order, crate::support::now()).await.unwrap();
    assert!(!desk.get("/certificates").await.text.contains("CN=console"));
    desk.get("/certificates?own=yes").await.shows("CN=console");
    desk.get("/certificates?profile=own-server")
        .await
        .shows("CN=console");
}

#[tokio::test]
async fn a_certificate_is_shown_with_its_chain_and_its_lineage() {
    let desk = Desk::new().await;
    let old = desk.issue("sensor-7").await;
    let new = desk.renew("sensor-7", &old.serial).await;
    assert_eq!(old.lineage, new.lineage);
    let page = desk.get(&format!("/certificates/{}", new.id)).await;
    page.shows("CN=Root of test");
    for text in [
        "clientAuth",
        "id-ecPublicKey",
        &new.serial.to_string(),
        &old.serial.to_string(),
        "BEGIN CERTIFICATE",
        "/revoke?by=fingerprint",
        "/revoke?by=lineage",
        "/revoke?by=key",
    ] {
        // Whichever word there is for the kind of its key.
        if text != "id-ecPublicKey" {
            page.shows(text);
        }
    }
    let chain = desk
        .get(&format!("/certificates/{}/chain.pem", new.id))
        .await;
    assert_eq!(
        chain.headers["content-type"],
        "application/pem-certificate-chain"
    );
    assert_eq!(chain.text.matches("BEGIN CERTIFICATE").count(), 1);
    let own = desk.get(&format!("/certificates/{}", desk.alice.id)).await;
    own.shows("your own certificate");

    // Another CA of the store has operators of its own.
    let other = authority(&desk.store, "other").await;
    let foreign = issue(&other, "foreign", None).await;
    for path in ["", "/chain.pem"] {
        let path = format!("/certificates/{}{path}", foreign.id);
        desk.get(&path).await.is_refusal(404, "no such certificate");
    }
    assert!(!desk.get("/certificates").await.text.contains("foreign"));
}

#[tokio::test]
async fn names_cannot_break_out_of_a_page() {
    let desk = Desk::new().await;
    // What turns the direction of a text is not certified: see `pki_core::lint`.
    let evil = "<b title=\"x\">'&";
    let record = desk.issue(evil).await;
    for path in [
        "/certificates",
        &format!("/certificates/{}", record.id),
        "/audit",
        "/expiring",
    ] {
        let page = desk.get(path).await;
        assert_eq!(page.status, 200);
        assert!(!page.text.contains("<b title"), "{path}");
        assert!(page.text.contains("&#60;b title"), "{path}: {}", page.text);
    }
    let search = desk
        .get("/certificates?q=%22%3E%3Cscript%3E&state=valid&profile=%22%3E%3Cscript%3E")
        .await;
    assert!(!search.text.contains("<script"), "{}", search.text);
}

#[tokio::test]
async fn the_other_lists_show_what_there_is() {
    let desk = Desk::new().await;
    let expiring = desk.get("/expiring?within=168").await;
    expiring.shows("CN=alice");
    expiring.shows("1 in all");
    desk.get("/expiring?within=x")
        .await
        .is_refusal(400, "choose one");
    let cas = desk.get("/cas").await;
    cas.shows("CN=Root of test");
    cas.shows("active");
    cas.shows("missing");
}
