//! An upstream CA that knows a request by its key: an answer that was lost is heard by asking for the same once more.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use pki_core::verify::RevocationReason;
use pki_core::{Authority, CertificateParameters, CertificateRequest, KeyPair, Profile};
use pki_store::{
    CertificateAuthority, CertificateState, Filter, Idempotency, IssueError, IssuedRecord,
    IssuerRole, NewIssuer, Order, Page, Store, StoreUrl,
};
use pki_upstream::{
    Answering, Listed, Revoked, UpstreamAnswer, UpstreamCa, UpstreamCertificate, UpstreamError,
    UpstreamRequest,
};
use tempfile::TempDir;
use x509_identity::{Certificate, SerialNumber};

use crate::kit::{Done, actor, new_key, now};

/// A CA that takes orders, and answers them later.
#[derive(Debug)]
struct Later {
    authority: Authority,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    mood: Mood,
    /// By the keys of their requests.
    orders: BTreeMap<String, Certificate>,
    /// How often an order is not done yet.
    waits: usize,
    patience: Duration,
}

#[derive(Clone, Copy, Debug, Default)]
enum Mood {
    #[default]
    Good,
    /// Takes the order, and its answer is lost.
    Lost,
    /// Takes the order, and never answers.
    Silent,
    /// Takes no order.
    Down,
}

impl Later {
    fn set(&self, change: impl FnOnce(&mut State)) {
        change(&mut self.state.lock().expect("the state"));
    }

    fn count(&self) -> usize {
        self.state.lock().expect("the state").orders.len()
    }

    fn order(&self, request: &UpstreamRequest) -> Result<UpstreamAnswer, UpstreamError> {
        let mut state = self.state.lock().expect("the state");
        let (upstream, source) = (self.name(), "it ended".into());
        if let Mood::Down = state.mood {
            return Err(UpstreamError::Unavailable { upstream, source });
        }
        assert!(CertificateRequest::from_der(&request.csr_der).is_ok());
        assert_eq!(request.profile, "client");
        let key = request.idempotency_key.clone();
        state.orders.entry(key.clone()).or_insert_with(|| {
            let approved = &request.approved;
            let subject = approved.subject().clone();
            let parameters = CertificateParameters::for_key(approved.spki_der(), subject);
            let issued = self.authority.issue(&parameters, &Profile::client(), now());
            issued.expect("a certificate").certificate().clone()
        });
        match state.mood {
            Mood::Lost => Err(UpstreamError::Unclear { upstream, source }),
            _ => Ok(UpstreamAnswer::Pending {
                handle: key,
                retry_after: Duration::from_secs(1),
            }),
        }
    }
}

impl UpstreamCa for Later {
    fn name(&self) -> String {
        "a CA that answers later".into()
    }

    fn issue<'a>(&'a self, request: &'a UpstreamRequest) -> Answering<'a, UpstreamAnswer> {
        let answer = self.order(request);
        let mood = self.state.lock().expect("the state").mood;
        match mood {
            Mood::Silent => Box::pin(std::future::pending()),
            _ => Box::pin(std::future::ready(answer)),
        }
    }

    fn collect<'a>(&'a self, handle: &'a str) -> Answering<'a, UpstreamAnswer> {
        let mut state = self.state.lock().expect("the state");
        let answer = if state.waits > 0 {
            state.waits -= 1;
            UpstreamAnswer::Pending {
                handle: handle.to_owned(),
                retry_after: Duration::from_secs(1),
            }
        } else {
            let found = state.orders.get(handle).expect("an order");
            UpstreamAnswer::Issued(Box::new(found.clone()))
        };
        Box::pin(std::future::ready(Ok(answer)))
    }

    fn revoke<'a>(&'a self, _: &'a SerialNumber, _: RevocationReason) -> Answering<'a, Revoked> {
        Box::pin(std::future::ready(Ok(Revoked::Done)))
    }

    fn list<'a>(&'a self, _: Option<&'a str>) -> Answering<'a, Option<Listed>> {
        Box::pin(std::future::ready(Ok(None)))
    }

    fn certificate<'a>(
        &'a self,
        _: &'a SerialNumber,
    ) -> Answering<'a, Option<UpstreamCertificate>> {
        Box::pin(std::future::ready(Ok(None)))
    }

    fn remembers(&self) -> Option<Duration> {
        Some(Duration::from_secs(270))
    }

    fn patience(&self) -> Duration {
        self.state.lock().expect("the state").patience
    }
}

struct Here {
    _directory: TempDir,
    store: Store,
    ca: CertificateAuthority,
    later: Arc<Later>,
}

impl Here {
    async fn new() -> Self {
        let directory = tempfile::tempdir().expect("a directory");
        let url = StoreUrl::from(directory.path().join("store.db"));
        let store = Store::open(&url).await.expect("a store");
        let name = "CN=Later".parse().expect("a name");
        let begin = now() - time::Duration::days(10);
        let authority = Authority::root(name, new_key(), &Profile::root(), begin);
        let authority = authority.expect("a root");
        let chain = authority.chain().to_vec();
        let issuer = NewIssuer::new("test", IssuerRole::Upstream, chain.clone());
        let added = store.add_issuer(issuer, &actor(), now()).await;
        added.expect("an issuer");
        let later = Arc::new(Later {
            authority,
            state: Mutex::default(),
        });
        let here = Authority::without_key(chain).expect("an authority");
        let ca = CertificateAuthority::with_upstream(here, later.clone(), store.clone());
        Self {
            _directory: directory,
            ca: ca.await.expect("a CA"),
            store,
            later,
        }
    }

    async fn issue(&self, key: &KeyPair, seconds: i64) -> Result<IssuedRecord, IssueError> {
        let subject = "CN=alice".parse().expect("a name");
        let csr = CertificateRequest::build(key, &subject, &[]).expect("a CSR");
        let parameters = CertificateParameters::from_csr(&csr);
        let profile = Profile::client();
        let order = Order::new(parameters, &profile, "client", actor());
        let order = order.idempotency(Idempotency {
            key: "the order of alice".to_owned(),
            payload_sha256: [1; 32],
        });
        self.ca.issue(order, after(seconds)).await
    }

    async fn settle(&self, seconds: i64) -> u64 {
        let settled = self.ca.settle(after(seconds)).await;
        settled.expect("it is settled").certificates
    }

    async fn states(&self) -> Vec<CertificateState> {
        let all = Filter::default();
        let listed = self.store.certificates(&all, Page::default(), after(60));
        let listed = listed.await.expect("a list");
        listed.iter().map(|it| it.state).collect()
    }

    async fn unconfirmed(&self) -> usize {
        let rows = self.store.audit(0, 1000).await.expect("the log");
        rows.iter().filter(|it| it.event == "unconfirmed").count()
    }
}

fn after(seconds: i64) -> time::OffsetDateTime {
    now() + time::Duration::seconds(seconds)
}

#[tokio::test]
async fn a_lost_answer_is_heard_by_asking_for_the_same() -> Done {
    for is_asked_by_its_order in [true, false] {
        let here = Here::new().await;
        let key = new_key();
        here.later.set(|state| state.mood = Mood::Lost);
        let error = here.issue(&key, 0).await.expect_err("no answer");
        assert!(matches!(error, IssueError::Upstream(_)), "{error}");
        assert_eq!(here.states().await, [CertificateState::Unconfirmed]);
        // That it takes no order now says nothing about the one that it has taken.
        here.later.set(|state| state.mood = Mood::Down);
        assert_eq!(here.settle(1).await, 0);
        here.issue(&key, 1).await.expect_err("no answer");
        assert_eq!(here.states().await, [CertificateState::Unconfirmed]);
        here.later.set(|state| state.mood = Mood::Good);
        if is_asked_by_its_order {
            let error = here.issue(&key, 2).await.expect_err("it is pending");
            let IssueError::Pending { id, .. } = error else {
                return Err(error.into());
            };
            // Whoever has made the order may ask by its number.
            let issued = here.ca.pending(id, &actor(), after(4)).await?;
            assert_eq!(
                issued.ok_or("it is known")?.certificate.spki_der(),
                key.public_key_der()
            );
        } else {
            here.settle(2).await;
            assert_eq!(here.settle(4).await, 1);
        }
        assert_eq!(here.states().await, [CertificateState::Valid]);
        assert_eq!(here.later.count(), 1);
        here.store.verify_audit().await?;
        here.store.verify_records().await?;
    }
    Ok(())
}

#[tokio::test]
async fn an_order_of_a_process_that_has_ended_is_asked_for_again() -> Done {
    let here = Here::new().await;
    here.later.set(|state| state.mood = Mood::Silent);
    let (ca, key) = (here.ca.clone(), new_key());
    let subject = "CN=alice".parse()?;
    let csr = CertificateRequest::build(&key, &subject, &[])?;
    let asking = tokio::spawn(async move {
        let profile = Profile::client();
        let parameters = CertificateParameters::from_csr(&csr);
        let order = Order::new(parameters, &profile, "client", actor());
        ca.issue(order, now()).await
    });
    while here.later.count() == 0 {
        tokio::task::yield_now().await;
    }
    asking.abort();
    here.later.set(|state| state.mood = Mood::Good);
    // It may still be waiting for its answer.
    here.settle(10).await;
    assert_eq!(here.states().await, [CertificateState::Reserved]);
    here.settle(40).await;
    assert_eq!(here.settle(42).await, 1);
    assert_eq!(here.states().await, [CertificateState::Valid]);
    assert_eq!(here.later.count(), 1);
    here.store.verify_audit().await?;
    here.store.verify_records().await?;
    Ok(())
}

#[tokio::test]
async fn what_the_upstream_knows_no_more_is_not_asked_for_again() -> Done {
    let here = Here::new().await;
    let key = new_key();
    here.later.set(|state| state.mood = Mood::Lost);
    here.issue(&key, 0).await.expect_err("no answer");
    here.later.set(|state| state.mood = Mood::Good);
    assert_eq!(here.unconfirmed().await, 1);
    for _ in 0..2 {
        assert_eq!(here.settle(270).await, 0);
        assert_eq!(here.states().await, [CertificateState::Unconfirmed]);
        // A person is told once by which key the upstream has had it.
        assert_eq!(here.unconfirmed().await, 2);
    }
    let rows = here.store.audit(0, 1000).await?;
    let told = rows.iter().rev().find(|row| row.event == "unconfirmed");
    let told = told.ok_or("it is told")?.detail.clone();
    let orders = here.later.state.lock().expect("the state").orders.clone();
    assert!(orders.keys().all(|key| told.contains(key)), "{told}");
    // The same order is a new one then.
    let error = here.issue(&key, 280).await.expect_err("it is pending");
    assert!(matches!(error, IssueError::Pending { .. }), "{error}");
    assert_eq!(here.later.count(), 2);
    here.store.verify_audit().await?;
    here.store.verify_records().await?;
    Ok(())
}

#[tokio::test]
async fn a_caller_waits_as_long_as_the_upstream_is_worth_it() -> Done {
    for (patience, is_issued) in [(5, true), (0, false)] {
        let here = Here::new().await;
        here.later.set(|state| {
            state.patience = Duration::from_secs(patience);
            state.waits = 1;
        });
        let key = new_key();
        match here.issue(&key, 0).await {
            Ok(issued) => {
                assert!(is_issued && !issued.was_there);
                assert_eq!(issued.certificate.spki_der(), key.public_key_der());
            }
            Err(IssueError::Pending { .. }) => assert!(!is_issued),
            Err(error) => return Err(error.into()),
        }
    }
    Ok(())
}
