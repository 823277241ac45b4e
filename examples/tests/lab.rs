//! The whole lab, once: made, served, and every certificate of it presented.
#![allow(clippy::unwrap_used, reason = "tests")]

use mtls_lab::{Existing, KeyType, Options, ensure};
use time::OffsetDateTime;

#[tokio::test]
async fn every_row_of_the_matrix_is_as_expected() {
    for (key_type, rows) in [(KeyType::Ec, 70), (KeyType::MlDsa, 35)] {
        let keep = tempfile::tempdir().unwrap();
        let lab = keep.path().join("lab");
        let options = Options {
            key_type,
            ..Options::default()
        };
        ensure(&lab, &options, Existing::Keep, OffsetDateTime::now_utc()).unwrap();

        let report = lab_matrix::run(&lab, &options.p12_password).await.unwrap();
        let wrong: Vec<_> = report.results.iter().filter(|row| !row.ok).collect();
        assert_eq!(wrong, Vec::<&lab_matrix::Row>::new());
        assert!(report.passed > rows, "{key_type}: {} rows", report.passed);
        let old = report
            .results
            .iter()
            .any(|row| row.case.ends_with("TLS 1.2"));
        assert_eq!(old, !key_type.needs_tls13());
    }
}

#[tokio::test]
async fn a_matrix_in_disorder_is_noticed() {
    let keep = tempfile::tempdir().unwrap();
    let lab = keep.path().join("lab");
    let options = Options::default();
    ensure(&lab, &options, Existing::Keep, OffsetDateTime::now_utc()).unwrap();
    for ending in ["crt", "key"] {
        let (good, expired) = (
            format!("same-ca/client.{ending}"),
            format!("refused/expired/client.{ending}"),
        );
        std::fs::copy(lab.join(good), lab.join(expired)).unwrap();
    }

    let report = lab_matrix::run(&lab, &options.p12_password).await.unwrap();
    let wrong: Vec<_> = report
        .results
        .iter()
        .filter(|row| !row.ok)
        .map(|row| row.case.as_str())
        .collect();
    assert_eq!(wrong, ["expired, TLS 1.2", "expired, TLS 1.3"]);
}
