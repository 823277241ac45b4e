//! EST as `mtls-client` speaks it: enrolling, renewing, waiting.

use mtls_client::{EnrollError, EnrolledFiles, Enroller, Password, RenewalAgent, TrustAnchors};
use mtls_server::Rule;
use time::{Duration, OffsetDateTime};
use x509_identity::{Certificate, DistinguishedName};

use crate::support::enrollment::Enrolling;
use crate::support::http::PATIENCE;

fn enroller(enrolling: &Enrolling, path: &str) -> Enroller {
    let root = enrolling.ca.root.authority().certificate();
    let roots = TrustAnchors::from_certs([root.der()]).unwrap();
    Enroller::new(&enrolling.url(path), roots).unwrap()
}

fn agent(enrolling: &Enrolling, path: &str, token: &str, files: &EnrolledFiles) -> RenewalAgent {
    let enroller = enroller(enrolling, path).user("router-1");
    RenewalAgent::new(enroller, files.clone()).token(Password::new(token))
}

fn present(files: &EnrolledFiles) -> Certificate {
    files.identity().unwrap().unwrap().certificate().clone()
}

#[tokio::test(flavor = "multi_thread")]
async fn an_agent_enrols_and_renews() {
    let enrolling = Enrolling::new().await;
    for (number, path) in [(1, "/.well-known/est"), (2, "/.well-known/est/client/")] {
        let token = enrolling.token(number, "client", &["router-1"], Duration::HOUR);
        let token = token.await;
        let directory = tempfile::tempdir().unwrap();
        let files = EnrolledFiles::open(directory.path()).unwrap();
        let agent = agent(&enrolling, path, &token, &files);
        // The names are those of the token.
        let enrolled = agent.enroll_once(&DistinguishedName::default(), &[]).await;
        let enrolled = enrolled.unwrap();
        assert_eq!(enrolled.certificate.subject().to_string(), "CN=router-1");
        assert_eq!(present(&files), enrolled.certificate);
        // With the CA between it and the root, which an EST server gives by `cacerts`.
        let chain = tls_identity::certificates(enrolled.chain_pem.as_bytes()).unwrap();
        let issuing = enrolling.ca.issuing.authority().certificate();
        assert_eq!(chain.len(), 2);
        assert_eq!(chain[1].as_ref(), issuing.der());
        let root = enrolling.ca.root.authority().certificate();
        assert_eq!(
            tls_identity::certificates(enrolled.roots_pem.as_bytes()).unwrap(),
            [root.der().to_vec().into()]
        );

        let renewed = agent.renew().await.unwrap();
        assert_eq!(
            renewed.certificate.subject(),
            enrolled.certificate.subject()
        );
        assert_ne!(renewed.certificate.serial(), enrolled.certificate.serial());
        assert_ne!(
            renewed.certificate.spki_der(),
            enrolled.certificate.spki_der()
        );
        assert_eq!(present(&files), renewed.certificate);
        // Two thirds of a day, as EST does not say when.
        let now = OffsetDateTime::now_utc();
        assert!(!agent.is_due(now + Duration::hours(14)).await.unwrap());
        assert!(agent.is_due(now + Duration::hours(15)).await.unwrap());
    }
    let rows = enrolling.ca.store.audit(0, 1000).await.unwrap();
    let actors: Vec<_> = rows.iter().map(|row| row.actor.as_str()).collect();
    assert!(actors.contains(&"token:1 as router-1"), "{actors:?}");
    assert!(enrolling.refusals().await.is_empty());
}

#[tokio::test]
async fn what_a_server_of_est_refuses_is_told() {
    let enrolling = Enrolling::new().await;
    let token = enrolling
        .token(1, "client", &["router-1"], Duration::HOUR)
        .await;
    let name = "CN=router-1".parse().unwrap();
    let other = "CN=router-2".parse().unwrap();
    for (path, token, subject, expected, sentence) in [
        (
            "/.well-known/est",
            "guess",
            &name,
            401,
            "does not know this token",
        ),
        (
            "/.well-known/est/server",
            token.as_str(),
            &name,
            403,
            "`server`",
        ),
        (
            "/.well-known/est/nothing",
            token.as_str(),
            &name,
            404,
            "nothing here",
        ),
        (
            "/.well-known/est",
            token.as_str(),
            &other,
            403,
            "CN=router-2",
        ),
    ] {
        let directory = tempfile::tempdir().unwrap();
        let files = EnrolledFiles::open(directory.path()).unwrap();
        let agent = agent(&enrolling, path, token, &files);
        let refused = agent.enroll_once(subject, &[]).await.unwrap_err();
        assert!(refused.is_final(), "{refused}");
        let EnrollError::Refused { status, detail, .. } = &refused else {
            panic!("{refused:?}");
        };
        assert_eq!(*status, expected, "{detail}");
        assert!(detail.contains(sentence), "{detail}");
        assert!(files.identity().unwrap().is_none());
    }
    // Whoever has the token is in the log, also if the label is another one's.
    let refusals = enrolling.refusals().await;
    assert!(
        refusals[1].starts_with("token:1 as router-1"),
        "{refusals:?}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_request_that_waits_is_sent_again_until_somebody_has_decided() {
    let enrolling = Enrolling::new().await;
    let token = enrolling
        .token(1, "approved", &["router-1"], Duration::HOUR)
        .await;
    let directory = tempfile::tempdir().unwrap();
    let files = EnrolledFiles::open(directory.path()).unwrap();
    let agent = agent(&enrolling, "/.well-known/est", &token, &files);
    let waiting =
        tokio::spawn(async move { agent.enroll_once(&DistinguishedName::default(), &[]).await });
    while enrolling.waiting().await.is_empty() {
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
    enrolling.approve().await;
    let enrolled = tokio::time::timeout(PATIENCE, waiting).await.unwrap();
    let enrolled = enrolled.unwrap().unwrap();
    assert_eq!(present(&files), enrolled.certificate);
    // Who asked is in the log by both names.
    let rows = enrolling.ca.store.audit(0, 1000).await.unwrap();
    let asked = rows.iter().find(|row| row.event == "request-pending");
    assert_eq!(asked.unwrap().actor, "token:1 as router-1");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_renewal_that_waits_is_asked_for_again() {
    let enrolling = Enrolling::new().await;
    for (number, path) in [(1, ""), (2, "/.well-known/est")] {
        let token = enrolling.token(number, "client", &["router-1"], Duration::HOUR);
        let token = token.await;
        let directory = tempfile::tempdir().unwrap();
        let files = EnrolledFiles::open(directory.path()).unwrap();
        let agent = agent(&enrolling, path, &token, &files);
        let enrolled = agent.enroll_once(&DistinguishedName::default(), &[]).await;
        enrolling.stall_renewals(2);
        let renewed = agent.renew().await.unwrap();
        assert_eq!(enrolling.stalled(), 0, "{path}");
        assert_ne!(
            renewed.certificate.serial(),
            enrolled.unwrap().certificate.serial()
        );
        assert_eq!(present(&files), renewed.certificate);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_device_that_is_revoked_comes_back_by_a_new_token_alone() {
    for (path, by_tls) in [("", false), ("/.well-known/est", false), ("", true)] {
        let enrolling = Enrolling::new().await;
        let names = ["router-1"];
        let token = enrolling.token(1, "client", &names, Duration::HOUR).await;
        let new_token = enrolling.token(2, "client", &names, Duration::HOUR).await;
        let directory = tempfile::tempdir().unwrap();
        let files = EnrolledFiles::open(directory.path()).unwrap();
        let before = agent(&enrolling, path, &token, &files);
        let first = before.enroll_once(&DistinguishedName::default(), &[]).await;
        let first = first.unwrap().certificate;
        // Whoever has a good certificate renews by that.
        let again = agent(&enrolling, path, &new_token, &files);
        let second = again.renew().await.unwrap().certificate;
        assert_ne!(second, first);
        if by_tls {
            let serial = second.serial().clone();
            let rule = Rule::custom("this one", move |client| *client.serial() == serial);
            enrolling.server.handle().revoke_now(rule).await;
        } else {
            enrolling.ca.revoke(&second).await;
        }
        let without = RenewalAgent::new(enroller(&enrolling, path), files.clone());
        without.renew().await.unwrap_err();
        let used = before.renew().await.unwrap_err();
        assert!(used.to_string().contains("token was used"), "{used}");
        assert_eq!(present(&files), second);
        let third = again.renew().await.unwrap().certificate;
        assert_eq!(third.subject(), second.subject());
        assert_eq!(present(&files), third);
    }
}
