//! Tokens and approvals, used by several processes at once.

use anyhow::{Result, bail, ensure};
use pki_core::{CertificateParameters, KeyKind, KeyPair, Profile};
use pki_store::{
    ApprovalState, Idempotency, IssueError, NewApprovalRequest, NewToken, Order, Page, TokenError,
    TokenSecret,
};
use suite::postgres::Cluster;
use time::{Duration, OffsetDateTime};
use tokio::task::JoinSet;

use crate::authority::{actor, add, new_store, open};

/// Two handles are to a database what two processes are.
pub(crate) async fn are_used_once(cluster: &Cluster) -> Result<String> {
    let (store, directory) = new_store(cluster, "tokens").await?;
    let other = open(&cluster.url("tokens")).await?;
    let cas = [
        add(&store, directory.path()).await?,
        add(&other, directory.path()).await?,
    ];
    let now = OffsetDateTime::now_utc();
    let token = NewToken {
        ca: "suite".into(),
        profile: "client".into(),
        names: vec!["*.example.org".parse()?],
        uses: 1,
        expires_at: now + Duration::HOUR,
    };
    let secret = TokenSecret::from_random([7; 32]);
    let next = token.clone();
    let token = store.create_token(token, &secret, &actor(), now).await?;
    let mut clients = JoinSet::new();
    for number in 0..50_usize {
        let ca = cas[number % 2].clone();
        clients.spawn(async move {
            let profile = Profile::client();
            let key = KeyPair::generate(KeyKind::P256)?;
            let name = format!("CN=c{number}").parse()?;
            let parameters = CertificateParameters::for_key(key.public_key_der(), name);
            let order = Order::new(parameters, &profile, "client", actor()).token(token.id);
            match ca.issue(order, now).await {
                Ok(_) => Ok(1),
                Err(IssueError::Token(TokenError::Used)) => Ok(0),
                Err(error) => Err(anyhow::Error::from(error)),
            }
        });
    }
    let mut issued = 0;
    for outcome in clients.join_all().await {
        issued += outcome?;
    }
    ensure!(
        issued == 1,
        "{issued} certificates were issued with a token for one"
    );
    let tokens = other.tokens("suite", Page::default()).await?;
    ensure!(tokens.len() == 1 && tokens[0].used == 1, "{tokens:?}");
    let found = store.token_of("suite", &secret).await?;
    ensure!(
        found.is_some_and(|it| it.names.len() == 1),
        "it is not found"
    );
    // It has ended long ago, and another one has a number after it.
    let secret = TokenSecret::from_random([8; 32]);
    store.create_token(next, &secret, &actor(), now).await?;
    let removed = other.prune(now + Duration::DAY).await?;
    ensure!(removed == 1, "{removed} tokens were removed");
    store.verify_audit().await?;
    Ok("1 of 50, 49 refusals".into())
}

pub(crate) async fn approvals_are_decided_once(cluster: &Cluster) -> Result<String> {
    let (store, _directory) = new_store(cluster, "approvals").await?;
    let now = OffsetDateTime::now_utc();
    let request = NewApprovalRequest {
        ca: "suite".into(),
        requester: actor(),
        actor: actor(),
        profile: "client".into(),
        subject: "CN=a".into(),
        sans: vec![],
        spki_sha256: [1; 32],
        csr: vec![0x30, 0],
        idempotency: Idempotency {
            key: "k".into(),
            payload_sha256: [1; 32],
        },
        token: None,
        lineage: None,
        expires_at: now + Duration::HOUR,
    };
    let asked = store.ask_approval(request.clone(), now).await?;
    let again = store.ask_approval(request, now).await?;
    ensure!(asked.id == again.id, "one request became two");
    let mut decisions = JoinSet::new();
    for number in 0..20 {
        let (store, hash) = (store.clone(), asked.csr_sha256);
        decisions.spawn(async move {
            let (id, actor) = (asked.id, actor());
            match number % 2 {
                0 => store.approve("suite", id, hash, &actor, now).await.is_ok(),
                _ => store
                    .deny("suite", id, hash, "no", &actor, now)
                    .await
                    .is_ok(),
            }
        });
    }
    let decided = decisions
        .join_all()
        .await
        .into_iter()
        .filter(|it| *it)
        .count();
    ensure!(decided == 1, "{decided} decided");
    let Some(request) = store.approval("suite", asked.id, now).await? else {
        bail!("it is gone");
    };
    ensure!(request.state != ApprovalState::Pending, "{request:?}");
    let all = store.approvals("suite", true, Page::default(), now).await?;
    let pending = store
        .approvals("suite", false, Page::default(), now)
        .await?;
    ensure!(all.len() == 1 && pending.is_empty(), "{all:?} {pending:?}");
    // The newest request keeps its number.
    let removed = store.prune(now + Duration::DAY).await?;
    ensure!(removed == 0, "{removed} requests were removed");
    store.verify_audit().await?;
    Ok("1 of 20".into())
}
