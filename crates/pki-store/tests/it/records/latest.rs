//! Lists that begin with what is newest.

use pki_core::verify::RevocationReason;
use pki_store::{
    Actor, CertificateState, Filter, Idempotency, NewApprovalRequest, NewToken, Selector,
    TokenSecret,
};
use time::Duration;

use crate::kit::{Done, Kit, actor, now, of};

#[tokio::test]
async fn certificates_are_listed_backwards_page_by_page() -> Done {
    let kit = Kit::new().await;
    let mut issued = Vec::new();
    for number in 0..7 {
        let record = kit.issue(&format!("client-{number}")).await?.record;
        issued.push(record.id);
    }
    let list = async |filter: &Filter| {
        let (mut all, mut before) = (Vec::new(), None);
        loop {
            let page = kit.store.latest_certificates(filter, before, 3, now());
            let page = page.await?;
            assert!(page.len() <= 3);
            let Some(last) = page.last() else { break };
            before = Some(last.id);
            all.extend(page.iter().map(|record| record.id));
        }
        Ok::<_, pki_store::StoreError>(all)
    };
    let all = Filter::default();
    let backwards: Vec<_> = issued.iter().rev().copied().collect();
    assert_eq!(list(&all).await?, backwards);

    let second = kit.store.certificate(issued[1], now()).await?;
    let selection = of(Selector::Serial(second.serial));
    let reason = RevocationReason::Superseded;
    kit.store
        .revoke(&selection, reason, &actor(), now())
        .await?;
    for (state, expected) in [
        (CertificateState::Revoked, vec![issued[1]]),
        (
            CertificateState::Valid,
            backwards
                .iter()
                .copied()
                .filter(|id| *id != issued[1])
                .collect(),
        ),
        (CertificateState::Expired, vec![]),
    ] {
        let filter = Filter {
            state: Some(state),
            ..Filter::default()
        };
        assert_eq!(list(&filter).await?, expected, "{state:?}");
    }
    let named = Filter {
        name: Some("cn:client-4".parse()?),
        ..Filter::default()
    };
    assert_eq!(list(&named).await?, [issued[4]]);
    Ok(())
}

#[tokio::test]
async fn tokens_and_requests_are_listed_backwards_for_their_ca_alone() -> Done {
    let kit = Kit::new().await;
    for number in 1..=5_u8 {
        let token = NewToken {
            ca: if number == 3 { "other" } else { "test" }.into(),
            profile: "client".into(),
            names: Vec::new(),
            uses: 1,
            expires_at: now() + Duration::HOUR,
        };
        let secret = TokenSecret::from_random([number; 32]);
        kit.store
            .create_token(token, &secret, &actor(), now())
            .await?;
        let request = NewApprovalRequest {
            ca: if number == 3 { "other" } else { "test" }.into(),
            requester: Actor::new("token:1"),
            actor: Actor::new("token:1"),
            profile: "client".into(),
            subject: format!("CN={number}"),
            sans: Vec::new(),
            spki_sha256: [number; 32],
            csr: vec![number],
            idempotency: Idempotency {
                key: number.to_string(),
                payload_sha256: [number; 32],
            },
            token: None,
            lineage: None,
            expires_at: now() + Duration::HOUR,
        };
        kit.store.ask_approval(request, now()).await?;
    }
    let (mut before, mut tokens) = (None, Vec::new());
    loop {
        let page = kit.store.latest_tokens("test", before, 2).await?;
        let Some(last) = page.last() else { break };
        before = Some(last.id.number());
        tokens.extend(page.iter().map(|token| token.id.number()));
    }
    assert_eq!(tokens, [5, 4, 2, 1]);
    let (mut before, mut requests) = (None, Vec::new());
    loop {
        let page = kit.store.latest_approvals("test", before, 2, now()).await?;
        let Some(last) = page.last() else { break };
        before = Some(last.id);
        requests.extend(page.iter().map(|request| request.subject.clone()));
    }
    assert_eq!(requests, ["CN=5", "CN=4", "CN=2", "CN=1"]);
    Ok(())
}
