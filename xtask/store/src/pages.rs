//! What PostgreSQL reads for a page of a list.

use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use pki_store::{CertificateState, Filter, Page};
use suite::postgres::Cluster;
use time::OffsetDateTime;
use x509_identity::SerialNumber;

use crate::authority::{add, new_store, open};

/// Counted by the server itself, as it plans anew when it knows more of its tables.
pub(crate) async fn are_flat(cluster: &Cluster) -> Result<String> {
    let (store, directory) = new_store(cluster, DATABASE).await?;
    let issuer = add(&store, directory.path()).await?.issuer().id.number();
    drop(store);
    cluster.sql(DATABASE, &rows(issuer))?;
    let all = Filter::default;
    let serial = [&[SIGNED][..], &4711_u64.to_be_bytes()].concat();
    let serial = SerialNumber::from_integer_octets(&serial);
    let filters = [
        ("all", all(), 100),
        (
            "of one name",
            Filter {
                name: Some("cn:4711".parse()?),
                ..all()
            },
            1,
        ),
        (
            "revoked",
            Filter {
                state: Some(CertificateState::Revoked),
                ..all()
            },
            20,
        ),
        (
            "not confirmed",
            Filter {
                state: Some(CertificateState::Unconfirmed),
                ..all()
            },
            0,
        ),
        (
            "expired",
            Filter {
                state: Some(CertificateState::Expired),
                ..all()
            },
            0,
        ),
        (
            "of a domain",
            Filter {
                name: Some(".example.org".parse()?),
                ..all()
            },
            0,
        ),
        (
            "of one serial number",
            Filter {
                serial: Some(serial),
                ..all()
            },
            1,
        ),
        (
            "of one key",
            Filter {
                spki_sha256: Some(hash(4711)),
                ..all()
            },
            1,
        ),
        (
            "of one lineage",
            Filter {
                lineage: Some(hash(4711)),
                ..all()
            },
            1,
        ),
    ];
    let mut most = 0;
    for analyzed in [false, true] {
        if analyzed {
            cluster.sql(DATABASE, "ANALYZE")?;
        }
        for (name, filter, count) in &filters {
            let before = rows_read(cluster)?;
            let store = open(&cluster.url(DATABASE)).await?;
            let now = OffsetDateTime::UNIX_EPOCH;
            // As often as it takes until a statement is planned once and for all.
            for _ in 0..REPEATED {
                let page = store.certificates(filter, Page::default(), now).await?;
                ensure!(page.len() == *count, "{name}: {} rows", page.len());
            }
            drop(store);
            let read = (rows_read(cluster)? - before) / REPEATED;
            ensure!(
                read < 2000,
                "{name}, analyzed {analyzed}: {read} rows are read for a page of {count}"
            );
            most = most.max(read);
        }
    }
    Ok(format!("at most {most} rows of {ROWS} are read"))
}

/// Certificates with nothing but what is looked for.
fn rows(issuer: i64) -> String {
    let lineage = "int8send(n) || int8send(n)";
    let hash = format!("{lineage} || {lineage}");
    format!(
        "INSERT INTO certificates (issuer, serial, state, profile, subject, sans, not_before, not_after, spki, fingerprint, \
         lineage, part, holder, reserved_at) SELECT {issuer}, decode('{SIGNED:02x}', 'hex') || int8send(n), 1, 'client', 'CN=' || n, '[]', 0, 4000000000, \
         {hash}, {hash}, {lineage}, 0, '', 0 FROM generate_series(1, {ROWS}) n; \
         INSERT INTO names SELECT convert_to('c' || n, 'UTF8'), id FROM \
         (SELECT id, substr(subject, 4) AS n FROM certificates) AS named; \
         INSERT INTO revocations SELECT id, issuer, 0, serial, not_after, 0, 'superseded', id FROM certificates \
         WHERE id % 1000 = 0"
    )
}

fn hash<const N: usize>(number: u64) -> [u8; N] {
    let octets = number.to_be_bytes();
    let mut hash = [0; N];
    for (to, from) in hash.iter_mut().zip(octets.iter().cycle()) {
        *to = *from;
    }
    hash
}

/// Rows and entries of indexes that were read in this database. A connection says what it has read at its end.
fn rows_read(cluster: &Cluster) -> Result<u64> {
    let end = Instant::now() + Duration::from_secs(30);
    let connected = format!(
        "SELECT count(*) FROM pg_stat_activity WHERE datname = '{DATABASE}' AND application_name = 'pki-store'"
    );
    while cluster.sql("postgres", &connected)? != "0" {
        ensure!(Instant::now() < end, "a connection does not end");
        std::thread::sleep(Duration::from_millis(20));
    }
    let read = cluster.sql(
        DATABASE,
        "SELECT (SELECT sum(seq_tup_read + coalesce(idx_tup_fetch, 0)) FROM pg_stat_user_tables) + \
         (SELECT sum(idx_tup_read) FROM pg_stat_user_indexes)",
    )?;
    read.parse().with_context(|| format!("{read} rows"))
}

const DATABASE: &str = "pages";
const ROWS: u32 = 20_000;
const REPEATED: u64 = 8;
/// The first octet of each serial number, so that none begins with zeros.
const SIGNED: u8 = 0x40;
