//! Tokens and approvals, used by several processes at once.

use anyhow::{Result, bail, ensure};
use pki_core::verify::RevocationReason;
use pki_core::{CertificateParameters, KeyKind, KeyPair, Profile};
use pki_store::{
    ApprovalRequest, ApprovalState, Idempotency, IssueError, NewApprovalRequest, NewToken,
    OfRevoked, Order, Page, Selection, Selector, StoreError, TokenError, TokenSecret,
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
    let (token, next) = (token(1, now)?, token(1, now)?);
    let secret = TokenSecret::from_random([7; 32]);
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
    let request = request("k", now);
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

/// What entitled to a certificate, and has ended by the time that one is to be reserved: an approval that is taken back, a
/// token, the certificate that is renewed.
pub(crate) async fn what_has_ended_gives_nothing(cluster: &Cluster) -> Result<String> {
    let (store, directory) = new_store(cluster, "ended").await?;
    let other = open(&cluster.url("ended")).await?;
    let ca = add(&store, directory.path()).await?;
    let now = OffsetDateTime::now_utc();
    let secret = TokenSecret::from_random([7; 32]);
    let (by, new) = (actor(), token(50, now)?);
    let token = store.create_token(new, &secret, &by, now).await?;
    let profile = Profile::client();
    let order = || -> Result<Order<'_>> {
        let key = KeyPair::generate(KeyKind::P256)?;
        let parameters = CertificateParameters::for_key(key.public_key_der(), "CN=a".parse()?);
        Ok(Order::new(parameters, &profile, "client", actor()))
    };
    let ask = async |number: u32| -> Result<ApprovalRequest> {
        let mut request = request(&number.to_string(), now);
        (request.requester, request.token) = (token.id.requester(), Some(token.id));
        request.lineage = Some([1; 16]);
        let asked = store.ask_approval(request, now).await?;
        let hash = asked.csr_sha256;
        Ok(store
            .approve("suite", asked.id, hash, &actor(), now)
            .await?)
    };
    let (mut fetched, mut withdrawn) = (0, 0);
    for number in 0..20 {
        let asked = ask(number).await?;
        let (hash, actor) = (asked.csr_sha256, actor());
        let (issued, taken) = tokio::join!(
            ca.issue(order()?.approved(&asked), now),
            other.withdraw("suite", asked.id, hash, "no", &actor, now)
        );
        match (issued, taken) {
            (Ok(_), Err(StoreError::Refused(_))) => fetched += 1,
            (Err(IssueError::NotApproved { .. }), Ok(_)) => withdrawn += 1,
            outcome => bail!("both, or neither: {outcome:?}"),
        }
    }
    let (mine, waiting) = (ask(20).await?, ask(21).await?);
    let issued = ca.issue(order()?.approved(&mine), now).await?;
    other.revoke_token("suite", token.id, &actor(), now).await?;
    let again = ca.issue(order()?.approved(&mine), now).await?;
    ensure!(again.record.serial == issued.record.serial, "{again:?}");
    let late = ca.issue(order()?.approved(&waiting), now).await;
    ensure!(
        matches!(late, Err(IssueError::NotApproved { .. })),
        "{late:?}"
    );

    let serial = issued.record.serial;
    ca.issue(order()?.replaces(serial.clone()), now).await?;
    let selection = Selection::of("suite", Selector::Serial(serial.clone()));
    let reason = RevocationReason::Superseded;
    other.revoke(&selection, reason, &actor(), now).await?;
    let late = ca.issue(order()?.replaces(serial.clone()), now).await;
    ensure!(
        matches!(late, Err(IssueError::ReplacesRevoked { .. })),
        "{late:?}"
    );
    let said = order()?.replaces(serial).of_revoked(OfRevoked::Accept);
    ca.issue(said, now).await?;
    store.verify_audit().await?;
    Ok(format!("{fetched} fetched, {withdrawn} taken back"))
}

fn token(uses: u32, now: OffsetDateTime) -> Result<NewToken> {
    Ok(NewToken {
        ca: "suite".into(),
        profile: "client".into(),
        names: vec!["*.example.org".parse()?],
        uses,
        expires_at: now + Duration::HOUR,
    })
}

fn request(key: &str, now: OffsetDateTime) -> NewApprovalRequest {
    NewApprovalRequest {
        ca: "suite".into(),
        requester: actor(),
        actor: actor(),
        profile: "client".into(),
        subject: "CN=a".into(),
        sans: vec![],
        spki_sha256: [1; 32],
        csr: vec![0x30, 0],
        idempotency: Idempotency {
            key: key.into(),
            payload_sha256: [1; 32],
        },
        token: None,
        lineage: None,
        expires_at: now + Duration::HOUR,
    }
}
