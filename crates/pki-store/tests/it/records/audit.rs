//! What somebody with a hand on the database cannot hide.

use std::sync::Arc;

use pki_core::Signer;
use pki_core::verify::RevocationReason;
use pki_store::{
    AuditBreak, AuditError, Checkpoint, CheckpointError, CheckpointPlace, KeepError, Selector,
    Store, StoreError, StoreOptions,
};
use rusqlite::Connection;
use time::Duration;

use crate::kit::{Done, Kit, actor, copy, new_key, now, of};

/// A store with some history, and its last checkpoint.
async fn with_history() -> Result<(Kit, Checkpoint), Box<dyn std::error::Error + Send + Sync>> {
    let kit = Kit::new().await;
    for name in ["a", "b", "c"] {
        kit.issue(name).await?;
    }
    kit.ca.sign_crl(0, Duration::DAY, now()).await?;
    let checkpoint = kit
        .store
        .make_checkpoint(Arc::new(new_key()), None, now())
        .await?;
    kit.issue("d").await?;
    Ok((kit, checkpoint))
}

#[tokio::test]
async fn a_log_that_was_tampered_with_is_found_out() -> Done {
    use AuditBreak::{Changed, Missing, Rewritten, Truncated};
    let rewrite = "DELETE FROM audit WHERE seq > 1; UPDATE store SET audit_seq = 1, \
                   audit_hash = (SELECT hash FROM audit WHERE seq = 1)";
    for (sql, expected) in [
        ("", None),
        (
            "UPDATE audit SET actor = 'x' WHERE seq = 4",
            Some(Changed { seq: 4 }),
        ),
        (
            "UPDATE audit SET serial = NULL WHERE seq = 3",
            Some(Changed { seq: 3 }),
        ),
        (
            "UPDATE audit SET hash = zeroblob(32) WHERE seq = 2",
            Some(Changed { seq: 2 }),
        ),
        ("DELETE FROM audit WHERE seq = 5", Some(Missing { seq: 5 })),
        ("DELETE FROM audit WHERE seq = 1", Some(Missing { seq: 1 })),
        (
            "DELETE FROM audit WHERE seq > 9",
            Some(Truncated {
                found: 9,
                expected: 11,
            }),
        ),
        (
            "DELETE FROM audit WHERE seq > 10",
            Some(Truncated {
                found: 10,
                expected: 11,
            }),
        ),
        (
            "UPDATE audit SET seq = 100 WHERE seq = 4; UPDATE audit SET seq = 4 WHERE seq = 5; \
             UPDATE audit SET seq = 5 WHERE seq = 100",
            Some(Changed { seq: 4 }),
        ),
        (
            "UPDATE store SET audit_hash = zeroblob(32)",
            Some(Changed { seq: 11 }),
        ),
        // Without the checkpoint these two would not be noticed.
        (
            rewrite,
            Some(Truncated {
                found: 1,
                expected: 9,
            }),
        ),
        ("rewrite", Some(Rewritten { seq: 9 })),
    ] {
        let (kit, checkpoint) = with_history().await?;
        if sql == "rewrite" {
            Connection::open(kit.path())?.execute_batch(rewrite)?;
            for name in ["a", "b", "c", "d"] {
                kit.issue(name).await?;
            }
            kit.store.verify_audit().await?;
        } else {
            Connection::open(kit.path())?.execute_batch(sql)?;
        }
        let found = kit.store.verify_audit_against(&[checkpoint]).await;
        let found = match found {
            Ok(head) => Ok(head.seq),
            Err(AuditError::Broken(found)) => Err(found),
            Err(other) => return Err(other.into()),
        };
        assert_eq!(found, expected.map_or(Ok(11), Err), "{sql}");
    }
    Ok(())
}

#[tokio::test]
async fn tables_that_contradict_the_log_are_found_out() -> Done {
    for (sql, expected) in [
        ("", None),
        ("DELETE FROM revocations", Some(12)),
        (
            "UPDATE certificates SET content = zeroblob(9) WHERE id = 2",
            Some(6),
        ),
        (
            "UPDATE certificates SET fingerprint = zeroblob(32) WHERE id = 1",
            Some(4),
        ),
        (
            "UPDATE certificates SET subject = 'CN=root' WHERE id = 2",
            Some(5),
        ),
        (
            "UPDATE certificates SET sans = '[{}]' WHERE id = 2",
            Some(5),
        ),
        (
            "UPDATE certificates SET profile = 'ca' WHERE id = 2",
            Some(5),
        ),
        (
            "UPDATE certificates SET spki = zeroblob(32) WHERE id = 2",
            Some(5),
        ),
        (
            "PRAGMA foreign_keys = OFF; DELETE FROM certificates WHERE id = 3",
            Some(7),
        ),
    ] {
        let (kit, _) = with_history().await?;
        let selection = of(Selector::Name("cn:a".parse()?));
        let reason = RevocationReason::Superseded;
        kit.store
            .revoke(&selection, reason, &actor(), now())
            .await?;
        Connection::open(kit.path())?.execute_batch(sql)?;
        let found = match kit.store.verify_records().await {
            Ok(()) => None,
            Err(AuditError::Broken(AuditBreak::Record { seq, serial })) => {
                let rows = kit.store.audit(seq - 1, 1).await?;
                assert_eq!(rows[0].serial.as_ref(), Some(&serial), "{sql}");
                Some(seq)
            }
            Err(other) => return Err(other.into()),
        };
        assert_eq!(found, expected, "{sql}");
    }
    Ok(())
}

#[tokio::test]
async fn a_checkpoint_is_of_one_key_and_one_store() -> Done {
    let (kit, checkpoint) = with_history().await?;
    let text = checkpoint.to_json();
    assert_eq!(Checkpoint::parse(&text)?, checkpoint);
    let key = new_key();
    let ours = kit
        .store
        .make_checkpoint(Arc::new(new_key()), None, now())
        .await?;
    let other = ours.is_by(Signer::public_key_der(&key));
    assert!(matches!(other, Err(CheckpointError::OtherKey)), "{other:?}");
    for (from, to) in [("\\\"seq\\\":9", "\\\"seq\\\":8"), ("revision", "revisiom")] {
        assert!(text.contains(from), "{text}");
        assert!(Checkpoint::parse(&text.replace(from, to)).is_err());
    }
    for nothing in [
        "",
        "{}",
        "null",
        "[]",
        "{\"payload\":\"{}\",\"key\":\"\",\"signature\":\"\"}",
    ] {
        assert!(Checkpoint::parse(nothing).is_err(), "{nothing}");
    }
    let other = Kit::new().await;
    let found = other.store.verify_audit_against(&[checkpoint]).await;
    assert!(
        matches!(found, Err(AuditError::Broken(AuditBreak::OtherStore))),
        "{found:?}"
    );
    Ok(())
}

#[tokio::test]
async fn a_second_place_has_the_last_checkpoint() -> Done {
    let (kit, _) = with_history().await?;
    let key = Arc::new(new_key());
    let directory = tempfile::tempdir()?;
    let file = directory.path().join("log");
    let many = directory.path().join("many");
    std::fs::create_dir(&many)?;
    let piped = directory.path().join("piped");
    for (place, is_known) in [
        (format!("file:{}", file.display()), true),
        (format!("directory:{}", many.display()), true),
        (format!("exec:tee {}", piped.display()), false),
    ] {
        let place: CheckpointPlace = place.parse()?;
        if is_known {
            assert_eq!(place.newest()?, None);
        }
        kit.store
            .make_checkpoint(key.clone(), Some(&place), now())
            .await?;
        kit.issue("e").await?;
        let last = kit
            .store
            .make_checkpoint(key.clone(), Some(&place), now())
            .await?;
        assert_eq!(place.newest()?, is_known.then_some(last));
    }
    // As a crash leaves it.
    let whole = std::fs::read_to_string(&file)?;
    let last = CheckpointPlace::File(file.clone()).newest()?;
    std::fs::write(&file, format!("{whole}{{\"payload\":"))?;
    assert_eq!(CheckpointPlace::File(file.clone()).newest()?, last);
    let place = CheckpointPlace::File(file);
    let next = kit
        .store
        .make_checkpoint(key.clone(), Some(&place), now())
        .await?;
    assert_eq!(place.newest()?, Some(next));
    let failing: CheckpointPlace = "exec:false".parse()?;
    assert!(
        kit.store
            .make_checkpoint(key, Some(&failing), now())
            .await
            .is_err()
    );
    for wrong in ["", "file:", "http://a", "exec: "] {
        assert!(wrong.parse::<CheckpointPlace>().is_err(), "{wrong}");
    }
    Ok(())
}

#[tokio::test]
async fn a_restore_is_believed_if_it_is_signed_for_this_log_by_the_same_key() -> Done {
    let kit = Kit::new().await;
    kit.issue("a").await?;
    let backup = |name: &str| kit.directory.path().join(name);
    let into = |name: &str| -> Done {
        Connection::open(kit.path())?.execute("VACUUM INTO ?1", [backup(name).to_str()])?;
        Ok(())
    };
    for name in ["unchanged", "ours", "another's"] {
        into(name)?;
    }
    let end = kit.store.audit_head().await?.seq;
    kit.issue("b").await?;
    // Both of the same row.
    let mut kept = Vec::new();
    for name in ["ours", "another's"] {
        let key = Arc::new(new_key());
        let checkpoint = kit.store.make_checkpoint(key.clone(), None, now());
        let checkpoint = checkpoint.await?;
        let restored = Store::open(&backup(name).into()).await?;
        let by = actor();
        let said = restored.acknowledge_restore(&checkpoint, key, None, &by, now());
        said.await?;
        let rows = restored.audit(end, 1).await?;
        kept.push((checkpoint, rows[0].detail.clone()));
    }
    let [(checkpoint, ours), (_, anothers)] = &kept[..] else {
        return Err("two".into());
    };
    let unsigned = ours.replace("signed", "said");
    for (number, (detail, sql, is_signed, is_believed)) in [
        (ours, "", true, true),
        (anothers, "", true, false),
        (&unsigned, "", false, false),
        (
            ours,
            "UPDATE audit SET hash = zeroblob(32) WHERE event = 'issued'",
            false,
            false,
        ),
    ]
    .into_iter()
    .enumerate()
    {
        // What whoever can write to the database can write.
        let path = backup(&format!("forged-{number}"));
        std::fs::copy(backup("unchanged"), &path)?;
        let database = Connection::open(&path)?;
        database.execute(
            "INSERT INTO audit (seq, at, event, actor, ca, detail, hash) \
             VALUES (?1, 0, 'restored', 'x', '', ?2, zeroblob(32))",
            (i64::try_from(end + 1)?, detail),
        )?;
        database.execute_batch(sql)?;
        let forged = Store::open(&path.into()).await?;
        let restores = forged.acknowledged_restores().await?;
        assert_eq!(restores.len(), 1, "{number}");
        assert_eq!(restores[0].seq, end + 1);
        assert_eq!(restores[0].instead_of, Some(checkpoint.head().seq));
        assert_eq!(restores[0].signed.is_some(), is_signed, "{number}");
        assert_eq!(restores[0].passes_over(checkpoint), is_believed, "{number}");
        let age = forged.check_age(checkpoint).await;
        assert_eq!(age.is_ok(), is_believed, "{number}: {age:?}");
    }
    Ok(())
}

#[tokio::test]
async fn a_backup_is_not_taken_for_the_store() -> Done {
    let kit = Kit::new().await;
    kit.issue("a").await?;
    let serial = kit.issue("b").await?.record.serial;
    kit.ca.sign_crl(0, Duration::DAY, now()).await?;
    let backup = kit.directory.path().join("backup.db");
    Connection::open(kit.path())?.execute("VACUUM INTO ?1", [backup.to_str()])?;
    let reason = RevocationReason::Superseded;
    kit.store
        .revoke(&of(Selector::Serial(serial)), reason, &actor(), now())
        .await?;
    let published = kit.ca.sign_crl(0, Duration::DAY, now()).await?.number;
    let signer = new_key();
    let checkpoint = kit
        .store
        .make_checkpoint(Arc::new(copy(&signer)), None, now())
        .await?;
    kit.store.check_age(&checkpoint).await?;
    let issuer = kit.ca.issuer().id;
    kit.store.check_crl_number(issuer, 0, published).await?;

    let restored = Store::open(&backup.clone().into()).await?;
    let age = restored.check_age(&checkpoint).await;
    assert!(matches!(age, Err(StoreError::Older { .. })), "{age:?}");
    let age = restored.check_crl_number(issuer, 0, published).await;
    assert!(matches!(age, Err(StoreError::Older { .. })), "{age:?}");
    let before = restored.audit_head().await?;
    let by_another = restored
        .acknowledge_restore(&checkpoint, Arc::new(new_key()), None, &actor(), now())
        .await;
    assert!(
        matches!(by_another, Err(KeepError::OtherKey(_))),
        "{by_another:?}"
    );
    assert_eq!(restored.audit_head().await?, before);
    let second = CheckpointPlace::File(kit.directory.path().join("second"));
    let signer = Arc::new(signer);
    let said = restored
        .acknowledge_restore(&checkpoint, signer.clone(), Some(&second), &actor(), now())
        .await?;
    assert_eq!(said.head(), before);
    assert_eq!(second.newest()?.as_ref(), Some(&said));
    assert_eq!(
        restored.newest_checkpoints(9).await?,
        std::slice::from_ref(&said)
    );
    restored.check_age(&said).await?;
    restored.check_age(&checkpoint).await?;
    restored.check_crl_number(issuer, 0, published).await?;
    assert_eq!(restored.next_crl_number(issuer, 0).await?, published + 1);
    restored
        .verify_audit_against(std::slice::from_ref(&checkpoint))
        .await?;
    let rows = restored.audit(0, 1000).await?;
    assert_eq!(rows.last().map(|row| row.event.as_str()), Some("restored"));
    // And before it is opened, from the second place.
    let key = new_key();
    let place = CheckpointPlace::File(kit.directory.path().join("checkpoints"));
    kit.issue("c").await?;
    kit.store
        .make_checkpoint(Arc::new(copy(&key)), Some(&place), now())
        .await?;
    for (path, key, is_refused) in [
        (kit.path(), &key, false),
        (backup.clone(), &key, true),
        (kit.path(), &new_key(), true),
    ] {
        let public = Signer::public_key_der(key).to_vec();
        let opened = StoreOptions::new(path.into())
            .checkpoints(place.clone(), public)
            .open()
            .await;
        assert_eq!(opened.is_err(), is_refused, "{opened:?}");
    }
    // The same numbers of rows, and another history.
    let other = Kit::new().await;
    let age = other.store.check_age(&checkpoint).await;
    assert!(matches!(age, Err(StoreError::Older { .. })), "{age:?}");
    Ok(())
}

#[tokio::test]
async fn rows_are_exported_as_json() -> Done {
    let (kit, _) = with_history().await?;
    kit.store
        .record_refusal("test", "CN=a\0b", "a NUL in a name", &actor(), now())
        .await?;
    let rows = kit.store.audit(0, 1000).await?;
    for row in &rows {
        let line = serde_json::to_string(row)?;
        let read: serde_json::Value = serde_json::from_str(&line)?;
        assert_eq!(read["seq"], row.seq);
        assert!(read["detail"].is_object(), "{line}");
        assert!(!line.contains('\n'));
    }
    assert_eq!(rows.last().map(|row| row.event.as_str()), Some("refused"));
    kit.store.verify_audit().await?;
    Ok(())
}

#[tokio::test]
async fn a_link_and_its_use_are_rows_about_a_certificate() -> Done {
    let kit = Kit::new().await;
    let serial = kit.issue("a").await?.record.serial;
    let (store, until) = (&kit.store, now() + Duration::HOUR);
    store
        .record_link_made("test", &serial, until, &actor(), now())
        .await?;
    let peer = "192.0.2.7".repeat(100);
    store
        .record_link_used("test", &serial, "client.p12", &peer, &actor(), now())
        .await?;
    let rows = store.audit(0, 1000).await?;
    let [.., made, used] = &rows[..] else {
        unreachable!("two rows")
    };
    assert_eq!([&made.event, &used.event], ["link-made", "link-used"]);
    for row in [made, used] {
        assert_eq!(row.serial.as_ref(), Some(&serial));
        assert!(row.detail.len() < 400, "{}", row.detail);
    }
    assert!(used.detail.contains("client.p12"));
    kit.store.verify_audit().await?;
    kit.store.verify_records().await?;
    Ok(())
}
