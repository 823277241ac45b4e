//! An ACME order of many names, tried by two processes.

use anyhow::{Context as _, Result, ensure};
use pki_store::{
    AcmeIdentifier, AcmeOutcome, AcmeState, NewAcmeAccount, NewAcmeChallenge, NewAcmeOrder,
};
use suite::postgres::Cluster;
use time::{Duration, OffsetDateTime};

use crate::authority::{actor, new_store, open};

/// From the order to when it is forgotten. Of two processes one tries each challenge.
pub(crate) async fn goes_through(cluster: &Cluster) -> Result<String> {
    let (store, _directory) = new_store(cluster, "acme").await?;
    let other = open(&cluster.url("acme")).await?;
    let now = OffsetDateTime::now_utc();
    let account = NewAcmeAccount {
        ca: CA.into(),
        thumbprint: [1; 32],
        jwk: "{}".into(),
        contacts: Vec::new(),
        key: None,
    };
    let account = store.create_acme_account(account, &actor(), now).await?.id;
    let names: Vec<_> = (0..NAMES).map(identifier).collect();
    let ways = ["http-01", "tls-alpn-01"].map(|kind| NewAcmeChallenge {
        kind: kind.into(),
        token: "t".into(),
    });
    let order = NewAcmeOrder {
        ca: CA.into(),
        account,
        profile: "server".into(),
        identifiers: names.iter().map(|it| (it.clone(), ways.to_vec())).collect(),
        replaces: None,
        expires_at: now + Duration::HOUR,
    };
    let order = store.create_acme_order(order, now).await?;
    for (id, name) in order.authorizations.iter().zip(&names) {
        let found = store.acme_authorization(CA, *id, now).await?;
        let found = found.context("an authorization is missing")?;
        ensure!(found.identifier == *name, "{:?}", found.identifier);
        let [first, second] = &found.challenges[..] else {
            anyhow::bail!("{} challenges", found.challenges.len());
        };
        ensure!(first.kind < second.kind, "{} first", first.kind);
        store.begin_acme_challenge(first.id, now, now).await?;
    }
    let until = now + Duration::MINUTE;
    let (here, there) = tokio::join!(
        store.claim_acme_challenges(CA, 1000, until, now),
        other.claim_acme_challenges(CA, 1000, until, now),
    );
    let (mut claimed, there) = (here?, there?);
    claimed.extend(there);
    ensure!(claimed.len() == names.len(), "{} claimed", claimed.len());
    ensure!(claimed.iter().all(|it| it.attempts == 1), "{claimed:?}");
    let proven = store.acme_authorized(account, &names, now).await?;
    ensure!(!proven, "proven before it was tried");
    for challenge in claimed {
        let met = AcmeOutcome::Met { attested: None };
        let finished = store
            .finish_acme_challenge(challenge.id, met, &actor(), now)
            .await?;
        ensure!(finished, "a challenge was not being tried");
    }
    let found = other.acme_order(CA, order.id, now).await?;
    let state = found.context("the order is missing")?.state;
    ensure!(state == AcmeState::Ready, "{state:?}");
    ensure!(other.acme_authorized(account, &names, now).await?);
    let more = [&names[..], &[identifier(NAMES)]].concat();
    let proven = other.acme_authorized(account, &more, now).await?;
    ensure!(!proven, "a name that was not ordered is proven");
    let forgotten = store.prune_acme_orders(CA, now + Duration::DAY).await?;
    ensure!(forgotten == 1, "{forgotten} orders were forgotten");
    let found = other.acme_order(CA, order.id, now).await?;
    ensure!(found.is_none(), "the order is still there");
    store.verify_audit().await?;
    Ok(format!("{NAMES} names, each tried by one of two processes"))
}

fn identifier(number: u32) -> AcmeIdentifier {
    AcmeIdentifier {
        kind: "dns".into(),
        value: format!("{number}.example.org"),
    }
}

const CA: &str = "suite";
const NAMES: u32 = 100;
