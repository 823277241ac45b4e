//! Revoking, and what CRLs and statuses say of it.

use pki_core::Crl;
use pki_core::verify::RevocationReason;
use pki_store::{
    CertificateState, CertificateStatus, Filter, IssueError, KeyReuse, OfRevoked, Page, Selection,
    Selector, StoreError,
};
use time::Duration;

use crate::kit::{Done, Kit, actor, client, new_key, now, of, order};

const REASON: RevocationReason = RevocationReason::Superseded;

#[tokio::test]
async fn each_selector_revokes_what_it_means_and_nothing_else() -> Done {
    for (name, expected) in [
        ("fingerprint", &["a"][..]),
        ("serial", &["a"]),
        ("spki", &["a"]),
        ("lineage", &["a", "a"]),
        ("name", &["a", "a"]),
        ("profile", &["a", "a", "b"]),
        ("nothing", &[]),
    ] {
        let kit = Kit::new().await;
        let first = kit.issue("a").await?.record;
        let (key, profile) = (new_key(), client());
        let renewed = order("a", &key, &profile).replaces(first.serial.clone());
        let renewed = kit.ca.issue(renewed, now()).await?.record;
        assert_eq!(renewed.lineage, first.lineage);
        kit.issue("b").await?;
        let selector = match name {
            "fingerprint" => Selector::Fingerprint(first.fingerprint_sha256.ok_or("signed")?),
            "serial" => Selector::Serial(first.serial),
            "spki" => Selector::Spki(first.spki_sha256.ok_or("a key")?),
            "lineage" => Selector::Lineage(renewed.serial),
            "name" => Selector::Name("cn:A".parse()?),
            "profile" => Selector::Profile("client".into()),
            _ => Selector::Name("*.example.org".parse()?),
        };
        let dry = kit.store.select(&of(selector.clone()), now()).await?;
        let revoked = kit
            .store
            .revoke(&of(selector.clone()), REASON, &actor(), now())
            .await?;
        let names: Vec<_> = revoked
            .iter()
            .map(|it| it.subject.trim_start_matches("CN="))
            .collect();
        assert_eq!(names, expected, "{name}");
        assert_eq!(dry.len(), expected.len(), "{name}");
        let filter = Filter {
            state: Some(CertificateState::Revoked),
            ..Filter::default()
        };
        let listed = kit
            .store
            .certificates(&filter, Page::default(), now())
            .await?;
        assert_eq!(listed.len(), expected.len(), "{name}");
        let again = kit
            .store
            .revoke(&of(selector), REASON, &actor(), now())
            .await?;
        assert!(again.is_empty(), "{name}");
        kit.store.verify_audit().await?;
    }
    Ok(())
}

#[tokio::test]
async fn what_is_revoked_is_renewed_only_by_an_order_that_says_so() -> Done {
    let kit = Kit::new().await;
    let (first, other) = (kit.issue("a").await?.record, kit.issue("b").await?.record);
    let by = Selector::Serial(first.serial.clone());
    kit.store.revoke(&of(by), REASON, &actor(), now()).await?;
    let (key, profile) = (new_key(), client());
    for (name, replaced, of_revoked, refused) in [
        ("a", &first, OfRevoked::Refuse, true),
        ("b", &other, OfRevoked::Refuse, false),
        ("b", &other, OfRevoked::Accept, false),
        ("a", &first, OfRevoked::Accept, false),
    ] {
        let serial = replaced.serial.clone();
        let renewal = order(name, &key, &profile).key_reuse(KeyReuse::Any);
        let renewal = renewal.replaces(serial.clone()).of_revoked(of_revoked);
        match kit.ca.issue(renewal, now()).await {
            Ok(issued) => assert_eq!(issued.record.lineage, replaced.lineage),
            Err(IssueError::ReplacesRevoked { serial: named }) => assert_eq!(named, serial),
            Err(error) => return Err(error.into()),
        }
        let rows = kit.store.audit(0, 100).await?;
        let is_last = rows.last().is_some_and(|row| row.event == "refused");
        assert_eq!(is_last, refused, "{name}: {of_revoked:?}");
    }
    Ok(())
}

#[tokio::test]
async fn another_ca_of_the_store_is_not_touched() -> Done {
    let kit = Kit::new().await;
    let serial = kit.issue("a").await?.record.serial;
    let other = Selection::of("other", Selector::Serial(serial.clone()));
    assert!(
        kit.store
            .revoke(&other, REASON, &actor(), now())
            .await?
            .is_empty()
    );
    let statuses = kit.store.statuses(kit.ca.issuer().id, &[serial]).await?;
    assert_eq!(statuses, [CertificateStatus::Good]);
    Ok(())
}

#[tokio::test]
async fn a_revocation_stays_and_only_its_reason_may_become_worse() -> Done {
    let kit = Kit::new().await;
    let serial = kit.issue("a").await?.record.serial;
    let selection = of(Selector::Serial(serial.clone()));
    let later = now() + Duration::HOUR;
    for (reason, at, expected) in [
        (REASON, now(), REASON),
        (RevocationReason::Unspecified, later, REASON),
        (
            RevocationReason::KeyCompromise,
            later,
            RevocationReason::KeyCompromise,
        ),
        (REASON, later, RevocationReason::KeyCompromise),
    ] {
        let before = kit.store.revision().await?;
        kit.store.revoke(&selection, reason, &actor(), at).await?;
        let statuses = kit
            .store
            .statuses(kit.ca.issuer().id, std::slice::from_ref(&serial))
            .await?;
        let expected = CertificateStatus::Revoked {
            at: now(),
            reason: expected,
        };
        assert_eq!(statuses, [expected]);
        let changed = kit.store.revision().await? > before;
        assert_eq!(
            changed,
            matches!(
                (reason, at == later),
                (REASON, false) | (RevocationReason::KeyCompromise, _)
            )
        );
    }
    let refused = kit
        .store
        .revoke(&selection, RevocationReason::RemoveFromCrl, &actor(), now())
        .await;
    assert!(
        matches!(refused, Err(StoreError::Refused(_))),
        "{refused:?}"
    );
    Ok(())
}

#[tokio::test]
async fn a_key_can_be_blocked_before_it_has_a_certificate() -> Done {
    let kit = Kit::new().await;
    let (key, profile) = (new_key(), client());
    let other = new_key();
    let hash = |key: &pki_core::KeyPair| {
        use sha2::{Digest, Sha256};
        <[u8; 32]>::from(Sha256::digest(key.public_key_der()))
    };
    let compromised = RevocationReason::KeyCompromise;
    kit.store
        .revoke(
            &of(Selector::Spki(hash(&key))),
            compromised,
            &actor(),
            now(),
        )
        .await?;
    kit.store
        .revoke(&of(Selector::Spki(hash(&other))), REASON, &actor(), now())
        .await?;
    assert!(
        kit.ca
            .issue(order("a", &key, &profile), now())
            .await
            .is_err()
    );
    kit.ca.issue(order("b", &other, &profile), now()).await?;
    Ok(())
}

#[tokio::test]
async fn with_a_compromised_key_all_certificates_of_it_go() -> Done {
    let compromised = RevocationReason::KeyCompromise;
    for (reason, expected) in [
        (REASON, &["CN=a"][..]),
        (compromised, &["CN=a", "CN=a"][..]),
    ] {
        let kit = Kit::new().await;
        let (key, profile) = (new_key(), client());
        let first = kit.ca.issue(order("a", &key, &profile), now()).await?;
        let serial = first.record.serial;
        let renewed = order("a", &key, &profile).replaces(serial.clone());
        kit.ca.issue(renewed, now()).await?;
        kit.issue("a").await?;
        let selection = of(Selector::Serial(serial)).because(reason);
        let dry = kit.store.select(&selection, now()).await?;
        let plain = of(selection.selector.clone());
        let revoked = kit.store.revoke(&plain, reason, &actor(), now()).await?;
        for found in [dry, revoked] {
            let subjects: Vec<_> = found.iter().map(|it| &*it.subject).collect();
            assert_eq!(subjects, expected, "{reason:?}");
        }
        // What was revoked for less gets the reason of the key.
        let all = selection.because(compromised);
        let all = kit.store.select(&all, now()).await?;
        let changed = kit
            .store
            .revoke(&plain, compromised, &actor(), now())
            .await?;
        assert_eq!(all.len(), 2);
        assert_eq!(changed.len(), if reason == compromised { 0 } else { 2 });
        kit.store.verify_audit().await?;
    }
    Ok(())
}

#[tokio::test]
async fn crls_list_what_is_revoked_and_expired_once_more() -> Done {
    let kit = Kit::new().await;
    let mut serials = Vec::new();
    for name in ["a", "b", "c"] {
        serials.push(kit.issue(name).await?.record.serial);
    }
    let revoke = async |index: usize, at| {
        let selection = of(Selector::Serial(serials[index].clone()));
        kit.store.revoke(&selection, REASON, &actor(), at).await
    };
    revoke(0, now()).await?;
    let expired = now() + Duration::days(2);
    for (step, at, revoked, listed) in [
        (1, now(), None, &[0][..]),
        // Expired since the last CRL.
        (2, expired, None, &[0]),
        (3, expired + Duration::HOUR, None, &[]),
        // Revoked after it had expired.
        (4, expired + Duration::HOUR * 2, Some(1), &[1]),
        (5, expired + Duration::HOUR * 3, None, &[]),
        // The clock goes back: the number does not, and what is not expired by then is listed again.
        (6, now(), Some(2), &[0, 1, 2]),
        (7, now(), None, &[0, 1, 2]),
    ] {
        if let Some(index) = revoked {
            revoke(index, at).await?;
        }
        let signed = kit.ca.sign_crl(0, Duration::DAY, at).await?;
        assert_eq!(signed.number, step);
        let crl = Crl::from_der(&signed.der)?;
        let found: Vec<_> = crl.entries().map(|entry| entry.serial).collect();
        let expected: Vec<_> = listed
            .iter()
            .map(|index: &usize| serials[*index].clone())
            .collect();
        assert_eq!(found, expected, "{step}");
        assert_eq!(signed.entries, u64::try_from(found.len())?);
    }
    let latest = kit.store.latest_crl(kit.ca.issuer().id, 0).await?;
    assert_eq!(latest.map(|crl| crl.number), Some(7));
    // The root has its own.
    let root = kit.root.sign_crl(0, Duration::DAY, now()).await?;
    assert_eq!((root.number, root.entries), (1, 0));
    Ok(())
}

#[tokio::test]
async fn a_certificate_names_the_crl_that_covers_it() -> Done {
    let kit = Kit::with(4, |options| options).await;
    let mut used = std::collections::BTreeSet::new();
    for number in 0..24 {
        let issued = kit.issue(&format!("client{number}")).await?;
        let partition = issued.record.partition;
        used.insert(partition);
        let url = format!("http://ca.example/crl/issuing-{partition}.crl");
        let der = issued.certificate.der();
        assert!(der.windows(url.len()).any(|part| part == url.as_bytes()));
        kit.store
            .revoke(
                &of(Selector::Serial(issued.record.serial)),
                REASON,
                &actor(),
                now(),
            )
            .await?;
    }
    let mut listed = 0;
    for partition in used {
        let signed = kit.ca.sign_crl(partition, Duration::DAY, now()).await?;
        listed += signed.entries;
    }
    assert_eq!(listed, 24);
    assert!(kit.ca.sign_crl(4, Duration::DAY, now()).await.is_err());
    let mut profile = client();
    profile.crl_distribution_points = vec!["http://ca.example/other.crl".into()];
    let refused = kit.ca.issue(order("a", &new_key(), &profile), now()).await;
    assert!(
        matches!(refused, Err(IssueError::CrlUrl { .. })),
        "{refused:?}"
    );
    Ok(())
}

#[tokio::test]
async fn whoever_waits_hears_of_a_revocation() -> Done {
    let kit = Kit::new().await;
    let serial = kit.issue("a").await?.record.serial;
    let known = kit.store.revision().await?;
    let quiet = kit
        .store
        .revision_after(known, std::time::Duration::ZERO)
        .await?;
    assert_eq!(quiet, known);
    // Another handle is what another process has.
    let other = pki_store::Store::open(kit.store.url()).await?;
    let long = std::time::Duration::from_secs(60);
    let here = kit.store.revision_after(known, long);
    let there = other.revision_after(known, long);
    let selection = of(Selector::Serial(serial));
    let actor = actor();
    let revoking = kit.store.revoke(&selection, REASON, &actor, now());
    let (here, there, revoked) = tokio::join!(here, there, revoking);
    revoked?;
    assert!(here? > known && there? > known);
    Ok(())
}

#[tokio::test]
async fn what_is_claimed_once_is_claimed_once() -> Done {
    let kit = Kit::new().await;
    assert!(kit.store.claim_once("a").await?);
    assert!(!kit.store.claim_once("a").await?);
    assert!(kit.store.claim_once("b").await?);
    Ok(())
}
