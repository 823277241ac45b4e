//! What has to hold.

use std::collections::BTreeSet;
use std::process::Stdio;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use pki_core::verify::RevocationReason;
use pki_core::{CertificateParameters, KeyKind, KeyPair, Profile};
use pki_store::{
    AuditBreak, AuditError, CertificateState, CertificateStatus, CheckpointPlace, Filter,
    Idempotency, IssueError, Order, Page, Selection, Selector, Store, StoreError, StoreOptions,
};
use time::OffsetDateTime;
use tokio::io::{AsyncBufReadExt as _, BufReader};
use tokio::process::{Child, Command};
use tokio::task::JoinSet;

use crate::acme;
use crate::attestations;
use crate::authority::{Point, actor, add, new_store, options};
use crate::kill;
use crate::limits;
use crate::losses;
use crate::pages;
use crate::releases;
use crate::standby;
use crate::tls;
use crate::tokens;
use crate::worker::issue;
use suite::postgres::Cluster;

/// Each point, and what was seen.
pub(crate) async fn all(cluster: &Cluster, certificates: u32) -> Vec<Point> {
    vec![
        ("databases of others are left alone", foreign(cluster).await),
        (
            "eight processes make the schema at once",
            schema(cluster).await,
        ),
        ("one certificate, from order to CRL", one(cluster).await),
        ("the audit log and its checkpoints", audit(cluster).await),
        (
            "three processes, one of them killed",
            killed(cluster, certificates).await,
        ),
        (
            "the server restarts in the middle",
            restarted(cluster).await,
        ),
        (
            "a process killed at each step of what it does",
            kill::at_each_step(cluster).await,
        ),
        ("revoking ten thousand", revoked(cluster).await),
        ("a page reads few rows", pages::are_flat(cluster).await),
        ("another process holds the lock", locked(cluster).await),
        (
            "fifty use a token at once",
            tokens::are_used_once(cluster).await,
        ),
        (
            "fifty assertions with one counter at once",
            attestations::are_used_once(cluster).await,
        ),
        (
            "an ACME order of a hundred names",
            acme::goes_through(cluster).await,
        ),
        (
            "twenty decide about a request at once",
            tokens::approvals_are_decided_once(cluster).await,
        ),
        (
            "what has ended by then gives no certificate",
            tokens::what_has_ended_gives_nothing(cluster).await,
        ),
    ]
    .into_iter()
    .chain(limits::points(cluster).await)
    .chain(losses::points(cluster).await)
    .chain(releases::points(cluster).await)
    .chain(standby::points(cluster).await)
    // Last, as the server has other settings afterwards.
    .chain(tls::points(cluster).await)
    .collect()
}

async fn foreign(cluster: &Cluster) -> Result<String> {
    let url = cluster.database("others")?;
    cluster.sql("others", "CREATE TABLE certificates (mine TEXT)")?;
    let opened = Store::open(&url.parse()?).await;
    ensure!(
        matches!(opened, Err(StoreError::Foreign { .. })),
        "{opened:?}"
    );
    let tables = cluster.sql(
        "others",
        "SELECT count(*) FROM information_schema.tables WHERE table_schema = 'public'",
    )?;
    ensure!(tables == "1", "it has {tables} tables now");
    let url = cluster.database("newer")?;
    drop(Store::open(&url.parse()?).await?);
    cluster.sql(
        "newer",
        "UPDATE store SET version = version + 1, compatible = version + 1",
    )?;
    let opened = Store::open(&url.parse()?).await;
    ensure!(
        matches!(opened, Err(StoreError::Newer { .. })),
        "{opened:?}"
    );
    Ok("another program's and a newer one's".into())
}

async fn schema(cluster: &Cluster) -> Result<String> {
    let url = cluster.database("schema")?;
    let mut stores = JoinSet::new();
    for _ in 0..8 {
        let url = url.parse()?;
        stores.spawn(async move { Store::open(&url).await.map(|store| *store.id()) });
    }
    let mut ids = BTreeSet::new();
    while let Some(opened) = stores.join_next().await {
        ids.insert(opened??);
    }
    ensure!(ids.len() == 1, "{} stores", ids.len());
    Ok("one store".into())
}

async fn one(cluster: &Cluster) -> Result<String> {
    let (store, directory) = new_store(cluster, "one").await?;
    let ca = add(&store, directory.path()).await?;
    let key = KeyPair::generate(KeyKind::P256)?;
    let profile = Profile::client();
    let now = OffsetDateTime::now_utc();
    let order = |name: &str, payload| {
        let parameters = CertificateParameters::for_key(key.public_key_der(), name.parse()?);
        let idempotency = Idempotency {
            key: "request".into(),
            payload_sha256: [payload; 32],
        };
        Ok::<_, anyhow::Error>(
            Order::new(parameters, &profile, "client", actor()).idempotency(idempotency),
        )
    };
    let first = ca.issue(order("CN=a.example.org", 1)?, now).await?;
    let again = ca.issue(order("CN=a.example.org", 1)?, now).await?;
    ensure!(
        again.certificate == first.certificate && again.was_there,
        "another certificate"
    );
    let other = ca.issue(order("CN=a.example.org", 2)?, now).await;
    ensure!(matches!(other, Err(IssueError::OtherPayload)), "{other:?}");
    let filter = Filter {
        name: Some("*.example.org".parse()?),
        state: Some(CertificateState::Valid),
        ..Filter::default()
    };
    let listed = store.certificates(&filter, Page::default(), now).await?;
    ensure!(listed.len() == 1, "{} are listed", listed.len());
    let issuer = ca.issuer().id;
    let serial = std::slice::from_ref(&first.record.serial);
    ensure!(
        store.statuses(issuer, serial).await? == [CertificateStatus::Good],
        "not good"
    );
    let selection = Selection::of("suite", Selector::Lineage(first.record.serial.clone()));
    let reason = RevocationReason::KeyCompromise;
    let revoked = store.revoke(&selection, reason, &actor(), now).await?;
    ensure!(revoked.len() == 1, "{} are revoked", revoked.len());
    let blocked = Order::new(
        CertificateParameters::for_key(key.public_key_der(), "CN=a.example.org".parse()?),
        &profile,
        "client",
        actor(),
    );
    let blocked = ca.issue(blocked, now).await;
    ensure!(
        matches!(blocked, Err(IssueError::KeyBlocked { .. })),
        "{blocked:?}"
    );
    let crl = ca.sign_crl(0, time::Duration::DAY, now).await?;
    ensure!(
        (crl.number, crl.entries) == (1, 1),
        "CRL {} with {} entries",
        crl.number,
        crl.entries
    );
    ensure!(
        ca.sign_crl(0, time::Duration::DAY, now).await?.number == 2,
        "the number does not grow"
    );
    let head = store.verify_audit().await?;
    Ok(format!("{} rows of audit", head.seq))
}

async fn audit(cluster: &Cluster) -> Result<String> {
    let (store, directory) = new_store(cluster, "audit").await?;
    let ca = add(&store, directory.path()).await?;
    issue(&ca, "a", 40, |_| Ok(())).await?;
    let now = OffsetDateTime::now_utc();
    ca.sign_crl(0, time::Duration::DAY, now).await?;
    let place = CheckpointPlace::File(directory.path().join("checkpoints"));
    let signer = Arc::new(KeyPair::generate(KeyKind::P256)?);
    let key = signer.public_key_der().to_vec();
    let checkpoint = store.make_checkpoint(signer, Some(&place), now).await?;
    issue(&ca, "b", 40, |_| Ok(())).await?;
    let checkpoints = std::slice::from_ref(&checkpoint);
    store.verify_audit_against(checkpoints).await?;
    store.verify_records().await?;
    cluster.sql(
        "audit",
        "UPDATE audit SET actor = 'somebody else' WHERE seq = 7",
    )?;
    let found = store.verify_audit_against(checkpoints).await;
    let changed = matches!(
        &found,
        Err(AuditError::Broken(AuditBreak::Changed { seq: 7 }))
    );
    ensure!(changed, "a row was changed: {found:?}");
    // The whole log but for its beginning, and consistent.
    cluster.sql(
        "audit",
        "DELETE FROM audit WHERE seq > 1; UPDATE store SET audit_seq = 1, audit_hash = (SELECT hash FROM audit)",
    )?;
    store.verify_audit().await?;
    let found = store.verify_audit_against(checkpoints).await;
    let cut_short = matches!(
        &found,
        Err(AuditError::Broken(AuditBreak::Truncated { .. }))
    );
    ensure!(cut_short, "it was cut short: {found:?}");
    let options = StoreOptions::new(cluster.url("audit").parse()?);
    let opened = options.checkpoints(place, key).open().await;
    ensure!(
        matches!(opened, Err(StoreError::Older { .. })),
        "{opened:?}"
    );
    Ok("a changed row, a log cut short, a store older than its checkpoint".into())
}

async fn killed(cluster: &Cluster, certificates: u32) -> Result<String> {
    let (store, directory) = new_store(cluster, "killed").await?;
    let url = cluster.url("killed");
    let each = certificates / 3;
    let start = Instant::now();
    let worker = |name: &str| -> Result<Child> {
        let child = Command::new(std::env::current_exe()?)
            .args([
                "worker",
                "--url",
                &url,
                "--name",
                name,
                "--count",
                &each.to_string(),
            ])
            .arg("--authority")
            .arg(directory.path())
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()?;
        Ok(child)
    };
    let mut victim = worker("c")?;
    // Read at once: a worker that cannot print holds its locks.
    let mut others = JoinSet::new();
    for name in ["a", "b"] {
        others.spawn(worker(name)?.wait_with_output());
    }
    // Killed when it has given out a third of its certificates.
    let mut given_out = BTreeSet::new();
    let output = victim.stdout.take().context("a pipe was asked for")?;
    let mut lines = BufReader::new(output).lines();
    while let Some(line) = lines.next_line().await? {
        given_out.insert(line);
        if given_out.len() == usize::try_from(each / 3)? {
            victim.start_kill()?;
        }
    }
    victim.wait().await?;
    let before = given_out.len();
    ensure!(before < usize::try_from(each)?, "it was killed too late");
    // The same orders again, with the same idempotency keys.
    others.spawn(worker("c")?.wait_with_output());
    while let Some(output) = others.join_next().await {
        let output = output??;
        ensure!(
            output.status.success(),
            "a worker failed: {}",
            output.status
        );
        given_out.extend(String::from_utf8(output.stdout)?.lines().map(str::to_owned));
    }
    let seconds = start.elapsed().as_secs_f64();
    let now = OffsetDateTime::now_utc();
    tokio::time::sleep(Duration::from_secs(3)).await;
    store.recover(&actor(), OffsetDateTime::now_utc()).await?;
    let wanted = usize::try_from(each * 3)?;
    ensure!(
        given_out.len() == wanted,
        "{} numbers for {wanted} orders",
        given_out.len()
    );
    let mut serials = BTreeSet::new();
    let (mut good, mut unconfirmed) = (BTreeSet::new(), 0);
    let mut page = Page::first(1000);
    loop {
        let records = store.certificates(&Filter::default(), page, now).await?;
        let Some(last) = records.last() else { break };
        page.after = last.id;
        for record in records {
            ensure!(
                serials.insert(record.serial.to_string()),
                "{} twice",
                record.serial
            );
            match record.state {
                CertificateState::Valid => {
                    good.insert(record.serial.to_string());
                }
                CertificateState::Unconfirmed => {
                    unconfirmed += 1;
                    let selection = Selection::of("suite", Selector::Serial(record.serial));
                    let reason = RevocationReason::Superseded;
                    let revoked = store.revoke(&selection, reason, &actor(), now).await?;
                    ensure!(
                        revoked.len() == 1,
                        "an unconfirmed certificate cannot be revoked"
                    );
                }
                state => bail!("{} is {}", record.serial, state.as_str()),
            }
        }
    }
    ensure!(
        given_out.is_subset(&good),
        "a certificate was given out and is not recorded"
    );
    let head = store.verify_audit().await?;
    Ok(format!(
        "{wanted} certificates in {seconds:.0} s, killed after {before} of its {each}, {unconfirmed} unconfirmed and revoked, \
         {} rows of audit",
        head.seq
    ))
}

async fn restarted(cluster: &Cluster) -> Result<String> {
    let (store, directory) = new_store(cluster, "restarted").await?;
    let ca = add(&store, directory.path()).await?;
    let issuing = tokio::spawn(async move { issue(&ca, "r", 600, |_| Ok(())).await });
    // Each time when some more are recorded.
    let mut restarts = 0;
    while !issuing.is_finished() && restarts < 3 {
        if store.audit_head().await?.seq > 300 * (restarts + 1) {
            tokio::task::block_in_place(|| cluster.restart())?;
            restarts += 1;
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    issuing.await??;
    let now = OffsetDateTime::now_utc();
    let listed = store
        .certificates(&Filter::default(), Page::first(2000), now)
        .await?;
    let names: BTreeSet<_> = listed
        .iter()
        .filter(|record| record.state == CertificateState::Valid)
        .map(|record| record.subject.as_str())
        .collect();
    ensure!(
        names.len() == 600 && listed.len() == 600,
        "{} names, {} certificates",
        names.len(),
        listed.len()
    );
    store.verify_audit().await?;
    Ok(format!("600 certificates, {restarts} restarts"))
}

/// Nothing is issued meanwhile, and everything goes on afterwards.
async fn locked(cluster: &Cluster) -> Result<String> {
    let (store, directory) = new_store(cluster, "locked").await?;
    add(&store, directory.path()).await?;
    drop(store);
    let hasty = options(&cluster.url("locked"))?.lock_timeout(Duration::from_millis(100));
    let store = hasty.open().await?;
    let mut refused = 0;
    std::thread::scope(|scope| {
        let lock = "SELECT pg_advisory_lock(8100413902641328244), pg_sleep(2)";
        let holder = scope.spawn(|| cluster.sql("locked", lock));
        let waiting = async {
            while !holder.is_finished() {
                match store.claim_once("locked").await {
                    Ok(_) => {}
                    Err(StoreError::Locked(_)) => refused += 1,
                    Err(error) => return Err(error),
                }
            }
            Ok(())
        };
        tokio::task::block_in_place(|| tokio::runtime::Handle::current().block_on(waiting))
    })?;
    ensure!(refused > 0, "nothing was refused");
    ensure!(
        store.claim_once("afterwards").await?,
        "it does not go on afterwards"
    );
    store.verify_audit().await?;
    Ok(format!("refused {refused} times"))
}

async fn revoked(cluster: &Cluster) -> Result<String> {
    let (store, directory) = new_store(cluster, "revoked").await?;
    let ca = add(&store, directory.path()).await?;
    let issuer = ca.issuer().id.number();
    cluster.sql(
        "revoked",
        &format!(
            "INSERT INTO certificates (issuer, serial, state, profile, subject, sans, not_before, not_after, lineage, \
             part, holder, reserved_at) SELECT {issuer}, decode(lpad(to_hex(n), 16, '0'), 'hex'), 1, 'client', \
             'CN=' || n, '[]', 0, 4000000000, decode(lpad(to_hex(n), 32, '0'), 'hex'), 0, '', 0 \
             FROM generate_series(1, 10000) n"
        ),
    )?;
    let now = OffsetDateTime::now_utc();
    let start = Instant::now();
    let selection = Selection::of("suite", Selector::Profile("client".into()));
    let reason = RevocationReason::Superseded;
    let revoked = store.revoke(&selection, reason, &actor(), now).await?;
    let seconds = start.elapsed().as_secs_f64();
    ensure!(revoked.len() == 10_000, "{} are revoked", revoked.len());
    let crl = ca.sign_crl(0, time::Duration::DAY, now).await?;
    ensure!(crl.entries == 10_000, "the CRL has {} entries", crl.entries);
    store.verify_audit().await?;
    Ok(format!("{seconds:.2} s"))
}
