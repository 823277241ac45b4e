//! Tokens: made, shown once, revoked.

use pki_store::{TokenRecord, TokenSecret, TokenState};

use crate::support::{Answer, Desk, now};

/// The token that a page shows.
fn secret(page: &Answer) -> TokenSecret {
    let (_, rest) = page.text.split_once("class=\"code token\">").unwrap();
    rest.split_once('<').unwrap().0.parse().unwrap()
}

async fn found(desk: &Desk, secret: &TokenSecret) -> TokenRecord {
    desk.store.token_of("test", secret).await.unwrap().unwrap()
}

const FIELDS: [(&str, &str); 4] = [
    ("profile", "client"),
    ("names", "sensor-7\r\n*.devices.example.org\r\n"),
    ("uses", "3"),
    ("life", "24h"),
];

#[tokio::test]
async fn a_token_is_made_shown_once_and_revoked() {
    let desk = Desk::new().await;
    let made = desk.send("/tokens", "/tokens", &FIELDS).await;
    made.shows("<svg class=\"qr\"");
    let secret = secret(&made);
    let token = found(&desk, &secret).await;
    let names: Vec<_> = token.names.iter().map(ToString::to_string).collect();
    assert_eq!(names, ["sensor-7", "*.devices.example.org"]);
    assert_eq!((token.uses, token.profile.as_str()), (3, "client"));
    assert_eq!(token.made_by, desk.actor_of_alice());
    let left = token.expires_at - now();
    assert!(left.whole_hours() <= 24 && left.whole_hours() >= 23);

    let list = desk.get("/tokens").await;
    list.shows("sensor-7");
    assert!(!list.text.contains(secret.secret_text().as_str()));
    let log = desk.get("/audit").await;
    assert!(!log.text.contains(secret.secret_text().as_str()));

    let path = format!("/tokens/{}/revoke", token.id);
    for _ in 0..2 {
        desk.send("/tokens", &path, &[]).await.leads_to("/tokens");
    }
    assert_eq!(
        found(&desk, &secret).await.state(now()),
        TokenState::Revoked
    );
    let revoked = desk.logged("token-revoked").await;
    assert_eq!(revoked.len(), 1);
    assert_eq!(revoked[0].actor, desk.actor_of_alice());
    let missing = desk.send("/tokens", "/tokens/99/revoke", &[]).await;
    missing.is_refusal(404, "token 99");
}

#[tokio::test]
async fn a_double_click_makes_one_token_and_another_form_another_one() {
    let desk = Desk::new().await;
    let ticket = desk.get("/tokens").await.hidden("ticket");
    let fields = [&[("ticket", ticket.as_str())][..], &FIELDS].concat();
    let (first, second) =
        tokio::join!(desk.post("/tokens", &fields), desk.post("/tokens", &fields));
    let text = |page: &Answer| secret(page).secret_text().to_string();
    assert_eq!(text(&first), text(&second));
    assert_eq!(desk.logged("token-created").await.len(), 1);

    // Back, and something else is filled in.
    let mut other = fields.clone();
    other[2] = ("names", "sensor-8");
    let third = desk.post("/tokens", &other).await;
    assert_ne!(text(&first), text(&third));
    let fourth = desk.send("/tokens", "/tokens", &FIELDS).await;
    assert_ne!(text(&first), text(&fourth));
    assert_eq!(desk.logged("token-created").await.len(), 3);
}

#[tokio::test]
async fn a_token_that_makes_no_sense_is_refused_and_the_form_stays() {
    let desk = Desk::new().await;
    for (name, value, sentence) in [
        ("profile", "admin", "choose one of the list"),
        ("names", "", "say which names"),
        ("names", "a*b*", "not a pattern"),
        ("uses", "0", "a number from 1"),
        ("uses", "x", "a number from 1"),
        ("uses", "4294967297", "a number from 1"),
        ("life", "99d", "choose one of the list"),
        ("any", "yes", "either the profile decides"),
    ] {
        let mut fields = FIELDS.to_vec();
        fields.retain(|(known, _)| *known != name);
        fields.push((name, value));
        let refused = desk.send("/tokens", "/tokens", &fields).await;
        refused.is_refusal(400, sentence);
        assert!(refused.text.contains("<textarea"), "{name}");
    }
    assert!(desk.logged("token-created").await.is_empty());
    let any = [
        ("profile", "server"),
        ("any", "yes"),
        ("uses", "1"),
        ("life", "1h"),
    ];
    let made = desk.send("/tokens", "/tokens", &any).await;
    made.shows("all that the profile allows");
    assert!(found(&desk, &secret(&made)).await.names.is_empty());
}
