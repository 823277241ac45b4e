//! Evidence of devices: challenges are used once, keys registered once, counters only go up.
#![allow(clippy::panic, reason = "tests")]

use pki_store::{
    AttestationError, AttestationRecord, Challenge, ChallengePurpose, EvidenceUse, Idempotency,
    IssueError, IssuedRecord, KeyUse, NewApprovalRequest, NewAttestedKey, NewToken, Page,
    StoreError, TokenError, TokenSecret,
};
use time::{Duration, OffsetDateTime};

use crate::kit::{Done, Kit, actor, client, new_key, now, order};

const KEY_ID: [u8; 32] = [7; 32];

fn challenge(number: u8) -> Challenge {
    Challenge::from_random([number; 32])
}

async fn given_out(kit: &Kit, number: u8) -> Result<(), StoreError> {
    let expires_at = now() + Duration::minutes(5);
    let purpose = ChallengePurpose::Enroll;
    let challenge = challenge(number);
    kit.store
        .create_challenge("test", &challenge, purpose, expires_at, now())
        .await
}

fn evidence(number: u8, key: KeyUse) -> EvidenceUse {
    EvidenceUse {
        challenge: challenge(number),
        purpose: ChallengePurpose::Enroll,
        csr_sha256: [number; 32],
        key,
    }
}

fn record() -> AttestationRecord {
    AttestationRecord {
        kind: "apple-app-attest".into(),
        binding: "csr-hash".into(),
        keeper: "secure-element".into(),
        device: "device-7".into(),
        claims: serde_json::json!({ "app": "1234567890.com.example.app" }),
    }
}

fn registration() -> KeyUse {
    KeyUse::Register(NewAttestedKey {
        key_id: KEY_ID,
        public_key: vec![1, 2, 3],
        receipt: vec![4, 5],
    })
}

fn counted(counter: u32) -> KeyUse {
    KeyUse::Count {
        key_id: KEY_ID,
        counter,
    }
}

async fn issue(kit: &Kit, evidence: EvidenceUse) -> Result<IssuedRecord, IssueError> {
    issue_at(kit, evidence, now()).await
}

async fn issue_at(
    kit: &Kit,
    evidence: EvidenceUse,
    at: OffsetDateTime,
) -> Result<IssuedRecord, IssueError> {
    let (key, profile) = (new_key(), client());
    let order = order("device", &key, &profile)
        .attestation(record())
        .evidence(evidence);
    kit.ca.issue(order, at).await
}

fn why(refused: Result<IssuedRecord, IssueError>) -> AttestationError {
    match refused {
        Err(IssueError::Attestation(error)) => error,
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn a_challenge_is_good_once_for_its_purpose_its_time_and_its_ca() -> Done {
    let kit = Kit::new().await;
    given_out(&kit, 1).await?;
    issue(&kit, evidence(1, KeyUse::None)).await?;
    let again = issue(&kit, evidence(1, KeyUse::None)).await;
    assert_eq!(why(again), AttestationError::ChallengeUsed);

    given_out(&kit, 2).await?;
    let mut other = evidence(2, KeyUse::None);
    other.purpose = ChallengePurpose::Renew;
    let refused = why(issue(&kit, other).await);
    assert_eq!(refused, AttestationError::ChallengePurpose);
    let end = now() + Duration::minutes(5);
    let late = issue_at(&kit, evidence(2, KeyUse::None), end).await;
    assert_eq!(why(late), AttestationError::ChallengeExpired);
    issue_at(&kit, evidence(2, KeyUse::None), end - Duration::SECOND).await?;

    let unknown = issue(&kit, evidence(3, KeyUse::None)).await;
    assert_eq!(why(unknown), AttestationError::ChallengeUnknown);
    let (purpose, of_other) = (ChallengePurpose::Enroll, challenge(4));
    kit.store
        .create_challenge("other", &of_other, purpose, end, now())
        .await?;
    let foreign = issue(&kit, evidence(4, KeyUse::None)).await;
    assert_eq!(why(foreign), AttestationError::ChallengeUnknown);

    // What has expired is deleted when the next one is made.
    kit.store
        .create_challenge("test", &challenge(5), purpose, end + Duration::HOUR, end)
        .await?;
    let forgotten = issue_at(&kit, evidence(2, KeyUse::None), end).await;
    assert_eq!(why(forgotten), AttestationError::ChallengeUnknown);
    kit.store.verify_audit().await?;
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn of_50_assertions_with_one_counter_one_wins() -> Done {
    let kit = Kit::new().await;
    for number in 0..=51 {
        given_out(&kit, number).await?;
    }
    issue(&kit, evidence(0, registration())).await?;
    let mut clients = tokio::task::JoinSet::new();
    for number in 1..=50 {
        let ca = kit.ca.clone();
        clients.spawn(async move {
            let (key, profile) = (new_key(), client());
            let order = order("device", &key, &profile)
                .attestation(record())
                .evidence(evidence(number, counted(9)));
            ca.issue(order, now()).await
        });
    }
    let mut issued = 0;
    for outcome in clients.join_all().await {
        match outcome {
            Ok(_) => issued += 1,
            Err(IssueError::Attestation(AttestationError::Counter { .. })) => {}
            Err(error) => return Err(error.into()),
        }
    }
    assert_eq!(issued, 1);
    let key = kit.store.attested_key("test", KEY_ID).await?;
    assert_eq!(key.map(|it| it.counter), Some(9));
    let lower = issue(&kit, evidence(51, counted(8))).await;
    let refused = AttestationError::Counter {
        previous: 9,
        seen: 8,
    };
    assert_eq!(why(lower), refused);
    kit.store.verify_audit().await?;
    Ok(())
}

#[tokio::test]
async fn a_key_is_registered_once_and_known_after_that() -> Done {
    let kit = Kit::new().await;
    for number in 1..=4 {
        given_out(&kit, number).await?;
    }
    let unknown = issue(&kit, evidence(1, counted(1))).await;
    assert_eq!(why(unknown), AttestationError::KeyUnknown);
    issue(&kit, evidence(2, registration())).await?;
    let again = issue(&kit, evidence(3, registration())).await;
    assert_eq!(why(again), AttestationError::KeyRegistered);
    issue(&kit, evidence(4, counted(1))).await?;
    let key = kit.store.attested_key("test", KEY_ID).await?;
    let key = key.expect("a key");
    assert_eq!((key.counter, key.public_key), (1, vec![1, 2, 3]));
    assert_eq!((key.device, key.receipt), ("device-7".into(), vec![4, 5]));
    assert_eq!(key.claims, record().claims);
    assert!(kit.store.attested_key("other", KEY_ID).await?.is_none());
    Ok(())
}

#[tokio::test]
async fn what_is_refused_uses_up_the_challenge_alone() -> Done {
    let kit = Kit::new().await;
    for number in 1..=4 {
        given_out(&kit, number).await?;
    }
    let secret = TokenSecret::from_random([1; 32]);
    let token = NewToken {
        ca: "test".into(),
        profile: "client".into(),
        names: Vec::new(),
        uses: 1,
        expires_at: now() + Duration::HOUR,
    };
    let token = kit
        .store
        .create_token(token, &secret, &actor(), now())
        .await?;
    let with_token = async |evidence| {
        let (key, profile) = (new_key(), client());
        let order = order("device", &key, &profile)
            .token(token.id)
            .attestation(record())
            .evidence(evidence);
        kit.ca.issue(order, now()).await
    };
    let used = async || {
        let tokens = kit.store.tokens("test", Page::default()).await?;
        Ok::<_, StoreError>(tokens[0].used)
    };
    let refused = with_token(evidence(1, counted(1))).await;
    assert_eq!(why(refused), AttestationError::KeyUnknown);
    assert_eq!(used().await?, 0);
    with_token(evidence(2, registration())).await?;
    assert_eq!(used().await?, 1);
    let refused = with_token(evidence(3, counted(1))).await;
    assert!(matches!(refused, Err(IssueError::Token(TokenError::Used))));
    let key = kit.store.attested_key("test", KEY_ID).await?;
    assert_eq!(key.map(|it| it.counter), Some(0));
    Ok(())
}

#[tokio::test]
async fn the_same_order_uses_nothing_a_second_time() -> Done {
    let kit = Kit::new().await;
    given_out(&kit, 1).await?;
    let (key, profile) = (new_key(), client());
    let once = || {
        order("device", &key, &profile)
            .attestation(record())
            .evidence(evidence(1, registration()))
            .idempotency(Idempotency {
                key: "request".into(),
                payload_sha256: [1; 32],
            })
    };
    let first = kit.ca.issue(once(), now()).await?;
    let second = kit.ca.issue(once(), now()).await?;
    assert_eq!(first.record.serial, second.record.serial);
    assert!(second.was_there);
    Ok(())
}

#[tokio::test]
async fn what_was_proved_is_with_the_certificate_and_in_the_audit_log() -> Done {
    let kit = Kit::new().await;
    given_out(&kit, 1).await?;
    let attested = issue(&kit, evidence(1, registration())).await?.record.id;
    let plain = kit.issue("plain").await?.record.id;
    assert_eq!(kit.store.attestation(attested).await?, Some(record()));
    assert_eq!(kit.store.attestation(plain).await?, None);
    let both = kit.store.attestations(&[plain, attested]).await?;
    assert_eq!(both.into_iter().collect::<Vec<_>>(), [(attested, record())]);
    let rows = kit.store.audit(0, 100).await?;
    let approved: Vec<serde_json::Value> = rows
        .iter()
        .filter(|row| row.event == "approved")
        .map(|row| serde_json::from_str(&row.detail).expect("JSON"))
        .collect();
    let said = &approved[0]["attestation"];
    assert_eq!(said["claims"], record().claims);
    assert_eq!(said["device"], "device-7");
    assert_eq!(said["key_id"], "07".repeat(32));
    assert!(approved[1].get("attestation").is_none());
    kit.store.verify_audit().await?;
    Ok(())
}

#[tokio::test]
async fn a_request_that_waits_keeps_what_was_proved() -> Done {
    let kit = Kit::new().await;
    given_out(&kit, 1).await?;
    let ask = async |key: &str, number| {
        let request = NewApprovalRequest {
            ca: "test".into(),
            requester: actor(),
            actor: actor(),
            profile: "client".into(),
            subject: "CN=device".into(),
            sans: Vec::new(),
            spki_sha256: [1; 32],
            csr: vec![1],
            idempotency: Idempotency {
                key: key.into(),
                payload_sha256: [1; 32],
            },
            token: None,
            lineage: None,
            expires_at: now() + Duration::DAY,
        };
        let evidence = evidence(number, registration());
        kit.store
            .ask_attested_approval(request, record(), evidence, now())
            .await
    };
    let first = ask("a", 1).await?;
    assert_eq!(first.attestation, Some(record()));
    assert_eq!(ask("a", 1).await?.id, first.id);
    let used = ask("b", 1).await;
    assert!(matches!(
        used,
        Err(IssueError::Attestation(AttestationError::ChallengeUsed))
    ));
    Ok(())
}
