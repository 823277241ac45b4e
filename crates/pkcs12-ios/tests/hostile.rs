//! Files made to break a reader: counts from nowhere, sizes without end, bytes at random.

#![allow(
    clippy::unwrap_used,
    reason = "a test says what it expects by unwrapping it"
)]

mod support;

use std::sync::LazyLock;

use pkcs12_ios::{Archive, Bundle, Encoding, Limit, Limits, Place, ReadError};
use pki_core::{KeyKind, Password};
use proptest::prelude::*;
use support::{Identity, password, written_by_p12_keystore};

fn read(file: &[u8], limits: &Limits) -> Result<(), ReadError> {
    Archive::read(file, &password(), limits).map(drop)
}

/// p12-keystore writes each of these, and others spin or read on.
#[test]
fn iteration_counts_out_of_range_are_refused() {
    let identity = Identity::new(KeyKind::P256, 0);
    for (count, written) in [(0, 0), (0x8000_0000, i64::from(i32::MIN))] {
        let mac = written_by_p12_keystore(&identity, |writer| writer.mac_iterations(count));
        let place = Place::Mac;
        assert!(matches!(
            read(&mac, &Limits::default()),
            Err(ReadError::IterationsOutOfRange { place: p, got, .. }) if (p, got) == (place, written)
        ));
    }
    let encryption = written_by_p12_keystore(&identity, |writer| {
        support::like_ours(Encoding::Compat, writer, 2048).encryption_iterations(0)
    });
    assert!(matches!(
        read(&encryption, &Limits::default()),
        Err(ReadError::IterationsOutOfRange { got: 0, .. })
    ));
    let mut limits = Limits::default();
    for (allowed, accepted) in [(5000, true), (4999, false)] {
        limits.iterations = allowed;
        let file = written_by_p12_keystore(&identity, |writer| {
            writer.mac_iterations(5000).encryption_iterations(1)
        });
        assert_eq!(read(&file, &limits).is_ok(), accepted, "{allowed}");
    }
}

#[test]
fn all_parts_together_pay_for_their_hash_blocks() {
    let identity = Identity::new(KeyKind::P256, 0);
    // A MAC, certificates and a key: 1 + 3 + 3 a round with 3DES, 1 + 2 + 2 with AES-256.
    for (encoding, cost) in [(Encoding::Compat, 7000), (Encoding::Modern, 5000)] {
        let builder = Bundle::builder(&identity.key, &identity.leaf).encoding(encoding);
        let file = builder.iterations(1000).build(&password()).unwrap();
        let mut limits = Limits::default();
        limits.hash_blocks = cost;
        assert!(read(&file, &limits).is_ok());
        limits.hash_blocks = cost - 1;
        // Before the MAC is checked, so with any password.
        let refused = Archive::read(&file, &Password::new("wrong"), &limits);
        assert!(matches!(
            refused,
            Err(ReadError::LimitExceeded {
                what: Limit::HashBlocks,
                limit,
                got
            }) if (limit, got) == (cost - 1, cost)
        ));
    }
}

#[test]
fn each_limit_ends_the_reading_where_it_says() {
    let identity = Identity::new(KeyKind::P256, 2);
    let file = Bundle::builder(&identity.key, &identity.leaf)
        .chain(&identity.chain)
        .encoding(Encoding::Modern)
        .iterations(1000)
        .build(&password())
        .unwrap();
    type Set = fn(&mut Limits, usize);
    let cases: [(Limit, usize, Set); 6] = [
        (Limit::FileLen, file.len(), |limits, n| limits.file_len = n),
        (Limit::Bags, 4, |limits, n| limits.bags = n),
        (Limit::Certificates, 3, |limits, n| limits.certificates = n),
        (Limit::Keys, 1, |limits, n| limits.keys = n),
        (Limit::Attributes, 2, |limits, n| limits.attributes = n),
        (Limit::SaltLen, 16, |limits, n| limits.salt_len = n),
    ];
    for (limit, enough, set) in cases {
        let mut limits = Limits::default();
        set(&mut limits, enough);
        assert!(read(&file, &limits).is_ok(), "{limit}");
        set(&mut limits, enough - 1);
        let refused = read(&file, &limits);
        assert!(
            matches!(refused, Err(ReadError::LimitExceeded { what, .. }) if what == limit),
            "{limit}: {refused:?}"
        );
    }
}

static FILES: LazyLock<Vec<Vec<u8>>> = LazyLock::new(|| {
    let identity = Identity::new(KeyKind::P256, 1);
    [Encoding::Compat, Encoding::Modern]
        .map(|encoding| {
            let builder = Bundle::builder(&identity.key, &identity.leaf).chain(&identity.chain);
            builder
                .encoding(encoding)
                .iterations(1000)
                .build(&password())
                .unwrap()
        })
        .to_vec()
});

/// Enough for an honest file, and for a test that reads a great many of them.
fn tight() -> Limits {
    let mut limits = Limits::default();
    limits.iterations = 1000;
    limits.hash_blocks = 7000;
    limits
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1000))]

    #[test]
    fn no_changed_file_opens_or_panics(which in 0..2_usize, at in any::<prop::sample::Index>(), flip in 1..=255_u8) {
        let mut file = FILES[which].clone();
        let at = at.index(file.len());
        file[at] ^= flip;
        // One bit may only be of no consequence where nothing is said with it.
        if let Ok(archive) = Archive::read(&file, &password(), &tight()) {
            prop_assert_eq!((archive.keys().len(), archive.certificates().len()), (1, 2));
        }
    }

    #[test]
    fn without_a_mac_nothing_panics_either(which in 0..2_usize, changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..4)) {
        let mut file = FILES[which].clone();
        // The MAC is the last element of the outer SEQUENCE; cut it off and mend the length.
        let mac = file.len() - mac_len(which);
        file.truncate(mac);
        let len = u16::try_from(mac - 4).unwrap();
        file[2..4].copy_from_slice(&len.to_be_bytes());
        let limits = tight().allow_missing_mac();
        prop_assert!(Archive::read(&file, &password(), &limits).is_ok());
        prop_assert!(matches!(Archive::read(&file, &password(), &tight()), Err(ReadError::MacMissing)));
        for (at, value) in changes {
            let at = at.index(file.len());
            file[at] = value;
        }
        let _ = Archive::read(&file, &password(), &limits);
    }

    #[test]
    fn no_cut_file_opens(which in 0..2_usize, at in any::<prop::sample::Index>()) {
        let file = &FILES[which];
        prop_assert!(Archive::read(&file[..at.index(file.len())], &password(), &tight()).is_err());
    }

    #[test]
    fn no_bytes_panic(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
        prop_assert!(Archive::read(&bytes, &Password::new(""), &tight().allow_missing_mac()).is_err());
    }
}

/// `SEQUENCE { DigestInfo, salt, iterations }`, with SHA-1 and 8 octets of salt or SHA-256 and 16.
fn mac_len(which: usize) -> usize {
    [2 + 2 + 11 + 2 + 20 + 10 + 4, 2 + 2 + 15 + 2 + 32 + 18 + 4][which]
}
