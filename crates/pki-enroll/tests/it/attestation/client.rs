//! The client's side: evidence that goes with each request.

use std::path::Path;
use std::sync::{Arc, Mutex};

use mtls_client::{
    Attester, AttesterError, EnrollError, EnrolledFiles, Enroller, Evidence, EvidencePurpose,
    EvidenceRequest, Password, RenewalAgent, TrustAnchors,
};
use pki_attest::apple::{ClientData, Environment};
use pki_attest::simulator::{AndroidSimulator, SimulatedApp};
use pki_store::{Filter, Page};
use time::{Duration, OffsetDateTime};
use x509_identity::DistinguishedName;

use crate::support::devices::{Platforms, app, policy};
use crate::support::enrollment::Enrolling;

/// An Android phone, with the key of each request.
struct Android(Arc<Platforms>);

impl Attester for Android {
    fn attest(&self, asked: &EvidenceRequest) -> Result<Evidence, AttesterError> {
        let description = AndroidSimulator::description(&asked.challenge);
        let key = asked.request.public_key_der();
        let chain = self.0.android.attest_request(key, &description)?;
        Ok(Evidence::AndroidKey { chain })
    }
}

/// An iPhone, with an app whose key is attested for the first certificate.
struct Iphone {
    platforms: Arc<Platforms>,
    app: Mutex<SimulatedApp>,
}

impl Attester for Iphone {
    fn attest(&self, asked: &EvidenceRequest) -> Result<Evidence, AttesterError> {
        let data = ClientData::of_request(&asked.challenge, asked.request.der());
        let mut known = self.app.lock().unwrap();
        if asked.purpose == EvidencePurpose::Renew {
            return Ok(Evidence::AppleAssertion {
                assertion: known.assert(data)?,
                key_id: known.key_id(),
            });
        }
        *known = app();
        let made = self
            .platforms
            .apple
            .attest(&known, data, Environment::Production, None);
        Ok(Evidence::AppleAppAttest {
            app: None,
            attestation: made?,
            key_id: known.key_id(),
        })
    }
}

/// A phone that is out of order.
struct Broken;

impl Attester for Broken {
    fn attest(&self, _: &EvidenceRequest) -> Result<Evidence, AttesterError> {
        Err("the service is not available".into())
    }
}

fn enroller(enrolling: &Enrolling, path: &str) -> Enroller {
    let root = enrolling.ca.root.authority().certificate();
    let roots = TrustAnchors::from_certs([root.der()]).unwrap();
    Enroller::new(&enrolling.url(path), roots).unwrap()
}

fn agent(enroller: Enroller, token: &str, directory: &Path) -> RenewalAgent {
    let files = EnrolledFiles::open(directory).unwrap();
    let token = Password::new(token);
    RenewalAgent::new(enroller, files).token(token)
}

fn phones(platforms: &Arc<Platforms>) -> [Arc<dyn Attester>; 2] {
    let iphone = Iphone {
        platforms: platforms.clone(),
        app: Mutex::new(app()),
    };
    [Arc::new(Android(platforms.clone())), Arc::new(iphone)]
}

#[tokio::test(flavor = "multi_thread")]
async fn an_agent_enrols_and_renews_with_evidence() {
    let (enrolling, platforms) = (Enrolling::new().await, Arc::new(Platforms::new()));
    platforms.ask(&enrolling, policy());
    for (number, phone) in (1..).zip(phones(&platforms)) {
        let token = enrolling.token(number, "device", &["phone-7"], Duration::HOUR);
        let token = token.await;
        let directory = tempfile::tempdir().unwrap();
        let with_evidence = enroller(&enrolling, "").attester(phone);
        let agent = agent(with_evidence, &token, directory.path());
        let enrolled = agent.enroll_once(&DistinguishedName::default(), &[]).await;
        let enrolled = enrolled.unwrap();
        assert_eq!(enrolled.certificate.subject().to_string(), "CN=phone-7");
        for _ in 0..2 {
            let renewed = agent.renew().await.unwrap();
            let (new, old) = (&renewed.certificate, &enrolled.certificate);
            assert_eq!(new.subject(), old.subject());
            assert_ne!(new.spki_der(), old.spki_der());
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_lost_on_the_way_is_asked_again() {
    let (enrolling, platforms) = (Enrolling::new().await, Arc::new(Platforms::new()));
    platforms.ask(&enrolling, policy());
    let nameless = DistinguishedName::default();
    for (number, phone) in (1..).zip(phones(&platforms)) {
        let token = enrolling.token(number, "device", &["phone-7"], Duration::HOUR);
        let token = token.await;
        let directory = tempfile::tempdir().unwrap();
        let with_evidence = enroller(&enrolling, "").attester(phone);
        let agent = agent(with_evidence, &token, directory.path());
        let is_lost = |asked: Result<_, EnrollError>| {
            assert!(matches!(asked.map(drop), Err(EnrollError::Answer(_))));
        };
        // The CA has issued a certificate: it is the one that comes the next time, although the token is used up.
        enrolling.lose_answers(1);
        is_lost(agent.enroll_once(&nameless, &[]).await);
        let first = agent.enroll_once(&nameless, &[]).await.unwrap();
        enrolling.lose_answers(1);
        is_lost(agent.renew().await);
        let renewed = agent.renew().await.unwrap();
        assert_ne!(renewed.certificate.serial(), first.certificate.serial());
        let all = Filter::default();
        let now = OffsetDateTime::now_utc();
        let issued = enrolling.ca.store.certificates(&all, Page::first(100), now);
        let issued = issued.await.unwrap();
        let to_phones = issued.iter().filter(|it| it.subject == "CN=phone-7");
        // And three of the phone before.
        assert_eq!(to_phones.count(), 2 + 3 * usize::from(number - 1));
        // The request has not arrived, and by the next time the challenge has expired.
        enrolling.lose_requests(1);
        is_lost(agent.renew().await);
        enrolling.forget_challenges();
        agent.renew().await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn without_evidence_there_is_no_certificate_and_a_token_stays_good() {
    let (enrolling, platforms) = (Enrolling::new().await, Arc::new(Platforms::new()));
    platforms.ask(&enrolling, policy());
    let token = enrolling.token(1, "device", &["phone-7"], Duration::HOUR);
    let token = token.await;
    let ask = async |enroller: Enroller| {
        let directory = tempfile::tempdir().unwrap();
        let agent = agent(enroller, &token, directory.path());
        agent.enroll_once(&DistinguishedName::default(), &[]).await
    };
    let refused = |asked: Result<_, EnrollError>| match asked.map(drop) {
        Err(EnrollError::Refused { kind, .. }) => kind,
        other => panic!("{other:?}"),
    };
    let plain = ask(enroller(&enrolling, "")).await;
    assert_eq!(refused(plain), "attestation_required");
    // Phones whose platforms nobody knows here.
    for phone in phones(&Arc::new(Platforms::new())) {
        let other = ask(enroller(&enrolling, "").attester(phone)).await;
        assert_eq!(refused(other), "attestation_refused");
    }
    let broken = ask(enroller(&enrolling, "").attester(Arc::new(Broken))).await;
    assert!(matches!(broken, Err(EnrollError::Evidence(_))));
    let phone = phones(&platforms).map(|phone| {
        let path = "/.well-known/est";
        ask(enroller(&enrolling, path).attester(phone))
    });
    for est in phone {
        assert!(matches!(est.await, Err(EnrollError::Evidence(_))));
    }
    let [phone, _] = phones(&platforms);
    assert!(ask(enroller(&enrolling, "").attester(phone)).await.is_ok());
}
