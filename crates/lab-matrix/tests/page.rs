//! The results as a page.

#![allow(clippy::unwrap_used, reason = "tests")]

use lab_matrix::{Direction, Report, Row, page};
use mtls_lab::Verdict;

#[test]
fn matrix_puts_failures_first_and_says_so_in_words() {
    let html = page(&sample());
    assert!(html.contains("1 of 3 results failed"), "{html}");
    let at = |words: &str| {
        html.find(words)
            .unwrap_or_else(|| unreachable!("{words} is not in {html}"))
    };
    assert!(at("<h2 id=\"s1\">refused</h2>") < at("<h2 id=\"s2\">same-ca</h2>"));
    assert!(at(">revoked</th>") < at(">expired</th>"));
    assert_eq!(html.matches(">FAILED</td>").count(), 1);
    assert_eq!(html.matches(">ok</td>").count(), 2);
}

#[test]
fn matrix_without_failures_or_rows_says_that() {
    let good: Vec<Row> = sample().results.into_iter().filter(|row| row.ok).collect();
    let html = page(&Report::new(good));
    assert!(html.contains("All 2 results are as expected"), "{html}");
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

#[test]
fn what_differs_in_the_version_of_tls_alone_is_one_line() {
    let rows = |reasons: [&str; 2], ok: [bool; 2]| {
        let versions = ["TLS 1.2", "TLS 1.3"].into_iter();
        let rows = versions.zip(reasons).zip(ok);
        let rows = rows.map(|((version, reason), ok)| Row {
            tls: Some(version),
            ..row("same-ca", "client.crt", reason, ok)
        });
        Report::new(rows.collect())
    };
    let lines = |report: &Report| {
        let lines = report.lines().into_iter();
        lines
            .map(|line| (line.versions(), line.reason.to_owned()))
            .collect::<Vec<_>>()
    };
    let line = |versions: &str, reason: &str| (versions.to_owned(), reason.to_owned());
    let refused = rows(["expired", "expired"], [true, true]);
    assert_eq!(lines(&refused), [line("1.2, 1.3", "expired")]);
    let accepted = rows(
        ["Hello a: TLSv1.2, X", "Hello a: TLSv1.3, Y"],
        [false, false],
    );
    assert_eq!(lines(&accepted), [line("1.2, 1.3", "Hello a")]);

    // Another reason, another result, another case.
    let reasons = rows(["expired", "revoked"], [true, true]);
    assert_eq!(lines(&reasons).len(), 2);
    assert_eq!(lines(&rows(["x", "x"], [true, false])).len(), 2);
    assert_eq!(lines(&sample()).len(), 3);
}

fn sample() -> Report {
    Report::new(vec![
        row("same-ca", "client.crt", "", true),
        row("refused", "expired", "expired", true),
        row("refused", "revoked", "accepted", false),
    ])
}

fn row(scenario: &'static str, case: &str, reason: &str, ok: bool) -> Row {
    Row {
        scenario,
        case: format!("{case}, TLS 1.3"),
        presented: case.to_owned(),
        tls: Some("TLS 1.3"),
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
