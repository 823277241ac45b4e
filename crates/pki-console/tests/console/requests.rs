//! Requests that wait: approving and denying.

use pki_store::ApprovalState;

use crate::support::{Desk, now};

#[tokio::test]
async fn a_request_is_approved_or_denied_once() {
    let desk = Desk::new().await;
    let (first, second) = (desk.asks("sensor-7").await, desk.asks("sensor-8").await);
    let list = desk.get("/requests").await;
    list.shows("CN=sensor-7");
    list.shows("CN=sensor-8");
    for (id, word, fields) in [
        (first, "approve", &[][..]),
        (second, "deny", &[("reason", "not <ours>")]),
    ] {
        let page = desk.get(&format!("/requests/{id}")).await;
        let (ticket, csr) = (page.hidden("ticket"), page.hidden("csr"));
        let fields = [&[("ticket", ticket.as_str()), ("csr", &csr)], fields].concat();
        let path = format!("/requests/{id}/{word}");
        // Twice, as by a double click.
        for _ in 0..2 {
            let done = desk.post(&path, &fields).await;
            done.leads_to(&format!("/requests/{id}"));
        }
        let other = if word == "deny" { "approve" } else { "deny" };
        let fields = [&fields[..2], &[("reason", "changed my mind")]].concat();
        let refused = desk.post(&format!("/requests/{id}/{other}"), &fields).await;
        refused.is_refusal(409, "before");
    }
    let state = async |id| {
        desk.store
            .approval("test", id, now())
            .await
            .unwrap()
            .unwrap()
    };
    assert_eq!(state(first).await.state, ApprovalState::Approved);
    let denied = state(second).await;
    assert_eq!(denied.state, ApprovalState::Denied);
    assert_eq!(denied.reason.as_deref(), Some("not <ours>"));
    let page = desk.get(&format!("/requests/{second}")).await;
    page.shows("not &#60;ours&#62;");
    assert!(!page.text.contains("method=\"post\""));
    for event in ["request-approved", "request-denied"] {
        let rows = desk.logged(event).await;
        assert_eq!(rows.len(), 1, "{event}");
        assert_eq!(rows[0].actor, desk.actor_of_alice());
    }
    desk.get("/requests").await.shows("No request waits");
    desk.get("/requests?all=yes").await.shows("CN=sensor-8");
}

#[tokio::test]
async fn what_another_operator_has_decided_is_not_claimed() {
    let desk = Desk::new().await;
    let bob = desk.issue("bob").await;
    let id = desk.asks("sensor").await;
    let path = format!("/requests/{id}/approve");
    let page = desk.get(&format!("/requests/{id}")).await;
    let fields = [
        ("ticket", page.hidden("ticket")),
        ("csr", page.hidden("csr")),
    ];
    let fields = fields
        .each_ref()
        .map(|(name, value)| (*name, value.as_str()));
    let ticket = desk
        .get_as(Some(&bob), &format!("/requests/{id}"))
        .await
        .hidden("ticket");
    let of_bob = [("ticket", ticket.as_str()), fields[1]];
    desk.post_as(&bob, &path, &of_bob)
        .await
        .leads_to(&format!("/requests/{id}"));
    desk.post(&path, &fields)
        .await
        .is_refusal(409, "approved before");
    assert_eq!(desk.logged("request-approved").await.len(), 1);
}

#[tokio::test]
async fn a_csr_that_was_not_shown_and_a_denial_without_a_reason_are_refused() {
    let desk = Desk::new().await;
    let id = desk.asks("sensor").await;
    let page = format!("/requests/{id}");
    let other = "ab".repeat(32);
    let csr = desk.get(&page).await.hidden("csr");
    for (word, fields, status, sentence) in [
        (
            "approve",
            vec![("csr", other.as_str())],
            409,
            "not the one that you have seen",
        ),
        ("approve", vec![], 400, "which CSR"),
        ("deny", vec![("csr", csr.as_str())], 400, "say why"),
        (
            "deny",
            vec![("csr", csr.as_str()), ("reason", "  ")],
            400,
            "say why",
        ),
    ] {
        let refused = desk.send(&page, &format!("{page}/{word}"), &fields).await;
        refused.is_refusal(status, sentence);
    }
    let missing = desk
        .send(&page, "/requests/99/approve", &[("csr", &csr)])
        .await;
    missing.is_refusal(404, "no such request");
    let state = desk
        .store
        .approval("test", id, now())
        .await
        .unwrap()
        .unwrap();
    assert_eq!(state.state, ApprovalState::Pending);
}
