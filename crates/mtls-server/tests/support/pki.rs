//! Certificates for tests, and what this crate makes of them.

use mtls_server::verify::CrlSet;
use test_pki::Crl;
use time::{Duration, OffsetDateTime};

pub use test_pki::{Ca, Leaf};

pub fn crl_set(crl: &Crl) -> CrlSet {
    CrlSet::from_pem_or_der([crl.der()]).unwrap()
}

pub fn days_from_now(days: i64) -> OffsetDateTime {
    OffsetDateTime::now_utc() + Duration::days(days)
}
