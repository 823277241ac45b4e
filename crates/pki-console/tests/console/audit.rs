//! The audit log: read backwards, filtered, and verified.

use rusqlite::Connection;

use crate::support::{Desk, authority, issue};

fn rows(text: &str) -> usize {
    text.matches("<th scope=\"row\"").count()
}

#[tokio::test]
async fn the_log_is_read_backwards_page_by_page() {
    let desk = Desk::new().await;
    for number in 0..40 {
        desk.issue(&format!("device-{number:02}")).await;
    }
    let end = desk.store.audit_head().await.unwrap().seq;
    let mut path = "/audit".to_owned();
    let mut seen = Vec::new();
    loop {
        let page = desk.get(&path).await;
        let parts = page.text.split("data-label=\"Row\">").skip(1);
        let seqs = parts.map(|it| it.split_once('<').unwrap().0.parse::<u64>().unwrap());
        seen.extend(seqs);
        let Some((before, _)) = page.text.split_once("\" rel=\"next\"") else {
            break;
        };
        path = before
            .rsplit_once("href=\"")
            .unwrap()
            .1
            .replace("&#38;", "&");
        assert!(rows(&page.text) <= 50);
    }
    let all: Vec<_> = (1..=end).rev().collect();
    assert_eq!(seen, all);
}

#[tokio::test]
async fn the_log_is_filtered_by_event_and_text() {
    let desk = Desk::new().await;
    let device = desk.issue("device").await;
    desk.revoke(&device).await;
    for (query, count) in [
        ("event=revoked", 1),
        ("event=issued", 2),
        ("event=issued&text=NOBODY", 0),
        ("text=cn%3Ddevice", 2),
        (&format!("text={}", device.serial), 3),
        ("event=no-such-event", 0),
    ] {
        let page = desk.get(&format!("/audit?{query}")).await;
        assert_eq!(page.status, 200);
        assert_eq!(rows(&page.text), count, "{query}: {}", page.text);
    }
    // Another CA of the store is nothing for these operators.
    let other = authority(&desk.store, "other").await;
    issue(&other, "foreign", None).await;
    assert!(!desk.get("/audit").await.text.contains("foreign"));
}

#[tokio::test]
async fn a_verification_says_whether_the_log_is_intact() {
    let desk = Desk::new().await;
    let device = desk.issue("device").await;
    let intact = desk.get("/audit/verification").await;
    intact.shows("The log is intact");
    intact.shows("The store agrees with the log");

    let file = desk.directory.path().join("store.db");
    let database = Connection::open(file).unwrap();
    let execute = |sql: &str| assert_eq!(database.execute(sql, []).unwrap(), 1, "{sql}");
    execute(&format!(
        "UPDATE certificates SET fingerprint = zeroblob(32) WHERE id = {}",
        device.id
    ));
    let page = desk.get("/audit/verification").await;
    page.shows("The log is intact");
    page.shows("The store does not agree with the log");

    execute("UPDATE audit SET actor = 'nobody' WHERE seq = 2");
    let page = desk.get("/audit/verification").await;
    page.shows("The log is broken");
    assert!(!page.text.contains("intact"));
}
