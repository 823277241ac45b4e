//! What a commit is worth that waits for a standby, a server that has lost something, and moving between databases.

use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};
use pki_core::verify::RevocationReason;
use pki_core::{CertificateParameters, KeyKind, KeyPair, Profile};
use pki_store::{
    CopyError, Filter, Order, Page, Selection, Selector, Store, StoreError, StoreOptions, StoreUrl,
    copy,
};
use suite::postgres::Cluster;
use time::OffsetDateTime;
use tokio::task::block_in_place;

use crate::authority::{Point, actor, add, new_store, open};
use crate::worker::issue;

pub(crate) async fn points(cluster: &Cluster) -> Vec<Point> {
    vec![
        ("from SQLite to PostgreSQL and back", copied(cluster).await),
        ("a server that has lost a row", lost(cluster).await),
        (
            "a wait for a standby that is cancelled",
            cancelled(cluster).await,
        ),
    ]
}

async fn copied(cluster: &Cluster) -> Result<String> {
    let (store, directory) = new_store(cluster, "moved").await?;
    let ca = add(&store, directory.path()).await?;
    issue(&ca, "m", 600, |_| Ok(())).await?;
    let now = OffsetDateTime::now_utc();
    let selection = Selection::of("suite", Selector::Name("m-7".parse()?));
    let reason = RevocationReason::Superseded;
    store.revoke(&selection, reason, &actor(), now).await?;
    ca.sign_crl(0, time::Duration::DAY, now).await?;
    let file = StoreUrl::from(directory.path().join("copy.db"));
    let there = copy(store.url(), &file, |_| {}).await?;
    let again: StoreUrl = cluster.database("back")?.parse()?;
    let back = copy(&file, &again, |_| {}).await?;
    ensure!(there.rows == back.rows, "{:?} {:?}", there.rows, back.rows);
    let occupied = copy(&file, store.url(), |_| {}).await;
    ensure!(
        matches!(occupied, Err(CopyError::NotEmpty { .. })),
        "{occupied:?}"
    );
    // It goes on where the first one has stopped, with numbers of its own.
    let moved = open(&cluster.url("back")).await?;
    let ca = add(&moved, directory.path()).await?;
    issue(&ca, "later", 20, |_| Ok(())).await?;
    let (filter, page) = (Filter::default(), Page::first(1000));
    let all = moved.certificates(&filter, page, now).await?;
    ensure!(all.len() == 620, "{} certificates", all.len());
    let crl = ca.sign_crl(0, time::Duration::DAY, now).await?;
    ensure!((crl.number, crl.entries) == (2, 1), "CRL {}", crl.number);
    moved.verify_audit().await?;
    moved.verify_records().await?;
    let rows: u64 = back.rows.values().sum();
    Ok(format!("{rows} rows, and it goes on"))
}

/// As after a failover to a standby that lagged behind.
async fn lost(cluster: &Cluster) -> Result<String> {
    let (store, directory) = new_store(cluster, "lost").await?;
    let ca = add(&store, directory.path()).await?;
    issue(&ca, "a", 20, |_| Ok(())).await?;
    let lose = "DELETE FROM audit WHERE seq > 30; UPDATE store SET audit_seq = 30, \
                audit_hash = (SELECT hash FROM audit WHERE seq = 30)";
    cluster.sql("lost", lose)?;
    block_in_place(|| cluster.restart())?;
    let refused = store.claim_once("afterwards").await;
    ensure!(
        matches!(refused, Err(StoreError::Older { .. })),
        "{refused:?}"
    );
    let unchanged = "SELECT audit_seq FROM store";
    ensure!(cluster.sql("lost", unchanged)? == "30", "it was written to");
    // Who has committed nothing before knows nothing of it; that is what checkpoints are for.
    ensure!(
        open(&cluster.url("lost"))
            .await?
            .claim_once("other")
            .await?
    );
    Ok("its process writes nothing any more".into())
}

/// Last, since no commit ends while it runs.
async fn cancelled(cluster: &Cluster) -> Result<String> {
    let (store, directory) = new_store(cluster, "waiting").await?;
    let ca = add(&store, directory.path()).await?;
    let standby = |name: &str| {
        let set = format!("ALTER SYSTEM SET synchronous_standby_names = '{name}'");
        cluster.sql("postgres", &set)?;
        cluster.sql("postgres", "SELECT pg_reload_conf()")
    };
    // One that is not there.
    standby("nobody")?;
    let key = KeyPair::generate(KeyKind::P256)?;
    let profile = Profile::client();
    let parameters = CertificateParameters::for_key(key.public_key_der(), "CN=waits".parse()?);
    let order = Order::new(parameters, &profile, "client", actor());
    let now = OffsetDateTime::now_utc();
    let cancelled = async {
        let cancel = "SELECT count(*) FROM (SELECT pg_cancel_backend(pid) FROM pg_stat_activity \
                      WHERE wait_event = 'SyncRep' AND datname = 'waiting') AS cancelled";
        let end = Instant::now() + Duration::from_secs(30);
        let mut count = 0;
        while count < 3 {
            ensure!(Instant::now() < end, "nobody waits for the standby");
            let found: u32 = block_in_place(|| cluster.sql("postgres", cancel))?.parse()?;
            count += found;
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        Ok(count)
    };
    let issuing = ca.issue(order, now);
    let mut issuing = std::pin::pin!(issuing);
    let outcome = tokio::select! {
        issued = &mut issuing => {
            Err(anyhow::anyhow!("it was acknowledged: {}", issued.is_ok()))
        }
        count = cancelled => count,
    };
    // Whatever it was, commits end again.
    standby("")?;
    let count = outcome?;
    let issued = issuing.await?;
    let options = StoreOptions::new(cluster.url("waiting").parse()?).read_only();
    let reader: Store = options.open().await?;
    let known = reader.certificate(issued.record.id, now).await;
    known.context("it was acknowledged")?;
    store.verify_audit().await?;
    Ok(format!(
        "cancelled {count} times, and acknowledged afterwards"
    ))
}
