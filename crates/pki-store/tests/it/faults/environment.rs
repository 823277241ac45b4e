//! A full disk, a lock, a clock that goes back, and files that are not stores.

use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::Command;

use pki_core::verify::RevocationReason;
use pki_store::{
    CertificateAuthority, CertificateState, Filter, IssueError, Page, Selector, Store, StoreError,
    StoreOptions, StoreUrl,
};
use rusqlite::Connection;
use time::Duration;

use crate::kit::{Authorities, Done, Kit, actor, as_child, client, new_key, now, of, order};

#[tokio::test]
async fn a_store_is_its_owners() -> Done {
    let kit = Kit::new().await;
    kit.issue("a").await?;
    for entry in std::fs::read_dir(kit.directory.path())? {
        let entry = entry?;
        let mode = entry.metadata()?.permissions().mode();
        assert_eq!(mode & 0o077, 0, "{}", entry.path().display());
    }
    Ok(())
}

#[tokio::test]
async fn what_is_not_a_store_is_left_alone() -> Done {
    let directory = tempfile::tempdir()?;
    let path = directory.path().join("file");
    let url = StoreUrl::from(path.clone());
    std::fs::write(
        &path,
        "not a database, but a text that is long enough to be one".repeat(100),
    )?;
    let before = std::fs::read(&path)?;
    let opened = Store::open(&url).await;
    assert!(
        matches!(opened, Err(StoreError::Foreign { .. })),
        "{opened:?}"
    );
    assert_eq!(std::fs::read(&path)?, before);

    std::fs::remove_file(&path)?;
    Connection::open(&path)?.execute_batch("CREATE TABLE store (mine TEXT)")?;
    let before = std::fs::read(&path)?;
    let opened = Store::open(&url).await;
    assert!(
        matches!(opened, Err(StoreError::Foreign { .. })),
        "{opened:?}"
    );
    assert_eq!(std::fs::read(&path)?, before);

    std::fs::remove_file(&path)?;
    drop(Store::open(&url).await?);
    Connection::open(&path)?
        .execute_batch("UPDATE store SET version = version + 1, compatible = version + 1")?;
    let opened = Store::open(&url).await;
    assert!(
        matches!(opened, Err(StoreError::Newer { .. })),
        "{opened:?}"
    );

    let opened = Store::open(&directory.path().join("no/such/file").into()).await;
    assert!(matches!(opened, Err(StoreError::Open { .. })), "{opened:?}");
    let opened = Store::open(&directory.path().to_owned().into()).await;
    assert!(matches!(opened, Err(StoreError::Open { .. })), "{opened:?}");
    Ok(())
}

#[tokio::test]
async fn a_damaged_file_is_an_error() -> Done {
    let kit = Kit::new().await;
    for number in 0..20 {
        kit.issue(&format!("a{number}")).await?;
    }
    Connection::open(kit.path())?.execute_batch("PRAGMA wal_checkpoint(TRUNCATE)")?;
    let bytes = std::fs::read(kit.path())?;
    let mut opened = 0;
    for page in 0..bytes.len() / 4096 {
        let mut damaged = bytes.clone();
        for byte in damaged.iter_mut().skip(page * 4096).take(4096) {
            *byte = byte.wrapping_mul(31).wrapping_add(7);
        }
        let copy = kit.directory.path().join(format!("copy{page}.db"));
        std::fs::write(&copy, damaged)?;
        // Whatever it is, it is said in a value.
        let Ok(store) = Store::open(&copy.into()).await else {
            continue;
        };
        opened += 1;
        let listed = store
            .certificates(&Filter::default(), Page::default(), now())
            .await;
        let verified = store.verify_audit().await;
        let statuses = store.statuses(kit.ca.issuer().id, &[]).await;
        let all_is_well =
            listed.is_ok_and(|it| it.len() == 20) && verified.is_ok() && statuses.is_ok();
        let check = store.check_integrity().await;
        assert!(!all_is_well || check.is_err() || page == 0, "page {page}");
    }
    assert!(opened > 0);
    kit.store.check_integrity().await?;
    Ok(())
}

#[tokio::test]
async fn a_locked_store_is_read_and_not_written() -> Done {
    let short = std::time::Duration::from_millis(50);
    let kit = Kit::with(1, |options| options.lock_timeout(short)).await;
    let serial = kit.issue("a").await?.record.serial;
    let other = Connection::open(kit.path())?;
    other.execute_batch("BEGIN IMMEDIATE")?;
    let locked = kit.issue("b").await;
    assert!(
        matches!(locked, Err(IssueError::Store(StoreError::Locked(_)))),
        "{locked:?}"
    );
    let selection = of(Selector::Serial(serial));
    let reason = RevocationReason::Superseded;
    let locked = kit.store.revoke(&selection, reason, &actor(), now()).await;
    assert!(matches!(locked, Err(StoreError::Locked(_))), "{locked:?}");
    assert_eq!(kit.store.select(&selection, now()).await?.len(), 1);
    other.execute_batch("ROLLBACK")?;
    assert_eq!(
        kit.store
            .revoke(&selection, reason, &actor(), now())
            .await?
            .len(),
        1
    );
    kit.issue("b").await?;
    kit.store.verify_audit().await?;
    Ok(())
}

#[tokio::test]
async fn a_store_that_was_lost_is_not_made_again() -> Done {
    let kit = Kit::new().await;
    let existing = || StoreOptions::new(kit.store.url().clone()).existing();
    existing().open().await?;
    let maker = Store::open(kit.store.url()).await?;
    let path = kit.path();
    std::fs::rename(&path, path.with_extension("away"))?;
    // Neither by somebody else nor by who has made it.
    for lost in [
        existing().open().await.map(drop),
        existing().read_only().open().await.map(drop),
        maker.issuers().await.map(drop),
    ] {
        assert!(matches!(lost, Err(StoreError::Missing { .. })), "{lost:?}");
    }
    assert!(!path.exists());
    std::fs::write(&path, "")?;
    let empty = existing().open().await;
    assert!(
        matches!(empty, Err(StoreError::Missing { .. })),
        "{empty:?}"
    );
    Store::open(kit.store.url()).await?;
    existing().open().await?;
    Ok(())
}

#[tokio::test]
async fn a_clock_that_goes_back_changes_no_order() -> Done {
    let kit = Kit::new().await;
    let profile = client();
    let mut numbers = Vec::new();
    for at in [now(), now() - Duration::DAY, now()] {
        let issued = kit.ca.issue(order("a", &new_key(), &profile), at).await?;
        let selection = of(Selector::Serial(issued.record.serial));
        let reason = RevocationReason::Superseded;
        kit.store.revoke(&selection, reason, &actor(), at).await?;
        let crl = kit.ca.sign_crl(0, Duration::DAY, at).await?;
        numbers.push((crl.number, crl.entries));
    }
    assert_eq!(numbers, [(1, 1), (2, 2), (3, 3)]);
    assert!(kit.store.recover(&actor(), now()).await? == 0);
    kit.store.verify_audit().await?;
    Ok(())
}

#[tokio::test]
async fn a_full_disk_stops_issuing_and_loses_nothing() -> Done {
    let authorities = Authorities::new();
    let directory = tempfile::tempdir()?;
    authorities.write(directory.path())?;
    let url = StoreUrl::from(directory.path().join("store.db"));
    let store = Store::open(&url).await?;
    drop(authorities.again().in_store(&store, 1).await);
    // A limit on files is a disk that is full for this process: a write fails in the middle.
    let mut shell = Command::new("sh");
    shell
        .args(["-c", "trap '' XFSZ; ulimit -f 2000; exec \"$0\" \"$@\""])
        .arg(std::env::current_exe()?);
    let filled = as_child(&mut shell, "faults::environment::child", directory.path()).output()?;
    assert!(filled.status.success(), "{filled:?}");
    let said = String::from_utf8(filled.stdout)?;
    let given_out: Vec<_> = said
        .lines()
        .filter_map(|line| line.split("issued:").nth(1))
        .collect();
    assert!(!given_out.is_empty());
    let later = now() + Duration::minutes(5);
    store.recover(&actor(), later).await?;
    let listed = store
        .certificates(&Filter::default(), Page::first(10_000), later)
        .await?;
    for serial in &given_out {
        let record = listed
            .iter()
            .find(|record| record.serial.to_string() == **serial);
        assert_eq!(
            record.map(|it| it.state),
            Some(CertificateState::Valid),
            "{serial}"
        );
    }
    let unfinished = listed
        .iter()
        .filter(|it| it.state != CertificateState::Valid);
    assert!(unfinished.count() <= 1);
    store.verify_audit().await?;
    let serial = given_out[0].parse()?;
    let reason = RevocationReason::Superseded;
    let revoked = store
        .revoke(&of(Selector::Serial(serial)), reason, &actor(), later)
        .await?;
    assert_eq!(revoked.len(), 1);
    Ok(())
}

/// Issues until it cannot.
#[tokio::test]
#[ignore = "is started by another test"]
async fn child() -> Done {
    let Some(directory) = std::env::var_os("STORE_TEST_DIRECTORY") else {
        return Ok(());
    };
    let directory = Path::new(&directory);
    let store = Store::open(&directory.join("store.db").into()).await?;
    let (authority, _) = Authorities::read(directory)?.issuing;
    let ca = CertificateAuthority::new(authority, store.clone()).await?;
    let profile = client();
    for number in 0..10_000 {
        match ca
            .issue(order(&format!("a{number}"), &new_key(), &profile), now())
            .await
        {
            Ok(issued) => println!("issued:{}", issued.record.serial),
            Err(IssueError::Store(StoreError::Disk(_))) => return Ok(()),
            Err(other) => return Err(other.into()),
        }
    }
    Err("the disk was never full".into())
}
