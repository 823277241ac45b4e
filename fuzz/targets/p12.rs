//! A PKCS#12 file, BER or DER, with a limit on everything that it may cost.

#![no_main]

use libfuzzer_sys::fuzz_target;
use pkcs12_ios::{Archive, Limits};
use pki_core::Password;

fuzz_target!(|bytes: &[u8]| {
    let mut limits = Limits::default();
    limits.file_len = 16 << 10;
    limits.iterations = 1000; // as the seeds
    limits.hash_blocks = 7000;
    let password = Password::new(PASSWORD);
    let strict = Archive::read(bytes, &password, &limits);
    // A changed file has the wrong MAC, so that what is behind it is reached without one only.
    let archive = Archive::read(bytes, &password, &limits.clone().allow_missing_mac());
    assert!(strict.is_err() || archive.is_ok());
    let Ok(archive) = archive else { return };
    assert!(archive.certificates().len() <= limits.certificates);
    assert!(archive.keys().len() <= limits.keys);
});

/// That of the seeds.
const PASSWORD: &str = "MyP12Passw0rd";
