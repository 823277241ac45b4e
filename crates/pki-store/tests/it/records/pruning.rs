//! What ended long ago is removed, and what is still needed is not.

use pki_store::{Idempotency, NewApprovalRequest, NewToken, Page, TokenId, TokenSecret};
use time::Duration;

use crate::kit::{Done, Kit, actor, now};

async fn token(kit: &Kit, number: u8, life: Duration) -> Result<TokenId, pki_store::StoreError> {
    let token = NewToken {
        ca: "test".into(),
        profile: "client".into(),
        names: vec![],
        uses: 2,
        expires_at: now() + life,
    };
    let secret = TokenSecret::from_random([number; 32]);
    let actor = actor();
    let made = kit.store.create_token(token, &secret, &actor, now());
    Ok(made.await?.id)
}

async fn request(kit: &Kit, token: TokenId, life: Duration) -> Result<i64, pki_store::IssueError> {
    let request = NewApprovalRequest {
        ca: "test".into(),
        requester: token.requester(),
        actor: token.requester(),
        profile: "client".into(),
        subject: "CN=a".into(),
        sans: vec![],
        spki_sha256: [1; 32],
        csr: vec![1],
        idempotency: Idempotency {
            key: format!("{token} {life}"),
            payload_sha256: [1; 32],
        },
        token: Some(token),
        lineage: None,
        expires_at: now() + life,
    };
    Ok(kit.store.ask_approval(request, now()).await?.id)
}

#[tokio::test]
async fn what_ended_long_ago_is_removed_and_stays_in_the_audit_log() -> Done {
    let kit = Kit::new().await;
    let short = token(&kit, 1, Duration::HOUR).await?;
    let waits = token(&kit, 2, Duration::HOUR).await?;
    let long = token(&kit, 3, Duration::days(9)).await?;
    let last = token(&kit, 4, Duration::HOUR).await?;
    request(&kit, short, Duration::days(1)).await?;
    let kept = request(&kit, waits, Duration::days(30)).await?;
    let newest = request(&kit, waits, Duration::days(1)).await?;
    let before = kit.store.audit(0, 1000).await?.len();

    assert_eq!(kit.store.prune(now()).await?, 0);
    let later = now() + Duration::days(3);
    assert_eq!(kit.store.prune(later).await?, 2);
    assert_eq!(kit.store.prune(later).await?, 0);
    let tokens = kit.store.tokens("test", Page::default()).await?;
    let tokens: Vec<_> = tokens.iter().map(|token| token.id).collect();
    // One is asked by again, and after the last one the next number comes.
    assert_eq!(tokens, [waits, long, last]);
    let requests = kit.store.approvals("test", true, Page::default(), later);
    let requests: Vec<_> = requests.await?.iter().map(|request| request.id).collect();
    assert_eq!(requests, [kept, newest]);
    assert_eq!(kit.store.audit(0, 1000).await?.len(), before);
    kit.store.verify_audit().await?;

    let next = token(&kit, 5, Duration::HOUR).await?;
    assert!(next > last, "a number is given once");
    assert_eq!(kit.store.prune(now() + Duration::days(31)).await?, 3);
    Ok(())
}
