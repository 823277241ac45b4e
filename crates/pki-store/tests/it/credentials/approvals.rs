//! Requests that wait for approval.

use pki_store::{
    Actor, ApprovalState, Idempotency, IssueError, NewApprovalRequest, NewToken, Page, StoreError,
    TokenError, TokenId, TokenSecret,
};
use time::Duration;

use crate::kit::{Done, Kit, actor, client, new_key, now, order};

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
        lineage: None,
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
async fn of_a_lineage_as_many_wait_as_of_one_requester() -> Done {
    let kit = Kit::new().await;
    let ask = async |number: u32, requester: u32, lineage: u8| {
        let mut request = request(number, None);
        request.requester = Actor::new(format!("certificate:{requester}"));
        request.lineage = Some([lineage; 16]);
        kit.store.ask_approval(request, now()).await
    };
    // A hundred, each with a certificate that renews the one before.
    for number in 0..100 {
        ask(number, number, 1).await?;
    }
    let more = ask(100, 100, 1).await;
    assert!(
        matches!(more, Err(IssueError::TooManyPending { limit: 100 })),
        "{more:?}"
    );
    // One that is known waits on, and another lineage is another one.
    ask(0, 0, 1).await?;
    ask(101, 101, 2).await?;
    kit.store.ask_approval(request(102, None), now()).await?;
    Ok(())
}

#[tokio::test]
async fn what_was_approved_is_withdrawn_until_there_is_a_certificate() -> Done {
    let kit = Kit::new().await;
    let (key, profile) = (new_key(), client());
    let asked = kit.store.ask_approval(request(1, None), now()).await?;
    let seen = asked.csr_sha256;
    kit.store
        .approve("test", asked.id, seen, &actor(), now())
        .await?;
    let denied = kit
        .store
        .withdraw("test", asked.id, seen, "no", &actor(), now())
        .await?;
    assert_eq!(denied.state, ApprovalState::Denied);
    assert_eq!(denied.reason.as_deref(), Some("no"));
    let late = order("a", &key, &profile).approved(&asked);
    let late = kit.ca.issue(late, now()).await;
    assert!(
        matches!(late, Err(IssueError::NotApproved { request }) if request == asked.id),
        "{late:?}"
    );

    let asked = kit.store.ask_approval(request(2, None), now()).await?;
    let seen = asked.csr_sha256;
    let early = order("a", &key, &profile).approved(&asked);
    let early = kit.ca.issue(early, now()).await;
    assert!(
        matches!(early, Err(IssueError::NotApproved { .. })),
        "{early:?}"
    );
    kit.store
        .approve("test", asked.id, seen, &actor(), now())
        .await?;
    let issued = order("a", &key, &profile).approved(&asked);
    let issued = kit.ca.issue(issued, now()).await?;
    let late = kit
        .store
        .withdraw("test", asked.id, seen, "no", &actor(), now())
        .await;
    assert!(matches!(late, Err(StoreError::Refused(_))), "{late:?}");
    let again = order("a", &key, &profile).approved(&asked);
    let again = kit.ca.issue(again, now()).await?;
    assert_eq!(again.record.serial, issued.record.serial);

    // One that nobody has decided about is denied, too, and one that was denied is not denied twice.
    let asked = kit.store.ask_approval(request(3, None), now()).await?;
    for is_first in [true, false] {
        let done = kit
            .store
            .withdraw("test", asked.id, asked.csr_sha256, "no", &actor(), now())
            .await;
        assert_eq!(done.is_ok(), is_first, "{done:?}");
    }
    kit.store.verify_audit().await?;
    Ok(())
}

#[tokio::test]
async fn what_waits_is_denied_with_its_token() -> Done {
    let kit = Kit::new().await;
    let (key, profile) = (new_key(), client());
    let mut requests = Vec::new();
    for number in [1, 2] {
        let token = NewToken {
            ca: "test".into(),
            profile: "client".into(),
            names: vec![],
            uses: 3,
            expires_at: now() + Duration::HOUR,
        };
        let secret = TokenSecret::from_random([number; 32]);
        let token = kit
            .store
            .create_token(token, &secret, &actor(), now())
            .await?
            .id;
        for place in 0..3 {
            let mut request = request(u32::from(number) * 10 + place, Some(token));
            request.requester = token.requester();
            requests.push(kit.store.ask_approval(request, now()).await?);
        }
    }
    // Of each token one is pending, one approved, and of one there is a certificate.
    for asked in requests.iter().filter(|it| it.id % 3 != 1) {
        kit.store
            .approve("test", asked.id, asked.csr_sha256, &actor(), now())
            .await?;
    }
    for asked in requests.iter().filter(|it| it.id % 3 == 0) {
        let order = order("a", &key, &profile).approved(asked);
        kit.ca.issue(order, now()).await?;
    }
    for _ in 0..2 {
        kit.store
            .revoke_token("test", 1.into(), &actor(), now())
            .await?;
    }
    let all = kit
        .store
        .approvals("test", true, Page::default(), now())
        .await?;
    let states: Vec<_> = all.iter().map(|it| it.state).collect();
    let expected = [
        ApprovalState::Denied,
        ApprovalState::Denied,
        ApprovalState::Approved,
        ApprovalState::Pending,
        ApprovalState::Approved,
        ApprovalState::Approved,
    ];
    assert_eq!(states, expected);
    assert_eq!(all[0].reason.as_deref(), Some("the token was revoked"));
    let rows = kit.store.audit(0, 100).await?;
    let denied: Vec<_> = rows
        .iter()
        .filter(|row| row.event == "request-denied")
        .collect();
    assert_eq!(denied.len(), 2);
    assert!(denied[0].detail.contains("the token was revoked"));
    kit.store.verify_audit().await?;
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
