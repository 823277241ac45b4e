//! The results as a page.

#![allow(clippy::unwrap_used, reason = "tests")]

use lab_matrix::{Direction, Report, Row, page};
use mtls_lab::Verdict;

#[test]
fn matrix_puts_failures_first_and_says_so_in_words() {
    let html = page(&sample());
    assert!(html.contains("1 of 3 rows failed"), "{html}");
    let at = |words: &str| {
        html.find(words)
            .unwrap_or_else(|| unreachable!("{words} is not in {html}"))
    };
    assert!(at("<h2 id=\"s1\">refused</h2>") < at("<h2 id=\"s2\">same-ca</h2>"));
    assert!(at(">revoked, TLS 1.3</th>") < at(">expired, TLS 1.3</th>"));
    assert_eq!(html.matches(">FAILED</td>").count(), 1);
    assert_eq!(html.matches(">ok</td>").count(), 2);
}

#[test]
fn matrix_without_failures_or_rows_says_that() {
    let good: Vec<Row> = sample().results.into_iter().filter(|row| row.ok).collect();
    let html = page(&Report::new(good));
    assert!(html.contains("All 2 rows are as expected"), "{html}");
    assert!(!html.contains("FAILED"), "{html}");
    assert!(page(&Report::default()).contains("Nothing has been tried yet"));
}

#[test]
fn hostile_text_stays_text() {
    let hostile =
        r#"<script>alert(1)</script>"'><img src=x onerror=alert(2)>&amp;</td>{{ 7 * 7 }}"#;
    let html = page(&Report::new(vec![row("refused", hostile, hostile, false)]));
    for fragment in [
        "<script",
        "<img",
        "\"'>",
        "&amp;</td>{{",
        "onerror=alert(2)>",
    ] {
        assert!(!html.contains(fragment), "{fragment}");
    }
    assert_eq!(
        html.matches("&#60;script&#62;alert(1)&#60;/script&#62;")
            .count(),
        2
    );
    assert_eq!(html.matches("&#38;amp;").count(), 2);
}

#[test]
fn the_page_is_a_document_of_onboarding_and_loads_nothing() {
    let html = page(&sample());
    let (head, _) = html.split_once("<title>").unwrap();
    assert!(onboarding::document("", "").starts_with(head));
    let (_, body) = html.split_once("<body").unwrap();
    for forbidden in [
        "<script", "<img", "<iframe", "<link", "src=", " onclick", " onload", " style=",
    ] {
        assert!(!body.contains(forbidden), "{forbidden}");
    }
    for link in body.split("href=\"").skip(1) {
        assert!(link.starts_with(['#', '/']), "{link}");
    }
}

fn sample() -> Report {
    Report::new(vec![
        row("same-ca", "client.crt, TLS 1.3", "", true),
        row("refused", "expired, TLS 1.3", "expired", true),
        row("refused", "revoked, TLS 1.3", "accepted", false),
    ])
}

fn row(scenario: &'static str, case: &str, reason: &str, ok: bool) -> Row {
    Row {
        scenario,
        case: case.to_owned(),
        direction: Direction::Client,
        expected: Verdict::Refused,
        got: if ok {
            Verdict::Refused
        } else {
            Verdict::Accepted
        },
        reason: reason.to_owned(),
        ok,
    }
}
