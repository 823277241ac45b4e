//! What it costs to issue, look up, revoke and publish, as more and more is stored.

use anyhow::Result;
use suite::Peers;
use suite::postgres::Cluster;

use super::own;
use super::scale::{GROWTH, Place, Step};
use crate::measuring::clock::{Effort, Samples};
use crate::measuring::versions;
use crate::report::{Better, Comparison, Contender, Report, Side, number};

/// On a PostgreSQL whose table is loaded with rows that nothing asks for.
pub(crate) fn measure(peers: &Peers, effort: Effort) -> Result<Report> {
    let sizes: &[u32] = match effort.is_quick() {
        true => &[1_000, 20_000],
        false => &[1_000, 100_000, 1_000_000, 10_000_000],
    };
    let directory = tempfile::tempdir()?;
    own::write(directory.path())?;
    let cluster = Cluster::start()?;
    let url = cluster.database("growth")?;
    let place = Place {
        directory: directory.path(),
        store: &url,
    };
    place.run(Step::Fill, REAL, REAL, 1)?;
    set(
        &cluster,
        &[("maintenance_work_mem", "'1GB'"), ("max_wal_size", "'8GB'")],
    )?;
    let rounds = effort.rounds(3, 21);
    let mut all: Vec<(&str, Vec<Contender>)> =
        GROWTH.iter().map(|what| (*what, Vec::new())).collect();
    let mut there = REAL;
    for (turn, size) in sizes.iter().enumerate() {
        load(&cluster, there, *size)?;
        there = *size;
        // Certificates that were not revoked before.
        let first = u32::try_from(turn * (rounds + 1))?;
        let measured = place.run(Step::Growth, REAL, first, rounds)?;
        for (what, contenders) in &mut all {
            let name = format!("ours, {} stored", number(f64::from(*size)));
            let mut contender = Contender::new(&name, Side::Ours);
            let values = measured.get(*what).into_iter().flatten();
            contender.samples = values.copied().collect();
            let slowest = Samples::one(contender.samples.max());
            contender.besides = Some(("slowest, ms", slowest));
            contenders.push(contender);
        }
    }
    let comparison = |(what, contenders): (&str, Vec<Contender>)| Comparison {
        title: format!("PostgreSQL, as more is stored: {what}"),
        unit: "ms",
        better: Better::Lower,
        contenders,
        aim: None,
    };
    Ok(Report {
        versions: versions::of(peers, &["aws-lc-rs"], &[])?,
        comparisons: all.into_iter().map(comparison).collect(),
    })
}

/// Adds rows for certificates, and for a name of each, until there are `to`.
///
/// In the way that takes the least time: without the indexes, which are made again, and without waiting for the disk. What
/// loading has left to do is done before it returns, so that none of it is measured.
fn load(cluster: &Cluster, from: u32, to: u32) -> Result<()> {
    let sql = |statement: &str| cluster.sql("growth", statement);
    let indexes = statements(&sql(INDEXES)?);
    set(cluster, &[("fsync", "off"), ("full_page_writes", "off")])?;
    sql(&indexes.drop)?;
    sql("ALTER TABLE names DROP CONSTRAINT names_pkey, DROP CONSTRAINT names_certificate_fkey")?;
    let mut first = from;
    while first < to {
        let last = to.min(first + CHUNK);
        sql(&format!(
            "WITH added AS (INSERT INTO certificates (issuer, serial, state, profile, subject, sans, not_before, \
             not_after, spki, fingerprint, lineage, part, holder, reserved_at, content) \
             SELECT 1, decode('5b' || repeat('00', 11) || h, 'hex'), 1, 'client', 'CN=loaded-' || n, '[]', 1700000000, \
             4000000000 + n, sha256(h::bytea), sha256(('f' || h)::bytea), decode(md5(h), 'hex'), 0, '', 1700000000, \
             convert_to(repeat(md5(h), 18), 'UTF8') \
             FROM (SELECT n, lpad(to_hex(n), 8, '0') AS h FROM generate_series({first}, {last} - 1) n) AS numbers \
             RETURNING id, fingerprint) \
             INSERT INTO names (name, certificate) SELECT fingerprint, id FROM added"
        ))?;
        first = last;
    }
    sql("ALTER TABLE names ADD PRIMARY KEY (name, certificate)")?;
    sql("ALTER TABLE names ADD FOREIGN KEY (certificate) REFERENCES certificates (id)")?;
    sql(&indexes.make)?;
    sql("VACUUM (ANALYZE)")?;
    set(cluster, &[("fsync", "on"), ("full_page_writes", "on")])?;
    sql("CHECKPOINT")?;
    // What was written while nothing waited for the disk.
    rustix::fs::sync();
    Ok(())
}

/// How the indexes of certificates are dropped and made again, that of the primary key and of the serial numbers apart: in
/// those a row that is added is the last.
const INDEXES: &str = "SELECT 'DROP INDEX ' || indexname || '|' || indexdef FROM pg_indexes \
                       WHERE tablename = 'certificates' AND indexname NOT IN \
                       (SELECT conname FROM pg_constraint)";

/// Statements.
struct Indexes {
    drop: String,
    make: String,
}

fn statements(said: &str) -> Indexes {
    let (drop, make): (Vec<_>, Vec<_>) = said.lines().filter_map(|it| it.split_once('|')).unzip();
    Indexes {
        drop: drop.join("; "),
        make: make.join("; "),
    }
}

fn set(cluster: &Cluster, settings: &[(&str, &str)]) -> Result<()> {
    for (name, value) in settings {
        cluster.sql("growth", &format!("ALTER SYSTEM SET {name} = {value}"))?;
    }
    cluster.sql("growth", "SELECT pg_reload_conf()").map(drop)
}

/// Certificates that are asked for.
const REAL: u32 = 1_000;
const CHUNK: u32 = 200_000;
