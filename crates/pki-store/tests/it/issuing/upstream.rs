//! A CA whose certificates an upstream makes: what is approved comes back, is recorded and given out, and nothing else is.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use pki_core::verify::RevocationReason;
use pki_core::{
    Authority, CertificateParameters, CertificateRequest, KeyPair, Profile, ReturnedError,
};
use pki_store::{
    Actor, CertificateAuthority, CertificateState, CrlError, Filter, Idempotency, IssueError,
    IssuerRole, NewIssuer, Order, Page, Selector, Store, StoreUrl,
};
use tempfile::TempDir;

use crate::elsewhere::{Behaviour, Elsewhere};
use crate::kit::{Done, actor, new_key, now, of};

struct Here {
    _directory: TempDir,
    store: Store,
    ca: CertificateAuthority,
    elsewhere: Arc<Elsewhere>,
}

impl Here {
    async fn new() -> Self {
        let directory = tempfile::tempdir().expect("a directory");
        let url = StoreUrl::from(directory.path().join("store.db"));
        let store = Store::open(&url).await.expect("a store");
        let key = new_key();
        let authority = Authority::root(
            "CN=Elsewhere".parse().expect("a name"),
            crate::kit::copy(&key),
            &Profile::root(),
            now() - time::Duration::days(10),
        );
        let authority = authority.expect("a root");
        let chain = authority.chain().to_vec();
        let issuer = NewIssuer::new("test", IssuerRole::Upstream, chain.clone());
        let added = store.add_issuer(issuer, &actor(), now()).await;
        added.expect("an issuer");
        let elsewhere = Arc::new(Elsewhere {
            authority,
            key,
            state: Mutex::default(),
        });
        let here = Authority::without_key(chain).expect("an authority");
        let ca = CertificateAuthority::with_upstream(here, elsewhere.clone(), store.clone());
        Self {
            _directory: directory,
            ca: ca.await.expect("a CA"),
            store,
            elsewhere,
        }
    }

    async fn issue(
        &self,
        name: &str,
        key: &KeyPair,
    ) -> Result<pki_store::IssuedRecord, IssueError> {
        self.ca.issue(order(name, key), now()).await
    }

    async fn states(&self) -> Vec<CertificateState> {
        let later = now() + time::Duration::MINUTE;
        let all = Filter::default();
        let listed = self.store.certificates(&all, Page::default(), later);
        let listed = listed.await.expect("a list");
        listed.iter().map(|it| it.state).collect()
    }

    async fn events(&self) -> Vec<String> {
        let rows = self.store.audit(0, 1000).await.expect("the log");
        rows.into_iter().map(|row| row.event).collect()
    }
}

fn order<'a>(name: &str, key: &KeyPair) -> Order<'a> {
    static PROFILE: std::sync::OnceLock<Profile> = std::sync::OnceLock::new();
    let subject = format!("CN={name}").parse().expect("a name");
    let csr = CertificateRequest::build(key, &subject, &[]).expect("a CSR");
    let parameters = CertificateParameters::from_csr(&csr);
    Order::new(
        parameters,
        PROFILE.get_or_init(Profile::client),
        "client",
        actor(),
    )
    .idempotency(Idempotency {
        key: format!("order of {name}"),
        payload_sha256: [1; 32],
    })
}

#[tokio::test]
async fn what_comes_back_as_approved_is_recorded_and_given_out() -> Done {
    let here = Here::new().await;
    let key = new_key();
    let issued = here.issue("alice", &key).await?;
    assert_eq!(issued.certificate.spki_der(), key.public_key_der());
    assert_eq!(issued.record.serial, *issued.certificate.serial());
    assert!(!issued.was_there);
    // By its number, as any other.
    let found = Filter {
        serial: Some(issued.record.serial.clone()),
        ..Filter::default()
    };
    let found = here
        .store
        .certificates(&found, Page::default(), now())
        .await?;
    assert_eq!(found.len(), 1);
    let again = here.issue("alice", &key).await?;
    assert_eq!(again.record.serial, issued.record.serial);
    assert_eq!(here.elsewhere.count(), 1);
    here.store.verify_audit().await?;
    here.store.verify_records().await?;
    Ok(())
}

#[tokio::test]
async fn what_is_not_as_approved_is_refused_and_revoked_elsewhere() -> Done {
    let here = Here::new().await;
    let other = new_key().public_key_der().to_vec();
    here.elsewhere.behave(Behaviour::OtherKey(other));
    let error = here
        .issue("alice", &new_key())
        .await
        .expect_err("a refusal");
    let IssueError::Returned { serial, source, .. } = &error else {
        return Err(error.into());
    };
    assert!(matches!(source, ReturnedError::Key), "{source}");
    assert_eq!(here.elsewhere.revoked(), std::slice::from_ref(serial));
    assert_eq!(here.states().await, [CertificateState::Failed]);
    let events = here.events().await;
    assert!(
        events.contains(&"upstream-refused".to_owned()),
        "{events:?}"
    );
    assert!(
        events.contains(&"upstream-revoked".to_owned()),
        "{events:?}"
    );
    here.store.verify_audit().await?;
    here.store.verify_records().await?;
    Ok(())
}

#[tokio::test]
async fn what_cannot_be_used_now_is_refused_and_revoked_elsewhere() -> Done {
    let here = Here::new().await;
    // All of it is within what was approved. The first one is of a clock that is a bit ahead.
    let (near, far) = (time::Duration::seconds(90), time::Duration::minutes(3));
    here.elsewhere.behave(Behaviour::Begins(near));
    let issued = here.issue("alice", &new_key()).await?;
    assert!(issued.certificate.not_before() > now());
    here.elsewhere.behave(Behaviour::Begins(far));
    let error = here.issue("bob", &new_key()).await.expect_err("a refusal");
    let IssueError::Returned { serial, source, .. } = &error else {
        return Err(error.into());
    };
    let is_named = matches!(source, ReturnedError::NotValidNow { .. });
    assert!(is_named, "{source}");
    assert_eq!(here.elsewhere.revoked(), std::slice::from_ref(serial));
    here.store.verify_audit().await?;
    here.store.verify_records().await?;
    Ok(())
}

#[tokio::test]
async fn a_certificate_that_was_given_out_is_not_given_out_again() -> Done {
    let here = Here::new().await;
    let key = new_key();
    let first = here.issue("alice", &key).await?;
    let replayed = Box::new(first.certificate.clone());
    here.elsewhere.behave(Behaviour::Again(replayed));
    let mut second = order("alice", &key);
    second.idempotency = None;
    let error = here.ca.issue(second, now()).await.expect_err("a refusal");
    let IssueError::Returned { source, .. } = &error else {
        return Err(error.into());
    };
    assert!(matches!(source, ReturnedError::SerialUsed), "{source}");
    // Its holder has done nothing. What was hidden behind it is found, and revoked.
    assert_eq!(here.elsewhere.revoked(), []);
    here.ca.settle(now()).await?;
    let revoked = here.elsewhere.revoked();
    assert_eq!(revoked.len(), 1);
    assert_ne!(revoked, [first.record.serial]);
    here.store.verify_audit().await?;
    here.store.verify_records().await?;
    Ok(())
}

#[tokio::test]
async fn an_answer_that_was_lost_is_found() -> Done {
    for is_asked_again in [true, false] {
        let here = Here::new().await;
        let key = new_key();
        here.elsewhere.behave(Behaviour::Lost);
        let error = here.issue("alice", &key).await.expect_err("no answer");
        assert!(matches!(error, IssueError::Upstream(_)), "{error}");
        assert_eq!(here.states().await, [CertificateState::Unconfirmed]);
        here.elsewhere.behave(Behaviour::Good);
        if is_asked_again {
            let issued = here.issue("alice", &key).await?;
            assert!(issued.was_there);
        } else {
            assert_eq!(here.ca.settle(now()).await?.certificates, 1);
        }
        assert_eq!(here.elsewhere.count(), 1);
        assert_eq!(here.states().await, [CertificateState::Valid]);
        here.store.verify_audit().await?;
        here.store.verify_records().await?;
    }
    Ok(())
}

#[tokio::test]
async fn what_was_revoked_before_it_was_found_is_revoked_elsewhere() -> Done {
    let here = Here::new().await;
    here.elsewhere.behave(Behaviour::Lost);
    here.issue("alice", &new_key())
        .await
        .expect_err("no answer");
    let all = of(Selector::Profile("client".into()));
    let reason = RevocationReason::KeyCompromise;
    let revoked = here.store.revoke(&all, reason, &actor(), now()).await?;
    assert_eq!(revoked.len(), 1);
    here.ca.settle(now()).await?;
    assert_eq!(here.elsewhere.revoked().len(), 1);
    assert_eq!(here.states().await, [CertificateState::Revoked]);
    here.store.verify_audit().await?;
    here.store.verify_records().await?;
    Ok(())
}

#[tokio::test]
async fn a_reservation_without_a_certificate_is_closed_when_nothing_is_found() -> Done {
    let here = Here::new().await;
    here.elsewhere.behave(Behaviour::Lost);
    here.issue("alice", &new_key())
        .await
        .expect_err("no answer");
    here.elsewhere
        .state
        .lock()
        .expect("the state")
        .issued
        .clear();
    here.ca.settle(now()).await?;
    // Its request may still be on its way.
    assert_eq!(here.states().await, [CertificateState::Unconfirmed]);
    here.ca.settle(now() + time::Duration::minutes(5)).await?;
    assert_eq!(here.states().await, [CertificateState::Failed]);
    Ok(())
}

#[tokio::test]
async fn a_revocation_reaches_the_upstream_even_if_it_is_down() -> Done {
    let here = Here::new().await;
    let issued = here.issue("alice", &new_key()).await?;
    let selection = of(Selector::Serial(issued.record.serial.clone()));
    let reason = RevocationReason::Superseded;
    here.store
        .revoke(&selection, reason, &actor(), now())
        .await?;
    here.elsewhere.is_down(true);
    assert_eq!(here.ca.settle(now()).await?.untold, 1);
    here.elsewhere.is_down(false);
    let settled = here.ca.settle(now()).await?;
    assert_eq!((settled.revocations, settled.untold), (1, 0));
    assert_eq!(here.elsewhere.revoked(), [issued.record.serial]);
    assert_eq!(here.ca.settle(now()).await?.revocations, 0);
    here.store.verify_audit().await?;
    here.store.verify_records().await?;
    Ok(())
}

#[tokio::test]
async fn what_waits_is_asked_for_again_when_it_is_time() -> Done {
    let here = Here::new().await;
    let key = new_key();
    here.elsewhere.behave(Behaviour::Waits);
    let error = here.issue("alice", &key).await.expect_err("it waits");
    let IssueError::Pending { id, retry_after } = error else {
        return Err(error.into());
    };
    assert_eq!(retry_after, Duration::from_secs(30));
    here.elsewhere.behave(Behaviour::Good);
    let early = here.issue("alice", &key).await.expect_err("it waits");
    assert!(matches!(early, IssueError::Pending { .. }), "{early}");
    let later = now() + time::Duration::minutes(10);
    let stranger = here
        .ca
        .pending(id, &Actor::new("somebody else"), later)
        .await?;
    assert!(stranger.is_none());
    // However long it takes, it is not lost.
    here.store.recover(&actor(), later).await?;
    assert_eq!(here.states().await, [CertificateState::Reserved]);
    here.elsewhere.is_down(true);
    let down = here
        .ca
        .pending(id, &actor(), later)
        .await
        .expect_err("no answer");
    assert!(matches!(down, IssueError::Pending { .. }), "{down}");
    here.elsewhere.is_down(false);
    let issued = here
        .ca
        .pending(id, &actor(), later + time::Duration::MINUTE)
        .await?;
    let issued = issued.ok_or("there is a certificate")?;
    assert_eq!(issued.certificate.spki_der(), key.public_key_der());
    assert_eq!(here.states().await, [CertificateState::Valid]);
    let again = here
        .ca
        .pending(id, &actor(), later + time::Duration::HOUR)
        .await?;
    assert_eq!(again.map(|it| it.record.serial), Some(issued.record.serial));
    here.store.verify_audit().await?;
    here.store.verify_records().await?;
    Ok(())
}

#[tokio::test]
async fn a_decision_is_recorded_and_the_same_order_may_be_made_again() -> Done {
    let here = Here::new().await;
    let key = new_key();
    here.elsewhere.behave(Behaviour::Refuses);
    let error = here.issue("alice", &key).await.expect_err("a refusal");
    assert!(matches!(error, IssueError::Upstream(_)), "{error}");
    assert_eq!(here.states().await, [CertificateState::Failed]);
    here.elsewhere.behave(Behaviour::Good);
    here.issue("alice", &key).await?;
    Ok(())
}

#[tokio::test]
async fn an_upstream_wants_a_csr_and_signs_crls_itself() -> Done {
    let here = Here::new().await;
    let profile = Profile::client();
    let without = crate::kit::order("alice", &new_key(), &profile);
    let error = here.ca.issue(without, now()).await.expect_err("a refusal");
    assert!(matches!(error, IssueError::NoCsr), "{error}");
    let error = here.ca.sign_crl(0, time::Duration::DAY, now()).await;
    assert!(matches!(error, Err(CrlError::Upstream { .. })));
    // With its key it would be a CA of our own.
    let own = Authority::new(
        here.elsewhere.authority.chain().to_vec(),
        crate::kit::copy(&here.elsewhere.key),
    )?;
    let store = here.store.clone();
    let kit = crate::kit::Kit::new().await;
    let ours = Authority::without_key(kit.ca.authority().chain().to_vec())?;
    let elsewhere = here.elsewhere.clone();
    let refused = CertificateAuthority::with_upstream(ours, elsewhere, kit.store.clone()).await;
    assert!(refused.is_err());
    assert!(CertificateAuthority::new(own, store).await.is_err());
    Ok(())
}
