//! What stands between a CA and its database: a disk that is full, and a pooler.

use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, ensure};
use pki_core::{CertificateParameters, KeyKind, KeyPair, Profile};
use pki_store::{CertificateAuthority, Order, Store, StoreError, StoreOptions};
use suite::postgres::Cluster;
use suite::process::{Server, free_ports, run};
use tempfile::TempDir;
use time::OffsetDateTime;
use tokio::task::{JoinSet, block_in_place};

use crate::ca;
use crate::ca::actor;
use crate::verify::Point;

/// Each point, on a PostgreSQL of its own.
pub(crate) async fn all() -> Vec<Point> {
    let cluster = match block_in_place(Cluster::start) {
        Ok(cluster) => cluster,
        Err(error) => return vec![("a PostgreSQL alone".into(), Err(error))],
    };
    vec![
        (
            "the disk of the database is full".into(),
            full_disk(&cluster).await,
        ),
        (
            "PgBouncer that pools sessions".into(),
            sessions(&cluster).await,
        ),
        (
            "PgBouncer that pools transactions".into(),
            transactions(&cluster).await,
        ),
    ]
}

async fn full_disk(cluster: &Cluster) -> Result<String> {
    let disk = Disk::new()?;
    let place = disk.tablespace()?;
    block_in_place(|| {
        let space = format!("CREATE TABLESPACE small LOCATION '{}'", place.display());
        cluster.sql("postgres", &space)?;
        cluster.sql("postgres", "CREATE DATABASE full_disk TABLESPACE small")
    })?;
    let (ca, _directory) = new_ca(&cluster.url("full_disk")).await?;
    issue(&ca, "before").await?;
    let filler = disk.fill()?;
    // What there is of pages that are half full is used first.
    let mut issued = 0;
    let refused = loop {
        match issue(&ca, &format!("last-{issued}")).await {
            Ok(()) => issued += 1,
            Err(error) => break error,
        }
        ensure!(issued < 10_000, "the disk does not become full");
    };
    let is_disk = matches!(of_store(&refused), Some(StoreError::Disk(_)));
    ensure!(is_disk, "{refused:#}");
    std::fs::remove_file(filler)?;
    for number in 0..100 {
        issue(&ca, &format!("after-{number}")).await?;
    }
    let store = ca.store();
    store.verify_audit().await?;
    store.verify_records().await?;
    drop(ca);
    block_in_place(|| {
        cluster.sql("postgres", "DROP DATABASE full_disk WITH (FORCE)")?;
        cluster.sql("postgres", "DROP TABLESPACE small")
    })?;
    Ok(format!(
        "refused after {issued} more, and it goes on when there is space"
    ))
}

async fn sessions(cluster: &Cluster) -> Result<String> {
    let pooler = Pooler::start(cluster, "sessions", "session")?;
    let (ca, _directory) = new_ca(&pooler.url).await?;
    many(&ca, 200).await?;
    // All connections end, those of the pooler, too.
    block_in_place(|| cluster.restart())?;
    many(&ca, 200).await?;
    ca.store().verify_audit().await?;
    Ok("400 certificates, with a restart of the database in between".into())
}

/// It is refused by name as soon as a statement is not there that was prepared on another connection.
async fn transactions(cluster: &Cluster) -> Result<String> {
    let pooler = Pooler::start(cluster, "transactions", "transaction")?;
    let refused = async {
        let mut stores = Vec::new();
        for _ in 0..4 {
            let (ca, directory) = new_ca(&pooler.url).await?;
            stores.push((ca, directory));
        }
        for (ca, _) in &stores {
            many(ca, 50).await?;
        }
        anyhow::Ok(())
    };
    let refused = refused.await.err().context("nothing is refused")?;
    let is_pooled = matches!(of_store(&refused), Some(StoreError::Pooled(_)));
    ensure!(is_pooled, "{refused:#}");
    Ok(format!("{refused:#}"))
}

/// A CA in this database.
async fn new_ca(url: &str) -> Result<(CertificateAuthority, TempDir)> {
    let directory = tempfile::tempdir()?;
    let options = StoreOptions::new(url.parse()?);
    let store: Store = options.open().await?;
    Ok((ca::make(directory.path(), &store).await?, directory))
}

async fn issue(ca: &CertificateAuthority, name: &str) -> Result<()> {
    let profile = Profile::client();
    let key = KeyPair::generate(KeyKind::P256)?;
    let subject = format!("CN={name}").parse()?;
    let parameters = CertificateParameters::for_key(key.public_key_der(), subject);
    let order = Order::new(parameters, &profile, "client", actor());
    ca.issue(order, OffsetDateTime::now_utc()).await?;
    Ok(())
}

/// What the store has said, of whatever failed.
fn of_store(error: &anyhow::Error) -> Option<&StoreError> {
    error.chain().find_map(|cause| cause.downcast_ref())
}

/// Sixteen at a time.
async fn many(ca: &CertificateAuthority, count: u32) -> Result<()> {
    let mut requesters = JoinSet::new();
    for slot in 0..16 {
        let ca = ca.clone();
        requesters.spawn(async move {
            for number in (slot..count).step_by(16) {
                issue(&ca, &format!("many-{number}")).await?;
            }
            anyhow::Ok(())
        });
    }
    while let Some(ended) = requesters.join_next().await {
        ended??;
    }
    Ok(())
}

/// A small file system in memory.
struct Disk(TempDir);

impl Disk {
    fn new() -> Result<Self> {
        let directory = tempfile::Builder::new().prefix("ha-").tempdir()?;
        let mut mount = Command::new("mount");
        mount.args(["-t", "tmpfs", "-o", "size=24m,mode=0711", "tmpfs"]);
        let mounted = run(mount.arg(directory.path()), None)?;
        ensure!(mounted.success(), "mount: {}", mounted.reason());
        Ok(Self(directory))
    }

    fn tablespace(&self) -> Result<PathBuf> {
        let place = self.0.path().join("tablespace");
        std::fs::create_dir(&place)?;
        belongs_to_postgres(&place)?;
        Ok(place)
    }

    /// Leaves no room.
    fn fill(&self) -> Result<PathBuf> {
        let path = self.0.path().join("filler");
        let mut file = std::fs::File::create(&path)?;
        let full = std::io::copy(&mut std::io::repeat(0), &mut file);
        ensure!(full.is_err(), "there is always room");
        Ok(path)
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        let _ = run(Command::new("umount").arg("-l").arg(self.0.path()), None);
    }
}

fn belongs_to_postgres(path: &Path) -> Result<()> {
    let mut chown = Command::new("chown");
    let owner = run(chown.args(["-R", "postgres:"]).arg(path), None)?;
    ensure!(owner.success(), "chown: {}", owner.reason());
    Ok(())
}

/// PgBouncer before a database.
struct Pooler {
    url: String,
    _server: Server,
    _directory: TempDir,
}

impl Pooler {
    fn start(cluster: &Cluster, database: &str, mode: &str) -> Result<Self> {
        block_in_place(|| cluster.database(database))?;
        let directory = tempfile::Builder::new().prefix("ha-").tempdir()?;
        let path = directory.path();
        let [port] = free_ports()?;
        let (behind, log) = (cluster.port(), path.join("log"));
        let settings = format!(
            "[databases]\n{database} = host=127.0.0.1 port={behind} dbname={database} user=ca\n\
             [pgbouncer]\nlisten_addr = 127.0.0.1\nlisten_port = {port}\nunix_socket_dir =\nauth_type = any\n\
             pool_mode = {mode}\nserver_login_retry = 1\nlogfile = {}\n",
            log.display()
        );
        let file = path.join("pgbouncer.ini");
        std::fs::write(&file, settings)?;
        std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o700))?;
        belongs_to_postgres(path)?;
        let mut command = Command::new("setpriv");
        command
            .args(["--reuid=postgres", "--regid=postgres", "--init-groups"])
            .args(["/usr/sbin/pgbouncer", "-q"])
            .arg(&file)
            .current_dir("/");
        let server = block_in_place(|| Server::start(&mut command, port))?;
        Ok(Self {
            url: format!("postgres://ca@127.0.0.1:{port}/{database}"),
            _server: server,
            _directory: directory,
        })
    }
}
