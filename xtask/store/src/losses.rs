//! What is lost with a standby that was behind, or by a backup, and who notices.

use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Result, ensure};
use pki_core::verify::RevocationReason;
use pki_core::{KeyKind, KeyPair, Signer as _};
use pki_store::{
    CertificateAuthority, CertificateStatus, CheckpointPlace, Selection, Selector, Store,
    StoreError, StoreOptions, StoreUrl,
};
use suite::postgres::Cluster;
use tempfile::TempDir;
use time::OffsetDateTime;
use tokio::task::block_in_place;

use crate::authority::{Point, actor, add, new_store_at};
use crate::worker::issue;

pub(crate) async fn points(cluster: &Cluster) -> Vec<Point> {
    vec![
        (
            "an asynchronous standby that was behind leads",
            behind().await,
        ),
        ("a backup by pg_dump is restored", restored(cluster).await),
    ]
}

/// A CA process on a machine that keeps checkpoints.
struct Machine {
    store: Store,
    ca: CertificateAuthority,
    place: CheckpointPlace,
    signer: Arc<KeyPair>,
    directory: TempDir,
}

impl Machine {
    async fn new(url: &str) -> Result<Self> {
        let (store, directory) = new_store_at(url).await?;
        let ca = add(&store, directory.path()).await?;
        Ok(Self {
            store,
            ca,
            place: CheckpointPlace::File(directory.path().join("checkpoints")),
            signer: Arc::new(KeyPair::generate(KeyKind::P256)?),
            directory,
        })
    }

    /// What is acknowledged, and then lost: a certificate, a revocation, and the CRL that shows it. Returns its number.
    async fn does_more(&self) -> Result<u64> {
        issue(&self.ca, "lost", 1, |_| Ok(())).await?;
        let now = OffsetDateTime::now_utc();
        let selection = Selection::of("suite", Selector::Name("kept-3".parse()?));
        let reason = RevocationReason::Superseded;
        let revoked = self.store.revoke(&selection, reason, &actor(), now).await?;
        ensure!(revoked.len() == 1, "{} are revoked", revoked.len());
        let crl = self.ca.sign_crl(0, time::Duration::DAY, now).await?;
        let (signer, place) = (self.signer.clone(), Some(&self.place));
        self.store.make_checkpoint(signer, place, now).await?;
        Ok(crl.number)
    }

    /// A process that starts on this machine is refused, until somebody says that he knows what was lost. It then goes on
    /// behind what was published, and revokes again.
    async fn starts_again(&self, url: &str, crl: u64) -> Result<()> {
        let url: StoreUrl = url.parse()?;
        let options = || StoreOptions::new(url.clone());
        let key = self.signer.public_key_der().to_vec();
        let checked = || options().checkpoints(self.place.clone(), key.clone());
        let refused = checked().open().await;
        ensure!(
            matches!(refused, Err(StoreError::Older { .. })),
            "{refused:?}"
        );
        let store = options().open().await?;
        let ca = add(&store, self.directory.path()).await?;
        let revoked = Selection::of("suite", Selector::Name("kept-3".parse()?));
        let now = OffsetDateTime::now_utc();
        let record = store.select(&revoked, now).await?;
        ensure!(
            record.len() == 1 && record[0].revoked.is_none(),
            "the revocation is there: nothing was lost"
        );
        let Some(newest) = self.place.newest()? else {
            anyhow::bail!("no checkpoint was kept");
        };
        let (signer, place) = (self.signer.clone(), Some(&self.place));
        store
            .acknowledge_restore(&newest, signer, place, &actor(), now)
            .await?;
        let store = checked().open().await?;
        let reason = RevocationReason::Superseded;
        let again = store.revoke(&revoked, reason, &actor(), now).await?;
        ensure!(again.len() == 1, "{} are revoked again", again.len());
        let serial = std::slice::from_ref(&again[0].serial);
        let status = store.statuses(ca.issuer().id, serial).await?;
        ensure!(
            matches!(status[..], [CertificateStatus::Revoked { .. }]),
            "{status:?}"
        );
        let next = ca.sign_crl(0, time::Duration::DAY, now).await?;
        ensure!(next.number > crl, "CRL {} after {crl}", next.number);
        issue(&ca, "later", 2, |_| Ok(())).await?;
        store.verify_audit().await?;
        store.verify_records().await?;
        Ok(())
    }
}

/// What the guide says of asynchronous standbys.
async fn behind() -> Result<String> {
    let pair = block_in_place(Cluster::start_with_standby)?;
    block_in_place(|| pair.database("ca"))?;
    let url = pair.url_of_both("ca")?;
    let machine = Machine::new(&url).await?;
    issue(&machine.ca, "kept", 10, |_| Ok(())).await?;
    let another = StoreOptions::new(url.parse()?).open().await?;
    ensure!(another.claim_once("before").await?, "it was claimed before");
    // From now on no commit waits, and the standby hears of nothing.
    let set = |sql: &str, on_standby: bool| {
        let set = |sql: &str| match on_standby {
            true => pair.sql_on_standby("postgres", sql),
            false => pair.sql("postgres", sql),
        };
        set(sql)?;
        set("SELECT pg_reload_conf()")
    };
    block_in_place(|| {
        set("ALTER SYSTEM SET synchronous_standby_names = ''", false)?;
        set("ALTER SYSTEM SET primary_conninfo = ''", true)?;
        let end = Instant::now() + Duration::from_secs(30);
        while pair.sql_on_standby("postgres", "SELECT count(*) FROM pg_stat_wal_receiver")? != "0" {
            ensure!(Instant::now() < end, "the standby goes on receiving");
            std::thread::sleep(Duration::from_millis(50));
        }
        Ok(())
    })?;
    let crl = machine.does_more().await?;
    block_in_place(|| pair.fail_over())?;
    // Who has committed what is lost notices by itself, and goes on noticing.
    for _ in 0..2 {
        let refused = machine.store.claim_once("afterwards").await;
        ensure!(
            matches!(refused, Err(StoreError::Older { .. })),
            "{refused:?}"
        );
    }
    // Who has committed nothing of it cannot know.
    ensure!(another.claim_once("other").await?, "it was claimed before");
    machine.starts_again(&url, crl).await?;
    Ok("its process writes nothing, one that starts is refused until that is acknowledged".into())
}

async fn restored(cluster: &Cluster) -> Result<String> {
    block_in_place(|| cluster.database("in_use"))?;
    let machine = Machine::new(&cluster.url("in_use")).await?;
    issue(&machine.ca, "kept", 10, |_| Ok(())).await?;
    block_in_place(|| {
        cluster.database("restored")?;
        cluster.dump_and_load("in_use", "restored")
    })?;
    let crl = machine.does_more().await?;
    machine.starts_again(&cluster.url("restored"), crl).await?;
    Ok("refused until that is acknowledged, and CRL numbers go on".into())
}
