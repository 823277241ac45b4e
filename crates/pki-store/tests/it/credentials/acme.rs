//! ACME: keys that are good as often as they say, orders that end once, and what is forgotten.

use pki_store::{
    AcmeAccount, AcmeAccountChange, AcmeAccountState, AcmeError, AcmeIdentifier, AcmeMac,
    AcmeOrder, AcmeOutcome, AcmeState, NewAcmeAccount, NewAcmeChallenge, NewAcmeKey, NewAcmeOrder,
    Store, StoreError, TokenState,
};
use time::Duration;

use crate::kit::{Done, Kit, actor, client, new_key, now, order};

async fn key(store: &Store, uses: u32) -> Result<i64, StoreError> {
    let key = NewAcmeKey {
        ca: "test".into(),
        kid: "k".into(),
        profiles: vec!["server".into()],
        names: vec!["*.example.org".parse().expect("a pattern")],
        uses,
        expires_at: now() + Duration::HOUR,
    };
    let mac = AcmeMac::from_random([1; 32]);
    let made = store.create_acme_key(key, &mac, &actor(), now()).await?;
    Ok(made.id)
}

fn account(number: u8, key: Option<i64>) -> NewAcmeAccount {
    NewAcmeAccount {
        ca: "test".into(),
        thumbprint: [number; 32],
        jwk: "{}".into(),
        contacts: vec!["mailto:a@example.org".into()],
        key,
    }
}

async fn make(store: &Store, number: u8) -> Result<AcmeAccount, AcmeError> {
    store
        .create_acme_account(account(number, None), &actor(), now())
        .await
}

async fn new_order(store: &Store, account: i64, names: &[&str]) -> Result<AcmeOrder, AcmeError> {
    let identifiers = names.iter().map(|name| {
        let identifier = AcmeIdentifier {
            kind: "dns".into(),
            value: (*name).into(),
        };
        let challenge = NewAcmeChallenge {
            kind: "http-01".into(),
            token: "t".into(),
        };
        (identifier, vec![challenge])
    });
    let order = NewAcmeOrder {
        ca: "test".into(),
        account,
        profile: "server".into(),
        identifiers: identifiers.collect(),
        replaces: None,
        expires_at: now() + Duration::HOUR,
    };
    store.create_acme_order(order, now()).await
}

/// Says of each challenge of an order that it is met, and that it was tried with this outcome.
async fn finish(store: &Store, order: &AcmeOrder, outcome: AcmeOutcome) -> Result<(), StoreError> {
    for id in &order.authorizations {
        let found = store.acme_authorization("test", *id, now()).await?;
        let challenge = found.expect("an authorization").challenges[0].id;
        assert!(store.begin_acme_challenge(challenge, now(), now()).await?);
        assert!(!store.begin_acme_challenge(challenge, now(), now()).await?);
        let (outcome, actor) = (outcome.clone(), actor());
        let finished = store.finish_acme_challenge(challenge, outcome, &actor, now());
        assert!(finished.await?);
    }
    Ok(())
}

async fn state(store: &Store, order: &AcmeOrder) -> Result<AcmeState, StoreError> {
    let found = store.acme_order("test", order.id, now()).await?;
    Ok(found.expect("an order").state)
}

#[tokio::test(flavor = "multi_thread")]
async fn of_50_that_make_an_account_with_a_key_at_once_as_many_do_as_it_is_good_for() -> Done {
    let kit = Kit::new().await;
    let id = key(&kit.store, 3).await?;
    let mut clients = tokio::task::JoinSet::new();
    for number in 0..50 {
        let store = kit.store.clone();
        clients.spawn(async move {
            store
                .create_acme_account(account(number, Some(id)), &actor(), now())
                .await
        });
    }
    let mut made = 0;
    for outcome in clients.join_all().await {
        match outcome {
            Ok(account) => {
                assert_eq!(account.kid.as_deref(), Some("k"));
                assert_eq!(account.profiles, ["server"]);
                made += 1;
            }
            Err(AcmeError::Key { state: "used" }) => {}
            Err(error) => return Err(error.into()),
        }
    }
    assert_eq!(made, 3);
    let rows = kit.store.audit(0, 1000).await?;
    let count = |event: &str| rows.iter().filter(|row| row.event == event).count();
    assert_eq!((count("acme-account-created"), count("refused")), (3, 47));
    let (found, _) = kit.store.acme_key("test", "k").await?.expect("a key");
    assert_eq!(found.state(now()), TokenState::Used);
    assert!(kit.store.acme_key("other", "k").await?.is_none());
    // Revoked or expired, it is no good either; an account that is there is found with it.
    let revoked = kit
        .store
        .revoke_acme_key("test", id, &actor(), now())
        .await?;
    assert_eq!(revoked.state(now()), TokenState::Revoked);
    let late = kit
        .store
        .create_acme_account(account(99, Some(id)), &actor(), now())
        .await;
    assert!(matches!(late, Err(AcmeError::Key { state: "revoked" })));
    Ok(())
}

#[tokio::test]
async fn an_account_that_has_ended_stays_ended() -> Done {
    let kit = Kit::new().await;
    let (first, second) = (make(&kit.store, 1).await?, make(&kit.store, 2).await?);
    let change = async |id, change| {
        kit.store
            .change_acme_account("test", id, change, &actor(), now())
            .await
    };
    let key = |before, number| AcmeAccountChange::Key {
        before: [before; 32],
        thumbprint: [number; 32],
        jwk: "{\"new\":1}".into(),
    };
    let taken = change(first.id, key(1, 2)).await;
    assert!(matches!(taken, Err(AcmeError::KeyTaken)));
    assert_eq!(change(first.id, key(1, 3)).await?.thumbprint, [3; 32]);
    // Asked once more, since the answer was not heard; and by who has the key before, too.
    assert_eq!(change(first.id, key(1, 3)).await?.thumbprint, [3; 32]);
    let late = change(first.id, key(1, 5)).await;
    assert!(matches!(late, Err(AcmeError::KeyChanged)), "{late:?}");
    let ended = change(second.id, AcmeAccountChange::Revoke).await?;
    assert_eq!(ended.state, AcmeAccountState::Revoked);
    let contacts = AcmeAccountChange::Contacts(vec!["mailto:b@example.org".into()]);
    assert_eq!(change(second.id, contacts).await?.contacts, second.contacts);
    assert_eq!(change(second.id, key(2, 4)).await?.thumbprint, [2; 32]);
    assert_eq!(make(&kit.store, 2).await?.state, AcmeAccountState::Revoked);
    let missing = change(99, AcmeAccountChange::Revoke).await;
    assert!(matches!(
        missing,
        Err(AcmeError::Store(StoreError::NotFound { .. }))
    ));
    Ok(())
}

#[tokio::test]
async fn an_order_is_ready_when_all_is_proven_and_invalid_when_one_has_failed() -> Done {
    let kit = Kit::new().await;
    let account = make(&kit.store, 1).await?.id;
    let met = AcmeOutcome::Met { attested: None };
    let failed = AcmeOutcome::Failed {
        problem: "{}".into(),
    };
    let good = new_order(&kit.store, account, &["a", "b"]).await?;
    let mut half = good.clone();
    half.authorizations.truncate(1);
    finish(&kit.store, &half, met.clone()).await?;
    assert_eq!(state(&kit.store, &good).await?, AcmeState::Pending);
    half.authorizations
        .clone_from(&good.authorizations[1..].to_vec());
    finish(&kit.store, &half, met.clone()).await?;
    assert_eq!(state(&kit.store, &good).await?, AcmeState::Ready);
    let bad = new_order(&kit.store, account, &["a"]).await?;
    finish(&kit.store, &bad, failed).await?;
    assert_eq!(state(&kit.store, &bad).await?, AcmeState::Invalid);
    let late = kit
        .store
        .begin_acme_finalize("test", bad.id, b"csr", now())
        .await;
    assert!(matches!(late, Err(AcmeError::State { state: "invalid" })));

    // One CSR is taken, and the same one again.
    let begin = async |csr: &[u8]| {
        kit.store
            .begin_acme_finalize("test", good.id, csr, now())
            .await
    };
    assert_eq!(begin(b"one").await?.state, AcmeState::Processing);
    assert_eq!(begin(b"one").await?.state, AcmeState::Processing);
    assert!(matches!(begin(b"two").await, Err(AcmeError::State { .. })));
    // What has expired is no good.
    let old = new_order(&kit.store, account, &["a"]).await?;
    finish(&kit.store, &old, met).await?;
    let later = now() + Duration::HOUR;
    let late = kit
        .store
        .begin_acme_finalize("test", old.id, b"csr", later)
        .await;
    assert!(matches!(late, Err(AcmeError::State { state: "expired" })));
    Ok(())
}

#[tokio::test]
async fn a_challenge_is_tried_by_one_process_at_a_time_and_again_after_it_has_ended() -> Done {
    let kit = Kit::new().await;
    let other = Store::open(kit.store.url()).await?;
    let account = make(&kit.store, 1).await?.id;
    let order = new_order(&kit.store, account, &["a"]).await?;
    let claim = async |store: &Store, after: i64| {
        let now = now() + Duration::seconds(after);
        let until = now + Duration::MINUTE;
        store.claim_acme_challenges("test", 10, until, now).await
    };
    assert!(
        claim(&kit.store, 0).await?.is_empty(),
        "nobody has asked for it"
    );
    let id = order.authorizations[0];
    let found = kit.store.acme_authorization("test", id, now()).await?;
    let challenge = found.expect("an authorization").challenges[0].id;
    kit.store
        .begin_acme_challenge(challenge, now(), now())
        .await?;
    let due = claim(&kit.store, 0).await?;
    assert_eq!(due.len(), 1);
    assert_eq!((due[0].attempts, due[0].thumbprint), (1, [1; 32]));
    assert!(claim(&other, 59).await?.is_empty());
    assert_eq!(claim(&other, 60).await?[0].attempts, 2);
    let later = AcmeOutcome::Later {
        problem: "{}".into(),
        at: now() + Duration::seconds(200),
    };
    assert!(
        other
            .finish_acme_challenge(challenge, later, &actor(), now())
            .await?
    );
    assert!(claim(&kit.store, 199).await?.is_empty());
    assert_eq!(claim(&kit.store, 200).await?[0].attempts, 3);
    Ok(())
}

#[tokio::test]
async fn orders_are_forgotten_with_their_certificates_and_not_before() -> Done {
    let kit = Kit::new().await;
    let account = make(&kit.store, 1).await?.id;
    let met = AcmeOutcome::Met { attested: None };
    let (with, without, processing) = (
        new_order(&kit.store, account, &["a"]).await?,
        new_order(&kit.store, account, &["a"]).await?,
        new_order(&kit.store, account, &["a"]).await?,
    );
    // An upstream CA may issue for the last one late.
    for order in [&with, &processing] {
        finish(&kit.store, order, met.clone()).await?;
        kit.store
            .begin_acme_finalize("test", order.id, b"csr", now())
            .await?;
    }
    let (key, profile) = (new_key(), client());
    let issued = kit.ca.issue(order("a", &key, &profile), now()).await?;
    let (id, end) = (issued.record.id, issued.record.not_after);
    let finished = kit.store.finish_acme_order("test", with.id, Ok(id), now());
    assert_eq!(finished.await?.certificate, Some(id));
    assert_eq!(
        kit.store.acme_order_of(id).await?.map(|it| it.0),
        Some(account)
    );
    for (before, pruned) in [
        (now(), 0),
        (now() + Duration::HOUR * 2, 1),
        (end, 0),
        (end + Duration::SECOND, 1),
    ] {
        assert_eq!(
            kit.store.prune_acme_orders("test", before).await?,
            pruned,
            "{before}"
        );
    }
    assert!(
        kit.store
            .acme_order("test", without.id, now())
            .await?
            .is_none()
    );
    assert!(kit.store.acme_order_of(id).await?.is_none());
    let kept = kit.store.acme_order("test", processing.id, now()).await?;
    assert!(kept.is_some());
    Ok(())
}

#[tokio::test]
async fn an_account_has_so_many_open_orders_and_no_more() -> Done {
    let kit = Kit::new().await;
    let (first, second) = (make(&kit.store, 1).await?.id, make(&kit.store, 2).await?.id);
    for _ in 0..300 {
        new_order(&kit.store, first, &["a"]).await?;
    }
    let more = new_order(&kit.store, first, &["a"]).await;
    assert!(matches!(more, Err(AcmeError::TooManyOrders { limit: 300 })));
    new_order(&kit.store, second, &["a"]).await?;
    Ok(())
}
