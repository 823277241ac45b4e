//! What processes of the release before write into the present schema, on PostgreSQL.

use anyhow::{Result, ensure};
use pki_store::{Filter, Page};
use suite::postgres::Cluster;
use time::OffsetDateTime;
use tokio::task::block_in_place;

use crate::authority::{Point, add, new_store, open};
use crate::worker::issue;

pub(crate) async fn points(cluster: &Cluster) -> Vec<Point> {
    vec![(
        "the release before writes into the present schema",
        written(cluster).await,
    )]
}

async fn written(cluster: &Cluster) -> Result<String> {
    let (store, directory) = new_store(cluster, "before").await?;
    drop(store);
    let statements: Vec<_> = BEFORE
        .lines()
        .filter(|line| line.starts_with("INSERT INTO"))
        .map(|line| line.replace("X'", "'\\x").replace("char(10)", "chr(10)"))
        .collect();
    block_in_place(|| {
        let sql = |sql: &str| cluster.sql("before", sql);
        let version = sql("SELECT version FROM store")?;
        let tables =
            sql("SELECT string_agg(tablename, ', ') FROM pg_tables WHERE schemaname = 'public'")?;
        sql(&format!("TRUNCATE {tables}"))?;
        sql(&statements.join("\n"))?;
        // They do not change the one row that has the version.
        sql(&format!("UPDATE store SET version = {version}"))?;
        // Numbers go on behind those that were given out.
        let numbered = sql(
            "SELECT table_name FROM information_schema.columns WHERE table_schema = 'public' AND is_identity = 'YES'",
        )?;
        for table in numbered.lines() {
            sql(&format!(
                "SELECT setval(pg_get_serial_sequence('{table}', 'id'), (SELECT coalesce(max(id), 0) + 1 FROM {table}))"
            ))?;
        }
        anyhow::Ok(())
    })?;
    let store = open(&cluster.url("before")).await?;
    store.verify_audit().await?;
    store.verify_records().await?;
    let now = OffsetDateTime::now_utc();
    for (name, is_revoked) in [("alice", false), ("bob", true)] {
        let filter = Filter {
            name: Some(name.parse()?),
            ..Filter::default()
        };
        let found = store.certificates(&filter, Page::default(), now).await?;
        let found: Vec<_> = found
            .iter()
            .map(|record| record.revoked.is_some())
            .collect();
        ensure!(found == [is_revoked], "{name}: {found:?}");
    }
    let ca = add(&store, directory.path()).await?;
    issue(&ca, "later", 20, |_| Ok(())).await?;
    store.verify_audit().await?;
    Ok(format!("{} rows, and it goes on", statements.len()))
}

/// A store as the last software with schema version 6 has written it.
const BEFORE: &str = include_str!("release-0006.sql");
