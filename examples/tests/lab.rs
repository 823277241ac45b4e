//! The whole lab, once: made, served, and every certificate of it presented.
#![allow(clippy::unwrap_used, reason = "tests")]

use mtls_lab::{Existing, Options, ensure};
use time::OffsetDateTime;

#[tokio::test]
async fn every_row_of_the_matrix_is_as_expected() {
    let keep = tempfile::tempdir().unwrap();
    let lab = keep.path().join("lab");
    let options = Options::default();
    ensure(&lab, &options, Existing::Keep, OffsetDateTime::now_utc()).unwrap();

    let report = lab_matrix::run(&lab, &options.p12_password).await.unwrap();
    let wrong: Vec<_> = report.results.iter().filter(|row| !row.ok).collect();
    assert_eq!(wrong, Vec::<&lab_matrix::Row>::new());
    assert!(report.passed > 70, "{} rows", report.passed);
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
