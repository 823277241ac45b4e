//! EST: a certificate by a password, and by another certificate.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use pki_core::{Authority, CertificateParameters, CertificateRequest, Profile};
use pki_enroll::{EnrollmentCa, PublicUrls};
use pki_store::{CertificateAuthority, IssuerRole, NewIssuer, Order};
use time::Duration;
use x509_identity::Certificate;

use crate::support::ca::key;
use crate::support::enrollment::{Enrolling, csr, tls};
use crate::support::est::{certificates, est_csr, password_wanted, plainly_refused};

#[tokio::test]
async fn a_request_made_again_gets_no_certificate_that_is_revoked_by_now() {
    let enrolling = Enrolling::new().await;
    let token = enrolling
        .token(1, "client", &["router-1"], Duration::HOUR)
        .await;
    let body = est_csr(&key(), "router-1", &[]);
    let issued = certificates(enrolling.est_enroll(&token, &body).await).await;
    let again = certificates(enrolling.est_enroll(&token, &body).await).await;
    assert_eq!(again, issued);
    enrolling.ca.revoke(&issued[0]).await;
    let text = plainly_refused(enrolling.est_enroll(&token, &body).await, 403).await;
    assert!(text.contains("is revoked"), "{text}");
}

#[tokio::test]
async fn a_password_gives_a_certificate_in_each_form_of_the_body() {
    let enrolling = Enrolling::new().await;
    let wrapped = |der: &[u8], end: &str| {
        let line = STANDARD.encode(der);
        let lines = line.as_bytes().chunks(64);
        let lines: Vec<_> = lines.map(|it| str::from_utf8(it).unwrap()).collect();
        lines.join(end).into_bytes()
    };
    for form in 0..5 {
        let token = enrolling
            .token(form, "client", &["router-1"], Duration::HOUR)
            .await;
        let key = key();
        let csr = CertificateRequest::from_pem(csr(&key, "router-1", &[]).as_bytes()).unwrap();
        let body = match form {
            0 => STANDARD.encode(csr.der()).into_bytes(),
            1 => wrapped(csr.der(), "\n"),
            2 => wrapped(csr.der(), "\r\n"),
            3 => csr.pem().into_bytes(),
            _ => csr.der().to_vec(),
        };
        let request = enrolling.est(None, "simpleenroll", body);
        let request = request.basic_auth("router-1", Some(&token));
        let response = request.send().await.unwrap();
        let media_type = &response.headers()["content-type"];
        assert_eq!(media_type, "application/pkcs7-mime; smime-type=certs-only");
        let issued = certificates(response).await;
        assert_eq!(issued.len(), 1);
        assert_eq!(issued[0].subject().to_string(), "CN=router-1");
        assert_eq!(issued[0].spki_der(), key.public_key_der());
    }
    assert!(enrolling.refusals().await.is_empty());
    // Under which name the device has asked.
    let rows = enrolling.ca.store.audit(0, 1000).await.unwrap();
    let asked = |row: &pki_store::AuditRow| row.actor == "token:1 as router-1";
    assert!(rows.iter().any(|row| row.event == "issued" && asked(row)));
}

#[tokio::test]
async fn what_is_refused_is_said_in_plain_text_and_recorded() {
    let enrolling = Enrolling::new().await;
    let token = enrolling
        .token(1, "client", &["router-1"], Duration::HOUR)
        .await;
    let body = || est_csr(&key(), "router-1", &[]);
    let none = enrolling.est(None, "simpleenroll", body()).send().await;
    password_wanted(none.unwrap()).await;
    let wrong = enrolling.est_enroll("guess", &body()).await;
    assert_eq!(
        wrong.headers()["www-authenticate"],
        "Basic realm=\"enrolment\""
    );
    let text = plainly_refused(wrong, 401).await;
    assert_eq!(text, "the CA does not know this token\n");
    let admin = est_csr(&key(), "admin", &[]);
    plainly_refused(enrolling.est_enroll(&token, &admin).await, 403).await;
    for wrong in ["", "not base64!", "AAAA"] {
        plainly_refused(enrolling.est_enroll(&token, wrong).await, 400).await;
    }
    let json = enrolling
        .client(None)
        .post(enrolling.est_url("simpleenroll"));
    let json = json.basic_auth("router-1", Some(&token)).body("{}");
    plainly_refused(json.send().await.unwrap(), 415).await;

    let issued = enrolling.est_enroll(&token, &body()).await;
    certificates(issued).await;
    let text = plainly_refused(enrolling.est_enroll(&token, &body()).await, 403).await;
    assert!(text.contains("used"), "{text}");
    let refusals = enrolling.refusals().await;
    assert_eq!(refusals.len(), 8, "{refusals:#?}");
    assert!(refusals[0].starts_with("est "), "{refusals:#?}");
    assert!(refusals[1].starts_with("est as router-1 "), "{refusals:#?}");
    assert!(
        refusals[7].starts_with("token:1 as router-1 "),
        "{refusals:#?}"
    );
}

#[tokio::test]
async fn a_label_is_the_profile_and_nothing_else() {
    let enrolling = Enrolling::new().await;
    let token = enrolling
        .token(1, "client", &["router-1"], Duration::HOUR)
        .await;
    let body = est_csr(&key(), "router-1", &[]);
    let enroll = async |path: &str| {
        let request = enrolling.est(None, path, body.clone());
        let request = request.basic_auth("", Some(&token));
        request.send().await.unwrap()
    };
    plainly_refused(enroll("server/simpleenroll").await, 403).await;
    for nowhere in [
        "nothing/simpleenroll",
        "client/nothing",
        "serverkeygen",
        "client/fullcmc",
    ] {
        plainly_refused(enroll(nowhere).await, 404).await;
    }
    plainly_refused(enroll("cacerts").await, 405).await;
    let first = certificates(enroll("client/simpleenroll").await).await;
    // The answer was lost, and another path is not another request.
    assert_eq!(certificates(enroll("simpleenroll").await).await, first);
}

#[tokio::test]
async fn anybody_gets_the_certificates_of_the_ca() {
    let enrolling = Enrolling::new().await;
    for path in ["cacerts", "client/cacerts"] {
        let response = enrolling.client(None).get(enrolling.est_url(path)).send();
        let response = response.await.unwrap();
        assert_eq!(response.headers()["content-type"], "application/pkcs7-mime");
        let found = certificates(response).await;
        assert_eq!(found.len(), 2, "{path}");
        for of in [&enrolling.ca.root, &enrolling.ca.issuing] {
            assert!(found.contains(of.authority().certificate()), "{path}");
        }
    }
    let nowhere = enrolling.client(None).get(enrolling.est_url("x/cacerts"));
    plainly_refused(nowhere.send().await.unwrap(), 404).await;
}

#[tokio::test]
async fn a_certificate_enrols_for_what_its_profile_allows_with_its_own_names() {
    let enrolling = Enrolling::new().await;
    let factory = enrolling.enrolled_as(1, "factory", "pump-3", &[]).await;
    let ordinary = enrolling.enrolled(2, "pump-4").await;
    let enroll = async |presented, path: &str, name: &str| {
        let body = est_csr(&key(), name, &[]);
        let request = enrolling.est(Some(presented), path, body);
        request.send().await.unwrap()
    };
    plainly_refused(enroll(&factory, "simpleenroll", "pump-4").await, 403).await;
    for path in ["simpleenroll", "client/simpleenroll"] {
        let issued = certificates(enroll(&factory, path, "pump-3").await).await;
        assert_eq!(issued[0].subject().to_string(), "CN=pump-3");
    }
    // Whoever has no such certificate may still have a password.
    for path in ["factory/simpleenroll", "server/simpleenroll"] {
        password_wanted(enroll(&factory, path, "pump-3").await).await;
    }
    password_wanted(enroll(&ordinary, "simpleenroll", "pump-4").await).await;
    let certificate = pki_core::pem::read(factory.chain.as_bytes()).unwrap();
    let der = certificate.sections().next().unwrap().der().unwrap();
    let certificate = Certificate::from_der(&der).unwrap();
    enrolling.ca.revoke(&certificate).await;
    plainly_refused(enroll(&factory, "simpleenroll", "pump-3").await, 403).await;
    assert_eq!(enrolling.refusals().await.len(), 5);
}

#[tokio::test]
async fn a_key_of_somebody_else_is_refused() {
    let enrolling = Enrolling::new().await;
    let first = enrolling.enrolled(1, "router-1").await;
    let token = enrolling
        .token(2, "client", &["router-2"], Duration::HOUR)
        .await;
    let stolen = est_csr(&first.key, "router-2", &[]);
    plainly_refused(enrolling.est_enroll(&token, &stolen).await, 403).await;
    // What one has sent is of no use to another.
    let own = est_csr(&key(), "router-2", &[]);
    certificates(enrolling.est_enroll(&token, &own).await).await;
    let other = enrolling
        .token(3, "client", &["router-3"], Duration::HOUR)
        .await;
    plainly_refused(enrolling.est_enroll(&other, &own).await, 403).await;
    let refusals = enrolling.refusals().await;
    assert_eq!(refusals.len(), 2, "{refusals:#?}");
    assert!(refusals[0].contains("key"), "{refusals:#?}");
}

#[tokio::test]
async fn while_a_root_is_replaced_each_vouches_for_the_other() {
    let enrolling = Enrolling::new().await;
    let (ca, urls) = (&enrolling.ca, PublicUrls::new(crate::support::ca::BASE));
    let (now, actor) = (ca.since, crate::support::ca::actor());
    let name = "CN=root 2".parse().unwrap();
    let new = Authority::root(name, key(), &Profile::root(), now).unwrap();
    let chain = vec![new.certificate().clone()];
    let mut issuer = NewIssuer::new("default", IssuerRole::Root, chain);
    issuer.crl_url = Some(urls.crl("default-root-2"));
    ca.store.add_issuer(issuer, &actor, now).await.unwrap();
    let new = CertificateAuthority::new(new, ca.store.clone());
    let new = new.await.unwrap();
    let mut expected = vec![
        new.authority().certificate().clone(),
        ca.root.authority().certificate().clone(),
        ca.issuing.authority().certificate().clone(),
    ];
    for (by, of, crl) in [
        (&ca.root, &new, "default-root"),
        (&new, &ca.root, "default-root-2"),
    ] {
        let mut profile = Profile::cross_certificate();
        profile.crl_distribution_points = vec![urls.crl(crl)];
        let parameters = CertificateParameters::for_ca(of.authority().certificate());
        let parameters = parameters.end_with_issuer();
        let order = Order::new(parameters, &profile, "cross-certificate", actor.clone());
        expected.push(by.issue(order, now).await.unwrap().certificate);
    }
    let with_roots = |roots: &[Certificate]| {
        enrolling.replace.send_modify(|present| {
            let mut next = EnrollmentCa::clone(present);
            next.roots = roots.to_vec();
            *present = std::sync::Arc::new(next);
        });
    };
    let fetched = async || {
        let url = enrolling.est_url("cacerts");
        certificates(enrolling.client(None).get(url).send().await.unwrap()).await
    };
    assert_eq!(fetched().await.len(), 2);
    with_roots(&expected[..2]);
    let found = fetched().await;
    assert_eq!(found.len(), 5);
    assert!(expected.iter().all(|it| found.contains(it)));
    with_roots(&expected[..1]);
    assert!(!fetched().await.contains(&expected[4]));
}

#[tokio::test(flavor = "multi_thread")]
async fn clients_of_http_1_0_are_served_and_those_of_http_2_alone_are_not() {
    use std::io::{Read as _, Write as _};

    let enrolling = Enrolling::new().await;
    for (protocol, served) in [("http/1.0", true), ("http/1.1", true), ("h2", false)] {
        let mut config = tls(&enrolling.ca, None);
        config.alpn_protocols = vec![protocol.into()];
        let address = enrolling.address();
        let asked = tokio::task::spawn_blocking(move || -> std::io::Result<String> {
            let name = "localhost".try_into().unwrap();
            let mut tls = rustls::ClientConnection::new(config.into(), name).unwrap();
            let mut socket = std::net::TcpStream::connect(address)?;
            let mut stream = rustls::Stream::new(&mut tls, &mut socket);
            stream.write_all(b"GET /.well-known/est/cacerts HTTP/1.0\r\n\r\n")?;
            let mut answer = String::new();
            stream.read_to_string(&mut answer)?;
            Ok(answer)
        });
        let answer = asked.await.unwrap();
        assert_eq!(answer.is_ok(), served, "{protocol}: {answer:?}");
        if let Ok(answer) = answer {
            assert!(answer.starts_with("HTTP/1.0 200 OK\r\n"), "{answer}");
        }
    }
}
