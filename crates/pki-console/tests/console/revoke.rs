//! Revoking: the dry run, and doing what it has shown.

use pki_store::CertificateState;

use crate::support::{Answer, Desk};

/// Confirms a dry run.
async fn confirm(desk: &Desk, page: &Answer, reason: &str) -> Answer {
    let [ticket, by, value, seen] = ["ticket", "by", "value", "seen"].map(|it| page.hidden(it));
    let value = value.replace("&#38;", "&");
    let fields = [
        ("ticket", ticket.as_str()),
        ("by", &by),
        ("value", &value),
        ("seen", &seen),
        ("reason", reason),
    ];
    desk.post("/revoke", &fields).await
}

fn hex(bytes: Option<[u8; 32]>) -> String {
    bytes
        .unwrap()
        .iter()
        .map(|it| format!("{it:02x}"))
        .collect()
}

#[tokio::test]
async fn each_selection_shows_what_goes_and_then_it_goes() {
    let desk = Desk::new().await;
    for by in ["serial", "lineage", "key", "fingerprint", "name"] {
        let name = format!("of-{by}");
        let old = desk.issue(&name).await;
        let new = desk.renew(&name, &old.serial).await;
        let value = match by {
            "key" => hex(new.spki_sha256),
            "fingerprint" => hex(new.fingerprint_sha256),
            "name" => name.clone(),
            _ => new.serial.to_string(),
        };
        let both = matches!(by, "lineage" | "name");
        let dry_run = desk.get(&format!("/revoke?by={by}&value={value}")).await;
        let count = match both {
            true => "2 certificates would be revoked",
            false => "1 certificate would be revoked",
        };
        dry_run.shows(count);
        dry_run.shows(&new.serial.to_string());
        assert_eq!(dry_run.text.contains(&old.serial.to_string()), both, "{by}");
        assert_eq!(desk.record(new.id).await.state, CertificateState::Valid);

        let done = confirm(&desk, &dry_run, "superseded").await;
        done.leads_to(&format!("/revoke?by={by}&value={value}"));
        desk.get(done.location())
            .await
            .shows("Nothing is left to revoke");
        assert_eq!(desk.record(new.id).await.state, CertificateState::Revoked);
        let state = desk.record(old.id).await.state;
        assert_eq!(state == CertificateState::Revoked, both, "{by}");
    }
    for row in desk.logged("revoked").await {
        assert_eq!(row.actor, desk.actor_of_alice());
        assert!(row.detail.contains("superseded"));
    }
    desk.store.verify_audit().await.unwrap();
}

#[tokio::test]
async fn what_was_not_shown_is_not_revoked() {
    let desk = Desk::new().await;
    let first = desk.issue("sensor").await;
    let dry_run = desk.get("/revoke?by=name&value=sensor").await;
    dry_run.shows("1 certificate would be revoked");
    let second = desk.issue("sensor").await;
    let refused = confirm(&desk, &dry_run, "superseded").await;
    refused.is_refusal(409, "nothing was revoked");
    assert!(refused.text.contains("2 certificates would be revoked"));
    for record in [&first, &second] {
        assert_eq!(desk.record(record.id).await.state, CertificateState::Valid);
    }
    // The page that came back has another list, which can be confirmed.
    confirm(&desk, &refused, "superseded").await;
    assert_eq!(desk.logged("revoked").await.len(), 2);
}

#[tokio::test]
async fn a_form_that_is_sent_twice_revokes_once() {
    let desk = Desk::new().await;
    desk.issue("sensor").await;
    let dry_run = desk.get("/revoke?by=name&value=sensor").await;
    let first = confirm(&desk, &dry_run, "superseded").await;
    let second = confirm(&desk, &dry_run, "superseded").await;
    first.leads_to("/revoke?by=name&value=sensor");
    second.leads_to("/revoke?by=name&value=sensor");
    assert_eq!(desk.logged("revoked").await.len(), 1);
}

#[tokio::test]
async fn a_key_that_turns_out_to_be_compromised_is_blocked_afterwards() {
    let desk = Desk::new().await;
    let record = desk.issue("sensor").await;
    desk.revoke(&record).await;
    let page = desk
        .get(&format!("/revoke?by=serial&value={}", record.serial))
        .await;
    page.shows("Block the key");
    assert!(!page.text.contains("value=\"superseded\""));
    confirm(&desk, &page, "keyCompromise").await;
    assert_eq!(desk.logged("key-blocked").await.len(), 1);
    let page = desk
        .get(&format!("/revoke?by=serial&value={}", record.serial))
        .await;
    assert!(
        !page.text.contains("method=\"post\""),
        "nothing more can be done"
    );
}

#[tokio::test]
async fn a_selection_or_reason_that_makes_no_sense_is_one_sentence() {
    let desk = Desk::new().await;
    desk.issue("sensor").await;
    for (query, sentence) in [
        ("by=serial&value=xyz", "hexadecimal digits"),
        ("by=key&value=ab", "64 hexadecimal digits"),
        ("by=everything&value=x", "choose one of the list"),
        ("by=name&value=a*b*", "not a pattern"),
    ] {
        desk.get(&format!("/revoke?{query}"))
            .await
            .is_refusal(400, sentence);
    }
    desk.get("/revoke?by=name&value=nobody")
        .await
        .shows("Nothing would be revoked");
    let dry_run = desk.get("/revoke?by=name&value=sensor").await;
    for reason in ["", "removeFromCRL", "cACompromise", "boredom"] {
        confirm(&desk, &dry_run, reason)
            .await
            .is_refusal(400, "choose one");
    }
    let own = desk.get("/revoke?by=name&value=alice").await;
    own.shows("Your own certificate is among them");
    assert!(desk.logged("revoked").await.is_empty());
}
