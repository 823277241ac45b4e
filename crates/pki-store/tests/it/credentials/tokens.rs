//! Tokens: good for what they were made for, and as often.

use pki_store::{
    Idempotency, IssueError, NewToken, Page, StoreError, TokenError, TokenRecord, TokenSecret,
    TokenState,
};
use time::Duration;

use crate::kit::{Done, Kit, actor, client, new_key, now, order};

fn new_token(uses: u32) -> NewToken {
    NewToken {
        ca: "test".into(),
        profile: "client".into(),
        names: vec!["*.example.org".parse().expect("a pattern")],
        uses,
        expires_at: now() + Duration::HOUR,
    }
}

async fn make(kit: &Kit, number: u8, uses: u32) -> Result<TokenRecord, StoreError> {
    let secret = TokenSecret::from_random([number; 32]);
    kit.store
        .create_token(new_token(uses), &secret, &actor(), now())
        .await
}

async fn refusals(kit: &Kit) -> Result<Vec<String>, StoreError> {
    let rows = kit.store.audit(0, 1000).await?;
    let refused = rows.into_iter().filter(|row| row.event == "refused");
    Ok(refused.map(|row| row.detail).collect())
}

#[tokio::test(flavor = "multi_thread")]
async fn of_50_that_use_a_token_at_once_one_wins() -> Done {
    let kit = Kit::new().await;
    let token = make(&kit, 1, 1).await?;
    let mut clients = tokio::task::JoinSet::new();
    for number in 0..50 {
        let ca = kit.ca.clone();
        clients.spawn(async move {
            let (key, profile) = (new_key(), client());
            let order = order(&format!("c{number}"), &key, &profile).token(token.id);
            ca.issue(order, now()).await
        });
    }
    let mut issued = 0;
    for outcome in clients.join_all().await {
        match outcome {
            Ok(_) => issued += 1,
            Err(IssueError::Token(TokenError::Used)) => {}
            Err(error) => return Err(error.into()),
        }
    }
    assert_eq!(issued, 1);
    let refused = refusals(&kit).await?;
    assert_eq!(refused.len(), 49);
    assert!(
        refused
            .iter()
            .all(|it| it.contains("the token was used already"))
    );
    let tokens = kit.store.tokens("test", Page::default()).await?;
    assert_eq!(
        (tokens[0].used, tokens[0].state(now())),
        (1, TokenState::Used)
    );
    kit.store.verify_audit().await?;
    Ok(())
}

#[tokio::test]
async fn a_token_is_good_for_its_uses_its_time_and_its_ca() -> Done {
    let kit = Kit::new().await;
    let token = make(&kit, 1, 2).await?;
    let issue = async |name: &str, now| {
        let (key, profile) = (new_key(), client());
        let order = order(name, &key, &profile).token(token.id);
        kit.ca.issue(order, now).await
    };
    issue("a", now()).await?;
    let late = issue("b", token.expires_at).await;
    assert!(
        matches!(late, Err(IssueError::Token(TokenError::Expired))),
        "{late:?}"
    );
    issue("c", token.expires_at - Duration::SECOND).await?;
    let third = issue("d", now()).await;
    assert!(
        matches!(third, Err(IssueError::Token(TokenError::Used))),
        "{third:?}"
    );

    let (key, profile) = (new_key(), client());
    let order_with = |id: i64| order("e", &key, &profile).token(id.into());
    let revoked = make(&kit, 2, 1).await?;
    kit.store
        .revoke_token("test", revoked.id, &actor(), now())
        .await?;
    let other = NewToken {
        ca: "other".into(),
        ..new_token(1)
    };
    let secret = TokenSecret::from_random([3; 32]);
    let other = kit
        .store
        .create_token(other, &secret, &actor(), now())
        .await?;
    for (id, expected) in [
        (revoked.id.number(), TokenError::Revoked),
        (other.id.number(), TokenError::Unknown),
        (999, TokenError::Unknown),
    ] {
        let refused = kit.ca.issue(order_with(id), now()).await;
        assert!(
            matches!(refused, Err(IssueError::Token(error)) if error == expected),
            "{refused:?}"
        );
    }
    assert!(kit.store.token_of("test", &secret).await?.is_none());
    assert!(kit.store.token_of("other", &secret).await?.is_some());
    assert_eq!(refusals(&kit).await?.len(), 5);
    Ok(())
}

#[tokio::test]
async fn what_is_refused_or_comes_to_nothing_uses_no_token_up() -> Done {
    let kit = Kit::new().await;
    let token = make(&kit, 1, 1).await?;
    let (key, profile) = (new_key(), client());
    // The key is in use with other names.
    kit.ca.issue(order("first", &key, &profile), now()).await?;
    let in_use = kit
        .ca
        .issue(order("a", &key, &profile).token(token.id), now())
        .await;
    assert!(
        matches!(in_use, Err(IssueError::KeyInUse { .. })),
        "{in_use:?}"
    );

    let key = new_key();
    let asked = |token| {
        let idempotency = Idempotency {
            key: "k1".into(),
            payload_sha256: [1; 32],
        };
        order("a", &key, &profile)
            .token(token)
            .idempotency(idempotency)
    };
    let first = kit.ca.issue(asked(token.id), now()).await?;
    // As if the signer had failed, after the token was used.
    let database = rusqlite::Connection::open(kit.path())?;
    database.execute(
        "UPDATE certificates SET state = 3 WHERE subject = 'CN=a'",
        [],
    )?;
    drop(database);
    let second = kit.ca.issue(asked(token.id), now()).await?;
    assert_ne!(second.record.serial, first.record.serial);
    let third = kit.ca.issue(asked(token.id), now()).await?;
    assert_eq!(third.record.serial, second.record.serial);

    // Once it is revoked, what came to nothing is not tried again with it, and what did not is there.
    kit.store
        .revoke_token("test", token.id, &actor(), now())
        .await?;
    let known = kit.ca.issue(asked(token.id), now()).await?;
    assert_eq!(known.record.serial, second.record.serial);
    let database = rusqlite::Connection::open(kit.path())?;
    database.execute(
        "UPDATE certificates SET state = 3 WHERE subject = 'CN=a'",
        [],
    )?;
    drop(database);
    let revoked = kit.ca.issue(asked(token.id), now()).await;
    assert!(
        matches!(revoked, Err(IssueError::Token(TokenError::Revoked))),
        "{revoked:?}"
    );

    let other = make(&kit, 2, 1).await?;
    let fourth = kit.ca.issue(asked(other.id), now()).await;
    assert!(
        matches!(fourth, Err(IssueError::OtherPayload)),
        "{fourth:?}"
    );
    let used: Vec<_> = kit.store.tokens("test", Page::default()).await?;
    assert_eq!(used.iter().map(|it| it.used).collect::<Vec<_>>(), [1, 0]);
    Ok(())
}

#[tokio::test]
async fn a_token_that_nobody_could_use_is_not_made() -> Done {
    let kit = Kit::new().await;
    let expired = NewToken {
        expires_at: now(),
        ..new_token(1)
    };
    for token in [expired, new_token(0)] {
        let secret = TokenSecret::from_random([1; 32]);
        let made = kit
            .store
            .create_token(token, &secret, &actor(), now())
            .await;
        assert!(matches!(made, Err(StoreError::Refused(_))), "{made:?}");
    }
    let unknown = kit
        .store
        .revoke_token("test", 7.into(), &actor(), now())
        .await;
    assert!(matches!(unknown, Err(StoreError::NotFound { .. })));
    Ok(())
}

#[test]
fn a_pattern_allows_names_and_no_wildcard() {
    use pki_store::NamePattern;
    use x509_identity::SubjectAltName::{Dns, Email, Uri};
    let pattern = |text: &str| text.parse::<NamePattern>().expect("a pattern");
    for (text, name, allowed) in [
        ("*.example.org", Dns("a.example.org".into()), true),
        ("*.example.org", Dns("*.example.org".into()), false),
        ("*.example.org", Dns("a.b.example.org".into()), false),
        ("dns:*.example.org", Dns("a.example.org".into()), true),
        ("email:@example.org", Email("a@example.org".into()), true),
        ("uri:spiffe://e.org/a", Uri("spiffe://e.org/a".into()), true),
        ("a.example.org", Dns("b.example.org".into()), false),
        ("@example.org", Email("a@example.org".into()), true),
        ("@example.org", Dns("example.org".into()), false),
        ("spiffe://e.org/a/*", Uri("spiffe://e.org/a/b".into()), true),
        ("spiffe://e.org/a/*", Uri("spiffe://e.org/b".into()), false),
    ] {
        assert_eq!(pattern(text).allows(&name), allowed, "{text} {name}");
    }
    for (text, name, allowed) in [
        ("cn:Sensor 7", "Sensor 7", true),
        ("cn:Sensor 7", "sensor 7", false),
        ("*.example.org", "a.example.org", true),
        ("*.example.org", "example.org", false),
        ("@example.org", "a@example.org", false),
    ] {
        assert_eq!(
            pattern(text).allows_common_name(name),
            allowed,
            "{text} {name}"
        );
    }
    assert_eq!(
        pattern("a.example.org").only_name(),
        Some(Dns("a.example.org".into()))
    );
    assert_eq!(pattern("*.example.org").only_name(), None);
}
