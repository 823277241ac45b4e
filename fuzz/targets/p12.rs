//! A PKCS#12 file, BER or DER, with a limit on everything that it may cost.

#![no_main]

use libfuzzer_sys::fuzz_target;
use pkcs12_ios::{Archive, Bundle, Limits, Reader, inspect};
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
    for password in [None, Some(&password)] {
        let inspection = inspect(bytes, password, &limits);
        // One walk: what opens can be inspected.
        assert!(archive.is_err() || inspection.is_ok());
        let Ok(inspection) = inspection else { continue };
        assert!(inspection.bags().len() <= limits.bags);
        for reader in Reader::ALL {
            let outlook = inspection.outlook(reader);
            assert!(!outlook.is_refused() || outlook.identities == Some(0));
        }
    }
    let Ok(archive) = archive else { return };
    assert!(archive.certificates().len() <= limits.certificates);
    assert!(archive.keys().len() <= limits.keys);
    let _ = Bundle::of_archive(&archive, None);
});

/// That of the seeds.
const PASSWORD: &str = "MyP12Passw0rd";
