//! Requests that wait for approval.

use pki_store::{
    Actor, ApprovalState, Idempotency, IssueError, NewApprovalRequest, NewToken, Page, StoreError,
    TokenError, TokenId, TokenSecret,
};
use time::Duration;

use crate::kit::{Done, Kit, actor, now};

fn request(number: u32, token: Option<TokenId>) -> NewApprovalRequest {
    NewApprovalRequest {
        ca: "test".into(),
        requester: Actor::new("token:1"),
        actor: Actor::new("token:1"),
        profile: "client".into(),
        subject: "CN=a".into(),
        sans: vec![],
        spki_sha256: [1; 32],
        csr: number.to_be_bytes().to_vec(),
        idempotency: Idempotency {
            key: format!("request {number}"),
            payload_sha256: [1; 32],
        },
        token,
        expires_at: now() + Duration::DAY,
    }
}

#[tokio::test]
async fn what_is_decided_is_decided_once_and_about_what_was_seen() -> Done {
    let kit = Kit::new().await;
    let asked = kit.store.ask_approval(request(1, None), now()).await?;
    assert_eq!(asked.state, ApprovalState::Pending);
    let other_csr = kit
        .store
        .approve("test", asked.id, [7; 32], &actor(), now())
        .await;
    assert!(
        matches!(other_csr, Err(StoreError::Refused(_))),
        "{other_csr:?}"
    );
    let other_ca = kit
        .store
        .approve("other", asked.id, asked.csr_sha256, &actor(), now())
        .await;
    assert!(
        matches!(other_ca, Err(StoreError::NotFound { .. })),
        "{other_ca:?}"
    );
    let approved = kit
        .store
        .approve("test", asked.id, asked.csr_sha256, &actor(), now())
        .await?;
    assert_eq!(approved.state, ApprovalState::Approved);
    let again = kit
        .store
        .deny("test", asked.id, asked.csr_sha256, "no", &actor(), now())
        .await;
    assert!(matches!(again, Err(StoreError::Refused(_))), "{again:?}");

    let denied = kit.store.ask_approval(request(2, None), now()).await?;
    let denied = kit
        .store
        .deny(
            "test",
            denied.id,
            denied.csr_sha256,
            "who is it?",
            &actor(),
            now(),
        )
        .await?;
    assert_eq!(denied.reason.as_deref(), Some("who is it?"));
    let late = kit.store.ask_approval(request(3, None), now()).await?;
    let end = late.expires_at;
    let late = kit
        .store
        .approve("test", late.id, late.csr_sha256, &actor(), end)
        .await;
    assert!(matches!(late, Err(StoreError::Refused(_))), "{late:?}");
    let all = kit
        .store
        .approvals("test", true, Page::default(), end)
        .await?;
    let states: Vec<_> = all.iter().map(|it| it.state).collect();
    let expected = [
        ApprovalState::Expired,
        ApprovalState::Denied,
        ApprovalState::Expired,
    ];
    assert_eq!(states, expected);
    let pending = kit
        .store
        .approvals("test", false, Page::default(), now())
        .await?;
    assert_eq!(pending.len(), 1);
    let events = kit
        .store
        .audit(0, 100)
        .await?
        .into_iter()
        .map(|row| row.event);
    let events: Vec<_> = events.filter(|it| it.starts_with("request-")).collect();
    assert_eq!(
        events,
        [
            "request-pending",
            "request-approved",
            "request-pending",
            "request-denied",
            "request-pending"
        ]
    );
    Ok(())
}

#[tokio::test]
async fn a_request_is_made_once_and_uses_its_token_once() -> Done {
    let kit = Kit::new().await;
    let token = NewToken {
        ca: "test".into(),
        profile: "client".into(),
        names: vec![],
        uses: 1,
        expires_at: now() + Duration::HOUR,
    };
    let secret = TokenSecret::from_random([1; 32]);
    let token = kit
        .store
        .create_token(token, &secret, &actor(), now())
        .await?
        .id;
    let first = kit
        .store
        .ask_approval(request(1, Some(token)), now())
        .await?;
    let again = kit
        .store
        .ask_approval(request(1, Some(token)), now())
        .await?;
    assert_eq!(first.id, again.id);
    let mut other = request(1, Some(token));
    other.idempotency.payload_sha256 = [2; 32];
    let other = kit.store.ask_approval(other, now()).await;
    assert!(matches!(other, Err(IssueError::OtherPayload)), "{other:?}");
    let second = kit.store.ask_approval(request(2, Some(token)), now()).await;
    assert!(
        matches!(second, Err(IssueError::Token(TokenError::Used))),
        "{second:?}"
    );
    for number in 2..101 {
        kit.store.ask_approval(request(number, None), now()).await?;
    }
    let more = kit.store.ask_approval(request(101, None), now()).await;
    assert!(
        matches!(more, Err(IssueError::TooManyPending { limit: 100 })),
        "{more:?}"
    );
    // They have expired by then.
    let later = now() + Duration::days(2);
    let mut fresh = request(102, None);
    fresh.expires_at = later + Duration::DAY;
    kit.store.ask_approval(fresh, later).await?;
    let refused = kit.store.audit(0, 1000).await?;
    assert_eq!(
        refused.iter().filter(|row| row.event == "refused").count(),
        3
    );
    Ok(())
}
