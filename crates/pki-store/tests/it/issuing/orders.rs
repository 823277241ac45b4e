//! Issuing, recording, and what is refused.

use pki_core::verify::RevocationReason;
use pki_core::{Authority, CertificateParameters, Profile};
use pki_store::{
    CertificateAuthority, CertificateState, CertificateStatus, Filter, Idempotency, IssueError,
    IssuerRole, KeyReuse, NewIssuer, Order, Page, Selector,
};
use time::Duration;

use crate::kit::{Done, Kit, actor, client, new_key, now, of, order};

#[tokio::test]
async fn what_is_issued_is_listed_and_good() -> Done {
    let kit = Kit::new().await;
    let issued = kit.issue("client1").await?;
    let all = kit
        .store
        .certificates(&Filter::default(), Page::default(), now())
        .await?;
    assert_eq!(all.len(), 1);
    let record = &all[0];
    assert_eq!(record.state, CertificateState::Valid);
    assert_eq!(record.subject, "CN=client1");
    assert_eq!(record.profile, "client");
    assert_eq!(record.der.as_deref(), Some(issued.certificate.der()));
    assert_eq!(record.serial, issued.record.serial);
    assert_eq!(record.lineage, issued.record.lineage);
    let later = record.not_after + Duration::SECOND;
    let record = kit.store.certificate(record.id, later).await?;
    assert_eq!(record.state, CertificateState::Expired);
    let issuer = kit.ca.issuer().id;
    let unknown = kit.issue("other").await?.record.serial;
    let statuses = kit
        .store
        .statuses(issuer, std::slice::from_ref(&record.serial))
        .await?;
    assert_eq!(statuses, [CertificateStatus::Good]);
    let of_root = kit.store.statuses(kit.root.issuer().id, &[unknown]).await?;
    assert_eq!(of_root, [CertificateStatus::Unknown]);
    Ok(())
}

/// It is copied each time it is handed on, from handler to handler and to a task of its own.
#[tokio::test]
async fn an_order_that_is_carried_out_takes_little_room() {
    let kit = Kit::new().await;
    let (key, profile) = (new_key(), client());
    let issuing = kit.ca.issue(order("client1", &key, &profile), now());
    let size = size_of_val(&issuing);
    assert!(size < 8 * 1024, "{size} bytes");
}

#[tokio::test]
async fn the_same_order_gives_the_same_certificate() -> Done {
    let kit = Kit::new().await;
    let (key, profile) = (new_key(), client());
    let asked = |payload| {
        let idempotency = Idempotency {
            key: "k1".into(),
            payload_sha256: [payload; 32],
        };
        order("client1", &key, &profile).idempotency(idempotency)
    };
    let first = kit.ca.issue(asked(1), now()).await?;
    let second = kit.ca.issue(asked(1), now() + Duration::MINUTE).await?;
    assert!(second.was_there && !first.was_there);
    assert_eq!(second.certificate, first.certificate);
    assert_eq!(second.chain_pem(), first.chain_pem());
    let third = kit.ca.issue(asked(2), now()).await;
    assert!(matches!(third, Err(IssueError::OtherPayload)), "{third:?}");
    Ok(())
}

#[tokio::test]
async fn orders_with_one_idempotency_key_at_once_give_one_certificate() -> Done {
    let kit = Kit::new().await;
    let key = std::sync::Arc::new(new_key());
    let mut orders = tokio::task::JoinSet::new();
    for _ in 0..8 {
        let (ca, key) = (kit.ca.clone(), key.clone());
        orders.spawn(async move {
            let profile = client();
            let idempotency = Idempotency {
                key: "k1".into(),
                payload_sha256: [1; 32],
            };
            ca.issue(
                order("client1", &key, &profile).idempotency(idempotency),
                now(),
            )
            .await
            .map(|issued| issued.certificate)
        });
    }
    let mut certificates = Vec::new();
    for issued in orders.join_all().await {
        certificates.push(issued?);
    }
    certificates.dedup();
    assert_eq!(certificates.len(), 1);
    Ok(())
}

#[tokio::test]
async fn a_key_belongs_to_one_set_of_names() -> Done {
    let kit = Kit::new().await;
    let (key, profile) = (new_key(), client());
    let first = kit
        .ca
        .issue(order("client1", &key, &profile), now())
        .await?;
    kit.ca
        .issue(order("client1", &key, &profile), now())
        .await?;
    let other = kit.ca.issue(order("client2", &key, &profile), now()).await;
    assert!(
        matches!(&other, Err(IssueError::KeyInUse { serial }) if *serial == first.record.serial),
        "{other:?}"
    );
    let never = order("client1", &key, &profile).key_reuse(KeyReuse::Never);
    let never = kit.ca.issue(never, now()).await;
    assert!(
        matches!(never, Err(IssueError::KeyInUse { .. })),
        "{never:?}"
    );
    let any = order("client2", &key, &profile).key_reuse(KeyReuse::Any);
    kit.ca.issue(any, now()).await?;
    Ok(())
}

#[tokio::test]
async fn a_compromised_key_gets_no_certificate() -> Done {
    let kit = Kit::new().await;
    let (key, profile) = (new_key(), client());
    let first = kit
        .ca
        .issue(order("client1", &key, &profile), now())
        .await?;
    let by_serial = of(Selector::Serial(first.record.serial));
    let superseded = RevocationReason::Superseded;
    kit.store
        .revoke(&by_serial, superseded, &actor(), now())
        .await?;
    let second = kit
        .ca
        .issue(order("client1", &key, &profile), now())
        .await?;
    let by_serial = of(Selector::Serial(second.record.serial));
    let compromised = RevocationReason::KeyCompromise;
    kit.store
        .revoke(&by_serial, compromised, &actor(), now())
        .await?;
    let third = kit.ca.issue(order("client1", &key, &profile), now()).await;
    assert!(
        matches!(third, Err(IssueError::KeyBlocked { .. })),
        "{third:?}"
    );
    Ok(())
}

#[tokio::test]
async fn refusals_are_in_the_audit_log() -> Done {
    let kit = Kit::new().await;
    let profile = Profile::server();
    let refused = kit
        .ca
        .issue(order("OU=x", &new_key(), &profile), now())
        .await;
    assert!(matches!(refused, Err(IssueError::Issue(_))), "{refused:?}");
    let rows = kit.store.audit(0, 100).await?;
    let events: Vec<_> = rows.iter().map(|row| row.event.as_str()).collect();
    assert_eq!(events, ["issuer-added", "issuer-added", "refused"]);
    kit.issue("client1").await?;
    let rows = kit.store.audit(3, 100).await?;
    let events: Vec<_> = rows.iter().map(|row| row.event.as_str()).collect();
    assert_eq!(events, ["approved", "issued"]);
    kit.store.verify_audit().await?;
    Ok(())
}

#[tokio::test]
async fn an_order_is_answered_though_the_process_that_began_it_has_ended() -> Done {
    let second = std::time::Duration::from_secs(1);
    let kit = Kit::with(1, |options| options.signing_timeout(second)).await;
    let (key, profile) = (new_key(), client());
    let asked = || {
        let idempotency = Idempotency {
            key: "k1".into(),
            payload_sha256: [1; 32],
        };
        order("client1", &key, &profile).idempotency(idempotency)
    };
    let first = kit.ca.issue(asked(), now()).await?;
    // As the process left it, at the same second as the order is made again.
    rusqlite::Connection::open(kit.path())?.execute_batch(
        "UPDATE certificates SET state = 0, fingerprint = NULL, reserved_at = 1800000000",
    )?;
    let second = kit.ca.issue(asked(), now()).await?;
    assert_ne!(second.record.serial, first.record.serial);
    let left = kit.store.certificate(first.record.id, now()).await?;
    assert_eq!(left.state, CertificateState::Unconfirmed);
    Ok(())
}

#[tokio::test]
async fn the_key_of_a_ca_gets_a_cross_certificate_of_the_same_ca_and_no_other() -> Done {
    let kit = Kit::new().await;
    let root = || CertificateParameters::for_ca(kit.root.issuer().certificate());
    let another = async |ca: &str, name: &str| {
        let since = now() - Duration::days(1);
        let root = Authority::root(name.parse()?, new_key(), &Profile::root(), since)?;
        let new = NewIssuer::new(ca, IssuerRole::Root, root.chain().to_vec());
        kit.store.add_issuer(new, &actor(), now()).await?;
        let ca = CertificateAuthority::new(root, kit.store.clone()).await?;
        Ok::<_, Box<dyn std::error::Error + Send + Sync>>(ca)
    };
    let same = another(&kit.root.issuer().ca, "CN=Second Root").await?;
    let foreign = another("foreign", "CN=Foreign Root").await?;
    let (cross, leaf) = (Profile::cross_certificate(), client());
    let order = |profile| Order::new(root().end_with_issuer(), profile, "cross", actor());
    let issued = same.issue(order(&cross), now()).await?;
    assert_eq!(
        issued.certificate.spki_der(),
        kit.root.issuer().certificate().spki_der()
    );
    for (ca, profile) in [(&foreign, &cross), (&same, &leaf)] {
        let refused = ca.issue(order(profile), now()).await;
        assert!(matches!(refused, Err(IssueError::KeyOfCa)), "{refused:?}");
    }
    Ok(())
}
