//! What ends soon is found, and told once.

use std::fs;
use std::path::Path;

use pki_core::{Profile, ValidityLimits};
use pki_enroll::{Announcer, AnnouncerError, Exec, ExpiringKind, Recipient, Thresholds, expiring};
use pki_store::Store;
use time::{Duration, OffsetDateTime};

use crate::support::ca::Ca;

/// A client's certificate for 90 days.
fn profile() -> Profile {
    let days = |days: u64| std::time::Duration::from_secs(days * 24 * 3600);
    Profile::client().with_validity(ValidityLimits {
        min: days(1),
        default: days(90),
        max: days(90),
    })
}

/// What was found at a time: kinds and names.
async fn found(ca: &Ca, within: i64, at: OffsetDateTime) -> Vec<(ExpiringKind, String)> {
    let found = expiring(&ca.store, Duration::days(within), at)
        .await
        .unwrap();
    let names = found.into_iter().map(|it| (it.kind, it.name));
    names.collect()
}

#[tokio::test]
async fn what_ends_soon_is_found_and_what_was_renewed_or_revoked_is_not() {
    let ca = Ca::new().await;
    let start = ca.since;
    let old = ca.issue("renewed", &profile(), None, start).await;
    let gone = ca.issue("revoked", &profile(), None, start).await;
    ca.issue("kept", &profile(), None, start).await;
    let later = start + Duration::days(70);
    let serial = old.certificate.serial().clone();
    ca.issue("renewed", &profile(), Some(serial), later).await;
    ca.revoke(&gone.certificate).await;
    let kept = (ExpiringKind::Leaf, "CN=kept".to_owned());
    assert_eq!(found(&ca, 10, later).await, []);
    assert_eq!(found(&ca, 30, later).await, [kept]);
    // The issuing CA ends after three years, and the new certificate long before.
    let end = start + Duration::days(3 * 365 - 5);
    let issuing = (ExpiringKind::Ca, "CN=issuing,O=Example".to_owned());
    assert_eq!(found(&ca, 10, end).await, [issuing]);
}

#[tokio::test]
async fn the_first_to_end_are_those_of_all() {
    let ca = Ca::new().await;
    let start = ca.since;
    // One was renewed, by one that ends as the first of the others does.
    let old = ca
        .issue("one", &profile(), None, start - Duration::days(2))
        .await;
    let serial = old.certificate.serial().clone();
    for (name, days) in [("five", 4), ("two", 1), ("four", 3), ("three", 2)] {
        ca.issue(name, &profile(), None, start + Duration::days(days))
            .await;
    }
    ca.issue("one", &profile(), Some(serial), start).await;
    let now = start + Duration::days(5);
    let first = async |of: &str, within: i64, limit: usize| {
        let within = Duration::days(within);
        let found = pki_enroll::expiring_first(&ca.store, of, within, now, limit).await;
        let (found, more) = found.unwrap();
        let names: Vec<_> = found.into_iter().map(|it| it.name).collect();
        (names.join(" "), more)
    };
    let (all, more) = first("default", 89, 5).await;
    assert_eq!(all, "CN=one CN=two CN=three CN=four CN=five");
    assert!(!more);
    assert_eq!(
        first("default", 89, 2).await,
        ("CN=one CN=two".into(), true)
    );
    assert_eq!(
        first("default", 86, 5).await,
        ("CN=one CN=two".into(), false)
    );
    assert_eq!(first("another", 89, 5).await, (String::new(), false));
    let of_all: Vec<_> = found(&ca, 89, now)
        .await
        .into_iter()
        .map(|(_, it)| it)
        .collect();
    assert_eq!(of_all.join(" "), all);
}

#[tokio::test]
async fn crls_and_the_last_responder_are_found() {
    let ca = Ca::new().await;
    let (mut publisher, _published) = ca.publisher();
    publisher.refresh(ca.since).await.unwrap();
    let kinds = async |days: i64, within: i64| {
        let found = found(&ca, within, ca.since + Duration::days(days)).await;
        let mut kinds: Vec<_> = found.into_iter().map(|(kind, _)| kind).collect();
        kinds.sort();
        kinds
    };
    assert_eq!(kinds(0, 1).await, []);
    // That of the root counts for longer.
    assert_eq!(kinds(0, 8).await, [ExpiringKind::Crl]);
    assert_eq!(kinds(0, 90).await.len(), 4);
    publisher
        .refresh(ca.since + Duration::days(8))
        .await
        .unwrap();
    // The first two have a successor.
    assert_eq!(kinds(9, 1).await, []);
    let both = [
        ExpiringKind::Crl,
        ExpiringKind::Responder,
        ExpiringKind::Responder,
    ];
    assert_eq!(kinds(9, 14).await, both);
}

/// Appends each notice to a file.
fn announcer(store: &Store, file: &Path) -> Announcer {
    let exec = Exec::new(format!("cat >> {}", file.display()));
    Announcer::new(
        store.clone(),
        vec![Recipient::Exec(exec)],
        Thresholds::default(),
    )
}

#[tokio::test]
async fn each_threshold_is_told_once_whatever_restarts() {
    let ca = Ca::new().await;
    ca.issue("client", &profile(), None, ca.since).await;
    // Too short to be announced.
    ca.issue("short", &Profile::client(), None, ca.since).await;
    let file = ca.directory.path().join("told");
    let mut first = announcer(&ca.store, &file);
    let day = |day| ca.since + Duration::days(day);
    for (at, told) in [(0, 0), (59, 0), (61, 1), (62, 0), (84, 1), (85, 0)] {
        assert_eq!(first.announce(day(at)).await.unwrap(), told, "day {at}");
    }
    // Another process, which does not have to wait for the first one's lease to be over.
    let mut second = announcer(&ca.reopened().await, &file);
    for (at, told) in [(86, 0), (89, 1), (90, 0)] {
        assert_eq!(second.announce(day(at)).await.unwrap(), told, "day {at}");
    }
    let told = fs::read_to_string(file).unwrap();
    let thresholds: Vec<String> = told
        .lines()
        .map(|line| {
            let notice: serde_json::Value = serde_json::from_str(line).unwrap();
            assert_eq!(notice["name"], "CN=client");
            notice["threshold"].as_str().unwrap().to_owned()
        })
        .collect();
    assert_eq!(thresholds, ["30d", "7d", "1d"]);
}

#[tokio::test]
async fn what_could_not_be_told_is_told_later_and_others_are_told_anyway() {
    let ca = Ca::new().await;
    ca.issue("client", &profile(), None, ca.since).await;
    let (told, broken) = (
        ca.directory.path().join("told"),
        ca.directory.path().join("broken"),
    );
    let commands = [
        format!("test -e {}", broken.display()),
        format!("cat >> {}", told.display()),
    ];
    let recipients = commands.map(|command| Recipient::Exec(Exec::new(command)));
    let mut announcer =
        Announcer::new(ca.store.clone(), recipients.to_vec(), Thresholds::default());
    let at = ca.since + Duration::days(61);
    let error = announcer.announce(at).await.unwrap_err();
    assert!(matches!(error, AnnouncerError::Tell { .. }), "{error:?}");
    assert!(told.exists());
    fs::write(&broken, "").unwrap();
    assert_eq!(announcer.announce(at + Duration::HOUR).await.unwrap(), 1);
    assert_eq!(fs::read_to_string(told).unwrap().lines().count(), 1);
}
