//! One audit chain for all processes, beside one for each: what the database alone makes of either.
//!
//! A transaction writes what one of ours writes for a batch: certificates, rows of the audit log, and where that ends. With
//! one chain it waits for the lock that all processes share, and with a chain for each it waits for nobody. The processes
//! share 32 requesters, so that a batch has as many operations as wait at each of them.

use std::os::unix::fs::PermissionsExt as _;

use anyhow::{Context, Result};
use suite::Peers;
use suite::postgres::Cluster;
use tempfile::TempDir;

use crate::measuring::clock::Effort;
use crate::measuring::versions;
use crate::report::{Better, Comparison, Contender, Report, Side};

pub(crate) fn measure(peers: &Peers, effort: Effort) -> Result<Report> {
    let scripts = Scripts::new()?;
    let single = Cluster::start()?;
    let pair = Cluster::start_with_standby()?;
    let mut comparisons = Vec::new();
    for (place, cluster) in [
        ("one PostgreSQL", &single),
        ("a synchronous standby", &pair),
    ] {
        cluster.database(DATABASE)?;
        cluster.sql(DATABASE, TABLES)?;
        comparisons.push(compare(place, cluster, &scripts, effort)?);
    }
    Ok(Report {
        versions: versions::of(peers, &[], &[])?,
        comparisons,
    })
}

fn compare(
    place: &str,
    cluster: &Cluster,
    scripts: &Scripts,
    effort: Effort,
) -> Result<Comparison> {
    let kinds = [("one chain", "one.sql"), ("a chain for each", "each.sql")];
    let mut contenders = Vec::new();
    for processes in 1..=MOST {
        for (kind, script) in kinds {
            // With one process it is the same.
            if processes == 1 && script == "each.sql" {
                continue;
            }
            let side = match script {
                "one.sql" => Side::Ours,
                _ => Side::Bound,
            };
            let name = match processes {
                1 => "one process".to_owned(),
                more => format!("{more} processes, {kind}"),
            };
            contenders.push((Contender::new(name, side), processes, script));
        }
    }
    let seconds = effort
        .span(std::time::Duration::from_secs(4))
        .as_secs()
        .max(1);
    for _ in 0..effort.rounds(1, 5) {
        for (contender, processes, script) in &mut contenders {
            let batch = REQUESTERS / *processes;
            let transactions = run(cluster, &scripts.path(script), *processes, batch, seconds)?;
            contender.samples.push(transactions * f64::from(batch));
        }
    }
    Ok(Comparison {
        title: format!("Rows of the audit log with their certificates, {place}"),
        unit: "rows/s",
        better: Better::Higher,
        contenders: contenders.into_iter().map(|(it, _, _)| it).collect(),
        aim: None,
    })
}

/// Transactions a second.
fn run(cluster: &Cluster, script: &str, processes: u32, batch: u32, seconds: u64) -> Result<f64> {
    let (processes, seconds) = (processes.to_string(), seconds.to_string());
    let batch = format!("batch={batch}");
    let arguments = [
        "-M", "prepared", "-c", &processes, "-j", &processes, "-T", &seconds, "-D", &batch, "-f",
        script,
    ];
    let said = cluster.pgbench(DATABASE, &arguments)?;
    let line = said.lines().find_map(|line| line.strip_prefix("tps = "));
    let number = line.and_then(|line| line.split(' ').next());
    Ok(number.context("pgbench says no tps")?.parse()?)
}

/// Files that the user of PostgreSQL reads.
struct Scripts(TempDir);

impl Scripts {
    fn new() -> Result<Self> {
        let directory = tempfile::Builder::new().prefix("chains-").tempdir()?;
        let open = std::fs::Permissions::from_mode(0o755);
        std::fs::set_permissions(directory.path(), open)?;
        let lock = "SELECT pg_advisory_xact_lock(1);\n";
        for (name, lock, process) in [("one.sql", lock, "0"), ("each.sql", "", ":client_id")] {
            let script = format!("BEGIN;\n{lock}{}COMMIT;\n", WRITE.replace("@P@", process));
            let path = directory.path().join(name);
            std::fs::write(&path, script)?;
            std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o644))?;
        }
        Ok(Self(directory))
    }

    fn path(&self, name: &str) -> String {
        self.0.path().join(name).display().to_string()
    }
}

const DATABASE: &str = "chains";
const MOST: u32 = 3;
const REQUESTERS: u32 = 32;

const TABLES: &str = "CREATE TABLE heads (process BIGINT PRIMARY KEY, seq BIGINT NOT NULL, hash BYTEA NOT NULL); \
    INSERT INTO heads SELECT n, 0, '' FROM generate_series(0, 7) n; \
    CREATE TABLE certificates (id BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY, serial BYTEA NOT NULL UNIQUE, \
    spki BYTEA NOT NULL, content BYTEA NOT NULL); \
    CREATE INDEX certificates_by_key ON certificates (spki); \
    CREATE TABLE audit (process BIGINT, seq BIGINT, detail TEXT NOT NULL, hash BYTEA NOT NULL, \
    PRIMARY KEY (process, seq))";

/// Certificates of 576 bytes, and rows of the log of about 300.
const WRITE: &str = "SELECT seq FROM heads WHERE process = @P@ \\gset\n\
    INSERT INTO certificates (serial, spki, content) SELECT uuid_send(gen_random_uuid()), sha256(uuid_send(gen_random_uuid())), \
    convert_to(repeat(md5(random()::text), 18), 'UTF8') FROM generate_series(1, :batch);\n\
    INSERT INTO audit SELECT @P@, :seq + n, repeat('d', 250), sha256(int8send(n)) FROM generate_series(1::bigint, :batch) n;\n\
    UPDATE heads SET seq = seq + :batch, hash = sha256(int8send(seq)) WHERE process = @P@;\n";
