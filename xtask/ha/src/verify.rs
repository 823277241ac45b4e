//! What is in the stores of all nodes at the end, beside what was acknowledged.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use pki_store::{CertificateState, Filter, Page, Store, StoreOptions};
use time::OffsetDateTime;

use crate::load::Acknowledged;

/// What has to hold, and what was seen.
pub(crate) type Point = (String, Result<String>);

/// Each point, for the stores at these addresses, of which one is the primary's.
pub(crate) async fn all(urls: &[String], acknowledged: &Acknowledged) -> Result<Vec<Point>> {
    let mut stores = Vec::new();
    for url in urls {
        let options = StoreOptions::new(url.parse()?).read_only();
        stores.push(options.open().await?);
    }
    agree(&stores).await?;
    let mut lost = Vec::new();
    let mut unrevoked = Vec::new();
    let mut unacknowledged = 0;
    for store in &stores {
        let states = states(store).await?;
        let is_there = |serial: &&String| {
            let state = states.get(*serial);
            matches!(
                state,
                Some(CertificateState::Valid | CertificateState::Revoked)
            )
        };
        let missing = acknowledged.issued.values().filter(|it| !is_there(it));
        lost.push(missing.count());
        let is_revoked = |serial: &&String| {
            let state = states.get(*serial);
            matches!(state, Some(CertificateState::Revoked))
        };
        unrevoked.push(
            acknowledged
                .revoked
                .iter()
                .filter(|it| !is_revoked(it))
                .count(),
        );
        unacknowledged = states.len().saturating_sub(acknowledged.issued.len());
    }
    let serials: BTreeSet<_> = acknowledged.issued.values().collect();
    let twice = acknowledged.issued.len() - serials.len();
    let none = |counts: &[usize], seen: String| {
        ensure!(counts.iter().all(|it| *it == 0), "{counts:?} by node");
        Ok(seen)
    };
    let (issued, revoked) = (acknowledged.issued.len(), acknowledged.revoked.len());
    Ok(vec![
        (
            "no acknowledged certificate is lost, on any node".to_owned(),
            none(
                &lost,
                format!("{issued}; {unacknowledged} more were recorded"),
            ),
        ),
        (
            "no acknowledged revocation is lost, on any node".to_owned(),
            none(&unrevoked, revoked.to_string()),
        ),
        (
            "no serial number is given out twice".to_owned(),
            none(&[twice], serials.len().to_string()),
        ),
        (
            "no certificate begins in the future".to_owned(),
            none_begins_later(&stores).await,
        ),
        (
            "the audit log verifies on every node".to_owned(),
            audit(&stores).await,
        ),
    ])
}

/// Waits until all have the same end of the audit log.
async fn agree(stores: &[Store]) -> Result<()> {
    for _ in 0..200 {
        let mut ends = BTreeSet::new();
        for store in stores {
            ends.insert(store.audit_head().await?.seq);
        }
        if ends.len() == 1 {
            return Ok(());
        }
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
    anyhow::bail!("the nodes do not get to have the same")
}

async fn states(store: &Store) -> Result<BTreeMap<String, CertificateState>> {
    let now = OffsetDateTime::now_utc();
    let mut states = BTreeMap::new();
    let mut page = Page::first(1000);
    loop {
        let records = store.certificates(&Filter::default(), page, now).await?;
        let Some(last) = records.last() else {
            return Ok(states);
        };
        page.after = last.id;
        for record in records {
            let serial = record.serial.to_string();
            ensure!(
                states.insert(serial.clone(), record.state).is_none(),
                "{serial} is there twice"
            );
        }
    }
}

async fn none_begins_later(stores: &[Store]) -> Result<String> {
    let store = stores.first().context("there is a store")?;
    let now = OffsetDateTime::now_utc();
    let mut page = Page::first(1000);
    let mut count = 0;
    loop {
        let records = store.certificates(&Filter::default(), page, now).await?;
        let Some(last) = records.last() else {
            return Ok(count.to_string());
        };
        page.after = last.id;
        count += records.len();
        let later = records.iter().find(|it| it.not_before > now);
        ensure!(later.is_none(), "{later:?}");
    }
}

/// Everything has happened between the beginning and now, whatever the clocks of the primaries were.
pub(crate) async fn has_right_times(url: &str, began: OffsetDateTime) -> Result<String> {
    let store = StoreOptions::new(url.parse()?).read_only().open().await?;
    let now = OffsetDateTime::now_utc();
    let mut after = 0;
    loop {
        let rows = store.audit(after, 1000).await?;
        let Some(last) = rows.last() else {
            return Ok(format!("{after} rows"));
        };
        after = last.seq;
        let second = time::Duration::SECOND;
        let other = rows
            .iter()
            .find(|row| row.at < began - second || row.at > now);
        ensure!(other.is_none(), "{other:?}");
    }
}

async fn audit(stores: &[Store]) -> Result<String> {
    let mut ends = BTreeSet::new();
    for store in stores {
        let head = store.verify_audit().await?;
        store.verify_records().await?;
        ends.insert((head.seq, head.hash));
    }
    ensure!(ends.len() == 1, "the nodes have different logs");
    let rows = ends.first().map_or(0, |(seq, _)| *seq);
    Ok(format!("{rows} rows"))
}
