//! Limits that an administrator has set for a role or a database, and that end by themselves.

use std::time::Duration;

use anyhow::{Result, ensure};
use pki_store::{Filter, Page, Store, StoreError, StoreOptions};
use suite::postgres::Cluster;
use time::OffsetDateTime;
use tokio::task::{JoinHandle, block_in_place};
use tokio::time::{sleep, timeout};

use crate::authority::{Point, add, new_store_at};
use crate::worker::issue;

pub(crate) async fn points(cluster: &Cluster) -> Vec<Point> {
    vec![
        (
            "timeouts of a role do not end what a CA does",
            timeouts(cluster).await,
        ),
        (
            "a role without synchronous commits has them here",
            synchronous(cluster).await,
        ),
        ("the limit of connections", connections(cluster).await),
        (
            "a reader's statement is cancelled",
            cancelled(cluster).await,
        ),
    ]
}

/// A database of a role with these settings, which is no administrator: those have no limits.
fn database(cluster: &Cluster, name: &str, settings: &str) -> Result<String> {
    block_in_place(|| {
        let made = format!("CREATE ROLE {name} LOGIN; {settings}");
        cluster.sql("postgres", &made)?;
        cluster.sql("postgres", &format!("CREATE DATABASE {name} OWNER {name}"))
    })?;
    let url = cluster.url(name);
    Ok(url.replace("//ca@", &format!("//{name}@")))
}

async fn timeouts(cluster: &Cluster) -> Result<String> {
    let settings = "ALTER ROLE hasty SET statement_timeout = 200; ALTER ROLE hasty SET idle_session_timeout = 200; \
                    ALTER ROLE hasty SET idle_in_transaction_session_timeout = 200; ALTER ROLE hasty SET lock_timeout = 200";
    let url = database(cluster, "hasty", settings)?;
    let (store, directory) = new_store_at(&url).await?;
    let ca = add(&store, directory.path()).await?;
    issue(&ca, "a", 10, |_| Ok(())).await?;
    // The connections that are there now are the ones that it goes on with.
    let connected = "SELECT string_agg(pid::text, ',' ORDER BY pid) FROM pg_stat_activity WHERE usename = 'hasty'";
    let before = block_in_place(|| cluster.sql("postgres", connected))?;
    let lock = "SELECT pg_advisory_lock(8100413902641328244), pg_sleep(1)";
    std::thread::scope(|scope| {
        let holder = scope.spawn(|| cluster.sql("hasty", lock));
        let waiting = async {
            sleep(Duration::from_millis(200)).await;
            issue(&ca, "b", 10, |_| Ok(())).await
        };
        block_in_place(|| tokio::runtime::Handle::current().block_on(waiting))?;
        let held = holder.join().map_err(|_| anyhow::anyhow!("a panic"))?;
        held.map(drop)
    })?;
    sleep(Duration::from_millis(500)).await;
    issue(&ca, "c", 10, |_| Ok(())).await?;
    let after = block_in_place(|| cluster.sql("postgres", connected))?;
    let kept = before
        .split(',')
        .all(|pid| after.split(',').any(|it| it == pid));
    ensure!(kept, "{before} were connected, and now {after}");
    store.verify_audit().await?;
    Ok("no statement was cut off, and no connection".into())
}

async fn synchronous(cluster: &Cluster) -> Result<String> {
    let settings = "ALTER ROLE careless SET synchronous_commit = off";
    let url = database(cluster, "careless", settings)?;
    let (store, _directory) = new_store_at(&url).await?;
    ensure!(store.claim_once("a").await?, "it was claimed before");
    let standby = |name: &str| {
        let set = format!("ALTER SYSTEM SET synchronous_standby_names = '{name}'");
        block_in_place(|| {
            cluster.sql("postgres", &set)?;
            cluster.sql("postgres", "SELECT pg_reload_conf()")
        })
    };
    // One that is not there.
    standby("nobody")?;
    // The server takes a moment to read its settings again.
    sleep(Duration::from_millis(500)).await;
    let claiming = store.claim_once("b");
    let mut claiming = std::pin::pin!(claiming);
    let early = timeout(Duration::from_secs(1), &mut claiming).await;
    standby("")?;
    ensure!(early.is_err(), "no commit waits for a standby");
    ensure!(claiming.await?, "it was claimed before");
    Ok("a commit waits for the standby".into())
}

async fn connections(cluster: &Cluster) -> Result<String> {
    let url = database(cluster, "crowded", "")?;
    let (store, directory) = new_store_at(&url).await?;
    let ca = add(&store, directory.path()).await?;
    issue(&ca, "a", 10, |_| Ok(())).await?;
    drop((ca, store));
    let limit = |count: u32| {
        let set = format!("ALTER DATABASE crowded CONNECTION LIMIT {count}");
        block_in_place(|| cluster.sql("postgres", &set))
    };
    let gone = "SELECT count(*) FROM pg_stat_activity WHERE usename = 'crowded'";
    while block_in_place(|| cluster.sql("postgres", gone))? != "0" {
        sleep(Duration::from_millis(20)).await;
    }
    limit(1)?;
    let store = Store::open(&url.parse()?).await?;
    // Its one connection writes. Who reads waits for another one, and gives up in the end.
    ensure!(store.claim_once("a").await?, "it was claimed before");
    let hasty = StoreOptions::new(url.parse()?).patience(Duration::ZERO);
    let refused = hasty.open().await;
    ensure!(
        matches!(refused, Err(StoreError::Unavailable(_))),
        "{refused:?}"
    );
    let patient = store.clone();
    let reading: JoinHandle<Result<usize, StoreError>> = tokio::spawn(async move {
        let now = OffsetDateTime::now_utc();
        let page = Page::first(100);
        let records = patient.certificates(&Filter::default(), page, now).await?;
        Ok(records.len())
    });
    sleep(Duration::from_millis(500)).await;
    ensure!(!reading.is_finished(), "it read over the limit");
    limit(10)?;
    let found = reading.await??;
    ensure!(found == 10, "{found} are found");
    Ok("who reads waits until there is one".into())
}

/// As on a standby, where what is read gives way to what the primary has changed.
async fn cancelled(cluster: &Cluster) -> Result<String> {
    let (store, directory) =
        new_store_at(&block_in_place(|| cluster.database("cancelled"))?).await?;
    let ca = add(&store, directory.path()).await?;
    issue(&ca, "a", 10, |_| Ok(())).await?;
    let locked = "BEGIN; LOCK TABLE certificates; SELECT pg_sleep(1); COMMIT";
    let cancel = "SELECT count(pg_cancel_backend(pid)) FROM pg_stat_activity \
                  WHERE datname = 'cancelled' AND wait_event_type = 'Lock'";
    let now = OffsetDateTime::now_utc();
    let (found, count) = std::thread::scope(|scope| {
        let holder = scope.spawn(|| cluster.sql("cancelled", locked));
        let canceller = scope.spawn(move || {
            let mut count = 0;
            while !holder.is_finished() {
                count += cluster.sql("postgres", cancel)?.parse::<u32>()?;
                std::thread::sleep(Duration::from_millis(50));
            }
            anyhow::Ok(count)
        });
        let reading = async {
            sleep(Duration::from_millis(300)).await;
            let filter = Filter::default();
            store.certificates(&filter, Page::first(100), now).await
        };
        let found = block_in_place(|| tokio::runtime::Handle::current().block_on(reading))?;
        let count = canceller.join().map_err(|_| anyhow::anyhow!("a panic"))??;
        anyhow::Ok((found.len(), count))
    })?;
    ensure!(found == 10, "{found} are found");
    ensure!(count > 0, "nothing was cancelled");
    Ok(format!("cancelled {count} times, and read in the end"))
}
