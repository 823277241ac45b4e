//! The directory of links, by itself.

use std::fs;
use std::path::PathBuf;
use std::time::{Duration, SystemTime};

use onboarding::{KeyFile, LinkError, LinkToken, Package, Vault, new_password};
use tempfile::TempDir;

use super::support::{SECRET, names};

const HOUR: Duration = Duration::from_secs(3600);

fn package() -> Package {
    Package::new(names()).file(KeyFile::Compat, SECRET)
}

fn vault() -> (TempDir, Vault) {
    let place = TempDir::new().unwrap();
    let vault = Vault::open(place.path().join("links")).unwrap();
    (place, vault)
}

fn files(place: &TempDir) -> Vec<PathBuf> {
    let entries = fs::read_dir(place.path().join("links")).unwrap();
    entries.map(|entry| entry.unwrap().path()).collect()
}

#[test]
fn nothing_on_disk_leads_to_the_key_without_the_token() {
    let (place, vault) = vault();
    let token = vault.put(&package(), HOUR, SystemTime::now()).unwrap();
    let [file] = &files(&place)[..] else {
        unreachable!("one file for each link")
    };
    let content = fs::read(file).unwrap();
    for secret in [SECRET, token.secret_str(), "the-client"] {
        let found = content
            .windows(secret.len())
            .any(|it| it == secret.as_bytes());
        assert!(!found, "{secret}");
        assert!(!file.to_str().unwrap().contains(secret), "{secret}");
    }
    let debug = format!("{token:?} {:?}", package());
    assert!(
        !debug.contains(token.secret_str()) && !debug.contains(SECRET),
        "{debug}"
    );
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        let mode = |path: &std::path::Path| path.metadata().unwrap().permissions().mode() & 0o777;
        assert_eq!(mode(file), 0o600);
        assert_eq!(mode(file.parent().unwrap()), 0o700);
    }
}

#[test]
fn a_link_is_good_until_its_end_and_known_for_a_day_more() {
    let (place, vault) = vault();
    // Whole seconds, as on disk.
    let now = SystemTime::UNIX_EPOCH + Duration::from_secs(1_800_000_000);
    let second = Duration::from_secs(1);
    let token = vault.put(&package(), HOUR, now).unwrap();
    assert_eq!(vault.look(&token, now).unwrap().until, now + HOUR);
    assert!(vault.look(&token, now + HOUR).is_ok());
    for late in [HOUR + second, HOUR * 2] {
        for result in [
            vault.look(&token, now + late).map(drop),
            vault.take(&token, KeyFile::Compat, now + late).map(drop),
        ] {
            assert!(matches!(result, Err(LinkError::Expired)), "{result:?}");
        }
    }
    vault.sweep(now + HOUR * 25);
    assert_eq!(files(&place).len(), 1);
    vault.sweep(now + HOUR * 25 + second);
    assert_eq!(files(&place).len(), 0);
    let gone = vault.look(&token, now);
    assert!(matches!(gone, Err(LinkError::Unknown)));
}

#[test]
fn what_was_taken_is_gone_from_the_disk() {
    let (place, vault) = vault();
    let now = SystemTime::UNIX_EPOCH + Duration::from_secs(1_800_000_000);
    let token = vault.put(&package(), HOUR, now).unwrap();
    let before = fs::metadata(&files(&place)[0]).unwrap().len();
    let missing = vault.take(&token, KeyFile::Profile, now);
    assert!(matches!(missing, Err(LinkError::NoSuchFile)));
    let (_, content) = vault.take(&token, KeyFile::Compat, now).unwrap();
    assert_eq!(content.as_slice(), SECRET.as_bytes());
    for result in [
        vault.look(&token, now).map(drop),
        vault.take(&token, KeyFile::Compat, now).map(drop),
    ] {
        let Err(LinkError::Taken { at }) = result else {
            unreachable!("{result:?}")
        };
        assert_eq!(at, now);
    }
    let [stone] = &files(&place)[..] else {
        unreachable!("one file is left")
    };
    assert!(fs::metadata(stone).unwrap().len() < 32 && before > 64);
}

#[test]
fn a_file_that_somebody_changed_is_damaged_and_no_panic() {
    let (place, vault) = vault();
    let now = SystemTime::now();
    let token = vault.put(&package(), HOUR, now).unwrap();
    let path = &files(&place)[0];
    let good = fs::read(path).unwrap();
    for index in 0..good.len() {
        let mut bad = good.clone();
        bad[index] ^= 0x80;
        fs::write(path, &bad).unwrap();
        // The end of its time is not encrypted, and is not changed unnoticed either.
        let result = vault.look(&token, now);
        assert!(
            matches!(result, Err(LinkError::Damaged)),
            "{index}: {result:?}"
        );
        fs::write(path, &good[..index]).unwrap();
        let result = vault.look(&token, now);
        assert!(
            matches!(result, Err(LinkError::Damaged)),
            "{index}: {result:?}"
        );
    }
    fs::write(path, [0xff; 64]).unwrap();
    vault.sweep(now);
    fs::write(path, &good).unwrap();
    assert!(vault.look(&token, now).is_ok());
    let other = LinkToken::generate().unwrap();
    assert!(matches!(vault.look(&other, now), Err(LinkError::Unknown)));
}

#[test]
fn a_token_has_one_form() {
    let token = LinkToken::generate().unwrap();
    let text = token.secret_str();
    assert!(text.parse::<LinkToken>().is_ok());
    let upper = text.to_ascii_uppercase();
    let long = format!("{text}0");
    for bad in [
        "",
        "../../etc/passwd",
        &text[1..],
        &long,
        &format!("{}é", &text[2..]),
        "u".repeat(26).as_str(),
    ] {
        assert!(bad.parse::<LinkToken>().is_err(), "{bad}");
    }
    assert!(upper == text || upper.parse::<LinkToken>().is_err());
}

#[test]
fn a_password_is_long_and_new_each_time() {
    let (one, two) = (new_password().unwrap(), new_password().unwrap());
    assert_ne!(one, two);
    assert_eq!(one.len(), 23);
    let groups: Vec<_> = one.split('-').collect();
    assert!(groups.len() == 4 && groups.iter().all(|group| group.len() == 5));
    assert!(
        one.bytes()
            .all(|c| c == b'-' || c.is_ascii_digit() || c.is_ascii_uppercase())
    );
    assert!(!one.contains(['I', 'L', 'O', 'U']));
}
