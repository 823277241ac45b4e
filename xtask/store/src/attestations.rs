//! Evidence of devices, used by several processes at once.

use anyhow::{Result, ensure};
use pki_core::{CertificateParameters, KeyKind, KeyPair, Profile};
use pki_store::{
    AttestationError, AttestationRecord, Challenge, ChallengePurpose, EvidenceUse, IssueError,
    KeyUse, NewAttestedKey, Order,
};
use suite::postgres::Cluster;
use time::{Duration, OffsetDateTime};
use tokio::task::JoinSet;

use crate::authority::{actor, add, new_store, open};

const KEY_ID: [u8; 32] = [7; 32];

/// One registers the key, one of 50 counts up, and one of 50 uses a challenge.
pub(crate) async fn are_used_once(cluster: &Cluster) -> Result<String> {
    let (store, directory) = new_store(cluster, "attestations").await?;
    let other = open(&cluster.url("attestations")).await?;
    let cas = [
        add(&store, directory.path()).await?,
        add(&other, directory.path()).await?,
    ];
    let now = OffsetDateTime::now_utc();
    for number in 0..=51 {
        let (challenge, end) = (Challenge::from_random([number; 32]), now + Duration::HOUR);
        store
            .create_challenge("suite", &challenge, ChallengePurpose::Enroll, end, now)
            .await?;
    }
    // Each with a challenge of its own, then all with one.
    let mut won = Vec::new();
    for (first, step, key) in [
        (0, 1, Key::Registered),
        (1, 1, Key::Counted),
        (51, 0, Key::None),
    ] {
        let mut clients = JoinSet::new();
        // The challenge of the one that registers the key is used up; the other 50 are for those that count.
        let many = if matches!(key, Key::Registered) {
            1
        } else {
            50
        };
        for number in 0..many {
            let ca = cas[usize::from(number % 2)].clone();
            let challenge = first + step * number;
            clients.spawn(async move {
                let profile = Profile::client();
                let own = KeyPair::generate(KeyKind::P256)?;
                let name = format!("CN=c{challenge}-{number}").parse()?;
                let parameters = CertificateParameters::for_key(own.public_key_der(), name);
                let order = Order::new(parameters, &profile, "client", actor())
                    .attestation(record())
                    .evidence(EvidenceUse {
                        challenge: Challenge::from_random([challenge; 32]),
                        purpose: ChallengePurpose::Enroll,
                        csr_sha256: [number; 32],
                        key: key.used(),
                    });
                match ca.issue(order, now).await {
                    Ok(_) => Ok(1),
                    Err(IssueError::Attestation(
                        AttestationError::Counter { .. } | AttestationError::ChallengeUsed,
                    )) => Ok(0),
                    Err(error) => Err(anyhow::Error::from(error)),
                }
            });
        }
        let mut issued = 0;
        for outcome in clients.join_all().await {
            issued += outcome?;
        }
        won.push(issued);
    }
    ensure!(won == [1, 1, 1], "{won:?} certificates were issued");
    let key = other.attested_key("suite", KEY_ID).await?;
    ensure!(key.is_some_and(|it| it.counter == 9), "it is not counted");
    store.verify_audit().await?;
    Ok("1 of 50 assertions with a counter, 1 of 50 with a challenge".into())
}

#[derive(Clone, Copy)]
enum Key {
    Registered,
    Counted,
    None,
}

impl Key {
    fn used(self) -> KeyUse {
        match self {
            Self::Registered => KeyUse::Register(NewAttestedKey {
                key_id: KEY_ID,
                public_key: vec![1],
                receipt: vec![2],
            }),
            Self::Counted => KeyUse::Count {
                key_id: KEY_ID,
                counter: 9,
            },
            Self::None => KeyUse::None,
        }
    }
}

fn record() -> AttestationRecord {
    AttestationRecord {
        kind: "apple-assertion".into(),
        binding: "csr-hash".into(),
        keeper: "secure-element".into(),
        device: "d".into(),
        claims: serde_json::Value::Null,
    }
}
