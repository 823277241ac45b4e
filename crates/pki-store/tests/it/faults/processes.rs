//! Processes that share a store: leases, clocks, readers, and others' releases.

use std::time::Duration as StdDuration;

use pki_core::verify::RevocationReason;
use pki_store::{
    CertificateStatus, ClockState, CrlError, IssueError, Selector, Store, StoreError, StoreOptions,
    StoreUrl,
};
use rusqlite::Connection;
use tempfile::TempDir;
use time::{Duration, OffsetDateTime};

use crate::kit::{Authorities, Done, Kit, actor, client, new_key, now, of, order};

const PERIOD: StdDuration = StdDuration::from_secs(600);
const HOURS: Duration = Duration::hours(2);

#[tokio::test]
async fn a_lease_is_one_process_s_whatever_the_clocks_say() -> Done {
    let kit = Kit::new().await;
    let other = Store::open(kit.store.url()).await?;
    for _ in 0..2 {
        assert!(kit.store.lease("timer", PERIOD, now()).await?);
        for at in [now() - HOURS, now(), now() + HOURS] {
            assert!(!other.lease("timer", PERIOD, at).await?, "{at}");
        }
    }
    assert!(other.lease("another", PERIOD, now()).await?);
    Ok(())
}

#[tokio::test]
async fn a_lease_that_is_not_prolonged_goes_to_another_process() -> Done {
    let kit = Kit::new().await;
    let other = Store::open(kit.store.url()).await?;
    let short = StdDuration::from_millis(200);
    assert!(kit.store.lease("timer", short, now()).await?);
    // It has not been seen for long, however old it is.
    tokio::time::sleep(short).await;
    assert!(!other.lease("timer", short, now()).await?);
    // The clocks stand still.
    while !other.lease("timer", short, now()).await? {
        tokio::task::yield_now().await;
    }
    assert!(!kit.store.lease("timer", PERIOD, now()).await?);
    Ok(())
}

#[tokio::test]
async fn a_lease_that_is_ended_is_had_at_once_and_only_its_holder_ends_it() -> Done {
    let kit = Kit::new().await;
    let other = Store::open(kit.store.url()).await?;
    assert!(kit.store.lease("timer", PERIOD, now()).await?);
    other.end_lease("timer").await?;
    assert!(!other.lease("timer", PERIOD, now()).await?);
    kit.store.end_lease("timer").await?;
    assert!(other.lease("timer", PERIOD, now()).await?);
    assert!(!kit.store.lease("timer", PERIOD, now()).await?);
    Ok(())
}

#[tokio::test]
async fn a_lease_that_is_prolonged_stays() -> Done {
    let kit = Kit::new().await;
    let other = Store::open(kit.store.url()).await?;
    let short = StdDuration::from_millis(300);
    let begun = std::time::Instant::now();
    assert!(kit.store.lease("timer", short, now()).await?);
    while begun.elapsed() < short * 3 {
        let prolonged = std::time::Instant::now();
        assert!(kit.store.lease("timer", short, now()).await?);
        let taken = other.lease("timer", short, now()).await?;
        // Unless this process was stopped for so long that the lease was over.
        assert!(!taken || prolonged.elapsed() > short);
    }
    Ok(())
}

/// A store with three handles, of which each has its own time.
async fn three(ahead: [Duration; 3]) -> Result<(TempDir, Vec<Store>, [ClockState; 3]), StoreError> {
    let directory = tempfile::tempdir().expect("a directory");
    let url = StoreUrl::from(directory.path().join("store.db"));
    let mut stores = Vec::new();
    for _ in 0..3 {
        stores.push(Store::open(&url).await?);
    }
    let mut states = [ClockState::Unknown; 3];
    for _ in 0..4 {
        for ((store, ahead), state) in stores.iter().zip(ahead).zip(&mut states) {
            *state = store
                .beat("process", OffsetDateTime::now_utc() + ahead)
                .await?;
            assert_eq!(*state, store.clock_state());
        }
    }
    Ok((directory, stores, states))
}

#[tokio::test]
async fn a_process_whose_clock_is_off_issues_and_signs_nothing() -> Done {
    let (directory, stores, states) = three([Duration::ZERO, HOURS, Duration::ZERO]).await?;
    assert_eq!([states[0], states[2]], [ClockState::Agrees; 2]);
    assert!(
        matches!(states[1], ClockState::Wrong { seconds } if (7190..7210).contains(&seconds)),
        "{states:?}"
    );
    let said = states[1].to_string();
    assert!(
        said.contains("ahead of those of most other processes"),
        "{said}"
    );
    let (authorities, profile) = (Authorities::new(), client());
    for (number, store) in stores.iter().enumerate() {
        let [_, ca] = authorities.again().in_store(store, 1).await;
        let issued = ca.issue(order("a", &new_key(), &profile), now()).await;
        let crl = ca.sign_crl(0, Duration::DAY, now()).await;
        if number == 1 {
            assert!(
                matches!(issued, Err(IssueError::Clock(state)) if state == states[1]),
                "{issued:?}"
            );
            assert!(matches!(crl, Err(CrlError::Clock(_))), "{crl:?}");
        } else {
            let serial = issued?.record.serial;
            assert_eq!(crl?.entries, 0);
            // Whoever is revoked is revoked, whatever time it is.
            if number == 2 {
                let selection = of(Selector::Serial(serial));
                let reason = RevocationReason::Superseded;
                let revoked = stores[1]
                    .revoke(&selection, reason, &actor(), now())
                    .await?;
                assert_eq!(revoked.len(), 1);
            }
        }
    }
    // Nor does it know which reservations are too old.
    let file = Connection::open(directory.path().join("store.db"))?;
    file.execute_batch("UPDATE certificates SET state = 0")?;
    let later = now() + Duration::DAY;
    assert_eq!(stores[1].recover(&actor(), later).await?, 0);
    assert_eq!(stores[2].recover(&actor(), later).await?, 2);
    Ok(())
}

#[tokio::test]
async fn a_standby_knows_up_to_the_last_time_that_is_not_in_doubt() -> Done {
    let kit = Kit::new().await;
    let reader = StoreOptions::new(kit.store.url().clone()).read_only();
    let reader = reader.open().await?;
    let now = OffsetDateTime::now_utc();
    assert_eq!(reader.known_until(now).await?, None);
    let (_directory, stores, _) = three([Duration::ZERO, HOURS, Duration::ZERO]).await?;
    let reader = StoreOptions::new(stores[0].url().clone()).read_only();
    let reader = reader.open().await?;
    let now = OffsetDateTime::now_utc();
    let until = reader.known_until(now).await?;
    let lag = until.map(|until| now - until);
    assert!(lag.is_some_and(|lag| lag < Duration::MINUTE), "{lag:?}");
    // The process whose clock is two hours ahead is not believed.
    let much_later = reader.known_until(now + Duration::DAY).await?;
    assert_eq!(much_later, until);
    let much_earlier = reader.known_until(now - Duration::DAY).await?;
    assert_eq!(much_earlier, None);
    Ok(())
}

#[tokio::test]
async fn a_store_that_is_read_is_not_changed() -> Done {
    let kit = Kit::new().await;
    let serial = kit.issue("a").await?.record.serial;
    let reader = StoreOptions::new(kit.store.url().clone()).read_only();
    let reader = reader.open().await?;
    assert!(reader.is_read_only() && !kit.store.is_read_only());
    let issuer = kit.ca.issuer().id;
    let known = std::slice::from_ref(&serial);
    assert_eq!(
        reader.statuses(issuer, known).await?,
        [CertificateStatus::Good]
    );
    let selection = of(Selector::Serial(serial.clone()));
    let reason = RevocationReason::Superseded;
    let refused = reader.revoke(&selection, reason, &actor(), now()).await;
    assert!(
        matches!(refused, Err(StoreError::ReadOnly(_))),
        "{refused:?}"
    );
    let refused = reader.lease("timer", PERIOD, now()).await;
    assert!(
        matches!(refused, Err(StoreError::ReadOnly(_))),
        "{refused:?}"
    );
    kit.store
        .revoke(&selection, reason, &actor(), now())
        .await?;
    let status = reader.statuses(issuer, known).await?;
    assert!(matches!(status[..], [CertificateStatus::Revoked { .. }]));
    // What is not there is not made.
    let missing = kit.directory.path().join("missing.db");
    let opened = StoreOptions::new(missing.clone().into()).read_only();
    let opened = opened.open().await;
    assert!(
        matches!(opened, Err(StoreError::Missing { .. })),
        "{opened:?}"
    );
    assert!(!missing.exists());
    Ok(())
}

#[tokio::test]
async fn a_store_that_a_later_release_has_only_added_to_is_used() -> Done {
    let kit = Kit::new().await;
    let known = kit.store.schema().known;
    let file = Connection::open(kit.path())?;
    let later = "ALTER TABLE certificates ADD COLUMN colour TEXT NOT NULL DEFAULT ''; \
                 ALTER TABLE audit ADD COLUMN colour TEXT NOT NULL DEFAULT ''; \
                 CREATE TABLE colours (colour TEXT NOT NULL PRIMARY KEY) STRICT; \
                 UPDATE store SET version = version + 1";
    file.execute_batch(later)?;
    // Who has it open goes on, and who opens it now finds a later version and leaves it.
    kit.issue("a").await?;
    let again = Store::open(kit.store.url()).await?;
    assert_eq!(again.schema().found, known + 1);
    let version: i64 = file.query_row("SELECT version FROM store", [], |row| row.get(0))?;
    assert_eq!(version, known + 1);
    again.verify_audit().await?;
    // One that says that older software must not use it is refused.
    file.execute_batch("UPDATE store SET compatible = version")?;
    let refused = Store::open(kit.store.url()).await;
    assert!(
        matches!(refused, Err(StoreError::Newer { .. })),
        "{refused:?}"
    );
    Ok(())
}

#[tokio::test]
async fn a_reader_does_not_bring_an_older_schema_up_to_date() -> Done {
    let kit = Kit::new().await;
    let file = Connection::open(kit.path())?;
    file.execute_batch("UPDATE store SET version = 2")?;
    let options = StoreOptions::new(kit.store.url().clone()).read_only();
    let refused = options.open().await;
    assert!(
        matches!(refused, Err(StoreError::NotMigrated { found: 2, .. })),
        "{refused:?}"
    );
    Ok(())
}

fn processes(directory: &TempDir) -> Result<i64, rusqlite::Error> {
    let file = Connection::open(directory.path().join("store.db"))?;
    file.query_row("SELECT COUNT(*) FROM processes", [], |row| row.get(0))
}

#[tokio::test]
async fn a_command_compares_its_clock_and_says_nothing_of_itself() -> Done {
    let (directory, stores, _) = three([Duration::ZERO; 3]).await?;
    let (authorities, profile) = (Authorities::new(), client());
    for ahead in [Duration::ZERO, HOURS, -HOURS] {
        let command = Store::open(stores[0].url()).await?;
        let mut states = Vec::new();
        for _ in 0..3 {
            let now = OffsetDateTime::now_utc();
            states.push(command.compare_clock(now + ahead).await?);
            for store in &stores {
                store.beat("process", now).await?;
            }
        }
        assert_eq!(command.clock_state(), states[2]);
        let [_, ca] = authorities.again().in_store(&command, 1).await;
        let issued = ca.issue(order("a", &new_key(), &profile), now()).await;
        if ahead.is_zero() {
            assert_eq!(states, [ClockState::Agrees; 3]);
            issued?;
        } else {
            assert_eq!(states[0], ClockState::Comparing);
            assert!(matches!(issued, Err(IssueError::Clock(_))), "{issued:?}");
        }
        assert_eq!(processes(&directory)?, 3);
    }
    Ok(())
}

#[tokio::test]
async fn a_command_waits_once_for_processes_that_were_killed() -> Done {
    let (directory, stores, _) = three([Duration::ZERO; 3]).await?;
    let file = Connection::open(directory.path().join("store.db"))?;
    file.execute_batch("UPDATE processes SET at = at - 3600000")?;
    let compare = async |looks: usize| {
        let command = Store::open(stores[0].url()).await?;
        let mut states = Vec::new();
        for _ in 0..looks {
            states.push(command.compare_clock(OffsetDateTime::now_utc()).await?);
        }
        Ok::<_, StoreError>(states)
    };
    let first = compare(6).await?;
    assert_eq!(first[..5], [ClockState::Comparing; 5]);
    assert_eq!(first[5], ClockState::Agrees);
    assert_eq!(processes(&directory)?, 0);
    assert_eq!(compare(1).await?, [ClockState::Agrees]);
    // One that was only slow says again that it is there.
    stores[0].beat("slow", OffsetDateTime::now_utc()).await?;
    assert_eq!(processes(&directory)?, 1);
    Ok(())
}
