//! The chains that a certificate can be fetched with, while a root is being replaced.

use crate::support::acme::{AcmeClient, WithAcme, problem};
use crate::support::ca::{BASE, actor, key, name};
use crate::support::enrollment::expect;
use pki_core::verify::is_signed_by;
use pki_core::{Authority, CertificateParameters, Profile};
use pki_enroll::{EnrollProfile, EnrollmentCa, PublicUrls};
use pki_store::{CertificateAuthority, IssuerRole, NewIssuer, Order};
use reqwest::Response;
use time::OffsetDateTime;
use x509_identity::{Certificate, DistinguishedName};

/// A root that the old one has certified, and an issuing CA below it, in place of the one that was there.
async fn replace_root(with: &WithAcme) -> Certificate {
    let (ca, now, urls) = (&with.ca, OffsetDateTime::now_utc(), PublicUrls::new(BASE));
    let add = async |crl: &str, authority: Authority, role| {
        let mut issuer = NewIssuer::new("default", role, authority.chain().to_vec());
        issuer.crl_url = Some(urls.crl(crl));
        ca.store.add_issuer(issuer, &actor(), now).await.unwrap();
        let made = CertificateAuthority::new(authority, ca.store.clone());
        made.await.unwrap()
    };
    let subject = DistinguishedName::builder()
        .organization("Example")
        .common_name("root 2")
        .build();
    let root = Authority::root(subject.unwrap(), key(), &Profile::root(), now).unwrap();
    let root = add("default-root-2", root, IssuerRole::Root).await;
    let new_root = root.authority().certificate().clone();

    let mut profile = Profile::cross_certificate();
    profile.crl_distribution_points = vec![urls.crl("default-root")];
    let parameters = CertificateParameters::for_ca(&new_root).end_with_issuer();
    let order = Order::new(parameters, &profile, "cross-certificate", actor());
    let crossed = ca.root.issue(order, now).await.unwrap().certificate;

    let issuing_key = key();
    let parameters = CertificateParameters::for_key(issuing_key.public_key_der(), name("issuing"));
    let mut profile = Profile::issuing_ca();
    profile.crl_distribution_points = vec![urls.crl("default-root-2")];
    let order = Order::new(parameters, &profile, "issuing-ca", actor());
    let issued = root.issue(order, now).await.unwrap().certificate;
    let old_root = ca.root.authority().certificate().clone();
    let chain = vec![issued, crossed, old_root.clone()];
    let issuing = Authority::new(chain, issuing_key).unwrap();
    let issuing = add("default-issuing-2", issuing, IssuerRole::Issuing).await;

    with.replace.send_modify(|present| {
        let mut next = EnrollmentCa::clone(present);
        next.authority = issuing;
        next.roots = vec![old_root, new_root.clone()];
        let mut server = Profile::server();
        server.crl_distribution_points = vec![urls.crl("default-issuing-2")];
        let server = EnrollProfile::new(server);
        next.profiles.insert("server".into(), server);
        *present = std::sync::Arc::new(next);
    });
    new_root
}

/// Where the certificate of an order is that is done.
async fn ordered(client: &AcmeClient<'_>) -> String {
    let (_, order) = client.ready(&["a.example.org"]).await;
    let response = client.finalize(&order, &key(), &["a.example.org"]).await;
    let order = expect(response, 200).await;
    order["certificate"].as_str().unwrap().to_owned()
}

/// The URLs of the other chains.
fn alternates(response: &Response) -> Vec<String> {
    let links = response.headers().get_all("link").iter();
    let links = links.map(|link| link.to_str().unwrap());
    let links = links.filter_map(|link| link.strip_suffix(">;rel=\"alternate\""));
    links.map(|link| link[1..].to_owned()).collect()
}

async fn chain(response: Response) -> Vec<Certificate> {
    assert_eq!(response.status(), 200);
    let pem = response.text().await.unwrap();
    let end = "-----END CERTIFICATE-----\n";
    let certificates = pem.split_inclusive(end);
    certificates
        .map(|it| Certificate::from_pem(it.as_bytes()).unwrap())
        .collect()
}

#[tokio::test]
async fn while_a_root_is_replaced_there_is_a_chain_to_either() {
    let with = WithAcme::new().await;
    let client = with.account("k", &[]).await;
    // As long as there is one root, there is one chain.
    let url = ordered(&client).await;
    let response = client.read(&url).await;
    assert_eq!(alternates(&response), [""; 0]);
    assert_eq!(chain(response).await.len(), 2);
    problem(client.read(&format!("{url}/1")).await, 404, "malformed").await;

    let old_root = with.ca.root.authority().certificate().clone();
    let new_root = replace_root(&with).await;
    let url = ordered(&client).await;
    let response = client.read(&url).await;
    let other = alternates(&response);
    assert_eq!(other, [format!("{url}/1")]);
    let to_old = chain(response).await;
    assert_eq!(to_old.len(), 3);
    assert!(is_signed_by(&to_old[2], &old_root));
    assert!(!is_signed_by(&to_old[2], &new_root));

    let response = client.read(&other[0]).await;
    assert_eq!(alternates(&response), [format!("{url}/0")]);
    let to_new = chain(response).await;
    assert_eq!(to_new, to_old[..2]);
    assert!(is_signed_by(&to_new[1], &new_root));
    let first = chain(client.read(&format!("{url}/0")).await).await;
    assert_eq!(first, to_old);

    for wrong in ["2", "-1", "x"] {
        let response = client.read(&format!("{url}/{wrong}")).await;
        problem(response, 404, "malformed").await;
    }
    let stranger = with.account("other", &[]).await;
    problem(stranger.read(&other[0]).await, 404, "malformed").await;
}
