//! A lab's directory that somebody else prepared: nothing outside of it is read, moved or deleted.

#![cfg(unix)]
#![allow(clippy::unwrap_used, reason = "tests")]

use std::fs::{self, Permissions};
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use mtls_lab::{DiskError, Ensured, Existing, MANIFEST, Manifest, Options, ensure, inspect};
use tempfile::TempDir;
use time::OffsetDateTime;
use time::macros::datetime;

const NOW: OffsetDateTime = datetime!(2026-07-01 12:00 UTC);

/// A directory with a lab in it and a file beside it that is not the lab's business.
struct Place {
    root: TempDir,
    lab: PathBuf,
    victim: PathBuf,
}

impl Place {
    fn new() -> Self {
        let root = tempfile::tempdir().unwrap();
        let (lab, home) = (root.path().join("lab"), root.path().join("home"));
        fs::create_dir(&home).unwrap();
        let victim = home.join("id_ed25519");
        fs::write(&victim, "a key").unwrap();
        let place = Self { root, lab, victim };
        place.run(Existing::Keep).unwrap();
        place
    }

    fn run(&self, existing: Existing) -> Result<Ensured, DiskError> {
        ensure(&self.lab, &Options::default(), existing, NOW)
    }

    /// Lets the manifest of `lab` list `path` too.
    fn list(&self, lab: &Path, path: &str) {
        let file = lab.join(MANIFEST);
        let mut manifest: serde_json::Value =
            serde_json::from_slice(&fs::read(&file).unwrap()).unwrap();
        let files = manifest["files"].as_array_mut().unwrap();
        let mut entry = files.first().unwrap().clone();
        entry["path"] = path.into();
        files.push(entry);
        fs::write(&file, serde_json::to_vec(&manifest).unwrap()).unwrap();
    }

    fn victim_is_whole(&self) -> bool {
        fs::read_to_string(&self.victim).is_ok_and(|text| text == "a key")
    }
}

#[test]
fn a_manifest_names_no_file_outside_of_its_lab() {
    for existing in [Existing::Keep, Existing::Replace] {
        let place = Place::new();
        let absolute = place.victim.display().to_string();
        for path in [
            "../home/id_ed25519",
            "same-ca/../../home/id_ed25519",
            &absolute,
        ] {
            place.list(&place.lab, path);
            assert!(Manifest::read(&place.lab).is_none(), "{path}");
            place.run(existing).unwrap();
            assert!(place.victim_is_whole(), "{path}");
        }
    }
}

#[test]
fn nothing_is_deleted_or_moved_through_a_symbolic_link() {
    let place = Place::new();
    let home = place.victim.parent().unwrap();
    symlink(home, place.lab.join("mine")).unwrap();
    place.list(&place.lab, "mine/id_ed25519");
    fs::remove_dir_all(place.lab.join("servers")).unwrap();
    symlink(home, place.lab.join("servers")).unwrap();
    place.run(Existing::Replace).unwrap();
    assert!(place.victim_is_whole());
    assert!(place.lab.join("servers/nginx.conf").is_file());
    // The link itself is one of the files that are not the lab's.
    assert!(place.lab.join("mine").is_symlink());
}

#[test]
fn what_is_no_file_is_not_read() {
    let place = Place::new();
    for path in ["same-ca/ca.crt", MANIFEST] {
        let file = place.lab.join(path);
        fs::remove_file(&file).unwrap();
        symlink("/dev/zero", &file).unwrap();
        let ended = place.run(Existing::Keep);
        match path {
            MANIFEST => assert!(matches!(ended, Err(DiskError::NotALab(_)))),
            _ => assert!(matches!(ended, Ok(Ensured::Made(..)))),
        }
    }
    fs::remove_file(place.lab.join(MANIFEST)).unwrap();
    fs::File::create(place.lab.join(MANIFEST))
        .unwrap()
        .set_len(1 << 40)
        .unwrap();
    assert!(matches!(
        place.run(Existing::Keep),
        Err(DiskError::Read { .. })
    ));
}

#[test]
fn what_others_left_beside_the_lab_is_not_taken_apart() {
    let place = Place::new();
    let aside = |name: &str| place.root.path().join(format!(".lab.mtls-lab-{name}"));
    let old = SystemTime::now() - Duration::from_secs(120);
    let age = |path: &Path| fs::File::open(path).unwrap().set_modified(old).unwrap();

    // One that others can write to, and a link: whoever made them, it was not a run of this program.
    let shared = aside("shared");
    fs::create_dir(&shared).unwrap();
    fs::rename(&place.lab, shared.join("old")).unwrap();
    fs::set_permissions(&shared, Permissions::from_mode(0o777)).unwrap();
    age(&shared);
    let linked = aside("linked");
    symlink(place.victim.parent().unwrap(), &linked).unwrap();
    age(&linked);

    place.run(Existing::Keep).unwrap();
    assert!(shared.join("old").join(MANIFEST).is_file());
    assert!(linked.is_symlink() && place.victim_is_whole());
}

#[test]
fn a_lab_that_everybody_can_write_to_is_refused() {
    let place = Place::new();
    fs::set_permissions(&place.lab, Permissions::from_mode(0o777)).unwrap();
    for existing in [Existing::Keep, Existing::Replace] {
        assert!(matches!(place.run(existing), Err(DiskError::NotOurs(_))));
    }
    fs::set_permissions(&place.lab, Permissions::from_mode(0o755)).unwrap();
    assert!(matches!(place.run(Existing::Keep), Ok(Ensured::Kept(_))));
}

#[test]
fn a_lab_of_another_user_is_refused() {
    // Only root can give a directory away.
    let place = Place::new();
    if std::os::unix::fs::chown(&place.lab, Some(12345), None).is_err() {
        return;
    }
    assert!(matches!(
        place.run(Existing::Replace),
        Err(DiskError::NotOurs(_))
    ));
}

#[test]
fn a_symbolic_link_to_the_lab_is_followed() {
    let place = Place::new();
    let (real, link) = (
        place.root.path().join("real"),
        place.root.path().join("link"),
    );
    symlink("real", &link).unwrap();
    let run = |existing, path: &Path| ensure(path, &Options::default(), existing, NOW);
    assert!(matches!(
        run(Existing::Keep, &link),
        Err(DiskError::DanglingLink(_))
    ));

    fs::create_dir(&real).unwrap();
    let slash = PathBuf::from(format!("{}/", link.display()));
    for path in [&link, &slash] {
        for existing in [Existing::Replace, Existing::Keep] {
            run(existing, path).unwrap();
            assert!(link.is_symlink() && real.join(MANIFEST).is_file());
        }
    }
    assert!(inspect(&real, &Options::default(), NOW).is_ok());
}
